"""What came beside what would have been expected, and beneath it the effect summed up from the start on."""

from typing import Any

import numpy as np
import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import CROWD, fitting
from engagelab.plots.forest import INK, panels
from engagelab.plots.style import COLORS, SOFT, drawing, tick_of, title_of, word_of

CAME, EXPECTED = COLORS[0], COLORS[1]
HEIGHTS, GAP = [2.7, 1.5], .35


def impact(frame: pd.DataFrame, *, unit: str = "number", title: str = "", ax: Any = None) -> Any:
    """A series and what would have been expected, with its interval; beneath it the effect summed up, likewise.

    frame : `.series` of `el.roi.before_after`: `period, part` ("before", "after"), `actual, expected, low, high,
        cumulative, cumulative_low, cumulative_high`. unit : as in `engagelab.display.shown`.

    A line marks the start. Errors: NoColumn; DataError where there is nothing to draw.

    >>> ax = impact(pd.DataFrame({"period": [1, 2, 3], "part": ["before", "before", "after"], "actual": [5, 6, 9],
    ...     "expected": [5.2, 5.8, 6.1], "low": [None, None, 4.9], "high": [None, None, 7.3],
    ...     "cumulative": [None, None, 2.9], "cumulative_low": [None, None, 1.7],
    ...     "cumulative_high": [None, None, 4.1]}))
    >>> [text.get_text() for text in ax.child_axes[0].get_legend().get_texts()]
    ['actual', 'what would have been expected']
    """
    numbers = ("actual", "expected", "low", "high", "cumulative", "cumulative_low", "cumulative_high")
    for name in ("period", "part", *numbers):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    values, at = frame[list(numbers)].astype("float64"), np.arange(len(frame))
    first = int((frame["part"] == "after").to_numpy().argmax())
    with drawing(ax, figsize=(8.2, 5.4)) as ax:
        above, beneath = panels(ax, HEIGHTS, GAP)
        above.fill_between(at, values["low"], values["high"], color=EXPECTED, alpha=.18, linewidth=0)
        marks = "" if len(frame) > CROWD else "o"
        above.plot(at, values["actual"], marker=marks, color=CAME, linewidth=1.8, markersize=4,
                   label=word_of("label.actual"))
        above.plot(at, values["expected"], color=EXPECTED, linewidth=1.8, linestyle=(0, (5, 2)),
                   label=word_of("plots.impact_expected"))
        ends = values["cumulative_low"], values["cumulative_high"]
        beneath.fill_between(at, *ends, color=CAME, alpha=.18, linewidth=0)
        few = values["cumulative"].notna().sum() <= CROWD / 4
        beneath.vlines(at, *ends, color=CAME, alpha=.45, linewidth=2 * few)
        beneath.plot(at, values["cumulative"], marker="o" if few else "", color=CAME, linewidth=1.8, markersize=4)
        beneath.axhline(0, color=INK, linewidth=1, zorder=1)
        beneath.set_title(word_of("plots.impact_total"), fontsize=10, pad=4)
        for panel, signed in ((above, False), (beneath, True)):
            panel.axvline(first - .5, color=SOFT, linewidth=1.2, linestyle=(0, (4, 3)))
            panel.set_xlim(-.5, len(frame) - .5)
            panel.locator_params(axis="y", nbins=5)
            panel.yaxis.set_major_formatter(lambda value, _position, signed=signed: tick_of(value, unit, signed=signed))
            panel.tick_params(length=0)
            panel.spines[["left", "top", "right"]].set_visible(False)
            panel.spines["bottom"].set_color(SOFT)
        above.annotate(word_of("plots.impact_start"), (first - .5, 1), xycoords=("data", "axes fraction"), color=SOFT,
                       fontsize=9, xytext=(6, -2), textcoords="offset points", va="top")
        above.set_xticks([])
        beneath.set_xticks(at, fitting(ax, list(map(str, frame["period"])), 10))
        above.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0, handlelength=1.8)
        ax.set_title(title_of(title), wrap=True, pad=30)
    return ax
