"""Journeys: from which event people move to which, and from where how many come to a conversion.

A path is a Markov chain that ends in "(converted)" or "(end)": with Q the shares of moves between events and r those
that convert at once, a state converts with probability (I - Q)^-1 r (Kemeny and Snell 1976, Finite Markov Chains,
chapter 3). The rows of shares are independent multinomials (Anderson and Goodman 1957, Annals of Mathematical
Statistics 28, 89-110), from which the delta method has its error; never a smaller one than a plain share of the visits
would have, for that the next event depends on the last one alone is a model. From "(start)" it is the share of paths
that converted, where all of them were observed to their ends.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import read_log
from engagelab.errors import DataError
from engagelab.metrics import intervals
from engagelab.metrics.answer import grouping, labels
from engagelab.metrics.nouns import Quantile
from engagelab.metrics.quantiles import quantiles
from engagelab.metrics.shares import answered, shares
from engagelab.summaries import paths, sql
from engagelab.summaries.durations import duration
from engagelab.summaries.engine import Source
from engagelab.summaries.view import Columns, View, occurring

START, MISSING = -1, 0  # states that are no events
EARLY, ENDED, CONVERTED, RUNNING = 0, 1, 2, 3  # what becomes of a path
COUNT = "SELECT\n    /*by*/\n    count(*) AS n\nFROM events\nGROUP BY /*by*/ ()"
RANGE = ("estimate", "low", "high")


@dataclass(frozen=True)
class Journeys:
    """The moves of a log; `.frame` holds all rows, `.transitions`, `.absorption` and `.touchpoints` its parts."""

    frame: pd.DataFrame = field(repr=False)

    @property
    def transitions(self) -> pd.DataFrame:
        """From which event to which: `transition`, the share of its next events; `time_between`, the median minutes."""
        return self._part("transition", "time_between")

    @property
    def absorption(self) -> pd.DataFrame:
        """From each event, the probability that the path ends in a conversion."""
        return self._part("conversion")

    @property
    def touchpoints(self) -> pd.DataFrame:
        """Of the paths that converted, and of those that ended without: the share that passed through each event."""
        return self._part("passed")

    def _part(self, *metrics: str) -> pd.DataFrame:
        return self.frame[self.frame["metric"].isin(metrics)].reset_index(drop=True)

    def _lines(self) -> list[str]:
        moves = self._part("transition")
        start, end = words.text("paths.start"), words.text("paths.end")
        between = moves.loc[(moves["from"] != start) & (moves["to"] != end), "count"].sum()
        said = words.text("paths.found", n=int(moves.loc[moves["from"] == start, "count"].sum()), moves=int(between),
                          states=len({*moves["from"], *moves["to"]} - {start, end}))
        return [said, *self.frame.attrs["notes"]]

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in self._lines()) + "</ul>"


@dataclass(frozen=True)
class _Moves:
    """The moves on the engine, and what their numbers are called."""

    kept: Source
    by: tuple[str, ...]
    names: list[str]
    goal: int
    confidence: float

    def view(self, *more: str, where: str = "") -> View:
        """The kept table, in groups of the caller's columns and some of ours."""
        keys = (*(f"by_{i}" for i, _ in enumerate(self.by, 1)), *more)
        read = dict.fromkeys((*keys, "u0", "place", "came", "k", "outcome"))
        return View(Columns(self.kept, {name: sql.Read(name, "key") for name in read}), keys, where=where)

    def grouped(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with its columns of groups as an answer has them."""
        for i, name in enumerate(self.by, 1):
            table[name] = pd.Series(labels(table, i, None, 1), dtype="str", index=table.index)
        return table

    def groups(self, table: pd.DataFrame) -> list[pd.DataFrame]:
        """The rows of each group."""
        ranks = [f"rank_{i}" for i, _ in enumerate(self.by, 1)]
        return [group for _, group in table.groupby(ranks, sort=True)] if ranks else [table]

    def called(self, k: int) -> str:
        """What a state is called."""
        if k in (START, MISSING):
            return words.text("paths.start" if k == START else "metrics.missing")
        return words.text("paths.converted") if k == self.goal else self.names[k - 1]

    def row(self, group: pd.DataFrame, metric: str, came: int, to: str, **numbers: Any) -> dict[str, Any]:
        """The start of a row of the answer."""
        own = {name: group[name].iloc[0] for name in self.by}
        return {"metric": metric, **own, "from": self.called(came), "to": to, **numbers}


def journeys(data: Any, *, user: str, time: str, event: str, to: str | None = None, gap: str | None = None,
             since: object = None, until: object = None, tz: str | None = None, by: str | Sequence[str] | None = None,
             events: Sequence[str] | None = None, confidence: float = .95) -> Journeys:
    """From which event users move to which, after how long, and from where they come to a conversion.

    data : what `measure()` takes. user, time, event : its columns of users, stamps and names of events.
    to : the event that is a conversion. A path ends with it, and what comes after begins a new one.
    gap : the longest pause within a path, such as "30 minutes"; without it a path lasts for the user's whole time.
    since, until : from when to when the events were observed; the log's own range where nothing is said. Where an event
        less than `gap` before the end leads is not known yet, even if something followed: it counts in `n_missing`, and
        its path as one that still runs. Rows before `since` tell which paths had begun. tz : zone of these two.
    by : columns of groups; a user of two groups has paths in both. events : the only ones that count.

    Events of one moment stand in the order of their names, a conversion last.

    Returns an object whose tables have the columns of `measure()` with `from` and `to`. `.transitions`: `transition`,
    the share of the next events, with Wilson's interval, and `time_between`, the median minutes. `.absorption`:
    `conversion`, the probability to come to "(converted)". `.touchpoints`: `passed`, the share of the paths to
    "(converted)", and of those to "(end)", that passed through an event.

    Errors: DataError where the log has more than 60 different events.

    >>> log = pd.DataFrame({"user": ["a", "a", "a", "b", "b", "c"], "at": pd.to_datetime([
    ...     "2026-04-01 10:00", "2026-04-01 10:10", "2026-04-01 10:30", "2026-04-02 09:00", "2026-04-02 09:30",
    ...     "2026-04-03 09:00"]), "event": ["visit", "cart", "buy", "visit", "visit", "visit"]})
    >>> found = journeys(log, user="user", time="at", event="event", to="buy", gap="1 hour", until="2026-05-01")
    >>> print(found)
    3 paths, 3 moves between 3 events
    ...
    >>> moves = found.transitions
    >>> moves[moves["metric"] == "transition"][["from", "to", "estimate", "count", "n"]]
          from           to  estimate  count  n
    0  (start)        visit      1.00    3.0  3
    1     cart  (converted)      1.00    1.0  1
    2    visit         cart      0.25    1.0  4
    3    visit        visit      0.25    1.0  4
    4    visit        (end)      0.50    2.0  4
    >>> found.absorption[["from", "to", "estimate"]].round(3)
          from           to  estimate
    0  (start)  (converted)     0.333
    1     cart  (converted)     1.000
    2    visit  (converted)     0.333
    """
    by = tuple(grouping(by, "from", "to"))
    pause = None if gap is None else duration("gap", gap)
    keys = {f"by_{i}": name for i, name in enumerate(by, 1)}
    only = events if to is None or not events or isinstance(events, str) else [*events, to]
    log = read_log(data, user=user, time=time, event=event, keys=keys, events=only, since=since, until=until, tz=tz,
                   earlier=True)
    view, before = replace(log.view, by=tuple(keys)), log.span.before
    inside = [] if before is None else [f"t0 >= {before}"]
    names = _states(replace(view, where=" AND ".join(filter(None, (view.where, *inside)))), event, to)
    kept, text = paths.moves(view, names, goal=len(names) if to else 0, gap=pause, after=log.span.after, before=before)
    found = _Moves(kept, by, names, len(names) if to else 0, confidence)
    counted, _ = found.view("came", "k", "outcome").query(COUNT)
    if counted.empty:
        raise DataError("paths.nobody", column=repr(user))
    counted = found.grouped(counted)
    walked = found.grouped(found.view().query(sql.text("paths_passed"))[0])
    parts = [_transitions(found, counted), _between(found)]
    if to:
        parts += [_conversions(found, counted, walked), _passed(found, walked)]
    frame = pd.concat(parts, ignore_index=True)
    running, early = (sum(_ways(group)[way] for group in found.groups(walked)) for way in (RUNNING, EARLY))
    said = [("gap", gap is None, 0), ("running", running, running), ("early", early, early), ("paths", True, 0),
            ("effect", to, 0)]
    notes = [words.text(f"paths.note_{name}", n=n) for name, wanted, n in said if wanted]
    frame.attrs = {"sql": text, "notes": [*log.notes, *notes]}
    return Journeys(frame)


def _states(view: View, event: str, to: str | None) -> list[str]:
    """The names of the states, the conversion last."""
    names = paths.states(view, event)
    own = [words.text(key) for key in ("paths.start", "paths.end", "paths.converted", "metrics.missing")]
    for name in names:
        if name in own:
            raise DataError("metrics.reserved_value", value=repr(name))
    if to is not None and to not in names:
        occurring(view.columns.source, event, [to])
    return [name for name in names if name != to] + ([to] if to is not None else [])


def _ways(walked: pd.DataFrame) -> pd.Series:
    """How many paths of a group end in each way."""
    return walked.groupby("outcome")["n"].max().reindex([EARLY, ENDED, CONVERTED, RUNNING], fill_value=0)


def _transitions(found: _Moves, counted: pd.DataFrame) -> pd.DataFrame:
    """The shares of each state's next events."""
    rows = []
    for group in found.groups(counted):
        arrived = group[group["came"] >= START].groupby(["came", "k"])["n"].sum()
        ended, running = (group[group["outcome"] == outcome].groupby("k")["n"].sum() for outcome in (ENDED, RUNNING))
        left = set(arrived.index.get_level_values(0))
        for came in _order(found, {*left, *ended.index, *running.index} - {found.goal or None}):
            to = arrived[came] if came in left else pd.Series(dtype="int64")
            counts = {found.called(k): int(to[k]) for k in _order(found, to.index)}
            if came in ended.index or not counts:
                counts[words.text("paths.end")] = int(ended.get(came, 0))
            rows += [found.row(group, "transition", came, name, count=count, n=sum(counts.values()),
                               n_missing=int(running.get(came, 0))) for name, count in counts.items()]
    return shares(pd.DataFrame(rows, columns=_columns(found)), confidence=found.confidence)


def _columns(found: _Moves) -> list[str]:
    """The columns of rows for `shares`, also where there is none."""
    return ["metric", *found.by, "from", "to", "count", "n", "n_missing"]


def _order(found: _Moves, states: Any) -> list[int]:
    """Numbers of states as they are listed: the start, events by name, the unknown one, the conversion."""
    last = {MISSING: len(found.names) - .5 if found.goal else len(found.names) + .5}
    return sorted({int(k) for k in states}, key=lambda k: last.get(k, k))


def _between(found: _Moves) -> pd.DataFrame:
    """The median minutes of each move between two events."""
    view = found.view("came", "k", where="came >= 0")
    places, _ = view.query(COUNT)
    medians, _ = quantiles(view, Quantile("minutes", .5), places, found.confidence)
    table = found.grouped(places.assign(estimate=medians.estimate, low=medians.low, high=medians.high))
    rows = pd.DataFrame(
        [found.row(group, "time_between", row["came"], found.called(row["k"]), **{name: row[name] for name in RANGE},
                   count=row["n"], n=row["n"])
         for group in found.groups(table) for _, came in group.groupby("came", sort=False)
         for row in came.to_dict("records")], columns=["metric", *found.by, "from", "to", *RANGE, "count", "n"])
    flag = ["" if known else words.text("metrics.flag_no_interval") for known in rows["low"].notna()]
    return answered(rows, {name: rows[name].astype("float64") for name in RANGE} | {
        "se": np.nan, "count": rows["count"].astype("float64"), "n": rows["n"],
        "n_eff": rows["n"].astype("float64"), "method": words.text("paths.method_between")}, flag=flag)


def _conversions(found: _Moves, counted: pd.DataFrame, walked: pd.DataFrame) -> pd.DataFrame:
    """From each state, the probability of a conversion."""
    rows = []
    for group, ways in zip(found.groups(counted), map(_ways, found.groups(walked)), strict=True):
        states = _order(found, {START, *group["k"]} - {found.goal})
        place = {k: i for i, k in enumerate(states)}
        moves, ends = np.zeros((len(states), len(states))), np.zeros((len(states), 2))
        running = group[group["outcome"] == RUNNING]
        asked = group.drop(running.index[running["came"] == START]).query(f"came >= {START}")
        for came, k, n in asked.groupby(["came", "k"])["n"].sum().reset_index().to_numpy().tolist():
            if k == found.goal:
                ends[place[came], 0] += n
            else:
                moves[place[came], place[k]] += n
        for k, n in group.loc[group["outcome"] == ENDED, ["k", "n"]].to_numpy().tolist():
            ends[place[k], 1] += n
        share, se = absorbed(moves, ends)
        n = moves.sum(axis=1) + ends.sum(axis=1)
        n[place[START]] = ways[[CONVERTED, ENDED]].sum()
        late = {**running.groupby("k")["n"].sum(), START: ways[RUNNING]}
        rows += [found.row(group, "conversion", k, words.text("paths.converted"), estimate=share[i], se=se[i], n=n[i],
                           n_missing=late.get(k, 0)) for k, i in place.items()]
    table = pd.DataFrame(rows)
    n, share, se = (table[name].to_numpy(dtype="float64") for name in ("n", "estimate", "se"))
    with np.errstate(invalid="ignore", divide="ignore"):
        n_eff = np.where(se > 0, np.minimum(share * (1 - share) / se**2, n), n)
        se = np.sqrt(share * (1 - share) / n_eff)
    low, high = intervals.wilson(share * n_eff, n_eff, found.confidence)
    flag = ["" if known else words.text("metrics.flag_empty") for known in ~np.isnan(share)]
    return answered(table, {"estimate": share, "low": low, "high": high, "se": se, "count": np.nan, "n": n.astype(int),
                            "n_eff": n_eff, "method": words.text("paths.method_conversion")}, flag=flag)


def absorbed(moves: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From each state, the probability to end in the first column of `ends`, and its standard error.

    moves : counts from state to state. ends : counts from each state to each end. A state from which no end can be
    reached is NaN, and moves to it are left out.

    >>> share, se = absorbed(np.array([[0, 10], [0, 0]]), np.array([[0, 0], [4, 6]]))
    >>> share.round(3).tolist(), se.round(3).tolist()
    ([0.4, 0.4], [0.155, 0.155])
    """
    alive = ends.sum(axis=1) > 0
    while (more := alive | (moves[:, alive].sum(axis=1) > 0)).sum() > alive.sum():
        alive = more
    share, se = np.full(len(moves), np.nan), np.full(len(moves), np.nan)
    if alive.any():
        inside = moves[np.ix_(alive, alive)]
        n = inside.sum(axis=1) + ends[alive].sum(axis=1)
        q, r = inside / n[:, None], ends[alive, 0] / n
        visits = np.linalg.inv(np.eye(len(n)) - q)
        known = visits @ r
        variance = (q @ known**2 + r - known**2) / n
        share[alive], se[alive] = np.clip(known, 0, 1), np.sqrt(np.maximum(visits**2 @ variance, 0))
    return share, se


def _passed(found: _Moves, walked: pd.DataFrame) -> pd.DataFrame:
    """Of the paths that ended in each way, the share that passed through each event."""
    rows = []
    for group in found.groups(walked):
        for outcome, to in ((CONVERTED, "paths.converted"), (ENDED, "paths.end")):
            ended = group[group["outcome"] == outcome].set_index("k")
            rows += [found.row(group, "passed", k, words.text(to), count=ended["count"][k], n=ended["n"][k],
                               n_missing=_ways(group)[RUNNING])
                     for k in _order(found, set(ended.index) - {found.goal})]
    answer = shares(pd.DataFrame(rows, columns=_columns(found)), confidence=found.confidence)
    return answer.assign(method=pd.Series(words.text("paths.method_passed"), index=answer.index, dtype="str"))
