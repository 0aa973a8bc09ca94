"""How good chances are: whether what was given 30 % happens in 30 of 100 cases, and whether the order is right.

Brier (1950, Monthly Weather Review 78, 1-3) for the score, and its skill against giving everybody the same chance;
calibration slope and intercept by Cox (1958, Biometrika 45, 562-565) as in Van Calster et al. (2016, Journal of
Clinical Epidemiology 74, 167-176); the area under the curve as in `auc`. All are meant for rows that the chances have
not seen.
"""

from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics.auc import auc
from engagelab.metrics.intervals import around, wilson, z_value
from engagelab.metrics.logistic import logistic, logit
from engagelab.metrics.shares import TAIL, answered, shares
from engagelab.summaries.frames import numbers

TOP = .1     # whose lift is looked at
FEW = 10     # of either kind, below which the figures are rough
COLUMNS = 20  # columns of the histogram
EQUAL = 1e-12


def calibration(data: Any, chance: str, outcome: str, *, confidence: float = .95) -> pd.DataFrame:
    """The quality of chances against what happened, a row a measure.

    data : whatever `measure()` takes. chance : the column of chances from 0 to 1. outcome : the column that is true (or
    1) where it happened; rows that lack either are counted in `n_missing`.

    Returns the columns of `measure()`. `area_under_curve` is .5 where the order is chance; `brier` is the mean squared
    error, 0 at best; `brier_skill` the part by which it is below that of one chance for all; `calibration_slope` is 1
    where chances are right, below 1 where they are too extreme; `calibration_intercept` is 0 where they are right on
    the whole, above 0 where they are too low (on the logit scale); `lift_top_tenth` says how many times as often as in
    all rows it happened in the tenth with the highest chances. `count` is how often it happened.
    Raises DataError for a chance outside of 0 to 1 and where all or none happened.

    >>> rows = pd.DataFrame({"chance": [.1, .2, .3, .4, .5, .7, .8, .9], "won": [0, 0, 1, 0, 0, 1, 1, 1]})
    >>> calibration(rows, "chance", "won")[["metric", "estimate"]].round(3)
                      metric  estimate
    0       area_under_curve     0.875
    1                  brier     0.136
    2            brier_skill     0.455
    3      calibration_slope     1.670
    4  calibration_intercept     0.071
    5         lift_top_tenth     2.000
    """
    z = z_value(confidence)
    p, did, missing = known(data, chance, outcome)
    happened, n = float(did.sum()), len(did)
    found = {"area_under_curve": auc(p, did > 0, confidence), **_brier(p, did, confidence), **_slopes(p, did, z),
             "lift_top_tenth": _lift(p, did, confidence)}
    rough = words.text("calibration.flag_few", n=FEW) if min(happened, n - happened) < FEW else ""
    flags = ["; ".join(filter(None, [rough, words.text("calibration.flag_none") if np.isnan(row[0]) else ""]))
             for row in found.values()]
    table = pd.DataFrame({"metric": list(found), "n_missing": missing})
    columns = dict(zip(TAIL[:4], np.array(list(found.values())).T, strict=True))
    answer = answered(table, columns | {"count": happened, "n": n, "n_eff": float(n), "method": [
        words.text(f"calibration.method_{name}") for name in found]}, flags)
    answer.attrs = {"sql": "", "notes": []}
    return answer


