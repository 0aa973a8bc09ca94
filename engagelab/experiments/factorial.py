"""What each factor of a multivariate test does, and whether factors depend on each other.

Every combination of levels is a cell with an estimate of its own; an effect is a contrast of equally weighted cells
(Montgomery, Design and Analysis of Experiments, 2017, chapters 5 and 6), so that unequal cells shift nothing. Errors
are each cell's own: Welch's degrees of freedom, for several contrasts at once Johansen's (1980, Biometrika 67, 85-92),
and for plain rates the adjusted counts of Price and Bonett (2004, Computational Statistics & Data Analysis 45,
449-456), which hold where counts are small.
"""

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
from engagelab.experiments import winner
from engagelab.metrics import measure as measuring
from engagelab.metrics.design import Design
from engagelab.metrics.intervals import holm, t_value
from engagelab.metrics.looks import LEAST_P, page, plain, rounded
from engagelab.metrics.nouns import Favourable, Noun, Quantile, Rate
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
        rows = self.frame.to_dict("records")
        effects = self.frame[["effect", "contrast"]].assign(
            estimate=[shown(row["estimate"], self.unit, signed=True) for row in rows],
            interval=[interval(row["low"], row["high"], self.unit, signed=True) for row in rows],
            p_adjusted=[LEAST_P if row["p_adjusted"] < .001 else shown(row["p_adjusted"]) for row in rows])
        return [effects.rename(columns=heading), self.cells[list(self.factors)].join(
            rounded(self.cells, ["estimate", "interval", "n", "n_missing"], self.unit))]

    def __repr__(self) -> str:
        return plain(self._tables(), self.notes)

    def _repr_html_(self) -> str:
        return page(self._tables(), self.notes)

    def plot(self, **how: Any):
        """The cells with their intervals as they were seen: two factors as `plots.interaction`, more side by side."""
        if len(self.factors) == 2:
            return interaction(self.cells, across=self.factors[0], hue=self.factors[1], unit=self.unit, **how)
        cells = self.cells.assign(cell=self.cells[list(self.factors)].agg(CROSS.join, axis="columns"))
        return side_by_side(cells, by="cell", unit=self.unit, **how)


def factorial(data: Any, metric: Noun | Mapping[str, Noun], *, factors: Sequence[str] | Mapping[str, object],
              design: Design | None = None, split: Mapping[tuple[str, ...], float] | None = None,
              confidence: float = .95) -> Factorial:
    """Main effects, interactions and the best cell of a test of several factors at once.

    data : whatever `measure()` takes, a row a unit, or several where `design=Design(cluster="user_id")` names the unit.
    factors : two to four columns of two to six levels. The first level in order is what others are compared with, or
        name it: `{"subject": "long", "sender": None}`.
    split : the planned share of each cell, `{("short", "brand"): .4, ...}`; all equal unless told.

    Returns `Factorial`. `.frame` has the columns `metric, effect, kind, contrast, estimate, low, high, se, p,
    p_adjusted, n, method`; kind is "main" (a level less the reference, averaged over the other factors, each of their
    levels with the same weight), "interaction" (the difference of two such differences: twice what is also called so)
    or "higher" (all interactions of three factors and more in one test). `p_adjusted` is Holm's over all rows;
    intervals are not corrected. `.best` is the best cell with its corrected `estimate, low, high` and as it was `seen`.

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
    0   short  person  0.05     0.036  0.023  0.065
    """
    named = measuring.named(metric)
    first = _factors(factors, named)
    names, (name, noun) = list(first), next(iter(named.items()))
    table = measuring.measure(data, named, by=names, design=design, confidence=confidence)
    known = ~(table[names] == words.text("metrics.missing")).any(axis="columns")
    cells, left = table[known], table[~known]
    levels = {one: _levels(one, list(dict.fromkeys(cells[one])), first[one]) for one in names}
    grid = pd.MultiIndex.from_product(list(levels.values()), names=names)
    cells = cells.set_index(names).reindex(grid).reset_index()[list(table.columns)]
    counted, unit = isinstance(noun, Rate | Favourable) and design is None, noun.unit
    _checked(cells, levels, counted)
    units, df = _units(data, named, cells, names, design)
    if (df < 1).any():
        raise DataError("factorial.few_units", cell=_cell(cells, names, int(df.argmin())))
    # A design takes the cell's size for chance, but it is that of an arm: its own clusters less one divide the squares.
    own = cells if design is None else cells.assign(se=cells["se"] * np.sqrt((1 + 1 / df) * (1 - 1 / (df + 1).sum())))
    effects = _effects(levels)
    frame = _frame(effects, own, np.full(len(df), np.inf) if counted else df, counted, confidence)
    frame.insert(0, "metric", name)
    top = winner.best(cells["estimate"], np.sqrt(_tested(own, len(own), counted)[1]), confidence=confidence,
                      better=noun.better)
    best = cells.loc[[top.place], [*names, "n"]].assign(**{column: getattr(top, column) for column in (
        "estimate", "low", "high", "seen", "seen_low", "seen_high")}).reset_index(drop=True)
    cell = words.text("factorial.best", cell=_cell(cells, names, top.place), k=len(cells), seen=shown(top.seen, unit),
                      next=_cell(cells, names, top.next_best), estimate=shown(top.estimate, unit),
                      interval=interval(top.low, top.high, unit))
    notes = [*_ratio(units, cells, names, split), *_said(frame, effects, cells, levels, unit, confidence), cell,
             words.text("factorial.holm", n=len(frame))]
    for key, n in (("no_factor", left[["n", "n_missing"]].sum().sum()), ("missing", cells["n_missing"].sum()),
                   ("adjust", len(noun.adjust))):
        notes += [words.text(f"factorial.{key}", n=int(n))] * bool(n)
    return Factorial(frame, cells, best, tuple(notes), tuple(names), unit)


