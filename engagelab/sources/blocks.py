"""A file of Google Analytics: comments that say what and when, and one table or several under them.

Reports write `# Start date: 20260817`, explorations `# 20260817-20260913`; the words differ by
language, the figures do not. Tables follow one another with a header each; the total of a table
stands first, with no name and at times with one cell more than the header. All tables become rows
of one, with columns of ours in front that say from which report, of which days and which row.
"""

import functools
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab import tables
from engagelab.errors import SourceError
from engagelab.sources.declarations import Declaration, normal, plain, wording
from engagelab.sources.problems import one_line
from engagelab.sources.records import SPARSE, different
from engagelab.sources.rows import HEAD, Regular, Rows, Scanned
from engagelab.sources.values import number

OWN = ("# row", "# report", "# since", "# until", "# dimension", "# member")
_SAID = len(OWN) - 1            # what is said of a whole table is not written down with each of its rows
_RANGE = re.compile(r"(\d{8})\s*[-–~〜]\s*(\d{8})$")
_DAY = re.compile(r"[^:：]*[:：]\s*(\d{8})$")
_APART = " / "                  # between several dimensions of one table
_MOST = 1_000                   # tables in a file; a snapshot has some ten
_RULE = re.compile(r"[-=\s]*")

Line = tuple[int, list[str]]


@dataclass
class Block:
    """One table: what the comments above it say, its header, and how many of its rows were kept."""

    title: str
    days: tuple[str, str] | None
    line: int
    names: list[str]
    twice: str = ""
    rows: tuple[int, ...] = ()  # places of what its rows are, where no column of ours is for that
    compared: tuple[int, ...] = ()          # the place that says for which comparison a row is
    figureless: bool = False
    kept: int = 0


@dataclass(frozen=True)
class Unfolded:
    """The tables of a file as one: header and first rows, all rows, and what the comments say."""

    head: list[Line]
    rows: Rows
    comments: tuple[str, ...]


class Tables(Rows):
    """The rows of all tables: cells as written down, what is `said` of each table, their `number` in it (0: total).

    `part` says which rows are of a comparison, that is of some of the users: those are counted among all of them.
    """

    def __init__(self, theirs: Scanned, said: Sequence[tuple[str, ...]], table: array, number: array,
                 part: list[bool], blocks: list[Block]):
        self._theirs, self._said = theirs, list(zip(*said, strict=True))
        self._table, self._number = np.array(table), np.array(number)
        self.n, self.lines, self.widths, self.entities = theirs.n, theirs.lines, theirs.widths, theirs.entities
        total, compared = self._number == 0, np.array(part, bool)
        alone = ~np.isin(self._table, self._table[~compared & ~total])
        self.aside = tuple((reason, np.flatnonzero(which)) for reason, which in (
            ("total_row", total), ("no_figures", np.array([block.figureless for block in blocks])[self._table]),
            ("comparison", compared & ~alone), ("comparison_alone", compared & alone)))
        self.pivoted = frozenset(name for block in blocks if block.figureless and not block.names[0]
                                 for name in block.names)
        self.dimensions = frozenset(block.names[place] for block in blocks
                                    for place in block.rows + block.compared)

    def columns(self, text: list[int], numbers: list[int]) -> dict[int, pd.Series]:
        """Columns by place, ours in front."""
        theirs = self._theirs.columns(*([place - _SAID for place in group if place >= _SAID]
                                        for group in (text, numbers)))
        return ({place: self._own(place) for place in [*text, *numbers] if place < _SAID}
                | {place + _SAID: cells for place, cells in theirs.items()})

    def _own(self, place: int) -> pd.Series:
        if not place:
            return pd.Series(pd.arrays.IntegerArray(self._number, self._number == 0))
        codes, texts = pd.factorize(np.array([text or None for text in self._said[place - 1]], dtype=object))
        return pd.Series(pd.Categorical.from_codes(codes.astype(np.int16)[self._table], pd.Index(texts, dtype=object)))

    def filled(self, places: np.ndarray) -> np.ndarray:
        """Counted when they were written down."""
        return self._theirs.filled(places)

    def release(self) -> None:
        """Let go of the text."""
        self._theirs.release()


