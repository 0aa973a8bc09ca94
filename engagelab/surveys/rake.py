"""Weights with which the respondents look like the population in several attributes at once.

Raking is the iterative proportional fitting of Deming and Stephan (1940, Annals of Mathematical Statistics 11,
427-444), here run until every margin is met and not until the weights move little. A largest weight is kept as in the
truncated method of Deville, Särndal and Sautory (1993, JASA 88, 1013-1020): of all weights that meet the margins and
the cap, those nearest to the starting weights. The design effect is Kish's (1965, Survey Sampling, section 11.7).
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import written
from engagelab.display import shown, table_html
from engagelab.errors import DataError, UsageError, near
from engagelab.summaries.engine import source
from engagelab.summaries.frames import fetched, weights_of

WEIGHT = "weight"
ROUNDING = 1e-6  # a sum of margins may be off by so much of itself
FINITE = 1e-100, 1e100  # where no weights meet all margins, some would grow without end


@dataclass(frozen=True)
class Raked:
    """The caller's rows with their `weight`; the margins; Kish's design effect and effective n; rounds and error."""

    frame: pd.DataFrame = field(repr=False)
    margins: pd.DataFrame
    deff: float
    n_eff: float
    iterations: int
    error: float

    def __repr__(self) -> str:
        return f"{self._said()}\n{self._table().to_string(index=False)}"

    def _repr_html_(self) -> str:
        return table_html(self._table()) + f"<p><small>{html.escape(self._said())}</small></p>"

    def _said(self) -> str:
        weights = self.frame[WEIGHT]
        return words.text("rake.said", n=len(weights), mean=shown(weights.mean()), low=shown(weights.min()),
                          high=shown(weights.max()), deff=shown(self.deff), n_eff=shown(self.n_eff),
                          rounds=self.iterations)

    def _table(self) -> pd.DataFrame:
        units = {"target": "share", "sample": "share", "weighted": "share", "n": "count"}
        rounded = {name: [shown(value, unit) for value in self.margins[name]] for name, unit in units.items()}
        named = self.margins.assign(**rounded)
        return named.rename(columns={name: words.text(f"rake.column_{name}") for name in named})


@dataclass(frozen=True)
class _Margin:
    """One margin: its column, categories, the sum of weights each has to get, and the category of each row."""

    column: str
    categories: list[str]
    target: np.ndarray
    codes: np.ndarray

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """The weights of each category."""
        return np.bincount(self.codes, weights, minlength=len(self.categories))


def rake(data: Any, margins: Mapping[str, Mapping[Any, float] | pd.Series], *, base: str | None = None,
         cap: float | None = None, tolerance: float = 1e-10, most: int = 10_000) -> Raked:
    """Weights that bring each column of `margins` to its known shares.

    data : a row a respondent, whatever `measure()` takes. margins : for each column its categories, with their
        shares in the population or how many people it has, as a dict or as a Series such as that of `value_counts()`;
        categories are compared as text.
    base : a column of weights to start from, such as those of the design. cap : the largest weight, as a multiple of
        the mean weight. tolerance : the largest error of a margin, relative to its target. most : rounds at most.

    Returns `Raked`: `.frame` is the table with a column `weight`, of mean 1 where all margins are shares and otherwise
    summing to the population; `.margins` a row a category (target, share of the sample, weighted share, n), for the
    analyst, as nothing is hidden in it; `.deff` and `.n_eff` after Kish, `.iterations` and `.error`.
    Then `el.measure(raked.frame, nouns, design=el.Design(weights="weight"))`.

    Raises UsageError for margins that do not sum to 1 or to the same population; DataError for a category without a
    respondent, one that the margin lacks, a missing value, a weight of `base` that is not above 0, and where
    no weights meet all margins (and the cap).

    >>> staff = pd.DataFrame({"region": ["east"] * 6 + ["west"] * 4, "contract": ["full", "part"] * 5})
    >>> raked = rake(staff, {"region": {"east": .5, "west": .5}, "contract": {"full": .7, "part": .3}})
    >>> raked
    10 rows weighted: mean 1.00, from 0.50 to 1.75; design effect 1.21, effective n 8.28; rounds: 1
      column category target sample weighted n
      region     east  50.0%  60.0%    50.0% 6
      region     west  50.0%  40.0%    50.0% 4
    contract     full  70.0%  50.0%    70.0% 5
    contract     part  30.0%  50.0%    30.0% 5
    """
    frame = data if isinstance(data, pd.DataFrame) else fetched(data, list(source(data).types))
    _arguments(frame, margins, cap, tolerance, most)
    total, shares = _population({column: dict(margin) for column, margin in margins.items()}, len(frame))
    fitted = [_margin(frame, column, share, total) for column, share in shares.items()]
    start = np.ones(len(frame)) if base is None else weights_of(frame, base).to_numpy()
    largest = np.inf if cap is None else cap * total / len(frame)
    _room(fitted, largest, cap)
    weights, rounds, error = _fitted(fitted, start * (total / start.sum()), largest, tolerance, most)
    if not error <= tolerance:
        raise DataError("rake.unmet" if cap is None else "rake.unmet_cap", error=f"{error:.2g}", rounds=rounds, cap=cap,
                        margin=_worst(fitted, weights))
    n_eff = float(weights.sum()**2 / (weights**2).sum())
    return Raked(frame.assign(**{WEIGHT: weights}), _told(fitted, weights), len(frame) / n_eff, n_eff, rounds, error)


def _arguments(frame: pd.DataFrame, margins: object, cap: float | None, tolerance: float, most: int) -> None:
    """Refuse arguments that cannot be right."""
    if not isinstance(margins, Mapping) or not margins or not all(
            isinstance(margin, Mapping | pd.Series) and len(margin) for margin in margins.values()):
        raise UsageError("rake.margins", value=" ".join(repr(margins).split()))
    for column, margin in margins.items():
        if isinstance(margin, pd.Series) and not margin.index.is_unique:
            raise UsageError("rake.twice", column=repr(column))
    if not len(frame):
        raise DataError("rake.nobody")
    if WEIGHT in frame:
        raise UsageError("rake.has_weight", column=repr(WEIGHT))
    for name, value, least in (("cap", 2.0 if cap is None else cap, 1), ("tolerance", tolerance, 0), ("most", most, 0)):
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not least < value < np.inf:
            raise UsageError("rake.above", name=name, least=least, value=repr(value))


def _population(margins: Mapping[str, Mapping[Any, float]], n: int) -> tuple[float, dict[str, dict[Any, float]]]:
    """What the weights sum to, and every margin as shares."""
    people: dict[str, float] = {}
    shares = {}
    for column, margin in margins.items():
        for category, value in margin.items():
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < np.inf:
                raise UsageError("rake.target", column=repr(column), category=repr(category), value=repr(value))
        whole = float(sum(margin.values()))
        if max(margin.values()) > 1:
            people[column] = whole
        elif abs(whole - 1) > ROUNDING:
            raise UsageError("rake.shares", column=repr(column), total=f"{whole:.7g}")
        shares[column] = {category: value / whole for category, value in margin.items()}
    if not people:
        return float(n), shares
    first, total = next(iter(people.items()))
    for column, whole in people.items():
        if abs(whole - total) > ROUNDING * total:
            raise UsageError("rake.totals", one=repr(first), first=f"{total:,.10g}", other=repr(column),
                             second=f"{whole:,.10g}")
    if total < n:
        raise UsageError("rake.fewer", total=f"{total:,.10g}", n=n)
    return total, shares


def _margin(frame: pd.DataFrame, column: str, shares: Mapping[Any, float], total: float) -> _Margin:
    """One margin with the category of each row; each has to have respondents, and each respondent a category."""
    found = fetched(frame, [column])[column]
    gaps = found.isna()
    if gaps.any():
        raise DataError("rake.missing", column=repr(column), row=int(gaps.argmax()) + 1, n=int(gaps.sum()))
    said = written(found)
    names = written(pd.Series(list(shares), dtype=object)).tolist()
    if len(set(names)) < len(names):
        raise UsageError("rake.twice", column=repr(column))
    strange = ~said.isin(names)
    if strange.any():
        value = said[strange].iloc[0]
        raise DataError("rake.strange", column=repr(column), value=repr(value), n=int((said == value).sum()),
                        near=near(value, names))
    n = [int((said == name).sum()) for name in names]
    for name, share, many in zip(names, shares.values(), n, strict=True):
        if bool(share) != bool(many):
            raise DataError("rake.zero" if many else "rake.empty", column=repr(column), category=repr(name), n=many)
    kept = [(name, share) for name, share in zip(names, shares.values(), strict=True) if share]
    names = [name for name, _ in kept]
    codes = said.map(dict(zip(names, range(len(names)), strict=True))).to_numpy(dtype=np.intp)
    return _Margin(column, names, total * np.array([share for _, share in kept]), codes)


def _room(margins: list[_Margin], largest: float, cap: float | None) -> None:
    """Refuse a cap under which the respondents of a category cannot stand for all whom they have to stand for."""
    for margin in margins:
        n = np.bincount(margin.codes)
        short = margin.target > n * largest * (1 + ROUNDING)
        if short.any():
            place = int(short.argmax())
            raise DataError("rake.cap", column=repr(margin.column), category=repr(margin.categories[place]),
                            n=int(n[place]), cap=cap, need=f"{cap * margin.target[place] / (n[place] * largest):.3g}")


def _fitted(margins: list[_Margin], start: np.ndarray, largest: float, tolerance: float, most: int
            ) -> tuple[np.ndarray, int, float]:
    """The weights, the rounds that they took, and the largest relative error of a margin.

    The factors go on growing behind the cap: only so are the weights the nearest to those at the start.
    """
    free = np.clip(start, *FINITE)
    weights = np.minimum(free, largest)
    error = _error(margins, weights)
    rounds = 0
    while error > tolerance and rounds < most:
        rounds += 1
        for margin in margins:
            free = np.clip(free * (margin.target / margin.sums(weights))[margin.codes], *FINITE)
            weights = np.minimum(free, largest)
        error = _error(margins, weights)
    return weights, rounds, error


def _errors(margin: _Margin, weights: np.ndarray) -> np.ndarray:
    return np.abs(margin.sums(weights) / margin.target - 1)


def _error(margins: list[_Margin], weights: np.ndarray) -> float:
    return max(float(_errors(margin, weights).max()) for margin in margins)


def _worst(margins: list[_Margin], weights: np.ndarray) -> str:
    """The category that is farthest from its target."""
    margin = max(margins, key=lambda margin: _errors(margin, weights).max())
    return f"{margin.column} = {margin.categories[int(_errors(margin, weights).argmax())]}"


def _told(margins: list[_Margin], weights: np.ndarray) -> pd.DataFrame:
    """A row a category: what it should be, was, and is."""
    return pd.concat([pd.DataFrame({
        "column": margin.column, "category": margin.categories, "target": margin.target / margin.target.sum(),
        "sample": np.bincount(margin.codes) / len(weights), "weighted": margin.sums(weights) / weights.sum(),
        "n": np.bincount(margin.codes)}) for margin in margins], ignore_index=True)
