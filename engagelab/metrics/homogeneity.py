"""Whether several estimates are alike, and whether they drift.

Sources: Welch (1951, Biometrika 38, 330-336), whose test of several means with unequal errors is Cochran's Q (1954,
Biometrics 10, 101-129) with the error of its weights taken into account; the share of few that its
error is made from is that of Agresti and Caffo (2000, The American Statistician 54, 280-288).
"""

import numpy as np
from numpy.typing import ArrayLike


def share_error(count: ArrayLike, n: ArrayLike) -> np.ndarray:
    """The standard error of a share, from the share with a success and a failure added, so that it is never 0.

    It is over n - 1, and has as many degrees of freedom; NaN below two.

    >>> share_error([0, 10], [20, 40]).round(4)
    array([0.0478, 0.0704])
    """
    n = np.asarray(n, dtype=float)
    n = np.where(n > 1, n, np.nan)
    share = (np.asarray(count, dtype=float) + 1) / (n + 2)
    return np.sqrt(share * (1 - share) / (n - 1))


def heterogeneity_p(estimates: ArrayLike, se: ArrayLike, df: ArrayLike = np.inf) -> float:
    """The p of all estimates being equal, from their errors and the degrees of freedom of these.

    Where the errors are known (`df` infinite) it is that of Cochran's Q. Two estimates give Welch's t. An estimate
    without an error is left out; NaN where fewer than two are left.

    >>> round(heterogeneity_p([1.0, 2.0, 4.0], [.8, .9, 1.1]), 3)
    0.088
    >>> round(heterogeneity_p([1.0, 2.0, 4.0], [.8, .9, 1.1], [10, 10, 10]), 3)
    0.121
    """
    from scipy.special import chdtrc, fdtrc

    value, error, free = _known(estimates, se, df)
    many = len(value)
    if many < 2:
        return np.nan
    weight = 1 / error**2
    part = weight / weight.sum()
    square = float((weight * (value - (part * value).sum()) ** 2).sum())
    doubt = float(((1 - part) ** 2 / free).sum())
    if doubt == 0:
        return float(chdtrc(many - 1, square))
    f = square / (many - 1) / (1 + 2 * (many - 2) / (many**2 - 1) * doubt)
    return float(fdtrc(many - 1, (many**2 - 1) / (3 * doubt), f))


def trend(at: ArrayLike, estimates: ArrayLike, se: ArrayLike, df: ArrayLike, weight: ArrayLike
          ) -> tuple[float, float, float]:
    """A line through estimates over time: its value at the first and at the last of them, and the p of its slope.

    `weight` says how much each counts in drawing the line, such as its number of units; the error of the slope comes
    from `se`, so that it holds whatever the weights. An estimate without an error is left out; NaN below three.

    >>> first, last, p = trend([0, 1, 2, 3], [3.1, 2.0, 1.2, .1], [.4, .4, .4, .4], np.inf, [1, 1, 1, 1])
    >>> round(first, 2), round(last, 2), p < .001
    (3.07, 0.13, True)
    """
    from scipy.special import stdtr

    value, error, free, x, size = _known(estimates, se, df, at, weight)
    if len(value) < 3 or not np.ptp(x) > 0:
        return np.nan, np.nan, np.nan
    size = size / size.sum()
    apart = x - (size * x).sum()
    pull = size * apart / (size * apart**2).sum()
    slope, parts = float((pull * value).sum()), (pull * error) ** 2
    whole, middle = float(parts.sum()), float((size * value).sum())
    p = 2 * stdtr(min(whole**2 / max(float((parts**2 / free).sum()), 1e-300), 1e12), -abs(slope) / np.sqrt(whole))
    return middle + slope * float(apart.min()), middle + slope * float(apart.max()), float(p)


def _known(estimates: ArrayLike, se: ArrayLike, df: ArrayLike, *more: ArrayLike) -> list[np.ndarray]:
    """All as arrays of those estimates that have an error."""
    found = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (estimates, se, df, *more)))
    there = np.isfinite(found[0]) & (found[1] > 0) & np.isfinite(found[1]) & (found[2] > 0)
    return [values[there] for values in found]
