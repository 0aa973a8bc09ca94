"""The picture of what moved draws each series with its band, those that moved first."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import watch

mpl.use("Agg")
MONTHS = [f"2026-{month:02d}" for month in range(1, 7)]


def series(name, moved="", **more):
    return pd.DataFrame({"name": name, "unit": "share", "period": MONTHS, "estimate": [.1, .11, .1, .12, .11, .2],
                         "low": [np.nan, np.nan, .08, .08, .08, .08], "high": [np.nan, np.nan, .13, .13, .13, .13],
                         "moved": ["", "", "", "", "", moved], **more})


def test_each_series_has_a_panel_and_what_moved_comes_first():
    ax = watch(pd.concat([series("calm"), series("jump", "up"), series("fall", "down")]))
    assert [panel.get_title("left") for panel in ax.child_axes] == ["jump", "fall", "calm"]
    assert [[text.get_text() for text in panel.texts] for panel in ax.child_axes] == [["20%"], ["20%"], []]
    lines = {line.get_label(): line.get_ydata().tolist() for line in ax.child_axes[0].lines}
    assert lines["actual"] == [.1, .11, .1, .12, .11, .2] and lines["outside"] == [.2]


def test_the_band_is_that_of_the_table():
    drawn = watch(series("calm")).child_axes[0].collections[0].get_paths()[0].vertices
    assert {(round(x), round(y, 3)) for x, y in drawn} == {(x, y) for x in (2, 3, 4, 5) for y in (.08, .13)}


def test_a_series_without_a_band_or_with_fewer_periods_is_drawn():
    short = series("short", low=np.nan, high=np.nan).tail(2)
    ax = watch(pd.concat([series("calm"), short]))
    assert ax.child_axes[1].get_xlim() == ax.child_axes[0].get_xlim()
    ax.figure.canvas.draw()


def test_no_more_panels_than_asked():
    many = pd.concat([series(f"s{place:02d}", "up" * (place == 19)) for place in range(20)])
    ax = watch(many)
    assert len(ax.child_axes) == 12 and ax.child_axes[0].get_title("left") == "s19"
    assert len(watch(many, most=3).child_axes) == 3


def test_panels_stand_apart(apart):
    ax = watch(pd.concat([series(f"a rather long name of a series, number {place}") for place in range(6)]))
    assert apart([panel._left_title for panel in ax.child_axes[:3]])


def test_what_lacks_a_column_or_rows_is_refused():
    with pytest.raises(NoColumn):
        watch(series("calm").drop(columns="low"))
    with pytest.raises(DataError):
        watch(series("calm").head(0))


def test_it_speaks_japanese_and_draws_on_given_axes(tmp_path):
    figure = mpl.figure.Figure()
    with words.speaking("ja"):
        ax = watch(series("解約率", "up"), title="動いた指標", ax=figure.subplots())
        figure.savefig(tmp_path / "watch.png")
    assert ax.figure is figure
    assert ax.get_legend().get_texts()[0].get_text() in ("過去の推移から想定される範囲", "what its past lets expect")
