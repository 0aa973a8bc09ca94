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
class Units:
    """What was drawn by lot, and how: the columns of unit, stratum and weight, where there are any."""

    kind: str = "row"  # "row", "user" or "cluster"
    column: str | None = None
    stratum: str | None = None
    weights: str | None = None

    @property
    def counted(self) -> bool:
        """Whether the last value of each unit is its number of rows, or their weight."""
        return self.kind != "row" or self.weights is not None


@dataclass(frozen=True)
class Cells:
    """Moments of every metric, a row a cell: which arm, stratum and group (a segment, a day) each cell is of.

    The values of a metric are followed by its covariates and by a flag for each that is missing somewhere; then, where
    units have several rows or weights, by their number. `levels` are the estimates of quantiles.
    """

    arm: np.ndarray
    stratum: np.ndarray
    group: np.ndarray
    labels: list[str]
    sums: list[Sums]
    levels: list[Estimates | None] = field(default_factory=list)


@dataclass(frozen=True)
class Metric:
    """A metric and what was read for it."""

    name: str
    noun: Noun
    plain: Ask
    covariates: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()  # covariates that are missing somewhere: each has a flag


@dataclass(frozen=True)
class Trial:
    """An experiment as it was read: arms (the control first), metrics, units; `cells()` gives their moments."""

    arms: tuple[str, ...]
    metrics: tuple[Metric, ...]
    units: Units
    view: View                 # by_1 is the arm, by_2 the stratum if there is one, then segments, then time
    asks: list[Ask]
    dims: tuple[str, ...]      # the caller's names of what the view is grouped by
    every: str | None          # the period of the last of them, where it is a stamp
    combine: Mapping[str, str]
    confidence: float
    notes: tuple[str, ...]
    given: Source              # the data as they came
    once: tuple[pd.DataFrame, list[Sums]] | None = field(default=None, repr=False)  # what reading it once has given

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
            table, sums, _ = moments(*_summed(view, self.asks))
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
        return Cells(first[:, 0].astype(int), first[:, 1], np.searchsorted(ranks, first[:, 2]),
                     [order[rank] for rank in ranks], made,
                     [self._levels(metric, view, table, first, at, grouped) for metric in self.metrics])

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
    metrics = [_metric(name, noun, columns) for name, noun in nouns.items()]
    view, every = replace(view, weighted=bool(units.weights)), "day" if view.period else None
    check_sums(view, named)
    simple = units.column is None and units.weights is None
    metrics, found = _in_one_pass(view, metrics) if simple else ([_with_gaps(one, columns) for one in metrics], None)
    arms, back, notes = arms_in(found[0] if found else arm_sizes(view), arm, control, combine)
    together = "combine=" if back else f"Design(strata={units.stratum!r})" if units.stratum else ""
    if together and (quantile := next((noun.name for noun in nouns.values() if isinstance(noun, Quantile)), "")):
        raise UsageError("compare.quantile_together", noun=quantile, how=together)
    view, asks, units, more = _of_units(view, metrics, units, arm)
    return Trial(arms, tuple(metrics), units, view, asks, tuple(named), every, back, confidence,
                 (*notes, *more), table, found)


def _in_one_pass(view: View, metrics: Sequence[Metric]) -> tuple[list[Metric], tuple[pd.DataFrame, list[Sums]]]:
    """The metrics and their moments; read again only where a covariate turns out to be missing somewhere."""
    columns = list(dict.fromkeys(column for metric in metrics for column in metric.covariates))
    asks = [*_asks(metrics, view.columns), *(Ask((), known=view.columns.number(column)) for column in columns)]
    table, sums, _ = moments(view, asks)
    lacking = {column for column, one in zip(columns, sums[len(metrics):], strict=True) if (one.rows > one.n).any()}
    if lacking:
        metrics = [replace(metric, incomplete=tuple(column for column in metric.covariates if column in lacking))
                   for metric in metrics]
        table, sums, _ = moments(view, _asks(metrics, view.columns))
    return list(metrics), (table, sums[:len(metrics)])


def _asks(metrics: Sequence[Metric], columns: Columns) -> list[Ask]:
    """What is asked of rows that are units."""
    return [replace(metric.plain, values=tuple(values_of(metric, columns)), known="") if metric.covariates
            else metric.plain for metric in metrics]


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


def read_metric(name: str, noun: Noun, columns: Columns) -> Metric:
    """The metric with its covariates, and which of these are missing somewhere."""
    return _with_gaps(_metric(name, noun, columns), columns)


