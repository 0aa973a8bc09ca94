"""What a picture asks of the table that it is given: its columns, something to draw, and one row a place."""

from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import DURATION, SPANS
from engagelab.errors import DataError, UsageError, column_of

PERIODS = ("day", "week", "month", "quarter", "year")
HOURS = {"second": 1 / 3600, "minute": 1 / 60, "hour": 1, "day": 24, "week": 168, "month": 730.5, "quarter": 2191.5,
         "year": 8766}


def period_of(frame: pd.DataFrame) -> str:
    """The column of periods; UsageError where the table has none."""
    for name in frame.columns:
        if name in PERIODS:
            return str(name)
    raise UsageError("plots.no_period", periods=words.joined(PERIODS))


def picked(frame: pd.DataFrame, places: list[str], *needed: str, hue: str | None = None) -> pd.DataFrame:
    """The table, estimates as numbers and no flag as "", if it has the columns, and one row a place (and `hue`).

    Errors: NoColumn; DataError where it is empty, a row has no place, or an estimate is no finite number; UsageError
    where a place has several rows.
    """
    for name in (*places, *needed, *([hue] if hue else [])):
        column_of(name, frame.columns)
    if frame.empty:
        raise DataError("plots.nothing")
    keys = [*places, *([hue] if hue else [])]
    for name in keys:
        if frame[name].isna().any():
            raise DataError("plots.no_place", column=repr(name), n=int(frame[name].isna().sum()))
    twice = frame[frame.duplicated(keys)]
    if len(twice):
        others = [name for name in frame.columns[:list(frame.columns).index("estimate")]
                  if name not in (*keys, *PERIODS) and frame[name].nunique(dropna=False) > 1]
        raise UsageError("plots.twice" if others else "plots.doubled", columns=words.joined(map(repr, others)),
                         place=words.joined(map(str, twice[keys].iloc[0])))
    numbers = pd.to_numeric(frame["estimate"], errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)
    wrong = frame["estimate"][numbers.isna() & frame["estimate"].notna()]
    if len(wrong):
        raise DataError("plots.no_number", value=str(wrong.iloc[0]))
    flags = frame["flag"].astype(object).where(frame["flag"].notna(), "") if "flag" in frame else ""
    return frame.assign(estimate=numbers, flag=flags)


def grouped(frame: pd.DataFrame, across: str, hue: str | None) -> list[tuple[Any, pd.DataFrame]]:
    """The rows of each value of `hue`, durations from short to long; unlike metrics are not drawn as one."""
    metrics = list(frame["metric"].unique()) if "metric" in frame else []
    if len(metrics) > 1 and hue != "metric":
        raise UsageError("plots.metrics", metrics=words.joined(map(repr, metrics)))
    frame = picked(frame, [across], "estimate", "low", "high", "flag", hue=hue)
    if hue is None:
        return [("", frame)]
    return sorted(frame.groupby(hue, sort=True), key=lambda pair: lengths(pair[0], hue))


def lengths(value: object, column: str) -> list[float]:
    """The hours of the durations that a value of that column names; of any other column nothing.

    >>> lengths("1 day", "window"), lengths("1 day / 1 week", "window"), lengths("1 day", "channel")
    ([24], [24, 168], [])
    """
    return [int(found[1]) * HOURS[found[2]] for found in DURATION.finditer(str(value))] if column in SPANS else []
