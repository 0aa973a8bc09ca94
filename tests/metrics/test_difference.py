"""A change has an interval of its own; the figures are those of Newcombe (1998) and of simulation."""

import numpy as np
import pandas as pd
import pytest

from engagelab.errors import DataError
from engagelab.metrics.difference import difference
from engagelab.metrics.intervals import difference_interval, wilson


def measured(**values):
    """A frame as `measure` returns it, a row a period."""
    frame = pd.DataFrame({"metric": "csat", "count": np.nan, "n": 100, "n_eff": 100.0, "n_missing": 0, "method": "m",
                          "flag": "", "se": 0.05, **values})
    frame["n_eff"] = frame["n"].astype(float)
    columns = [*(name for name in frame if name in ("metric", "channel", "quarter")), "estimate", "low", "high", "se",
               "count", "n", "n_eff", "n_missing", "method", "flag"]
    return frame[columns]


def test_the_difference_of_two_rates_is_the_published_one():
    # Newcombe 1998, Statistics in Medicine 17:873, Table II (a), method 10: 56/70 - 48/80
    (low1, high1), (low2, high2) = wilson(48, 80), wilson(56, 70)
    found = difference_interval(48 / 80, low1, high1, 56 / 70, low2, high2)
    assert [float(np.ravel(value)[0]) for value in found] == pytest.approx([.2, .0524, .3339], abs=5e-5)


def test_intervals_that_miss_nothing_in_the_long_run():
    generator = np.random.default_rng(20261121)
    before, after = generator.binomial(60, .2, 20_000), generator.binomial(40, .35, 20_000)
    (low1, high1), (low2, high2) = wilson(before, np.full(20_000, 60)), wilson(after, np.full(20_000, 40))
    _, low, high = difference_interval(before / 60, low1, high1, after / 40, low2, high2)
    assert .94 < np.mean((low <= .15) & (high >= .15)) < .965


def test_the_last_two_periods_are_compared_unless_others_are_named():
    frame = measured(quarter=["Q1", "Q2", "Q3"], estimate=[.1, .2, .4], low=[.05, .1, .3], high=[.2, .3, .5])
    assert difference(frame, over="quarter")["difference"].item() == pytest.approx(.2)
    assert difference(frame, over="quarter", before="Q1", after="Q3")["difference"].item() == pytest.approx(.3)


def test_a_side_that_is_hidden_or_was_never_observed_leaves_a_flagged_gap():
    frame = measured(channel=["a", "a", "b", "c", "c"], quarter=["Q1", "Q2", "Q2", "Q1", "Q2"],
                     estimate=[.1, .2, .3, np.nan, .5], low=[0, .1, .2, np.nan, .4], high=[.2, .3, .4, np.nan, .6],
                     flag=["", "", "", "hidden", ""])
    found = difference(frame, over="quarter").set_index("channel")
    assert found["difference"].isna().tolist() == [False, True, True]
    assert found["flag"].tolist() == ["", "only one side was observed", "hidden"]


def test_one_period_alone_cannot_be_compared():
    frame = measured(quarter=["Q1"], estimate=[.1], low=[0], high=[.2])
    with pytest.raises(DataError, match="quarter does not have two values to compare; it has 'Q1'"):
        difference(frame, over="quarter")
    assert difference(frame, over="quarter", before="Q3", after="Q4").empty
