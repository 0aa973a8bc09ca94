"""Whether the experiment may be believed at all, before anyone looks at its results.

The sizes of the arms: Fabijan and others (2019, "Diagnosing sample ratio mismatch in online controlled experiments",
KDD), by Pearson's chi-square. Values that are missing, and what was known before, over all arms: a chi-square of
homogeneity and the trace of Hotelling and Lawley. Each at .001, so that a check seldom fails by chance. Where the data
are looked at again and again, and where counts are small, the p is one that holds at any time and size (`sequential`).
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import metric_name, named, shown
from engagelab.errors import DataError, UsageError
from engagelab.experiments.before import covariate_dates, imbalance
from engagelab.experiments.contrast import FEW, Looking
from engagelab.experiments.estimate import Arms
from engagelab.experiments.guardrails import guardrails
from engagelab.experiments.hidden import hidden
from engagelab.experiments.read import Cells, Trial, written
from engagelab.experiments.rules import Rules
from engagelab.experiments.units import Metric
from engagelab.metrics import sequential
from engagelab.metrics.answer import labels
from engagelab.metrics.intervals import holm, t_value
from engagelab.metrics.looks import LEAST_P
from engagelab.metrics.nouns import Quantile, Ratio
from engagelab.metrics.two_shares import homogeneity_p
from engagelab.summaries import sql
from engagelab.summaries.moments import Sums, merge
from engagelab.summaries.view import Columns, View

COLUMNS = ("check", "metric", "value", "p", "status", "sentence")
ALPHA = .001
EXPECTED = 5  # units in every arm, for a chi-square
NORMAL, NOTHING = 30, 10  # units of an arm below which a mean may not be normal, and below which nothing is told
NEGATIVE = .01  # the share of values below 0 of what a ratio divides by, beyond which it is no ratio
UNEQUAL, THOUSANDS = 4, 5_000  # times as large, and units of the smaller arm, for looks at skewed amounts
LOOKED_AT = 100_000  # rows in which a customer is sought who stands there twice


def checked(trial: Trial, cells: Cells, found: Mapping[str, Arms], rules: Rules
            ) -> tuple[pd.DataFrame, dict[str, str]]:
    """The checks, a row each; and of which metrics the verdicts are turned off, and why.

    A failed check of the arms turns off all metrics, one of a metric this one. `value` is the share by which an arm is
    off, that is missing, or whatever the sentence says; a status is passed, failed, noted or asked (of the analyst).
    """
    rows = _sizes(trial, cells, rules) + _rows_of_units(trial)
    for at, metric in enumerate(trial.metrics):
        arms = found[metric.name]
        rows += _missing(trial, cells, at, arms, rules) + _before(trial, at, arms, rules)
        rows += _denominator(trial, cells, at) + _spread(trial, at, arms)
    if not any(row["check"] == "missing" for row in rows):
        rows.append(_row("missing", "passed", "complete"))
    rows += _small(trial, found, rules) + covariate_dates(trial, rules.start)
    off: dict[str, str] = {}
    for row in rows:
        if row["status"] == "failed":
            for name in [row["metric"]] if row["metric"] else found:
                off.setdefault(name, row["sentence"])
    order = {name: place for place, name in enumerate(dict.fromkeys(row["check"] for row in rows))}
    rows.sort(key=lambda row: order[row["check"]])
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": float, "p": float}), off


def _row(check: str, status: str, key: str, metric: str = "", value: float = np.nan, p: float = np.nan,
         **said: object) -> dict[str, Any]:
    """One check; its sentence has the p in it, and the metric's name."""
    sentence = words.text(f"checks.{key}", metric=metric_name(metric), p=LEAST_P if p < .001 else shown(p), **said)
    return {"check": check, "metric": metric, "value": value, "p": p, "status": status, "sentence": sentence}


def _each(trial: Trial, values: np.ndarray, unit: str = "count", where: np.ndarray | None = None) -> str:
    """What each arm has, in words; `where`: of these arms only."""
    return words.joined(words.text("checks.arm", arm=named(arm, "arm"), value=shown(float(value), unit))
                        for place, (arm, value) in enumerate(zip(trial.arms, values, strict=True))
                        if where is None or where[place])


def ratio_p(counts: np.ndarray, shares: np.ndarray, rules: Rules) -> float:
    """The p of counts that should have these shares."""
    from scipy.special import chdtrc

    expected = counts.sum() * shares / shares.sum()
    if rules.looking.kind != "once" or expected.min() < EXPECTED:
        return float(sequential.sample_ratio_p(counts, shares)[-1])
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))