def known(data: Any, chance: str, outcome: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Chances and outcomes where both are known, and how many rows lack one.

    >>> known(pd.DataFrame({"chance": [.2, .7, None], "won": [True, None, False]}), "chance", "won")
    (array([0.2]), array([1.]), 2)
    """
    if chance == outcome:
        raise UsageError("calibration.same", column=repr(chance))
    table = numbers(data, [chance, outcome], scale=(0, 1))
    did = ended(table[outcome], outcome)
    kept = (table[chance].notna() & did.notna()).to_numpy()
    return table[chance].to_numpy()[kept], did.to_numpy()[kept], int((~kept).sum())


def ended(outcome: pd.Series, name: str) -> pd.Series:
    """How each row ended, 1 or 0; a number between the two is refused with its row.

    >>> ended(pd.Series([1.0, 0.0]), "won").tolist()
    [1.0, 0.0]
    """
    between = outcome.notna() & ~outcome.isin([0, 1])
    if between.any():
        row = int(np.argmax(between.to_numpy()))
        raise DataError("calibration.between", column=repr(name), row=row + 1, value=f"{outcome.iloc[row]:g}",
                        n=int(between.sum()))
    if outcome.dropna().nunique() < 2:
        raise DataError("calibration.alike", column=repr(name), n=int(outcome.notna().sum()))
    return outcome


def _brier(p: np.ndarray, did: np.ndarray, confidence: float) -> dict[str, tuple[float, ...]]:
    """The Brier score by Student's t, and its skill by the delta method."""
    n, own, flat = len(p), (p - did) ** 2, (did - did.mean()) ** 2
    ratio = own.mean() / flat.mean()
    out: dict[str, tuple[float, ...]] = {}
    for name, estimate, moved in (("brier", own.mean(), own),
                                  ("brier_skill", 1 - ratio, (own - ratio * flat) / flat.mean())):
        se = float(moved.std(ddof=1) / np.sqrt(n))
        out[name] = (float(estimate), *map(float, around(estimate, se, n - 1, confidence)), se)
    return out


def _slopes(p: np.ndarray, did: np.ndarray, z: float) -> dict[str, tuple[float, ...]]:
    """Slope, and intercept at slope 1; none where a chance is 0 or 1, or where one chance parts all who did."""
    nothing = (np.nan,) * 4
    out: dict[str, tuple[float, ...]] = {"calibration_slope": nothing, "calibration_intercept": nothing}
    score = logit(p)
    if not np.isfinite(score).all():
        return out
    one = np.ones((len(p), 1))
    level = logistic(one, did, offset=score)
    fits = {"calibration_intercept": (level, 0)}
    if np.ptp(score) > EQUAL:
        fits["calibration_slope"] = (logistic(np.column_stack([one, score - score.mean()]), did), 1)
    for name, (fit, place) in fits.items():
        if fit.found:
            estimate, se = float(fit.coefficients[place]), float(np.sqrt(fit.covariance[place, place]))
            out[name] = (estimate, estimate - z * se, estimate + z * se, se)
    return out


def _lift(p: np.ndarray, did: np.ndarray, confidence: float) -> tuple[float, ...]:
    """The share of those who did that stands in the top tenth, over a tenth; equal chances share their place.

    The cutoff is found in the data too: where it moves, those near it come in who did at the rate around it.
    """
    n, rate = len(p), did.mean()
    _, place = np.unique(-p, return_inverse=True)
    size, wins = np.bincount(place), np.bincount(place, did)
    begin = np.cumsum(size) - size

    def best(share: float) -> np.ndarray:
        return np.clip((share * n - begin) / size, 0, 1)

    top, near = best(TOP), best(1.5 * TOP) - best(.5 * TOP)
    caught, around_cut = float(top @ wins / did.sum()), float(near @ wins / (near @ size))
    moved = did / rate * (top[place] - caught) - around_cut / rate * (top[place] - TOP)
    se = float(np.sqrt(np.square(moved).mean() / n))
    n_eff = caught * (1 - caught) / se**2 if se > 0 and 0 < caught < 1 else did.sum()
    low, high = wilson(caught * n_eff, n_eff, confidence)
    return caught / TOP, float(low) / TOP, float(high) / TOP, se / TOP


def reliability(data: Any, chance: str, outcome: str, *, bins: int = 10, confidence: float = .95) -> pd.DataFrame:
    """What happened against the chance that was given, in groups of equal size; and how the chances are spread.

    Returns an answer. Metric `share_happened`: a row a `bin` from the lowest chances up, with Wilson's interval, and
    behind the columns of an answer `chance`, the mean of the bin, `chance_low` and `chance_high`; equal chances are
    never parted, so that bins may differ in size. Metric `share_of_rows`: the histogram, of equal width.

    >>> rows = pd.DataFrame({"chance": [.1, .2, .3, .4, .6, .7, .8, .9], "won": [0, 0, 1, 0, 0, 1, 1, 1]})
    >>> reliability(rows, "chance", "won", bins=2)[["bin", "chance", "estimate", "low", "high", "n"]].head(2).round(2)
      bin  chance  estimate   low  high  n
    0   1    0.25      0.25  0.05  0.70  4
    1   2    0.75      0.75  0.30  0.95  4
    """
    if isinstance(bins, bool) or not isinstance(bins, int) or not 2 <= bins <= 100:
        raise UsageError("calibration.bins", value=repr(bins))
    p, did, missing = known(data, chance, outcome)
    middle = (pd.Series(p).rank().to_numpy() - .5) / len(p)   # equal chances share it
    happened = pd.DataFrame({"p": p, "did": did}).groupby(np.floor(middle * bins)).agg(
        chance=("p", "mean"), chance_low=("p", "min"), chance_high=("p", "max"), count=("did", "sum"), n=("did", "size")
        ).reset_index(drop=True)
    count, edges = np.histogram(p, COLUMNS, (0, max(float(p.max()), EQUAL)))
    spread = pd.DataFrame({"chance": (edges[:-1] + edges[1:]) / 2, "chance_low": edges[:-1], "chance_high": edges[1:],
                           "count": count, "n": len(p)})
    table = pd.concat([part.assign(metric=name, bin=part.index + 1) for name, part in (
        ("share_happened", happened), ("share_of_rows", spread))], ignore_index=True)
    answer = shares(table[["metric", "bin", "count", "n"]].assign(n_missing=missing), confidence=confidence)
    own = ["chance", "chance_low", "chance_high"]
    answer[own] = table[own]
    answer.attrs = {"sql": "", "notes": []}
    return answer
