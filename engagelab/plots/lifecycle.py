"""The lifecycle as a stack: in which state the people are, period by period."""

import numpy as np
import pandas as pd

from engagelab.display import tick
from engagelab.plots.estimates import beside, finish, fitting
from engagelab.plots.frames import period_of, picked
from engagelab.plots.style import COLORS, drawing, name_of, tick_of

# From who may come to who is gone; the two that ask for something stand out.
STATES = {"lead": "#d5dae3", "new": COLORS[4], "active": COLORS[0], "won_back": COLORS[2], "at_risk": COLORS[5],
          "dormant": "#6b7280"}
DARK = ("active", "won_back", "dormant")
TALL, WIDE = 11, 24     # points that a written share needs


def lifecycle(frame: pd.DataFrame, *, title: str = "", ax=None):
    """The answer of `activity.lifecycle`: a bar a period, made up of the shares of the states.

    Parameters: the frame of one group. States stand in the order of the frame; a share is written where there is room.
    A period that is not known has no bar.

    Errors: UsageError where a state has several rows for a period; DataError where the table is empty.

    >>> ax = lifecycle(pd.DataFrame({"month": "2026-04", "state": ["active", "dormant"], "estimate": [.8, .2]}))
    >>> [text.get_text() for text in ax.texts]
    ['80%', '20%']
    """
    when = period_of(frame)
    frame = picked(frame, [when, "state"], "estimate")
    table = frame.pivot(index=when, columns="state", values="estimate").sort_index()
    others = iter(COLORS * len(table.columns))
    colors = {state: STATES.get(state) or next(others) for state in frame["state"].unique()}
    with drawing(ax, figsize=(min(max(8.2, .62 * len(table) + 1.6), 13), 4.2)) as ax:
        room = ax.bbox.width * 72 / ax.figure.dpi / len(table) * .8, ax.bbox.height * 72 / ax.figure.dpi
        foot = np.zeros(len(table))
        bars = []
        for state, color in colors.items():
            tall = table[state].to_numpy()
            bars.append(ax.bar(range(len(table)), tall, bottom=foot, width=.8, color=color, edgecolor="white",
                               linewidth=.6, label=name_of(state, "state")))
            for place in np.flatnonzero((np.nan_to_num(tall) * room[1] >= TALL) & (room[0] >= WIDE)):
                ax.text(place, foot[place] + tall[place] / 2, tick(round(tall[place], 2), "share"), ha="center",
                        va="center", fontsize=8, color="white" if state in DARK else "#1f2937")
            foot = foot + np.nan_to_num(tall)
        ax.set_xticks(range(len(table)), fitting(ax, [str(label) for label in table.index]), fontsize=8)
        ax.set_xlim(-.7, len(table) - .3)
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        finish(ax, title, legend=False)
        beside(ax, bars[::-1])
    return ax
