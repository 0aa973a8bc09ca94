"""A change by volume, mix and rate adds up, is the same in reverse, and gives the published figures."""

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.kpi import mix

mpl.use("Agg")
CASES = json.loads((Path(__file__).parents[1] / "reference" / "kpi_mix.json").read_text("utf-8"))


def table(before, after, names=None, **more):
    """A row a period and segment, from (volumes, values) of each period."""
    names = names or [f"s{i}" for i in range(len(before[0]))]
    return pd.DataFrame({"year": ["before"] * len(names) + ["after"] * len(names), "segment": names * 2,
                         "customers": [*before[0], *after[0]], "revenue": [*before[1], *after[1]], **more})


def mixed(data, **how):
    return mix(data, over="year", by="segment", volume="customers", value="revenue", **how)


def part(found, name):
    return found.frame.loc[found.frame["part"] == name].set_index("segment")["contribution"]


def test_rates_of_the_claims_are_the_mean_of_both_ways_to_explain_them():
    case = CASES["claims_by_type"]
    told = {name: np.array(values) for name, values in case["inputs"].items() if name != "claim_type"}
    found = mixed(table((told["count_2021"], told["count_2021"] * told["mean_2021"]),
                        (told["count_2022"], told["count_2022"] * told["mean_2022"]), case["inputs"]["claim_type"]))
    inner = np.array(case["expected"]["inner"])
    backward = inner * told["count_2022"] / told["count_2021"]
    assert part(found, "rate").to_numpy() == pytest.approx((inner + backward) / 2, abs=case["tolerance"] * 10)
    assert found.frame["contribution"].sum() == pytest.approx(case["expected"]["total"], abs=case["tolerance"] * 10)


def test_the_price_effect_of_the_bridge_is_the_rate_and_its_volume_effect_is_volume_and_mix():
    case = CASES["price_volume_bridge"]
    price, size = ([np.array(case["inputs"][f"{what}_{when}"]) for when in ("before", "after")]
                   for what in ("price", "volume"))
    sums = mixed(table((size[0], size[0] * price[0]), (size[1], size[1] * price[1]))).total.set_index("part")[
        "contribution"]
    assert sums["rate"] == pytest.approx(case["expected"]["price_fair"])
    assert sums["volume"] + sums["mix"] == pytest.approx(case["expected"]["volume_fair"])
    assert sums["total"] == pytest.approx(case["expected"]["total"])


def test_one_segment_gives_the_mean_of_both_ways():
    (n0, n1), (r0, r1) = CASES["reversal"]["inputs"].values()
    sums = mixed(table(([n0], [n0 * r0]), ([n1], [n1 * r1]))).total.set_index("part")["contribution"]
    assert sums["rate"] == pytest.approx(8000) and sums["volume"] == pytest.approx(44500) and sums["mix"] == 0


def test_a_new_segment_at_the_average_rate_is_volume_alone():
    found = mixed(table(([100, 300, 0], [1000.0, 9000, 0]), ([100, 300, 80], [1000.0, 9000, 2000])))
    assert part(found, "mix")["s2"] == pytest.approx(0) and part(found, "rate")["s2"] == 0
    assert found.total["contribution"].tolist() == pytest.approx([2000, 0, 0, 2000])


counts = st.lists(st.tuples(st.integers(0, 10**6), st.floats(-1e3, 1e3)), min_size=3, max_size=3)


@given(counts, counts)
def test_parts_add_up_and_change_their_sign_in_reverse(before, after):
    sides = [([n for n, _ in side], [n * rate for n, rate in side]) for side in (before, after)]
    if not (sum(sides[0][0]) and sum(sides[1][0])):
        return
    data = table(*sides)
    there, back = mixed(data), mixed(data, before="after", after="before")
    size = max(1.0, np.abs(data["revenue"]).sum())
    assert there.frame["contribution"].sum() == pytest.approx(sum(sides[1][1]) - sum(sides[0][1]), abs=1e-9 * size)
    assert back.frame["contribution"].to_numpy() == pytest.approx(-there.frame["contribution"].to_numpy(),
                                                                  abs=1e-9 * size)


def test_intervals_hold_what_drawing_the_values_again_gives():
    size = np.array([[100.0, 300], [150, 350]])
    rate, se = np.array([[10.0, 30], [12, 31]]), np.array([[60.0, 200], [90, 150]])
    data = table((size[0], size[0] * rate[0]), (size[1], size[1] * rate[1]))
    found = mixed(data.assign(revenue_se=se.ravel()))
    draws = np.random.RandomState(2)
    again = np.array([mixed(data.assign(revenue=data["revenue"] + se.ravel() * draws.standard_normal(4))
                            ).frame["contribution"] for _ in range(400)])
    assert found.frame["se"].to_numpy() == pytest.approx(again.std(0, ddof=1), rel=.12)
    apart = (found.frame["high"] - found.frame["low"]) / 2 / found.frame["se"]
    assert apart.to_numpy() == pytest.approx(1.959964)


def test_without_errors_there_is_no_interval_and_the_method_says_so():
    found = mixed(table(([1, 2], [10.0, 20]), ([1, 2], [10.0, 30])))
    assert found.frame[["low", "high"]].isna().all(axis=None)
    assert "no error is known" in found.frame["method"].iloc[0]
    assert not any("noise" in line for line in found.say())


def test_rows_of_a_segment_are_summed():
    data = table(([1, 2], [10.0, 20]), ([1, 3], [10.0, 30]))
    halves = pd.concat([data.assign(customers=data["customers"] / 2, revenue=data["revenue"] / 2)] * 2)
    assert mixed(halves).frame["contribution"].tolist() == pytest.approx(mixed(data).frame["contribution"].tolist())


