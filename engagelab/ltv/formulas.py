"""Lifetime value by the simple formulas, each with its timing said: when payments are counted, and how discounted.

Sources: Gupta and Lehmann (2003, Customers as assets, Journal of Interactive Marketing 17(1), 9-24) for margin,
retention and the margin multiple; Blattberg and Deighton (1996, Manage marketing by the customer equity test, Harvard
Business Review 74(4), 136-144) and Rust, Lemon and Zeithaml (2004, Return on marketing, Journal of Marketing 68(1),
109-127) for customer equity. All assume that tomorrow's customers behave like these. `discount` is a year's, whatever
the period. Where inputs carry a standard error, the interval comes from the delta method, the inputs taken as
independent.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, SupportsFloat

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from engagelab import words
from engagelab.display import shown
from engagelab.errors import UsageError, one_of
from engagelab.ltv.delta import spread
from engagelab.summaries import durations, periods

Input = SupportsFloat | pd.Series  # a number, or a row of an answer with its `estimate` and `se`

PAID = ("start", "end")


def from_purchases(*, price: Input, frequency: Input, duration: Input, confidence: float = .95) -> pd.DataFrame:
    """Price of a purchase x purchases a year x years: revenue, undiscounted.

    Each is a number, or a row of `measure()`. `frequency` and `duration` use the same unit of time.

    Returns one row with the columns of `measure()`.

    >>> from_purchases(price=2000, frequency=6, duration=3)["estimate"].item()
    36000.0
    """
    inputs = {"price": price, "frequency": frequency, "duration": duration}
    return _answer("ltv", inputs, lambda a, b, c: a * b * c, words.text("ltv.method_purchases"), confidence)


def from_churn(*, arpu: Input, churn: Input, confidence: float = .95) -> pd.DataFrame:
    """Average revenue per user and period / churn rate of the same period.

    The first period is paid by all, each later one by those who stayed: 1 / churn payments in the mean.

    >>> from_churn(arpu=1200, churn=.05)["estimate"].item()
    24000.0
    """
    share("churn", churn)
    return _answer("ltv", {"arpu": arpu, "churn": churn}, lambda a, c: a / c, words.text("ltv.method_churn"),
                   confidence)


def from_retention(*, margin: Input, retention: Input, discount: float = .10, paid: str = "start", every: str = "year",
                   horizon: str | None = None, confidence: float = .95) -> pd.DataFrame:
    """What a new customer leaves, where each period the same share of them stays.

    margin : what one leaves a period. retention : the share that stays from one period to the next.
    discount : of a year. paid : "start", the first margin comes at once, m (1 + d) / (1 + d - r); "end", the first
    comes after one period from those who stayed, m r / (1 + d - r), and what the first period brings is not in it.
    every : the period. horizon : a duration such as "3 years" after which nothing is counted; without end unless given.

    Raises UsageError for a retention above 1, and for one of 1 without discount or horizon, which has no finite value.

    >>> from_retention(margin=100, retention=.8, discount=.1)["estimate"].round(2).item()
    366.67
    >>> from_retention(margin=100, retention=.8, discount=.1, paid="end")["estimate"].round(2).item()
    266.67
    """
    per = per_period(discount, every)
    n = periods_of(horizon, every)
    share("retention", retention)
    _finite(retention, per, n)
    method = words.text("ltv.method_retention", timing=timing(discount, every, paid, n))
    return _answer("ltv", {"margin": margin, "retention": retention},
                   lambda m, r: m * float(payments(r, per, paid, n)), method, confidence)


def margin_multiple(*, retention: Input, discount: float = .10, paid: str = "end", every: str = "year",
                    confidence: float = .95) -> pd.DataFrame:
    """How many margins of a period a customer is worth: r / (1 + d - r), or with the first payment one more.

    The table of Gupta and Lehmann (2003): with 80 % retention and 10 % discount a customer is worth 2.67 margins.

    >>> margin_multiple(retention=.8, discount=.1)["estimate"].round(2).item()
    2.67
    """
    per = per_period(discount, every)
    share("retention", retention)
    _finite(retention, per, math.inf)
    method = words.text("ltv.method_multiple", timing=timing(discount, every, paid, math.inf))
    return _answer("margin_multiple", {"retention": retention}, lambda r: float(payments(r, per, paid)), method,
                   confidence)


def customer_equity(*, customers: Input, value: Input, new: Input, new_value: Input, cac: Input,
                    discount: float = .10, every: str = "year", horizon: str | None = None, confidence: float = .95
                    ) -> pd.DataFrame:
    """What all customers are worth: those of today, and those who will come, less what it costs to win them.

    customers, value : how many there are now, and what one is still worth. new, new_value, cac : how many are won each
    period, what one is worth on the day of coming, and what winning one costs; they come and are paid for at the end
    of each period, the first after one. discount : of a year. horizon : as in `from_retention()`.

    Returns three rows with the columns of `measure()`: `customers_now`, `customers_to_come`, and their sum,
    `customer_equity`. A channel that costs more than it brings makes the second negative.

    >>> customer_equity(customers=1000, value=300, new=100, new_value=350, cac=150, discount=.1)[["metric", "estimate"]]
                  metric  estimate
    0      customers_now  300000.0
    1  customers_to_come  200000.0
    2    customer_equity  500000.0
    """
    per = per_period(discount, every)
    n = periods_of(horizon, every)
    if not per and n == math.inf:
        raise UsageError("ltv.no_end")
    factor = float(payments(1.0, per, "end", n))
    at_end = words.text("ltv.method_equity", timing=timing(discount, every, "end", n))
    method = {"customers_now": words.text("ltv.method_now"), "customers_to_come": at_end, "customer_equity": at_end}
    given = {"customers": customers, "value": value, "new": new, "new_value": new_value, "cac": cac}

    def part(c: float, v: float, k: float, w: float, a: float, *, now: bool, later: bool) -> float:
        return now * c * v + later * k * (w - a) * factor

    rows = [_answer(metric, given, lambda *x, now=now, later=later: part(*x, now=now, later=later), method[metric],
                    confidence, scale="plain")
            for metric, now, later in (("customers_now", True, False), ("customers_to_come", False, True),
                                       ("customer_equity", True, True))]
    table = pd.concat(rows, ignore_index=True)
    table.attrs = {"sql": "", "notes": []}
    return table


def per_period(discount: object, every: str) -> float:
    """A year's discount as that of a period.

    >>> round(per_period(.10, "month"), 6)
    0.007974
    """
    one_of("every", every, periods.EVERY)
    if isinstance(discount, bool) or not isinstance(discount, int | float) or not 0 <= discount <= 1:
        raise UsageError("ltv.discount", value=repr(discount))
    return (1 + discount) ** (durations.days("every", f"1 {every}") / durations.days("every", "1 year")) - 1


def periods_of(horizon: str | None, every: str) -> float:
    """How many periods a horizon is; inf where there is none.

    >>> periods_of("3 years", "month"), periods_of(None, "month")
    (36, inf)
    """
    return math.inf if horizon is None else durations.steps("horizon", horizon, every)


def payments(retention: ArrayLike, discount: float, paid: str, n: float = math.inf) -> np.ndarray:
    """How many payments of today the first n are worth, where that share stays each period; inf where it has no end.

    >>> payments([.8, .5], 0.0, "start").round(9).tolist(), payments(.8, 0.0, "end", 2).round(9).item()
    ([5.0, 2.0], 1.44)
    """
    one_of("paid", paid, PAID)
    q = np.asarray(retention, dtype="float64") / (1 + discount)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.where(q == 1, n, (1 - (0.0 if n == math.inf else q**n)) / (1 - q))
    return total if paid == "start" else total * q


def timing(discount: float, every: str, paid: str, n: float) -> str:
    """When payments are counted, for how long, and how they are discounted, in words."""
    unit = words.text(f"activity.every_{one_of('every', every, periods.EVERY)}")
    ends = words.text("ltv.endless") if n == math.inf else words.text("ltv.horizon", n=int(n), every=unit)
    cut = words.text("ltv.discounted", year=shown(discount, "share"), period=shown(per_period(discount, every),
                     "share"), every=unit) if discount else words.text("ltv.undiscounted")
    return words.text("ltv.timing", paid=words.text(f"ltv.paid_{one_of('paid', paid, PAID)}", every=unit), ends=ends,
                      cut=cut)


def share(name: str, given: Input) -> None:
    """Refuse what is no share of 1."""
    if (value := estimate(name, given)[0]) > 1:
        raise UsageError("ltv.above_one", name=name, value=f"{value:g}")


def _finite(retention: Input, discount: float, n: float) -> None:
    if n == math.inf and estimate("retention", retention)[0] >= 1 + discount:
        raise UsageError("ltv.no_end")


def _answer(metric: str, inputs: Mapping[str, Input], function: Callable[..., float], method: str,
            confidence: float, scale: str = "log") -> pd.DataFrame:
    """A function of inputs above 0 as one row, with its interval by the delta method over their logarithms."""
    known = [estimate(name, given) for name, given in inputs.items()]
    at = np.log([value for value, _, _ in known])
    errors = np.array([se / value for value, se, _ in known])
    found = spread(lambda x: np.atleast_1d(function(*np.exp(x))), at, np.diag(errors**2), scale=scale,
                   confidence=confidence)
    value = float(function(*(value for value, _, _ in known)))
    ends = tuple(float(found[name][0]) for name in ("low", "high", "se"))
    key = "ltv.no_interval" if not errors.any() else "ltv.log_delta" if scale == "log" else "ltv.delta"
    return row(metric, (value, *ends), [size for _, _, size in known], method, "", key)


def row(metric: str, numbers: tuple[float, ...], sizes: list[int | None], method: str, flag: str, interval: str
         ) -> pd.DataFrame:
    """One row of an answer: estimate, low, high, se, and the fewest that an input came from."""
    least = min((size for size in sizes if size is not None), default=None)
    values = dict(zip(("estimate", "low", "high", "se"), numbers, strict=True))
    table = pd.DataFrame([{"metric": metric, **values, "count": np.nan, "n": least,
                           "n_eff": np.nan if least is None else float(least), "n_missing": None,
                           "method": method + words.text(interval), "flag": flag}])
    table = table.astype({"metric": "str", "n": "Int64", "n_missing": "Int64", "method": "str", "flag": "str"})
    table.attrs = {"sql": "", "notes": []}
    return table


def estimate(name: str, given: Input) -> tuple[float, float, int | None]:
    """Estimate, standard error (0 of a plain number) and n of an input.

    >>> estimate("margin", 120), estimate("churn", pd.Series({"estimate": .1, "se": .02, "n": 50}))
    ((120.0, 0.0, None), (0.1, 0.02, 50))
    """
    if isinstance(given, pd.DataFrame) or (isinstance(given, pd.Series) and not {"estimate", "se"} <= set(given.index)):
        raise UsageError("ltv.one_row", name=name)
    row: Any = given if isinstance(given, pd.Series) else {"estimate": given, "se": 0.0}
    try:
        value, se = (math.nan if isinstance(row[key], str | bool) else float(row[key]) for key in ("estimate", "se"))
    except (TypeError, ValueError):
        value, se = math.nan, math.nan
    if not 0 < value < math.inf or not 0 <= se < math.inf:
        raise UsageError("ltv.not_positive", name=name, value=repr(row["estimate"]), se=repr(row["se"]))
    n = row.get("n")
    return value, se, None if n is None or pd.isna(n) else int(n)
