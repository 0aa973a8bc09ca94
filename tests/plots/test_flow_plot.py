"""The flow draws bands as wide as the moves are many, from bar to bar, and labels that do not cover one another."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.text import Text

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import flow, style
from engagelab.plots.flow import _apart

mpl.use("Agg")
MOVES = {("new", "active"): 30, ("new", "dormant"): 10, ("active", "active"): 50, ("active", "gone"): 5,
         ("came", "new"): 20, ("dormant", "new"): 0}


def table(moves=None):
    moves = MOVES if moves is None else moves
    return pd.DataFrame([{"before": before, "after": after, "count": float(n)} for (before, after), n in moves.items()])


def labels(ax):
    return [text.get_text() for text in ax.texts]


def test_bars_and_bands_are_as_tall_as_they_are_many_on_one_scale():
    ax = flow(table())
    bars = [patch.get_height() for patch in ax.patches if isinstance(patch, Rectangle)]
    assert np.array(bars) / bars[0] * 40 == pytest.approx([40, 55, 20, 80, 10, 5, 20])
    paths = [patch.get_path().vertices for patch in ax.patches if isinstance(patch, PathPatch)]
    wide = [path[7, 1] - path[0, 1] for path in paths]
    assert np.array(wide) / bars[0] * 40 == pytest.approx([30, 10, 50, 5, 20])
    assert [path[4, 1] - path[3, 1] for path in paths] == pytest.approx(wide)


def test_bands_fill_their_bars_without_a_gap_and_without_covering_one_another():
    ax = flow(table())
    rectangles = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    paths = [patch.get_path().vertices for patch in ax.patches if isinstance(patch, PathPatch)]
    for left, low, high in ((True, 0, 7), (False, 3, 4)):
        ends = sorted((path[low, 1], path[high, 1]) for path in paths)
        bars = sorted((bar.get_y(), bar.get_y() + bar.get_height()) for bar in rectangles if (bar.get_x() < .5) == left)
        assert all(one[1] <= two[0] + 1e-9 for one, two in itertools.pairwise(ends))
        for foot, top in bars:
            inside = [end for end in ends if foot - 1e-9 <= end[0] and end[1] <= top + 1e-9]
            assert sum(end[1] - end[0] for end in inside) == pytest.approx(top - foot)


def test_each_label_has_number_and_share_of_those_who_were_there():
    assert labels(flow(table(), names=("Q1", "Q2"))) == [
        "New  40 (42.1%)", "Active  55 (57.9%)", "Came  20", "Active  80 (72.7%)", "Dormant  10 (9.1%)", "Gone  5",
        "New  20 (18.2%)", "Q1", "Q2"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_labels_are_a_step_apart_and_keep_their_order(places):
    places = sorted(places, reverse=True)
    out = _apart(places, .03)
    assert all(one - two >= .03 - 1e-9 for one, two in itertools.pairwise(out))
    if all(one - two >= .03 for one, two in itertools.pairwise(places)) and places[-1] > .03:
        assert out == places


def test_many_small_segments_have_labels_that_do_not_touch():
    moves = {(f"s{i}", f"s{j}"): 1000 if i == j == 0 else 1 for i in range(14) for j in range(14)}
    ax = flow(table(moves))
    ax.figure.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in ax.texts[:14]]   # without the lines to their bars
    assert not any(one.overlaps(two) for one, two in itertools.combinations(boxes, 2))


def test_names_of_segments_and_states_are_in_words():
    ax = flow(table({("champions", "at_risk"): 3, ("new", "our <own>"): 2}))
    assert labels(ax)[:4] == ["Champions  3 (60.0%)", "New  2 (40.0%)", "At risk  3 (60.0%)", "our <own>  2 (40.0%)"]
    if not style.japanese_font():
        pytest.skip("no font with Japanese letters on this machine")
    with words.speaking("ja"):
        assert labels(flow(table()))[:3] == ["新規　40人（42.1%）", "アクティブ　55人（57.9%）", "流入　20人"]


def test_only_who_came_or_only_who_is_gone_is_drawn():
    assert labels(flow(table({("came", "new"): 3})))[:2] == ["Came  3", "New  3 (100.0%)"]
    assert labels(flow(table({("new", "gone"): 3})))[:2] == ["New  3 (100.0%)", "Gone  3"]


def test_what_cannot_be_drawn_is_refused():
    for nothing in (table()[:0], table({("new", "new"): 0})):
        with pytest.raises(DataError, match="no rows to draw"):
            flow(nothing)
    with pytest.raises(NoColumn, match="no column 'after'"):
        flow(table().drop(columns="after"))
    with pytest.raises(UsageError, match="new → active stands twice"):
        flow(pd.concat([table(), table()[:1]]))
