"""Sizes and power against R's own examples, Cohen's table and statsmodels."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import power_proportions_2indep, proportions_ztest

from engagelab.errors import UsageError
from engagelab.metrics import power


@pytest.mark.parametrize("d, chance, n", [(.2, .8, 393), (.5, .8, 64), (.8, .8, 26), (.5, .9, 85), (.2, .9, 526)])
def test_sizes_for_means_are_cohens(d, chance, n):
    # Cohen (1988), table 2.4.1, two-sided .05, where a size is rounded and not always up: R gives 393.41 for the first
    assert power.mean_size(d, 1, power=chance) in (n, n + 1)


def test_sizes_for_means_are_rs_power_t_test():
    # help page: power.t.test(power = .90, delta = 1) gives n = 22.02110; power.t.test(n = 20, delta = 1) .8689528
    assert power.mean_size(1, 1, power=.9) == 23
    assert power.mean_power(1, 1, 20) == pytest.approx(.8689528, abs=1e-7)


@settings(deadline=None, max_examples=25)
@given(st.floats(.1, 2), st.integers(5, 400), st.sampled_from([.9, .95, .99]))
def test_power_for_means_is_that_of_statsmodels(effect, n, confidence):
    # one tail at half the level: like R, we do not call it a success to find the wrong direction
    expected = TTestIndPower().power(effect, n, (1 - confidence) / 2, alternative="larger")
    assert power.mean_power(effect, 1, n, confidence=confidence) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.floats(.05, .9), st.floats(.02, .09), st.integers(50, 5000))
def test_power_for_rates_is_that_of_statsmodels(base, effect, n):
    expected = power_proportions_2indep(effect, base, n, alpha=.025, alternative="larger", return_results=False)
    assert power.rate_power(base, effect, n) == pytest.approx(expected, abs=1e-9)


def test_rates_are_rs_power_prop_test():
    # help page of power.prop.test: power = 0.740 with n = 50; n = 76.7 with power = .90
    assert round(power.rate_power(.5, .25, 50), 3) == .740
    assert power.rate_size(.5, .25, power=.9) == 77
    assert power.rate_size(.2, .05) == 1094  # n = 1093.739


@given(st.floats(.05, .8), st.floats(.01, .15), st.sampled_from([.8, .9]))
def test_a_size_is_enough_and_one_less_is_not(base, effect, chance):
    n = power.rate_size(base, effect, power=chance)
    assert power.rate_power(base, effect, n) >= chance - 1e-6
    if n > 2:
        assert power.rate_power(base, effect, n - 1) < chance + 1e-6
    assert power.rate_effect(base, n, power=chance) <= effect + 1e-6


def test_the_smallest_effect_turns_the_size_round():
    assert power.mean_power(power.mean_effect(3, 50), 3, 50) == pytest.approx(.8, abs=1e-9)
    assert math.isnan(power.rate_effect(.99, 10))


@pytest.mark.parametrize("call", [
    lambda: power.rate_size(.9, .2), lambda: power.rate_size(.5, 0), lambda: power.rate_size(0, .1),
    lambda: power.rate_power(.5, .1, 1), lambda: power.rate_size(.5, .1, power=1), lambda: power.mean_size(0, 1),
    lambda: power.mean_size(1, 0), lambda: power.mean_power(1, 1, 1), lambda: power.mean_effect(1, 50, power=.2),
    lambda: power.rate_size(float("nan"), .1), lambda: power.mean_size(1, float("inf"))])
def test_what_cannot_be_planned_is_refused(call):
    with pytest.raises(UsageError):
        call()


@pytest.mark.parametrize(("base", "effect", "few", "many"), [(.1, .03, 800, 7200), (.4, -.06, 600, 3000)])
def test_the_power_of_unequal_groups_is_how_often_statsmodels_sees_the_effect(base, effect, few, many):
    vary = np.random.RandomState(0)
    counts = np.stack([vary.binomial(few, base, 4000), vary.binomial(many, base + effect, 4000)], axis=1)
    seen = np.mean([proportions_ztest(pair, [few, many])[1] < .05 for pair in counts])
    assert seen == pytest.approx(power.rate_power(base, effect, few, others=many), abs=.025)


@pytest.mark.parametrize("n, others", [(10, 40), (200, 25)])
def test_the_power_for_means_of_unequal_groups_is_that_of_statsmodels(n, others):
    expected = TTestIndPower().power(.7, n, .025, ratio=others / n, alternative="larger")
    assert power.mean_power(.7, 1, n, others=others) == pytest.approx(expected, abs=1e-9)
    assert power.mean_power(.2, 1, n, others=others, null=-.5) == pytest.approx(expected, abs=1e-9)


def test_a_share_that_is_no_worse_is_shown_on_the_side_of_the_margin():
    # Farrington and Manning (1990): at the margin itself the chance would be half of the level
    assert power.rate_power(.2, -.0999, 400, null=-.1) == pytest.approx(.025, abs=.003)
    assert power.rate_power(.2, 0, 400, null=-.1) > power.rate_power(.2, -.02, 400, null=-.1)
    with pytest.raises(UsageError):
        power.rate_power(.2, -.1, 400, null=-.1)
