"""Two waves that partly the same people answered: estimates and errors as in R, statsmodels and the jackknife."""

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from engagelab.metrics.intervals import around, difference_interval
from engagelab.metrics.nouns import mean, nps, rate, ratio
from engagelab.metrics.panel import panel

REFERENCE = Path(__file__).parents[1] / "reference"
CASES = {case["name"]: case for case in json.loads((REFERENCE / "surveys_change.json").read_text("utf-8"))}
MADE43 = json.loads((REFERENCE / "surveys_made43.json").read_text("utf-8"))


def drawn(n=120, seed=3, k=1):
    """(values, after, person): of n persons some answer both waves, some one."""
    random = np.random.RandomState(seed)
    both, left, joined = np.arange(n), np.arange(n, n + n // 3), np.arange(2 * n, 2 * n + n // 2)
    person = np.concatenate([both, both, left, joined])
    after = np.repeat([False, True, False, True], [n, n, n // 3, n // 2])
    order = np.argsort(person, kind="stable")
    level = random.normal(size=3 * n)[person] + .3 * after
    values = np.column_stack([5 + level + random.normal(size=len(person)) + 3 * i for i in range(k)])
    return values[order], after[order], np.unique(person[order], return_inverse=True)[1]


def told(noun, values, after, person, confidence=.95):
    return panel(noun, values, np.zeros(len(person), dtype=int), after, person, 1, confidence)


def cell(found, kind, name="estimate"):
    return float(found.cells[kind][name].iloc[0])


@pytest.mark.parametrize(("name", "noun"), [
    ("paired_wave_change_nps", nps("x")), ("paired_wave_change_mean", mean("x"))])
def test_the_change_of_the_same_people_is_the_paired_t_of_r(name, noun):
    case = CASES[name]
    answers = np.array([MADE43[case["inputs"][wave]] for wave in ("before", "after")], dtype=float).T.reshape(-1, 1)
    values = answers if noun.name.startswith("mean") else np.column_stack([answers >= 9, answers <= 6]).astype(float)
    found = told(noun, values, np.tile([False, True], 43), np.repeat(np.arange(43), 2), case["inputs"]["conf"])
    change, error = cell(found, "stayed_after") - cell(found, "stayed_before"), float(found.errors["stayed"][0])
    low, high = around(change, error, 42, case["inputs"]["conf"])
    got = {"change": change, "se": error, "low": low, "high": high}
    for key, value in case["expected"].items():
        if key in got:
            assert got[key] == pytest.approx(value, abs=case["tolerance"]), key
    assert 2 * stats.t.sf(change / error, 42) == pytest.approx(case["expected"]["p"], abs=1e-9)


def test_the_correlation_is_that_of_errors_clustered_by_person_in_statsmodels():
    values, after, person = drawn()
    waves = np.column_stack([~after, after]).astype(float)
    fitted = sm.OLS(values[:, 0], waves).fit(cov_type="cluster", cov_kwds={"groups": person, "use_correction": False})
    cov = fitted.cov_params()
    found = told(mean("x"), values, after, person)
    assert found.correlation[0] == pytest.approx(cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1]), abs=1e-12)
    assert .2 < found.correlation[0] < .8
    assert found.errors["all"][0] == pytest.approx(np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]), rel=.01)


def test_where_everybody_answered_twice_all_and_stayed_have_one_error_and_that_of_scipy():
    values, after, person = drawn()
    twice = np.bincount(person)[person] == 2
    found = told(mean("x"), values[twice], after[twice], np.unique(person[twice], return_inverse=True)[1])
    before, later = values[twice & ~after, 0], values[twice & after, 0]
    low, high = stats.ttest_rel(later, before).confidence_interval()
    change = cell(found, "after") - cell(found, "before")
    ends = around(change, found.errors["all"][0], len(before) - 1)
    assert found.errors["all"][0] == pytest.approx(found.errors["stayed"][0], rel=1e-12)
    assert ends == (pytest.approx(low), pytest.approx(high))


def test_where_nobody_answered_twice_the_interval_is_that_of_newcombe_for_two_samples():
    values = np.repeat([1., 0, 1, 0], [56, 14, 48, 32])[:, None]
    after = np.repeat([False, True], [70, 80])
    found = told(rate("x"), values, after, np.arange(150))
    assert found.correlation[0] == 0
    ends = [[cell(found, side, name) for name in ("estimate", "low", "high")] for side in ("before", "after")]
    got = difference_interval(*ends[0], *ends[1], found.correlation[0])[1:]
    assert got == pytest.approx(confint_proportions_2indep(48, 80, 56, 70, method="newcomb"), abs=1e-9)


