"""Calendars: who was there in which period, kept on the engine as bits.

A calendar is made once and asked many times. Days roll up to weeks, months, quarters and years without another look at
the events. Bits come from trials: per ten million events they take half the time of window functions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.summaries import periods, sql
from engagelab.summaries.engine import Source, source
from engagelab.summaries.times import checked_times
from engagelab.summaries.view import WILD, Columns, Span, View, first_row, occurring, span

WORD = 60
OURS = {"no_user": "u0", "no_value": "x0", "no_purchase": "x0", "not_above": "x0", "after": "t0",
        "before": "t0"}  # of which column a note speaks
FULL = (1 << WORD) - 1


@dataclass(frozen=True)
class Calendar:
    """Who was there in which period: a row a user and a word of 60 periods, kept where the data are.

    by : the columns of its groups. every : its period. first : number of its first period (`periods.index`).
    length : how many periods there are. window : what was observed, by the zone's own clock. ended : when that ends,
    seen from longer periods: the newest day is over then. opened : whether it was said since when that is.
    valued : whether a row is a period with its value. told : whether events are kept apart by their names.
    """

    source: Source = field(repr=False)
    by: tuple[str, ...]
    every: str
    first: int
    length: int
    window: periods.Window
    ended: int
    opened: bool
    valued: bool
    told: tuple[str, ...]
    notes: tuple[str, ...] = field(repr=False)
    sql: str = field(repr=False)
    others: dict[object, "Calendar"] = field(default_factory=dict, repr=False, compare=False)  # made of it once

    def __repr__(self) -> str:
        ends = [self.label(0), self.label(self.length - 1)] if self.length else ["", ""]
        return "\n".join([words.text("activity.calendar", every=words.text(f"activity.every_{self.every}"),
                                     length=self.length, first=ends[0], last=ends[1]), *self.notes])

    @property
    def frame(self) -> pd.DataFrame:
        """The whole table, sorted: groups, `user_id`, `word`, `bits`, and `value` where it has one."""
        table = self.view().plain("SELECT " + ", ".join(self.columns) + " FROM events")
        return table.sort_values(list(self.columns), ignore_index=True).rename(columns=dict(zip(self.keys, self.by,
                                                                                               strict=True)))

    @property
    def keys(self) -> tuple[str, ...]:
        """Our names of the grouping columns."""
        return tuple(f"by_{i}" for i, _ in enumerate(self.by, 1))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the kept table."""
        return (*self.keys, *["event"] * bool(self.told), "user_id", "word", "bits", *["value"] * self.valued)

    def view(self) -> View:
        """The kept table below a summary's text, which reads it as `events`."""
        return View(Columns(self.source, {name: sql.Read(name, "key") for name in self.columns}), self.keys)

    def ask(self, body: str) -> tuple[pd.DataFrame, str]:
        """What a text over the kept table answers, its groups as text beside their ranks, and the SQL that ran."""
        return self.view().query(body)

    def keep(self, body: str) -> Source:
        """The answer of a text over the kept table, kept beside it."""
        return self.view().keep(body)[0]

    def joined(self, other: str) -> dict[str, list[str]]:
        """The slots of a text that joins the table `began` to another: its groups, and what they have in common."""
        return {"began_by": ["".join(f"began.{key}, " for key in self.keys)],
                "same": ["".join(f" AND began.{key} IS NOT DISTINCT FROM {other}.{key}" for key in self.keys)]}

    def start(self, place: int) -> date:
        """The first day of a period."""
        return periods.start(self.every, self.first + place, self.window.starts)

    def label(self, place: int) -> str:
        """What a period is called."""
        return periods.label(self.every, (self.start(place) - date(1970, 1, 1)).days, self.window.starts)

    def whole(self, place: int) -> bool:
        """Whether a period was observed from its first moment to its last."""
        return self.window.whole(self.every, (self.start(place) - date(1970, 1, 1)).days)

    @property
    def begun(self) -> int:
        """The place of the first period that was observed from its first moment: 0, or 1 where `since` cuts into it."""
        return int((self.window.since or 0) > (self.start(0) - date(1970, 1, 1)).days * periods.DAY)

    @property
    def last_whole(self) -> int:
        """The place of the last period that is over; -1 where none is."""
        return self.length - 1 if self.whole(self.length - 1) else self.length - 2

    def at(self, every: str) -> "Calendar":
        """The same by longer periods."""
        one_of("every", every, periods.EVERY)
        if every == self.every:
            return self
        if periods.EVERY.index(every) < periods.EVERY.index(self.every) or (
                self.every == "week" and every in periods.MONTHS):
            raise UsageError("activity.finer", every=repr(self.every), wanted=repr(every))
        if every not in self.others:
            self.others[every] = self._rolled(every)
        return self.others[every]

    def _rolled(self, every: str) -> "Calendar":
        starts = self.window.starts
        first = periods.number(every, self.start(0), starts)
        places = [periods.number(every, self.start(place), starts) - first for place in range(self.length)]
        groups = [*["events.event"] * bool(self.told), "events.user_id", "spans.longer"]
        last = ["spans.bit AS bits", "sum(events.value) AS value"] if self.valued else ["bit_or(spans.bit) AS bits"]
        body = sql.fill(sql.text("calendar_rolled"), spans=list(_spans(places)),
                        keys=[*groups[:-1], "spans.longer AS word", *last],
                        groups=[*groups, *["spans.bit"] * self.valued])
        return replace(self, source=self.keep(body), every=every, first=first, length=places[-1] + 1,
                       window=replace(self.window, until=self.ended), others={})

    def less(self, *, told: bool, valued: bool) -> "Calendar":
        """The same without the names of its events, or without its value, or without both."""
        kept = self.told if told else (), self.valued and valued
        if kept == (self.told, self.valued):
            return self
        if kept not in self.others:
            groups = "".join(f"{key}, " for key in (*self.keys, *["event"] * bool(kept[0]), "user_id", "word"))
            bits = "bits, sum(value) AS value" if kept[1] else "bit_or(bits) AS bits"
            body = f"SELECT {groups}{bits}\nFROM events\nGROUP BY {groups}{'bits' if kept[1] else '()'}"
            self.others[kept] = replace(self, source=self.keep(body), told=kept[0], valued=kept[1], others={})
        return self.others[kept]


