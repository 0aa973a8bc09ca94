"""What tells who leaves: Cox's proportional hazards, with ties, late entry and strata.

Model: Cox (1972, JRSS B 34, 187-220); ties: Efron (1977, JASP 72, 557-565); baseline: Breslow (1972, JRSS B 34,
216-217), the error of a curve by Tsiatis (1981, Annals of Statistics 9, 93-108); the check of proportional hazards from
scaled Schoenfeld residuals against the rank of time: Grambsch and Therneau (1994, Biometrika 81, 515-526); concordance:
Harrell, Lee and Mark (1996, Statistics in Medicine 15, 361-387). The sums over those at risk are running sums over
sorted times, which the fit, the check and the baseline share; `statsmodels.PHReg` gives the same figures in more time.
"""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

import numpy as np

from engagelab.ltv.fitting import maximise

LOOSE = 10.0   # a standard error of a coefficient, of a feature with spread 1, at which there is no maximum
STEEP = 1e-4   # a gradient for each who leaves, at which there is none either


@dataclass(frozen=True)
class Sums:
    """At each time at which somebody ended, for Efron's steps: weights at risk and means of the features."""

    time: np.ndarray      # of the step
    step: np.ndarray      # which share of those who end at that time is taken as gone
    total: np.ndarray
    mean: np.ndarray


