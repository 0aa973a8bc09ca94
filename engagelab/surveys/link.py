"""What engagement goes with in the same shops or teams, some waves later.

Within and between units apart (Mundlak 1978, Econometrica 46, 69-85): whether a unit that is better than it usually is
is followed by more, and whether units that are better on the whole have more, are two questions with two answers. The
model is y = wave + within * w + between * b + intercept of the unit + error; w is what units and waves leave of the
driver (so `within` is the estimate of fixed effects of both, whatever the intercepts are), b the rest. The intercepts
are random, their variance is found by restricted maximum likelihood (Patterson and Thompson 1971, Biometrika 58,
545-554), of which it is the only unknown: no search can fail, and 0 is an answer, with which the estimate is that of
ordinary least squares. Errors count units and not rows: the cluster jackknife (Bell and McCaffrey 2002, Survey
Methodology 28, 169-181; MacKinnon, Nielsen and Webb 2023, Journal of Applied Econometrics 38, 671-694) leaves out one
unit after the other, which also shows whether one unit alone makes the finding.
"""

import html
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import written
from engagelab.display import heading, interval, metric_name, named, shown, table_html
from engagelab.errors import DataError, UsageError
from engagelab.metrics.intervals import around, z_value
from engagelab.metrics.shares import answered
from engagelab.summaries.frames import fetched, numbers, weights_of
from engagelab.surveys.wave_tables import MIDNIGHT, in_order

FEW_UNITS = 10
NOTHING = 1e-12  # of a square: what is left of it is rounding
Fit = tuple[float, float]  # within, between


