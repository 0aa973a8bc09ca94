"""A row a customer from a table of any size: the columns of `profile.csv`, counted on the engine where the table is.

`profile.csv` says of each column which table it is from, which of its columns it needs, and by which SQL over one
customer's rows; `part` are the rows that count, `told` the moment from which on a value is known, `blank` what somebody
without such a row has, `account` how customers of one account are put together, `contact` what kind of contact it
dates. A row at or after `until` is nothing but a row that lies after: all its values are missing.
"""

import csv
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from engagelab import tables as canonical
from engagelab.errors import DataError, column_of
from engagelab.summaries import frames, sql
from engagelab.summaries.engine import Source, source
from engagelab.summaries.view import Columns, View

NAMED = 30          # so many names of events, and so many pages, have a column of their own
OWN = {"amount": "amount", "margin": "amount", "told_at": "time"}       # columns that `worth` makes
KINDS = {"time": "stamp", **dict.fromkeys(("amount", "number", "rate", "integer"), "number")}
EMPTY = {"stamp": "BIGINT", "number": "DOUBLE", "flag": "BOOLEAN", "key": "VARCHAR"}
SLOT, OURS = re.compile(r"{(\w+)}"), {"kept": "kept", "newest": "place = 1"}
WHOLE = 2**53       # from here on numbers with decimals have lost their last digits
FLOAT_ID = "CAST(CAST({0} AS BIGINT) AS VARCHAR)"       # whole numbers beside a gap come as 1.0


@dataclass(frozen=True)
class Made:
    """One column of the profile, as `profile.csv` declares it."""

    table: str
    part: str
    column: str
    kind: str
    needs: tuple[str, ...]
    told: str
    sql: str
    blank: float | None
    account: str
    contact: str

    @property
    def reads(self) -> list[str]:
        """The columns of its table that its SQL reads."""
        slots = [each for each in SLOT.findall(self.part + self.sql) if each not in OURS]
        return list(dict.fromkeys([*self.needs, *slots, *filter(None, [self.told])]))


@dataclass(frozen=True)
class Limit:
    """Up to when rows count: one moment for all, or that of each customer (missing: no end)."""

    moment: int | None = None
    each: pd.Series | None = None

    @property
    def none(self) -> bool:
        """Whether all rows count."""
        return self.moment is None and self.each is None


@dataclass(frozen=True)
class Named:
    """The names that have a column of their own, the SQL of their counts, and how many names are left."""

    names: list[str]
    counts: Mapping[str, str]
    rest: int


@dataclass(frozen=True)
class Totals:
    """What one table says of each customer.

    frame : by user_id, with `rows` used, rows `late`, and the `newest` stamp used, with an end of their own for each
        part of the table. ends : the end by column. nobody, undated : rows without a customer, without a stamp.
    """

    table: str
    frame: pd.DataFrame
    able: list[Made]
    ends: Mapping[str, str]
    nobody: int
    undated: int
    naive: bool
    named: Mapping[str, Named]


@functools.cache
def declared() -> dict[str, tuple[Made, ...]]:
    """The columns of the profile by table.

    >>> [made.column for made in declared()["orders"]][:3]
    ['orders', 'first_order_at', 'last_order_at']
    """
    found: dict[str, list[Made]] = {}
    for row in csv.DictReader(files(__package__).joinpath("profile.csv").read_text("utf-8").splitlines()):
        found.setdefault(row["table"], []).append(Made(**row | {
            "needs": tuple(row["needs"].split()), "blank": float(row["blank"]) if row["blank"] else None}))
    return {name: tuple(columns) for name, columns in found.items()}


def user_text(expression: str, kind: str) -> str:
    """SQL of a customer's id as text: blank is none, and 7.0 is "7"."""
    text = FLOAT_ID.format(expression) if kind.startswith(sql.FLOATS) else f"CAST({expression} AS VARCHAR)"
    return f"nullif({text}, '')"


