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
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics.answer import labels
from engagelab.metrics.nouns import Estimates, Noun, Quantile
from engagelab.metrics.quantiles import quantiles
from engagelab.summaries import periods, sql
from engagelab.summaries.alike import check_sums
from engagelab.summaries.engine import source
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

    def cells(self, dim: str | None = None, *, until: int | None = None) -> Cells:
        """The cells of all units, or by one of `dims`; `until`: what was there when the last had that rank."""
        places = [1, *([2] if self.units.stratum else []), *([self.dims.index(dim) + 1] if dim else [])]
        if self.units.kind == "row":
            table, sums = self._finest
            kept = table[f"rank_{len(self.dims)}"].to_numpy() <= until if until else np.ones(len(table), dtype=bool)
            view, at = self.view.grouped([f"by_{i}" for i in places]), places
        else:
            where = f"by_{len(self.dims)} <= {_literal(self._times[until - 1])}" if until else ""
            view = replace(self.view, by=tuple(f"by_{i}" for i in places), where=where)
            table, sums, _ = moments(*_summed(view, self.asks))
            kept, at = np.ones(len(table), dtype=bool), list(range(1, len(places) + 1))
        period = self.every if dim == self.dims[-1] else None
        return self._merged(table[kept].reset_index(drop=True), [_where(one, kept) for one in sums], view, at, period,
                            grouped=dim is not None)

    @cached_property
    def _finest(self) -> tuple[pd.DataFrame, list[Sums]]:
        table, sums, _ = moments(self.view, self.asks)
        return table, sums

    @cached_property
    def _times(self) -> list[Any]:
        """The values of the last of the dims, in their order."""
        last = f"by_{len(self.dims)}"
        return list(self.view.plain(f"SELECT {last} AS value FROM events WHERE {last} IS NOT NULL "
                                    f"GROUP BY {last} ORDER BY {last}")["value"])

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
        keys = pd.DataFrame({"arm": arm, "stratum": stratum, "group": group})
        there = arm >= 0
        codes = keys[there].groupby(["arm", "stratum", "group"]).ngroup().to_numpy()
        first = keys[there].drop_duplicates().sort_values(["arm", "stratum", "group"])
        named = labels(table, at[-1], period, 1) if grouped else []
        order = {rank: label for rank, label in zip(group[there], np.array(named, dtype=object)[there], strict=True)
                 } if grouped else {0.0: ""}
        ranks = sorted(order)
        made = [merge(_where(one, there), codes, len(first)) for one in sums]
        return Cells(first["arm"].to_numpy(), first["stratum"].to_numpy(),
                     np.searchsorted(ranks, first["group"].to_numpy()), [order[rank] for rank in ranks], made,
                     [self._levels(metric, view, table, first, at, grouped) for metric in self.metrics])

    def _levels(self, metric: Metric, view: View, table: pd.DataFrame, cells: pd.DataFrame, at: list[int],
                grouped: bool) -> Estimates | None:
        """The quantiles of each cell, each of which is one group of the data."""
        if not isinstance(metric.noun, Quantile):
            return None
        own = {self.combine.get(label, label): rank for label, rank in zip(
            labels(table, at[0], None, 1), table[f"rank_{at[0]}"], strict=True)}
        places = pd.DataFrame({"rank_1": [own[self.arms[arm]] for arm in cells["arm"]]})
        if grouped:
            places["rank_2"] = cells["group"].to_numpy().astype("int64")
        return quantiles(view, metric.noun, places, self.confidence)[0]


