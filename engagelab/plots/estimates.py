"""Estimates with their intervals: over time, and side by side."""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import column_of
from engagelab.plots.frames import grouped, period_of
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, title_of

LETTER, LETTERS_AN_INCH = .6, 15.2  # how wide a letter is, of its height; and how many of a label go into an inch
CROWD = 60  # points of a line above which it has no marker for each


def trend(frame: pd.DataFrame, *, over: str | None = None, hue: str | None = None, unit: str = "number",
          title: str = "", ax=None):
    """Estimates over periods, a line for each value of `hue`, with a whisker for each interval.

    Parameters: a frame of `measure` with a period column, or with a column `over` whose values follow one another as
    in the frame, such as waves; `hue`, another of its columns; `unit` as in `engagelab.display.shown`. A
    hidden or empty cell leaves a gap; a point of a period that is still in progress is hollow. Of more than 60
    periods, only such points and those alone have a marker.

    Errors: UsageError where the frame has no period column, several metrics (beside hue="metric"), or several rows
    for a point; DataError where it is empty.

    >>> ax = trend(pd.DataFrame({"metric": "nps", "quarter": ["2026Q2", "2026Q3"], "estimate": [19.0, 28.5],
    ...                          "low": [14.4, 24.3], "high": [23.6, 32.7], "flag": ""}), unit="points")
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['2026Q2', '2026Q3']
    """
    when = column_of(over, frame.columns) if over else period_of(frame)
    frame = frame[frame[when] != words.text("metrics.all")]  # a total is no period
    places = list(dict.fromkeys(frame[when].astype(str)))
    return lines(frame, when, places if over else sorted(places), hue=hue, unit=unit, title=title, ax=ax)


def lines(frame: pd.DataFrame, across: str, places: list[str], *, hue: str | None, unit: str, title: str, ax):
    """Estimates over the values of a column, a line for each value of `hue`, with a whisker for each interval."""
    groups = grouped(frame, across, hue)
    with drawing(ax) as ax:
        for number, (name, group) in enumerate(groups):
            rows = group.set_index(group[across].astype(str)).reindex(places)
            offset = (number - (len(groups) - 1) / 2) * min(.06, .5 / len(groups))  # whiskers side by side
            _line(ax, rows, offset, COLORS[number % len(COLORS)], name_of(name, hue))
        labels = [name_of(place, across) for place in places]
        room = LETTERS_AN_INCH * ax.bbox.width / ax.figure.dpi / (max(map(len, labels)) + 1)
        ax.set_xticks(range(len(places)), thinned(labels, min(12, max(int(room), 1))))
        edge = max(.5, .01 * len(places))  # room for the last marker
        ax.set_xlim(-edge, len(places) - 1 + edge)
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        finish(ax, title, len(groups) > 1)
    return ax


def levels(frame: pd.DataFrame, *, by: str, unit: str = "number", target: float | None = None, title: str = "",
           ax=None):
    """Estimates side by side, one line a level of `by`, with intervals and, if given, a target.

    Parameters: a frame of `measure`; `by`, one of its columns. A hidden cell shows its name and
    no point.

    >>> ax = levels(pd.DataFrame({"metric": "csat", "team": ["a", "b"], "estimate": [.7, .8], "low": [.6, .7],
    ...                           "high": [.8, .9], "flag": ""}), by="team", unit="share", target=.75)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['b', 'a']
    """
    column_of(by, frame.columns)
    rows = frame.iloc[::-1].reset_index(drop=True)
    with drawing(ax, figsize=(8.2, 1.2 + .38 * len(rows))) as ax:
        places = range(len(rows))
        ax.hlines(places, rows["low"], rows["high"], color=COLORS[0], linewidth=2)
        ax.plot(rows["estimate"], places, "o", color=COLORS[0], markersize=7)
        if target is not None:
            ax.axvline(target, color=COLORS[1], linewidth=1.5, linestyle=(0, (4, 3)))
        ax.set_yticks(places, [name_of(value, by) for value in rows[by]])
        ax.set_ylim(-.6, len(rows) - .4)
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        finish(ax, title, legend=False)
    return ax


def _line(ax, rows: pd.DataFrame, offset: float, color: str, name: str) -> None:
    places = np.arange(len(rows)) + offset
    crowded = len(rows) > CROWD
    ax.vlines(places, rows["low"], rows["high"], color=color, alpha=.45, linewidth=2)
    ax.plot(places, rows["estimate"], "-", color=color, linewidth=1.4 if crowded else 1.8, label=name)
    known, running = rows["estimate"].notna(), rows["flag"].fillna("").ne("").to_numpy()
    lonely = known.to_numpy() & ~(known.shift(1, fill_value=False) | known.shift(-1, fill_value=False)).to_numpy()
    for hollow in (False, True):
        points = (running == hollow) & (lonely | running | (not crowded))  # without a neighbour there is no line
        ax.plot(places[points], rows["estimate"][points], "o", color="white" if hollow else color,
                markeredgecolor=color, markersize=5.5)


def thinned(labels: list[str], most: int = 12) -> list[str]:
    """At most so many labels, the last one always; the others are empty.

    >>> thinned(["a", "b", "c", "d"], 2)
    ['', 'b', '', 'd']
    """
    step = -(-len(labels) // most)
    return [label if (len(labels) - 1 - place) % step == 0 else "" for place, label in enumerate(labels)]


def fitting(ax, labels: list[str], points: float = 8) -> list[str]:
    """The labels that have room side by side along the axes, the others empty."""
    longest = LETTER * points * max(map(len, labels), default=1) + 5
    return thinned(labels, max(int(ax.bbox.width * 72 / ax.figure.dpi / longest), 1))


def finish(ax, title: str, legend: bool) -> None:
    """The last touches that all pictures share: title, spines, and a legend beneath where there is one."""
    ax.tick_params(length=0)
    ax.set_title(title_of(title), wrap=True)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)
    if legend:
        longest = max(len(text) for text in ax.get_legend_handles_labels()[1])
        ax.legend(loc="upper left", bbox_to_anchor=(0, -.1), ncols=max(1, min(4, 88 // (longest + 8))),
                  borderaxespad=0, handlelength=1.4)


def beside(ax, handles: list) -> None:
    """A legend at the right of the picture, for what is drawn in a stack."""
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=.2, handlelength=1.2,
              ncols=-(-len(handles) // 14))
