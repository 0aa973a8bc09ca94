"""What each arm changed, one beneath the other: the forest of a comparison (Lewis and Clarke 2001, BMJ 322:1479)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.plots.style import COLORS, SOFT, drawing, heading_of, name_of, tick_of, title_of, word_of

VERDICTS = {"better": COLORS[2], "worse": COLORS[1], "no_worse": COLORS[0]}   # all others are grey
SMALL = 6   # times smaller than others of its unit, a metric gets a panel of its own scale
INK, ROW, GAP = "#1f2937", .36, .45   # the height of a row and between two panels, in inches


def forest(frame: pd.DataFrame, *, unit: str = "number", adjusted: bool = True, title: str = "", ax: Any = None) -> Any:
    """The difference of each arm to the control, a line each, with its interval and the verdict in words.

    frame : `.frame` of `el.compare(...)`; metrics of another unit (column `unit`), or of effects many times
        smaller, stand in panels of their own scale; `margin` and `better` give a dashed line at what is still accepted;
        with a column `segment` a line is a segment, and the whole, "(all)", is the last and a diamond.
    adjusted : also draw the interval that is corrected for several comparisons, as a thin line.

    Where there is no finite interval, it says so. A hollow point is one whose verdict is turned off.
    Errors: NoColumn; DataError where there is nothing to draw; UsageError where an arm has several rows.

    >>> ax = forest(pd.DataFrame({"metric": ["opens"], "arm": ["B"], "control": ["A"], "difference": [.08],
    ...                           "low": [.03], "high": [.13], "verdict": ["better"]}), unit="share")
    >>> [text.get_text() for text in ax.texts]
    ['+8.0 pp  better']
    """
    for name in ("metric", "arm", "control", "difference", "low", "high", "verdict"):
        column_of(name, frame.columns)
    keys = [name for name in ("metric", "arm", "column", "segment") if name in frame]
    if frame.empty:
        raise DataError("plots.nothing")
    if frame.duplicated(keys).any():
        raise UsageError("plots.doubled", place=words.joined(map(str, frame[frame.duplicated(keys)][keys].iloc[0])))
    frame = _filled(frame, unit, adjusted)
    groups = [group for _, group in frame.groupby(["unit", "small"], sort=False)]
    heights = [ROW * (len(group) + .2) for group in groups]
    with drawing(ax, figsize=(9.4, 1.3 + sum(heights) + GAP * (len(groups) - 1))) as ax:
        for panel, group in zip(panels(ax, heights), groups, strict=True):
            _panel(panel, group.reset_index(drop=True), _namer(frame, keys))
            last = panel
        controls = words.joined(name_of(control, "arm") for control in frame["control"].unique())
        said = [word_of("forest.against", control=controls), *_legend(frame)]
        last.set_xlabel("\n".join(said), color=SOFT, fontsize=8, loc="left")
        ax.set_title(title_of(title), wrap=True)
    return ax


def panels(ax: Any, heights: list[float], gap: float = GAP) -> list[Any]:
    """The axes themselves for one panel; for several of these heights in inches, as many within, beneath each other."""
    if len(heights) == 1:
        return [ax]
    ax.set_axis_off()
    total = sum(heights) + gap * (len(heights) - 1)
    feet = [1 - (sum(heights[:place + 1]) + gap * place) / total for place in range(len(heights))]
    return [ax.inset_axes((0, foot, 1, height / total)) for foot, height in zip(feet, heights, strict=True)]


def _filled(frame: pd.DataFrame, unit: str, adjusted: bool) -> pd.DataFrame:
    """The rows with the columns that may be left out; the whole is the last of an arm's segments."""
    for name in ("low", "high"):
        wide = f"{name}_adjusted"
        frame = frame.assign(**{wide: frame[wide].fillna(frame[name]) if adjusted and wide in frame else frame[name]})
    frame = frame.assign(unit=frame["unit"].fillna(unit) if "unit" in frame else unit)
    frame = frame.assign(margin=frame.get("margin", np.nan), better=frame.get("better", "higher"))
    size = frame[["difference", "low", "high"]].abs().replace(np.inf, np.nan).max(axis="columns")
    size = size.groupby(frame["metric"]).transform("max").fillna(0)
    frame = frame.assign(small=size * SMALL < size.groupby(frame["unit"]).transform("max"))
    whole = frame["segment"].astype("str").eq(words.text("metrics.all")) if "segment" in frame else False
    arms = frame.groupby([name for name in ("metric", "arm", "column") if name in frame], sort=False).ngroup()
    return frame.assign(whole=whole, arms=arms).sort_values(["arms", "whole"], kind="stable")


