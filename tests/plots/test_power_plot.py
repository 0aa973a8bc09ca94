"""The picture of a plan's power: a curve for each size, the plan's own marked, in both languages."""

import matplotlib as mpl
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import power

mpl.use("Agg")

CURVES = pd.DataFrame({"n": [50] * 3 + [100] * 3 + [200] * 3, "effect": [.01, .02, .03] * 3,
                       "power": [.1, .2, .4, .2, .4, .7, .3, .7, .95]})


def test_it_draws_the_curves_that_are_given_and_marks_the_plan():
    ax = power(CURVES, n=100, effect=.03, unit="share")
    *curves, mark = ax.lines
    assert [line.get_ydata().tolist() for line in curves] == [[.1, .2, .4], [.2, .4, .7], [.3, .7, .95]]
    assert curves[1].get_linewidth() > curves[0].get_linewidth() == curves[2].get_linewidth()
    assert len({line.get_linestyle() for line in curves}) == 3
    assert mark.get_xydata().tolist() == [[.03, .7]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "n = 50", "n = 100", "n = 200", "planned: +3 pp, 70%"]
    assert ax.get_ylim()[0] == 0


def test_without_a_plan_nothing_is_marked():
    assert len(power(CURVES).lines) == 3
    assert len(power(CURVES, n=100, effect=.5).lines) == 3


def test_it_speaks_the_language_and_ticks_have_room(apart):
    for language, label in (("en", "effect"), ("ja", "効果")):
        with words.speaking(language):
            ax = power(CURVES.assign(effect=CURVES["effect"] - .02), n=100, effect=-.01, unit="share")
            assert apart(ax.get_xticklabels()) and ax.get_xlabel() == label
            legend = ax.get_legend().get_window_extent()
            assert legend.x0 > ax.bbox.x1 and legend.x1 <= ax.figure.bbox.x1
            assert [text.get_text() for text in ax.get_xticklabels()].count("0") == 1


def test_a_table_without_rows_or_columns_is_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        power(CURVES.iloc[:0])
    with pytest.raises(NoColumn, match="power"):
        power(CURVES.drop(columns="power"))
