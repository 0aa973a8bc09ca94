"""How much of the value comes from how few customers."""

import numpy as np
import pandas as pd

from engagelab.display import shown
from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import finish
from engagelab.plots.frames import lengths
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, word_of
from engagelab.summaries.frames import numbers

MARKED = (.1, .2, .5)


def concentration(frame: pd.DataFrame, *, value: str = "estimate", hue: str | None = None, title: str = "", ax=None):
    """The share of the value that the best customers bring, from the best one on: a row of the frame is a customer.

    Parameters: `value`, a column of numbers in one unit; `hue`, a column of groups, each a line of its own. The best
    10, 20 and 50 % are marked, and the dashed diagonal is what it would be if all brought the same. Where some cost
    more than they bring, the line rises above 100 % and comes down again. Rows without a value are left out and
    counted beneath. Source: Lorenz (1905, Publications of the American Statistical Association 9, 209-219), from the
    best down.

    Errors: NoColumn; DataError for a value that is no number, and for a group whose values do not sum to more than 0.

    >>> ax = concentration(pd.DataFrame({"estimate": [50.0, 30, 10, 5, 5, 0, 0, 0, 0, 0]}))
    >>> [text.get_text() for text in ax.texts]
    ['10% bring 50.0%', '20% bring 80.0%', '50% bring 100.0%']
    """
    values = numbers(frame, [column_of(value, frame.columns)])[value]
    groups = [("", values)] if hue is None else sorted(
        values.groupby(frame[column_of(hue, frame.columns)]), key=lambda pair: (lengths(pair[0], hue), pair[0]))
    if values.isna().all():
        raise DataError("plots.nothing")
    with drawing(ax, figsize=(8.2, 4.6)) as ax:
        ax.plot([0, 1], [0, 1], color=SOFT, linewidth=1.2, linestyle=(0, (4, 3)))
        for number, (name, group) in enumerate(groups):
            _line(ax, group.dropna().to_numpy(), name_of(name, hue), COLORS[number % len(COLORS)], len(groups) == 1)
        ax.set_xlim(0, 1)
        ax.set_ylim(bottom=0)
        ax.grid(axis="x", visible=True)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda share, _position: tick_of(share, "share"))
        beneath = word_of("plots.best_first", n=int(values.notna().sum()))
        if missing := int(values.isna().sum()):
            beneath += word_of("plots.without_value", n=missing)
        ax.set_xlabel(beneath, loc="left")
        ax.set_ylabel(word_of("plots.share_of_value"))
        finish(ax, title, len(groups) > 1)
        if len(groups) > 1:
            ax.legend(loc="lower right")
    return ax


def _line(ax, values: np.ndarray, name: str, color: str, alone: bool) -> None:
    """The line of one group with its marks; their words where it is alone."""
    total = values.sum()
    if not total > 0:
        raise DataError("plots.no_value", name=repr(name), total=f"{total:g}")
    across = np.arange(len(values) + 1) / max(len(values), 1)
    up = np.append(0.0, np.cumsum(np.sort(values)[::-1]) / total)
    ax.plot(across, up, color=color, linewidth=1.8, label=name)
    shares = np.interp(MARKED, across, up)
    ax.plot(MARKED, shares, "o", color=color, markeredgecolor="white", markersize=7)
    if alone:
        for best, share in zip(MARKED, shares, strict=True):
            ax.annotate(word_of("plots.best_bring", best=tick_of(best, "share"), share=shown(share, "share")), (
                best, share), xytext=(10, -6), textcoords="offset points", fontsize=9, ha="left",
                va="top")
