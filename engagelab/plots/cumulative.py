"""The effect as it came in, and from when on one could be sure of it however often one looked.

The wide band holds at all looks together (a confidence sequence: Howard et al. 2021, Annals of Statistics 49:1055);
the other is the usual interval, which holds for one look and misleads who looks on until it leaves 0.
"""

from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of
from engagelab.plots.estimates import CROWD, fitting
from engagelab.plots.forest import INK, panels
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, title_of, word_of

ONCE, ALWAYS = COLORS[1], COLORS[0]
HEIGHT, GAP, ROOM = 2.6, .75, .12


def cumulative(frame: pd.DataFrame, *, unit: str = "number", title: str = "", ax: Any = None) -> Any:
    """The difference of an arm to the control with all that had come in by each moment; a panel a metric and arm.

    frame : `.over` of `el.compare(..., over=)`: columns `over` (days, stamps, numbers or names, in their order),
        `difference, low, high, low_always, high_always`, and `metric`, `arm`, `control`, `unit` where there are any.

    A line marks from when on the interval for any number of looks leaves 0 out, if at the end it does; a small mark
    where the usual one first does, before it. The scale is that of the later half: what begins wider is cut off.
    Errors: NoColumn; DataError where there is nothing to draw; UsageError where a moment has several rows.

    >>> ax = cumulative(pd.DataFrame({"over": [1, 2, 3], "difference": [.5, .5, .6], "low": [-.5, .1, .3],
    ...                               "high": [1.5, .9, .9], "low_always": [-2, -.2, .1],
    ...                               "high_always": [3, 1.2, 1.1]}))
    >>> [text.get_text() for text in ax.texts]
    ['sure from 3 on, however often one looks', 'a peeker would have stopped here, 2']
    """
    for name in ("over", "difference", "low", "high", "low_always", "high_always"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    keys = [name for name in ("metric", "arm") if name in frame]
    twice = frame[frame.duplicated(["over", *keys])]
    if len(twice):
        raise UsageError("plots.doubled", place=words.joined(map(str, twice[[*keys, "over"]].iloc[0])))
    groups = [group for _, group in frame.groupby(keys, sort=False)] if keys else [frame]
    with drawing(ax, figsize=(8.2, 1.5 + HEIGHT * len(groups) + GAP * (len(groups) - 1))) as ax:
        for panel, group in zip(panels(ax, [HEIGHT] * len(groups), GAP), groups, strict=True):
            own = str(group["unit"].iloc[0]) if "unit" in group else unit
            _panel(panel, group.reset_index(drop=True), own)
            if len(groups) > 1:
                panel.set_title(words.joined(name_of(group[key].iloc[0], key) for key in keys), fontsize=10)
            last = panel
        last.legend(loc="upper left", bbox_to_anchor=(0, -.12), ncols=3, borderaxespad=0, handlelength=1.4)
        ax.set_title(title_of(title), wrap=True, pad=None if len(groups) == 1 else 30)
    return ax


def _panel(ax: Any, rows: pd.DataFrame, unit: str) -> None:
    at, names = _moments(rows["over"])
    low, high = _scale(rows)
    far = 9 * (high - low)   # where the band has no end, it fills the picture
    ends = (rows[f"{end}_always"].replace({-np.inf: low - far, np.inf: high + far}) for end in ("low", "high"))
    ax.fill_between(at, *ends, color=ALWAYS, alpha=.22, linewidth=0,
                    label=word_of("cumulative.always"))
    for end, label in (("low", word_of("cumulative.once")), ("high", None)):
        ax.plot(at, rows[end], color=ONCE, linewidth=1.1, linestyle=(0, (4, 3)), label=label)
    ax.plot(at, rows["difference"], "-" if len(rows) > CROWD else "o-", color=ALWAYS, linewidth=1.8, markersize=4,
            zorder=3, label=_effect(rows))
    ax.axhline(0, color=INK, linewidth=1, zorder=1)
    ax.set(ylim=(low, high), xlim=(at.min() - .02 * np.ptp(at) - .01, at.max() + .02 * np.ptp(at) + .01))
    sure, peeked = _first(rows, "_always", stays=True), _first(rows, "")
    if sure is not None:
        ax.axvline(at[sure], color=ALWAYS, linewidth=1.2)
        _say(ax, at, sure, high, "top", word_of("cumulative.sure", over=names[sure]), ALWAYS)
    if peeked is not None and (sure is None or peeked < sure):
        ax.plot(at[peeked], 0, "v", color=ONCE, markersize=6, zorder=4)
        ax.vlines(at[peeked], low, 0, color=ONCE, linewidth=1, linestyles=(0, (1, 2)))
        _say(ax, at, peeked, low, "bottom", word_of("cumulative.peeker", over=names[peeked]), ONCE)
    ax.set_xticks(at, fitting(ax, names, 10))
    ax.locator_params(axis="y", nbins=6)
    ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, unit, signed=True))
    ax.tick_params(length=0)
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)


def _effect(rows: pd.DataFrame) -> str:
    control = rows["control"].iloc[0] if "control" in rows else word_of("cumulative.control")
    return word_of("forest.against", control=name_of(control, "arm"))


def _moments(over: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Where each moment stands, and what it is called: days and numbers by their distance, names one by one."""
    if over.astype("str").str.fullmatch(r"\d{4}-\d\d-\d\d").all():
        over = pd.to_datetime(over)
    if pd.api.types.is_datetime64_any_dtype(over):
        days = (over - over.iloc[0]) / pd.Timedelta(days=1)
        whole = (over == over.dt.normalize()).all()
        return days.to_numpy("float64"), over.dt.strftime("%Y-%m-%d" if whole else "%Y-%m-%d %H:%M").tolist()
    if pd.api.types.is_numeric_dtype(over):
        return over.to_numpy("float64"), [f"{value:g}" for value in over]
    return np.arange(len(over), dtype="float64"), over.astype("str").tolist()


def _first(rows: pd.DataFrame, band: str, *, stays: bool = False) -> int | None:
    """The first moment at which the band leaves 0 out; `stays`: none unless it does at the last that is known."""
    out = ((rows[f"low{band}"] > 0) | (rows[f"high{band}"] < 0)).to_numpy()
    known = out[rows[f"low{band}"].notna()] if stays else out
    return int(out.argmax()) if out.any() and (known[-1] or not stays) else None


def _scale(rows: pd.DataFrame) -> tuple[float, float]:
    """The ends of the scale: 0, all differences of the later half, and both bands there."""
    later = rows.iloc[len(rows) // 2:]
    values = later[["difference", "low", "high", "low_always", "high_always"]].to_numpy("float64")
    known = np.append(values[np.isfinite(values)], 0)
    room = ROOM * np.ptp(known) or 1
    return known.min() - room, known.max() + room


def _say(ax: Any, at: np.ndarray, place: int, height: float, side: str, text: str, color: str) -> None:
    """Words beside a moment, on the side where there is more room."""
    left = at[place] - at.min() > np.ptp(at) / 2
    ax.annotate(text, (at[place], height), xytext=(-5 if left else 5, 3 if side == "bottom" else -3),
                textcoords="offset points", ha="right" if left else "left", va=side, fontsize=8.5, color=color,
                zorder=5, bbox={"facecolor": "white", "alpha": .8, "linewidth": 0, "pad": 1.5})
