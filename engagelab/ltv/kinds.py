"""The lives of subscriptions in whole periods, and one or two kinds of leavers fitted to them.

Lives are a mixture of two geometric ones: each kind has a churn that all groups share, and groups differ in how many of
their new customers are quick. Open subscriptions are censored, and those that began before the data count from the age
at which these begin. Half a customer of each kind is added to each group, so that a share is never 0 or 1 (Firth 1993,
Biometrika 80, 27-38).
"""

from dataclasses import dataclass

import numpy as np

from engagelab import words
from engagelab.activity import spells as activity
from engagelab.errors import DataError
from engagelab.ltv.fitting import maximise

# Where the maximiser begins: churn of the quick and of the slow, in mean churns, and the share of the quick.
STARTS = ((3.0, .5, .4), (6.0, .8, .15), (1.5, .2, .7))
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Lives:
    """Subscriptions as they are fitted: group, first age at risk, last age seen, whether it ended there."""

    group: np.ndarray
    entry: np.ndarray
    last: np.ndarray
    ended: np.ndarray
    labels: list[tuple[str, ...]]
    began: np.ndarray       # whether its beginning was seen
    missing: np.ndarray     # of each group, those of whom no age at risk was seen

    @property
    def n(self) -> np.ndarray:
        """Subscriptions of each group."""
        return np.bincount(self.group, minlength=len(self.labels))

    @property
    def mix(self) -> np.ndarray:
        """The share of each group among the starters."""
        return np.bincount(self.group, self.began, len(self.labels)) / self.began.sum()