def _metric(name: str, noun: Noun, columns: Columns) -> Metric:
    """The metric with its covariates."""
    itself = [column for column in noun.adjust
              if column in {getattr(noun, part, None) for part in ("column", "numerator", "denominator")}]
    if itself:
        raise UsageError("compare.adjust_itself", metric=repr(name), column=repr(itself[0]))
    return Metric(name, noun, noun.ask(columns), tuple(noun.adjust))


def _with_gaps(metric: Metric, columns: Columns) -> Metric:
    """The metric, with the covariates that are missing somewhere named."""
    if not metric.covariates:
        return metric
    ours = [columns.number(column) for column in metric.covariates]
    gaps = View(columns).plain("SELECT " + ", ".join(f"count(*) - count({x}) AS {x}" for x in ours) + " FROM events")
    return replace(metric, incomplete=tuple(column for column, x in zip(metric.covariates, ours, strict=True)
                                            if gaps[x].iloc[0]))


def values_of(metric: Metric, columns: Columns) -> list[str]:
    """SQL of what is summed for a metric: its values as numbers, its covariates filled, and their flags.

    What fills a covariate does not matter, as its flag takes up the difference; its mean keeps the digits.
    """
    ask, made = metric.plain, []
    for value in ask.values:
        flag = f"CASE WHEN {value} THEN 1.0 WHEN {ask.known} IS NOT NULL THEN 0.0 END"
        made.append(flag if ask.flags and value != ask.known else value)
    fills = {}
    if metric.incomplete:
        ours = [columns.number(column) for column in metric.incomplete]
        means = View(columns).plain("SELECT " + ", ".join(f"avg({x}) AS {x}" for x in ours) + " FROM events").iloc[0]
        fills = {x: sql.literal(float(f"{means[x]:.6g}")) if means[x] == means[x] else "0" for x in ours}
    covariates = [columns.number(column) for column in metric.covariates]
    made += [f"coalesce({x}, {fills[x]})" if x in fills else x for x in covariates]
    return made + [f"CASE WHEN {x} IS NULL THEN 1.0 ELSE 0.0 END" for x in fills]


def arm_sizes(view: View) -> pd.DataFrame:
    """How many rows there are of each arm."""
    return View(view.columns, ("by_1",)).query("SELECT\n    /*by*/\n    count(*) AS n_rows\nFROM events\n"
                                               "GROUP BY /*by*/ ()")[0]


def arms_in(found: pd.DataFrame, arm: str, control: object, combine: Mapping[str, Sequence[str]]
            ) -> tuple[tuple[str, ...], dict[str, str], list[str]]:
    """The arms of a table of groups, the control first; of which each is a part; and what has to be said."""
    known = found["key_1"].notna().to_numpy()
    there = list(np.array(labels(found, 1, None, 1), dtype=object)[known])
    if not there:
        raise DataError("checks.no_arms", column=repr(arm))
    notes = [] if known.all() else [words.text("compare.note_no_arm", n=int(found.loc[~known, "n_rows"].sum()),
                                               column=repr(arm))]
    back = {str(part): str(name) for name, parts in combine.items() for part in parts}
    for part in back:
        _one_of_arms("combine", part, there, arm)
    arms = list(dict.fromkeys(back.get(label, label) for label in there))
    first = str(control).lower() if isinstance(control, bool) else str(control)
    _one_of_arms("control", first, arms, arm)
    if len(arms) < 2:
        raise DataError("compare.one_arm", column=repr(arm), arm=repr(first))
    return (first, *(label for label in arms if label != first)), back, notes


def _one_of_arms(name: str, value: str, arms: Sequence[str], column: str) -> None:
    if value not in arms:
        raise DataError("compare.no_arm", name=name, value=repr(value), column=repr(column),
                        arms=words.joined(map(repr, arms[:20])) + near(value, arms))


def _of_units(view: View, metrics: Sequence[Metric], units: Units, arm: str
              ) -> tuple[View, list[Ask], Units, list[str]]:
    """The view whose rows are units, what is asked of it, and what has to be said."""
    columns = view.columns
    asks = _asks(metrics, columns)
    if units.column is None and units.weights is None:
        return view, asks, units, []
    quantile = next((metric.noun.name for metric in metrics if isinstance(metric.noun, Quantile)), None)
    if units.weights:
        _check_weights(view, units.weights)
    moments(replace(view, by=(), period=""), [metric.plain for metric in metrics])  # refuses what is off the scale
    if units.column is None:
        if quantile:
            raise UsageError("compare.quantile_units", noun=quantile, unit=words.text("compare.weights"))
        weighted = replace(view, weighted=False)
        return weighted, [_weighted(metric, columns) for metric in metrics], units, []
    kept, _ = view.keep(_rows_of(metrics, columns, units))
    own = Columns(kept, {key: sql.Read(key, "key") for key in view.by} | {"u0": sql.Read("u0", "key")})
    units_view = View(own, view.by)
    notes = _check_units(units_view, units, arm)
    most = int(units_view.plain(f"SELECT max({own.number('n_rows')}) AS most FROM events")["most"].iloc[0] or 0)
    if most <= 1 and not units.weights:
        where = f"{view.where} AND u0 IS NOT NULL" if view.where else "u0 IS NOT NULL"
        return replace(view, where=where), asks, replace(units, kind="row"), notes
    if quantile:
        raise UsageError("compare.quantile_units", noun=quantile, unit=repr(units.column))
    made = [Ask(tuple(own.number(name) for name in _names(at, len(values_of(metric, columns)))))
            for at, metric in enumerate(metrics)]
    return units_view, made, units, notes


