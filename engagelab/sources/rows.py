"""Text to rows, with the line of the file on which each begins.

Two ways to the same answer. A regular file (every quote where RFC 4180 has it, every row as wide
as the header) is scanned once with numpy and then read by pandas, only the columns that are asked
for. Any other file goes through Python's csv module row by row, which tells short and long rows
and an unterminated quote with their lines. Excel workbooks come the second way.
"""

import contextlib
import csv
import datetime
import io
import itertools
import re
import warnings
import zipfile
from abc import ABC, abstractmethod
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from engagelab.errors import SourceError

DELIMITERS = (",", "\t", ";")
HEAD = 40                       # rows in which a header may stand
_LARGE, _PACKED = 1 << 26, 100   # a workbook unpacks to some 20 times its size; one that was made to harm, to 1,000
_CHUNK = 1 << 19                # what a processor's own memory holds
_SHORTEST = 10                  # bytes a row: below it the scan's own tables would be larger than the text
_SCIENTIFIC = re.compile(rb'(?:^|[,;\t\n"])\s*[-+]?\d+(?:\.\d*)?[eE][-+]?\d+\s*(?=[,;\t\r\n"]|$)')


@dataclass(frozen=True)
class Head:
    """The first rows of a file: `(line, cells)` each, and how cells are parted."""

    rows: list[tuple[int, list[str]]]
    delimiter: str


class Rows(ABC):
    """The rows below the header: `n`, `lines`, `widths`, and columns by their place."""

    n: int
    lines: np.ndarray
    widths: np.ndarray
    entities = True             # whether a cell may hold `&amp;` or its like
    guarded = True              # whether a cell may begin with the apostrophe by which `save` guards a text
    aside: tuple[tuple[str, np.ndarray], ...] = ()              # why rows are known to be no data, and their places
    dimensions: frozenset[str] = frozenset()        # columns that are told in one of ours
    pivoted: frozenset[str] = frozenset()           # and those whose names are values, such as mobile

    @abstractmethod
    def columns(self, text: list[int], numbers: list[int]) -> dict[int, pd.Series]:
        """Columns by place: text as it stands (missing where empty), numbers read where they are plain."""

    @abstractmethod
    def filled(self, places: np.ndarray) -> np.ndarray:
        """How many cells of each of these rows, none of them as wide as the header, hold anything."""

    def release(self) -> None:  # noqa: B027 - rows in memory have no text to let go of
        """Let go of the text, whose columns are read."""


class Listed(Rows):
    """Rows in memory, cell by cell."""

    def __init__(self, rows: list[list[str]], lines: list[int]):
        self.rows, self.n = rows, len(rows)
        self.lines = np.array(lines, dtype=np.int64)
        self.widths = np.array([len(row) for row in rows], dtype=np.int64)

    def columns(self, text: list[int], numbers: list[int]) -> dict[int, pd.Series]:
        """Columns by place, all as text."""
        return {place: pd.Series([row[place] if place < len(row) and row[place] != "" else None for row in self.rows],
                                 dtype=object) for place in [*text, *numbers]}

    def filled(self, places: np.ndarray) -> np.ndarray:
        """Counted in the rows themselves."""
        return np.array([sum(1 for cell in self.rows[place] if cell.strip()) for place in places.tolist()], int)


