"""The lines of two factors, named where they end."""

import itertools

import matplotlib as mpl
import pandas as pd
import pytest

from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import interaction

mpl.use("Agg")
CELLS = pd.DataFrame({"metric": "click_rate", "subject": ["long", "long", "short", "short"],
                      "sender": ["brand", "person"] * 2, "estimate": [.05, .025, .026, .05],
                      "low": [.04, .02, .02, .04], "high": [.06, .03, .03, .06], "flag": ""})


def test_each_cell_has_its_point_and_interval_and_each_line_its_name():
    ax = interaction(CELLS, across="subject", hue="sender", unit="share")
    lines = {line.get_label(): line.get_ydata().tolist() for line in ax.lines if line.get_linestyle() == "-"}
    assert lines["brand"] == [.05, .026] and lines["person"] == [.025, .05]
    whiskers = [segment[:, 1].tolist() for one in ax.collections for segment in one.get_segments()]
    assert sorted(whiskers) == sorted(CELLS[["low", "high"]].to_numpy().tolist())
    assert [text.get_text() for text in ax.texts] == ["person", "brand"] and ax.get_legend() is None
    colors = {line.get_label(): line.get_color() for line in ax.lines}
    assert all(text.get_color() == colors[text.get_text()] for text in ax.texts)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["long", "short"]


def test_names_of_lines_that_end_close_together_stay_apart_and_outside_of_the_marks():
    many = pd.DataFrame([("a", f"level {at}", .05 + at / 1000) for at in range(5)]
                        + [("b", f"level {at}", .0500001 + at / 1e7) for at in range(5)],
                        columns=["x", "y", "estimate"]).assign(low=.04, high=.06, flag="")
    ax = interaction(many, across="x", hue="y", unit="share")
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert [text.get_text() for text in ax.texts] == [f"level {at}" for at in (4, 3, 2, 1, 0)]
    assert all(above.y0 >= below.y1 for above, below in itertools.pairwise(boxes))
    last = max(max(line.get_xdata(), default=0) for line in ax.lines)
    assert all(box.x0 > ax.transData.transform((last, 0))[0] + 3 and box.x1 <= ax.figure.bbox.x1 + 1 for box in boxes)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(UsageError, match="take two factors"):
        interaction(CELLS, across="sender", hue="sender")
    with pytest.raises(NoColumn, match="'sende'"):
        interaction(CELLS, across="subject", hue="sende")
    with pytest.raises(UsageError, match="stands twice"):
        interaction(pd.concat([CELLS, CELLS]), across="subject", hue="sender")
    with pytest.raises(DataError, match="no rows"):
        interaction(CELLS.head(0), across="subject", hue="sender")
