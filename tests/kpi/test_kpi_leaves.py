"""Whatever a leaf is given as, it becomes a value with its place in one joint distribution."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engagelab as el
from engagelab.errors import DataError, UsageError
from engagelab.kpi.formula import parse
from engagelab.kpi.leaves import LEAST_DRAWS, Window, cells_of, checked, jointly, paired, sampled
from engagelab.kpi.totals import rows

TREE = parse("total = a * b + c")
RANDOM = np.random.RandomState(0)
DRAWS = RANDOM.normal(5, 1, 400)


def inputs(**leaves):
    return cells_of(TREE, {"a": 1, "b": 2.5, "c": np.int64(3), **leaves}, Window())[()]


def test_numbers_errors_intervals_and_draws_become_values_with_variances():
    found = inputs(a=(10, 2), b=(4, 3, 6), c=DRAWS)
    assert found.value.tolist() == pytest.approx([10, 4, DRAWS.mean()])
    assert np.diag(found.cov) == pytest.approx([4, (3 / 2 / 1.959964) ** 2, DRAWS.var(ddof=1)])
    assert found.sides == {1: pytest.approx((1 / 1.959964, 2 / 1.959964))} and found.draws[2] is not None
    assert inputs().value.tolist() == [1, 2.5, 3] and not inputs().known and found.known


def test_draws_of_one_model_keep_what_they_have_in_common():
    one = RANDOM.normal(0, 1, 5000)
    other = one + RANDOM.normal(0, 1, 5000)
    found = inputs(a=one, b=other)
    assert found.cov[:2, :2] == pytest.approx(np.cov(one, other))
    made = sampled(found.value, found.cov, 20_000, 1, sides=found.sides, given=found.draws)
    assert np.corrcoef(made[:2])[0, 1] == pytest.approx(np.corrcoef(one, other)[0, 1], abs=.03)


@pytest.mark.parametrize("told", ["ten", None, float("nan"), float("inf"), True, (1,), (1, 2, 3, 4), (1, "x"), (),
                                  {"x": 1}.keys(), (None, None), ("x",), object(), (float("nan"),), np.array("x")])
def test_what_is_no_value_is_named_with_its_leaf(told):
    with pytest.raises(UsageError, match=r"^b(: draws| takes)"):
        inputs(b=told)


@pytest.mark.parametrize(("told", "said"), [((1, -1), "standard error"), ((1, 2, 3), "estimate inside"),
                                            ((1, 0, .5), "estimate inside"), ([1.0] * 5, "at least 100"),
                                            (np.ones((200, 2)), "draws are"), (np.full(200, np.nan), "finite")])
def test_errors_intervals_and_draws_that_cannot_be_are_refused(told, said):
    with pytest.raises(UsageError, match=said):
        inputs(a=told)


def test_draws_of_one_call_are_equally_many():
    with pytest.raises(UsageError, match="400, 500"):
        inputs(a=DRAWS, b=np.ones(500))


def test_names_are_checked_both_ways():
    with pytest.raises(UsageError, match="no leaf d"):
        inputs(d=1)
    with pytest.raises(UsageError, match="defined by the tree"):
        inputs(total=1)
    with pytest.raises(UsageError, match="no value is given for b, c"):
        cells_of(TREE, {"a": 1}, Window())


@given(st.integers(2, 5), st.integers(0, 99))
def test_draws_have_the_means_errors_and_correlations_that_were_told(size, seed):
    random = np.random.RandomState(seed)
    root = random.normal(size=(size, size))
    cov, value = root @ root.T, random.normal(0, 9, size)
    made = sampled(value, cov, 20_000, seed, sides={}, given={})
    spread = np.sqrt(np.diag(cov))
    assert made.mean(axis=1) == pytest.approx(value, abs=5 * spread.max() / np.sqrt(20_000))
    assert np.cov(made) / np.outer(spread, spread) == pytest.approx(cov / np.outer(spread, spread), abs=.06)


def test_an_interval_that_is_not_symmetric_has_its_own_two_halves():
    made = sampled(np.array([10.0]), np.array([[2.0]]), 100_000, 0, sides={0: (1.0, 3.0)}, given={})[0]
    low, middle, high = np.quantile(made, [.025, .5, .975])
    assert [low, middle, high] == pytest.approx([10 - 1.96, 10, 10 + 3 * 1.96], abs=.1)


def test_two_numbers_that_are_one_are_drawn_as_one():
    cov = np.array([[4.0, 4, 0], [4, 4, 0], [0, 0, 1]])
    made = sampled(np.array([1.0, 1.0, 5.0]), cov, 1000, 0, sides={}, given={})
    assert made[0] == pytest.approx(made[1], abs=1e-12) and np.std(made[0]) == pytest.approx(2, rel=.1)


@pytest.mark.parametrize("draws", [0, 99, 1000.0, True, -5, "many", LEAST_DRAWS - 1])
def test_too_few_draws_or_none_are_refused(draws):
    with pytest.raises(UsageError, match="at least 100"):
        sampled(np.ones(1), np.ones((1, 1)), draws, 0, sides={}, given={})


def test_the_same_seed_draws_the_same_and_another_does_not():
    how = {"sides": {}, "given": {0: DRAWS}}
    one, same, other = (sampled(np.ones(2), np.eye(2), 900, seed, **how) for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()


def test_a_leaf_may_be_told_by_cells_and_is_missing_where_it_was_not():
    data = pd.DataFrame({"shop": list("aabbc"), "x": [1.0, 3, 5, 6, 2]})
    leaves = {"a": (el.mean("x"), data), "b": {"a": 2, "b": (3, .5)}, "c": 1}
    found = cells_of(TREE, leaves, Window(by=("shop",)))
    assert list(found) == [("a",), ("b",), ("c",)]
    assert [cell.value[1] for cell in found.values()][:2] == [2, 3] and np.isnan(found["c",].value[1])
    assert found["c",].flags[1] == "not measured here" and found["b",].cov[1, 1] == .25


def test_what_two_ends_share_is_the_same_estimate_and_nothing_else():
    one, other = inputs(a=(10, 2), b=(4, 1), c=(7, 1)), inputs(a=(10, 2), b=(5, 1), c=(7, 2))
    assert jointly(one, other)[:3, 3:].tolist() == [[4, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_pairs_are_told_as_frames_with_one_metric():
    one, other = (pd.DataFrame({"user": list("abc"), "x": [1.0, 2, seed]}) for seed in (3, 4))
    before, after = ({"a": (el.mean("x"), table), "b": 1, "c": 1} for table in (one, other))
    ends = paired(TREE, before, after, "user")
    assert jointly(*ends)[0, 3] > 0
    with pytest.raises(UsageError, match="another metric"):
        paired(TREE, before, {**after, "a": (rows(), other)}, "user")
    with pytest.raises(UsageError, match="pairs two frames"):
        paired(TREE, before, {**after, "a": (el.mean("x"), "other.parquet")}, "user")


@pytest.mark.parametrize("text", ["total = a / b + c", "total = a * (1 / b) + c"])
def test_a_divisor_of_zero_is_named(text):
    structure = parse(text)
    from engagelab.kpi.engine import forward
    with pytest.raises(DataError, match="b, which is 0"):
        checked(structure, forward(structure.program, [1.0, 0.0, 2.0]))
