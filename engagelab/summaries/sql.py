"""The one door through which SQL is put together.

A caller's column name enters in exactly one place, the SELECT list of `read()`: it is looked up
among the real columns, quoted, and renamed to a name of ours (`x0`, `k0`, `by_1` ...). Everything below
that list is a constant text from a `.sql` file, with slots that hold our own names and numbers only.
The quoting rule is that of the SQL standard (ISO/IEC 9075-2, delimited identifier): a quote is doubled.
"""

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from engagelab.errors import DataError, UsageError, column_of

FLOATS = ("FLOAT", "DOUBLE", "REAL")
NUMBERS = (*FLOATS, "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
           "UINTEGER", "UBIGINT", "UHUGEINT", "BIGNUM", "DECIMAL", '"NULL"')
UNLIKE = "UNLIKE "  # begins the type of a column that is not of one type in all files
WRITTEN = "DOUBLE AS WRITTEN"  # the type of a column of decimals whose text is known: ids 12.1 and 12.10 are two
NESTED = ("STRUCT", "MAP", "JSON", "UNION")
STAMPS = ("TIMESTAMP", "DATE", '"NULL"')


@dataclass(frozen=True)
class Read:
    """One column to read: the caller's name, and whether as a "number", a "stamp", a "key" or a "user".

    A user is a key that is missing where it is blank.
    """

    column: str
    kind: str


def quote(name: str) -> str:
    """A caller's column name as SQL reads it back.

    >>> quote('say "hi"; DROP TABLE x')
    '"say ""hi""; DROP TABLE x"'
    """
    return '"' + name.replace('"', '""') + '"'


def written(name: str) -> str:
    """Where the text of a column of the type `WRITTEN` stands."""
    return f"{name} AS WRITTEN"


def literal(value: float) -> str:
    """A number as SQL text that gives back the same number. Nothing else passes.

    >>> literal(1e9), literal(12), literal(.1)
    ('1000000000.0e0', '12', '0.1e0')
    """
    if isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        raise UsageError("summaries.literal", value=repr(value))
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def text_literal(value: str) -> str:
    """A text, such as the name of an event, as SQL reads it back.

    A line break would be indented with the text around it, and a remark could be taken for a slot: both are put
    together from parts.

    >>> print(text_literal("it's"), text_literal("/*by*/"))
    'it''s' ('/' || '*by*/')
    """
    if not isinstance(value, str) or "\0" in value or value.encode("utf-8", "replace").decode() != value:
        raise UsageError("summaries.literal", value=repr(value))
    text = "'" + value.replace("'", "''").replace("/*", "/' || '*").replace("\n", "' || chr(10) || '") + "'"
    return f"({text})" if "||" in text else text


@functools.cache
def text(name: str) -> str:
    """The SQL text of a summary, as it stands in its file below the opening remarks.

    >>> text("moments").splitlines()[0]
    'WITH parts AS ('
    """
    lines = files(__package__).joinpath(f"{name}.sql").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def fill(body: str, **slots: list[str]) -> str:
    """The text with its slots filled: what stands between `/*slot*/` and `/*end*/` gives way.

    `/*by*/` alone is filled with the grouping columns, wherever it stands.

    >>> fill("SELECT /*sums*/ count(x0) /*end*/ FROM events", sums=["count(x1)", "sum(x1)"])
    'SELECT count(x1),\\n    sum(x1) FROM events'
    """
    for slot, lines in slots.items():
        if slot == "by":
            keys = "".join(f"{line}, " for line in lines)
            body = re.sub(r"(?<=\n) */\*by\*/\n", _exactly(f"    {keys.rstrip()}\n" if keys else ""), body)
            body = re.sub(r"/\*by\*/ ?", _exactly(keys), body)
        else:
            body = re.sub(rf"/\*{slot}\*/.*?/\*end\*/", _exactly(",\n    ".join(lines)), body, flags=re.DOTALL)
    return body


def _exactly(new: str) -> Callable[[re.Match[str]], str]:
    """A replacement in which no backslash has a meaning."""
    return lambda match: new


def read(reads: Mapping[str, Read], types: Mapping[str, str], blanks: str = "", table: str = "data") -> str:
    """The one SELECT list that holds a caller's words: their columns under our names.

    Numbers become DOUBLE and not-a-number becomes missing; stamps become whole microseconds
    since 1970; keys stay as they are. `blanks` stand before each line; a finished text is not indented again, because a
    column's name may hold a line break.

    >>> print(read({"by_1": Read("plan", "key"), "x0": Read("spend", "number")},
    ...            {"plan": "VARCHAR", "spend": "INTEGER"}))
    SELECT
        "plan" AS by_1,
        CAST("spend" AS DOUBLE) AS x0
    FROM data
    """
    picked = [f"{_expression(item, types)} AS {ours}" for ours, item in reads.items()]
    lines = f",\n{blanks}    ".join(picked or ["1 AS one"])
    return f"{blanks}SELECT\n{blanks}    {lines}\n{blanks}FROM {table}"


def _expression(item: Read, types: Mapping[str, str]) -> str:
    kind, name = _kind(item.column, types), quote(item.column)
    if item.kind == "number":
        if not kind.startswith(NUMBERS) or kind.endswith("]"):
            raise DataError("summaries.not_a_number", column=repr(item.column), type=kind)
        wide = name if kind.startswith("DOUBLE") else f"CAST({name} AS DOUBLE)"  # products of narrow numbers are coarse
        return f"nullif({wide}, CAST('NaN' AS DOUBLE))" if kind.startswith(FLOATS) else wide
    if item.kind == "stamp":
        return stamp(name, item.column, types)
    if kind.endswith("]") or kind.startswith(NESTED):
        raise DataError("summaries.nested", column=repr(item.column), type=kind)
    if kind == WRITTEN:
        return quote(written(item.column))
    if item.kind == "user" and kind.startswith(("VARCHAR", "ENUM")):
        return f"CASE WHEN trim(CAST({name} AS VARCHAR)) <> '' THEN {name} END"
    return f"nullif({name}, CAST('NaN' AS DOUBLE))" if kind.startswith(FLOATS) else name


def _kind(column: str, types: Mapping[str, str]) -> str:
    kind = types[column_of(column, types)]
    if kind.startswith(UNLIKE):
        raise DataError("summaries.unlike", column=repr(column), types=kind.removeprefix(UNLIKE))
    return kind.upper()


def stamp(expression: str, column: str, types: Mapping[str, str]) -> str:
    """SQL for whole microseconds since 1970, of an expression with the type of a column of stamps."""
    kind = _kind(column, types)
    if not kind.startswith(STAMPS) or kind.endswith("]"):
        raise DataError("summaries.not_a_stamp", column=repr(column), type=kind)
    return f"epoch_us({expression})" if kind.startswith("TIMESTAMP") else f"epoch_us(CAST({expression} AS TIMESTAMP))"


def indented(body: str) -> str:
    """The text four blanks further in, as the inside of a pair of brackets."""
    return "\n".join("    " + line if line else line for line in body.strip().split("\n"))
