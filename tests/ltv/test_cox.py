"""Cox's model against statsmodels, lifelines, published figures and brute force."""

import itertools
import json
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg

from engagelab.ltv.cox import fit

REFERENCE = {case["name"]: case for case in json.loads(
    Path(__file__).parents[1].joinpath("reference", "value_survival.json").read_text("utf-8"))}
FEATURES = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


def rossi():
    """The 432 released prisoners of Rossi (1980), where they can be had."""
    folders = [os.environ.get("ENGAGELAB_PUBLIC_DATA", "")]
    if found := find_spec("lifelines"):
        folders.append(str(Path(str(found.origin)).parent / "datasets"))
    for folder in filter(None, folders):
        if (file := Path(folder) / "rossi.csv").exists():
            return pd.read_csv(file)
    pytest.skip("no rossi.csv: install lifelines, or put it into the folder that ENGAGELAB_PUBLIC_DATA names")


def fitted(features, time, ended, entry=None, strata=None):
    n = len(time)
    return fit(np.asarray(features, dtype=float), np.asarray(time, dtype=float), np.asarray(ended) == 1,
               np.full(n, -1.0) if entry is None else np.asarray(entry, dtype=float),
               np.zeros(n, dtype=int) if strata is None else np.asarray(strata))


def made_up(seed, n=150, ties=True):
    random = np.random.RandomState(seed)
    x = random.normal(size=(n, 3)) * [1, 20, .01]
    life = random.exponential(8 * np.exp(-.5 * x[:, 0] - .03 * x[:, 1]))
    time, seen = (np.ceil(life), random.randint(1, 15, n)) if ties else (life, random.uniform(1, 15, n))
    entry = np.where(random.rand(n) < .4, random.randint(0, 5, n) + .5, 0.0)
    keep = entry < np.minimum(time, seen)
    return x[keep], np.minimum(time, seen)[keep], (time <= seen)[keep], entry[keep], random.randint(0, 3, n)[keep]


def test_the_textbook_trial():
    data, expected = REFERENCE["km_freireich"]["inputs"], REFERENCE["cox_freireich"]["expected"]
    made = fitted([[0.0]] * 21 + [[1.0]] * 21, data["durations"] + data["placebo_durations"],
                  data["observed"] + data["placebo_observed"])
    assert made.beta[0] == pytest.approx(expected["coef"], abs=1e-5)
    assert made.se[0] == pytest.approx(expected["se"], abs=1e-5)
    assert made.loglik == pytest.approx(expected["loglik"], abs=1e-5)
    assert made.concordance() == pytest.approx(.6900420757363254)   # lifelines 0.30.3, concordance_index_


def test_the_released_prisoners():
    table, expected = rossi(), REFERENCE["cox_rossi"]["expected"]
    made = fitted(table[FEATURES], table["week"], table["arrest"])
    assert made.beta == pytest.approx([expected[name] for name in FEATURES], abs=1e-5)
    assert made.loglik == pytest.approx(expected["loglik"], abs=1e-5)
    assert made.concordance() == pytest.approx(expected["concordance"], abs=1e-5)
    # lifelines 0.30.3: predict_survival_function(rossi.iloc[[0, 5]], times=[10, 20, 52])
    share = np.exp(-made.baseline(0, np.array([10.0, 20, 52]), table[FEATURES].to_numpy(dtype=float)[[0, 5]])[0])
    assert share == pytest.approx(np.array([[.964223, .902910, .715699], [.963660, .901434, .711875]]), abs=1e-6)
    # lifelines 0.30.3: CoxPHFitter().fit(..., strata=["race"]).params_
    within = [name for name in FEATURES if name != "race"]
    made = fitted(table[within], table["week"], table["arrest"], strata=table["race"])
    assert made.beta == pytest.approx([-.378767, -.057640, -.142750, -.438817, -.085764, .092214], abs=1e-6)
    assert made.loglik == pytest.approx(-620.5636085143756)


def test_who_enters_when_somebody_leaves_is_not_at_risk_yet():
    table = rossi()
    entry = np.where(np.arange(432) % 3 == 0, np.minimum(10, table["week"] - 1), 0)
    made = fitted(table[FEATURES], table["week"], table["arrest"], entry)
    # lifelines 0.30.3: CoxPHFitter().fit(..., entry_col="entry"); statsmodels counts them as at risk
    assert made.beta == pytest.approx([-.370937, -.057781, .311539, -.153418, -.421619, -.069936, .090414], abs=1e-6)
    assert made.se == pytest.approx([.191459, .022050, .308251, .212323, .381832, .196245, .028524], abs=1e-6)
    assert made.loglik == pytest.approx(-652.8110961437534)


