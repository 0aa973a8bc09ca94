"""Campaigns side by side: what each brings, how sure that is, and which ones the money goes to."""

from typing import Any

import numpy as np
import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import finish
from engagelab.plots.style import COLORS, SOFT, drawing, tick_of, title_of, word_of

BAR, INK, WIDE = "#cfd5df", "#1f2937", 5.4   # and the width of a figure in points


def portfolio(frame: pd.DataFrame, *, unit: str = "number", title: str = "", ax: Any = None) -> Any:
    """The net value of each campaign with its interval, the best at the top; at the right what it costs.

    frame : `roi.portfolio(...).frame`. Chosen campaigns are blue, and their costs are added up from the top down.
    Errors: NoColumn; DataError where the table is empty.

    >>> ax = portfolio(pd.DataFrame({"campaign": ["mail", "shop"], "estimate": [120, -50], "low": [40, -90],
    ...                              "high": [200, -10], "cost": [300, 200], "chosen": [True, False],
    ...                              "cumulative_cost": [300, None]}))
    >>> [text.get_text() for text in ax.texts]
    ['cost', '300', '200', 'added up', '300', '']
    """
    for name in ("campaign", "estimate", "low", "high", "cost", "chosen", "cumulative_cost"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    places = np.arange(len(frame))[::-1]
    with drawing(ax, figsize=(9.4, 1.5 + .42 * len(frame))) as ax:
        ax.barh(places, frame["estimate"], height=.62, zorder=2,
                color=[COLORS[0] if chosen else BAR for chosen in frame["chosen"]])
        ax.hlines(places, frame["low"], frame["high"], color=INK, linewidth=1.4, zorder=3)
        ax.axvline(0, color=INK, linewidth=1, zorder=3)
        ax.set_yticks(places, [title_of(str(name)) for name in frame["campaign"]])
        ax.set_ylim(-.6, len(frame) - .4)
        ax.margins(x=.04)
        right = 0.0
        for key, column, color in (("portfolio.cost", "cost", INK), ("portfolio.added", "cumulative_cost", COLORS[0])):
            texts = [tick_of(cost, unit) if cost == cost else "" for cost in frame[column]]
            right += WIDE * max(map(len, [*texts, 2 * word_of(key)[:6]])) + 16
            for place, text in ((len(frame) - .35, word_of(key)), *zip(places, texts, strict=True)):
                ax.annotate(text, (1, place), xycoords=("axes fraction", "data"), xytext=(right, 0), va="center",
                            ha="right", textcoords="offset points", fontsize=9, annotation_clip=False,
                            color=SOFT if text == word_of(key) else color)
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        ax.locator_params(axis="x", nbins=6)
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        ax.set_xlabel(word_of("portfolio.axis"), color=SOFT, fontsize=8, loc="left")
        finish(ax, title, legend=False)
    return ax
