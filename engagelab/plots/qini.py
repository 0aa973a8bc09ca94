"""What treating more and more customers brings, those with the highest score first."""

import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.style import COLORS, SOFT, drawing, tick_of, title_of, word_of


def qini(frame: pd.DataFrame, *, unit: str = "number", title: str = "", ax=None):
    """The gain over the share treated with the interval of each point, and the straight line of a choice by lot.

    frame : `experiments.uplift(...).curve`. unit : that of the gain, as in `engagelab.display.shown`.

    Errors: NoColumn; DataError where the table is empty.

    >>> ax = qini(pd.DataFrame({"share": [0, .5, 1], "gain": [0, .04, .05], "low": [0, .03, .03],
    ...                         "high": [0, .05, .07], "by_lot": [0, .025, .05]}), unit="share")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['highest score first', 'interval of each point', 'as many by lot']
    """
    for name in ("share", "gain", "low", "high", "by_lot"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    with drawing(ax, figsize=(7.2, 4.6)) as ax:
        ax.plot(frame["share"], frame["gain"], color=COLORS[0], linewidth=2, label=word_of("qini.by_score"))
        ax.fill_between(frame["share"], frame["low"], frame["high"], color=COLORS[0], alpha=.18, linewidth=0,
                        label=word_of("qini.band"))
        ax.plot(frame["share"], frame["by_lot"], color=COLORS[1], linewidth=1.4, linestyle=(0, (4, 3)),
                label=word_of("qini.by_lot"))
        ax.axhline(0, color=SOFT, linewidth=.8)
        ax.set_xlim(0, 1)
        ax.set(xlabel=word_of("qini.share"), ylabel=word_of("qini.gain"))
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        ax.tick_params(length=0)
        ax.legend(loc="best")
        ax.set_title(title_of(title), wrap=True)
    return ax