def test_the_paired_change_of_a_ratio_has_the_error_of_the_delta_method_with_a_numeric_gradient():
    values, after, person = drawn(k=2)
    twice = np.bincount(person)[person] == 2
    found = told(ratio("x", "y"), values, after, person)
    wide = np.column_stack([values[twice & ~after], values[twice & after]])

    def change(at):
        return at[2] / at[3] - at[0] / at[1]

    middle, step = wide.mean(axis=0), 1e-6
    slope = np.array([(change(middle + step * unit) - change(middle - step * unit)) / (2 * step) for unit in np.eye(4)])
    assert found.errors["stayed"][0] == pytest.approx(np.sqrt(slope @ np.cov(wide.T) @ slope / len(wide)), rel=1e-6)


@pytest.mark.parametrize(("noun", "k"), [(mean("x"), 1), (ratio("x", "y"), 2)])
def test_what_left_and_joined_make_of_the_change_has_the_error_of_the_jackknife(noun, k):
    values, after, person = drawn(k=k)
    found = told(noun, values, after, person)
    for part, wave, stayers in (("left", ~after, "stayed_before"), ("joined", after, "stayed_after")):
        side = "before" if part == "left" else "after"
        drops = []
        for one in np.unique(person[wave]):
            kept = person != one
            less = told(noun, values[kept], after[kept], np.unique(person[kept], return_inverse=True)[1])
            drops.append(cell(less, stayers) - cell(less, side))
        n = len(drops)
        jackknife = np.sqrt((n - 1) / n * np.sum((drops - np.mean(drops)) ** 2))
        assert found.errors[part][0] == pytest.approx(jackknife, rel=.03), part


def test_those_who_left_are_apart_from_those_who_stayed_only_beyond_noise():
    values, after, person = drawn()
    once = np.bincount(person)[person] == 1
    assert not told(mean("x"), values, after, person).apart[0]
    for wave in (after, ~after):
        assert told(mean("x"), values + 2. * (once & wave)[:, None], after, person).apart[0]


def test_groups_are_measured_each_by_itself_and_an_empty_one_is_nan():
    values, after, person = drawn()
    persons, groups = np.concatenate([person, person + person.max() + 1]), np.repeat([0, 2], len(values))
    twice = panel(mean("x"), np.tile(values, (2, 1)) + 25 * groups[:, None], groups, np.tile(after, 2), persons, 3, .95)
    alone = told(mean("x"), values, after, person)
    assert twice.errors["all"][0] == alone.errors["all"][0]
    assert twice.errors["stayed"][[0, 2]] == pytest.approx(alone.errors["stayed"][0])
    assert np.isnan(twice.cells["before"]["estimate"].iloc[1]) and twice.cells["before"]["n"].iloc[1] == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=20))
def test_identical_waves_have_identical_estimates_and_no_error(answers):
    n = len(answers)
    found = told(mean("x"), np.repeat(answers, 2)[:, None], np.tile([False, True], n), np.repeat(np.arange(n), 2))
    for kind in ("after", "stayed_before", "stayed_after"):
        assert cell(found, kind) == cell(found, "before")
    if n > 1:
        assert found.errors["all"][0] == found.errors["stayed"][0] == found.errors["left"][0] == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 9))
def test_what_all_changed_is_what_stayers_changed_and_what_the_others_made_of_it(seed, n):
    values, after, person = drawn(n=n, seed=seed, k=2)
    for noun, of in ((mean("x"), values[:, :1]), (ratio("x", "y"), values), (nps("x"), np.eye(3)[
            np.digitize(values[:, 0], [4, 6])][:, [2, 0]])):
        found = told(noun, of, after, person)
        scale = abs(cell(found, "before")) + abs(cell(found, "stayed_before")) + 1
        twice = np.bincount(person)[person] == 2
        for side, stayed, others, here in (("before", "stayed_before", "left", ~after),
                                           ("after", "stayed_after", "joined", after)):
            weight = of[here, 1].sum() if noun.name.startswith("ratio") else here.sum()
            share = (of[here & ~twice, 1].sum() if noun.name.startswith("ratio") else (here & ~twice).sum()) / weight
            other = cell(found, others) if share else 0.0
            assert cell(found, side) == pytest.approx((1 - share) * cell(found, stayed) + share * other,
                                                      abs=1e-9 * scale)
