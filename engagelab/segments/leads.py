"""Leads with a chance each: learned from those decided, told for those open, and judged on what was not seen.

A logistic regression with a mild penalty on the signals, calibrated (see `logistic`). Everything in `.quality` is out
of sample. Each signal is also looked at alone (see `leaks`). An open lead that has more leverage than any lead that was
learned from lies outside of what the fit knows (Montgomery, Peck and Vining 2012, Introduction to Linear Regression
Analysis, section 3.8 on hidden extrapolation).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval
from engagelab.metrics import looks
from engagelab.metrics.auc import auc
from engagelab.metrics.calibration import calibration, reliability
from engagelab.metrics.intervals import z_value
from engagelab.metrics.logistic import logistic
from engagelab.metrics.shares import TAIL, answered
from engagelab.plots.calibration import calibration as picture
from engagelab.segments.leaks import leaks
from engagelab.segments.logistic import (
    OTHER,
    RAREST,
    RIDGE,
    Design,
    Fitted,
    Signal,
    by_user,
    checked,
    cross_fitted,
    design,
    folds_of,
    label,
    level,
    outcomes,
)
from engagelab.summaries.frames import fetched, listed, numbers

PER_COLUMN = 10    # of either outcome, for each column of the regression
TOGETHER = .98     # area under the curve of all signals
RIGHT = .9, 1.1    # a calibration slope that is good enough, however sure it is not 1
OWN = ("chance", "low", "high", "why")
AT_ONCE = 10       # open leads that are shown


@dataclass(frozen=True)
class Learned:
    """What was learned from the leads that are decided."""

    user: str
    design: Design
    fitted: Fitted
    z: float
    spread: np.ndarray   # (X'X + penalty)^-1
    reach: float         # the highest leverage of a lead that was learned from

    def told(self, table: pd.DataFrame) -> pd.DataFrame:
        """Chances with their intervals and reasons."""
        chance, low, high = self.fitted.chances(self.design.matrix(table), self.z)
        why = [words.text("leads.outside", why=one) if far else one for one, far in zip(
            self.design.why(table, self.fitted.weights), self.outside(table), strict=True)]
        return table[[self.user]].assign(chance=chance, low=low, high=high,
                                         why=pd.Series(why, index=table.index, dtype="str"))

    def outside(self, table: pd.DataFrame) -> np.ndarray:
        """Who is further from all that was learned from than any of those is."""
        return leverage(self.design.matrix(table), self.spread) > self.reach * (1 + 1e-9)


@dataclass(frozen=True, repr=False)
class LeadScore:
    """Leads with their chances.

    frame : a row a lead, highest chance first: user, outcome, `chance`; of open ones also `low`, `high` and `why`.
    quality : an answer, how good the chances are out of sample; see `metrics.calibration`.
    signals : an answer, the odds ratio of each signal, and its area under the curve alone.
    bins : an answer, what happened against the chances; see `metrics.calibration.reliability`. notes : sentences.
    """

    frame: pd.DataFrame
    quality: pd.DataFrame
    signals: pd.DataFrame
    bins: pd.DataFrame
    notes: tuple[str, ...]
    learned: Learned

    def score(self, data: Any) -> pd.DataFrame:
        """Chances of other leads, with the columns of `.frame` but the outcome; `data` has the user and the signals.

        A level that was never learned from counts as a rare one; a gap, where none was learned from, as the mean.
        """
        names = [one.name for one in self.learned.design.signals]
        user = self.learned.user
        return _best_first(self.learned.told(by_user(fetched(data, [user, *names]), user)))

    def plot(self, **how: Any):
        """What happened against the chances: see `plots.calibration`."""
        return picture(self.bins, **how)

    def _looks(self) -> list[pd.DataFrame]:
        user, outcome = self.frame.columns[:2]
        waiting = self.frame[self.frame[outcome].isna()].head(AT_ONCE)
        return [looks.rounded(self.quality, ["metric", "estimate", "interval", "n"]),
                looks.rounded(self.signals, ["signal", "compared", "estimate", "interval", "auc", "flag"]),
                *([looks.rounded(waiting, [user, "chance", "interval", "why"], "share")] if len(waiting) else [])]

    def __repr__(self) -> str:
        return looks.plain(self._looks(), self.notes)

    def _repr_html_(self) -> str:
        return looks.page(self._looks(), self.notes)


def leads(data: Any, *, outcome: str, signals: Sequence[str], user: str = "user_id", folds: int = 10, seed: int = 0,
          confidence: float = .95) -> LeadScore:
    """The chance of each lead that it is won, from what was known before the decision.

    data : a row a lead; whatever `measure()` takes. outcome : true or 1 where it was won, false or 0 where it was lost,
        missing while it is open: such leads are given a chance and not learned from.
    signals : columns of counts, shares, flags or categories. Skewed counts are taken on a logarithm, rare levels go
        together, and a gap is filled with the mean and has a column of its own. What fewer than 10 decided leads have
        otherwise than the rest (a signal, a level, a gap) is left out; the notes say so.
    folds : into how many parts the leads are cut, by a hash of `user` and `seed`, for chances out of sample.

    Returns `LeadScore`. The chance of a decided lead comes from fits that have not seen it. The interval of an open one
    says how far the chance may be off, by the error of the fit; where the lead is unlike any decided one, `why` begins
    with that. As chances are calibrated on leads of the same table, a calibration slope near 1 is to be expected; its
    interval says how far off it may be for leads to come. A signal that alone tells the outcome (area under the curve
    of .85 or more, or nearly all who have it ended alike) is flagged: was it known before the decision?
    Raises UsageError for a signal that is the outcome or holds times; DataError for fewer than 10 won or lost leads, an
    outcome that is not true or false, a lead without `user`, and signals that do not vary.

    >>> draws = np.random.RandomState(1)
    >>> people = pd.DataFrame({"user_id": range(600), "views": draws.poisson(3, 600)})
    >>> people["won"] = (draws.uniform(size=600) < 1 / (1 + np.exp(2 - people["views"] / 2))).astype(float)
    >>> people.loc[598:, "won"] = np.nan
    >>> found = leads(people, outcome="won", signals=["views"])
    >>> found.frame[found.frame["won"].isna()].round(2).drop(columns="won")
         user_id  chance   low  high              why
    533      598    0.17  0.11  0.24  lowers: Views 1
    534      599    0.17  0.11  0.24  lowers: Views 1
    """
    z = z_value(confidence)
    checked(listed("signals", signals), user, outcome, OWN, folds, seed)
    table, did = _leads(data, outcome, list(signals), user)
    decided = did.notna().to_numpy()
    learned, ends = table[decided].reset_index(drop=True), did[decided].to_numpy()
    made, left = design(learned, list(signals))
    fold = folds_of(learned[user], ends, folds, seed)
    fitted = cross_fitted(made.matrix(learned), ends, fold)
    seen = pd.DataFrame({"chance": fitted.chance, "outcome": ends})
    quality = calibration(seen, "chance", "outcome", confidence=confidence)
    few = min(ends.sum(), len(ends) - ends.sum()) < PER_COLUMN * len(made.owner)
    ratios, leaking = _signals(made, fitted, learned, ends, fold, confidence, few)
    matrix = made.matrix(learned)
    spread = np.linalg.inv(matrix.T @ matrix + RIDGE * np.eye(matrix.shape[1]))
    learner = Learned(user, made, fitted, z, spread, float(leverage(matrix, spread).max()))
    notes = [*leaking, *_doubts(quality, bool(leaking)), *_notes(quality, made, left, folds, few),
             *_open(learner, table[~decided])]
    rows = pd.concat([learned[[user]].assign(**{outcome: ends == 1}, chance=fitted.chance, low=np.nan, high=np.nan,
                                             why=""),
                      learner.told(table[~decided]).assign(**{outcome: None})], ignore_index=True)
    rows = rows.astype({outcome: "boolean", "why": "str"})[[user, outcome, *OWN]]
    return LeadScore(_best_first(rows), quality, ratios,
                     reliability(seen, "chance", "outcome", confidence=confidence), tuple(notes), learner)


def _leads(data: Any, outcome: str, names: list[str], user: str) -> tuple[pd.DataFrame, pd.Series]:
    """The leads in the order of their users and how they ended; what is wrong is named by the row as it was given."""
    given = fetched(data, [outcome, user, *names])
    outcomes(given, outcome)
    numbers(given, [name for name in names if pd.api.types.is_numeric_dtype(given[name])])
    table = by_user(given, user)
    return table, outcomes(table, outcome)


def leverage(matrix: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """How far each row lies from the middle, by how the rows spread of which `spread` was made.

    >>> leverage(np.array([[1.0, 2.0]]), np.eye(2)).tolist()
    [5.0]
    """
    return np.einsum("ij,jk,ik->i", matrix, spread, matrix)


def _best_first(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("chance", ascending=False, kind="stable", ignore_index=True)


def _signals(made: Design, fitted: Fitted, table: pd.DataFrame, ends: np.ndarray, fold: np.ndarray,
             confidence: float, few: bool) -> tuple[pd.DataFrame, list[str]]:
    """A row a column of the regression; and a warning for each signal that tells the outcome alone."""
    matrix, z, rows, leaking = made.matrix(table), z_value(confidence), [], []
    errors = np.sqrt(np.diag(fitted.fit.covariance))[1:]
    for number, one in enumerate(made.signals):
        places = np.flatnonzero(made.owner == number)
        own = matrix[:, [0, *(1 + places)]]
        alone = auc(_alone(one, own, ends, fold), ends > 0, confidence)
        flags = [words.text("leads.flag_few", n=PER_COLUMN)] if few else []
        if leak := "; ".join(leaks(one, alone[0], table, ends)):
            leaking.append(words.text("leads.leak", name=label(one.name), what=leak))
            flags.insert(0, words.text("leads.flag_leak"))
        for place, part in ((place, made.parts[place][1]) for place in places):
            unit = 1 if part == "" and one.kind != "yes" else made.size[place]   # a flag's odds are those of yes
            b, se = fitted.fit.coefficients[1 + place] / unit, errors[place] / unit
            rows.append([one.name, _compared(one, part), *np.exp([b, b - z * se, b + z * se]), np.exp(b) * se,
                         *alone[:3], one.n_missing, "; ".join(flags)])
    columns = ["signal", "compared", *TAIL[:4], "auc", "auc_low", "auc_high", "n_missing", "flag"]
    found = pd.DataFrame(rows, columns=columns)
    tail = {name: found[name] for name in TAIL[:4]} | {
        "count": ends.sum(), "n": len(ends), "n_eff": float(len(ends)), "method": words.text("leads.method")}
    answer = answered(found[["signal", "compared", "n_missing", "flag"]].assign(metric="odds_ratio")[
        ["metric", "signal", "compared", "n_missing", "flag"]], tail, [""] * len(found))
    answer[columns[6:9]] = found[columns[6:9]]
    answer.attrs = {"sql": "", "notes": leaking}
    return answer, leaking


def _compared(one: Signal, part: str) -> str:
    """What the odds ratio of a column compares."""
    if part == "":
        return words.text(f"leads.per_{one.kind}")
    other = level(one.levels[0]) if one.levels else words.text("leads.known")
    return words.text("leads.against", part=level(part), other=other)


def _alone(one: Signal, own: np.ndarray, ends: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The score by this signal alone; of a category out of sample, for many levels fit themselves."""
    if one.kind == "category":
        return cross_fitted(own, ends, fold).chance
    return own @ logistic(own, ends, ridge=RIDGE).coefficients


