"""Standard errors of what is computed from estimates: the delta method, with the interval made on a scale that suits.

Source: Cox and Hinkley (1974, Theoretical Statistics, chapter 9). The logarithm keeps an amount above 0, the logit a
share between 0 and 1. Derivatives are central differences.
"""

from collections.abc import Callable

import numpy as np

from engagelab.metrics.intervals import z_value

STEP = 1e-5
SCALES: dict[str, tuple[Callable, Callable, Callable]] = {      # there, back, and the slope of the way there
    "plain": (lambda x: x, lambda y: y, np.ones_like),
    "log": (np.log, np.exp, lambda x: 1 / x),
    "logit": (lambda x: np.log(x / (1 - x)), lambda y: 1 / (1 + np.exp(-y)), lambda x: 1 / (x * (1 - x)))}


def spread(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, covariance: np.ndarray, *, scale: str = "log",
           confidence: float = .95) -> dict[str, np.ndarray]:
    """`estimate, low, high, se` of the values of a function, where what goes in is known with this covariance.

    Values that the inputs' errors do not move, or that the scale does not hold, have no interval.

    >>> found = spread(lambda x: np.exp(x), np.array([np.log(5.0)]), np.array([[.01]]))
    >>> {name: value.round(3).tolist() for name, value in found.items()}
    {'estimate': [5.0], 'low': [4.11], 'high': [6.083], 'se': [0.5]}
    """
    there, back, slope = SCALES[scale]
    z, value = z_value(confidence), np.asarray(function(at), dtype="float64")
    with np.errstate(all="ignore"):
        slopes = np.array([(function(at + shift) - function(at - shift)) / (2 * STEP)
                           for shift in STEP * np.eye(len(at))])
        variance = np.einsum("ia,ij,ja->a", slopes, covariance, slopes)
        se = np.where((variance > 0) & np.isfinite(variance) & np.isfinite(there(value)), np.sqrt(variance), np.nan)
        half = z * se * slope(value)
        return {"estimate": value, "low": back(there(value) - half), "high": back(there(value) + half), "se": se}
