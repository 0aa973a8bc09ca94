"""What the models of customers share: like customers counted once, a maximiser, standard errors, and how a fit looks.

All parameters are above 0, so likelihoods are maximised over their logarithms: no bounds, and intervals stay above 0.
Standard errors come from the observed information there, by the delta method (Cox and Hinkley 1974, Theoretical
Statistics, chapter 9). The maximiser is BFGS (Nocedal and Wright 2006, Numerical Optimization, algorithm 6.1) in numpy
alone: with four parameters the threads that scipy's L-BFGS-B starts cost forty times what they help.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.metrics import looks
from engagelab.metrics.intervals import z_value
from engagelab.metrics.shares import answered
from engagelab.summaries import durations, frames, periods

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]

HISTORY = ("frequency", "recency", "T", "monetary")     # what a table of purchases says of a customer
FAR = 14.0       # a logarithm of a parameter beyond this is no inner maximum
STEP = 1e-4      # of the logarithms, for the second derivatives
LONGEST = 2.0    # the longest step that one round may take, in logarithms
LOOKED_AT = ["parameter", "estimate", "interval", "se", "n"]


@dataclass(frozen=True)
class Customers:
    """Customers of the same history counted once; `place` says where each customer's history stands."""

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray        # T
    weight: np.ndarray
    place: np.ndarray = field(repr=False)

    @property
    def n(self) -> float:
        """How many customers."""
        return float(self.weight.sum())


def customers(purchases: pd.DataFrame) -> Customers:
    """The histories in a table of `ltv.purchases`, each once, after they have been checked.

    Raises DataError for a number that is missing, below 0 or not whole, a recency beyond T, a recency that does not go
    with the frequency (0 repeat purchases have recency 0, more have one above 0), and where the table begins with a
    column of customers and somebody stands in it twice.

    >>> made = customers(pd.DataFrame({"frequency": [0, 2, 0], "recency": [0, 3.5, 0], "T": [5.0, 5.0, 5.0]}))
    >>> made.frequency.tolist(), made.weight.tolist(), made.place.tolist()
    ([0.0, 2.0], [2.0, 1.0], [0, 1, 0])
    """
    x, t_x, age = numbers_of(purchases, HISTORY[:3])
    if purchases.columns[0] not in HISTORY:
        check_once(purchases.iloc[:, 0])
    missing, below = np.isnan(x + t_x + age), np.minimum(x, np.minimum(t_x, age)) < 0
    checks = {"missing": missing, "below": below, "whole": x != np.floor(x), "beyond": t_x > age,
              "unlike": (x > 0) != (t_x > 0)}
    for name, wrong in checks.items():
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(f"fitting.{name}", row=row + 1, n=int(wrong.sum()), frequency=f"{x[row]:g}",
                            recency=f"{t_x[row]:g}", T=f"{age[row]:g}")
    if not len(x):
        raise DataError("fitting.nobody")
    place = np.zeros(len(x), dtype="int64")
    for column in (x, t_x, age):
        own, levels = pd.factorize(column, sort=True)
        if (place.max() + 1) * len(levels) >= 2**63:
            place = pd.factorize(place, sort=True)[0]
        place = place * len(levels) + own
    place = pd.factorize(place, sort=True)[0]
    one = np.empty(place.max() + 1, dtype="int64")
    one[place] = np.arange(len(place))     # some customer of each history
    return Customers(x[one], t_x[one], age[one], np.bincount(place).astype("float64"), place)


def numbers_of(purchases: pd.DataFrame, names: Sequence[str]) -> list[np.ndarray]:
    """These columns as floats; they are looked at one by one only where they are not plain finite numbers."""
    found = [column.to_numpy("float64") for name in names
             if isinstance(column := purchases.get(name), pd.Series) and column.dtype in ("float64", "int64")]
    if len(found) == len(names) and not any(np.isinf(column).any() for column in found):
        return found
    return list(frames.numbers(purchases, names).to_numpy().T)


def ids_of(purchases: pd.DataFrame) -> pd.Series:
    """The customers of a table: its first column that is no part of their history, or else the index.

    >>> ids_of(pd.DataFrame({"who": ["ann", "bob"], "frequency": [9, 0]})).tolist()
    ['ann', 'bob']
    """
    own = next((place for place, name in enumerate(purchases) if name not in HISTORY), None)
    return purchases.index.to_series() if own is None else purchases.iloc[:, own]


def check_once(ids: pd.Series) -> None:
    """Refuse a column of customers in which somebody stands twice."""
    twice = ids.duplicated().to_numpy()
    if twice.any():
        raise DataError("fitting.user_twice", column=repr(ids.name), row=int(np.argmax(twice)) + 1, n=int(twice.sum()))


