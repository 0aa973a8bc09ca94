"""The waves of a survey, and beneath the line of all the same people in two of them: what the exchange of people made.

The area between the line of all and that of those who stayed is what those who left and those who joined make of it.
"""

import numpy as np
import pandas as pd

from engagelab.display import shown
from engagelab.plots.estimates import finish
from engagelab.plots.frames import picked
from engagelab.plots.style import COLORS, drawing, name_of, tick_of, word_of

ALL, STAYED, SHADE = COLORS[0], COLORS[1], "#dde3ec"
ASIDE, APART = .04, .12  # of the step between two waves, so that whiskers stand side by side
ONCE = {"left": ("v", COLORS[6], "left"), "joined": ("^", COLORS[2], "right")}  # marker, colour, side of its words


def waves(frame: pd.DataFrame, who: pd.DataFrame, *, unit: str = "number", title: str = "", ax=None):
    """All who answered, wave by wave, and those who stayed, left and joined between two of the waves.

    Parameters: `frame`, an answer with a row a wave; `who`, the table of that name of `el.change`, or an empty one;
    `unit` as in `engagelab.display.shown`. What is hidden is not drawn.

    Errors: UsageError where a wave has several rows, such as those of two metrics or groups; DataError where there is
    nothing to draw.

    >>> frame = pd.DataFrame({"metric": "enps", "wave": ["1", "2"], "estimate": [-18.0, -9.0], "low": -25.0,
    ...                       "high": [-10.0, -2.0], "n": 400, "flag": ""})
    >>> who = pd.DataFrame({"group": ["stayed", "stayed", "left", "joined"], "wave": ["1", "2", "1", "2"],
    ...                     "estimate": [-8.0, -11.0, -69.0, 20.0], "low": -20.0, "high": 30.0, "n": 60, "flag": ""})
    >>> ax = waves(frame, who, unit="points")
    >>> [text.get_text() for text in ax.texts]
    ['left: −69.0 (n = 60)', 'joined: +20.0 (n = 60)']
    """
    over = frame.columns[list(frame.columns).index("estimate") - 1]
    frame = picked(frame, [over], "low", "high", "n").reset_index(drop=True)
    places = {str(wave): place for place, wave in enumerate(frame[over])}
    who = who[who["estimate"].notna()]
    with drawing(ax, figsize=(8.2, 4.4)) as ax:
        _line(ax, list(places.values()), frame, ALL, word_of("waves.group_all"))
        if len(who):
            who = picked(who, ["group", over], "low", "high", "n")
            who = who.assign(place=who[over].astype("str").map(places))
            _exchange(ax, frame, who[who["group"] == "stayed"].sort_values("place"))
            for kind in ONCE:
                for row in who[who["group"] == kind].to_dict("records"):
                    _once(ax, row, kind, unit)
        ax.set_xticks(range(len(places)), [name_of(wave, over) for wave in places])
        words_first = len(who) and ((who["group"] == "left") & (who[over].astype("str") == next(iter(places)))).any()
        ax.set_xlim(-.05 - .28 * len(places) if words_first else -.6, len(places) - .4)
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        finish(ax, title, legend=True)
    return ax


def _line(ax, places, rows: pd.DataFrame, color: str, name: str) -> None:
    ax.vlines(places, rows["low"], rows["high"], color=color, alpha=.45, linewidth=2)
    ax.plot(places, rows["estimate"], "o-", color=color, linewidth=1.8, markersize=5.5, label=name, zorder=3)


def _exchange(ax, frame: pd.DataFrame, stayed: pd.DataFrame) -> None:
    """The line of those who stayed, and what lies between it and that of all."""
    if len(stayed) < 2:
        return
    ends = stayed["place"].to_numpy()
    between = np.arange(ends[0], ends[1] + 1)
    ax.fill_between(between, frame["estimate"].iloc[between], np.interp(between, ends, stayed["estimate"]), color=SHADE,
                    linewidth=0, zorder=1, label=word_of("plots.exchange"))
    _line(ax, ends + ASIDE, stayed, STAYED, word_of("waves.group_stayed"))


def _once(ax, row: dict, kind: str, unit: str) -> None:
    """Those who answered one of the two waves: a mark with its interval and words."""
    marker, color, side = ONCE[kind]
    place = row["place"] + (-APART if side == "left" else APART)
    ax.vlines(place, row["low"], row["high"], color=color, alpha=.45, linewidth=2)
    ax.plot(place, row["estimate"], marker, color=color, markersize=8, zorder=3)
    ax.annotate(word_of(f"plots.{kind}", value=shown(row["estimate"], unit), n=row["n"]), (place, row["estimate"]),
                xytext=(-8 if side == "left" else 8, 0), textcoords="offset points", color=color, fontsize=9,
                ha="right" if side == "left" else "left", va="center")
