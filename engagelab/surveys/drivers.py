"""Which questions go with the outcome, and what share of what they explain belongs to each.

The two ways to share it out are in `engagelab.surveys.importance`. Intervals are percentiles of a bootstrap of
respondents, at the levels of Hesterberg (2015, The American Statistician 69, 371-386), which allow for few rows, and
less the bias that the draws themselves show: a share is never below 0, so that plain percentiles lie too high and never
reach the 0 of a driver that explains nothing. Respondents are put in order first, so that the order of rows changes
nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval, metric_name, named, shown
from engagelab.errors import DataError, UsageError, one_of
from engagelab.metrics.intervals import around, t_value
from engagelab.metrics.looks import page, plain
from engagelab.metrics.nouns import SURVEY_MIN_N, checked_min_n
from engagelab.metrics.shares import answered
from engagelab.plots.drivers import drivers as picture
from engagelab.summaries.frames import fetched, listed, numbers, weights_of
from engagelab.surveys import importance

WAYS = {"shapley": importance.shapley, "johnson": importance.johnson}
PAIRED, FOLLOWS = .95, .9   # correlation of two drivers, R squared of one on the others, from which on they are flagged
PER_DRIVER = 20             # respondents a driver below which intervals were found to cover less than 90 % at times
LITTLE = 15                 # F of R squared below which they did so too, though there were respondents enough
DRAWS = 100                 # the fewest that give a percentile


@dataclass(frozen=True)
class Told(ABC):
    """A table of drivers with what has to be said of it."""

    frame: pd.DataFrame
    notes: tuple[str, ...]

    @abstractmethod
    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: rounded."""

    def __repr__(self) -> str:
        return plain([self.cells()], self.notes)

    def _repr_html_(self) -> str:
        return page([self.cells()], self.notes)


