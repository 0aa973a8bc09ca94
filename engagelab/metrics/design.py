"""How a sample was drawn, and the errors that follow: weights, strata, clusters, a finite population.

Taylor linearisation as in R's `survey` (Lumley 2010, Complex Surveys, chapter 2; Binder 1983, International Statistical
Review 51, 279-292): an estimate moves with row i by z = w g.(y - mean) / (sum of w), g being its gradient. The z are
summed to clusters, and their variance between the clusters of each stratum is added up. A group, a period or the rows
with an answer are a domain of the whole sample: a cluster that has none of them counts with 0 and is not left out.
"""

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics import intervals
from engagelab.metrics.nouns import ALIKE, Estimates, Favourable, Noun, Nps, Quantile, Rate
from engagelab.summaries import sql
from engagelab.summaries.moments import Ask, Sums
from engagelab.summaries.view import Columns, View

READS = {"weights": ("w0", "number"), "strata": ("h0", "key"), "cluster": ("g0", "key"), "fpc": ("f0", "number")}


@dataclass(frozen=True)
class Design:
    """How the rows of a survey were drawn, for `measure(..., design=)`.

    weights : column of weights above 0. strata : column of the strata that were drawn from separately.
    cluster : column of what was drawn as one: a team, a shop, or a respondent with several rows. A cluster belongs to
        its stratum: team 1 of two strata is two teams (R: nest=TRUE).
    fpc : column with the size of the row's stratum in the population, in rows, or in clusters where there are any; or
        one whole number, such as a headcount, where there are no strata. A stratum that is in as a whole adds no error.

    `se` is linearised; a share has a logit interval (R: svyciprop), a mean and a ratio Student's, NPS that cut to the
    scale; the degrees of freedom are the clusters less the strata in which the group has an answer. `n_eff` is n over
    the design effect: the variance over that of a simple random sample of as many rows, from the same finite population
    where `fpc` tells its rows. Every row of the table counts as drawn, also without an answer or outside of the window.

    Raises, in `measure`, DataError for a row without a weight, stratum, cluster or fpc; for a stratum with one cluster;
    for an fpc that differs within a stratum or is smaller than the sample.

    >>> from engagelab.metrics.measure import measure
    >>> from engagelab.metrics.nouns import mean
    >>> answers = pd.DataFrame({"team": list("aabbccdd"), "score": [4, 5, 7, 8, 5, 6, 9, 8], "site": list("NNNNSSSS"),
    ...                         "w": [2, 2, 2, 2, 5, 5, 5, 5]})
    >>> measure(answers, mean("score"), design=Design(weights="w", strata="site", cluster="team"))[
    ...     ["estimate", "low", "high", "se", "n", "n_eff"]].round(3)
       estimate    low    high     se  n  n_eff
    0     6.714  1.749  11.679  1.154  8  2.321
    """

    weights: str | None = None
    strata: str | None = None
    cluster: str | None = None
    fpc: str | int | None = None

    def __post_init__(self) -> None:
        for name in READS:
            value = getattr(self, name)
            size = name == "fpc" and isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0
            if value is not None and not size and not (isinstance(value, str) and value):
                raise UsageError("design.bad_fpc" if name == "fpc" else "design.column", name=name, value=repr(value))
        if isinstance(self.fpc, Integral) and self.strata is not None:
            raise UsageError("design.fpc_strata")

    @property
    def says(self) -> str:
        """The design in words."""
        return words.joined(words.text(f"design.{name}", column=value) for name in READS
                            if (value := getattr(self, name)) is not None) or words.text("design.simple")


def weights_of(design: object, weights: str | None, nouns: dict[str, Noun]) -> str | None:
    """The column of weights, from the design or without one; refuses what a design cannot go with."""
    if design is None:
        return weights
    if not isinstance(design, Design):
        raise UsageError("design.none", value=repr(design))
    if weights is not None:
        raise UsageError("design.both")
    quantile = next((noun for noun in nouns.values() if isinstance(noun, Quantile)), None)
    if quantile is not None:
        raise UsageError("design.quantile", noun=quantile.name)
    return design.weights


def notes(design: Design | None, sums: list[Sums]) -> list[str]:
    """What has to be said of rows without an answer: they count as drawn."""
    lacking = design is not None and design.fpc is not None and any((one.rows > one.n).any() for one in sums)
    return [words.text("design.note_unanswered")] if lacking else []


