"""Intervals for shares, differences of shares, NPS, means, ratios and quantiles, on arrays of groups.

Sources: Wilson (1927, JASP 22, 209-212) for a share; Newcombe (1998, Statistics in Medicine 17, 873-890, method 10)
for a difference of two; Tango (1998, Statistics in Medicine 17, 891-908) for NPS, which is the difference of two cells
of one multinomial; Rocks (2016, The American Statistician 70, 365-372) for its adjusted Wald interval; Bonett and Price
(2012, Journal of Educational and Behavioral Statistics 37, 479-488). Every function takes and gives numbers or arrays;
`n` may be an effective number. NPS is in points from -100 to 100, a share is a fraction.
"""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from engagelab.errors import UsageError, one_of

Bounds = tuple[np.ndarray, np.ndarray]


def z_value(confidence: float) -> float:
    """The two-sided normal quantile.

    >>> round(z_value(.95), 6)
    1.959964
    """
    if not isinstance(confidence, int | float) or not 0 < confidence < 1:
        raise UsageError("metrics.confidence", value=repr(confidence))
    return NormalDist().inv_cdf((1 + confidence) / 2)


def t_value(df: ArrayLike, confidence: float) -> np.ndarray:
    """The two-sided quantile of Student's t; NaN without a degree of freedom.

    >>> t_value(10, .95).round(6)
    np.float64(2.228139)
    """
    from scipy.special import stdtrit

    z_value(confidence)
    df = np.asarray(df, dtype=float)
    return np.where(df > 0, stdtrit(np.where(df > 0, df, 1.0), (1 + confidence) / 2), np.nan)[()]


