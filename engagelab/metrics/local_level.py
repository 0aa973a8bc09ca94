"""What a series' own past lets expect of its next value: a level that drifts, noise around it, perhaps a season.

The local level model (Harvey 1989, Forecasting, Structural Time Series Models and the Kalman Filter, section 4.1) is
simple exponential smoothing (Muth 1960, JASA 55, 299-306). How much of a surprise the level takes over, from 0 (noise
around a fixed level) to 1 (a random walk), is not estimated, for a short series says little of it: the answer is
averaged over `LEVELS`, all equally likely beforehand, by their likelihood. The variance is integrated out with its
reference prior, which gives Student's t (Box and Tiao 1973, Bayesian Inference in Statistical Analysis, section 2.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVELS = np.linspace(0, 1, 21)        # the smoothing constant
SEASONS = (0., 1., 4., 16.)           # the variance of the season's parts, of that of a surprise; none as likely as any


@dataclass(frozen=True)
class Mixture:
    """A mixture of Student's t: `weight, middle, spread` have the parts along their last axis; `df` one each before."""

    weight: np.ndarray
    middle: np.ndarray
    spread: np.ndarray
    df: np.ndarray

    def rows(self, which: slice) -> "Mixture":
        """Those of some of the values."""
        return Mixture(self.weight[which], self.middle[which], self.spread[which], self.df[which])

    def at_least(self, spread: np.ndarray) -> "Mixture":
        """No part narrower than an error that is known."""
        return Mixture(self.weight, self.middle, np.maximum(self.spread, spread[..., None]), self.df)

    @property
    def mean(self) -> np.ndarray:
        """What is expected."""
        return (self.weight * self.middle).sum(-1)

    @property
    def se(self) -> np.ndarray:
        """The standard error over all parts, each with the spread for its own."""
        return np.sqrt((self.weight * (self.spread**2 + (self.middle - self.mean[..., None]) ** 2)).sum(-1))

    def below(self, value: np.ndarray | float) -> np.ndarray:
        """The chance of less than a value."""
        from scipy.special import stdtr

        apart = (np.asarray(value)[..., None] - self.middle) / self.spread
        return (self.weight * stdtr(np.asarray(self.df)[..., None], apart)).sum(-1)

    def p(self, value: np.ndarray | float) -> np.ndarray:
        """The two-sided p-value of a value.

        >>> one = Mixture(np.array([1.]), np.array([5.]), np.array([1.]), np.array(10))
        >>> float(round(one.p(np.array(7.228139)), 4)), [float(round(end, 3)) for end in one.bounds(.95)]
        (0.05, [2.772, 7.228])
        """
        below = self.below(value)
        return 2 * np.minimum(below, 1 - below)

    def bounds(self, confidence: float) -> tuple[np.ndarray, np.ndarray]:
        """The two quantiles between which a value lies with that chance."""
        from scipy.special import stdtrit

        tail = (1 - confidence) / 2
        reach = self.spread * stdtrit(np.asarray(self.df)[..., None], 1 - tail)
        ends = []
        for share in (tail, 1 - tail):
            low, high = (self.middle - reach).min(-1), (self.middle + reach).max(-1)
            for _ in range(60):
                middle = (low + high) / 2
                less = self.below(middle) < share
                low, high = np.where(less, middle, low), np.where(less, high, middle)
            ends.append((low + high) / 2)
        return ends[0], ends[1]


def covariances(at: np.ndarray, noise: Sequence[np.ndarray] = (), season: int = 0) -> np.ndarray:
    """The covariances of a series, up to its scale, under each of the models averaged over: (models, n, n).

    at : when each value stands, in whole periods. noise : relative variances of the single values, each a model; equal
    where none is given. season : the periods of a year; then models with a season of several sizes are among them.
    """
    at = np.asarray(at)
    walk = np.minimum.outer(at - at.min(), at - at.min()).astype("float64")
    sizes = SEASONS if season else SEASONS[:1]
    alike = np.equal.outer(at % season, at % season) if season else 0.
    shares = [np.maximum(one / np.mean(one), 1e-6) for one in noise] or [np.ones(len(at))]
    return np.array([(1 - level) * np.diag(share) + level ** 2 * walk + size * alike
                     for size in sizes for share in shares for level in LEVELS])


def one_step(values: np.ndarray, at: np.ndarray, noise: Sequence[np.ndarray] = (), season: int = 0) -> Mixture:
    """What was expected of each value from those before it; of the first three nothing (NaN). `at` has to rise.

    One Cholesky factor gives all: of the differences from the first value, which take the unknown level out. Student's
    t has a degree of freedom less than there are surprises before, for the smoothing constant is learnt from them too:
    without that, simulated series of 8 to 12 values lie outside more often than they should.

    >>> past = np.array([3., 5, 4, 6, 5, 4, 6, 5, 12])
    >>> found = one_step(past, np.arange(9))
    >>> float(found.mean[-1].round(2)), float(found.p(past)[-1].round(5))
    (4.99, 0.00119)
    """
    cov = covariances(at, noise, season)
    cov = cov[:, 1:, 1:] - cov[:, 1:, :1] - cov[:, :1, 1:] + cov[:, :1, :1]
    root = np.linalg.cholesky(cov)
    apart = np.broadcast_to((values[1:] - values[0])[None, :, None], (*root.shape[:2], 1))
    news = np.linalg.solve(root, apart)[..., 0].T                     # (n - 1, models), each with the same variance
    size = np.diagonal(root, axis1=1, axis2=2).T
    n = np.arange(len(news), dtype="float64")
    prior = np.repeat([3, 1, 1, 1] if season else [1], len(root) // (4 if season else 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = _before(news ** 2)
        likely = np.log(prior) - _before(np.log(size)) - n[:, None] / 2 * np.log(squares)
        weight = np.exp(likely - likely.max(axis=1, keepdims=True))
        spread = size * np.sqrt(np.where(squares > 0, squares, np.nan) / n[:, None])
        weight /= weight.sum(axis=1, keepdims=True)
    nothing = np.full((1, news.shape[1]), np.nan)
    weight, middle, spread = (np.vstack([nothing, one]) for one in (weight, values[1:, None] - size * news, spread))
    return Mixture(weight, middle, spread, np.append(np.nan, np.where(n > 1, n - 1, np.nan)))


def _before(rows: np.ndarray) -> np.ndarray:
    """The sums of the rows above each row."""
    return np.vstack([np.zeros_like(rows[:1]), np.cumsum(rows[:-1], axis=0)])
