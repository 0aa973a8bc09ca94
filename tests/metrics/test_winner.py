"""The winner's curse: checked against scipy's truncated normal, and by drawing again and again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engagelab.errors import UsageError
from engagelab.metrics.winner import best, hybrid

NUMBERS = st.floats(-50, 50).map(lambda value: round(value, 2))


@pytest.mark.parametrize(("values", "errors"), [([1.0, .4, -.3], [.5, .5, .5]), ([3.0, 2.9], [.2, 1.0]),
                                                ([9.0, 0, 0, 0, 0], [1, 2, .1, 1, 3])])
def test_it_solves_the_truncated_normal_of_andrews_kitagawa_and_mccloskey(values, errors):
    found = best(values, errors)
    top, bar, se, k = values[0], max(values[1:]), errors[0], len(values)
    reach = stats.norm.ppf((1 + .995 ** (1 / k)) / 2) * se
    tail = (.05 - .005) / .995 / 2
    for truth, share in ((found.estimate, .5), (found.low, 1 - tail), (found.high, tail)):
        low, high = max(bar, truth - reach), truth + reach
        assert stats.truncnorm.cdf(top, (low - truth) / se, (high - truth) / se, truth, se) == pytest.approx(
            share, abs=1e-7)


@pytest.mark.parametrize("k", [2, 5, 20])
@pytest.mark.parametrize("spread", [0, 1, 4])
def test_what_wins_is_flattered_and_the_corrected_is_not(k, spread):
    draws = np.random.RandomState(k + spread)
    truth, se = np.linspace(0, spread, k), np.linspace(.5, 2, k)[::-1]
    seen = truth + se * draws.normal(size=(20_000, k))
    order = np.argsort(-seen, axis=1)[:, :2]
    top, bar = np.take_along_axis(seen, order, axis=1).T
    first = order[:, 0]
    middle, low, high = hybrid(top, bar, se[first], k)
    assert np.mean(top - truth[first]) > .05
    assert np.mean(middle > truth[first]) == pytest.approx(.5, abs=.011)   # three standard errors of 20,000 draws
    assert np.mean((low <= truth[first]) & (truth[first] <= high)) >= .945


@pytest.mark.parametrize(("n", "share"), [(680, .04), (1000, .01), (300, .03)])
def test_shares_that_win_by_a_count_have_intervals_that_hold(n, share):
    counts = np.random.RandomState(n).binomial(n, share, (1000, 4))
    adjusted = (counts + .5) / (n + 1)
    found = [best(row / n, se, n=[n] * 4) for row, se in zip(counts, np.sqrt(adjusted * (1 - adjusted) / (n + 1)),
                                                             strict=True)]
    assert np.mean([one.low <= share <= one.high for one in found]) >= .94
    assert min(one.low for one in found) >= 0


def test_a_tie_has_the_simultaneous_interval():
    found = best([30 / 680, 30 / 680, 20 / 680, 20 / 680], [.0079] * 4, n=[680] * 4)
    reach = .0079 * stats.norm.ppf((1 + .995 ** .25) / 2)
    assert found.estimate == found.seen == 30 / 680
    assert [found.low, found.high] == pytest.approx([30 / 680 - reach, 30 / 680 + reach])


@given(st.lists(NUMBERS, min_size=2, max_size=6), st.floats(.1, 10), NUMBERS)
def test_the_lowest_is_the_mirror_and_a_shift_shifts(values, se, shift):
    found, mirrored = best(values, [se] * len(values)), best([-v for v in values], [se] * len(values), better="lower")
    assert (mirrored.place, mirrored.low, mirrored.high) == (found.place, -found.high, -found.low)
    moved = best([value + shift for value in values], [se] * len(values))
    if len({round(value + shift, 1) for value in values}) == len(values):   # no ties, which rounding may turn
        assert moved.estimate == pytest.approx(found.estimate + shift, abs=1e-6 * (1 + se))


@given(st.lists(NUMBERS, min_size=2, max_size=6), st.floats(.1, 10))
def test_the_corrected_is_never_above_what_was_seen_and_lies_in_its_interval(values, se):
    found = best(values, [se] * len(values))
    assert found.low <= found.estimate <= found.high
    assert found.estimate <= found.seen + 1e-9 and found.seen == max(values)
    assert found.place != found.next_best and values[found.place] >= values[found.next_best]


def test_numbers_that_cannot_be_compared_are_refused():
    for values, errors in (([1], [1]), ([1, np.nan], [1, 1]), ([1, 2], [1, 0]), ([1, 2], [1]), ([1, 2], [1, np.inf])):
        with pytest.raises(UsageError, match="standard error above 0"):
            best(values, errors)
    with pytest.raises(UsageError, match="confidence"):
        best([1, 2], [1, 1], confidence=95)
    with pytest.raises(UsageError, match="better"):
        best([1, 2], [1, 1], better="high")
