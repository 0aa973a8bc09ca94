"""Small cells are hidden, and so is what would give them away.

A cell with fewer respondents than its threshold is hidden. Then, in every sum that the table shows (a total and its
parts), what is hidden must not follow from the rest: if one entry is hidden alone, or the hidden parts
together have too few respondents, the next smallest part is hidden too (complementary suppression; Hundepool et al.,
Statistical Disclosure Control, 2012, chapter 4). Each sum is looked at by itself, again and again until none
gives anything away; then all are taken together as linear equations, and no cell below its threshold may have only one
solution. How closely the equations bound a cell is not looked at, as a linear program would.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

ALL = None  # the mark of a total among the keys of a cell

FEW, COMPLEMENT = "few", "complement"


def hidden(cells: Sequence[tuple[Hashable, ...]], n: np.ndarray, least: np.ndarray) -> list[str]:
    """Why each cell is hidden: "few", "complement", or "" where it is shown.

    cells : the keys of each cell, `ALL` standing for the total over that key.
    n : respondents of each cell. A cell of nobody hides nothing and is shown.
    least : the fewest respondents with whom each cell is shown.

    >>> hidden([("a",), ("b",), ("c",), (ALL,)], np.array([3, 6, 9, 18]), np.array([5, 5, 5, 5]))
    ['few', 'complement', '', '']
    """
    why = [FEW if 0 < count < need else "" for count, need in zip(n, least, strict=True)]
    sums = _sums(cells, n)
    _hide_in_each(sums, why, n, least)
    while (more := _given_away_together(sums, why, n, least)) is not None:
        why[more] = COMPLEMENT
        _hide_in_each(sums, why, n, least)
    return why


def _hide_in_each(sums: list[tuple[int, list[int]]], why: list[str], n: np.ndarray, least: np.ndarray) -> None:
    """Hide more until no sum by itself gives anything away."""
    changed = True
    while changed:
        changed = False
        for total, parts in sums:
            while (more := _gives_away(total, parts, why, n, least)) is not None:
                why[more] = COMPLEMENT
                changed = True


def _sums(cells: Sequence[tuple[Hashable, ...]], n: np.ndarray) -> list[tuple[int, list[int]]]:
    """Every total in the table with its parts, as places in the list of cells; empty parts are left out."""
    parts = defaultdict(list)
    for place, cell in enumerate(cells):
        for level, key in enumerate(cell):
            if key is not ALL and n[place] > 0:
                parts[level, (*cell[:level], ALL, *cell[level + 1:])].append(place)
    places = {cell: place for place, cell in enumerate(cells)}
    return [(places[cell], sorted(inside, key=lambda place: (n[place], place)))
            for (_, cell), inside in parts.items() if cell in places]


def _gives_away(total: int, parts: list[int], why: list[str], n: np.ndarray, least: np.ndarray) -> int | None:
    """The entry to hide next, if what is hidden in this sum can be worked out; parts come smallest first."""
    secret = [part for part in parts if why[part]]
    shown = [part for part in parts if not why[part]]
    if why[total]:
        return shown[0] if shown and not secret else None
    if not secret:
        return None
    alone = len(secret) == 1 or sum(n[part] for part in secret) < max(least[part] for part in secret)
    if not alone:
        return None
    return shown[0] if shown else total


def _given_away_together(sums: list[tuple[int, list[int]]], why: list[str], n: np.ndarray,
                         least: np.ndarray) -> int | None:
    """The cell to hide next, if a small cell follows from all sums together: the smallest shown one in a sum with it.

    What is shown is known, so the sums are equations of the hidden cells alone.
    """
    entries = [[total, *parts] for total, parts in sums]
    columns = {place: column for column, place in enumerate(place for place, reason in enumerate(why) if reason)}
    rows = [inside for inside in entries if any(why[place] for place in inside)]
    if not rows:
        return None
    equations = np.zeros((len(rows), len(columns)))
    for row, inside in zip(equations, rows, strict=True):
        for at, place in enumerate(inside):
            if why[place]:
                row[columns[place]] = 1 if at else -1
    solved = _solved(equations)
    small = [place for place, column in columns.items() if solved[column] and n[place] < least[place]]
    if not small:
        return None
    place = min(small, key=lambda place: (n[place], place))
    near = [other for inside in entries if place in inside for other in inside if not why[other]]
    return min(near or [other for inside in entries for other in inside if not why[other]],
               key=lambda other: (n[other], other))


def _solved(equations: np.ndarray) -> np.ndarray:
    """Which unknowns have one solution only: those whose unit vector lies in the span of the equations' rows."""
    values, vectors = np.linalg.eigh(equations @ equations.T)
    held = values > 1e-9 * values.max()
    inside = vectors[:, held].T @ equations
    return (inside**2 / values[held, None]).sum(axis=0) > 1 - 1e-6
