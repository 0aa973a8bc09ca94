"""How much of the explained variance belongs to each driver: two ways to share it out.

Shapley's shares are those of Lindeman, Merenda and Gold (1980, Introduction to Bivariate and Multivariate Analysis), as
in R's relaimpo (Grömping 2006, Journal of Statistical Software 17(1)): the mean, over all orders of the drivers, of the
increase in R squared when a driver is added. Relative weights are those of Johnson (2000, Multivariate Behavioral
Research 35, 1-19), as in R's rwa: they come near without looking at every subset. Both take correlation matrices whose
last row and column are the outcome, any number of them at once, and their shares sum to R squared.
"""

from collections.abc import Iterator
from math import comb

import numpy as np

MOST = 15           # drivers up to which every subset is looked at
SINGULAR = 1e-10    # variance, of 1, below which a driver holds nothing that the others do not
CELLS = 2_000_000   # numbers held at once


def shapley(correlations: np.ndarray) -> np.ndarray:
    """The part of the outcome's variance that each driver explains, averaged over all orders.

    correlations : (..., k + 1, k + 1), the outcome last. Returns (..., k), which sums to R squared. A driver that
    follows from those before it adds nothing there. Of 2^k subsets: meant for 15 drivers at most.

    >>> shapley(np.array([[1, .5, .6], [.5, 1, .4], [.6, .4, 1]])).round(4).tolist()
    [0.2867, 0.0867]
    """
    drivers = correlations.shape[-1] - 1
    flat = correlations.reshape(-1, drivers + 1, drivers + 1)
    gains, step = _gains(drivers), max(1, CELLS // 2**drivers)
    parts = [gains @ _explained(flat[start:start + step]) for start in range(0, len(flat), step)]
    return np.concatenate(parts, axis=1).T.reshape(*correlations.shape[:-2], drivers)


def _explained(correlations: np.ndarray) -> np.ndarray:
    """R squared of every subset of drivers, (2^k, matrices); bit j of a row's number says whether driver j is in.

    Driver after driver leaves the matrices, once left out and once swept out of what remains.
    """
    left = np.moveaxis(correlations, 0, -1)[None]
    for _ in range(correlations.shape[-1] - 1):
        pivot, rest = left[:, 0, 0], left[:, 1:, 1:]
        scale = np.divide(1, pivot, out=np.zeros_like(pivot), where=pivot > SINGULAR)
        swept = rest - left[:, 1:, :1] * (left[:, :1, 1:] * scale[:, None, None])
        left = np.concatenate([rest, swept])
    return 1 - left[:, 0, 0]


def _gains(drivers: int) -> np.ndarray:
    """What the R squared of each subset counts in each driver's share: (k, 2^k)."""
    subsets = np.arange(2**drivers)
    inside = (subsets >> np.arange(drivers)[:, None]) & 1
    others = inside.sum(axis=0) - inside  # the drivers of the subset beside this one
    weights = np.array([1 / (drivers * comb(drivers - 1, size)) for size in range(drivers)])
    return np.where(inside == 1, 1, -1) * weights[np.minimum(others, drivers - 1)]


def johnson(correlations: np.ndarray) -> np.ndarray:
    """Johnson's relative weights: (..., k) of (..., k + 1, k + 1), the outcome last; they sum to R squared.

    >>> johnson(np.array([[1, .5, .6], [.5, 1, .4], [.6, .4, 1]])).round(4).tolist()
    [0.2867, 0.0867]
    """
    between, outcome = correlations[..., :-1, :-1], correlations[..., :-1, -1]
    values, vectors = np.linalg.eigh(between)
    held = values > SINGULAR
    root = np.sqrt(np.where(held, values, 0))
    inverse = np.divide(1, root, out=np.zeros_like(root), where=held)
    across = np.swapaxes(vectors, -1, -2)
    loadings = (vectors * root[..., None, :]) @ across
    slopes = ((vectors * inverse[..., None, :]) @ across @ outcome[..., None])[..., 0]
    return (loadings**2 @ slopes[..., None]**2)[..., 0]


def correlated(sums: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """(correlations, means) from sums of products of 1 and the columns, (..., products) as `products` orders them.

    A column that does not vary correlates with nothing, itself aside.
    """
    cross = np.empty((*sums.shape[:-1], columns + 1, columns + 1))
    upper = np.triu_indices(columns + 1)
    cross[..., upper[0], upper[1]] = cross[..., upper[1], upper[0]] = sums
    means = cross[..., 0, 1:] / cross[..., :1, 0]
    spread = cross[..., 1:, 1:] / cross[..., :1, :1] - means[..., :, None] * means[..., None, :]
    size = np.sqrt(np.maximum(np.diagonal(spread, axis1=-2, axis2=-1), 0))
    scale = np.divide(1, size, out=np.zeros_like(size), where=size > SINGULAR)
    found = spread * scale[..., :, None] * scale[..., None, :]
    places = np.arange(columns)
    found[..., places, places] = 1
    return found, means


def products(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What a row adds to the sums: the weighted products of 1 and its values, each pair once."""
    ones = np.column_stack([np.ones(len(values)), values])
    first, second = np.triu_indices(ones.shape[1])
    return ones[:, first] * ones[:, second] * weights[:, None]


def resampled(rows: np.ndarray, draws: int, seed: int) -> Iterator[np.ndarray]:
    """The sums of as many rows as there are, drawn with replacement: (draws, products), some draws at a time."""
    random, n = np.random.RandomState(seed), len(rows)
    step = max(1, CELLS // n)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = random.randint(0, n, size=(size, n), dtype=np.int64) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float) @ rows