def holm(p: np.ndarray) -> np.ndarray:
    """P-values corrected by Holm's method for how many they are; not a number counts as none.

    >>> holm(np.array([.01, .04, .03]))
    array([0.03, 0.06, 0.06])
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    out = np.full(len(p), np.nan)
    out[order] = np.minimum(np.maximum.accumulate((len(order) - np.arange(len(order))) * p[order]), 1)
    return out


def wilson(count: ArrayLike, n: ArrayLike, confidence: float = .95) -> Bounds:
    """The score interval of a share: `count` of `n`.

    >>> [float(round(bound, 4)) for bound in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    return wilson_at(count, n, z_value(confidence))


def wilson_at(count: ArrayLike, n: ArrayLike, z: ArrayLike) -> Bounds:
    """The score interval of a share at a critical value `z` rather than a confidence.

    >>> [float(round(bound, 4)) for bound in wilson_at(81, 263, 1.959964)]
    [0.2553, 0.3662]
    """
    count, n, z = np.asarray(count, dtype=float), np.asarray(n, dtype=float), np.asarray(z, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = count / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = np.where(share == 0, 0.0, np.maximum(middle - half, 0.0))
    high = np.where(share == 1, 1.0, np.minimum(middle + half, 1.0))
    known = n > 0
    return np.where(known, low, np.nan)[()], np.where(known, high, np.nan)[()]


def clopper_pearson(count: ArrayLike, n: ArrayLike, confidence: float = .95) -> Bounds:
    """The exact interval of a share, from the tails of the binomial (Clopper and Pearson 1934, Biometrika 26, 404-413).

    >>> [float(round(bound, 4)) for bound in clopper_pearson(81, 263)]
    [0.2527, 0.3676]
    """
    from scipy.special import betaincinv

    z_value(confidence)
    count, n, tail = np.asarray(count, dtype=float), np.asarray(n, dtype=float), (1 - confidence) / 2
    low = np.where(count > 0, betaincinv(np.maximum(count, 1e-9), n - count + 1, tail), 0.0)
    high = np.where(count < n, betaincinv(count + 1, np.maximum(n - count, 1e-9), 1 - tail), 1.0)
    return np.where(n > 0, low, np.nan)[()], np.where(n > 0, high, np.nan)[()]


def newcombe(count_1: ArrayLike, n_1: ArrayLike, count_2: ArrayLike, n_2: ArrayLike,
             confidence: float = .95) -> Bounds:
    """The interval of a difference of two independent shares, first less second, from their score intervals.

    >>> [float(round(bound, 4)) for bound in newcombe(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    first, second = (np.asarray(count, dtype=float) / np.asarray(n, dtype=float)
                     for count, n in ((count_1, n_1), (count_2, n_2)))
    return difference_interval(second, *wilson(count_2, n_2, confidence), first, *wilson(count_1, n_1, confidence))[1:]


def difference_interval(before: ArrayLike, before_low: ArrayLike, before_high: ArrayLike, after: ArrayLike,
                        after_low: ArrayLike, after_high: ArrayLike, correlation: ArrayLike = 0.0
                        ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(difference, low, high) of after less before, from their own intervals and the correlation of the two estimates.

    MOVER, the method of variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27, 1693-1710): it
    keeps the asymmetry of the two intervals. With Wilson's it is method 10 of Newcombe. Two estimates are independent
    unless a correlation is given, such as that of one question asked twice of the same people.

    >>> [float(end) for end in difference_interval(10, 8, 13, 20, 16, 24)]
    [10.0, 5.0, 14.47213595499958]
    """
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    apart, r = after - before, np.asarray(correlation, dtype=float)

    def third_side(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.hypot(one - r * other, np.sqrt(1 - r * r) * other)  # the law of cosines

    return (apart, apart - third_side(after - np.asarray(after_low), np.asarray(before_high) - before),
            apart + third_side(np.asarray(after_high) - after, before - np.asarray(before_low)))


def ratio_interval(base: ArrayLike, base_low: ArrayLike, base_high: ArrayLike, other: ArrayLike, other_low: ArrayLike,
                   other_high: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(ratio, low, high) of other to base, two independent estimates, from their own intervals.

    The ratios R for which MOVER's interval of other - R base holds 0 (Donner and Zou 2012, Statistical Methods in
    Medical Research 21, 347-359; Newcombe 2016, ibid. 25, 1774-1778). From symmetric intervals it is Fieller's. A bound
    is 1 where one of `difference_interval` is 0, so that "per cent more" never contradicts "more".

    Where the base may be 0 or less a bound may be infinite. The set may then have two parts: the answer is the part
    with the ratio in it, reaching to infinity if 1 lies in the other. NaN unless the base is above 0.

    >>> [float(round(end, 3)) for end in ratio_interval(10, 8, 12, 15, 12, 18)]
    [1.5, 1.125, 2.0]
    >>> [float(round(end, 3)) for end in ratio_interval(10, -1, 21, 15, 12, 18)]
    [1.5, 0.687, inf]
    """
    base, base_low, base_high, other, other_low, other_high = np.broadcast_arrays(*(
        np.asarray(value, dtype=float) for value in (base, base_low, base_high, other, other_low, other_high)))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        known = (base > 0) & np.isfinite(base + base_low + base_high + other + other_low + other_high)
        base = np.where(known, base, np.nan)
        below, above = base - base_low, base_high - base
        low = 0.0 - _end_of_ratio(base, below, above, -other, other - other_low)
        high = _end_of_ratio(base, below, above, other, other_high - other)
        apart = difference_interval(base, base_low, base_high, other, other_low, other_high)[2]
        high = np.where((base_low < 0) & (apart >= 0) & known, np.inf, high)
        ratio = other / base
    return ratio[()], np.minimum(low, ratio)[()], np.maximum(high, ratio)[()]  # rounding would let them pass


def _end_of_ratio(base: np.ndarray, below: np.ndarray, above: np.ndarray, other: np.ndarray, reach: np.ndarray
                  ) -> np.ndarray:
    """The first R from other / base upwards where (R base - other)^2 is reach^2 + (R times the base's own reach)^2."""
    own = np.where(other + reach >= 0, below, above)  # which of the base's sides counts turns with the sign of R
    square, half, rest = (base - own) * (base + own), other * base, (other - reach) * (other + reach)
    under = (own * other) ** 2 + reach * reach * square  # half^2 - square * rest without cancellation
    root = np.sqrt(np.maximum(under, 0.0))
    rising = np.where(square > 0, (half + root) / square, np.inf)
    falling = np.where(under >= 0, rest / (half - root), np.inf)  # the same without cancellation, also for square <= 0
    return np.where(np.isnan(under), np.nan, np.where(half < 0, falling, rising))


def nps_variance(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike) -> np.ndarray:
    """The variance of one answer scored +1, 0 or -1: p + q - (p - q)^2."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.asarray(promoters, dtype=float) / np.asarray(n, dtype=float)
        q = np.asarray(detractors, dtype=float) / np.asarray(n, dtype=float)
        return np.maximum(p + q - (p - q) ** 2, 0.0)


def nps_score(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, confidence: float = .95) -> Bounds:
    """Tango's score interval: never outside the scale, never of no width; without passives it is Wilson's.

    The difference D is a bound where n (d - D)^2 = z^2 (2 q(D) + D (1 - D)), q(D) being the share of detractors
    that is likeliest if D is true; it has a closed form, and the root lies between the estimate and the scale's end.

    >>> [float(round(bound, 2)) for bound in nps_score(1, 7, 21)]
    [-51.72, -2.6]
    """
    p, q, n = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (promoters, detractors, n)))
    z = z_value(confidence)
    known = n > 0
    p, q, n = np.where(known, p, 0.0), np.where(known, q, 0.0), np.where(known, n, 1.0)
    d = (p - q) / n

    def excess(difference: np.ndarray) -> np.ndarray:
        b = -p - q + (2 * n - p + q) * difference
        c = -q * difference * (1 - difference)
        root = np.sqrt(np.maximum(b * b - 8 * n * c, 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):  # the form without cancellation
            likeliest = np.where(b > 0, -2 * c / (root + b), (root - b) / (4 * n))
        return n * (d - difference) ** 2 - z * z * (2 * likeliest + difference * (1 - difference))

    low, high = bisect(excess, d, -1.0), bisect(excess, d, 1.0)
    return np.where(known, 100 * low, np.nan)[()], np.where(known, 100 * high, np.nan)[()]


def bisect(excess: Callable[[np.ndarray], np.ndarray], inside: np.ndarray, outside: float) -> np.ndarray:
    """The root between a point inside the interval, where `excess` is not positive, and the end of the scale.

    Halving uses only exact operations, so the same counts give the same bytes everywhere.
    """
    near, far = inside, np.full_like(inside, outside)
    for _ in range(60):
        middle = (near + far) / 2
        within = excess(middle) <= 0
        near, far = np.where(within, middle, near), np.where(within, far, middle)
    return (near + far) / 2


def nps_wald(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, confidence: float = .95) -> Bounds:
    """The interval that old dashboards show; too narrow below 50 answers, of no width where all agree.

    >>> [float(round(bound, 3)) for bound in nps_wald(60, 15, 100)]
    [30.498, 59.502]
    """
    return _wald(promoters, detractors, n, z_value(confidence))


def nps_adjusted_wald(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, confidence: float = .95) -> Bounds:
    """Wald's after adding three answers: 3/4 promoter, 3/2 passive, 3/4 detractor; cut to the scale.

    >>> [float(round(bound, 3)) for bound in nps_adjusted_wald(19, 9, 36)]
    [-0.441, 51.724]
    """
    low, high = _wald(np.add(promoters, .75), np.add(detractors, .75), np.add(n, 3), z_value(confidence))
    return _cut(low, high, n)


def nps_bonett_price(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, confidence: float = .95) -> Bounds:
    """Wald's after adding a promoter and a detractor; cut to the scale.

    >>> [float(round(bound, 3)) for bound in nps_bonett_price(1, 7, 21)]
    [-50.836, -1.338]
    """
    low, high = _wald(np.add(promoters, 1), np.add(detractors, 1), np.add(n, 2), z_value(confidence))
    return _cut(low, high, n)


def nps_bootstrap(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, confidence: float = .95) -> Bounds:
    """Percentiles of 10,000 samples drawn again from the counts; of no width where all agree.

    Effective numbers are rounded to whole answers.

    >>> [float(round(bound)) for bound in nps_bootstrap(60, 15, 100)]
    [30.0, 59.0]
    """
    ends = 50 - 50 * confidence, 50 + 50 * confidence
    z_value(confidence)
    p, q, n = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (promoters, detractors, n)))
    bounds = np.full((2, n.size), np.nan)
    for i, (p_i, q_i, n_i) in enumerate(zip(p.flat, q.flat, n.flat, strict=True)):
        if n_i > 0:
            shares = [p_i / n_i, max(1 - (p_i + q_i) / n_i, 0.0), q_i / n_i]
            # RandomState draws the same numbers in every version of numpy; a Generator does not promise that.
            draws = np.random.RandomState(7).multinomial(max(round(n_i), 1), shares, size=10_000)
            bounds[:, i] = np.percentile(100 * (draws[:, 0] - draws[:, 2]) / draws.sum(axis=1), ends)
    return bounds[0].reshape(n.shape)[()], bounds[1].reshape(n.shape)[()]


def _wald(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, z: float) -> Bounds:
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.subtract(promoters, detractors) / np.asarray(n, dtype=float)
        half = z * np.sqrt(nps_variance(promoters, detractors, n) / np.asarray(n, dtype=float))
    return 100 * (middle - half), 100 * (middle + half)


def _cut(low: np.ndarray, high: np.ndarray, n: ArrayLike) -> Bounds:
    known = np.asarray(n) > 0
    return (np.where(known, np.clip(low, -100, 100), np.nan)[()], np.where(known, np.clip(high, -100, 100), np.nan)[()])


NPS_INTERVALS: dict[str, Callable[..., Bounds]] = {
    "score": nps_score, "adjusted_wald": nps_adjusted_wald, "bonett_price": nps_bonett_price,
    "wald": nps_wald, "bootstrap": nps_bootstrap}


def nps(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, *, confidence: float = .95,
        interval: str = "score") -> Bounds:
    """The interval of NPS by name: score, adjusted_wald, bonett_price, wald or bootstrap.

    >>> [float(round(bound, 1)) for bound in nps(10, 0, 10)]
    [44.5, 100.0]
    """
    return NPS_INTERVALS[one_of("interval", interval, NPS_INTERVALS)](promoters, detractors, n, confidence)


def around(estimate: ArrayLike, se: ArrayLike, df: ArrayLike, confidence: float = .95) -> Bounds:
    """Student's interval around an estimate; NaN where the error is 0, for equal values do not say how far others lie.

    >>> [float(round(bound, 3)) for bound in around(5, 1, 10)]
    [2.772, 7.228]
    """
    se = np.asarray(se, dtype=float)
    half = t_value(df, confidence) * np.where(se > 0, se, np.nan)
    return np.asarray(estimate) - half, np.asarray(estimate) + half


def logit(share: ArrayLike, se: ArrayLike, df: ArrayLike, confidence: float = .95) -> Bounds:
    """Student's interval of a share on the logit scale, and back; NaN where the share is 0 or 1 or its error is 0.

    As survey::svyciprop(method="logit") of R (Lumley 2010, Complex Surveys).

    >>> [float(round(bound, 4)) for bound in logit(.9, .05, 20)]
    [0.7385, 0.9663]
    """
    share, se = np.asarray(share, dtype=float), np.asarray(se, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        low, high = around(np.log(share / (1 - share)), se / (share * (1 - share)), df, confidence)
        return 1 / (1 + np.exp(-low)), 1 / (1 + np.exp(-high))


def quantile_ranks(n: ArrayLike, q: float, confidence: float = .95) -> tuple[np.ndarray, np.ndarray]:
    """Ranks (from 1) of the two values between which quantile `q` lies; 0 and n + 1 are no value at all.

    The number of values below the quantile is binomial (Conover, Practical Nonparametric Statistics, 1999,
    section 3.2), so the interval holds for any distribution.

    >>> [int(rank) for rank in quantile_ranks(100, .5)]
    [40, 61]
    """
    from scipy.special import bdtr, bdtrik  # scipy.stats, which asks the same, takes half a second to import

    n, tail = np.asarray(n), (1 - confidence) / 2
    above = [np.ceil(bdtrik(share, n, q)) for share in (tail, 1 - tail)]
    low, high = (np.where(bdtr(np.maximum(rank - 1, 0), n, q) >= share, np.maximum(rank - 1, 0), rank)
                 for rank, share in zip(above, (tail, 1 - tail), strict=True))
    return low, high + 1
