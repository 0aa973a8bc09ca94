"""What a tree comes to: every node in every segment and period, with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, interval, shown, tick
from engagelab.errors import UsageError, near
from engagelab.kpi.engine import forward
from engagelab.kpi.formula import label
from engagelab.kpi.leaves import Inputs, checked, sampled
from engagelab.kpi.structure import Structure
from engagelab.kpi.units import display_unit
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import page, plain

STEP = 1e-30  # of the complex step, whose derivative has no error of rounding (Squire and Trapp 1998, SIAM Review 40)
CANCELLED = 1e-7  # of the errors that cancel: what rounding leaves of their difference


@dataclass(frozen=True)
class Values:
    """A tree's nodes, measured: `.frame`, a row a node and cell; one cell by its labels, as `values["2026Q3"]`."""

    frame: pd.DataFrame
    structure: Structure = field(repr=False)
    cells: Mapping[tuple[str, ...], Inputs] = field(repr=False)
    by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    confidence: float = .95

    def __getitem__(self, key: str | tuple[str, ...]) -> "Values":
        cell = tuple(map(str, key)) if isinstance(key, tuple) else (str(key),)
        if cell not in self.cells:
            raise UsageError("kpi.no_cell", cell=words.joined(cell), cells=words.joined(
                [" ".join(one) for one in list(self.cells)[:12]]) + near(" ".join(cell), map(" ".join, self.cells)))
        kept = self.frame[(self.frame[list(self.by)] == list(cell)).all(axis=1)] if self.by else self.frame
        return Values(kept, self.structure, {cell: self.cells[cell]}, self.by, self.notes, self.confidence)

    @property
    def inputs(self) -> Inputs:
        """The inputs of the one cell that is left."""
        if len(self.cells) != 1:
            raise UsageError("kpi.one_cell", n=len(self.cells), example=words.joined(list(self.cells)[-1]))
        return next(iter(self.cells.values()))

    @property
    def name(self) -> str:
        """What the one cell is called: its labels."""
        return " ".join(next(iter(self.cells))) if len(self.cells) == 1 else ""

    def table(self) -> pd.DataFrame:
        """The values as they are looked at: rounded, in words."""
        nodes = self.structure.nodes
        rows = self.frame.to_dict("records")
        units = [display_unit(nodes[row["metric"]].unit) for row in rows]
        out = {heading("metric"): [label(nodes[row["metric"]]) for row in rows]}
        out |= {heading(name): self.frame[name].tolist() for name in self.by}
        out[heading("estimate")] = [shown(row["estimate"], unit) for row, unit in zip(rows, units, strict=True)]
        ends = words.text("compare.interval", share=tick(self.confidence, "share"))
        out[ends] = [interval(row["low"], row["high"], unit) if row["low"] == row["low"] else ""
                     for row, unit in zip(rows, units, strict=True)]
        out[heading("n")] = [shown(row["n"], "count") for row in rows]
        return pd.DataFrame(out)

    def __repr__(self) -> str:
        return plain([self.table()], self.notes)

    def _repr_html_(self) -> str:
        return page([self.table()], self.notes)


def valued(structure: Structure, cells: Mapping[tuple[str, ...], Inputs], by: tuple[str, ...], confidence: float,
           notes: tuple[str, ...] = ()) -> Values:
    """The nodes of every cell, with their intervals."""
    parts = []
    for cell, inputs in cells.items():
        part = _nodes(structure, inputs, confidence)
        for at, name in enumerate(by):
            part.insert(1 + at, name, cell[at])
        parts.append(part)
    near = dict.fromkeys(note for inputs in cells.values() for note in near_zero(structure, inputs, confidence))
    notes = (*structure.notes, *notes, *_unlikely(structure, cells), *near)
    return Values(pd.concat(parts, ignore_index=True), structure, cells, by, notes, confidence)


MOST_SHARE = 5  # beyond which a leaf in [%] is probably told as 62 where .62 is meant


def _unlikely(structure: Structure, cells: Mapping[tuple[str, ...], Inputs]) -> list[str]:
    """Shares that look as if they were told in per cent."""
    names = structure.program.inputs
    large = [name for at, name in enumerate(names) if structure.nodes[name].unit == "%"
             and any(inputs.value[at] > MOST_SHARE for inputs in cells.values())]
    return [words.text("kpi.large_share", leaves=words.joined(large))] if large else []


def _nodes(structure: Structure, inputs: Inputs, confidence: float) -> pd.DataFrame:
    program, names = structure.program, list(structure.nodes)
    slots = [program.slot[name] for name in names]
    values = forward(program, list(inputs.value))
    checked(structure, values)
    estimate = np.array([float(np.real(values[slot])) for slot in slots])
    gradient = np.array(gradients(lambda ends: [forward(program, ends)[slot] for slot in slots], inputs.value))
    se = errors(gradient, inputs.cov)
    below, above = halves(gradient, inputs.cov, inputs.halves)
    low, high = estimate - z_value(confidence) * below, estimate + z_value(confidence) * above
    if inputs.sides or inputs.draws:
        made = sampled(inputs.value, inputs.cov, 20_000, 0, sides={**inputs.halves, **inputs.sides}, given=inputs.draws)
        values = forward(program, list(made))
        ends = np.array([np.quantile(np.broadcast_to(values[slot], made.shape[1:]), [(1 - confidence) / 2,
                                                                (1 + confidence) / 2]) for slot in slots])
        low, high = ends[:, 0], ends[:, 1]
    sure = ~(se > 0)
    own = {name: at for at, name in enumerate(program.inputs)}
    return pd.DataFrame({
        "metric": names, "estimate": estimate, "low": np.where(sure, np.nan, low), "high": np.where(sure, np.nan, high),
        "se": np.where(sure & ~np.isnan(se), 0.0, se),
        "n": [inputs.n[own[name]] if name in own else np.nan for name in names],
        "n_missing": [inputs.missing[own[name]] if name in own else np.nan for name in names],
        "method": [inputs.methods[own[name]] if name in own else words.text(
            "kpi.method_formula", formula=structure.nodes[name].formula) for name in names],
        "flag": flagged(structure, inputs)})