def _differs(counts: np.ndarray, n: np.ndarray, rules: Rules) -> float:
    """The p of no difference of the shares of `n` that `counts` are."""
    rarer = counts if counts.sum() <= n.sum() / 2 else n - counts
    if (rarer.sum() * n / n.sum()).min() < EXPECTED:
        return ratio_p(rarer, n, rules)
    _, df, p = homogeneity_p(counts, n)
    return _watched(p, n, df, rules)


def _watched(p: float, n: np.ndarray, df: int, rules: Rules) -> float:
    """The p of a chi-square, also if one looks again and again: a check spends nothing by plan."""
    if rules.looking.kind == "once":
        return p
    return Looking("peek", tuned=rules.looking.tuned).p(p, float(n[0] * n[1:].sum() / n.sum()), df)


def meant(trial: Trial, rules: Rules) -> np.ndarray:
    """The share of the units meant for each arm, 1 together: a combined one has those of its parts."""
    parts = {arm: [part for part, whole in trial.combine.items() if whole == arm] or [arm] for arm in trial.arms}
    if not isinstance(rules.split, Mapping):
        raise UsageError("checks.split_arms", arms=words.joined(map(repr, trial.arms)), told=repr(rules.split))
    if not rules.split:
        return np.array([len(parts[arm]) for arm in trial.arms]) / sum(map(len, parts.values()))
    told = {written(arm): share for arm, share in rules.split.items()}
    if set(told) == {part for own in parts.values() for part in own}:
        single = parts
    else:
        single = {arm: [arm] for arm in trial.arms}
    if set(told) != {part for own in single.values() for part in own}:
        raise UsageError("checks.split_arms", arms=words.joined(map(repr, trial.arms)),
                         told=words.joined(map(repr, told)))
    for arm, share in told.items():
        if isinstance(share, bool) or not isinstance(share, Real) or not 0 < share < np.inf:
            raise UsageError("checks.split_share", arm=repr(arm), value=repr(share))
    whole = np.array([sum(told[part] for part in single[arm]) for arm in trial.arms], dtype=float)
    return whole / whole.sum()


def _sizes(trial: Trial, cells: Cells, rules: Rules) -> list[dict[str, Any]]:
    """Whether the arms are as large as meant, all over and in each stratum."""
    shares, column = meant(trial, rules), trial.units.stratum
    rows = np.max([sums.rows for sums in cells.sums], axis=0)  # a metric of one platform does not see the others
    n = np.bincount(cells.arm, rows, len(trial.arms))
    p = ratio_p(n, shares, rules)
    found = [_row("sample_ratio", "failed" if p < ALPHA else "passed",
                  f"sample_ratio_{'failed' if p < ALPHA else 'passed'}", "",
                  float(np.abs(n / n.sum() - shares).max()), p, units=_each(trial, n), meant=_even(trial, shares, n))]
    if column is None:
        return found
    ranks, codes = np.unique(cells.stratum, return_inverse=True)
    counts = np.zeros((len(ranks), len(trial.arms)))
    np.add.at(counts, (codes, cells.arm), rows)
    each = holm(np.array([ratio_p(one, shares, rules) for one in counts]))
    worst, broken = int(np.argmin(each)), int((each < ALPHA).sum())
    return [*found, _row("sample_ratio_within", "failed" if broken else "passed",
                         f"within_{'failed' if broken else 'passed'}", "", broken, float(each[worst]),
                         column=repr(column), many=len(ranks), broken=broken,
                         stratum=repr(_stratum(trial, ranks[worst])) if broken else "",
                         units=_each(trial, counts[worst]), meant=_even(trial, shares, counts[worst]))]


def _even(trial: Trial, shares: np.ndarray, n: np.ndarray) -> str:
    """How many units each arm should have."""
    wanted = shares * n.sum()
    if np.ptp(shares) < 1e-12:
        return words.text("checks.each", n=shown(wanted[0], "count"))
    return _each(trial, wanted)


def _stratum(trial: Trial, rank: float) -> str:
    """What the stratum of this rank is called."""
    table = trial.view.grouped(["by_2"]).query("SELECT\n    /*by*/\n    count(*) AS n\nFROM events\n"
                                               "GROUP BY /*by*/ ()")[0]
    return labels(table, 1, None, 1)[int(np.argmax(table["rank_1"] == rank))]


