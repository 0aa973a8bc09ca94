"""BG/NBD: how many purchases a customer will still make, where leaving is never announced.

While alive, a customer buys at random at an own rate (gamma distributed: r, alpha), and leaves after a purchase with an
own chance (beta distributed: a, b). Model: Fader, Hardie and Lee (2005, "Counting your customers" the easy way,
Marketing Science 24(2), 275-284). The paper forecasts with a hypergeometric function that cancels near a = 1 and
is slow near its border. It is the mean over the chance of leaving p, beta distributed given the history, of

    (1 - (1 + p t / (alpha + T))^-(r + x)) / p

which we add up by the trapezoidal rule on the log-odds of p: its error falls as e^(-1/step), whatever the parameters
(Trefethen and Weideman 2014, SIAM Review 56(3), 385-458), and nothing cancels. Discounted purchases are the same sum
under one more integral, over time, at Gauss and Legendre's points.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from engagelab.ltv.buying import Buying, repeats
from engagelab.ltv.fitting import Customers, customers, dot, maximise, unit_of

NODES, SHARES = np.polynomial.legendre.leggauss(40)
NODES, SHARES = (NODES + 1) / 2, SHARES / 2   # on the line from 0 to 1
NOTHING = 40.0                                # e to the power of minus this counts for nothing
STEP = .25                                    # of the log-odds, at most
CHUNK = 2**21                                 # points at a time: 16 MB


@dataclass(frozen=True, repr=False)
class BGNBD(Buying):
    """The model, plain, with given parameters, or fitted: `BGNBD().fit(purchases)`.

    r, alpha : shape and rate of the purchase rates (alpha is a time, in `.every`); a, b : of the chances of leaving.
    A customer without a repeat purchase counts as alive for certain: in this model one leaves after a repeat purchase.

    >>> model = BGNBD({"r": .243, "alpha": 4.414, "a": .793, "b": 2.426}, every="week")
    >>> bought = pd.DataFrame({"frequency": [2, 2, 0], "recency": [30.4, 5.0, 0], "T": [38.9, 38.9, 38.9]})
    >>> model.p_alive(bought).round(3).tolist()
    [0.726, 0.123, 1.0]
    >>> model.expected_purchases("39 weeks", bought).round(2).tolist()
    [1.22, 0.21, 0.19]
    >>> round(model.expected_purchases_of_new("52 weeks"), 3)
    1.446
    """

    NAMES: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    TITLE: ClassVar[str] = "bgnbd.title"

    def fit(self, purchases: pd.DataFrame, every: str | None = None) -> Self:
        """The model fitted by maximum likelihood to a table of `ltv.purchases`: a new object.

        purchases : columns frequency, recency, T. every : their unit of time, where the table does not say it itself.

        Raises DataError where nobody bought twice. Where the likelihood rises towards a border, `.flag` says so.
        """
        unit, who = unit_of(purchases, every), customers(purchases)
        bought = repeats(who)
        size = float(who.age.max())     # in units of the longest T, so that no unit of time changes a digit that counts
        scaled = replace(who, recency=who.recency / size, age=who.age / size)
        start = np.log([.5, .5 * dot(who.weight, scaled.age) / bought, 1.0, 3.0])
        likelihood = _Likelihood(scaled)
        found = maximise(likelihood, start, second=likelihood.second)
        moved = replace(found, theta=found.theta + np.log([1, size, 1, 1]),
                        value=found.value - np.log(size) * bought / who.n)
        return self._fitted(moved, who.n, purchases, unit)

    def simulate(self, seed: int, n: int | None = None, T: str | None = None) -> pd.DataFrame:  # noqa: N803
        """Customers as the model draws them: a frame with frequency, recency and T in `.every`.

        n : how many; without it, as many as the data have. T : how long each is observed, such as "52 weeks"; without
        it, as long as those of the data.

        >>> model = BGNBD({"r": .243, "alpha": 4.414, "a": .793, "b": 2.426}, every="week")
        >>> model.simulate(1, n=100_000, T="52 weeks")["frequency"].mean().round(2).item()
        1.43
        """
        random, (r, alpha, a, b) = np.random.RandomState(seed), self._values()
        age = self._ages(random, n, T)
        could = random.poisson(random.gamma(r, 1 / alpha, len(age)) * age)
        chance = random.beta(a, b, len(age))
        with np.errstate(divide="ignore", invalid="ignore"):    # a chance of 0 or 1
            leaves = np.ceil(np.log(random.uniform(size=len(age))) / np.log1p(-chance))
        frequency = np.where(leaves < could, np.maximum(leaves, 1), could).astype("int64")
        place = random.beta(np.maximum(frequency, 1), np.maximum(could - frequency, 0) + 1.0)
        made = pd.DataFrame({"frequency": frequency, "recency": np.where(frequency > 0, place * age, 0.0), "T": age})
        made.attrs = {"every": self.every}
        return made

    def _alive(self, values: np.ndarray, who: Customers) -> np.ndarray:
        r, alpha, a, b = values
        odds = _odds(r, alpha, a, b, who)
        return np.where(who.frequency > 0, 1 / (1 + np.exp(np.minimum(odds, 700))), 1.0)

    def _coming(self, values: np.ndarray, who: Customers, limit: float, rate: float) -> np.ndarray:
        r, alpha, a, b = values
        coming = np.empty(len(who.age))
        for count in np.unique(who.frequency):
            same = who.frequency == count
            ages, place = np.unique(who.age[same], return_inverse=True)
            coming[same] = _discounted(r + count, alpha + ages, a, b + count, limit, rate)[place]
        return coming

    def _lives(self, values: np.ndarray, who: Customers, random: np.random.RandomState) -> tuple[np.ndarray, ...]:
        r, alpha, a, b = values
        return (random.gamma(r + who.frequency) / (alpha + who.age), random.beta(a, b + who.frequency),
                np.full(len(who.age), np.inf))


def _odds(r: float, alpha: float, a: float, b: float, who: Customers) -> np.ndarray:
    """Logarithm of the odds that a repeat buyer has left."""
    since = np.log1p((who.age - who.recency) / (alpha + who.recency))
    return np.log(a) - np.log(b + np.maximum(who.frequency, 1) - 1) + (r + who.frequency) * since


class _Likelihood:
    """The mean log-likelihood with its derivatives over the logarithms of the parameters.

    What depends on T alone is added up for each T; the gamma functions are products over the purchases: at_least[j] is
    how many customers have more than j of them. So only a repeat buyer's history costs a logarithm and an exponential.
    """

    def __init__(self, who: Customers):
        self.ages, place = np.unique(who.age, return_inverse=True)
        self.people, self.bought = (np.bincount(place, who.weight * by) for by in (1, who.frequency))
        self.at_least = np.bincount(who.frequency.astype("int64"), who.weight)[::-1].cumsum()[::-1][1:]
        again, self.number, self.n = who.frequency > 0, np.arange(len(self.at_least)), who.n
        self.x, self.last, self.weight, self.place = (
            each[again] for each in (who.frequency, who.recency, who.weight, place))
        self.latest: tuple[np.ndarray, np.ndarray, tuple[Any, ...]] = (np.empty(0), np.empty(0), ())
        self.silent, (self.counts, self.which) = who.age[again] - self.last, np.unique(self.x, return_inverse=True)

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Its value and gradient."""
        r, alpha, a, b = np.exp(theta)
        number, at_least, grown = self.number, self.at_least, np.log1p(self.ages / alpha)
        parts = value, gone, _, pull, before = self._repeat(theta)
        of_count = np.bincount(self.which, gone)
        value += (dot(at_least, np.log(r + number) - np.log1p(a / (b + number)))
                  - dot(r * self.people + self.bought, grown) - self.bought.sum() * theta[1])
        gradient = np.array([
            dot(gone, pull[0]) - dot(self.people, grown) + dot(at_least, 1 / (r + number)),
            dot(gone, pull[1]) + dot(self.people * (r / alpha) * self.ages - self.bought, 1 / (alpha + self.ages)),
            of_count.sum() / a - dot(at_least, 1 / (a + b + number)),
            dot(at_least, a / ((b + number) * (a + b + number))) - dot(of_count, 1 / before)])
        gradient = gradient * [r, alpha, a, b] / self.n
        self.latest = theta, gradient, parts     # where the second derivatives are mostly asked for
        return value / self.n, gradient

    def second(self, theta: np.ndarray) -> np.ndarray:
        """Its second derivatives."""
        values = r, alpha, a, b = np.exp(theta)
        if not np.array_equal(self.latest[0], theta):
            self(theta)
        _, gradient, (_, gone, share, by_time, before) = self.latest
        pull = np.array([*by_time, np.full(len(gone), 1 / a), (-1 / before)[self.which]])
        found = np.einsum("ik,jk->ij", pull * (gone * (1 - share)), pull)
        age, inverse, of_count = alpha + self.ages, 1 / (alpha + self.last), np.bincount(self.which, gone)
        both = dot(self.at_least, (a + b + self.number)**-2.0)
        found[0, 0] -= dot(self.at_least, (r + self.number)**-2.0)
        found[[0, 1], [1, 0]] += (dot(gone, pull[1] / (r + self.x)) + dot(self.people, self.ages / (alpha * age)))
        found[1, 1] += (dot(gone * (r + self.x), inverse**2 - (age**-2.0)[self.place]) + dot(self.bought, age**-2.0)
                        - r * dot(self.people, self.ages * (alpha + age) / (alpha * age)**2))
        found[2:, 2:] += both
        found[2, 2] -= of_count.sum() / a**2
        found[3, 3] += dot(of_count, before**-2.0) - dot(self.at_least, (b + self.number)**-2.0)
        return (found * np.outer(values, values)) / self.n + np.diag(gradient)

    def _repeat(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, tuple[np.ndarray, ...], np.ndarray]:
        """Of the repeat buyers: the part of the value, the chance of having left with its weight and without, how the
        logarithm of its odds grows with r and alpha, and b + the number of purchases before the last."""
        r, alpha, _, b = np.exp(theta)
        inverse, before = 1 / (alpha + self.last), b + self.counts - 1
        since = np.log1p(self.silent * inverse)
        odds = (theta[2] - np.log(before))[self.which] + (r + self.x) * since
        small = np.exp(-np.abs(odds))
        share = np.where(odds > 0, 1.0, small) / (1 + small)
        value = dot(self.weight, np.maximum(odds, 0) + np.log1p(small))
        faster = (r + self.x) * ((1 / (alpha + self.ages))[self.place] - inverse)
        return value, self.weight * share, share, (since, faster), before


