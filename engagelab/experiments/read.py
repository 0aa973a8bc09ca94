"""What the units of each arm say: the moments of every metric by arm, segment and time.

Rows are read in one pass where each is a unit of its own. Where a customer or a shop has several rows, they are summed
to it first, and a mean over rows becomes a ratio of two means over units, linearised (Deng, Knoblich and Lu 2018, KDD,
"Applying the Delta Method in Metric Analytics"). The rest of the room works on the small tables that come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of, near
from engagelab.experiments.units import Metric, Units, asks_of, metric_of, of_units, summed, with_gaps
from engagelab.metrics.answer import labels
from engagelab.metrics.nouns import Estimates, Noun, Quantile
from engagelab.metrics.quantiles import quantiles
from engagelab.summaries import periods, sql
from engagelab.summaries.alike import check_sums
from engagelab.summaries.engine import Source, source
from engagelab.summaries.moments import Ask, Sums, merge, moments
from engagelab.summaries.view import Columns, View, span

STAMPS = ("TIMESTAMP", "DATE")


@dataclass(frozen=True)
class Cells:
    """Moments of every metric, a row a cell: which arm, stratum and group (a segment, a day) each cell is of.

    The values of a metric are followed by its covariates and by a flag for each that is missing somewhere; then, where
    units have several rows or weights, by their number. `levels` are the estimates of quantiles; `gaps`, of each metric
    that some rows of units lack, how many rows of a unit do, of how many, and whether any does.
    """

    arm: np.ndarray
    stratum: np.ndarray
    group: np.ndarray
    labels: list[str]
    sums: list[Sums]
    levels: list[Estimates | None] = field(default_factory=list)
    gaps: Mapping[int, Sums] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """An experiment as it was read: arms (the control first), metrics, units; `cells()` gives their moments."""

    arms: tuple[str, ...]
    metrics: tuple[Metric, ...]
    units: Units
    view: View                 # by_1 is the arm, by_2 the stratum if there is one, then segments, then time
    asks: list[Ask]            # of the metrics, then of what rows of units lack
    dims: tuple[str, ...]      # the caller's names of what the view is grouped by
    every: str | None          # the period of the last of them, where it is a stamp
    combine: Mapping[str, str]
    confidence: float
    notes: tuple[str, ...]
    given: Source              # the data as they came
    once: tuple[pd.DataFrame, list[Sums]] | None = field(default=None, repr=False)  # what reading it once has given
    lacking: tuple[int, ...] = ()  # the metrics that some rows of units lack

    def cells(self, dim: str | None = None, *, until: int | None = None) -> Cells:
        """The cells of all units, or by one of `dims`; `until`: what was there when the last had that rank."""
        places = [1, *([2] if self.units.stratum else []), *([self.dims.index(dim) + 1] if dim else [])]
        places = list(dict.fromkeys(places))  # the dim may be the stratum
        if self.units.kind == "row":
            table, sums = self._finest
            kept = table[f"rank_{len(self.dims)}"].to_numpy() <= until if until else np.ones(len(table), dtype=bool)
            view, at = self.view.grouped([f"by_{i}" for i in places]), places
            if until and any(isinstance(metric.noun, Quantile) for metric in self.metrics):
                view = replace(view, where=" AND ".join(filter(None, (view.where, self._until(until)))))
        else:
            view = replace(self.view, by=tuple(f"by_{i}" for i in places), where=self._until(until) if until else "")
            table, sums, _ = moments(*summed(view, self.asks))
            kept, at = np.ones(len(table), dtype=bool), list(range(1, len(places) + 1))
        period = self.every if dim == self.dims[-1] else None
        return self._merged(table[kept].reset_index(drop=True), [taken(one, kept) for one in sums], view, at, period,
                            grouped=dim is not None)

    @cached_property
    def _finest(self) -> tuple[pd.DataFrame, list[Sums]]:
        return self.once or moments(self.view, self.asks)[:2]

    @cached_property
    def _times(self) -> list[Any]:
        """The values of the last of the dims, in their order."""
        last = f"by_{len(self.dims)}"
        return list(self.view.plain(f"SELECT {last} AS value FROM events WHERE {last} IS NOT NULL "
                                    f"GROUP BY {last} ORDER BY {last}")["value"])

    def _until(self, rank: int) -> str:
        """SQL of what was there when the last of the dims had this rank."""
        return f"{self.view.period or f'by_{len(self.dims)}'} IN ({', '.join(map(_literal, self._times[:rank]))})"

    @cached_property
    def times(self) -> int:
        """How many values the last of the dims has."""
        if self.units.kind != "row":
            return len(self._times)
        table = self._finest[0]
        return int(table.loc[table[f"key_{len(self.dims)}"].notna(), f"rank_{len(self.dims)}"].nunique())

    def _merged(self, table: pd.DataFrame, sums: list[Sums], view: View, at: list[int], period: str | None, *,
                grouped: bool) -> Cells:
        arms = [self.combine.get(label, label) for label in labels(table, at[0], None, 1)]
        arm = np.array([self.arms.index(label) if label in self.arms else -1 for label in arms], dtype=int)
        zero = np.zeros(len(table))
        stratum = table[f"rank_{at[1]}"].to_numpy() if self.units.stratum else zero
        group = table[f"rank_{at[-1]}"].to_numpy() if grouped else zero
        there = arm >= 0
        first, codes = np.unique(np.column_stack([arm, stratum, group])[there], axis=0, return_inverse=True)
        named = labels(table, at[-1], period, 1) if grouped else []
        order = {rank: label for rank, label in zip(group[there], np.array(named, dtype=object)[there], strict=True)
                 } if grouped else {0.0: ""}
        ranks = sorted(order)
        made = [merge(taken(one, there), codes.ravel(), len(first)) for one in sums]
        many = len(self.metrics)
        return Cells(first[:, 0].astype(int), first[:, 1], np.searchsorted(ranks, first[:, 2]),
                     [order[rank] for rank in ranks], made[:many],
                     [self._levels(metric, view, table, first, at, grouped) for metric in self.metrics],
                     dict(zip(self.lacking, made[many:], strict=True)))

    def _levels(self, metric: Metric, view: View, table: pd.DataFrame, cells: np.ndarray, at: list[int],
                grouped: bool) -> Estimates | None:
        """The quantiles of each cell, each of which is one group of the data."""
        if not isinstance(metric.noun, Quantile):
            return None
        own = {self.combine.get(label, label): rank for label, rank in zip(
            labels(table, at[0], None, 1), table[f"rank_{at[0]}"].rank(method="dense").astype(int), strict=True)}
        places = pd.DataFrame({"rank_1": [own[self.arms[arm]] for arm in cells[:, 0].astype(int)]})
        if grouped:
            places["rank_2"] = cells[:, 2].astype("int64")
        return quantiles(view, metric.noun, places, self.confidence)[0]


def read(data: Any, nouns: Mapping[str, Noun], *, arm: str, control: object, by: Sequence[str], over: str | None,
         tz: str | None, units: Units, combine: Mapping[str, Sequence[str]], confidence: float) -> Trial:
    """The experiment in `data`: see `compare`."""
    table = source(data)
    named = [arm, *([units.stratum] if units.stratum else []), *by, *([over] if over else [])]
    view = grouped(table, named, over, tz)
    columns = view.columns
    if units.column:
        columns.reads["u0"] = sql.Read(column_of(units.column, table.types), "user")
    if units.weights:
        columns.reads["w0"] = sql.Read(column_of(units.weights, table.types), "number")
    metrics = [metric_of(name, noun, columns) for name, noun in nouns.items()]
    view, every = replace(view, weighted=bool(units.weights)), "day" if view.period else None
    check_sums(view, named)
    simple = units.column is None and units.weights is None
    metrics, found = _in_one_pass(view, metrics) if simple else ([with_gaps(one, columns) for one in metrics], None)
    arms, back, notes = arms_in(found[0] if found else arm_sizes(view), arm, control, combine)
    together = "combine=" if back else f"Design(strata={units.stratum!r})" if units.stratum else ""
    if together and (quantile := next((noun.name for noun in nouns.values() if isinstance(noun, Quantile)), "")):
        raise UsageError("compare.quantile_together", noun=quantile, how=together)
    view, asks, lacking, units, more = of_units(view, metrics, units, arm)
    return Trial(arms, tuple(metrics), units, view, asks, tuple(named), every, back, confidence,
                 (*notes, *more), table, found, lacking)


def _in_one_pass(view: View, metrics: Sequence[Metric]) -> tuple[list[Metric], tuple[pd.DataFrame, list[Sums]]]:
    """The metrics and their moments; read again only where a covariate turns out to be missing somewhere."""
    columns = list(dict.fromkeys(column for metric in metrics for column in metric.covariates))
    asks = [*asks_of(metrics, view.columns), *(Ask((), known=view.columns.number(column)) for column in columns)]
    table, sums, _ = moments(view, asks)
    lacking = {column for column, one in zip(columns, sums[len(metrics):], strict=True) if (one.rows > one.n).any()}
    if lacking:
        metrics = [replace(metric, incomplete=tuple(column for column in metric.covariates if column in lacking))
                   for metric in metrics]
        table, sums, _ = moments(view, asks_of(metrics, view.columns))
    return list(metrics), (table, sums[:len(metrics)])


def grouped(table: Source, named: Sequence[str], over: str | None, tz: str | None) -> View:
    """The table by these columns, the last of which may be stamps, that are taken by their days."""
    columns = Columns(table)
    stamped = over is not None and table.types[column_of(over, table.types)].upper().startswith(STAMPS)
    for i, name in enumerate(named, 1):
        if not (stamped and i == len(named)):
            columns.reads[f"by_{i}"] = sql.Read(column_of(name, table.types), "key")
    when = span(columns, over, every="day", since=None, until=None, tz=tz) if stamped and over else None
    return View(columns, tuple(f"by_{i}" for i in range(1, len(named) + 1)),
                periods.index("day", f"({when.local})", 1) if when else "")


def arm_sizes(view: View) -> pd.DataFrame:
    """How many rows there are of each arm."""
    return View(view.columns, ("by_1",)).query("SELECT\n    /*by*/\n    count(*) AS n_rows\nFROM events\n"
                                               "GROUP BY /*by*/ ()")[0]


def arms_in(found: pd.DataFrame, arm: str, control: object, combine: Mapping[str, Sequence[str]]
            ) -> tuple[tuple[str, ...], dict[str, str], list[str]]:
    """The arms of a table of groups, the control first; of which each is a part; and what has to be said."""
    known = found["key_1"].fillna("").str.strip().ne("").to_numpy()  # blank text is no arm
    there = list(np.array(labels(found, 1, None, 1), dtype=object)[known])
    if not there:
        raise DataError("checks.no_arms", column=repr(arm))
    notes = [] if known.all() else [words.text("compare.note_no_arm", n=int(found.loc[~known, "n_rows"].sum()),
                                               column=repr(arm))]
    if not isinstance(combine, Mapping):
        raise UsageError("compare.combine", told=repr(combine))
    back = {written(part): str(name) for name, parts in combine.items()
            for part in ([parts] if isinstance(parts, str) else parts)}
    twice = sum(1 if isinstance(parts, str) else len(list(parts)) for parts in combine.values()) > len(back)
    own = [name for name in map(str, combine) if name in there and back.get(name) != name]
    if twice or own:  # an arm in two groups, or a group called as an arm that it does not hold
        raise UsageError("compare.combine_twice", told=repr(dict(combine)))
    for part in back:
        _one_of_arms("combine", part, there, arm)
    arms = list(dict.fromkeys(back.get(label, label) for label in there))
    first = written(control)
    _one_of_arms("control", first, arms, arm)
    for i, one in enumerate(arms):
        if like := [other for other in arms[:i] if other.strip().casefold() == one.strip().casefold()]:
            raise DataError("compare.alike", column=repr(arm), one=repr(like[0]), other=repr(one))
    if len(arms) < 2:
        raise DataError("compare.one_arm", column=repr(arm), arm=repr(first))
    return (first, *(label for label in arms if label != first)), back, notes


def written(arm: object) -> str:
    """An arm that the caller names, as it stands in the table."""
    return str(arm).lower() if isinstance(arm, bool | np.bool_) else str(arm)


def _one_of_arms(name: str, value: str, arms: Sequence[str], column: str) -> None:
    if value not in arms:
        raise DataError("compare.no_arm", name=name, value=repr(value), column=repr(column),
                        arms=words.joined(map(repr, arms[:20])) + near(value, arms))


def _literal(value: Any) -> str:
    return sql.text_literal(value) if isinstance(value, str) else sql.literal(int(value) if value == int(value)
                                                                              else float(value))


def taken(sums: Sums, kept: np.ndarray) -> Sums:
    """The moments of some of the groups."""
    return sums if kept.all() else Sums(**{name: getattr(sums, name)[kept] for name in Sums.__dataclass_fields__})
