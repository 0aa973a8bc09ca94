"""The parts of a change by segment, side by side on one scale."""

from typing import Any

import numpy as np
import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import finish
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, word_of

PARTS = {"volume": "#6b7280", "mix": COLORS[5], "rate": COLORS[0]}
THICK = .36


def mix(frame: pd.DataFrame, *, unit: str = "number", title: str = "", ax: Any = None) -> Any:
    """A line a segment with a bar for its part by mix and one for that by rate; the volume of the whole on top.

    frame : `.frame` of `el.kpi.mix(...)`: the segment first, then `part, contribution, low, high`. Segments with the
    largest parts come first. Errors: NoColumn; DataError where there is nothing to draw.

    >>> ax = mix(pd.DataFrame({"plan": ["all", "pro", "pro"], "part": ["volume", "mix", "rate"],
    ...                        "contribution": [40, 10, -5], "low": np.nan, "high": np.nan}))
    >>> [text.get_text() for text in ax.texts]
    ['+40', '+10', '−5']
    """
    for name in ("part", "contribution", "low", "high"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    by = str(frame.columns[0])
    size = frame["contribution"].abs().groupby(frame[by]).max().sort_values(ascending=False, kind="stable")
    whole = frame.loc[frame["part"] == "volume", by].tolist()
    names = [*whole, *(name for name in size.index if name not in whole)][::-1]
    with drawing(ax, figsize=(8.2, 1.3 + .62 * len(names))) as ax:
        for part, rows in frame.groupby("part", sort=False):
            at = rows[by].map(names.index) + {"volume": 0, "mix": THICK / 2, "rate": -THICK / 2}[str(part)]
            label = word_of(f"kpi_mix.{part}")
            ax.barh(at, rows["contribution"], height=THICK * .92, color=PARTS[str(part)], label=label)
            ax.hlines(at, rows["low"], rows["high"], color="#1d2433", linewidth=1)
            for place, value, low, high in zip(at, rows["contribution"], rows["low"], rows["high"], strict=True):
                end = np.nanmin([value, low]) if value < 0 else np.nanmax([value, high])
                side, apart = ("right", -4) if value < 0 else ("left", 4)
                ax.annotate(tick_of(value, unit, signed=True), (end, place), xytext=(apart, 0), va="center", ha=side,
                            textcoords="offset points", fontsize=8.5)
        ax.axvline(0, color=SOFT, linewidth=1)
        ax.set_yticks(range(len(names)), [name_of(name, by) for name in names])
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        ax.margins(x=.14)
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, unit, signed=True))
        ax.locator_params(axis="x", nbins=6)
        finish(ax, title, legend=True)
    return ax