def _factors(factors: Sequence[str] | Mapping[str, object], metrics: Mapping[str, Noun]) -> dict[str, Any]:
    """The columns of factors with the level that each is compared with, None for the first."""
    first: dict[str, Any] = {}
    if isinstance(factors, Mapping):
        first = dict(factors)
    elif isinstance(factors, list | tuple) and all(isinstance(name, str) for name in factors):
        first = dict.fromkeys(factors)
    if not FACTORS[0] <= len(first) <= FACTORS[1] or len(first) < len(factors):
        raise UsageError("factorial.factors", value=repr(factors))
    if len(metrics) > 1:
        raise UsageError("factorial.one_metric")
    noun = next(iter(metrics.values()))
    if isinstance(noun, Quantile):
        raise UsageError("metrics.not_of_sums", noun=noun.name)
    return first


def _levels(factor: str, found: list[str], first: object) -> list[str]:
    """The levels of a factor, the one that others are compared with first."""
    if not LEVELS[0] <= len(found) <= LEVELS[1]:
        raise DataError("factorial.levels", column=repr(factor), n=len(found), found=words.joined(map(repr, found[:8])))
    start = found[0] if first is None else str(first).lower() if isinstance(first, bool) else str(first)
    if start not in found:
        raise UsageError("factorial.no_level", column=repr(factor), value=repr(first),
                         found=words.joined(map(repr, found)))
    return [start, *(level for level in found if level != start)]


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


def _units(data: Any, named: Mapping[str, Noun], cells: pd.DataFrame, names: list[str], design: Design | None
           ) -> tuple[np.ndarray, np.ndarray]:
    """How many units were drawn into each cell, and its degrees of freedom."""
    n = cells["n"].to_numpy("float64")
    if design is None or design.cluster is None:
        return n + cells["n_missing"].to_numpy("float64"), n - 1
    keys = [design.cluster, *([design.strata] if design.strata else [])]
    found = measuring.measure(data, named, by=[*names, *keys], min_n=0)
    found = found[~(found[names] == words.text("metrics.missing")).any(axis="columns")]
    twice = found[keys].duplicated()
    if twice.any():
        raise DataError("factorial.clusters", column=repr(design.cluster), n=int(twice.sum()),
                        value=repr(found[design.cluster][twice].iloc[0]))
    units, known = (rows.groupby(names).size().reindex(pd.MultiIndex.from_frame(cells[names])).to_numpy("float64")
                    for rows in (found, found[found["n"] > 0]))
    return units, known - (found[design.strata].nunique() if design.strata else 1)


@dataclass(frozen=True)
class _Effect:
    """The factors it is of, the levels that are compared, and the weights of the cells, a row a contrast."""

    factors: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    weights: np.ndarray


def _effects(levels: dict[str, list[str]]) -> list[_Effect]:
    """All main effects and interactions of two, each level against the first, and all others as one."""
    made: list[_Effect] = []
    for effect in (effect for size in range(1, len(levels) + 1) for effect in combinations(levels, size)):
        for chosen in product(*(levels[name][1:] for name in effect)):
            level = dict(zip(effect, chosen, strict=True))
            weights = _crossed([np.array([(one == level[name]) - float(one == found[0]) for one in found])
                                if name in level else np.full(len(found), 1 / len(found))
                                for name, found in levels.items()])
            made.append(_Effect(effect, tuple((level[name], levels[name][0]) for name in effect), weights[None]))
    higher = [one.weights for one in made if len(one.factors) > 2]
    return [*(one for one in made if len(one.factors) < 3),
            *([_Effect(tuple(levels), (), np.concatenate(higher))] if higher else [])]


