"""Whatever the caller has, as one `Source` that answers SQL.

A DataFrame is shown to DuckDB without copying, and only the columns that are asked for; files are read where
they lie; an Arrow or polars table is registered; a DuckDB relation is asked on its own connection, a PySpark DataFrame
on its own session, a query in its own database. Only small tables come back; a larger one can be kept where it was
made, and asked again. Another engine is another way to fill the fields of `Source` (see `foreign`).

Rules from DuckDB's manual ("Order Preservation", "Configuration") and from trials: below a million
rows one thread does the work, so that sums are taken in one order and the same call gives the same bytes.
The environment variable ENGAGELAB_THREADS fixes the number of threads where no `threads=` is given.
"""

import glob
import itertools
import numbers
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from types import MappingProxyType
from typing import Any

import duckdb
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.files import unused
from engagelab.summaries import files, nested
from engagelab.summaries.foreign import Foreign, distinct, reason
from engagelab.summaries.postgres import Postgres
from engagelab.summaries.spark import Spark
from engagelab.summaries.sql import quote, written

ONE_THREAD_ROWS = 1_000_000
ONE_THREAD_BYTES = 64 * 2**20  # of a text file, whose rows cost a pass to count
READERS = {".csv": "read_csv", ".parquet": "read_parquet", **dict.fromkeys((".json", ".jsonl", ".ndjson"), "read_json")}
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    "python_enable_replacements": False}
KEPT = itertools.count(1)


@dataclass(frozen=True)
class Source:
    """A table that answers SQL: `.types` of its columns, `.run(sql, columns)` over a table named `.table`.

    `.store(sql, columns, name)` makes a temporary table of the answer, and `.drop(name)` removes it.
    """

    types: Mapping[str, str]
    run: Callable[[str, Iterable[str]], pd.DataFrame] = field(repr=False)
    store: Callable[[str, Iterable[str], str], Mapping[str, str]] = field(repr=False)
    drop: Callable[[str], None] = field(repr=False)
    table: str = "data"
    ordered: bool = True  # rows have an order, so that one can be named by its number

    def fetch(self, sql: str, columns: Iterable[str]) -> pd.DataFrame:
        """What the SQL answers; `columns` are those of the caller that it reads."""
        try:
            return self.run(sql, self._theirs(columns))
        except duckdb.Error as error:
            raise DataError("summaries.failed", why=reason(error)) from error

    def _theirs(self, columns: Iterable[str]) -> Iterable[str]:
        """The columns to show the engine: a kept table has its own there already."""
        return columns if self.table == "data" else ()

    def keep(self, sql: str, columns: Iterable[str]) -> "Source":
        """What the SQL answers, as a table that stays on the engine until nobody holds it any more."""
        name = f"engagelab_kept_{next(KEPT)}"
        try:
            kept = replace(self, types=self.store(sql, self._theirs(columns), name), table=name)
        except duckdb.Error as error:
            raise DataError("summaries.failed", why=reason(error)) from error
        weakref.finalize(kept, self.drop, name)
        return kept


