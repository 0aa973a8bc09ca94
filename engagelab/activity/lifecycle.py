"""The lifecycle: lead, new, active, at risk, dormant, won back.

Two durations make the states. On a day, who came within the last `active` days is new if they began within these, won
back if they did not come in the `lapsed` days before these, and active otherwise. Windows decide, and not the gap
between two visits: that is longer than `lapsed` for everybody won back, and for some who are active too. Who came
within the last `lapsed` only is at risk; who did not is dormant; a lead is known and never came. The six make up
everybody known, and nobody is in two.
"""

from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.common import asked, grouped, named, told
from engagelab.activity.power import masks
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics.shares import shares
from engagelab.summaries import periods, sql
from engagelab.summaries.calendar import Calendar
from engagelab.summaries.calendar_active import active as active_in
from engagelab.summaries.durations import steps

STATES = ("lead", "new", "active", "won_back", "at_risk", "dormant")


def lifecycle(data: Any, *, user: str | None = None, time: str | None = None, active: str = "28 days",
              lapsed: str = "84 days", every: str = "month", known: pd.DataFrame | None = None,
              joined: str | None = None, since: object = None, until: object = None, tz: str | None = None,
              by: str | Sequence[str] | None = None, event: str | None = None, events: Sequence[str] | None = None,
              confidence: float = .95) -> pd.DataFrame:
    """How many users were in each state at the end of each period.

    data, user, time, since, until, tz, by, event, events : as in `calendar()`; or a calendar by day alone.
    active, lapsed : the two durations, in whole days; won back is who came within the last `active`, and not in the
        `lapsed` before those. every : at the end of which periods.
    known : a table of everybody known, with the column `user` (of a calendar: `user_id`); those without an event are
        leads from the first day in its column `joined` on. Without it nobody is a lead. Not together with `by`.

    Returns a row a state and period: `count` of `n` users known by then, Wilson's interval. A period before whose end
    the log had not run for `active` and `lapsed` together is NaN, and one that was still running is left out.

    >>> log = pd.DataFrame({"user": list("aaabbc"), "at": pd.to_datetime(
    ...     ["2026-01-01", "2026-01-20", "2026-02-27", "2026-01-02", "2026-02-27", "2026-02-26"])})
    >>> lifecycle(log, user="user", time="at", active="7 days", lapsed="21 days", until="2026-03-01").query(
    ...     "month == '2026-02'")[["state", "count", "n"]].reset_index(drop=True)
          state  count  n
    0       new    1.0  3
    1    active    0.0  3
    2  won_back    2.0  3
    3   at_risk    0.0  3
    4   dormant    0.0  3
    """
    short, long = _durations(active, lapsed)
    made = asked(data, "day", own=["state", every], user=user, time=time, since=since, until=until,
                 tz=tz, by=by, event=event, events=events)
    if known is not None and (made.by or joined is None):
        raise UsageError("activity.known")
    table, text = active_in(made, [short, long, short + long])
    ranks = [f"rank_{i}" for i, _ in enumerate(made.by, 1)]
    table = _began(table.sort_values([*ranks, "place"], ignore_index=True), made, ranks, short)
    table["won_back"] = table["w2"] - _earlier(table, ranks, "w1", short) - table["new"]
    table["active"] = table["w0"] - table["new"] - table["won_back"]
    table["at_risk"] = table["w1"] - table["w0"]
    table["dormant"] = table["ever"] - table["w1"]
    if known is not None:
        table["lead"] = _leads(made, known, user or "user_id", str(joined), tz)
    notes = _undated(known, joined)
    return _answer(table, made, every, short + long + made.begun, known is not None, text, notes, confidence)


