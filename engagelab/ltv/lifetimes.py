"""From when to when: subscriptions turned into how long each has lasted, for curves and for what tells who leaves.

Who subscribed before leavers were recorded is in the table only because they had stayed: they are at risk from the age
on that they had then (left truncation), and who had left by then is left out. The last day belongs to the lifetime.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.spells import fetched, spells, window
from engagelab.errors import DataError, one_of
from engagelab.metrics.answer import grouping
from engagelab.summaries import durations, frames, periods

OWN = ("duration", "ended", "entry")


def lifetimes(subscriptions: Any, *, user: str, opened: str, closed: str, until: object = None, since: object = None,
              every: str = "month", tz: str | None = None, keep: Sequence[str] = ()) -> pd.DataFrame:
    """How long each subscription has lasted, and whether it has ended.

    subscriptions : a row a subscription (or employment, contract); whatever `measure()` takes. user, opened, closed :
        its columns; `closed` is empty while it runs.
    since : from when on the table holds everybody who left; the day of the first closing unless said.
    until : up to when it holds them, that day not included; after its newest stamp unless said. A closing that was only
        announced by then has not happened yet.
    every : the unit: day, week, month (30.4375 days), quarter or year. keep : columns that go along.

    Returns `user`, the kept columns and `duration`, `ended`, `entry` (the age at `since` of those who had opened
    before, else 0), in whole local days of `tz` put into that unit. What was left out is counted in `.attrs["notes"]`.
    Raises DataError for a row without user or opening, and for a closing before its opening, with its row.

    >>> plans = pd.DataFrame({"who": ["a", "b", "c"], "from": pd.to_datetime(["2026-01-01", "2026-03-01", "2025-01-01"],
    ...     utc=True), "to": pd.to_datetime(["2026-03-31", None, None], utc=True)})
    >>> lifetimes(plans, user="who", opened="from", closed="to", since="2026-01-01", until="2026-05-01", every="day")
      who  duration  ended  entry
    0   a      90.0   True    0.0
    1   b      61.0  False    0.0
    2   c     485.0  False  365.0
    """
    one_of("every", every, periods.EVERY)
    names = list(dict.fromkeys([user, *grouping(keep, *OWN)]))
    data = fetched(subscriptions, [*names, opened, closed], (opened, closed))
    runs = spells(data, user, opened, closed, [], tz, None, None, None)
    if not len(runs.opened):
        raise DataError("survival.nobody")
    seen, notes = window(runs, periods.moment("until", until, tz), tz, "month", 1)
    begun, gone, end = _day(runs.opened), _day(runs.closed) + 1, seen.until // periods.DAY   # the last day counts
    start, said = _start(begun, gone, end, since, tz)
    notes += said
    if start >= end:
        raise DataError("summaries.no_window", since=repr(str(periods.first_day(start))),
                        until=repr(str(periods.first_day(end))))
    ended = gone <= end
    outside = (begun >= end) | (gone <= start)
    if outside.any():
        notes.append(words.text("survival.outside", n=int(outside.sum())))
    unit = durations.days("every", f"1 {every}")
    out = data[names].reset_index(drop=True).assign(
        duration=(np.where(ended, gone, end) - begun) / unit, ended=ended, entry=np.maximum(start - begun, 0) / unit)
    out = out[~outside].reset_index(drop=True)
    out.attrs = {"every": every, "notes": notes}
    return out


def checked(table: pd.DataFrame, duration: str, ended: str, entry: str | None) -> pd.DataFrame:
    """`duration`, `ended` (1 or 0) and `entry` (0 without one) as numbers; what cannot be is refused with its row.

    >>> checked(pd.DataFrame({"months": [3, None], "left": [True, False]}), "months", "left", None)
       duration  ended  entry
    0       3.0    1.0    0.0
    1       NaN    0.0    0.0
    """
    names = dict(zip(OWN, (duration, ended, entry), strict=True))
    found = pd.DataFrame({own: frames.numbers(table, [name])[name] if name else 0.0 for own, name in names.items()},
                         index=table.index)
    late = (found["entry"] > 0) & (found["entry"] >= found["duration"])
    for own, key, wrong in (("duration", "duration", found["duration"] < 0), ("entry", "duration", found["entry"] < 0),
                            ("ended", "flag", ~found["ended"].isin([0, 1]) & found["ended"].notna()),
                            ("entry", "late", late)):
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise DataError(f"survival.{key}", column=repr(names[own]), row=row + 1, n=int(wrong.sum()),
                            value=f"{found[own].iloc[row]:g}", duration=repr(duration),
                            length=f"{found['duration'].iloc[row]:g}")
    return found


def _start(begun: np.ndarray, gone: np.ndarray, end: int, since: object, tz: str | None) -> tuple[int, list[str]]:
    """The day from which on leavers are known, and what is said of it."""
    moment = periods.moment("since", since, tz)
    if moment is not None:
        return periods.clock(moment, tz) // periods.DAY, []
    if not (gone <= end).any():
        return int(begun.min()), []
    first = int(gone.min()) - 1
    return first, [words.text("survival.since", first=periods.first_day(first))]


def _day(local: np.ndarray) -> np.ndarray:
    """The numbers of the days of local stamps."""
    return local.astype("datetime64[D]").astype("int64")
