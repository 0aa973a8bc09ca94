"""The file of the register: rows are added at its end, and no byte of those that are there is changed.

Every row has the columns of `HEAD`; a plan has those of `PLAN` beside them, a result those of `RESULT`. Lists stand in
one cell, as JSON.
"""

import csv
import io
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.errors import SourceError, UsageError, one_of
from engagelab.files import write_bytes
from engagelab.metrics.nouns import BETTER
from engagelab.sources.values import unmarked
from engagelab.workbook import csv_file

Row = dict[str, Any]
PATIENCE = 10   # seconds that a writer waits for another
_DAY = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)([T ].*)?")


def day(value: object) -> date:
    """A day from a date, a stamp or a text such as 2025-11-20; ValueError where it is none.

    >>> day("2025/1/9"), day(pd.Timestamp("2025-01-09 13:00"))
    (datetime.date(2025, 1, 9), datetime.date(2025, 1, 9))
    """
    found = _DAY.fullmatch(str(value))
    if not found:
        raise ValueError(value)
    return date(*map(int, found.groups()[:3]))


def _told_as(kind: type) -> Callable[[str], Any]:
    """A reader of cells that hold this kind of JSON."""
    def reader(text: str) -> Any:
        found = json.loads(text.lower() if kind is bool else text)
        if not isinstance(found, kind):
            raise ValueError(text)
        return found
    return reader


# The columns, and how each is read.
HEAD: dict[str, Callable[[str], Any]] = {"name": str, "version": int, "step": str, "on": day, "why": str}
PLAN: dict[str, Callable[[str], Any]] = {
    "hypothesis": str, "metric": str, "primary": str, "guardrails": _told_as(list), "better": str, "margin": float,
    "arms": _told_as(list), "control": str, "split": _told_as(dict), "unit": str, "effect": float, "n": int,
    "power": float, "confidence": float, "correct": str, "share": float, "looks": _told_as(list), "spending": str,
    "peek": _told_as(bool), "stop": str}
RESULT: dict[str, Callable[[str], Any]] = {
    "arm": str, "value_control": float, "value_arm": float, "difference": float, "low": float, "high": float,
    "p": float, "low_adjusted": float, "high_adjusted": float, "p_adjusted": float, "verdict": str, "n_control": float,
    "n_arm": float, "method": str, "departures": str, "decision": str, "lesson": str}
COLUMNS = HEAD | PLAN | RESULT
# What each step has to tell.
_PLANNED = ("name", "version", "on", "hypothesis", "metric", "better", "arms", "control", "stop")
NEEDED = {"plan": _PLANNED, "amend": (*_PLANNED, "why"),
          "result": ("name", "version", "on", "metric", "arm", "control", "decision", "lesson")}


def cell(value: Any) -> object:
    """A value as the file has it.

    >>> cell(["holdout", "coupon"]), cell({"holdout": .1, "coupon": .9}), cell(1200), cell([])
    ('["holdout", "coupon"]', '{"holdout": 0.1, "coupon": 0.9}', 1200, '')
    """
    if isinstance(value, list | tuple | dict | bool):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return "" if value is None else value


def read(path: Path) -> tuple[str, list[Row]]:
    """The text of the file, and its rows in their order; none where there is no file yet.

    Raises SourceError for a file that cannot be read or is damaged, with its line, column and value.
    """
    rows: list[Row] = []
    line = 1
    try:
        text = (path.read_bytes() if path.exists() else csv_file([list(COLUMNS)])).decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        if next(lines, None) != list(COLUMNS):
            raise SourceError("register.columns", file=path.name, columns=",".join(COLUMNS))
        line = 2   # where a row begins that may have several
        for texts in lines:
            if any(map(str.strip, texts)):   # a line without anything is none
                _put(rows, unmarked(pd.Series(texts, dtype=object)))
            line = lines.line_num + 1
    except (UsageError, csv.Error) as error:
        said = error if isinstance(error, UsageError) else words.text("register.quotes")
        raise SourceError("register.line", file=path.name, line=line, said=said) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError("register.unreadable", file=path.name) from error
    return text, rows


def _put(rows: list[Row], texts: Iterable[str]) -> Row:
    """Put a line as values to the rows before it; UsageError for one that cannot be, or cannot follow these."""
    row: Row = {}
    for name, text in zip_longest(COLUMNS, map(str.strip, texts), fillvalue=""):
        try:
            row[name] = COLUMNS[name](text) if text else None
        except (KeyError, ValueError, TypeError):
            raise UsageError("register.value", name=repr(name), value=repr(text)) from None
    for name in NEEDED[one_of("step", row["step"], NEEDED)]:
        if row[name] is None:
            raise UsageError("register.empty_cell", name=name)
    one_of("better", row["better"] or BETTER[0], BETTER)
    own = [other for other in rows if other["name"] == row["name"]]
    plans = sum(other["step"] != "result" for other in own)
    if row["version"] != plans + (row["step"] != "result") or not row["version"]:
        raise UsageError("register.versions", name=repr(row["name"]))
    if own and row["on"] < own[-1]["on"]:
        raise UsageError("register.before", value=row["on"], first=own[-1]["on"])
    rows.append(row)
    return row


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else writes meanwhile: a file beside the register, which only one can make, says so on any system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, until = path.with_name(f"{path.name}.lock"), time.monotonic() + PATIENCE
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except (FileExistsError, PermissionError) as error:   # Windows refuses while another takes its own away
            if time.monotonic() > until:
                raise SourceError("register.locked", file=path.name, lock=lock.name) from error
            time.sleep(.02)
    try:
        yield
    finally:
        lock.unlink()


def add(path: Path, told: list[Row]) -> None:
    """Put rows at the end of the file as it stands now, all or none; UsageError for one that cannot be."""
    with _alone(path):
        text, rows = read(path)
        made = [_put(rows, [str(cell(row.get(name))) for name in COLUMNS]) for row in told]
        gap = "" if text.endswith("\n") else "\n"
        lines = csv_file([[cell(value) for value in row.values()] for row in made])
        write_bytes(path, f"\ufeff{text}{gap}".encode() + lines[3:])
