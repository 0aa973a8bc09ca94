"""Spells: from when to when each subscription, or each employment, ran, as arrays of local time.

A day's beginning is what counts: a spell runs then if it opened before and closes on that moment or later, so the last
day belongs to it. An amount that was changed at that very moment is still the former one. As the end of a contract that
is renewed, some tables have the moment at which the next begins, and others the day before: so whoever closes a spell
on one day and opens one on the next carries on, and pays at that moment what was paid until then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from engagelab import money, words
from engagelab.activity.log import stamps, written
from engagelab.errors import DataError, UsageError, column_of
from engagelab.summaries import periods, sql
from engagelab.summaries.engine import Source, source
from engagelab.summaries.times import checked_times
from engagelab.summaries.view import Columns, View

NEVER = np.datetime64("2261-01-01", "us")


@dataclass(frozen=True)
class Spells:
    """The table as arrays, a value a spell: codes of customers and groups, local stamps, amounts."""

    user: np.ndarray
    group: np.ndarray
    labels: list[tuple[str, ...]]
    opened: np.ndarray
    closed: np.ndarray  # never, where it runs
    amount: np.ndarray | None
    former: np.ndarray | None  # what was paid before the amount was changed
    changed: np.ndarray | None  # never, where it was not

    @property
    def users(self) -> int:
        """How many different customers there are."""
        return int(self.user.max()) + 1

    def running(self, day: date) -> np.ndarray:
        """Which spells run at the beginning of a day."""
        moment, length = np.datetime64(day, "us"), np.timedelta64(1, "D")
        renewed = np.isin(self.user, self.user[(self.opened >= moment) & (self.opened < moment + length)])
        return (self.opened < moment) & (self.closed >= np.where(renewed, moment - length, moment))

    def paid(self, day: date) -> np.ndarray:
        """What each pays at the beginning of a day, where it runs, and nothing where it does not."""
        amount = np.zeros(len(self.user)) if self.amount is None else self.amount
        if self.former is not None and self.changed is not None:
            amount = np.where((self.changed < NEVER) & (self.changed >= np.datetime64(day, "us")), self.former, amount)
        return np.where(self.running(day), amount, 0.0)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of each customer."""
        return np.bincount(self.user, weights=values, minlength=self.users)


def fetched(data: Any, columns: Sequence[str], times: Sequence[str | None],
            amounts: Sequence[str | None] = ()) -> pd.DataFrame:
    """These columns, and those that say what amounts contain, in pandas; the stamps of a file or table in UTC."""
    if isinstance(data, pd.DataFrame):
        for column in columns:
            column_of(column, list(data.columns))
        return data
    table = source(data)
    names = list(dict.fromkeys([*columns, *(what for what in money.ALIKE if what in table.types)]))
    dated = [name for name in times if name and not _blank(table, name)]
    kinds = dict.fromkeys(dated, "stamp") | {
        name: "number" for name in amounts if name and table.types[name] == sql.WRITTEN}
    reads = {f"k{i}": sql.Read(name, kinds.get(name, "key")) for i, name in enumerate(names)}
    found = table.fetch(sql.read(reads, table.types, table=table.table), names).set_axis(names, axis="columns")
    found[dated] = found[dated].astype("Int64")
    return found.assign(**{name: pd.to_datetime(found[name], unit="us", utc=True) for name in names if name in times})


def _blank(table: Source, column: str) -> bool:
    """Whether a column of text holds nothing, as in a file in which nobody has left yet; no time in it is refused."""
    if table.types[column] != "VARCHAR":
        return False
    checked_times(table, column)
    return not View(Columns(table, {"k0": sql.Read(column, "key")})).plain(
        "SELECT count(k0) AS n FROM events")["n"].iloc[0]


def spells(data: pd.DataFrame, user: str, opened: str, closed: str, by: Sequence[str], tz: str | None,
           amount: str | None, former: str | None, changed: str | None) -> Spells:
    """The arrays of a table, each of its columns checked."""
    first, last = stamps(data, opened), stamps(data, closed)
    source(data).types[user]  # refuses numbers beside text: they would be two customers
    for column in (user, opened):
        _check(column, data[column].isna(), "churn.missing")
    _check(closed, last < first, "activity.closed_early", opened=repr(opened))
    shown = [named(data[name]) for name in by]
    group, labels = pd.factorize(pd.MultiIndex.from_arrays(shown)) if by else (np.zeros(len(data), dtype=int), [()])
    repriced = _repriced(data, amount, former, changed)
    return Spells(
        pd.factorize(data[user])[0], group, [tuple(label) for label in labels], _local(first, tz), _local(last, tz),
        _amounts(data, amount, by) if amount else None, _amounts(data, former, by) if former else None,
        None if repriced is None else _local(repriced, tz))


