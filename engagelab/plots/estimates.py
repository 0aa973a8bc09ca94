"""Estimates with their intervals: over time, and side by side."""

import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, column_of
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, title_of

PERIODS = ("day", "week", "month", "quarter", "year")


def trend(frame: pd.DataFrame, *, hue: str | None = None, unit: str = "number", title: str = "", ax=None):
    """Estimates over periods, a line for each value of `hue`, with a whisker for each interval.

    Parameters: a frame of `measure` with a period column; `hue`, another of its columns; `unit`
    as in `engagelab.display.shown`. A hidden or empty cell leaves a gap; a point of a period that
    is still in progress is hollow.

    Errors: UsageError where the frame has no period column, or several rows for a point.
    """
    when = next((column for column in frame.columns if column in PERIODS), None)
    if when is None:
        raise UsageError("plots.no_period", periods=words.joined(PERIODS))
    frame = frame[frame[when] != words.text("metrics.all")]  # a total is no period
    groups = [("", frame)] if hue is None else list(frame.groupby(column_of(hue, frame.columns), sort=True))
    periods = sorted(frame[when].astype(str).unique())
    with drawing(ax) as ax:
        for number, (name, group) in enumerate(groups):
            if group[when].duplicated().any():
                raise UsageError("plots.twice", columns=words.joined(map(repr, _others(frame, when, hue))))
            rows = group.set_index(group[when].astype(str)).reindex(periods)
            offset = (number - (len(groups) - 1) / 2) * min(.06, .5 / len(groups))  # whiskers side by side
            _line(ax, rows, offset, COLORS[number % len(COLORS)], name_of(name, hue))
        ax.set_xticks(range(len(periods)), _thinned(periods))
        ax.set_xlim(-.5, max(len(periods), 1) - .5)
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        finish(ax, title, len(groups) > 1)
    return ax


def levels(frame: pd.DataFrame, *, by: str, unit: str = "number", target: float | None = None, title: str = "",
           ax=None):
    """Estimates side by side, one line a level of `by`, with intervals and, if given, a target.

    Parameters: a frame of `measure`; `by`, one of its columns. A hidden cell shows its name and
    no point.
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


def _others(frame: pd.DataFrame, when: str, hue: str | None) -> list[str]:
    """The by columns that a line would have to be drawn for."""
    return [name for name in frame.columns[:list(frame.columns).index("estimate")] if name not in (when, hue)]


def _line(ax, rows: pd.DataFrame, offset: float, color: str, name: str) -> None:
    places = pd.Series(range(len(rows))) + offset
    ax.vlines(places, rows["low"], rows["high"], color=color, alpha=.45, linewidth=2)
    ax.plot(places, rows["estimate"], "-", color=color, linewidth=1.8, label=name)
    running = rows["flag"].fillna("").ne("").to_numpy()
    ax.plot(places[~running], rows["estimate"][~running], "o", color=color, markersize=5.5)
    ax.plot(places[running], rows["estimate"][running], "o", color="white", markeredgecolor=color, markersize=5.5)


def _thinned(labels: list[str]) -> list[str]:
    """At most a dozen labels, the last one always."""
    step = -(-len(labels) // 12)
    return [label if (len(labels) - 1 - place) % step == 0 else "" for place, label in enumerate(labels)]


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