def _answer(table: pd.DataFrame, made: Calendar, every: str, longest: int, leads: bool, text: str,
            notes: list[str], confidence: float) -> pd.DataFrame:
    """Rows of the last days of the periods, a state each."""
    longer = made.at(every)
    tomorrow = [(longer.start(place + 1) - made.start(0)).days for place in range(longer.length)]
    first = periods.number("day", made.start(0))
    ends = {day - 1: place for place, day in enumerate(tomorrow) if (first + day) * periods.DAY <= longer.window.until}
    table = table[table["place"].isin(ends)].reset_index(drop=True)
    states = STATES if leads else STATES[1:]
    total = table[list(states)].sum(axis="columns")
    seen = table["place"] + 1 >= longest
    place = np.array([ends[day] for day in table["place"]], dtype=int)
    base = grouped(table, made)
    rows = pd.concat([base.assign(state=state, **{every: named(longer, place)}, count=table[state].where(seen),
                                  n=total.where(seen)) for state in states])
    rows = rows.assign(order=np.tile(np.arange(len(table)), len(states))).sort_values("order", kind="stable")
    answer = shares(rows.drop(columns="order").assign(metric="lifecycle"), confidence=confidence)
    answer.insert(0, "metric", answer.pop("metric"))
    return told(answer, made, text, *notes)


def states(data: Any, *, user: str | None = None, time: str | None = None, active: str = "28 days",
           lapsed: str = "84 days", known: pd.DataFrame | None = None, joined: str | None = None,
           since: object = None, until: object = None, tz: str | None = None, event: str | None = None,
           events: Sequence[str] | None = None) -> pd.DataFrame:
    """The state of each user at the end of what was observed; parameters as in `lifecycle()`.

    Without `joined` everybody in `known` counts as known by then.

    Returns a row a user: `user_id`, `state`, `first` and `last`, the days of the first and the last event (missing
    where they lie before `since`). Leads of `known` have neither.

    >>> log = pd.DataFrame({"user": list("aaab"), "at": pd.to_datetime(
    ...     ["2026-01-01", "2026-01-20", "2026-02-27", "2026-02-10"])})
    >>> states(log, user="user", time="at", active="7 days", lapsed="21 days", until="2026-03-01",
    ...        known=pd.DataFrame({"user": ["a", "z"]}))
      user_id     state       first        last
    0       a  won_back  2026-01-01  2026-02-27
    1       b   at_risk  2026-02-10  2026-02-10
    2       z      lead        None        None
    """
    short, long = _durations(active, lapsed)
    made = asked(data, "day", user=user, time=time, since=since, until=until, tz=tz, event=event, events=events)
    last = made.length - 1
    if last + 1 < short + long + made.begun:
        raise DataError("activity.short_log", window=repr(f"{short + long} days"), length=last + 1 - made.begun,
                        every=words.text("activity.every_day"))
    windows = {"recent": (last - short + 1, last), "former": (last - short - long + 1, last - short),
               "lately": (last - long + 1, last - short)}
    table = made.view().plain(sql.fill(sql.text("calendar_states"), by=[], windows=[
        f"max(CASE {_held(*ends)} ELSE 0 END) AS {name}" for name, ends in windows.items()]))
    new = table["first"] > last - short
    state = np.select([(table["recent"] == 1) & new, (table["recent"] == 1) & (table["former"] == 1),
                       table["recent"] == 1, table["lately"] == 1], ["new", "active", "won_back", "at_risk"], "dormant")
    out = pd.DataFrame({"user_id": table["user_id"], "state": state, **{
        name: [made.label(int(place)) if place >= 0 else None for place in table[name]] for name in ("first", "last")}})
    if known is not None:
        people = _people(made, known, user or "user_id")
        if joined is not None:
            begin = _joined(made, known.loc[people.index], user or "user_id", joined, tz)
            people = people.loc[begin.index[begin < made.length]]
        leads = people[~people.isin(out["user_id"])].drop_duplicates()
        out = pd.concat([out, pd.DataFrame({"user_id": leads, "state": "lead", "first": None, "last": None})])
    return told(out.sort_values("user_id", ignore_index=True), made, "", *_undated(known, joined))


def _durations(active: str, lapsed: str) -> tuple[int, int]:
    short, long = steps("active", active, "day"), steps("lapsed", lapsed, "day")
    if long <= short:
        raise UsageError("activity.lapsed", active=repr(active), lapsed=repr(lapsed))
    return short, long


