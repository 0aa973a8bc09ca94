"""Who leaves more often: hazard ratios with their intervals, on a scale of ratios."""

import numpy as np
import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import levels
from engagelab.plots.style import COLORS, SOFT, drawing, heading_of, word_of

TICKS = np.array([.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 50, 100])
WIDEST = 100.0    # a ratio beyond which an interval is cut


def hazards(frame: pd.DataFrame, *, title: str = "", ax=None):
    """The answer of `ltv.hazards(...).frame`: a row a level or step; right of the line at 1 is who leaves more often.

    A row without a ratio shows its name and no point. Intervals are cut at a hundredth and at a hundred.

    Errors: NoColumn; DataError where no row has a ratio.

    >>> ax = hazards(pd.DataFrame({"feature": ["plan"], "level": ["year"], "against": ["month"], "estimate": [.14],
    ...                            "low": [.04], "high": [.44], "flag": ""}))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['plan: year (against month)']
    """
    for name in ("feature", "level", "against", "estimate", "low", "high"):
        column_of(name, frame.columns)
    if not frame["estimate"].notna().any():
        raise DataError("plots.nothing")
    names = [_named(row) for row in frame.to_dict("records")]
    with drawing(ax, figsize=(8.2, 1.5 + .38 * len(frame))) as ax:
        cut = frame[["estimate", "low", "high"]].clip(1 / WIDEST, WIDEST)
        ax.set_xscale("log")
        levels(frame.assign(term=names, **cut), by="term", title=title, ax=ax)
        ax.axvline(1, color=COLORS[1], linewidth=1.2, linestyle=(0, (4, 3)))
        low, high = min(cut["low"].min(), .8), max(cut["high"].max(), 1.25)
        ax.set_xlim(low / 1.1, high * 1.1)
        ax.set_xticks(TICKS[(low / 1.1 <= TICKS) & (high * 1.1 >= TICKS)])
        ax.set_xticks([], minor=True)
        ax.xaxis.set_major_formatter(lambda value, _position: f"{value:g}")
        beneath = f"{word_of('plots.hazard_ratio')}\n{word_of('survival.caution')}"
        ax.set_xlabel(beneath, color=SOFT, fontsize=8, loc="right", multialignment="right", linespacing=1.4)
    return ax


def _named(row: dict) -> str:
    feature = heading_of(row["feature"])
    if not row["against"]:
        return f"{feature} {row['level']}"
    return word_of("plots.against", feature=feature, level=row["level"], against=row["against"])
