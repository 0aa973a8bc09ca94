"""How often the default NPS interval holds the truth, by adding up every possible outcome."""

import numpy as np
import pytest
from scipy.stats import multinomial

from benchmarks.coverage import nps_outcomes
from engagelab.metrics import intervals

LEAST = {5: .90, 10: .92, 20: .925, 50: .92}


def coverage(n, step):
    """The chance that the interval holds the true NPS, for every pair of shares on the grid."""
    return np.array([held for _, held, _ in nps_outcomes(n, step)])


@pytest.mark.parametrize("n", [5, 10])
def test_the_interval_covers_as_promised_on_a_coarse_grid(n):
    found = coverage(n, .1)
    assert .945 <= found.mean() <= .98
    assert found.min() >= LEAST[n]


@pytest.mark.slow
@pytest.mark.parametrize("n", LEAST)
def test_the_interval_covers_as_promised_on_the_whole_grid(n):
    found = coverage(n, .02)
    assert .945 <= found.mean() <= .98
    assert found.min() >= LEAST[n]


def test_walds_interval_does_not():
    n = 10
    outcomes = np.array([(p, q) for p in range(n + 1) for q in range(n + 1 - p)])
    low, high = intervals.nps_wald(outcomes[:, 0], outcomes[:, 1], n)
    cells = np.column_stack([outcomes, n - outcomes.sum(axis=1)])
    inside = (low <= 80) & (high >= 80)
    assert multinomial.pmf(cells[inside], n, [.85, .05, .1]).sum() < .9
