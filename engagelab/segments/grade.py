"""Grades from A to D by a score or an amount: by shares of the customers, or by cuts that are kept from before.

A grade is everything at or above its cut, so that equal scores have equal grades. By shares a cut is put where the
share at or above it is nearest to the one that is wanted: where many have one score, grades are larger or smaller, or
empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics import looks
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import Noun, mean, rate
from engagelab.metrics.shares import TAIL, shares
from engagelab.summaries.frames import numbers

SHARES: Mapping[str, float] = {"A": .1, "B": .2, "C": .3}
REST = "D"


@dataclass(frozen=True, repr=False)
class Grades:
    """Customers with their grades.

    frame : the rows that were graded, with the column `grade`. grades : an answer, by grade: the share of customers,
    and where columns were given the mean value and the rate of the outcome. cuts : the lowest score of each grade but
    the last; `grade(..., thresholds=cuts)` gives the same boundaries again. notes : sentences.
    """

    frame: pd.DataFrame
    grades: pd.DataFrame
    cuts: dict[str, float]
    notes: tuple[str, ...]
    unit: str = "number"

    def _looks(self) -> list[pd.DataFrame]:
        return [looks.rounded(part, ["metric", "grade", "estimate", "interval", "n", "flag"],
                              self.unit if metric == "mean_value" else "share")
                for metric, part in self.grades.groupby("metric", sort=False)]

    def __repr__(self) -> str:
        return looks.plain(self._looks(), self.notes)

    def _repr_html_(self) -> str:
        return looks.page(self._looks(), self.notes)


def grade(data: Any, by: str = "score", *, thresholds: Mapping[str, float] | None = None,
          shares: Mapping[str, float] = SHARES, value: str | None = None, outcome: str | None = None,
          unit: str = "number", confidence: float = .95) -> Grades:
    """Customers graded by a column, best first: a score, a chance, a margin or a lifetime value.

    data : a frame, or what has a `.frame`, such as the answers of `score`, `leads` and the lifetime models.
    thresholds : the lowest score of each grade, best grade first, such as `.cuts` of last quarter; what lies below all
        is "D". shares : the parts of the customers that the grades should hold, where no thresholds are given.
    value : a column of amounts whose mean is told by grade. outcome : a column of true and false whose rate is.
    unit : of the amounts, such as "JPY", to be looked at; the cuts have it where they are of the same column.

    Returns `Grades`. A row without a score has no grade and is counted. Raises UsageError for thresholds that do not
    fall and shares that are not between 0 and 1 together; DataError where no row has a score.

    >>> people = pd.DataFrame({"user_id": list("abcdefghij"), "score": [90, 80, 80, 60, 50, 40, 30, 20, 10, None]})
    >>> found = grade(people, shares={"A": .1, "B": .2, "C": .3})
    >>> found.frame["grade"].fillna("-").tolist(), found.cuts
    (['A', 'B', 'B', 'C', 'C', 'D', 'D', 'D', 'D', '-'], {'A': 90.0, 'B': 80.0, 'C': 50.0})
    >>> found.grades[["metric", "grade", "estimate", "count", "n"]].head(2).round(3)
               metric grade  estimate  count  n
    0  grade_share     A     0.111    1.0  9
    1  grade_share     B     0.222    2.0  9
    """
    frame = getattr(data, "frame", data)
    if not isinstance(frame, pd.DataFrame):
        raise UsageError("grade.no_frame", type=type(data).__name__)
    for column in filter(None, (by, value, outcome)):
        column_of(column, frame.columns)
    if "grade" in frame:
        raise UsageError("grade.graded")
    score = numbers(frame, [by])[by].to_numpy()
    known = score[~np.isnan(score)]
    if not len(known):
        raise DataError("grade.nobody", column=repr(by))
    cuts = _falling(thresholds) if thresholds is not None else _cuts(known, _parts(shares))
    names = [*cuts, REST]
    place = (score[:, None] < np.array(list(cuts.values()))).sum(axis=1)
    given = pd.Series([names[at] if not missing else None for at, missing in zip(
        place, np.isnan(score), strict=True)], index=frame.index, dtype="str")
    out = frame.assign(grade=given)
    table, missing = _table(out, names, value, outcome, confidence), len(score) - len(known)
    notes = [words.text("grade.cuts", by=heading(by), cuts=words.joined(
        words.text("grade.cut", grade=name, cut=shown(
            cut, unit if by == value else "number")) for name, cut in cuts.items() if np.isfinite(cut)))]
    empty = [name for name in names if not (given == name).any()]
    notes += [words.text("grade.empty", names=words.joined(empty))] if empty else []
    notes += [words.text("grade.missing", n=missing, by=heading(by))] if missing else []
    table.attrs = {"sql": "", "notes": notes}
    return Grades(out, table, cuts, tuple(notes), unit)


def _falling(thresholds: Mapping[str, float]) -> dict[str, float]:
    """The cuts, if they are numbers that fall from the best grade on."""
    cuts = list(thresholds.items())
    good = bool(cuts) and REST not in thresholds and all(
        isinstance(name, str) and isinstance(cut, int | float | np.number) and not np.isnan(cut) for name, cut in cuts)
    if not good or any(one[1] < other[1] for one, other in pairwise(cuts)):
        raise UsageError("grade.thresholds", value=repr(dict(cuts)), rest=REST)
    return {name: float(cut) for name, cut in cuts}


def _parts(shares: Mapping[str, float]) -> dict[str, float]:
    """How many are in each grade or better, if the shares are shares."""
    parts = dict(shares)
    if not parts or REST in parts or not all(isinstance(part, int | float) and 0 < part < 1 for part in parts.values()
                                             ) or sum(parts.values()) > 1 + 1e-12:
        raise UsageError("grade.shares", value=repr(parts), rest=REST)
    return dict(zip(parts, np.cumsum(list(parts.values())), strict=True))


def _cuts(score: np.ndarray, parts: Mapping[str, float]) -> dict[str, float]:
    """The score at or above which the share is nearest to each part; infinite where that is nobody."""
    values, counts = np.unique(score, return_counts=True)
    values = np.append(values[::-1], np.inf)
    above = np.append(counts[::-1].cumsum() / len(score), 0.0)
    return {name: float(values[int(np.argmin(np.abs(above - part).round(12)))]) for name, part in parts.items()}


def _table(frame: pd.DataFrame, names: list[str], value: str | None, outcome: str | None, confidence: float
           ) -> pd.DataFrame:
    """The answer by grade."""
    known = frame[frame["grade"].notna()]
    counts = known["grade"].value_counts().reindex(names, fill_value=0)
    out = [shares(pd.DataFrame({"metric": "grade_share", "grade": names, "count": counts.to_numpy(), "n": len(known)}),
                  confidence=confidence)]
    nouns: dict[str, Noun] = {"mean_value": mean(value)} if value else {}
    if outcome:
        nouns["outcome_rate"] = rate(outcome)
    columns = list(dict.fromkeys(filter(None, (value, outcome))))
    if nouns:
        rows = measure(numbers(known, columns).assign(grade=known["grade"]), nouns, by="grade", confidence=confidence)
        out += [rows.sort_values(["metric", "grade"], key=lambda column: column.map(
            {name: place for place, name in enumerate([*nouns, *names])}), kind="stable")]
    return pd.concat(out, ignore_index=True)[["metric", "grade", *TAIL]]
