"""Payback: in which period what a new customer has left covers what winning one cost.

A payment counts as far as the customer is still there to make it, and at its worth today; the simple quotient of cost
and margin takes both for granted. The interval holds the periods at which a test would not reject that the cost is
covered with just that payment.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, one_of
from engagelab.ltv.formulas import PAID, Input, estimate, payments, per_period, row, share, timing
from engagelab.metrics.intervals import z_value

LONGEST = 10**6     # payments after which a cost that is not covered yet is said never to be


def payback(*, cac: Input, margin: Input, churn: Input | None = None, survival: Sequence[float] | None = None,
            discount: float = 0.0, paid: str = "start", every: str = "month", confidence: float = .95) -> pd.DataFrame:
    """In which period what a new customer has left covers what winning one cost, those who leave allowed for.

    cac, margin : what winning one costs, and what one leaves a period. churn : the share that leaves each period;
    or survival : the share still there after 0, 1, 2 ... periods, such as a Kaplan-Meier curve; nobody leaves unless
    one of them is given. discount, paid, every : as in `from_retention()`.

    Returns one row: `estimate` periods, or inf and a flag where the cost is never covered; `high` is inf where that may
    be so. Where a survival curve ends before the cost is covered nobody knows, and the estimate is NaN.

    >>> payback(cac=900, margin=100)["estimate"].item(), payback(cac=900, margin=100, churn=.05)["estimate"].item()
    (9.0, 12.0)
    >>> payback(cac=900, margin=100, churn=.15)[["estimate", "flag"]].values.tolist()
    [[inf, 'never: all that a customer leaves does not cover the cost']]
    """
    per = per_period(discount, every)
    one_of("paid", paid, PAID)
    known = {name: estimate(name, given) for name, given in (("cac", cac), ("margin", margin))}
    if churn is not None:
        if survival is not None:
            raise UsageError("ltv.churn_or_survival")
        share("churn", churn)
        known["churn"] = estimate("churn", churn)
    curve = None if survival is None else _curve(survival)
    base = math.log(known["margin"][0] / known["cac"][0])
    fixed = sum((se / value)**2 for name, (value, se, _) in known.items() if name != "churn")
    leave, error, _ = known.get("churn", (0.0, 0.0, None))

    def earned(n: float, rate: float) -> float:
        """The logarithm of the part of the cost that n payments cover."""
        stays = _curve_sum(curve, n, per, paid) if curve is not None else float(payments(1 - rate, per, paid, n))
        return base + math.log(stays) if stays > 0 else -math.inf

    def bound(z: float) -> float:
        def there(n: float) -> bool:
            value = earned(n, leave)
            step = min(1e-4, leave / 10)
            slope = (earned(n, leave + step) - earned(n, leave - step)) / (2 * step) if error else 0.0
            return value + z * math.sqrt(fixed + (slope * error)**2) >= -1e-12
        return first(there, LONGEST if curve is None else len(curve) - (paid == "end"))

    z = z_value(confidence)
    sure = not fixed and not error
    found = [bound(side) for side in (0.0, z, -z)]
    flag = ""
    if math.isinf(found[0]):
        flag = words.text("ltv.never" if curve is None else "ltv.not_seen", n=0 if curve is None else len(curve))
    if curve is not None:
        found = [math.nan if math.isinf(end) else end for end in found]
    ends = (math.nan, math.nan) if sure else (found[1], found[2])
    method = words.text("ltv.method_payback", timing=timing(discount, every, paid, math.inf))
    return row("payback", (found[0], *ends, math.nan), [size for _, _, size in known.values()], method, flag,
                "ltv.no_interval" if sure else "ltv.test_interval")


def first(there: Callable[[float], bool], most: int) -> float:
    """The first whole number from 1 on at which something is so and stays so; inf where it is not even at `most`.

    >>> first(lambda n: n * n >= 50, 100), first(lambda n: False, 100)
    (8.0, inf)
    """
    if most < 1 or not there(most):
        return math.inf
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if there(middle) else (middle, high)
    return float(high)


def _curve_sum(curve: np.ndarray, n: float, discount: float, paid: str) -> float:
    """How many payments of today the first n are worth, of those whom a survival curve still has."""
    when = np.arange(len(curve))
    start = int(paid == "end")
    return float((curve / (1 + discount)**when)[start:start + int(n)].sum())


def _curve(survival: Sequence[float]) -> np.ndarray:
    """A survival curve, if it is one: it starts with 1 and never rises."""
    found = pd.to_numeric(pd.Series(survival), errors="coerce").to_numpy(dtype="float64")
    if not len(found) or found[0] != 1 or not (np.diff(found) <= 0).all() or not (found >= 0).all():
        raise UsageError("ltv.survival")
    return found