def source(data: Any, *, threads: int | None = None) -> Source:
    """`data` as a table that answers SQL.

    data : DataFrame, path or glob (.csv .parquet .json), Arrow table, polars frame, DuckDB relation, PySpark
        DataFrame, or a Source, such as `query` makes, which is given back.
    threads : how many; one below a million rows, and DuckDB's own choice above, unless said.
        A relation keeps those of its own connection.

    >>> source(pd.DataFrame({"plan": ["a", "b"], "spend": [1.5, 2.0]})).types
    {'plan': 'VARCHAR', 'spend': 'DOUBLE'}
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, pd.DataFrame):
        return _frame(data, threads)
    if isinstance(data, str | Path):
        return _file(str(data), threads)
    library = type(data).__module__.partition(".")[0].lstrip("_")
    if isinstance(data, duckdb.DuckDBPyRelation):
        return _relation(data)
    if library in ("pyarrow", "polars"):
        return _table(data, threads)
    if library == "pyspark" and hasattr(data, "sparkSession"):
        return _foreign(Spark(data))
    raise UsageError("summaries.not_a_table", type=type(data).__name__)


def query(connection: Any, sql: str) -> Source:
    """What a query of a database answers, as a table for `measure` and all that takes one; the database does the work.

    connection : to PostgreSQL, by psycopg, ADBC or another driver of Python's DB-API.
    sql : a query, or the name of a table. It is a sub-query of what runs; only small tables come back. What is
        kept between the steps of an activity is a temporary table, so the connection must be allowed to make one.

    Raises UsageError where the connection is none to PostgreSQL, DataError where the query fails.

    >>> query(duckdb.connect(), "events")
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: connection must be one to PostgreSQL, not one to ...
    """
    return _foreign(Postgres(connection, sql))


def _foreign(engine: Foreign) -> Source:
    return Source(engine.types, engine.run, engine.store, engine.drop, ordered=False)


def _connect(threads: int | None, small: bool) -> duckdb.DuckDBPyConnection:
    threads = threads or int(os.environ.get("ENGAGELAB_THREADS", 0)) or (1 if small else None)
    # What memory does not hold would go to a folder in the current one, which may be read-only or the data's own.
    config = SETTINGS | {"temp_directory": str(unused(gettempdir()))} | ({"threads": threads} if threads else {})
    connection = duckdb.connect(":memory:", config=config)
    with suppress(duckdb.InvalidInputException):  # Jupyter without ipywidgets has no progress bar, and says so
        connection.execute("SET enable_progress_bar = false")  # it would be printed among the outputs
    return connection


def _relation(relation: duckdb.DuckDBPyRelation) -> Source:
    types, shown = _unfolded(dict(zip(relation.columns, map(str, relation.types), strict=True)),
                             lambda expression: str(relation.project(f"{expression} AS x").types[0]))

    def run(sql: str, columns: Iterable[str]) -> pd.DataFrame:
        answer = relation.project(shown(columns)).query("data", sql)
        return pd.DataFrame() if answer is None else answer.df()

    def store(sql: str, columns: Iterable[str], name: str) -> dict[str, str]:
        relation.project(shown(columns)).query("data", f"CREATE TEMP TABLE {name} AS {sql}")
        return {row["column_name"]: row["column_type"] for row in run(f"DESCRIBE {name}", []).to_dict("records")}

    return Source(types, run, store, lambda name: _drop(lambda text: relation.query("data", text), name))


def _unfolded(types: Mapping[str, str], kind_of: Callable[[str], str]
              ) -> tuple[Mapping[str, str], Callable[[Iterable[str]], str]]:
    """The types of a table of DuckDB and of what is nested in it, and the SELECT list that shows some of that too."""
    if not nested.folded(types):
        return types, lambda columns: "*"
    known = nested.Unfolded(types, "duckdb", kind_of)

    def shown(columns: Iterable[str]) -> str:
        found = known.expressions(columns).items()
        own, other = ([f"{text} AS {quote(name)}" for name, text in found if (name in types) == there]
                      for there in (True, False))
        return ", ".join(["*" + (f" REPLACE ({', '.join(own)})" if own else ""), *other])

    return known, shown


def _types(connection: duckdb.DuckDBPyConnection, table: str = "data") -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}


def _connected(connection: duckdb.DuckDBPyConnection, said: Mapping[str, str] = MappingProxyType({})) -> Source:
    """A source on a connection of ours that has the table `given`, with the types `said` of columns of its files."""
    found = {name: kind for name, kind in _types(connection, "given").items() if name not in map(written, said)}
    types, listed = _unfolded({**found, **said}, lambda expression: str(connection.execute(
        f"DESCRIBE SELECT {expression} AS x FROM given").fetchall()[0][1]))

    def shown(columns: Iterable[str]) -> None:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW data AS SELECT {listed(columns)} FROM given")

    def run(sql: str, columns: Iterable[str]) -> pd.DataFrame:
        shown(columns)
        return connection.execute(sql).df()

    def store(sql: str, columns: Iterable[str], name: str) -> dict[str, str]:
        shown(columns)
        return _stored(connection, sql, name)

    return Source(types, run, store, lambda name: _drop(connection.execute, name))


def _stored(connection: duckdb.DuckDBPyConnection, sql: str, name: str) -> dict[str, str]:
    connection.execute(f"CREATE TEMP TABLE {name} AS {sql}")
    return _types(connection, name)


def _drop(execute: Callable[[str], object], name: str) -> None:
    with suppress(duckdb.Error):  # the caller may have closed the connection
        execute(f"DROP TABLE IF EXISTS {name}")


def _frame(frame: pd.DataFrame, threads: int | None) -> Source:
    names = [name for name in frame.columns if isinstance(name, str) and _encodes(name)]
    connection = _connect(threads, len(frame) < ONE_THREAD_ROWS)
    types = _LazyTypes(distinct(names), frame, connection)

    @contextmanager
    def shown(columns: Iterable[str]) -> Iterator[None]:
        connection.register("data", _shown(frame, columns))
        try:
            yield
        finally:
            connection.unregister("data")

    def run(sql: str, columns: Iterable[str]) -> pd.DataFrame:
        with shown(columns):
            return connection.execute(sql).df()

    def store(sql: str, columns: Iterable[str], name: str) -> dict[str, str]:
        with shown(columns):
            return _stored(connection, sql, name)

    return Source(types, run, store, lambda name: _drop(connection.execute, name))


def _encodes(name: str) -> bool:
    """Whether a name is text at all: a lone half of a surrogate pair is not."""
    return name.encode("utf-8", "replace").decode("utf-8") == name


def _shown(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The wanted columns of the frame, sharing its memory."""
    wanted = list(dict.fromkeys(columns))
    if len({name.lower() for name in wanted}) < len(wanted):  # SQL does not tell User from user
        raise DataError("summaries.case", columns=words.joined(map(repr, wanted)))
    if not wanted:
        return pd.DataFrame({"one": pd.RangeIndex(len(frame))})
    return pd.DataFrame({name: frame[name] for name in wanted}, copy=False)