class Reader:
    """One table under our names, with what lies after `until` masked."""

    def __init__(self, name: str, data: Any, limit: Limit, own: Mapping[str, str] = OWN):
        table = canonical.tables()[name]
        self.name, self.user, self.time = name, "user_id", str(table.time)
        self.kinds = {column.name: "flag" if column.kind == "flag" else KINDS.get(column.kind, "key")
                      for column in table.columns.values()} | {key: KINDS[kind] for key, kind in own.items()}
        self.limit = limit
        self.left = self.nobody = 0     # rows of those without a moment, and of nobody
        if limit.each is not None:
            data = self._with_limits(data, limit.each)
        self.source: Source = source(data)
        self.types = self.source.types
        if self.types.get(self.user, "").upper().startswith(sql.FLOATS):
            texts(View(Columns(self.source, {"u0": sql.Read(self.user, "key")})).plain(
                f"SELECT DISTINCT u0 AS user_id FROM events WHERE u0 <> floor(u0) OR abs(u0) > {WHOLE}")["user_id"])
        if not limit.none and self.time not in self.types:
            column_of(self.time, self.types, name)
        self.naive = self.time in self.types and "ZONE" not in (kind := self.types[self.time].upper()) \
            and kind.startswith("TIMESTAMP")

    def ctes(self, columns: Sequence[str]) -> str:
        """`WITH ... cut AS (...)`: u0, t0, kept, late, and `c_<column>` for each of these columns.

        Of a text `r_<column>` is what stands there whenever it was, of a moment `o_<column>` is 1 if it lies after.
        """
        there = [name for name in dict.fromkeys(columns) if name in self.types]
        reads = {f"c_{name}": sql.Read(name, {"flag": "key"}.get(self.kinds[name], self.kinds[name]))
                 for name in there}
        reads["u0"] = sql.Read(self.user, "key")
        if self.time in self.types:
            reads["t0"] = sql.Read(self.time, "stamp")
        if self.limit.each is not None:
            reads["l0"] = sql.Read("limit0", "stamp")
        stamp = "t0" if "t0" in reads else "CAST(NULL AS BIGINT)"
        end = "l0" if self.limit.each is not None else None if self.limit.moment is None else str(self.limit.moment)
        within = "1 = 1" if end is None else f"{end} IS NULL OR {stamp} < {end}"
        picked = [f"{user_text('u0', self.types[self.user].upper())} AS u0",
                  f"CASE WHEN {within} THEN 1 END AS kept", f"CASE WHEN {within} THEN {stamp} END AS t0",
                  f"CASE WHEN {f'{stamp} >= {end}' if end else '1 = 0'} THEN 1 END AS late"]
        for name in dict.fromkeys(columns):
            picked.append(f"{self._masked(name, within, end, name in there)} AS c_{name}")
            if self.kinds[name] == "key" and name in there:
                picked.append(f"nullif(CAST(c_{name} AS VARCHAR), '') AS r_{name}")
            if self.kinds[name] == "stamp" and name in there:
                picked.append(f"CASE WHEN {f'c_{name} >= {end}' if end else '1 = 0'} THEN 1 END AS o_{name}")
        self.reads = reads
        inner = View(Columns(self.source, reads)).ctes()
        return f"{inner},\ncut AS (\n    SELECT " + ",\n        ".join(picked) + "\n    FROM events\n)"

    def _masked(self, name: str, within: str, end: str | None, there: bool) -> str:
        """SQL of a column's value where its row counts; a moment that lies after is not known yet."""
        kind = self.kinds[name]
        if not there:
            return f"CAST(NULL AS {EMPTY[kind]})"
        value = {"flag": f"CAST(c_{name} AS BOOLEAN)", "key": f"nullif(CAST(c_{name} AS VARCHAR), '')"}.get(
            kind, f"c_{name}")
        if kind == "stamp" and end is not None:
            within = f"({within}) AND ({end} IS NULL OR c_{name} < {end})"
        return f"CASE WHEN {within} THEN {value} END"

    def _with_limits(self, data: Any, each: pd.Series) -> pd.DataFrame:
        """The rows of the customers who have a moment, with it beside them."""
        there = source(data).types
        wanted = {self.user, self.time, *(column for made in declared()[self.name] for column in made.reads)}
        frame = read_table(self.name, data, [column for column in self.kinds if column in wanted and column in there])
        if self.user not in frame:
            return frame
        ids = coded(frame[self.user])
        where = np.append(each.index.get_indexer(ids.cat.categories), -1)[ids.cat.codes]
        self.nobody, self.left = int(ids.isna().sum()), int(((where < 0) & ids.notna().to_numpy()).sum())
        ends = pd.to_datetime(pd.Series(each.to_numpy()[where], index=frame.index), unit="us", utc=True)
        return frame.assign(limit0=ends)[where >= 0]

    def ask(self, columns: Sequence[str], body: str) -> pd.DataFrame:
        """What a query over `cut` answers."""
        text = f"{self.ctes(columns)}\n{body}"
        return self.source.fetch(text, [item.column for item in self.reads.values()])


