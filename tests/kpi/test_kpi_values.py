"""What every node comes to, by segment and period, with the interval that its leaves give it."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab.errors import DataError, UsageError
from engagelab.kpi.totals import total
from engagelab.kpi.tree import Tree
from engagelab.kpi.values import errors, gradients

TREE = Tree("ltv = arpu * margin / churn [JPY]")


def test_the_interval_of_a_quotient_is_that_of_the_delta_method_by_hand():
    frame = TREE.evaluate({"arpu": (980, 5), "margin": .6, "churn": (.03, .001)}).frame.set_index("metric")
    ltv = 980 * .6 / .03
    se = ltv * np.hypot(5 / 980, .001 / .03)
    row = frame.loc["ltv"]
    assert row[["estimate", "se"]].tolist() == pytest.approx([ltv, se])
    assert row[["low", "high"]].tolist() == pytest.approx([ltv - 1.959964 * se, ltv + 1.959964 * se])
    assert frame.loc["margin", "se"] == 0 and np.isnan(frame.loc["margin", "low"])
    assert row["method"] == "arpu * margin / churn, delta method"


def test_the_columns_are_those_of_a_measure_in_their_order():
    assert TREE.evaluate({"arpu": 1, "margin": 1, "churn": 1}).frame.columns.tolist() == [
        "metric", "estimate", "low", "high", "se", "n", "n_missing", "method", "flag"]


def test_draws_give_an_interval_that_need_not_be_symmetric():
    draws = np.exp(np.random.RandomState(0).normal(0, .5, 5000))
    row = TREE.evaluate({"arpu": draws, "margin": 1, "churn": 1}).frame.iloc[0]
    assert row[["low", "high"]].tolist() == pytest.approx([np.exp(-.98), np.exp(.98)], rel=.05)
    assert row["high"] - row["estimate"] > 1.5 * (row["estimate"] - row["low"])


def test_cells_are_taken_by_their_labels_and_one_at_a_time():
    data = pd.DataFrame({"shop": list("aabb"), "at": pd.to_datetime(["2026-01-05", "2026-02-05"] * 2),
                         "x": [1.0, 2, 3, 4]})
    found = Tree("twice = x * 2").evaluate({"x": (total("x"), data)}, by="shop", time="at", every="month")
    assert found["a", "2026-02"].frame["estimate"].tolist() == [4, 2] and found["a", "2026-02"].name == "a 2026-02"
    with pytest.raises(UsageError, match="did you mean 'a 2026-01'"):
        found["a", "2026-1"]
    with pytest.raises(UsageError, match="4 periods or segments"):
        _ = found.inputs
    assert found.table().shape == (8, 6) and "twice" in repr(found) and "<table" in found._repr_html_()


def test_a_hidden_leaf_hides_what_is_made_of_it_and_nothing_else():
    data = pd.DataFrame({"answer": [9, 10, 3], "spend": [3.0, 4, 6]})
    tree = Tree("all = promise + money\npromise = loyal * 2\nmoney = spend * 3")
    frame = tree.evaluate({"loyal": (el.nps("answer"), data), "spend": (el.mean("spend"), data)}).frame.set_index(
        "metric")
    assert frame.loc[["all", "promise", "loyal"], ["estimate", "low", "se"]].isna().all(axis=None)
    assert frame.loc[["money", "spend"], ["estimate", "low", "se"]].notna().all(axis=None)
    assert frame.loc["loyal", "flag"] == "hidden: fewer than 5 respondents"


def test_a_divisor_of_zero_is_refused_by_name():
    with pytest.raises(DataError, match="ltv divides by churn, which is 0"):
        TREE.evaluate({"arpu": 1, "margin": 1, "churn": 0})


def test_gradients_are_those_of_small_steps():
    at = np.array([3.0, -2.0, 1e6])
    found = gradients(lambda x: [x[0] * x[1] / x[2], x[2] - x[0], 7.0], at)
    assert np.array(found) == pytest.approx(np.array([
        [at[1] / at[2], at[0] / at[2], -at[0] * at[1] / at[2] ** 2], [-1, 0, 1], [0, 0, 0]]), rel=1e-12)


def test_errors_that_cancel_leave_none_and_unknown_ones_stay_unknown():
    cov = np.array([[4.0, 4, 0], [4, 4, 0], [0, 0, np.nan]])
    assert errors(np.array([[1.0, -1, 0], [1, 1, 0], [1, 0, 1]]), cov).tolist() == pytest.approx(
        [0, 4, np.nan], nan_ok=True)