def dot(one: np.ndarray, other: np.ndarray) -> float:
    """The sum of products; `@` would start threads, which cost ten times what they help and change last digits.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float((one * other).sum())


@dataclass(frozen=True)
class Maximum:
    """Where a likelihood is largest: logarithms of the parameters, its value, the matrix of second derivatives."""

    theta: np.ndarray
    value: float
    hessian: np.ndarray
    inner: bool


def maximise(objective: Objective, start: np.ndarray, *, second: Callable[[np.ndarray], np.ndarray] | None = None,
             rounds: int = 300, close: float = 1e-10) -> Maximum:
    """The maximum of a function that gives its value and gradient; `inner` is false where it has none inside.

    second : its second derivatives; with them the steps are Newton's. close : the gradient at which it ends, of a mean
    log-likelihood.

    >>> made = maximise(lambda theta: (-float((theta - 2) @ (theta - 2)), -2 * (theta - 2)), np.zeros(2))
    >>> made.theta.round(6).tolist(), made.inner
    ([2.0, 2.0], True)
    """
    theta, inverse = np.asarray(start, dtype="float64"), np.eye(len(start))
    value, gradient = objective(theta)
    for round_ in range(rounds):
        if np.abs(gradient).max() < close or np.abs(theta).max() > FAR:
            break
        step = inverse @ gradient if second is None else _uphill(second(theta), gradient)
        if step @ gradient <= 0:
            inverse, step = np.eye(len(theta)), gradient
        step = step * min(1.0, LONGEST / max(np.abs(step).max(), 1e-300))
        moved = _along(objective, theta, value, gradient, step)
        if moved is None:
            break
        theta, value, after, taken = moved
        change = gradient - after          # of the gradient of what is minimised
        if second is None and (curve := change @ taken) > 1e-300:
            if not round_:
                inverse = inverse * (curve / (change @ change))
            left = np.eye(len(theta)) - np.outer(taken, change) / curve
            inverse = left @ inverse @ left.T + np.outer(taken, taken) / curve
        gradient = after
    hessian = _second(objective, theta) if second is None else second(theta)
    roots = np.linalg.eigvalsh(hessian)
    inner = bool(np.abs(theta).max() < FAR and roots.max() < 0 and roots.max() / roots.min() > 1e-10
                 and np.abs(gradient).max() < max(1e-5, close))
    return Maximum(theta, value, hessian, inner)


def _along(objective: Objective, theta: np.ndarray, value: float, gradient: np.ndarray, step: np.ndarray
           ) -> tuple[np.ndarray, float, np.ndarray, np.ndarray] | None:
    """The point along a step at which the function rose enough; None where it rises no more."""
    slope, size = float(step @ gradient), 1.0
    for _ in range(40):
        there, after = objective(theta + size * step)
        gained = there - value
        level = abs(gained) < 1e-13 * max(1.0, abs(value)) and abs(step @ after) < .9 * slope  # nearer, below rounding
        if np.isfinite(there) and np.isfinite(after).all() and (gained >= 1e-4 * size * slope or level):
            return theta + size * step, there, after, size * step
        size *= .4
    return None


def _uphill(hessian: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Newton's step, turned where it would lead down (Nocedal and Wright 2006, section 3.4)."""
    roots, axes = np.linalg.eigh(hessian)
    size = np.abs(roots)
    return axes @ ((axes.T @ gradient) / np.maximum(size, 1e-8 * size.max() + 1e-300))


def _second(objective: Objective, theta: np.ndarray) -> np.ndarray:
    """Second derivatives from differences of the gradient."""
    rows = [(objective(theta + shift)[1] - objective(theta - shift)[1]) / (2 * STEP)
            for shift in STEP * np.eye(len(theta))]
    matrix = np.array(rows)
    return (matrix + matrix.T) / 2


