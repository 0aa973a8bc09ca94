"""Rows that come as records of named values: newline-delimited JSON and Parquet.

A record may lack any name; what is nested in it stays JSON text in its cell, and `nested.py` takes
it apart. One record is in memory at a time, its values by column: a file of many small records
takes no more than a few times its size.
"""

import glob
import json
import re
from array import array
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from engagelab.errors import SourceError
from engagelab.sources.rows import HEAD, Rows

PARQUET = b"PAR1"
_RECORD = re.compile(rb"\s*\{\s*[\"}]")
_LONGEST = 1 << 22              # bytes of one record; an event of Google Analytics has some thousand
SPARSE = 1 << 20               # cells that a file may have whatever its size
_FETCHED = 10_000
_NESTED = re.compile(r"(STRUCT|MAP|UNION)\(|\[\d*\]$")


class Columns(Rows):
    """Rows kept column by column, all as text; `names` gives the place of each."""

    def __init__(self, file: str, size: int):
        self.names: dict[str, int] = {}
        self._file, self._most = file, max(size, SPARSE)
        self._cells: list[list[str | None]] = []
        self._lines = array("q")
        self.n = 0

    def add(self, line: int, record: dict[str, str | None]) -> None:
        """One more row."""
        for name, cell in record.items():
            cells = self._cells[self._place(name)]
            if cell is None or cell == "":
                continue
            cells.extend([None] * (self.n - len(cells)))
            cells.append(cell)
        self.n += 1
        self._lines.append(line)
        if self.n * len(self.names) > self._most:
            raise SourceError("sources.sparse_records", file=self._file, line=line, columns=len(self.names))

    def _place(self, name: str) -> int:
        if name not in self.names:
            self.names[name] = len(self._cells)
            self._cells.append([])
        return self.names[name]

    @property
    def lines(self) -> np.ndarray:      # type: ignore[override]
        """The line of the file on which each row begins."""
        return np.array(self._lines, dtype=np.int64)

    @property
    def widths(self) -> np.ndarray:     # type: ignore[override]
        """Every row has all names."""
        return np.full(self.n, len(self.names))

    def columns(self, text: list[int], numbers: list[int]) -> dict[int, pd.Series]:
        """Columns by place, all as text."""
        return {place: pd.Series(self._cells[place] + [None] * (self.n - len(self._cells[place])), dtype=object)
                for place in [*text, *numbers]}

    def filled(self, places: np.ndarray) -> np.ndarray:
        """There are no rows of another width."""
        return np.zeros(len(places), int)

    def head(self) -> list[tuple[int, list[str]]]:
        """The names and the first rows, as the start of a table."""
        top = [[cells[row] or "" if row < len(cells) else "" for cells in self._cells]
               for row in range(min(self.n, HEAD - 1))]
        return [(1, list(self.names)), *zip(self._lines[:HEAD - 1], top, strict=True)]


def are_lines(data: bytes) -> bool:
    """Whether a text is made of JSON records, judged by its beginning."""
    return _RECORD.match(data[:200]) is not None


def lines(data: bytes, file: str) -> Columns:
    """Newline-delimited JSON, a record a line.

    >>> lines(b'{"a": 1, "b": {"c": true}}\\n{"a": "x"}\\n', "events.json").columns([0, 1], [])[0].tolist()
    ['1', 'x']

    Raises SourceError, with its line, for a line that is no JSON record.
    """
    rows = Columns(file, len(data))
    for number, line in enumerate(BytesIO(data), 1):
        if line.strip():
            rows.add(number, {text(name) or "?": text(value) for name, value in _record(line, number, file).items()})
    return rows


def _record(line: bytes, number: int, file: str) -> dict[str, object]:
    if len(line) > _LONGEST:
        raise SourceError("sources.long_record", file=file, line=number)
    try:
        found = parsed(line.decode("utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SourceError("sources.no_record", file=file, line=number)
    return found


def parsed(cell: str) -> object:
    """JSON with its numbers as they are written: an id of 19 digits stays what it is.

    >>> parsed('{"id": 1900000000000000001}')
    {'id': '1900000000000000001'}
    """
    try:
        return json.loads(cell, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        raise ValueError from None


def text(value: object) -> str | None:
    """A value as a cell: text as it is, true and false in words, what is nested as JSON."""
    if value is None:
        return None
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # half a letter, written \\ud83d, is no text that could be kept
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def parquet(path: Path, file: str, size: int) -> Columns:
    """A Parquet file, its rows numbered from 1.

    Raises SourceError for what is no Parquet, or holds more than memory does.
    """
    import duckdb

    rows = Columns(file, size * 100)    # compressed: what repeats takes next to no room
    try:
        with duckdb.connect(config={"threads": 1, "memory_limit": "1GB", "autoinstall_known_extensions": False}) as db:
            where = [glob.escape(str(path))]
            found = db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [where]).fetchall()
            cells = [_cell(_quoted(name), kind) for name, kind, *_ in found]
            db.execute(f"SELECT {', '.join(cells)} FROM read_parquet(?)", [where])
            names = [name for name, *_ in found]
            while chunk := db.fetchmany(_FETCHED):
                for record in chunk:
                    rows.add(rows.n + 1, dict(zip(names, record, strict=True)))
    except duckdb.Error as error:
        raise SourceError("sources.bad_parquet", file=file, problem=str(error).splitlines()[0][:100]) from None
    return rows


def different(names: list[str]) -> list[str]:
    """Column names, the second of the same name with its number.

    >>> different(["Views", "Users", "Views"])
    ['Views', 'Users', 'Views (2)']
    """
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def _cell(column: str, kind: str) -> str:
    """A column as text: what is nested as JSON, a stamp with its zone in UTC, free of the zone of this machine."""
    if _NESTED.search(kind):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST(make_timestamp(epoch_us({column})) AS VARCHAR) || 'Z'"
    return f"CAST({f'CAST({column} AS TIMESTAMP)' if kind.startswith('TIMESTAMP') else column} AS VARCHAR)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
