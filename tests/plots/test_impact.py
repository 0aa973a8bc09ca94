"""The picture of what came and what was expected draws the table and nothing else."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import impact

mpl.use("Agg")
GONE = [np.nan] * 4
FRAME = pd.DataFrame({
    "period": [f"2026-0{i}" for i in range(1, 8)], "part": ["before"] * 4 + ["after"] * 3,
    "actual": [10, 11, 10, 12, 15, 16, 15.0], "expected": [10.2, 10.8, 10.5, 11.5, 11.6, 11.6, 11.6],
    "low": [*GONE, 10, 9.8, 9.6], "high": [*GONE, 13.2, 13.4, 13.6], "cumulative": [*GONE, 3.4, 7.8, 11.2],
    "cumulative_low": [*GONE, 1.8, 4, 5], "cumulative_high": [*GONE, 5, 11, 17]})


def test_lines_and_bands_are_those_of_the_table():
    above, beneath = impact(FRAME, title="Visits").child_axes
    drawn = [list(line.get_ydata()) for line in above.lines]
    assert FRAME["actual"].tolist() in drawn and FRAME["expected"].tolist() in drawn
    assert list(beneath.lines[0].get_ydata())[4:] == [3.4, 7.8, 11.2]
    for ax, ends in ((above, ("low", "high")), (beneath, ("cumulative_low", "cumulative_high"))):
        corners = {tuple(point) for path in ax.collections[0].get_paths() for point in path.vertices.tolist()}
        assert {(at, FRAME[end][at]) for end in ends for at in (4.0, 5.0, 6.0)} <= corners


def test_the_start_lies_between_the_last_period_before_and_the_first_after():
    for panel in impact(FRAME).child_axes:
        assert any(set(line.get_xdata()) == {3.5} for line in panel.lines)


def test_a_single_period_after_has_a_mark_and_its_interval():
    beneath = impact(FRAME.head(5)).child_axes[1]
    assert beneath.lines[0].get_marker() == "o"
    ends = [segment.tolist() for one in beneath.collections[1:] for segment in one.get_segments()]
    assert [[4.0, 1.8], [4.0, 5.0]] in ends


def test_a_table_that_cannot_be_drawn_is_refused():
    with pytest.raises(NoColumn, match="'expected'"):
        impact(FRAME.drop(columns="expected"))
    with pytest.raises(DataError, match="no rows"):
        impact(FRAME.head(0))


def test_periods_and_words_do_not_lie_on_one_another(apart):
    many = pd.concat([FRAME] * 15, ignore_index=True).assign(
        period=pd.date_range("2026-01-01", periods=105).astype("str"), part=["before"] * 70 + ["after"] * 35)
    for language in words.LANGUAGES:
        with words.speaking(language):
            ax = impact(many, unit="JPY", title="Sales")
            assert apart(list(ax.child_axes[1].get_xticklabels()))
            above = ax.child_axes[0]
            legend, title = above.get_legend().get_window_extent(), ax.title.get_window_extent()
            assert title.y0 >= legend.y1 or not ax.title.get_text()