@dataclass(frozen=True)
class Link:
    """What goes with what: `.frame`, an answer; `.parts`, what it is made of; in words `.sentence` and `.notes`.

    `.effect`, `.se` and `.source` are what a KPI tree takes for a link between two of its nodes.
    """

    frame: pd.DataFrame
    effect: float
    se: float
    source: str
    sentence: str
    parts: pd.DataFrame = field(repr=False)
    unit: str = "number"
    notes: tuple[str, ...] = ()

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: rounded."""
        signed, rows = self.unit == "share", self.frame
        keys = list(rows.columns[:list(rows.columns).index("estimate")])
        seen: dict[str, Any] = {
            words.text("label.estimate"): [shown(value, self.unit, signed=signed) for value in rows["estimate"]],
            words.text("link.interval"): [
                shown(None) if np.isnan(low) else interval(low, high, self.unit, signed=signed)
                for low, high in zip(rows["low"], rows["high"], strict=True)],
            words.text("label.n"): [shown(n, "count") for n in rows["n"].astype("float64")],
            words.text("label.flag"): rows["flag"].to_numpy()}
        return pd.DataFrame({heading(key): [named(value, key) for value in rows[key]] for key in keys} | seen)

    def __repr__(self) -> str:
        return "\n".join([self.cells().to_string(index=False), self.sentence, *self.notes])

    def _repr_html_(self) -> str:
        said = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in (self.sentence, *self.notes))
        return table_html(self.cells()) + said


def link(data: Any, driver: str, outcome: str, *, unit: str, over: str, lag: int = 1, weights: str | None = None,
         confidence: float = .95) -> Link:
    """Whether what units answer goes with what follows in the same units.

    data : a table with a row a unit (a shop, a team) and wave, such as `measure()` makes of answers, with the outcome
        merged to it; whatever `measure()` takes. Small units should be hidden in it already (see `min_n`).
    over : the column of waves, in the order of its values or categories; text by the numbers in it.
    lag : the outcome is that of so many waves later; 0 where each row already holds what followed.
    weights : a column of weights of the rows, such as the number of answers.

    Returns a `Link`, whose `.frame` has a row `within` and a row `between` (column `kind`): the difference of the
    outcome that goes with one more of the driver, Student's interval with units less 1 degrees of freedom; `n` unit and
    wave pairs, `n_missing` those of which one side is not known, `n_eff` units; `least` and `most`, the range of the
    estimate when any one unit is left out, as `.parts` has it in full. `.effect` is that within units.

    An effect within units is free of whatever a unit always is; what moves all units alike is taken off both. Means of
    few answers are noisy, and so are those over few waves, which draws effects to 0. A unit is no person, and nobody
    was assigned: see the notes.

    Raises DataError for a unit twice in a wave, for what is no number, and where no pair is complete.

    >>> shops = pd.DataFrame({"shop": list("abcd") * 3, "wave": [1] * 4 + [2] * 4 + [3] * 4,
    ...                       "engagement": [5, 6, 7, 8, 6, 6, 8, 7, 5, 7, 7, 8],
    ...                       "margin": [0, 0, 0, 0, 10, 14, 20, 27, 14, 16, 26, 23]})
    >>> link(shops, "engagement", "margin", unit="shop", over="wave").frame[["kind", "estimate", "low", "high", "n"]
    ...     ].round(2)
          kind  estimate   low  high  n
    0   within      4.36  0.08  8.65  8
    1  between      6.00  3.90  8.10  8
    """
    z_value(confidence)
    if isinstance(lag, bool) or not isinstance(lag, int) or lag < 0:
        raise UsageError("link.lag", value=repr(lag))
    rows, n_missing, notes = _pairs(data, driver, outcome, unit, over, lag, weights)
    names, codes = np.unique(rows["unit"].to_numpy(dtype=object), return_inverse=True)
    rows = rows.assign(unit=codes)
    ratio = _ratio(rows)
    fit = _fit(rows, ratio)
    parts = pd.DataFrame([_fit(rows[codes != code], ratio) for code in range(len(names))],
                         columns=["within", "between"]).assign(unit=names)[["unit", "within", "between"]]
    waves = np.bincount(codes)
    table = pd.DataFrame([
        _row("within", fit[0], parts[waves > 1], int(waves[waves > 1].sum()), confidence),
        _row("between", fit[1], parts, len(rows), confidence)]).assign(metric=outcome, n_missing=n_missing)
    tail = {name: table[name] for name in ("estimate", "low", "high", "se", "count", "n", "n_eff", "method")}
    frame = answered(table[["metric", "kind", "n_missing"]], tail, table["flag"].tolist()).assign(
        least=table["least"], most=table["most"])
    what = {"driver": metric_name(driver), "outcome": metric_name(outcome), "later": _later(lag)}
    notes += [words.text("link.same_level")] * (ratio == 0) + [
        words.text("link.units_are_no_persons", unit=unit), words.text("link.no_effect_of_acting")]
    first = frame.iloc[0]
    return Link(frame, float(first["estimate"]), float(first["se"]), words.text(
        "link.source", **what, unit=unit, n=len(rows), units=len(names)), _sentence(first, what), parts, "number",
        tuple(notes))


def _later(lag: int) -> str:
    """When the outcome was, in words."""
    return words.text("link.later_none" if lag == 0 else "link.later_one" if lag == 1 else "link.later_many", n=lag)


def _sentence(row: pd.Series, what: dict[str, Any]) -> str:
    """What units that were better than usual were followed by, in words."""
    if np.isnan(row["low"]):
        return words.text("link.sentence_none", **what)
    way = "up" if row["low"] > 0 else "down" if row["high"] < 0 else "unclear"
    return words.text(f"link.sentence_{way}", **what, size=shown(abs(row["estimate"])),
                      interval=interval(row["low"], row["high"]), least=shown(row["least"]), most=shown(row["most"]))


def _pairs(data: Any, driver: str, outcome: str, unit: str, over: str, lag: int, weights: str | None
           ) -> tuple[pd.DataFrame, int, list[str]]:
    """The driver (x) of each unit and wave beside the outcome (y) so many waves later; how many lack one; notes."""
    table = fetched(data, [unit, over, driver, outcome, *([weights] if weights else [])])
    known = table[unit].notna() & table[over].notna()
    notes = [words.text("link.nameless", n=int((~known).sum()), unit=unit, over=over)] * bool((~known).any())
    table = table[known]
    own = numbers(table, [driver, outcome])
    codes, values = pd.factorize(table[over], sort=True)
    waves = in_order(list(values))
    places = np.array([waves.index(wave) for wave in values], dtype=int)[codes]
    rows = pd.DataFrame({"unit": written(table[unit]), "wave": places, "x": own[driver], "y": own[outcome],
                         "w": weights_of(table, weights) if weights else 1.0})
    again = rows.duplicated(["unit", "wave"])
    if again.any():
        raise DataError("link.twice", n=int(again.sum()), unit=repr(str(table[unit][again].iloc[0])),
                        wave=repr(str(table[over][again].iloc[0])))
    later = rows[["unit", "wave", "y"]].assign(wave=rows["wave"] - lag)
    pairs = rows.drop(columns="y").merge(later, on=["unit", "wave"], how="outer", sort=True)
    pairs = pairs[pairs["wave"].between(0, len(waves) - 1 - lag)]
    whole = pairs["x"].notna() & pairs["y"].notna()
    if not whole.any():
        raise DataError("link.no_pair", driver=repr(driver), outcome=repr(outcome), later=_later(lag),
                        waves=len(waves))
    found = pairs[whole].reset_index(drop=True)
    names = [MIDNIGHT.sub("", str(wave)) for wave in waves]
    said = [names[place] for place in (found["wave"].min(), found["wave"].max())]
    notes.insert(0, words.text("link.waves", later=_later(lag), first=said[0], last=said[1],
                               waves=words.joined(names)))
    return found.assign(w=found["w"] / found["w"].mean()), int((~whole).sum()), notes


def _row(kind: str, estimate: float, without: pd.DataFrame, n: int, confidence: float) -> dict[str, Any]:
    """A row of the answer from the estimates without each unit."""
    others, units = without[kind].to_numpy(), len(without)
    se = float(np.sqrt((units - 1) / units * ((others - estimate) ** 2).sum())) if units else np.nan
    if se <= np.sqrt(NOTHING) * abs(estimate):
        se = 0.0
    low, high = around(estimate, se, units - 1, confidence)
    least, most = (others.min(), others.max()) if units else (np.nan, np.nan)
    flag = ""
    if np.isnan(estimate):
        flag = words.text(f"link.flag_no_{kind}")
    elif np.isnan(least):
        flag = words.text("link.flag_hangs", unit=without["unit"][np.isnan(others)].iloc[0])
    elif np.isnan(low):
        flag = words.text("metrics.flag_no_interval")
    elif units < FEW_UNITS:
        flag = words.text("link.flag_few", n=units)
    return {"kind": kind, "estimate": estimate, "low": low, "high": high, "se": se, "count": np.nan, "n": n,
            "n_eff": float(units), "method": words.text("link.method", df=max(units - 1, 0)), "flag": flag,
            "least": least, "most": most}


def _turned(matrix: np.ndarray, codes: np.ndarray, w: np.ndarray, ratio: float) -> np.ndarray:
    """Columns as least squares takes them where units have random intercepts.

    ratio : the variance of the intercepts over that of the errors; with infinity the units' means are taken off.
    """
    size = np.bincount(codes, w)
    sums = np.zeros((len(size), matrix.shape[1]))
    np.add.at(sums, codes, matrix * w[:, None])
    off = (1 - 1 / np.sqrt(1 + ratio * size)) / size
    return np.sqrt(w)[:, None] * (matrix - off[codes, None] * sums[codes])


def _apart(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Codes of the units, weights, waves as columns of 0 and 1, and the driver within units and the rest of it."""
    codes, w, x = np.unique(rows["unit"], return_inverse=True)[1], rows["w"].to_numpy(), rows["x"].to_numpy()
    waves = (rows["wave"].to_numpy()[:, None] == np.unique(rows["wave"])).astype(float)
    turned = _turned(np.column_stack([waves, x - x.mean()]), codes, w, np.inf)
    within = _rest(turned[:, -1], turned[:, :-1]) / np.sqrt(w)
    if _square(within, w) <= NOTHING * _square(x - x.mean(), w):
        within = np.zeros(len(x))
    return codes, w, waves, within, x - x.mean() - within