class Stratum:
    """Those who are compared with each other: the rows of one stratum, sorted by time."""

    def __init__(self, features: np.ndarray, time: np.ndarray, ended: np.ndarray, entry: np.ndarray):
        order = np.argsort(time, kind="stable")
        self.features, self.time, self.ended, self.entry = (
            values[order] for values in (features, time, ended, entry))
        self.late = np.argsort(self.entry, kind="stable")
        gone = self.time[self.ended]
        self.events, self.place, self.counts = np.unique(gone, return_inverse=True, return_counts=True)
        self.from_ = np.searchsorted(self.time, self.events)                       # the first still there
        self.not_yet = np.searchsorted(self.entry[self.late], self.events)         # the first to enter then or later
        self.step = np.concatenate([np.arange(count) / count for count in self.counts]) if len(gone) else gone
        self.at = np.repeat(np.arange(len(self.events)), self.counts)

    def sums(self, weights: np.ndarray, efron: bool = True) -> Sums:
        """The sums over those at risk with these weights."""
        own = np.column_stack([weights, self.features * weights[:, None]])
        risk = self._after(own, self.from_) - self._after(own[self.late], self.not_yet)
        tied = np.zeros_like(risk)
        np.add.at(tied, self.place, own[self.ended])
        at, step = (self.at, self.step) if efron else (np.arange(len(self.events)), np.zeros(len(self.events)))
        left = risk[at] - step[:, None] * tied[at]
        return Sums(self.events[at], step, left[:, 0], left[:, 1:] / left[:, :1])

    @staticmethod
    def _after(rows: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The sums of the rows from each place on."""
        return np.vstack([rows[::-1].cumsum(axis=0)[::-1], np.zeros((1, rows.shape[1]))])[first]


@dataclass(frozen=True)
class Fit:
    """A fitted model. `theta` and `spread`, its covariance, are of features less their `middle`, over their `size`."""

    theta: np.ndarray
    spread: np.ndarray
    middle: np.ndarray
    size: np.ndarray
    loglik: float
    loose: np.ndarray     # which coefficients have no maximum
    strata: list[Stratum]

    @property
    def beta(self) -> np.ndarray:
        """The coefficients: logarithms of hazard ratios."""
        return self.theta / self.size

    @property
    def se(self) -> np.ndarray:
        """Their standard errors."""
        return np.sqrt(np.diag(self.spread)) / self.size

    def baseline(self, stratum: int, times: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The summed hazard of each row (down) at each time (across), and its standard error; NaN beyond the last."""
        part, rows = self.strata[stratum], (features - self.middle) / self.size
        sums = part.sums(np.exp(part.features @ self.theta), efron=False)
        jumps = part.counts / sums.total
        until = np.searchsorted(part.events, times, side="right")
        hazard, variance = (np.append(0.0, np.cumsum(values))[until] for values in (jumps, jumps / sums.total))
        means = np.vstack([np.zeros(len(self.theta)), np.cumsum(sums.mean * jumps[:, None], axis=0)])[until]
        away = rows[:, None, :] * hazard[None, :, None] - means[None]
        error = np.sqrt(variance + np.einsum("rtk,kl,rtl->rt", away, self.spread, away))
        weight, unseen = np.exp(rows @ self.theta)[:, None], np.where(times <= part.time[-1], 0.0, np.nan)
        return weight * hazard + unseen, weight * error + unseen

    def proportional(self) -> np.ndarray:
        """The p-value of each coefficient not changing with the rank of time."""
        from scipy.special import chdtrc
        from scipy.stats import rankdata

        residuals, times = [], []
        for part in self.strata:
            sums = part.sums(np.exp(part.features @ self.theta))
            mean = np.zeros((len(part.events), len(self.theta)))
            np.add.at(mean, part.at, sums.mean / part.counts[part.at][:, None])
            residuals.append(part.features[part.ended] - mean[part.place])
            times.append(part.time[part.ended])
        rank = rankdata(np.concatenate(times))
        away = rank - rank.mean()
        drift = len(away) * (away @ np.vstack(residuals)) @ self.spread
        variance = len(away) * np.diag(self.spread) * (away @ away)
        return chdtrc(1, np.divide(drift**2, variance, out=np.full(len(drift), np.nan), where=variance > 0))

    def concordance(self) -> float:
        """Of all pairs of whom it is known who left first: the share in which that was the likelier; ties a half."""
        right, every = np.sum([_ordered(part, part.features @ self.theta) for part in self.strata], axis=0)
        return float(right / every) if every else np.nan


def fit(features: np.ndarray, time: np.ndarray, ended: np.ndarray, entry: np.ndarray, strata: np.ndarray) -> Fit:
    """Cox's model: a coefficient a column of `features`; `strata` are whole numbers from 0.

    A column of numbers that alone keeps others from having a maximum is left out: its coefficient is 0, and loose.

    Four leave after 1, 2, 3 and 4 months; the second and the third have the feature; the ratio is the golden one.

    >>> made = fit(np.array([[0.0], [1], [1], [0]]), np.arange(1.0, 5), np.full(4, True), np.zeros(4), np.zeros(4, int))
    >>> made.beta.round(3), made.se.round(3)
    (array([0.481]), array([1.238]))
    """
    middle, size = features.mean(axis=0), features.std(axis=0)
    scaled = (features - middle) / size
    parts = [Stratum(scaled[own], time[own], ended[own], entry[own])
             for own in (strata == code for code in range(strata.max() + 1))]
    n, k = ended.sum(), features.shape[1]

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = 0.0, np.zeros(len(theta))
        for part in parts:
            risk = part.features @ theta
            highest = risk.max()
            sums = part.sums(np.exp(risk - highest))
            value += (risk[part.ended] - highest).sum() - np.log(sums.total).sum()
            gradient += part.features[part.ended].sum(axis=0) - sums.mean.sum(axis=0)
        return value / n, gradient / n

    with np.errstate(all="ignore"):   # a step too far is taken back
        found = maximise(objective, np.zeros(k))
        rises = np.abs(objective(found.theta)[1]) > STEEP
    roots, axes = np.linalg.eigh(-found.hessian * n)
    spread = (axes / np.maximum(roots, 1e-12)) @ axes.T
    loose = rises | ~(np.sqrt(np.diag(spread)) < LOOSE)
    loose |= not found.inner and not loose.any()
    theta, value = found.theta, found.value * n
    orders = np.abs(theta) * (loose & np.array([len(np.unique(column)) > 2 for column in features.T]))
    if loose.sum() > 1 and orders.any():    # one that orders all who leave makes those beside it loose too
        rest = np.arange(k) != orders.argmax()
        less = fit(features[:, rest], time, ended, entry, strata)
        if less.loose.sum() < loose.sum() - 1:
            theta, spread, value = np.zeros(k), np.zeros((k, k)), less.loglik
            theta[rest], spread[np.ix_(rest, rest)], loose[rest] = less.theta, less.spread, less.loose
    return Fit(theta, spread, middle, size, value, loose, parts)


def _ordered(part: Stratum, risk: np.ndarray) -> tuple[float, float]:
    """Pairs in the right order (ties a half), and all pairs of whom it is known who left first."""
    there: list[float] = []       # the risks of those at risk, sorted
    right, every, last, leave = 0.0, 0.0, len(risk), len(part.late)
    for time in np.unique(part.time)[::-1]:
        first = int(np.searchsorted(part.time, time))
        ended, own = part.ended[first:last], risk[first:last]
        for value in own[~ended]:
            insort(there, value)
        while leave and part.entry[part.late[leave - 1]] >= time:
            leave -= 1
            del there[bisect_left(there, risk[part.late[leave]])]
        for value in own[ended]:
            right += (bisect_left(there, value) + bisect_right(there, value)) / 2
            every += len(there)
        for value in own[ended]:
            insort(there, value)
        last = first
    return right, every
