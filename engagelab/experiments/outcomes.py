"""What came after each was drawn, and what had been before: the table that a comparison needs, a row a unit.

Each unit has a window of its own from its start; what comes later does not count, and what came before the start can
explain the outcome without being moved by it (the covariates of CUPED).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.summaries.durations import days
from engagelab.summaries.engine import source
from engagelab.summaries.frames import fetched, numbers


def outcomes(units: Any, rows: Any, *, name: str, time: str, within: str, before: str | None = None,
             sums: Sequence[str] = (), user: str = "user_id", start: str = "assigned_at", until: object = None
             ) -> pd.DataFrame:
    """The units with what each did within so long of its start.

    units : a row a unit, with `user` and `start`. rows : what they did, with `user` and `time`; whatever `measure()`
        takes, both.
    name : what the rows are: the count of them is a column of that name. sums : columns to be added up, 0 where there
        was no row, missing where one of them is.
    within : how long after the start counts, such as "14 days"; before : how long before the start, for the columns
        `<name>_before` and so on; `before_at` is the last moment of that time, as `adjust=` asks for it.
    until : up to when the rows were observed, the newest of them unless said. A unit whose time was not over by then is
        missing, and so is its past where the rows begin later than its time before.

    Raises UsageError for arguments, DataError for a start or time that is no stamp, or if no unit occurs in the rows.

    >>> units = pd.DataFrame({"user_id": ["a", "b"], "arm": ["A", "B"], "assigned_at": pd.Timestamp("2026-03-01")})
    >>> orders = pd.DataFrame({"user_id": ["a", "a", "b"], "total": [10, 20, 30], "ordered_at": pd.to_datetime(
    ...     ["2026-02-20", "2026-03-02", "2026-03-30"])})
    >>> outcomes(units, orders, name="orders", time="ordered_at", within="7 days", before="7 days", sums=["total"])[
    ...     ["user_id", "orders", "total", "orders_before"]]
      user_id  orders  total  orders_before
    0       a     1.0   20.0            0.0
    1       b     0.0    0.0            0.0
    """
    listed = [sums] if isinstance(sums, str) else list(sums)
    made = _whole(units).reset_index(drop=True)
    taken = [column for column in (name, *listed) for column in (column, f"{column}_before") if column in made]
    if taken:
        raise UsageError("outcomes.taken", columns=words.joined(map(repr, taken)))
    found = fetched(rows, [user, time, *listed])
    _check_users(made[user].dropna(), found[user].dropna(), user)
    at, since = _stamps(found[time], time), _stamps(fetched(made, [user, start])[start], start)
    amounts = numbers(found, listed) if listed else pd.DataFrame(index=found.index)
    spans = {"": (np.zeros(1, "timedelta64[us]")[0], _span("within", within))}
    if before is not None:
        spans["_before"] = (-_span("before", before), np.zeros(1, "timedelta64[us]")[0])
        made["before_at"] = since - np.timedelta64(1, "us")
    newest = at.max() if until is None else _stamps(pd.Series([until]), "until").iloc[0]
    pairs = pd.DataFrame({"user": made[user], "since": since, "unit": range(len(made))}).dropna().merge(
        pd.DataFrame({"user": found[user], "at": at}).join(amounts).dropna(subset=["user", "at"]), on="user")
    for ending, (low, high) in spans.items():
        inside = pairs[(pairs["at"] >= pairs["since"] + low) & (pairs["at"] < pairs["since"] + high)]
        groups = inside.groupby("unit")
        seen = since.notna() & ((since + high <= newest) if not ending else (since + low >= at.min()))
        counts = groups.size().reindex(range(len(made)), fill_value=0).astype("float64")
        made[f"{name}{ending}"] = counts.where(seen.to_numpy())
        for column in listed:
            total = groups[column].sum().reindex(range(len(made)), fill_value=0.0)
            known = ~total.index.isin(inside.loc[inside[column].isna(), "unit"])  # with one amount the sum is unknown
            made[f"{column}{ending}"] = total.where(seen.to_numpy() & known)
    return made


def _check_users(drawn: pd.Series, acted: pd.Series, column: str) -> None:
    """Refuse tables of which not one user is in both, as their ids are of two kinds."""
    if len(drawn) and len(acted) and not acted.isin(drawn.unique()).any():
        raise DataError("outcomes.nobody", column=repr(column))  # no id is shown: it may be an address


def _whole(data: Any) -> pd.DataFrame:
    """The whole table as a frame."""
    return data if isinstance(data, pd.DataFrame) else fetched(data, list(source(data).types))


def _span(name: str, value: str) -> np.timedelta64:
    return np.timedelta64(round(days(name, value) * 86_400_000_000), "us")


def _stamps(values: pd.Series, name: str) -> pd.Series:
    """Stamps of UTC; those without a zone are read as UTC, as elsewhere."""
    try:
        return pd.to_datetime(values, utc=True)
    except (ValueError, TypeError) as error:
        raise DataError("outcomes.no_stamp", column=repr(name), why=str(error).splitlines()[0]) from error
