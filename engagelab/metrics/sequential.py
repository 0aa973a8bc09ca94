"""Looking before the end without fooling oneself: critical values and p-values for a test that is watched.

Two ways. Planned looks: alpha spending (Lan and DeMets 1983, Biometrika 70, 659-663), with boundaries by the recursion
of Armitage, McPherson and Rowe (1969, Journal of the Royal Statistical Society A 132, 235-244) and the numerical
integration of Jennison and Turnbull (2000, Group Sequential Methods, chapter 19). Any look at any time: the normal
mixture of Robbins (1970, Annals of Mathematical Statistics 41, 1397-1409) as Howard, Ramdas, McAuliffe and Sekhon
(2021, Annals of Statistics 49, 1055-1080) tune it; for the split between arms the Dirichlet mixture of Lindon and
Malek (2022, Anytime-Valid Inference for Multinomial Count Data, NeurIPS 35).

Pure functions on numbers. Tests are two-sided and symmetric; z is an estimate over its standard error. The score, z
times the root of the information, walks with independent steps: all that follows rests on that.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from engagelab.errors import UsageError, one_of
from engagelab.metrics.intervals import z_value

Looks = int | Sequence[float] | np.ndarray

MOST_LOOKS = 50
LEAST_STEP = 1e-5  # looks nearer to each other than that are one look
LEAST_P, MOST_ALPHA, TINY = 1e-15, .999, 1e-300  # the tails of the recursion are not trusted beyond
TUNED, TUNED_ALPHA = 2_500.0, .05  # 5,000 people in each of two arms
PRIOR = 1_000.0  # people: sees 51:49 as soon as a prior of 10,000, and gross faults in half the time
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)


def _obrien_fleming(alpha: float, t: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr, ndtri

    return 4 * ndtr(ndtri(alpha / 4) / np.sqrt(t))


def _pocock(alpha: float, t: np.ndarray) -> np.ndarray:
    return alpha * np.log1p((math.e - 1) * t)


SPENDING: dict[str, Callable[[float, np.ndarray], np.ndarray]] = {"obrien_fleming": _obrien_fleming, "pocock": _pocock}


@dataclass(frozen=True)
class _Walk:
    """Where the score of the tests that go on is at a time: points, and the chance that each carries."""

    time: float
    at: np.ndarray
    mass: np.ndarray
    drift: float

    def beyond(self, bound: float, time: float) -> tuple[float, float]:
        """The chances that z is above `bound`, and below its negative, at a later time."""
        from scipy.special import ndtr

        step, edge = time - self.time, bound * math.sqrt(time)
        middle = self.at + self.drift * step
        above, below = (float((self.mass * ndtr((side - edge) / math.sqrt(step))).sum()) for side in (middle, -middle))
        return above, below

    def within(self, bound: float, time: float, later: float) -> "_Walk":
        """The tests that go on, on panels fine enough for the step behind and the step to come."""
        step, root = time - self.time, math.sqrt(time)
        low, high = (self.drift * time + side * 16 * root for side in (-1, 1))
        low, high = max(low, -bound * root), min(high, bound * root)
        panels = math.ceil(min(max((high - low) / (2 * math.sqrt(min(step, later - time))), 2), 160))
        half = (high - low) / panels / 2
        at = (low + half * (2 * np.arange(panels)[:, None] + 1 + NODES)).ravel()
        apart = (at[:, None] - self.at - self.drift * step) / math.sqrt(step)
        density = (np.exp(-apart * apart / 2) * self.mass).sum(axis=1) / math.sqrt(2 * math.pi * step)
        return _Walk(time, at, density * half * np.tile(WEIGHTS, panels), self.drift)


def _start(drift: float = 0.0) -> _Walk:
    return _Walk(0.0, np.zeros(1), np.ones(1), drift)


def times(looks: Looks) -> np.ndarray:
    """The fractions of the planned information at which one looks, checked; `looks` as in `boundaries`.

    >>> times(4)
    array([0.25, 0.5 , 0.75, 1.  ])
    """
    if isinstance(looks, Integral) and not isinstance(looks, bool) and 1 <= int(looks) <= MOST_LOOKS:
        return np.arange(1, int(looks) + 1) / int(looks)
    try:
        t = np.asarray(looks, dtype=float)
    except (TypeError, ValueError):
        t = np.empty(())
    steps = np.diff(t, prepend=0).round(12) if t.ndim == 1 else t
    if not 1 <= steps.size <= MOST_LOOKS or steps.ndim != 1 or not (steps >= LEAST_STEP).all() or t[-1] > 1:
        raise UsageError("sequential.looks", most=MOST_LOOKS, step=f"{LEAST_STEP:.5f}", value=repr(looks))
    return t


def _root(excess: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(excess, low, high, xtol=1e-12, rtol=1e-12))


def _surplus(chance: float, spent: float) -> float:
    return math.log(max(chance, TINY)) - math.log(max(spent, TINY))


def _bounds(t: np.ndarray, each: np.ndarray, later: float) -> tuple[list[float], _Walk]:
    """The critical values at times `t` that spend `each`, and the tests that go on after them, to a look `later`."""
    walk, found = _start(), []
    for time, spent, after in zip(t, each, np.append(t, later)[1:], strict=True):
        found.append(_root(lambda bound: _surplus(2 * walk.beyond(bound, time)[0], spent), 0, 40))  # noqa: B023
        if after > time:
            walk = walk.within(found[-1], time, after)
    return found, walk


def _each(t: np.ndarray, alpha: float, spending: str) -> np.ndarray:
    return np.diff(SPENDING[one_of("spending", spending, SPENDING)](alpha, t), prepend=0)


def boundaries(looks: Looks, *, confidence: float = .95, spending: str = "obrien_fleming", end: float | None = None
               ) -> np.ndarray:
    """How large |z| must be at each look, so that all looks together raise no more false alarms than one would.

    `looks` are fractions of the planned information, above 0, at most 1 and increasing, or a whole number of looks
    equally far apart. The last may lie below 1: the test goes on, and only what is due by then has been spent. Fewer
    or other looks than planned do no harm, for what is spent depends on the fractions reached alone. `end`: the
    fraction really there at the last look, where that spends what is left but more or less came than planned.

    >>> boundaries(5).round(4)  # as in Reboussin, DeMets, Kim and Lan (2000)
    array([4.8769, 3.357 , 2.6803, 2.2898, 2.031 ])
    >>> boundaries([.5, 1], spending="pocock").round(3)
    array([2.157, 2.201])
    """
    z_value(confidence)
    t = times(looks)
    each = _each(t, 1 - confidence, spending)
    t = np.append(t[:-1], end or t[-1])
    return np.array(_bounds(t, each, t[-1])[0])


def crossing(bounds: Sequence[float] | np.ndarray, looks: Looks, *, drift: float = 0.0) -> np.ndarray:
    """The chances to stop first at each look: a row for the upper and one for the lower boundary, a column a look.

    `drift` is the mean of z at the end of the plan; 0 is no effect.

    >>> crossing([2.178, 2.178], 2).sum().round(3)  # Pocock's constant for two looks
    np.float64(0.05)
    """
    t, walk = times(looks), _start(drift)
    out = []
    for bound, time, after in zip(bounds, t, [*t[1:], 0], strict=True):
        out.append(walk.beyond(bound, time))
        if after:
            walk = walk.within(bound, time, after)
    return np.array(out).T


def peeking(looks: Looks, *, confidence: float = .95) -> float:
    """The chance of at least one false alarm for whoever looks that often and takes each look for the only one.

    >>> [round(peeking(looks), 3) for looks in (1, 2, 5, 20)]
    [0.05, 0.083, 0.142, 0.248]
    """
    t = times(looks)
    return float(crossing([z_value(confidence)] * len(t), t).sum())


def repeated_p(z: float, looks: Looks, look: int, *, spending: str = "obrien_fleming", end: float | None = None
               ) -> float:
    """The p-value at one of the looks: the smallest alpha whose boundary |z| would cross there.

    It is below alpha just when |z| is beyond the boundary at 1 - alpha, so it agrees with the interval made of that
    boundary (Jennison and Turnbull 2000, section 9.5). `look` counts from 1; looks after it do not matter. `end`
    is as in `boundaries`, if this is the last look. Not below 1e-15.

    >>> round(repeated_p(2.5, 5, 3), 3), round(repeated_p(2.5, 5, 5), 3)
    (0.07, 0.014)
    """
    t = times(looks)
    t = t[:one_of("look", look, range(1, len(t) + 1))]

    def excess(log_alpha: float) -> float:
        each = _each(t, math.exp(log_alpha), spending)
        walk = _bounds(t[:-1], each[:-1], end or t[-1])[1]
        return _surplus(2 * walk.beyond(abs(z), end or t[-1])[0], each[-1])

    ends = math.log(LEAST_P), math.log(MOST_ALPHA)
    if math.isnan(z) or excess(ends[1]) >= 0:
        return math.nan if math.isnan(z) else 1.0
    return LEAST_P if excess(ends[0]) < 0 else math.exp(_root(excess, *ends))


def reached(bounds: Sequence[float] | np.ndarray, looks: Looks, *, power: float = .8) -> float:
    """The drift, the mean of z at the end of the plan, at which the upper boundary is crossed with this chance.

    >>> round(reached([1.96], 1, power=.9), 3)
    3.242
    """
    if not .5 <= power < 1 - 1e-9:
        raise UsageError("metrics.power", value=repr(power))
    return _root(lambda drift: float(crossing(bounds, looks, drift=drift)[0].sum()) - power, 0, 20)


def _rho(tuned: float) -> float:
    """The precision of the mixture that is tightest, to a thousandth, at `tuned` (Howard and others 2021, 3.5)."""
    if not 0 < tuned < math.inf:
        raise UsageError("sequential.tuned", value=repr(tuned))
    return tuned / (-2 * math.log(TUNED_ALPHA) + math.log1p(-2 * math.log(TUNED_ALPHA)))


def always_valid(information: ArrayLike, *, tuned: float = TUNED, confidence: float = .95) -> np.ndarray:
    """How large |z| must be when one may look after every single person, for ever.

    `information` counts people: n_0 n_1 / (n_0 + n_1), half of one arm's where two are equally large. `tuned` is the
    information at which the boundary is tightest. It is a number known before the data: a boundary that is tuned to
    wherever one happens to look is no boundary. 2,500, which is 5,000 people in each arm, makes the interval wider than
    the best tuning would by 11 % at 500, 3 % at 1,000, 1 % at 5,000, 7 % at 25,000 and 24 % at a million, but by 121 %
    at 50; that guards skewed amounts, whose first few people are not normal yet.

    >>> always_valid([50, 2_500, 1_000_000]).round(3)
    array([6.694, 3.035, 3.75 ])
    """
    z_value(confidence)
    rho, v = _rho(tuned), np.asarray(information, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((v + rho) / v * (np.log1p(v / rho) - 2 * math.log(1 - confidence)))[()]


def always_valid_p(z: ArrayLike, information: ArrayLike, *, tuned: float = TUNED, df: int = 1) -> np.ndarray:
    """The p-value that may be read at any time: one over the mixture likelihood ratio, at most 1.

    It is below alpha just when |z| is beyond `always_valid` at 1 - alpha. With `df` above 1, z is the root of a
    chi-square with as many degrees of freedom, and the mixture is over as many directions.

    >>> always_valid_p([2, 3.035, 4], 2_500).round(3)
    array([0.506, 0.05 , 0.002])
    """
    rho, v, z = _rho(tuned), np.asarray(information, dtype=float), np.asarray(z, dtype=float)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.minimum(np.exp(np.log1p(v / rho) * df / 2 - z * z * v / (v + rho) / 2), 1)[()]


def sample_ratio_p(counts: ArrayLike, shares: ArrayLike) -> np.ndarray:
    """Whether the arms are as large as planned, read at any time: the p-value so far at each time.

    `counts` are people so far, a row a time and a column an arm, or one row; `shares` are the planned ones, in any
    unit. The alternative is a Dirichlet distribution around the shares that weighs as much as 1,000 people.

    >>> sample_ratio_p([[980, 1020], [9800, 10200], [98000, 102000]], [1, 1]).round(4)
    array([1.    , 0.1015, 0.    ])
    """
    from scipy.special import gammaln

    n, share = np.atleast_2d(np.asarray(counts, dtype=float)), np.asarray(shares, dtype=float)
    if share.ndim != 1 or share.size < 2 or not ((share > 0) & (share < math.inf)).all():
        raise UsageError("sequential.shares", value=repr(shares))
    if n.shape[1:] != share.shape or not (np.diff(n, axis=0, prepend=0) >= 0).all() or not np.isfinite(n).all():
        raise UsageError("sequential.counts", arms=share.size)
    prior = PRIOR * share / share.sum()
    ratio = (gammaln(PRIOR) - gammaln(PRIOR + n.sum(axis=1))
             + (gammaln(prior + n) - gammaln(prior) - n * np.log(share / share.sum())).sum(axis=1))
    return np.exp(-np.maximum.accumulate(np.maximum(ratio, 0)))