def _discounted(shape: float, ages: np.ndarray, a: float, b: float, limit: float, rate: float) -> np.ndarray:
    """Purchases to be expected up to a limit, discounted, of customers who are alive; `ages` is alpha + T.

    By parts: those until the end, and the discount on those until each moment before, on the logarithm of time.
    """
    end = min(limit, NOTHING / rate) if rate else limit
    if not rate:
        return expected(shape, end / ages, a, b)
    span = np.log1p(end / ages)[:, None]
    times = np.expm1(span * NODES)                                    # in units of alpha + T
    weight = rate * ages[:, None] * span * SHARES * np.exp(span * NODES - rate * ages[:, None] * times)
    until = expected(shape, np.column_stack([times, end / ages]), a, b)
    return np.exp(-rate * end) * until[:, -1] + (weight * until[:, :-1]).sum(axis=1)


def expected(shape: float, times: np.ndarray, a: float, b: float) -> np.ndarray:
    """The mean of (1 - (1 + p t)^-shape) / p over p, beta distributed by a and b, for each of an array of times."""
    most = float(times.max())
    low = -NOTHING - np.log1p(b + (shape + 1) * most)                 # from here down all is as at p = 0,
    high = NOTHING + np.log1p(a + shape)                              # and from here on as at p = 1
    step = min(STEP, .5 * np.sqrt(1 / a + 1 / b))
    logit = np.linspace(low, high, int((high - low) / step) + 1)
    step = logit[1] - logit[0]
    log_p, log_q = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
    weight = a * log_p + b * log_q
    weight = np.exp(weight - weight.max())
    weight[0] /= -np.expm1(-a * step)                                 # what lies beyond is a geometric series
    weight[-1] /= -np.expm1(-b * step)
    p = np.exp(log_p)
    counts = np.minimum(shape * most, 1 / p) * weight                 # the most that a point can add
    kept = (weight > 1e-18 * weight.max()) | (counts > 1e-18 * counts.max())
    p, weight = p[kept], weight[kept] / weight.sum()
    flat, each = times.ravel(), weight / p
    size = max(1, CHUNK // len(p))
    parts = [(-np.expm1(-shape * np.log1p(flat[i:i + size, None] * p)) * each).sum(axis=1)
             for i in range(0, len(flat), size)]
    return np.concatenate(parts).reshape(times.shape)
