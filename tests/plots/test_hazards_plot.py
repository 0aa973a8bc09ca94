"""The forest of hazard ratios: each with its interval, on a scale of ratios, cut where it would run away."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import hazards

mpl.use("Agg")
FRAME = pd.DataFrame({"feature": ["plan", "plan", "price"], "level": ["year", "week", "+100"],
                      "against": ["month", "month", ""], "estimate": [.3, np.nan, 1.1], "low": [.2, np.nan, 1.05],
                      "high": [.45, np.nan, 1.15]})


def test_every_ratio_is_drawn_with_its_interval_and_its_reference():
    ax = hazards(FRAME, title="Who leaves")
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "price +100", "plan: week (against month)", "plan: year (against month)"]
    drawn = [lines.tolist() for lines in ax.collections[0].get_segments() if len(lines)]
    assert drawn == [[[1.05, 0], [1.15, 0]], [[.2, 2], [.45, 2]]]
    assert ax.get_xscale() == "log" and ax.lines[1].get_xdata() == [1, 1]
    assert "no effect of acting" in ax.get_xlabel()
    with words.speaking("ja"):
        ax = hazards(FRAME)
        assert ax.get_yticklabels()[2].get_text() == "プラン：year（基準：month）" and "ハザード比" in ax.get_xlabel()


def test_the_words_beneath_stay_within_the_picture():
    for language in words.LANGUAGES:
        with words.speaking(language):
            ax = hazards(FRAME.assign(against="a level with a rather long name, as they come"))
            ax.figure.canvas.draw()
            box, page = ax.xaxis.label.get_window_extent(), ax.figure.bbox
            assert page.x0 <= box.x0 and box.x1 <= page.x1


def test_what_runs_away_is_cut_and_ticks_are_plain_numbers():
    ax = hazards(FRAME.assign(low=[1e-9, np.nan, 1.05], high=[.45, np.nan, 1e9]))
    assert ax.get_xlim()[0] > .005 and ax.get_xlim()[1] < 150
    ax.figure.canvas.draw()
    assert {"0.05", "1", "20"} <= {text.get_text() for text in ax.get_xticklabels()}


def test_nothing_to_draw_is_refused():
    with pytest.raises(DataError, match="no rows"):
        hazards(FRAME.assign(estimate=np.nan))
    with pytest.raises(NoColumn, match="'against'"):
        hazards(FRAME.drop(columns="against"))
