"""The arithmetic of a tree: what it comes to, and what each line contributed when it moved.

Every step is exactly linear in the differences of its ends: d(out) = sum of M d(in), where M is 1 for a sum, the exact
Shapley multiplier for a product, and -1/(old new) for what is divided by. Multiplied down the tree from the root, these
multipliers give every node's contribution: they add up at every node, turn their sign with time, and do not change when
a branch is opened. With both ends the same they are the exact derivative. The idea is that of the multipliers of
DeepLIFT (Shrikumar, Greenside and Kundaje 2017, ICML); the value of a product's factors is Shapley's (1953).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from engagelab.kpi.structure import Program, Step, Structure

Value = Any  # a number or an array of numbers: periods, segments, draws; complex where a derivative is wanted
CHUNK = 16_384  # draws worked on at once: what fits the cache


@dataclass(frozen=True)
class Flow:
    """The multiplier of each slot (root's change per change of the slot) and of each edge, by (parent, child)."""

    slots: list[Value]
    edges: dict[tuple[str, str], Value]


def forward(program: Program, inputs: Sequence[Value]) -> list[Value]:
    """The value of every slot, from the inputs in the order of `program.inputs`.

    >>> step = Step(3, "product", (0, 1, 2), (1, 1, -1))
    >>> forward(Program(("arpu", "margin", "churn"), (), (step,), {"ltv": 3}, 4), (980.0, .5, .04))[3].item()
    12250.0
    """
    values: list[Value] = [*inputs, *program.constants, *[None] * len(program.steps)]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for step in program.steps:
            values[step.out] = _worked_out(step, values)
    return values


def _worked_out(step: Step, values: Sequence[Value], out: np.ndarray | None = None) -> Value:
    """A sum or a product, operation by operation; in place where `out` is given."""
    plus, minus, start = ((np.add, np.subtract, 0.0) if step.kind == "sum" else (np.multiply, np.divide, 1.0))
    places = sorted(range(len(step.ins)), key=lambda at: -step.signs[at])  # what is taken away or divided by comes last
    first, *rest = [(values[step.ins[at]], step.signs[at]) for at in places]
    result = first[0]
    if first[1] < 0 or not rest:
        rest, result = [first, *rest], start
    for value, sign in rest:
        operation = plus if sign > 0 else minus
        result = operation(result, value) if out is None else operation(result, value, out=out)
    return result


def drawn(program: Program, inputs: np.ndarray, wanted: Sequence[str]) -> dict[str, np.ndarray]:
    """The values of some nodes for many draws, inputs (k, draws), worked on in chunks that fit the cache."""
    size = inputs.shape[1]
    known = len(program.inputs)
    made = {name: inputs[program.slot[name]] if program.slot[name] < known else np.empty(size) for name in wanted}
    places = {program.slot[name]: name for name in wanted}
    room = np.empty((len(program.steps), min(CHUNK, size)))
    values: list[Value] = [None, *[None] * (program.size - 1)]
    values[known:known + len(program.constants)] = program.constants
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for start in range(0, size, CHUNK):
            part = slice(start, min(start + CHUNK, size))
            values[:known] = inputs[:, part]
            for row, step in enumerate(program.steps):
                name = places.get(step.out)
                out = made[name][part] if name else room[row, :part.stop - start]
                values[step.out] = _worked_out(step, values, out)
    return made


@lru_cache(maxsize=64)
def _points(factors: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss and Legendre's points and weights on 0..1, exact for the product of all factors but one."""
    nodes, weights = np.polynomial.legendre.leggauss((factors + 1) // 2)
    return (nodes + 1) / 2, weights / 2


def product_multipliers(before: Sequence[Value], after: Sequence[Value]) -> list[Value]:
    """Of each factor of a product, what the product changes per change of it: Shapley's value, without enumeration.

    The integral of the product of the others along the straight way from before to after, a polynomial, so that
    the quadrature has no error: k factors cost of the order of k squared instead of 2 to the k.

    >>> [float(one) for one in product_multipliers([2.0, 10.0], [3.0, 20.0])]
    [15.0, 2.5]
    """
    count = len(before)
    if count == 1:
        return [1.0]
    if count == 2:
        return [(before[1] + after[1]) / 2, (before[0] + after[0]) / 2]
    totals: list[Value] = [0.0] * count
    for t, weight in zip(*_points(count), strict=True):
        at = [old + t * (new - old) for old, new in zip(before, after, strict=True)]
        behind: list[Value] = [1.0] * count  # the product of all factors that come later
        for i in range(count - 1, 0, -1):
            behind[i - 1] = behind[i] * at[i]
        ahead: Value = weight
        for i in range(count):
            totals[i] = totals[i] + ahead * behind[i]
            ahead = ahead * at[i]
    return totals


def _multipliers(step: Step, before: Sequence[Value], after: Sequence[Value]) -> list[Value]:
    """Of each thing that goes into a step, what comes out more per one more of it."""
    if step.kind == "sum":
        return list(step.signs)
    parts = list(zip(step.ins, step.signs, strict=True))
    made = product_multipliers(*([values[place] if power > 0 else 1 / values[place] for place, power in parts]
                                 for values in (before, after)))
    return [m if power > 0 else -m / (before[place] * after[place])
            for m, (place, power) in zip(made, parts, strict=True)]


def order(structure: Structure) -> list[Step]:
    """The steps and the estimated effects from the leaves up, so that what a driver moves comes after the driver."""
    program = structure.program
    makers = {step.out: step for step in program.steps}
    for node in structure.nodes.values():
        if node.kind == "estimated":
            slots = tuple(program.slot[child] for child in node.children)
            makers[program.slot[node.name]] = Step(program.slot[node.name], "effects", slots, (1,) * len(slots))
    found: dict[int, Step] = {}
    waiting = [(program.slot[structure.root], False)]
    while waiting:
        slot, opened = waiting.pop()
        if slot in found or slot not in makers:
            continue
        if opened:
            found[slot] = makers[slot]
        else:
            waiting += [(slot, True), *((each, False) for each in makers[slot].ins)]
    return list(found.values())


def flow(structure: Structure, before: Sequence[Value], after: Sequence[Value],
         effects: Mapping[tuple[str, str], Value]) -> Flow:
    """The multipliers of the root's change, one pass from the root down.

    before, after : the values of every slot at the two ends, as `forward` gives them. effects : of each estimated
    edge (node, driver); an edge without one carries nothing.
    """
    program = structure.program
    names = {slot: name for name, slot in program.slot.items()}
    slots: list[Value] = [0.0] * program.size
    slots[program.slot[structure.root]] = 1.0
    owner: dict[int, str] = {}
    edges: dict[tuple[str, str], Value] = {}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for step in reversed(order(structure)):
            parent = names.get(step.out) or owner[step.out]
            if step.kind == "effects":
                local: list[Value] = [effects.get((parent, names[slot]), 0.0) for slot in step.ins]
            else:
                local = _multipliers(step, before, after)
            for slot, one in zip(step.ins, local, strict=True):
                moved = slots[step.out] * one
                slots[slot] = slots[slot] + moved
                if slot in names:
                    edges[parent, names[slot]] = edges.get((parent, names[slot]), 0.0) + moved
                else:
                    owner[slot] = parent
    return Flow(slots, edges)


def shifted(structure: Structure, inputs: Sequence[Value], changed: Mapping[str, Value],
            effects: Mapping[tuple[str, str], Value]) -> list[Value]:
    """The inputs after some of them changed: what is driven by them moves by its estimated effect."""
    program = structure.program
    made = [changed.get(name, value) for name, value in zip(program.inputs, inputs, strict=True)]
    base, now = forward(program, inputs), forward(program, made)
    for step in order(structure):
        parent = next((name for name, slot in program.slot.items() if slot == step.out), "")
        if step.kind == "effects" and parent not in changed:
            names = {slot: name for name, slot in program.slot.items()}
            made[step.out] = made[step.out] + sum(
                effects.get((parent, names[slot]), 0.0) * (now[slot] - base[slot]) for slot in step.ins)
            now = forward(program, made)
    return made
