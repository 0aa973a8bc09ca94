"""How often a comparison errs: false alarms where nothing differs, and intervals that miss the truth."""

import numpy as np
import pytest

from benchmarks.experiments_false_positives import (
    ALPHA,
    BAND,
    CLEAR,
    LEAST_COVERAGE,
    SHARES,
    SKEWED,
    SPLITS,
    STUDIES,
    Study,
    alarms,
    coverage,
    grid,
    outcomes,
    rate_p,
    simulated,
)
from engagelab.experiments.units import Units
from engagelab.metrics.two_shares import miettinen_nurminen_p

FAST, LONG = 10_000, 40_000
EXPECTED = 20  # enough that nearly no table has so few that it is compared exactly


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_arms_that_differ_in_nothing_are_called_different_in_4_to_6_of_100(study):
    assert BAND[0] <= (simulated(study, FAST) < ALPHA).mean() <= BAND[1]


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_they_are_with_other_seeds_too(study):
    assert BAND[0] <= (simulated(study, LONG, seed=2) < ALPHA).mean() <= BAND[1]


def _shops(random, draws, n):
    """Shops of very unlike size, in which the visits are alike."""
    size = np.maximum(1, np.round(random.lognormal(3, .8, (draws, n))))
    return np.stack([size * random.normal(0, .5, (draws, n)) + np.sqrt(size) * random.normal(0, 1, (draws, n)), size],
                    axis=2)


@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (8, 8), (15, 15), (20, 20), (40, 40), (10, 40)])
def test_so_are_few_clusters_of_unlike_size_and_fewer_than_8_are_cautious(sizes):
    study = Study("shops", sizes, STUDIES[0].metric, _shops, Units("cluster", "shop"))
    called = (simulated(study, FAST) < ALPHA).mean()
    assert (BAND[0] if min(sizes) >= 8 else 0) <= called <= BAND[1]


@pytest.mark.parametrize("split", SPLITS)
def test_rates_that_do_not_differ_are_called_different_in_4_to_6_of_100(split):
    parts = SPLITS[split]
    for share in SHARES:
        smallest = int(np.ceil(EXPECTED / share))
        least, most = alarms(share, (smallest * parts[0] // min(parts), smallest * parts[1] // min(parts)), least=1)
        assert BAND[0] <= least <= most <= BAND[1], share


def test_intervals_of_rates_hold_the_truth_in_94_of_100_from_1_to_50_percent_and_from_1_1_to_9_1():
    found = {(split, shares): coverage(shares, sizes) for split, shares, sizes in grid(EXPECTED)}
    assert min(found.values()) >= LEAST_COVERAGE, min(found, key=found.get)


def test_rates_of_few_are_compared_exactly_and_never_called_different_in_more_than_6_of_100():
    exact = {}
    for share in (.005, .02, .05, .1, .15):
        assert alarms(share, (20, 20), exact, 1e-4)[1] <= BAND[1], share


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(40, 40), (80, 20), (20, 80), (500, 500)])
def test_so_are_rates_of_few_in_arms_of_other_sizes(sizes):
    exact = {}
    for expected in (.5, 1, 2, 5, 8, 10):
        assert alarms(expected / min(sizes), sizes, exact, 1e-5)[1] <= BAND[1], expected


@pytest.mark.slow
def test_a_score_test_that_is_clear_is_as_clear_exactly():
    n = 14
    for first in range(n + 1):
        for second in range(first, n + 1):
            score, exact = miettinen_nurminen_p(second, n, first, n), rate_p(first, second, (n, n))
            assert (exact < ALPHA) == (score <= CLEAR[0]) or CLEAR[0] < score < CLEAR[1]


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(20, 20), (40, 20), (20, 40)])
def test_so_do_those_of_few(sizes):
    for shares in ((.5, .5), (.2, .2), (.2, .5), (.05, .1)):
        assert coverage(shares, sizes, 1e-5) >= LEAST_COVERAGE, shares


@pytest.mark.slow
def test_skewed_amounts_are_cautious_in_equal_arms_and_right_from_a_thousand_on_in_unequal_ones():
    for study in SKEWED:
        called = (simulated(study, FAST) < ALPHA).mean()
        equal = study.sizes[0] == study.sizes[1]
        assert called <= BAND[1] if equal or min(study.sizes) >= 1000 else called > BAND[0]


def test_the_outcomes_that_are_counted_out_are_all_there_are():
    assert outcomes((.02, .03), (500, 800)).chance.sum() == pytest.approx(1, abs=1e-9)
