"""The plan against R's examples, against statsmodels, and against what happens when it is carried out many times."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from engagelab.errors import UsageError
from engagelab.experiments.plan import plan
from engagelab.metrics import intervals
from engagelab.metrics.nouns import mean, rate

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "experiments_plan.json").read_text("utf-8"))}
OPENED, SPEND = rate("opened"), mean("spend")
DRAWS = 4000
NEAR = 3 * math.sqrt(.8 * .2 / DRAWS)  # three standard errors of a simulated power of 80 %


def seen(differences, errors, df=math.inf, confidence=.95, null=0.0):
    """How often an interval lies above the null."""
    width = intervals.t_value(df, confidence) if math.isfinite(df) else intervals.z_value(confidence)
    return float((differences - width * errors > null).mean())


def test_rates_and_means_are_those_of_r():
    case = CASES["r_power_prop_test"]
    found = plan(OPENED, baseline=.5, effect=.25, n=50)
    assert found.power == pytest.approx(case["expected"]["power"], abs=case["tolerance"]["power"])
    assert plan(OPENED, baseline=.5, effect=.25, power=.9).n == math.ceil(case["expected"]["n"])
    case = CASES["r_power_t_test"]
    assert plan(SPEND, sd=1, effect=1, n=20).power == pytest.approx(case["expected"]["power"], abs=5e-7)
    assert plan(SPEND, sd=1, effect=1, power=.9).n == math.ceil(case["expected"]["n"])
    assert plan(SPEND, sd=1, effect=.5).n == math.ceil(CASES["pwr_t_d05"]["expected"]["n"])


@settings(deadline=None, max_examples=30)
@given(st.floats(.1, 1), st.integers(20, 500))
def test_means_have_the_power_that_statsmodels_gives(effect, n):
    expected = TTestIndPower().power(effect, n, .025, alternative="larger")
    assert plan(SPEND, sd=1, effect=effect, n=n).power == pytest.approx(expected, abs=1e-8)


@settings(deadline=None, max_examples=30)
@given(st.floats(.02, .6), st.floats(.02, .2), st.sampled_from([.8, .9]), st.sampled_from([None, 4]),
       st.integers(2, 4))
def test_the_third_number_turns_the_other_two_round(base, effect, power, looks, arms):
    told = {"baseline": base, "looks": looks, "arms": arms}
    size = plan(OPENED, effect=effect, power=power, **told)
    assert size.chance(effect, size.n) >= power - 1e-9
    assert size.chance(effect, size.n - 1) < power + 1e-9 or size.n == 2
    assert plan(OPENED, n=size.n, power=power, **told).effect <= effect + 1e-9
    assert plan(OPENED, n=size.n, effect=effect, **told).power == pytest.approx(size.chance(effect, size.n), abs=1e-12)


def test_a_planned_rate_is_seen_as_often_as_promised():
    found = plan(OPENED, baseline=.1, effect=.03)
    vary = np.random.RandomState(1)
    first, second = vary.binomial(found.n, .1, DRAWS) / found.n, vary.binomial(found.n, .13, DRAWS) / found.n
    middle = (first + second) / 2
    assert seen(second - first, np.sqrt(2 * middle * (1 - middle) / found.n)) == pytest.approx(.8, abs=NEAR)


def test_bonferroni_shares_the_confidence_in_equal_parts():
    alone = plan(OPENED, baseline=.1, effect=.02, confidence=1 - .05 / 3).n
    assert plan(OPENED, baseline=.1, effect=.02, arms=4, correct="holm").n == alone
    assert plan(OPENED, baseline=.1, effect=.02, arms=4).n < alone  # Dunnett
    assert plan(OPENED, baseline=.1, effect=.02, arms=4, correct="none").n == plan(OPENED, baseline=.1, effect=.02).n


def test_no_worse_than_a_margin_takes_about_blackwelders_size():
    # Blackwelder (1982): n = (z + z')^2 (p q + p q) / margin^2 = 6.18 * .255 / .01 = 157.7, with the variance under
    # the true difference; that at the margin, which the interval has, asks for a few more
    assert 158 <= plan(OPENED, baseline=.85, margin=.1, confidence=.9).n <= 1.04 * 158


@pytest.mark.parametrize("base, margin", [(.85, .05), (.02, .004)])
def test_no_worse_than_the_margin_is_shown_as_often_as_promised(base, margin):
    vary = np.random.RandomState(2)
    for better in ("higher", "lower"):
        n = plan(rate("opened", better=better), baseline=base, margin=margin).n
        arm, control = vary.binomial(n, base, (2, 10 * DRAWS))
        low, high = intervals.newcombe(arm, n, control, n)
        shown = low > -margin if better == "higher" else high < margin
        assert shown.mean() == pytest.approx(.8, abs=NEAR)


@pytest.mark.parametrize("part, n", [(.05, 8407), (.1, 2103), (.25, 338), (.5, 86)])
def test_no_worse_means_take_the_sizes_of_julious(part, n):
    # Julious (2004), Statistics in Medicine 23, 1921-1986: one-sided 2.5 %, power 90 %, margin over sd
    assert plan(SPEND, sd=1, margin=part, power=.9).n == n


def test_a_margin_of_what_should_be_low_lies_above():
    complaints = rate("complained", better="lower", margin=.002)
    by_noun = plan(complaints, baseline=.01, power=.9)
    assert by_noun.margin == .002 and by_noun.effect == 0 and by_noun.null == .002
    assert plan(complaints, baseline=.01, power=.9, effect=-.001).margin is None  # an effect was told
    assert plan(complaints, baseline=.01, margin=.002, effect=-.001).n < plan(complaints, baseline=.01).n
    with pytest.raises(UsageError, match="no n shows otherwise"):
        plan(complaints, baseline=.01, margin=.002, effect=.002)


def test_each_of_several_arms_is_seen_as_often_as_promised():
    found = plan(SPEND, sd=1, effect=.4, arms=4)
    critical = stats.norm.isf((1 - found.each) / 2)
    assert critical == pytest.approx(2.349, abs=.001)  # Dunnett (1964), Biometrics 20, table II: k = 3, infinite df
    arms = np.random.RandomState(3).normal([[0], [.4], [.4], [.4]], 1, (DRAWS, 4, found.n))
    means, errors = arms.mean(axis=2), arms.std(axis=2, ddof=1) / math.sqrt(found.n)
    for arm in (1, 2, 3):
        differences, error = means[:, arm] - means[:, 0], np.hypot(errors[:, arm], errors[:, 0])
        assert seen(differences, error, 2 * found.n - 2, found.each) == pytest.approx(.8, abs=NEAR)


def test_few_clusters_are_seen_as_often_as_promised():
    found = plan(SPEND, sd=1, effect=.4, cluster_size=25, icc=.1)
    clusters = found.clusters
    assert found.n == 25 * clusters and clusters < 20
    assert found.n > plan(SPEND, sd=1, effect=.4).n * found.design_effect  # Student's t with few degrees of freedom
    error = math.sqrt(.1 + .9 / 25)
    draws = np.random.RandomState(9).normal([[0], [.4]], error, (DRAWS, 2, clusters))
    p = stats.ttest_ind(draws[:, 1], draws[:, 0], axis=1)
    assert found.chance(.4, found.n) == pytest.approx(((p.pvalue < .05) & (p.statistic > 0)).mean(), abs=NEAR)
    with pytest.raises(UsageError, match="no effect, however large"):
        plan(SPEND, sd=1, n=25, cluster_size=25, icc=.1)


@pytest.mark.parametrize("told, said", [
    ({"baseline": .1}, "tell effect= or n="),
    ({"baseline": .1, "power": .9}, "tell effect= or n="),
    ({"baseline": .1, "effect": .02, "n": 9, "power": .8}, "all told"),
    ({"baseline": .1, "effect": 0}, "other than 0"),
    ({"baseline": .1, "effect": "0%"}, "other than 0"),
    ({"baseline": 1.0, "effect": .02}, "between 0 and 1"),
    ({"baseline": .99, "effect": .02}, "between 0 and 1"),
    ({"baseline": .1, "effect": "5"}, "relative to the baseline"),
    ({"baseline": .1, "effect": math.nan}, "effect must be a number"),
    ({"sd": 1, "effect": "5%"}, "relative to a baseline above 0"),
    ({"baseline": .1, "effect": .02, "power": .4}, "power must be a number from 0.5 on and below 1, not 0.4"),
    ({"baseline": .1, "effect": .02, "n": 1}, "n must be a whole number of 2"),
    ({"baseline": .1, "effect": .02, "arms": 1}, "arms must be a whole number of 2"),
    ({"baseline": .1, "effect": .02, "icc": 1, "cluster_size": 5}, "icc must"),
    ({"baseline": .1, "effect": .02, "icc": .1}, "go together"),
    ({"baseline": .1, "effect": .02, "icc": .1, "cluster_size": 1}, "cluster_size must be a number above 1"),
    ({"baseline": .1, "effect": .02, "adjust_r2": 1}, "adjust_r2 must"),
    ({"baseline": .1, "effect": .02, "looks": [.5, .25, 1]}, "looks"),
    ({"baseline": .1, "effect": .02, "looks": [.5]}, "the last is 1"),
    ({"baseline": .1, "effect": .02, "looks": 2, "spending": "haybittle"}, "spending"),
    ({"baseline": .1, "effect": .02, "correct": "tukey"}, "correct"),
    ({"baseline": .1, "effect": .02, "weekly": 0}, "weekly must be a number above 0"),
    ({"baseline": .1, "effect": .02, "confidence": 1}, "confidence"),
    ({"baseline": .1, "effect": 1e-9}, "more than 10 billion"),
    ({"baseline": .99, "n": 10}, "no effect, however large"),
    ({"effect": .02}, "by baseline="),
])
def test_what_cannot_be_planned_is_refused_in_a_line(told, said):
    with pytest.raises(UsageError, match=said) as caught:
        plan(OPENED, **told)
    assert "\n" not in str(caught.value)
