"""A PySpark DataFrame as a table that answers SQL, on Spark itself.

The frame's own session runs the texts, as it is set: what they answer depends neither on the session's zone nor on
`spark.sql.timestampType` nor on `spark.sql.ansi.enabled`. A kept table is a temporary view whose rows Spark caches.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engagelab.summaries import nested
from engagelab.summaries.foreign import Foreign, distinct

TYPES = {"tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT", "float": "FLOAT",
         "double": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP WITH TIME ZONE",
         "timestamp_ntz": "TIMESTAMP", "void": '"NULL"', "string": "VARCHAR"}  # Spark's simple names -> DuckDB's
SHOWN = itertools.count(1)


class Spark(Foreign):
    """A Spark session with a caller's DataFrame."""

    dialect = "spark"

    def __init__(self, frame: Any):
        distinct(frame.columns)
        types: Mapping[str, str] = {name: _type(kind) for name, kind in frame.dtypes}
        if nested.folded(types):
            types = nested.Unfolded(types, "spark", lambda expression: _type(
                frame.selectExpr(f"{expression} AS x").dtypes[0][1]))
        super().__init__(frame.sparkSession, types)
        self.frame, self.view = frame, f"engagelab_data_{next(SHOWN)}"

    def _tables(self) -> dict[str, str]:
        return {"data": self.view}

    def _answer(self, text: str, columns: Iterable[str]) -> Any:
        self._with(columns).createOrReplaceTempView(self.view)
        try:
            return self.engine.sql(text)
        finally:
            self.engine.catalog.dropTempView(self.view)

    def _with(self, columns: Iterable[str]) -> Any:
        """The frame with what is nested in it, as far as it is asked for."""
        if not isinstance(self.types, nested.Unfolded):
            return self.frame
        from pyspark.sql.functions import expr  # only where a frame of Spark's is at hand

        return self.frame.withColumns({name: expr(text) for name, text in self.types.expressions(columns).items()})

    def _ask(self, text: str, columns: Iterable[str] = ()) -> Sequence[Sequence[Any]]:
        return self._answer(text, columns).collect()

    def _keep(self, text: str, columns: Iterable[str], name: str) -> None:
        self._answer(text, columns).createOrReplaceTempView(name)
        self.engine.catalog.cacheTable(name)

    def _remove(self, name: str) -> None:
        self.engine.catalog.uncacheTable(name)
        self.engine.catalog.dropTempView(name)


def _type(kind: str) -> str:
    if kind.startswith(("varchar", "char")):
        return "VARCHAR"
    return TYPES.get(kind, kind)
