"""What an action changed without a lot: against published figures, notebook measures, and whoever sends bad tables."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.roi import before_after

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "kpi_before_after.json").read_text("utf-8"))}
NOISE = np.random.RandomState(0).normal(size=(2, 60))
DAYS = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=60), "sales": 100 + NOISE[0], "other": 50 + NOISE[1]})
AT = "2026-02-15"
WAVES = ("2026-02", "2026-05", "2026-08")
SHOPS = pd.DataFrame([(f"s{i}", wave, 10 + i + .3 * NOISE[0, 3 * i + at] + 2 * (i < 4 and at == 2), "ko"[i > 3])
                      for i in range(10) for at, wave in enumerate(WAVES)], columns=["shop", "wave", "score", "region"])


def days(**told):
    return before_after(told.pop("data", DAYS), told.pop("value", "sales"), **{"time": "day", "at": AT, **told})


def shops(**told):
    return before_after(told.pop("data", SHOPS), "score", **{
        "time": "wave", "at": "2026-08", "unit": "shop", "treated": ["s0", "s1", "s2", "s3"], **told})


def test_card_and_krueger_from_four_cells_has_no_interval_and_says_why():
    case = CASES["did_card_krueger"]
    cells = pd.DataFrame({"state": ["NJ", "NJ", "PA", "PA"], "wave": [1, 2, 1, 2],
                          "jobs": case["inputs"]["treated"] + case["inputs"]["control"]})
    found = before_after(cells, "jobs", time="wave", at=2, unit="state", treated="NJ", method="did")
    row = found.frame.iloc[0]
    assert row["estimate"] == pytest.approx(case["expected"]["did"], abs=case["tolerance"]) and np.isnan(row["low"])
    assert "one unit" in row["flag"] and "no interval" in found.say()[0]


def test_talks_are_worth_a_tenth_and_not_nine_as_in_the_lesson(workplace):
    people, staff, places = (workplace()[name] for name in ("pulses", "employees", "shops"))
    asked = people[(people["question_id"] == "manager") & people["shop_id"].notna()
                   & people["wave"].isin(["2026-05", "2026-08"])]
    talked = set(staff.loc[staff["one_on_one_at"].notna(), "shop_id"].dropna())
    region = places.drop_duplicates("shop_id").set_index("shop_id")["region"]
    means = el.measure(asked, {"score": el.mean("score", min_n=5)}, by=["shop_id", "wave"]).pivot(
        index="shop_id", columns="wave", values="estimate")
    alike = means[(means["2026-05"] <= means.loc[list(talked), "2026-05"].max())
                  & ~means.index.map(region).isin(region[list(talked)])].index
    asked = asked[asked["shop_id"].isin([*talked, *alike])]
    found = before_after(asked, {"manager": el.mean("score", min_n=5)}, time="wave", at="2026-08", unit="shop_id",
                         treated=talked)
    effect, seen = found.frame.iloc[0], found.frame.iloc[1]
    change = means["2026-08"] - means["2026-05"]
    test = stats.ttest_ind(change[list(talked)], change[alike], equal_var=False)
    assert effect["estimate"] == pytest.approx(change[list(talked)].mean() - change[alike].mean())
    assert effect["p"] == pytest.approx(test.pvalue)
    assert [effect["low"], effect["high"]] == pytest.approx(list(test.confidence_interval()))
    assert effect["low"] < .1 < effect["high"] < .3 and seen["estimate"] > .85
    assert effect["rung"] == "control_group" and seen["rung"] == "before_after"


@settings(max_examples=20)
@given(st.integers(-20, 20), st.integers(-20, 20))
def test_what_all_groups_share_is_no_effect_and_an_effect_is_added_to_it(common, own):
    table = SHOPS.assign(score=SHOPS["score"] + common * (SHOPS["wave"] == "2026-08")
                         + own * ((SHOPS["wave"] == "2026-08") & (SHOPS["region"] == "k")))
    apart = shops(data=table).frame["estimate"].iloc[0] - shops().frame["estimate"].iloc[0]
    assert apart == pytest.approx(own, abs=1e-9)


def test_rows_of_a_unit_are_no_units_and_a_group_is_read_by_its_units():
    found = shops(group="region", treated="k")
    assert found.frame.loc[0, ["estimate", "low", "high"]].equals(shops().frame.loc[0, ["estimate", "low", "high"]])
    assert found.frame.loc[0, ["n_treated", "n_control", "n_before", "n_after"]].tolist() == [4, 6, 2, 1]
    many = pd.concat([SHOPS] * 50, ignore_index=True)
    rows = before_after(many, el.mean("score"), time="wave", at="2026-08", unit="shop", group="region", treated="k")
    assert rows.frame.loc[0, "se"] == pytest.approx(found.frame.loc[0, "se"])


def test_what_is_expected_of_the_groups_is_where_they_were_and_how_the_others_moved():
    series, means = shops().series, SHOPS.groupby(["region", "wave"])["score"].mean().unstack("region")
    wanted = means["k"].iloc[:2].mean() + means["o"] - means["o"].iloc[:2].mean()
    assert series["actual"].tolist() == pytest.approx(means["k"].tolist())
    assert series["expected"].tolist() == pytest.approx(wanted.tolist())
    assert ((series["low"] + series["high"]) / 2).tolist() == pytest.approx(wanted.tolist())


def test_groups_that_parted_before_the_start_are_flagged():
    step = SHOPS["wave"].map({"2026-02": 0, "2026-05": 1, "2026-08": 2})
    found = shops(data=SHOPS.assign(score=SHOPS["score"] + 5 * step * (SHOPS["region"] == "k")))
    assert "already" in found.frame.loc[0, "flag"] and any("Doubtful" in one for one in found.say())
    assert "did not move apart" in " ".join(shops().notes)


def test_false_alarms_of_few_shops_with_errors_that_carry_over_are_as_many_as_said():
    random, alarms = np.random.RandomState(1), []
    for _ in range(60):
        walks = random.normal(size=(12, 10)).cumsum(axis=1)
        table = pd.DataFrame([(f"s{i:02d}", t, walks[i, t]) for i in range(12) for t in range(10)],
                             columns=["shop", "wave", "score"])
        alarms.append(before_after(table, "score", time="wave", at=6, unit="shop",
                                   treated=[f"s{i:02d}" for i in range(5)]).frame.loc[0, "p"] < .05)
    assert np.mean(alarms) < .12


def test_a_known_effect_is_found_with_its_rung_and_sums_to_the_last_period():
    found = days(data=DAYS.assign(sales=DAYS["sales"] + 3.0 * (DAYS["day"] >= AT)), control="other", placebo=True)
    row, last = found.frame.iloc[0], found.series.iloc[-1]
    assert row["low"] < 3 < row["high"] and row["rung"] == "control_series" and row["n_control"] == 1
    for whole, name in (("estimate", "cumulative"), ("low", "cumulative_low"), ("high", "cumulative_high")):
        assert row[whole] * row["n_after"] == pytest.approx(last[name], abs=1e-5)
    after = found.series[found.series["part"] == "after"]
    assert after["effect"].to_numpy() == pytest.approx(after["actual"] - after["expected"])
    assert after["effect"].mean() == pytest.approx(row["estimate"])
    assert list(found.frame.columns[:7]) == ["metric", "what", "estimate", "low", "high", "se", "p"]
    hits = (found.placebo["estimate"].abs() >= row["estimate"]).sum()
    assert len(found.placebo) == 45 - 15 - 12 and f"{hits} of {len(found.placebo)} show" in found.notes[-1]


def test_a_broken_line_gives_level_and_slope_and_sums_up():
    steps = np.arange(60) - 45
    found = days(data=DAYS.assign(sales=DAYS["sales"] + np.where(steps >= 0, 5 + .5 * steps, 0)), method="its")
    rows = found.frame.set_index("what")
    assert rows.loc["level", "low"] < 5 < rows.loc["level", "high"]
    assert rows.loc["slope", "low"] < .5 < rows.loc["slope", "high"]
    assert found.series["cumulative"].iloc[-1] == pytest.approx(15 * rows.loc["effect", "estimate"])
    after = found.series[found.series["part"] == "after"]
    assert ((after["low"] + after["high"]) / 2).to_numpy() == pytest.approx(after["expected"], abs=.01)
    assert (after["high"] - after["low"]).min() > 3.5   # of a single period, whose noise has a deviation of 1


def test_scale_and_origin_change_nothing_but_the_numbers():
    moved = DAYS.assign(sales=DAYS["sales"] * 1e9 + 1e12, other=DAYS["other"] / 1e9)
    plain, far = days(control="other"), days(data=moved, control="other")
    for name in ("estimate", "low", "high", "se"):
        assert far.frame.loc[0, name] == pytest.approx(1e9 * plain.frame.loc[0, name], rel=1e-4)


def test_one_unit_with_the_action_takes_the_others_as_control_series():
    own = .3 * np.random.RandomState(1).normal(size=(3, 60))
    table = pd.concat([DAYS.assign(shop=name, sales=100 + at + NOISE[1] + own[at]) for at, name in enumerate("abc")],
                      ignore_index=True)
    table.loc[(table["shop"] == "a") & (table["day"] >= AT), "sales"] += 2
    found = before_after(table, "sales", time="day", at=AT, unit="shop", treated="a")
    row = found.frame.iloc[0]
    assert row["rung"] == "control_series" and row["low"] < 2 < row["high"] and row["high"] - row["low"] < 1.5
    assert before_after(table, "sales", time="day", at=AT, unit="shop", treated="a", method="its").frame.loc[
        0, "estimate"] == pytest.approx(2, abs=.6)


def test_missing_periods_are_passed_over_and_said_and_a_trend_is_flagged():
    found = days(data=DAYS.drop(index=[3, 4, 50]))
    assert "3 periods" in found.notes[0] and found.frame.loc[0, ["n_before", "n_after"]].tolist() == [43, 14]
    assert found.frame.loc[0, "estimate"] == days(data=DAYS.assign(sales=DAYS["sales"].drop([3, 4, 50]))).frame.loc[
        0, "estimate"]
    rising = days(data=DAYS.assign(sales=DAYS["sales"] + .3 * np.arange(60)))
    assert "its" in rising.frame.loc[0, "flag"] and not days().frame.loc[0, "flag"]


@pytest.mark.parametrize(("told", "error", "says"), [
    ({"method": "itss"}, UsageError, "did you mean 'its'"),
    ({"value": "sale"}, NoColumn, "did you mean 'sales'"),
    ({"at": "2027-01-01"}, DataError, "nothing before or nothing after"),
    ({"at": 3}, UsageError, "must be a date"),
    ({"at": "2026-01-05"}, DataError, "takes at least 12"),
    ({"at": "2026-02-25", "method": "its"}, DataError, "takes at least 8 and 8"),
    ({"data": DAYS.assign(sales=7)}, DataError, "never moves"),
    ({"data": DAYS.assign(other=7), "control": "other"}, DataError, "'other' never moves"),
    ({"data": DAYS.assign(more=2 * DAYS["other"] + 1), "control": ["other", "more"]}, DataError, "leave one out"),
    ({"data": DAYS.assign(other=2 * DAYS["sales"]), "control": "other"}, DataError, "without any error"),
    ({"data": DAYS.assign(other=DAYS["other"].where(DAYS["day"] < AT)), "control": "other"}, DataError, "ends early"),
    ({"data": pd.concat([DAYS, DAYS.tail(2)])}, DataError, "2026-02-28 stands more than once.*sum or average"),
    ({"data": DAYS.assign(sales=DAYS["sales"].astype("str").where(DAYS.index != 2, "n/a"))}, DataError, "row 3.*n/a"),
    ({"data": DAYS.assign(sales=DAYS["sales"].where(DAYS.index != 2, np.inf))}, DataError, "row 3"),
    ({"data": DAYS.head(0)}, DataError, "no row has a period"),
    ({"data": DAYS.assign(day=[f"d{i}" for i in range(60)])}, DataError, "neither a date nor a whole number"),
    ({"value": el.mean("sales"), "every": "day", "control": "other"}, UsageError, "make a table first"),
    ({"control": "sales"}, UsageError, "twice"),
    ({"control": "other", "method": "its"}, UsageError, "impact"),
    ({"method": "did"}, UsageError, "treated="),
    ({"treated": ["a"]}, UsageError, "unit="),
    ({"every": "fortnight"}, UsageError, "must be one of"),
    ({"tz": "Mars"}, UsageError, "no time zone"),
    ({"confidence": 95}, UsageError, "between 0 and 1")])
def test_what_cannot_be_told_is_refused_in_one_line(told, error, says):
    with pytest.raises(error, match=says) as caught:
        days(**told)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("told", "error", "says"), [
    ({"treated": "S1"}, UsageError, "^'S1' is none of the 10 values of 'shop'; treated= takes them as the table writes "
     "them$"),
    ({"treated": []}, UsageError, "neither none nor all"),
    ({"data": SHOPS[(SHOPS["wave"] != "2026-08") | (SHOPS["region"] == "k")]}, DataError, "without the action"),
    ({"data": pd.concat([SHOPS, SHOPS.head(1)])}, DataError, r"2026-02 \(s0\) stands more than once"),
    ({"data": SHOPS.assign(region=np.where(SHOPS["wave"] == "2026-08", "k", SHOPS["region"])), "group": "region",
      "treated": "k"}, DataError, "more than one 'region'"),
    ({"control": "region"}, UsageError, "give one of them")])
def test_groups_that_cannot_be_compared_are_refused(told, error, says):
    with pytest.raises(error, match=says):
        shops(**told)


def test_everything_is_said_in_both_languages_and_drawn():
    for language in words.LANGUAGES:
        with words.speaking(language):
            for found in (days(control="other", placebo=True), days(method="its"), shops(placebo=True)):
                text = repr(found)
                assert all(sentence in text for sentence in (*found.say(), *found.notes))
                assert "before_after." not in text and "<table" in found._repr_html_()
    assert "experiment" in shops().say()[-1] and "cannot know" in days().say()[-1]
    assert shops().plot().child_axes[0].lines and days(currency="JPY").say()[0].count("¥") == 3
