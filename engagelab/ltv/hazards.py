"""Who leaves more often, at like values of everything else: hazard ratios of features, each with its checks.

The model is Cox's, in `engagelab.ltv.cox`. Fewer than ten leavers a feature make such ratios unreliable (Peduzzi,
Concato, Feinstein and Holford 1995, Journal of Clinical Epidemiology 48, 1503-1510). A level that nobody left has no
ratio; its rows are set aside, which is the limit of the likelihood, so that the others keep theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import written
from engagelab.activity.spells import named
from engagelab.display import heading, interval, shown
from engagelab.errors import DataError, UsageError
from engagelab.ltv import cox
from engagelab.ltv.lifetimes import checked
from engagelab.metrics import looks
from engagelab.metrics.intervals import holm, z_value
from engagelab.metrics.shares import answered
from engagelab.plots.hazards import hazards as picture
from engagelab.summaries import frames

FEWEST = 10          # leavers a feature
MOST = 50            # levels of a feature
SAME = 1e-8
NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")
UNLIKELY = .05       # p below which hazards are taken not to be proportional


@dataclass(frozen=True)
class Term:
    """One column of the model: a level of a feature against its reference level, or a step of a number."""

    feature: str
    level: str
    against: str = ""
    step: float = 1.0

    def values(self, column: pd.Series) -> np.ndarray:
        """The column of the model for these values of the feature."""
        if self.against:
            return (_levels(column) == self.level).to_numpy(dtype="float64")
        return column.to_numpy(dtype="float64") / self.step

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return f"{heading(self.feature)} {self.level}"


@dataclass(frozen=True, repr=False)
class Hazards:
    """Hazard ratios: `.frame`, a row a level or step; `.concordance`, an answer of one row; `.notes`."""

    frame: pd.DataFrame
    concordance: pd.DataFrame
    notes: tuple[str, ...]
    model: cox.Fit = field(repr=False)
    terms: tuple[Term, ...] = field(repr=False)     # those of the model
    known: dict[str, list[str]] = field(repr=False)  # the levels of each feature that has levels, and the strata
    strata: str | None = None
    confidence: float = .95

    def survival(self, rows: pd.DataFrame, times: Sequence[float]) -> pd.DataFrame:
        """The share that stays longer than each time, for customers like each of these rows.

        rows : a frame with the features (and the strata). times : in the unit of the durations.

        Returns a row a row of these, counted from 1, and time: `survival`, `low, high` (on the log-log) and `se`; NaN
        beyond the longest time observed. Raises DataError for a value that is missing or was never seen.

        >>> table = pd.DataFrame({"months": [6, 7, 10, 13, 16, 22, 1, 2, 3, 4, 5, 8], "left": [1, 0] * 3 + [1] * 6,
        ...                       "plan": ["year"] * 6 + ["month"] * 6})
        >>> found = hazards(table, duration="months", ended="left", features=["plan"])
        >>> found.survival(pd.DataFrame({"plan": ["month", "year"]}), [6])[["row", "time", "survival"]].round(3)
           row  time  survival
        0    1   6.0     0.136
        1    2   6.0     0.876
        """
        table = frames.fetched(rows, [*dict.fromkeys([*(term.feature for term in self.terms), *self.known])])
        for name in table:
            self._seen(str(name), table[name])
        for term, loose in zip(self.terms, self.model.loose, strict=True):
            if loose:
                raise DataError("survival.no_curve", name=repr(term.name))
        at = frames.numbers(pd.DataFrame({"times": list(times)}), ["times"])["times"].to_numpy()
        features = np.column_stack([term.values(table[term.feature]) for term in self.terms])
        code = np.zeros(len(table), dtype=int) if self.strata is None else pd.Categorical(
            named(table[self.strata]), self.known[self.strata]).codes
        hazard, error = (np.full((len(table), len(at)), np.nan) for _ in range(2))
        for one in np.unique(code):
            hazard[code == one], error[code == one] = self.model.baseline(one, at, features[code == one])
        share, z = np.exp(-hazard), z_value(self.confidence)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(hazard > 0, np.exp(z * error / hazard), 1.0)
        return pd.DataFrame({
            "row": np.repeat(np.arange(1, len(table) + 1), len(at)), "time": np.tile(at, len(table)),
            "survival": share.ravel(), "low": np.exp(-hazard * factor).ravel(),
            "high": np.exp(-hazard / factor).ravel(), "se": (share * error).ravel()})

    def plot(self, **how: Any):
        """The ratios with their intervals: see `plots.hazards`."""
        return picture(self.frame, **how)

    def _seen(self, name: str, column: pd.Series) -> None:
        """Refuse a value that the model knows nothing of."""
        levels = self.known.get(name)
        said = named(column) if name == self.strata else _levels(column) if levels else frames.numbers(
            column.to_frame(), [name])[name]
        wrong = (said.isna() if levels is None else ~said.isin(levels)).to_numpy()
        if wrong.any():
            raise DataError("survival.unseen", column=repr(name), row=int(wrong.argmax()) + 1,
                            value=repr(column.iloc[int(wrong.argmax())]))

    def _tables(self) -> list[pd.DataFrame]:
        rows = self.frame.assign(feature=self.frame["feature"].map(heading))
        return [looks.rounded(rows, ["feature", "level", "against", "estimate", "interval", "count", "n", "flag"])]

    def __repr__(self) -> str:
        return looks.plain(self._tables(), self.notes)

    def _repr_html_(self) -> str:
        return looks.page(self._tables(), self.notes)


def hazards(data: Any, *, duration: str, ended: str, features: Sequence[str], entry: str | None = None,
            strata: str | None = None, confidence: float = .95) -> Hazards:
    """How many times as often customers with a feature leave, at like values of the other features.

    data, duration, ended, entry : as in `survival()`. features : columns of numbers, flags, or text with 50 levels at
        most. Each level is set against the most frequent one, a flag against false; a number counts by steps of 1, 10,
        100 ... near its spread, which `level` says.
    strata : a column within whose groups alone customers are compared.

    Returns `Hazards`. `.frame` has a row a level or step with the columns of an answer: `estimate` is the hazard ratio,
    `se` that of its logarithm, `count` have left, of `n` with that level; and `p`, and `p_proportional`, small where
    the ratio changes over time. Rows in which a value is missing are left out and counted.
    Raises DataError for a feature that does not vary or follows from the others, and where nobody left.

    >>> months = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8]
    >>> table = pd.DataFrame({"months": months, "left": [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0] + [1] * 12,
    ...                       "plan": ["year"] * 12 + ["month"] * 12})
    >>> found = hazards(table, duration="months", ended="left", features=["plan"])
    >>> found.frame[["feature", "level", "against", "estimate", "low", "high"]].round(2)
      feature level against  estimate   low  high
    0    plan  year   month      0.14  0.04  0.44
    """
    z_value(confidence)
    names = _names(features, duration, ended, entry, strata)
    lengths = [duration, ended, *([entry] if entry else [])]
    table = frames.fetched(data, [*names, *lengths, *([strata] if strata else [])])
    spans, missing = checked(table, duration, ended, entry), table[[*names, *lengths]].isna()
    kept = ~missing.any(axis="columns")
    table, spans = table[kept], spans[kept]
    time, gone, since = spans["duration"].to_numpy(), spans["ended"].to_numpy() == 1, spans["entry"].to_numpy()
    since = np.where(since > 0, since, -1.0)   # who is followed from the beginning is at risk at age 0 too
    if not gone.any():
        raise DataError("survival.nobody_left", n=len(gone))
    terms, apart = _terms(table, names, gone)
    used = ~np.any([term.values(table[term.feature]) == 1 for term in apart], axis=0) if apart else np.full(
        len(table), True)
    columns = _varied(terms, table[used])
    groups = pd.Categorical(named(table[strata])[used]) if strata else pd.Categorical(np.full(used.sum(), ""))
    model = cox.fit(columns, time[used], gone[used], since[used], groups.codes.astype("int64"))
    frame = _frame(terms, apart, model, table, gone, len(missing) - len(table), confidence)
    agreed = _concordance(model, int(used.sum()), int(gone.sum()))
    known = {term.feature: sorted(_levels(table[term.feature])[used].unique())
             for term in [*terms, *apart] if term.against}
    known |= {strata: list(groups.categories)} if strata else {}
    notes = _notes(frame, terms, agreed, missing, int(gone.sum()), 1 - confidence)
    frame.attrs = {"sql": "", "notes": notes}
    return Hazards(frame, agreed, tuple(notes), model, tuple(terms), known, strata, confidence)


def _names(features: Sequence[str], *others: str | None) -> list[str]:
    """The features, if none of them is what is to be explained."""
    names = frames.listed("features", features)
    for column in others:
        if column in names:
            raise UsageError("survival.among", column=repr(column))
    return names


def _levels(column: pd.Series) -> pd.Series:
    return written(column).astype("str")


def _terms(table: pd.DataFrame, names: list[str], gone: np.ndarray) -> tuple[list[Term], list[Term]]:
    """The columns of the model, and the levels that nobody left."""
    terms: list[Term] = []
    apart: list[Term] = []
    for name in names:
        column = table[name]
        kind = pd.api.types.infer_dtype(column)
        flag = kind == "boolean"
        if kind in NUMBERS:
            step = _step(frames.numbers(table, [name])[name].to_numpy())
            terms.append(Term(name, f"+{step:,.0f}" if step >= 1 else f"+{step:g}", step=step))
            continue
        said = _levels(column)
        counts, left = said.value_counts(), set(said[gone])
        if len(counts) > MOST:
            raise DataError("survival.levels", column=repr(name), n=len(counts), most=MOST)
        against = min(left, key=lambda level: (level != "False" if flag else 0, -counts[level], level))
        for level in sorted(counts.index):
            if level != against:
                (terms if level in left else apart).append(Term(name, level, against))
        if len(counts) == 1:
            terms.append(Term(name, against, against))   # said not to vary
    return terms, apart


def _step(values: np.ndarray) -> float:
    """By how much a number counts: the difference of two values, else a power of ten near the spread."""
    found = np.unique(values)
    if len(found) < 3:
        return float(np.ptp(found)) or 1.0
    most = np.abs(found).max()
    step = 10.0 ** np.floor(np.log10((values / most).std() * most))   # the square of a huge number is infinite
    return float(max(step, 1.0) if (found == np.floor(found)).all() else step)


def _varied(terms: list[Term], table: pd.DataFrame) -> np.ndarray:
    """The columns of the model, if each feature varies and none follows from those before it."""
    if not terms:
        raise DataError("survival.no_feature")
    columns = np.column_stack([term.values(table[term.feature]) for term in terms])
    spread = columns.std(axis=0)
    for term, size, middle in zip(terms, spread, np.abs(columns).max(axis=0), strict=True):
        if size <= SAME * middle:
            raise DataError("survival.constant", column=repr(term.feature))
    rest = np.abs(np.diag(np.linalg.qr((columns - columns.mean(axis=0)) / spread, mode="r")))
    if len(columns) <= len(terms) or rest.min() < SAME * len(columns)**.5:
        term = terms[int(rest.argmin())] if len(columns) > len(terms) else terms[-1]
        raise DataError("survival.follows", name=repr(term.name))
    return columns


def _frame(terms: list[Term], apart: list[Term], model: cox.Fit, table: pd.DataFrame, gone: np.ndarray, missing: int,
           confidence: float) -> pd.DataFrame:
    """A row a term: those of the model, and among them those of levels that nobody left."""
    from scipy.special import ndtr

    few = words.text("survival.flag_few", least=FEWEST) if gone.sum() < FEWEST * len(terms) else ""
    steady = model.proportional()
    rows = []
    for term in [*terms, *apart]:
        own = term.values(table[term.feature]) == 1 if term.against else np.full(len(table), True)
        beta = se = p = np.nan
        flags = [words.text("survival.flag_nobody", n=int(own.sum()))] if term in apart else [few]
        if term in terms and model.loose[at := terms.index(term)]:
            flags.append(words.text(f"survival.flag_{'loose' if model.theta[at] else 'left_out'}"))
        elif term in terms:
            beta, se, p = model.beta[at], model.se[at], steady[at]
        if term.against and gone[own].all():
            flags.append(words.text("survival.flag_all", n=int(own.sum())))
        rows.append([term.feature, term.level, term.against, beta, se, float(gone[own].sum()), int(own.sum()), p,
                     "; ".join(filter(None, flags))])
    found = pd.DataFrame(rows, columns=["feature", "level", "against", "beta", "se", "count", "n", "steady", "flag"])
    asked = {name: place for place, name in enumerate(table.columns)}
    found = found.assign(place=found["feature"].map(asked)).sort_values(["place", "level"], ignore_index=True)
    half = z_value(confidence) * found["se"]
    answer = answered(found[["feature", "level", "against", "flag"]].assign(metric="hazard_ratio", n_missing=missing)[
        ["metric", "feature", "level", "against", "n_missing", "flag"]], {
        "estimate": np.exp(found["beta"]), "low": np.exp(found["beta"] - half), "high": np.exp(found["beta"] + half),
        "se": found["se"], "count": found["count"], "n": found["n"], "n_eff": found["n"].astype("float64"),
        "method": words.text("survival.method_cox")}, [""] * len(found))
    p = 2 * ndtr(-np.abs((found["beta"] / found["se"]).to_numpy()))
    return answer.assign(p=p, p_proportional=found["steady"])


def _concordance(model: cox.Fit, n: int, ends: int) -> pd.DataFrame:
    return answered(pd.DataFrame({"metric": ["concordance"]}), {
        "estimate": model.concordance(), "low": np.nan, "high": np.nan, "se": np.nan, "count": float(ends), "n": n,
        "n_eff": float(n), "method": words.text("survival.method_concordance")}, [""])


def _notes(frame: pd.DataFrame, terms: list[Term], agreed: pd.DataFrame, missing: pd.DataFrame, ends: int,
           level: float) -> list[str]:
    """What has to be said: of the whole, of each clear feature, and of those whose ratio changes over time."""
    gaps = missing.sum()
    n, lost = len(missing), int(missing.any(axis="columns").sum())
    notes = [words.text("survival.caution"), words.text("survival.fitted", n=n - lost, ends=ends, share=shown(
        agreed["estimate"].iloc[0], "share"))]
    if lost:
        notes.append(words.text("drivers.left_out", n=lost, rows=n, columns=words.joined(words.text(
            "drivers.gaps", column=heading(str(column)), n=int(gap)) for column, gap in gaps.items() if gap)))
    if ends < FEWEST * len(terms):
        notes.append(words.text("survival.few", ends=ends, k=len(terms), least=FEWEST))
    for row in frame[frame["p"] < level].to_dict("records"):
        said = {"feature": heading(row["feature"]), "level": row["level"], "against": row["against"], "ratio": shown(
            row["estimate"]), "interval": interval(row["low"], row["high"])}
        notes.append(words.text("survival.level" if row["against"] else "survival.step", **said))
    changing = frame[holm(frame["p_proportional"].to_numpy()) < UNLIKELY]
    if len(changing):
        notes.append(words.text("survival.changing", names=words.joined(
            f"{heading(row['feature'])} {row['level']}" for row in changing.to_dict("records"))))
    return notes
