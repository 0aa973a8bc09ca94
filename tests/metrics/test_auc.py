"""The area under the ROC curve against published figures, scipy and counting all pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from engagelab.errors import UsageError
from engagelab.metrics.auc import auc

# Hanley and McNeil (1982), Radiology 143, table I: 58 normal and 51 abnormal CT images rated from 1 to 5.
RATED = {False: (33, 6, 6, 11, 2), True: (3, 2, 2, 11, 33)}


def test_the_published_area_and_its_error():
    number = np.concatenate([np.repeat(np.arange(1, 6), counts) for counts in RATED.values()])
    did = np.repeat(list(RATED), [58, 51])
    area, low, high, se = auc(number, did)
    assert round(area, 3) == .893
    assert se == pytest.approx(.032, abs=2e-3)  # their error is another estimate of the same
    assert low < area < high < 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
def test_area_and_error_are_those_of_all_pairs(rows):
    number, did = (np.array(column) for column in zip(*rows, strict=True))
    area, low, high, se = auc(number, did)
    ones, zeros = number[did], number[~did]
    if not len(ones) or not len(zeros):
        assert np.isnan([area, low, high, se]).all()
        return
    wins = (ones[:, None] > zeros) + .5 * (ones[:, None] == zeros)
    assert area == pytest.approx(wins.mean())
    assert area == pytest.approx(mannwhitneyu(ones, zeros).statistic / wins.size)
    if min(wins.shape) > 1:
        expected = wins.mean(axis=1).var(ddof=1) / len(ones) + wins.mean(axis=0).var(ddof=1) / len(zeros)
        assert se == pytest.approx(np.sqrt(expected), abs=1e-12)
        assert np.isnan(low) or 0 <= low < area < high <= 1
        turned = auc(-number, did)
        np.testing.assert_allclose(turned, [1 - area, 1 - high, 1 - low, se], atol=1e-12)


def test_the_interval_holds():
    """Scores a standard deviation apart: the true area is the normal distribution's at the root of a half."""
    draw, held = np.random.RandomState(0), 0
    for _ in range(400):
        did = np.arange(120) < 20
        _, low, high, _ = auc(draw.normal(size=120) + did, did)
        held += low < .7602 < high
    assert .92 < held / 400 < .98


def test_a_confidence_that_is_none_is_refused():
    with pytest.raises(UsageError, match="confidence"):
        auc([1, 2], [True, False], 95)
