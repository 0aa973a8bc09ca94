"""What each arm comes to: one estimate with its error, whatever the metric.

Every metric is a smooth function of the means of its values, so that its variance follows from its gradient and the
covariance of these means (the delta method). Covariates are adjusted for with one slope for all arms, estimated within
the arms (analysis of covariance; as CUPED, Deng, Xu, Kohavi and Walker 2013, WSDM, with several covariates). Strata are
weighted by their share of all units (post-stratification: Miratrix, Sekhon and Yu 2013, JRSS B 75, 369-396).
"""

from dataclasses import dataclass

import numpy as np

from engagelab import words
from engagelab.errors import DataError
from engagelab.experiments.read import Cells, Metric, Trial
from engagelab.metrics.intervals import z_value
from engagelab.metrics.nouns import ALIKE, Favourable, Quantile, Rate
from engagelab.summaries.moments import Sums


@dataclass(frozen=True)
class Arms:
    """One metric in each arm, the control first: its value, standard error, degrees of freedom, units and missing.

    `count` is the numerator of a plain rate, NaN otherwise: rates have intervals of their own. `before` are the means
    of the covariates, `before_cov` the covariances of these means.
    """

    value: np.ndarray
    se: np.ndarray
    df: np.ndarray
    n: np.ndarray
    missing: np.ndarray
    count: np.ndarray
    method: str
    before: np.ndarray
    before_cov: np.ndarray
    filled: np.ndarray  # how many units lack a covariate, by arm and covariate that is missing somewhere
    partly: np.ndarray | None = None  # how many units have a row that lacks a value; None where a row is a unit

    @property
    def lacking(self) -> np.ndarray:
        """How many units lack a value, or have a row that does."""
        return self.missing if self.partly is None else self.partly

    @property
    def counted(self) -> bool:
        """Whether this is a plain rate, of which the counts are known."""
        return bool(np.isfinite(self.count).all())


def arms_of(trial: Trial, cells: Cells, at: int, group: int = 0, *, strict: bool = True) -> Arms:
    """The metric number `at` in every arm, in one of the groups of the cells.

    strict : an arm that lacks one of the strata is an error; else it has no value.
    """
    metric, sums = trial.metrics[at], cells.sums[at]
    size, here = len(trial.arms), cells.group == group
    rows = np.bincount(cells.arm[here], sums.rows[here], size)
    n = np.bincount(cells.arm[here], sums.n[here], size)
    if isinstance(metric.noun, Quantile):
        return _of_quantile(trial, cells, at, here, rows, n)
    plain = Sums(**{name: getattr(sums, name)[here] for name in Sums.__dataclass_fields__})
    if trial.units.counted:
        plain = _of_rows(plain)
    mean, cov, df = _stratified(plain, cells.arm[here], cells.stratum[here], size, metric,
                                 trial.arms if strict else ())
    many, k = len(metric.covariates), mean.shape[1] - len(metric.covariates) - len(metric.incomplete)
    value, gradient = _estimate(metric, mean[:, :k], n), metric.noun.gradient(mean[:, :k])
    counted = isinstance(metric.noun, Rate | Favourable) and not many and not trial.units.counted \
        and trial.units.stratum is None
    count = np.full(size, np.nan)
    if counted:
        count[cells.arm[here]] = plain.counts[:, 0]
    with np.errstate(invalid="ignore"):
        within = np.einsum("ai,aij,aj->a", gradient, cov[:, :k, :k], gradient)
        cross = np.einsum("ai,aij->aj", gradient, cov[:, :k, k:])
    before, spread = mean[:, k:], cov[:, k:, k:]
    with np.errstate(invalid="ignore"):
        alike = within <= (ALIKE * np.nan_to_num(np.abs(gradient * mean[:, :k]), posinf=0.0).sum(axis=1)) ** 2
    if many:
        value, within, df = _adjusted(value, within, cross, before, spread, n, df)
    se = np.sqrt(np.where(alike, 0.0, within))
    gap = cells.gaps.get(at)
    partly = None if gap is None else np.bincount(cells.arm[here], np.round(gap.totals[here, 2]), size).astype(int)
    return Arms(value, np.where(n > 1, se, np.nan), df, n, rows - n, count, _method(trial, metric, counted), before,
                spread, np.round(before[:, many:] * n[:, None]), partly)


def _estimate(metric: Metric, mean: np.ndarray, n: np.ndarray) -> np.ndarray:
    size, k = mean.shape
    nothing = np.zeros((size, k, k))
    return metric.noun.estimates(Sums(n, n, n, n, n, mean, nothing, mean * n[:, None], mean * n[:, None]), .95).estimate


def _of_rows(sums: Sums) -> Sums:
    """The moments of means over rows, from those of the units' sums and of their numbers of rows, which come last."""
    with np.errstate(invalid="ignore", divide="ignore"):
        base = sums.mean[:, -1]
        mean = sums.mean[:, :-1] / base[:, None]
        turn = np.concatenate([np.broadcast_to(np.eye(mean.shape[1]), (len(base), mean.shape[1], mean.shape[1])),
                               -mean[:, :, None]], axis=2) / base[:, None, None]
        cov = turn @ sums.cov @ np.swapaxes(turn, 1, 2)
        unlike = 1 + np.nan_to_num(sums.cov[:, -1, -1] / base**2)
    weight = np.nan_to_num(base) * sums.n
    return Sums(sums.rows, sums.n, sums.users, weight, weight**2 * unlike / np.maximum(sums.n, 1), mean, cov,
                sums.totals, sums.counts)


