"""The map of RFM: how recently from left to right, how often upwards, what a customer brings as the colour.

One hue from light to dark, as in the triangle of cohorts; the numbers stand in the cells. A line parts the segments.
"""

import numpy as np
import pandas as pd

from engagelab.display import shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.plots.cohorts import INK, RAMP
from engagelab.plots.style import drawing, name_of, tick_of, title_of, word_of

NEEDED = ("R", "F", "count", "revenue_share", "monetary_mean", "segment", "bins")
WIDE, TALL = 1.42, .86      # inches of a cell, of five by five
EMPTY = "#f4f5f7"


def rfm_map(frame: pd.DataFrame, *, unit: str = "number", title: str = "", ax=None):
    """The table `segments.rfm(...).map`: a row a cell of scores R and F that has customers.

    A cell says how many customers it has and what part of the revenue is theirs; its colour is their mean total, in
    `unit`, as in `engagelab.display.shown`. The name of a segment stands in the upper left of its area; a cell is named
    after most of its customers. A cell without customers is grey.

    Errors: NoColumn; DataError where the table is empty; UsageError where a cell has several rows.

    >>> ax = rfm_map(pd.DataFrame({"R": [1, 2], "F": [1, 2], "count": [30, 10], "revenue_share": [.4, .6], "bins": 2,
    ...                            "monetary_mean": [20.0, 90.0], "segment": ["hibernating", "champions"]}))
    >>> [text.get_text() for text in ax.texts]
    ['30', '40.0% of revenue', '10', '60.0% of revenue', 'Champions', 'Hibernating']
    """
    for name in NEEDED:
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    twice = frame[frame.duplicated(["R", "F"])]
    if len(twice):
        raise UsageError("plots.doubled", place=f"R {twice['R'].iloc[0]}, F {twice['F'].iloc[0]}")
    bins = int(frame["bins"].iloc[0])
    names, values = np.full((bins, bins), "", dtype=object), np.full((bins, bins), np.nan)
    places = frame["F"].to_numpy(dtype="int64") - 1, frame["R"].to_numpy(dtype="int64") - 1
    names[places], values[places] = frame["segment"], frame["monetary_mean"]
    shrink = min(1.0, 7 / bins)
    with drawing(ax, figsize=(1.7 + WIDE * bins * shrink, 1.3 + TALL * bins * shrink)) as ax:
        scale = _colored(ax, values)
        points = _points(ax, bins)
        for row in frame.to_dict("records"):
            x, y = row["R"], row["F"]
            ink = "white" if scale.norm(row["monetary_mean"]) > .55 else INK
            ax.text(x, y - .02, word_of("rfm.map_count", n=int(row["count"])), ha="center", va="center", color=ink,
                    fontsize=points + 1.5)
            ax.text(x, y - .28, word_of("rfm.map_share", share=shown(row["revenue_share"], "share")), ha="center",
                    va="center", color=ink, fontsize=points)
        _areas(ax, names, values, scale, points)
        ax.set_xticks(range(1, bins + 1))
        ax.set_yticks(range(1, bins + 1))
        ax.set_xlabel(word_of("rfm.map_recency") + "\n" + word_of("rfm.map_named"))
        ax.set_ylabel(word_of("rfm.map_frequency"))
        ax.tick_params(length=0)
        ax.grid(visible=False)
        for side in ax.spines.values():
            side.set_visible(False)
        ax.set_title(title_of(title), wrap=True)
        bar = ax.figure.colorbar(scale, ax=ax, fraction=.03, pad=.02, format=lambda value, _: tick_of(value, unit))
        bar.set_label(word_of("rfm.map_color"))
        bar.outline.set_visible(False)
    return ax


def _colored(ax, values: np.ndarray):
    """The cells and their scale."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba

    low, high = np.nanmin(values), np.nanmax(values)
    scale = ScalarMappable(Normalize(low, high if high > low else low + 1),
                           LinearSegmentedColormap.from_list("rfm", RAMP))
    colors = scale.to_rgba(np.nan_to_num(values, nan=low))
    colors[np.isnan(values)] = to_rgba(EMPTY)
    size = len(values) + .5
    ax.imshow(colors, origin="lower", extent=(.5, size, .5, size), aspect="auto", interpolation="nearest")
    for edge in np.arange(1, len(values)) + .5:
        ax.plot([edge, edge], [.5, size], [.5, size], [edge, edge], color="white", linewidth=.8, zorder=2)
    return scale


def _points(ax, bins: int) -> float:
    """The size of letters that a cell has room for."""
    wide = ax.bbox.width * 72 / ax.figure.dpi / bins
    return float(np.clip(wide / 11, 5, 8))


def _areas(ax, names: np.ndarray, values: np.ndarray, scale, points: float) -> None:
    """Lines between cells of different names, and each area's name in the upper left of it."""
    bins = len(names)
    for row, column in np.ndindex(bins, bins):
        here, x, y = names[row, column], column + 1, row + 1
        if column + 1 < bins and names[row, column + 1] != here:
            ax.plot([x + .5] * 2, [y - .5, y + .5], color=INK, linewidth=1.4, zorder=3, solid_capstyle="round")
        if row + 1 < bins and names[row + 1, column] != here:
            ax.plot([x - .5, x + .5], [y + .5] * 2, color=INK, linewidth=1.4, zorder=3, solid_capstyle="round")
    seen: set[tuple[int, int]] = set()
    for row, column in sorted(np.ndindex(bins, bins), key=lambda place: (-place[0], place[1])):
        if names[row, column] and (row, column) not in seen:
            seen |= _area(names, row, column)
            dark = scale.norm(values[row, column]) > .55
            ax.text(column + .56, row + 1.4, name_of(names[row, column], "segment"), ha="left", va="top",
                    fontsize=points + .5, fontweight="bold", color="white" if dark else INK)


def _area(names: np.ndarray, row: int, column: int) -> set[tuple[int, int]]:
    """The cells of one name that hang together."""
    found, waiting = set(), [(row, column)]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            near = [(place[0] + up, place[1] + side) for up, side in ((0, 1), (1, 0), (0, -1), (-1, 0))]
            waiting += [(i, j) for i, j in near if 0 <= i < len(names) and 0 <= j < len(names)
                        and names[i, j] == names[row, column]]
    return found