class Scanned(Rows):
    """Rows of a regular file: kept as bytes, read by pandas when asked."""

    def __init__(self, data: bytes, start: int, lines: np.ndarray, width: int, delimiter: str):
        self.n, self.lines, self.width, self.delimiter = len(lines), lines, width, delimiter
        self.widths = np.full(self.n, width, dtype=np.int32)
        self.counts = self.widths
        self._data, self._start = data, start
        self._scientific = _scientific(data)
        self.entities = b"&" in data
        self.guarded = data[:1] == b"'" or (
            b"'" in data and any(bytes([before]) + b"'" in data for before in b"\n\t,;\""))

    def columns(self, text: list[int], numbers: list[int]) -> dict[int, pd.Series]:
        """Columns by place; a column of numbers that holds anything else comes as text."""
        if self._scientific:        # 1.22E+05 may have lost digits: it must not pass for a plain number
            text, numbers = [*text, *numbers], []
        found = self._read(text, numbers)
        mixed = [place for place in numbers if found[place].dtype.kind not in "if"]
        return found | (self._read(mixed, []) if mixed else {})

    def filled(self, places: np.ndarray) -> np.ndarray:
        """Counted when the text was made regular; a regular file has no such rows."""
        return self.counts[places]

    def release(self) -> None:
        """Let go of the text."""
        self._data = b""

    def _read(self, text: list[int], numbers: list[int]) -> dict[int, pd.Series]:
        wanted = sorted({*text, *numbers})
        if not wanted or not self.n:
            return {place: pd.Series([], dtype=object) for place in wanted}
        body = io.BytesIO(self._data)
        body.seek(self._start)
        with warnings.catch_warnings():
            # a column of several types comes as objects, and is then asked for as text
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)
            frame = pd.read_csv(
                body, sep=self.delimiter, header=None, names=list(range(self.width)),
                usecols=wanted, dtype={place: object for place in text}, keep_default_na=False, na_values=[""],
                skip_blank_lines=False, nrows=self.n, engine="c")
        return {place: frame[place] for place in wanted}


def head(data: bytes) -> Head:
    """The first rows, under the delimiter that makes the largest table of them."""
    start = data[:1 << 18]
    text = start.decode("utf-8", "ignore")
    tried = []
    with _any_length(len(text)):
        for delimiter in DELIMITERS:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            rows, line = [], 1
            for cells in reader:
                rows.append((line, cells))
                line = reader.line_num + 1
                if len(rows) == HEAD:
                    break
            tried.append(Head(rows, delimiter))
    return max(tried, key=_table_size)


@contextlib.contextmanager
def _any_length(letters: int) -> Iterator[None]:
    """Let the csv module read a cell as long as the file; it stops at 131,072 letters by itself."""
    before = csv.field_size_limit(max(letters, 131_072))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _table_size(head: Head) -> int:
    """How many cells stand in rows of one width: prose and JSON have commas too, but not as many in each row."""
    widths = Counter(len(cells) for _, cells in head.rows if len(cells) > 1)
    return max((width * n for width, n in widths.items()), default=0)


def body(data: bytes, first: int, width: int, delimiter: str, file: str) -> Rows:
    """The rows from place `first` on (blank lines counted as places), each as wide as the header or told."""
    scan = _scan(data, delimiter)
    if scan is not None:
        starts, lines, widths = scan
        if first <= len(starts) and (widths[first:] == width).all():
            begin = int(starts[first]) if first < len(starts) else len(data)
            return Scanned(data, begin, lines[first:], width, delimiter)
    return _careful(data, first, width, delimiter, file)


def _careful(data: bytes, first: int, width: int, delimiter: str, file: str) -> Scanned:
    """Row by row through the csv module into a regular text, which is then read like any other."""
    regular = Regular(width)
    for place, (line, cells) in enumerate(each(data, delimiter, file)):
        if place >= first and cells:
            cells = _trimmed(cells, width)
            regular.add(line, (cells + [""] * (width - len(cells)))[:width], len(cells),
                        0 if len(cells) == width else sum(1 for cell in cells if cell.strip()))
    return regular.rows()


