"""Where customers went between two times: states at the left, states at the right, bands as wide as they are many.

Bands of states as in the diagrams of Sankey (1898, Minutes of Proceedings of the Institution of Civil Engineers 134,
278-312), each in the colour of where it comes from.
"""

import itertools
from collections.abc import Iterable

import numpy as np
import pandas as pd

from engagelab.display import shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.plots.lifecycle import STATES
from engagelab.plots.style import COLORS, drawing, name_of, title_of, word_of

GAP, BAR, REACH = .018, .02, .5     # of the height between states, of the width of a bar, of the bend of a band
OUTSIDE = {"came": "#d5dae3", "gone": "#4b5565"}
# From those who bring the most to those who are lost; those to be won back stand out.
SEGMENTS = {"champions": "#003a5c", "loyal": COLORS[0], "potential_loyalist": COLORS[4], "new": COLORS[2],
            "promising": "#8fd0b5", "needs_attention": COLORS[5], "about_to_sleep": "#f0cd7a", "cannot_lose": "#9c2f00",
            "at_risk": COLORS[1], "hibernating": "#a9b0bd", "lost": "#6b7280"}
KINDS = {"state": STATES, "segment": SEGMENTS}
LINE = 10.5      # points from one label to the next
INK = "#1f2937"


def flow(frame: pd.DataFrame, *, title: str = "", names: tuple[str, str] | None = None, ax=None):
    """The table `segments.flow(...)`: how many went from which state to which.

    A bar is a state and as tall as it has customers, at both ends on the same scale; beside it stand its number and
    its share of all at that end. A band goes from state to state; none is left out or merged. `names` of the two times
    stand above, such as ("Q1", "Q2").

    Errors: NoColumn; DataError where nobody is counted; UsageError where a move has several rows.

    >>> ax = flow(pd.DataFrame({"before": ["active", "active", "came"], "after": ["active", "gone", "active"],
    ...                         "count": [6, 2, 3]}))
    >>> [text.get_text() for text in ax.texts]
    ['Active  8 (100.0%)', 'Came  3', 'Active  9 (100.0%)', 'Gone  2', 'before', 'after']
    """
    for name in ("before", "after", "count"):
        column_of(name, frame.columns)
    if frame.duplicated(["before", "after"]).any():
        raise UsageError("plots.doubled", place=" → ".join(frame.loc[frame.duplicated(["before", "after"]), [
            "before", "after"]].iloc[0]))
    table = frame.pivot(index="before", columns="after", values="count").fillna(0.0)
    table = table.reindex(index=frame["before"].unique(), columns=frame["after"].unique())
    table = table.loc[table.sum(axis="columns") > 0, table.sum() > 0]
    if table.empty:
        raise DataError("plots.nothing")
    colors = _colors([*table.index, *table.columns])
    tall = max(_height(table.sum(axis="columns")), _height(table.sum()))
    with drawing(ax, figsize=(8.6, max(4.4, .36 * max(table.shape) + 1.2))) as ax:
        left, right = _feet(table.sum(axis="columns"), tall), _feet(table.sum(), tall)
        lower = {name: foot for name, foot in left.items()}, {name: foot for name, foot in right.items()}
        for before, after in itertools.product(table.index, table.columns):
            if wide := table.loc[before, after] / tall:
                lower[0][before] -= wide
                lower[1][after] -= wide
                _band(ax, lower[0][before], lower[1][after], wide, colors[before])
        ax.set_xlim(-.42, 1.42)
        ax.set_ylim(-.02, 1.06)
        ax.set_axis_off()
        for x, tops, sizes in ((0, left, table.sum(axis="columns")), (1, right, table.sum())):
            _side(ax, x, tops, sizes / tall, sizes, colors)
        for x, name in zip((0, 1), names or (word_of("label.before"), word_of("label.after")), strict=True):
            ax.text(x, 1.03, title_of(name), ha="center", va="bottom", fontweight="bold", color=INK)
        ax.set_title(title_of(title), wrap=True)
    return ax


