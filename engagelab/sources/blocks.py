"""A file of Google Analytics: comments that say what and when, and one table or several under them.

Reports write `# Start date: 20260817`, explorations `# 20260817-20260913`; the words differ by
language, the figures do not. Tables follow one another with a header each; the total of a table
stands first, with no name and at times with one cell more than the header. All tables become rows
of one, with columns of ours in front that say from which report, of which days and which row.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from engagelab.sources.declarations import Declaration, plain, wording
from engagelab.sources.records import Columns, different
from engagelab.sources.values import number

ROW, REPORT, SINCE, UNTIL, DIMENSION, MEMBER = OWN = (
    "# row", "# report", "# since", "# until", "# dimension", "# member")
_RANGE = re.compile(r"(\d{8})\s*[-–~〜]\s*(\d{8})$")
_DAY = re.compile(r"[^:：]*[:：]\s*(\d{8})$")
_RULE = re.compile(r"[-=\s]*")

Line = tuple[int, list[str]]


@dataclass
class Block:
    """One table: what the comments above it say, its header and its rows."""

    title: str
    days: tuple[str, str] | None
    line: int
    header: list[str]
    rows: list[Line] = field(default_factory=list)


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

    def block(self, line: int, header: list[str]) -> Block:
        """The table under them; title and days that they do not say hold from the table before."""
        span = next((found for comment in self.new if (found := _RANGE.fullmatch(comment))), None)
        single = [found[1] for comment in self.new if (found := _DAY.fullmatch(comment))]
        names = [comment for comment in self.new if comment and comment not in self.all
                 and not _RANGE.fullmatch(comment) and not _DAY.fullmatch(comment)]
        if span:        # an exploration names the account first, and itself last
            names, self.days = names[::-1], (span[1], span[2])
        elif len(single) > 1:
            self.days = (single[0], single[1])
        first = not self.all
        self.all += filter(None, self.new)
        self.new = []
        title = names[0] if names else self.title
        self.title = title if first else self.title
        return Block(title, self.days, line, header)


def begins(cells: list[str]) -> bool:
    """Whether a file's first row is a comment."""
    return cells[:1] != [] and cells[0].startswith("#") and not any(cell.strip() for cell in cells[1:])


def unfolded(lines: Iterable[Line], file: str, stem: str, size: int, one: Declaration) -> Columns | None:
    """All tables of a file as one; None where no comment says its days and no header is one of Google Analytics."""
    known = one.names() - set(OWN)
    comments = _Comments()
    blocks = _split(lines, known, comments)
    if not any(block.days or len({plain(name) for name in block.header} & known) > 1 for block in blocks):
        return None
    whole = Columns(file, size)
    whole.heading, whole.comments = blocks[0].line, tuple(comments.all)
    for block, name in zip(blocks, _reports(blocks, stem, one), strict=True):
        _put(whole, block, name, known)
    return whole


def _split(lines: Iterable[Line], known: set[str], comments: _Comments) -> list[Block]:
    blocks: list[Block] = []
    apart = True
    for line, cells in lines:
        if cells and cells[0].lstrip().startswith("#") and not (blocks and _is_row(cells, blocks[-1])):
            comments.add(cells)
        elif not any(cell.strip() for cell in cells):
            apart = True
        elif comments.new or not blocks or (apart and _is_header(cells, known)):
            blocks.append(comments.block(line, _trimmed(cells)))
            apart = False
        else:
            blocks[-1].rows.append((line, cells))
            apart = False
    return blocks


def _is_row(cells: list[str], block: Block) -> bool:
    """A page may be called `#1`; a comment has no figures in as many cells as the table."""
    return len(cells) == len(block.header) > 1 and all(isinstance(number(cell, "rate"), float) for cell in cells[1:])


def _is_header(cells: list[str], known: set[str]) -> bool:
    """Names, at least one of them known, and no figure."""
    filled = [cell for cell in cells if cell.strip()]
    return (any(plain(cell) in known for cell in filled)
            and all(isinstance(number(cell, "rate"), str) for cell in filled))


def _trimmed(cells: list[str]) -> list[str]:
    last = max(place for place, cell in enumerate(cells) if cell.strip())
    return [cell.strip() for cell in cells[:last + 1]]


def _reports(blocks: list[Block], stem: str, one: Declaration) -> list[str]:
    """A name for each table: its title; with what its rows are, where a file has several; no name twice."""
    ours = {plain(theirs): name for name, group in one.columns.items() for theirs in group}
    titled = Counter(block.title for block in blocks)
    names: list[str] = []
    for block in blocks:
        title, _, what = block.title.partition(": ")
        first = block.header[0]
        title = title if plain(what) == plain(first) else block.title or stem
        title = one.values.get("report", {}).get(plain(title), title)
        name = title if titled[block.title] == 1 else f"{title}: {ours.get(plain(first), first)}"
        again = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(name if not again else f"{name} ({again + 1})")
    return names


def _put(whole: Columns, block: Block, report: str, known: set[str]) -> None:
    """The rows of a table; a total is one without days, so that it is set aside as such."""
    totals = set(wording()["totals"]["names"])
    names = different(block.header)
    of_their_own = plain(names[0]) not in known
    width, done = len(names), 0
    for place, (line, cells) in enumerate(block.rows):
        extra = [cell for cell in cells[width:] if cell.strip()]
        total = (plain(cells[0]) in totals or any(plain(cell) in totals for cell in extra)
                 or (place == 0 and not cells[0].strip()))
        record: dict[str, str | None] = {ROW: "total", **dict.fromkeys(OWN[1:])}
        short = 0
        if not total:
            done += 1
            short = width - len(cells) if len(cells) < width or extra else 0
            record |= {ROW: str(done), REPORT: report}
            record |= {SINCE: block.days[0], UNTIL: block.days[1]} if block.days else {}
            record |= {DIMENSION: names[0], MEMBER: cells[0]} if of_their_own else {}
        whole.add(line, record | dict(zip(names, cells, strict=False)), short)
    for name in (*OWN, *names):     # a table may be empty
        whole.place(name)