def _rest(column: np.ndarray, others: np.ndarray) -> np.ndarray:
    """What other columns leave of a column."""
    return column - others @ np.linalg.lstsq(others, column)[0]


def _square(column: np.ndarray, w: np.ndarray) -> float:
    return float((w * column * column).sum())


def _fit(rows: pd.DataFrame, ratio: float) -> Fit:
    """Both effects; NaN where the driver does not differ so."""
    if not len(rows):
        return np.nan, np.nan
    codes, w, waves, within, between = _apart(rows)
    y = rows["y"].to_numpy() - rows["y"].mean()
    own = float((w * within * y).sum() / _square(within, w)) if within.any() else np.nan
    turned = _turned(np.column_stack([waves, between, y]), codes, w, ratio)
    rest = _rest(turned[:, -2], turned[:, :-2])
    size, spread = float(rest @ rest), _square(rows["x"].to_numpy() - rows["x"].mean(), w)
    return own, float(rest @ turned[:, -1] / size) if size > NOTHING * spread else np.nan


def _ratio(rows: pd.DataFrame) -> float:
    """The variance of the units' intercepts over that of the errors, likeliest by what the effects leave (REML)."""
    from scipy.optimize import minimize_scalar

    codes, w, waves, within, between = _apart(rows)
    y = rows["y"].to_numpy() - rows["y"].mean()
    columns = np.column_stack([waves, *(part / np.abs(part).max() for part in (within, between) if part.any()), y])
    free = len(y) - np.linalg.matrix_rank(columns[:, :-1])
    size, least = np.bincount(codes, w), NOTHING * _square(y, w)
    if free <= 0 or least == 0 or len(size) == len(y):
        return 0.0

    def unlikely(share: float) -> float:
        turned = _turned(columns, codes, w, share / (1 - share))
        sizes = np.linalg.svd(turned[:, :-1], compute_uv=False)
        rest = _rest(turned[:, -1], turned[:, :-1])
        logs = np.log(sizes[sizes > np.sqrt(NOTHING) * sizes[0]]).sum()
        return float(free * np.log(max(rest @ rest, least)) + 2 * logs + np.log1p(share / (1 - share) * size).sum())

    grid = np.linspace(0, 1, 33)[:-1]
    best = int(np.argmin([unlikely(share) for share in grid]))
    ends = grid[max(best - 1, 0)], grid[best + 1] if best + 1 < len(grid) else 1 - 1e-9
    share = minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-10}).x
    return 0.0 if unlikely(0.0) <= unlikely(share) + 1e-9 else float(share / (1 - share))
