"""Moments of each group: counts, means, and how values vary together.

One pass of `moments.sql` serves every metric with the same grouping. Sums are taken about an anchor from the first
rows; where that was so far off that squares lose digits, the pass is repeated about the groups' own means.
Levels and totals are merged from the groups by the pairwise formula of Chan, Golub and LeVeque (1983,
"Algorithms for computing the sample variance", The American Statistician 37, 242-247).
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError
from engagelab.summaries import sql
from engagelab.summaries.view import WILD, View, first_row

ENOUGH = 10  # rows from which on their median is the answer of nobody
LOST = 1e7  # squares about the anchor this much above the variance: seven of sixteen digits are gone


@dataclass(frozen=True)
class Scale:
    """What a column may hold: whole numbers from low to high."""

    name: str
    low: int
    high: int


@dataclass(frozen=True)
class Ask:
    """What one metric needs: values (or yes-or-no flags) in SQL over our names.

    A row counts where every value is known. `known` is what flags rest on: each is a condition on it, or, where it
    holds 0 and 1 only, the column itself. `scope` limits the rows.
    """

    values: tuple[str, ...]
    known: str = ""
    scope: str = ""
    scale: Scale | None = None
    note: str = ""  # what the estimate's method has to say about this table

    @property
    def flags(self) -> bool:
        """Whether the values are yes-or-no."""
        return bool(self.known)


@dataclass(frozen=True)
class Sums:
    """Moments of one metric, a row a group: of k values, means (groups, k) and covariances (groups, k, k).

    Covariances are divided by the weight, not by one less. `totals` are the weighted sums; `counts` are whole
    counts of flags, NaN otherwise.
    """

    rows: np.ndarray
    n: np.ndarray
    users: np.ndarray
    weight: np.ndarray
    weight2: np.ndarray
    mean: np.ndarray
    cov: np.ndarray
    totals: np.ndarray
    counts: np.ndarray

    @property
    def n_eff(self) -> np.ndarray:
        """Kish's effective number: (sum of weights)^2 / sum of squared weights (Survey Sampling, 1965)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.n > 0, self.weight**2 / self.weight2, 0.0)


def moments(view: View, asks: list[Ask], *, users: bool = False) -> tuple[pd.DataFrame, list[Sums], str]:
    """The groups (their keys and ranks), the moments of each ask, and the SQL that ran.

    users : count different values of `u0` rather than rows as respondents; all rows without one are one respondent.
    """
    plan = _Plan(view, asks, users)
    anchors = _anchors(view, plan.values)
    table, text = view.query(plan.body({name: sql.literal(anchor) for name, anchor in anchors.items()}))
    plan.check(table)
    if plan.far_off(table):
        centred = replace(view, centres={f"c{name[1:]}": value for value, name in plan.values.items()})
        names = {name: f"c{name[1:]}" for name in anchors}
        table, text = centred.query(plan.body(names, centred=True))
    return table, [plan.sums(ask, table, anchors) for ask in asks], text


def weightless(view: View, sums: list[Sums]) -> list[str]:
    """How many rows have no weight, in words; asked only where something is missing."""
    if not view.weighted or all((each.rows == each.n).all() for each in sums):
        return []
    n = int(view.plain("SELECT count(*) AS n FROM events WHERE w0 IS NULL OR w0 = 0")["n"].iloc[0])
    column = view.columns.reads["w0"].column
    return [words.text("metrics.note_weightless", n=n, column=repr(column))] if n else []