@dataclass(frozen=True)
class Drawn:
    """A sample row by row: the row's weight, cluster and finest group (-1 outside of the window), and what was asked.

    `stratum` is that of each cluster, `size` the clusters of each stratum, `left` the share of its population that was
    not drawn, and `open` that of all rows, where it is known.
    """

    design: Design
    text: str
    weight: np.ndarray
    cluster: np.ndarray
    group: np.ndarray
    values: list[np.ndarray]
    stratum: np.ndarray
    size: np.ndarray
    left: np.ndarray
    open: float

    def estimates(self, noun: Noun, at: int, sums: Sums, plain: Estimates, codes: np.ndarray,
                  confidence: float) -> Estimates:
        """The `plain` estimates of the noun that was asked as number `at`, with the design's errors.

        codes : in which of the groups of `sums` each finest group lies.
        """
        values = self.values[at]
        rows = ~np.isnan(values).any(axis=1) & (self.group >= 0)
        group, weight = codes[self.group[rows]], self.weight[rows]
        gradient, size = noun.gradient(sums.mean), len(sums.n)
        with np.errstate(invalid="ignore", divide="ignore"):
            off = ((values[rows] - sums.mean[group]) * gradient[group]).sum(axis=1)
            variance, df, whole = self._between(weight * off / sums.weight[group], group, self.cluster[rows], size)
            rounding = (ALIKE * np.abs(gradient * sums.mean).sum(axis=1)) ** 2
            variance = np.where(variance <= rounding, 0.0, variance)
            simple = np.bincount(group, weight * off * off, size) / sums.weight / (sums.n - 1) * self.open
            n_eff = np.where(whole, sums.n, np.where((df > 0) & (variance > 0), sums.n * simple / variance, np.nan))
            se = np.where(whole | (df > 0), np.sqrt(variance), np.nan)
        low, high = _interval(noun, plain.estimate, se, df, confidence)
        said = words.text("metrics.method_t" if not isinstance(noun, Rate | Favourable) else "design.logit")
        answered = whole & (sums.rows == sums.n)
        low, high = (np.where(answered, plain.estimate, end) for end in (low, high))
        doubt = np.select([answered, whole, df < 1], [words.text(f"design.flag_{why}") for why in (
            "census", "unanswered", "clusters")], "")
        return replace(plain, low=low, high=high, se=se, n_eff=np.where(sums.n > 0, n_eff, 0.0), doubt=doubt,
                       method=words.text("design.method", interval=said, parts=self.design.says))

    def _between(self, moves: np.ndarray, group: np.ndarray, cluster: np.ndarray, groups: int
                 ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Variance and degrees of freedom of each group, and whether all of its strata were drawn as a whole."""
        many = len(self.size)
        pairs, inverse = np.unique(group * len(self.stratum) + cluster, return_inverse=True)
        place, cluster = np.divmod(pairs, max(len(self.stratum), 1))
        cell, total = place * many + self.stratum[cluster], np.bincount(inverse, moves, len(pairs))

        def added(values: np.ndarray | None) -> np.ndarray:
            return np.bincount(cell, values, groups * many).reshape(groups, many)

        seen, middle = added(None), added(total) / self.size
        apart = added((total - middle.ravel()[cell]) ** 2) + (self.size - seen) * middle**2
        scale = np.where(self.left == 0, 0.0, self.left * self.size / np.where(self.size > 1, self.size - 1, np.nan))
        variance = np.where(seen > 0, scale * apart, 0.0).sum(axis=1)
        return variance, seen.sum(axis=1) - (seen > 0).sum(axis=1), ((seen > 0) & (self.left > 0)).sum(axis=1) == 0


def _interval(noun: Noun, estimate: np.ndarray, se: np.ndarray, df: np.ndarray, confidence: float) -> intervals.Bounds:
    if isinstance(noun, Rate | Favourable):
        return intervals.logit(estimate, se, df, confidence)
    low, high = intervals.around(estimate, se, df, confidence)
    return (np.maximum(low, -100.0), np.minimum(high, 100.0)) if isinstance(noun, Nps) else (low, high)


def drawn(view: View, asks: list[Ask], design: Design) -> Drawn:
    """The sample as it was drawn: all rows of the table, in one read; `view` says which of them are in the window."""
    table, text = _read(view, asks, design)
    weight = _sizes(table, "w0", "design.weight", design.weights)
    kinds, names = _strata(table, design)
    own = _key(table, "g0", "cluster", design.cluster)[0] if design.cluster else np.arange(len(table))
    nested, cluster = np.unique(kinds * (len(table) + 1) + own, return_inverse=True)
    stratum = nested // (len(table) + 1)
    size = np.bincount(stratum, minlength=len(names))
    population = _population(table, kinds, size, names, design)
    left = 1 - size / population
    lonely = (size == 1) & (left > 0)
    if design.strata and lonely.any():
        raise DataError("design.lonely", stratum=names[lonely.argmax()], column=repr(design.strata), unit=_unit(design))
    ranks = [f"rank_{i}" for i in range(1, len(view.by) + 1)]
    inside = table["inside"].to_numpy() == 1
    group = np.where(inside, 0, -1)
    if ranks:  # the order of the groups of the moments, which are sorted by these ranks too
        group[inside] = np.unique(table.loc[inside, ranks].to_numpy(), axis=0, return_inverse=True)[1].reshape(-1)
    values = [np.column_stack([_numbers(table, f"y{at}_{i}") for i in range(len(ask.values))])
              for at, ask in enumerate(asks)]
    simple = 1.0 if design.cluster else float(1 - len(table) / population.sum()) if len(table) else 1.0
    return Drawn(design, text, weight, cluster, group, values, stratum, size, left, simple)


def _strata(table: pd.DataFrame, design: Design) -> tuple[np.ndarray, list[str]]:
    """The number of each row's stratum, and what the strata are called."""
    if design.strata is None:
        return np.zeros(len(table), dtype="int64"), [words.text("design.table")]
    codes, names = _key(table, "h0", "strata", design.strata)
    return codes, [words.text("design.stratum", stratum=repr(name)) for name in names]


def _key(table: pd.DataFrame, ours: str, name: str, column: str) -> tuple[np.ndarray, np.ndarray]:
    gaps = table[ours].isna()
    if gaps.any():
        raise DataError("design.key", name=name, column=repr(column), n=int(gaps.sum()), row=_row(table, gaps))
    codes, names = pd.factorize(table[ours], sort=True)
    return codes.astype("int64"), np.asarray(names)


def _sizes(table: pd.DataFrame, ours: str, key: str, column: str | int | None) -> np.ndarray:
    """The numbers above 0 that a column has to hold; 1 for all where there is no column."""
    if ours not in table:
        return np.ones(len(table))
    found = _numbers(table, ours)
    wrong = ~((found > 0) & np.isfinite(found))
    if wrong.any():
        value = found[wrong.argmax()]
        raise DataError(key, column=repr(column), n=int(wrong.sum()), row=_row(table, wrong),
                        value=words.text("design.empty") if np.isnan(value) else f"{value:g}")
    return found


def _row(table: pd.DataFrame, wrong: np.ndarray | pd.Series) -> str:
    """Which row is the first of which this is true, where rows have an order."""
    return words.text("design.row", row=int(np.argmax(wrong)) + 1) if "place" in table else ""


def _population(table: pd.DataFrame, kinds: np.ndarray, size: np.ndarray, names: list[str], design: Design
                ) -> np.ndarray:
    """How many units each stratum has in the population; infinitely many where nothing is said."""
    if design.fpc is None:
        return np.full(len(size), np.inf)
    if not isinstance(design.fpc, str):
        low = np.full(len(size), float(design.fpc))
    else:
        sizes = pd.Series(_sizes(table, "f0", "design.population", design.fpc)).groupby(kinds)
        low, high = (getattr(sizes, end)().to_numpy() for end in ("min", "max"))
        differ = high > low
        if differ.any():
            at = differ.argmax()
            raise DataError("design.fpc_differs", column=repr(design.fpc), where=names[at], low=f"{low[at]:g}",
                            high=f"{high[at]:g}")
    if (low < size).any():
        at = (low < size).argmax()
        raise DataError("design.fpc_small", value=f"{low[at]:g}", where=names[at], n=int(size[at]), unit=_unit(design))
    return low


def _unit(design: Design) -> str:
    return words.text("design.cluster_unit" if design.cluster else "design.row_unit")


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    return table[column].to_numpy(dtype="float64", na_value=np.nan)


def _read(view: View, asks: list[Ask], design: Design) -> tuple[pd.DataFrame, str]:
    reads = dict(view.columns.reads)
    for name, (ours, kind) in READS.items():
        column = getattr(design, name)
        if isinstance(column, str):
            reads[ours] = sql.Read(column_of(column, view.columns.source.types), kind)
    columns = Columns(view.columns.source, reads)
    picked = [f"CASE WHEN {view.where} THEN 1 ELSE 0 END AS inside" if view.where else "1 AS inside"]
    picked += ["row_number() OVER () AS place"] if columns.source.ordered else []
    picked += [f"CAST({ours} AS VARCHAR) AS {ours}" if kind == "key" else ours for ours, kind in READS.values()
               if ours in reads]
    for at, ask in enumerate(asks):
        for i, value in enumerate(ask.values):
            flag = f"CASE WHEN {value} THEN 1 WHEN {ask.known} IS NOT NULL THEN 0 END"
            picked.append(f"{flag if ask.flags and value != ask.known else value} AS y{at}_{i}")
    body = "SELECT\n    /*by*/\n    " + ",\n    ".join(picked) + "\nFROM events"
    table, text = replace(view, columns=columns, where="").query(body)
    order = ["place"] if "place" in table else list(map(str, table.select_dtypes("number")))
    return table.sort_values(order, kind="stable", ignore_index=True), text
