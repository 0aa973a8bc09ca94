"""What a history tells a plan: the level of a metric, how much the units that will be drawn differ, and how alike they
are within a cluster.

A metric moves with row i by z = g.(y - mean), g being its gradient (the delta method); z is summed to the user where
users will be drawn. The intraclass correlation is the analysis of variance's (Donner 1986, International Statistical
Review 54, 67-82), on z. What covariates explain is R^2 of the regression of z, with those missing as a comparison
treats them.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engagelab.errors import DataError, UsageError, column_of
from engagelab.experiments.read import read_metric, values_of
from engagelab.metrics.nouns import SURVEY_MIN_N, Noun
from engagelab.summaries import sql
from engagelab.summaries.alike import check_sums
from engagelab.summaries.engine import source
from engagelab.summaries.moments import Ask, moments
from engagelab.summaries.view import Columns, View


@dataclass(frozen=True)
class History:
    """The metric's level, the standard deviation of a unit, what covariates explain, and the clusters if there are.

    measured, missing : units that were measured, and rows without a value or a unit.
    """

    baseline: float
    sd: float
    adjust_r2: float
    measured: int
    missing: int
    cluster_size: float | None = None
    cluster_cv: float = 0.0
    icc: float | None = None


def history_of(data: Any, noun: Noun, *, user: str | None = None, cluster: str | None = None) -> History:
    """Measure the history: a row a unit, or with `user` the rows of a user summed, or with `cluster` rows in clusters.

    Raises DataError where fewer than two units have a value (five of a survey), and where all values are the same.

    >>> import pandas as pd
    >>> from engagelab.metrics.nouns import mean
    >>> found = history_of(pd.DataFrame({"spend": [10., 12., 30., 28.], "shop": list("aabb")}), mean("spend"),
    ...                    cluster="shop")
    >>> found.baseline, round(found.sd, 2), found.cluster_size, round(found.icc, 2)
    (20.0, 10.46, 2.0, 0.99)
    """
    if user is not None and cluster is not None:
        raise UsageError("plan.user_and_cluster")
    table = source(data)
    columns = Columns(table)
    if not all(name in table.types for name in noun.adjust):
        noun = replace(noun, adjust=(), adjust_dates=())
    metric = read_metric(noun.name, noun, columns)
    for name in filter(None, (user, cluster)):
        columns.reads["u0"] = sql.Read(column_of(name, table.types), "key")
    view = View(columns, where="u0 IS NOT NULL" if "u0" in columns.reads else "")
    check_sums(view)
    sums, values = moments(view, [metric.plain])[1][0], values_of(metric, columns)
    n, k = _enough(int(sums.n[0]), noun), len(metric.plain.values)
    gradient = noun.gradient(sums.mean)[0]
    if not np.isfinite(gradient).all():
        raise DataError("plan.no_level", metric=noun.name)
    turn = np.eye(len(values) - k + 1, len(values), k - 1)  # the metric as one value, and each covariate
    turn[0, :k] = gradient
    size, moves = _by_unit(view, metric.plain, values, sums.mean[0], turn) if view.where else (np.ones(n), turn[:0])
    if user is not None:
        n = _enough(len(size), noun)
        cov = np.atleast_2d(np.cov(moves / size.mean()))
    else:
        pairs = moments(view, [Ask(tuple(values), scope=metric.plain.scope)])[1][0] if values[k:] else sums
        cov = turn @ pairs.cov[0] @ turn.T * n / (n - 1)
    if cov[0, 0] <= (1e-12 * np.abs(gradient * sums.mean[0]).sum()) ** 2:
        raise DataError("plan.no_spread", metric=noun.name, n=n)
    rows = View(columns).plain("SELECT count(*) AS n FROM events")["n"].iloc[0] if view.where else sums.rows[0]
    return History(float(noun.estimates(sums, .95).estimate[0]), float(np.sqrt(cov[0, 0])), _explained(cov), n,
                   int(rows - sums.n[0]), **_clusters(size, moves[0], cov[0, 0] * (n - 1)) if cluster else {})


def _enough(n: int, noun: Noun) -> int:
    """So many units, if they are enough to tell of, and of a survey to show."""
    least = max(2, noun.min_n if noun.min_n is not None else SURVEY_MIN_N if noun.hides else 2)
    if n < least:
        raise DataError("plan.few", metric=noun.name, n=n, least=least)
    return n


def _by_unit(view: View, ask: Ask, values: list[str], mean: np.ndarray, turn: np.ndarray
             ) -> tuple[np.ndarray, np.ndarray]:
    """How many rows with a value each unit has, and how the metric and each covariate move with it from their means."""
    known = " AND ".join([*(f"({value}) IS NOT NULL" for value in values[:len(mean)]), f"({ask.scope or 'TRUE'})"])
    less = [*mean, *np.zeros(len(values) - len(mean))]
    picked = ", ".join(f"sum(({value}) - ({sql.literal(float(middle))})) AS v{i}"
                       for i, (value, middle) in enumerate(zip(values, less, strict=True)))
    found = view.plain(f"SELECT u0, count(*) AS n, {picked} FROM events WHERE {known} GROUP BY u0 ORDER BY u0")
    size, sums = found["n"].to_numpy(dtype="float64"), found.iloc[:, 2:].to_numpy(dtype="float64")
    return size, turn @ (sums - np.outer(size, sums.sum(axis=0) / size.sum())).T


def _explained(cov: np.ndarray) -> float:
    """The share of the first value's variance that goes with the others."""
    both = cov[1:, 0] @ np.linalg.pinv(cov[1:, 1:], rcond=1e-10, hermitian=True) @ cov[1:, 0]
    return float(np.clip(both / cov[0, 0], 0, 1))


def _clusters(size: np.ndarray, moves: np.ndarray, total: float) -> dict[str, float]:
    """Mean size of the clusters, how much sizes differ, and the intraclass correlation (0 where it comes out below)."""
    n, k = size.sum(), len(size)
    if not 1 < k < n:
        raise DataError("plan.lonely", n=int(n), k=k)
    between = float((moves**2 / size).sum())
    even = (n - (size**2).sum() / n) / (k - 1)
    above, within = between / (k - 1), max(total - between, 0.0) / (n - k)
    return {"cluster_size": float(n / k), "cluster_cv": float(size.std() / size.mean()),
            "icc": float(max((above - within) / (above + (even - 1) * within), 0.0))}