def read(data: Any, nouns: Mapping[str, Noun], *, arm: str, control: object, by: Sequence[str], over: str | None,
         tz: str | None, units: Units, combine: Mapping[str, Sequence[str]], confidence: float) -> Trial:
    """The experiment in `data`: see `compare`."""
    table = source(data)
    columns = Columns(table)
    named = [arm, *([units.stratum] if units.stratum else []), *by, *([over] if over else [])]
    stamped = over is not None and table.types[column_of(over, table.types)].upper().startswith(STAMPS)
    for i, name in enumerate(named, 1):
        if not (stamped and i == len(named)):
            columns.reads[f"by_{i}"] = sql.Read(column_of(name, table.types), "key")
    when = span(columns, over, every="day", since=None, until=None, tz=tz) if stamped and over else None
    if units.column:
        columns.reads["u0"] = sql.Read(column_of(units.column, table.types), "user")
    if units.weights:
        columns.reads["w0"] = sql.Read(column_of(units.weights, table.types), "number")
    metrics = [_metric(name, noun, columns) for name, noun in nouns.items()]
    keys = tuple(f"by_{i}" for i in range(1, len(named) + 1))
    view = View(columns, keys, periods.index("day", f"({when.local})", 1) if when else "", "", bool(units.weights))
    check_sums(view, named)
    arms, back, notes = _arms(view, arm, control, combine)
    view, asks, units, more = _of_units(view, metrics, units, arm)
    return Trial(arms, tuple(metrics), units, view, asks, tuple(named), "day" if when else None, back, confidence,
                 (*notes, *more))


def _metric(name: str, noun: Noun, columns: Columns) -> Metric:
    """The metric with its covariates, and which of these are missing somewhere."""
    ask = noun.ask(columns)
    if not noun.adjust:
        return Metric(name, noun, ask)
    ours = [columns.number(column) for column in noun.adjust]
    gaps = View(columns).plain("SELECT " + ", ".join(f"count(*) - count({x}) AS {x}" for x in ours) + " FROM events")
    return Metric(name, noun, ask, tuple(noun.adjust),
                  tuple(column for column, x in zip(noun.adjust, ours, strict=True) if gaps[x].iloc[0]))


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


def _arms(view: View, arm: str, control: object, combine: Mapping[str, Sequence[str]]
          ) -> tuple[tuple[str, ...], dict[str, str], list[str]]:
    """The arms, the control first; of which each one of the data is a part; and what has to be said."""
    found = View(view.columns, ("by_1",)).query("SELECT\n    /*by*/\n    count(*) AS n_rows\nFROM events\n"
                                                "GROUP BY /*by*/ ()")[0]
    known = found["key_1"].notna().to_numpy()
    there = list(np.array(labels(found, 1, None, 1), dtype=object)[known])
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
                        arms=words.joined(map(repr, arms[:20])))


def _of_units(view: View, metrics: Sequence[Metric], units: Units, arm: str
              ) -> tuple[View, list[Ask], Units, list[str]]:
    """The view whose rows are units, what is asked of it, and what has to be said."""
    columns = view.columns
    asks = [replace(metric.plain, values=tuple(values_of(metric, columns)), known="") if metric.covariates
            else metric.plain for metric in metrics]
    if units.column is None and units.weights is None:
        return view, asks, units, []
    quantile = next((metric.noun.name for metric in metrics if isinstance(metric.noun, Quantile)), None)
    if units.weights:
        _check_weights(view, units.weights)
    moments(replace(view, by=(), period=""), [metric.plain for metric in metrics])  # which refuses what is off the scale
    if units.column is None:
        if quantile:
            raise UsageError("compare.quantile_units", noun=quantile, unit=words.text("compare.weights"))
        weighted = replace(view, weighted=False)
        return weighted, [_weighted(metric, columns) for metric in metrics], units, []
    kept, text = view.keep(_rows_of(metrics, columns, units))
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
    together = " AND ".join(f"{value} IS NOT NULL" for value in (*values[:len(metric.plain.values)], "w0 > 0"))
    return Ask(tuple(f"CASE WHEN {together} THEN w0 * {value} END" for value in values)
               + (f"CASE WHEN {together} THEN w0 END",), scope=metric.plain.scope, note=metric.plain.note)


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


def _where(sums: Sums, kept: np.ndarray) -> Sums:
    return sums if kept.all() else Sums(**{name: getattr(sums, name)[kept] for name in Sums.__dataclass_fields__})
