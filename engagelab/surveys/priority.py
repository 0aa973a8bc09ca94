"""Importance against performance: which drivers to mend first, keep up, or leave.

The map of Martilla and James (1977, Journal of Marketing 41, 77-79), with intervals on both axes, so that it says of
which driver the quadrant is certain. Importance is the share of explained variance of `drivers`: it says where to look,
not what a change would do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval, named, shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics.shares import TAIL
from engagelab.plots.priority import priority as picture
from engagelab.surveys.drivers import Drivers, Told

QUADRANTS = {(True, False): "mend", (True, True): "keep", (False, False): "leave", (False, True): "nice"}
AXES = ("importance", "performance")
ENDS = ("", "_low", "_high")


@dataclass(frozen=True, repr=False)
class Priority(Told):
    """The drivers on the map: `.frame`, a row a driver; `.advice`, what to look at first; `.notes`."""

    advice: str
    unit: str

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: rounded."""
        units, rows = dict(zip(AXES, ("share", self.unit), strict=True)), self.frame.to_dict("records")
        both = {axis: [words.text("priority.value", value=shown(row[axis], unit), interval=interval(
            row[f"{axis}_low"], row[f"{axis}_high"], unit)) for row in rows] for axis, unit in units.items()}
        return pd.DataFrame({words.text(f"label.{name}"): values for name, values in {
            **{name: [named(row[name], name) for row in rows] for name in ("driver", "quadrant")}, **both,
            "n": self.frame["n"], "flag": self.frame["flag"]}.items()})

    def plot(self, **how: Any):
        """The map: see `plots.priority`."""
        return picture(self.frame, unit=self.unit, **how)


def priority(drivers: Drivers, *, performance: pd.DataFrame | None = None,
             thresholds: Sequence[float | None] = (None, None), unit: str = "number") -> Priority:
    """In which quadrant each driver stands, whether that is certain, and what to look at first.

    performance : an answer with the driver as its metric, such as `el.measure(answers, {"pay": el.csat("pay")})` of
        favourable shares (then unit="share"); unless given, the means of the drivers.
    thresholds : the lines of importance and of performance; None is the mean over the drivers.

    Returns `Priority`. `.frame` has a row a driver, the most important first: `quadrant` is "mend" (important, low),
    "keep" (important, high), "nice" (high, not important) or "leave"; `sure` is False where an interval holds a line,
    the direction of the driver is not certain, or all drivers together may explain nothing, as `flag` says. Of a driver
    with sign "-", of which high answers are bad, the scale has to be turned round first: it has no quadrant.
    `importance_at` and `performance_at` are the lines. `.advice` names the driver to look at first and the second, and
    what may carry as much as they; never one whose direction is not certain or whose share may be 0.
    Raises UsageError for thresholds that are no numbers; DataError where `performance` lacks a driver or has it twice.

    >>> from engagelab.surveys.drivers import drivers
    >>> vary = np.random.RandomState(3)
    >>> answers = pd.DataFrame(vary.normal([8, 5, 6], 1, (300, 3)), columns=["pay", "voice", "tools"])
    >>> answers["mood"] = answers.sum(axis="columns") + 2 * answers["voice"] + vary.normal(0, 1, 300)
    >>> found = priority(drivers(answers, "mood", ["pay", "voice", "tools"]))
    >>> found.frame[["driver", "quadrant", "sure", "importance", "performance"]].round(2)
      driver quadrant   sure  importance  performance
    0  voice     mend   True         0.8         5.02
    1    pay     nice   True         0.1         8.06
    2  tools    leave   True         0.1         5.95
    """
    found = drivers.frame
    given = found if performance is None else _given(performance, list(found["driver"]))
    frame = found[["driver", "n", "n_missing"]].copy()
    for axis, source, columns in (
            ("importance", found, TAIL[:3]),
            ("performance", given, [f"performance{end}" for end in ENDS] if performance is None else TAIL[:3])):
        for end, column in zip(ENDS, columns, strict=True):
            frame[f"{axis}{end}"] = source[column].to_numpy(dtype="float64")
    known = frame[list(AXES)].notna().all(axis="columns")
    placed = known & (found["sign"] != "-")
    high = pd.DataFrame(index=frame.index)
    for axis, line in zip(AXES, _lines(thresholds), strict=True):
        frame[f"{axis}_at"] = frame.loc[placed, axis].mean() if line is None else float(line)
        high[axis] = frame[axis] >= frame[f"{axis}_at"] - 1e-12 * frame[axis].abs()   # equal ones stand on the line
    frame["quadrant"] = pd.Series([QUADRANTS[tuple(pair)] if here else "" for pair, here in zip(
        high.to_numpy().tolist(), placed, strict=True)], dtype="str")
    doubts = _doubts(frame, found["sign"], known, placed)
    chance = bool((drivers.r_squared["low"] <= 0).any())
    frame["sure"] = ~doubts.any(axis="columns") & (not chance)
    frame["flag"] = ["; ".join(filter(None, [flag, *(words.text(f"priority.flag_{name}") for name in doubts
                                                     if doubts[name].iloc[row])]))
                     for row, flag in enumerate(found["flag"])]
    advice = words.text("priority.advice_chance") if chance else _advice(
        frame[placed].join(found[["rank_low", "rank_high", "sign"]]), unit)
    said = words.text("priority.lines", importance=shown(frame["importance_at"].iloc[0], "share"),
                      performance=shown(frame["performance_at"].iloc[0], unit))
    return Priority(frame, (advice, said, *drivers.notes), advice, unit)


