"""The Qini curve: line, band and straight line as the table says, in both languages."""

import matplotlib as mpl
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import qini

mpl.use("Agg")

CURVE = pd.DataFrame({"share": [0, .25, .5, 1], "gain": [0, .04, .06, .05], "low": [0, .02, .03, .01],
                      "high": [0, .06, .09, .09], "by_lot": [0, .0125, .025, .05]})


def test_it_draws_the_gain_its_interval_and_the_choice_by_lot():
    ax = qini(CURVE, unit="share", title="Whom to treat")
    by_score, by_lot = ax.lines[:2]
    assert by_score.get_xydata().tolist() == CURVE[["share", "gain"]].to_numpy().tolist()
    assert by_lot.get_xydata().tolist() == CURVE[["share", "by_lot"]].to_numpy().tolist()
    corners = {tuple(point) for point in ax.collections[0].get_paths()[0].vertices.round(6).tolist()}
    assert {(.25, .02), (.25, .06), (1, .01), (1, .09)} <= corners
    assert ax.get_xlim() == (0, 1) and ax.get_title(loc="left") == "Whom to treat"
    assert ax.xaxis.get_major_formatter()(.5, 0) == "50%"


def test_it_speaks_the_language_and_no_text_leaves_the_picture():
    for language, label in (("en", "share of customers treated"), ("ja", "施策の対象とする顧客の割合")):
        with words.speaking(language):
            ax = qini(CURVE)
            ax.figure.canvas.draw()
            assert ax.get_xlabel() == label
            box = ax.get_tightbbox()
            assert box.y0 >= 0 and box.x0 >= 0


def test_a_table_without_rows_or_columns_is_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        qini(CURVE.iloc[:0])
    with pytest.raises(NoColumn, match="by_lot"):
        qini(CURVE.drop(columns="by_lot"))
