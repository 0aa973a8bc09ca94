"""Whether two factors depend on each other: lines that run side by side, or cross."""

from typing import Any

import numpy as np
import pandas as pd

from engagelab.errors import UsageError, column_of
from engagelab.plots.estimates import lines
from engagelab.plots.style import drawing, heading_of, name_of

APART = .06   # of the height, between two names at the end of the lines


def interaction(frame: pd.DataFrame, *, across: str, hue: str, unit: str = "number", title: str = "", ax: Any = None
                ) -> Any:
    """The estimate of each cell: the levels of `across` side by side, a line for each level of `hue`, named at its end.

    frame : `.cells` of `el.experiments.factorial(...)`, or an answer of `measure` by two columns; cells of more
        factors have to be chosen first. Lines that are not parallel show an interaction.
    Errors: UsageError for a factor crossed with itself, and where a cell has several rows.

    >>> ax = interaction(pd.DataFrame({"subject": ["long", "long", "short", "short"], "sender": ["brand", "person"] * 2,
    ...                                "estimate": [.05, .025, .025, .05], "low": .02, "high": .06, "flag": ""}),
    ...                  across="subject", hue="sender", unit="share")
    >>> [text.get_text() for text in ax.texts]
    ['person', 'brand']
    """
    if across == hue:
        raise UsageError("interaction.same", column=repr(across))
    places = [str(level) for level in dict.fromkeys(frame[column_of(across, frame.columns)])]
    with drawing(ax) as ax:
        lines(frame, across, places, hue=hue, unit=unit, title=title, ax=ax)
        ax.get_legend().remove()
        ends = frame[frame[across].astype("str") == places[-1]].groupby(hue, sort=True)["estimate"].first()
        colors = {line.get_label(): line.get_color() for line in ax.lines}
        edge = max(np.nanmax(line.get_xdata()) for line in ax.lines if len(line.get_xdata()))
        low, high = ax.get_ylim()
        order = ends.dropna().sort_values(ascending=False)
        for (level, _), height in zip(order.items(), _apart(order.to_numpy(), APART * (high - low)), strict=True):
            ax.annotate(name_of(level, hue), (edge, height), xytext=(9, 0), textcoords="offset points", va="center",
                        color=colors[name_of(level, hue)], fontweight="bold", annotation_clip=False)
        ax.set_xlim(-.3, edge + .05)
        ax.set_xlabel(heading_of(across), loc="left")
    return ax


def _apart(heights: np.ndarray, least: float) -> np.ndarray:
    """The heights, from high to low, moved so that each is `least` beneath the one before, about their middle.

    >>> _apart(np.array([1., 1., 0.]), .5).round(2).tolist()
    [1.17, 0.67, 0.17]
    """
    moved = heights.astype("float64")
    for place in range(1, len(moved)):
        moved[place] = min(moved[place], moved[place - 1] - least)
    return moved + (heights - moved).mean() if len(moved) else moved
