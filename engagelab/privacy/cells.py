"""Small cells are hidden, and so is what would give them away.

A cell with fewer respondents than its threshold is hidden. Where all answered alike, or all but one, what each said
would be plain: the answer is masked, though the number of respondents is shown. Then, in every sum that the table
shows (a total and its parts), what is hidden must not follow from the rest: if one entry is hidden alone, or the
hidden parts together have too few respondents, answered alike, or can have one size only, the next smallest part is
hidden too (complementary suppression; Hundepool et al., Statistical Disclosure Control, 2012, chapter 4). Each sum is
looked at by itself, again and again until none gives anything away; then all are taken together as linear equations,
and no cell below its threshold, no two of them that are few together, nor a masked one, may have only one solution. How
closely several sums together bound a cell is not looked at, as a linear program would.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

ROUNDING = 1e-6
ALL = None  # the mark of a total among the keys of a cell

FEW, COMPLEMENT = "few", "complement"  # hidden as a whole
ALIKE, BESIDE = "alike", "beside"       # the answer is masked, the number of respondents shown
EARLIER = "earlier"                     # hidden for what was published before (see the ledger)


# whether the cells at some places together show that all answered alike; and of which no flag says how alike they are
Alike = Callable[[list[int], list[bool]], bool]


@dataclass(frozen=True)
class _Table:
    """What is known of the cells; a sum is the place of a total and the places of its parts, smallest first."""

    n: np.ndarray
    least: np.ndarray
    sums: list[tuple[int, list[int]]]
    alike: Alike
    secret: np.ndarray  # cells that may not follow from the others


def hidden(cells: Sequence[tuple[Hashable, ...]], n: np.ndarray, least: np.ndarray,
           alike: Alike | None = None) -> list[str]:
    """Why each cell is hidden ("few", "complement") or masked ("alike", "beside"), or "" where it is shown.

    cells : the keys of each cell, `ALL` standing for the total over that key.
    n : respondents of each cell. A cell of nobody hides nothing and is shown.
    least : the fewest respondents with whom each cell is shown.
    alike : whether the cells at some places together show that all answered alike. They are masked, and so is what
        would give their answers away; their numbers of respondents are shown, and hide that of no other cell.

    >>> hidden([("a",), ("b",), ("c",), (ALL,)], np.array([3, 6, 9, 18]), np.array([5, 5, 5, 5]))
    ['few', 'complement', '', '']
    """
    few = (n > 0) & (n < least)
    near = np.array([bool(alike and count and need and alike([place], [True]))
                     for place, (count, need) in enumerate(zip(n, least, strict=True))], dtype=bool)
    table = _Table(n, least, _sums(cells, n), alike or (lambda places, unsaid: False), few | near)
    why = [FEW if small else ALIKE if same else "" for small, same in zip(few, near, strict=True)]
    _hide(table, why, {FEW, COMPLEMENT}, COMPLEMENT)
    if near.any():
        _hide(table, why, {FEW, COMPLEMENT, ALIKE, BESIDE}, BESIDE)
    return why


def _hide(table: _Table, why: list[str], secret: set[str], reason: str) -> None:
    """Hide more, for this reason, until neither a sum by itself nor all together give a secret cell away."""
    changed = True
    while changed:
        changed = False
        for total, parts in table.sums:
            while (more := _gives_away(table, total, parts, why, secret)) is not None:
                why[more] = reason
                changed = True
        if not changed and (more := _given_away_together(table, why, secret)) is not None:
            why[more] = reason
            changed = True


def _sums(cells: Sequence[tuple[Hashable, ...]], n: np.ndarray) -> list[tuple[int, list[int]]]:
    """Every total in the table with its parts, as places in the list of cells; empty parts are left out.

    A total over several keys is the sum over them all where the table lacks the totals in between.
    """
    parts = defaultdict(list)
    places = {cell: place for place, cell in enumerate(cells)}
    for place, cell in enumerate(cells):
        keys = [level for level, key in enumerate(cell) if key is not ALL] if n[place] > 0 else []
        above: list[tuple[int, ...]] = []
        for size in range(1, len(keys) + 1):
            for levels in combinations(keys, size):
                total = tuple(ALL if level in levels else key for level, key in enumerate(cell))
                if total in places and not any(set(lower) < set(levels) for lower in above):
                    above.append(levels)
                    parts[levels, total].append(place)
    return [(places[total], sorted(inside, key=lambda place: (n[place], place)))
            for (_, total), inside in parts.items()]


def _gives_away(table: _Table, total: int, parts: list[int], why: list[str], secret: set[str]) -> int | None:
    """The entry to hide next, if what is hidden in this sum can be worked out; parts come smallest first."""
    inside = [part for part in parts if why[part] in secret]
    shown = [part for part in parts if why[part] not in secret]
    if why[total] in secret:
        return shown[0] if shown and not inside else None
    if not inside:
        return None
    n, least = table.n, table.least
    apart = n[total] == n[parts].sum()  # else some are in several parts, and the parts may all be the same people
    people = n[inside].sum() if apart else n[inside].max()
    many = len(inside) > 1 and people >= least[inside].max()
    if many and not _one_way(table, inside, why) and not table.alike(
            inside, [why[place] in (FEW, COMPLEMENT) for place in inside]):
        return None
    return shown[0] if shown else total


def _one_way(table: _Table, inside: list[int], why: list[str]) -> bool:
    """Whether sizes that are hidden for the reasons said can add up to what they do in one way only."""
    sizes = [place for place in inside if why[place] in (FEW, COMPLEMENT)]
    few = [place for place in sizes if why[place] == FEW]
    whole = table.n[sizes].sum()
    fewest = len(few) + sum(table.least[place] for place in sizes if why[place] == COMPLEMENT)
    most = (table.least[few] - 1).sum() if len(few) == len(sizes) else np.inf
    return bool(sizes) and bool(whole in (fewest, most))


def _given_away_together(table: _Table, why: list[str], secret: set[str]) -> int | None:
    """The cell to hide next, if a secret cell follows from all sums together: the smallest shown one in a sum with it.

    What is shown is known, so the sums are equations of the hidden cells alone.
    """
    n = table.n
    entries = [[total, *parts] for total, parts in table.sums]
    columns = {place: column for column, place in enumerate(
        place for place, reason in enumerate(why) if reason in secret)}
    rows = [inside for inside in entries if any(place in columns for place in inside)]
    if not rows:
        return None
    equations = np.zeros((len(rows), len(columns)))
    for row, inside in zip(equations, rows, strict=True):
        for at, place in enumerate(inside):
            if place in columns:
                row[columns[place]] = 1 if at else -1
    secrets = np.array([place for place in columns if table.secret[place]], dtype=int)
    told = _told(equations, [columns[place] for place in secrets])
    own = np.diag(told)
    few = n[secrets][:, None] + n[secrets] < np.maximum(table.least[secrets][:, None], table.least[secrets])
    np.fill_diagonal(few, False)
    solved = (own > 1 - ROUNDING) | (few & (own[:, None] + own + 2 * told > 2 - ROUNDING)).any(axis=1)
    if not solved.any():
        return None
    place = min(secrets[solved], key=lambda place: (n[place], place))
    near = [other for inside in entries if place in inside for other in inside if why[other] not in secret]
    return min(near or [other for inside in entries for other in inside if why[other] not in secret],
               key=lambda other: (n[other], other))


def _told(equations: np.ndarray, columns: list[int]) -> np.ndarray:
    """The projection on the span of the equations' rows, of some unknowns.

    An unknown has one solution only where its unit vector lies in the span: where its diagonal entry is 1.
    """
    values, vectors = np.linalg.eigh(equations @ equations.T)
    held = values > 1e-9 * values.max()
    inside = (vectors[:, held].T @ equations)[:, columns]
    return inside.T @ (inside / values[held, None])
