"""Where the cards and ribbons of a KPI tree stand, and how much room a text takes.

A tidy tree from left to right in the manner of Wetherell and Shannon (1979), "Tidy drawings of trees": what has no
children takes the next free row, a parent stands half-way between its first and last child. Every branch so has rows of
its own, and no two cards can meet. A node with several parents stands in the branch of the first, one column right of
the deepest. Ribbons are stacked at each card as in a Sankey diagram.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from engagelab.plots.style import JAPANESE

WIDE, GAP, ROW = 196, 44, 24    # pixels: of a card, to the next column, to the next row
NOTE, LINE = 11.5, 15           # size of the letters of a note, and from line to line
STACK = .6                      # of a card's height: the most that its ribbons take
PIECE = re.compile(rf"\s*(?:{JAPANESE.pattern}|(?:(?!{JAPANESE.pattern})\S)+)[、。，．）」』]*")
NARROW = {letter: wide for letters, wide in (("iIjl.,:;|!' ", .28), ("frt()[]/-", .36), ("cksvxyzJ", .51),
                                             ("mwMW%@", .89)) for letter in letters}


@dataclass
class Ribbon:
    """What an edge looks like: from (left, start) to (right, end), bent in the gap that begins at `bend`."""

    edge: dict
    width: float
    left: float
    right: float
    start: float = 0
    end: float = 0
    bend: float = 0


@dataclass(frozen=True)
class Layout:
    """The upper left corner of each card, the lines of the notes beneath them, the ribbons, and the room of all."""

    cards: dict[str, tuple[float, float]]
    notes: dict[str, list[str]]
    ribbons: list[Ribbon]
    wide: float
    tall: float


def place(rows: list[dict], edges: list[dict], tall: float) -> Layout:
    """Cards and ribbons of a tree: `rows` depth-first from the root, `edges` as they are; `tall` is a card's height.

    >>> rows = [{"metric": name, "parent": parent, "note": ""} for name, parent in [("a", ""), ("b", "a"), ("c", "a")]]
    >>> place(rows, [{"parent": "a", "child": name, "operator": "", "contribution": 1} for name in "bc"], 80).cards
    {'a': (0, 52.0), 'b': (240, 0.0), 'c': (240, 104.0)}
    """
    notes = {row["metric"]: wrapped(row["note"], WIDE - 6, NOTE) for row in rows}
    children: dict[str, list[str]] = {row["metric"]: [] for row in rows}
    tops: dict[str, float] = {}
    above: list[str] = []
    free = 0.0
    for name, parent in [*((row["metric"], row["parent"]) for row in rows), ("", "")]:
        while above and above[-1] != parent:    # the branch of this one is whole
            done = above.pop()
            below = children[done]
            tops[done] = (tops[below[0]] + tops[below[-1]]) / 2 if below else free
            free = max(free, tops[done] + tall + LINE * len(notes[done]) + ROW)
        children.get(parent, []).append(name)
        above.append(name)
    column = _columns(children, edges)
    cards: dict[str, tuple[float, float]] = {name: (column[name] * (WIDE + GAP), tops[name]) for name in column}
    return Layout(cards, notes, _ribbons(cards, edges, tall), max(column.values()) * (WIDE + GAP) + WIDE, free - ROW)


def _columns(names: Iterable[str], edges: list[dict]) -> dict[str, int]:
    """The column of each node, one right of its deepest parent."""
    column = dict.fromkeys(names, 0)
    for _ in column:    # as often as the tree can be deep
        for edge in edges:
            column[edge["child"]] = max(column[edge["child"]], column[edge["parent"]] + 1)
    return column


def _ribbons(cards: dict, edges: list[dict], tall: float) -> list[Ribbon]:
    """The ribbons, as wide as what goes through them, stacked about the middle of each card without crossing there."""
    ribbons = [Ribbon(edge, 0 if "~" in edge["operator"] else abs(known(edge["contribution"])),
                      cards[edge["parent"]][0] + WIDE, cards[edge["child"]][0]) for edge in edges]
    stacks = [(side, top, _sorted([ribbon for ribbon in ribbons if ribbon.edge[near] == name], cards, far, top))
              for side, near, far in (("start", "parent", "child"), ("end", "child", "parent"))
              for name, (_, top) in cards.items()]
    most = max(sum(ribbon.width for ribbon in stack) for _, _, stack in stacks)
    for ribbon in ribbons:
        ribbon.width *= STACK * tall / most if most else 0
    for side, top, stack in stacks:
        at = top + (tall - sum(ribbon.width for ribbon in stack)) / 2
        for ribbon in stack:
            setattr(ribbon, side, at + ribbon.width / 2)
            at += ribbon.width
    for ribbon in ribbons:
        ribbon.bend = _bend(ribbon, cards, tall)
    return ribbons


def _sorted(stack: list[Ribbon], cards: dict, far: str, top: float) -> list[Ribbon]:
    """Ribbons of a card by the height of their other ends; of two that are level, the farther one outside."""
    def turn(ribbon: Ribbon) -> tuple[float, float]:
        x, y = cards[ribbon.edge[far]]
        return y, -x if y < top else x
    return sorted(stack, key=turn)


def _bend(ribbon: Ribbon, cards: dict, tall: float) -> float:
    """Where a ribbon leaves its level: in the first gap between columns for which the fewest cards are in its way."""
    half = ribbon.width / 2
    gaps = [ribbon.left + (WIDE + GAP) * turn for turn in range(round((ribbon.right - ribbon.left) / (WIDE + GAP)) + 1)]

    def met(gap: float) -> int:
        return sum(1 for x, y in cards.values() if ribbon.left < x < ribbon.right and
                   y - half < (ribbon.start if x < gap else ribbon.end) < y + tall + half)
    return min(gaps, key=met) if len(gaps) > 1 else ribbon.left


def known(value: float) -> float:
    """The number, or 0 where it is missing or has no end."""
    return float(value) if abs(value) < float("inf") else 0.0


@functools.cache
def _letter(letter: str) -> float:
    """How wide a letter is, as a share of its size, in the usual fonts without serifs."""
    if unicodedata.combining(letter):
        return 0
    wide = {"W": 1.0, "F": 1.0, "A": .75}.get(unicodedata.east_asian_width(letter))
    return wide or NARROW.get(letter) or (.71 if letter.isupper() else .57)


def room(text: str, size: float) -> float:
    """How wide a text stands, in pixels.

    >>> room("abc", 10), room("施策利益", 12)
    (16.5, 48.0)
    """
    return round(size * sum(map(_letter, text)), 1)


def fitted(text: str, most: float, size: float) -> str:
    """The text, cut with an ellipsis where it is wider than `most` pixels.

    >>> fitted("施策キャンペーン利益", 84, 12), fitted("profit", 84, 12)
    ('施策キャンペ…', 'profit')
    """
    if room(text, size) <= most:
        return text
    while text and room(text + "…", size) > most:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, most: float, size: float) -> list[str]:
    """The text in lines; words break at blanks, Japanese anywhere but before a closing mark.

    >>> wrapped("profit rose in May", 60, 10), wrapped("利益が増えた。", 60, 10)
    (['profit rose in', 'May'], ['利益が増え', 'た。'])
    """
    lines: list[str] = []
    for piece in PIECE.findall(text):
        if lines and room(lines[-1] + piece, size) <= most:
            lines[-1] += piece
        else:
            lines.append(piece.strip())
    return [fitted(line, most, size) for line in lines]


def display_width(text: str) -> int:
    """How many columns a text takes where all letters are of one width, as in a terminal: two for a Japanese one.

    >>> display_width("利益 a")
    6
    """
    return sum(0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
               for letter in text)
