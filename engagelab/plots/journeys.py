"""The moves of a log as a map: a row from each event, a column to each, the share as the colour."""

from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import shown
from engagelab.errors import UsageError, column_of
from engagelab.plots.style import COLORS, drawing, name_of, title_of, word_of

INK, LAST = "#1f2937", ("paths.converted", "paths.end")
CELL, MOST = .74, 15  # inches; states with an interval in each cell, and none beyond


def journeys(found: Any, *, title: str = "", ax=None):
    """The transitions of `activity.journeys(...)`, or a table of them: of those at an event, how many go where next.

    A cell is a share with its interval beneath; with more than 15 events the share alone. An empty cell is a move that
    nobody made. Beside an event stands how many of its next steps are known.

    Errors: NoColumn where there are no moves; UsageError where a move has several rows.

    >>> moves = pd.DataFrame({"metric": "transition", "from": ["visit", "visit"], "to": ["cart", "buy"],
    ...                       "estimate": [.8, .2], "low": [.7, .1], "high": [.9, .3], "n": 50, "flag": ""})
    >>> [label.get_text() for label in journeys(moves).get_xticklabels()]
    ['cart', 'buy']
    """
    frame: pd.DataFrame = getattr(found, "frame", found)
    for name in ("metric", "from", "to"):
        column_of(name, frame.columns)
    frame = frame[frame["metric"] == "transition"]
    if frame.duplicated(["from", "to"]).any():
        by = frame.columns[1:frame.columns.get_loc("from")]
        raise UsageError("plots.several", columns=words.joined(map(repr, by)))
    rows = list(dict.fromkeys(frame["from"]))
    ends = [name for name in map(words.text, LAST) if name in set(frame["to"])]
    columns = [name for name in dict.fromkeys([*rows, *frame["to"]]) if name in set(frame["to"]) - set(ends)] + ends
    places = {name: number for number, name in enumerate(rows)}, {name: number for number, name in enumerate(columns)}
    share = np.full((len(rows), len(columns)), np.nan)
    for move in frame.to_dict("records"):
        share[places[0][move["from"]], places[1][move["to"]]] = move["estimate"]
    with drawing(ax, figsize=(2.6 + CELL * len(columns), 1.9 + .48 * len(rows))) as ax:
        ax.pcolormesh(share, cmap=_scale(), vmin=0, vmax=1, edgecolors="white", linewidth=1.5)
        for move in frame.to_dict("records"):
            _cell(ax, places[1][move["to"]] + .5, places[0][move["from"]] + .5, move, len(rows) <= MOST)
        n = frame.drop_duplicates("from").set_index("from")["n"]
        ax.set_yticks(np.arange(len(rows)) + .5, [
            word_of("plots.moves_from", name=name_of(name), n=int(n[name])) for name in rows])
        ax.set_xticks(np.arange(len(columns)) + .5, [name_of(name) for name in columns], rotation=40, ha="left",
                      rotation_mode="anchor")
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        ax.set_ylim(len(rows), 0)
        ax.grid(visible=False)
        for side in ax.spines.values():
            side.set_visible(False)
        ax.set_title(title_of(title), wrap=True)
    return ax


def _scale():
    """From white to the first colour, for shares."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("share", ["#f4f8fb", COLORS[0]])


def _cell(ax, x: float, y: float, move: dict, with_interval: bool) -> None:
    """What is written in a cell: the share, and its interval beneath."""
    color = "white" if move["estimate"] > .55 else INK
    ax.text(x, y - (.13 if with_interval else 0), shown(move["estimate"], "share"), ha="center", va="center",
            color=color, fontsize=9 if with_interval else 7)
    if with_interval:
        low, high = (shown(move[end], "share") for end in ("low", "high"))
        ax.text(x, y + .24, f"{low.rstrip('%')}–{high}", ha="center", va="center", color=color, fontsize=6.5)
