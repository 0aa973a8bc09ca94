"""Themes in free text: how many mention each, and in which tone."""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.plots.estimates import finish
from engagelab.plots.frames import picked
from engagelab.plots.style import COLORS, drawing, name_of, tick_of

COLOR = {"negative": COLORS[1], "positive": COLORS[0]}
BAR, APART = "#e8ebf0", .17


def themes(frame: pd.DataFrame, *, title: str = "", ax=None):
    """The answer of `surveys.terms`: a bar a theme, the most frequent at the top, and on it the tones with intervals.

    Parameters: the frame of one group. The bar is the share who mention the theme in whichever tone; dots are the
    shares who do so positively and negatively. What is hidden has its name and no mark.

    Errors: UsageError where a theme has several rows for a tone; DataError where the table is empty.

    >>> ax = themes(pd.DataFrame({"theme": "pay", "tone": ["(all)", "negative"], "estimate": [.3, .2],
    ...                           "low": [.2, .1], "high": [.4, .3]}))
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['Pay and benefits']
    """
    frame = picked(frame, ["theme", "tone"], "estimate", "low", "high")
    table = frame.set_index(["tone", "theme"])
    total = frame[frame["tone"] == words.text("metrics.all")].set_index("theme")["estimate"]
    total = total.reindex(frame["theme"].unique()).fillna(-1)
    order = total.sort_values(kind="stable", ascending=False).index[::-1]
    places = np.arange(len(order))
    with drawing(ax, figsize=(8.2, 1.6 + .4 * len(order))) as ax:
        ax.barh(places, total.reindex(order).clip(lower=0), color=BAR, height=.74,
                label=name_of(words.text("metrics.all")))
        for (tone, color), shift in zip(COLOR.items(), (-APART, APART), strict=True):
            rows = table.reindex([(tone, theme) for theme in order])
            ax.hlines(places + shift, rows["low"], rows["high"], color=color, linewidth=2)
            ax.plot(rows["estimate"], places + shift, "o", color=color, markersize=6, label=name_of(tone, "tone"))
        ax.set_yticks(places, [name_of(theme, "theme") for theme in order])
        ax.set_ylim(-.6, len(order) - .4)
        ax.set_xlim(left=0)
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        finish(ax, title, legend=True)
    return ax
