"""What would be if a lever were set otherwise, what it would take to reach a target, and what matters most.

A lever is a measured value. What it drives moves with it by the estimated effect (see `engine.shifted`). A target is
reached where the root less the target changes its sign: a bracket is looked for from the present value outwards, and
Brent's method (1973, Algorithms for Minimization without Derivatives, chapter 4) finds the place in it. The tornado is
Howard's (1988, Decision Analysis: Practice and Promise, Management Science 34, 679-695).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import short
from engagelab.errors import UsageError, names_in, near
from engagelab.kpi.answers import Answer, between, described, known, reached
from engagelab.kpi.attribution import contributions, uncertain
from engagelab.kpi.engine import forward, shifted
from engagelab.kpi.explain import Explained, explained, way
from engagelab.kpi.formula import label
from engagelab.kpi.leaves import Inputs, numbers
from engagelab.kpi.structure import Structure
from engagelab.kpi.units import display_unit
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import page, plain
from engagelab.plots.kpi_tree import size
from engagelab.plots.tornado import tornado as tornado_picture

CHANGE = re.compile(r"([+-]) ?(\d+\.?\d*|\.\d+) ?(%|pp)?")
LIMITS = {"share": (0.0, 1.0), "points": (-100.0, 100.0)}
AMOUNT = (0.0, np.inf)


class Supposed(Explained):
    """What would be: as `Explained`, "before" being what is and "after" what would be."""

    def say(self, most: int = 3) -> list[str]:
        """What the root would come to, and by which estimated effects."""
        notes = [note for note in self.frame["note"] if note][:most]
        return [words.text("kpi_scenarios.sentence", said=said) for said in (self.title, *notes)]


@dataclass(frozen=True, repr=False)
class Solved(Answer):
    """What each lever, alone, would have to be: `.frame`, a row a lever, the smallest relative change first.

    `needed` is the solution nearest to now, NaN where there is none within the limits; then `best` is how near the root
    comes, at `best_at`.
    """

    columns: ClassVar = {"now": "own", "needed": "own", "change": "signed", "relative": "share", "flag": "text"}

    def say(self) -> list[str]:
        """What would do alone and what would not, in sentences."""
        said = []
        for row in self.frame.to_dict("records"):
            key = "would_not" if not row["feasible"] else "would_do" if row["change"] else "same"
            said.append(words.text(f"kpi_scenarios.{key}", label=row["label"], flag=row["flag"], **{
                name: short(row[name], row["unit"], signed=name == "change") for name in ("now", "needed", "change")}))
        return [*self.notes, *said]

    def __repr__(self) -> str:
        return "\n".join([*self.notes, plain([self.table()], ())])

    def _repr_html_(self) -> str:
        return page([], self.notes) + page([self.table()], ())


@dataclass(frozen=True, repr=False)
class Tornado(Answer):
    """How far the root swings with each input alone: `.frame`, the largest swing first."""

    columns: ClassVar = {"low": "own", "high": "own", "root_low": "root", "root_high": "root", "swing": "root"}

    def plot(self, **how: Any) -> Any:
        """The swings as bars, drawn by `engagelab.plots.tornado`."""
        title = words.text("kpi_scenarios.tornado", root=self.label)
        return tornado_picture(self.frame, now=self.value, unit=self.unit, **{"title": title} | how)


def what_if(structure: Structure, inputs: Inputs, changes: Mapping[str, float | str], *,
            confidence: float = .95) -> Supposed:
    """What the root would be if levers were set otherwise.

    changes : of a lever a new level, a number; or a change as text: "+5", "-0.002", "+10%" of what it is, and of a
    share "+2pp". The size of the change is taken as sure: the interval is that of all else, other inputs and effects.
    What a lever drives moves with it, unless it is set itself.

    Errors: UsageError for what is no lever, no change, or beyond what a share or score can be; and for a driver whose
    effect nobody has told.

    >>> from engagelab.kpi.tree import Tree
    >>> found = Tree("profit = price * sold [JPY]").what_if({"price": 10, "sold": (50, 4)}, price="+20%")
    >>> found.title
    'If price rose to 12.00, profit would rise by ¥100 (+¥84.32 to +¥116)'
    """
    known(structure, inputs, reached(structure))
    moved = {name: _moved(structure, inputs, name, told) for name, told in changes.items()}
    idle = [name for name in moved if name not in reached(structure)]
    if idle or not moved:
        raise UsageError("kpi_scenarios.idle" if idle else "kpi_scenarios.no_change", lever=words.joined(idle))
    size, free = len(inputs.names), [link for pair, link in structure.links.items() if pair[0] not in moved]

    def ends(at: Sequence[Any]) -> list[Any]:
        before, effects = list(at[:size]), {(link.node, link.driver): value
                                            for link, value in zip(free, at[size:], strict=True)}
        changed = {name: before[inputs.names.index(name)] + change for name, change in moved.items()}
        after = shifted(structure, before, changed, effects)
        return [*before, *after, *(effects.get(pair, 0.0) for pair in structure.links)]

    at = np.array([*inputs.value, *(link.effect for link in free)])
    cov = np.diag([*np.zeros(size), *(link.se**2 for link in free)])
    cov[:size, :size] = inputs.cov
    after = replace(inputs, value=np.array(ends(list(at))[size:2 * size], dtype=float))
    known(structure, after)
    found = uncertain(structure, lambda values: contributions(structure, ends(values)), at, cov, ends=ends(list(at)),
                      sides=inputs.sides, given=inputs.draws, draws=0, seed=0, confidence=confidence)
    told = explained(structure, inputs, after, found, names=("", ""), confidence=confidence, method="chain")
    kept, links = told.frame[told.frame["kind"] != "unexplained"], told.edges[told.edges["child"] != ""]
    notes = structure.notes if np.isfinite(found.low).any() else told.notes
    return Supposed(kept, links, _supposed(kept, moved), told.subtitle, (*notes, *_too_far(structure, inputs, after)),
                    confidence)


def _too_far(structure: Structure, inputs: Inputs, after: Inputs) -> list[str]:
    """Of what is driven, what would come to lie beyond what it can be."""
    said = []
    for node in dict.fromkeys(node for node, _ in structure.links):
        at, row = inputs.names.index(node), described(structure, node)
        low, high = _within(node, float(inputs.value[at]), row["unit"], (None, None))
        if not low <= after.value[at] <= high:
            said.append(words.text("kpi_scenarios.too_far", label=row["label"], **{
                name: short(value, row["unit"]) for name, value in (
                    ("value", float(after.value[at])), ("end", high if after.value[at] > high else low))}))
    return said


def _supposed(frame: pd.DataFrame, moved: Mapping[str, float]) -> str:
    """The headline: what if, and what then."""
    root, rows = frame.iloc[0], frame[frame["metric"].isin(list(moved))].to_dict("records")
    said = [words.text(f"kpi_scenarios.lever_{way(row['change'], row['unit']) if row['change'] else 'same'}",
                       label=row["label"], level=short(row["after"], row["unit"])) for row in rows]
    span = between(root, root["unit"], signed=True)
    moved_by = root["contribution"]
    return words.text(f"kpi_scenarios.would_{way(moved_by, root['unit']) if moved_by else 'same'}",
                      label=root["label"], changes=words.text("kpi_scenarios.and").join(said),
                      amount=size(moved_by, root["unit"])) + (
        words.text("kpi_scenarios.between", interval=span) if span else "")


def _moved(structure: Structure, inputs: Inputs, name: str, told: Any) -> float:
    """By how much a lever is to change, from a level or from a text."""
    now, unit = float(inputs.value[_lever(structure, name)]), display_unit(structure.nodes[name].unit)
    match = CHANGE.fullmatch(unicodedata.normalize("NFKC", told).replace("−", "-").strip()) if isinstance(
        told, str) else None
    if not (match or numbers(told)) or (match and match[3] == "pp" and unit != "share"):
        raise UsageError("kpi_scenarios.change", lever=name, value=repr(told)[:40])
    by = told - now if match is None else float(match[1] + match[2]) * (
        abs(now) / 100 if match[3] == "%" else .01 if match[3] else 1.0)
    low, high = _within(name, now, unit, (None, None))
    if not (low - 1e-9 <= now + by <= high + 1e-9) or not numbers(by):
        most = now + by > low
        raise UsageError(f"kpi_scenarios.{'beyond' if most else 'below'}", lever=name, value=short(now + by, unit),
                         end=short(high if most else low, unit))
    return by


def _lever(structure: Structure, name: str) -> int:
    """The place of a lever among the inputs."""
    if name in structure.program.inputs:
        return structure.program.inputs.index(name)
    if name in structure.nodes:
        raise UsageError("kpi_scenarios.defined", lever=name, parts=words.joined(structure.nodes[name].children))
    raise UsageError("kpi.no_node", node=name, near=near(name, structure.program.inputs))


def _root_of(structure: Structure, inputs: Inputs, effects: Mapping[tuple[str, str], float],
             name: str) -> Callable[[Any], Any]:
    """The root as a function of one lever: of a number, or of an array."""
    slot = structure.program.slot[structure.root]
    return lambda level: np.broadcast_to(forward(structure.program, shifted(
        structure, list(inputs.value), {name: level}, effects))[slot], np.shape(level))


def solve(structure: Structure, inputs: Inputs, target: float, *, levers: str | Sequence[str] | None = None,
          limits: Mapping[str, tuple[float | None, float | None]] | None = None) -> Solved:
    """What each lever, alone, would have to be for the root to reach a target.

    levers : all inputs on which the root depends, unless told. limits : (low, high) of a lever, None for the usual end:
    a share is 0 to 1, a score -100 to 100, all else 0 or more, unless it is beyond that now.

    >>> from engagelab.kpi.tree import Tree
    >>> found = Tree("value = arpu * margin / churn\\nmargin [%]\\nchurn [1/month]").solve(
    ...     {"arpu": 980, "margin": .5, "churn": .035}, 20_000, levers=["margin", "churn"])
    >>> found.frame[["metric", "now", "needed"]].round(5).values.tolist()
    [['churn', 0.035, 0.0245], ['margin', 0.5, 0.71429]]
    """
    now, root = known(structure, inputs), described(structure, structure.root)
    if not numbers(target):
        raise UsageError("kpi_scenarios.no_target", value=repr(target)[:40])
    effects = {pair: link.effect for pair, link in structure.links.items()}
    rows = []
    if not isinstance(limits, Mapping | None):
        raise UsageError("kpi_scenarios.limits_kind", value=repr(limits)[:40])
    names = names_in("levers", levers) if levers is not None else [name for name in reached(structure)
                                               if not np.isnan(inputs.value[inputs.names.index(name)])]
    places = {name: _lever(structure, name) for name in (*names, *(limits or {}))}
    known(structure, inputs, names)
    for name in dict.fromkeys(names):
        row = described(structure, name) | {"now": float(inputs.value[places[name]])}
        low, high = _within(name, row["now"], row["unit"], (limits or {}).get(name, (None, None)))
        needed, at, best = _nearest(_root_of(structure, inputs, effects, name), row["now"], low, high, target)
        change, drives = needed - row["now"], [node for node, driver in structure.links if driver == name]
        flag = words.text("kpi_scenarios.by_effect", nodes=words.joined(
            label(structure.nodes[node]) for node in drives)) if drives else ""
        if np.isnan(needed):
            flag = words.text(f"kpi_scenarios.{'at_most' if target > best else 'at_least'}", at=short(at, row["unit"]),
                              root=short(best, root["unit"]))
        rows.append(row | {"needed": needed, "change": change, "relative": change / row["now"] if (
            row["now"] > 0 and row["unit"] != "points") else np.nan, "low_limit": low, "high_limit": high,
            "feasible": bool(needed == needed), "best_at": at, "best": best, "flag": flag})
    rows.sort(key=lambda row: (not row["feasible"], round(abs(np.nan_to_num(row["relative"], nan=1e9)), 9)))
    said = words.text("kpi_scenarios.target", label=root["label"], now=short(now, root["unit"]),
                      target=short(target, root["unit"]))
    return Solved(pd.DataFrame(rows), root["label"], root["unit"], now, (said,))


def _within(name: str, now: float, unit: str, told: tuple[float | None, float | None]) -> tuple[float, float]:
    """The limits of a lever."""
    usual = LIMITS.get(unit, AMOUNT)
    usual = usual if usual[0] <= now <= usual[1] else (-np.inf, np.inf)
    if isinstance(told, tuple | list) and len(told) == 2 and numbers(*(end for end in told if end is not None)):
        low, high = (other if end is None else float(end) for end, other in zip(told, usual, strict=True))
        if low < high:
            return low, high
    raise UsageError("kpi_scenarios.limits", lever=name, value=repr(told)[:60])


def _nearest(function: Callable[[Any], Any], now: float, low: float, high: float,
             target: float) -> tuple[float, float, float]:
    """(the level nearest to now that reaches the target, or NaN; the level that comes nearest; the root there)."""
    from scipy.optimize import brentq, minimize_scalar

    start = min(max(now, low), high)

    def gap(level: Any) -> Any:
        found = function(level) - target
        return np.where(np.isfinite(found), found, np.nan)

    levels = _looked_at(start, low, high)
    place = int(np.nanargmin(np.abs(gap(levels))))
    between, side = levels[max(place - 1, 0):place + 2], np.sign(gap(levels[place]))
    touch = minimize_scalar(lambda level: side * float(gap(level)), bounds=(between[0], between[-1]), method="bounded",
                            options={"xatol": 1e-12 * np.abs(between).max()}).x   # the nearest to 0, and past it
    levels = np.unique([*levels, touch])
    gaps = gap(levels)
    crossings = np.flatnonzero(np.sign(gaps[:-1]) * np.sign(gaps[1:]) <= 0)
    for at in sorted(crossings, key=lambda at: min(abs(levels[at:at + 2] - start))):
        root = brentq(lambda level: float(np.nan_to_num(function(level) - target)), *levels[at:at + 2], xtol=1e-300,
                      rtol=1e-15)
        if abs(gap(root)) <= min(abs(gaps[at:at + 2])):  # not where it leaps from one infinity to the other
            return root, root, target
    best = int(np.nanargmin(np.abs(gaps)))
    return np.nan, float(levels[best]), float(gaps[best] + target)


def _looked_at(start: float, low: float, high: float) -> np.ndarray:
    """Levels from the start outwards, ever wider apart, and the limits."""
    found = [np.array([start])]
    for sign, end in ((-1, low), (1, high)):
        room = abs(end - start)
        steps = (abs(start) or 1.0) * np.geomspace(1e-6, 1e15, 1500)
        if np.isfinite(room):
            found.append(np.array([end]))
        found.append(start + sign * steps[steps < room])
    return np.unique(np.concatenate(found))


def tornado(structure: Structure, inputs: Inputs, *, by: float | None = None) -> Tornado:
    """How far the root swings when each input alone goes to the ends of its own 95 % interval.

    by : instead so much of what it is up and down, .1 for 10 %; then what it drives moves with it.

    >>> from engagelab.kpi.tree import Tree
    >>> found = Tree("profit = value - cost").tornado({"value": (100, 5), "cost": (60, 10)})
    >>> found.frame[["metric", "root_low", "root_high", "swing"]].round(1).values.tolist()
    [['cost', 59.6, 20.4, 39.2], ['value', 30.2, 49.8, 19.6]]
    """
    now = known(structure, inputs)
    if by is not None and not (numbers(by) and 0 < by < 1):
        raise UsageError("kpi_scenarios.by", value=repr(by)[:40])
    effects, root = {pair: link.effect for pair, link in structure.links.items() if by}, described(
        structure, structure.root)
    rows = []
    for name in reached(structure, effects=bool(by)):
        row, at = described(structure, name), inputs.names.index(name)
        usual = LIMITS.get(row["unit"], AMOUNT)
        ends = np.array(_ends(inputs, at, by))
        ends = np.clip(ends, *usual) if usual[0] <= inputs.value[at] <= usual[1] else ends
        low, high = _root_of(structure, inputs, effects, name)(ends)
        rows.append(row | {"low": ends[0], "high": ends[1], "root_low": low, "root_high": high,
                           "swing": abs(high - low)})
    rows.sort(key=lambda row: -float(f"{row['swing']:.9g}"))   # equal ones stay as they are written
    sure = [row["label"] for row in rows if row["low"] == row["high"]]
    first, unit = rows[0], root["unit"]
    said = [words.text("kpi_scenarios.most", label=first["label"], root=root["label"], low=short(
        first["low"], first["unit"]), high=short(first["high"], first["unit"]), root_low=short(
        first["root_low"], unit), root_high=short(first["root_high"], unit))] if first["swing"] else []
    said += [words.text("kpi_scenarios.sure", inputs=words.joined(sure))] if sure else []
    return Tornado(pd.DataFrame(rows), root["label"], unit, now, tuple(said))


def _ends(inputs: Inputs, at: int, by: float | None) -> tuple[float, float]:
    """The ends to which an input goes."""
    value, se = float(inputs.value[at]), float(np.nan_to_num(np.sqrt(inputs.cov[at, at])))
    if by:
        return value - by * abs(value), value + by * abs(value)
    if at in inputs.draws:
        low, high = np.quantile(inputs.draws[at], [.025, .975])
        return float(low), float(high)
    below, above = inputs.sides.get(at, (se, se))
    return value - z_value(.95) * below, value + z_value(.95) * above
