"""The file of the register: rows are added at its end, and no byte of those that are there is changed.

Every row has `name version step on why`; a plan has the columns of `PLAN` beside them, a result those of `RESULT`.
Lists stand in one cell, parted by a stroke. The columns may stand in any order and have others among them.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.errors import SourceError, UsageError
from engagelab.files import write_bytes
from engagelab.metrics.nouns import BETTER
from engagelab.sources.values import unmarked
from engagelab.workbook import LETTERS, csv_file

PARTS, SHARE = " | ", " = "
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_KINDS = {"text": "name step why owner hypothesis metric primary better control correct spending stop arm verdict unit "
                  "method departures decision lesson",
          "date": "on", "list": "guardrails arms checks", "whole": "version n weeks n_control n_arm",
          "number": "margin baseline effect power confidence value_control value_arm difference low high p "
                    "low_adjusted high_adjusted p_adjusted", "numbers": "looks", "shares": "split", "flag": "peek"}
KIND = {name: kind for kind, names in _KINDS.items() for name in names.split()}
HEAD = ("name", "version", "step", "on", "why")
PLAN = ("owner", "hypothesis", "metric", "primary", "guardrails", "better", "margin", "arms", "control", "split",
        "unit", "baseline", "effect", "n", "power", "weeks", "confidence", "correct", "looks", "spending", "peek",
        "stop")
RESULT = ("arm", "value_control", "value_arm", "difference", "low", "high", "p", "low_adjusted", "high_adjusted",
          "p_adjusted", "verdict", "n_control", "n_arm", "method", "checks", "departures", "decision", "lesson")
COLUMNS = (*HEAD, *PLAN, *RESULT)
DECISIONS = ("adopt", "adapt", "stop", "repeat")
ALLOWED = {"step": ("plan", "result"), "better": BETTER, "decision": DECISIONS}
# Without these a row says nothing.
NEEDED = {"plan": ("hypothesis", "metric", "primary", "better", "arms", "control", "stop"),
          "result": ("metric", "arm", "control", "decision", "lesson")}
Row = dict[str, Any]


def day(value: object) -> date:
    """A day from a date, a stamp or a text such as 2025-11-20; ValueError where it is none.

    >>> day("2025/1/9"), day(pd.Timestamp("2025-01-09 13:00"))
    (datetime.date(2025, 1, 9), datetime.date(2025, 1, 9))
    """
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    if found:
        return date(*map(int, found.groups()))
    if not isinstance(value, date) or pd.isna(value):
        raise ValueError(value)
    return date(value.year, value.month, value.day)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(PARTS.strip()))


def _shares(text: str) -> dict[str, float]:
    parts = [part.rpartition(SHARE.strip()) for part in _split(text)]
    return {name.strip(): float(share) for name, _, share in parts}


READ: dict[str, Callable[[str], Any]] = {
    "text": str, "date": day, "list": _split, "whole": int, "number": float, "shares": _shares,
    "numbers": lambda text: tuple(map(float, _split(text))), "flag": lambda text: {"true": True}[text.lower()]}


def cell(value: Any) -> object:
    """A value as the file has it.

    >>> cell(("holdout", "coupon")), cell({"holdout": .1, "coupon": .9}), cell(1200)
    ('holdout | coupon', 'holdout = 0.1 | coupon = 0.9', 1200)
    """
    if isinstance(value, Mapping):
        return PARTS.join(f"{name}{SHARE}{share!r}" for name, share in value.items())
    if isinstance(value, tuple):
        return PARTS.join(map(str, value)) or None
    return value or None if isinstance(value, str | bool) else value


def checked(name: str, value: Any) -> Any:
    """The value, if the file can hold it in that column and give it back; UsageError where it cannot."""
    written = cell(value)
    text = "" if written is None else str(written)
    try:
        kept = READ[KIND[name]](text) if text else None
        if len(text) <= LETTERS and (not text or kept == value):
            return kept
    except (ValueError, KeyError):
        pass
    raise UsageError("register.value", name=name, value=repr(value)[:200], most=LETTERS)


def read(path: Path) -> tuple[str, list[str], list[Row]]:
    """The text of the file, its columns, and its rows in their order; all empty where there is no file.

    Raises SourceError for a file that cannot be read or is damaged, with its line, column and value.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return "", list(COLUMNS), []
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError("register.unreadable", file=path.name) from error
    cells = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[Row] = []
    try:
        columns = next(cells, [])
        for name in COLUMNS:
            if columns.count(name) != 1:
                raise SourceError("register.column", file=path.name, column=repr(name), n=columns.count(name))
        for texts in cells:
            if any(texts):
                rows.append(_row(path, cells.line_num, columns, texts))
    except csv.Error as error:
        raise SourceError("register.unreadable", file=path.name) from error
    _whole(path, rows)
    return text, columns, rows


