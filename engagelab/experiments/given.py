"""A comparison from ready-made moments, as platforms for A/B tests export them: count, mean and variance of each arm.

Nothing is computed a second way: the moments take the place of those that `read` sums up, and all else is `compare`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.experiments.compare import compared, settled
from engagelab.experiments.comparison import Comparison
from engagelab.experiments.over import in_order
from engagelab.experiments.read import Cells, Metric, Trial, Units, arm_sizes, arms_in, grouped, taken
from engagelab.metrics.answer import grouping, labels
from engagelab.metrics.measure import named
from engagelab.metrics.nouns import Favourable, Mean, Noun, Rate
from engagelab.summaries import sql
from engagelab.summaries.engine import Source, source
from engagelab.summaries.moments import Ask, Sums
from engagelab.summaries.view import View

MOST, LARGEST = 2.0**53, 1e150  # whole numbers up to here; too large to square
REVISED = .01  # of cumulative units may be taken back later, as platforms do when they clean their counts
WHOLE, DIGITS = .01, 1e-6  # how far counts may be off for rounding: of a count, and of the mean it is made from
Told = tuple[np.ndarray, np.ndarray, np.ndarray]
BODY = ("SELECT\n    /*by*/\n    count(*) AS n_rows, min({n}) AS n, min({mean}) AS mean, min({spread}) AS spread\n"
        "FROM events\nGROUP BY /*by*/ ()")


@dataclass(frozen=True)
class Given(Trial):
    """An experiment whose moments were given: of each moment for itself, or of all up to it (`cumulative`)."""

    cumulative: bool = False

    def cells(self, dim: str | None = None, *, until: int | None = None) -> Cells:
        """The cells of all units, or by one of `dims`; of cumulative moments the last that are wanted.

        By the time itself cumulative moments have no units: what came at one of them cannot be told.
        """
        if not self.cumulative:
            return super().cells(dim, until=until)
        table, given = self._finest
        sums = [replace(one, n=0 * one.n, weight=0 * one.weight, counts=0 * one.counts) for one in given]
        if dim != self.dims[-1]:
            at = (table[f"rank_{len(self.dims)}"] == (until or self.times)).to_numpy()
            table, sums = table[at].reset_index(drop=True), [taken(one, at) for one in given]
        return replace(self, cumulative=False, once=(table, sums)).cells(dim)


def from_moments(data: Any, *, control: object, arm: str = "arm", metric: str = "metric", n: str = "n",
                 mean: str = "mean", variance: str | None = None, sd: str | None = None, se: str | None = None,
                 by: str | Sequence[str] | None = None, over: str | None = None, cumulative: bool = False,
                 nouns: Mapping[str, Noun] | None = None, plan: Any = None,
                 look: int | Sequence[float] | None = None,
                 peek: bool = False, primary: str | None = None, correct: str | None = None,
                 combine: Mapping[str, Sequence[str]] | None = None, split: Mapping[str, float] | None = None,
                 rates: str = "newcombe", units: Mapping[str, str] | None = None, confidence: float | None = None
                 ) -> Comparison:
    """Compare arms whose moments were computed elsewhere.

    data : a row a metric and arm, and segment and moment where `by` and `over` are told; a frame, file or query.
    n, mean : columns of the number of units and of their mean. variance, sd, se : a column of the variance of single
        units (over n - 1), of their standard deviation, or of the standard error of the mean; "variance" if none is
        named. Where it is missing there is no interval.
    cumulative : the moments of each row of `over` are of all units up to it.
    nouns : of a metric, `el.rate(...)`, `el.mean(...)` or `el.csat(...)` for its direction and margin; a rate is
        compared by its counts. A mean, higher being better, unless told.

    All else is as in `compare`. A cumulative table does not tell what each moment brought, so it gives no trend.

    Raises UsageError for arguments; DataError for moments that cannot be: a count that is not whole or below 0, a
    negative variance, a rate outside 0 to 1, a row twice, a metric without one of the arms.

    >>> from engagelab.metrics.nouns import rate
    >>> shop = pd.DataFrame({"arm": ["A", "B"] * 2, "metric": ["spend", "spend", "buys", "buys"], "n": 1000,
    ...                      "mean": [20.0, 21.5, .1, .14], "variance": [225, 225, .09, .12]})
    >>> for line in from_moments(shop, control="A", nouns={"buys": rate("buys")}).say():
    ...     print(line)
    buys, B against A: 14.0% against 10.0%, +4.0 pp (+0.74 pp to +7.3 pp): better
    spend, B against A: 21.50 against 20.00, +1.50 (−0.0047 to +3.00): no difference shown
    """
    rules = settled(plan, look, peek, correct=correct, primary=primary, confidence=confidence, split=split, rates=rates)
    if cumulative and over is None:
        raise UsageError("given.cumulative")
    nouns, groups = named(nouns) if nouns else {}, grouping(by, arm, metric, over)
    table, keys = source(data), [arm, *groups, *([over] if over else [])]
    spread = _spread(table, nouns, {"variance": variance, "sd": sd, "se": se})
    view = grouped(table, keys, over, None)
    found = _rows(view, table, [metric, n, mean, spread[1]], nouns)
    _check(found, keys, [metric, n, mean, spread[1]], nouns)
    if cumulative and over:
        _follows(found, len(keys) + 1, over)
    arms, back, notes = arms_in(arm_sizes(view), arm, control, combine or {})
    cells, moments = _laid(found, len(keys), cumulative)
    metrics = [Metric(name, _noun(name, nouns), Ask((name,))) for name in moments]
    sums = [_sums(*moments[each.name], spread[0], isinstance(each.noun, Rate | Favourable)) for each in metrics]
    trial = Given(arms, tuple(metrics), Units(), view, [], tuple(keys), "day" if view.period else None,
                  back, rules.confidence, tuple(notes + _notes(found, over, cumulative)), table, (cells, sums),
                  cumulative=cumulative)
    _all_there(trial)
    return compared(trial, rules, by=groups, over=over, plan=plan, units=units or {})


def _spread(table: Source, nouns: Mapping[str, Noun], told: Mapping[str, str | None]) -> tuple[str, str | None]:
    """What is told of the spread, and in which column; rates need none."""
    named = [(kind, column) for kind, column in told.items() if column]
    if len(named) > 1:
        raise UsageError("given.one_spread")
    if named:
        return named[0]
    only_rates = bool(nouns) and all(isinstance(noun, Rate) for noun in nouns.values())
    return "variance", None if only_rates and "variance" not in table.types else "variance"


def _rows(view: View, table: Source, columns: Sequence[str | None], nouns: Mapping[str, Noun]) -> pd.DataFrame:
    """The moments with their keys and ranks, a row a metric and cell, the metrics in the order of their nouns."""
    own = view.columns
    own.reads["k0"] = sql.Read(column_of(str(columns[0]), table.types), "key")
    n, mean, spread = (own.number(column_of(one, table.types)) if one else "CAST(NULL AS DOUBLE)"
                       for one in columns[1:])
    found = replace(view, by=("k0", *view.by)).query(BODY.format(n=n, mean=mean, spread=spread))[0]
    if found.empty:
        raise DataError("given.nothing")
    names = labels(found, 1, None, 1)
    for name in nouns:
        one_of("nouns", name, dict.fromkeys(names))
    order = {name: place for place, name in enumerate(dict.fromkeys([*nouns, *names]))}
    found = found.assign(name=names, place=[order[name] for name in names])
    numbers = {column: found[column].to_numpy("float64", na_value=np.nan) for column in ("n", "mean", "spread")}
    return found.assign(**numbers).sort_values("place", kind="stable", ignore_index=True)


def _check(found: pd.DataFrame, named: Sequence[str], columns: Sequence[str | None], nouns: Mapping[str, Noun]) -> None:
    """Refuse moments that cannot be."""
    n, mean, spread = (found[column].to_numpy() for column in ("n", "mean", "spread"))
    some, counts = n > 0, n * mean
    rates = found["name"].map(lambda name: isinstance(nouns.get(name), Rate | Favourable)).to_numpy(dtype=bool)
    off = np.abs(counts - np.round(np.nan_to_num(counts))) > np.maximum(WHOLE, DIGITS * n)
    for key, column, wrong in (
            ("twice", "n_rows", (found["n_rows"] > 1).to_numpy()), ("no_key", "name", found["key_1"].isna().to_numpy()),
            ("no_count", "n", ~((n >= 0) & (n < MOST) & (n == np.floor(n)))),
            ("no_mean", "mean", some & ~(np.abs(mean) < LARGEST)),
            ("no_spread", "spread", (spread < 0) | (spread > LARGEST)),
            ("no_share", "mean", rates & some & ((mean < 0) | (mean > 1))), ("not_whole", "mean", rates & some & off)):
        if wrong.any():
            row = found[wrong].iloc[0]
            where = [f"{columns[0]} {row['name']!r}", *(
                f"{name} {row[f'key_{i}']!r}" for i, name in enumerate(named, 2))]
            theirs = dict(zip(("name", "n", "mean", "spread"), columns, strict=True)).get(column)
            raise DataError(f"given.{key}", where=words.joined(where), column=repr(theirs), value=f"{row[column]}",
                            n=int(wrong.sum()), counted=f"{row['n'] * row['mean']:g}")


def _follows(found: pd.DataFrame, last: int, over: str) -> None:
    """Refuse cumulative moments of no time, and those of fewer units than the ones before."""
    if found[f"key_{last}"].isna().any():
        raise DataError("over.undated_rows", column=repr(over))
    in_order(found.drop_duplicates(f"rank_{last}").sort_values(f"rank_{last}")[f"key_{last}"].tolist(), over)
    rows = found.sort_values(f"rank_{last}", kind="stable")
    n = rows.groupby(["name", *(f"rank_{i}" for i in range(2, last))])["n"]
    fewer = n.diff() < -REVISED * n.shift()
    if fewer.any():
        row = rows[fewer].iloc[0]
        raise DataError("given.falls", metric=repr(row["name"]), column=repr(over), value=repr(row[f"key_{last}"]),
                        n=int(row["n"]))


def _laid(found: pd.DataFrame, depth: int, cumulative: bool) -> tuple[pd.DataFrame, dict[str, Told]]:
    """The cells with their keys and ranks, and of each metric n, mean and spread in them.

    A cumulative moment that a metric lacks is the one before: nothing new was told.
    """
    ranks = [f"rank_{i}" for i in range(2, depth + 2)]
    keys = {rank: dict(zip(found[rank], found[rank.replace("rank", "key")], strict=True)) for rank in ranks}
    places = found[ranks].drop_duplicates().sort_values(ranks, ignore_index=True)
    if cumulative:
        times = places[ranks[-1:]].drop_duplicates().sort_values(ranks[-1])
        places = places[ranks[:-1]].drop_duplicates().merge(times, how="cross")
    cells = pd.DataFrame({f"{kind}_{i}": places[rank].map(keys[rank]) if kind == "key" else places[rank]
                          for i, rank in enumerate(ranks, 1) for kind in ("key", "rank")})
    out = {}
    for name, rows in found.groupby("name", sort=False):
        held = places.merge(rows[[*ranks, "n", "mean", "spread"]], on=ranks, how="left")
        if cumulative:
            held = held.groupby(ranks[:-1])[["n", "mean", "spread"]].ffill()
        out[str(name)] = held["n"].fillna(0).to_numpy(), held["mean"].to_numpy(), held["spread"].to_numpy()
    return cells, out


def _noun(name: str, nouns: Mapping[str, Noun]) -> Noun:
    """The metric's noun, if one mean and its variance are all that it needs."""
    noun = nouns.get(name, Mean(name))
    if not isinstance(noun, Mean | Rate | Favourable) or noun.adjust:
        raise UsageError("given.noun", metric=repr(name), noun=noun.name)
    return noun


