"""How far a result swings when each input alone goes to its two ends: the widest bar on top."""

from typing import Any

import numpy as np
import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.style import COLORS, drawing, short_of, title_of, word_of

INK, ENDS = "#1f2937", (("low", COLORS[4]), ("high", COLORS[0]))
MOST = 20   # bars that one looks at


def tornado(frame: pd.DataFrame, *, now: float, unit: str = "number", title: str = "", ax: Any = None) -> Any:
    """A bar an input, from the result at its lower end to that at its upper end, around the result as it is.

    frame : `tree.tornado(...).frame`: `label, unit, low, high, root_low, root_high, swing`; the widest 20 are drawn.
    now, unit : the result as it is, and its unit, as in `engagelab.display.shown`. The ends of the inputs stand beside
    the bars, the result beneath. A bar without an end reaches the edge.

    Errors: NoColumn; DataError where no input swings.

    >>> ax = tornado(pd.DataFrame({"label": ["churn"], "unit": ["share"], "low": [.025], "high": [.035], "swing": [5.0],
    ...                            "root_low": [13], "root_high": [8]}), now=10)
    >>> [text.get_text() for text in ax.texts]
    ['2.5%', '3.5%', 'now 10']
    """
    for name in ("label", "unit", "low", "high", "root_low", "root_high", "swing"):
        column_of(name, frame.columns)
    rows = frame[frame["swing"] > 0].head(MOST).to_dict("records")
    if not rows:
        raise DataError("plots.nothing")
    ends = np.array([[row["root_low"], row["root_high"]] for row in rows] + [[now, now]], dtype=float)
    reach = ends[np.isfinite(ends)]
    room = .14 * (reach.max() - reach.min())
    edges = reach.min() - room, reach.max() + room
    with drawing(ax, figsize=(8.2, 1.5 + .42 * len(rows))) as ax:
        for place, row in enumerate(rows):
            ordered = sorted(ENDS, key=lambda end: -abs(row[f"root_{end[0]}"] - now))  # the longer one is behind
            for end, color in ordered:
                at = float(np.clip(row[f"root_{end}"], *edges))
                ax.barh(place, at - now, left=now, height=.62, color=color, label=word_of(f"plots.at_{end}"))
            sides = [np.clip(row[f"root_{end}"], *edges) - now for end, _ in ENDS]
            for (end, _), side, other in zip(ENDS, sides, sides[::-1], strict=True):
                behind = side * other > 0 and abs(side) < abs(other)   # both on one side: the shorter one's is opposite
                right = (side > 0) != behind if side else other <= 0
                ax.annotate(short_of(row[end], row["unit"]), (now if behind or not side else now + side, place),
                            (4 if right else -4, 0), textcoords="offset points", va="center", fontsize=8.5,
                            ha="left" if right else "right", color=INK)
        ax.axvline(now, color=INK, linewidth=1)
        ax.text(now, 1.01, word_of("plots.now", value=short_of(now, unit)), transform=ax.get_xaxis_transform(),
                ha="center", va="bottom", fontsize=8.5, color=INK)
        ax.set(xlim=edges, ylim=(len(rows) - .5, -.6))
        ax.set_yticks(range(len(rows)), [row["label"] for row in rows])
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        ax.locator_params(axis="x", nbins=5)
        ax.xaxis.set_major_formatter(lambda value, _position: short_of(value, unit))
        ax.tick_params(length=0)
        ax.spines[["left", "bottom"]].set_visible(False)
        handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
        names = [word_of(f"plots.at_{end}") for end, _ in ENDS]
        ax.legend([handles[name] for name in names], names, loc="upper left", bbox_to_anchor=(0, -.12), ncols=2,
                  borderaxespad=0)
        ax.set_title(title_of(title), pad=22, wrap=True)
    return ax
