"""Two independent shares compared: the p that goes with Newcombe's interval, and the score interval with its p.

Sources: Newcombe (1998, Statistics in Medicine 17, 873-890; method 10) and Miettinen and Nurminen (1985, Statistics in
Medicine 4, 213-226), whose restricted shares are the root of a cubic (Farrington and Manning 1990, Statistics in
Medicine 9, 1447-1454). A p is below 1 - confidence exactly where the interval of that confidence leaves the null out.
Counts and `n` are numbers or arrays and may be effective numbers; without an answer in a group there is no answer.
"""

import numpy as np
from numpy.typing import ArrayLike

from engagelab.errors import UsageError
from engagelab.metrics.intervals import Bounds, bisect, clopper_pearson, wilson_at, z_value

FARTHEST = 40.0  # a critical value beyond which every p is 0 in floating point
UNSEEN = 1e-6  # the chance, added to p, that the shares lie outside of where the exact test looks for the worst
LOG_RARE = float(-np.log(1e-10))
STEPS = np.arange(.1, 6.01, .1)  # critical values at whose score limits the exact test is asked


def newcombe_p(count_1: ArrayLike, n_1: ArrayLike, count_2: ArrayLike, n_2: ArrayLike) -> np.ndarray:
    """The p of no difference at which an end of `intervals.newcombe` is 0; 1 where the shares are equal.

    >>> round(float(newcombe_p(56, 70, 48, 80)), 4)
    0.0081
    """
    count_1, n_1, count_2, n_2 = counted(count_1, n_1, count_2, n_2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share_1, share_2 = count_1 / n_1, count_2 / n_2
        gap = np.abs(share_1 - share_2)
        first = share_1 >= share_2
        many, few = np.where(first, count_1, count_2), np.where(first, count_2, count_1)
        n_many, n_few = np.where(first, n_1, n_2), np.where(first, n_2, n_1)

    def excess(z: np.ndarray) -> np.ndarray:
        return np.hypot(many / n_many - wilson_at(many, n_many, z)[0], wilson_at(few, n_few, z)[1] - few / n_few) - gap

    return _two_sided(np.where(np.isnan(gap) | (gap > 0), bisect(excess, 0.0 * gap, FARTHEST), 0.0))


def miettinen_nurminen(count_1: ArrayLike, n_1: ArrayLike, count_2: ArrayLike, n_2: ArrayLike,
                       confidence: float = .95) -> Bounds:
    """The score interval of a difference of two shares, first less second; never outside -1 to 1, never of no width.

    >>> [float(round(bound, 4)) for bound in miettinen_nurminen(9, 10, 3, 10)]
    [0.17, 0.8406]
    """
    count_1, n_1, count_2, n_2 = counted(count_1, n_1, count_2, n_2)
    return score_limits(count_1, n_1, count_2, n_2, z_value(confidence))


def miettinen_nurminen_p(count_1: ArrayLike, n_1: ArrayLike, count_2: ArrayLike, n_2: ArrayLike,
                         null: ArrayLike = 0.0) -> np.ndarray:
    """The two-sided p of the score test that the first share less the second is `null` (0, or a margin).

    >>> round(float(miettinen_nurminen_p(9, 10, 3, 10)), 4), round(float(miettinen_nurminen_p(9, 10, 3, 10, .17)), 3)
    (0.0076, 0.05)
    """
    null = np.asarray(null, dtype=float)
    if not (np.abs(null) < 1).all():
        raise UsageError("two_shares.null", value=repr(null.tolist()))
    count_1, n_1, count_2, n_2 = counted(count_1, n_1, count_2, n_2)
    return _two_sided(np.abs(score(count_1, n_1, count_2, n_2, null)))


def exact_difference(count_1: int, n_1: int, count_2: int, n_2: int, confidence: float = .95
                     ) -> tuple[float, float, float]:
    """(low, high, p) of a difference of two shares, first less second, that hold however few the counts are.

    The exact unconditional test of each difference, two-sided with the score statistic (Agresti and Min 2001,
    Biometrics 57, 963-971: shorter than from two one-sided tests, as Chan and Zhang 1999 have them), at the worst of
    the shares that Clopper and Pearson's intervals leave, whose error of 1e-6 is added to p (Berger and Boos 1994,
    Journal of the American Statistical Association 89, 1012-1016). The interval is the hull of the differences not
    rejected, and p the largest that 0 or a difference on its far side has, so that they agree. Differences are tried
    on a grid: one between its points at which tables tie may be left out a little too often (5.5 % at most seen).
    NaN without an answer.

    >>> [round(value, 4) for value in exact_difference(7, 12, 1, 13)]
    [0.1311, 0.7573, 0.0064]
    """
    tail, values = 1 - confidence, tuple(float(value) for value in counted(count_1, n_1, count_2, n_2))
    z_value(confidence)
    if np.isnan(values).any():
        return float("nan"), float("nan"), float("nan")
    if any(value % 1 for value in values):
        raise UsageError("two_shares.whole", value=repr(list(values)))
    low, p_of_more = _exact_low(values, tail)
    high, p_of_less = _exact_low(values[2:] + values[:2], tail)
    return low, -high, min(p_of_more, p_of_less)


def homogeneity_p(counts: ArrayLike, n: ArrayLike) -> tuple[float, int, float]:
    """(statistic, degrees of freedom, p) of Pearson's chi-square that all groups have one share; no group of nobody.

    As R's `prop.test(counts, n, correct = FALSE)`, where all have a share of 0, or of 1, the statistic is 0 and p is 1.

    >>> statistic, df, p = homogeneity_p([83, 90, 129, 70], [86, 93, 136, 82])
    >>> round(statistic, 4), df, round(p, 6)
    (12.6004, 3, 0.005585)
    """
    from scipy.special import chdtrc

    count, size, *_ = counted(counts, n, 0, 1)
    known = (size > 0) & ~np.isnan(count)
    count, size = count[known], size[known]
    df = int(known.sum()) - 1
    if df < 1:
        return float("nan"), max(df, 0), float("nan")
    share = count.sum() / size.sum()
    if not 0 < share < 1:
        return 0.0, df, 1.0
    statistic = float(((count - size * share) ** 2 / size).sum() / (share * (1 - share)))
    return statistic, df, float(chdtrc(df, statistic))


def _exact_low(values: tuple[float, ...], tail: float) -> tuple[float, float]:
    """The least difference whose p is not below `tail`; and the largest p of 0 or less, 1 unless the first is more."""
    difference = values[0] / values[1] - values[2] / values[3]
    if difference == -1:
        return -1.0, 1.0
    count_1, n_1, count_2, n_2 = (np.array([value]) for value in values)
    nulls = np.append(score_limits(count_1, n_1, count_2, n_2, STEPS)[0], [0.0, difference])
    low, p, outer = np.nan, 0.0, -1.0
    for null in np.unique(nulls[(nulls <= difference) & (nulls > -1)]):
        chance = 1.0 if null == difference else _exact_p(values, float(null))
        p = max(p, chance) if null <= 0 or difference <= 0 else p
        if np.isnan(low) and chance >= tail:
            low = _exact_between(values, tail, outer, float(null))
        if not np.isnan(low) and null >= min(difference, 0):
            break
        outer = float(null)
    return low, p if difference > 0 else 1.0


def _exact_between(values: tuple[float, ...], tail: float, outer: float, inner: float) -> float:
    for _ in range(20):
        middle = (outer + inner) / 2
        outer, inner = (outer, middle) if _exact_p(values, middle) >= tail else (middle, inner)
    return (outer + inner) / 2


def _exact_p(values: tuple[float, ...], null: float) -> float:
    """The largest chance, over the shares left, of a table that is as far from `null` as this one, or farther."""
    count_1, n_1, count_2, n_2 = values
    (least_1, least_2), (most_1, most_2) = clopper_pearson([count_1, count_2], [n_1, n_2], 1 - UNSEEN / 2)
    least, most = max(least_2, least_1 - null, 0.0, -null), min(most_2, most_1 - null, 1.0, 1 - null)
    if least > most:
        return UNSEEN
    firsts, seconds = _likely(n_1, least + null, most + null), _likely(n_2, least, most)
    start, end = _nearer(values, null, firsts, seconds)

    def farther(second: np.ndarray) -> np.ndarray:
        below = np.cumsum(_binomial(seconds, n_2, second), axis=1)
        below = np.concatenate([np.zeros((len(second), 1)), below], axis=1)
        return 1 - (_binomial(firsts, n_1, second + null) * (below[:, end] - below[:, start])).sum(axis=1)

    places = np.unique(np.concatenate([_places(least, most, n_2), _places(least + null, most + null, n_1) - null]))
    chances = farther(places)
    for _ in range(2):
        top = int(chances.argmax())
        places = np.linspace(places[max(top - 1, 0)], places[min(top + 1, len(places) - 1)], 9)
        chances = np.append(farther(places), chances[top])
        places = np.append(places, places[4])
    return float(min(chances.max() + UNSEEN, 1.0))


def _nearer(values: tuple[float, ...], null: float, firsts: np.ndarray, seconds: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray]:
    """For each first count, from which and before which place of `seconds` its score is less far from 0 than ours."""
    count_1, n_1, count_2, n_2, asked = (np.array([[value]]) for value in (*values, null))
    far = abs(score(count_1, n_1, count_2, n_2, asked)[0, 0]) * (1 - 1e-9)  # equally far tables may differ by rounding
    far_of = np.array([[far], [-far]])
    low, high = np.zeros((2, len(firsts)), dtype=int), np.full((2, len(firsts)), len(seconds))
    while (low < high).any():  # the score falls as the second count rises
        middle = (low + high) // 2
        second = seconds[np.minimum(middle, len(seconds) - 1)]
        fell = (score(firsts[None, :], n_1, second, n_2, asked) < far_of) | (middle == len(seconds))
        low, high = np.where(fell, low, np.minimum(middle + 1, high)), np.where(fell, middle, high)
    return low[0], np.maximum(low[1], low[0])


def _likely(n: float, least: float, most: float) -> np.ndarray:
    """The counts that are not rarer than 1e-10 altogether on either side, by Bernstein's inequality."""
    def reach(share: float) -> float:
        return LOG_RARE / 3 + float(np.sqrt(LOG_RARE**2 / 9 + 2 * LOG_RARE * n * share * (1 - share)))

    return np.arange(max(np.floor(n * least - reach(least)), 0.0), min(np.ceil(n * most + reach(most)), n) + 1)


def _places(least: float, most: float, n: float) -> np.ndarray:
    """Shares to look at, at least four to a standard error wherever they lie."""
    first, last = np.arcsin(np.sqrt(np.clip([least, most], 0, 1)))
    return np.sin(np.linspace(first, last, int(8 * np.sqrt(n) * (last - first)) + 5)) ** 2


def _binomial(counts: np.ndarray, n: float, share: np.ndarray) -> np.ndarray:
    """The chance of each of the consecutive counts, a row a share."""
    ways = np.concatenate([[0.0], np.cumsum(np.log((n - counts[:-1]) / (counts[:-1] + 1)))])
    share = np.clip(share, 1e-15, 1 - 1e-15)[:, None]
    chance = ways + counts * (np.log(share) - np.log1p(-share))
    chance = np.exp(chance - chance.max(axis=1, keepdims=True))
    return chance / chance.sum(axis=1, keepdims=True)


def counted(*numbers: ArrayLike) -> tuple[np.ndarray, ...]:
    """(count, n, count, n) as arrays of one shape, each count between 0 and its n; NaN where nobody was asked."""
    values = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in numbers))
    for count, n in zip(values[::2], values[1::2], strict=True):
        wrong = (count < 0) | (count > n) | (n < 0) | np.isinf(n)
        if wrong.any():
            raise UsageError("two_shares.count", count=f"{count[wrong][0]:g}", n=f"{n[wrong][0]:g}")
    nobody = (values[1] == 0) | (values[3] == 0)
    return tuple(np.where(nobody, np.nan, value) for value in values)


