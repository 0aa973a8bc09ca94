"""The picture of a portfolio: bars and intervals as the table says, costs beside them, in both languages."""

import matplotlib as mpl
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, NoColumn
from engagelab.plots import portfolio
from engagelab.plots.style import COLORS

mpl.use("Agg")

FRAME = pd.DataFrame({"campaign": ["店舗", "mail to all who ever bought", "web"], "estimate": [250.0, 120, -50],
                      "low": [-60.0, 40, None], "high": [560.0, 200, None], "cost": [700e6, 300e6, 0],
                      "chosen": [True, True, False], "cumulative_cost": [700e6, 1000e6, None]})


def test_bars_intervals_and_costs_are_those_of_the_table():
    ax = portfolio(FRAME, unit="JPY", title="Where the money goes")
    assert [bar.get_width() for bar in ax.patches] == FRAME["estimate"].tolist()
    blue = mpl.colors.to_rgba(COLORS[0])
    assert [bar.get_facecolor() == blue for bar in ax.patches] == FRAME["chosen"].tolist()
    lines = [segment[:, 0].tolist() for segment in ax.collections[0].get_segments() if len(segment)]
    assert [-60, 560] in lines and [40, 200] in lines
    assert [text.get_text() for text in ax.texts] == ["cost", "¥700,000,000", "¥300,000,000", "¥0", "added up",
                                                      "¥700,000,000", "¥1,000,000,000", ""]
    assert ax.get_yticklabels()[0].get_text() == "店舗" and ax.get_title(loc="left") == "Where the money goes"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_text_leaves_the_picture_or_covers_another(language, apart):
    with words.speaking(language):
        ax = portfolio(FRAME, unit="JPY")
        ax.figure.canvas.draw()
        width = ax.figure.canvas.get_width_height()[0]
        assert all(text.get_window_extent().x1 <= width for text in ax.texts)
        costs, added = ax.texts[:4], ax.texts[4:]
        assert all(apart([one, other]) for one, other in zip(costs, added, strict=True))
        assert ax.get_yticklabels()[1].get_window_extent().x0 >= 0


def test_a_table_without_rows_or_columns_is_refused():
    with pytest.raises(DataError, match="no rows to draw"):
        portfolio(FRAME.iloc[:0])
    with pytest.raises(NoColumn, match="chosen"):
        portfolio(FRAME.drop(columns="chosen"))
