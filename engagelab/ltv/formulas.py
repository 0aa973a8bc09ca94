"""Lifetime value by the simple formulas: price x frequency x duration, and ARPU / churn.

Source: Gupta and Lehmann (2003, Customers as assets, Journal of Interactive Marketing 17(1), 9-24). Both are revenue
(or margin, where the price or ARPU is one), undiscounted, and assume that tomorrow's customers behave like these; when
the payments are counted is said in `method`. Where inputs carry a standard error, the interval comes from the
delta method on the logarithm, the inputs taken as independent.
"""

import math
from typing import SupportsFloat

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError
from engagelab.metrics.intervals import z_value

Input = SupportsFloat | pd.Series  # a number, or a row of an answer with its `estimate` and `se`


def from_purchases(*, price: Input, frequency: Input, duration: Input, confidence: float = .95) -> pd.DataFrame:
    """Price of a purchase x purchases a year x years.

    Each is a number, or a row of `measure()`. `frequency` and `duration` use the same unit of time.

    Returns one row with the columns of `measure()`.

    >>> from_purchases(price=2000, frequency=6, duration=3)["estimate"].item()
    36000.0
    """
    inputs = {"price": price, "frequency": frequency, "duration": duration}
    return _product(inputs, {}, words.text("ltv.method_purchases"), confidence)


def from_churn(*, arpu: Input, churn: Input, confidence: float = .95) -> pd.DataFrame:
    """Average revenue per user and period / churn rate of the same period.

    The first period is paid by all, each later one by those who stayed: 1 / churn payments in the mean.

    >>> from_churn(arpu=1200, churn=.05)["estimate"].item()
    24000.0
    """
    table = _product({"arpu": arpu}, {"churn": churn}, words.text("ltv.method_churn"), confidence)
    if _estimate("churn", churn)[0] > 1:
        raise UsageError("ltv.churn_above_one", value=f"{_estimate('churn', churn)[0]:g}")
    return table


def _product(above: dict[str, Input], below: dict[str, Input], method: str, confidence: float) -> pd.DataFrame:
    """The product of the inputs above over those below, with its log-normal interval."""
    z, value, variance, sizes = z_value(confidence), 1.0, 0.0, []
    for inputs, power in ((above, 1), (below, -1)):
        for name, given in inputs.items():
            estimate, se, n = _estimate(name, given)
            value *= estimate**power
            variance += (se / estimate) ** 2
            sizes += [n] if n is not None else []
    spread = math.sqrt(variance)
    sure = spread == 0
    low, high = (np.nan, np.nan) if sure else (value * math.exp(-z * spread), value * math.exp(z * spread))
    method += words.text("ltv.no_interval" if sure else "ltv.log_delta")
    least = min(sizes) if sizes else None
    row = {"metric": "ltv", "estimate": value, "low": low, "high": high, "se": np.nan if sure else value * spread,
           "count": np.nan, "n": least, "n_eff": np.nan if least is None else float(least), "n_missing": None,
           "method": method, "flag": ""}
    table = pd.DataFrame([row]).astype({"metric": "str", "n": "Int64", "n_missing": "Int64", "method": "str",
                                        "flag": "str"})
    table.attrs = {"sql": "", "notes": []}
    return table


def _estimate(name: str, given: Input) -> tuple[float, float, int | None]:
    """Estimate, standard error (0 of a plain number) and n of an input."""
    if isinstance(given, pd.DataFrame):
        raise UsageError("ltv.one_row", name=name)
    if isinstance(given, pd.Series):
        if "estimate" not in given or "se" not in given:
            raise UsageError("ltv.one_row", name=name)
        se = float(given["se"])
        n = given.get("n")
        value, size = float(given["estimate"]), None if n is None or pd.isna(n) else int(n)
    else:
        value, se, size = float(given), 0.0, None
    if not 0 < value < math.inf or math.isnan(se):
        raise UsageError("ltv.not_positive", name=name, value=f"{value:g}", se=f"{se:g}")
    return value, se, size
