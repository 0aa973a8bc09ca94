"""Units with the action against units without, and a series against its past: published figures, known effects."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import AT, DAYS, NOISE, SHOPS, days, shops

from engagelab.roi import before_after

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "kpi_before_after.json").read_text("utf-8"))}


def test_card_and_krueger_from_four_cells_has_no_interval_and_says_why():
    case = CASES["did_card_krueger"]
    cells = pd.DataFrame({"state": ["NJ", "NJ", "PA", "PA"], "wave": [1, 2, 1, 2],
                          "jobs": case["inputs"]["treated"] + case["inputs"]["control"]})
    found = before_after(cells, "jobs", time="wave", at=2, unit="state", treated="NJ", method="did")
    row = found.frame.iloc[0]
    assert row["estimate"] == pytest.approx(case["expected"]["did"], abs=case["tolerance"]) and np.isnan(row["low"])
    assert "one unit" in row["flag"] and "no interval" in found.say()[0]


@settings(max_examples=20)
@given(st.integers(-20, 20), st.integers(-20, 20))
def test_what_all_groups_share_is_no_effect_and_an_effect_is_added_to_it(common, own):
    table = SHOPS.assign(score=SHOPS["score"] + common * (SHOPS["wave"] == "2026-08")
                         + own * ((SHOPS["wave"] == "2026-08") & (SHOPS["region"] == "k")))
    apart = shops(data=table).frame["estimate"].iloc[0] - shops().frame["estimate"].iloc[0]
    assert apart == pytest.approx(own, abs=1e-9)


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
    assert ((after["low"] + after["high"]) / 2).to_numpy() == pytest.approx(after["expected"], abs=.03)
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
