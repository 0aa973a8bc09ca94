"""Signals as columns, folds, and chances that have not seen their row."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics.logistic import expit
from engagelab.segments.logistic import by_user, checked, cross_fitted, design, folds_of, outcomes, platt, signal


def of(values):
    return signal(pd.DataFrame({"x": values}), "x")


def test_a_column_is_read_as_what_it_holds():
    assert of([True, False, None]).kind == of(pd.array([1, 0, None], dtype="Int64")).kind == "yes"
    assert of([1, 2, 3, 4]).kind == of([-50, 1, 2, 3]).kind == "number"
    assert of([0, 1, 1, 2, 60]).kind == of([Decimal(x) for x in (0, 1, 2, 60)]).kind == "log"
    assert of(["a", "b"] * 10).kind == "category"
    with pytest.raises(UsageError, match="holds times"):
        of(pd.to_datetime(["2026-01-01", "2026-01-02"]))


def test_rare_levels_and_levels_never_seen_are_one_and_the_language_changes_nothing():
    values = ["web"] * 60 + ["fair"] * 30 + ["x", "y", None]
    found = of(values)
    assert found.levels == ("web", "fair", "(other)")
    rows = pd.DataFrame({"x": ["web", "fair", "x", "never seen", None]})
    expected = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert found.columns(rows).tolist() == expected
    with words.speaking("ja"):
        assert found.columns(rows).tolist() == expected
        assert found.told(rows)[2:] == ["（その他）", "（その他）", "（不明）"]


def test_a_gap_is_the_mean_and_has_a_column_of_its_own():
    made, same = design(pd.DataFrame({"x": [1.0, 2.0, None, 3.0] * 10}), ["x"])
    raw = made.signals[0].columns(pd.DataFrame({"x": [None, 2.0]}))
    assert raw.tolist() == [[2, 1], [2, 0]] and same == []


def test_columns_are_in_standard_deviations_of_the_learned_rows():
    rows = pd.DataFrame({"a": [1.0, 5.0, 9.0], "b": ["u", "v", "u"], "c": [0, 1, 1], "d": [7, 7, 7]})
    rows = pd.concat([rows] * 10, ignore_index=True)
    made, same = design(rows, list("acd"))
    matrix = made.matrix(rows)
    assert matrix[:, 1:].mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert matrix[:, 1:].std(axis=0) == pytest.approx([1, 2 * np.sqrt(2) / 3])   # a mark in halves
    assert same == ["d"] and made.owner.tolist() == [0, 1]
    with pytest.raises(DataError, match="no signal varies"):
        design(rows, ["d"])
    huge = design(rows.assign(a=rows["a"] * 1e300), ["a"])[0]
    assert huge.matrix(rows.assign(a=rows["a"] * 1e300))[:, 1] == pytest.approx(matrix[:, 1])


def test_a_count_below_nought_in_new_rows_is_refused_where_a_logarithm_was_learned():
    made, _ = design(pd.DataFrame({"views": [0, 1, 1, 2, 60] * 5}), ["views"])
    with pytest.raises(DataError, match="row 2: -3"):
        made.matrix(pd.DataFrame({"views": [1, -3]}))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.booleans(), min_size=10, max_size=80), st.integers(3, 10), st.integers(0, 99), st.randoms())
def test_folds_are_even_within_each_outcome_and_do_not_depend_on_the_order_of_rows(did, folds, seed, random):
    users, ends = pd.Series([f"u{i}" for i in range(len(did))]), np.array(did, dtype=float)
    found = folds_of(users, ends, folds, seed)
    for kind in (0, 1):
        sizes = np.bincount(found[ends == kind], minlength=folds)
        assert sizes.max() - sizes.min() <= 1
    order = list(range(len(did)))
    random.shuffle(order)
    again = folds_of(users.iloc[order].reset_index(drop=True), ends[order], folds, seed)
    assert again.tolist() == found[order].tolist()


def test_rows_of_one_user_are_in_one_fold_and_the_seed_moves_folds():
    users = pd.Series([f"u{i}" for i in range(30)] * 2)
    found = folds_of(users, np.tile([0.0, 1.0], 30), 5, 0)
    assert (found[:30] == found[30:]).all()
    assert (found != folds_of(users, np.tile([0.0, 1.0], 30), 5, 1)).any()


def test_too_few_users_are_refused_whatever_their_rows():
    with pytest.raises(DataError, match="3 different"):
        folds_of(pd.Series(["a", "b", "c"] * 20), np.tile([0.0, 1.0], 30), 10, 0)


def rows(n, seed, beta):
    random = np.random.RandomState(seed)
    signals = random.normal(size=(n, len(beta)))
    did = (random.uniform(size=n) < expit(signals @ beta - .5)).astype(float)
    return np.column_stack([np.ones(n), signals]), did, np.arange(n) % 5


def test_the_chance_of_a_row_does_not_know_how_the_row_ended():
    """Turned round, an outcome moves the chances of other folds and not that of its own."""
    matrix, did, fold = rows(200, 3, [1.0, -1.0])
    first, turned = cross_fitted(matrix, did, fold).chance, did.copy()
    turned[fold == 2] = 1 - turned[fold == 2]
    again = cross_fitted(matrix, turned, fold).chance
    assert again[fold == 2] == pytest.approx(first[fold == 2], abs=1e-9)
    assert np.abs(again[fold != 2] - first[fold != 2]).max() > .01


def test_of_noise_nothing_is_learned():
    spread = [cross_fitted(*rows(300, seed, np.zeros(8))).chance.std() for seed in range(5)]
    assert np.mean(spread) < .04


def test_the_interval_of_a_chance_holds_the_true_one():
    beta, hits = np.array([.8, -.5, .4]), []
    for seed in range(40):
        matrix, did, fold = rows(500, seed, beta)
        new = np.column_stack([np.ones(50), np.random.RandomState(seed + 500).normal(size=(50, 3))])
        _, low, high = cross_fitted(matrix, did, fold).chances(new, 1.96)
        truth = expit(new[:, 1:] @ beta - .5)
        hits.append(((low <= truth) & (truth <= high)).mean())
    assert .91 < np.mean(hits) < .99


def test_scores_that_say_the_reverse_say_nothing():
    fit = platt(np.array([-1.0, -2.0, 1.0, 2.0] * 5), np.array([1, 1, 0, 0] * 5))
    assert fit.coefficients[1] == 0 and fit.coefficients[0] == pytest.approx(0)


def test_arguments_that_do_not_go_together_are_refused():
    with pytest.raises(UsageError, match="cannot be a signal"):
        checked(["won"], "user_id", "won", [], 10, 0)
    with pytest.raises(UsageError, match="of its own"):
        checked(["x"], "chance", "won", ["chance"], 10, 0)
    for folds, seed in ((2, 0), (True, 0), (10, -1), (10, 1.5)):
        with pytest.raises(UsageError, match="whole number"):
            checked(["x"], "user_id", "won", [], folds, seed)


def test_too_few_of_either_outcome_and_users_without_a_number_are_refused():
    with pytest.raises(DataError, match="only 3 outcomes are true"):
        outcomes(pd.DataFrame({"won": [1] * 3 + [0] * 50}), "won")
    with pytest.raises(DataError, match="only 9 outcomes are false"):
        outcomes(pd.DataFrame({"won": [1] * 50 + [0] * 9}), "won")
    with pytest.raises(DataError, match="row 2"):
        by_user(pd.DataFrame({"user_id": ["a", None]}), "user_id")
