"""The picture of chances: every group with its interval, the line, the histogram, in both languages."""

import matplotlib as mpl
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import calibration

mpl.use("Agg")

BINS = pd.DataFrame({"metric": ["share_happened"] * 2 + ["share_of_rows"] * 3, "chance": [.1, .4, .1, .3, .5],
                     "estimate": [.12, .35, .5, .3, .2], "low": [.05, .25, 0, 0, 0], "high": [.2, .5, 1, 1, 1],
                     "chance_low": [.05, .3, 0, .2, .4], "chance_high": [.2, .5, .2, .4, .6],
                     "count": [12, 35, 50, 30, 20]})


def test_it_draws_what_happened_with_intervals_the_diagonal_and_the_histogram():
    ax = calibration(BINS, title="Chances")
    diagonal, points = ax.lines[:2]
    assert points.get_xydata().tolist() == [[.1, .12], [.4, .35]]
    assert diagonal.get_xydata()[0].tolist() == [0, 0] and diagonal.get_xydata()[1, 0] == diagonal.get_xydata()[1, 1]
    whiskers = [tuple(map(tuple, ends.tolist())) for ends in ax.collections[0].get_segments()]
    assert whiskers == [((.1, .05), (.1, .2)), ((.4, .25), (.4, .5))]
    bars = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in ax.child_axes[0].patches]
    assert bars == [(0, .2, 50), (.2, pytest.approx(.2), 30), (.4, pytest.approx(.2), 20)]
    assert ax.get_xlim()[1] == ax.get_ylim()[1] >= .6 and min(ax.get_yticks()) == 0


def test_it_speaks_the_language_and_no_text_leaves_the_picture():
    for language, label in (("en", "chance"), ("ja", "予測確率")):
        with words.speaking(language):
            ax = calibration(BINS)
            ax.figure.canvas.draw()
            assert ax.get_xlabel() == label
            box = ax.get_tightbbox()
            assert box.y0 >= 0 and box.x0 >= 0


def test_a_table_without_bins_or_columns_is_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        calibration(BINS.iloc[:2])
    with pytest.raises(NoColumn, match="chance_low"):
        calibration(BINS.drop(columns="chance_low"))
