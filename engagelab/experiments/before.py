"""What was known before the start: whether the arms were alike in it, and whether it was measured before at all."""

from typing import Any

import numpy as np

from engagelab import words
from engagelab.errors import DataError
from engagelab.experiments.estimate import Arms
from engagelab.experiments.read import Trial
from engagelab.metrics.nouns import ALIKE
from engagelab.summaries import periods, sql
from engagelab.summaries.view import Columns, View


def imbalance(arms: Arms, many: int, *, stratified: bool = False) -> tuple[float, int, int, float]:
    """(p, degrees of freedom, worst, apart): the p that the arms were alike in the first `many` covariates.

    `worst` is the place of the covariate in which an arm is farthest from the others, `apart` how far it is from the
    control there. The test is the trace of Hotelling and Lawley, for two arms Hotelling's: arms that are drawn by lot
    have one covariance. Within strata each has its own, as the means are weighted. NaN where the units are too few.
    """
    from scipy.special import fdtrc

    n, mean, cov = arms.n.astype(float), arms.before[:, :many], arms.before_cov[:, :many, :many]
    df = n.sum() - len(n)
    if (n < 2).any():
        return np.nan, 1, 0, np.nan
    pooled = ((n * (n - 1))[:, None, None] * cov).sum(axis=0) / df
    spread, apart = np.sqrt(np.diag(pooled)), mean - mean[0]
    apart = np.where(np.abs(apart) > ALIKE * np.abs(mean).max(axis=0), apart, 0.0)
    flat = spread <= ALIKE * np.abs(mean).max(axis=0)
    scale = np.where(flat, 1.0, spread)
    far = [np.inf if flat[i] and apart[:, i].any() else 0.0 if flat[i] else _trace(
        mean[:, [i]] / scale[i], cov[:, [i]][:, :, [i]] / scale[i] ** 2, n, df, stratified)[0] for i in range(many)]
    worst = int(np.argmax(far))
    largest = float(apart[int(np.abs(apart[:, worst]).argmax()), worst])
    if np.isinf(far[worst]):
        return 0.0, 1, worst, largest
    trace, rank = _trace(mean / scale, cov / np.outer(scale, scale), n, df, stratified)
    free, rest = (len(n) - 1) * rank, df - rank + 1
    return (float(fdtrc(free, rest, trace / free * rest / df)) if rank else 1.0), max(free, 1), worst, largest


def _trace(mean: np.ndarray, cov: np.ndarray, n: np.ndarray, df: float, stratified: bool) -> tuple[float, int]:
    """How far the means of the arms lie from their common one, in their own covariances, and the rank of these."""
    pooled = ((n * (n - 1))[:, None, None] * cov).sum(axis=0) / df
    each = cov if stratified else pooled / n[:, None, None]
    inverse = np.linalg.pinv(each, rcond=1e-10, hermitian=True)
    middle = np.linalg.pinv(inverse.sum(axis=0), rcond=1e-10, hermitian=True) @ np.einsum("aij,aj->i", inverse, mean)
    off = mean - middle
    return float(np.einsum("ai,aij,aj->", off, inverse, off)), int(np.linalg.matrix_rank(pooled, tol=1e-10))


def covariate_dates(trial: Trial, start: str | None) -> list[dict[str, Any]]:
    """Of each covariate whether it was measured before the start, a check each."""
    if start is not None and start not in trial.given.types:
        periods.moment("start", start, None)
    pairs = dict.fromkeys(pair for metric in trial.metrics for pair in zip(
        metric.noun.adjust, metric.noun.adjust_dates, strict=True))
    told = {column for column, date in pairs if date}
    return [_dated(trial, column, date, start) for column, date in pairs if date or column not in told]


def _dated(trial: Trial, column: str, date: str, start: str | None) -> dict[str, Any]:
    said = {"column": repr(column), "date": repr(date), "start": repr(start)}
    key, status, lacking = "when", "asked", 0
    if date:
        key = "start"
    if date and start is not None:
        lacking = _late(trial, column, date, start)
        key, status = ("undated", "asked") if lacking else ("earlier", "passed")
    return {"check": "covariate_date", "metric": "", "value": float(lacking), "p": np.nan, "status": status,
            "sentence": words.text(f"checks.date_{key}", n=lacking, **said)}


def _late(trial: Trial, column: str, date: str, start: str) -> int:
    """How many values have no date; one at or after the start is refused."""
    columns = Columns(trial.given)
    x, sides = columns.number(column), []
    for place, (name, told) in enumerate(((f"adjust[{column!r}]", date), ("start", start))):
        if told in trial.given.types:
            columns.reads[f"t{place}"] = sql.Read(told, "stamp")
            sides.append(f"t{place}")
        else:
            sides.append(str(periods.moment(name, told, None)))
    seen = View(columns).plain(
        f"SELECT count(CASE WHEN {sides[0]} >= {sides[1]} THEN 1 END) AS late, "
        f"count(CASE WHEN {sides[0]} IS NULL OR {sides[1]} IS NULL THEN 1 END) AS undated, count(*) AS n "
        f"FROM events WHERE {x} IS NOT NULL").iloc[0]
    if seen["late"]:
        raise DataError("checks.late", n=int(seen["late"]), of=int(seen["n"]), column=repr(column), date=repr(date),
                        start=repr(start))
    return int(seen["undated"])
