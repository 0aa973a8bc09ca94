"""Pareto/NBD: how many purchases a customer will still make, where leaving is never announced.

While alive, a customer buys at random at an own rate (gamma distributed: r, alpha) and lives for an exponential time of
an own length (gamma distributed: s, beta), so that customers drift away between purchases, not only after one. Model:
Schmittlein, Morrison and Colombo (1987, Counting your customers, Management Science 33(1), 1-24). Formulas: Fader and
Hardie (2005, A note on deriving the Pareto/NBD model); discounted: Fader, Hardie and Lee (2005, RFM and CLV, Journal of
Marketing Research 42(4), 415-430). The papers write the likelihood with a difference of two hypergeometric functions,
one pair for alpha >= beta and one for alpha < beta. Both are the same integral over the unseen moment of leaving, which
is smooth and above 0: we add it up at Gauss and Legendre's points, on the logarithm of time. Nothing cancels or
overflows, and its derivatives come from the same points.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln

from engagelab.ltv.buying import Buying, repeats
from engagelab.ltv.fitting import Customers, customers, dot, maximise, unit_of

NODES, SHARES = np.polynomial.legendre.leggauss(48)
NODES, SHARES = (NODES + 1) / 2, SHARES / 2      # on the line from 0 to 1
NOTHING = 40.0                                   # e to the power of minus this counts for nothing
CHUNK = 20_000                                   # rows at a time: 8 MB of points


@dataclass(frozen=True, repr=False)
class ParetoNBD(Buying):
    """The model, plain, with given parameters, or fitted: `ParetoNBD().fit(purchases)`.

    r, alpha : shape and rate of the purchase rates; s, beta : of the rates of leaving. alpha and beta are times, in
    `.every`. beta is often badly known: two optima whose log-likelihoods agree in ten digits differ in its fourth.

    >>> model = ParetoNBD({"r": .553, "alpha": 10.578, "s": .606, "beta": 11.669}, every="week")
    >>> bought = pd.DataFrame({"frequency": [2, 2, 0], "recency": [30.4, 5.0, 0], "T": [38.9, 38.9, 38.9]})
    >>> model.p_alive(bought).round(3).tolist()
    [0.868, 0.13, 0.295]
    >>> model.expected_purchases("39 weeks", bought).round(2).tolist()
    [1.45, 0.22, 0.11]
    >>> round(model.expected_purchases_of_new("52 weeks"), 3)
    1.473
    >>> model.value(None, bought, discount=.15, spend=35.0).round(1).tolist()
    [227.6, 34.1, 16.8]
    """

    NAMES: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    TITLE: ClassVar[str] = "pareto_nbd.title"

    def fit(self, purchases: pd.DataFrame, every: str | None = None) -> Self:
        """The model fitted by maximum likelihood to a table of `ltv.purchases`: a new object.

        purchases : columns frequency, recency, T. every : their unit of time, where the table does not say it itself.

        Raises DataError where nobody bought twice. Where the likelihood rises towards a border, `.flag` says so.
        """
        unit, who = unit_of(purchases, every), customers(purchases)
        bought = repeats(who)
        size = dot(who.weight, who.age) / who.n  # in units of the mean age, so that the unit of time does not matter
        scaled = replace(who, recency=who.recency / size, age=who.age / size)
        found = maximise(lambda theta: _likelihood(theta, scaled), np.log([1.0, who.n / bought, 1.0, 1.0]))
        found = replace(found, theta=found.theta + np.log([1.0, size, 1.0, size]),
                        value=found.value - bought / who.n * np.log(size))
        return self._fitted(found, who.n, purchases, unit)

    def simulate(self, seed: int, n: int | None = None, T: str | None = None) -> pd.DataFrame:  # noqa: N803
        """Customers as the model draws them: a frame with frequency, recency and T in `.every`.

        n : how many; without it, as many as the data have. T : how long each is observed, such as "52 weeks"; without
        it, as long as those of the data.

        >>> model = ParetoNBD({"r": .553, "alpha": 10.578, "s": .606, "beta": 11.669}, every="week")
        >>> model.simulate(1, n=100_000, T="52 weeks")["frequency"].mean().round(1).item()
        1.5
        """
        random, (r, alpha, s, beta) = np.random.RandomState(seed), self._values()
        age = self._ages(random, n, T)
        lived = np.minimum(_leaving(np.full(len(age), beta), s, random), age)
        frequency = random.poisson(random.gamma(r, 1 / alpha, len(age)) * lived)
        last = random.uniform(size=len(age)) ** (1 / np.maximum(frequency, 1))
        made = pd.DataFrame({"frequency": frequency, "recency": np.where(frequency, last * lived, 0.0), "T": age})
        made.attrs = {"every": self.every}
        return made

    def _alive(self, values: np.ndarray, who: Customers) -> np.ndarray:
        return np.concatenate([_pieces(values, part)[0] for part in _parts(who)])

    def _coming(self, values: np.ndarray, who: Customers, limit: float, rate: float) -> np.ndarray:
        r, alpha, s, beta = values
        ages, place = np.unique(who.age, return_inverse=True)
        return (r + who.frequency) / (alpha + who.age) * _lived(ages, limit, rate, s, beta)[place]

    def _lives(self, values: np.ndarray, who: Customers, random: np.random.RandomState) -> tuple[np.ndarray, ...]:
        r, alpha, s, beta = values
        return (random.gamma(r + who.frequency) / (alpha + who.age), np.zeros(len(who.age)),
                _leaving(beta + who.age, s, random))


def _leaving(size: np.ndarray, s: float, random: np.random.RandomState) -> np.ndarray:
    """Times until leaving, drawn: exponential, of rates that are gamma distributed by s and each size."""
    return size * np.expm1(np.minimum(random.exponential(size=len(size)) / s, 700))


def _parts(who: Customers) -> list[Customers]:
    """The histories, so many at a time."""
    return [Customers(who.frequency[i:i + CHUNK], who.recency[i:i + CHUNK], who.age[i:i + CHUNK],
                      who.weight[i:i + CHUNK], who.place[:0]) for i in range(0, len(who.age), CHUNK)]


def _lived(ages: np.ndarray, limit: float, rate: float, s: float, beta: float) -> np.ndarray:
    """The discounted time that a customer who is alive at each age still lives, up to a limit, to be expected.

    The integral of exp(-rate t) ((beta + age) / (beta + age + t))^s, on the logarithm of beta + age + t.
    """
    size = beta + ages
    upto = np.minimum(limit, NOTHING / rate if rate else np.inf)
    end = np.minimum(np.log1p(upto / size), NOTHING / (s - 1) if s > 1 else np.inf)
    w = np.multiply.outer(end, NODES)
    return size * end * (np.exp((1 - s) * w - rate * size[:, None] * np.expm1(w)) @ SHARES)


def _pieces(values: np.ndarray, who: Customers) -> tuple[np.ndarray, ...]:
    """The chance of being alive, and what the likelihood and its derivatives need.

    The likelihood of a history is that of having lived to T and bought so often, and the integral over t of having left
    at a moment t between the last purchase and T; both are taken in units of what they would be at the last purchase.
    Points beyond that at which the integrand has fallen by e^40 are not wanted.
    """
    r, alpha, s, beta = values
    x, last, age = who.frequency, who.recency, who.age
    much, rare = np.log((alpha + age) / (alpha + last)), np.log((beta + age) / (beta + last))
    alive = np.exp(-(r + x) * much - s * rare)
    falls = np.minimum((alpha + last) * np.expm1(np.minimum(NOTHING / (r + x), 300)),
                       (beta + last) * np.expm1(min(NOTHING / s, 300)))
    span = np.minimum(age - last, falls)
    small = min(alpha, beta) + last
    end = np.log1p(span / small)
    past = small[:, None] * np.expm1(np.multiply.outer(end, NODES))
    buys, leaves = np.log1p(past / (alpha + last)[:, None]), np.log1p(past / (beta + last)[:, None])
    gone = np.exp(-(r + x)[:, None] * buys - (s + 1) * leaves) * (past + small[:, None]) * SHARES
    gone *= (s * end / (beta + last))[:, None]
    total = alive + gone.sum(axis=1)
    return alive / total, gone / total[:, None], total, much, rare, past, buys, leaves


def _likelihood(theta: np.ndarray, who: Customers) -> tuple[float, np.ndarray]:
    """The mean log-likelihood and its gradient over the logarithms of the parameters."""
    values = np.exp(theta)
    value, gradient = 0.0, np.zeros(4)
    for part in _parts(who):
        own, slope = _part(values, part)
        value, gradient = value + own, gradient + slope
    r, alpha, s, beta = values
    counts, place = np.unique(who.frequency, return_inverse=True)
    many = np.bincount(place, who.weight)
    value += float(many @ (gammaln(r + counts) - gammaln(r))) + who.n * (r * theta[1] + s * theta[3])
    gradient += [many @ (digamma(r + counts) - digamma(r)) + who.n * theta[1], who.n * r / alpha,
                 who.n * theta[3], who.n * s / beta]
    return value / who.n, gradient * values / who.n


def _part(values: np.ndarray, who: Customers) -> tuple[float, np.ndarray]:
    """The part of the log-likelihood that depends on recency and T, and its derivatives."""
    r, alpha, s, beta = values
    alive, gone, total, much, rare, past, buys, leaves = _pieces(values, who)
    x, weight, last = who.frequency, who.weight, who.recency
    log_a, log_b = np.log(alpha + last), np.log(beta + last)
    value = dot(weight, np.log(total) - (r + x) * log_a - s * log_b)
    left = gone.sum(axis=1)
    by_r = -log_a - alive * much - (gone * buys).sum(axis=1)
    by_alpha = -(r + x) * (alive / (alpha + who.age) + (gone / ((alpha + last)[:, None] + past)).sum(axis=1))
    by_s = left / s - log_b - alive * rare - (gone * leaves).sum(axis=1)
    by_beta = -s * alive / (beta + who.age) - (s + 1) * (gone / ((beta + last)[:, None] + past)).sum(axis=1)
    return value, np.array([dot(weight, slope) for slope in (by_r, by_alpha, by_s, by_beta)])
