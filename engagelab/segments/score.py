"""An engagement score from 0 to 100 out of named signals, which says of each customer what made it.

Each signal counts by its rank among the customers: mid-ranks from 0 to 1, so that no unit and no outlier decides, equal
values are equal, and the average customer has 50. Weights are given, or learned against an outcome by the logistic
regression of `leads`, in which a signal that would count against its own direction has no weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics import looks
from engagelab.metrics.auc import auc
from engagelab.metrics.calibration import calibration, reliability
from engagelab.metrics.intervals import z_value
from engagelab.metrics.shares import TAIL, answered
from engagelab.plots.calibration import calibration as picture
from engagelab.segments.leaks import leaks
from engagelab.segments.logistic import (
    RAREST,
    Fitted,
    by_user,
    checked,
    cross_fitted,
    differing,
    folds_of,
    label,
    outcomes,
    signal,
)
from engagelab.segments.one_row import ids_of
from engagelab.summaries.frames import fetched, listed, numbers

NEUTRAL, SAME = .5, .9   # the rank of what is missing; the correlation above which two signals say the same
AT_ONCE = 10             # customers that are shown


@dataclass(frozen=True, repr=False)
class EngagementScore:
    """Customers with their scores.

    frame : a row a customer, best first: user, `score`, with an outcome also that and `chance`, and `from_<signal>`,
    the points that the signal adds to the 50 of the average. signals : an answer, the weight of each signal, and
    `of_spread`, the part of the spread of the scores that it makes. quality, bins : with an outcome, how good the
    chances are out of sample, as in `leads`; else None. notes : sentences.
    """

    frame: pd.DataFrame
    signals: pd.DataFrame
    notes: tuple[str, ...]
    quality: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None

    def plot(self, **how: Any):
        """What happened against the chances: see `plots.calibration`."""
        if self.bins is None:
            raise UsageError("score.no_outcome")
        return picture(self.bins, **how)

    def _looks(self) -> list[pd.DataFrame]:
        weights = ["signal", "better", "estimate", "interval", "of_spread", "n_missing", "flag"]
        ways = {way: words.text(f"score.{way}") for way in ("higher", "lower")}
        return [looks.rounded(self.signals.assign(better=self.signals["better"].map(ways)), weights, "share"),
                *([] if self.quality is None else [looks.rounded(
                    self.quality, ["metric", "estimate", "interval", "n"])]),
                looks.rounded(self.frame.head(AT_ONCE), [
                    name for name in self.frame.columns if self.frame[name].dtype.kind != "b"])]

    def __repr__(self) -> str:
        return looks.plain(self._looks(), self.notes)

    def _repr_html_(self) -> str:
        return looks.page(self._looks(), self.notes)


def score(data: Any, signals: Sequence[str], *, outcome: str | None = None, weights: Mapping[str, float] | None = None,
          user: str = "user_id", folds: int = 10, seed: int = 0, confidence: float = .95) -> EngagementScore:
    """The engagement of each customer from 0 to 100, and what made it.

    data : a row a customer; whatever `measure()` takes. signals : columns of numbers or flags of which more is better;
        of one with a minus before its name, such as "-days_since_visit", less is. What is missing counts as the middle.
    weights : of each signal by its name, at or above 0, brought to a sum of 1; unless given all alike.
    outcome : a column that is true or false, missing where not known yet: then the weights are learned, and `chance` is
        calibrated, for those with an outcome from fits that have not seen them (the score uses all); a signal in which
        fewer than 10 of those differ from the others has no weight, and one that alone tells the outcome is flagged as
        by `leads`. Not with weights.
    folds, seed : as in `leads`.

    Raises UsageError for weights that do not fit the signals; DataError for a customer with two rows or without a
    number, for text or an infinite value, and where no signal varies or, with an outcome, counts in its direction.

    >>> people = pd.DataFrame({"user_id": list("abcd"), "visits": [9, 4, 4, 0], "days_since": [1, 30, None, 60]})
    >>> found = score(people, ["visits", "-days_since"], weights={"visits": 3, "days_since": 1})
    >>> found.frame.round(2)
      user_id  score  from_visits  from_days_since
    0       a  86.46        28.12             8.33
    1       b  50.00         0.00             0.00
    2       c  50.00         0.00             0.00
    3       d  13.54       -28.12            -8.33
    >>> found.signals[["signal", "better", "estimate", "of_spread", "n_missing"]].round(2)
           signal  better  estimate  of_spread  n_missing
    0      visits  higher      0.75       0.77          0
    1  days_since   lower      0.25       0.23          1
    """
    signs = _signs(signals, weights, outcome)
    checked(list(signs), user, outcome, ["score", "chance"], folds, seed)
    z_value(confidence)
    table, values = _values(data, list(signs), user, outcome)
    rank = (values.rank() - .5) / values.notna().sum()
    rank = (NEUTRAL + (rank - NEUTRAL) * pd.Series(signs)).fillna(NEUTRAL)
    did, least = (None, 1) if outcome is None else (outcomes(table, outcome), RAREST)
    known = slice(None) if did is None else did.notna().to_numpy()
    same = [name for name in signs if differing(rank.loc[known, name].to_numpy()) < least]
    if len(same) == len(signs):
        raise DataError("leads.constant", columns=words.joined(map(repr, signs)), least=least)
    own, quality, bins, notes, leaking = table[[user]].copy(), None, None, [], {}
    if outcome is None or did is None:
        found = _given(signs, weights)
    else:
        found, own[outcome], own["chance"] = _learned(table[user], rank.drop(columns=same), did, folds, seed,
                                                      confidence)
        found = found.reindex(list(signs)).fillna({"estimate": 0.0})
        seen = own[own[outcome].notna()]
        quality = calibration(seen, "chance", outcome, confidence=confidence)
        bins = reliability(seen, "chance", outcome, confidence=confidence)
        leaking = _leaking(table[known], rank[known], did[known].to_numpy())
        notes = [*(words.text("leads.leak", name=label(name), what=what) for name, what in leaking.items()),
                 words.text("score.learned", n=len(seen), outcome=label(outcome), folds=folds)]
    points = 100 * (rank - NEUTRAL) * found["estimate"]
    own.insert(1, "score", 100 * NEUTRAL + points.sum(axis=1))
    frame = own.join(points.add_prefix("from_")).sort_values("score", ascending=False, kind="stable", ignore_index=True)
    answer = _signals(found, signs, points, own["score"], values, same, quality, leaking)
    notes += _notes(rank, signs, same, values, found, least)
    answer.attrs = {"sql": "", "notes": notes}
    return EngagementScore(frame, answer, tuple(notes), quality, bins)


def _signs(signals: Sequence[str], weights: Mapping[str, float] | None, outcome: str | None) -> dict[str, int]:
    """Each signal with 1, or -1 where less of it is better; the weights have to fit them."""
    given = listed("signals", signals)
    names = listed("signals", [name.removeprefix("-") for name in given])
    if weights is not None:
        good = outcome is None and isinstance(weights, Mapping) and sorted(map(str, weights)) == sorted(names) and all(
            isinstance(part, int | float) and 0 <= part < np.inf for part in weights.values())
        if not good or not sum(weights.values()) > 0:
            raise UsageError("score.weights" if outcome is None else "score.both", names=words.joined(map(repr, names)),
                             value=repr(weights))
    return {name: -1 if one.startswith("-") else 1 for name, one in zip(names, given, strict=True)}


def _values(data: Any, names: list[str], user: str, outcome: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The customers in the order of their numbers, and their signals; what is wrong is named by the row as given."""
    given = fetched(data, [user, *names, *([outcome] if outcome else [])])
    numbers(given, names)
    ids_of(given[user], user)
    table = by_user(given, user)
    return table, numbers(table, names)


