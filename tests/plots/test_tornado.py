"""The tornado: a bar from end to end around the result as it is, the ends beside it, in both languages."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import tornado

mpl.use("Agg")

SWINGS = pd.DataFrame({"label": ["churn", "cost", "margin"], "unit": ["share", "JPY", "share"],
                       "low": [.025, 4e8, .6], "high": [.035, 5e8, .6], "root_low": [7e8, 6.5e8, 6e8],
                       "root_high": [5e8, 5.5e8, 6e8], "swing": [2e8, 1e8, 0]})


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_bar_runs_from_the_result_at_one_end_to_that_at_the_other():
    ax = tornado(SWINGS, now=6e8, unit="JPY")
    spans = {(patch.get_y() + patch.get_height() / 2, patch.get_x() + patch.get_width()) for patch in ax.patches}
    assert spans == {(0, 7e8), (0, 5e8), (1, 6.5e8), (1, 5.5e8)}
    assert all(patch.get_x() == 6e8 for patch in ax.patches)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["churn", "cost"]   # one that swings not has no bar
    assert texts(ax) == ["2.5%", "3.5%", "¥400M", "¥500M", "now ¥600M"]


def test_each_end_has_a_colour_of_its_own_whichever_way_it_moves_the_result():
    ax = tornado(SWINGS.assign(root_low=[6.5e8, 7e8, 6e8]), now=6e8)
    low, high = ({bar[0].get_facecolor() for bar in ax.containers if bar.get_label() == f"input at its {end} end"}
                 for end in ("lower", "upper"))
    assert len(low) == len(high) == 1 and low != high
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["input at its lower end", "input at its upper end"]
    assert [patch.get_facecolor() for patch in legend.get_patches()] == [*low, *high]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("ends", [(7e8, 5e8), (7e8, 6.5e8), (5e8, 5.5e8), (np.inf, 5e8), (6e8, 7e8)])
def test_no_text_covers_another_or_leaves_the_picture(language, ends, apart):
    with words.speaking(language):
        rows = SWINGS.assign(root_low=[ends[0], 6.5e8, 6e8], root_high=[ends[1], 5.5e8, 6e8])
        ax = tornado(rows, now=6e8, unit="JPY", title="What profit hangs on")
        ax.figure.canvas.draw()
        low, high = sorted(ax.texts[:2], key=lambda text: text.get_window_extent().x0)
        assert apart([low, high])
        page = ax.figure.bbox
        for text in (*ax.texts, *ax.get_yticklabels(), ax.title, *ax.get_legend().get_texts()):
            box = text.get_window_extent()
            assert box.x0 >= page.x0 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1
        assert apart(ax.get_xticklabels())


def test_only_the_widest_twenty_are_drawn():
    many = pd.concat([SWINGS.head(1)] * 30, ignore_index=True)
    assert len(tornado(many, now=6e8).get_yticklabels()) == 20


def test_a_table_without_swings_or_columns_is_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        tornado(SWINGS.tail(1), now=6e8)
    with pytest.raises(NoColumn, match="root_low"):
        tornado(SWINGS.drop(columns="root_low"), now=6e8)