def named(column: pd.Series) -> pd.Series:
    """What groups or reasons are called; refused where one has a name that the answer itself uses."""
    said, own = written(column), [words.text("metrics.all"), words.text("metrics.missing")]
    if (taken := said[said.isin(own)]).size:
        raise DataError("metrics.reserved_value", value=repr(taken.iloc[0]))
    return said.fillna(own[1])


def window(table: Spells, end: int | None, tz: str | None, every: str, starts: int) -> tuple[periods.Window, list[str]]:
    """What was observed, and notes on it: until `end`, or the newest stamp, whose day is over where periods are longer.

    Contracts end on a day that was agreed long before. So where an end is later than the month after that of the newest
    opening, the table holds such days, and only what had happened by the newest opening counts as observed.
    """
    if end is not None:
        return periods.Window(None, periods.clock(end, tz), starts), []
    notes = [words.text("activity.observed_until")]
    if not len(table.opened):
        return periods.Window(None, 0, starts), notes
    newest = _day(table.opened.max())
    last = _day(table.closed[table.closed < NEVER].max(initial=table.opened.max()))
    if last >= periods.next_start("month", periods.next_start("month", newest.replace(day=1))):
        notes = [words.text("churn.scheduled", newest=newest, last=last)]
    else:
        newest = max(newest, last)
    return periods.Window(None, (periods.number("day", newest) + (every != "day")) * periods.DAY, starts), notes


def starts(table: Spells, every: str, since: object, until: object, tz: str | None, seen: periods.Window
           ) -> Iterator[date]:
    """The first day of each period that is asked for, at least one where `since` or `until` was said."""
    if not len(table.opened):
        return
    begin = periods.moment("since", since, tz)
    if begin is None:
        start = periods.next_start(every, periods.start_of(every, _day(table.opened.min()), seen.starts))
        first = periods.number("day", start) * periods.DAY
    else:
        first = periods.clock(begin, tz)
        start = periods.start_of(every, periods.first_day(first // periods.DAY), seen.starts)
    if first >= seen.until and not (since is None and until is None):
        raise DataError("summaries.no_window", since=repr(since or start.isoformat()),
                        until=repr(until or periods.first_day(seen.until // periods.DAY).isoformat()))
    while periods.number("day", start) * periods.DAY < seen.until:
        yield start
        start = periods.next_start(every, start)


def _day(stamp: np.datetime64) -> date:
    return pd.Timestamp(stamp).date()


def _check(column: str, bad: pd.Series, key: str, **said: object) -> None:
    """Refuse rows, naming how many there are and the first."""
    if bad.any():
        raise DataError(key, column=repr(column), n=int(bad.sum()), row=int(bad.to_numpy().argmax()) + 1, **said)


def _amounts(data: pd.DataFrame, amount: str, by: Sequence[str]) -> np.ndarray:
    """Amounts as numbers, of one currency, with tax or without."""
    for what in money.ALIKE:
        if what in data and what not in by:
            seen = data.loc[data[amount].notna(), what].value_counts(dropna=False)
            money.check_alike([amount], what, seen.to_dict())
    if not pd.api.types.is_numeric_dtype(data[amount]) or pd.api.types.is_bool_dtype(data[amount]):
        raise DataError("summaries.not_a_number", column=repr(amount), type=str(data[amount].dtype))
    values = data[amount].to_numpy(dtype="float64", na_value=np.nan)
    _check(amount, pd.Series((values < 0) | np.isinf(values)), "churn.amount")
    return values


def _repriced(data: pd.DataFrame, amount: str | None, former: str | None, changed: str | None) -> pd.Series | None:
    """When each amount was changed."""
    if former is None and changed is None:
        return None
    if not (amount and former and changed):
        raise UsageError("churn.former")
    when = stamps(data, changed)
    _check(former, data[former].notna() & when.isna(), "churn.unchanged", changed=repr(changed))
    return when


def _local(stamps: pd.Series, tz: str | None) -> np.ndarray:
    """Stamps by the clock of the zone; never, where there is none."""
    local = stamps.dt.tz_convert(periods.zone(tz)).dt.tz_localize(None).dt.as_unit("us")
    return local.fillna(pd.Timestamp(NEVER)).to_numpy("datetime64[us]")
