"""Files as DuckDB reads them, of one type in all of them or not at all.

DuckDB's manual ("CSV Auto Detection", "Combining Schemas"): types are guessed from the first rows, and where files
differ, those of the first one are given to all. A user "007" would silently become the user 7, a late 2.75 would be
rounded to 3, and a time without a zone be one of UTC: so all rows of all files are looked into, which takes longer.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from engagelab import words
from engagelab.errors import DataError
from engagelab.summaries.sql import NUMBERS, UNLIKE, WRITTEN, quote, written

ZONED = r":\d\d(\.\d+)?\s*([zZ]|[+-]\d\d(:?\d\d)?|[A-Za-z]+(/[A-Za-z_]+)*)$"  # a time that ends with its zone
LATE = ("DATE", "TIME", "BOOLEAN", "DOUBLE")  # read as text and cast above it
FAMILIES = (("number", NUMBERS), ("zone", ("TIMESTAMP WITH",)), ("time", ("TIMESTAMP",)), ("text", ("VARCHAR", "ENUM")))


def csv(connection: duckdb.DuckDBPyConnection, names: Any) -> tuple[duckdb.DuckDBPyRelation, dict[str, str]]:
    """CSV files with the types that DuckDB finds, except that a date is read as year-month-day or not at all.

    Dates and flags are read as text and cast above it: DuckDB's reader would take 01/02/2026 for the first of
    February without a word, and pushes casts down into the text, from which `trim` keeps it. Every file is looked into
    for its types, so that ids which are numbers in one and text in another are text in all. Files that order their
    columns differently are read by name.

    Decimals, too, are read as text, and stand beside it: ids 12.1 and 12.10 are one number. Also returns which they
    are, by their type `WRITTEN`. What is text for the sake of late rows keeps the type of the first ones: as a key it
    is text, and where a number or a time is wanted the late value is named.
    """
    by_name = len(names) > 1 and _ordered_otherwise(connection, names)
    first = connection.read_csv(names, files_to_sniff=-1, union_by_name=by_name)
    whole = connection.read_csv(names, files_to_sniff=-1, union_by_name=by_name, sample_size=-1)
    kinds = {name: kind if kind != "VARCHAR" else "DOUBLE" if early == "BIGINT" else
             early if early.startswith(LATE) else kind
             for name, early, kind in zip(whole.columns, map(str, first.types), map(str, whole.types), strict=True)}
    late = {name for name, kind in kinds.items() if kind.startswith(LATE)}
    said = {name: "VARCHAR" if name in late else kind for name, kind in kinds.items()}
    read = connection.read_csv(names, union_by_name=by_name, dtype={
        name: duckdb.sqltype(kind) for name, kind in said.items()})
    columns = (_late(name, kinds[name], names) if name in late else duckdb.ColumnExpression(name)
               for name in read.columns)
    decimals = [name for name, kind in kinds.items() if kind == "DOUBLE"]
    return read.select(*columns, *map(_written, decimals)), dict.fromkeys(decimals, WRITTEN)


def _ordered_otherwise(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> bool:
    """Whether one of several files has the columns of the first in another order; other columns are an error."""
    columns, otherwise = connection.read_csv(names[0]).columns, False
    headed = columns != [f"column{i}" for i, _ in enumerate(columns)]
    for name in names[1:]:
        own = connection.read_csv(name, header=headed).columns
        if set(own) != set(columns):
            raise DataError("summaries.other_columns", file=_shown(name), first=_shown(names[0]), columns=words.joined(
                map(repr, own)), others=words.joined(map(repr, columns)))
        otherwise |= own != columns
    return otherwise


def _written(name: str) -> duckdb.Expression:
    """The text of a column of decimals; a whole number is written 7.0 where other rows lack one."""
    text = f"trim({quote(name)})"
    return duckdb.SQLExpression(
        f"CASE WHEN lower({text}) <> 'nan' THEN regexp_replace({text}, '\\.0+$', '') END").alias(written(name))


def _shown(name: str) -> str:
    """The name of a file, of which `names` hold the pattern that finds it alone."""
    return re.sub(r"\[([][*?])\]", r"\1", Path(name).name)


def _late(name: str, kind: str, names: Sequence[str]) -> duckdb.Expression:
    """A column that was read as text, in its type; what is none is an error, and a time without the others' zone."""
    text = duckdb.FunctionExpression("trim", duckdb.ColumnExpression(name))
    file = _shown(names[0]) if len(names) == 1 else words.text("summaries.one_of_files", n=len(names))
    read = duckdb.SQLExpression(f"TRY_CAST(trim({quote(name)}) AS {kind})")
    checked = duckdb.CaseExpression(text.isnull() | read.isnotnull(), read).otherwise(_refused(
        text, kind, "summaries.other_kind", file=file, column=repr(name), type=kind))
    if not kind.startswith("TIMESTAMP"):
        return checked.alias(name)
    zoned = duckdb.FunctionExpression("regexp_matches", text, duckdb.ConstantExpression(ZONED))
    alike, key = (zoned, "lacks_zone") if "ZONE" in kind else (~zoned, "has_zone")
    return duckdb.CaseExpression(text.isnull() | alike, checked).otherwise(_refused(
        text, kind, f"summaries.{key}", column=repr(name))).alias(name)


def _refused(text: duckdb.Expression, kind: str, key: str, **said: object) -> duckdb.Expression:
    """An error of the engine in our words, which says the text."""
    left, _, right = words.text(key, value="\0", **said).partition("\0")
    return duckdb.FunctionExpression("error", duckdb.FunctionExpression(
        "concat", duckdb.ConstantExpression(left), text, duckdb.ConstantExpression(right))).cast(duckdb.sqltype(kind))


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
