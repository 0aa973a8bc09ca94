"""What each factor of a multivariate test does, and whether factors depend on each other.

Every combination of levels is a cell with an estimate of its own; an effect is a contrast of equally weighted cells
(Montgomery, Design and Analysis of Experiments, 2017, chapters 5 and 6), so that unequal cells shift nothing. Errors
are each cell's own: Welch's degrees of freedom, and for plain rates the adjusted counts of Price and Bonett (2004,
Computational Statistics & Data Analysis 45, 449-456), which hold where counts are small.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, interval, shown
from engagelab.errors import DataError, UsageError
from engagelab.metrics import measure as measuring
from engagelab.metrics import winner
from engagelab.metrics.design import Design
from engagelab.metrics.intervals import holm, t_value
from engagelab.metrics.looks import LEAST_P, page, plain, rounded
from engagelab.metrics.nouns import Favourable, Noun, Rate
from engagelab.plots.estimates import levels as side_by_side
from engagelab.plots.interaction import interaction

LEVELS, FACTORS = (2, 6), (2, 4)
RATIO_ALPHA = .001
CROSS = " × "


@dataclass(frozen=True)
class Factorial:
    """`.frame`, a row an effect; `.cells`, an answer; `.best`, the best cell corrected; `.notes`, sentences."""

    frame: pd.DataFrame
    cells: pd.DataFrame
    best: pd.DataFrame
    notes: tuple[str, ...]
    factors: tuple[str, ...]
    unit: str

    def _tables(self) -> list[pd.DataFrame]:
        effects = rounded(self.frame, ["effect", "contrast", "estimate", "interval"], self.unit, signed=True)
        cells = rounded(self.cells, ["estimate", "interval", "n", "n_missing"], self.unit)
        return [effects.join(rounded(self.frame, ["p_adjusted"])),
                self.cells[list(self.factors)].rename(columns=heading).join(cells)]

    def __repr__(self) -> str:
        return plain(self._tables(), self.notes)

    def _repr_html_(self) -> str:
        return page(self._tables(), self.notes)

    def plot(self, **how: Any):
        """The cells with their intervals as they were seen: two factors as `plots.interaction`, more side by side."""
        how = {"unit": self.unit, **how}
        if len(self.factors) == 2:
            return interaction(self.cells, across=self.factors[0], hue=self.factors[1], **how)
        cells = self.cells.assign(cell=self.cells[list(self.factors)].agg(CROSS.join, axis="columns"))
        return side_by_side(cells, by="cell", **how)


def factorial(data: Any, metric: Noun | Mapping[str, Noun], *, factors: Sequence[str],
              design: Design | None = None, confidence: float = .95) -> Factorial:
    """Main effects, interactions and the best cell of a test of several factors at once.

    data : whatever `measure()` takes, a row a unit, or several where `design=Design(cluster="user_id")` names the unit.
    factors : two to four columns of two to six levels. The first level in order is what others are compared with.

    Returns `Factorial`. `.frame` has the columns `metric, effect, kind, contrast, estimate, low, high, se, p,
    p_adjusted, n, method`; kind is "main" (a level less the reference, averaged over the other factors, each of their
    levels with the same weight) or "interaction" (the difference of two such differences, which is twice what is also
    called so; of three factors that of two interactions). `p_adjusted` is Holm's over all rows; intervals are not
    corrected. `.best` is the best cell with its corrected `estimate, low, high` and as it was `seen`.

    Raises UsageError for arguments; DataError for an empty cell, with what it confounds, for a cell with fewer than two
    known values or where all are equal, for a survey's cell that is hidden, for a cluster with several combinations.

    >>> from engagelab.metrics.nouns import rate
    >>> cells = {("short", "brand"): 17, ("short", "person"): 34, ("long", "brand"): 32, ("long", "person"): 17}
    >>> mails = pd.DataFrame([(*cell, row < clicks) for cell, clicks in cells.items() for row in range(680)],
    ...                      columns=["subject", "sender", "clicked"])
    >>> found = factorial(mails, rate("clicked"), factors=["subject", "sender"])
    >>> found.frame[["kind", "contrast", "estimate", "p_adjusted"]].round(4)
               kind                             contrast  estimate  p_adjusted
    0         main                         short − long    0.0015      1.0000
    1         main                       person − brand    0.0015      1.0000
    2  interaction  (short − long) × (person − brand)    0.0471      0.0036
    >>> found.best[["subject", "sender", "seen", "estimate", "low", "high"]].round(3)
      subject  sender  seen  estimate    low   high
    0   short  person  0.05     0.039  0.023  0.065
    """
    name, noun = measuring.one_of_sums(metric)
    if not isinstance(factors, list | tuple) or not FACTORS[0] <= len(set(factors)) <= FACTORS[1]:
        raise UsageError("factorial.factors", value=repr(factors))
    names, unit = list(factors), noun.unit
    table = measuring.measure(data, {name: noun}, by=names, design=design, confidence=confidence)
    known = ~(table[names] == words.text("metrics.missing")).any(axis="columns")
    cells, left = table[known], table[~known]
    levels = {one: _levels(one, list(dict.fromkeys(cells[one]))) for one in names}
    grid = pd.MultiIndex.from_product(list(levels.values()), names=names)
    cells = cells.set_index(names).reindex(grid).reset_index()[list(table.columns)]
    counted = isinstance(noun, Rate | Favourable) and design is None
    _checked(cells, levels, counted)
    units, df = _units(data, noun, cells, names, design)
    if (df < 1).any():
        raise DataError("factorial.few_units", cell=_cell(cells, names, int(df.argmin())))
    # A design takes the cell's size for chance, but it is that of an arm: its own clusters less one divide the squares.
    own = cells if design is None else cells.assign(se=cells["se"] * np.sqrt((1 + 1 / df) * (1 - 1 / (df + 1).sum())))
    effects = _effects(levels)
    frame = _frame(effects, own, df, counted, confidence)
    frame.insert(0, "metric", name)
    top = winner.best(cells["estimate"], np.sqrt(_tested(own, len(own), counted)[1]), n=cells["n"] if counted else None,
                      confidence=confidence, better=noun.better)
    best = cells.loc[[top.place], [*names, "n"]].assign(**{column: getattr(top, column) for column in (
        "estimate", "low", "high", "seen", "seen_low", "seen_high")}).reset_index(drop=True)
    cell = words.text("factorial.best", cell=_cell(cells, names, top.place), k=len(cells), seen=shown(top.seen, unit),
                      next=_cell(cells, names, top.next_best), estimate=shown(top.estimate, unit),
                      interval=interval(top.low, top.high, unit))
    notes = [*_ratio(units), *_said(frame, effects, cells, levels, unit, confidence), cell,
             words.text("factorial.holm", n=len(frame))]
    for key, n in (("no_factor", left[["n", "n_missing"]].sum().sum()), ("missing", cells["n_missing"].sum()),
                   ("adjust", len(noun.adjust))):
        notes += [words.text(f"factorial.{key}", n=int(n))] * bool(n)
    return Factorial(frame, cells, best, tuple(notes), tuple(names), unit)


def _levels(factor: str, found: list[str]) -> list[str]:
    """The levels of a factor, if they are as many as a factor may have."""
    if not LEVELS[0] <= len(found) <= LEVELS[1]:
        raise DataError("factorial.levels", column=repr(factor), n=len(found), found=words.joined(map(repr, found[:8])))
    return found


def _cell(cells: pd.DataFrame, names: Sequence[str], row: int) -> str:
    return CROSS.join(str(cells[name].iloc[row]) for name in names)


def _checked(cells: pd.DataFrame, levels: dict[str, list[str]], counted: bool) -> None:
    """Refuse cells of which nothing can be said."""
    n, there = cells["n"].fillna(0).to_numpy(dtype="int64"), cells["metric"].notna().to_numpy()
    if not there.all():
        lacking = [_cell(cells, list(levels), int(row)) for row in np.flatnonzero(~there)]
        raise DataError("factorial.empty", n=len(lacking), all=len(cells), cells=words.joined(lacking[:8]),
                        together=words.text("factorial.and").join(_confounded(levels, there)[:6]))
    alike = ~((cells["se"] > 0) | counted)
    for key, wrong in (("hidden", cells["n"].isna()), ("few", n < 2), ("alike", alike)):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(f"factorial.{key}", cell=_cell(cells, list(levels), row), n=int(n[row]),
                            flag=cells["flag"][row])


def _confounded(levels: dict[str, list[str]], there: np.ndarray) -> list[str]:
    """Main effects and interactions of two that these cells cannot tell apart, the smallest sets first."""
    coded = {name: np.eye(len(found))[:, 1:] - 1 / len(found) for name, found in levels.items()}
    blocks = {effect: _crossed([coded[name] if name in effect else np.ones((len(levels[name]), 1))
                                for name in levels])[there]
              for size in (1, 2) for effect in combinations(levels, size)}
    sets: list[set] = []
    for chosen in (chosen for size in (1, 2, 3) for chosen in combinations(blocks, size)):
        columns = np.column_stack([np.ones(there.sum()), *(blocks[effect] for effect in chosen)])
        if not any(one <= set(chosen) for one in sets) and np.linalg.matrix_rank(columns) < columns.shape[1]:
            sets.append(set(chosen))
    return [words.text("factorial.equals").join(CROSS.join(effect) for effect in blocks if effect in one)
            for one in sets]


def _crossed(parts: Sequence[np.ndarray]) -> np.ndarray:
    return reduce(lambda one, other: np.kron(one, other), parts)


def _units(data: Any, noun: Noun, cells: pd.DataFrame, names: list[str], design: Design | None
           ) -> tuple[np.ndarray, np.ndarray]:
    """How many units were drawn into each cell, and its degrees of freedom."""
    n = cells["n"].to_numpy("float64")
    if design is None or design.cluster is None:
        return n + cells["n_missing"].to_numpy("float64"), n - 1
    keys = [design.cluster, *([design.strata] if design.strata else [])]
    found = measuring.measure(data, noun, by=[*names, *keys], min_n=0)
    found = found[~(found[names] == words.text("metrics.missing")).any(axis="columns")]
    twice = found[keys].duplicated()
    if twice.any():
        raise DataError("factorial.clusters", column=repr(design.cluster), n=int(twice.sum()))
    units, known = (rows.groupby(names).size().reindex(pd.MultiIndex.from_frame(cells[names])).to_numpy("float64")
                    for rows in (found, found[found["n"] > 0]))
    return units, known - (found[design.strata].nunique() if design.strata else 1)


@dataclass(frozen=True)
class _Effect:
    """The levels that are compared, by factor, and the weights of the cells."""

    pairs: dict[str, tuple[str, str]]
    weights: np.ndarray


def _effects(levels: dict[str, list[str]]) -> list[_Effect]:
    """All main effects and interactions, each level against the first."""
    made = []
    for effect in (effect for size in range(1, len(levels) + 1) for effect in combinations(levels, size)):
        for chosen in product(*(levels[name][1:] for name in effect)):
            pairs = {name: (level, levels[name][0]) for name, level in zip(effect, chosen, strict=True)}
            made.append(_Effect(pairs, _crossed([
                np.array([(one == pairs[name][0]) - float(one == pairs[name][1]) for one in found])
                if name in pairs else np.full(len(found), 1 / len(found)) for name, found in levels.items()])))
    return made


def _tested(cells: pd.DataFrame, many: int, counted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Value and variance of each cell that a contrast of so many cells is tested with."""
    value, se, n, count = cells[["estimate", "se", "n", "count"]].to_numpy("float64", na_value=np.nan).T
    share = (count + 2 / many) / (n + 4 / many)
    return (share, share * (1 - share) / (n + 4 / many)) if counted else (value, se**2)


