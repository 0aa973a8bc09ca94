"""Leaves measured on a table: their values with their joint errors, by segment and period, and between two of these.

What each unit (a row, or all rows of a user) brings to a leaf is its influence; the covariance of two leaves is the sum
of the products of their influences, also between two periods for users who are in both (linearisation: Deville 1999,
Survey Methodology 25, 193-203). Leaves of one table are not independent, nor is a user's past of the user's present.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engagelab.errors import UsageError
from engagelab.kpi.totals import ADDED_UP, OF_USERS, Users, rows
from engagelab.metrics.answer import is_hidden, labels
from engagelab.metrics.intervals import t_value, z_value
from engagelab.metrics.measure import measure, view_of
from engagelab.metrics.nouns import ALIKE, Noun, Quantile
from engagelab.summaries import sql
from engagelab.summaries.moments import Ask, Sums, moments
from engagelab.summaries.view import Columns, View


@dataclass(frozen=True)
class Table:
    """The leaves of one table: `parts`, what a unit brings to the sums of each, in SQL over the units of `view`.

    `anchors` : what was taken off the values of each. `told` : which table it is, and how it was cut.
    """

    nouns: Mapping[str, Noun]
    view: View
    parts: tuple[tuple[str, ...], ...]
    anchors: tuple[np.ndarray, ...]
    user: str | None
    told: tuple[object, ...]


@dataclass(frozen=True)
class Measured:
    """The leaves of one table in one cell; `gradient` (leaves, sums): by how much each moves with each sum.

    `sides` (leaves, 2) : the errors below and above that the interval of each has.
    """

    table: Table
    where: str
    gradient: np.ndarray
    value: np.ndarray
    cov: np.ndarray
    n: np.ndarray
    missing: np.ndarray
    flags: tuple[str, ...]
    sides: np.ndarray
    small: np.ndarray        # by how much the errors of few units are larger


def measured(nouns: Mapping[str, Noun], data: Any, by: list[str], *, every: str | None, user: str | None, starts: int,
             confidence: float = .95, **window: Any) -> dict[tuple[str, ...], Measured]:
    """The leaves of one table in each cell, by the labels of its segments and its period.

    What is hidden, and the interval of each alone, are those of `measure`.
    """
    for name, noun in nouns.items():
        if isinstance(noun, Quantile):
            raise UsageError("kpi.quantile", leaf=name, noun=noun.name)
        if isinstance(noun, OF_USERS) and user is None:
            raise UsageError("kpi.users", leaf=name)
    view, asks, _ = view_of(data, nouns, by, every=every, user=user, starts=starts, weights=None, total=False, **window)
    keys, sums, _ = moments(view, asks, users=user is not None)
    anchors = tuple(_anchor(noun, ask, each) for noun, ask, each in zip(nouns.values(), asks, sums, strict=True))
    brought = [_of_row(ask, anchor) for ask, anchor in zip(asks, anchors, strict=True)]
    table = Table(nouns, *_units(view, brought, nouns, user), anchors, user,
                  (same_table(data), by, every, user, starts, window))
    flat = tuple(part for parts in table.parts for part in parts)
    know = [Ask((f"{parts[-1]} > 0",), known=parts[-1]) for parts in table.parts]
    _, (joint, *knowing), _ = moments(table.view, [Ask(flat), *know])
    depth = len(view.by)
    named = [labels(keys, i, every if every and i == depth else None, starts) for i in range(1, depth + 1)]
    cells = list(zip(*named, strict=True)) if depth else [()]
    alone = measure(data, {name: rows() if isinstance(noun, OF_USERS) else noun for name, noun in nouns.items()}, by=by,
                    every=every, user=user, fiscal_year_starts=starts, confidence=confidence, **window)
    alone["hidden"] = is_hidden(alone["flag"])
    said = {tuple(row[key] for key in ("metric", *by, *([every] if every else []))): row
            for row in alone.astype(object).where(alone.notna(), np.nan).to_dict("records")}
    none = {"estimate": np.nan, "low": np.nan, "high": np.nan, "flag": "", "hidden": False}  # of other platforms
    return {cell: _measured(table, sums, joint, knowing, at, pd.DataFrame([said.get((name, *cell), none)
                            for name in nouns]), z_value(confidence), confidence,
                            " AND ".join(_same(f"by_{i}", keys[f"key_{i}"].iloc[at]) for i in range(1, depth + 1)))
            for at, cell in enumerate(cells)}


def same_table(data: Any) -> object:
    """What tells a table from others: a path by its name, whatever else by itself."""
    return str(data) if isinstance(data, str | Path) else id(data)


def _same(name: str, key: Any) -> str:
    """SQL of the rows of one group, from its key as text."""
    if key is None or key != key:
        return f"{name} IS NULL"
    return f"CAST({name} AS VARCHAR) = {sql.text_literal(str(key))}"


def _units(view: View, rows: list[list[str]], nouns: Mapping[str, Noun], user: str | None
           ) -> tuple[View, tuple[tuple[str, ...], ...]]:
    """The view whose rows are units, and what each brings to every sum: its values, and whether it is known."""
    if user is None:
        return view, tuple(map(tuple, rows))
    names = [[f"m{at}_{i}" for i in range(len(parts))] for at, parts in enumerate(rows)]
    summed, alone = [], []  # rows of nobody known are units of their own, and no people
    for noun, parts, ours in zip(nouns.values(), rows, names, strict=True):
        for place, (part, name) in enumerate(zip(parts, ours, strict=True)):
            last = isinstance(noun, Users) or (isinstance(noun, OF_USERS) and place == len(parts) - 1)
            summed.append(f"CASE WHEN sum({part}) > 0 THEN 1.0 ELSE 0.0 END AS {name}" if last else
                          f"sum({part}) AS {name}")
            alone.append(f"0.0 AS {name}" if isinstance(noun, OF_USERS) else f"{part} AS {name}")
    picks = "SELECT\n    /*by*/\n    u0, "
    kept, _ = view.keep(f"{picks}{', '.join(summed)}\nFROM events\nWHERE u0 IS NOT NULL\nGROUP BY /*by*/ u0\n"
                        f"UNION ALL\n{picks}{', '.join(alone)}\nFROM events\nWHERE u0 IS NULL")
    own = Columns(kept, {key: sql.Read(key, "key") for key in (*view.by, "u0")})
    return View(own, view.by), tuple(tuple(map(own.number, ours)) for ours in names)


def _anchor(noun: Noun, ask: Ask, sums: Sums) -> np.ndarray:
    """What is taken off the values of a mean or ratio, as the squares of large numbers lose digits."""
    held = sums.weight > 0
    if ask.flags or isinstance(noun, (*ADDED_UP, *OF_USERS)) or not held.any():
        return np.zeros(len(ask.values) or 1)
    return np.average(sums.mean[held], axis=0, weights=sums.weight[held])


def _of_row(ask: Ask, anchor: np.ndarray) -> list[str]:
    """What a row brings to the sums of a metric: 0 where it is not known."""
    known = " AND ".join([*([f"({ask.scope})"] if ask.scope else []), *(
        [f"{ask.known} IS NOT NULL"] if ask.flags else [f"{value} IS NOT NULL" for value in ask.values])])
    made = []
    for value, off in zip(ask.values or (ask.known,), anchor.tolist(), strict=True):
        number = (f"CASE WHEN {value} THEN 1.0 ELSE 0.0 END" if ask.flags and value != ask.known
                  else f"({value} - {sql.literal(off)})")
        made.append(f"CASE WHEN {known} THEN {number} ELSE 0.0 END")
    return [*made, f"CASE WHEN {known} THEN 1.0 ELSE 0.0 END"]


@np.errstate(invalid="ignore", over="ignore")  # a ratio to nothing has no value and no error
def _measured(table: Table, sums: list[Sums], joint: Sums, knowing: list[Sums], at: int, alone: pd.DataFrame,
              z: float, confidence: float, where: str) -> Measured:
    """The leaves of a table in the cell at a place; `knowing`, how many units tell something of each.

    alone : the row of each leaf as it is measured by itself.
    """
    n_units, mean = float(joint.n[at]), joint.mean[at]
    nouns, starts = list(table.nouns.values()), np.cumsum([0, *(len(parts) for parts in table.parts)])
    gradient = np.zeros((len(nouns), len(mean)))
    value, units = np.full(len(nouns), np.nan), np.full(len(nouns), np.inf)
    hidden = alone["hidden"].to_numpy(dtype=bool)
    own = np.array([not isinstance(noun, OF_USERS) for noun in nouns])
    for row, noun in enumerate(nouns):
        inside = slice(starts[row], starts[row + 1] - 1)
        known = n_units * mean[starts[row + 1] - 1]
        if isinstance(noun, ADDED_UP):
            gradient[row, inside] = 1.0
            value[row] = n_units * mean[inside][0]
        elif known > 0:
            off = n_units * mean[inside] / known
            middle = off + table.anchors[row]
            slope = noun.gradient(middle[None, :])[0]
            gradient[row, inside], gradient[row, starts[row + 1] - 1] = slope / known, -(slope @ off) / known
            units[row] = knowing[row].counts[at, 0]
            value[row] = middle[0]
    estimate, low, high = alone[["estimate", "low", "high"]].to_numpy(dtype=float).T
    value = np.where(own, estimate, value)
    small = 1 + 1 / np.where(units > 1, units - 1, np.nan)
    centre = gradient @ mean
    cov = n_units * (gradient @ joint.cov[at] @ gradient.T + np.outer(centre, centre))
    cov *= np.sqrt(np.outer(small, small))
    same = np.diag(cov) <= (ALIKE * value) ** 2  # no more than rounding
    cov[same], cov[:, same] = 0.0, 0.0
    alike = same & own & (high > low)  # nobody or everybody: a share whose interval has a width all the same
    cov[alike, alike] = ((high - low)[alike] / 2 / z) ** 2
    sides = np.column_stack([value - low, high - value]) / z
    if table.user:  # of clusters the rows alone do not tell it
        sides[~alike] = (np.sqrt(np.diag(cov)) * t_value(units - 1, confidence) / z)[~alike, None]
    n = np.array([one.n[at] for one in sums], dtype=float)
    cov[hidden], cov[:, hidden] = np.nan, np.nan
    missing = np.array([one.rows[at] - one.n[at] for one in sums], dtype=float)
    value, n, missing = (np.where(hidden, np.nan, each) for each in (value, n, missing))
    return Measured(table, where, gradient, value, cov, n, missing, tuple(alone["flag"]), sides, small)


def between(one: Measured, other: Measured) -> np.ndarray:
    """The covariance of the leaves of two cells: of the users who are in both; the same cell measured twice is one."""
    size = len(one.value)
    if one.table.told == other.table.told and one.where == other.where:
        across = np.zeros((size, len(other.value)))
        mine, theirs = list(one.table.nouns.items()), list(other.table.nouns.items())
        shared = [each for each in theirs if each in mine]
        own, at = (list(map(each.index, shared)) for each in (mine, theirs))
        across[np.ix_(own, at)] = one.cov[np.ix_(own, own)]
        return across
    if one.table is not other.table or one.table.user is None:
        return np.zeros((size, len(other.value)))
    sides = [f"(SELECT u0, {', '.join(_influence(cell, row) for row in range(size))} FROM events "
             f"WHERE u0 IS NOT NULL{' AND ' if cell.where else ''}{cell.where}) AS {side}"
             for cell, side in ((one, "a"), (other, "b"))]
    picked = ", ".join(f"sum(a.z{i} * b.z{j}) AS c{i}_{j}" for i in range(size) for j in range(size))
    found = one.table.view.plain(f"SELECT {picked} FROM {sides[0]} JOIN {sides[1]} ON a.u0 = b.u0").fillna(0.0)
    return found.to_numpy(dtype=float).reshape(size, size) * np.sqrt(np.outer(one.small, other.small))


def _influence(cell: Measured, row: int) -> str:
    """SQL of what one unit does to a leaf."""
    parts = [part for parts in cell.table.parts for part in parts]
    terms = [f"{sql.literal(float(weight))} * {part}" for weight, part in zip(cell.gradient[row], parts, strict=True)
             if weight]
    return f"{' + '.join(terms) or '0.0'} AS z{row}"
