"""Formulas of a return that need no campaign: net present value, payback, referrals, the interval of a ratio.

Sources: numpy-financial (npv, first flow at time 0); Fieller (1954, Journal of the Royal Statistical Society B 16,
175-185) for a ratio. The margin multiple and the formulas of lifetime value are those
of `engagelab.ltv`. Internal rates of return are left out: flows whose sign changes twice have several.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, SupportsFloat

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, one_of
from engagelab.ltv.formulas import row
from engagelab.metrics.intervals import z_value

# a number; (mean, standard error); or a row of an answer, with its `estimate` and `se`
Input = SupportsFloat | tuple[float, float] | pd.Series
RATIOS = ("fieller", "delta", "draws")
DRAWS, MOST = 1000, 10**7  # fewer give no percentile, more no memory
WAVES = 100


def known(name: str, given: Input, kind: str = "number") -> tuple[float, float, int | None]:
    """Value, standard error (0 of a plain number) and n of an input, if it is of its kind.

    kind : "number"; "amount", 0 or more; "positive"; "share", from 0 to 1. Raises UsageError.

    >>> known("churn", (.03, .002), "share")
    (0.03, 0.002, None)
    >>> known("cost", "1,200,000", "amount")
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: cost must be a number of 0 or more, or (mean, standard error), not '1,200,000'
    """
    n, value, se = None, math.nan, math.nan
    with suppress(TypeError, ValueError, KeyError, OverflowError):
        pair: Any = given if isinstance(given, tuple) else (given, 0.0)
        if isinstance(given, pd.Series):
            pair, n = (given["estimate"], given["se"]), given.get("n")
        value, se = (math.nan if isinstance(part, str | bool | np.bool_) else float(part) for part in pair)
    fits = {"number": True, "amount": value > 0 or value == se == 0, "positive": value > 0,
            "share": 0 <= value <= 1 and (not se or se * se < value * (1 - value))}[kind]
    if not fits or not math.isfinite(value) or not 0 <= se < math.inf:
        raise UsageError(f"roi.bad_{kind}", name=name, value=" ".join(repr(given).split())[:60])
    return value, se, None if n is None or pd.isna(n) else int(n)


def whole(name: str, value: int, least: int, most: int) -> int:
    """The number, if it is a whole one within these limits."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise UsageError("roi.whole", name=name, value=repr(value)[:60], least=least, most=most)
    return value


def drawing(draws: int, seed: int) -> np.random.RandomState:
    """Random numbers that are the same in every numpy, if `draws` and `seed` are what they have to be."""
    whole("draws", draws, DRAWS, MOST)
    return np.random.RandomState(whole("seed", seed, 0, 2**32 - 1))


def npv(rate: float, flows: Sequence[Input], *, confidence: float = .95) -> pd.DataFrame:
    """What a row of payments is worth today, the first now and each later one a period on.

    rate : discount of one period, 8 % as .08. flows : numbers, or (mean, standard error), taken as independent.

    Returns one row with the columns of `measure()`. Raises UsageError.

    >>> npv(.08, [-40_000, 5_000, 8_000, 12_000, 30_000])["estimate"].round(5).item()
    3065.22267
    >>> npv(.08, [-40_000, (45_000, 2_000)])[["estimate", "low", "high"]].round(0).values.tolist()
    [[1667.0, -1963.0, 5296.0]]
    """
    worth, se, sizes = _worth(rate, flows)
    total, error, z = float(worth.sum()), float(np.sqrt((se**2).sum())), z_value(confidence)
    numbers = (total, *((total - z * error, total + z * error, error) if error else [math.nan] * 3))
    return row("npv", numbers, sizes, words.text("roi.method_npv", rate=f"{rate:.4g}"), "",
               "ltv.delta" if error else "ltv.no_interval")


def payback(flows: Sequence[Input], rate: float = 0.0, *, confidence: float = .95) -> pd.DataFrame:
    """After how many periods what came in covers what was spent, for good; between two periods on a straight line.

    flows, rate : as in `npv()`; with a rate each payment counts as what it is worth today.

    Returns one row; NaN and a flag where the cost is not covered within these flows. The interval holds the times at
    which a test would not reject that the cost is just covered; `high` is inf where that may be never.

    >>> payback([-1000, 300, 400, 500, 600])["estimate"].item()
    2.6
    >>> payback([-1000, 300])[["estimate", "flag"]].values.tolist()
    [[nan, 'never: these 2 flows do not cover the cost']]
    """
    worth, se, sizes = _worth(rate, flows)
    total, error, z = worth.cumsum(), np.sqrt((se**2).cumsum()), z_value(confidence)
    found, low, high = (_covered(total + side * z * error) for side in (0, 1, -1))
    flag = words.text("roi.never", n=len(worth)) if math.isinf(found) else ""
    ends = (low, high) if error.any() else (math.nan, math.nan)
    return row("payback", (math.nan if flag else found, *ends, math.nan), sizes,
               words.text("roi.method_payback", rate=f"{rate:.4g}"), flag,
               "ltv.test_interval" if error.any() else "ltv.no_interval")


def _worth(rate: float, flows: Sequence[Input]) -> tuple[np.ndarray, np.ndarray, list[int | None]]:
    """What each payment and its error are worth today, and how many each came from."""
    per = known("rate", rate)[0]
    if not -1 < per < 1 or isinstance(flows, str | set | Mapping) or not np.iterable(flows) or not len(flows):
        raise UsageError("roi.flows", rate=repr(rate), flows=repr(flows)[:60])
    parts = [known(f"flows[{at}]", flow) for at, flow in enumerate(flows)]
    factors = (1 + per) ** -np.arange(len(parts), dtype=float)
    return (factors * np.array([part[0] for part in parts]), factors * np.array([part[1] for part in parts]),
            [part[2] for part in parts])