def test_the_sentences_tell_the_change_its_parts_and_what_may_be_noise():
    data = table(([100, 100], [1000.0, 3000]), ([100, 200], [1000.0, 7000]), ["basic", "pro"])
    assert mixed(data.assign(revenue_se=400.0), unit="JPY").say() == [
        "Revenue rose by ¥4,000 from before to after, to ¥8,000.",
        "By volume +¥2,312, by the mix of segments +¥938, by the rates within them +¥750.",
        "Of the segments the largest part is the rate of pro: +¥750.", "May be noise: rate."]
    with words.speaking("ja"):
        assert mixed(data, unit="JPY").say()[0] == "売上はbeforeからafterにかけて4,000円増え、8,000円になりました。"


def test_a_fall_and_no_change_have_their_own_words():
    rise = table(([1, 2], [10.0, 20]), ([1, 2], [10.0, 30]))
    assert " fell by " in mixed(rise, before="after", after="before").title
    assert " as in " in mixed(table(([1, 2], [10.0, 20]), ([1, 2], [10.0, 20]))).title


@pytest.mark.parametrize(("change", "error", "says"), [
    ({"revenue": ["x", 1, 2, 3]}, DataError, "column 'revenue', segment 's0': x"),
    ({"revenue": [np.nan, 1, 2, 3]}, DataError, "'revenue'"),
    ({"revenue": [np.inf, 1, 2, 3]}, DataError, "'revenue'"),
    ({"customers": [-1, 1, 2, 3]}, DataError, "column 'customers', segment 's0': -1"),
    ({"customers": [0, 1, 2, 3]}, DataError, "'before' has no 'customers' for segment 's0'"),
    ({"customers": [0, 0, 2, 3], "revenue": [0, 0, 2, 3]}, DataError, "'before' has no 'customers'"),
    ({"year": "before"}, UsageError, "two values of 'year'")])
def test_bad_input_is_refused_in_one_line(change, error, says):
    data = table(([1, 2], [10.0, 20]), ([1, 3], [10.0, 30]))
    with pytest.raises(error, match=says) as raised:
        mixed(data.astype({name: object for name in change}).assign(**change))
    assert "\n" not in str(raised.value)


def test_columns_and_periods_that_are_not_there_are_refused():
    data = table(([1, 2], [10.0, 20]), ([1, 3], [10.0, 30]))
    with pytest.raises(NoColumn):
        mix(data, over="yeer", by="segment", volume="customers", value="revenue")
    with pytest.raises(UsageError, match="later"):
        mixed(data, before="before", after="later")
    with pytest.raises(UsageError, match="two values"):
        mixed(data, before="after", after="after")


FOUR = pd.concat([table(([1, 2], [10.0, 20]), ([1, 3], [10.0, 30])).assign(
    year=lambda rows, first=first: rows["year"].map({"before": first, "after": first + 1})) for first in (2023, 2025)])


@pytest.mark.parametrize(("told", "periods"), [
    ({}, "2025 to 2026"), ({"before": 2023}, "2023 to 2026"), ({"after": 2025}, "2024 to 2025"),
    ({"before": 2026, "after": 2023}, "2026 to 2023")])
def test_a_period_that_is_said_is_compared_with_the_last_or_the_one_before_it(told, periods):
    assert f" from {periods}, " in mixed(FOUR, **told).title


@pytest.mark.parametrize(("told", "says"), [
    ({"before": 2026}, "before is 2026, after is 2026"), ({"after": 2023}, "before is None"),
    ({"before": 2020}, r"values of 'year', which has 4 \(the last are 2023, 2024, 2025, 2026\); before is 2020"),
    ({"before": [2025]}, "before is"), ({"data": FOUR[:0]}, r"which has 0 \(the last are –\)"),
    ({"data": FOUR[:2]}, "which has 1 "), ({"data": None}, "data has to be a table .* not a NoneType"),
    ({"data": {}}, "not a dict"), ({"data": "sales.csv"}, "not a str"), ({"by": "year"}, "rename"),
    ({"by": "customers"}, "rename"), *(({"by": name, "data": FOUR.rename(columns={"segment": name})}, f"'{name}'")
                                       for name in ("part", "contribution", "low", "se", "n", "method"))])
def test_what_cannot_be_mixed_is_refused_in_one_line(told, says):
    with pytest.raises(UsageError, match=says) as raised:
        mix(**{"data": FOUR, "over": "year", "by": "segment", "volume": "customers", "value": "revenue", **told})
    assert "\n" not in str(raised.value) and "np." not in str(raised.value)


@pytest.mark.parametrize("wrong", [-5.0, "x", np.inf])
def test_an_error_that_none_can_be_is_refused(wrong):
    with pytest.raises(DataError, match="column 'revenue_se', segment 's0'"):
        mixed(FOUR.assign(revenue_se=wrong))
    assert mixed(FOUR.assign(revenue_se=np.nan)).frame["low"].isna().all()


def test_the_interval_says_how_sure_it_is():
    assert "90% interval" in repr(mixed(FOUR.assign(revenue_se=1.0), confidence=.9))


def test_the_table_and_the_picture_show_the_parts():
    found = mixed(table(([100, 100], [1000.0, 3000]), ([100, 200], [1000.0, 7000]), ["<b>", "pro"]), unit="JPY")
    assert "<b>" not in found._repr_html_().replace("&lt;b&gt;", "")
    assert "+¥" in repr(found)
    drawn = [text.get_text() for text in found.plot().texts]
    assert len(drawn) == 5 and "+¥2,312" in drawn
    mpl.pyplot.close("all")
