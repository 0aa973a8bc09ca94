"""An engine that is not DuckDB: DuckDB's texts are carried over to it, and its answers come back as DuckDB's would.

Beside the engine stands a DuckDB without rows, whose tables have the same columns. Each text is first put to it, so
that a wrong one never reaches the engine, and it says what types the answer has; through it the small answer
passes once more, so that a frame from any engine has the dtypes that DuckDB gives.
"""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import duckdb
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, EngagelabError
from engagelab.summaries import dialects, sql

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_unused: weakref.WeakKeyDictionary[Any, list[str]] = weakref.WeakKeyDictionary()  # kept tables that nobody holds


def reason(error: Exception) -> str:
    """An engine's reason in one line: what happened, the line of the file, and what in it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3])[:300]


def distinct(names: list[str]) -> list[str]:
    """The names of a table's columns, if no two are the same."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError("summaries.twice", columns=words.joined(map(repr, twice)))
    return names


class Foreign(ABC):
    """An engine with the caller's table `data` on it, of `types` by DuckDB's names."""

    dialect: str

    def __init__(self, engine: Any, types: Mapping[str, str]):
        self.engine, self.types = engine, types
        self._kept: dict[str, dict[str, str]] = {}
        self._empty = duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False})

    @abstractmethod
    def _ask(self, text: str, columns: Iterable[str] = ()) -> Sequence[Sequence[Any]]:
        """The rows that the engine answers; the text reads those columns of the caller."""

    @abstractmethod
    def _keep(self, text: str, columns: Iterable[str], name: str) -> None:
        """Make a temporary table of what the engine answers."""

    @abstractmethod
    def _remove(self, name: str) -> None:
        """Remove such a table."""

    def _tables(self) -> dict[str, str]:
        """What stands for the caller's table."""
        return {}

    def run(self, body: str, columns: Iterable[str]) -> pd.DataFrame:
        """What DuckDB's text answers on the engine, with DuckDB's dtypes."""
        kinds = self._kinds(body, columns)
        rows = self._asked(self._ask, self._text(body, columns), columns)
        cells = zip(*rows, strict=True) if rows else ([] for _ in kinds)
        answer = pd.DataFrame({f"c{i}": _column(list(column), kind)
                               for i, (column, kind) in enumerate(zip(cells, kinds.values(), strict=True))})
        typed = ", ".join(f"CAST(c{i} AS {kind}) AS {sql.quote(name)}" for i, (name, kind) in enumerate(kinds.items()))
        self._empty.register("answer", answer)
        try:
            return self._empty.execute(f"SELECT {typed} FROM answer").df()
        finally:
            self._empty.unregister("answer")

    def store(self, body: str, columns: Iterable[str], name: str) -> dict[str, str]:
        """Keep what DuckDB's text answers as a temporary table on the engine; the types of its columns."""
        kinds = self._kinds(body, columns)
        self._asked(self._keep, self._text(body, columns), columns, name)
        self._empty.execute(f"CREATE TABLE {name} AS {body}")
        self._kept[name] = kinds
        return kinds

    def drop(self, name: str) -> None:
        """Say that nobody needs the table any more; it goes when the engine is next asked.

        Python may drop the last reference in the middle of another call of the same connection.
        """
        _unused.setdefault(self.engine, []).append(name)

    def _kinds(self, body: str, columns: Iterable[str]) -> dict[str, str]:
        wanted = list(dict.fromkeys(columns))
        if len({name.lower() for name in wanted}) < len(wanted):  # SQL does not tell User from user
            raise DataError("summaries.case", columns=words.joined(map(repr, wanted)))
        listed = ", ".join(f"{sql.quote(name)} {_held(self.types[name])}" for name in wanted) or "one INTEGER"
        self._empty.execute(f"CREATE OR REPLACE TABLE data ({listed})")
        return {name: kind for name, kind, *_ in self._empty.execute(f"DESCRIBE {body}").fetchall()}

    def _text(self, body: str, columns: Iterable[str]) -> str:
        types = {name: self.types[name] for name in columns}
        for table, kinds in self._kept.items():
            types |= kinds if table in body else {}
        return dialects.text(body, self.dialect, types, self._tables())

    def _asked(self, how: Callable[..., Any], *asked: Any) -> Any:
        for name in _unused.pop(self.engine, []):
            with suppress(Exception):  # it may be gone with its session
                self._remove(name)
        try:
            return how(*asked)
        except EngagelabError:
            raise
        except Exception as error:  # every driver has errors of its own
            raise DataError("summaries.failed", why=reason(error)) from error


def _held(kind: str) -> str:
    """The type with which the table without rows holds a column: text where DuckDB has no such type."""
    return kind if kind.upper().startswith((*sql.NUMBERS, *sql.STAMPS)) and kind != '"NULL"' else "VARCHAR"


def _column(cells: list, kind: str) -> pd.Series:
    column = pd.Series(cells, dtype=object)
    if kind in WHOLE:
        return column.astype("Int64")
    if kind.startswith(sql.NUMBERS):
        return column.astype("boolean" if kind == "BOOLEAN" else "float64")
    return column.astype("str")