def _covered(total: np.ndarray) -> float:
    """When a running total stays at 0 or above from then on; inf where it ends below."""
    below = np.flatnonzero(total < 0)
    last = below[-1] if len(below) else -1
    if last == len(total) - 1:
        return math.inf
    return 0.0 if last < 0 else float(last - total[last] / (total[last + 1] - total[last]))


def referral(k: Input, *, waves: int = 3, confidence: float = .95) -> pd.DataFrame:
    """How many customers one that was won brings in the end, where each brings k more: 1 + k + k^2 ... = 1 / (1 - k).

    k : invitations a customer x share of them who join, a number or (mean, standard error). waves : to be shown singly.

    Returns a row for each wave (itself and those before it) and one for all, column `wave`. From k = 1 on there is no
    end, which the flag says; the interval is that of k, carried over.

    >>> referral(.3)[["wave", "estimate"]].round(3).values.tolist()
    [['1', 1.3], ['2', 1.39], ['3', 1.417], ['(all)', 1.429]]
    >>> referral(1.2)[["estimate", "flag"]].values[-1].tolist()
    [inf, 'no end: each customer brings one more or above, which no market does for long']
    """
    mean, se, n = known("k", k, "amount")
    whole("waves", waves, 1, WAVES)
    reach = z_value(confidence) * se
    at, tables = np.array([mean, max(mean - reach, 0.0), mean + reach]), []
    for wave in [*range(1, waves + 1), math.inf]:
        powers = np.arange(0 if wave == math.inf else wave + 1)
        ends = [float((end**powers).sum()) if len(powers) else 1 / (1 - end) if end < 1 else math.inf for end in at]
        slope = float((powers[1:] * mean**(powers[1:] - 1)).sum()) if len(powers) else ends[0]**2
        flag = "" if math.isfinite(ends[2]) else words.text("roi.endless" if mean >= 1 else "roi.maybe_endless")
        table = row("referral", (*ends, slope * se) if se else (ends[0], *[math.nan] * 3), [n],
                    words.text("roi.method_referral"), flag, "roi.carried" if se else "ltv.no_interval")
        table.insert(1, "wave", str(wave) if len(powers) else words.text("metrics.all"))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def ratio_interval(numerator: Input, denominator: Input, covariance: float = 0.0, method: str = "fieller", *,
                   confidence: float = .95, draws: int = 100_000, seed: int = 0) -> pd.DataFrame:
    """The ratio of two estimates with its interval.

    numerator, denominator : (mean, standard error) each, with the covariance of the two. method : "fieller", exact for
    normal estimates; "delta", symmetric; "draws", percentiles of so many.

    Where the denominator may be 0, Fieller's set has no end: `low` or `high` is infinite, and the flag says whether the
    set has a second part. The other methods then give ends that are not to be trusted, and the flag says so.

    >>> ratio_interval((.15, .002**.5), (.25, .005**.5), .0001)[["estimate", "low", "high"]].round(4).values.tolist()
    [[0.6, 0.2306, 1.484]]
    >>> ratio_interval((15, 2), (10, 6))[["low", "high", "flag"]].values.tolist()
    [[0.645..., inf, 'the denominator may be 0: the set has no end, and a second part below -8.48']]
    """
    one_of("method", method, RATIOS)
    (a, se_a, n_a), (b, se_b, n_b) = known("numerator", numerator), known("denominator", denominator)
    c, z = known("covariance", covariance)[0], z_value(confidence)
    if not b or not se_a + se_b or abs(c) > se_a * se_b * (1 + 1e-12):
        raise UsageError("roi.ratio", denominator=f"{b:g}", covariance=f"{c:g}")
    ratio, flag = a / b, ""
    error = math.sqrt(max(se_a**2 - 2 * ratio * c + (ratio * se_b)**2, 0)) / abs(b)
    low, high = ratio - z * error, ratio + z * error
    if method == "draws":
        random = drawing(draws, seed)
        one, two = random.standard_normal((2, draws))
        r = min(max(c / (se_a * se_b), -1.0), 1.0) if c else 0.0
        found = (a + se_a * (r * two + math.sqrt(1 - r * r) * one)) / (b + se_b * two)
        low, high = map(float, np.percentile(found, [50 - 50 * confidence, 50 + 50 * confidence]))
    elif method == "fieller":
        low, high, flag = fieller(a, b, (z * se_a)**2, (z * se_b)**2, z * z * c)
    if method != "fieller" and abs(b) <= z * se_b:
        flag = words.text("roi.unsure_denominator")
    return row("ratio", (ratio, low, high, error), [n_a, n_b], words.text(f"roi.method_{method}"), flag,
               "roi.normal")


def fieller(a: float, b: float, va: float, vb: float, c: float) -> tuple[float, float, str]:
    """Where (a - x b)^2 <= va - 2 x c + x^2 vb: the part of that set which holds a / b, and what else is to be said."""
    square, half, rest = b * b - vb, a * b - c, a * a - va
    under = half * half - square * rest
    if square <= 0 and under <= 0:
        return -math.inf, math.inf, words.text("roi.no_end")
    far = half + math.copysign(math.sqrt(max(under, 0.0)), half)  # the root without cancellation, and the other from it
    low, high = sorted([far / square if square else math.copysign(math.inf, far), rest / far if far else 0.0])
    if square >= 0:
        return low, high, "" if square else words.text("roi.no_end")
    if a / b >= high:
        return high, math.inf, words.text("roi.second_below", end=f"{low:.4g}")
    return -math.inf, low, words.text("roi.second_above", end=f"{high:.4g}")