def _given(signs: Mapping[str, int], weights: Mapping[str, float] | None) -> pd.DataFrame:
    """The weights as they were given, brought to a sum of 1."""
    parts = pd.Series({name: float(1 if weights is None else weights[name]) for name in signs})
    return pd.DataFrame({"estimate": parts / parts.sum()}).reindex(columns=TAIL[:4])


def _learned(users: pd.Series, rank: pd.DataFrame, did: pd.Series, folds: int, seed: int, confidence: float
             ) -> tuple[pd.DataFrame, pd.Series, np.ndarray]:
    """The weights, how each row ended, and its chance, out of sample where that is known."""
    known, size = did.notna().to_numpy(), rank.std(ddof=0).to_numpy()
    matrix = np.column_stack([np.ones(len(rank)), (rank.to_numpy() - NEUTRAL) / size])
    fold = folds_of(users[known].reset_index(drop=True), did[known].to_numpy(), folds, seed)
    fitted = cross_fitted(matrix[known], did[known].to_numpy(), fold, rising=True)
    chance = fitted.chances(matrix, 0)[0]
    chance[known] = fitted.chance
    found = _parts(fitted, size, [str(name) for name in rank], confidence)
    return found, did.map({1.0: True, 0.0: False}).astype("boolean"), chance


def _leaking(table: pd.DataFrame, rank: pd.DataFrame, ends: np.ndarray) -> dict[str, str]:
    """The signals that look as if they came after the outcome, and why."""
    found = {str(name): "; ".join(leaks(signal(table, str(name)), auc(rank[name], ends > 0)[0], table, ends))
             for name in rank}
    return {name: what for name, what in found.items() if what}


