"""Gamma-Gamma: the mean amount of a customer's purchases, drawn towards that of all the less we know of the customer.

The amounts of a customer are gamma distributed around an own mean, and the means are spread over the customers as one
over a gamma variable: p, q, gamma. Source: Fader and Hardie (2013, The Gamma-Gamma model of monetary value, note 025),
after Colombo and Jiang (1999). It takes how much a customer spends to be independent of how often: look at
`.independence`.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from scipy.special import betainc, digamma, gammaln, ndtr

from engagelab import words
from engagelab.display import shown
from engagelab.errors import DataError, UsageError
from engagelab.ltv.fitting import Maximum, Model, Objective, dot, maximise, numbers_of
from engagelab.metrics.intervals import z_value
from engagelab.metrics.shares import answered
from engagelab.summaries import frames

CLEAR = .1     # a rank correlation of less than this is no matter
TRACE = .01    # of draws without a mean amount
EVEN = 10.0    # logarithm of the q of customers who do not differ: their means lie within a hundredth of each other
CHANCE = 2.71  # twice the log-likelihood that a difference between customers gains by chance in 1 of 20 samples
TINY = 1e-100  # a rate of amounts, below which no sum of squares is a number


@dataclass(frozen=True, repr=False)
class GammaGamma(Model):
    """The model, plain, with given parameters, or fitted: `GammaGamma().fit(purchases)`.

    p : shape of the amounts of one customer; q, gamma : of how the customers differ. gamma is an amount.

    >>> model = GammaGamma({"p": 6.25, "q": 3.74, "gamma": 15.44})
    >>> bought = pd.DataFrame({"frequency": [0, 1, 9], "monetary": [None, 100.0, 100.0]})
    >>> model.expected_spend(bought).round(2).tolist()
    [35.22, 80.26, 96.99]
    """

    NAMES: ClassVar[tuple[str, ...]] = ("p", "q", "gamma")
    TITLE: ClassVar[str] = "gamma_gamma.title"

    def fit(self, purchases: pd.DataFrame) -> Self:
        """The model fitted by maximum likelihood to a table of `ltv.purchases` with amounts: a new object.

        purchases : columns frequency and monetary, the mean amount of the repeat purchases. Customers without repeat
        purchases say nothing about amounts; those whose mean is unknown or not above 0 are left out, counted in
        `.n_missing` and said in `.notes`.

        Where the amounts show no difference between customers, all have one mean: `.alike`, said in `.flag`; q is then
        only a large number. A fit in which q may well be 1 or below, with no mean at all, is flagged too.

        Raises DataError where no customer is left.
        """
        x, m = _checked(purchases)
        known, repeat = _known(x, m), x > 0
        n, lost = int(known.sum()), int((repeat & ~known).sum())
        if not n:
            raise DataError("gamma_gamma.nobody", n=len(x), repeat=int(repeat.sum()))
        x, m = x[known], m[known]
        unit = float(np.exp(np.log(m).mean()))  # so that the currency does not matter
        objective = _objective(x, m / unit)
        found = maximise(objective, np.zeros(3))
        endless, even = _endless(found, n), None
        if endless > TRACE:
            even = _even(objective, found.value - CHANCE / (2 * n))
        best = even or found
        best = replace(best, theta=best.theta + np.log([1, 1, unit]), value=best.value - np.log(unit))
        made = self._fitted(best, n, purchases, purchases.attrs.get("every"), missing=lost)
        if even:
            own = np.full((3, 3), np.nan)
            own[np.ix_([0, 2], [0, 2])] = np.linalg.inv(-even.hessian[np.ix_([0, 2], [0, 2])] * n)
            made = replace(made, flag=words.text("gamma_gamma.alike"),
                           covariance=pd.DataFrame(own, self.NAMES, self.NAMES))
        elif found.inner and endless > TRACE:
            made = replace(made, flag=words.text("gamma_gamma.endless", share=shown(endless, "share")))
        return replace(made, notes=tuple(_notes(made, lost, int(repeat.sum()))))

    @property
    def alike(self) -> bool:
        """Whether the amounts showed no difference between customers, so that all have one mean."""
        known = None if self.covariance is None else np.isfinite(np.diag(self.covariance))
        return known is not None and bool(known[0] and not known[1])

    @property
    def population_mean(self) -> float:
        """The mean amount over all customers, p gamma / (q - 1); NaN where q is not above 1, as there is none then."""
        p, q, gamma = self._known()
        return float(p * gamma / (q - 1)) if q > 1 else float("nan")

    @property
    def independence(self) -> pd.DataFrame:
        """How far frequency and mean amount of the repeat buyers go together, which the model takes to be 0.

        One row with the columns of `measure()`: Spearman's rank correlation, its interval by Fisher's z with the
        variance of Bonett and Wright (2000, Psychometrika 65(1), 23-28). A mean of few amounts is more often far below
        its expectation than a mean of many, so plain amounts would correlate with frequency (up to .2) where the two
        are independent; correlated is therefore the place, from 0 to 1, that a mean has among those which the model
        expects of the same frequency.
        """
        x, m = _checked(self._table(None))
        known = _known(x, m)
        n, (p, q, gamma) = int(known.sum()), self._known()
        x, total = x[known], (x * m)[known]
        place = betainc(p * x, q, total / (gamma + total)).round(9)   # equal amounts are equal to the last digit
        ranks = pd.DataFrame({"frequency": x, "place": place}).rank()
        value = float(ranks["frequency"].corr(ranks["place"])) if n > 3 and ranks.std().min() > 0 else np.nan
        spread = np.sqrt((1 + value**2 / 2) / (n - 3)) if abs(value) < 1 else np.nan
        z = np.arctanh(value) if abs(value) < 1 else np.nan
        flag = "" if np.isfinite(spread) else words.text("gamma_gamma.no_correlation")
        table = pd.DataFrame({"metric": ["rank_correlation"], "n_missing": self.n_missing, "flag": flag})
        return answered(table, {
            "estimate": value, "low": np.tanh(z - z_value(.95) * spread), "high": np.tanh(z + z_value(.95) * spread),
            "se": spread * (1 - value**2), "count": np.nan, "n": n, "n_eff": float(n),
            "method": words.text("gamma_gamma.method_correlation")}, [""])

    def expected_spend(self, purchases: pd.DataFrame | None = None) -> pd.Series:
        """The mean amount of the purchases to come of each customer, given those so far.

        Without repeat purchases of a known amount it is the mean over all customers.
        """
        table = self._table(purchases)
        x, m = _checked(table)
        known = _known(x, m)
        p, q, gamma = self._known()
        below = p * x + q - 1
        own = np.divide(p * (gamma + x * m), below, out=np.full(len(x), np.nan), where=known & (below > 0))
        return self._noted(pd.Series(np.where(known, own, self.population_mean), table.index, name="expected_spend"))

    def draws_of_spend(self, counts: np.ndarray, purchases: pd.DataFrame | None = None, seed: int = 0,
                       part: int = 0) -> np.ndarray:
        """What each customer may spend in so many purchases to come: an amount for each entry of `counts`.

        counts : numbers of purchases, a row a customer and a column a draw. Each column has parameters of its own,
        drawn from their error; the customer's mean is drawn given the history, and the amounts given the mean.
        seed, part : the same seed gives the same parameters; where many customers come in parts, each needs a number
        of its own, so that their chances are not the same.

        >>> model = GammaGamma({"p": 6.25, "q": 3.74, "gamma": 15.44})
        >>> bought = pd.DataFrame({"frequency": [9], "monetary": [100.0]})
        >>> model.draws_of_spend(np.full((1, 100_000), 2), bought).mean().round(-1).item()
        190.0
        """
        x, m = _checked(self._table(purchases))
        if np.ndim(counts) != 2 or len(counts) != len(x):
            raise UsageError("gamma_gamma.counts", n=len(x), shape=str(np.shape(counts)))
        known, random = _known(x, m), np.random.RandomState([seed, part])
        p, q, gamma = self.draws(np.shape(counts)[1], seed).T
        x, total = np.where(known, x, 0.0)[:, None], np.where(known, x * m, 0.0)[:, None]
        rate = np.maximum(random.standard_gamma(p * x + q), TINY) / (gamma + total)
        return random.standard_gamma(p * counts) / rate

    def simulate(self, seed: int, purchases: pd.DataFrame | None = None) -> pd.DataFrame:
        """The table with the mean amounts that the model draws for its frequencies; NaN without repeat purchases."""
        table = self._table(purchases)
        x, random = _checked(table.assign(monetary=np.nan))[0], np.random.RandomState(seed)
        p, q, gamma = self._known()
        rate = random.gamma(q, 1 / gamma, len(x))
        return table.assign(monetary=np.divide(random.standard_gamma(p * np.maximum(x, 1)) / rate, x,
                                               out=np.full(len(x), np.nan), where=x > 0))

    def _table(self, purchases: pd.DataFrame | None) -> pd.DataFrame:
        table = self.data if purchases is None else purchases
        if table is None:
            raise UsageError("fitting.no_purchases", model=type(self).__name__)
        return table


def spend_of(spend: GammaGamma | pd.Series | float, table: pd.DataFrame) -> np.ndarray:
    """The mean amount of a purchase of each customer of a table: from a model, from a number each, or from one for all.

    >>> spend_of(35.0, pd.DataFrame({"frequency": [0, 2]})).tolist()
    [35.0, 35.0]
    """
    if isinstance(spend, GammaGamma):
        return spend.expected_spend(table).to_numpy()
    if isinstance(spend, pd.Series):
        if not spend.index.equals(table.index):
            raise UsageError("gamma_gamma.spend_rows", n=len(spend), of=len(table))
        return frames.numbers(spend.to_frame("spend"), ["spend"])["spend"].to_numpy()
    if isinstance(spend, bool) or not isinstance(spend, int | float) or not np.isfinite(spend):
        raise UsageError("gamma_gamma.spend", value=repr(spend))
    return np.full(len(table), float(spend))


def _checked(purchases: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and mean amounts; the row of a frequency that is none is named."""
    x, m = numbers_of(purchases, ["frequency", "monetary"])
    wrong = ~((x >= 0) & (x == np.floor(x)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError("gamma_gamma.frequency", row=row + 1, value=f"{x[row]:g}", n=int(wrong.sum()))
    return x, m


def _known(x: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Who says something about amounts: a repeat buyer with a mean above 0."""
    return (x > 0) & (m > 0)


def _objective(x: np.ndarray, m: np.ndarray) -> Objective:
    """The mean log-likelihood and its gradient over the logarithms of p, q and gamma."""
    counts, place = np.unique(x, return_inverse=True)
    many, n, total = np.bincount(place), len(x), x * m
    weighted, log_m = dot(x, np.log(total)), float(np.log(m).sum())

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, gamma = np.exp(theta)
        above, log_sum = p * counts + q, np.log(gamma + total)
        by_x = dot(x, log_sum)
        value = (many @ (gammaln(above) - gammaln(p * counts)) + n * (q * theta[2] - gammaln(q)) + p * weighted - log_m
                 - p * by_x - q * log_sum.sum())
        slope = np.array([
            (many * counts) @ (digamma(above) - digamma(p * counts)) + weighted - by_x,
            many @ digamma(above) + n * (theta[2] - digamma(q)) - log_sum.sum(),
            n * q / gamma - ((p * x + q) / (gamma + total)).sum()])
        return float(value) / n, slope * [p, q, gamma] / n
    return objective


def _endless(found: Maximum, n: int) -> float:
    """The share of draws of the parameters in which q is 1 or below."""
    if not found.inner:
        return 1.0
    return float(ndtr(-found.theta[1] / np.sqrt(np.linalg.inv(-found.hessian * n)[1, 1])))


def _even(objective: Objective, least: float) -> Maximum | None:
    """The maximum among customers who do not differ, if there is one inside and it reaches `least`."""
    def held(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = objective(np.array([theta[0], EVEN, theta[1]]))
        return value, slope[[0, 2]]
    found = maximise(held, np.array([0.0, EVEN]))
    if not found.inner or found.value < least:
        return None
    hessian = np.zeros((3, 3))
    hessian[np.ix_([0, 2], [0, 2])] = found.hessian
    return Maximum(np.array([found.theta[0], EVEN, found.theta[1]]), found.value, hessian, inner=False)


def _notes(model: GammaGamma, lost: int, repeat: int) -> list[str]:
    """What a reader has to know of a fit."""
    notes, along = [], model.independence.iloc[0]
    if lost:
        notes.append(words.text("gamma_gamma.left_out", n=lost, of=repeat))
    if not np.isfinite(model.population_mean):
        notes.append(words.text("gamma_gamma.no_mean"))
    if along["low"] * along["high"] > 0 and abs(along["estimate"]) >= CLEAR:
        way = "high" if along["estimate"] < 0 else "low"
        notes.append(words.text(f"gamma_gamma.dependent_{way}", value=f"{along['estimate']:.2f}",
                                low=f"{along['low']:.2f}", high=f"{along['high']:.2f}"))
    return notes