def _rows_of_units(trial: Trial) -> list[dict[str, Any]]:
    """Whether rows name no unit; or, where no unit is told, whether customers have several rows."""
    told = trial.units.column
    key = told or "user_id"
    if key not in trial.given.types:
        return []
    view = View(Columns(trial.given, {"by_1": sql.Read(trial.dims[0], "key"), "u0": sql.Read(key, "user")}))
    if told:
        n = int(view.plain("SELECT count(*) AS n FROM events WHERE by_1 IS NOT NULL AND u0 IS NULL")["n"].iloc[0])
        return [_row("no_unit", "noted", "no_unit", "", n, n=n, column=repr(key))] if n else []
    seen = view.plain("SELECT sum(n) AS n, count(*) AS users, count(CASE WHEN first <> last THEN 1 END) AS several "
                      "FROM (SELECT count(*) AS n, min(by_1) AS first, max(by_1) AS last FROM (SELECT u0, by_1 FROM "
                      f"events WHERE by_1 IS NOT NULL AND u0 IS NOT NULL LIMIT {LOOKED_AT}) AS looked_at GROUP BY u0) "
                      "AS users").iloc[0]
    if not seen["users"] or seen["n"] == seen["users"]:
        return []
    status, said = ("failed", "users_in_several") if seen["several"] else ("noted", "repeated_users")
    return [_row("repeated_users", status, said, "", seen["n"] / seen["users"], n=int(seen["n"]),
                 users=int(seen["users"]), several=int(seen["several"]), column=repr(key), arm=repr(trial.dims[0]))]


def _missing(trial: Trial, cells: Cells, at: int, arms: Arms, rules: Rules) -> list[dict[str, Any]]:
    """Whether values are missing, and as often in each arm."""
    none, name = arms.n == 0, trial.metrics[at].name
    if none.any():
        gone = words.joined(repr(arm) for arm, nothing in zip(trial.arms, none, strict=True) if nothing)
        if name not in guardrails():
            raise DataError("checks.all_missing", metric=repr(name), arms=gone)
        return [_row("missing", "failed", "guardrail_missing", name, float(none.sum()), arms=gone)]
    if at not in cells.gaps:
        return _lacking(trial, "missing", name, arms.missing, arms.n + arms.missing, rules)
    gap = merge(cells.gaps[at], cells.arm, len(trial.arms))
    return _lacking(trial, "missing", name, gap.totals[:, 0], gap.totals[:, 1], rules, p=_rows_differ(gap, rules),
                    said="missing_rows")


def _rows_differ(gap: Sums, rules: Rules) -> float:
    """The p of no difference of the share of rows that lack a value: a ratio of two sums over units, linearised.

    The arms are drawn by lot and have one variance. Where few units lack any, the units are counted.
    """
    from scipy.special import fdtrc

    n, (lacking, rows, some) = gap.n, gap.totals.sum(axis=0)
    df = n.sum() - len(n)
    if (some <= n.sum() / 2 and (some * n / n.sum()).min() < EXPECTED) or df < 1:
        return _differs(gap.totals[:, 2], n, rules)
    turn = np.array([1.0, -lacking / rows, 0.0])
    between, within = (n * (gap.mean @ turn) ** 2).sum(), (n * (gap.cov @ turn @ turn)).sum()
    free = len(n) - 1
    p = float(fdtrc(free, df, between / free / max(within / df, 1e-300)))
    return _watched(p, n, free, rules)


def _lacking(trial: Trial, check: str, name: str, lacking: np.ndarray, n: np.ndarray, rules: Rules, column: str = "",
             p: float | None = None, said: str = "") -> list[dict[str, Any]]:
    if not lacking.any():
        return []
    p = _differs(lacking, n, rules) if p is None else p
    status = "failed" if p < ALPHA else "noted"
    return [_row(check, status, f"{said or check}_{status}", name, float(lacking.sum() / n.sum()), p,
                 column=repr(column), n=int(lacking.sum()), of=int(n.sum()), shares=_each(trial, lacking / n, "share"))]


def _before(trial: Trial, at: int, arms: Arms, rules: Rules) -> list[dict[str, Any]]:
    """Whether the arms were alike before the start, in what is adjusted for."""
    metric = trial.metrics[at]
    rows = [row for column, lacking in zip(metric.incomplete, arms.filled.T, strict=True)
            for row in _lacking(trial, "covariate_missing", metric.name, np.minimum(lacking, arms.n), arms.n, rules,
                                column)]
    if not metric.covariates:
        return rows
    p, df, worst, apart = imbalance(arms, len(metric.covariates), stratified=trial.units.stratum is not None)
    p = _watched(p, arms.n, df, rules)
    status, veiled = "failed" if p < ALPHA else "passed" if p == p else "noted", hidden(metric.noun, arms.n)
    return [*rows, _row("balance", status, f"balance_{status}", metric.name, np.nan if veiled.any() else apart, p,
                        column=repr(metric.covariates[worst]),
                        means=_each(trial, arms.before[:, worst], "number", ~veiled))]


