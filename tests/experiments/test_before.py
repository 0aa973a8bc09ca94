"""Balance before the start against scipy, statsmodels and simulation; and the dates of covariates."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multivariate import test_mvmean_2indep as hotelling

from engagelab.errors import DataError, UsageError
from engagelab.experiments.before import imbalance
from engagelab.experiments.compare import compare
from engagelab.experiments.estimate import Arms
from engagelab.metrics.design import Design
from engagelab.metrics.nouns import mean


def arms(groups):
    """What is known of covariates, from their values in each arm."""
    n = np.array([len(group) for group in groups])
    middle = np.array([group.mean(axis=0) for group in groups])
    cov = np.array([np.atleast_2d(np.cov(group.T)) / len(group) for group in groups])
    nothing = np.full(len(n), np.nan)
    return Arms(nothing, nothing, n - 1.0, n, 0 * n, nothing, "", middle, cov, np.zeros((len(n), 0)))


def drawn(sizes, many, seed=1, shift=0.0):
    random = np.random.RandomState(seed)
    return [random.gamma(2, 1, (n, many)) + shift * place for place, n in enumerate(sizes)]


@pytest.mark.parametrize("shift", [0, .3])
def test_for_two_arms_it_is_hotellings_test(shift):
    groups = drawn((40, 70), 3, shift=shift)
    p, df, *_ = imbalance(arms(groups), 3)
    assert df == 3
    assert p == pytest.approx(hotelling(*groups).pvalue, rel=1e-9)


def test_for_one_covariate_it_is_the_analysis_of_variance():
    groups = drawn((40, 70, 20), 1, shift=.3)
    p, df, worst, apart = imbalance(arms(groups), 1)
    assert p == pytest.approx(stats.f_oneway(*(group[:, 0] for group in groups)).pvalue, rel=1e-9)
    assert (df, worst) == (2, 0) and apart == pytest.approx(groups[2].mean() - groups[0].mean())


def test_neither_units_nor_a_covariate_told_twice_change_it():
    groups = drawn((40, 70), 2, shift=.2)
    p = imbalance(arms(groups), 2)[0]
    assert imbalance(arms([group * [1e-6, 1e9] + [0, 1e3] for group in groups]), 2)[0] == pytest.approx(p, rel=1e-6)
    twice = [np.column_stack([group, group[:, 0]]) for group in groups]
    assert imbalance(arms(twice), 3)[0] == pytest.approx(p, rel=1e-6)


def test_the_worst_covariate_is_named_and_one_that_only_the_arm_explains_is_surely_unlike():
    groups = [np.column_stack([group, group[:, 0] + 2 * place]) for place, group in enumerate(drawn((90, 90), 2))]
    assert imbalance(arms(groups), 3)[2] == 2
    flat = [np.column_stack([group, np.full(90, float(place))]) for place, group in enumerate(drawn((90, 90), 1))]
    assert imbalance(arms(flat), 2) == (0.0, 1, 1, 1.0)
    same = [np.full((90, 1), 4.0), np.full((90, 1), 4.0)]
    assert imbalance(arms(same), 1)[0] == 1


def test_of_too_few_units_nothing_is_told():
    assert np.isnan(imbalance(Arms(**{**vars(arms(drawn((9, 9), 1))), "n": np.array([1, 9])}), 1)[0])


def test_strata_are_judged_by_the_covariances_of_their_own_means():
    groups = drawn((400, 100), 1)
    halved = arms(groups)
    wider = Arms(**{**vars(halved), "before_cov": halved.before_cov * np.array([1, 9]).reshape(2, 1, 1)})
    z = np.diff(wider.before[:, 0])[0] / np.sqrt(wider.before_cov[:, 0, 0].sum())
    assert imbalance(wider, 1, stratified=True)[0] == pytest.approx(2 * stats.t.sf(abs(z), 498), rel=1e-9)


@pytest.mark.parametrize("sizes", [(50, 50), (450, 50), (10, 10, 10)])
def test_a_fair_lot_is_seldom_out_of_balance(sizes):
    p = np.array([imbalance(arms(drawn(sizes, 2, seed)), 2)[0] for seed in range(1500)])
    assert (p < .001).mean() < .005
    assert .03 < (p < .05).mean() < .07


def test_an_unfair_lot_is_found():
    assert np.mean([imbalance(arms(drawn((300, 300), 2, seed, shift=.5)), 2)[0] < .001 for seed in range(100)]) > .95


# ---- dates ----

def people(**columns):
    random = np.random.RandomState(1)
    return pd.DataFrame({"arm": np.repeat(["A", "B"], 100), "x": random.rand(200), "z": random.rand(200),
                         "who": np.arange(200), "seen": pd.Timestamp("2025-12-31"),
                         "drawn": pd.to_datetime("2026-01-01") + pd.to_timedelta(np.arange(200) % 5, "D"), **columns})


def asked(adjust, start=None, data=None, **how):
    found = compare(people() if data is None else data, {"x": mean("x", adjust=adjust)}, arm="arm", control="A",
                    start=start, **how).checks
    return found[found["check"] == "covariate_date"][["status", "sentence"]].to_numpy().tolist()


def test_a_covariate_is_asked_for_its_date_and_the_experiment_for_its_start():
    status, sentence = asked("z", "2026-01-01")[0]
    assert status == "asked" and "When was 'z' measured?" in sentence and "adjust={'z': '2025-11-30'}" in sentence
    status, sentence = asked({"z": "2025-11-30"})[0]
    assert status == "asked" and "start=" in sentence
    assert asked({"z": "2025-11-30"}, "2026-01-01")[0][0] == "passed"


@pytest.mark.parametrize("date", ["2026-01-01", "2026-03-01"])
def test_a_covariate_measured_after_the_start_is_refused(date):
    with pytest.raises(DataError, match=r"200 of 200 values of 'z' were measured at or after the start .* take a cov"):
        asked({"z": date}, "2026-01-01")


def test_dates_may_be_columns_and_are_compared_row_by_row():
    assert asked({"z": "seen"}, "drawn")[0][0] == "passed"
    assert asked({"z": "seen"}, "2026-01-01", user="who")[0][0] == "passed"
    with pytest.raises(DataError, match="80 of 200 values of 'z'"):
        asked({"z": "drawn"}, "2026-01-04", design=Design(cluster="who"))
    with pytest.raises(DataError, match="40 of 200 values of 'z'"):
        asked({"z": "2026-01-01"}, "drawn")


def test_values_without_a_date_are_counted_where_the_covariate_is_known():
    data = people()
    data.loc[:4, "seen"] = pd.NaT
    data.loc[:1, "z"] = np.nan
    status, sentence = asked({"z": "seen"}, "drawn", data)[0]
    assert status == "asked" and sentence.startswith("3 values of 'z' have no date in 'seen' or 'drawn'")


def test_a_covariate_of_several_metrics_is_asked_for_once():
    metrics = {"x": mean("x", adjust={"z": "seen"}), "y": mean("x", adjust="z"), "v": mean("x", adjust=["z", "who"])}
    found = compare(people(), metrics, arm="arm", control="A", start="drawn").checks
    assert found.loc[found["check"] == "covariate_date", "status"].tolist() == ["passed", "asked"]


def test_what_is_no_date_is_refused():
    with pytest.raises(UsageError, match=r"adjust\['z'\] must be a date .* not 'soon'"):
        asked({"z": "soon"}, "2026-01-01")
    with pytest.raises(UsageError, match=r"start must be a date .* not 'spring'"):
        asked({"z": "seen"}, "spring")
    with pytest.raises(DataError, match=r"column 'arm' holds .*, not dates"):
        asked({"z": "arm"}, "2026-01-01")