def _names(at: int, size: int) -> list[str]:
    return [f"m{at}_{i}" for i in range(size)] + [f"m{at}_n"]


def _weighted(metric: Metric, columns: Columns) -> Ask:
    """What is asked of rows with weights: each value times the weight, and the weight."""
    values = values_of(metric, columns)
    together = " AND ".join([*(f"{value} IS NOT NULL" for value in values[:len(metric.plain.values)]), "w0 > 0"])
    return Ask(tuple(f"CASE WHEN {together} THEN {value} END" for value in (*(f"w0 * {x}" for x in values), "w0")),
               scope=metric.plain.scope, note=metric.plain.note)


def _rows_of(metrics: Sequence[Metric], columns: Columns, units: Units) -> str:
    """The text that sums the rows of each unit."""
    weight = "w0 * " if units.weights else ""
    picked = ["count(*) AS n_rows"]
    for at, metric in enumerate(metrics):
        values = values_of(metric, columns)
        known = " AND ".join(f"{value} IS NOT NULL" for value in values[:len(metric.plain.values)] or [
            metric.plain.known])
        if metric.plain.scope:
            known = f"({metric.plain.scope}) AND {known}"
        if units.weights:
            known = f"{known} AND w0 > 0"
        picked += [f"sum(CASE WHEN {known} THEN {weight}{value} END) AS {name}"
                   for value, name in zip(values, _names(at, len(values))[:-1], strict=True)]
        picked.append(f"sum(CASE WHEN {known} THEN {'w0' if units.weights else '1.0'} END) AS m{at}_n")
    return ("SELECT\n    /*by*/\n    u0, " + ",\n    ".join(picked)
            + "\nFROM events\nWHERE u0 IS NOT NULL\nGROUP BY /*by*/ u0")


def _summed(view: View, asks: list[Ask]) -> tuple[View, list[Ask]]:
    """The kept sums of the units added up to the groups of this view."""
    names = [name for name in view.columns.reads if name[0] == "x"]
    sums = ", ".join(f"sum({name}) AS {name}" for name in names)
    kept, _ = view.keep(f"SELECT\n    /*by*/\n    u0, {sums}\nFROM events\nGROUP BY /*by*/ u0")
    own = Columns(kept, {key: sql.Read(key, "key") for key in view.by} | {
        name: sql.Read(name, "number") for name in names})
    return View(own, view.by), asks


def _check_units(view: View, units: Units, arm: str) -> list[str]:
    """Refuse a unit in two arms."""
    twice = view.plain("SELECT count(*) AS n, min(CAST(u0 AS VARCHAR)) AS first FROM (SELECT u0 FROM events "
                       "WHERE by_1 IS NOT NULL GROUP BY u0 HAVING min(by_1) <> max(by_1)) AS twice").iloc[0]
    if twice["n"]:
        raise DataError("compare.two_arms", n=int(twice["n"]), column=repr(units.column), value=repr(twice["first"]),
                        arm=repr(arm))
    return []


def _check_weights(view: View, weights: str) -> None:
    lowest = replace(view, by=(), period="", weighted=False).plain("SELECT min(w0) AS lowest FROM events")["lowest"]
    if float(lowest.fillna(0).iloc[0]) < 0:
        raise DataError("summaries.negative_weight", column=repr(weights), value=f"{lowest.iloc[0]:g}", first="")


def _literal(value: Any) -> str:
    return sql.text_literal(value) if isinstance(value, str) else sql.literal(int(value) if value == int(value)
                                                                              else float(value))


def taken(sums: Sums, kept: np.ndarray) -> Sums:
    """The moments of some of the groups."""
    return sums if kept.all() else Sums(**{name: getattr(sums, name)[kept] for name in Sums.__dataclass_fields__})
