"""Answers to scales as bars that part at the middle: unfavourable to the left, favourable to the right."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import pandas as pd

from engagelab.errors import DataError, UsageError, column_of
from engagelab.plots.estimates import finish
from engagelab.plots.frames import picked
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, title_of, word_of

LEFT, RIGHT, MIDDLE = COLORS[1], COLORS[0], "#c9ced8"
PALE = .72   # how much white is in the mildest answer of a side
BENEATH = .34  # inches from the axes to the legend
ROOM = .045  # share of the width that a written share needs inside a bar


def likert(frame: pd.DataFrame, *, scale: Sequence[float], by: str = "question",
           neutral: Sequence[float] | None = None, title: str = "", ax=None):
    """The answer of `surveys.distribution`, a bar for each value of `by`, the most favourable on top.

    Parameters: a frame with `by`, `value` (numbers) and the share of each as `estimate`, or its `count`; `n`, where it
    is given, stands at the right. `scale` is the lowest and the highest answer. `neutral` is the first and the last
    answer that is neither nor: unless said the middle of the scale, where it has one; `(7, 8)` for a question of NPS.
    Their bar lies astride the line.

    What is hidden or was not answered has its name and no bar. Errors: NoColumn; DataError where the table is empty or
    a value is no number on the scale; UsageError where a bar has several rows for a value.

    >>> table = pd.DataFrame({"question": "voice", "value": [1, 2, 3, 4, 5], "count": [1, 2, 3, 2, 2]})
    >>> [text.get_text() for text in likert(table, scale=(1, 5)).texts]
    ['30%', '30%', '40%', 'n = 10']
    """
    low, high = _two("scale", scale)
    frame = _shares(frame, by, low, high)
    table = frame.pivot(index=by, columns="value", values="estimate").reindex(frame[by].unique())
    values = np.union1d(table.columns.to_numpy(dtype="float64"), np.arange(low, high + 1))
    known = table.notna().any(axis="columns").to_numpy()
    table = table.reindex(columns=values).fillna(0)
    middle = [(low + high) / 2] * 2 if neutral is None else _two("neutral", neutral)
    sides = np.where(values < middle[0], -1, np.where(values > middle[-1], 1, 0))
    sums = {side: table.loc[:, sides == side].sum(axis="columns").to_numpy() for side in (-1, 0, 1)}
    places = np.arange(len(table))
    order = np.lexsort((-places, np.where(known, sums[1], -1)))    # from the bottom up; equals as in the table
    table, known, sums = table.iloc[order], known[order], {side: part[order] for side, part in sums.items()}
    with drawing(ax, figsize=(8.2, 1.5 + .42 * len(table))) as ax:
        start = -(sums[-1] + sums[0] / 2)
        bars = []
        for value, color in zip(values, _colors(sides), strict=True):
            wide = table[value].to_numpy()
            bars.append(ax.barh(places, np.where(known, wide, np.nan), left=start, height=.68, color=color,
                                edgecolor="white", linewidth=.5, label=f"{value:g}"))
            start = start + wide
        ends = [max(float(np.max(sums[side] + sums[0] / 2)), .1) + beyond for side, beyond in ((-1, .09), (1, .11))]
        ax.axvline(0, color=SOFT, linewidth=1, zorder=.9)
        _write(ax, sums, known, ROOM * sum(ends))
        _beside(ax, frame.groupby(by)[[name for name in ("n", "flag") if name in frame]].first(), table.index, known)
        ax.set_yticks(places, [name_of(name, by) for name in table.index])
        ax.set_ylim(-.6, len(table) - .4)
        ax.set_xlim(-ends[0], ends[1])
        ax.xaxis.set_major_formatter(lambda value, _position: tick_of(abs(value), "share"))
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        finish(ax, title, legend=False)
        ax.legend(handles=bars, loc="upper center", bbox_to_anchor=(.5, -BENEATH * ax.figure.dpi / ax.bbox.height),
                  ncols=len(bars), borderaxespad=0, handlelength=.9, handletextpad=.4, columnspacing=1)
    return ax


def _two(name: str, value: object) -> list[float]:
    """The two ends that an argument has to be."""
    if isinstance(value, Sequence) and len(value) == 2 and all(isinstance(end, Real) for end in value) and (
            value[0] <= value[1]):
        return [float(end) for end in value]
    raise UsageError("plots.two_numbers", name=name, value=repr(value))


def _shares(frame: pd.DataFrame, by: str, low: float, high: float) -> pd.DataFrame:
    """The table with its values as numbers and a share for each."""
    if "estimate" not in frame:
        counted = pd.to_numeric(frame[column_of("count", frame.columns)], errors="coerce")
        everybody = counted.groupby(frame[column_of(by, frame.columns)]).transform("sum")
        frame = frame.drop(columns=["count", "n"], errors="ignore").assign(
            estimate=counted / everybody.where(everybody > 0), n=frame.get("n", everybody))
    frame = picked(frame, [by, "value"], "estimate")
    value = pd.to_numeric(frame["value"], errors="coerce")
    wrong = ~value.between(low, high)
    if wrong.any():
        raise DataError("plots.off_scale", value=repr(frame["value"][wrong].iloc[0]), low=f"{low:g}", high=f"{high:g}")
    return frame.assign(value=value)


def _colors(sides: np.ndarray) -> list[str]:
    """A colour for each value, the stronger the farther from the middle."""
    from matplotlib.colors import to_hex, to_rgb

    colors = []
    for place, side in enumerate(sides):
        if side == 0:
            colors.append(MIDDLE)
            continue
        same = np.flatnonzero(sides == side)
        rank = (same[-1] - place if side < 0 else place - same[0]) + 1   # 1 is the mildest
        white = PALE * (1 - rank / len(same))
        colors.append(to_hex(np.array(to_rgb(LEFT if side < 0 else RIGHT)) * (1 - white) + white))
    return colors


def _write(ax, sums: dict[int, np.ndarray], known: np.ndarray, room: float) -> None:
    """The shares of the three groups: at the ends of the bar, and the neutral one inside where there is room."""
    look = {"va": "center", "fontsize": 8, "color": "#1f2937"}
    for place in np.flatnonzero(known):
        left, mid, right = (float(sums[side][place]) for side in (-1, 0, 1))
        ax.text(-(left + mid / 2) - .01, place, tick_of(round(left, 2), "share"), ha="right", **look)
        if mid >= room:
            ax.text(0, place, tick_of(round(mid, 2), "share"), ha="center", **look)
        ax.text(right + mid / 2 + .01, place, tick_of(round(right, 2), "share"), ha="left", **look)


def _beside(ax, said: pd.DataFrame, names: pd.Index, known: np.ndarray) -> None:
    """How many answered, at the right of each bar; where there is no bar, why."""
    look = {"va": "center", "fontsize": 8, "color": "#4b5565"}
    for place, name in enumerate(names):
        row = said.loc[name]
        if "n" in row and not pd.isna(row["n"]):
            ax.text(1.01, place, word_of("plots.n", n=int(row["n"])), transform=ax.get_yaxis_transform(), **look)
        if not known[place]:
            why = title_of(str(row["flag"])) if "flag" in row else ""
            ax.text(0, place, why, ha="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1}, **look)