def _parts(fitted: Fitted, size: np.ndarray, names: list[str], confidence: float) -> pd.DataFrame:
    """The coefficients over their sum, with intervals by the delta method."""
    b, cov = fitted.fit.coefficients[1:] / size, fitted.fit.covariance[1:, 1:] / np.outer(size, size)
    if not b.sum() > 0:
        raise DataError("score.nothing", names=words.joined(map(label, names)))
    part = b / b.sum()
    gradient = (np.eye(len(b)) - part[:, None]) / b.sum()
    se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gradient, cov, gradient), 0))
    se = np.where((b > 0) & (se > 0), se, np.nan)
    z = z_value(confidence)
    return pd.DataFrame({"estimate": part, "low": np.maximum(part - z * se, 0), "high": np.minimum(part + z * se, 1),
                         "se": se}, index=names)


def _signals(found: pd.DataFrame, signs: Mapping[str, int], points: pd.DataFrame, total: pd.Series,
             values: pd.DataFrame, same: list[str], quality: pd.DataFrame | None, leaking: Mapping[str, str]
             ) -> pd.DataFrame:
    """The weights as an answer."""
    n = len(values) if quality is None else int(quality["n"].iloc[0])
    spread = float(total.var(ddof=0))
    against = [] if quality is None else [name for name in signs if found.loc[name, "estimate"] == 0]
    flags = ["; ".join(words.text(key) for key, holds in (
        ("leads.flag_leak", name in leaking), ("score.flag_constant", name in same),
        ("score.flag_against", name in against and name not in same)) if holds) for name in signs]
    table = pd.DataFrame({"metric": "weight", "signal": list(signs), "better": [
        "higher" if sign > 0 else "lower" for sign in signs.values()], "n_missing": values.isna().sum().to_numpy()})
    method = words.text("score.method_given" if quality is None else "score.method_learned")
    answer = answered(table, {name: found[name].to_numpy() for name in TAIL[:4]} | {
        "count": np.nan, "n": n, "n_eff": float(n), "method": method}, flags)
    answer["of_spread"] = [float(np.cov(points[name], total, ddof=0)[0, 1]) / spread if spread else np.nan
                           for name in signs]
    return answer


def _notes(rank: pd.DataFrame, signs: Mapping[str, int], same: list[str], values: pd.DataFrame, found: pd.DataFrame,
           least: int) -> list[str]:
    """What has to be said of the signals."""
    used = [name for name in signs if name not in same]
    between = np.corrcoef(rank[used].to_numpy(), rowvar=False).reshape(len(used), len(used))
    pairs = [words.text("score.pair", one=label(used[one]), other=label(used[other]), r=f"{between[one, other]:.2f}")
             for one, other in combinations(range(len(used)), 2) if between[one, other] > SAME]
    gaps = [words.text("leads.gap", name=label(name), n=int(values[name].isna().sum()))
            for name in signs if values[name].isna().any()]
    against = [label(name) for name in signs if name not in same and found.loc[name, "estimate"] == 0]
    notes = [words.text("score.ranks"), *pairs]
    for key, names in (("score.gaps", gaps), ("score.against", against),
                       ("leads.left_out" if least == 1 else "leads.thin", list(map(label, same)))):
        if names:
            notes.append(words.text(key, names=words.joined(names), least=least))
    return notes