def _frame(effects: list[_Effect], cells: pd.DataFrame, df: np.ndarray, counted: bool, confidence: float
           ) -> pd.DataFrame:
    """A row an effect."""
    from scipy.special import stdtr

    rows = []
    for one in effects:
        value, variance = _tested(cells, int((one.weights != 0).sum()), counted)
        parts, middle = one.weights**2 * variance, float(one.weights @ value)
        se = float(np.sqrt(parts.sum()))
        own = math.inf if counted else float(parts.sum()**2 / (parts**2 / df).sum())
        sides, twice = [f"{level} − {start}" for level, start in one.pairs.values()], len(one.pairs) > 1
        reach = float(t_value(own, confidence)) * se
        rows.append({
            "effect": CROSS.join(one.pairs), "kind": "interaction" if twice else "main",
            "contrast": CROSS.join(f"({side})" for side in sides) if twice else sides[0],
            "estimate": float(one.weights @ cells["estimate"]), "low": middle - reach, "high": middle + reach, "se": se,
            "p": float(2 * stdtr(own, -abs(middle) / se)), "p_adjusted": np.nan, "n": int(cells["n"].sum()),
            "method": words.text("factorial.rates" if counted else "factorial.welch")
            + words.text("factorial.twice") * twice})
    frame = pd.DataFrame(rows)
    return frame.assign(p_adjusted=holm(frame["p"].to_numpy()))