class _LazyTypes(Mapping[str, str]):
    """The types of a frame's columns, each looked up when it is asked for.

    A column that DuckDB cannot hold (a pandas Period, say) is no obstacle unless somebody asks for it.
    """

    def __init__(self, names: list[str], frame: pd.DataFrame, connection: duckdb.DuckDBPyConnection):
        self._names, self._frame, self._connection = dict.fromkeys(names), frame, connection
        self._known: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        column_of(name, self._names)
        if name not in self._known:
            column = self._frame[name]
            if isinstance(column.dtype, pd.PeriodDtype | pd.IntervalDtype) or pd.api.types.is_complex_dtype(column):
                raise DataError("summaries.unreadable", column=repr(name), type=str(column.dtype))
            _one_kind(name, column)
            self._connection.register("data", _shown(self._frame, [name]))
            self._known[name] = _types(self._connection)[name]
            self._connection.unregister("data")
        return self._known[name]

    def __iter__(self):
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))


def _one_kind(name: str, column: pd.Series) -> None:
    """Refuse a column of Python objects that mixes text with numbers, which SQL would read as text, or times with and
    without a zone."""
    mixed = ("mixed", "mixed-integer", "datetime")
    if column.dtype != object or pd.api.types.infer_dtype(column, skipna=True) not in mixed:
        return
    kinds = column.reset_index(drop=True).dropna().map(_kind)
    others = kinds[kinds != kinds.iloc[0]]
    if len(others) and {others.iloc[0], kinds.iloc[0]} == {"zone", "no zone"}:
        row = int(kinds.index[kinds == "no zone"][0])
        raise DataError("summaries.mixed_zones", column=repr(name), value=repr(str(column.iloc[row])), row=row + 1)
    if len(others):
        row = int(others.index[0])
        raise DataError("summaries.mixed", column=repr(name), row=row + 1)


def _kind(value: object) -> str:
    if isinstance(value, datetime):
        return "no zone" if value.tzinfo is None else "zone"
    return "number" if isinstance(value, numbers.Number) else type(value).__name__


def _file(path: str, threads: int | None) -> Source:
    ending = Path(path).suffix.lower()
    reader = READERS[one_of("data", ending, READERS)]
    folder = Path(path)
    found = [folder] if folder.is_file() else sorted(Path(folder.anchor or ".").glob(
        str(folder.relative_to(folder.anchor)) if folder.anchor else path))
    if not found:
        raise UsageError("summaries.no_file", path=path)
    size = sum(file.stat().st_size for file in found)
    connection = _connect(threads, ending != ".parquet" and size < ONE_THREAD_BYTES)
    names = [glob.escape(str(file)) for file in found]
    try:
        connection.execute("SET TimeZone = 'UTC'")
        every = {"sample_size": -1} if reader == "read_json" else {}  # a field that only later lines have would be lost
        unlike = files.unlike(connection, names) if ending == ".parquet" else {}
        relation, said = files.csv(connection, names) if ending == ".csv" else (
            getattr(connection, reader)(names, **every), unlike)
        relation.create_view("given")
        if ending == ".parquet" and threads is None:
            rows = connection.execute("SELECT count(*) FROM given").fetchall()[0][0]
            if rows < ONE_THREAD_ROWS and "ENGAGELAB_THREADS" not in os.environ:
                connection.execute("SET threads = 1")
        return _connected(connection, said)
    except duckdb.Error as error:
        raise DataError("summaries.bad_file", path=path, why=reason(error)) from error


def _table(data: Any, threads: int | None) -> Source:
    data = data.collect() if hasattr(data, "collect") else data  # a polars LazyFrame
    data = data.read_all() if hasattr(data, "read_all") else data  # a reader gives its rows once only
    connection = _connect(threads, getattr(data, "num_rows", getattr(data, "height", 0)) < ONE_THREAD_ROWS)
    connection.register("given", data)
    return _connected(connection)
