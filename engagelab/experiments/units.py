"""What was drawn by lot, and the table of it: a row a customer or a shop, with the sums of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics.nouns import Noun, Quantile
from engagelab.summaries import sql
from engagelab.summaries.moments import Ask, moments
from engagelab.summaries.view import Columns, View


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
class Metric:
    """A metric and what was read for it."""

    name: str
    noun: Noun
    plain: Ask
    covariates: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()  # covariates that are missing somewhere: each has a flag


def read_metric(name: str, noun: Noun, columns: Columns) -> Metric:
    """The metric with its covariates, and which of these are missing somewhere."""
    return with_gaps(metric_of(name, noun, columns), columns)


def metric_of(name: str, noun: Noun, columns: Columns) -> Metric:
    """The metric with its covariates."""
    itself = [column for column in noun.adjust
              if column in {getattr(noun, part, None) for part in ("column", "numerator", "denominator")}]
    if itself:
        raise UsageError("compare.adjust_itself", metric=repr(name), column=repr(itself[0]))
    return Metric(name, noun, noun.ask(columns), tuple(noun.adjust))


def with_gaps(metric: Metric, columns: Columns) -> Metric:
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


def asks_of(metrics: Sequence[Metric], columns: Columns) -> list[Ask]:
    """What is asked of rows that are units."""
    return [replace(metric.plain, values=tuple(values_of(metric, columns)), known="") if metric.covariates
            else metric.plain for metric in metrics]


def of_units(view: View, metrics: Sequence[Metric], units: Units, arm: str
             ) -> tuple[View, list[Ask], tuple[int, ...], Units, list[str]]:
    """The view whose rows are units, what is asked of it, which metrics rows lack, and what has to be said."""
    columns = view.columns
    asks = asks_of(metrics, columns)
    if units.column is None and units.weights is None:
        return view, asks, (), units, []
    quantile = next((metric.noun.name for metric in metrics if isinstance(metric.noun, Quantile)), None)
    notes = _check_weights(view, units.weights) if units.weights else []
    moments(replace(view, by=(), period=""), [metric.plain for metric in metrics])  # refuses what is off the scale
    if units.column is None:
        if quantile:
            raise UsageError("compare.quantile_units", noun=quantile, unit=words.text("compare.weights"))
        weighted = replace(view, weighted=False)
        return weighted, [_weighted(metric, columns) for metric in metrics], (), units, notes
    kept, _ = view.keep(_rows_of(metrics, columns, units))
    own = Columns(kept, {key: sql.Read(key, "key") for key in view.by} | {"u0": sql.Read("u0", "key")})
    units_view = View(own, view.by)
    _check_units(units_view, units, arm)
    numbers = [own.number(name) for name in ("n_rows", *(f"m{at}_lack" for at in range(len(metrics))))]
    sums = units_view.plain("SELECT " + ", ".join(f"max({name}) AS {name}" for name in numbers) + " FROM events")
    most, *lacking = sums.fillna(0).iloc[0].tolist()
    if most <= 1 and not units.weights:
        where = f"{view.where} AND u0 IS NOT NULL" if view.where else "u0 IS NOT NULL"
        return replace(view, where=where), asks, (), replace(units, kind="row"), notes
    if quantile:
        raise UsageError("compare.quantile_units", noun=quantile, unit=repr(units.column))
    within = [f"{own.number(f'm{at}_rows')} > 0" if metric.plain.scope or units.weights else ""
              for at, metric in enumerate(metrics)]
    made = [Ask(tuple(own.number(name) for name in _names(at, len(values_of(metric, columns)))), scope=within[at])
            for at, metric in enumerate(metrics)]
    gaps = tuple(at for at, lack in enumerate(lacking) if lack)
    for at in gaps:
        lack, rows = own.number(f"m{at}_lack"), own.number(f"m{at}_rows")
        made.append(Ask((lack, rows, f"CASE WHEN {lack} > 0 THEN 1.0 ELSE 0.0 END"), scope=within[at]))
    return units_view, made, gaps, units, notes


def _names(at: int, size: int) -> list[str]:
    return [f"m{at}_{i}" for i in range(size)] + [f"m{at}_n"]


def _weighted(metric: Metric, columns: Columns) -> Ask:
    """What is asked of rows with weights: each value times the weight, and the weight."""
    values = values_of(metric, columns)
    there = " AND ".join(filter(None, [metric.plain.scope and f"({metric.plain.scope})", "w0 > 0"]))
    known = " AND ".join([*(f"{value} IS NOT NULL" for value in values[:len(metric.plain.values)]), "w0 > 0"])
    return Ask(tuple(f"CASE WHEN {known} THEN {value} END" for value in (*(f"w0 * {x}" for x in values), "w0")),
               scope=there, note=metric.plain.note)


def _rows_of(metrics: Sequence[Metric], columns: Columns, units: Units) -> str:
    """The text that sums the rows of each unit."""
    weight = "w0 * " if units.weights else ""
    picked = ["count(*) AS n_rows"]
    for at, metric in enumerate(metrics):
        values = values_of(metric, columns)
        known = " AND ".join(f"{value} IS NOT NULL" for value in values[:len(metric.plain.values)] or [
            metric.plain.known])
        there = " AND ".join(filter(None, [metric.plain.scope and f"({metric.plain.scope})",
                                           "w0 > 0" if units.weights else ""])) or "1 = 1"
        picked += [f"count(CASE WHEN {there} THEN 1 END) AS m{at}_rows",
                   f"count(CASE WHEN {there} AND NOT ({known}) THEN 1 END) AS m{at}_lack"]
        known = f"{there} AND {known}"
        picked += [f"sum(CASE WHEN {known} THEN {weight}{value} END) AS {name}"
                   for value, name in zip(values, _names(at, len(values))[:-1], strict=True)]
        picked.append(f"sum(CASE WHEN {known} THEN {'w0' if units.weights else '1.0'} END) AS m{at}_n")
    return ("SELECT\n    /*by*/\n    u0, " + ",\n    ".join(picked)
            + "\nFROM events\nWHERE u0 IS NOT NULL\nGROUP BY /*by*/ u0")


def summed(view: View, asks: list[Ask]) -> tuple[View, list[Ask]]:
    """The kept sums of the units added up to the groups of this view."""
    names = [name for name in view.columns.reads if name[0] == "x"]
    sums = ", ".join(f"sum({name}) AS {name}" for name in names)
    kept, _ = view.keep(f"SELECT\n    /*by*/\n    u0, {sums}\nFROM events\nGROUP BY /*by*/ u0")
    own = Columns(kept, {key: sql.Read(key, "key") for key in view.by} | {
        name: sql.Read(name, "number") for name in names})
    return View(own, view.by), asks


def _check_units(view: View, units: Units, arm: str) -> None:
    """Refuse a unit in two arms, whose name is not told: it may be an address."""
    twice = view.plain("SELECT count(*) AS n FROM (SELECT u0 FROM events WHERE trim(CAST(by_1 AS VARCHAR)) <> '' "
                       "GROUP BY u0 HAVING min(by_1) <> max(by_1)) AS twice")["n"].iloc[0]
    if twice:
        raise DataError("compare.two_arms", n=int(twice), column=repr(units.column), arm=repr(arm))


def _check_weights(view: View, weights: str) -> list[str]:
    """Refuse weights below 0, and say how many rows have none."""
    seen = replace(view, by=(), period="", weighted=False).plain(
        "SELECT coalesce(min(w0), 0) AS lowest, count(*) - count(CASE WHEN w0 > 0 THEN 1 END) AS none FROM events"
    ).iloc[0]
    if seen["lowest"] < 0:
        raise DataError("summaries.negative_weight", column=repr(weights), value=f"{seen['lowest']:g}", first="")
    return [words.text("compare.weightless", n=int(seen["none"]), column=repr(weights))] if seen["none"] else []
