"""The source step: the caller's table under our names, cut to a window, in groups and periods.

`View.query(body)` puts a summary's text below it. The result has the grouping columns as text beside their
rank, so that months, numbers and ordered categories sort as such; a missing key stays missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from engagelab import words
from engagelab.errors import DataError, column_of, near
from engagelab.summaries import periods, sql
from engagelab.summaries.engine import Source

NAMED = 10  # so many names of events are listed
LETTERS = 20  # of a value that an error shows: it may be what somebody wrote
WILD = "abs({0}) > 1e150"  # infinite, or too large to square
TEXT = ("VARCHAR", "ENUM")


@dataclass
class Columns:
    """Our names for the caller's columns: the same column and kind is read once."""

    source: Source
    reads: dict[str, sql.Read] = field(default_factory=dict)

    def number(self, column: str) -> str:
        """Our name for a column of numbers."""
        return self._named(column, "number", "x")

    def key(self, column: str) -> str:
        """Our name for a column that is only compared."""
        return self._named(column, "key", "k")

    def whole(self, ours: str) -> bool:
        """Whether the column can hold whole numbers only, by its type."""
        kind = self.source.types[self.reads[ours].column].upper()
        return not kind.startswith((*sql.FLOATS, "DECIMAL"))

    def flag(self, ours: str) -> bool:
        """Whether the column holds true and false only, by its type."""
        return self.source.types[self.reads[ours].column].upper() == "BOOLEAN"

    def _named(self, column: str, kind: str, letter: str) -> str:
        wanted = sql.Read(column, kind)
        for ours, item in self.reads.items():
            if item == wanted and ours[0] == letter:
                return ours
        ours = f"{letter}{sum(name[0] == letter for name in self.reads)}"
        self.reads[ours] = wanted
        return ours


@dataclass(frozen=True)
class View:
    """A table under our names: what is read, how it is grouped, cut and weighted."""

    columns: Columns
    by: tuple[str, ...] = ()
    period: str = ""       # SQL of the last grouping column, over t0
    where: str = ""        # SQL over t0
    weighted: bool = False
    centres: Mapping[str, str] = field(default_factory=dict)  # name -> SQL of a value whose group mean is wanted

    def ctes(self) -> str:
        """`WITH ... events AS (...)`: all that stands between the caller's table and a summary."""
        try:
            body = sql.read(self.columns.reads, self.columns.source.types, "    ", self.columns.source.table)
        except DataError as error:
            raise _no_number(self.columns) or error from None
        if not (self.period or self.where or self.weighted or self.centres):
            return f"WITH events AS (\n{body}\n)"
        steps = [("plain" if self.centres else "events", self._cut())]
        if self.centres:
            means = [f"avg({value}) AS {name}" for name, value in self.centres.items()]
            same = " AND ".join(f"plain.{key} IS NOT DISTINCT FROM centres.{key}" for key in self.by) or "1 = 1"
            keys = "".join(f"{key}, " for key in self.by)
            steps += [("centres", f"SELECT {keys}{', '.join(means)}\nFROM plain\nGROUP BY {keys}()"),
                      ("events", f"SELECT plain.*, {', '.join(self.centres)}\nFROM plain LEFT JOIN centres ON {same}")]
        below = "".join(f",\n{name} AS (\n{sql.indented(text)}\n)" for name, text in steps)
        return f"WITH read AS (\n{body}\n){below}"

    def _cut(self) -> str:
        picked = []
        for ours, item in self.columns.reads.items():
            masked = self.weighted and item.kind == "number" and ours != "w0"
            picked.append(f"CASE WHEN w0 > 0 THEN {ours} END AS {ours}" if masked else ours)
        if self.period:
            picked.append(f"{self.period} AS {self.by[-1]}")
        where = f"\nWHERE {self.where}" if self.where else ""
        return "SELECT " + ", ".join(picked) + f"\nFROM read{where}"

    def text(self, body: str) -> str:
        """The whole SQL for a summary's text, its groups ranked."""
        keys = "".join(f"CAST({key} AS VARCHAR) AS key_{i}, dense_rank() OVER (ORDER BY {self._rank(key)}{key} NULLS "
                       f"LAST) AS rank_{i}, " for i, key in enumerate(self.by, 1))
        return (f"{self.ctes()}\nSELECT {keys}summary.*\nFROM (\n{sql.indented(sql.fill(body, by=list(self.by)))}\n"
                f") AS summary")

    def _rank(self, key: str) -> str:
        """SQL by which a group is put in order first: decimals that are read as text by their number."""
        item = self.columns.reads.get(key)
        written = item and self.columns.source.types[item.column] == sql.WRITTEN
        return f"CAST({key} AS DOUBLE) NULLS LAST, " if written else ""

    def plain(self, body: str) -> pd.DataFrame:
        """What a query of our own over `events` answers."""
        return self.fetch(f"{self.ctes()}\n{body}")

    def query(self, body: str) -> tuple[pd.DataFrame, str]:
        """What a summary's text answers, sorted by its groups, and the SQL that ran."""
        full = self.text(body)
        answer = self.fetch(full)
        ranks = [f"rank_{i}" for i in range(1, len(self.by) + 1)]
        return (answer.sort_values(ranks, kind="stable", ignore_index=True) if ranks else answer), full

    def keep(self, body: str) -> tuple[Source, str]:
        """What a summary's text answers, its groups as they are, kept on the engine; and the SQL that ran."""
        text = (f"{self.ctes()}\nSELECT summary.*\nFROM (\n{sql.indented(sql.fill(body, by=list(self.by)))}\n"
                f") AS summary")
        return self.columns.source.keep(text, [item.column for item in self.columns.reads.values()]), text

    def fetch(self, text: str) -> pd.DataFrame:
        """What the SQL answers, reading the columns of this view only."""
        return self.columns.source.fetch(text, [item.column for item in self.columns.reads.values()])

    def grouped(self, by: Sequence[str]) -> "View":
        """The same view in other groups: a period that is no longer among them is left out."""
        kept = self.period if self.period and self.by[-1] in by else ""
        return replace(self, by=tuple(by), period=kept)


