"""What each line of a tree contributed to the change of its root, and how sure that is.

Contributions are exact (see `engine`). Their errors are those of smooth functions of all leaves at both ends together
(delta method, its derivatives exact by complex steps), or those of draws.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import factorial
from types import MappingProxyType
from typing import Any

import numpy as np

from engagelab.errors import DataError, UsageError
from engagelab.kpi.answers import reached
from engagelab.kpi.engine import CHUNK, flow, forward
from engagelab.kpi.leaves import Inputs, checked, jointly, sampled
from engagelab.kpi.structure import Structure
from engagelab.kpi.values import errors, gradients, halves
from engagelab.metrics.intervals import z_value

MOST_SHAPLEY = 12  # inputs: 4,096 trees
ROUNDING = 1e-12   # of the root: no change, but in the last digits
DRAWS = 20_000     # where a leaf's distribution is not a normal one and nothing else was asked for


@dataclass(frozen=True)
class Attribution:
    """Contributions of the nodes in their order, then of the edges in theirs, with their intervals."""

    edges: list[tuple[str, str]]
    contribution: np.ndarray
    low: np.ndarray
    high: np.ndarray
    before: np.ndarray
    after: np.ndarray


def contributions(structure: Structure, ends: Sequence[Any]) -> tuple[list[Any], dict[tuple[str, str], Any]]:
    """The contribution of every node and of every edge, from the inputs before and after, and the effects."""
    program, size = structure.program, len(structure.program.inputs)
    before, after = forward(program, ends[:size]), forward(program, ends[size:2 * size])
    found = flow(structure, before, after, dict(zip(structure.links, ends[2 * size:], strict=True)))
    with np.errstate(invalid="ignore", over="ignore"):
        change = [new - old for old, new in zip(before, after, strict=True)]
        nodes = [found.slots[program.slot[name]] * change[program.slot[name]] for name in structure.nodes]
        edges = {pair: factor * change[program.slot[pair[1]]] for pair, factor in found.edges.items()}
    for name, whole in zip(structure.nodes, nodes, strict=True):
        if structure.nodes[name].kind == "estimated":  # what its drivers do not explain
            edges[name, ""] = whole - sum(edges[name, child] for child in structure.nodes[name].children)
    return nodes, edges


def shapley(structure: Structure, ends: Sequence[Any]) -> tuple[list[Any], dict[tuple[str, str], Any]]:
    """Shapley's value of each input over all orders in which they may change, as published comparisons have it.

    Of the nodes above the inputs, and of drivers, it says nothing: they are NaN, but the root; its edges go from the
    root to the inputs.
    """
    program, size = structure.program, len(structure.program.inputs)
    if size > MOST_SHAPLEY:
        raise UsageError("kpi.shapley_size", n=size, most=MOST_SHAPLEY)
    before, after = ends[:size], ends[size:2 * size]
    root = program.slot[structure.root]
    of_set = [forward(program, [after[i] if mask >> i & 1 else before[i] for i in range(size)])[root]
              for mask in range(2 ** size)]
    worth = dict.fromkeys(structure.nodes, np.nan) | {structure.root: of_set[-1] - of_set[0]}
    ours, edges = reached(structure, effects=False), {}
    for i, name in enumerate(program.inputs):
        if name not in ours or name == structure.root:
            continue
        others = [mask for mask in range(2 ** size) if not mask >> i & 1]
        weights = [factorial(mask.bit_count()) * factorial(size - 1 - mask.bit_count()) / factorial(size)
                   for mask in others]
        worth[name] = edges[structure.root, name] = sum(weight * (of_set[mask | 1 << i] - of_set[mask])
                                                        for mask, weight in zip(others, weights, strict=True))
    return [worth[name] for name in structure.nodes], edges


METHODS = {"chain": contributions, "shapley": shapley}
Contributed = Callable[[Sequence[Any]], tuple[list[Any], dict[tuple[str, str], Any]]]


def attributed(structure: Structure, before: Inputs, after: Inputs, *, method: str, draws: int, seed: int,
               confidence: float) -> Attribution:
    """The contributions with their intervals; NaN ends where no error is known."""
    function, size = METHODS[method], len(before.names)
    links = list(structure.links.values())
    at = np.concatenate([before.value, after.value, [link.effect for link in links]])
    cov = np.zeros((len(at), len(at)))
    cov[:2 * size, :2 * size] = jointly(before, after)
    cov[range(2 * size, len(at)), range(2 * size, len(at))] = [link.se**2 for link in links]
    sides, own = ({**one, **{size + i: side for i, side in other.items()}}
                  for one, other in ((before.sides, after.sides), (before.halves, after.halves)))
    given = {**before.draws, **{size + i: drawn for i, drawn in _apart(before, after).items()}}
    return uncertain(structure, lambda ends: function(structure, ends), at, cov, ends=list(at), sides=sides,
                     own=own, given=given, draws=draws, seed=seed, confidence=confidence)


def _apart(before: Inputs, after: Inputs) -> Mapping[int, np.ndarray]:
    """The draws after, put in another order unless they are of one evaluation, or share an array, with those before."""
    if before.told is after.told or {*map(id, before.draws.values())} & {*map(id, after.draws.values())}:
        return after.draws
    return {at: np.random.RandomState(len(drawn)).permutation(drawn) for at, drawn in after.draws.items()}


def uncertain(structure: Structure, function: Contributed, at: np.ndarray, cov: np.ndarray, *, ends: Sequence[Any],
              sides: Mapping[int, tuple[float, float]], given: Mapping[int, np.ndarray], draws: int, seed: int,
              confidence: float, own: Mapping[int, tuple[float, float]] = MappingProxyType({})) -> Attribution:
    """Contributions as a function of what is uncertain: its values `at` and their covariance; `ends`, the inputs."""
    size = len(structure.program.inputs)
    values = [forward(structure.program, ends[start:start + size]) for start in (0, size)]
    for end in values:
        checked(structure, end)
    nodes, edges = function(list(at))
    pairs = list(edges)

    def answers(values: Sequence[Any]) -> list[Any]:
        nodes, edges = function(values)
        return [*nodes, *(edges[pair] for pair in pairs)]

    contribution = np.array([float(value) for value in (*nodes, *edges.values())])
    slots = [structure.program.slot[name] for name in structure.nodes]
    told = [np.array([float(end[slot]) for slot in slots]) for end in values]
    nothing = ROUNDING * max(abs(told[0][0]), abs(told[1][0]))
    if abs(contribution[0]) <= nothing:
        contribution[0], told[1][0] = 0.0, told[0][0]
    if draws or sides or given:
        made = sampled(at, cov, draws or DRAWS, seed, sides={**own, **sides}, given=given)
        low, high = _percentiles(answers, made, confidence, nothing)
    else:
        gradient = np.array(gradients(answers, at))
        se = errors(gradient, cov)
        below, above = (z_value(confidence) * np.where(se > 0, end, np.nan) for end in halves(gradient, cov, own))
        low, high = contribution - below, contribution + above
    if not np.isfinite(told).all() and np.isfinite(np.array(ends[:2 * size], dtype=float)).all():
        raise DataError("kpi.not_finite", node=_first_infinite(structure, told))
    return Attribution(pairs, contribution, low, high, *told)


def _first_infinite(structure: Structure, told: Sequence[np.ndarray]) -> str:
    """The lowest node that is not a number: what it divides by is 0."""
    return [name for name, *ends in zip(structure.nodes, *told, strict=True) if not np.isfinite(ends).all()][-1]


def _percentiles(answers: Any, made: np.ndarray, confidence: float, nothing: float) -> tuple[np.ndarray, np.ndarray]:
    parts = []
    for start in range(0, made.shape[1], CHUNK):
        part = made[:, start:start + CHUNK]
        parts.append([np.broadcast_to(answer, part.shape[1:]) for answer in answers(list(part))])
    drawn = np.concatenate([np.array(part) for part in parts], axis=1)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=1)
    same = drawn.max(axis=1) - drawn.min(axis=1) <= nothing
    return np.where(same, np.nan, low), np.where(same, np.nan, high)
