"""Quantiles of each group and their intervals, from the counts of the values near them.

Without weights the quantile is Hyndman and Fan's type 7 (1996, The American Statistician 50, 361-365; R's, numpy's and
pandas' own), and its interval runs between two values whose ranks are binomial. With weights it is the
smallest value that enough weight lies at or below, and the interval is Woodruff's (1952, JASP 47, 635-646).
"""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError
from engagelab.metrics import intervals
from engagelab.metrics.nouns import Estimates, Quantile
from engagelab.summaries.counts import Near, counts
from engagelab.summaries.view import View


def quantiles(view: View, noun: Quantile, places: pd.DataFrame, confidence: float) -> tuple[Estimates, str]:
    """The quantile of every group in `places` (its `rank_` columns), in that order, and the SQL that ran."""
    value = view.columns.number(noun.column)
    table, text = counts(view, value, Near(noun.q, intervals.z_value(confidence)))
    ranks = [f"rank_{i}" for i in range(1, len(view.by) + 1)]
    found = np.full((3, len(places)), np.nan)
    groups = {key: group for key, group in table.groupby(ranks, sort=False)} if ranks else {(): table}
    for place, key in enumerate(places[ranks].itertuples(index=False, name=None)):
        group = groups.get(key)
        if group is not None and len(group):
            found[:, place] = (_weighted if view.weighted else _plain)(group, noun.q, confidence)
    if np.isinf(table["value"].to_numpy(dtype="float64")).any():
        raise DataError("summaries.infinite", columns=repr(noun.column))
    method = words.text("metrics.method_quantile_weighted" if view.weighted else "metrics.method_quantile")
    return Estimates(found[0], found[1], found[2], np.full(len(places), np.nan), method), text


def _plain(group: pd.DataFrame, q: float, confidence: float) -> tuple[float, float, float]:
    values, upto = group["value"].to_numpy(), group["upto"].to_numpy(dtype="float64")
    n = int(group["n_known"].iloc[0])

    def at(rank: float) -> float:
        return float(values[np.searchsorted(upto, rank)]) if 1 <= rank <= n else np.nan

    place = (n - 1) * q
    below = int(np.floor(place))
    low, high = at(below + 1), at(min(below + 2, n))
    lower, upper = intervals.quantile_ranks(n, q, confidence)
    return low + (place - below) * (high - low), at(float(lower)), at(float(upper))


def _weighted(group: pd.DataFrame, q: float, confidence: float) -> tuple[float, float, float]:
    values = group["value"].to_numpy()
    total, n_eff = group["total"].iloc[0], group["total"].iloc[0] ** 2 / group["total2"].iloc[0]
    share = group["upto"].to_numpy(dtype="float64") / total
    lower, upper = intervals.wilson(q * n_eff, n_eff, confidence)

    def at(part: float) -> float:
        return float(values[min(int(np.searchsorted(share, part * (1 - 1e-12))), len(values) - 1)])

    return at(q), at(float(lower)), at(float(upper))