def calendar(data: Any, *, user: str, time: str, every: str = "day", since: object = None, until: object = None,
             tz: str | None = None, value: str | None = None, by: str | Sequence[str] | None = None,
             event: str | None = None, events: Sequence[str] | None = None, fiscal_year_starts: int = 1) -> Calendar:
    """Who was there in which period, made once for all questions of `el.activity`.

    data : what `measure()` takes. user, time : its columns of users and stamps.
    every : "day" serves every question; longer periods are smaller.
    since, until : from when to when the events were observed; the log's own range where nothing is said, in which
        the newest day may not be over. Who was there before `since` is known as such, and is never new.
    tz : zone of the days, UTC unless said. value : a column of amounts to sum by user and period.
    by : columns of groups; a user of two groups is in both.
    event : the column of event names, to tell them apart (`retention`); events : the only ones that count.
    fiscal_year_starts : as in `measure()`.

    Rows without a user are left out and counted in `.notes`; a row without a time is an error.

    >>> log = pd.DataFrame({"user": ["a", "a", "b"], "at": pd.to_datetime(["2026-04-01", "2026-04-03", "2026-04-02"])})
    >>> made = calendar(log, user="user", time="at")
    >>> made
    Calendar by day: 3 periods, 2026-04-01 to 2026-04-03
    periods and windows are in UTC
    stamps of 'at' without a time zone were read as UTC
    observed: from the first day in the log to its newest stamp, as nothing else was said
    >>> made.frame
      user_id  word  bits
    0       a     0     5
    1       b     0     2
    """
    table, names = source(data), [by] if isinstance(by, str) else list(by or [])
    _checked(table, user, time, names, value, event, events)
    columns = Columns(table)
    checked_times(table, time)
    when = span(columns, time, every=one_of("every", every, periods.EVERY), since=since, until=until, tz=tz,
                starts=periods.checked_starts(fiscal_year_starts), earlier=True)
    opened = when.earliest // periods.DAY * periods.DAY if when.window.since is None else when.window.since
    window = replace(when.window, since=opened)
    check_window(when, time, tz)
    first = periods.number(every, _day(opened), window.starts)
    length = periods.number(every, _day(window.until - 1), window.starts) - first + 1
    columns.reads |= {"u0": sql.Read(user, "key")} | {
        f"by_{i}": sql.Read(name, "key") for i, name in enumerate(names, 1)}
    columns.reads |= {"e0": sql.Read(event, "key")} if event else {}
    columns.reads |= {"x0": sql.Read(value, "number")} if value else {}
    held = f"e0 IN ({occurring(table, str(event), events)})" if events else ""
    view = View(columns, tuple(f"by_{i}" for i, _ in enumerate(names, 1)),
                where=" AND ".join(filter(None, (when.where, held))))
    place = _place(every, when, window, (first, length), None if table.types[time].upper() == "DATE" else tz)
    earlier = when.before is not None and when.stamps[0] < when.before
    placed = ["u0 AS user_id", *["e0 AS event"] * bool(event), *["x0 AS value"] * bool(value),
              f"{f'CASE WHEN t0 < {when.before} THEN -1 ELSE {place} END' if earlier else place} AS period"]
    told = (event,) if event else ()
    body = sql.fill(sql.text("calendar"), placed=placed,
                    **_parts(told, bool(value), one_word=length <= WORD and not earlier))
    notes = tuple(log_notes(replace(view, where=held), time, when, since, until, tz))
    kept, text = view.keep(body)
    ended = window.until if until is not None else -(-window.until // periods.DAY) * periods.DAY
    return Calendar(kept, tuple(names), every, first, length, window, ended, since is not None, bool(value), told,
                    notes, text)


def _place(every: str, when: Span, window: periods.Window, size: tuple[int, int], tz: str | None) -> str:
    """SQL for the place of a stamp's period. Few months are told apart by their ends: half the cost of arithmetic."""
    first, length = size
    if every not in periods.MONTHS or length > WORD:
        return f"{periods.index(every, when.local, window.starts)} - {first}"
    ends = [periods.moment("until", periods.start(every, first + place, window.starts).isoformat(), tz)
            for place in range(1, length)]
    cases = " ".join(f"WHEN t0 < {end} THEN {place}" for place, end in enumerate(ends))
    return f"CASE {cases} ELSE {length - 1} END" if ends else "0"


def _parts(told: tuple[str, ...], valued: bool, one_word: bool) -> dict[str, list[str]]:
    """The slots of calendar.sql: its columns, and what they are grouped by."""
    word, bit = ("0", "period") if one_word else ("(period + 60) // 60 - 1", "(period + 60) % 60")
    groups, bits = [*["event"] * bool(told), "user_id"], f"CAST(1 AS BIGINT) << CAST({bit} AS INTEGER)"
    last = [f"{bits} AS bits", "sum(value) AS value"] if valued else [f"bit_or({bits}) AS bits"]
    return {"keys": [*groups, f"{word} AS word", *last],
            "groups": [*groups, *[word] * (not one_word), *[bit] * valued]}


def _spans(places: list[int]) -> Iterator[str]:
    """Which bits of which word are which bit of a longer period's word, as rows; what was before stays before."""
    before = 1 << (WORD - 1)
    found: dict[tuple[int, int], int] = {}
    for place, longer in enumerate(places):
        found[place // WORD, longer] = found.get((place // WORD, longer), 0) | 1 << place % WORD
    rows = [(-1, before, -1, before), *((word, mask, longer // WORD, 1 << longer % WORD)
                                        for (word, longer), mask in found.items())]
    yield from (f"({word}, CAST({mask} AS BIGINT), {longer}, CAST({bit} AS BIGINT))"
                for word, mask, longer, bit in rows)


def _day(stamp: int) -> date:
    return date(1970, 1, 1) + timedelta(days=stamp // periods.DAY)


def _checked(table: Source, user: str, time: str, by: list[str], value: str | None, event: str | None,
             events: Sequence[str] | None) -> None:
    """Refuse columns that are not there and event names that do not occur."""
    for column in [user, time, *by, *filter(None, (value, event))]:
        column_of(column, table.types)
    if isinstance(events, str) or (events is not None and not (events and event)):
        raise UsageError("activity.events", value=repr(events))


def check_window(when: Span, time: str, tz: str | None) -> None:
    """Refuse a window in which the log has no stamp at all."""
    if when.stamps[0] >= when.after or (when.before is not None and when.stamps[1] < when.before):
        first, last = (periods.clock(stamp, tz) for stamp in when.stamps)
        raise DataError("activity.outside", column=repr(time), first=_day(first), last=_day(last))


def log_notes(view: View, time: str, when: Span, since: object, until: object, tz: str | None, *,
              above_zero: bool = False) -> Iterator[str]:
    """What has to be said of a log: its zone, how its stamps were read, what was observed, which rows were left out.

    view : all rows that could count, whatever their stamps. above_zero : rows without a value above 0 are left out,
        and do not count as visits worth nothing. Raises DataError for a row without a time, an infinite
        value, and where no row names a user.
    """
    if when.missing:
        raise DataError("activity.no_time", column=repr(time), n=when.missing, first=first_row(view, "t0 IS NULL"))
    yield words.text("metrics.note_zone", tz=tz or "UTC")
    if when.naive:
        yield words.text("metrics.note_naive", column=repr(time))
    if since is None or until is None:
        ends = "both" if since is None and until is None else "since" if since is None else "until"
        yield words.text(f"activity.observed_{ends}")
    seen, reads = f"t0 < {when.after}", view.columns.reads
    late, early = when.stamps[1] >= when.after, when.before is not None and when.stamps[0] < when.before
    rows, known = ((f"count(CASE WHEN {seen} THEN {what} END)" for what in ("1", "u0")) if late else
                   ("count(*)", "count(u0)"))
    cases = {"after": f"t0 >= {when.after}"} if late else {}
    cases |= {"before": f"t0 < {when.before}"} if early else {}
    if "x0" in reads:
        cases |= {"no_purchase" if above_zero else "no_value": f"{seen} AND x0 IS NULL", "infinite": WILD.format("x0")}
        cases |= {"not_above": f"{seen} AND x0 <= 0"} if above_zero else {}
    found = view.plain(f"SELECT {known} AS known, {rows} - {known} AS no_user" + "".join(
        f", count(CASE WHEN {case} THEN 1 END) AS {name}" for name, case in cases.items()) + " FROM events"
        ).to_dict("records")[0]
    if not found.pop("known"):
        raise DataError("activity.no_users", column=repr(reads["u0"].column))
    if found.pop("infinite", 0):
        raise DataError("activity.infinite", column=repr(reads["x0"].column), first=first_row(view, WILD.format("x0")))
    yield from (words.text(f"activity.{name}", column=repr(reads[OURS[str(name)]].column), n=int(n))
                for name, n in found.items() if n)