def kind_of(states: Iterable[str]) -> str:
    """Whether these are all states of the lifecycle, "state", or else segments, "segment".

    >>> kind_of(["new", "dormant", "gone"]), kind_of(["new", "champions"])
    ('state', 'segment')
    """
    return "state" if set(states) <= {*STATES, *OUTSIDE} else "segment"


def _colors(states: list[str]) -> dict[str, str]:
    """A colour a state: those of the lifecycle or of the segments, of who came and is gone, and others in turn."""
    known, others = OUTSIDE | KINDS[kind_of(states)], itertools.cycle([*COLORS[:6], "#7b6fb0", "#a3852f", "#3f7f8c"])
    return {state: known.get(state) or next(others) for state in dict.fromkeys(states)}


def _height(sizes: pd.Series) -> float:
    """The units that a full side takes, with the gaps between its states."""
    return float(sizes.sum() / (1 - GAP * (len(sizes) - 1)))


def _feet(sizes: pd.Series, tall: float) -> dict[str, float]:
    """Where each state's bar begins, from above."""
    tops = 1 - np.concatenate([[0], np.cumsum(sizes.to_numpy()[:-1] / tall + GAP)])
    return dict(zip(sizes.index, tops, strict=True))


def _band(ax, left: float, right: float, wide: float, color: str) -> None:
    """A band from its lower edge at the left to that at the right."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    start, end = BAR, 1 - BAR
    bend = (start + (end - start) * REACH, end - (end - start) * REACH)
    corners = [(start, left), (bend[0], left), (bend[1], right), (end, right), (end, right + wide),
               (bend[1], right + wide), (bend[0], left + wide), (start, left + wide), (start, left)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    ax.add_patch(PathPatch(Path(corners, codes), facecolor=color, alpha=.42, linewidth=0))


def _side(ax, x: int, tops: dict[str, float], tall: pd.Series, sizes: pd.Series, colors: dict[str, str]) -> None:
    """The bars of one side, and their labels, moved apart where they would cover one another."""
    from matplotlib.patches import Rectangle

    kind = kind_of(colors)
    total = sizes.drop(list(OUTSIDE), errors="ignore").sum()
    step = LINE / (ax.bbox.height * 72 / ax.figure.dpi) * (ax.get_ylim()[1] - ax.get_ylim()[0])
    places = _apart([tops[name] - tall[name] / 2 for name in sizes.index], step)
    for name, y in zip(sizes.index, places, strict=True):
        foot = tops[name] - tall[name]
        ax.add_patch(Rectangle((x - BAR, foot), 2 * BAR, tall[name], color=colors[name], linewidth=0))
        called = name_of(name_of(name, kind), "state")
        said = word_of("flow.outside", name=called, n=int(sizes[name])) if name in OUTSIDE else word_of(
            "flow.state", name=called, n=int(sizes[name]), share=shown(sizes[name] / total, "share"))
        side = -1 if x == 0 else 1
        ax.annotate(said, (x + side * BAR, foot + tall[name] / 2), xytext=(x + side * 2.6 * BAR, y),
                    textcoords="data", ha="right" if x == 0 else "left", va="center", fontsize=8.5, color=INK,
                    arrowprops={"arrowstyle": "-", "color": "#8a93a3", "linewidth": .5, "shrinkA": 0, "shrinkB": 0})


def _apart(places: list[float], step: float) -> list[float]:
    """Heights from above to below, moved as little as need be to be a step apart, between the ends."""
    out = list(places)
    for i in range(1, len(out)):
        out[i] = min(out[i], out[i - 1] - step)
    floor = step / 2 - .02
    for i in reversed(range(len(out))):
        out[i] = max(out[i], floor if i == len(out) - 1 else out[i + 1] + step)
    return out
