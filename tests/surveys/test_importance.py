"""Shares of R squared beside published ones, beside every order of the drivers in statsmodels, and as properties."""

import json
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.surveys import importance

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parent.parent / "reference" / "surveys_drivers.json").read_text("utf-8"))}


def table(name):
    """The drivers' columns, the outcome's, and what is expected."""
    case = CASES[name]
    inputs, rows = case["inputs"], np.array(case["inputs"]["rows"])
    drivers, outcome = [rows[:, inputs["columns"].index(column)] for column in inputs["x"]], inputs["y"]
    return np.column_stack(drivers), rows[:, inputs["columns"].index(outcome)], case


def correlations(drivers, outcome):
    return np.corrcoef(np.column_stack([drivers, outcome]).T)


def made(seed, drivers, matrices=None):
    """Correlation matrices of made-up answers."""
    random = np.random.RandomState(seed)
    mixed = random.normal(size=(*([matrices] if matrices else []), 3 * drivers + 3, drivers + 1))
    mixed = mixed @ (np.eye(drivers + 1) + random.normal(size=(drivers + 1, drivers + 1)))
    mixed = mixed - mixed.mean(axis=-2, keepdims=True)
    cross = np.swapaxes(mixed, -1, -2) @ mixed
    size = np.sqrt(np.diagonal(cross, axis1=-2, axis2=-1))
    return cross / size[..., :, None] / size[..., None, :]


def r_squared(matrix):
    return matrix[:-1, -1] @ np.linalg.solve(matrix[:-1, :-1], matrix[:-1, -1])


def test_shapley_gives_the_shares_that_relaimpo_prints_for_swiss():
    drivers, outcome, case = table("lmg_swiss")
    found = importance.shapley(correlations(drivers, outcome))
    assert found == pytest.approx(list(case["expected"]["lmg"].values()), abs=case["tolerance"])
    assert found.sum() == pytest.approx(case["expected"]["r2"], abs=1e-6)


def test_johnson_gives_the_weights_that_rwa_prints_for_mtcars():
    drivers, outcome, case = table("johnson_rw_mtcars")
    found = importance.johnson(correlations(drivers, outcome))
    assert found == pytest.approx(case["expected"]["raw"], abs=case["tolerance"]["raw"])
    assert 100 * found / found.sum() == pytest.approx(case["expected"]["rescaled"], abs=case["tolerance"]["rescaled"])


def test_shapley_is_the_mean_increase_over_every_order_of_the_drivers_fitted_by_statsmodels():
    drivers, outcome, _ = table("lmg_swiss")
    explained = {chosen: sm.OLS(outcome, sm.add_constant(drivers[:, list(chosen)])).fit().rsquared if chosen else 0
                 for chosen in {frozenset(order[:size]) for order in permutations(range(5)) for size in range(6)}}
    gains = np.zeros(5)
    for order in permutations(range(5)):
        for before, after in pairwise(frozenset(order[:size]) for size in range(6)):
            gains[next(iter(after - before))] += explained[after] - explained[before]
    assert importance.shapley(correlations(drivers, outcome)) == pytest.approx(gains / 120, abs=1e-12)


@given(seed=st.integers(0, 10_000), drivers=st.integers(2, 8))
@settings(max_examples=40, deadline=None)
def test_shares_sum_to_r_squared_and_the_order_of_the_drivers_changes_nothing(seed, drivers):
    matrix = made(seed, drivers)
    order = np.random.RandomState(seed).permutation(drivers)
    turned = matrix[np.ix_([*order, drivers], [*order, drivers])]
    for way in (importance.shapley, importance.johnson):
        assert way(matrix).sum() == pytest.approx(r_squared(matrix), abs=1e-8)
        assert way(turned) == pytest.approx(way(matrix)[order], abs=1e-8)
        assert (way(matrix) >= -1e-12).all()


@pytest.mark.parametrize("way", [importance.shapley, importance.johnson])
def test_many_matrices_at_once_give_what_each_gives_alone(way, monkeypatch):
    many = made(5, 6, matrices=7)
    monkeypatch.setattr(importance, "CELLS", 128)   # two at a time
    assert way(many) == pytest.approx(np.array([way(one) for one in many]), abs=1e-12)


def test_independent_drivers_have_their_squared_correlations():
    matrix = np.eye(4)
    matrix[:3, 3] = matrix[3, :3] = [.6, -.3, .1]
    for way in (importance.shapley, importance.johnson):
        assert way(matrix) == pytest.approx([.36, .09, .01])


def test_two_drivers_that_are_one_share_evenly_what_it_explains():
    matrix = np.array([[1, 1, .3, .6], [1, 1, .3, .6], [.3, .3, 1, .5], [.6, .6, .5, 1]])
    once = importance.shapley(matrix[1:, 1:])
    found = importance.shapley(matrix)
    assert found[0] == pytest.approx(found[1])
    assert found.sum() == pytest.approx(once.sum()) == pytest.approx(r_squared(matrix[1:, 1:]))
    assert importance.johnson(matrix).sum() == pytest.approx(once.sum())


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_sums_of_products_give_the_weighted_correlations_and_means_of_the_rows(seed):
    random = np.random.RandomState(seed)
    values, weights = random.normal(2, 3, (30, 4)), random.uniform(.2, 5, 30)
    found, means = importance.correlated(importance.products(values, weights).sum(axis=0), 4)
    spread = np.cov(values.T, aweights=weights)
    size = np.sqrt(np.diag(spread))
    assert found == pytest.approx(spread / np.outer(size, size), abs=1e-9)
    assert means == pytest.approx(np.average(values, axis=0, weights=weights))


def test_a_column_that_does_not_vary_correlates_with_nothing():
    values = np.column_stack([np.full(5, 3.0), np.arange(5.0)])
    found, _ = importance.correlated(importance.products(values, np.ones(5)).sum(axis=0), 2)
    assert found.tolist() == [[1, 0], [0, 1]]


def test_the_draws_are_the_same_however_many_are_made_at_once_and_each_holds_as_many_rows(monkeypatch):
    rows = importance.products(np.random.RandomState(1).normal(size=(50, 2)), np.ones(50))
    at_once = np.concatenate(list(importance.resampled(rows, 40, 9)))
    monkeypatch.setattr(importance, "CELLS", 350)
    assert np.concatenate(list(importance.resampled(rows, 40, 9))) == pytest.approx(at_once)
    assert at_once.shape == (40, rows.shape[1])
    assert (at_once[:, 0] == 50).all()
    assert np.unique(at_once[:, 1]).size == 40
