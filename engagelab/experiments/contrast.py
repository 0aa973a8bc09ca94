"""Each arm against the control: difference, interval and p that always agree, corrected for how many there are.

An interval of the difference is put together from those of the two arms (MOVER, Zou and Donner 2008): with Student's it
is Welch's, with Wilson's Newcombe's; the relative one comes from the same two (Fieller's, or its like for rates), so
that none of them contradicts another. Where a share's counts are small, the exact unconditional interval is taken.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError
from engagelab.experiments.estimate import Arms
from engagelab.metrics import intervals, sequential, simultaneous, two_shares

FEW = 10  # expected successes or failures of an arm below which a rate is compared exactly: Newcombe errs up to 7 %
EARLY, CASES = 30, 10  # units of an arm, and successes and failures, before which nobody may peek (by simulation)
SURE = 1 - 1e-13  # the confidence beyond which there is no interval
RATES = ("newcombe", "miettinen_nurminen", "exact")
CORRECTIONS = ("dunnett", "bonferroni", "holm", "bh", "none")
FAST = {"newcombe": two_shares.newcombe_p, "miettinen_nurminen": two_shares.miettinen_nurminen_p}
STEPWISE = ("holm", "bh")  # which give a p and no interval


@dataclass(frozen=True)
class Looking:
    """How often the data are looked at: "once", at planned fractions of the sample ("look"), or any time ("peek").

    reached : the fraction that is there at this look, if that is known.
    """

    kind: str = "once"
    fractions: tuple[float, ...] = ()
    look: int = 0
    spending: str = "obrien_fleming"
    tuned: float = sequential.TUNED
    reached: float | None = None

    def reaching(self, *fractions: float) -> "Looking":
        """With the fractions that the looks so far really had; the last look takes all of the alpha that is left."""
        before, now = fractions[:-1], fractions[-1]
        to_come = tuple(later for later in self.fractions[self.look:] if later > now)
        if before and not now > before[-1]:
            raise UsageError("compare.look_before", look=self.look, share=f"{now:.0%}", before=f"{before[-1]:.0%}")
        return replace(self, fractions=(*before, now if to_come else 1.0, *to_come), reached=now)

    @property
    def _end(self) -> float | None:
        """The fraction that is there at the last look, which takes what is left of the alpha in any case."""
        return self.reached if self.look == len(self.fractions) else None

    def confidence(self, wanted: float, size: float) -> float:
        """The confidence of an ordinary interval that has the `wanted` one however often one looks."""
        if self.kind == "once" or not size > 0:
            return wanted
        critical = (sequential.boundaries(self.fractions, confidence=wanted, spending=self.spending, end=self._end)[
                        self.look - 1]
                    if self.kind == "look" else sequential.always_valid(size, tuned=self.tuned, confidence=wanted))
        return 1 - 2 * NormalDist().cdf(-float(critical))

    def p(self, plain: float, size: float, df: int = 1) -> float:
        """The p however often one looks, from that of an ordinary test: of z, or of a chi-square with so many `df`.

        At planned looks a chi-square is judged by the levels that hold for z (Jennison, Turnbull 1991, Biometrika 78).
        """
        if self.kind == "once" or not plain < 1 or not size > 0:
            return plain
        z = -NormalDist().inv_cdf(max(plain / 2, 1e-300))
        if self.kind == "look":
            return float(sequential.repeated_p(z, self.fractions, self.look, spending=self.spending, end=self._end))
        if df > 1:
            from scipy.special import chdtri

            z = math.sqrt(chdtri(df, max(plain, 1e-300)))
        return float(sequential.always_valid_p(z, size, tuned=self.tuned, df=df))


def contrasts(arms: Arms, *, confidence: float, correct: str, share: float = 1.0, rates: str = "newcombe",
              looking: Looking | None = None, exact: bool = True) -> pd.DataFrame:
    """A row for each arm but the control; `share` is the part of the alpha that this metric may spend.

    exact : compare rates exactly where counts are small, which takes its time.
    """
    looking = looking or Looking()
    pairs = [Pair(arms, i, rates, exact=exact) for i in range(1, len(arms.value))]
    p = np.array([pair.looked_p(looking, pair.p()) for pair in pairs])
    plain = [pair.level(looking, confidence) for pair in pairs]
    adjusted, p_adjusted = _corrected(pairs, p, confidence, correct, share, looking)
    rows = []
    for pair, level, own, with_p, corrected_p in zip(pairs, plain, adjusted, p, p_adjusted, strict=True):
        low, high = pair.interval(level)
        low_adjusted, high_adjusted = pair.interval(own)
        relative, relative_low, relative_high = pair.relative(level)
        rows.append({
            "value_control": arms.value[0], "value_arm": arms.value[pair.i], "difference": pair.difference,
            "low": low, "high": high, "p": with_p, "low_adjusted": low_adjusted, "high_adjusted": high_adjusted,
            "p_adjusted": corrected_p, "relative": relative, "relative_low": relative_low,
            "relative_high": relative_high, "n_control": arms.n[0], "n_arm": arms.n[pair.i],
            "missing_control": arms.lacking[0], "missing_arm": arms.lacking[pair.i],
            "method": pair.method or arms.method, "se": pair.se})
    return pd.DataFrame(rows)


def each_p(pairs: Sequence["Pair"]) -> np.ndarray:
    """The p of each pair, those of rates that are not compared exactly in one go."""
    out = np.full(len(pairs), np.nan)
    fast = [place for place, pair in enumerate(pairs) if pair.rates in FAST]
    for place in set(range(len(pairs))) - set(fast):
        out[place] = pairs[place].p()
    for kind, of in FAST.items():
        places = [place for place in fast if pairs[place].rates == kind]
        if places:
            out[places] = of(*np.array([pairs[place].counts for place in places]).T)
    return out


@functools.lru_cache(maxsize=4096)
def _exact(count_1: int, n_1: int, count_2: int, n_2: int, confidence: float) -> tuple[float, float, float]:
    """A tenth of a second each, and asked again for every interval and p of the same counts."""
    return two_shares.exact_difference(count_1, n_1, count_2, n_2, confidence)


class Pair:
    """One arm and the control."""

    def __init__(self, arms: Arms, i: int, rates: str, *, exact: bool = True):
        self.arms, self.i = arms, i
        with np.errstate(invalid="ignore", divide="ignore"):
            parts = arms.se[[0, i]] ** 2
            self.se = float(np.sqrt(parts.sum()))
            df = np.maximum(arms.df[[0, i]], 0)
            part = parts / parts.sum()
            self.df = float(1 / (part**2 / df).sum()) if np.isfinite(df).any() else np.inf
            n = arms.n[[0, i]].astype(float)
            self.size = float(n.prod() / n.sum()) if n.all() else 0.0
            self.share = float(part[0])
        self.difference = float(arms.value[i] - arms.value[0])
        self.rates, self.method = "", ""
        if arms.counted and n.all():
            total = float(arms.count[[0, i]].sum() / n.sum())
            few = exact and min(total, 1 - total) * n.min() < FEW
            self.rates = "exact" if few else rates
            self.method = words.text(f"compare.{self.rates}")
            self.counts = int(arms.count[i]), int(n[1]), int(arms.count[0]), int(n[0])
            self.df = np.inf
        cases = np.array([arms.count, arms.n - arms.count])[:, [0, i]]  # not a number unless this is a plain rate
        self.early = bool((n < EARLY).any() or (cases < CASES).any())
        self.share = self.share if np.isfinite(self.share) else n[1] / n.sum() if n.all() else .5

    @property
    def known(self) -> bool:
        """Whether there is an interval at all: not against an arm without spread, of which the error is unknown."""
        return bool(self.rates) or bool(
            np.isfinite(self.difference) and (self.arms.se[[0, self.i]] > 0).all() and self.df > 0)

    def level(self, looking: Looking, wanted: float) -> float:
        """The confidence of an ordinary interval that has the `wanted` one as one looks; 1 where it is too early."""
        return 1.0 if looking.kind == "peek" and self.early else looking.confidence(wanted, self.size)

    def looked_p(self, looking: Looking, plain: float) -> float:
        """The p as one looks; 1 where it is too early."""
        return 1.0 if looking.kind == "peek" and self.early else looking.p(plain, self.size)

    def p(self) -> float:
        """The two-sided p of no difference."""
        if not self.known:
            return np.nan
        if self.rates == "exact":
            return float(_exact(*self.counts, .95)[2])
        if self.rates:
            return float(FAST[self.rates](*self.counts))
        from scipy.special import ndtr, stdtr

        t = -abs(self.difference) / self.se
        return float(2 * (ndtr(t) if np.isinf(self.df) else stdtr(self.df, t)))

    def t(self, p: float) -> float:
        """The value of t (or z) that has this p."""
        from scipy.special import ndtri, stdtrit

        if not p < 1:
            return 0.0
        tail = max(p / 2, 1e-300)
        return float(-(ndtri(tail) if np.isinf(self.df) else stdtrit(self.df, tail)))

    def tail(self, critical: float) -> float:
        """The confidence of an interval that reaches so many standard errors."""
        from scipy.special import ndtr, stdtr

        return float(1 - 2 * (ndtr(-critical) if np.isinf(self.df) else stdtr(self.df, -critical)))

    def sides(self, confidence: float) -> list[tuple[float, float, float]]:
        """Value, low and high of the control and of the arm, as the interval of the difference is made of."""
        made = []
        for one in (0, self.i):
            value = float(self.arms.value[one])
            if self.rates:
                ends = intervals.wilson(self.arms.count[one], self.arms.n[one], confidence)
                made.append((value, float(ends[0]), float(ends[1])))
            else:
                reach = self._critical(confidence) * float(self.arms.se[one])
                made.append((value, value - reach, value + reach))
        return made

    def _critical(self, confidence: float) -> float:
        if np.isinf(self.df):
            return intervals.z_value(confidence)
        return float(intervals.t_value(self.df, confidence))

    def interval(self, confidence: float) -> tuple[float, float]:
        """The interval of the difference; none where its confidence would be too near to 1 for a float to tell."""
        if not self.known or confidence > SURE:
            return np.nan, np.nan
        if self.rates == "exact":
            return _exact(*self.counts, confidence)[:2]
        if self.rates == "miettinen_nurminen":
            low, high = two_shares.miettinen_nurminen(*self.counts, confidence)
            return float(low), float(high)
        control, arm = self.sides(confidence)
        low, high = intervals.difference_interval(*control, *arm)[1:]
        return float(low), float(high)

    def relative(self, confidence: float) -> tuple[float, float, float]:
        """The relative difference and its interval, where the control is surely above 0."""
        if not self.known or confidence > SURE:
            return np.nan, np.nan, np.nan
        control, arm = self.sides(confidence)
        if not control[1] > 0:
            return np.nan, np.nan, np.nan
        ratio, low, high = (float(end) - 1 for end in intervals.ratio_interval(*control, *arm))
        return (ratio, low, high) if self.rates in ("", "newcombe") else (ratio, np.nan, np.nan)


def _corrected(pairs: list[Pair], p: np.ndarray, confidence: float, correct: str, share: float, looking: Looking
               ) -> tuple[list[float], np.ndarray]:
    """The confidence of each corrected interval (1: there is none), and the corrected p."""
    alpha, many = 1 - confidence, len(pairs)
    if correct in STEPWISE:  # of all metrics together, which is the caller's
        return [1.0] * many, p
    if correct == "dunnett" and looking.kind == "once" and many > 1:
        known = [place for place, pair in enumerate(pairs) if pair.known]
        df, shares = (np.array([getattr(pairs[place], name) for place in known]) for name in ("df", "share"))
        levels, found = [confidence] * many, np.full(many, np.nan)
        if known:
            critical = simultaneous.dunnett_critical(df, shares, 1 - alpha * share)
            t = np.array([pairs[place].t(p[place]) for place in known])
            found[known] = simultaneous.dunnett_p(t, df, shares)
            for place, c in zip(known, critical, strict=True):
                levels[place] = pairs[place].tail(float(c))
        return levels, np.minimum(found / share, 1)
    parts = share if correct == "none" else share / many
    return [pair.level(looking, 1 - alpha * parts) for pair in pairs], np.minimum(p / parts, 1)
