"""How many people a comparison of two groups needs, what it can see, and how surely.

For shares: the normal test with the pooled variance under no difference (Fleiss, Levin and Paik, Statistical Methods
for Rates and Proportions, 2003, section 4.2), as R's `power.prop.test`. For means: Student's t with the noncentral
distribution (Cohen, Statistical Power Analysis, 1988, chapter 2), as R's `power.t.test`. Groups are of
equal size, tests two-sided, and `n` is the size of one group. As in R, finding the wrong direction is no success.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

from engagelab.errors import UsageError
from engagelab.metrics.intervals import t_value, z_value


def rate_power(base: float, effect: float, n: float, *, confidence: float = .95) -> float:
    """The chance to see a share move from `base` by `effect` (in points of share) with `n` in each group.

    >>> round(rate_power(.5, .25, 50), 3)  # R: power.prop.test(n = 50, p1 = .50, p2 = .75)
    0.74
    """
    other = _shares(base, effect)
    _size(n)
    middle = (base + other) / 2
    spread = math.sqrt(base * (1 - base) + other * (1 - other))
    reach = abs(effect) * math.sqrt(n) - z_value(confidence) * math.sqrt(2 * middle * (1 - middle))
    return NormalDist().cdf(reach / spread) if spread else float(reach > 0)


def rate_size(base: float, effect: float, *, power: float = .8, confidence: float = .95) -> int:
    """How many each group needs to see a share move from `base` by `effect`.

    >>> rate_size(.5, .25, power=.9)  # R: power.prop.test(p1 = .50, p2 = .75, power = .90), n = 76.7
    77
    """
    other = _shares(base, effect)
    _chance(power)
    middle = (base + other) / 2
    needed = (z_value(confidence) * math.sqrt(2 * middle * (1 - middle))
              + NormalDist().inv_cdf(power) * math.sqrt(base * (1 - base) + other * (1 - other))) / effect
    return max(math.ceil(needed**2 - 1e-9), 2)


def rate_effect(base: float, n: float, *, power: float = .8, confidence: float = .95) -> float:
    """The smallest rise from `base` that `n` in each group can show; NaN where none below 100 % can be shown.

    >>> round(rate_effect(.2, 1094), 3)
    0.05
    """
    _shares(base, (1 - base) / 2)
    _size(n)
    _chance(power)
    most = (1 - base) * (1 - 1e-12)
    if rate_power(base, most, n, confidence=confidence) < power:
        return math.nan
    return _smallest(lambda effect: rate_power(base, effect, n, confidence=confidence) >= power, most)


def mean_power(effect: float, sd: float, n: float, *, confidence: float = .95) -> float:
    """The chance to see means differ by `effect` where values have standard deviation `sd`.

    >>> round(mean_power(1, 1, 20), 7)  # R: power.t.test(n = 20, delta = 1, sd = 1)
    0.8689528
    """
    from scipy.stats import nct

    _deviation(sd)
    _size(n)
    df, shift = 2 * (n - 1), abs(effect) / sd * math.sqrt(n / 2)
    return float(nct.sf(float(t_value(df, confidence)), df, shift))


def mean_size(effect: float, sd: float, *, power: float = .8, confidence: float = .95) -> int:
    """How many each group needs to see means differ by `effect`.

    >>> mean_size(.5, 1)  # Cohen (1988), table 2.4.1: d = .50, power .80
    64
    """
    _chance(power)
    _deviation(sd)
    if not effect or not math.isfinite(effect):
        raise UsageError("metrics.effect", value=repr(effect))
    low, high = 1, 2
    while mean_power(effect, sd, high, confidence=confidence) < power:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if mean_power(effect, sd, middle, confidence=confidence) >= power else (middle, high)
    return high


def mean_effect(sd: float, n: float, *, power: float = .8, confidence: float = .95) -> float:
    """The smallest difference of means that `n` in each group can show.

    >>> round(mean_effect(1, 64), 2)
    0.5
    """
    _chance(power)
    most = sd
    while mean_power(most, sd, n, confidence=confidence) < power:
        most *= 2
    return _smallest(lambda effect: mean_power(effect, sd, n, confidence=confidence) >= power, most)


def _smallest(enough: Callable[[float], bool], most: float) -> float:
    """The smallest effect up to `most` that is enough, by halving."""
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _shares(base: float, effect: float) -> float:
    if not 0 < base < 1 or not 0 <= base + effect <= 1 or not effect:
        raise UsageError("metrics.shares", base=repr(base), effect=repr(effect))
    return base + effect


def _size(n: float) -> None:
    if not n >= 2:
        raise UsageError("metrics.size", value=repr(n))


def _chance(power: float) -> None:
    if not .5 <= power < 1:
        raise UsageError("metrics.power", value=repr(power))


def _deviation(sd: float) -> None:
    if not 0 < sd < math.inf:
        raise UsageError("metrics.sd", value=repr(sd))
