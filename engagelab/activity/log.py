"""An event log as the tables of contacts read it: the rows of a window, of chosen events, and what is said of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.summaries import periods, sql
from engagelab.summaries.calendar import check_window
from engagelab.summaries.engine import Source, source
from engagelab.summaries.times import checked_times
from engagelab.summaries.view import Columns, Span, View, first_row, occurring, span


@dataclass(frozen=True)
class Log:
    """A view of a log (users `u0`, stamps `t0`, and what else was asked for), what its stamps say, and notes."""

    view: View
    span: Span
    notes: list[str]

    @property
    def dated(self) -> bool:
        """Whether only the days are known."""
        columns = self.view.columns
        return columns.source.types[columns.reads["t0"].column].upper() == "DATE"

    def text(self, body: str, every: str | None = None) -> str:
        """The whole SQL of a query over `events`; with `every` these have a period `p0`."""
        view = self.view if every is None else replace(
            self.view, by=("p0",), period=periods.index(every, f"({self.span.local})"))
        return f"{view.ctes()}\n{body}"

    def keep(self, body: str, every: str | None = None) -> Source:
        """What that query answers, kept on the engine."""
        columns = self.view.columns
        return columns.source.keep(self.text(body, every), [item.column for item in columns.reads.values()])

    def periods(self, every: str) -> tuple[list[int], list[str], list[bool]]:
        """The periods of the window: their numbers (`p0`), their labels, and which were observed as a whole."""
        given = self.span.window.since
        first = self.span.earliest // periods.DAY * periods.DAY if given is None else given
        window = replace(self.span.window, since=first)  # the first day of the log is taken for a whole one
        ends = [periods.number(every, periods.first_day(end // periods.DAY)) for end in (first, window.until - 1)]
        found = list(range(ends[0], ends[1] + 1))
        days = [periods.number("day", periods.start(every, number)) for number in found]
        return found, [periods.label(every, day) for day in days], [window.whole(every, day) for day in days]


def read_log(data: Any, *, user: str, time: str, event: str | None = None, events: Sequence[str] | None = None,
             keys: Mapping[str, str] | None = None, numbers: Sequence[str] = (), every: str | None = None,
             since: object = None, until: object = None, tz: str | None = None, earlier: bool = False) -> Log:
    """The log under our names: `keys`, ours by the caller's columns; `numbers` as x0, x1 ...; events `e0`.

    earlier : keep the rows before `since`, to know who was there. Raises DataError for a row without a time, a window
    in which there is no row, and a name of `events` that the column `event` does not have.
    """
    if events is not None and (event is None or isinstance(events, str)):
        raise UsageError("activity.events", value=repr(events))
    table = source(data)
    columns = Columns(table)
    column_of(time, table.types)
    checked_times(table, time)
    when = span(columns, time, every=every, since=since, until=until, tz=tz, earlier=earlier)
    if when.missing:
        raise DataError("activity.no_time", column=repr(time), n=when.missing,
                        first=first_row(View(columns), "t0 IS NULL"))
    check_window(when, time, tz)
    named = {"u0": user, **({"e0": event} if event else {}), **(keys or {})}
    columns.reads |= {ours: sql.Read(column_of(theirs, table.types), "key") for ours, theirs in named.items()}
    for name in numbers:
        columns.number(column_of(name, table.types))
    held = f"e0 IN ({occurring(table, str(event), events)})" if events else ""
    view = View(columns, where=" AND ".join(filter(None, (when.where, held))))
    before = "activity.before" if earlier else "log.before"
    return Log(view, when, list(_notes(replace(view, where=held), time, when, since, until, tz, before)))


def _notes(view: View, time: str, when: Span, since: object, until: object, tz: str | None,
           before: str) -> Iterator[str]:
    yield words.text("metrics.note_zone", tz=tz or "UTC")
    if when.naive:
        yield words.text("metrics.note_naive", column=repr(time))
    if since is None or until is None:
        ends = "both" if since is None and until is None else "since" if since is None else "until"
        yield words.text(f"activity.observed_{ends}")
    out = {"activity.after": f"t0 >= {when.after}"} if when.stamps[1] >= when.after else {}
    out |= {before: f"t0 < {when.before}"} if when.before is not None and when.stamps[0] < when.before else {}
    cases = {"activity.no_user": " AND ".join(["u0 IS NULL", *(f"NOT {case}" for case in out.values())]), **out}
    counts = ", ".join(f"count(CASE WHEN {case} THEN 1 END) AS n_{i}" for i, case in enumerate(cases.values()))
    columns = [view.columns.reads["u0"].column, time, time]
    found = view.plain(f"SELECT {counts} FROM events").iloc[0]
    yield from (words.text(key, column=repr(column), n=int(n))
                for key, column, n in zip(cases, columns, found, strict=False) if n)


def stamps(table: pd.DataFrame, column: str) -> pd.Series:
    """The stamps of a small table in UTC, as are those without a zone; refused where they are none."""
    found = table[column_of(column, table.columns)]
    if not pd.api.types.is_datetime64_any_dtype(found):
        if found.notna().any():
            raise DataError("summaries.not_a_stamp", column=repr(column), type=str(found.dtype))
        found = pd.to_datetime(found)
    return found.dt.tz_localize("UTC") if found.dt.tz is None else found.dt.tz_convert("UTC")


def written(ids: pd.Series) -> pd.Series:
    """Ids or names as text, the same in every table: whole numbers beside a gap, which come as 1.0, are 1.

    >>> written(pd.Series([1.0, None, 20.0])).tolist(), written(pd.Series([1.5, 2.0])).tolist()
    (['1', nan, '20'], ['1.5', '2.0'])
    """
    text = ids.astype("str").where(ids.notna())
    known = text.dropna()
    return text.str.removesuffix(".0") if len(known) and known.str.fullmatch(r"-?\d+\.0").all() else text


def flags(table: pd.DataFrame, column: str) -> pd.Series:
    """A column of true and false (or 1 and 0); refused where it holds anything else, such as text."""
    found = table[column_of(column, table.columns)]
    for value in found.dropna().unique():
        one_of(column, value, (True, False))
    return found.astype(object).where(found.notna(), None).astype("boolean")  # of which NaT is none


def clock(found: pd.Series, tz: str | None) -> pd.Series:
    """Stamps as microseconds since 1970 of the zone's own clock; missing where they are."""
    local = found.dt.tz_convert(periods.zone(tz)).dt.tz_localize(None).dt.as_unit("us")
    return local.astype("int64").astype("Int64").mask(local.isna())