class _Comments:
    """What the comments of a file have said so far."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.new: list[str] = []
        self.title = ""
        self.days: tuple[str, str] | None = None

    def add(self, cells: list[str]) -> None:
        comment = ",".join(cells).lstrip("# ").rstrip(", ")
        self.new.append("" if _RULE.fullmatch(comment) else comment)

    def block(self, line: int, names: list[str]) -> Block:
        """The table under them; title and days that they do not say hold from the table before."""
        span = next((found for comment in self.new if (found := _RANGE.fullmatch(comment))), None)
        single = [found[1] for comment in self.new if (found := _DAY.fullmatch(comment))]
        said = [comment for comment in self.new if comment and comment not in self.all
                 and not _RANGE.fullmatch(comment) and not _DAY.fullmatch(comment)]
        if span:        # an exploration names the account first, and itself last
            said, self.days = said[::-1], (span[1], span[2])
        elif len(single) > 1:
            self.days = (single[0], single[1])
        first = not self.all
        self.all += filter(None, self.new)
        self.new = []
        title = said[0] if said else self.title
        self.title = title if first else self.title
        times = Counter(map(plain, names))
        twice = next((name for name in names if name and times[plain(name)] > 1), "")
        return Block(title, self.days, line, different(names), twice)


def begins(cells: list[str]) -> bool:
    """Whether a file's first row is a comment."""
    return cells[:1] != [] and cells[0].startswith("#") and not any(cell.strip() for cell in cells[1:])


def unfolded(lines: Callable[[], Iterable[Line]], file: str, stem: str, size: int, one: Declaration) -> Unfolded | None:
    """All tables of a file as one; None where no comment says its days and no header is one of Google Analytics.

    `lines` gives the rows of the file with their lines, as often as it is asked; a first time for the headers.
    """
    known = one.names() - set(OWN)
    blocks, comments = _headers(lines(), file, one)
    if not any(block.days or len({plain(name) for name in block.names} & known) > 1 for block in blocks):
        return None
    metrics = _metrics(one)
    for block in blocks:
        _check(block, file, known, metrics)
    names = [*OWN, *dict.fromkeys(name for block in blocks for name in block.names)]
    said = [(report, *(block.days or ("", "")), _APART.join(block.names[place] for place in block.rows))
            for report, block in zip(_reports(blocks, stem, one), blocks, strict=True)]
    place = {name: at for at, name in enumerate(names[_SAID:])}
    whole, most = Regular(len(names) - _SAID), max(size, SPARSE)
    table, numbers, part = array("h"), array("q"), list[bool]()
    at, began = list[int](), -1
    top: list[Line] = [(blocks[0].line, names)]
    for block, line, cells in _split(lines(), known, _Comments()):
        if cells is None:
            at = [place[name] for name in block.names]
            began += 1
            continue
        total, short = _total(block, cells, int(blocks[began].compared == (0,))), _short(block, cells)
        block.kept += not total
        row = [""] * (len(names) - _SAID)
        for where, cell in zip(at, cells, strict=False):
            row[where] = cell
        row[0] = _APART.join(cells[place] for place in blocks[began].rows if place < len(cells))
        whole.add(line, row, len(names) - short * (not total), len(cells) if short else 0)
        table.append(began)
        numbers.append(0 if total else block.kept)
        part.append(any(normal(cells[place]) not in wording()["comparisons"]["whole"]
                        for place in blocks[began].compared if place < len(cells)))
        if len(top) < HEAD:
            top.append((line, [""] * _SAID + row))
        if len(whole) * (len(names) - len(OWN)) > most:
            raise SourceError("sources.sparse_records", file=file, line=line, columns=len(names))
    return Unfolded(top, Tables(whole.rows(), said, table, numbers, part, blocks), comments)


def _headers(lines: Iterable[Line], file: str, one: Declaration) -> tuple[list[Block], tuple[str, ...]]:
    """The headers of all tables, and what the comments say."""
    comments = _Comments()
    blocks: list[Block] = []
    for block, line, cells in _split(lines, one.names() - set(OWN), comments):
        if cells is None:
            blocks.append(block)
            if len(blocks) > _MOST:
                raise SourceError("sources.many_tables", file=file, line=line, n=_MOST)
    return blocks, tuple(comments.all)


