"""Files as DuckDB reads them, of one type in all of them or not at all.

DuckDB's manual ("CSV Auto Detection", "Combining Schemas"): types are guessed from the first rows, and where files
differ, those of the first one are given to all. A user "007" would silently become the user 7, and a time without a
zone one of UTC.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from engagelab import words
from engagelab.summaries.sql import NUMBERS, UNLIKE

ZONED = r":\d\d(\.\d+)?\s*([zZ]|[+-]\d\d(:?\d\d)?|[A-Za-z]+(/[A-Za-z_]+)*)$"  # a time that ends with its zone
FAMILIES = (("number", NUMBERS), ("zone", ("TIMESTAMP WITH",)), ("time", ("TIMESTAMP",)), ("text", ("VARCHAR", "ENUM")))


def csv(connection: duckdb.DuckDBPyConnection, names: Any) -> duckdb.DuckDBPyRelation:
    """CSV files with the types that DuckDB finds, except that a date is read as year-month-day or not at all.

    Dates and flags are read as text and cast above it: DuckDB's reader would take 01/02/2026 for the first of
    February without a word, and pushes casts down into the text, from which `trim` keeps it. Every file is looked into
    for its types, so that ids which are numbers in one and text in another are text in all.
    """
    seen = connection.read_csv(names, files_to_sniff=-1)
    kinds = dict(zip(seen.columns, seen.types, strict=True))
    late = {name for name, kind in kinds.items() if str(kind).startswith(("DATE", "TIME", "BOOLEAN"))}
    said = {name: duckdb.sqltype("VARCHAR") if name in late else kind for name, kind in kinds.items()}
    read = connection.read_csv(names, dtype=said)
    return read.select(*(_late(name, kinds[name]) if name in late else duckdb.ColumnExpression(name)
                         for name in read.columns))


def _late(name: str, kind: Any) -> duckdb.Expression:
    """A column that was read as text, in its type; where times have a zone, one without is an error."""
    text = duckdb.FunctionExpression("trim", duckdb.ColumnExpression(name))
    if "ZONE" not in str(kind):
        return text.cast(kind).alias(name)
    left, _, right = words.text("summaries.lacks_zone", column=repr(name), value="\0").partition("\0")
    zoned = text.isnull() | duckdb.FunctionExpression("regexp_matches", text, duckdb.ConstantExpression(ZONED))
    wrong = duckdb.FunctionExpression("error", duckdb.FunctionExpression(
        "concat", duckdb.ConstantExpression(left), text, duckdb.ConstantExpression(right)))
    return duckdb.CaseExpression(zoned, text.cast(kind)).otherwise(wrong.cast(kind)).alias(name)


def unlike(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[str, str]:
    """Of several Parquet files the columns that are text, numbers or times here and not there, with what they are."""
    first: dict[str, tuple[str, str]] = {}
    found: dict[str, str] = {}
    for name in names if len(names) > 1 else ():
        relation = connection.read_parquet(name)
        for column, kind in zip(relation.columns, map(str, relation.types), strict=True):
            family = next((family for family, kinds in FAMILIES if kind.upper().startswith(kinds)), kind)
            said = f"{kind} ({Path(name).name})"
            before = first.setdefault(column, (family, said))
            if before[0] != family and '"NULL"' not in before[1] + kind:
                found.setdefault(column, f"{UNLIKE}{before[1]}, {said}")
    return found
