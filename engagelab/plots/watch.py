"""Series beside each other, each with what its own past let expect of it, and where it lay outside."""

from typing import Any

import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import fitting
from engagelab.plots.kpi_tree_layout import wrapped
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, title_of, word_of

LINE, MOVED, BAND = COLORS[0], COLORS[1], "#dde3ec"
HEIGHT, GAP, WIDE, ASIDE = 1.5, .75, .76, .24   # inches; and shares of a panel's width and of what lies beside it
LETTERS = 42                                    # of a panel's name, in the height of letters, over the whole width


def watch(frame: pd.DataFrame, *, most: int = 12, title: str = "", ax: Any = None) -> Any:
    """A panel a series: its estimates, the band that was expected, and what lay outside; the newest one is filled.

    frame : `.series` of `el.kpi.watch(...)`: `name, period, estimate, low, high, moved`, and `unit` where it is known.
    most : so many panels; series that moved come first.

    Errors: NoColumn; DataError where there is nothing to draw.

    >>> rows = pd.DataFrame({"name": "Churn", "unit": "share", "period": ["2026-07", "2026-08", "2026-09"],
    ...     "estimate": [.031, .030, .036], "low": [None, .028, .028], "high": [None, .034, .034],
    ...     "moved": ["", "", "up"]})
    >>> [text.get_text() for text in watch(rows).child_axes[0].texts]
    ['3.6%']
    """
    for name in ("name", "period", "estimate", "low", "high", "moved"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    newest = frame.drop_duplicates("name", keep="last")
    names = [*newest["name"][newest["moved"] != ""], *newest["name"][newest["moved"] == ""]][:most]
    wide = min(len(names), 3 if len(names) > 4 else 2)
    tall = -(-len(names) // wide)
    periods = sorted(frame.loc[frame["name"].isin(names), "period"].astype(str).unique())
    with drawing(ax, figsize=(8.2, .9 + tall * (HEIGHT + GAP))) as ax:
        ax.set_axis_off()
        inches = tall * (HEIGHT + GAP) - GAP
        each = HEIGHT / inches
        for place, name in enumerate(names):
            row, column = divmod(place, wide)
            foot = 1 - each - row * each * (1 + GAP / HEIGHT)
            panel = ax.inset_axes((column / wide + ASIDE / wide / 2, foot, WIDE / wide, each))
            _panel(panel, frame[frame["name"] == name], periods)
            panel.set_title("\n".join(wrapped(name_of(name), LETTERS / wide, 1)[:2]), fontsize=9.5, pad=6)
        ax.legend(*_keys(ax), loc="upper left", bbox_to_anchor=(0, -.42 / inches), ncols=3, borderaxespad=0)
        ax.set_title(title_of(title), wrap=True, pad=30)
    return ax


def _keys(ax: Any) -> tuple[list[Any], list[str]]:
    """What the panels show, each kind once."""
    found = {label: handle for panel in ax.child_axes
             for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    return list(found.values()), list(found)


def _panel(ax: Any, rows: pd.DataFrame, periods: list[str]) -> None:
    at = rows["period"].astype(str).map(periods.index).to_numpy()
    unit = str(rows["unit"].iloc[0]) if "unit" in rows else "number"
    out = (rows["moved"] != "").to_numpy()
    low, high = (rows[name].astype("float64") for name in ("low", "high"))
    ax.fill_between(at, low, high, color=BAND, linewidth=0, label=word_of("watch.band"))
    ax.plot(at, rows["estimate"], color=LINE, linewidth=1.5, label=word_of("label.actual"))
    if out.any():
        ax.plot(at[out], rows["estimate"][out], "o", color="white", markeredgecolor=MOVED, markersize=5,
                label=word_of("watch.outside"))
    if out[-1]:
        value, up = rows["estimate"].iloc[-1], rows["moved"].iloc[-1] == "up"
        ax.plot(at[-1], value, "o", color=MOVED, markersize=7)
        ax.annotate(tick_of(value, unit), (at[-1], value), xytext=(-7, 0), textcoords="offset points", ha="right",
                    va="bottom" if up else "top", color=MOVED, fontsize=9, fontweight="bold")
    ax.set_xlim(-.5, len(periods) - .5)
    ax.set_xticks(range(len(periods)), fitting(ax, periods, 10), fontsize=8)
    ax.locator_params(axis="y", nbins=4)
    ax.margins(y=.12)
    ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, unit))
    ax.tick_params(length=0, labelsize=8)
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)
