"""What the models of purchases share: what is asked of them, whoever leaves in whichever way.

A model gives the chance that a customer is still one, and the purchases to be expected of one who is; value is those
purchases, discounted and in money (Fader, Hardie and Lee 2005, RFM and CLV, Journal of Marketing Research 42(4),
415-430).
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Self

import numpy as np
import pandas as pd

from engagelab.errors import DataError, UsageError
from engagelab.ltv.fitting import Customers, Model, customers, dot, ids_of
from engagelab.ltv.gamma_gamma import GammaGamma, spend_of

CELLS = 2_000_000    # customers times draws at a time: 48 MB
FEWEST = 100         # draws that give a percentile
NEW = Customers(np.zeros(1), np.zeros(1), np.zeros(1), np.ones(1), np.zeros(1, dtype="int64"))
SMALL = 14.0         # e to the power of minus this is a millionth of an amount


class Buying(Model):
    """A model of who still buys: BGNBD and ParetoNBD."""

    @abstractmethod
    def fit(self, purchases: pd.DataFrame, every: str | None = None) -> Self:
        """The model fitted by maximum likelihood to a table of `ltv.purchases`: a new object."""

    @abstractmethod
    def _alive(self, values: np.ndarray, who: Customers) -> np.ndarray:
        """The chance of each history that its customer has not left."""

    @abstractmethod
    def _coming(self, values: np.ndarray, who: Customers, limit: float, rate: float) -> np.ndarray:
        """Purchases to be expected up to a limit, discounted, of each history if its customer has not left."""

    @abstractmethod
    def _lives(self, values: np.ndarray, who: Customers, random: np.random.RandomState) -> tuple[np.ndarray, ...]:
        """Of a customer of each history who has not left, drawn: purchases per unit of time, the chance of leaving
        after each of them, and the time until leaving without one."""

    def p_alive(self, purchases: pd.DataFrame | None = None) -> pd.Series:
        """The chance that each customer has not left by the end of the observation, from 0 to 1.

        purchases : a table of `ltv.purchases`; unless given, the one that the model was fitted to. What is said against
            the fit stands in `.attrs["notes"]`, here and in the other answers.
        """
        table = self._of(purchases)
        who = customers(table)
        return self._noted(pd.Series(self._alive(self._values(), who)[who.place], table.index, name="p_alive"))

    def expected_purchases(self, horizon: str, purchases: pd.DataFrame | None = None) -> pd.Series:
        """Purchases to be expected of each customer within `horizon`, such as "39 weeks", from the end on."""
        return self._expected(self.units("horizon", horizon), 0.0, purchases).rename("expected_purchases")

    def expected_purchases_of_new(self, horizon: str) -> float:
        """Repeat purchases to be expected of a customer within `horizon` of the first purchase."""
        return self.of_new(self.units("horizon", horizon))

    def of_new(self, limit: float) -> float:
        """The same up to a limit in the model's unit of time."""
        return float(self._coming(self._values(), NEW, limit, 0.0)[0])

    def value(self, horizon: str | None = None, purchases: pd.DataFrame | None = None, *, discount: float = .10,
              margin: float = 1.0, spend: GammaGamma | pd.Series | float | None = None) -> pd.Series:
        """What the purchases to come of each customer are worth today; without `horizon`, all that ever come.

        discount : a year, continuously. margin : the share of an amount that is kept. spend : the mean amount of a
        purchase: a fitted `GammaGamma`, a number for each customer, or one; without it, purchases are counted.

        Raises UsageError for `discount` not above 0 without a horizon, where the sum need not end.
        """
        worth = self._expected(*self.terms(horizon, discount), purchases) * margin
        return (worth if spend is None else worth * spend_of(spend, self._of(purchases))).rename("value")

    def futures(self, horizon: str | None, purchases: pd.DataFrame | None = None, *, discount: float = .10,
                draws: int = 1000, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """What each customer may do from the end on: purchases, and purchases discounted, a row each, a column a draw.

        Each column has parameters drawn from their error; whether the customer has left, the rate and the chance of
        leaving are drawn given the history, and then every purchase. They come for so many customers at a time, with
        the rows that are meant.
        """
        if isinstance(draws, bool) or not isinstance(draws, int) or draws < FEWEST:
            raise UsageError("buying.draws", value=repr(draws), least=FEWEST)
        table, (limit, rate) = self._of(purchases), self.terms(horizon, discount)
        params, size = self.draws(draws, seed), max(1, CELLS // draws)
        end = min(limit, SMALL / rate) if rate else limit
        order = np.argsort(pd.factorize(ids_of(table), sort=True)[0], kind="stable")    # whatever the order of rows
        for start in range(0, len(table), size):
            rows = order[start:start + size]
            who, random = customers(table.iloc[rows]), np.random.RandomState([seed, 1 + start // size])
            each = Customers(who.frequency[who.place], who.recency[who.place], who.age[who.place],
                             np.ones(len(who.place)), np.arange(len(who.place)))
            drawn = np.zeros((3, draws, len(who.place)))
            for number, values in enumerate(params):
                buys, leaves, lasts = self._lives(values, each, random)
                alive = random.uniform(size=len(buys)) < self._alive(values, who)[who.place]
                drawn[:, number] = np.where(alive, buys, 0.0), leaves, np.minimum(lasts, end)
            counts, worth = _lived(drawn.reshape(3, -1), rate, random)
            yield rows, counts.reshape(draws, -1).T, worth.reshape(draws, -1).T

    def terms(self, horizon: str | None, discount: float) -> tuple[float, float]:
        """The horizon and the discount in the model's unit of time."""
        if not 0 <= discount <= 1 or (horizon is None and not discount):
            raise UsageError("buying.discount", value=f"{discount:g}")
        limit = np.inf if horizon is None else self.units("horizon", horizon)
        return limit, float(np.log1p(discount)) / self.units("discount", "1 year")

    def _expected(self, limit: float, rate: float, purchases: pd.DataFrame | None) -> pd.Series:
        table, values = self._of(purchases), self._values()
        who = customers(table)
        each = self._alive(values, who) * self._coming(values, who, limit, rate)
        return self._noted(pd.Series(each[who.place], table.index))

    def _ages(self, random: np.random.RandomState, n: int | None, T: str | None) -> np.ndarray:  # noqa: N803
        """How long simulated customers are observed: each as long as T, or as those of the data."""
        if T is not None and n is not None:
            return np.full(n, self.units("T", T))
        ages = self._of(None)["T"].to_numpy(dtype="float64")
        if T is not None:
            return np.full(len(ages), self.units("T", T))
        return ages if n is None else random.choice(ages, n)

    def _values(self) -> np.ndarray:
        return self._known().to_numpy()


def _lived(lives: np.ndarray, rate: float, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Purchases, one after the other, and their discounted number, until each customer leaves or time is over."""
    buys, leaves, lasts = lives
    counts, worth = np.zeros(len(buys)), np.zeros(len(buys))
    here = np.flatnonzero(buys > 0)
    time = np.zeros(len(here))
    while len(here):
        time = time + random.standard_exponential(len(here)) / buys[here]
        within = time < lasts[here]
        here, time = here[within], time[within]
        counts[here] += 1
        worth[here] += np.exp(-rate * time)
        stays = random.uniform(size=len(here)) >= leaves[here]
        here, time = here[stays], time[stays]
    return counts, worth


def repeats(who: Customers) -> float:
    """How many repeat purchases there are; DataError where nobody bought twice, which no model can learn from."""
    bought = dot(who.weight, who.frequency)
    if not bought:
        raise DataError("buying.once", n=round(who.n))
    return bought