def _given(performance: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The rows of an answer in the order of the drivers."""
    for column in ("metric", *TAIL[:3]):
        column_of(column, performance.columns)
    for name in names:
        if (n := int((performance["metric"] == name).sum())) != 1:
            raise DataError("priority.levels", name=repr(name), n=n)
    return performance.set_index("metric").loc[names]


def _lines(thresholds: Sequence[float | None]) -> Sequence[float | None]:
    """The two lines, if they are that."""
    if isinstance(thresholds, str) or not isinstance(thresholds, Sequence) or len(thresholds) != 2 or not all(
            line is None or (isinstance(line, int | float) and np.isfinite(line)) for line in thresholds):
        raise UsageError("priority.thresholds", value=repr(thresholds))
    return thresholds


def _doubts(frame: pd.DataFrame, sign: pd.Series, known: pd.Series, placed: pd.Series) -> pd.DataFrame:
    """Why the quadrant of a driver is not certain, or it has none: a column a reason."""
    doubts = pd.DataFrame({"unknown": ~known, "reverse": known & ~placed, "sign": known & (sign == "±")})
    for axis in AXES:
        low, high = (frame[f"{axis}{end}"] for end in ENDS[1:])
        doubts[axis] = placed & ~((low >= frame[f"{axis}_at"]) | (high < frame[f"{axis}_at"]))
    return doubts


def _advice(frame: pd.DataFrame, unit: str) -> str:
    """What to look at first and second: the most important whose direction is certain and whose level may be low."""
    if frame.empty:
        return words.text("priority.advice_unknown")
    high = frame["performance_low"] >= frame["performance_at"]
    told = (frame["sign"] == "+") & (frame["importance_low"] > 0)   # by whom it may be advised
    important = told & (frame["importance_low"] >= frame["importance_at"])
    rivals, chosen = frame[~high], frame.index[told & ~high]
    if not (important & ~high).any():
        kept = [named(name, "driver") for name in frame.loc[important & high, "driver"]]
        return words.text("priority.advice_none") + (
            words.text("priority.advice_keep", names=words.joined(kept)) if kept else "")
    said = _place("first", rivals, frame.loc[chosen[0]], unit)
    rest = rivals.drop(index=chosen[0])
    return said + (_place("second", rest, frame.loc[chosen[1]], unit) if len(chosen) > 1
                   else words.text("priority.advice_no_second"))


def _place(place: str, rivals: pd.DataFrame, row: pd.Series, unit: str) -> str:
    """The sentence on the driver that comes first or second, with those of `rivals` that may carry as much."""
    tied = rivals[(rivals["rank_low"] <= row["rank_high"]) & (rivals["driver"] != row["driver"])]
    level = "low" if row["performance_high"] < row["performance_at"] else "unsure"
    said = {"name": named(row["driver"], "driver"), "share": shown(row["importance"], "share"),
            "interval": interval(row["importance_low"], row["importance_high"], "share"),
            "small": words.text("priority.small") if row["importance_high"] < row["importance_at"] else "",
            "level": words.text(f"priority.level_{level}", value=shown(row["performance"], unit))}
    others = words.joined(named(name, "driver") for name in tied["driver"])
    return words.text(f"priority.{place}_{'clear' if tied.empty else 'close'}", **said, others=others)