def _held(first: int, last: int) -> str:
    return " ".join(f"WHEN word = {word} AND (bits & {mask}) <> 0 THEN 1"
                    for word, mask in masks(first, last).items())


def _began(table: pd.DataFrame, made: Calendar, ranks: list[str], short: int) -> pd.DataFrame:
    """With `new`, who began within the last `short` days, and `ever`, who has ever been there."""
    firsts, _ = made.ask(sql.text("calendar_firsts"))
    earlier = firsts[firsts["first"] < 0].rename(columns={"n": "before"})[[*ranks, "before"]]
    table = table.merge(firsts[[*ranks, "first", "n"]].rename(columns={"first": "place"}), on=[*ranks, "place"],
                        how="left")
    table = table.merge(earlier, on=ranks, how="left") if ranks else table.assign(before=earlier["before"].sum())
    table = table.fillna({"n": 0, "before": 0})
    began = table.groupby(ranks)["n"].cumsum() if ranks else table["n"].cumsum()
    table["new"] = began - _earlier(table.assign(began=began), ranks, "began", short)
    table["ever"] = began + table["before"]
    return table


def _earlier(table: pd.DataFrame, ranks: list[str], column: str, size: int) -> pd.Series:
    """The column's value so many days before, 0 before the first day."""
    held = table.groupby(ranks)[column] if ranks else table[column]
    return held.shift(size).fillna(0)


def _people(made: Calendar, known: pd.DataFrame, user: str) -> pd.Series:
    """The ids of the known, which must be of the kind of those in the log: text "7" is not the number 7."""
    people = known[column_of(user, list(known.columns))].dropna()
    number = made.source.types["user_id"].upper().startswith(sql.NUMBERS)
    if any(isinstance(person, Number) != number for person in people):
        raise DataError("activity.known_ids", column=repr(user))
    return people


def _leads(made: Calendar, known: pd.DataFrame, user: str, joined: str, tz: str | None) -> np.ndarray:
    """How many of the known had not come by each day."""
    people = _people(made, known, user)
    placed = _joined(made, known.loc[people.index], user, joined, tz)
    begin = placed.to_numpy()
    firsts = made.view().plain("SELECT user_id, min(word * 60 + CAST(round(log2(bits & (0 - bits))) AS BIGINT)) "
                               "AS first FROM events WHERE user_id IS NOT NULL GROUP BY user_id")
    ends = people.loc[placed.index].map(firsts.set_index("user_id")["first"]).fillna(made.length).to_numpy(dtype=int)
    waits = ends > begin
    size = made.length + 1
    came = np.bincount(np.clip(begin[waits], 0, size - 1), minlength=size)
    gone = np.bincount(np.clip(ends[waits], 0, size - 1), minlength=size)
    return np.cumsum(came - gone)[:made.length]


def _undated(known: pd.DataFrame | None, joined: str | None) -> list[str]:
    """What has to be said of the known who have no date on which they joined."""
    n = 0 if known is None or joined is None else int(known[joined].isna().sum())
    return [words.text("activity.known_undated", column=repr(joined), n=n)] * bool(n)


def _joined(made: Calendar, known: pd.DataFrame, user: str, joined: str, tz: str | None) -> pd.Series:
    """Of each of the known, once, the place of the day on which they joined, 0 if that was earlier."""
    column_of(joined, list(known.columns))
    people = known.dropna(subset=[joined])
    if not pd.api.types.is_datetime64_any_dtype(people[joined]):
        raise DataError("summaries.not_a_stamp", column=repr(joined), type=str(people[joined].dtype))
    people = people.sort_values(joined, kind="stable").drop_duplicates(user)
    stamps = people[joined] if people[joined].dt.tz is not None else people[joined].dt.tz_localize("UTC")
    days = stamps.dt.tz_convert(periods.zone(tz)).dt.tz_localize(None).dt.normalize()
    return (days - pd.Timestamp(made.start(0))).dt.days.clip(lower=0)
