"""Kaplan-Meier against a published trial and statsmodels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.survival import kaplan_meier, median_duration

# Freireich et al. (1963), Blood 21, 699-716: weeks in remission, 6-MP against placebo; + is still in remission.
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


@pytest.fixture
def trial():
    rows = [(arm, int(time.rstrip("+")), not time.endswith("+"))
            for arm, times in (("6-MP", SIX_MP), ("placebo", PLACEBO)) for time in times.split()]
    return pd.DataFrame(rows, columns=["arm", "weeks", "relapsed"])


def test_the_published_curve(trial):
    curve = kaplan_meier(trial, duration="weeks", ended="relapsed", by="arm")
    found = curve[(curve["arm"] == "6-MP") & (curve["ended"] > 0)].set_index("time")
    # Kleinbaum and Klein, Survival Analysis, table 2.3
    assert found["survival"].round(4).to_dict() == {6: .8571, 7: .8067, 10: .7529, 13: .6902, 16: .6275, 22: .5378,
                                                    23: .4482}
    assert found["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]


def test_the_published_medians(trial):
    table = median_duration(trial, duration="weeks", ended="relapsed", by="arm").set_index("arm")
    assert table["estimate"].to_dict() == {"6-MP": 23, "placebo": 8}
    assert table["count"].to_dict() == {"6-MP": 9, "placebo": 21}
    assert np.isnan(table.loc["6-MP", "high"])
    # R: survfit(..., conf.type = "log-log")
    assert (table.loc["6-MP", "low"], table.loc["placebo", "low"], table.loc["placebo", "high"]) == (13, 4, 11)


@settings(deadline=None, max_examples=12)
@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=2, max_size=40))
def test_curve_error_and_median_are_those_of_statsmodels(rows):
    frame = pd.DataFrame(rows, columns=["t", "d"])
    curve = kaplan_meier(frame, duration="t", ended="d")
    if not frame["d"].any():
        assert (curve["survival"] == 1).all()
        return
    fit = SurvfuncRight(frame["t"], frame["d"].astype(int))
    events = curve[curve["ended"] > 0]
    np.testing.assert_allclose(events["survival"], fit.surv_prob, atol=1e-12)
    inside = events["survival"].to_numpy() > 1e-12
    np.testing.assert_allclose(events["se"][inside], fit.surv_prob_se[inside], rtol=1e-9)
    row = median_duration(frame, duration="t", ended="d").iloc[0]
    if not np.isclose(fit.surv_prob, .5).any():
        np.testing.assert_equal(row["estimate"], fit.quantile(.5))


def test_the_interval_of_the_median_is_that_of_statsmodels(trial):
    for arm, group in trial.groupby("arm"):
        row = median_duration(group, duration="weeks", ended="relapsed").iloc[0]
        with np.errstate(all="ignore"):
            low, high = SurvfuncRight(group["weeks"], group["relapsed"].astype(int)).quantile_ci(.5, method="cloglog")
        assert row["low"] == low, arm
        assert (np.isnan(row["high"]) and not np.isfinite(high)) or row["high"] == high


def test_open_ones_make_the_median_longer():
    frame = pd.DataFrame({"hours": [1, 2, 3, 40, 50], "solved": [True, True, True, False, False]})
    assert median_duration(frame, duration="hours", ended="solved")["estimate"].item() == 3
    assert median_duration(frame[frame["solved"]], duration="hours", ended="solved")["estimate"].item() == 2
    none = median_duration(frame.assign(solved=[True, False, False, False, False]), duration="hours", ended="solved")
    assert np.isnan(none["estimate"].item())
    assert none["flag"].item() == "fewer than half have ended"


def test_missing_rows_are_counted_and_wrong_ones_refused(trial):
    trial["weeks"] = trial["weeks"].astype(float)
    trial["relapsed"] = trial["relapsed"].astype("boolean")
    trial.loc[0, "weeks"] = None
    trial.loc[1, "relapsed"] = None
    trial.loc[2, "arm"] = None
    assert kaplan_meier(trial, duration="weeks", ended="relapsed").attrs["n_missing"] == 2
    table = median_duration(trial, duration="weeks", ended="relapsed", by="arm")
    assert table["arm"].tolist() == ["6-MP", "placebo", "(missing)"]
    assert table["n_missing"].tolist() == [2, 0, 0]
    with pytest.raises(DataError, match="duration -1"):
        kaplan_meier(trial.assign(weeks=-1.0), duration="weeks", ended="relapsed")
    with pytest.raises(DataError, match="whole number from 0 to 1"):
        kaplan_meier(trial.assign(relapsed=2), duration="weeks", ended="relapsed")
    with pytest.raises(NoColumn):
        kaplan_meier(trial, duration="week", ended="relapsed")
    with pytest.raises(UsageError, match="rename"):
        kaplan_meier(trial.rename(columns={"arm": "time"}), duration="weeks", ended="relapsed", by="time")


def test_nothing_at_all_has_no_curve_and_no_median():
    frame = pd.DataFrame({"t": pd.Series(dtype=float), "d": pd.Series(dtype=bool)})
    assert len(kaplan_meier(frame, duration="t", ended="d")) == 0
    assert np.isnan(median_duration(frame, duration="t", ended="d")["estimate"].item())


@settings(deadline=None, max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12), st.booleans()), min_size=2, max_size=40))
def test_who_enters_late_is_at_risk_from_then_on(rows):
    frame = pd.DataFrame(rows, columns=["entry", "length", "d"]).assign(t=lambda rows: rows["entry"] + rows["length"])
    curve = kaplan_meier(frame, duration="t", ended="d", entry="entry")
    assert curve["time"].tolist() == sorted(frame["t"].unique())
    survival = 1.0
    for row in curve.itertuples():
        at_risk = ((frame["entry"] < row.time) & (frame["t"] >= row.time)).sum()
        survival *= 1 - (frame["d"] & (frame["t"] == row.time)).sum() / at_risk
        assert row.at_risk == at_risk and row.survival == pytest.approx(survival)
    if frame["d"].any():
        fit = SurvfuncRight(frame["t"], frame["d"].astype(int), entry=frame["entry"])
        np.testing.assert_allclose(curve.loc[curve["ended"] > 0, "survival"], fit.surv_prob, atol=1e-12)


def test_who_enters_after_the_end_is_refused_and_no_median_rests_on_few():
    frame = pd.DataFrame({"t": [3, 5], "e": [1, 5], "d": [True, True]})
    with pytest.raises(DataError, match="'e' holds 5 where 't' is 5"):
        kaplan_meier(frame, duration="t", ended="d", entry="e")
    with pytest.raises(DataError, match="duration -1"):
        kaplan_meier(frame.assign(e=-1), duration="t", ended="d", entry="e")
    early = pd.DataFrame({"t": [1, 2, *[9] * 20], "e": [0, 1, *[5] * 20], "d": [True, True, *[False] * 20]})
    row = median_duration(early, duration="t", ended="d", entry="e").iloc[0]
    assert np.isnan(row["estimate"]) and row["flag"] == "fewer than 5 were at risk when some ended early: no median"
    unknown = early.assign(e=[None, 1, *[5] * 20])
    assert kaplan_meier(unknown, duration="t", ended="d", entry="e").attrs["n_missing"] == 1
