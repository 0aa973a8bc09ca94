"""What a history tells a plan: the level of a metric, and how much the units that will be drawn differ.

A metric moves with row i by z = g.(y - mean), g being its gradient (the delta method); z is summed to the user where
users will be drawn. What covariates explain is R^2 of the regression of z, with those missing as a comparison treats
them.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from engagelab.errors import DataError, column_of
from engagelab.experiments.estimate import inverted
from engagelab.experiments.units import read_metric, values_of
from engagelab.metrics.nouns import SURVEY_MIN_N, Noun
from engagelab.summaries import sql
from engagelab.summaries.alike import check_sums
from engagelab.summaries.engine import source
from engagelab.summaries.moments import Ask, moments
from engagelab.summaries.view import Columns, View


def history_of(data: Any, noun: Noun, *, user: str | None = None) -> dict[str, Any]:
    """Fields of a plan, from a row a unit, or with `user` from the rows of each user summed.

    `baseline`, the metric's level; `sd` of a unit; `adjust_r2`, what covariates explain; `measured`, units with a
    value; `missing`, rows without a value or a user.

    Raises DataError where fewer than two units have a value (five of a survey), and where all values are the same.

    >>> import pandas as pd
    >>> from engagelab.metrics.nouns import mean
    >>> found = history_of(pd.DataFrame({"spend": [10., 12., 30., 28.], "user": list("aabb")}), mean("spend"),
    ...                    user="user")
    >>> found["baseline"], round(found["sd"], 2), found["measured"]
    (20.0, 12.73, 2)
    """
    table = source(data)
    columns = Columns(table)
    if not all(name in table.types for name in noun.adjust):
        noun = replace(noun, adjust=(), adjust_dates=())
    metric = read_metric(noun.name, noun, columns)
    if user is not None:
        columns.reads["u0"] = sql.Read(column_of(user, table.types), "key")
    view = View(columns, where="" if user is None else "u0 IS NOT NULL")
    check_sums(view)
    sums, values = moments(view, [metric.plain])[1][0], values_of(metric, columns)
    n, k = _enough(int(sums.n[0]), noun), len(metric.plain.values)
    gradient = noun.gradient(sums.mean)[0]
    if not np.isfinite(gradient).all():
        raise DataError("plan.no_level", metric=noun.name)
    turn = np.eye(len(values) - k + 1, len(values), k - 1)  # the metric as one value, and each covariate
    turn[0, :k] = gradient
    pairs = moments(view, [Ask(tuple(values), scope=metric.plain.scope)])[1][0] if values[k:] else sums
    if user is not None:
        moves = _by_user(view, metric.plain, values, sums.mean[0], turn)
        n, cov = _enough(moves.shape[1], noun), np.atleast_2d(np.cov(moves))
    else:
        cov = turn @ pairs.cov[0] @ turn.T * n / (n - 1)
    if cov[0, 0] <= (1e-12 * np.abs(gradient * sums.mean[0]).sum()) ** 2:
        raise DataError("plan.no_spread", metric=noun.name, n=n)
    rows = View(columns).plain("SELECT count(*) AS n FROM events")["n"].iloc[0] if view.where else sums.rows[0]
    return {"baseline": float(noun.estimates(sums, .95).estimate[0]), "sd": float(np.sqrt(cov[0, 0])),
            "adjust_r2": _explained(cov, np.abs(pairs.mean[0, k:])), "measured": n, "missing": int(rows - sums.n[0])}


def _enough(n: int, noun: Noun) -> int:
    """So many units, if they are enough to tell of, and of a survey to show."""
    least = max(2, noun.min_n if noun.min_n is not None else SURVEY_MIN_N if noun.hides else 2)
    if n < least:
        raise DataError("plan.few", metric=noun.name, n=n, least=least)
    return n


def _by_user(view: View, ask: Ask, values: list[str], mean: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """How the metric and each covariate move with each user from their means, a column a user."""
    known = " AND ".join([*(f"({value}) IS NOT NULL" for value in values[:len(mean)]), f"({ask.scope or 'TRUE'})"])
    less = [*mean, *np.zeros(len(values) - len(mean))]
    picked = ", ".join(f"sum(({value}) - ({sql.literal(float(middle))})) AS v{i}"
                       for i, (value, middle) in enumerate(zip(values, less, strict=True)))
    found = view.plain(f"SELECT u0, count(*) AS n, {picked} FROM events WHERE {known} GROUP BY u0 ORDER BY u0")
    size, sums = found["n"].to_numpy(dtype="float64"), found.iloc[:, 2:].to_numpy(dtype="float64")
    return turn @ (sums - np.outer(size, sums.sum(axis=0) / size.sum())).T / size.mean()


def _explained(cov: np.ndarray, size: np.ndarray) -> float:
    """The share of the first value's variance that goes with the others, which are of this `size`."""
    both = cov[1:, 0] @ inverted(cov[1:, 1:], size)[0] @ cov[1:, 0]
    return float(np.clip(both / cov[0, 0], 0, 1))