def _denominator(trial: Trial, cells: Cells, at: int) -> list[dict[str, Any]]:
    """Whether what a ratio divides by is surely above 0 in every arm."""
    metric = trial.metrics[at]
    if len(metric.plain.values) != 2 or metric.plain.flags:
        return []
    sums = merge(cells.sums[at], cells.arm, len(trial.arms))
    mean = sums.mean[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        low = mean - t_value(np.maximum(sums.n - 1, 1), .95) * np.sqrt(sums.cov[:, 1, 1] / (sums.n - 1))
    doubtful = ~(low > 0) & (sums.n > 1)
    if not doubtful.any() and (mean > 0).all():
        return _negative(trial, metric)
    status = "noted" if (mean > 0).all() else "failed"
    return [_row("negative_denominator", status, f"denominator_{status}", metric.name, float(mean.min()),
                 means=_each(trial, mean, "number", doubtful | ~(mean > 0)))]


def _negative(trial: Trial, metric: Metric) -> list[dict[str, Any]]:
    """Whether single rows have less than 0 in what a ratio divides by; a few may be cancellations, many are wrong."""
    if not isinstance(metric.noun, Ratio) or metric.noun.denominator not in trial.given.types:
        return []
    columns = Columns(trial.given)
    y = columns.number(metric.noun.denominator)
    n, of = View(columns).plain(f"SELECT count(CASE WHEN {y} < 0 THEN 1 END) AS n, count({y}) AS known FROM events"
                                ).iloc[0]
    if not n:
        return []
    status = "failed" if n > NEGATIVE * of else "noted"
    return [_row("negative_denominator", status, f"negative_{status}", metric.name, n / of, n=int(n), of=int(of),
                 column=repr(metric.noun.denominator))]


def _spread(trial: Trial, at: int, arms: Arms) -> list[dict[str, Any]]:
    """Whether there is any spread to judge by."""
    metric = trial.metrics[at]
    none = (arms.se == 0) & ~hidden(metric.noun, arms.n)
    if arms.counted or not none.any():
        return []
    key = "tied" if isinstance(metric.noun, Quantile) else "no_spread_any" if none.all() else "no_spread"
    return [_row("no_spread", "noted", key, metric.name, float(none.sum()),
                 values=_each(trial, arms.value, metric.noun.unit, none))]


def _small(trial: Trial, found: Mapping[str, Arms], rules: Rules) -> list[dict[str, Any]]:
    """Which arms are too small for what is done with them, or to be shown."""
    units = np.max([arms.n + arms.missing for arms in found.values()], axis=0)
    rows = [_few(trial, "", units)] if (units < NORMAL).any() else []
    for metric, arms in zip(trial.metrics, found.values(), strict=True):
        if arms.counted and _rare(arms):
            rows.append(_row("few_cases", "noted", "exact", metric.name, float(arms.n.min()), few=FEW))
        elif not arms.counted and ((arms.n < NORMAL) & (units >= NORMAL)).any():
            rows.append(_few(trial, metric.name, arms.n))
        uneven = (arms.n.max() > UNEQUAL * arms.n) & (arms.n < THOUSANDS)
        if rules.looking.kind != "once" and not arms.counted and uneven.any():
            rows.append(_row("unequal_arms", "noted", "unequal_arms", metric.name, float(arms.n.min()), least=THOUSANDS,
                             units=_each(trial, arms.n)))
        veiled = hidden(metric.noun, arms.n)
        if veiled.any():
            rows.append(_row("hidden", "noted", "hidden", metric.name, float(arms.n.min()),
                             units=_each(trial, arms.n, where=veiled)))
    return rows


def _few(trial: Trial, name: str, n: np.ndarray) -> dict[str, Any]:
    key = ("nothing" if n.min() < NOTHING else "few") + ("_known" if name else "")
    return _row("small_arms", "noted", key, name, float(n.min()), units=_each(trial, n, where=n < NORMAL),
                normal=NORMAL)


def _rare(arms: Arms) -> bool:
    """Whether some arm is compared exactly with the control."""
    smaller = np.minimum(arms.n, arms.n[0])
    total = (arms.count + arms.count[0]) / np.maximum(arms.n + arms.n[0], 1)
    return bool(((np.minimum(total, 1 - total) * smaller < FEW) & (smaller > 0))[1:].any())
