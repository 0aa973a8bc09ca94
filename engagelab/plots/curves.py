"""Curves of coming back: retention by age, and on how many days people are active."""

import numpy as np
import pandas as pd

from engagelab.errors import column_of
from engagelab.plots.estimates import beside, finish, fitting, lines
from engagelab.plots.frames import PERIODS, grouped, lengths
from engagelab.plots.style import COLORS, drawing, name_of, tick_of, word_of


def retention(frame: pd.DataFrame, *, hue: str | None = None, title: str = "", ax=None):
    """The answer of `activity.retention`: the rate at each age with its interval, a line for each value of `hue`.

    Parameters: the frame; `hue`, another of its columns, such as a group, or `kind` of several answers put together.
    Ages stand side by side from young to old, each as far from the next. The axis begins at 0.

    Errors: UsageError where an age has several rows; DataError where the table is empty.

    >>> ax = retention(pd.DataFrame({"after": ["1 day", "7 days"], "estimate": [.4, .2], "low": [.3, .1],
    ...                              "high": [.5, .3], "flag": ""}))
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['1 day', '7 days']
    """
    ages = [str(age) for age in frame[column_of("after", frame.columns)].unique()]
    ax = lines(frame, "after", sorted(ages, key=lambda age: lengths(age, "after")), hue=hue, unit="share", title=title,
               ax=ax)
    ax.set_ylim(bottom=0)
    return ax


def power_curve(frame: pd.DataFrame, *, hue: str | None = None, title: str = "", ax=None):
    """The answer of `activity.power_curve`: a bar with its interval for each number of days (or weeks ...).

    Parameters: the frame; `hue`, one of its columns, whose values stand side by side.

    Errors: NoColumn where the frame has no such number; UsageError where one has several rows; DataError where the
    table is empty.

    >>> ax = power_curve(pd.DataFrame({"days": [1, 2], "estimate": [.7, .3], "low": [.6, .2], "high": [.8, .4],
    ...                                "flag": ""}))
    >>> [float(bar.get_height()) for bar in ax.patches]
    [0.7, 0.3]
    """
    units = [f"{period}s" for period in PERIODS]
    days = next((name for name in units if name in frame.columns), None) or column_of("days", frame.columns)
    groups = grouped(frame, days, hue)
    places = sorted(frame[days].unique())
    with drawing(ax, figsize=(8.2 if len(groups) < 4 else 11, 3.9)) as ax:
        wide = .8 / len(groups)
        for number, (name, group) in enumerate(groups):
            rows = group.set_index(days).reindex(places)
            at = np.arange(len(places)) + (number - (len(groups) - 1) / 2) * wide
            color = COLORS[number % len(COLORS)]
            ax.bar(at, rows["estimate"], width=wide * .92, color=color, alpha=.75, label=name_of(name, hue))
            ax.vlines(at, rows["low"], rows["high"], color="#374151", linewidth=1)
        ax.set_xticks(range(len(places)), fitting(ax, [str(place) for place in places]))
        ax.set_xlim(-.6, len(places) - .4)
        ax.set_ylim(bottom=0)
        ax.set_xlabel(word_of(f"plots.active_{days}"), loc="left")
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        finish(ax, title, legend=False)
        if hue is not None:
            beside(ax, ax.containers)
    return ax