def first_row(view: View, case: str) -> str:
    """Which row is the first of which this is true, where rows have an order."""
    if not view.columns.source.ordered:
        return ""
    first = replace(view, where="").plain(f"SELECT min(place) AS place FROM ({_placed(view)}) WHERE {case}")
    return words.text("activity.first_row", row=int(first["place"].iloc[0]))


def _placed(view: View) -> str:
    """The rows with their numbers."""
    return f"SELECT row_number() OVER () AS place, {', '.join(view.columns.reads)} FROM events"


def _no_number(columns: Columns) -> DataError | None:
    """What is said of text where numbers are needed: the first value that is no number, or else the first."""
    types = columns.source.types
    wrong = next((item.column for item in columns.reads.values()
                  if item.kind == "number" and types[item.column].upper().startswith(TEXT)), None)
    if wrong is None:
        return None
    if columns.source.ordered:
        view = View(Columns(columns.source, {"k0": sql.Read(wrong, "key")}))
        first = view.plain(f"SELECT CAST(k0 AS VARCHAR) AS value, place FROM ({_placed(view)}) WHERE k0 IS NOT NULL "
                           "ORDER BY TRY_CAST(k0 AS DOUBLE) IS NOT NULL, place LIMIT 1")
        for value, place in zip(first["value"], first["place"], strict=True):
            short = value if len(value) <= LETTERS else value[:LETTERS] + "…"
            return DataError("summaries.text_number", column=repr(wrong), value=repr(short), row=int(place))
    return DataError("summaries.not_a_number", column=repr(wrong), type=words.text("summaries.text"))


@dataclass(frozen=True)
class Span:
    """What the stamps of a table say: the SQL of local time, its window, and what has to be told."""

    local: str
    window: periods.Window
    where: str
    undated: int  # rows without a stamp, left out because a window was asked for
    naive: bool
    earliest: int  # the first stamp, by the zone's own clock
    missing: int  # rows without a stamp, whether or not they are left out
    after: int  # the first moment that was not observed any more, in microseconds since 1970 of UTC
    before: int | None  # the first one that was observed, likewise; None where nothing was said
    stamps: tuple[int, int]  # the first and the last stamp, likewise


def span(columns: Columns, time: str, *, every: str | None, since: object, until: object, tz: str | None,
         starts: int = 1, earlier: bool = False) -> Span:
    """Read the range of the stamps, and turn the caller's window and zone into SQL over `t0`.

    A column of dates holds local days and is not shifted. Without `until` the day of the newest stamp
    counts as over, except where the periods are days themselves. `earlier` keeps the rows before `since`.
    """
    columns.reads["t0"] = sql.Read(time, "stamp")
    kind = columns.source.types[time].upper()
    shift = None if kind == "DATE" else tz
    periods.zone(tz)
    ends = (f"{sql.stamp(f'{end}(k9)', time, columns.source.types)} AS {name}" for end, name in (
        ("min", "low"), ("max", "high")))
    seen = View(Columns(columns.source, {"k9": sql.Read(time, "key")})).plain(  # a file's statistics may answer this
        f"SELECT count(*) AS n_rows, count(k9) AS n, {', '.join(ends)} FROM events").iloc[0]
    if not seen["n"]:
        raise DataError("summaries.no_stamps", column=repr(time))
    low, high = int(seen["low"]), int(seen["high"])
    periods.checked_range(time, low, high)
    start, end = periods.moment("since", since, shift), periods.moment("until", until, shift)
    if start is not None and end is not None and start >= end:
        raise DataError("summaries.no_window", since=repr(since), until=repr(until))
    changes = periods.offsets(shift, low, high)
    bounds = [f"t0 >= {start}"] * (start is not None and not earlier) + [f"t0 < {end}"] * (end is not None)
    newest = periods.clock(high, shift)
    last = newest + 1 if every in (None, "day") else (newest // periods.DAY + 1) * periods.DAY
    window = periods.Window(None if start is None else periods.clock(start, shift),
                            last if end is None else periods.clock(end, shift), starts)
    missing = int(seen["n_rows"] - seen["n"])
    return Span(periods.local("t0", changes), window, " AND ".join(bounds), missing if bounds else 0,
                kind != "DATE" and "ZONE" not in kind, periods.clock(low, shift), missing,
                high + 1 if end is None else end, start, (low, high))


def occurring(table: Source, event: str, names: Sequence[str]) -> str:
    """The names as an SQL list, if each is the name of an event in that column."""
    column_of(event, table.types)
    held = View(Columns(table, {"e0": sql.Read(event, "key")})).plain(
        "SELECT CAST(e0 AS VARCHAR) AS event FROM events WHERE e0 IS NOT NULL GROUP BY e0")["event"]
    known = sorted(map(str, held))
    for name in names:
        if name not in known:
            raise no_event(event, name, known)
    return ", ".join(map(sql.text_literal, names))


def no_event(column: str, name: str, known: Sequence[str]) -> DataError:
    """What is said of a name that no event has: the one that was meant, or the first few that there are."""
    more = words.text("summaries.more", n=len(known) - NAMED) if len(known) > NAMED else ""
    there = words.text("summaries.events", names=words.joined(map(repr, known[:NAMED])) + more)
    return DataError("summaries.no_event", column=repr(column), name=repr(name), known=near(name, known) or there)
