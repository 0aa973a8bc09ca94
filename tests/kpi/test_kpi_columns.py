"""Figures in columns roll up as they must: flows add, ratios are ratios of sums, and nothing is guessed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import NoColumn, UsageError
from engagelab.kpi.tree import Tree

TREE = Tree("""
profit  = sales * margin - cost [JPY]
sales   = visits * rate * basket [JPY]
visits  [person]
rate    [order/person]
basket  [JPY/order]
margin  [%]
cost    [JPY]
""")
ROLL = {"visits": "sum", "rate": "visits", "basket": "orders", "margin": "sales"}
NUMBER = st.floats(.5, 100)


@st.composite
def figures(draw):
    rows = draw(st.integers(2, 8))
    frame = pd.DataFrame({name: draw(st.lists(NUMBER, min_size=rows, max_size=rows))
                          for name in ("visits", "rate", "basket", "cost")})
    frame["margin"] = draw(st.lists(st.floats(.01, .99), min_size=rows, max_size=rows))
    frame["orders"] = frame["visits"] * frame["rate"]
    frame["sales"] = frame["orders"] * frame["basket"]
    frame["shop"] = draw(st.lists(st.sampled_from("ab"), min_size=rows, max_size=rows))
    frame["at"] = pd.to_datetime(draw(st.lists(st.sampled_from(["2026-01-05", "2026-02-05"]), min_size=rows,
                                               max_size=rows)))
    return frame


@given(figures())
@settings(max_examples=12)
def test_a_tree_of_rolled_up_leaves_is_the_roll_up_of_its_segments(frame):
    whole = TREE.evaluate(frame, roll_up=ROLL).frame.set_index("metric")["estimate"]
    assert whole["sales"] == pytest.approx(frame["sales"].sum())
    assert whole["profit"] == pytest.approx((frame["sales"] * frame["margin"] - frame["cost"]).sum())
    assert whole["rate"] == pytest.approx(frame["orders"].sum() / frame["visits"].sum())
    parts = TREE.evaluate(frame, by="shop", time="at", every="month", roll_up=ROLL).frame
    sums = parts[parts["metric"].isin(["profit", "sales", "cost"])].groupby("metric")["estimate"].sum()
    assert sums.to_dict() == pytest.approx(whole[sums.index].to_dict())


def one_row_a_shop():
    return pd.DataFrame({"shop": ["a", "b"], "visits": [100.0, 300], "rate": [.2, .1], "basket": [30.0, 50],
                         "margin": [.3, .4], "cost": [10.0, 20]})


def test_one_row_a_cell_needs_no_weights():
    found = TREE.evaluate(one_row_a_shop(), by="shop").frame.set_index(["metric", "shop"])["estimate"]
    assert found["sales", "a"] == pytest.approx(600) and found["profit", "b"] == pytest.approx(1500 * .4 - 20)


@pytest.mark.parametrize("leaf", ["rate", "basket", "margin"])
def test_a_share_without_its_weight_is_refused(leaf):
    weighted = {name: "visits" for name in ("rate", "basket", "margin") if name != leaf}
    with pytest.raises(UsageError, match=f"{leaf} is a share or a level"):
        TREE.evaluate(one_row_a_shop(), roll_up=weighted)


def test_what_may_be_a_stock_or_a_flow_is_asked_over_time():
    frame = one_row_a_shop().assign(at=pd.to_datetime(["2026-01-05", "2026-02-05"]))
    weights = {"rate": "visits", "basket": "visits", "margin": "visits"}
    with pytest.raises(UsageError, match="visits may be a stock or a flow"):
        TREE.evaluate(frame, time="at", every="year", roll_up=weights)
    found = {way: TREE.evaluate(frame, time="at", every="year", roll_up={**weights, "visits": way}).frame.set_index(
        "metric")["estimate"] for way in ("sum", "mean")}
    assert found["sum"]["visits"] == 400 and found["mean"]["visits"] == 200 and found["sum"]["cost"] == 30


def test_a_figure_that_is_missing_is_told_and_not_added_as_nothing():
    frame = one_row_a_shop()
    frame.loc[1, "cost"] = np.nan
    found = TREE.evaluate(frame, roll_up={**ROLL, "basket": "visits", "margin": "visits"}).frame.set_index("metric")
    assert found.loc[["cost", "profit"], "estimate"].isna().all() and found.loc["sales", "estimate"] > 0
    assert found.loc["cost", "n_missing"] == 1 and "missing" in found.loc["cost", "flag"]


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(NoColumn, match="basket"):
        TREE.evaluate(one_row_a_shop().drop(columns="basket"))
    with pytest.raises(NoColumn, match="visit"):
        TREE.evaluate(one_row_a_shop(), roll_up={"rate": "visit", "basket": "visits", "margin": "visits"})