@dataclass(frozen=True, repr=False)
class Drivers(Told):
    """Drivers of an outcome: `.frame`, a row a driver; `.r_squared`, an answer of one row; `.notes`."""

    r_squared: pd.DataFrame

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at: rounded."""
        rows = self.frame.to_dict("records")
        ranks = [[shown(row[end], "count") for end in ("rank_low", "rank_high")] for row in rows]
        return pd.DataFrame({words.text(f"label.{name}"): values for name, values in {
            "driver": [named(row["driver"], "driver") for row in rows],
            "share": [shown(row["estimate"], "share") for row in rows],
            "interval": [interval(row["low"], row["high"], "share") for row in rows], "sign": self.frame["sign"],
            "rank": [low if low == high else words.text("unit.interval", low=low, high=high) for low, high in ranks],
            "first_share": [shown(row["first_share"], "share") for row in rows],
            "performance": [shown(row["performance"]) for row in rows], "n": self.frame["n"],
            "flag": self.frame["flag"]}.items()})

    def plot(self, **how: Any):
        """The shares with their intervals: see `plots.drivers`."""
        return picture(self.frame, **how)


def drivers(data: Any, outcome: str, drivers: Sequence[str], *, weights: str | None = None, user: str | None = None,
            method: str = "shapley", draws: int = 1000, seed: int = 0, confidence: float = .95,
            min_n: int | None = None) -> Drivers:
    """How what the drivers explain of the outcome is shared out among them: shares of variance, not effects of acting.

    data : a row a respondent, a column a question (see `wide`); whatever `measure()` takes. Rows in which an answer is
        missing are left out and counted. drivers : the columns, two at least.
    weights : a column of numbers above 0. user : the column of respondents where one has several rows, such as waves:
        then respondents are drawn with all their rows, and `n` is theirs.
    method : "shapley", of 15 drivers at most, or "johnson", which more are done by and which the notes then say.
    min_n : the fewest respondents with whom anything is said, 5 unless given.

    Returns `Drivers`. `.frame` has the columns of an answer, largest share first: `estimate`, the share of R squared
    (they sum to 1); and then `of_variance`, the part of the outcome's variance (they sum to R squared); `rank` with
    `rank_low`, `rank_high` and `first_share`, the share of draws in which it ranks first; `correlation` with the
    outcome and its `sign`, "+", "-" or, where the interval of the correlation holds 0, "±"; `performance`, the mean of
    the driver, with a Student t interval. A driver that does not vary, and drivers that say the same, are flagged.
    Raises UsageError for an outcome among the drivers; DataError for answers that are no numbers, fewer respondents
    than `min_n` or than drivers and two, an outcome that does not vary, and drivers that explain nothing.

    >>> vary = np.random.RandomState(3)
    >>> answers = pd.DataFrame(vary.normal(6, 1, (300, 3)), columns=["pay", "voice", "tools"])
    >>> answers["satisfaction"] = answers["voice"] + .5 * answers["tools"] + vary.normal(0, 1, 300)
    >>> found = drivers(answers, "satisfaction", ["pay", "voice", "tools"])
    >>> found.frame[["driver", "estimate", "low", "high", "rank_high", "sign"]].round(2)
      driver  estimate   low  high  rank_high sign
    0  voice      0.72  0.60  0.83          1    +
    1  tools      0.28  0.17  0.40          2    +
    2    pay      0.00  0.00  0.02          3    ±
    >>> found.notes[0]
    'Shares of explained variance, not effects of acting: a driver that goes with the outcome need not move it.'
    """
    names = _names(outcome, drivers, weights, user, confidence)
    _checked(method, draws, seed, min_n)
    keys = [name for name in (weights, user) if name]
    table = fetched(data, [*names, outcome, *keys])
    values = numbers(table, [*names, outcome])
    weight = weights_of(table, weights) if weights else pd.Series(1.0, index=table.index)
    known = values.notna().all(axis="columns")
    people = pd.factorize(_known(table[user], user)[known])[0] if user else np.arange(known.sum())
    n, least = int(people.max(initial=-1)) + 1, max(SURVEY_MIN_N if min_n is None else min_n, len(names) + 2)
    if n < least:
        raise DataError("drivers.too_few", n=n, k=len(names), least=least)
    answers = values[known]
    same = [name for name in [*names, outcome] if _even(answers[name].to_numpy())]
    if outcome in same:
        raise DataError("drivers.same_outcome", column=repr(outcome))
    used = sorted(name for name in names if name not in same)   # the order of the call changes nothing
    way = "johnson" if len(used) > importance.MOST else method
    shared = _Shared(answers[[*used, outcome]].to_numpy(), weight[known].to_numpy(), people, way, draws, seed,
                     confidence, outcome)
    said = words.text("drivers.method", way=words.text(f"drivers.{way}"), draws=draws)
    said += words.text("metrics.method_weighted") if weights else ""
    fixed: dict[str, Any] = {"n": n, "n_eff": shared.n_eff, "method": said}
    missing = len(table) - len(answers)
    doubts = [words.text(f"drivers.flag_{name}", least=PER_DRIVER) for name, holds in shared.doubts.items() if holds]
    frame = _frame(shared, used, sorted(same), fixed, missing, doubts)
    whole = answered(pd.DataFrame({"metric": ["r_squared"], "outcome": [outcome], "n_missing": [missing]}),
                     shared.r_squared | fixed | {"count": np.nan}, ["; ".join(doubts)])
    frame.attrs["notes"] = [*_notes(shared, outcome, n, values), *(
        [words.text("drivers.too_many", most=importance.MOST)] if way != method else [])]
    return Drivers(frame, tuple(frame.attrs["notes"]), whole)


def _notes(shared: "_Shared", outcome: str, n: int, values: pd.DataFrame) -> list[str]:
    """What has to be said of the whole: `n` respondents, the answers as they were given."""
    low, high = shared.r_squared["low"], shared.r_squared["high"]
    notes = [words.text("drivers.caution"), words.text(
        "drivers.fit", share=shown(shared.r_squared["estimate"], "share"), interval=interval(low, high, "share"),
        outcome=metric_name(outcome), n=n)]
    missing, gaps = int(values.isna().any(axis="columns").sum()), values.rename(columns=metric_name).isna().sum()
    if n < len(values) - missing:
        notes.append(words.text("drivers.rows", rows=len(values) - missing, n=n))
    if missing:
        notes.append(words.text("drivers.left_out", n=missing, rows=len(values), columns=words.joined(
            words.text("drivers.gaps", column=column, n=int(gap)) for column, gap in gaps.items() if gap)))
    if shared.doubts["few"] or shared.doubts["little"]:
        notes.append(words.text("drivers.few", least=PER_DRIVER))
    return notes


def _names(outcome: str, drivers: Sequence[str], weights: str | None, user: str | None, confidence: float
           ) -> list[str]:
    """The drivers, if the columns that are asked for have one part each."""
    t_value(1, confidence)
    names = listed("drivers", drivers)
    for name, value in (("outcome", outcome), ("weights", weights or ""), ("user", user or "")):
        if not isinstance(value, str):
            raise UsageError("drivers.column", name=name, value=repr(value))
    if outcome in names:
        raise UsageError("drivers.outcome_among", column=repr(outcome))
    if len(names) == 1:
        raise UsageError("drivers.one", value=repr(names[0]))
    for column in (weights, user):
        if column in (*names, outcome):
            raise UsageError("drivers.weights_among", column=repr(column))
    return names


def _checked(method: str, draws: int, seed: int, min_n: int | None) -> None:
    one_of("method", method, WAYS)
    checked_min_n(min_n)
    for name, value, least in (("draws", draws, DRAWS), ("seed", seed, 0)):
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**32:
            raise UsageError("drivers.whole", name=name, least=least, value=repr(value))


def _even(answers: np.ndarray) -> bool:
    """Whether the answers vary in their last digits at most."""
    return float(np.ptp(answers)) <= 1e-12 * float(np.abs(answers).max())


def _known(people: pd.Series, name: str) -> pd.Series:
    """The respondents, if every row has one."""
    if people.isna().any():
        raise DataError("surveys.no_key", column=repr(name), row=int(people.isna().argmax()) + 1,
                        n=int(people.isna().sum()))
    return people


class _Shared:
    """The shares of one set of answers and what the draws say of them; the outcome is the last column."""

    def __init__(self, answers: np.ndarray, weights: np.ndarray, people: np.ndarray, way: str, draws: int, seed: int,
                 confidence: float, outcome: str):
        order = np.lexsort((weights, *answers.T))   # by the outcome, then by the drivers
        answers, weights, people = answers[order], weights[order], people[order]
        weights, unit = weights / weights.mean(), np.abs(answers).max(axis=0)
        answers = answers / unit   # or the squares of huge answers would be infinite
        mean = np.average(answers, axis=0, weights=weights)
        size = np.sqrt(np.average((answers - mean)**2, axis=0, weights=weights))
        rows = importance.products((answers - mean) / size, weights)
        if people.max() + 1 < len(rows):
            rows = pd.DataFrame(rows).groupby(people).sum().to_numpy()
            rows = rows[np.lexsort((*rows.T, rows[:, answers.shape[1]]))]
        n, width = len(rows), answers.shape[1]
        self.between, _ = importance.correlated(rows.sum(axis=0), width)
        drawn = np.concatenate([importance.correlated(sums, width)[0] for sums in
                                importance.resampled(rows, draws, seed)])
        self.of_variance, parts = WAYS[way](self.between), WAYS[way](drawn)
        total, totals = self.of_variance.sum(), parts.sum(axis=1)
        if total <= importance.SINGULAR:
            raise DataError("drivers.same_drivers", outcome=repr(outcome))
        parts, drawn, totals = (each[totals > importance.SINGULAR] for each in (parts, drawn, totals))
        shares = parts / totals[:, None]
        self.level = NormalDist().cdf(-float(t_value(n - width, confidence)) * (n / (n - 1))**.5)
        self.share = self._bounded(self.of_variance / total, shares)
        self.r_squared = self._bounded(total, totals)
        ranks = _ranks(shares)
        self.ranks = {"rank": _ranks(self.share["estimate"]), "first_share": (ranks == 1).mean(axis=0),
                      "rank_low": np.quantile(ranks, self.level, axis=0, method="lower"),
                      "rank_high": np.quantile(ranks, 1 - self.level, axis=0, method="higher")}
        low, high = np.quantile(drawn[:, :-1, -1], [self.level, 1 - self.level], axis=0)
        self.sign = np.where(low > 0, "+", np.where(high < 0, "-", "±"))
        held = rows[:, 0]   # the weight of each respondent; the sums of the centred answers stand next
        self.n_eff = held.sum()**2 / (held**2).sum()
        self.doubts = {"few": self.n_eff < PER_DRIVER * (width - 1), "chance": self.r_squared["low"] <= 0,
                       "little": total * (self.n_eff - width) < LITTLE * (width - 1) * (1 - total)}
        errors = unit * size * np.sqrt(n / (n - 1) * (rows[:, 1:width + 1]**2).sum(axis=0)) / held.sum()
        mean = unit * mean
        low, high = around(mean, errors, n - 1, confidence)
        self.performance = {"performance": mean[:-1], "performance_low": low[:-1], "performance_high": high[:-1]}

    def _bounded(self, estimate: Any, drawn: np.ndarray) -> dict[str, Any]:
        """The estimate with its interval between 0 and 1: the percentiles of the draws, less their bias."""
        low, high = np.quantile(drawn, [self.level, 1 - self.level], axis=0)
        bias = drawn.mean(axis=0) - estimate
        return {"estimate": estimate, "low": np.maximum(low - bias, 0), "high": np.minimum(high - bias, 1),
                "se": drawn.std(axis=0, ddof=1)}


def _ranks(shares: np.ndarray) -> np.ndarray:
    """The rank of each share in its row; equal ones, whatever their last digits, share the better rank."""
    even = shares.round(12)
    return 1 + (even[..., None, :] > even[..., :, None]).sum(axis=-1)


def _frame(shared: _Shared, used: list[str], same: list[str], fixed: dict[str, Any], missing: int,
           doubts: list[str]) -> pd.DataFrame:
    """A row a driver, largest share first, and those that do not vary at the end."""
    flags = ["; ".join([*_alike(shared.between[:-1, :-1], used, place), *doubts]) for place in range(len(used))]
    table = pd.DataFrame({"metric": "share_of_explained_variance", "driver": [*used, *same], "n_missing": missing})
    own = {"of_variance": shared.of_variance, **shared.ranks, "sign": shared.sign,
           "correlation": shared.between[:-1, -1], **shared.performance}
    head = pd.DataFrame(shared.share | own | {"flag": flags}).reindex(range(len(table)))
    head.loc[len(used):, "flag"] = words.text("drivers.flag_constant")
    frame = answered(table, {name: head[name] for name in shared.share} | fixed | {"count": np.nan},
                     head["flag"].tolist())
    frame[list(own)] = head.assign(sign=head["sign"].fillna("").astype("str"))[list(own)]
    whole = ["rank", "rank_low", "rank_high"]
    frame[whole] = frame[whole].astype("Int64")
    return frame.sort_values(["rank", "driver"], ignore_index=True)


def _alike(between: np.ndarray, names: list[str], place: int) -> list[str]:
    """What is to be said of a driver that others nearly repeat."""
    near = [other for other in range(len(names)) if other != place and abs(between[place, other]) > PAIRED]
    if near:
        return [words.text("drivers.flag_pair", r=between[place, other], other=metric_name(names[other]))
                for other in near]
    others = np.delete(between, place, axis=0)
    explained = others[:, place] @ np.linalg.pinv(np.delete(others, place, axis=1), hermitian=True) @ others[:, place]
    return [words.text("drivers.flag_follows")] if explained > FOLLOWS else []
