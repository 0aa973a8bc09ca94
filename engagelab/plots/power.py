"""The chance to see an effect, over how large it is: for the planned number of people, half and twice as many."""

import numpy as np
import pandas as pd

from engagelab.display import TRAILING, shown
from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import beside
from engagelab.plots.style import COLORS, SOFT, drawing, tick_of, title_of, word_of


def power(frame: pd.DataFrame, *, n: float | None = None, effect: float | None = None, unit: str = "number",
          title: str = "", ax=None):
    """A curve for each `n` of the power over the effect.

    frame : `.frame` of a plan: `n, effect, power`. n : whose curve is drawn as the plan's. effect : which is marked on
    it. unit : of the effect, as in `engagelab.display.shown`.

    >>> ax = power(pd.DataFrame({"n": [50, 50, 50], "effect": [.1, .2, .3], "power": [.2, .5, .9]}), n=50, effect=.3,
    ...            unit="share")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['n = 50', 'planned: +30 pp, 90%']
    """
    for name in ("n", "effect", "power"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    with drawing(ax) as ax:
        for number, size in enumerate(sorted(frame["n"].unique())):
            rows, own = frame[frame["n"] == size], size == n
            ax.plot(rows["effect"], rows["power"], color=COLORS[0] if own else SOFT, linewidth=2.4 if own else 1.5,
                    linestyle="-" if own else ("--", "-.", ":")[number % 3],
                    label=word_of("plots.power_n", n=shown(float(size), "count")))
        marked = frame[(frame["n"] == n) & np.isclose(frame["effect"], np.nan if effect is None else effect)]
        for _, row in marked.head(1).iterrows():
            ax.plot(row["effect"], row["power"], "o", color=COLORS[1], markersize=8, label=word_of(
                "plots.power_planned", effect=_effect(row["effect"], unit),
                power=tick_of(row["power"], "share")))
        beside(ax, ax.get_lines())
        ax.locator_params(axis="x", nbins=5)  # a tick in Japanese is long
        ax.set_ylim(0, 1.04)
        ax.set_yticks([0, .2, .4, .6, .8, 1])
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        ax.xaxis.set_major_formatter(lambda value, _position: _effect(value, unit))
        ax.set(xlabel=word_of("label.effect"), ylabel=word_of("label.power"))
        ax.tick_params(length=0)
        ax.set_title(title_of(title), wrap=True)
    return ax


def _effect(value: float, unit: str) -> str:
    """A tick of an effect, without decimals that say nothing."""
    return TRAILING.sub("", shown(round(value, 12), unit, signed=True)) if round(value, 12) else "0"
