"""What is still open after a time, with its band."""

import pandas as pd

from engagelab.errors import column_of
from engagelab.plots.estimates import finish
from engagelab.plots.style import COLORS, drawing, name_of, tick_of

# minutes that a person calls one unit or a few: 15 min, 1 h, 6 h, 12 h, 1, 2, 7, 28 days and on
ROUND = (15, 60, 360, 720, 1440, 2880, 10080, 40320, 525600, 5256000)
HALF = .5 + 1e-12


def survival(frame: pd.DataFrame, *, hue: str | None = None, unit: str = "number", title: str = "", until=None,
             median: bool = False, ax=None):
    """Kaplan-Meier curves with their bands, one for each value of `hue`.

    Parameters: a frame of `engagelab.metrics.survival.kaplan_meier` (columns `time`, `survival`,
    `low`, `high`); `until`, where the time axis ends; `median`, whether a dot marks where half have ended.

    >>> ax = survival(pd.DataFrame({"time": [15, 60, 180], "survival": [.8, .5, .2], "low": [.7, .4, .1],
    ...                             "high": [.9, .6, .3]}), unit="minutes")
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['0 min', '60 min', '2 h', '3 h']
    """
    groups = [("", frame)] if hue is None else list(frame.groupby(column_of(hue, frame.columns), sort=True))
    with drawing(ax) as ax:
        for number, (name, group) in enumerate(groups):
            color = COLORS[number % len(COLORS)]
            ax.fill_between(group["time"], group["low"], group["high"], step="post", color=color, alpha=.18,
                            linewidth=0)
            ax.step(group["time"], group["survival"], where="post", color=color, linewidth=1.8,
                    label=name_of(name, hue))
            if median and len(half := group["time"][group["survival"] <= HALF]):
                ax.plot([half.iloc[0]], [.5], "o", color=color, markeredgecolor="white", markersize=8, zorder=3)
                ax.vlines(half.iloc[0], 0, .5, color=color, linewidth=1, linestyles=(0, (4, 3)))
        ax.set_ylim(0, 1.02)
        ax.set_xlim(0, until)
        if unit == "minutes":
            step = next(size for size in ROUND if ax.get_xlim()[1] / size <= 8)
            ax.set_xticks(range(0, int(ax.get_xlim()[1]) + 1, step))
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        finish(ax, title, len(groups) > 1)
    return ax
