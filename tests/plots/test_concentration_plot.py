"""Value concentration: shares of the best, by hand; negative values; groups."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import concentration

mpl.use("Agg")


def curve(ax, number=1):
    return ax.lines[number].get_xdata(), ax.lines[number].get_ydata()


def said(ax):
    return [text.get_text() for text in ax.texts]


def test_shares_of_the_best_by_hand():
    ax = concentration(pd.DataFrame({"estimate": [0, 5, 50, 30, 0, 10, 0, 5, 0, 0.0]}), title="Value")
    across, up = curve(ax)
    assert across == pytest.approx(np.arange(11) / 10)
    assert up == pytest.approx([0, .5, .8, .9, .95, 1, 1, 1, 1, 1, 1])
    assert said(ax) == ["10% bring 50.0%", "20% bring 80.0%", "50% bring 100.0%"]
    assert [list(ends) for ends in curve(ax, 0)] == [[0, 1], [0, 1]]
    with words.speaking("ja"):
        assert "上位10%" in said(concentration(pd.DataFrame({"estimate": [1.0, 2]})))[0]


def test_where_some_cost_more_than_they_bring_the_line_rises_above_all_and_comes_down():
    across, up = curve(concentration(pd.DataFrame({"estimate": [100.0, 50, -20, -30]})))
    assert up == pytest.approx([0, 1, 1.5, 1.3, 1.0])
    assert (across[0], across[-1]) == (0, 1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda values: sum(values) > 1e-3))
def test_the_line_lies_on_or_above_the_diagonal_and_bends_one_way(values):
    ax = concentration(pd.DataFrame({"estimate": values}))
    across, up = curve(ax)
    assert (up >= across - 1e-9).all() and up[-1] == pytest.approx(1)
    assert (np.diff(up, 2) <= 1e-9).all()
    mpl.pyplot.close(ax.figure)


def test_groups_are_lines_of_their_own_and_missing_values_are_counted():
    table = pd.DataFrame({"value": [3, 1, 1, 1, None], "channel": list("aabbb")})
    ax = concentration(table, value="value", hue="channel")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert curve(ax, 3)[1] == pytest.approx([0, .5, 1]) and not said(ax)
    assert ax.get_xlabel() == "customers, the best first (n = 4); 1 without a value left out"


def test_what_says_nothing_is_refused():
    for values, match in (([-1.0, 1.0], "sum to 0"), ([np.nan], "no rows"), (["much"], "'much' is no number"), (
            [], "no rows"), ([np.inf], "column 'estimate', row 1")):
        with pytest.raises(DataError, match=match):
            concentration(pd.DataFrame({"estimate": values}))
    with pytest.raises(NoColumn):
        concentration(pd.DataFrame({"worth": [1.0]}))
