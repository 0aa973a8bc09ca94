"""How many are still there after a time: as observed, and as one kind and two kinds of leavers would have it."""

import pandas as pd

from engagelab import words
from engagelab.errors import column_of, one_of
from engagelab.plots.estimates import finish
from engagelab.plots.style import COLORS, SOFT, drawing, tick_of, word_of

OWN = ("time", "at_risk", "ended", "censored", "survival", "low", "high", "se", "one_kind", "two_kinds")


def leavers(frame: pd.DataFrame, *, group: str | None = None, every: str = "month", title: str = "", ax=None):
    """The observed share with its intervals, and the curves of both models.

    frame : `ltv.leavers(...).curve`. group : which of its groups to draw; all together unless given.
    every : the period of its times.

    >>> curve = pd.DataFrame({"time": [1, 2, 3], "at_risk": [100, 70, 55], "ended": [30, 15, 5], "censored": 0,
    ...     "survival": [.7, .55, .5], "low": [.6, .45, .4], "high": [.78, .64, .6], "se": .05,
    ...     "one_kind": [.75, .56, .42], "two_kinds": [.7, .56, .5]})
    >>> [text.get_text() for text in leavers(curve).get_legend().get_texts()]
    ['observed', 'quick and slow leavers', 'one kind of leavers']
    """
    for name in OWN:
        column_of(name, frame.columns)
    keys = [name for name in frame.columns if name not in OWN]
    if keys:
        label = frame[keys].agg(" / ".join, axis="columns")
        everyone = " / ".join([words.text("metrics.all")] * len(keys))
        frame = frame[label == one_of("group", everyone if group is None else group, label.unique())]
    start = pd.DataFrame({name: [0.0 if name == "time" else 1.0] for name in OWN})
    rows = pd.concat([start, frame[list(OWN)].astype("float64")], ignore_index=True)
    with drawing(ax) as ax:
        ax.vlines(rows["time"], rows["low"], rows["high"], color=SOFT, alpha=.6, linewidth=2)
        ax.plot(rows["time"], rows["survival"], "o", color=SOFT, markersize=4, label=word_of("leavers.observed"))
        for name, color, style in (("two_kinds", COLORS[0], "-"), ("one_kind", COLORS[1], (0, (4, 3)))):
            ax.plot(rows["time"], rows[name], color=color, linewidth=1.8, linestyle=style,
                    label=word_of(f"leavers.{name}"))
        ax.set_ylim(0, 1.02)
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        ax.set_xlim(-.01 * rows["time"].max())
        ax.set_xlabel(word_of("leavers.axis", every=word_of(f"activity.every_{every}")), color=SOFT, fontsize=8,
                      loc="right")
        finish(ax, title, legend=False)
        ax.legend(loc="upper right", borderaxespad=.2, handlelength=1.4)
    return ax
