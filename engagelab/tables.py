"""The canonical tables: what every room below may rely on.

`tables.csv` declares each column once: its kind (which fixes the dtype), its role (key, time,
user, person: another person's id), whether it names a person, whether a row is worth nothing without it, its range.
"""

import csv
import functools
from dataclasses import dataclass
from importlib.resources import files

import pandas as pd

from engagelab import words
from engagelab.errors import one_of

# Missing values must survive in every kind, so integers and flags are the nullable ones.
DTYPES = {
    "id": "str", "text": "str", "category": "str", "integer": "Int64", "number": "float64",
    "amount": "float64", "rate": "float64", "flag": "boolean", "time": "datetime64[us, UTC]",
}
# How a template marks its example rows, and parts our name of a column from its heading in another language.
EXAMPLE, HEADING = "EXAMPLE 記入例", " / "


@dataclass(frozen=True)
class Column:
    """One column of a canonical table."""

    name: str
    kind: str
    role: str = ""
    personal: bool = False
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    meaning: str = ""

    @property
    def dtype(self) -> str:
        """The pandas dtype of its kind."""
        return DTYPES[self.kind]


@dataclass(frozen=True)
class Table:
    """One canonical table: `.columns` by name, `.key`, `.time`, `.user`, `.personal`."""

    name: str
    columns: dict[str, Column]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that together name a row."""
        return tuple(name for name, column in self.columns.items() if "key" in column.role.split())

    @property
    def time(self) -> str | None:
        """The column that says when a row happened."""
        return next((name for name, column in self.columns.items() if "time" in column.role.split()), None)

    @property
    def user(self) -> str | None:
        """The column that names the person, if the table has one."""
        return "user_id" if "user_id" in self.columns else None

    @property
    def people(self) -> tuple[str, ...]:
        """The columns that hold the id of a person: `user_id`, and those of others beside it.

        >>> table("referrals").people
        ('user_id', 'referred_id')
        """
        return tuple(name for name, column in self.columns.items()
                     if name == self.user or ("person" in column.role.split() and column.kind == "id"))

    @property
    def personal(self) -> tuple[str, ...]:
        """The columns that name a person."""
        return tuple(name for name, column in self.columns.items() if column.personal)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which a row is worth nothing."""
        return tuple(name for name, column in self.columns.items() if column.required)

    @property
    def marked(self) -> str:
        """The column in which a template marks its example rows: the first that names something in free words."""
        return next(name for name, column in self.columns.items() if column.kind in ("id", "category", "text")
                    and (column.role or column.required) and not column.allowed)


@functools.cache
def tables() -> dict[str, Table]:
    """All canonical tables by name.

    >>> tables()["orders"].key, tables()["orders"].time
    (('order_id',), 'ordered_at')
    """
    found: dict[str, dict[str, Column]] = {}
    text = files(__package__).joinpath("tables.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["table"], {})[row["column"]] = Column(
            name=row["column"], kind=row["kind"], role=row["role"],
            personal=row["personal"] == "yes", required=row["required"] == "yes",
            minimum=float(row["minimum"]) if row["minimum"] else None,
            maximum=float(row["maximum"]) if row["maximum"] else None,
            allowed=tuple(row["allowed"].split("|")) if row["allowed"] else (), meaning=row["meaning"])
    return {name: Table(name, columns) for name, columns in found.items()}


def table(name: str) -> Table:
    """One canonical table.

    >>> table("order")
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: table must be one of 'customers', 'orders', ...; did you mean 'orders'?
    """
    return tables()[one_of("table", name, tables())]


def said(one: str, column: str, language: str) -> tuple[str, str]:
    """The heading of a column and what it means, in a language.

    >>> said("costs", "amount", "ja")
    ('金額', '支出額')
    """
    own = f"column.{one}.{column}"
    heading, meaning = words.catalogue()[own if words.has(own) else f"column.{column}"][language].split("|")
    return heading, meaning


def typed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frame with the declared dtypes, declared columns first and in their order.

    Columns that the table does not declare keep their place behind, as they are.
    """
    declared = table(name).columns
    ours = [column for column in declared if column in frame.columns]
    others = [column for column in frame.columns if column not in declared]
    return frame[ours + others].astype({column: declared[column].dtype for column in ours})


def complete(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frame with every declared column that names no person; those that it lacked hold nothing.

    >>> complete(pd.DataFrame({"metric": ["nps"], "target": [25.0]}), "targets")["source"].isna().tolist()
    [True]
    """
    lacking = {column.name: pd.Series(None, index=frame.index, dtype=column.dtype)
               for column in table(name).columns.values() if column.name not in frame and not column.personal}
    return typed(frame.assign(**lacking), name)