def score(count_1: np.ndarray, n_1: np.ndarray, count_2: np.ndarray, n_2: np.ndarray, null: np.ndarray) -> np.ndarray:
    """The score statistic of a difference of `null`, normal if it is true: above 0 where the shares differ by more.

    Its variance has the shares that are likeliest among those that differ by `null`, times N / (N - 1).
    """
    away = count_1 / n_1 - count_2 / n_2 - null
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(away == 0, 0.0 * away, away / np.sqrt(_variance(count_1, n_1, count_2, n_2, null)))


def score_limits(count_1: np.ndarray, n_1: np.ndarray, count_2: np.ndarray, n_2: np.ndarray, z: ArrayLike) -> Bounds:
    """The differences at which `score` is `z` and -`z`."""
    difference, z = np.broadcast_arrays(count_1 / n_1 - count_2 / n_2, np.asarray(z, dtype=float))

    def excess(null: np.ndarray) -> np.ndarray:
        return (difference - null) ** 2 - z * z * _variance(count_1, n_1, count_2, n_2, null)

    low, high = (np.where(np.isnan(difference), np.nan, bisect(excess, difference, end)) for end in (-1.0, 1.0))
    return low[()], high[()]


def _variance(count_1: np.ndarray, n_1: np.ndarray, count_2: np.ndarray, n_2: np.ndarray, null: np.ndarray
              ) -> np.ndarray:
    total = n_1 + n_2
    mostly = count_1 + count_2 > total / 2  # then of those who did not: digits are lost near a share of 1, not of 0
    count_1, count_2 = np.where(mostly, n_1 - count_1, count_1), np.where(mostly, n_2 - count_2, count_2)
    null = np.where(mostly, -null, null)
    second = _likeliest(count_1, n_1, count_2, n_2, null)
    first = np.clip(second + null, 0.0, 1.0)
    return (first * (1 - first) / n_1 + second * (1 - second) / n_2) * total / (total - 1)


