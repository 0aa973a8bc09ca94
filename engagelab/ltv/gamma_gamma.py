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
from scipy.special import betainc, digamma, gammaln

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.ltv.fitting import Model, dot, maximise
from engagelab.metrics.intervals import z_value
from engagelab.metrics.shares import answered
from engagelab.summaries import frames

CLEAR = .1  # a rank correlation of less than this is no matter


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

        Raises DataError where no customer is left.
        """
        x, m = _checked(purchases)
        known, repeat = _known(x, m), x > 0
        n, lost = int(known.sum()), int((repeat & ~known).sum())
        if not n:
            raise DataError("gamma_gamma.nobody", n=len(x), repeat=int(repeat.sum()))
        x, m = x[known], m[known]
        unit = float(np.exp(np.log(m).mean()))  # so that the currency does not matter
        found = maximise(_objective(x, m / unit), np.zeros(3))
        found = replace(found, theta=found.theta + np.log([1, 1, unit]), value=found.value - np.log(unit))
        every = purchases.attrs.get("every")
        made = self._fitted(found, n, purchases, every, missing=lost)
        return replace(made, notes=tuple(_notes(made, lost, int(repeat.sum()))))

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
        ranks = pd.DataFrame({"frequency": x, "place": betainc(p * x, q, total / (gamma + total))}).rank()
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
        return pd.Series(np.where(known, own, self.population_mean), index=table.index, name="expected_spend")

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
        rate = random.standard_gamma(p * x + q) / (gamma + total)
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
    table = frames.numbers(purchases, ["frequency", "monetary"])
    x = table["frequency"].to_numpy()
    wrong = ~((x >= 0) & (x == np.floor(x)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError("gamma_gamma.frequency", row=row + 1, value=f"{x[row]:g}", n=int(wrong.sum()))
    return x, table["monetary"].to_numpy()


def _known(x: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Who says something about amounts: a repeat buyer with a mean above 0."""
    return (x > 0) & (m > 0)


def _objective(x: np.ndarray, m: np.ndarray):
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
