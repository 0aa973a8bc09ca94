"""Does the comparison keep its word on one's own data: arms drawn at random among people who all got the same.

Whoever is drawn into arms again and again, while nothing is done to them, must give false alarms as often as was
agreed, 5 in 100 (A/A tests: Kohavi, Tang and Xu 2020, Trustworthy Online Controlled Experiments, chapter 19). More of
them mean that the analysis does not fit the data: mostly that what was drawn, a customer or a shop, has several rows.
Each draw is compared by the same functions as an experiment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, metric_name, shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.experiments.contrast import Pair, each_p
from engagelab.experiments.estimate import Arms, arms_of
from engagelab.experiments.read import Cells, Metric, Trial, Units
from engagelab.experiments.units import read_metric, values_of
from engagelab.metrics.intervals import wilson, z_value
from engagelab.metrics.looks import LEAST_P, page, plain, rounded
from engagelab.metrics.measure import Metrics
from engagelab.metrics.measure import named as nouns_of
from engagelab.metrics.nouns import Quantile
from engagelab.metrics.simultaneous import dunnett_p
from engagelab.summaries import sql
from engagelab.summaries.engine import source
from engagelab.summaries.moments import Sums, moments
from engagelab.summaries.view import Columns, View

LEAST = 100  # draws below which a share of false alarms says nothing


@dataclass(frozen=True)
class AA:
    """`.frame`, a row a metric and unit of analysis: the share of false alarms, its interval; `.notes`, in words."""

    frame: pd.DataFrame
    notes: tuple[str, ...]

    def _table(self) -> pd.DataFrame:
        table = self.frame.assign(unit=self.frame["unit"].map(_unit))
        made = rounded(table, ["metric", "unit", "false_positives", "interval"], "share")
        made[heading("p_uniform")] = [LEAST_P if p < .001 else shown(p) for p in table["p_uniform"]]
        return made.join(rounded(table, ["draws", "n"], "count"))

    def __repr__(self) -> str:
        return plain([self._table()], self.notes)

    def _repr_html_(self) -> str:
        return page([self._table()], self.notes)


@dataclass(frozen=True)
class _Way:
    """A metric, what it takes for a unit, and what each of those drawn adds to the sums of its arm."""

    trial: Trial
    middle: np.ndarray
    parts: np.ndarray  # rows: units with and without an answer, those with, sums about the middle, and their products


def aa(data: Any, metrics: Metrics, *, arms: int = 2, split: Sequence[float] | None = None, user: str | None = None,
       cluster: str | None = None, draws: int = 1000, seed: int = 0, confidence: float = .95) -> AA:
    """How often metrics give a false alarm on one's own history, where there is nothing to be found.

    data, metrics, user, cluster : as `compare()` takes them; no arms, for they are drawn here, `draws` times.
    arms, split : how many arms, and the share of each. With three or more, an alarm is any that is left after Dunnett.

    Where `user` or `cluster` have several rows, each metric is also compared as if each row had been drawn: that shows
    what telling it is worth. `.frame` has the columns `metric, unit, false_positives, low, high` (Wilson's interval),
    `draws, p_uniform` (Kolmogorov and Smirnov's test that p is as often below .3 as it says, and so on; none for a
    rate, whose counts leave p only so many values), `n, method`.

    Raises UsageError for arguments and for quantiles, which no sums tell; DataError for data that are too few.

    >>> from engagelab.metrics.nouns import mean
    >>> random = np.random.RandomState(3)
    >>> visits = pd.DataFrame({"user": np.arange(2000) // 5, "spend": np.repeat(random.gamma(2, 10, 400), 5)})
    >>> aa(visits, mean("spend"), user="user", draws=200).frame[["unit", "false_positives", "n"]]
       unit  false_positives     n
    0   row            0.415  2000
    1  user            0.045   400
    """
    nouns = nouns_of(metrics)
    shares = _checked(arms, split, draws, seed, confidence)
    for noun in nouns.values():
        if isinstance(noun, Quantile):
            raise UsageError("aa.quantile", noun=noun.name)
    columns, unit = Columns(source(data)), cluster or user
    if unit:
        columns.reads["u0"] = sql.Read(column_of(unit, columns.source.types), "user")
    made = [read_metric(name, noun, columns) for name, noun in nouns.items()]
    moments(View(columns), [metric.plain for metric in made])  # which refuses what is off the scale
    codes, values = _rows(columns, made, unit)
    names = tuple(str(i) for i in range(len(shares)))
    drawn = int(codes.max(initial=-1)) + 1
    if drawn < 2 * len(shares):
        raise DataError("aa.few", n=drawn, arms=len(shares))
    several = drawn < len(codes)
    kinds = [Units(), *([Units("cluster" if cluster else "user", unit)] if several else [])]
    ways = [_way(Trial(names, (metric,), kind, View(columns), [], (), None, {}, confidence, (), columns.source), own,
                 codes, drawn)
            for metric, own in zip(made, values, strict=True) for kind in kinds]
    p = _simulated(ways, np.asarray(shares), drawn, draws, seed)
    frame = pd.DataFrame([_row(way, of_draws, draws, confidence) for way, of_draws in zip(ways, p, strict=True)])
    return AA(frame, tuple(_said(row, unit, several, confidence) for row in frame.to_dict("records")))


def _checked(arms: int, split: Sequence[float] | None, draws: int, seed: int, confidence: float) -> list[float]:
    """The share of each arm."""
    z_value(confidence)
    for name, value, least in (("arms", arms, 2), ("draws", draws, LEAST), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError("aa.whole", name=name, least=least, value=repr(value))
    shares = [1.0] * arms if split is None else list(split)
    if len(shares) != arms or not all(isinstance(share, int | float) and 0 < share < np.inf for share in shares):
        raise UsageError("aa.split", arms=arms, value=repr(split))
    return [share / sum(shares) for share in shares]


def _rows(columns: Columns, metrics: Sequence[Metric], unit: str | None) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which of the drawn each row belongs to, and the values of each metric, NaN where one of them is not known."""
    picked, places = ["u0" if unit else "1 AS u0"], []
    for metric in metrics:
        asked, known = values_of(metric, columns), metric.plain.values
        there = " AND ".join([*([f"({metric.plain.scope})"] if metric.plain.scope else []),
                              *(f"{value} IS NOT NULL" for value in asked[:len(known)])])
        places.append(range(len(picked), len(picked) + len(asked)))
        picked += [f"CASE WHEN {there} THEN {value} END AS m{len(picked) + i}" for i, value in enumerate(asked)]
    table = View(columns, where="u0 IS NOT NULL" if unit else "").plain(f"SELECT {', '.join(picked)} FROM events")
    codes = pd.factorize(table["u0"], sort=True)[0] if unit else np.arange(len(table))
    return codes, [table.iloc[:, list(place)].to_numpy("float64", na_value=np.nan) for place in places]


def _way(trial: Trial, values: np.ndarray, codes: np.ndarray, drawn: int) -> _Way:
    known = ~np.isnan(values).any(axis=1)
    if trial.units.counted:
        held = np.where(known[:, None], np.column_stack([values, np.ones(len(values))]), 0.0)
        values = np.column_stack([np.bincount(codes, column, drawn) for column in held.T])
        known, codes = values[:, -1] > 0, np.arange(drawn)
    middle = values[known].mean(axis=0) if known.any() else np.zeros(values.shape[1])
    apart = np.where(known[:, None], values - middle, 0.0)
    one, other = np.triu_indices(apart.shape[1])
    columns = [np.ones(len(apart)), known * 1.0, *apart.T, *(apart[:, one] * apart[:, other]).T]
    return _Way(trial, middle, np.array([np.bincount(codes, column, drawn) for column in columns]))


def _simulated(ways: Sequence[_Way], shares: np.ndarray, drawn: int, draws: int, seed: int) -> list[np.ndarray]:
    """The p of each draw, way by way."""
    random = np.random.RandomState(seed)
    edges = np.rint(np.cumsum(shares) * drawn).astype(int)
    arms = np.repeat(np.arange(len(shares)), np.diff(edges, prepend=0))
    found: list[list[Arms]] = [[] for _ in ways]
    for _ in range(draws):
        arm = random.permutation(arms)
        for own, way in zip(found, ways, strict=True):
            own.append(_arms(way, arm, len(shares)))
    if len(shares) == 2:
        return [each_p([Pair(one, 1, "newcombe") for one in own]) for own in found]
    return [np.array([_any(one) for one in own]) for own in found]


def _any(arms: Arms) -> float:
    """The least of the p of all arms but the control, corrected for how many they are."""
    pairs = [Pair(arms, i, "newcombe") for i in range(1, len(arms.value))]
    t = [pair.t(pair.p()) if pair.known else np.nan for pair in pairs]
    p = dunnett_p(t, [pair.df for pair in pairs], [pair.share for pair in pairs])
    return float(np.nanmin(p)) if not np.isnan(p).all() else np.nan


def _arms(way: _Way, arm: np.ndarray, size: int) -> Arms:
    place = np.arange(size)
    return arms_of(way.trial, Cells(place, 0 * place, 0 * place, [""], [_sums(way, arm, size)]), 0)


def _sums(way: _Way, arm: np.ndarray, size: int) -> Sums:
    """The moments of each arm from what is in it."""
    rows, n, *rest = (np.bincount(arm, part, size) for part in way.parts)
    k = len(way.middle)
    with np.errstate(invalid="ignore", divide="ignore"):
        off, products = np.array(rest[:k]).T / n[:, None], np.array(rest[k:]).T / n[:, None]
    cov = np.empty((size, k, k))
    one, other = np.triu_indices(k)
    cov[:, one, other] = cov[:, other, one] = products - off[:, one] * off[:, other]
    mean = way.middle + off
    totals = mean * n[:, None]
    return Sums(rows, n, n, n, n, mean, cov, totals, np.rint(totals))


def _row(way: _Way, p: np.ndarray, draws: int, confidence: float) -> dict[str, Any]:
    from scipy.special import kolmogorov

    known = np.sort(p[~np.isnan(p)])
    alarms = int((known < 1 - confidence).sum()) if len(known) else np.nan
    low, high = wilson(alarms, draws)
    steps = np.arange(len(known) + 1) / max(len(known), 1)
    apart = max(np.max(steps[1:] - known, initial=0), np.max(known - steps[:-1], initial=0))
    arms = _arms(way, np.zeros(way.parts.shape[1], dtype=int), 1)
    return {"metric": way.trial.metrics[0].name, "unit": way.trial.units.column or "row",
            "false_positives": alarms / draws, "low": float(low), "high": float(high), "draws": draws,
            "p_uniform": float(kolmogorov(apart * np.sqrt(len(known)))) if len(known) and arms.method else np.nan,
            "n": int(arms.n.sum()), "method": arms.method or words.text("compare.newcombe")}


def _unit(name: str) -> str:
    return words.text("aa.row") if name == "row" else name


def _said(row: Mapping[Any, Any], unit: str | None, several: bool, confidence: float) -> str:
    """Whether the metric may be compared so, and what to do if not."""
    wanted = 1 - confidence
    if np.isnan(row["false_positives"]):
        verdict = "nothing"
    elif row["low"] > wanted:
        verdict = "rows" if several and row["unit"] == "row" else "many"
    else:
        verdict = "few_alarms" if row["high"] < wanted else "right"
    return words.text(f"aa.{verdict}", metric=metric_name(row["metric"]), unit=_unit(row["unit"]),
                      share=shown(row["false_positives"], "share"), wanted=shown(wanted, "share"), user=repr(unit))
