"""Which size of type a text needs to stay in its box, and a table in its room.

How wide a text stands is reckoned from its letters (Unicode, Annex 11: a wide letter takes the whole square), for
PowerPoint lays it out only when the file is opened. Lengths are inches, sizes of type are points.
"""

import math
import re
import unicodedata
from collections.abc import Sequence

from engagelab.report.parts import Grid, plain_text

LATIN, LEADING, BETWEEN = .6, 1.32, .5   # widths and heights in parts of the type's size
CELL, GAP = .16, .06  # at the sides of a table's cell, and above and below its text


def fit(lines: Sequence[str], width: float, height: float, sizes: Sequence[int]) -> tuple[int, list[list[str]]]:
    """The largest size in which the lines fit the box, and the lines of each box that they need in that size.

    Only in the smallest size they are shared among several boxes, a line that needs more than one among them.

    >>> fit(["short"], 4, 1, (20, 12)), fit(["word " * 30], 4, .5, (20, 12))[0]
    ((20, [['short']]), 12)
    """
    for size in sizes:
        if height_of(lines, size, width) <= height:
            return size, [list(lines)] if any(lines) else []
    pages: list[list[str]] = [[]]
    size = sizes[-1]
    most = max(1, int((height * 72 / size) / LEADING)) * width * 72 / size    # letters that a box holds
    for piece in [piece for line in lines for piece in _pieces(line, most * .9)]:
        if pages[-1] and height_of([*pages[-1], piece], size, width) > height:
            pages.append([])
        pages[-1].append(piece)
    return size, pages


def _pieces(line: str, most: float) -> list[str]:
    """The line in pieces of at most so many squares, cut between words where there are some."""
    if _squares(line) <= most:
        return [line]
    pieces = [""]
    for word in re.findall(r"\S+\s*|\s+", line):
        for part in [word] if _squares(word) <= most / 4 else list(word):
            if _squares(pieces[-1] + part) > most:
                pieces.append("")
            pieces[-1] += part
    return pieces


def _squares(text: str) -> float:
    """How wide a text stands, in parts of the type's size."""
    bold = 1.06 if "**" in text else 1
    return bold * sum(1 if unicodedata.east_asian_width(letter) in "WFA" else LATIN for letter in plain_text(text))


def height_of(lines: Sequence[str], size: float, width: float) -> float:
    """How high the lines stand in a box of that width, in inches."""
    room = max(1.0, (width - .2) * 72 / size)
    rows = sum(math.ceil(max(_squares(line), .1) / room) for line in lines)
    return (rows * LEADING + max(0, len(lines) - 1) * BETWEEN) * size / 72


def laid_out(grid: Grid, room: float, height: float) -> tuple[list[float], int, list[float], list[list[str]]]:
    """Widths of the columns, size of the type, heights of the rows, and the rows that fit."""
    everything = [grid.heads, *grid.rows]
    longest = [max(max(map(_squares, row[place].split("\n"))) for row in everything) + 1
               for place in range(len(grid.heads))]
    size, widths, heights = 12, [0.0], [0.0]
    for size in (14, 12, 11, 10, 9, 8):
        wished = [squares * size / 72 + CELL for squares in longest]
        few = [min(wish, room / len(wished)) for wish in wished]   # no column gives more than it can spare
        spare = (room - sum(few)) / max(1e-9, sum(wished) - sum(few))
        widths = [least + (wish - least) * min(1, spare) for least, wish in zip(few, wished, strict=True)]
        heights = [max(height_of(text.split("\n"), size, width - CELL + .2) for text, width in
                       zip(row, widths, strict=True)) + GAP for row in everything]
        if sum(heights) <= height:
            return [width * min(1.15, room / sum(widths)) for width in widths], size, heights, grid.rows
    kept = max(1, sum(1 for place in range(1, len(heights)) if sum(heights[:place + 1]) <= height))
    return widths, size, heights[:kept + 1], grid.rows[:kept]


def right(rows: list[list[str]], place: int) -> bool:
    """Whether a column holds figures."""
    texts = [row[place] for row in rows if row[place] not in ("", "–")]
    return place > 0 and bool(texts) and all(re.match(r"[▲▼]? ?<?[+−]?[¥$€£]?\d", text) and
                                             not re.match(r"\d{4}(-|Q|$)", text) for text in texts)
