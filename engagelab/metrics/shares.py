"""Counts as an answer: a share of those who could, with Wilson's interval; or a plain count, which has none."""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.metrics import intervals

TAIL = ("estimate", "low", "high", "se", "count", "n", "n_eff", "n_missing", "method", "flag")


def shares(table: pd.DataFrame, *, confidence: float = .95) -> pd.DataFrame:
    """The answer for a table of counts.

    table : `metric`, columns of groups, `count` of `n`; and, where there are any, `n_missing` and `flag`.
        NaN in `count` or `n` is what was not observed.

    Returns the columns of `measure()`; `n` 0 has no estimate.

    >>> shares(pd.DataFrame({"metric": ["kept"], "month": ["2026-04"], "count": [30], "n": [40]})).round(3)[
    ...     ["metric", "month", "estimate", "low", "high", "count", "n"]]
      metric    month  estimate    low    high  count   n
    0   kept  2026-04      0.75  0.598  0.858   30.0  40
    """
    count, n = (table[name].to_numpy(dtype="float64", na_value=np.nan) for name in ("count", "n"))
    known = (n > 0) & ~np.isnan(count)
    n_known, share = np.where(known, n, np.nan), np.divide(count, n, out=np.full(len(table), np.nan), where=known)
    low, high = intervals.wilson(np.where(known, count, 0.0), np.where(known, n, 0.0), confidence)
    empty = words.text("metrics.flag_empty")
    return answered(table, {
        "estimate": share, "low": low, "high": high, "se": np.sqrt(share * (1 - share) / n_known), "count": count,
        "n": n, "n_eff": n, "method": words.text("metrics.method_wilson")},
        flag=[empty if size == 0 else "" for size in n])


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """The answer for a table of plain counts: everybody was counted, so there is no interval.

    table : `metric`, columns of groups, `estimate`, `n`; and, where there is any, `flag`.

    >>> numbers(pd.DataFrame({"metric": ["active_users"], "day": ["2026-04-01"], "estimate": [12], "n": [12]}))[
    ...     ["metric", "estimate", "low", "n", "method"]]
             metric  estimate  low   n                    method
    0  active_users      12.0  NaN  12  all counted: no interval
    """
    value, n = (table[name].to_numpy(dtype="float64", na_value=np.nan) for name in ("estimate", "n"))
    nothing = np.full(len(table), np.nan)
    return answered(table, {"estimate": value, "low": nothing, "high": nothing, "se": nothing, "count": value, "n": n,
                            "n_eff": n, "method": words.text("metrics.method_counted")}, flag=[""] * len(table))


def answered(table: pd.DataFrame, tail: dict, flag: list[str]) -> pd.DataFrame:
    """The columns of groups that the table has, and after them those of an answer in their order and types."""
    keys = [name for name in table.columns if name not in TAIL]
    own = table["flag"].fillna("") if "flag" in table else pd.Series("", index=table.index)
    out = table[keys].astype("str").assign(
        **tail, n_missing=table.get("n_missing", 0),
        flag=["; ".join(filter(None, pair)) for pair in zip(own, flag, strict=True)])
    out[["n", "n_missing"]] = out[["n", "n_missing"]].astype("Int64")
    out[["method", "flag"]] = out[["method", "flag"]].astype("str")
    return out[[*keys, *TAIL]].reset_index(drop=True)