def read_table(name: str, data: Any, columns: Sequence[str]) -> pd.DataFrame:
    """These columns of a canonical table as a frame; moments that come from a file have the zone UTC."""
    if isinstance(data, pd.DataFrame):
        return frames.fetched(data, columns)
    table, declared = source(data), canonical.tables()[name].columns
    times = [column for column in columns if declared[column].kind == "time"]
    reads = {f"k{i}": sql.Read(column_of(column, table.types, name), KINDS.get(declared[column].kind, "key"))
             for i, column in enumerate(columns)}
    frame = View(Columns(table, reads)).plain(f"SELECT {', '.join(reads)} FROM events").set_axis(
        list(columns), axis="columns")
    return frame.assign(**{column: pd.to_datetime(frame[column], unit="us", utc=True) for column in times})


def texts(ids: pd.Series) -> pd.Series:
    """Ids as text; missing and blank ones are missing. Of a number with decimals or cut off digits none is made.

    >>> texts(pd.Series([7.0, None])).tolist()
    ['7', nan]
    """
    if pd.api.types.is_float_dtype(ids):
        known = ids.dropna()
        wrong = known[((known % 1 != 0) | (known.abs() > WHOLE)).to_numpy()]
        if len(wrong):
            raise DataError("profile.id_number", column=repr(ids.name), value=repr(float(wrong.iloc[0])))
        ids = ids.astype("Int64")
    out = ids.astype("str").where(ids.notna())
    return out.mask(out.eq(""))


def coded(ids: pd.Series) -> pd.Series:
    """`texts` as categories, each id looked at once however many rows it has.

    >>> coded(pd.Series([7, 7, 8])).cat.codes.tolist()
    [0, 0, 1]
    """
    codes, values = pd.factorize(ids)
    own, names = pd.factorize(texts(pd.Series(values)))
    return pd.Series(pd.Categorical.from_codes(np.append(own, -1)[codes], categories=pd.Index(names, dtype="str")),
                     index=ids.index)


def moments(stamps: pd.Series) -> pd.Series:
    """A column of stamps as microseconds since 1970, NaN where there is none; those without a zone are UTC."""
    if not pd.api.types.is_datetime64_any_dtype(stamps) and stamps.notna().any():
        raise DataError("summaries.not_a_stamp", column=repr(stamps.name), type=str(stamps.dtype))
    utc = pd.to_datetime(stamps, utc=True).astype("datetime64[us, UTC]")
    return utc.astype("int64").astype("float64").where(utc.notna())


