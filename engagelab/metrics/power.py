"""How many people a comparison of two groups needs, what it can see, and how surely.

For shares: the normal test with the pooled variance under no difference (Fleiss, Levin and Paik, Statistical Methods
for Rates and Proportions, 2003, sections 4.2 and 4.2.2), as R's `power.prop.test`. For means: Student's t with the
noncentral distribution (Cohen, Statistical Power Analysis, 1988, chapter 2), as R's `power.t.test`. That a group is no
worse than a margin: the score test with the variance that is likeliest at the margin (Farrington and Manning 1990,
Statistics in Medicine 9, 1447-1454; for means as above). `n` is the size of one group, and of the other too unless
`others` says that; tests are two-sided. As in R, finding the wrong direction is no success.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from engagelab.errors import UsageError
from engagelab.metrics.intervals import t_value, z_value
from engagelab.metrics.two_shares import score

FARTHEST = 1e8  # standard errors beyond which the noncentral t is not computed; all is seen long before


def chance(distance: float, se: float, df: float = math.inf, *, null_se: float | None = None,
           confidence: float = .95) -> float:
    """The chance that an interval excludes a value so far off the truth, on the side of the truth.

    se : the standard error of the estimate; null_se : that with which the interval is made, where it is another.

    >>> round(chance(2.8, 1), 3), round(chance(2.8, 1, 10), 3)
    (0.8, 0.714)
    """
    reach = (se if null_se is None else null_se) / se
    if math.isinf(df):
        return NormalDist().cdf(distance / se - z_value(confidence) * reach)
    from scipy.special import nctdtr

    return float(1 - nctdtr(df, min(distance / se, FARTHEST), float(t_value(df, confidence)) * reach))


def rate_power(base: float, effect: float, n: float, *, others: float | None = None, null: float = 0.0,
               df: float = math.inf, confidence: float = .95) -> float:
    """The chance to see a share move from `base` by `effect` (in points of share) with `n` in each group.

    others : the size of the group that moves, where it is not `n`. null : the difference that has to be excluded: 0, or
    a margin below 0 that the group must not fall by. df : degrees of freedom, where the units are few clusters.

    >>> round(rate_power(.5, .25, 50), 3)  # R: power.prop.test(n = 50, p1 = .50, p2 = .75)
    0.74
    >>> round(rate_power(.85, 0, 163, null=-.1, confidence=.9), 2)
    0.8
    """
    other, others = _shares(base, effect, null), n if others is None else others
    _size(min(n, others))
    se = math.sqrt(base * (1 - base) / n + other * (1 - other) / others)
    distance, middle = abs(effect - null), (n * base + others * other) / (n + others)
    null_se = (distance / abs(float(score(*map(np.asarray, (others * other, others, n * base, n, null))))) if null
               else math.sqrt(middle * (1 - middle) * (1 / n + 1 / others)))
    return chance(distance, se, df, null_se=null_se, confidence=confidence)


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
    return smallest(lambda effect: rate_power(base, effect, n, confidence=confidence) >= power, most)


def mean_power(effect: float, sd: float, n: float, *, others: float | None = None, null: float = 0.0,
               df: float | None = None, confidence: float = .95) -> float:
    """The chance to see means differ by `effect` where values have standard deviation `sd`.

    others, null : as for `rate_power`. df : degrees of freedom, two less than the values where it is not said.

    >>> round(mean_power(1, 1, 20), 7)  # R: power.t.test(n = 20, delta = 1, sd = 1)
    0.8689528
    """
    others = n if others is None else others
    _deviation(sd)
    _size(min(n, others))
    return chance(abs(effect - null), sd * math.sqrt(1 / n + 1 / others), n + others - 2 if df is None else df,
                  confidence=confidence)


def mean_size(effect: float, sd: float, *, power: float = .8, confidence: float = .95) -> int:
    """How many each group needs to see means differ by `effect`.

    >>> mean_size(.5, 1)  # Cohen (1988), table 2.4.1: d = .50, power .80
    64
    """
    _chance(power)
    _deviation(sd)
    if not effect or not math.isfinite(effect):
        raise UsageError("metrics.effect", value=repr(effect))
    return least(lambda n: mean_power(effect, sd, n, confidence=confidence) >= power)


def mean_effect(sd: float, n: float, *, power: float = .8, confidence: float = .95) -> float:
    """The smallest difference of means that `n` in each group can show.

    >>> round(mean_effect(1, 64), 2)
    0.5
    """
    _chance(power)
    most = sd
    while mean_power(most, sd, n, confidence=confidence) < power:
        most *= 2
    return smallest(lambda effect: mean_power(effect, sd, n, confidence=confidence) >= power, most)


def least(enough: Callable[[int], bool], start: int = 2) -> int:
    """The smallest size from `start` on that is enough, by doubling and halving.

    >>> least(lambda n: n >= 1000)
    1000
    """
    low, high = start - 1, start
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def smallest(enough: Callable[[float], bool], most: float) -> float:
    """The smallest effect up to `most` that is enough, by halving.

    >>> round(smallest(lambda effect: effect >= .3, 1), 6)
    0.3
    """
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _shares(base: float, effect: float, null: float = 0.0) -> float:
    if not 0 < base < 1 or not 0 <= base + effect <= 1 or effect == null:
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
