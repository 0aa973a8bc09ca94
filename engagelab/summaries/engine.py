"""Whatever the caller has, as one `Source` that answers SQL.

A DataFrame is shown to DuckDB without copying, and only the columns that are asked for; files are read where
they lie; an Arrow or polars table is registered; a DuckDB relation is asked on its own connection. Only small
tables come back; a larger one can be kept where it was made, and asked again. Another engine is another way to fill the
fields of `Source`: its columns with DuckDB's names of their types, a function from SQL over a table `data` to a
DataFrame, and one that keeps an answer as a temporary table.

Rules from DuckDB's manual ("Order Preservation", "Configuration") and from trials: below a million
rows one thread does the work, so that sums are taken in one order and the same call gives the same bytes.
The environment variable ENGAGELAB_THREADS fixes the number of threads where no `threads=` is given.
"""

import glob
import itertools
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, one_of

ONE_THREAD_ROWS = 1_000_000
ONE_THREAD_BYTES = 64 * 2**20  # of a text file, whose rows cost a pass to count
READERS = {".csv": "read_csv", ".parquet": "read_parquet", ".json": "read_json", ".ndjson": "read_json"}
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

    def fetch(self, sql: str, columns: Iterable[str]) -> pd.DataFrame:
        """What the SQL answers; `columns` are those of the caller that it reads."""
        try:
            return self.run(sql, columns)
        except duckdb.Error as error:
            raise DataError("summaries.failed", why=_why(error)) from error

    def keep(self, sql: str, columns: Iterable[str]) -> "Source":
        """What the SQL answers, as a table that stays on the engine until nobody holds it any more."""
        name = f"engagelab_kept_{next(KEPT)}"
        try:
            kept = replace(self, types=self.store(sql, columns, name), table=name)
        except duckdb.Error as error:
            raise DataError("summaries.failed", why=_why(error)) from error
        weakref.finalize(kept, self.drop, name)
        return kept


def _why(error: duckdb.Error) -> str:
    """DuckDB's reason in one line: what happened, the line of the file, and what in it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3])[:300]


def source(data: Any, *, threads: int | None = None) -> Source:
    """`data` as a table that answers SQL.

    data : DataFrame, path or glob (.csv .parquet .json), Arrow table, polars frame, DuckDB relation, or a
        Source, which is given back.
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
    raise UsageError("summaries.not_a_table", type=type(data).__name__)


def _connect(threads: int | None, small: bool) -> duckdb.DuckDBPyConnection:
    threads = threads or int(os.environ.get("ENGAGELAB_THREADS", 0)) or (1 if small else None)
    return duckdb.connect(":memory:", config=SETTINGS | ({"threads": threads} if threads else {}))


def _relation(relation: duckdb.DuckDBPyRelation) -> Source:
    def run(sql: str, columns: Iterable[str]) -> pd.DataFrame:
        answer = relation.query("data", sql)
        return pd.DataFrame() if answer is None else answer.df()

    def store(sql: str, columns: Iterable[str], name: str) -> dict[str, str]:
        relation.query("data", f"CREATE TEMP TABLE {name} AS {sql}")
        return {row["column_name"]: row["column_type"] for row in run(f"DESCRIBE {name}", []).to_dict("records")}

    return Source(dict(zip(relation.columns, map(str, relation.types), strict=True)), run, store,
                  lambda name: _drop(lambda text: relation.query("data", text), name))


def _types(connection: duckdb.DuckDBPyConnection, table: str = "data") -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}


def _connected(connection: duckdb.DuckDBPyConnection, types: Mapping[str, str]) -> Source:
    """A source on a connection of ours that has the table `data`."""
    return Source(types, lambda sql, columns: connection.execute(sql).df(),
                  lambda sql, columns, name: _stored(connection, sql, name),
                  lambda name: _drop(connection.execute, name))


def _stored(connection: duckdb.DuckDBPyConnection, sql: str, name: str) -> dict[str, str]:
    connection.execute(f"CREATE TEMP TABLE {name} AS {sql}")
    return _types(connection, name)


def _drop(execute: Callable[[str], object], name: str) -> None:
    with suppress(duckdb.Error):  # the caller may have closed the connection
        execute(f"DROP TABLE IF EXISTS {name}")


def _frame(frame: pd.DataFrame, threads: int | None) -> Source:
    names = [name for name in frame.columns if isinstance(name, str) and _encodes(name)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError("summaries.twice", columns=words.joined(map(repr, twice)))
    connection = _connect(threads, len(frame) < ONE_THREAD_ROWS)
    types = _LazyTypes(names, frame, connection)

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
    """Refuse a column of Python objects that mixes text with numbers: SQL would read all as text."""
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) in ("mixed", "mixed-integer"):
        raise DataError("summaries.mixed", column=repr(name))


def _file(path: str, threads: int | None) -> Source:
    ending = Path(path).suffix.lower()
    reader = READERS[one_of("data", ending, READERS)]
    folder = Path(path)
    found = [folder] if folder.is_file() else sorted(Path(folder.anchor or ".").glob(
        str(folder.relative_to(folder.anchor)) if folder.anchor else path))
    if not found:
        raise UsageError("summaries.no_file", path=path)
    small = ending != ".parquet" and sum(file.stat().st_size for file in found) < ONE_THREAD_BYTES
    connection = _connect(threads, small)
    names = [glob.escape(str(file)) for file in found]
    try:
        connection.execute("SET TimeZone = 'UTC'")
        relation = _csv(connection, names) if ending == ".csv" else getattr(connection, reader)(names)
        relation.create_view("data")
        if ending == ".parquet" and threads is None:
            rows = connection.execute("SELECT count(*) FROM data").fetchall()[0][0]
            if rows < ONE_THREAD_ROWS and "ENGAGELAB_THREADS" not in os.environ:
                connection.execute("SET threads = 1")
        types = _types(connection)
    except duckdb.Error as error:
        raise DataError("summaries.bad_file", path=path, why=_why(error)) from error
    return _connected(connection, types)


def _csv(connection: duckdb.DuckDBPyConnection, names: Any) -> duckdb.DuckDBPyRelation:
    """CSV files with the types that DuckDB finds, except that a date is read as year-month-day or not at all.

    Dates and flags are read as text and cast above it: DuckDB's reader would take 01/02/2026 for the first of
    February without a word, and pushes casts down into the text, from which `trim` keeps it.
    """
    seen = connection.read_csv(names)
    kinds = dict(zip(seen.columns, seen.types, strict=True))
    late = {name for name, kind in kinds.items() if str(kind).startswith(("DATE", "TIME", "BOOLEAN"))}
    said = {name: duckdb.sqltype("VARCHAR") if name in late else kind for name, kind in kinds.items()}
    read = connection.read_csv(names, dtype=said)
    return read.select(*(duckdb.FunctionExpression("trim", duckdb.ColumnExpression(name)).cast(kinds[name]).alias(name)
                         if name in late else duckdb.ColumnExpression(name) for name in read.columns))


def _table(data: Any, threads: int | None) -> Source:
    data = data.collect() if hasattr(data, "collect") else data  # a polars LazyFrame
    data = data.read_all() if hasattr(data, "read_all") else data  # a reader gives its rows once only
    connection = _connect(threads, getattr(data, "num_rows", getattr(data, "height", 0)) < ONE_THREAD_ROWS)
    connection.register("data", data)
    return _connected(connection, _types(connection))
