"""Growth accounting against sets, the case of Hsu's definitions, and a simulation of the quick ratio."""

import json
from pathlib import Path

import numpy as np
import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logs import COLUMNS, close, counts, frame, logs, observed

from engagelab.activity import calendar, growth
from engagelab.activity.growth import PARTS, VALUES, _quick

EVERY = ("day", "week", "month", "quarter", "year")


def table(answer, keys, part):
    return counts(answer[answer["metric"] == part], *keys, of=("estimate",))


def check(drawn, grouped):
    rows, how = drawn
    log = observed(rows, how, by=grouped)
    if log is None:
        return
    keys = [*["plan"] * grouped, how["every"]]
    settings = COLUMNS | {"by": keys[:-1]} | how
    answer = growth(frame(rows), **settings)
    expected = oracle.growth(log)
    for part in PARTS:
        assert table(answer, keys, part) == {key: parts[part] for key, parts in expected.items()}, part
    kept = counts(answer[answer["metric"] == "kept"], *keys, of=("count", "n"))
    before = dict(zip(expected, [{"active": None}, *expected.values()], strict=False))
    for key, parts in expected.items():
        assert kept[key] == (parts["retained"], None if parts["retained"] is None else before[key]["active"])
    made = calendar(frame(rows), event="event", **settings)
    pd.testing.assert_frame_equal(growth(made, every=how["every"]), answer)


def check_values(drawn, grouped):
    rows, how = drawn
    log = observed(rows, how, by=grouped)
    if log is None:
        return
    keys = [*["plan"] * grouped, how["every"]]
    settings = COLUMNS | {"by": keys[:-1]} | how
    answer = growth(frame(rows), value="value", **settings)
    expected = oracle.growth_values(log)
    for part in VALUES:
        close(table(answer, keys, part), {key: parts[part] for key, parts in expected.items()})
    days = calendar(frame(rows), event="event", value="value", **(settings | {"every": "day"}))
    pd.testing.assert_frame_equal(growth(days, every=how["every"]), answer)


@settings(deadline=None, max_examples=20)
@given(logs(everies=EVERY), st.booleans())
def test_growth_of_random_logs_is_that_counted_by_sets(drawn, grouped):
    check(drawn, grouped)


@settings(deadline=None, max_examples=20)
@given(logs(everies=EVERY), st.booleans())
def test_growth_of_value_of_random_logs_is_that_added_up_by_user(drawn, grouped):
    check_values(drawn, grouped)


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(logs(everies=EVERY, longest=300, most=60), st.booleans())
def test_growth_of_many_random_logs_is_that_counted_by_sets(drawn, grouped):
    check(drawn, grouped)
    check_values(drawn, grouped)


def test_growth_of_the_known_case():
    case = next(case for case in json.loads((Path(__file__).parents[1] / "reference/activity.json").read_text("utf-8"))
                if case["name"] == "growth_accounting_identity")
    log = pd.DataFrame([(user, f"2026-0{month}-15") for user, months in case["inputs"]["log"].items()
                        for month in months], columns=["user", "at"])
    log["at"] = pd.to_datetime(log["at"], utc=True)
    answer = growth(log, **COLUMNS, since="2026-01-01", until="2026-05-01")
    for part, expected in case["expected"].items():
        found = answer.loc[answer["metric"] == part, "estimate"].tolist()
        # of the first period nobody knows who was there before, where the case puts 0
        assert found[1:] == expected[1:] and (found[0] == expected[0] or np.isnan(found[0]))


@pytest.mark.parametrize("value", [None, "value"])
def test_what_came_less_what_went_is_the_rise(value, company):
    orders = company["orders"].rename(columns={"user_id": "user", "ordered_at": "at"})
    answer = growth(orders.assign(value=orders["total"]), **COLUMNS, value=value)
    parts = answer.pivot(index="month", columns="metric", values="estimate")
    rise = parts["value" if value else "active"].diff()
    came, went = parts["new"] + parts["resurrected"], parts["churned"]
    if value:
        came, went = came + parts["expansion"], went + parts["contraction"]
    assert len(parts) > 12
    assert np.allclose((came - went)[1:], rise[1:], rtol=1e-12, atol=1e-6)
    assert np.allclose((came / went)[1:], parts["quick_ratio"][1:])


@pytest.mark.parametrize("gains, losses", [(12, 20), (60, 30)])
def test_the_interval_of_the_quick_ratio_holds_the_true_one_as_often_as_it_says(gains, losses):
    rng = np.random.default_rng(5)
    drawn = pd.DataFrame({"came": rng.poisson(gains, 20_000), "went": rng.poisson(losses, 20_000)})
    answer = _quick(drawn[[]].assign(metric="quick_ratio"), drawn, False, .95)
    held = (answer["low"] <= gains / losses) & (answer["high"] >= gains / losses)
    assert abs(held[drawn["went"] > 0].mean() - .95) < .012


def test_a_part_is_counted_among_those_who_could_take_it_and_the_first_period_has_none_before():
    log = pd.DataFrame({"user": list("AAABBCDD"), "value": 1.0, "at": pd.to_datetime(
        [f"2026-0{month}-10" for month in (1, 2, 3, 1, 3, 2, 3, 4)])})
    for value, before, own in ((None, ["retained", "churned"], ["active", "new", "resurrected"]), (
            "value", ["retained", "churned", "expansion", "contraction"], ["value", "new", "resurrected"])):
        answer = growth(log, **COLUMNS, value=value, since="2026-01-01", until="2026-05-01")
        n = answer.pivot(index="month", columns="metric", values="n")
        assert all(n[part].tolist() == [pd.NA, 2, 2, 3] for part in before)
        assert all(n[part].tolist() == [2, 2, 3, 1] for part in own)
        first = answer[answer["month"] == "2026-01"].set_index("metric")
        assert ((first["flag"] == "no period before") == first["estimate"].isna()).all()
        assert (answer.loc[answer["month"] > "2026-01", "flag"] == "").all()


def test_refunds_leave_no_quick_ratio_and_say_so():
    log = pd.DataFrame({"user": list("aabbcc"), "at": pd.to_datetime(["2026-01-10", "2026-02-10"] * 3),
                        "value": [-50.0, 10.0, -200.0, 0.0, 1.0, 1.0]})
    window = {"since": "2026-01-01", "until": "2026-03-01"}
    gone = log.assign(user=list("abcdef"))  # who went had been paid back, so that less than nothing went
    for rows, flags in ((log, {"nobody went: no ratio"}), (gone, {"negative amounts: no ratio"})):
        quick = growth(rows, **COLUMNS, value="value", **window).query("metric == 'quick_ratio'")
        assert quick["estimate"].isna().all() and set(quick["flag"]) == {"no period before"} | flags
    came = pd.DataFrame({"user": list("ab"), "at": pd.to_datetime(["2026-01-10", "2026-02-10"]),
                         "value": [100.0, -12.7]})
    quick = growth(came, **COLUMNS, value="value", **window).query("metric == 'quick_ratio'")
    assert quick["estimate"].isna().all() and quick["flag"].iloc[1] == "negative amounts: no ratio"