def _doubts(quality: pd.DataFrame, leaking: bool) -> Iterator[str]:
    """Why nobody should be ranked by these chances."""
    found = quality.set_index("metric")[["estimate", "low", "high"]].to_dict("index")
    area, slope = found["area_under_curve"], found["calibration_slope"]
    if area["estimate"] >= TOGETHER and not leaking:
        yield words.text("leads.together", auc=f"{area['estimate']:.2f}")
    if not (area["estimate"] if np.isnan(area["low"]) else area["low"]) > .5:
        yield words.text("leads.chance")
    elif (slope["high"] < 1 or slope["low"] > 1) and not RIGHT[0] <= slope["estimate"] <= RIGHT[1]:
        yield words.text("leads.slope", slope=f"{slope['estimate']:.2f}",
                         interval=interval(slope["low"], slope["high"]))


def _notes(quality: pd.DataFrame, made: Design, left: list[str], folds: int, few: bool) -> list[str]:
    """What has to be said of the whole."""
    n, won = int(quality["n"].iloc[0]), int(quality["count"].iloc[0])
    notes = [words.text("leads.fit", n=n, won=won, folds=folds)]
    if few:
        notes.append(words.text("leads.few", least=PER_COLUMN, columns=len(made.owner)))
    for key, names in (("leads.thin", left),
                       ("leads.log", [label(one.name) for one in made.signals if one.kind == "log"]),
                       ("leads.pooled", [label(made.signals[at].name) for at, part in made.parts if part == OTHER]),
                       ("leads.gaps", [words.text("leads.gap", name=label(one.name), n=one.n_missing)
                                       for one in made.signals if one.n_missing])):
        if names:
            notes.append(words.text(key, names=words.joined(names), least=RAREST))
    return notes


def _open(learned: Learned, table: pd.DataFrame) -> Iterator[str]:
    """What has to be said of the leads that are open."""
    if len(table):
        yield words.text("leads.waiting", n=len(table))
    if far := int(learned.outside(table).sum()):
        yield words.text("leads.far", n=far)
