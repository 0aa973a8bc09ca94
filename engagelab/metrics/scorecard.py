"""A few key indicators against what was promised: reached, missed, or cannot tell.

An indicator has reached its target when its whole interval lies on the good side, the target itself included, and
has missed it when the whole interval lies on the other side. In between the data cannot tell, and a scorecard that
says otherwise is noise: no complaint so far has not missed a target of none.
"""

import math
from collections.abc import Sequence

import pandas as pd

from engagelab.errors import column_of
from engagelab.metrics.catalogue import catalogue


def scorecard(estimates: pd.DataFrame, targets: pd.DataFrame, *, keys: Sequence[str] | None = None,
              period: str | Sequence[str] = "") -> pd.DataFrame:
    """Each estimate beside its target, with a verdict.

    Parameters: `estimates`, rows of `measure`, `metric` being a key of the catalogue; `targets`,
    the canonical table (metric, period, target, kind, source). A target for `period` (its label, or
    several labels of the same days, such as FY2026Q2 and 2026Q3) goes before one for any period;
    `keys`, which metrics to show and in which order, the key indicators: those that were not
    measured or have no target are left out. Without `keys`, all estimates.

    Returns the estimates' rows with `target, kind, source, position, verdict`:
    `position` is "above", "below" or "unclear" (the target lies inside the interval), `verdict`
    "reached", "missed" or "unclear"; both are "" where there is no target.

    >>> measured = pd.DataFrame({"metric": ["churn"], "estimate": [.03], "low": [.02], "high": [.04]})
    >>> targets = pd.DataFrame({"metric": ["churn"], "target": [.05]})
    >>> scorecard(measured, targets)[["position", "verdict"]].values.tolist()
    [['below', 'reached']]
    """
    for column in ("metric", "target"):
        column_of(column, targets.columns, "targets")
    if keys is not None:
        shown = [key for key in keys if key in set(estimates["metric"]) & set(targets["metric"])]
        estimates = estimates.drop_duplicates("metric", keep="last").set_index("metric").loc[shown].reset_index()
    columns = ["metric", "target", *(name for name in ("kind", "source") if name in targets)]
    if "segment" in targets:  # a target of a segment is not one of the company
        targets = targets[targets["segment"].fillna("") == ""]
    targets = targets.reset_index(drop=True)
    when = targets["period"].fillna("") if "period" in targets else pd.Series("", index=targets.index)
    names = [period] if isinstance(period, str) else list(period)
    chosen = targets[when.isin(["", *names])].assign(_when=when).sort_values("_when")
    chosen = chosen.drop_duplicates("metric", keep="last")[columns]
    table = estimates.merge(chosen, on="metric", how="left", sort=False)
    better = table["metric"].map(catalogue().set_index("key")["better"]).fillna("higher")
    places = [_position(*row) for row in zip(table["low"], table["high"], table["target"], better, strict=True)]
    table["position"] = places
    table["verdict"] = [place if place in ("", "unclear") else "reached" if (place == "above") == (way == "higher")
                        else "missed" for place, way in zip(places, better, strict=True)]
    table.attrs = dict(estimates.attrs)
    return table


def _position(low: float, high: float, target: float, better: str) -> str:
    """On which side of the target the interval lies; "unclear" where it holds the target, "" where one is missing.

    An end that is the target lies on the side that is better.
    """
    if any(math.isnan(value) for value in (low, high, target)):
        return ""
    if better == "higher":
        return "above" if low >= target else "below" if high < target else "unclear"
    return "below" if high <= target else "above" if low > target else "unclear"
