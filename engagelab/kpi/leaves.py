"""What the leaves of a tree are given: numbers, numbers with errors, intervals, draws, or a metric and its table.

However a leaf is told, it becomes a value and its place in one joint distribution of all leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, near
from engagelab.kpi.measured import Measured, between, measured, same_table
from engagelab.kpi.structure import Structure
from engagelab.metrics.intervals import z_value
from engagelab.metrics.nouns import Noun

LEAST_DRAWS = 100
SIDE = "before or after"  # the column that tells two frames apart when they are put together
NOT_TOLD = object()     # of a leaf that is told by cells, in a cell without it
NO_WINDOW: Mapping[str, Any] = {"time": None, "since": None, "until": None, "tz": None}


@dataclass(frozen=True)
class Inputs:
    """The measured values of a tree in one cell: `value` (k,), `cov` (k, k); NaN where one is not known.

    exact : which are plain numbers, without an error. sides : of an interval that is not symmetric, what its lower and
    upper errors are. draws : of leaves that were given as draws. parts : where each measured leaf comes from. halves :
    the lower and upper errors of measured leaves by their own intervals. told : what all of it was told by.
    """

    names: tuple[str, ...]
    value: np.ndarray
    cov: np.ndarray
    n: np.ndarray
    missing: np.ndarray
    methods: tuple[str, ...]
    flags: tuple[str, ...]
    sides: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    draws: Mapping[int, np.ndarray] = field(default_factory=dict)
    parts: tuple[tuple[np.ndarray, Measured], ...] = ()
    halves: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    told: Any = None

    @property
    def known(self) -> bool:
        """Whether any error is known."""
        return bool((np.diag(self.cov) > 0).any())


@dataclass(frozen=True)
class Window:
    """How tables are cut into cells: by which columns, in which periods, of which users."""

    by: tuple[str, ...] = ()
    time: str | None = None
    every: str | None = None
    since: object = None
    until: object = None
    tz: str | None = None
    user: str | None = None
    starts: int = 1
    confidence: float = .95


Found = list[tuple[list[str], dict[tuple[str, ...], Measured]]]  # the leaves of each table, by cell


def cells_of(structure: Structure, data: Mapping[str, Any], window: Window) -> dict[tuple[str, ...], Inputs]:
    """The inputs of the tree in each cell: one, without labels, where no segments or periods were asked for."""
    _same_names(structure, data)
    found = _on_tables([name for name in structure.program.inputs if _is_metric(data[name])], data, window)
    told = [_labels(one) for each in data.values() if isinstance(each, Mapping) for one in each]
    depth = len(window.by) + bool(window.every)
    wrong = [cell for cell in told if len(cell) != depth]
    if wrong or (depth and not found and not told):
        raise UsageError(f"kpi.{'cells' if wrong else 'nothing_to_cut'}", cell=words.joined(wrong[0] if wrong else ()))
    labels = list(dict.fromkeys([*(cell for _, cells in found for cell in cells), *told])) or [()]
    if window.every:
        labels.sort(key=lambda cell: cell[-1])
    return {cell: _inputs(structure, data, found, cell) for cell in labels}


def _on_tables(names: Sequence[str], data: Mapping[str, Any], window: Window) -> Found:
    """The leaves that are metrics, measured table by table: those of one table together."""
    tables: dict[tuple[object, ...], list[str]] = {}
    for name in names:
        _, table, *when = data[name]
        tables.setdefault((same_table(table), *when), []).append(name)
    asked = bool(window.every) or window.since is not None or window.until is not None
    found: Found = []
    for together in tables.values():
        _, table, *when = data[together[0]]
        found.append((together, measured(
            {name: data[name][0] for name in together}, table, list(window.by), every=window.every, user=window.user,
            starts=window.starts, time=(when[0] if when else window.time) if asked else None, since=window.since,
            until=window.until, tz=window.tz if asked else None, confidence=window.confidence)))
    return found


def paired(structure: Structure, before: Mapping[str, Any], after: Mapping[str, Any], user: str
           ) -> tuple[Inputs, Inputs]:
    """The inputs before and after, of tables that hold the same users: two frames are measured as one."""
    groups: dict[tuple[int, int], list[str]] = {}
    for told in (before, after):
        _same_names(structure, told)
    for name in structure.program.inputs:
        one, other = before[name], after[name]
        if _is_metric(one) and _is_metric(other):
            if one[0] != other[0]:
                raise UsageError("kpi.two_metrics", leaf=name)
            groups.setdefault((id(one[1]), id(other[1])), []).append(name)
    both: tuple[Found, Found] = ([], [])
    for together in groups.values():
        nouns = {name: before[name][0] for name in together}
        ends = _of_both(nouns, before[together[0]][1], after[together[0]][1], user)
        for side, cell in zip(both, ends, strict=True):
            side.append((together, {} if cell is None else {(): cell}))
    done = {name for together in groups.values() for name in together}
    made = []
    for told, side in zip((before, after), both, strict=True):
        alone = [name for name in structure.program.inputs if _is_metric(told[name]) and name not in done]
        made.append(_inputs(structure, told, [*side, *_on_tables(alone, told, Window(user=user))], ()))
    return made[0], made[1]


def _of_both(nouns: Mapping[str, Noun], one: Any, other: Any, user: str) -> list[Measured | None]:
    """The leaves of one table, or of two frames of the same users, before and after."""
    if one is other:  # one table for both ends: nothing has moved
        cells = measured(nouns, one, [], every=None, user=user, starts=1, **NO_WINDOW)
        return [cells.get(()), cells.get(())]
    for table in (one, other):
        if not isinstance(table, pd.DataFrame):
            raise UsageError("kpi.pair_frames", leaf=next(iter(nouns)))
        column_of(user, table.columns)
    whole = pd.concat([one.assign(**{SIDE: 0}), other.assign(**{SIDE: 1})], ignore_index=True)
    cells = measured(nouns, whole, [SIDE], every=None, user=user, starts=1, **NO_WINDOW)
    return [cells.get(("0",)), cells.get(("1",))]


def _same_names(structure: Structure, data: Mapping[str, Any]) -> None:
    """Every measured node has a value, and every value a node."""
    names = structure.program.inputs
    for name in data:
        if name not in names:
            kind = "defined" if name in structure.nodes else "unknown"
            raise UsageError(f"kpi.leaf_{kind}", leaf=name, near=near(name, names))
    missing = [name for name in names if name not in data]
    if missing:
        raise UsageError("kpi.leaf_missing", leaves=words.joined(missing))


def _of_cell(told: Any, cell: tuple[str, ...]) -> Any:
    """What was told of a leaf in a cell, where it was told by cells: NaN where it was not."""
    if not isinstance(told, Mapping):
        return told
    return {_labels(one): value for one, value in told.items()}.get(cell, NOT_TOLD)


def _labels(cell: Any) -> tuple[str, ...]:
    """A cell as its labels."""
    return tuple(map(str, cell)) if isinstance(cell, tuple) else (str(cell),)


def _is_metric(told: Any) -> bool:
    return isinstance(told, tuple) and len(told) in (2, 3) and isinstance(told[0], Noun)


def _fixed(name: str, told: Any) -> tuple[float, float, tuple[float, float] | None, np.ndarray | None, str]:
    """(value, error, errors below and above, draws, method) of a leaf that was not measured on a table."""
    if isinstance(told, np.ndarray | pd.Series | list):
        try:
            drawn = np.asarray(told, dtype=float)
        except (TypeError, ValueError):
            drawn = np.empty(0)
        if drawn.ndim != 1 or len(drawn) < LEAST_DRAWS or not np.isfinite(drawn).all():
            raise UsageError("kpi.draws", leaf=name, least=LEAST_DRAWS)
        return float(drawn.mean()), float(drawn.std(ddof=1)), None, drawn, words.text("kpi.method_draws", n=len(drawn))
    if told is NOT_TOLD:
        return np.nan, 0.0, None, None, ""
    parts = told if isinstance(told, tuple) and len(told) in (2, 3) else (told,)
    if not all(map(_is_number, parts)):
        raise UsageError("kpi.leaf_value", leaf=name, value=_kind(told))
    value, *more = map(float, parts)
    if len(more) == 1:
        if not more[0] >= 0:
            raise UsageError("kpi.leaf_error", leaf=name, value=f"{more[0]:g}")
        return value, more[0], None, None, words.text("kpi.method_se")
    if len(more) == 2:
        if not more[0] <= value <= more[1]:
            raise UsageError("kpi.leaf_interval", leaf=name, value=repr(told))
        below, above = ((value - more[0]) / z_value(.95), (more[1] - value) / z_value(.95))
        return value, (below + above) / 2, (below, above), None, words.text("kpi.method_interval")
    return value, 0.0, None, None, words.text("kpi.method_number")


def _kind(told: Any) -> str:
    """What was given, without what is in it: that may be of persons."""
    if isinstance(told, tuple):
        return f"({', '.join(map(_kind, told))})"
    return repr(told) if isinstance(told, int | float | type(None)) else type(told).__name__


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))


def _inputs(structure: Structure, data: Mapping[str, Any], found: Found, cell: tuple[str, ...]) -> Inputs:
    """The inputs of one cell, from what was told and what was measured."""
    names = structure.program.inputs
    size, place = len(names), {name: at for at, name in enumerate(names)}
    value, cov = np.full(size, np.nan), np.zeros((size, size))
    n, missing = np.full(size, np.nan), np.full(size, np.nan)
    methods, flags = [""] * size, [""] * size
    sides: dict[int, tuple[float, float]] = {}
    draws: dict[int, np.ndarray] = {}
    parts: list[tuple[np.ndarray, Measured]] = []
    halves: dict[int, tuple[float, float]] = {}
    for name, own in place.items():
        if not _is_metric(data[name]):
            value[own], se, both, drawn, methods[own] = _fixed(name, _of_cell(data[name], cell))
            flags[own] = "" if value[own] == value[own] else words.text("kpi.flag_none")
            cov[own, own] = se * se
            sides |= {own: both} if both else {}
            draws |= {own: drawn} if drawn is not None else {}
    _join_draws(cov, draws)
    for together, cells in found:
        at = np.array([place[name] for name in together])
        one = cells.get(cell)
        if one is not None:
            value[at], n[at], missing[at] = one.value, one.n, one.missing
            cov[np.ix_(at, at)] = one.cov
            parts.append((at, one))
            halves |= dict(zip(at.tolist(), map(tuple, one.sides), strict=True))
        for row, name in enumerate(together):
            methods[place[name]] = words.text("kpi.method_metric", noun=data[name][0].name)
            flags[place[name]] = words.text("kpi.flag_none") if one is None else one.flags[row]
    return Inputs(tuple(names), value, cov, n, missing, tuple(methods), tuple(flags), sides, draws, tuple(parts),
                  halves, data)


def _join_draws(cov: np.ndarray, draws: Mapping[int, np.ndarray]) -> None:
    """Draws of one model belong together, draw by draw."""
    lengths = {len(drawn) for drawn in draws.values()}
    if len(lengths) > 1:
        raise UsageError("kpi.draws_lengths", lengths=words.joined(map(str, sorted(lengths))))
    for one in draws:
        for other in draws:
            cov[one, other] = np.cov(draws[one], draws[other])[0, 1]


def jointly(before: Inputs, after: Inputs) -> np.ndarray:
    """The covariance of the inputs of two cells, (2k, 2k), with that of users who are in both."""
    size = len(before.names)
    across = np.zeros((size, size))
    for i in range(size):  # what was told as the same estimate at both ends is one, not two that happen to agree
        told = [(np.isnan(end.n[i]), end.value[i], end.cov[i, i], end.sides.get(i)) for end in (before, after)]
        if told[0][0] and told[0] == told[1]:
            across[i, i] = before.cov[i, i]
    for at, one in before.parts:
        for also, other in after.parts:
            across[np.ix_(at, also)] += between(one, other)
    return np.block([[before.cov, across], [across.T, after.cov]])


def sampled(value: np.ndarray, cov: np.ndarray, draws: int, seed: int, *, sides: Mapping[int, tuple[float, float]],
            given: Mapping[int, np.ndarray]) -> np.ndarray:
    """Draws (k, draws) of the joint distribution: normal, with two halves where an interval is not symmetric.

    What was given as draws is taken as it is, drawn again with replacement where there are fewer. Where an error is not
    known the draws are NaN.
    """
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < LEAST_DRAWS:
        raise UsageError("kpi.draws_number", value=repr(draws), least=LEAST_DRAWS)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise UsageError("kpi.seed", value=repr(seed)[:40])
    random = np.random.RandomState(seed)
    spread = np.sqrt(np.diag(cov))
    with np.errstate(invalid="ignore", divide="ignore"):
        related = np.nan_to_num(cov / np.outer(spread, spread))
    free = np.flatnonzero(spread > 0)
    made = np.repeat(np.where(np.isnan(spread), np.nan, value)[:, None], draws, axis=1)
    if len(free):
        root = _root(related[np.ix_(free, free)])
        for at, z in zip(free.tolist(), root @ random.standard_normal((len(free), draws)), strict=True):
            below, above = sides.get(at, (spread[at], spread[at]))
            made[at] += np.where(z < 0, below, above) * z
    if given:
        picked = {size: random.randint(0, size, draws) for size in dict.fromkeys(map(len, given.values()))}
        for at, drawn in given.items():
            made[at] = drawn[picked[len(drawn)]] if len(drawn) != draws else drawn
    return made


def _root(related: np.ndarray) -> np.ndarray:
    """A square root of a correlation matrix that may lack a rank, and the same whatever the library's signs."""
    values, vectors = np.linalg.eigh(related)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def checked(structure: Structure, values: Sequence[Any]) -> None:
    """Refuse a tree that divides by 0, naming what is 0."""
    program = structure.program
    names = {slot: name for name, slot in program.slot.items()}
    for step in program.steps:
        if step.kind != "product":
            continue
        for slot, power in zip(step.ins, step.signs, strict=True):
            if power < 0 and np.isscalar(values[slot]) and values[slot] == 0:
                raise DataError("kpi.divided", node=names.get(step.out, structure.root), by=names.get(slot, "0"))


def numbers(*values: Any) -> bool:
    """Whether all of these are finite numbers."""
    return all(map(_is_number, values))
