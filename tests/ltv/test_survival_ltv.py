"""Curves, log-rank, mean lifetimes and forecasts against published figures, statsmodels, brute force and simulation."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from statsmodels.duration.survfunc import survdiff

from engagelab import words
from engagelab.errors import DataError, EngagelabError, UsageError
from engagelab.ltv.lifetimes import lifetimes
from engagelab.ltv.survival import survival

REFERENCE = {case["name"]: case for case in json.loads(
    Path(__file__).parents[1].joinpath("reference", "value_survival.json").read_text("utf-8"))}
ANSWER = ["estimate", "low", "high", "se", "count", "n", "n_eff", "n_missing", "method", "flag"]


def freireich():
    data = REFERENCE["km_freireich"]["inputs"]
    return pd.DataFrame({"weeks": data["durations"] + data["placebo_durations"], "relapse": data["observed"] + data[
        "placebo_observed"], "arm": ["6-MP"] * 21 + ["placebo"] * 21})


def found(**how):
    return survival(freireich(), duration="weeks", ended="relapse", by="arm", every="week", **how)


def test_the_textbook_trial_has_its_curve_median_test_and_mean():
    made, expected = found(), REFERENCE["km_freireich"]["expected"]
    curve = made.frame[made.frame["arm"] == "6-MP"].set_index("time")
    for time, share in expected["S"].items():
        assert curve.loc[float(time), "survival"] == pytest.approx(share, abs=5e-5)
    assert curve.loc[6, ["low", "high"]].tolist() == pytest.approx(expected["ci95_loglog_at_6"], abs=5e-5)
    assert made.median["estimate"].tolist() == [expected["median"], expected["placebo_median"]]
    test = made.test.iloc[0]
    assert test["estimate"] == pytest.approx(REFERENCE["log_rank_freireich"]["expected"]["chi2"], abs=.005)
    assert (test["df"], test["n"], test["count"]) == (1, 42, 30) and test["p"] == pytest.approx(4.17e-5, rel=.01)
    mean, expected = made.lifetime("35 weeks"), REFERENCE["mean_freireich"]["expected"]
    assert mean["estimate"].tolist() == pytest.approx([expected["mean"], expected["placebo_mean"]], abs=.005)
    assert mean["se"].iloc[0] == pytest.approx(expected["se"], abs=.005)
    placebo = freireich().query("arm == 'placebo'")["weeks"]
    assert mean["se"].iloc[1] == pytest.approx(placebo.std(ddof=0) / 21**.5)   # complete: the error of a plain mean


def test_the_answers_have_the_shape_of_an_answer():
    made = found()
    for table, own in ((made.median, ["arm"]), (made.lifetime(), ["within", "arm"]), (
            made.churn_forecast(["5 weeks"]), ["within", "arm"])):
        assert list(table.columns) == ["metric", *own, *ANSWER]
    for table, own, more in ((made.test, ["group", "against"], ["df", "p", "p_adjusted"]), (
            made.differences(), ["within", "group", "against"], ["p_adjusted"])):
        assert list(table.columns) == ["metric", *own, *ANSWER, *more]
    assert made.lifetime()["within"].unique().tolist() == ["35 weeks"]


def random_table(seed, n=60, groups=3):
    random = np.random.RandomState(seed)
    plan = random.randint(0, groups, n)
    life, seen = random.geometric(.1 + .05 * plan), random.randint(1, 20, n)
    entry = np.where(random.rand(n) < .4, random.randint(0, 6, n), 0)
    table = pd.DataFrame({"months": np.minimum(life, seen), "left": life <= seen, "plan": plan.astype(str),
                          "entry": entry})
    return table[table["entry"] < table["months"]].reset_index(drop=True)


@pytest.mark.parametrize("seed", range(5))
def test_log_rank_is_that_of_statsmodels_with_and_without_late_entry_and_pairs_are_corrected(seed):
    table = random_table(seed)
    for entry in (None, "entry"):
        made = survival(table, duration="months", ended="left", by="plan", entry=entry).test
        late = None if entry is None else np.where(table["entry"] > 0, table["entry"], -1)
        expected = survdiff(table["months"], table["left"], table["plan"], entry=late)
        assert made["estimate"].iloc[0] == pytest.approx(expected[0])
        assert made["p"].iloc[0] == pytest.approx(expected[1]) == pytest.approx(chi2.sf(expected[0], 2))
        assert made[["group", "against"]].iloc[1:].to_numpy().tolist() == list(map(list, combinations("012", 2)))
        ordered = made.iloc[1:].sort_values("p")
        assert ordered["p_adjusted"].tolist() == pytest.approx(
            np.minimum(np.maximum.accumulate(ordered["p"] * [3, 2, 1]), 1).tolist())


def brute_mean(time, ended, end):
    """The area by summing thin slices of the curve that is computed anew at each of them."""
    total = 0.0
    for month in np.arange(0, end, .5):
        share = 1.0
        for at in sorted(set(time[ended & (time <= month)])):
            share *= 1 - (ended & (time == at)).sum() / (time >= at).sum()
        total += .5 * share
    return total


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=2, max_size=25), st.integers(1, 12))
def test_the_mean_lifetime_is_the_area_under_the_curve(rows, end):
    table = pd.DataFrame(rows, columns=["months", "left"])
    row = survival(table, duration="months", ended="left").lifetime(f"{end} months").iloc[0]
    time, ended = table["months"].to_numpy(), table["left"].to_numpy()
    if time.max() < end and not ended[time == time.max()].all():
        assert np.isnan(row["estimate"]) and "not observed" in row["flag"]
    else:
        assert row["estimate"] == pytest.approx(brute_mean(time, ended, end))
        assert row["count"] == (ended & (time <= end)).sum()
        assert np.isnan(row["low"]) or 0 <= row["low"] <= row["estimate"] <= row["high"] <= end


def brute_forecast(table, step):
    """Of each who is still here and of whom it can be said, with the curve computed anew."""
    total, said = 0.0, 0
    at_risk = {t: ((table["months"] >= t) & (table["entry"] < t)).sum() for t in sorted(set(table["months"]))}
    reach = max((t for t, n in at_risk.items() if n >= 5), default=-1)
    for age in table.loc[~table["left"], "months"]:
        share, known = 1.0, age + step <= reach
        for t, n in at_risk.items():
            if age < t <= age + step:
                ends = (table["left"] & (table["months"] == t)).sum()
                known &= n >= 5 or ends == 0
                share *= 1 - ends / n
        total += (1 - share) * known
        said += known
    return total, said


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("step", [1, 4])
def test_a_forecast_sums_what_the_curve_says_of_each_age(seed, step):
    table = random_table(seed, n=120, groups=2)
    made = survival(table, duration="months", ended="left", entry="entry", by="plan").churn_forecast([f"{step} months"])
    expected = [brute_forecast(part, step) for _, part in table.groupby("plan")]
    assert made["estimate"].tolist() == pytest.approx([*(total for total, _ in expected), sum(t for t, _ in expected)])
    assert made["n"].tolist() == [*(said for _, said in expected), sum(said for _, said in expected)]
    here = [(~part["left"]).sum() for _, part in table.groupby("plan")]
    assert (made["n"] + made["n_missing"]).tolist() == [*here, sum(here)]
    assert ((made["flag"] != "") == (made["n_missing"] > 0)).all()
    assert made["se"].iloc[2] == pytest.approx(np.hypot(*made["se"].iloc[:2]))


def test_the_error_of_a_forecast_is_that_of_bootstrap_draws_and_chance():
    table = random_table(3, n=800, groups=1).assign(entry=0)
    made = survival(table, duration="months", ended="left")
    row = made.churn_forecast(["3 months"]).iloc[0]
    open_ages = table.loc[~table["left"], "months"].to_numpy()
    open_ages = open_ages[open_ages + 3 <= made.frame.loc[made.frame["at_risk"] >= 5, "time"].max()]
    random, totals = np.random.RandomState(5), []
    time, left = table["months"].to_numpy(), table["left"].to_numpy()
    for _ in range(400):
        rows = random.randint(0, len(table), len(table))
        months = np.arange(0, 26)
        hazard = [(left[rows] & (time[rows] == m)).sum() / max((time[rows] >= m).sum(), 1) for m in months]
        log = np.append(0, np.cumsum(np.log1p(-np.minimum(hazard, .999))))
        totals.append((1 - np.exp(log[open_ages + 4] - log[open_ages + 1])).sum())
    log = np.log(made.frame.set_index("time")["survival"].reindex(range(30)).ffill().fillna(1.0).to_numpy())
    stay = np.exp(log[open_ages + 3] - log[open_ages])
    assert row["estimate"] == pytest.approx((1 - stay).sum())
    assert row["se"] == pytest.approx(np.sqrt(np.var(totals) + (stay * (1 - stay)).sum()), rel=.06)


@pytest.mark.slow
def test_intervals_of_means_and_forecasts_hold_the_truth():
    random, mean, forecast = np.random.RandomState(11), 0, 0
    truth = sum(.4 * .8**k + .6 * .96**k for k in range(12))
    for _ in range(200):
        quick = random.rand(200) < .4
        life, seen = random.geometric(np.where(quick, .2, .04)), random.randint(1, 25, 200)
        made = survival(pd.DataFrame({"m": np.minimum(life, seen), "e": life <= seen}), duration="m", ended="e")
        row = made.lifetime("12 months").iloc[0]
        mean += row["low"] <= truth <= row["high"]
        row = made.churn_forecast(["3 months"]).iloc[0]
        reach = made.frame.loc[made.frame["at_risk"] >= 5, "time"].max()
        asked = (life > seen) & (seen + 3 <= reach)
        forecast += row["low"] <= (life[asked] <= seen[asked] + 3).sum() <= row["high"]
    assert 181 <= mean <= 198 and 181 <= forecast <= 198   # 90.5 to 99 %


def test_differences_of_means_are_those_of_the_two_rows():
    made = found()
    row, each = made.differences("20 weeks").iloc[0], made.lifetime("20 weeks")
    assert (row["group"], row["against"]) == ("6-MP", "placebo")
    assert row["estimate"] == pytest.approx(each["estimate"].iloc[0] - each["estimate"].iloc[1])
    assert row["low"] < row["estimate"] < row["high"] and row["low"] > 0
    assert row["se"] == pytest.approx(np.hypot(*each["se"]))


def test_nothing_is_said_beyond_what_was_observed():
    made = found()
    row = made.lifetime("40 weeks")
    assert np.isnan(row["estimate"].iloc[0])
    assert row["flag"].iloc[0] == "not observed up to 40 weeks: the curve ends at 35.00"
    assert row["estimate"].iloc[1] == pytest.approx(182 / 21)          # all had relapsed: the curve is known for ever
    ahead = made.churn_forecast(["52 weeks"])
    assert ahead["flag"].tolist() == ["12 too old to tell", "", "12 too old to tell"]
    assert ahead.attrs["notes"] == [words.text("survival.why_too_old")]
    assert ahead["n"].tolist() == [0, 0, 0] and ahead["n_missing"].tolist() == [12, 0, 12]
    assert np.isnan(ahead["estimate"].iloc[0]) and ahead["estimate"].iloc[1] == 0   # nobody of the placebo arm is left


def test_a_group_in_which_nobody_left_has_a_mean_without_interval_and_says_why():
    table = pd.DataFrame({"m": [5, 6, 7, 5, 6, 7], "left": [0, 0, 0, 1, 1, 0], "plan": list("aaabbb")})
    row = survival(table, duration="m", ended="left", by="plan").lifetime("5 months").iloc[0]
    assert row["estimate"] == 5 and np.isnan(row["low"]) and row["flag"]


def test_one_group_has_no_test_and_groups_that_cannot_be_told_apart_say_so():
    assert survival(freireich(), duration="weeks", ended="relapse").test.empty
    table = random_table(1, n=100, groups=1)
    table["half"] = np.arange(len(table)) % 2
    made = survival(table, duration="months", ended="left", by="half")
    assert made.notes[-1].startswith("That the groups of half stay equally long cannot be ruled out")


def test_missing_rows_are_counted_and_a_missing_group_is_shown():
    table = freireich()
    table.loc[0, "weeks"], table.loc[1, "arm"] = np.nan, None
    made = survival(table, duration="weeks", ended="relapse", by="arm")
    assert set(made.median["arm"]) == {"6-MP", "placebo", words.text("metrics.missing")}
    assert made.notes[0].startswith("left out: 1 of 42 rows")
    assert made.lifetime("1 month")["n_missing"].sum() == 1


def test_late_entry_from_subscriptions_gives_the_curve_that_complete_data_give():
    random = np.random.RandomState(2)
    day = pd.Timestamp("2020-01-01", tz="UTC")
    begin, life = random.randint(0, 1500, 6000), np.ceil(random.exponential(300, 6000)).astype(int)
    whole = pd.DataFrame({"who": range(6000), "opened": day + pd.to_timedelta(begin, unit="D"),
                          "closed": day + pd.to_timedelta(begin + life, unit="D")})
    since = day + pd.Timedelta(days=900)
    kept = whole[whole["closed"] >= since]                     # who had left before is not in the table
    made = survival(lifetimes(kept, user="who", opened="opened", closed="closed", since=since, until=day + pd.Timedelta(
        days=1500), every="day"), duration="duration", ended="ended", entry="entry", every="day")
    row = made.lifetime("300 days").iloc[0]
    assert row["low"] < 300 * (1 - np.exp(-1)) + .5 < row["high"]
    naive = survival(lifetimes(kept, user="who", opened="opened", closed="closed", since=day, until=day + pd.Timedelta(
        days=1500), every="day"), duration="duration", ended="ended", every="day").lifetime("300 days").iloc[0]
    assert naive["low"] > 300 * (1 - np.exp(-1)) + .5          # as if all had been followed: too long


@pytest.mark.parametrize(("change", "match"), [
    ({"weeks": -1.0}, "column 'weeks', row 1: -1 is no duration"),
    ({"weeks": "six"}, "column 'weeks', row 1: 'six' is no number"),
    ({"relapse": 2}, "column 'relapse', row 1: 2 is neither"),
    ({"relapse": "yes"}, "column 'relapse', row 1"), ({"weeks": np.inf}, "weeks")])
def test_what_is_no_duration_or_flag_is_refused_by_its_own_name(change, match):
    table = freireich().astype(object)
    for name, value in change.items():
        table.loc[0, name] = value
    with pytest.raises(EngagelabError, match=match):
        survival(table, duration="weeks", ended="relapse")


def test_arguments_that_cannot_be_right_are_refused():
    with pytest.raises(UsageError, match="every must be"):
        survival(freireich(), duration="weeks", ended="relapse", every="hour")
    with pytest.raises(UsageError, match="no column 'week'"):
        survival(freireich(), duration="week", ended="relapse")
    with pytest.raises(UsageError, match="confidence"):
        found(confidence=2)
    with pytest.raises(UsageError, match="must be a duration"):
        found().lifetime("soon")
    with pytest.raises(UsageError, match="within has to be a list"):
        found().churn_forecast("3 weeks")
    with pytest.raises(DataError, match="no row"):
        survival(freireich().assign(weeks=np.nan), duration="weeks", ended="relapse")
    for empty in ({"weeks": np.nan}, {"weeks": None}, {"relapse": None}, None):
        table = freireich()[:0] if empty is None else freireich().assign(**empty)
        with pytest.raises(DataError, match="no row"):
            survival(table, duration="weeks", ended="relapse", by="arm")
    with pytest.raises(DataError, match="51 levels; 50 are the most"):
        survival(pd.DataFrame({"m": 3.0, "e": 1, "who": range(51)}), duration="m", ended="e", by="who")
    with pytest.raises(DataError, match="before 1 month"):
        survival(freireich().assign(weeks=.5), duration="weeks", ended="relapse").lifetime()


def test_it_is_looked_at_in_both_languages_and_the_picture_begins_at_all():
    made = found()
    assert "6-MP" in repr(made) and "Median lifetime (" in repr(made) and "log-rank" in made._repr_html_()
    with words.speaking("ja"):
        assert "ログランク検定" in repr(found())
        named = survival(freireich().rename(columns={"arm": "channel"}), duration="weeks", ended="relapse",
                         by="channel")
        assert named.notes[-1].startswith("チャネルの群によって")
    ax = made.plot()
    assert [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) > 1] == [0, 0]
    assert sorted(line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 1) == [8, 23]   # the medians