def merge(sums: Sums, codes: np.ndarray, size: int) -> Sums:
    """The moments of larger groups: `codes` says in which of `size` larger groups each group lies."""
    def total(values: np.ndarray) -> np.ndarray:
        out = np.zeros((size, *values.shape[1:]), dtype=values.dtype)
        np.add.at(out, codes, values)
        return out

    held = sums.weight > 0
    weight = np.where(held, sums.weight, 0.0)
    mean = np.where(held[:, None], sums.mean, 0.0)
    whole = total(weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = total(weight[:, None] * mean) / whole[:, None]
        off = np.where(held[:, None], mean - np.nan_to_num(middle)[codes], 0.0)
        within = np.where(held[:, None, None], sums.cov, 0.0) + off[:, :, None] * off[:, None, :]
        cov = total(weight[:, None, None] * within) / whole[:, None, None]
    return Sums(total(sums.rows), total(sums.n), total(sums.users), whole, total(np.where(held, sums.weight2, 0.0)),
                middle, cov, total(np.where(held[:, None], sums.totals, 0.0)), total(sums.counts))


def _anchors(view: View, values: dict[str, str]) -> dict[str, float]:
    """A round number near each value, from the first rows that the view shows; 0 where none is known."""
    if not values:
        return {}
    picked = ", ".join(f"{value} AS {name}" for value, name in values.items())
    first = view.plain(f"SELECT {picked} FROM events LIMIT 100")
    anchors = {}
    for name in values.values():
        known = first[name].to_numpy(dtype="float64", na_value=np.nan)
        known = known[np.isfinite(known)]
        middle = float(np.median(known)) if len(known) >= ENOUGH else 0.0  # the SQL is shown, and tells no small group
        whole = bool((known == np.floor(known)).all()) and abs(middle) < 2**53
        anchors[name] = float(round(middle)) if whole else float(f"{middle:.3g}")
    return anchors


class _Plan:
    """Which sums the asks need, each once, and how to read them back."""

    def __init__(self, view: View, asks: list[Ask], users: bool):
        self.view, self.asks, self.users = view, asks, users
        self.values: dict[str, str] = {}  # SQL of a value -> its d-name
        self.parts: dict[str, str] = {}   # name -> template, {0} being the anchor
        for ask in asks:
            for value in () if ask.flags else ask.values:
                self.values.setdefault(value, f"d{len(self.values)}")
        self.aggregates: dict[str, str] = {}  # alias -> SQL
        self._aliases: dict[str, str] = {}    # SQL -> alias
        self.names = {id(ask): self._names(ask) for ask in asks}

    def _names(self, ask: Ask) -> dict[str, str]:
        """The aliases of one ask's sums, adding to the parts and aggregates what is not yet there."""
        names = {"rows": self._sum("rows", f"count(CASE WHEN {ask.scope} THEN 1 END)") if ask.scope else "n_rows"}
        columns = [] if ask.flags else [self._part(value, ask.values) for value in ask.values]
        known = ask.known if ask.flags else columns[0]
        names["n"] = self._sum("n", f"count({known})")
        if self.users:
            there = f"count(DISTINCT CASE WHEN {known} IS NOT NULL"
            names["users"] = self._sum("users", f"{there} THEN u0 END) + {there} AND u0 IS NULL THEN 1 END)")
        if self.view.weighted:
            for power, square in (("w", "w0"), ("ww", "w0 * w0")):
                names[power] = self._sum(power, f"sum(CASE WHEN {known} IS NOT NULL THEN {square} END)")
        weigh = "w0 * " if self.view.weighted else ""
        for i, value in enumerate(ask.values):
            if ask.flags:
                itself = value == known  # a column of 0 and 1 adds up faster than it is compared
                names[f"c{i}"] = self._sum("c", f"sum({value})" if itself else f"count(CASE WHEN {value} THEN 1 END)")
                if self.view.weighted:
                    names[f"s{i}"] = self._sum("s", f"sum(w0 * {value})" if itself
                                               else f"sum(CASE WHEN {value} THEN w0 "
                                                    f"WHEN {known} IS NOT NULL THEN 0 END)")
                continue
            names[f"s{i}"] = self._sum("s", f"sum({weigh}{columns[i]})")
            for j in range(i, len(columns)):
                names[f"s{i}_{j}"] = self._sum("ss", f"sum({weigh}{columns[i]} * {columns[j]})")
            names[f"a{i}"] = self.values[value]
        if ask.scale:
            x, scale = ask.scale.name, ask.scale
            names["low"], names["high"] = self._sum("low", f"min({x})"), self._sum("high", f"max({x})")
            if not self.view.columns.whole(scale.name):
                names["broken"] = self._sum("broken", f"count(CASE WHEN {x} <> floor({x}) THEN 1 END)")
        return names

    def _part(self, value: str, together: tuple[str, ...]) -> str:
        """The centred value, known only where all of the values that belong together are."""
        others = " AND ".join(f"{other} IS NOT NULL" for other in together if other != value)
        anchored = f"{value} - {{{self.values[value]}}}"
        template = f"CASE WHEN {others} THEN {anchored} END" if others else anchored
        for name, known in self.parts.items():
            if known == template:
                return name
        name = f"p{len(self.parts)}"
        self.parts[name] = template
        return name

    def _sum(self, kind: str, expression: str) -> str:
        if expression not in self._aliases:
            self._aliases[expression] = f"{kind}_{len(self._aliases)}"
            self.aggregates[self._aliases[expression]] = expression
        return self._aliases[expression]

    def body(self, anchors: dict[str, str], *, centred: bool = False) -> str:
        """The text of moments.sql with its slots filled."""
        raw = [name for name in self.view.columns.reads if name[0] in "xkwu"]
        parts = raw + [f"{template.format(**anchors)} AS {name}" for name, template in self.parts.items()]
        parts += list(anchors.values()) if centred else []
        sums = [f"{expression} AS {alias}" for alias, expression in self.aggregates.items()]
        if self.view.weighted:
            sums.append("min(w0) AS least_weight")
        sums += [f"min({name}) AS {name}" for name in anchors.values()] if centred else []
        return sql.fill(sql.text("moments"), parts=parts or ["1 AS one"], sums=sums)

    def check(self, table: pd.DataFrame) -> None:
        """Refuse what cannot be measured: values off the scale, infinite ones, negative weights."""
        if self.view.weighted and (table["least_weight"] < 0).any():
            raise DataError("summaries.negative_weight", column=self._theirs("w0"),
                            value=f"{table['least_weight'].min():g}", first=self._first("w0 < 0"))
        for ask in self.asks:
            names = self.names[id(ask)]
            if ask.scale and ((table[names["low"]] < ask.scale.low) | (table[names["high"]] > ask.scale.high)
                              | (table[names["broken"]] > 0 if "broken" in names else False)).any():
                self._off_scale(ask.scale)
            for name in names.values():
                if name.startswith(("s_", "ss_")) and not np.isfinite(
                        _numbers(table, name)[_numbers(table, names["n"]) > 0]).all():
                    raise self._infinite()

    def _infinite(self) -> DataError:
        named = {ours: read.column for ours, read in self.view.columns.reads.items() if read.kind == "number"}
        for ours, column in named.items():
            case = WILD.format(ours)
            if self.view.plain(f"SELECT count(*) AS n FROM events WHERE {case}")["n"].iloc[0]:
                return DataError("activity.infinite", column=repr(column), first=self._first(case))
        return DataError("summaries.infinite", columns=words.joined(map(repr, named.values())))

    def _off_scale(self, scale: Scale) -> None:
        x = scale.name
        case = f"({x} < {scale.low} OR {x} > {scale.high} OR {x} <> floor({x}))"
        bad = self.view.plain(f"SELECT {x} AS value, count(*) AS n FROM events WHERE {case} GROUP BY {x} "
                              "ORDER BY n DESC, value")
        raise DataError("summaries.off_scale", column=self._theirs(x), value=f"{bad['value'].iloc[0]:g}",
                        n=int(bad["n"].sum()), low=scale.low, high=scale.high, first=self._first(case))

    def _first(self, case: str) -> str:
        return first_row(self.view, " AND ".join(filter(None, (self.view.where, case))))

    def _theirs(self, ours: str) -> str:
        return repr(self.view.columns.reads[ours].column)

    def far_off(self, table: pd.DataFrame) -> bool:
        """Whether an anchor was so far from some group that its variance has lost digits."""
        for ask in self.asks:
            names = self.names[id(ask)]
            weight = _numbers(table, names.get("w", names["n"]))
            for i in range(0 if ask.flags else len(ask.values)):
                with np.errstate(invalid="ignore", divide="ignore"):
                    square = _numbers(table, names[f"s{i}_{i}"]) / weight
                    variance = square - (_numbers(table, names[f"s{i}"]) / weight) ** 2
                if ((_numbers(table, names["n"]) > 1) & (square > LOST * np.maximum(variance, 0.0))).any():
                    return True
        return False

    def sums(self, ask: Ask, table: pd.DataFrame, anchors: dict[str, float]) -> Sums:
        """The moments of one ask, read back from the table of sums."""
        names, k = self.names[id(ask)], len(ask.values)
        n = _numbers(table, names["n"]).astype("int64")
        weight = np.nan_to_num(_numbers(table, names.get("w", names["n"])))
        counts = np.full((len(table), k), np.nan)
        off, cov = np.empty((len(table), k)), np.empty((len(table), k, k))
        with np.errstate(invalid="ignore", divide="ignore"):
            for i in range(k):
                if ask.flags:
                    counts[:, i] = np.nan_to_num(_numbers(table, names[f"c{i}"]))
                off[:, i] = np.nan_to_num(_numbers(table, names.get(f"s{i}", names.get(f"c{i}", "")))) / weight
            for i in range(k):
                for j in range(i, k):
                    both = (off[:, i] * (i == j) if ask.flags else _numbers(table, names[f"s{i}_{j}"]) / weight)
                    cov[:, i, j] = cov[:, j, i] = both - off[:, i] * off[:, j]
        totals, mean = off * weight[:, None], off
        if not ask.flags:
            anchor = np.column_stack([self._anchor(table, names[f"a{i}"], anchors) for i in range(k)])
            sums = np.column_stack([_numbers(table, names[f"s{i}"]) for i in range(k)])
            totals, mean = sums + anchor * weight[:, None], off + anchor
            for i in range(k):
                cov[:, i, i] = np.maximum(cov[:, i, i], 0.0)
        return Sums(_numbers(table, names["rows"]).astype("int64"), n,
                    _numbers(table, names.get("users", names["n"])).astype("int64"), weight,
                    np.nan_to_num(_numbers(table, names.get("ww", names["n"]))), mean, cov, totals, counts)

    @staticmethod
    def _anchor(table: pd.DataFrame, name: str, anchors: dict[str, float]) -> np.ndarray:
        centre = f"c{name[1:]}"
        return _numbers(table, centre) if centre in table else np.full(len(table), anchors[name])


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    return table[column].to_numpy(dtype="float64", na_value=np.nan)
