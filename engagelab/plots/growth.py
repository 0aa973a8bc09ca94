"""Growth accounting as bars: what came above the line, what went below it, and what is left of it."""

import numpy as np
import pandas as pd

from engagelab.display import shown
from engagelab.errors import DataError
from engagelab.plots.estimates import CROWD, beside, finish, fitting
from engagelab.plots.frames import period_of, picked
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, title_of, word_of

NET = "#111827"
UP = {"retained": "#c9ced6", "new": COLORS[0], "resurrected": COLORS[4], "expansion": COLORS[2]}
DOWN = {"churned": COLORS[1], "contraction": COLORS[5]}
INCHES = .62    # a period with its name


def growth(frame: pd.DataFrame, *, retained: bool = False, unit: str = "count", title: str = "", ax=None):
    """The answer of `activity.growth`: bars up and down, the net change as a diamond, the quick ratio beneath.

    Parameters: the frame of one group; `retained`, whether those who stayed stand below those who came; `unit` as in
    `engagelab.display.shown`, for value its currency.

    A part that the frame does not hold, or that is not known, has no bar, and where one is lacking there is no net
    change. A period in progress is hatched.

    Errors: DataError where the table holds none of the parts, UsageError where a part has several rows for a period.

    >>> parts = pd.DataFrame({"metric": ["new", "churned"], "month": "2026-04", "estimate": [30.0, 10.0], "flag": ""})
    >>> ax = growth(parts)
    >>> [float(bar.get_height()) for bar in ax.patches]
    [30.0, -10.0]
    """
    when = period_of(frame)
    frame = picked(frame, [when, "metric"], "estimate", "flag")
    table = frame.pivot(index=when, columns="metric", values="estimate").sort_index()
    up = [name for name in UP if name in table and (retained or name != "retained")]
    down = [name for name in DOWN if name in table]
    if not up + down:
        raise DataError("plots.nothing")
    drawn = frame[frame["metric"].isin([*up, *down]) & frame["flag"].ne("")]
    running = table.index.isin(drawn[when])
    with drawing(ax, figsize=(min(max(8.2, INCHES * len(table) + 1.6), 13), 4.2)) as ax:
        _stack(ax, table, up, running, 1)
        _stack(ax, table, down, running, -1)
        ax.set_xlim(-.7, len(table) - .3)
        ax.axhline(0, color=SOFT, linewidth=1)
        net = _net(ax, table)
        _beneath(ax, table)
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
        finish(ax, title, legend=False)
        ax.spines["bottom"].set_visible(False)
        _legend(ax, [*reversed(up), *down], drawn["flag"], net)
    return ax


def _stack(ax, table: pd.DataFrame, names: list[str], running: np.ndarray, sign: int) -> None:
    foot = np.zeros(len(table))
    for name in names:
        tall = sign * table[name].to_numpy()
        ax.bar(range(len(table)), tall, bottom=foot, width=.72, color={**UP, **DOWN}[name], edgecolor="white",
               linewidth=0, hatch=["////" if part else "" for part in running], label=name)
        foot = foot + np.nan_to_num(tall)


def _net(ax, table: pd.DataFrame) -> bool:
    """The net change, if all its parts are in the table; whether it is drawn."""
    valued = bool({"value", "expansion", "contraction"} & set(table))
    came = ["new", "resurrected", *(["expansion"] if valued else [])]
    went = ["churned", *(["contraction"] if valued else [])]
    if not {*came, *went} <= set(table):
        return False
    net = (table[came].sum(axis="columns", skipna=False) - table[went].sum(axis="columns", skipna=False)).to_numpy()
    ax.plot(range(len(table)), net, "D-", color=NET, linewidth=1, markeredgecolor="white",
            markersize=5 if len(table) <= CROWD else 3, markeredgewidth=.8 if len(table) <= CROWD else 0)
    return True


def _beneath(ax, table: pd.DataFrame) -> None:
    """The names of the periods, each with its quick ratio."""
    labels = fitting(ax, [str(label) for label in table.index])
    if "quick_ratio" in table:
        ratios = fitting(ax, [shown(ratio) for ratio in table["quick_ratio"]])
        labels = [f"{label}\n{ratio}" for label, ratio in zip(labels, ratios, strict=True)]
        ax.set_xlabel(word_of("plots.quick_under"), loc="left", fontsize=9)
    ax.set_xticks(range(len(table)), labels, fontsize=8)


def _legend(ax, names: list[str], flags: pd.Series, net: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list = [Patch(facecolor={**UP, **DOWN}[name], label=name_of(name, "metric")) for name in names]
    if net:
        handles.append(Line2D([], [], color=NET, marker="D", markersize=5, linewidth=1, label=word_of("plots.net")))
    handles += [Patch(facecolor=SOFT, edgecolor="white", hatch="////", label=title_of(flag)) for flag in flags.unique()]
    beside(ax, handles)
