"""How the draws of a result are distributed, and how many of them lie above a level."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engagelab.errors import DataError
from engagelab.plots.style import COLORS, SOFT, drawing, short_of, tick_of, title_of, word_of

BINS, SEEN = 60, (.25, 99.75)   # per cent of the draws that the picture spans


def simulated(draws: ArrayLike, *, above: float = 0.0, unit: str = "number", title: str = "", ax: Any = None) -> Any:
    """A histogram of draws: those above the level in blue, those below in orange, each with its share.

    draws : `tree.simulate(...).draws[name]`. The outermost 0.5 % of them are left out of the picture alone.
    The line beneath is the range of 95 % of the draws, the point their mean.

    Errors: DataError where there are no draws, or all are the same.

    >>> ax = simulated([-1.0, 1, 2, 3], unit="JPY")
    >>> [text.get_text() for text in ax.texts]
    ['25% below ¥0', '75% above ¥0']
    """
    values = np.asarray(draws, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values) or values.min() == values.max():
        raise DataError("plots.nothing")
    low, high = np.percentile(values, SEEN)
    step = (high - low) / BINS
    first = np.floor((low - above) / step)   # a bin begins at the level
    edges = above + step * np.arange(first, first + BINS + 2)
    with drawing(ax, figsize=(8.2, 3.6)) as ax:
        counts, _ = np.histogram(values, edges)
        middle = (edges[:-1] + edges[1:]) / 2
        ax.bar(middle, counts, width=step * .92, color=np.where(middle > above, COLORS[0], COLORS[1]).tolist())
        top = counts.max()
        ends = np.percentile(values, [2.5, 97.5])
        ax.hlines(-.06 * top, *ends, color=SOFT, linewidth=3)
        ax.plot(values.mean(), -.06 * top, "o", color="#1f2937", markersize=6)
        share = float(np.mean(values > above))
        for end, part, x, side, color in (("below", 1 - share, .01, "left", COLORS[1]),
                                          ("above", share, .99, "right", COLORS[0])):
            told = "> 99.9%" if part > .999 else "< 0.1%" if part < .001 else tick_of(part, "share")
            ax.text(x, .98, word_of(f"plots.{end}", share=told, level=short_of(above, unit)), transform=ax.transAxes,
                    ha=side, va="top", fontsize=12, color=color, weight="bold")
        if edges[0] < above < edges[-1]:
            ax.vlines(above, -.12 * top, 1.06 * top, color="#1f2937", linewidth=1)
        ax.set(ylim=(-.12 * top, 1.24 * top), yticks=[])
        ax.grid(visible=False)
        ax.locator_params(axis="x", nbins=6)
        ax.xaxis.set_major_formatter(lambda value, _position: short_of(value, unit))
        ax.tick_params(length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel(word_of("plots.simulated", n=f"{len(values):,}"), color=SOFT, fontsize=8, loc="left")
        ax.set_title(title_of(title), pad=20, wrap=True)
    return ax
