"""Tables as files that can be sent: nothing in them runs, and what is hidden is not there.

A spreadsheet takes a text that begins with `=`, `+`, `-` or `@` for a formula (OWASP, CSV Injection). In CSV such a
text gets an apostrophe, which `read()` takes off again; in a workbook it is marked as text. Numbers stay numbers.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from engagelab.errors import DataError, UsageError, one_of
from engagelab.files import write_bytes
from engagelab.metrics.answer import NUMBERS, is_hidden
from engagelab.metrics.catalogue import units
from engagelab.workbook import COLUMNS, LETTERS, NAME, ROWS, Cell, Sheet, csv_file, workbook

ENDINGS = (".csv", ".xlsx", ".svg")
SHARES = (*NUMBERS[:4], "before", "after", "difference", "target")    # the columns that have their metric's unit
COUNTED = frozenset({*NUMBERS, "n", "n_missing"})
WHOLE = 2**53   # a spreadsheet holds no longer whole number
EXCEL = (pd.Timestamp("1900-03-01"), pd.Timestamp("9999-12-31"))
_ODD_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]|^'|'$|^$|^history$", re.IGNORECASE)
_WIDEST, _LOOKED_AT = 60, 200


def save(data: Any, path: str | Path) -> Path:
    """Write a table as a .csv or .xlsx file, or a KPI tree as an .svg picture, whole or not at all, and give its path.

    data : a DataFrame, whatever has a `.frame`, or a dict of them (a folder of exports, say): a sheet each;
        for a picture, a tree or what it explained.
    path : its ending says the format; a file that is there is replaced, its folder has to be there.

    The numbers of a row whose flag says that it is hidden are left out. Stamps with a zone are written in UTC by ISO
    8601, as `read()` takes them; a workbook shows a share in percent where the catalogue of metrics knows it as one.
    The index is written where it has a name. The same table gives the same bytes.

    Raises UsageError for an ending, a folder, a sheet's name or several tables that cannot be; DataError for an
    infinite number, and for what a sheet cannot hold.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "notes.csv"
    >>> print(save(pd.DataFrame({"note": ["=1+1", "fine"], "change": [-3, 4]}), place).read_text("utf-8-sig"))
    note,change
    '=1+1,-3
    fine,4
    <BLANKLINE>
    """
    path = Path(path)
    ending = one_of("path", path.suffix.lower(), ENDINGS)
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError("save.no_folder" if not path.is_dir() else "save.is_folder", path=str(path))
    if ending == ".svg":
        if not hasattr(data, "svg"):
            raise UsageError("save.no_picture", type=type(data).__name__)
        content = data.svg().encode()
    elif ending == ".csv":
        if isinstance(data, Mapping):
            raise UsageError("save.many_tables")
        columns = _columns(frame_of(data)).values()
        content = csv_file(zip(*([name, *cells] for name, cells in columns), strict=True))
    else:
        named = data if isinstance(data, Mapping) else {"Sheet1": data}
        _check_names(list(named))
        content = workbook([sheet_of(name, frame_of(each)) for name, each in named.items()])
    write_bytes(path, content)
    return path


def frame_of(data: Any) -> pd.DataFrame:
    """The table, its named index among its columns, without the numbers of hidden rows."""
    frame = data if isinstance(data, pd.DataFrame) else getattr(data, "frame", None)
    if not isinstance(frame, pd.DataFrame):
        raise UsageError("save.no_table", type=type(data).__name__)
    if isinstance(frame.index, pd.MultiIndex) or frame.index.name is not None:
        frame = frame.reset_index(allow_duplicates=True)
    frame = frame.set_axis([" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame],
                           axis="columns")
    secret = np.zeros(len(frame), bool)
    for name, column in frame.items():
        secret |= is_hidden(column).to_numpy() if name == "flag" else False
    if secret.any():
        frame = pd.concat([
            column.astype(object).mask(secret) if name in COUNTED or is_numeric_dtype(column) else column
            for name, column in frame.items()], axis="columns")
    return frame


def _columns(frame: pd.DataFrame) -> dict[int, tuple[str, list[object]]]:
    """Each column by its place: its name, and its cells as text, plain numbers, dates, or None."""
    return {place: (str(name), _cells(str(name), frame.iloc[:, place])) for place, name in enumerate(frame.columns)}


def _cells(name: str, column: pd.Series) -> list[object]:
    values = [None if gone else _plain(value) for value, gone in zip(column.astype(object), column.isna(), strict=True)]
    for row, value in enumerate(values, 1):
        if isinstance(value, float) and not math.isfinite(value):
            raise DataError("save.infinite", column=repr(name), row=row)
    return values


def _plain(value: Any) -> object:
    """A value as Python has it: a number, true or false, text, or a stamp or date without a zone."""
    if isinstance(value, datetime | np.datetime64):
        stamp = pd.Timestamp(value)
        return stamp if stamp.tzinfo is None else f"{stamp.tz_convert('UTC').tz_localize(None).isoformat()}Z"
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == int(value) else float(value)
    return value if isinstance(value, bool | int | float | date) else str(value)


def _check_names(names: list[str]) -> None:
    for name in names:
        if not isinstance(name, str) or len(name) > NAME or _ODD_NAME.search(name):
            raise UsageError("save.sheet_name", name=repr(name), most=NAME)
        if [other.casefold() for other in names].count(name.casefold()) > 1:
            raise UsageError("save.sheet_twice", name=repr(name))
    if not names:
        raise UsageError("save.no_table", type="dict")


def sheet_of(name: str, frame: pd.DataFrame, percent: Mapping[str, Sequence[bool]] | None = None) -> Sheet:
    """The frame as a sheet.

    Parameters: `percent`, which cells of a column are shares, where more is known than the catalogue of metrics says.
    """
    if len(frame) >= ROWS or len(frame.columns) > COLUMNS:
        raise DataError("save.too_large", sheet=repr(name), rows=len(frame), columns=len(frame.columns), most=ROWS - 1)
    columns = _columns(frame)
    known = units()
    share = [known.get(str(metric)) == "share" for metric in frame.get("metric", pd.Series([""] * len(frame)))]
    made = []
    for title, cells in columns.values():
        told = (percent or {}).get(title, share if title in SHARES else [False] * len(cells))
        made.append([_excel(name, title, row, value, shown)
                     for row, (value, shown) in enumerate(zip(cells, told, strict=True), 1)])
    heads: list[object] = [Cell(title, "head") for title, _ in columns.values()]
    widths = [min(max(map(width_of, (title, *cells[:_LOOKED_AT]))) + 2, _WIDEST) for title, cells in columns.values()]
    return Sheet(name, [heads, *zip(*made, strict=True)], widths, [""] * len(widths))


def _excel(sheet: str, column: str, row: int, value: object, share: bool) -> object:
    """A value as a workbook can hold it."""
    if isinstance(value, str) and len(value) > LETTERS:
        raise DataError("save.long_text", sheet=repr(sheet), column=repr(column), row=row, n=len(value), most=LETTERS)
    if isinstance(value, int) and abs(value) > WHOLE:
        return Cell(str(value), "text")
    if isinstance(value, float) and share:
        return Cell(value, "percent")
    if isinstance(value, date):
        stamp = pd.Timestamp(value)
        style = "date" if stamp == stamp.normalize() else "stamp"
        return Cell(stamp.to_datetime64(), style) if EXCEL[0] <= stamp <= EXCEL[1] else value.isoformat()
    return value


def width_of(value: object) -> int:
    """How wide a value stands, in letters; a Japanese one is two wide."""
    text = "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
    return max((sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in line)
                for line in text.splitlines()), default=0)