def _sums(n: np.ndarray, mean: np.ndarray, spread: np.ndarray, kind: str = "variance", counted: bool = False) -> Sums:
    """The moments as `moments` gives them."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if counted:
            counts = np.where(n > 0, np.round(n * mean), 0.0)
            mean = counts / n
            within = mean * (1 - mean)
        else:
            counts, single = np.full(len(n), np.nan), {"variance": spread, "sd": spread**2, "se": spread**2 * n}[kind]
            within = np.where(n > 1, single * (n - 1) / n, 0.0)
    whole = n.astype("int64")
    return Sums(whole, whole, whole, n, n, mean[:, None], within[:, None, None], (n * mean)[:, None], counts[:, None])


def _notes(found: pd.DataFrame, over: str | None, cumulative: bool) -> list[str]:
    """Where there is no variance, and what cumulative moments do not tell."""
    lacking = int(((found["n"] > 1) & found["spread"].isna()).sum()) if found["spread"].notna().any() else 0
    return [words.text("given.lacking", n=lacking)] * (lacking > 0) + [
        words.text("given.no_moments", column=repr(over))] * cumulative


def _all_there(trial: Given) -> None:
    """Refuse a metric of which an arm is not there at all."""
    cells = trial.cells()
    for metric, sums in zip(trial.metrics, cells.sums, strict=True):
        n = np.bincount(cells.arm, sums.n, len(trial.arms))
        if not n.all():
            raise DataError("given.no_arm", metric=repr(metric.name), arm=repr(trial.arms[int(np.argmin(n))]))
