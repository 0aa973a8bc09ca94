"""Expected beside actual: exactly the table, over time with its split and by group."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import expected_actual

mpl.use("Agg")
OVER = pd.DataFrame({"period": range(1, 7), "actual": [10, 20, 29, 41, 50, np.nan],
                     "expected": [11, 21, 30, 39, 48, 57.0], "part": ["fit"] * 3 + ["holdout"] * 3})
GROUPS = pd.DataFrame({"group": ["0", "1", "2+"], "actual": [.2, .8, 2.0], "expected": [.3, .7, 2.2]})


def test_both_lines_and_the_split_are_drawn_as_they_stand():
    ax = expected_actual(OVER, title="Purchases")
    for line, name in zip(ax.lines, ("actual", "expected"), strict=False):
        np.testing.assert_array_equal(line.get_ydata(), OVER[name])
        assert line.get_xdata().tolist() == [1, 2, 3, 4, 5, 6] and line.get_label() == name
    assert ax.lines[2].get_xdata()[0] == 3 and len(ax.lines) == 3
    assert [text.get_text() for text in ax.texts] == ["fitted to", "not seen by the model"]
    with words.speaking("ja"):
        ax = expected_actual(OVER)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["実績", "予測"]
        assert ax.texts[1].get_text() == "検証期間"


def test_an_interval_is_a_band_and_without_a_part_there_is_no_split():
    ax = expected_actual(OVER.drop(columns="part").assign(low=OVER["expected"] - 2, high=OVER["expected"] + 2))
    assert len(ax.lines) == 2 and not ax.texts
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (9, 59)
    assert len(expected_actual(OVER.assign(part="fit")).lines) == 2


def test_many_labels_leave_room_for_each_other(apart):
    days = pd.date_range("2026-01-01", periods=90, freq="W").strftime("%Y-%m-%d")
    ax = expected_actual(pd.DataFrame({"period": days, "actual": range(90), "expected": range(90)}))
    assert apart(ax.get_xticklabels()) and ax.get_xticklabels()[-1].get_text() == days[-1]


def test_groups_are_pairs_of_bars():
    ax = expected_actual(GROUPS.assign(low=GROUPS["expected"] - .1, high=GROUPS["expected"] + .1))
    assert [bar.get_height() for bar in ax.patches] == [*GROUPS["actual"], *GROUPS["expected"]]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "1", "2+"]
    assert len(ax.collections[0].get_segments()) == 3


def test_a_table_that_is_none_is_refused():
    with pytest.raises(NoColumn, match="'group'"):
        expected_actual(OVER.drop(columns="period"))
    with pytest.raises(NoColumn, match="'expected'"):
        expected_actual(OVER.drop(columns="expected"))
    with pytest.raises(DataError, match="no rows"):
        expected_actual(OVER[:0])
    with pytest.raises(DataError, match="not 'test'"):
        expected_actual(OVER.assign(part="test"))
