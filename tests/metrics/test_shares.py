"""Counts as answers, against statsmodels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from engagelab.errors import UsageError
from engagelab.metrics.shares import TAIL, numbers, shares


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)).map(sorted), min_size=1, max_size=20),
       st.sampled_from([.8, .95, .99]))
def test_a_share_has_the_wilson_interval_of_statsmodels(pairs, confidence):
    count, n = np.array(pairs).T
    answer = shares(pd.DataFrame({"metric": "kept", "count": count, "n": np.maximum(n, 1)}), confidence=confidence)
    low, high = proportion_confint(count, np.maximum(n, 1), alpha=1 - confidence, method="wilson")
    np.testing.assert_allclose(answer["low"], low, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(answer["high"], high, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(answer["estimate"], count / np.maximum(n, 1))
    share = answer["estimate"]
    np.testing.assert_allclose(answer["se"] ** 2 * np.maximum(n, 1), share * (1 - share), atol=1e-12)


def test_what_was_not_observed_is_missing_and_what_nobody_could_is_flagged():
    table = pd.DataFrame({"metric": "kept", "plan": ["a", "b", "c"], "count": [np.nan, 0, 2], "n": [np.nan, 0, 4],
                          "n_missing": [0, 3, 1], "flag": ["period not complete", None, ""]})
    answer = shares(table)
    assert list(answer.columns) == ["metric", "plan", *TAIL]
    assert answer["estimate"].isna().tolist() == [True, True, False]
    assert answer["flag"].tolist() == ["period not complete", "no known value", ""]
    assert answer["n"].isna().tolist() == [True, False, False] and answer["n_missing"].tolist() == [0, 3, 1]
    assert answer[["low", "high", "se"]].isna().all(axis="columns").tolist() == [True, True, False]


def test_a_plain_count_has_no_interval():
    table = pd.DataFrame({"metric": ["users", "users"], "estimate": [3, np.nan], "n": [3, np.nan]}, index=[7, 7])
    answer = numbers(table)
    assert answer["count"].tolist()[0] == 3.0 and answer[["low", "high", "se"]].isna().all(axis=None)
    assert answer["n"].isna().tolist() == [False, True] and answer.index.tolist() == [0, 1]


@pytest.mark.parametrize("confidence", [0, 1, 95, "high", None])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(UsageError, match="confidence must lie between 0 and 1"):
        shares(pd.DataFrame({"metric": ["kept"], "count": [1], "n": [2]}), confidence=confidence)
