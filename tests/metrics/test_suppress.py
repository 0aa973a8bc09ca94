"""Small cells of a finished table: hidden in place, and not to be had from the others."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engagelab.metrics.suppress import suppressed


def table(cells, by):
    rows = pd.DataFrame(cells, columns=[*by, "n"])
    rows = rows.assign(metric="share", estimate=.5, count=1., low=.1, high=.9, flag="")
    return rows[["metric", *by, "estimate", "low", "high", "count", "n", "flag"]]


def test_the_cells_keep_their_places_and_say_why_they_are_empty():
    found = suppressed(table([("a", 4), ("b", 9), ("c", 30), ("(all)", 43)], ["team"]), ["team"])
    assert found["flag"].tolist() == [
        "hidden: fewer than 5 respondents", "hidden: would give away a smaller cell", "", ""]
    assert found[["estimate", "low", "high", "count", "n"]].isna().all(axis=1).tolist() == [True, True, False, False]


def test_two_attributes_crossed_need_ten_and_a_period_is_none():
    cells = [("a", "x", 9), ("a", "y", 12), ("b", "x", 15)]
    crossed = suppressed(table(cells, ["team", "age"]), ["team", "age"])
    assert crossed["flag"].ne("").tolist() == [True, False, False] and "10 respondents" in crossed["flag"][0]
    waves = suppressed(table(cells, ["team", "wave"]), ["team"], period="wave")
    assert waves["flag"].eq("").all()


def test_each_metric_is_a_table_of_its_own_and_more_columns_can_be_emptied():
    both = pd.concat([table([("a", 3), ("b", 9)], ["team"]),
                      table([("a", 6), ("b", 9)], ["team"]).assign(metric="other")])
    found = suppressed(both.assign(mean=1.), ["team"], also=["mean"])
    assert found["mean"].isna().tolist() == [True, False, False, False]
    assert suppressed(both, ["team"], min_n=0)["flag"].eq("").all()


def test_a_group_may_be_called_as_anything_that_is_used_here():
    for name in ("same", "kind_0", "users"):
        found = suppressed(table([("True", 6), ("b", 9)], [name]), [name])
        assert found["estimate"].tolist() == [.5, .5]


def test_means_of_equal_values_are_masked_where_it_is_told():
    found = suppressed(table([("a", 6), ("b", 9)], ["team"]), ["team"], same=pd.Series([True, False]))
    assert found["flag"].tolist() == ["masked: all have the same value", ""]


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=9))
def test_no_hidden_part_is_left_alone_beside_its_total(sizes):
    cells = [(f"t{i}", size) for i, size in enumerate(sizes)] + [("(all)", sum(sizes))]
    found = suppressed(table(cells, ["team"]), ["team"])
    hidden = [size for size, flag in zip(sizes, found["flag"], strict=False) if flag]
    shown_total = found["flag"].iloc[-1] == ""
    assert all(size == 0 or size >= 5 for size, flag in zip(sizes, found["flag"], strict=False) if not flag)
    if hidden and shown_total:
        assert len(hidden) > 1 and sum(hidden) >= 5
    assert np.isnan(found["n"].to_numpy(dtype=float, na_value=np.nan)[found["flag"].ne("")]).all()