def totals(name: str, data: Any, limit: Limit) -> Totals | None:
    """The columns of the profile that this table can fill; None where it has no row that names a customer."""
    reader = Reader(name, data, limit)
    if reader.user not in reader.types:
        return None
    read = sorted({column for made in declared()[name] for column in made.reads} & set(reader.types))
    held = reader.ask(read, "SELECT count(*) AS n_rows, count(u0) AS n_users, count(kept) AS n_kept, "
                      "count(CASE WHEN kept IS NULL AND late IS NULL THEN 1 END) AS undated" + "".join(
                          f", count(c_{column}) AS h_{column}" for column in read) + " FROM cut").iloc[0]
    if not held["n_users"] and not reader.left:
        return None
    # a table of which every row lies after still says that nothing was there before
    have = {column for column in read if held[f"h_{column}"] or not held["n_kept"]}
    able = [made for made in declared()[name] if have.issuperset(made.needs)]
    named = _named(reader) if name == "events" else {}
    counts = {key: text for one in named.values() for key, text in one.counts.items()}
    parts: list[pd.DataFrame | pd.Series] = []
    ends: dict[str, str] = {}
    for i, part in enumerate(dict.fromkeys(["", *(made.part for made in able)])):
        those, end = [made for made in able if made.part == part], f"_{i}" if part else ""
        parts.append(_asked(reader, part, those, {} if part else counts, end))
        ends |= {made.column: end for made in those}
    frame = pd.concat(parts, axis="columns").rename_axis("user_id")
    return Totals(name, frame, able, ends, reader.nobody + int(held["n_rows"] - held["n_users"]),
                  int(held["undated"]), reader.naive, named)


def _named(reader: Reader) -> dict[str, Named]:
    """The commonest names of events and pages that were looked at, and the SQL of a count for each."""
    found = {}
    for prefix, column, seen in (("event", "event", ""), ("view", "content_id", "seconds")):
        needs = [column, *filter(None, [seen])]
        if not reader.types.keys() >= set(needs):
            continue
        only = f" AND c_{seen} IS NOT NULL" if seen else ""
        names = reader.ask(needs, f"SELECT r_{column} AS name FROM cut WHERE u0 IS NOT NULL AND r_{column} IS NOT NULL"
                           f"{only} GROUP BY r_{column} ORDER BY count(*) DESC, r_{column}")["name"]
        counts = {}
        for place, name in enumerate(names[:NAMED]):
            test = f"r_{column} = {sql.text_literal(name)}"
            counts[f"{prefix}_n{place}"] = f"count(CASE WHEN {test}{only} THEN kept END)"
            if not seen:
                counts[f"{prefix}_l{place}"] = f"count(CASE WHEN {test} THEN late END)"
        found[prefix] = Named(list(names[:NAMED]), counts, max(0, len(names) - NAMED))
    return found


def _asked(reader: Reader, part: str, able: Sequence[Made], counts: Mapping[str, str], end: str) -> pd.DataFrame:
    """A row a customer: the columns of one part of the table, and what its rows are."""
    columns = list(dict.fromkeys(column for made in able for column in made.reads))
    columns += [column for column in ("event", "content_id", "seconds") if counts and column not in columns]
    picked = [f"{_filled(made.sql, reader, made.told)} AS {made.column}" for made in able]
    newest = any("{newest}" in made.sql for made in able)
    order = ", ".join(f"{name} DESC NULLS LAST" for name in ("t0", *(f"c_{column}" for column in columns)))
    place = f", row_number() OVER (PARTITION BY u0 ORDER BY {order}) AS place" if newest else ""
    where = f" AND kept = 1 AND ({_filled(part, reader)})" if part else ""
    picked += [f"{text} AS {key}" for key, text in counts.items()]
    picked += [f"count(kept) AS rows{end}", f"count(late) AS late{end}", f"max(t0) AS newest{end}"]
    return reader.ask(columns, "SELECT u0, " + ",\n    ".join(picked)
                      + f"\nFROM (SELECT *{place} FROM cut WHERE u0 IS NOT NULL{where}) AS counted\nGROUP BY u0"
                      ).set_index("u0")


def _filled(text: str, reader: Reader, told: str = "") -> str:
    """The SQL with our names; of a row that was `told` after the end nothing is known but that it was there."""
    def name(slot: re.Match[str]) -> str:
        if slot[1] in OURS:
            return OURS[slot[1]]
        return f"CASE WHEN o_{told} = 1 THEN NULL ELSE c_{slot[1]} END" if told in reader.types else f"c_{slot[1]}"
    return SLOT.sub(name, text)
