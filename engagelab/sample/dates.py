"""The eighteen months of the sample company, in its own zone.

Inside the generator a stamp is a numpy `datetime64[s]` on the company's wall clock; the zone
Asia/Tokyo has been nine hours ahead of UTC, without summer time, since 1951 (IANA tz database).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Stamps = NDArray[np.datetime64]

ZONE = "Asia/Tokyo"
AHEAD = np.timedelta64(9, "h")
START = np.datetime64("2025-04-01T00:00:00")
END = np.datetime64("2026-09-30T23:59:00")
MONTHS = np.arange(np.datetime64("2025-04"), np.datetime64("2026-10"))
QUARTERS = ("2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3")
BEFORE, NOW = QUARTERS[-2:]

_MONTH_NAMES = np.array(
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], dtype=object)
_DAY_NAMES = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], dtype=object)


def month_of(stamps: Stamps) -> NDArray[np.int64]:
    """0 for April 2025, 1 for May ...; negative before.

    >>> month_of(np.array(["2025-04-30T23:00:00", "2026-09-01T00:00:00"], dtype="datetime64[s]")).tolist()
    [0, 17]
    """
    return (stamps.astype("datetime64[M]") - MONTHS[0]).astype(np.int64)


def quarter_of(stamps: Stamps) -> NDArray[np.int64]:
    """0 for the second quarter of 2025 ... 5 for the third of 2026."""
    return month_of(stamps) // 3


def quarter_start(quarter: int) -> np.datetime64:
    """The first second of a quarter counted from 0."""
    return MONTHS[quarter * 3].astype("datetime64[s]")


def month_at(month: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Months counted from April 2025."""
    return MONTHS[0] + np.asarray(month).astype("timedelta64[M]")


def days_in(month: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many days each month has, counted from April 2025."""
    first = month_at(month).astype("datetime64[D]")
    return (month_at(month + 1).astype("datetime64[D]") - first).astype(np.int64)


def utc(stamps: Stamps) -> pd.Series:
    """Stamps of the company's clock as a canonical time column; NaT stays missing."""
    return pd.Series(stamps.astype("datetime64[us]") - AHEAD).dt.tz_localize("UTC")


def local(column: pd.Series, zone: str = ZONE) -> pd.Series:
    """A canonical time column on the wall clock of a zone, without its zone."""
    return column.dt.tz_convert(zone).dt.tz_localize(None)


def written(stamps: pd.Series, pattern: str) -> pd.Series:
    """Stamps in words, with English names whatever the machine's locale; empty where missing.

    >>> stamps = pd.Series(pd.to_datetime(["2026-07-14 15:04:05"]))
    >>> written(stamps, "{day_name}, {month_name} {day}, {year}")[0], written(stamps, "{hour12:02}:{minute:02}")[0]
    ('Tue, Jul 14, 2026', '03:04')
    """
    known = stamps.dropna()
    clock = known.dt
    parts = {
        "year": clock.year, "month": clock.month, "day": clock.day, "hour": clock.hour, "minute": clock.minute,
        "second": clock.second, "hour12": (clock.hour + 11) % 12 + 1,
        "half": np.where(clock.hour < 12, "am", "pm"), "half_ja": np.where(clock.hour < 12, "午前", "午後"),
        "month_name": _MONTH_NAMES[clock.month - 1], "day_name": _DAY_NAMES[clock.day_of_week],
    }
    used = {name: values for name, values in parts.items() if "{" + name in pattern}
    rows = zip(*used.values(), strict=True)
    text = [pattern.format(**dict(zip(used, row, strict=True))) for row in rows]
    return pd.Series(text, index=known.index, dtype="object").reindex(stamps.index, fill_value="")
