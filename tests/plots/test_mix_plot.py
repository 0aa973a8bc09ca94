"""The picture of the parts of a change draws exactly the table, the largest parts first."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import mix

mpl.use("Agg")
FRAME = pd.DataFrame({"plan": ["(all)", "basic", "pro", "basic", "pro"],
                      "part": ["volume", "mix", "mix", "rate", "rate"], "contribution": [40.0, 10, -5, 2, 30],
                      "low": [np.nan, 8, -7, 0, 20], "high": [np.nan, 12, -3, 4, 40]})


def test_bars_and_whiskers_are_those_of_the_table():
    ax = mix(FRAME, unit="JPY")
    assert sorted(bar.get_width() for bar in ax.patches) == sorted(FRAME["contribution"])
    drawn = [segment[:, 0].tolist() for lines in ax.collections for segment in lines.get_segments()
             if len(segment)]
    assert sorted(ends for ends in drawn if not np.isnan(ends).any()) == sorted(
        FRAME[["low", "high"]].dropna().to_numpy().tolist())
    assert [tick.get_text() for tick in ax.get_yticklabels()][::-1] == ["(all)", "pro", "basic"]


def test_numbers_stand_beyond_bar_and_whisker():
    ends = {text.get_text(): text.xy[0] for text in mix(FRAME).texts}
    assert ends == {"+40": 40, "+10": 12, "−5": -7, "+2": 4, "+30": 40}


def test_what_lacks_a_column_or_rows_is_refused():
    with pytest.raises(NoColumn):
        mix(FRAME.drop(columns="part"))
    with pytest.raises(DataError):
        mix(FRAME.head(0))


def test_it_speaks_japanese_and_draws_on_given_axes(tmp_path):
    figure = mpl.figure.Figure()
    with words.speaking("ja"):
        ax = mix(FRAME, title="売上", ax=figure.subplots())
        figure.savefig(tmp_path / "mix.png")
    assert ax.figure is figure and ax.get_legend().get_texts()[1].get_text() in ("構成", "mix")