@dataclass(frozen=True, repr=False)
class Model:
    """A model with parameters above 0: plain, with parameters that are given, or fitted.

    params : by name. every : the unit of time of those that are times. covariance : of the logarithms of the
    parameters. n, loglik : customers and log-likelihood of the fit. flag : "" or why the fit is not to be trusted.
    data : what it was fitted to, and what it speaks of unless told otherwise.
    """

    NAMES: ClassVar[tuple[str, ...]] = ()
    TITLE: ClassVar[str] = ""        # key of the model's name in the catalogue

    params: pd.Series | Mapping[str, float] | None = None
    every: str | None = None
    covariance: pd.DataFrame | None = None
    loglik: float = float("nan")
    n: int = 0
    n_missing: int = 0
    flag: str = ""
    notes: tuple[str, ...] = ()
    data: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.params is None:
            return
        given = dict(self.params)
        if sorted(given) != sorted(self.NAMES) or not all(0 < value < np.inf for value in given.values()):
            raise UsageError("fitting.params", names=words.joined(self.NAMES), value=repr(given))
        ordered = [given[name] for name in self.NAMES]
        object.__setattr__(self, "params", pd.Series(ordered, list(self.NAMES), "float64", name="estimate"))

    @property
    def se(self) -> pd.Series:
        """Standard errors of the parameters."""
        known = self._known()
        root = np.full(len(known), np.nan) if self.covariance is None else np.sqrt(np.diag(self.covariance))
        return pd.Series(known.to_numpy() * root, index=known.index, name="se")

    @property
    def frame(self) -> pd.DataFrame:
        """The parameters as an answer, a row each; their intervals are made on the logarithm."""
        known, z = self._known(), z_value(.95)
        relative = np.minimum(self.se.to_numpy() / known.to_numpy(), 300)     # e to the power of more is no number
        table = pd.DataFrame({"metric": list(self.NAMES), "n_missing": self.n_missing, "flag": self.flag})
        method = words.text("fitting.method", model=words.text(self.TITLE))
        tail = {"estimate": known.to_numpy(), "low": known.to_numpy() * np.exp(-z * relative),
                "high": known.to_numpy() * np.exp(z * relative), "se": self.se.to_numpy(), "count": np.nan,
                "n": self.n, "n_eff": float(self.n), "method": method}
        answer = answered(table, tail, [""] * len(table))
        answer.attrs = {"sql": "", "notes": list(self.notes)}
        return answer

    def draws(self, n: int, seed: int = 0) -> np.ndarray:
        """Parameters as they might be: n rows, normal on the logarithm; as fitted where no error is known."""
        drawn = np.tile(np.log(self._known().to_numpy()), (n, 1))
        if self.covariance is not None:
            spread = self.covariance.to_numpy()
            own = np.isfinite(np.diag(spread))
            root = np.linalg.cholesky(spread[np.ix_(own, own)])
            drawn[:, own] += np.random.RandomState(seed).standard_normal((n, own.sum())) @ root.T
        return np.exp(drawn)

    def units(self, name: str, value: object) -> float:
        """A duration such as "12 months" in the model's unit of time."""
        if self.every is None:
            raise UsageError("fitting.no_unit")
        return durations.days(name, value) / durations.days("every", f"1 {self.every}")

    def _noted(self, answer: pd.Series) -> pd.Series:
        """The answer, with what is said against the fit in its notes."""
        answer.attrs = {"notes": [self.flag] * bool(self.flag)}
        return answer

    def _known(self) -> pd.Series:
        if not isinstance(self.params, pd.Series):
            raise UsageError("fitting.not_fitted", model=type(self).__name__)
        return self.params

    def _of(self, purchases: pd.DataFrame | None) -> pd.DataFrame:
        """The customers that are meant, in the model's unit of time."""
        table = self.data if purchases is None else purchases
        if table is None:
            raise UsageError("fitting.no_purchases", model=type(self).__name__)
        own = table.attrs.get("every", self.every)
        if own == self.every:
            return table
        size = durations.days("every", f"1 {own}") / durations.days("every", f"1 {self.every}")
        return table.assign(recency=table["recency"] * size, T=table["T"] * size)

    def _fitted(self, found: Maximum, n: float, purchases: pd.DataFrame, every: str | None, *, missing: int = 0,
                notes: tuple[str, ...] = ()) -> Self:
        """This model with the maximum of its mean log-likelihood."""
        names = list(self.NAMES)
        spread = np.linalg.inv(-found.hessian * n) if found.inner else np.full((len(names), len(names)), np.nan)
        return replace(self, params=dict(zip(names, np.exp(found.theta), strict=True)), every=every, n=round(n),
                       loglik=found.value * n, covariance=pd.DataFrame(spread, names, names), n_missing=missing,
                       notes=notes, flag="" if found.inner else words.text("fitting.no_inner"), data=purchases)

    def __repr__(self) -> str:
        if self.params is None:
            return f"{type(self).__name__}()"
        return looks.plain([looks.rounded(self.frame.rename(columns={"metric": "parameter"}), LOOKED_AT)], self._said())

    def _repr_html_(self) -> str:
        return looks.page([looks.rounded(self.frame.rename(columns={"metric": "parameter"}), LOOKED_AT)], self._said())

    def _said(self) -> tuple[str, ...]:
        title = words.text("fitting.said", model=words.text(self.TITLE), n=self.n, loglik=f"{self.loglik:,.1f}")
        return tuple(filter(None, (title if self.n else words.text(self.TITLE), self.flag, *self.notes)))


def unit_of(purchases: pd.DataFrame, every: str | None) -> str:
    """The unit of time of a table of purchases: what is said, or what the table itself says.

    >>> unit_of(pd.DataFrame({"T": [1.0]}), "week")
    'week'
    """
    column_of("T", purchases.columns)
    own = every or purchases.attrs.get("every")
    if own is None:
        raise UsageError("fitting.no_unit")
    if own != (made := purchases.attrs.get("every", own)):
        raise UsageError("fitting.two_units", own=repr(made), every=repr(own))
    return str(one_of("every", own, periods.EVERY))
