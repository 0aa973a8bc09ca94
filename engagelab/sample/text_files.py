"""Tables as text of which every byte is chosen: no float's last digit, no locale, no line ending of the machine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.tables import table as declared

RATE_DIGITS = 4


@dataclass(frozen=True)
class Written:
    """One file to be: its bytes, and how many rows of data it holds (None for what is no table)."""

    content: bytes
    rows: int | None = None


def csv_file(frame: pd.DataFrame, *, encoding: str = "utf-8", bom: bool = False, newline: str = "\n",
             quote_all: bool = False, above: str = "") -> Written:
    """A frame of words and whole numbers as a CSV file; `above` stands before the header."""
    text = above + frame.to_csv(index=False, lineterminator=newline, quoting=1 if quote_all else 0, na_rep="")
    mark = "\ufeff" if bom else ""
    return Written((mark + text).encode(encoding), len(frame))


def canonical_file(frame: pd.DataFrame, table: str) -> Written:
    """A canonical table under our own headers."""
    columns = declared(table).columns
    return csv_file(pd.DataFrame({name: cells(frame[name], columns[name].kind) for name in frame.columns}))


def cells(column: pd.Series, kind: str) -> pd.Series:
    """One column as it is written: whole amounts without a point, flags as 1 and 0, stamps in UTC.

    >>> cells(pd.Series([1980.0, None]), "amount").tolist()
    ['1980', '']
    >>> cells(pd.Series(pd.to_datetime(["2026-09-30 14:59"])), "time").tolist()
    ['2026-09-30T14:59:00Z']
    """
    if kind == "time":
        stamps = column.dt.tz_localize(None) if column.dt.tz is not None else column
        text = np.datetime_as_string(stamps.to_numpy().astype("datetime64[s]")).astype(object) + "Z"
        return pd.Series(np.where(column.isna(), "", text), index=column.index)
    if kind == "flag":
        return column.astype("Int64")
    if kind in ("amount", "number"):
        return whole(column)
    if kind == "rate":
        return pd.Series([f"{value:.{RATE_DIGITS}f}" if value == value else "" for value in column.tolist()],
                         index=column.index, dtype="object")
    return column


def whole(column: pd.Series) -> pd.Series:
    """Whole numbers without a point, others as they are; nothing where missing."""
    known = column.dropna()
    text = [str(int(value)) if value == int(value) else repr(float(value)) for value in known.tolist()]
    return pd.Series(text, index=known.index, dtype="object").reindex(column.index, fill_value="")


def json_file(content: Mapping[str, object]) -> Written:
    """A JSON file for people: indented, in its own order, Japanese as it is."""
    return Written((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode("utf-8"))


def text_file(text: str) -> Written:
    """A text file."""
    return Written(text.encode("utf-8"))