@dataclass(frozen=True)
class Kinds:
    """One fitted model: parameters on the logit scale and their covariance, for one or two kinds of leavers."""

    kinds: int
    at: np.ndarray
    covariance: np.ndarray
    loglik: float
    inner: bool

    def parts(self, at: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
        """Share and churn of each kind in each group, a row a group."""
        chances = chance(at)
        if self.kinds == 1:
            return np.ones((groups, 1)), chances[:, None]
        return np.column_stack([chances[2:], 1 - chances[2:]]), np.tile(chances[:2], (groups, 1))


def lives_of(found: activity.Spells, every: str, since: int | None, until: int) -> tuple[Lives, list[str]]:
    """Ages in periods: from which each is at risk, the last one seen, and whether it left there."""
    opened, closed = (_number(stamps, every) for stamps in (found.opened, found.closed))
    over = np.array(until, dtype="datetime64[us]")
    end = int(_number(over, every)) - 1      # the last period seen as a whole
    at_once = (closed == opened) & (opened < end)
    last = np.minimum(np.maximum(closed - opened, 1), end - opened)
    ended = (closed <= end) & (opened < end)
    entry = np.ones(len(opened), dtype="int64")
    before = np.zeros(len(opened), dtype=bool)
    if since is not None:
        moment = np.array(since, dtype="datetime64[us]")
        start = int(_number(moment, every))
        start += int(_start(start, every) != moment)    # the first period seen as a whole
        entry = np.maximum(entry, start - opened)
        before = opened < start
    gone, late = before & (closed - opened < entry) & ended, opened >= end
    kept = (last >= entry) & ~gone
    said = [words.text(key, n=int(rows.sum()), every=words.text(f"activity.every_{every}")) for key, rows in (
        ("leavers.at_once", at_once & kept), ("leavers.late", late & ~gone), ("leavers.gone", gone),
        ("leavers.before", before & kept), ("leavers.partial", np.atleast_1d(_start(end + 1, every) != over)))
        if rows.any()]
    seen = set(found.group[kept].tolist())
    names = sorted((label, place) for place, label in enumerate(found.labels) if place in seen)
    code = np.full(len(found.labels), -1)
    code[[place for _, place in names]] = np.arange(len(names))
    group = code[found.group]
    if absent := sorted(" / ".join(label) for place, label in enumerate(found.labels) if place not in seen):
        said.append(words.text("leavers.absent", names=words.joined(absent)))
    if not (kept & ~before).any():
        raise DataError("leavers.no_starters", every=words.text(f"activity.every_{every}"))
    return Lives(group[kept], entry[kept], last[kept], ended[kept], [label for label, _ in names], ~before[kept],
                 np.bincount(group[~kept & (group >= 0)], minlength=len(names))), said


def _number(stamps: np.ndarray, every: str) -> np.ndarray:
    """The consecutive number of the period of local stamps."""
    if every in MONTHS:
        return stamps.astype("datetime64[M]").astype("int64") // MONTHS[every]
    days = stamps.astype("datetime64[D]").astype("int64")
    return days if every == "day" else (days + 3) // 7


def _start(number: int, every: str) -> np.datetime64:
    """The first moment of the period with that number."""
    if every in MONTHS:
        return np.datetime64(number * MONTHS[every], "M").astype("datetime64[us]")
    return np.datetime64(number if every == "day" else 7 * number - 3, "D").astype("datetime64[us]")


def chance(logit: np.ndarray) -> np.ndarray:
    """The share of which this is the logit."""
    return 1 / (1 + np.exp(-logit))


def one_kind(lives: Lives) -> Kinds:
    """One kind of leavers, with a churn of its own in each group."""
    groups = len(lives.labels)
    left = np.bincount(lives.group, lives.ended, groups)
    chances = np.bincount(lives.group, lives.last - lives.entry + 1, groups)
    churn = (left + .5) / (chances + 1)
    loglik = float((left * np.log(churn) + (chances - left) * np.log1p(-churn)).sum())
    return Kinds(1, np.log(churn / (1 - churn)), np.diag(1 / ((chances + 1) * churn * (1 - churn))), loglik, True)


def two_kinds(lives: Lives) -> Kinds:
    """Two kinds of leavers: their churns, and the share of quick ones in each group."""
    rows, weight = np.unique(np.column_stack([lives.group, lives.entry, lives.last, lives.ended]), axis=0,
                             return_counts=True)
    group, entry, last, ended = rows.T
    groups, n = len(lives.labels), len(lives.group)

    def objective(theta: np.ndarray, firth: float = .5) -> tuple[float, np.ndarray]:
        churn, share = chance(theta[:2]), chance(theta[2:])
        stay, odds = -np.logaddexp(0, theta[:2]), theta[2:][group]
        both = [last * stay[kind] + ended * theta[kind] for kind in (0, 1)]     # logit p = log p - log(1 - p)
        there = [(entry - 1) * stay[kind] for kind in (0, 1)]
        top, bottom = (np.logaddexp(odds + quick, slow) for quick, slow in (both, there))
        w, v = np.exp(odds + both[0] - top), np.exp(odds + there[0] - bottom)   # of the quick kind: now, and on entry
        value = weight @ (top - bottom) + firth * (np.log(share) + np.log1p(-share)).sum()
        slope = [weight @ (mine * (ended - last * churn[kind]) + had * (entry - 1) * churn[kind])
                 for kind, mine, had in ((0, w, v), (1, 1 - w, 1 - v))]
        shares = np.bincount(group, weight * (w - v), groups) + firth * (1 - 2 * share)
        return float(value) / n, np.concatenate([slope, shares]) / n

    mean = (weight @ ended + .5) / (weight @ (last - entry + 1) + 1)
    found = [maximise(objective, np.array([_logit(min(mean * quick, .9)), _logit(mean * slow),
                                           *[_logit(share)] * groups])) for quick, slow, share in STARTS]
    best = max(found, key=lambda each: (each.inner, round(each.value * n, 6)))
    theta, hessian = best.theta, best.hessian
    if theta[0] < theta[1]:     # the quick kind is the one that leaves more often
        place = np.r_[1, 0, 2:2 + groups]
        sign = np.r_[1, 1, [-1] * groups]
        theta, hessian = theta[place] * sign, hessian[np.ix_(place, place)] * np.outer(sign, sign)
    spread = np.linalg.inv(-hessian * n) if best.inner else np.full(hessian.shape, np.nan)
    return Kinds(2, theta, spread, objective(theta, 0.0)[0] * n, best.inner)


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))
