"""Random draws whose bytes stay the same on every numpy.

numpy promises the bit stream of a generator but not what its distributions make of it, so
everything here is made from `random()` alone, by sums, square roots and tables: nothing
depends on the last digit of a logarithm. (NumPy reference, "Compatibility policy".)
"""

import functools
import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Stream:
    """The draws of one subject: a child of the seed by the subject's name.

    A subject that is added later has a name of its own and changes no other's draws.

    >>> Stream(7, "mail").uniform(2).round(4).tolist() == Stream(7, "mail").uniform(2).round(4).tolist()
    True
    >>> Stream(7, "mail").uniform(1) == Stream(7, "social").uniform(1)
    array([False])
    """

    def __init__(self, seed: int, name: str):
        key = tuple(name.encode("utf-8"))
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))

    def uniform(self, size: int | tuple[int, ...]) -> Floats:
        """Numbers from 0 up to 1."""
        return self._generator.random(size)

    def flags(self, chance: ArrayLike, size: int | None = None) -> Flags:
        """True with the given chance: one number, or one a row."""
        count = np.size(chance) if size is None else size
        return self.uniform(count) < np.asarray(chance)

    def whole(self, low: int, high: int, size: int) -> Whole:
        """Whole numbers from low to high, both among them."""
        return low + np.floor(self.uniform(size) * (high - low + 1)).astype(np.int64)

    def pick(self, weights: Sequence[float], size: int) -> Whole:
        """Places 0, 1, 2 ... with the given weights."""
        return place(self.uniform(size), weights)

    def normal(self, size: int) -> Floats:
        """Mean 0, standard deviation 1: twelve uniform numbers less six (Irwin and Hall)."""
        total = self.uniform(size)
        for _ in range(11):
            total = total + self.uniform(size)
        return total - 6.0

    def skewed(self, median: float, spread: float, size: int) -> Floats:
        """Log-normal with that median and that standard deviation of the logarithm."""
        chances, values = _log_normal(median, spread)
        return np.interp(self.uniform(size), chances, values)

    def successes(self, trials: ArrayLike, chance: ArrayLike) -> Whole:
        """How many of many trials succeed: the binomial by its normal neighbour, for means above 20 or so."""
        trials, chance = np.asarray(trials, dtype=float), np.asarray(chance, dtype=float)
        mean = trials * chance
        drawn = mean + np.sqrt(mean * (1 - chance)) * self.normal(np.broadcast(trials, chance).size)
        return np.clip(np.floor(drawn + .5), 0, trials).astype(np.int64)

    def split(self, total: Whole, weights: Sequence[float]) -> Whole:
        """Each total in parts that add up to it, a column a part, with a share that varies from row to row."""
        shares = np.asarray(weights) * (.6 + .8 * self.uniform((len(total), len(weights))))
        cumulative = np.cumsum(shares, axis=1)
        cumulative = cumulative / cumulative[:, -1:]
        # One offset a row rounds every cut at random and still lets the parts add up.
        cuts = np.floor(cumulative * total[:, None] + self.uniform((len(total), 1))).astype(np.int64)
        cuts[:, -1] = total
        cuts = np.minimum(cuts, total[:, None])
        return np.diff(cuts, axis=1, prepend=0)

    def even(self, order: ArrayLike, free: float) -> Floats:
        """Numbers from 0 up to 1 in evenly spaced steps, the smallest where `order` is; a part of them drawn freely.

        A share found by such numbers varies less than by free ones: free * (2 - free) times their variance.
        """
        size = np.size(order)
        steps = np.empty(size)
        steps[np.argsort(order, kind="stable")] = (np.arange(size) + self.uniform(size)) / max(size, 1)
        return np.where(self.flags(free, size), self.uniform(size), steps)

    def planted(self, chance: ArrayLike, order: ArrayLike, free: float) -> Flags:
        """True with each row's own chance, evenly along `order`; a part of the rows is drawn freely.

        Rows of one order are shuffled. Every run of rows along the order then has as many as its chances
        add up to, give or take one: systematic sampling (Madow 1949), which `free` loosens as in `even`.
        """
        chances = np.asarray(chance, dtype=float)
        size = np.size(order)
        along = np.lexsort((self.uniform(size), np.asarray(order)))
        loose = self.flags(free, size)
        total = np.cumsum(np.where(loose, 0.0, chances)[along]) + self.uniform(1)
        flags = np.empty(size, dtype=bool)
        flags[along] = np.diff(np.floor(total), prepend=0.0) > 0
        return np.where(loose, self.uniform(size) < chances, flags)

    def some(self, count: int, size: int) -> Whole:
        """`size` different places out of 0 ... count - 1, in random order."""
        return np.argsort(self.uniform(count), kind="stable")[:size]


def place(chances: Floats, weights: Sequence[float]) -> Whole:
    """The place in a list of weights on which each number from 0 up to 1 falls.

    >>> place(np.array([0.0, 0.49, 0.5, 0.99]), [1, 1]).tolist()
    [0, 0, 1, 1]
    """
    edges = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(edges[:-1] / edges[-1], chances, side="right").astype(np.int64)


@functools.cache
def _log_normal(median: float, spread: float) -> tuple[Floats, Floats]:
    # Rounded knots: what is left of the logarithm's last digit cannot reach a written number.
    steps = [step / 10 for step in range(-45, 46)]
    chances = [round(NormalDist().cdf(step), 9) for step in steps]
    values = [round(median * math.exp(spread * step), 3) for step in steps]
    return np.array([0.0, *chances[1:-1], 1.0]), np.array(values)