class Regular:
    """Rows written down one after the other, to be read like those of a regular file."""

    def __init__(self, width: int):
        self._width, self._bytes = width, io.BytesIO()
        self._out = _text(self._bytes)
        self._writer = csv.writer(self._out, lineterminator="\n")
        self._quoting = csv.writer(self._out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        self._lines, self._widths, self._filled = array("q"), array("i"), array("i")

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: int, cells: list[str], width: int, filled: int) -> None:
        """A row as wide as all; in the file it had `width` cells, `filled` of which held anything."""
        # a carriage return in a cell ends a row for pandas, and older Pythons do not quote it by themselves
        (self._quoting if "\r" in "".join(cells) else self._writer).writerow(cells)
        self._lines.append(line)
        self._widths.append(width)
        self._filled.append(filled)

    def rows(self) -> Scanned:
        """All of them."""
        self._out.flush()
        rows = Scanned(self._bytes.getvalue(), 0, np.array(self._lines), self._width, ",")
        rows.widths, rows.counts = np.array(self._widths), np.array(self._filled)
        return rows


def each(data: bytes, delimiter: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with the line on which it begins, blank ones too."""
    reader = csv.reader(_text(io.BytesIO(data)), delimiter=delimiter, strict=True)
    line = 1
    try:
        with _any_length(len(data)):
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
    except csv.Error as error:
        key = "sources.open_quote" if "unexpected end" in str(error) else "sources.stray_quote"
        raise SourceError(key, file=file, line=line) from None


def _text(content: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(content, "utf-8", newline="")


def _trimmed(cells: list[str], width: int) -> list[str]:
    """Without the empty cells beyond the header, which mean nothing."""
    last = len(cells)
    while last > width and not cells[last - 1].strip():
        last -= 1
    return cells[:last]


def _scan(data: bytes, delimiter: str) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Where each row starts, on which line, and how wide it is; None where the file is not regular."""
    if data.count(b"\n") * _SHORTEST > len(data) or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return None
    whole = np.frombuffer(data, np.uint8)
    ends, cells, newlines = [], [], []
    odd = False
    parted = lined = 0
    for begin in range(0, len(whole), _CHUNK):
        part = whole[begin:begin + _CHUNK]
        places = np.flatnonzero((part == 10) | (part == 34) | (part == ord(delimiter)))
        what = part[places]
        breaks = np.flatnonzero(what == 10)
        quote = what == 34
        if odd or quote.any():
            inside = np.logical_xor.accumulate(quote) ^ odd
            if not _regular(whole, places[quote] + begin, inside[quote], delimiter):
                return None
            odd = bool(inside[-1]) if len(inside) else odd
            outside = ~(inside | quote)
            counted = np.flatnonzero(outside[breaks])       # the line breaks that end a row, among all
            places, what = places[outside], what[outside]
        else:
            counted = np.arange(len(breaks))
        row_end = np.flatnonzero(what == 10)
        ends.append(places[row_end] + begin)
        cells.append(row_end - np.arange(len(row_end)) + parted)
        newlines.append(counted + 1 + lined)
        parted, lined = parted + len(places) - len(row_end), lined + len(breaks)
    if odd:
        return None
    return _records(whole, np.concatenate(ends), np.concatenate(cells), np.concatenate(newlines), parted)


def _regular(whole: np.ndarray, quotes: np.ndarray, opens: np.ndarray, delimiter: str) -> bool:
    """Whether every quote opens at the start of a cell and closes at its end."""
    edge = np.zeros(256, bool)
    edge[[10, 13, 34, ord(delimiter)]] = True
    before = quotes[opens] - 1
    after = quotes[~opens] + 1
    return bool(edge[whole[before[before >= 0]]].all() and edge[whole[after[after < len(whole)]]].all())


def _records(whole: np.ndarray, ends: np.ndarray, cells: np.ndarray, newlines: np.ndarray,
             parted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    starts = np.concatenate([[0], ends + 1])
    lines = np.concatenate([[1], newlines + 1])
    widths = np.diff(np.append(cells, parted), prepend=0) + 1
    lengths = np.append(ends, len(whole)) - starts
    blank = lengths == 0
    one = np.flatnonzero(lengths == 1)
    blank[one] = whole[starts[one]] == 13
    last = len(blank)
    while last and blank[last - 1]:
        last -= 1
    return None if blank[:last].any() else (starts[:last], lines[:last], widths[:last])


def _scientific(data: bytes) -> bool:
    """Whether any whole cell is written like 1.22E+05."""
    whole = np.frombuffer(data, np.uint8)
    for begin in range(0, len(whole), _CHUNK):
        part = whole[max(begin - 1, 0):begin + _CHUNK + 1]
        letter = np.flatnonzero((part[1:-1] | 32) == 101) + 1
        near = letter[(part[letter - 1] - 46 < 12) & (part[letter + 1] - 43 < 15)] + max(begin - 1, 0)
        for place in near:
            low = max(int(place) - 40, 0)
            if any(found.start() + low <= place < found.end() + low
                   for found in _SCIENTIFIC.finditer(data[low:int(place) + 40])):
                return True
    return False


class Unsaved(str):
    """A formula of a workbook that does not hold its value."""

    __slots__ = ()


def workbook(path: Path, file: str) -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    """The first sheet of an Excel workbook as rows of text with their numbers; the further sheets that hold a table."""
    import openpyxl

    try:
        with path.open("rb") as content:    # by its content: the name may end in .csv
            _unpacks(content, path.stat().st_size, file)
            book = openpyxl.load_workbook(content, read_only=True, data_only=True)
            rows = [(line, [_cell(cell) for cell in row]) for line, row in enumerate(_values(book.worksheets[0]), 1)]
            further = tuple(sheet.title for sheet in book.worksheets[1:] if _holds_table(sheet))
            if _formulas(content):
                book = openpyxl.load_workbook(content, read_only=True)
                for (_, cells), said in zip(rows, _values(book.worksheets[0]), strict=False):
                    for place, formula in enumerate(said[:len(cells)]):
                        if not cells[place] and str(formula or "")[:1] == "=":
                            cells[place] = Unsaved(formula)
            book.close()
    except SourceError:
        raise
    except Exception as error:      # of a damaged archive openpyxl hands on whatever its parts raise
        problem = (str(error) or type(error).__name__).splitlines()[0][:100]
        raise SourceError("sources.bad_workbook", file=file, problem=problem) from None
    return [(line, cells) for line, cells in rows if any(cells)], further


def _unpacks(content: BinaryIO, size: int, file: str) -> None:
    """Refuse a workbook that would fill the memory; zipfile reads no more of a member than it is said to hold."""
    with zipfile.ZipFile(content) as archive:
        whole = sum(part.file_size for part in archive.infolist())
    if whole > max(_LARGE, _PACKED * size):
        raise SourceError("sources.unpacks", file=file, size=whole // 10**6)


def _values(sheet) -> Iterator[tuple[object, ...]]:
    sheet.reset_dimensions()                # what a workbook says of its own size is at times wrong
    return sheet.iter_rows(values_only=True)


def _holds_table(sheet) -> bool:
    """Whether two rows of a sheet, or more, hold two cells or more."""
    wide = (1 for row in _values(sheet) if sum(cell is not None for cell in row) > 1)
    return sum(itertools.islice(wide, 2)) > 1


def _formulas(content: BinaryIO) -> bool:
    """Whether any sheet of a workbook holds a formula."""
    with zipfile.ZipFile(content) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with archive.open(name) as part:
                    last = b""
                    while piece := part.read(_CHUNK):
                        if b"<f" in last + piece:
                            return True
                        last = piece[-1:]
    return False


def _cell(value: object) -> str:
    """A cell of a workbook as the text that a CSV file would hold; numbers of 16 digits and more are damaged."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        return value.replace(microsecond=0).isoformat(sep=" ") if not value.microsecond else value.isoformat(sep=" ")
    if isinstance(value, int | float):
        if abs(value) >= 1e15:
            return f"{value:.14E}".replace("E+0", "E+")
        return str(int(value)) if float(value).is_integer() else repr(value)
    return str(value)