def _metrics(one: Declaration) -> set[str]:
    """The names of all figures that the declaration knows."""
    kinds = {name: column.kind for name, column in tables.table(one.table).columns.items()}
    figures = {plain(name) for ours, theirs in one.columns.items() for name in theirs
               if kinds[ours] in ("integer", "number", "rate", "amount") and name not in OWN}
    return figures | set(map(plain, one.known))


def _check(block: Block, file: str, known: set[str], metrics: set[str]) -> None:
    """Find what the rows of a table are: whatever stands before its first figure.

    Raises SourceError where two columns have one name, or rows are of other days than the comments say.
    """
    first = next((place for place, name in enumerate(block.names) if plain(name) in metrics), None)
    block.figureless = first is None
    open_to = [place for place, name in enumerate(block.names[:first or 0]) if plain(name) not in known]
    block.compared = tuple(place for place in open_to if plain(block.names[place]) in wording()["comparisons"]["names"])
    block.rows = tuple(place for place in open_to if place not in block.compared)
    if block.twice and not block.figureless:
        raise SourceError("sources.column_twice", file=file, line=block.line, column=one_line(block.twice))
    for name in block.names:
        if plain(name) in wording()["spans"]["names"]:
            raise SourceError("sources.two_spans", file=file, line=block.line, column=one_line(name))


def _split(lines: Iterable[Line], known: set[str],
           comments: _Comments) -> Iterator[tuple[Block, int, list[str] | None]]:
    """The tables row by row; each begins with its header, for which there are no cells."""
    block: Block | None = None
    apart = True
    for line, cells in lines:
        if cells and cells[0].lstrip().startswith("#") and not (block and _is_row(cells, block)):
            comments.add(cells)
        elif not any(cell.strip() for cell in cells):
            apart = True
        elif comments.new or block is None or (apart and _is_header(cells, known)):
            block = comments.block(line, _trimmed(cells))
            apart = False
            yield block, line, None
        else:
            apart = False
            yield block, line, cells


def _is_row(cells: list[str], block: Block) -> bool:
    """A page may be called `#1`; a comment has no figures in as many cells as the table."""
    return len(cells) == len(block.names) > 1 and all(isinstance(number(cell, "rate"), float) for cell in cells[1:])


def _is_header(cells: list[str], known: set[str]) -> bool:
    """Names, at least one of them known, and no figure."""
    filled = [cell for cell in cells if cell.strip()]
    return (any(normal(cell) in known for cell in filled)
            and all(isinstance(number(cell, "rate"), str) for cell in filled))


def _trimmed(cells: list[str]) -> list[str]:
    last = max(place for place, cell in enumerate(cells) if cell.strip())
    return [cell.strip() for cell in cells[:last + 1]]


def _reports(blocks: list[Block], stem: str, one: Declaration) -> list[str]:
    """A name for each table: its title; with what its rows are, where a file has several; no name twice."""
    ours = {plain(theirs): name for name, group in one.columns.items() for theirs in group}
    titled = Counter(block.title for block in blocks)
    names: dict[str, int] = {}
    found = []
    for block in blocks:
        title, _, what = block.title.partition(": ")
        first = block.names[0]
        title = title if plain(what) == plain(first) else block.title or stem
        title = one.values.get("report", {}).get(plain(title), title)
        name = title if titled[block.title] == 1 else f"{title}: {ours.get(plain(first), first)}"
        names[name] = names.get(name, 0) + 1
        found.append(name if names[name] == 1 else f"{name} ({names[name]})")
    return found


def _total(block: Block, cells: list[str], at: int) -> bool:
    """Whether a row adds up the others: it says so, at times in a cell more than the header has, or has no name."""
    totals, name = _totals(), normal(cells[at]) if at < len(cells) else ""
    return (name in totals or any(normal(cell) in totals for cell in cells[len(block.names):])
            or (block.kept == 0 and not name))      # of a comparison each has a total


def _short(block: Block, cells: list[str]) -> int:
    """By how many cells a row is too short; empty ones beyond the header do not count."""
    width = len(block.names)
    return width - len(cells) if len(cells) < width or any(cell.strip() for cell in cells[width:]) else 0


@functools.cache
def _totals() -> frozenset[str]:
    return frozenset(wording()["totals"]["names"])
