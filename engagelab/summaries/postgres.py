"""A query of a PostgreSQL database as a table that answers SQL, in the database itself.

Any connection of Python's DB-API (PEP 249) will do, such as psycopg's or ADBC's. The caller's query stands as a
sub-query, as it is written; nothing is written but temporary tables. An error leaves the transaction of
the connection as it was, where the driver can go back to a mark.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from engagelab.errors import DataError, UsageError
from engagelab.summaries import sql
from engagelab.summaries.foreign import Foreign, distinct, reason

TYPES = {"smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT", "real": "FLOAT",
         "double precision": "DOUBLE", "numeric": "DECIMAL(38, 9)", "boolean": "BOOLEAN", "date": "DATE",
         "timestamp without time zone": "TIMESTAMP", "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
         **dict.fromkeys(("text", "character varying", "character", "name", "uuid", "citext"), "VARCHAR")}
FORBIDDEN = ("25006", "42501")  # SQLSTATE of a read-only transaction, and of a missing privilege


class Postgres(Foreign):
    """A connection to PostgreSQL with a caller's query, or a table's name."""

    dialect = "postgres"

    def __init__(self, connection: Any, query: str):
        if not isinstance(query, str) or not query.strip(" \t\r\n;"):
            raise UsageError("summaries.no_query", value=repr(query))
        query = query.strip().rstrip(";")
        self.data = f"(\n{query}\n)" if len(query.split()) > 1 else f"(SELECT * FROM {query})"
        super().__init__(connection, self._columns(connection))

    def _columns(self, connection: Any) -> dict[str, str]:
        """Names and types, as the server says; the caller's query is not carried out."""
        self.engine = connection
        try:
            version = str(self._ask("SELECT version()")[0][0])
        except Exception as error:
            raise UsageError("summaries.not_postgres", found=reason(error)) from error
        if not version.startswith("PostgreSQL") or "Redshift" in version:
            raise UsageError("summaries.not_postgres", found=version[:80])
        names = distinct(self._asked(lambda text: self._execute(
            text, lambda cursor: [column[0] for column in cursor.description]),
            f"SELECT * FROM {self.data} AS data LIMIT 0"))
        kinds = ", ".join(f"CAST(pg_typeof(data.{sql.quote(name)}) AS TEXT)" for name in names)
        (found,) = self._asked(
            self._ask, f"SELECT {kinds} FROM (SELECT 1) AS one LEFT JOIN {self.data} AS data ON FALSE")
        return {name: TYPES.get(kind, sql.quote(kind)) for name, kind in zip(names, found, strict=True)}

    def _tables(self) -> dict[str, str]:
        return {"data": self.data}

    def _ask(self, text: str, columns: Iterable[str] = ()) -> Sequence[Sequence[Any]]:
        return self._execute(text, lambda cursor: [
            list(row.values()) if isinstance(row, Mapping) else row for row in cursor.fetchall()])

    def _keep(self, text: str, columns: Iterable[str], name: str) -> None:
        try:
            self._execute(f"CREATE TEMPORARY TABLE {name} AS\n{text}", lambda cursor: None)
        except Exception as error:
            if getattr(error, "sqlstate", None) in FORBIDDEN:
                raise DataError("summaries.no_temporary", why=reason(error)) from error
            raise

    def _remove(self, name: str) -> None:
        self._execute(f"DROP TABLE IF EXISTS {name}", lambda cursor: None)

    def _execute(self, text: str, read: Callable[[Any], Any]) -> Any:
        """Carry out one statement; inside a transaction it can fail alone."""
        cursor = self.engine.cursor()
        if hasattr(cursor, "row_factory"):  # psycopg's, which the caller may have set to something that is no row
            cursor.row_factory = lambda cursor: tuple
        marked = False
        try:
            if not getattr(self.engine, "autocommit", False):
                marked = _did(cursor, "SAVEPOINT engagelab")  # none where a connection commits by itself
            cursor.execute(text)
            return read(cursor)
        except Exception:
            if marked:
                _did(cursor, "ROLLBACK TO SAVEPOINT engagelab")  # ADBC leaves that to the owner of the connection
            raise
        finally:
            if marked:
                _did(cursor, "RELEASE SAVEPOINT engagelab")
            cursor.close()


def _did(cursor: Any, text: str) -> bool:
    """Whether the statement went through."""
    with suppress(Exception):
        cursor.execute(text)
        return True
    return False
