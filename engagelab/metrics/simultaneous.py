"""Several comparisons at once: Dunnett's p and critical values, and the false discovery rate.

Sources: Dunnett (1955, Journal of the American Statistical Association 50, 1096-1121) for several arms against one
control, in the form of Hasler and Hothorn (2008, Biometrical Journal 50, 793-800) for unequal variances, where each
comparison has its own degrees of freedom; Benjamini and Hochberg (1995, Journal of the Royal Statistical Society B 57,
289-300). Chances are integrated over fixed points, without random numbers, to 1e-7. Holm's method is in `intervals`.
"""

import numpy as np
from numpy.typing import ArrayLike

from engagelab.errors import UsageError
from engagelab.metrics.intervals import t_value

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(12)
SHARP = .5  # an arm's own noise, of the control's, below which it turns within a few points
FARTHEST = 9.0  # standard errors of the control's mean beyond which nothing is left


def benjamini_hochberg(p: ArrayLike) -> np.ndarray:
    """P-values corrected for the share of false among all that are called true; not a number counts as none.

    >>> benjamini_hochberg([.01, .04, .03, .005])
    array([0.02, 0.04, 0.04, 0.02])
    """
    p = np.asarray(p, dtype=float)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(-p[known], kind="stable")]
    out = np.full(len(p), np.nan)
    out[order] = np.minimum.accumulate(p[order] * (len(order) / np.arange(len(order), 0, -1)))
    return out


def dunnett_p(t: ArrayLike, df: ArrayLike, share: ArrayLike) -> np.ndarray:
    """The two-sided p of each comparison with one control, adjusted for all of them.

    t : the difference of each arm from the control over its standard error; NaN is no comparison.
    df : the degrees of freedom of each; infinite for the normal.
    share : how much of the variance of each difference the control brings: v0 / (v0 + v), .5 for equal arms.

    The chance that the largest |t| of all is at least this one, if no arm differs. One comparison alone has Student's.

    >>> dunnett_p([.9, 3.2], 12, .5).round(3)
    array([0.584, 0.014])
    """
    t, df, share, known = _comparisons(t, df, share)
    out = np.full(len(t), np.nan)
    for i in np.flatnonzero(known):
        out[i] = _beyond(abs(t[i]), df[i], share[known])
    return out


def dunnett_critical(df: ArrayLike, share: ArrayLike, confidence: float = .95) -> np.ndarray:
    """How many standard errors wide, to each side, intervals are that hold together with this confidence.

    One for each comparison, with `df` and `share` as in `dunnett_p`, which is 1 - confidence there.

    >>> dunnett_critical(12, [.5, .5]).round(2)
    array([2.5, 2.5])
    """
    _, df, share, known = _comparisons(0.0, df, share)
    out = np.full(len(df), np.nan)
    for i in np.flatnonzero(known):
        same = known & (df == df[i])
        if np.isnan(out[i]):
            out[same] = _critical(df[i], share[known], confidence)
    return out


def _comparisons(t: ArrayLike, df: ArrayLike, share: ArrayLike) -> tuple[np.ndarray, ...]:
    t, df, share = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, dtype=float)) for value in (t, df, share)))
    wrong = (share < 0) | (share > 1)
    if wrong.any():
        raise UsageError("simultaneous.share", value=f"{share[wrong][0]:g}")
    return t, df, share, ~np.isnan(t) & ~np.isnan(share) & (df > 0)


def _critical(df: float, share: np.ndarray, confidence: float) -> float:
    """By the secant rule on log p against the square, which are nearly a line, between one comparison and Bonferroni.

    The line of one comparison, of which both ends are known, is as steep to begin with.
    """
    df_or_normal, many = min(df, 1e12), len(share)
    low, high = (float(t_value(df_or_normal, level)) ** 2 for level in (confidence, 1 - (1 - confidence) / many))
    if many == 1:
        return float(np.sqrt(low))
    known: list[tuple[float, float]] = []
    square, slope = low + .8 * (high - low), np.log(many) / (low - high)
    for _ in range(60):
        excess = np.log(_beyond(np.sqrt(square), df, share) / (1 - confidence))
        if abs(excess) < 1e-12:
            break
        known = [*known[-1:], (square, excess)]
        if len(known) == 2:
            slope = min((known[1][1] - known[0][1]) / (known[1][0] - known[0][0]), slope / 100)
        closer = min(max(square - excess / slope, low), high)
        if abs(closer - square) < 1e-14 * high:
            break
        square = closer
    return float(np.sqrt(square))


def _beyond(t: float, df: float, share: np.ndarray) -> float:
    """The chance that any of the comparisons is `t` or more from 0, over how wrongly the spread may be estimated."""
    from scipy.special import gammaincinv, stdtr

    if len(share) == 1:
        return float(2 * stdtr(min(df, 1e12), -t))
    if np.isinf(df):
        return float(_normal_beyond(np.array([t]), share)[0])
    least, most = (np.log(2 * gammaincinv(df / 2, tail) / df) / 2 for tail in (1e-12, 1 - 1e-14))
    logs = np.linspace(least, most, int((most - least) / min(.2, .7 / np.sqrt(2 * df))) + 2)
    weights = np.exp(df * logs - df * np.expm1(2 * logs) / 2)
    return float((weights * _normal_beyond(t * np.exp(logs), share)).sum() / weights.sum())


def _normal_beyond(t: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The same where the spread is known, for many `t`: over where the control's mean lies, from 0 outwards."""
    from scipy.special import ndtr

    pull, own = (np.sqrt(np.maximum(part, 1e-18)) for part in (share, 1 - share))
    little = np.unique(np.where(own < SHARP * pull, np.round(10 * np.log(own / pull)), 0), return_index=True)[1]
    sharp = [(t[:, None] + turn * own[little]) / pull[little] for turn in (-7, 0, 7)]  # where arms of little noise turn
    edges = np.concatenate([*sharp, np.tile(np.linspace(0, FARTHEST, 7), (len(t), 1))], axis=1)
    edges = np.sort(np.clip(edges, 0, FARTHEST), axis=1)
    half = np.diff(edges, axis=1)[:, :, None] / 2
    control = (edges[:, :-1, None] + half * (1 + POINTS)).reshape(len(t), -1, 1)
    near, far = ((side * control * pull - t[:, None, None]) / own for side in (1, -1))
    with np.errstate(divide="ignore"):
        any_outside = -np.expm1(np.log1p(-np.minimum(ndtr(near) + ndtr(far), 1)).sum(axis=2))
    density = np.exp(-control[:, :, 0] ** 2 / 2) * np.sqrt(2 / np.pi)
    return (any_outside * density * (half * WEIGHTS).reshape(len(t), -1)).sum(axis=1)
