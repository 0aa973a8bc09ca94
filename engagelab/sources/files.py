"""A file, opened: its text and first rows, and which format it is."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from engagelab import tables, words
from engagelab.errors import SourceError
from engagelab.files import why
from engagelab.sources import blocks, keyed, records, rows
from engagelab.sources.declarations import OURS, Declaration, declarations, ours, own, plain
from engagelab.sources.decode import ZIP, decode
from engagelab.sources.records import Columns

_SEARCHED = 30


@dataclass(frozen=True)
class Opened:
    """A file's content before anything is known of its meaning."""

    file: str
    encoding: str
    delimiter: str
    head: list[tuple[int, list[str]]]
    data: bytes
    digest: int
    sheet: list[tuple[int, list[str]]] | None = None
    records: rows.Rows | None = None
    comments: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()        # further ones of a workbook, which hold tables and are not read

    def below(self, first: int, width: int) -> rows.Rows:
        """The rows from place `first` on."""
        if self.records is not None:
            return self.records
        if self.sheet is None:
            return rows.body(self.data, first, width, self.delimiter, self.file)
        rest = self.sheet[first:]
        full = [(cells + [""] * (width - len(cells)), line) for line, cells in rest]
        return rows.Listed([cells for cells, _ in full], [line for _, line in full])


@dataclass(frozen=True)
class Sniffed:
    """Which format a file has, and why.

    `name` of the format, `table` it gives, `line` of its header, `confidence` (shares, see below),
    `missing` columns of ours that the file does not have, `unknown` columns of the file, and
    `near`: the formats that were almost it, with the signature cells that were not there.
    Confidence: `signature`, share of the signature's cells found (1 for a match); `known`, share
    of the file's columns that the declaration knows.
    """

    name: str
    table: str
    line: int
    confidence: dict[str, float]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    near: tuple[tuple[str, tuple[str, ...]], ...]

    def __repr__(self) -> str:
        return words.text("sources.sniffed", name=self.name, table=self.table, line=self.line, **self.confidence)