def _stratified(sums: Sums, arm: np.ndarray, stratum: np.ndarray, size: int, metric: Metric, names: tuple[str, ...]
                ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of each arm over the strata, covariances of these means, and degrees of freedom.

    Units of unlike size count as the number of alike ones that is as good (Carter, Schnepel and Steigerwald 2017, The
    Review of Economics and Statistics 99, 698-709), of which one is the average leverage, that of HC3 (MacKinnon and
    White 1985, Journal of Econometrics 29, 305-325).
    """
    k, good = sums.mean.shape[1], sums.n_eff
    kinds, codes = np.unique(stratum, return_inverse=True)
    held = np.bincount(codes, sums.weight)
    share = held / max(held.sum(), 1e-300)
    mean, cov, df = np.zeros((size, k)), np.zeros((size, k, k)), np.full(size, -len(kinds), dtype=float)
    seen = np.zeros((size, len(kinds)))
    for row, (one, of) in enumerate(zip(arm, codes, strict=True)):
        if len(kinds) > 1 and sums.n[row] < 2:
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            mean[one] += share[of] * sums.mean[row]
            leverage = (1 - 1 / sums.n[row]) / (1 - 1 / good[row])
            cov[one] += share[of] ** 2 * sums.cov[row] / (sums.n[row] - 1) * leverage**2
        df[one] += good[row]
        seen[one, of] = 1
    if len(kinds) > 1 and not seen.all():
        one, of = np.argwhere(seen == 0)[0]
        if names:
            raise DataError("compare.stratum", metric=repr(metric.name), arm=repr(names[one]), n=int(of) + 1)
    mean[~seen.all(axis=1)] = np.nan
    return mean, cov, df


def _adjusted(value: np.ndarray, within: np.ndarray, cross: np.ndarray, before: np.ndarray, spread: np.ndarray,
              n: np.ndarray, df: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values moved to where all arms were alike before, with one slope for all arms, and their variances.

    A slope that is estimated costs a degree of freedom, and the more the arms differed before, the more it matters.
    """
    known = n > 1
    square = (n[known] * (n[known] - 1))[:, None]  # back from variances of means to sums of squares
    both, own = (square[:, :, None] * spread[known]).sum(axis=0), (square * cross[known]).sum(axis=0)
    many = max(square.sum(), 1)
    inverse, lost = inverted(both / many, np.nan_to_num(np.abs(before[known])).max(axis=0, initial=0.0))
    inverse /= many
    slope = inverse @ own
    left = within - 2 * cross @ slope + np.einsum("i,aij,j->a", slope, spread, slope)
    total = df[known].sum()
    scale = total / max(total - lost, 1)
    noise = (square[:, 0] * left[known]).sum() / max(total - lost, 1)
    apart = before - before[0]
    middle = (n[known, None] * before[known]).sum(axis=0) / max(n[known].sum(), 1)
    extra = noise * np.einsum("ai,ij,aj->a", apart, inverse, apart)
    kept = max(total - lost, 1) / max(total, 1)
    return value - (before - middle) @ slope, scale * np.maximum(left, 0.0) + extra, df * kept


def inverted(cov: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, int]:
    """The inverse of a covariance and its rank, whatever the units; what hardly varies for its `size` has no part."""
    spread = np.sqrt(np.diag(cov))
    scale = np.outer(*[np.where(spread > ALIKE * size, spread, np.inf)] * 2)
    return (np.linalg.pinv(cov / scale, rcond=1e-10, hermitian=True) / scale,
            int(np.linalg.matrix_rank(cov / scale, tol=1e-10)))


def _of_quantile(trial: Trial, cells: Cells, at: int, here: np.ndarray, rows: np.ndarray, n: np.ndarray) -> Arms:
    """A quantile of each arm; its error is the width of its interval from ranks (Price and Bonett 2002, JSCS 72).

    It needs a density: where the quantile is also an end of its interval, many values are alike, and there is no error.
    """
    found, size = cells.levels[at], len(trial.arms)
    value, se = np.full(size, np.nan), np.full(size, np.nan)
    if found is not None:
        value[cells.arm[here]] = found.estimate[here]
        tied = (found.low >= found.estimate) | (found.high <= found.estimate)
        se[cells.arm[here]] = np.where(tied, 0.0, found.high - found.low)[here] / (2 * z_value(trial.confidence))
    nothing = np.zeros((size, 0))
    return Arms(value, se, np.full(size, np.inf), n, rows - n, np.full(size, np.nan), words.text("compare.quantile"),
                nothing, np.zeros((size, 0, 0)), nothing)


def _method(trial: Trial, metric: Metric, counted: bool) -> str:
    """How the values came about, in words."""
    if counted:
        return ""
    simple = len(metric.plain.values) == 1 and not trial.units.counted
    said = [words.text("compare.welch" if simple else "compare.delta")]
    if metric.covariates:
        said.append(words.text("compare.adjusted", columns=words.joined(map(repr, metric.covariates))))
    if trial.units.kind != "row":
        said.append(words.text("compare.summed", column=repr(trial.units.column)))
    if trial.units.weights:
        said.append(words.text("compare.weighted", column=repr(trial.units.weights)))
    if trial.units.stratum:
        said.append(words.text("compare.stratified", column=repr(trial.units.stratum)))
    return "; ".join(said)