def _row(path: Path, line: int, columns: list[str], texts: list[str]) -> Row:
    """A line as values; a spreadsheet leaves out empty cells at the end of a line."""
    if any(texts[len(columns):]):
        raise SourceError("register.long", file=path.name, line=line, n=len(texts), columns=len(columns))
    given = dict(zip(columns, unmarked(pd.Series(texts, dtype=object)), strict=False))
    row: Row = {"line": line}
    for name in COLUMNS:
        text = given.get(name, "").strip()
        try:
            row[name] = READ[KIND[name]](text) if text else None
        except (ValueError, KeyError):
            raise _wrong(path, line, name, text) from None
        if row[name] is not None and row[name] not in ALLOWED.get(name, (row[name],)):
            raise _wrong(path, line, name, text)
    for name in ("name", "version", "step", "on"):
        if row[name] is None:
            raise _wrong(path, line, name, "")
    for name in NEEDED[row["step"]]:
        if row[name] is None:
            raise _wrong(path, line, name, "")
    return row


def _whole(path: Path, rows: list[Row]) -> None:
    """Refuse rows of which some were taken out or doubled by hand: versions count from 1."""
    known = {(row["name"], row["step"], row["version"]) for row in rows}
    seen: set[tuple] = set()
    for row in rows:
        what = (row["metric"], row["arm"]) if row["step"] == "result" else ()
        key, before = (row["name"], row["step"], row["version"], *what), (row["name"], row["step"], row["version"] - 1)
        if key in seen or (row["version"] > 1 and before not in known) or (row["name"], "plan", 1) not in known:
            raise SourceError("register.versions", file=path.name, line=row["line"], name=repr(row["name"]),
                              step=words.text(f"register.step_{row['step']}"), version=row["version"])
        seen.add(key)


def _wrong(path: Path, line: int, column: str, value: str) -> SourceError:
    kind = words.text(f"register.kind_{KIND[column]}") if column not in ALLOWED else words.text(
        "register.kind_one", allowed=words.joined(map(repr, ALLOWED[column])))
    return SourceError("register.cell", file=path.name, line=line, column=repr(column), value=repr(value), kind=kind)


@contextmanager
def adding(path: Path) -> Iterator[tuple[list[Row], list[Row]]]:
    """The rows of the file, and a list: what is put into it inside is added to the file, whole or not at all.

    Nobody else adds meanwhile. Raises SourceError where somebody does, or where the file cannot be written.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        raise SourceError("register.busy", file=path.name, lock=lock.name) from None
    except OSError as error:
        raise SourceError("register.locked", file=path.name) from error
    try:
        text, columns, rows = read(path)
        new: list[Row] = []
        yield rows, new
        lines = csv_file([*([] if text else [columns]), *([cell(row.get(name)) for name in columns] for row in new)])
        end = "" if not text or text.endswith("\n") else "\n"
        try:
            write_bytes(path.resolve(), f"{text}{end}".encode() + (lines if not text else lines[3:]))
        except OSError as error:
            raise SourceError("register.locked", file=path.name) from error
    finally:
        lock.unlink(missing_ok=True)
