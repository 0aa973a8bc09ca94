"""Importance against performance: which drivers to change first, with intervals on both axes."""

import itertools
from typing import Any

import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, title_of, word_of

AXES = ("performance", "importance")
# of a name beside its point, in points, the nearest first
PLACES = [(side * reach, up * reach) for reach in (6, 12, 20, 32, 48) for up in (1, -1) for side in (1, -1)]


def priority(frame: pd.DataFrame, *, unit: str = "number", title: str = "", ax=None):
    """The map of `surveys.priority(...).frame`: level from left to right, importance upwards, intervals as crosses.

    The lines are those by which the quadrants part, whose names stand in the corners; a hollow point is a driver whose
    quadrant is not certain. Drivers of which either figure is not known are left out, as they are flagged in the
    table. `unit` is that of the levels, as in `engagelab.display.shown`. Source: Martilla and James (1977, Journal of
    Marketing 41, 77-79).

    >>> frame = pd.DataFrame({
    ...     "driver": ["voice", "pay"], "sure": True, "performance_at": 6.5, "importance_at": .33,
    ...     "performance": [5.0, 8.1], "performance_low": [4.8, 7.9], "performance_high": [5.2, 8.3],
    ...     "importance": [.8, .1], "importance_low": [.7, .05], "importance_high": [.9, .15]})
    >>> priority(frame).get_xlabel()
    'level'
    """
    needed = [f"{axis}{end}" for axis in AXES for end in ("", "_low", "_high", "_at")]
    for name in ("driver", "sure", *needed):
        column_of(name, frame.columns)
    rows = frame.dropna(subset=list(AXES))
    if rows.empty:
        raise DataError("plots.nothing")
    with drawing(ax, figsize=(8.2, 5.2)) as ax:
        ax.hlines(rows["importance"], rows["performance_low"], rows["performance_high"], color=COLORS[0], alpha=.4)
        ax.vlines(rows["performance"], rows["importance_low"], rows["importance_high"], color=COLORS[0], alpha=.4)
        for sure, part in rows.groupby("sure"):
            ax.plot(part["performance"], part["importance"], "o", color=COLORS[0] if sure else "white",
                    markeredgecolor=COLORS[0], markersize=7, label="" if sure else word_of("plots.unsure"))
        ax.axvline(rows["performance_at"].iloc[0], color=COLORS[1], linewidth=1.2, linestyle=(0, (4, 3)))
        ax.axhline(rows["importance_at"].iloc[0], color=COLORS[1], linewidth=1.2, linestyle=(0, (4, 3)))
        ax.margins(.12)
        ax.grid(visible=False)
        ax.tick_params(length=0)
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, "share"))
        ax.set_xlabel(word_of("plots.performance"))
        ax.set_ylabel(word_of("plots.importance"))
        ax.set_title(title_of(title), wrap=True)
        taken = [_corner(ax, quadrant) for quadrant in ("mend", "keep", "leave", "nice")]
        if not rows["sure"].all():
            ax.legend(loc="upper left", bbox_to_anchor=(0, -.1), borderaxespad=0)
        _names(ax, rows, taken)
    return ax


def _corner(ax, quadrant: str) -> Any:
    """The name of a quadrant in its corner."""
    right, top = quadrant in ("keep", "nice"), quadrant in ("mend", "keep")
    return ax.annotate(word_of(f"quadrant.{quadrant}"), (right, top), xycoords="axes fraction", color=SOFT,
                       xytext=(-6 if right else 6, -6 if top else 6), textcoords="offset points", fontsize=10,
                       ha="right" if right else "left", va="top" if top else "bottom", fontweight="bold")


def _names(ax, rows: pd.DataFrame, taken: list) -> None:
    """Each driver's name beside its point, at the nearest place where it covers no other name, no point and no line."""
    from matplotlib.transforms import Bbox

    ax.figure.canvas.draw()
    points = ax.transData.transform(rows[list(AXES)])
    solid = [text.get_window_extent() for text in taken] + [
        Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    lines = [Bbox(ax.transData.transform(ends)) for drawn in ax.collections
             for ends in drawn.get_segments() if len(ends)]   # an unknown interval has none
    lines += [Bbox(line.get_transform().transform(line.get_xydata())) for line in ax.lines
              if line.get_linestyle() == "--"]
    for row in rows.sort_values("importance", ascending=False).to_dict("records"):
        text = ax.annotate(name_of(row["driver"], "driver"), (row["performance"], row["importance"]), xytext=PLACES[0],
                           textcoords="offset points", fontsize=9, arrowprops={
                               "arrowstyle": "-", "color": SOFT, "linewidth": .6, "shrinkA": 0, "shrinkB": 4})
        costs: list[tuple[int, int]] = []
        for place in PLACES:
            box = _moved(text, place)
            costs.append((10 * sum(map(box.overlaps, solid)) + sum(map(box.overlaps, lines))
                          + 100 * (not _within(box, ax.bbox)), len(costs)))
        solid.append(_moved(text, PLACES[min(costs)[1]]))


def _moved(name: Any, place: tuple[int, int]) -> Any:
    """The room that a name takes at another place beside its point."""
    from matplotlib.text import Text

    name.xyann = place
    name.set(ha="left" if place[0] > 0 else "right", va="bottom" if place[1] > 0 else "top")
    name.get_window_extent()              # takes it there
    return Text.get_window_extent(name)   # without the line to its point


def _within(box: Any, frame: Any) -> bool:
    return all(frame.x0 <= x <= frame.x1 and frame.y0 <= y <= frame.y1
               for x, y in itertools.product((box.x0, box.x1), (box.y0, box.y1)))
