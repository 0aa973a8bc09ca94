"""One file on its way to a table: its columns by our names, its cells converted, its odd rows set aside."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from engagelab import tables
from engagelab.errors import SourceError
from engagelab.sources import stamps
from engagelab.sources.addresses import hidden
from engagelab.sources.declarations import OURS, Declaration, Names, names_people, normal, plain, wording
from engagelab.sources.nested import unpacked
from engagelab.sources.problems import Problems, one_line
from engagelab.sources.records import Columns
from engagelab.sources.rows import Listed, Rows, Unsaved
from engagelab.sources.thousands import decimal_comma, decimal_point, doubtful, of_points
from engagelab.sources.values import convert, identified, renamed
from engagelab.words import joined

_PREVIEWS = frozenset({"1", "2", "9", "17"})
_LONGEST = 20                   # letters of a word for a total, blanks among them
_COUNT = re.compile(r"\s*\([^()]*\)$")
_FILLED_UP = ("text", "id", "category", "time")        # counts are never filled up from another column
_NUMBERS = ("integer", "number", "amount", "rate")
_MONTHS = ("%Y-%m", "%Y/%m", "%Y年%m月", "%b %Y")       # of a column that holds months
_SEEN = 1_000                   # rows by which the writing of days is judged
_EUROPEAN_DAY = r"\d{1,2}\.\d{1,2}\.\d{4}\b"


@dataclass(frozen=True)
class Options:
    """How to read, beyond what the file and its declaration say."""

    tz: str | None = None
    dayfirst: bool | None = None
    year: int | None = None
    keep_personal: bool = False
    key: bytes | str | None = None
    survey: str = ""
    channel: str = ""
    touchpoint: str = ""
    currency: str = ""
    kinds: dict[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    joined: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dates: tuple[str, ...] = ()


def _inside(one: Declaration, names: list[str]) -> list[str]:
    """The dotted names of a declaration that lie in a column of the file: `event_params.page_location`."""
    have = {plain(name) for name in names}
    groups = (one.columns, one.items, one.made_id, one.joined)
    dotted = dict.fromkeys(name for group in groups for theirs in group.values() for name in theirs if "." in name)
    return [name for name in dotted if plain(name) not in have and plain(name.partition(".")[0]) in have]


def _together(one: Declaration, ours: str) -> str:
    """The name of a column that is put together of others; a NUL, which no text has, keeps it apart from theirs."""
    between = "." if tables.table(one.table).columns[ours].kind == "id" else " + "
    return "\0" + between.join(one.joined[ours])


class Job:
    """A file below its header, under a declaration.

    `names` are the header's cells, `rows` what stands below. `places` finds columns, `cell` loads
    them, `table` converts a group of columns; what cannot be read goes to `problems`.
    """

    def __init__(self, file: str, line: int, one: Declaration, names: list[str], rows: Rows, options: Options,
                 zone: str = "", delimiter: str = ""):
        self.file, self.line, self.one, self.names, self.rows, self.options = file, line, one, names, rows, options
        self.width = len(names)
        together = {ours: _together(one, ours) for ours in one.joined}
        names = self.names = [*names, *_inside(one, names), *dict.fromkeys(together.values())]
        self.one = replace(one, columns=one.columns | {ours: (name,) for ours, name in together.items()})
        self.delimiter, self.european = delimiter, False        # whether a point may part thousands
        self.titles = [hidden(one_line(name)) for name in names]        # as they are shown
        self.n = rows.n
        self._by_name: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            self._by_name.setdefault(plain(name), []).append(place)
        self.problems = Problems(file, rows.lines, *self._kept_to_itself())
        self._cells: dict[int, pd.Series] = {}
        self.zone_in_file = zone
        self.asked: list[int] = []      # the columns that are a survey's questions
        self.naming: set[int] = set()   # the columns of ids that hold addresses or names
        self.renamed: dict[str, bool] = {}      # and which of ours hold pseudonyms in their place
        self.in_stamp = self.naive = False
        self.masked = 0

    def _kept_to_itself(self) -> tuple[set[str], set[str]]:
        """The columns of which no error shows a cell, as the tables and the declaration say, and a survey's questions.

        A column that is none of ours is known by its name alone.
        """
        untold: set[int] = set()
        told: set[int] = set()
        for table, group in ((self.one.table, self.one.columns), (self.one.items_table, self.one.items)):
            for ours, theirs in group.items():
                column = tables.table(table).columns[ours]
                part = untold if column.personal or column.kind == "text" else told
                part |= {place for name in theirs for place in self._by_name.get(plain(name), ())}
        untold |= {place for name in self.one.personal for place in self._by_name.get(plain(name), ())}
        untold |= {place for place, name in enumerate(self.names) if place not in told and names_people(name)}
        known = self.one.names() if self.one.survey else set()
        asked = {self.titles[place] for place, name in enumerate(self.names)
                 if self.one.survey and not self.one.knows(name, known)}
        return {self.titles[place] for place in untold}, asked

    def places(self, theirs: tuple[str, ...]) -> list[int]:
        """The columns of these names, in their order; a name that stands twice is an error."""
        found = []
        for name in theirs:
            there = self._by_name.get(plain(name), [])
            if len(there) > 1 and not self.one.survey and name not in self.one.twice:
                raise SourceError("sources.column_twice", file=self.file, line=self.line, column=self.titles[there[0]])
            found += [place for place in there[:1] if place not in found]
        return found

    def load(self, groups: list[tuple[str, Names]], others: list[int]) -> None:
        """Read all columns that will be needed, in one go."""
        text, numbers = set(others), set[int]()
        for table, group in groups:
            for name, theirs in group.items():
                kind = tables.table(table).columns[name].kind
                target = numbers if kind in _NUMBERS else text
                target |= set(self.places(theirs))
        inside: dict[int, list[int]] = {}
        for place in sorted(text | numbers):
            if place >= self.width and "\0" not in self.names[place]:
                inside.setdefault(self.places((self.names[place].partition(".")[0],))[0], []).append(place)
        text = {place for place in {*text, *inside} if place < self.width}
        numbers = {place for place in numbers - text if place < self.width}
        self._cells = self.rows.columns(sorted(text), sorted(numbers))
        self._judge(numbers)
        self.rows.release()
        for place, below in inside.items():
            self._unpack(place, below)
        for ours, theirs in self.one.joined.items():
            self._cells[self.places(self.one.columns[ours])[0]] = self.joint(ours, theirs)
        for place, cells in self._cells.items():
            if len(cells) != self.n:
                raise SourceError("sources.lost_rows", file=self.file, read=len(cells), rows=self.n,
                                  column=self.titles[place])

    def _judge(self, numbers: set[int]) -> None:
        """Find out whether a point may part thousands here; where it may, what stands behind it is to be seen."""
        kinds = tables.table(self.one.table).columns
        parts = [place for ours, theirs in self.one.joined.items() if kinds[ours].kind in _NUMBERS
                 for place in self.places(theirs) if place in self._cells]
        told = [self._cells[place] for place in [*numbers, *parts] if self._cells[place].dtype.kind not in "iuf"]
        comma = any(map(decimal_comma, told))
        if not comma and not self._of_points(told):
            return
        seen = self.rows.columns([place for place in numbers if self._cells[place].dtype.kind == "f"], [])
        self.european = comma or not any(map(decimal_point, [*told, *seen.values()]))
        if self.european:
            self._cells |= seen

    def _of_points(self, told: list[pd.Series]) -> bool:
        """Whether semicolons, days or money are written as where points part thousands; typed numbers have none."""
        if isinstance(self.rows, Columns):
            return False
        days = (self._cells[place].iloc[:_SEEN].dropna().astype(str) for place in self._of_kinds("time")
                if place in self._cells)
        money = [self._cells[place] for group in (self.one.columns, self.one.items)
                 for place in self.places(group.get("currency", ())) if place in self._cells]
        said = [self.options.currency, *(group.get("currency", "") for group in (self.one.constants,
                                                                                 self.one.items_constants))]
        return (self.delimiter == ";" or any(day.str.match(_EUROPEAN_DAY).any() for day in days)
                or any(map(of_points, [pd.Series(said, dtype=object), *money, *told])))

    def _unpack(self, place: int, below: list[int]) -> None:
        """What is nested in a column, as columns of its own."""
        paths = [self.names[inner].partition(".")[2] for inner in below]
        found, bad = unpacked(self._cells[place], paths)
        self._cells |= dict(zip(below, found, strict=True))
        self.problems.cells(bad, "not_nested", self.titles[place], self.titles[place], self._cells[place],
                            required=False)

    def cell(self, place: int) -> pd.Series:
        """A column as it was loaded."""
        return self._cells[place]

    def release(self) -> None:
        """Let go of the cells, which are converted."""
        self._cells.clear()

    def words(self, place: int, at: np.ndarray | None = None) -> pd.Series:
        """A column (at some rows) as plain text, "" where a cell is empty."""
        cells = self._cells[place] if at is None else self._cells[place][at]
        codes, unique = pd.factorize(cells.astype(object))
        said = np.array([*(normal(str(cell)) for cell in unique), ""], dtype=object)
        return pd.Series(said[codes], index=cells.index, dtype=object)

    def table(self, name: str, group: Names, *, among: np.ndarray | None = None,
              optional: frozenset[str] = frozenset()) -> pd.DataFrame:
        """The columns of a group, converted; rows outside `among` are not looked at.

        A required column that the file lacks is an error, unless it is `optional`.
        """
        columns = tables.table(name).columns
        out: dict[str, pd.Series] = {}
        for ours, theirs in group.items():
            places = self.places(theirs)
            if not places:
                if columns[ours].required and ours not in optional:
                    raise SourceError("sources.no_required", file=self.file, line=self.line, ours=ours,
                                      theirs=joined(map(repr, theirs)))
                continue
            if columns[ours].kind not in _FILLED_UP:
                places = places[:1]
            out[ours] = self._column(columns[ours], places, among, ours in optional)
        return pd.DataFrame(out, index=pd.RangeIndex(self.n), copy=False)

    def constant(self, column: tables.Column, value: object) -> pd.Series:
        """One value for every row, read as a cell of the column would be."""
        cells = pd.Series(str(value), index=pd.RangeIndex(self.n), dtype=object)
        return self._stamps(cells, column.name, column)[0] if column.kind == "time" else convert(cells, column).values

    def _of_kinds(self, *kinds: str, key: bool = False) -> list[int]:
        """The places of the main table's columns of these kinds, and of its key."""
        table = tables.table(self.one.table)
        ours = [name for name, column in table.columns.items() if column.kind in kinds or (key and name in table.key)]
        return [place for name in ours for place in self.places(self.one.columns.get(name, ()))]

    def joint(self, ours: str, theirs: tuple[str, ...]) -> pd.Series:
        """Several columns as one text, missing where all of them are; each of them has to be there."""
        kind = tables.table(self.one.table).columns[ours].kind
        parts = []
        for name in theirs:
            if not self.places((name,)):
                raise SourceError("sources.no_required", file=self.file, line=self.line, ours=ours, theirs=repr(name))
            parts.append(self._cells[self.places((name,))[0]].fillna("").astype(str).str.strip())
        if kind == "time":      # the day of a sheet is a midnight
            parts = [part.str.removesuffix(" 00:00:00") for part in parts]
        if kind == "id":        # half an id is none
            return pd.Series([".".join(row) if all(row) else None for row in zip(*parts, strict=True)], dtype=object)
        whole = pd.Series([" ".join(filter(None, row)) for row in zip(*parts, strict=True)], dtype=object)
        return whole.where(whole != "", None)

    def of_another_kind(self) -> np.ndarray:
        """Rows that say of themselves that the table does not hold their kind."""
        other = np.zeros(self.n, bool)
        for name, kinds in self.one.only.items():
            for place in self.places((name,)):
                other |= ~self.words(place).isin({"", *map(normal, kinds)}).to_numpy(bool)
        return other

    def _column(self, column: tables.Column, places: list[int], among: np.ndarray | None, optional: bool) -> pd.Series:
        cells = self._cells[places[0]]
        for place in places[1:]:
            cells = cells.where(cells.notna(), self._cells[place])
        if column.kind in self.one.absent:
            none = self.one.absent[column.kind]
            cells = cells.mask(cells.astype(str).str.strip().str.removesuffix(".0").isin(none))
        theirs = self.titles[places[0]]
        alias = self.one.values.get(column.name, {})
        if column.kind == "time":
            values, bad = self._stamps(renamed(cells, alias) if alias else cells, theirs, column)
        else:
            done = convert(cells, column, unescape=self.one.unescape and self.rows.entities,
                           guarded=self.rows.guarded, alias=alias)
            values, bad = done.values, done.bad
            if self.european and column.kind in _NUMBERS and len(open_to := doubtful(cells)):
                values.iloc[open_to] = np.nan
                bad = {reason: np.setdiff1d(at, open_to) for reason, at in bad.items()} | {"european": open_to}
        if "damaged" in bad and column.name in self.one.id_of_url:
            bad = self._of_url(column.name, values, bad["damaged"])
        if column.name in self.one.per:
            values = values / self.one.per[column.name]
        required = column.required and not optional
        for reason, at in bad.items():
            at = at if among is None else at[among[at]]
            lost = required and reason not in ("not_finite", "of_url")
            self.problems.cells(at, reason, theirs, column.name, cells, required=lost)
        if required:
            empty = values.isna().to_numpy(bool) & (True if among is None else among)
            self.problems.rows(np.flatnonzero(empty & ~self.problems.dropped), "missing", theirs, column.name)
        return values

    def _of_url(self, name: str, ids: pd.Series, damaged: np.ndarray) -> dict[str, np.ndarray]:
        """Put what of its url is an id in the place of each damaged one; the places of those, and of the others."""
        places = self.places(self.one.columns.get("url", ()))
        if not places:
            return {"damaged": damaged}
        urls = self._cells[places[0]].astype(object)
        made = urls.iloc[damaged].astype("str").str.strip().str.extract(self.one.id_of_url[name], expand=False)
        found = damaged[made.notna().to_numpy()]
        ids.iloc[found] = made.dropna().to_numpy(object)
        ids[:] = identified(ids, urls)
        return {"damaged": np.setdiff1d(damaged, found), "of_url": found}

    def _stamps(self, cells: pd.Series, theirs: str, column: tables.Column) -> tuple[pd.Series, dict[str, np.ndarray]]:
        zone = self.zone_in_file or self.one.zone or self.options.tz or "UTC"
        forms = self.one.dates + (_MONTHS if column.name == "month" else ())
        read = stamps.parse(cells.astype(object), forms, zone=zone, dayfirst=self.options.dayfirst,
                            year=self.options.year)
        for flags, key in ((read.two_days, "sources.two_days"), (read.no_year, "sources.no_year"),
                           (read.no_order, "sources.no_order")):
            at = np.flatnonzero(flags & ~self.problems.dropped)
            if len(at):
                raise SourceError(key, file=self.file, line=int(self.rows.lines[at[0]]), column=theirs,
                                  value=one_line(str(cells.iloc[at[0]])))
        self.in_stamp |= read.in_stamp
        self.naive |= read.plain
        bad = np.flatnonzero(read.bad)
        return read.values, {"not_a_date": bad} if len(bad) else {}

    def set_aside(self) -> None:
        """Rows that are no data: of the wrong width, empty, totals, footers, phantoms, trials."""
        for reason, places in self.rows.aside:
            self.problems.rows(places, reason)
        odd = self.rows.widths != self.width
        suspect = np.flatnonzero(odd | self._timeless())
        # a count may stand behind the word: Grand Totals (5,700 records)
        total = self.words(0, suspect).str.replace(_COUNT, "", regex=True).isin(
            wording()["totals"]["names"] + wording()["totals"]["counts"])
        self.problems.rows(suspect[total.to_numpy(bool)], "total_row")
        for place in self._of_kinds("category", key=True):
            if self._cells[place].dtype.kind not in "iuf":
                self.problems.rows(np.flatnonzero(self._totals(place)), "total_row")
        if odd.any():
            self._odd(odd)
        self._notes()
        for place in self.places((tables.table(self.one.table).marked,)) if self.one.name.startswith(OURS) else ():
            example = [isinstance(cell, str) and cell.startswith(tables.EXAMPLE) for cell in self._cells[place]]
            self.problems.rows(np.flatnonzero(example), "example")
        empty = self._all_empty(list(self._cells))
        self.problems.rows(np.flatnonzero(empty & ~self.problems.dropped), "empty_row")
        if self.one.only and not self.one.one_per:
            self.problems.rows(np.flatnonzero(self.of_another_kind() & ~self.problems.dropped), "other_kind")
        needed = [place for name in self.one.phantom for place in self.places(self.one.columns[name])]
        if needed:
            self.problems.rows(np.flatnonzero(self._all_empty(needed) & ~self.problems.dropped), "phantom")
        for place in self.places(self.one.previews):
            said = self.words(place)
            trial = said.str.contains("preview|プレビュー|test", regex=True) | said.isin(_PREVIEWS)
            self.problems.rows(np.flatnonzero(trial.to_numpy(bool)), "preview")
        for place in self.places(self.one.lifetime):
            daily = ~self.words(place).isin(["", "lifetime", "通算"]).to_numpy(bool)
            self.problems.rows(np.flatnonzero(daily & ~self.problems.dropped), "daily", self.titles[place], "posted_at",
                               self._cells[place])
        self._unsaved()

    def _totals(self, place: int) -> np.ndarray:
        """Where a cell of this column says that its row adds up the others."""
        codes, unique = pd.factorize(self._cells[place].astype(object))
        names = wording()["totals"]["names"]
        ends = {name[-1] for name in names}
        found = [len(cell) < _LONGEST and cell.rstrip()[-1:].lower() in ends and normal(cell) in names
                 for cell in map(str, unique)]
        return np.array([*found, False])[codes]

    def _unsaved(self) -> None:
        """Formulas whose value the workbook does not hold are faults, and no blanks."""
        for place, cells in self._cells.items() if isinstance(self.rows, Listed) else ():
            at = np.flatnonzero([isinstance(cell, Unsaved) for cell in cells])
            if len(at):
                self.problems.cells(at, "unsaved", self.titles[place], self.titles[place], cells, required=False)
                self._cells[place] = cells.mask(np.isin(np.arange(self.n), at), None)

    def _all_empty(self, places: list[int]) -> np.ndarray:
        """Rows in which none of these columns holds anything."""
        empty = np.ones(self.n, bool)
        for place in places:
            if not empty.any():
                break
            cells = self._cells[place]
            # blanks alone are nothing either; asked only of the rows that are still in question
            at = np.flatnonzero(empty)
            left = cells.iloc[at]
            empty[at] = left.isna().to_numpy() | (left.map(lambda cell: isinstance(cell, str) and not cell.strip())
                                                  .to_numpy(bool) if len(at) < self.n else False)
        return empty

    def _timeless(self) -> np.ndarray:
        """Rows in which the table's own time is empty."""
        time = tables.table(self.one.table).time
        places = self.places(self.one.columns.get(time or "", ()))
        if not places:
            return np.ones(self.n, bool)
        return self._all_empty(places)

    def _odd(self, odd: np.ndarray) -> None:
        at, regular = np.flatnonzero(odd), np.flatnonzero(~odd)
        filled = self.rows.filled(at)
        last = regular[-1] if len(regular) else -1
        self.problems.rows(at[filled == 0], "empty_row")
        # behind the last row, a cell alone begins the notes, whatever commas further notes have
        notes = np.logical_or.accumulate((filled <= 1) & (at > last)) if len(self.names) > 2 else at < 0
        self.problems.rows(at[notes], "footer")
        short = self.rows.widths < self.width
        self.problems.rows(np.flatnonzero(odd & short & ~self.problems.dropped), "too_short")
        self.problems.rows(np.flatnonzero(odd & ~short & ~self.problems.dropped), "too_long")

    def _notes(self) -> None:
        """Notes at the end that are as wide as the rows, with a text in their first cell alone.

        A sheet's rows all are; a CSV file's may be data, unless it is a sentence and lacks what is required,
        or stands behind a note that is known by its words.
        """
        others = [place for place in self._cells if place]
        if len(self.names) <= 2 or self.one.survey or not others:
            return
        sheet = isinstance(self.rows, Listed)
        required = [place for name in tables.table(self.one.table).required
                    for place in self.places(self.one.columns.get(name, ())) if place]
        filled = np.flatnonzero(~self._all_empty(others))
        if len(filled):
            at = np.arange(filled[-1] + 1, self.n)
            said = self.words(0, at)
            note = said != "" if sheet else said.str.contains(" ", regex=False) & bool(required)
            known = said.str.startswith(tuple(wording()["notes"]["beginnings"]))
            begun = np.logical_or.accumulate(known.to_numpy(bool)) & (said != "").to_numpy(bool)
            self.problems.rows(at[note.to_numpy(bool) | begun], "footer")

    def made_id(self, theirs: tuple[str, ...]) -> pd.Series:
        """An id for rows that have none: a hash of the columns that tell them apart."""
        places = self.places(theirs)
        parts = pd.DataFrame({place: self._cells[place].fillna("").astype(str) for place in places})
        return pd.Series([hashlib.blake2b("\x1f".join(row).encode("utf-8"), digest_size=10).hexdigest()
                          for row in parts.itertuples(index=False, name=None)], dtype=object)