def errors(gradient: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """The standard error of each answer, from its gradient (answers, k) and the covariance (k, k) of what it rests on.

    NaN where it rests on something whose error is not known, 0 where errors cancel but for rounding.

    >>> errors(np.array([[1.0, -1.0], [1.0, 0.0]]), np.array([[4.0, 4.0], [4.0, 4.0]])).tolist()
    [0.0, 2.0]
    """
    unknown = np.isnan(np.diag(cov))
    known = np.where(unknown | unknown[:, None], 0.0, cov)
    with np.errstate(invalid="ignore"):
        se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gradient, known, gradient), 0.0))
        se = np.where(se <= CANCELLED * (np.abs(gradient) @ np.sqrt(np.diag(known))), 0.0, se)
    return np.where((gradient[:, unknown] != 0).any(axis=1), np.nan, se)


@np.errstate(invalid="ignore")
def halves(gradient: np.ndarray, cov: np.ndarray, sides: Mapping[int, tuple[float, float]]
           ) -> tuple[np.ndarray, np.ndarray]:
    """The errors below and above each answer, from those of what it rests on (MOVER, see `metrics.intervals`).

    >>> [end.tolist() for end in halves(np.array([[1.0], [-1.0]]), np.array([[4.0]]), {0: (1.0, 3.0)})]
    [[1.0, 3.0], [3.0, 1.0]]
    """
    se, spread, scale = errors(gradient, cov), np.sqrt(np.diag(cov)), np.ones((2, len(cov)))
    for at, both in sides.items():
        if spread[at] > 0 and np.isfinite(both).all():
            scale[:, at] = np.array(both) / spread[at]
    up = gradient @ np.nan_to_num(cov) > 0  # whether the answer rises with it and with all that comes along
    ends = [errors(gradient * np.where(up, *pair), cov) for pair in (scale, scale[::-1])]
    return np.where(se > 0, ends[0], se), np.where(se > 0, ends[1], se)


def flagged(structure: Structure, inputs: Inputs) -> list[str]:
    """What is said of each node, or of the leaves that it is made of."""
    program = structure.program
    beneath = [{at} if at < len(inputs.names) else set[int]() for at in range(program.size)]
    for step in program.steps:
        beneath[step.out] = set[int]().union(*(beneath[slot] for slot in step.ins))
    found = []
    for name in structure.nodes:
        slot = program.slot[name]
        said: dict[str, list[str]] = {}
        for at in sorted(beneath[slot]):
            said.setdefault(inputs.flags[at], []).append(inputs.names[at])
        found.append(inputs.flags[slot] if slot < len(inputs.names) else "; ".join(words.text(
            "kpi.flag_beneath", leaves=words.joined(leaves), flag=flag) for flag, leaves in said.items() if flag))
    return found


def near_zero(structure: Structure, inputs: Inputs, confidence: float) -> list[str]:
    """What is divided by and may be 0, so that the intervals of what rests on it are too narrow."""
    program = structure.program
    names = {slot: name for name, slot in program.slot.items()}
    slots = sorted({slot for step in program.steps if step.kind == "product"
                    for slot, power in zip(step.ins, step.signs, strict=True) if power < 0})
    if not slots:
        return []
    values = forward(program, list(inputs.value))
    gradient = np.array(gradients(lambda ends: [forward(program, ends)[slot] for slot in slots], inputs.value))
    near = [names.get(slot, structure.root) for slot, *ends in zip(slots, *halves(
        gradient, inputs.cov, {**inputs.halves, **inputs.sides}), strict=True)
        if 0 < (abs(values[slot])) <= z_value(confidence) * ends[float(np.real(values[slot])) < 0]]
    return [words.text("kpi.near_zero", divisors=words.joined(near))] if near else []


def gradients(function: Any, at: np.ndarray) -> list[np.ndarray]:
    """How each of a function's answers moves with each of its arguments: exact, by one complex step an argument.

    function : from a list of k arguments, arrays of one length, to a list of answers.

    >>> [one.tolist() for one in gradients(lambda x: [x[0] / x[1]], np.array([6.0, 2.0]))]
    [[0.5, -1.5]]
    """
    size = len(at)
    scale = np.maximum(np.abs(np.nan_to_num(at)), 1.0)
    steps = at[:, None] + 1j * STEP * np.diag(scale)
    return [np.imag(np.broadcast_to(answer, (size,))) / STEP / scale for answer in function(list(steps))]
