"""The picture of the waves draws exactly the answer and who answered; what is hidden is not drawn."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.plots import waves

mpl.use("Agg")
FRAME = pd.DataFrame({"metric": "enps", "wave": ["1", "2", "3", "4"], "estimate": [-10.0, -18, -12, -9],
                      "low": [-17.0, -25, -19, -16], "high": [-3.0, -11, -5, -2], "n": 400, "flag": ""})
WHO = pd.DataFrame({"metric": "enps", "group": ["stayed", "stayed", "left", "joined"], "wave": ["2", "4", "2", "4"],
                    "estimate": [-8.0, -12, -41, 3], "low": [-16.0, -20, -53, -10], "high": [0.0, -4, -28, 16],
                    "n": [336, 336, 133, 1360], "flag": ""})


def lines(ax):
    """Label -> (x, y) of what is drawn as lines and marks."""
    return {line.get_label(): (line.get_xdata().tolist(), line.get_ydata().tolist()) for line in ax.lines}


def whiskers(ax):
    return [segment[:, 1].tolist() for drawn in ax.collections if hasattr(drawn, "get_segments")
            for segment in drawn.get_segments()]


def test_the_lines_and_whiskers_are_those_of_the_tables():
    ax = waves(FRAME, WHO, unit="points")
    drawn = lines(ax)
    assert drawn["all who answered"] == ([0, 1, 2, 3], FRAME["estimate"].tolist())
    assert drawn["answered both waves"][1] == [-8, -12]
    assert [round(x) for x in drawn["answered both waves"][0]] == [1, 3]
    assert sorted(whiskers(ax)) == sorted([*FRAME[["low", "high"]].to_numpy().tolist(),
                                           *WHO[["low", "high"]].to_numpy().tolist()])


def test_the_shade_lies_between_all_and_those_who_stayed_in_every_wave_between():
    shade = next(one for one in waves(FRAME, WHO).collections if one.get_label() == "made by who left and who joined")
    assert {tuple(point) for point in shade.get_paths()[0].vertices.tolist()} == {
        (1, -18), (2, -12), (3, -9), (1, -8), (2, -10), (3, -12)}


def test_those_who_left_stand_at_the_earlier_wave_and_those_who_joined_at_the_later_one():
    ax = waves(FRAME, WHO, unit="points")
    assert [(text.get_text(), round(text.xy[0])) for text in ax.texts] == [
        ("left: −41.0 (n = 133)", 1), ("joined: +3.0 (n = 1,360)", 3)]
    assert {line.get_marker() for line in ax.lines} == {"o", "v", "^"}


def test_what_is_hidden_or_empty_is_not_drawn():
    hidden = WHO.assign(estimate=np.nan, low=np.nan, high=np.nan)
    for who in (hidden, WHO.head(0)):
        ax = waves(FRAME, who)
        assert list(lines(ax)) == ["all who answered"] and not ax.texts
    alone = waves(FRAME, WHO.drop(3))
    assert [text.get_text()[:4] for text in alone.texts] == ["left"]


def test_several_metrics_or_none_are_refused():
    with pytest.raises(UsageError, match="metric"):
        waves(pd.concat([FRAME, FRAME.assign(metric="csat")]), WHO)
    with pytest.raises(UsageError, match="metric"):
        waves(FRAME, pd.concat([WHO, WHO.assign(metric="csat")]))
    with pytest.raises(DataError):
        waves(FRAME.head(0), WHO.head(0))


def test_it_speaks_japanese_and_draws_on_given_axes(tmp_path):
    figure = mpl.figure.Figure()
    with words.speaking("ja"):
        ax = waves(FRAME, WHO, unit="points", title="eNPS", ax=figure.subplots())
        figure.savefig(tmp_path / "waves.png")
    assert ax.figure is figure
    without_font = "left: −41.0 (n = 133)"
    assert ax.texts[0].get_text() in ("前回のみ：−41.0（n = 133）", without_font)