def _ratio(units: np.ndarray) -> list[str]:
    """A warning where the cells are not of one size."""
    from scipy.special import chdtrc

    p = float(chdtrc(len(units) - 1, ((units - units.mean())**2 / units.mean()).sum()))
    return [words.text("factorial.ratio", p=LEAST_P)] * (p < RATIO_ALPHA)


def _said(frame: pd.DataFrame, effects: list[_Effect], cells: pd.DataFrame, levels: dict[str, list[str]], unit: str,
          confidence: float) -> list[str]:
    """What the effects mean, interactions before main effects."""
    told = []
    clear = (frame["p_adjusted"] < 1 - confidence).tolist()
    depends = {name for one, seen in zip(effects, clear, strict=True) if seen and len(one.pairs) > 1
               for name in one.pairs}
    means = cells.set_index(list(levels))["estimate"]
    for one, seen, row in zip(effects, clear, frame.to_dict("records"), strict=True):
        said: dict[str, object] = {"size": shown(row["estimate"], unit, signed=True), "interval": interval(
            row["low"], row["high"], unit, signed=True), "effect": row["effect"], "contrast": row["contrast"]}
        if row["kind"] == "main":
            key = "depends" if row["effect"] in depends else "main"
            said["verdict"] = words.text("factorial.difference" if seen else "factorial.no_difference")
        elif not seen:
            key = "no_interaction"
        elif len(one.pairs) > 2:
            key = "higher"
        else:
            key, (level, others) = "interaction", one.pairs.values()
            both = means.groupby(list(one.pairs)).mean()
            steps = [both[level[0], other] - both[level[1], other] for other in others]
            said |= dict(zip("ab", one.pairs, strict=True)) | {
                "level": level[0], "start": level[1], "b_level": others[0], "b_start": others[1],
                "at_level": shown(steps[0], unit, signed=True), "at_start": shown(steps[1], unit, signed=True),
                "half": shown(row["estimate"] / 2, unit, signed=True)}
        told.append((len(one.pairs), words.text(f"factorial.{key}", **said)))
    return list(dict.fromkeys(text for _, text in sorted(told, key=lambda one: -one[0])))