def open_file(path: Path) -> Opened:
    """Read a file's bytes and find its encoding and delimiter; a workbook gives its first sheet."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError("sources.cannot_open", file=path.name, problem=why(error)) from None
    if data.startswith(records.PARQUET):
        return _recorded(path, "parquet", data, records.parquet(path, path.name, len(data)))
    if data.startswith(ZIP) and b"xl/" in data:
        sheet, further = rows.workbook(path, path.name)
        further = tuple(name for name in further if name not in words.catalogue()["template.sheet"].values())
        if not sheet:
            raise SourceError("sources.empty_file", file=path.name)
        if found := _commented(sheet, lambda: sheet, path, len(data)):
            return Opened(path.name, "xlsx", "", found.head, b"", zlib.crc32(data), None, found.rows, found.comments,
                          further)
        return Opened(path.name, "xlsx", "", sheet[:rows.HEAD], b"", zlib.crc32(data), sheet, sheets=further)
    decoded = decode(data, path.name)
    if records.are_lines(decoded.data):
        return _recorded(path, decoded.encoding, data, records.lines(decoded.data, path.name))
    head = rows.head(decoded.data)
    if found := _commented(head.rows, lambda: rows.each(decoded.data, head.delimiter, path.name), path, len(data)):
        return Opened(path.name, decoded.encoding, "", found.head, b"", zlib.crc32(data), None, found.rows,
                      found.comments)
    report = _report(decoded.data, head, path.name)
    return Opened(path.name, decoded.encoding, head.delimiter, report[:rows.HEAD] if report else head.rows,
                  decoded.data, zlib.crc32(data), report)


def _recorded(path: Path, encoding: str, data: bytes, found: Columns) -> Opened:
    if not found.names:
        raise SourceError("sources.empty_file", file=path.name)
    return Opened(path.name, encoding, "", found.head(), b"", zlib.crc32(data), records=found)


def _commented(head: list[blocks.Line], lines: Callable[[], Iterable[blocks.Line]], path: Path,
               size: int) -> blocks.Unfolded | None:
    """Tables under comments as one table, None where the file does not begin with a comment of that kind."""
    if not head or not blocks.begins(head[0][1]):
        return None
    one = next(one for one in declarations().values() if one.commented)
    return blocks.unfolded(lines, path.name, path.stem, size, one)


def _report(data: bytes, head: rows.Head, file: str) -> list[tuple[int, list[str]]] | None:
    """A report of keys and values as a table, None where the file is not such a one."""
    titles = {plain(title) for one in declarations().values() for title in one.report}
    first = [cell for cell in head.rows[0][1] if cell.strip()] if head.rows else []
    if len(first) != 1 or plain(first[0]) not in titles:
        return None
    return keyed.table(list(rows.each(data, head.delimiter, file)))


def match(opened: Opened) -> tuple[Declaration, int] | None:
    """The declaration that the file fits best, and the place of its header row."""
    best: tuple[tuple[int, int, int], Declaration, int] | None = None
    for place, (_, cells) in enumerate(opened.head[:_SEARCHED]):
        names = [plain(cell) for cell in cells]
        have = {name for name in names if name}
        if len(have) < 2:
            continue
        for one in declarations().values():
            size = max((len(signature) for signature in one.signatures if _fits(signature, names, one)), default=0)
            if size:
                best = _better(best, (size, len(have & one.names()), -place), one, place)
        if place == 0:
            named = {own(name) for name in have}
            for table in tables.tables():
                known = named & set(tables.table(table).columns)
                if _is_ours(table, named) and len(known) * 2 >= len(named):
                    best = _better(best, (len(known), len(known), -len(tables.table(table).columns)), ours(table), 0)
    return None if best is None else (best[1], best[2])


def _better(best, score: tuple[int, int, int], one: Declaration, place: int):
    return (score, one, place) if best is None or score > best[0] else best


def _is_ours(table: str, have: set[str]) -> bool:
    needed = set(tables.table(table).required)
    if "email" in have:
        needed.discard("user_id")
    return needed <= have


def _fits(signature: tuple[str, ...], names: list[str], one: Declaration) -> bool:
    if one.signature_first:
        return names[:1] == [plain(signature[0])]
    return {plain(cell) for cell in signature} <= set(names)


def place_of(opened: Opened, one: Declaration) -> int:
    """Where the header of a declaration stands; an error names the cells that are missing."""
    fewest: tuple[str, ...] = ()
    best, place = 0, 0
    for row, (_, cells) in enumerate(opened.head[:_SEARCHED]):
        have = {form(cell) for cell in cells for form in (plain, own)}
        for signature in one.signatures:
            there = [cell for cell in signature if plain(cell) in have]
            if len(there) == len(signature):
                return row
            if len(there) > best or not fewest:
                best, fewest, place = len(there), tuple(cell for cell in signature if plain(cell) not in have), row
    line, cells = opened.head[place]
    raise SourceError("sources.no_signature", file=opened.file, line=line, format=one.name,
                      missing=words.joined(map(repr, fewest)))


def near(opened: Opened, but: str = "") -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The three formats that are nearest, with the cells of their signatures that are not in the file."""
    found = []
    for one in declarations().values():
        if one.name == but or one.commented:
            continue
        tries = []
        for _, cells in opened.head[:_SEARCHED]:
            have = {plain(cell) for cell in cells}
            for signature in one.signatures:
                lacking = tuple(cell for cell in signature if plain(cell) not in have)
                known = len(have & one.names())
                tries.append((len(lacking) / len(signature), -known, lacking))
        share, known, lacking = min(tries)
        found.append((share, known, one.name, lacking))
    return tuple((name, lacking) for _, _, name, lacking in sorted(found)[:3])


def refuse(opened: Opened) -> SourceError:
    """The error for a file of no known format, with the nearest ones."""
    nearest = "; ".join(f"{name} ({words.joined(map(repr, lacking))})" for name, lacking in near(opened))
    return SourceError("sources.unknown_format", file=opened.file, near=nearest)


def sniff_file(path: Path) -> Sniffed:
    """Which format a file has; see `engagelab.sources.read.sniff`."""
    opened = open_file(path)
    found = match(opened)
    if found is None:
        raise refuse(opened)
    one, place = found
    line, cells = opened.head[place]
    names = one.names()
    named = [cell for cell in cells if cell.strip()]
    known = [cell for cell in named if one.knows(cell, names)]
    have = {plain(cell) for cell in cells}
    missing = tuple(name for name, theirs in one.columns.items() if not any(plain(cell) in have for cell in theirs))
    unknown = () if one.survey else tuple(cell for cell in named if cell not in known)
    return Sniffed(one.name, one.table, line, {"signature": 1.0, "known": len(known) / len(named)}, unknown,
                   () if one.name.startswith(OURS) else missing, near(opened, but=one.name))