def _tested(cells: pd.DataFrame, many: int, counted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Value and variance of each cell that a contrast of so many cells is tested with."""
    value, se, n, count = cells[["estimate", "se", "n", "count"]].to_numpy("float64", na_value=np.nan).T
    share = (count + 2 / many) / (n + 4 / many)
    return (share, share * (1 - share) / (n + 4 / many)) if counted else (value, se**2)


def _frame(effects: list[_Effect], cells: pd.DataFrame, df: np.ndarray, counted: bool, confidence: float
           ) -> pd.DataFrame:
    """A row an effect."""
    rows = []
    for one in effects:
        value, variance = _tested(cells, int(one.weights.any(axis=0).sum()), counted)
        p, own, f = _wald(one.weights, value, variance, df)
        row = {"effect": words.text("factorial.higher_name"), "kind": "higher", "contrast": "", "estimate": np.nan,
               "low": np.nan, "high": np.nan, "se": np.nan, "p": p, "p_adjusted": np.nan, "n": int(cells["n"].sum()),
               "method": words.text("factorial.wald", q=len(one.weights), df=own, f=f)}
        if one.pairs:
            sides = [f"{level} − {start}" for level, start in one.pairs]
            se, middle = float(np.sqrt(one.weights[0]**2 @ variance)), float(one.weights[0] @ value)
            reach, twice = float(t_value(own, confidence)) * se, len(sides) > 1
            row |= {"effect": CROSS.join(one.factors), "kind": "interaction" if twice else "main",
                    "contrast": CROSS.join(f"({side})" for side in sides) if twice else sides[0],
                    "estimate": float(one.weights[0] @ cells["estimate"]), "low": middle - reach,
                    "high": middle + reach, "se": se, "method": words.text(
                        "factorial.rates" if counted else "factorial.welch") + words.text("factorial.twice") * twice}
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.assign(p_adjusted=holm(frame["p"].to_numpy()))


def _wald(weights: np.ndarray, value: np.ndarray, variance: np.ndarray, df: np.ndarray
          ) -> tuple[float, float, float]:
    """Whether all contrasts are 0: p, degrees of freedom of the errors, and F; of one contrast, Welch's t squared."""
    from scipy.special import chdtrc, fdtrc

    q, found, cross = len(weights), weights @ value, weights * variance
    inverse = np.linalg.inv(cross @ weights.T)
    spread = float((np.einsum("ji,jk,ki->i", weights, inverse, cross)**2 / df).sum())
    wald = float(found @ inverse @ found)
    f, own = wald / (q + 2 * spread - 6 * spread / (q + 2)), q * (q + 2) / (3 * spread) if spread > 0 else np.inf
    return float(chdtrc(q, wald) if np.isinf(own) else fdtrc(q, own, f)), own, f


def _ratio(units: np.ndarray, cells: pd.DataFrame, names: list[str], split: Mapping[tuple[str, ...], float] | None
           ) -> list[str]:
    """A warning where the cells are not of the sizes that were planned."""
    from scipy.special import chdtrc

    keys = list(cells[names].itertuples(index=False, name=None))
    shares = dict.fromkeys(keys, 1.0) if split is None else split
    if not isinstance(shares, Mapping) or set(shares) != set(keys) or not all(
            isinstance(one, int | float) and one > 0 for one in shares.values()):
        raise UsageError("factorial.split", cells=words.joined(map(repr, keys[:4])))
    expected = np.array([shares[key] for key in keys]) * units.sum() / sum(shares.values())
    p = float(chdtrc(len(units) - 1, ((units - expected)**2 / expected).sum()))
    return [words.text("factorial.ratio", p=LEAST_P)] * (p < RATIO_ALPHA)


def _said(frame: pd.DataFrame, effects: list[_Effect], cells: pd.DataFrame, levels: dict[str, list[str]], unit: str,
          confidence: float) -> list[str]:
    """What the effects mean, interactions before main effects."""
    told: dict[str, list[str]] = {"higher": [], "interaction": [], "main": []}
    clear = (frame["p_adjusted"] < 1 - confidence).tolist()
    depends = {name for one, seen in zip(effects, clear, strict=True) if seen and len(one.factors) > 1
               for name in one.factors}
    means = cells.set_index(list(levels))["estimate"]
    for one, seen, row in zip(effects, clear, frame.to_dict("records"), strict=True):
        said: dict[str, object] = {"size": shown(row["estimate"], unit, signed=True), "interval": interval(
            row["low"], row["high"], unit, signed=True), "effect": row["effect"], "contrast": row["contrast"]}
        key = "higher" if seen else "no_higher"
        if row["kind"] == "main":
            key = "depends" if one.factors[0] in depends else "main"
            said["verdict"] = words.text("factorial.difference" if seen else "factorial.no_difference")
        elif row["kind"] == "interaction":
            key, ends = "interaction" if seen else "no_interaction", dict(zip("ab", one.pairs, strict=True))
            both = means.groupby(list(one.factors)).mean()
            steps = [both[ends["a"][0], other] - both[ends["a"][1], other] for other in ends["b"]]
            said |= dict(zip("ab", one.factors, strict=True)) | {
                "level": ends["a"][0], "start": ends["a"][1], "b_level": ends["b"][0], "b_start": ends["b"][1],
                "at_level": shown(steps[0], unit, signed=True), "at_start": shown(steps[1], unit, signed=True),
                "half": shown(row["estimate"] / 2, unit, signed=True)}
        told[row["kind"]].append(words.text(f"factorial.{key}", **said))
    return [sentence for kind in told.values() for sentence in kind]