def _namer(frame: pd.DataFrame, keys: list[str]) -> Callable[[dict[str, Any]], str]:
    """How a row is called: by what differs between rows."""
    telling = [name for name in keys if frame[name].nunique() > 1] or ["segment" if "segment" in keys else "metric"]

    def name(row: dict[str, Any]) -> str:
        own = {"segment": row.get("column", "segment")}   # whose values a segment's name is one of
        return words.joined(heading_of(row[key]) if key == "column" else name_of(row[key], own.get(key, key)).strip()
                            for key in telling)
    return name


def _panel(ax: Any, rows: pd.DataFrame, name: Callable[[dict[str, Any]], str]) -> None:
    places = np.arange(len(rows))[::-1]
    unit = rows["unit"].iloc[0]
    columns = list(map(str, rows))
    records: list[dict[str, Any]] = [dict(zip(columns, one, strict=True)) for one in rows.itertuples(index=False)]
    for place, row in zip(places, records, strict=True):
        _row(ax, int(place), row, unit)
    ends = rows[["difference", "low_adjusted", "high_adjusted"]].to_numpy("float64")
    margins = np.where(rows["better"] == "lower", 1, -1) * rows["margin"].to_numpy("float64")
    known = np.concatenate([ends[np.isfinite(ends)], margins[np.isfinite(margins)], [0]])
    room = .05 * (known.max() - known.min()) or 1
    ax.set(xlim=(known.min() - room, known.max() + room), ylim=(-.6, len(rows) - .4))
    ax.axvline(0, color=INK, linewidth=1, zorder=1)
    ax.set_yticks(places, [name(row) for row in records])
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.locator_params(axis="x", nbins=6)
    ax.xaxis.set_major_formatter(lambda value, _position: tick_of(value, unit, signed=True))
    ax.tick_params(length=0)
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)


def _row(ax: Any, place: int, row: dict[str, Any], unit: str) -> None:
    color = VERDICTS.get(row["verdict"], SOFT)
    wide, plain = (row["low_adjusted"], row["high_adjusted"]), (row["low"], row["high"])
    said = [shown(row["difference"], unit, signed=True), name_of(row["verdict"], "verdict")]
    if np.isfinite(wide).all():
        ax.hlines(place, *wide, color=color, linewidth=1.3, zorder=2)
    if np.isfinite(plain).all():
        ax.hlines(place, *plain, color=color, linewidth=4, alpha=.45, zorder=2)
    else:
        said.insert(1, word_of("forest.no_interval"))
    if np.isfinite(row["margin"]):
        at = row["margin"] * (1 if row["better"] == "lower" else -1)
        ax.vlines(at, place - .42, place + .42, color=INK, linewidth=1.2, linestyles=(0, (3, 2)), zorder=1)
    hollow = row["verdict"] == "no_verdict"
    ax.plot(row["difference"], place, "D" if row["whole"] else "o", color="white" if hollow else color,
            markeredgecolor=color, markersize=9 if row["whole"] else 7, zorder=3)
    ax.annotate("  ".join(said), (1.015, place), xycoords=("axes fraction", "data"), va="center", fontsize=9,
                color=INK if color == SOFT else color, annotation_clip=False)


def _legend(frame: pd.DataFrame) -> list[str]:
    """What the lines mean, of those that are there."""
    said = []
    if (frame["low_adjusted"] < frame["low"]).any() or (frame["high_adjusted"] > frame["high"]).any():
        said.append(word_of("forest.thin"))
    if frame["margin"].notna().any():
        said.append(word_of("forest.margin"))
    if (frame["verdict"] == "no_verdict").any():
        said.append(word_of("forest.hollow"))
    return said
