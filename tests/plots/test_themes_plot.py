"""The picture of themes is made of the rows of the frame, the most frequent theme at the top."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import style, themes

mpl.use("Agg")


def frame(hidden=False):
    rows = [("pay", "(all)", .2), ("pay", "positive", .05), ("pay", "negative", .15), ("pay", "neutral", 0.),
            ("voice", "(all)", .4), ("voice", "positive", .1), ("voice", "negative", .3), ("voice", "neutral", 0.),
            ("tools", "(all)", np.nan), ("tools", "positive", np.nan), ("tools", "negative", np.nan)]
    table = pd.DataFrame(rows, columns=["theme", "tone", "estimate"]).assign(metric="mentioned", flag="")
    return table.assign(low=table["estimate"] * .8, high=table["estimate"] * 1.2)


def names(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def test_bars_are_all_who_mention_a_theme_and_dots_the_tones_with_their_intervals():
    ax = themes(frame())
    assert names(ax) == ["Tools and systems", "Pay and benefits", "Voice and say"]
    assert [bar.get_width() for bar in ax.patches[:3]] == [0, .2, .4]
    negative, positive = ax.lines
    assert np.array_equal(negative.get_xdata(), [np.nan, .15, .3], equal_nan=True)
    assert np.array_equal(positive.get_xdata(), [np.nan, .05, .1], equal_nan=True)
    ends = [segment[:, 0].tolist() for segment in ax.collections[0].get_segments() if len(segment)]
    assert ends[-1] == pytest.approx([.24, .36])


def test_it_is_drawn_in_japanese(monkeypatch):
    monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Sans")
    with words.speaking("ja"):
        ax = themes(frame().replace("(all)", "（全体）"))
        assert names(ax)[-1] == "意見の反映"
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["否定的", "肯定的", "（全体）"]


def test_it_draws_on_the_axes_it_is_given_and_leaves_the_settings_alone():
    before, ax = dict(mpl.rcParams), pyplot.subplots()[1]
    assert themes(frame(), title="x", ax=ax) is ax
    assert dict(mpl.rcParams) == before


def test_a_frame_of_several_groups_or_of_none_is_refused():
    columns = ["metric", "theme", "tone", "team", "estimate", "low", "high", "flag"]
    both = pd.concat([frame().assign(team=team) for team in "ab"])[columns]
    with pytest.raises(UsageError, match="several rows, by 'team'"):
        themes(both)
    with pytest.raises(DataError, match="no rows"):
        themes(frame().head(0))
    with pytest.raises(NoColumn, match="'tone'"):
        themes(frame().drop(columns="tone"))