def _likeliest(count_1: np.ndarray, n_1: np.ndarray, count_2: np.ndarray, n_2: np.ndarray, null: np.ndarray
               ) -> np.ndarray:
    """The second share that is likeliest if the first is larger by `null`: the middle root of a cubic."""
    cube = n_1 + n_2
    square = ((n_1 + 2 * n_2) * null - cube - count_1 - count_2) / cube
    line = ((n_2 * null - cube - 2 * count_2) * null + count_1 + count_2) / cube
    rest = count_2 * null * (1 - null) / cube
    third = square / 3
    p = third**3 - square * line / 6 + rest / 2
    q = np.copysign(np.sqrt(np.maximum(third**2 - line / 3, 0.0)), p)
    with np.errstate(invalid="ignore", divide="ignore"):
        angle = (np.pi + np.arccos(np.clip(np.where(q == 0, 0.0, p / q**3), -1, 1))) / 3
        root = 2 * q * np.cos(angle) - third
        for _ in range(3):  # the closed form loses digits where two roots lie close together: rare events
            slope = (3 * root + 2 * square) * root + line
            step = (((root + square) * root + line) * root + rest) / slope
            root = np.where(slope < 0, root - step, root)
    return np.clip(root, np.maximum(0.0, -null), np.minimum(1.0, 1 - null))


def _two_sided(z: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return (2 * ndtr(-z))[()]
