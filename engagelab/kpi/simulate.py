"""The distribution of every node of a tree, and what it would be worth to know a number exactly.

Draws are those of `leaves.sampled`. The value of information is Howard's (1966, Information Value Theory, IEEE
Transactions on Systems Science and Cybernetics 2, 22-26): the decision is to go where the root is expected above 0; to
know everything is worth E[max(0, root)] - max(0, E[root]), to know one input the same of E[root | input]. That is a
straight line where the root is linear in the input and the input independent of the others, else the mean of the root
in bins of the input's draws (Strong and Oakley 2013, Medical Decision Making 33, 755-766).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isqrt
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import short, shown
from engagelab.errors import DataError, UsageError, near
from engagelab.kpi.answers import Answer, between, described, known, reached
from engagelab.kpi.engine import CHUNK, drawn, forward
from engagelab.kpi.leaves import Inputs, numbers, sampled
from engagelab.kpi.structure import Structure
from engagelab.kpi.values import gradients
from engagelab.metrics.intervals import wilson, z_value
from engagelab.plots.simulated import simulated

BINS = 50        # of an input's draws, narrow at both ends
SURE = .999      # a chance that is not told more exactly, and with which nothing is worth measuring
LITTLE = .1      # of what the most valuable input is worth


class Chance(float):
    """A chance found by draws; it says so with its 95 % Monte Carlo interval."""

    said: str

    def __repr__(self) -> str:
        return self.said


@dataclass(frozen=True, repr=False)
class Simulation(Answer):
    """The distribution of every node: `.frame`, its mean, interval and standard deviation; `.draws`, an array a node.

    size : how many of the draws are independent; draws that were given are no more for being drawn again.
    """

    draws: Mapping[str, np.ndarray]
    size: int
    columns: ClassVar = {"estimate": "own", "interval": "interval"}

    def chance(self, metric: str | None = None, above: float = 0.0) -> Chance:
        """The chance that a node, the root unless told, is above a level."""
        row = self._row(metric)
        if not numbers(above):
            raise UsageError("kpi_simulate.above", value=repr(above)[:40])
        draws = self.draws[row["metric"]]
        if not draws.min() < draws.max():   # no error is known
            found = Chance(np.nan)
            found.said = words.text("kpi_simulate.no_chance", label=row["label"], above=short(above, row["unit"]))
            return found
        found = Chance((draws > above).mean())
        low, high = wilson(found * self.size, self.size)
        found.said = words.text(f"kpi_simulate.chance{'_sure' if low > SURE else ''}", label=row["label"], above=short(
            above, row["unit"]), share=shown(found, "share"), interval=between({"low": low, "high": high}, "share"))
        return found

    def _row(self, metric: str | None) -> Any:
        if metric is not None and metric not in self.draws:
            raise UsageError("kpi.no_node", node=metric, near=near(metric, self.draws))
        return self.frame[self.frame["metric"] == (metric or self.frame["metric"].iloc[0])].iloc[0].to_dict()

    def plot(self, metric: str | None = None, above: float = 0.0, **how: Any) -> Any:
        """The distribution of a node, drawn by `engagelab.plots.simulated`."""
        row = self._row(metric)
        return simulated(self.draws[row["metric"]], above=above, unit=row["unit"], **{"title": row["label"]} | how)


def simulate(structure: Structure, inputs: Inputs, *, draws: int = 100_000, seed: int = 0,
             confidence: float = .95) -> Simulation:
    """The distribution of every node by draws of all inputs together.

    `estimate` is the mean, `se` the standard deviation of the draws, `low` and `high` their quantiles; NaN where
    nothing is uncertain. Errors: those of `leaves.sampled`; DataError where an input has no value.

    >>> from engagelab.kpi.tree import Tree
    >>> found = Tree("profit = value - cost").simulate({"value": (100, 5), "cost": (90, 5)}, seed=1)
    >>> found.chance()
    P(profit > 0.00) = 92.0% (91.9% to 92.2%)
    """
    value = known(structure, inputs)
    z_value(confidence)
    made = sampled(inputs.value, inputs.cov, draws, seed, sides=inputs.sides, given=inputs.draws)
    found = drawn(structure.program, made, list(structure.nodes))
    place = {name: at for at, name in enumerate(inputs.names)}
    how = words.text("kpi_simulate.method", n=draws, seed=seed)
    rows = []
    for name, values in found.items():
        free, at = values.min() < values.max(), place.get(name)
        with np.errstate(invalid="ignore"):   # where 0 was divided by
            low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2]) if free else (np.nan, np.nan)
            se = values.std() if free else 0.0
        rows.append(described(structure, name) | {
            "estimate": values.mean(), "low": low, "high": high, "se": se,
            "n": np.nan if at is None else inputs.n[at], "method": how, "flag": "" if at is None else inputs.flags[at]})
    first, crossed = rows[0], _crossed(structure, made)
    size = min([draws, *map(len, inputs.draws.values())])
    told = Simulation(pd.DataFrame(rows), first["label"], first["unit"], value, (), found, size)
    said = words.text("kpi_simulate.say" if first["se"] else "kpi_simulate.sure", label=first["label"], **{
        name: short(first[name], first["unit"]) for name in ("estimate", "low", "high")})
    return replace(told, notes=(said, repr(told.chance()), *_taken_as_sure(structure, inputs, made), *crossed))


def _taken_as_sure(structure: Structure, inputs: Inputs, made: np.ndarray) -> list[str]:
    """The inputs of the root of which no error is known, where one is known of others."""
    ours = reached(structure, effects=False)
    sure = [described(structure, name)["label"] for name, draws in zip(inputs.names, made, strict=True)
            if name in ours and not draws.min() < draws.max()]
    return [words.text("kpi_simulate.exact", inputs=words.joined(sure))] if 0 < len(sure) < len(ours) else []


def _crossed(structure: Structure, made: np.ndarray) -> list[str]:
    """Where something that is divided by changes its sign from draw to draw, so that there is no mean."""
    program = structure.program
    values = forward(program, list(made[:, :CHUNK]))
    names, said = {slot: name for name, slot in program.slot.items()}, {}
    for step in program.steps:
        for slot, power in zip(step.ins, step.signs, strict=True):
            other = float(np.mean(np.sign(values[slot]) != np.sign(np.median(values[slot]))))
            if step.kind == "product" and power < 0 and other:
                said[slot] = words.text("kpi_simulate.crosses", by=names.get(slot, structure.root),
                                        share=shown(other, "share"))
    return list(said.values())


@dataclass(frozen=True, repr=False)
class Information(Answer):
    """What knowing is worth: `.frame`, the root (everything known) first, then the inputs, the most valuable first."""

    columns: ClassVar = {"value": "root", "share": "share"}


def value_of_information(structure: Structure, inputs: Inputs, *, draws: int = 100_000,
                         seed: int = 0) -> Information:
    """What knowing each input exactly would be worth to the decision: go where the root is expected above 0.

    `value` is the most that measuring an input can be worth, in the unit of the root; `low` and `high` its 95 % Monte
    Carlo interval; `share` its part of what knowing everything is worth. Parts need not add up. Where bins tell,
    their noise and width add less than 1 % of what everything is worth at 100,000 draws: the interval leaves it out.

    >>> from engagelab.kpi.tree import Tree
    >>> found = Tree("profit = value - cost [JPY]").value_of_information({"value": (110, 40), "cost": (100, 10)})
    >>> found.frame[["metric", "value"]].round(4).values.tolist()
    [['profit', 11.9302], ['value', 11.4538], ['cost', 0.8332]]
    """
    known(structure, inputs)
    made = sampled(inputs.value, inputs.cov, draws, seed, sides=inputs.sides, given=inputs.draws)
    root = drawn(structure.program, made, [structure.root])[structure.root]
    if not np.isfinite(root).all():
        raise DataError("kpi_simulate.infinite", root=structure.root)
    ours = reached(structure, effects=False)
    free = [at for at, name in enumerate(inputs.names) if name in ours and made[at].min() < made[at].max()]
    alone = [at for at in free if np.count_nonzero(inputs.cov[at]) == 1 and (
        at not in inputs.draws or len(inputs.draws) == 1)]
    mean, found = _found(structure, inputs, made, root, free, alone)
    heads = [described(structure, name) for name in (structure.root, *(inputs.names[at] for at in free))]
    frame = pd.DataFrame([head | row for head, row in zip(heads, found, strict=True)])
    frame.insert(6, "share", frame["value"] / (frame["value"].iloc[0] or np.nan))
    order = [0, *(1 + np.argsort(-frame["value"].to_numpy()[1:], kind="stable"))]
    frame = frame.iloc[order].reset_index(drop=True)
    related = words.joined(heads[1 + row]["label"] for row, at in enumerate(free) if at not in alone)
    notes = [words.text("kpi_simulate.related", inputs=related)] if related else []
    said = _said(frame, mean, float(np.mean(root < 0 if mean > 0 else root > 0)))
    notes += [*_taken_as_sure(structure, inputs, made), *_crossed(structure, made)]
    return Information(frame, heads[0]["label"], heads[0]["unit"], mean, (*said, *notes))


def _found(structure: Structure, inputs: Inputs, made: np.ndarray, root: np.ndarray, free: list[int],
           alone: list[int]) -> tuple[float, list[dict[str, Any]]]:
    """(mean of the root, what knowing everything and each free input is worth)."""
    size = min([made.shape[1], *map(len, inputs.draws.values())])
    lines = [at for at in alone if _degree(structure, {at}) <= 1]
    normal = not {*inputs.sides, *inputs.draws}.intersection(free)
    affine = normal and _degree(structure, set(free)) <= 1
    exact = affine or (normal and len(lines) == len(free))   # then the mean is the value at the means
    mean, spread = known(structure, inputs) if exact else float(root.mean()), np.sqrt(np.diag(inputs.cov))
    slot = structure.program.slot[structure.root]
    slopes = gradients(lambda ends: [forward(structure.program, ends)[slot]], inputs.value)[0]
    rows = [_exact(mean, float(np.sqrt(slopes @ inputs.cov @ slopes))) if affine else
            _worth(root, root, size, "by_draws")]
    for at in free:
        if exact:
            rows.append(_exact(mean, float(abs(slopes @ inputs.cov[at]) / spread[at])))
        elif at in lines:
            rows.append(_worth(np.polynomial.Polynomial.fit(made[at], root, 1)(made[at]), root, size, "by_line"))
        else:
            rows.append(_worth(_binned(made[at], root, size), root, size, "by_bins"))
    most = max(row["value"] for row in rows)   # to know everything is worth no less than to know a part
    rows[0] |= {name: max(rows[0][name], most) for name in ("value", "high")}
    return mean, rows


def _binned(values: np.ndarray, root: np.ndarray, size: int) -> np.ndarray:
    """The mean of the root where an input is about what it is: bins spread no more than their own noise lets expect."""
    draws, bins = len(root), min(BINS, isqrt(size))
    place = np.empty(draws, dtype=int)
    place[np.argsort(values, kind="stable")] = bins * np.arccos(1 - (2 * np.arange(draws) + 1) / draws) / np.pi
    fit = (np.bincount(place, root) / np.bincount(place))[place]
    noise = (root - fit).var() * bins / size
    return root.mean() + np.sqrt(max(0.0, 1 - noise / (fit.var() or 1.0))) * (fit - root.mean())


def _said(frame: pd.DataFrame, mean: float, wrong: float) -> list[str]:
    """What to decide, and which number to measure next."""
    whole, *rows = frame.to_dict("records")
    said = [words.text(f"kpi_simulate.{'go' if mean > 0 else 'no_go'}", label=whole["label"],
                       mean=short(mean, whole["unit"]))]
    if not rows:
        return [*said, words.text("kpi_simulate.untold")]
    if wrong < 1 - SURE or not whole["value"]:
        return [*said, words.text("kpi_simulate.certain")]
    told = [{"label": row["label"], "value": short(row["value"], whole["unit"])} for row in (whole, *rows) if (
        row["value"] > LITTLE * rows[0]["value"] and row["share"] > LITTLE**2)]
    said.append(words.text("kpi_simulate.everything", value=told[0]["value"]))
    if len(told) == 1:
        return [*said, words.text("kpi_simulate.none")]
    rest = words.joined(words.text("kpi_simulate.part", **one) for one in told[2:])
    return [*said, words.text("kpi_simulate.measure", **told[1]),
            words.text("kpi_simulate.then", rest=rest) if rest else words.text("kpi_simulate.little")]


def _degree(structure: Structure, slots: set[int]) -> float:
    """Of which degree the root is in some inputs together: 0, 1 where linear, more, or infinite where divided by."""
    program = structure.program
    degrees: list[float] = [float(slot in slots) for slot in range(program.size)]
    for step in program.steps:
        parts = [np.inf if degrees[slot] and sign < 0 and step.kind == "product" else degrees[slot]
                 for slot, sign in zip(step.ins, step.signs, strict=True)]
        degrees[step.out] = max(parts) if step.kind == "sum" else sum(parts)
    return degrees[program.slot[structure.root]]


def _exact(mean: float, sd: float) -> dict[str, Any]:
    """E[max(0, X)] - max(0, E[X]) of a normal X: the unit normal loss (Raiffa and Schlaifer 1961)."""
    far = abs(mean) / sd if sd else np.inf
    loss = sd * (NormalDist().pdf(far) - far * NormalDist().cdf(-far)) if far < 38 else 0.0
    return {"value": loss, "low": loss, "high": loss, "method": words.text("kpi_simulate.exactly")}


def _worth(fit: np.ndarray, root: np.ndarray, size: int, how: str) -> dict[str, Any]:
    """What knowing is worth of which `fit` is the root's expectation; its error is that of each draw's influence."""
    go = float(fit.mean() > 0)
    gains = np.maximum(fit, 0.0) - go * fit
    value, half = float(gains.mean()), 1.96 * float((gains + ((fit > 0) - go) * (root - fit)).std()) / np.sqrt(size)
    return {"value": value, "low": max(value - half, 0.0), "high": value + half,
            "method": words.text(f"kpi_simulate.{how}", n=len(root))}
