"""The best of several, and what it really is: the one that looks best has been lucky, too (the winner's curse).

The hybrid of Andrews, Kitagawa and McCloskey (2024, "Inference on winners", The Quarterly Journal of Economics 139,
305-358), for independent normal estimates: a median-unbiased estimate and an equal-tailed interval, given that this one
came out best and lies in its simultaneous interval at a tenth of the error.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from engagelab.errors import UsageError, one_of
from engagelab.metrics.intervals import bisect, z_value
from engagelab.metrics.nouns import BETTER

PROJECTED = 10  # the part of the error that the simultaneous interval takes, as its authors choose


@dataclass(frozen=True)
class Winner:
    """Where the best stands (`place`, from 0) and the next best; its corrected estimate and interval, and as seen."""

    place: int
    next_best: int
    estimate: float
    low: float
    high: float
    seen: float
    seen_low: float
    seen_high: float


def best(estimates: ArrayLike, ses: ArrayLike, *, n: ArrayLike | None = None, confidence: float = .95,
         better: str = "higher") -> Winner:
    """Which of several independent estimates is best, and how good it is once its luck is taken off.

    estimates, ses : numbers with their standard errors, two at least. better : "higher" or "lower".
    n : how many each is a share of, where they are counted: to have won is then to be half a count above the next.

    The nearer the next best, the more is taken off: half of the time a winner is worse than `estimate`. Of equal ones
    the first is named, as it was seen, with the simultaneous interval. Raises UsageError for numbers that are missing,
    infinite or without an error above 0.

    >>> found = best([.050, .025, .026, .047], [.008, .006, .006, .008])
    >>> found.place, found.next_best, round(found.seen, 3), round(found.estimate, 3)
    (0, 3, 0.05, 0.037)
    >>> round(found.low, 3), round(found.high, 3)
    (0.024, 0.064)
    """
    one_of("better", better, BETTER)
    z = z_value(confidence)
    values, errors = np.asarray(estimates, dtype=float), np.asarray(ses, dtype=float)
    if values.ndim != 1 or values.shape != errors.shape or len(values) < 2 or not (
            np.isfinite(values).all() and np.isfinite(errors).all() and (errors > 0).all()):
        raise UsageError("winner.numbers", estimates=str(values.tolist()), ses=str(errors.tolist()))
    sign = 1.0 if better == "higher" else -1.0
    first, second = np.argsort(-sign * values, kind="stable")[:2]
    seen, se = values[first], errors[first]
    step, within = (0, (-np.inf, np.inf)) if n is None else (1 / np.asarray(n)[first], (0, 1))
    bar = sign * values[second] - step / 2 * (seen != values[second])
    middle, *ends = sign * hybrid(sign * seen, bar, se, len(values), confidence)
    found = np.clip((middle, *sorted(ends), seen, seen - z * se, seen + z * se), *within)
    return Winner(int(first), int(second), *map(float, found))


def hybrid(top: ArrayLike, bar: ArrayLike, se: ArrayLike, k: int, confidence: float = .95) -> np.ndarray:
    """The median-unbiased estimate and both ends for the largest of `k`, each array of `top` over its next `bar`.

    Of a tie this is the value as it was seen, with the simultaneous interval.

    >>> hybrid(10.0, 0.0, 1.0, 4).round(2)  # far above all others there is no curse
    array([10.  ,  8.01, 11.99])
    """
    from scipy.special import ndtr

    tail = 1 - confidence
    own = tail / PROJECTED
    reach = NormalDist().inv_cdf((1 + (1 - own) ** (1 / k)) / 2)
    left = (tail - own) / (1 - own)
    top, bar, se = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (top, bar, se)))
    gap = (top - bar) / se

    def above(share: float) -> np.ndarray:
        """Where, in standard errors from the top, the truth would leave this share of winners below the top."""
        def excess(away: np.ndarray) -> np.ndarray:
            floor = np.maximum(-gap - away, -reach)
            with np.errstate(invalid="ignore", divide="ignore"):
                return share - (ndtr(-floor) - ndtr(away)) / (ndtr(-floor) - ndtr(-reach))
        return bisect(excess, np.full(gap.shape, -reach), reach)

    tied = {.5: 0.0, 1 - left / 2: -reach, left / 2: reach}
    return np.stack([top + se * np.where(gap > 0, above(share), away) for share, away in tied.items()])
