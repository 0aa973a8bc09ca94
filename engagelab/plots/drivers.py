"""Drivers of an outcome, the shares of what they explain one beneath the other."""

import pandas as pd

from engagelab.display import shown
from engagelab.errors import column_of
from engagelab.plots.estimates import levels
from engagelab.plots.style import SOFT, drawing, word_of


def drivers(frame: pd.DataFrame, *, title: str = "", ax=None):
    """The shares of explained variance with their intervals, R squared and the caution beneath.

    frame : `surveys.drivers(...).frame`. A driver of which nothing can be said shows its name and no point.

    >>> frame = pd.DataFrame({"driver": ["voice", "pay"], "estimate": [.7, .3], "low": [.6, .2], "high": [.8, .4],
    ...                       "of_variance": [.35, .15], "n": 300, "flag": ""})
    >>> drivers(frame).get_xlabel().splitlines()[0]
    'R² = 50.0% (n = 300)'
    """
    for name in ("driver", "estimate", "low", "high", "of_variance", "n"):
        column_of(name, frame.columns)
    with drawing(ax, figsize=(8.2, 1.5 + .38 * len(frame))) as ax:
        levels(frame, by="driver", unit="share", title=title, ax=ax)
        ax.set_xlim(left=0)
        share = shown(frame["of_variance"].sum(), "share")
        explained = word_of("plots.explained", share=share, n=int(frame["n"].max()))
        ax.set_xlabel(f"{explained}\n{word_of('drivers.caution')}", color=SOFT, fontsize=8, loc="left")
    return ax