def test_the_check_of_proportional_hazards_is_that_of_lifelines():
    table = rossi()
    made = fitted(table[FEATURES], table["week"], table["arrest"]).proportional()
    # lifelines 0.30.3: proportional_hazard_test(fitted, rossi, time_transform="identity"), the weeks replaced by the
    # mean ranks of the arrests in them
    assert made == pytest.approx(np.array([.916544, .000837, .232172, .006856, .422686, .713752, .879983]), abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("strata", [False, True])
def test_late_entry_ties_and_strata_are_those_of_statsmodels(seed, strata):
    x, time, ended, entry, groups = made_up(seed)
    made = fitted(x, time, ended, entry, groups if strata else None)
    other = PHReg(time, x, status=ended, entry=entry, strata=groups if strata else None, ties="efron").fit()
    assert made.beta == pytest.approx(other.params, rel=1e-4, abs=1e-6)
    assert made.se == pytest.approx(other.bse, rel=1e-4)
    assert made.loglik == pytest.approx(other.llf)
    assert not made.loose.any()


def brute_concordance(score, time, ended, entry, groups):
    right = every = 0.0
    for i, j in itertools.permutations(range(len(time)), 2):
        later = time[j] > time[i] or (time[j] == time[i] and not ended[j])
        if ended[i] and later and entry[j] < time[i] and groups[i] == groups[j]:
            every += 1
            right += (score[i] > score[j]) + .5 * (score[i] == score[j])
    return right / every


@pytest.mark.parametrize("seed", range(3))
def test_concordance_is_the_share_of_pairs_in_order(seed):
    x, time, ended, entry, groups = made_up(seed)
    x = x.round()[:, :1]                              # many scores are equal
    made = fitted(x, time, ended, np.floor(entry), groups)
    score = x[:, 0] * made.beta[0]
    assert made.concordance() == pytest.approx(brute_concordance(score, time, ended, np.floor(entry), groups))


def test_the_baseline_is_breslows_and_its_error_that_of_many_samples():
    x, time, ended, _, _ = made_up(1, ties=False)
    made = fitted(x, time, ended)
    weight, row = np.exp(x @ made.beta), x[:1]
    expected = sum(1 / weight[time >= t].sum() for t in time[ended & (time <= 6)]) * weight[0]
    hazard, error = made.baseline(0, np.array([6.0, 1e9]), row)
    assert hazard[0, 0] == pytest.approx(expected) and np.isnan(hazard[0, 1])
    random, found = np.random.RandomState(3), []
    for _ in range(300):
        rows = random.randint(0, len(time), len(time))
        found.append(fitted(x[rows], time[rows] + 1e-9 * np.arange(len(rows)), ended[rows]).baseline(
            0, np.array([6.0]), row)[0][0, 0])
    assert error[0, 0] == pytest.approx(np.std(found), rel=.15)


def test_a_feature_that_tells_who_leaves_first_without_exception_has_no_maximum():
    time = np.arange(1.0, 41)
    alone = fitted((time < 20)[:, None], time, np.full(40, True))
    assert alone.loose.all()
    noise = np.random.RandomState(1).normal(size=40)
    both = fitted(np.column_stack([time < 20, noise]), time, np.full(40, True))
    assert both.loose.tolist() == [True, False]
    early, late = (fitted(noise[part, None], time[part], np.full(part.sum(), True)) for part in (time < 20, time >= 20))
    assert min(early.beta[0], late.beta[0]) < both.beta[1] < max(early.beta[0], late.beta[0])


def test_units_of_the_features_change_nothing():
    x, time, ended, entry, _ = made_up(2)
    one, other = fitted(x, time, ended, entry), fitted(x * [1e6, 1, 1e-6] + [5, 1e5, 0], time, ended, entry)
    assert other.beta * [1e6, 1, 1e-6] == pytest.approx(one.beta, rel=1e-6)
    assert other.proportional() == pytest.approx(one.proportional(), rel=1e-5)
