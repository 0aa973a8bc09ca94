"""What a model expected beside what came: over time, and by how often customers had bought."""

import numpy as np
import pandas as pd

from engagelab.errors import DataError, column_of
from engagelab.plots.estimates import finish, fitting
from engagelab.plots.style import COLORS, SOFT, drawing, name_of, tick_of, word_of

PARTS = ("fit", "holdout")


def expected_actual(frame: pd.DataFrame, *, title: str = "", ax=None):
    """What came and what a model expected: lines over `period`, or bars side by side for each `group`.

    Parameters: a frame with the columns `actual`, `expected` and either `period` (numbers, or labels in their order)
    or `group`; where it has them, `low` and `high` are the interval of `expected`. Of periods, a column `part`, "fit"
    or "holdout", says which the model had seen; a line parts the two. A period that has not come yet has no `actual`.

    Errors: NoColumn; DataError for an empty frame, and a part that is neither.

    >>> ax = expected_actual(pd.DataFrame({"period": [1, 2, 3, 4], "actual": [40, 75, 105, 130],
    ...     "expected": [41.5, 76, 104, 126], "part": ["fit", "fit", "holdout", "holdout"]}))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['actual', 'expected']
    """
    across = "period" if "period" in frame.columns else column_of("group", frame.columns)
    for name in ("actual", "expected"):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    with drawing(ax) as ax:
        (_lines if across == "period" else _bars)(ax, frame)
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_formatter(lambda value, _position: tick_of(value, "number"))
        finish(ax, title, legend=True)
    return ax


def _lines(ax, frame: pd.DataFrame) -> None:
    """Both over the periods, the split marked."""
    numeric = pd.api.types.is_numeric_dtype(frame["period"])
    places = frame["period"].to_numpy(dtype="float64") if numeric else np.arange(len(frame))
    if {"low", "high"} <= set(frame.columns):
        ax.fill_between(places, frame["low"], frame["high"], color=COLORS[1], alpha=.18, linewidth=0)
    ax.plot(places, frame["actual"], color=COLORS[0], linewidth=1.8, label=word_of("label.actual"))
    ax.plot(places, frame["expected"], color=COLORS[1], linewidth=1.8, linestyle=(0, (5, 2)),
            label=word_of("label.expected"))
    ax.set_xlim(places.min(), places.max())
    if not numeric:
        ax.set_xticks(places, fitting(ax, [name_of(period, "period") for period in frame["period"]]))
    if "part" in frame.columns:
        _split(ax, frame["part"], places)


def _split(ax, part: pd.Series, places: np.ndarray) -> None:
    """The line between what the model was fitted to and what it had not seen."""
    if not part.isin(PARTS).all():
        raise DataError("plots.part", value=repr(part[~part.isin(PARTS)].iloc[0]))
    fitted = (part == "fit").to_numpy()
    if fitted.any() and not fitted.all():
        at = places[fitted].max()
        ax.axvline(at, color=SOFT, linewidth=1.2, linestyle=(0, (4, 3)))
        for key, side in (("plots.fitted", "right"), ("plots.held_out", "left")):
            ax.annotate(word_of(key), (at, 1), xycoords=("data", "axes fraction"), color=SOFT, fontsize=9, ha=side,
                        xytext=(-6 if side == "right" else 6, -2), textcoords="offset points", va="top")


def _bars(ax, frame: pd.DataFrame) -> None:
    """Both side by side, a pair a group."""
    places, wide = np.arange(len(frame)), .38
    for shift, name, color in ((-.5, "actual", COLORS[0]), (.5, "expected", COLORS[1])):
        ax.bar(places + shift * wide, frame[name], width=wide * .94, color=color, alpha=.8, label=word_of(
            f"label.{name}"))
    if {"low", "high"} <= set(frame.columns):
        ax.vlines(places + .5 * wide, frame["low"], frame["high"], color="#374151", linewidth=1)
    ax.set_xticks(places, fitting(ax, [name_of(group, "group") for group in frame["group"]]))
