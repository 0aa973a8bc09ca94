"""Retention: who comes back so many days after the first time.

Definitions as Amplitude's "Retention Analysis" gives them: on day n (nday), on day n or later (unbounded), or at least
once within a bracket of days. Only users whose age has reached the day are in the denominator, and the rate of all is
pooled over them, never a mean of the rates of cohorts.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.activity.common import asked, first_cohort, grouped, told
from engagelab.errors import UsageError, one_of
from engagelab.metrics.shares import shares
from engagelab.summaries import sql
from engagelab.summaries.calendar import FULL, WORD, Calendar
from engagelab.summaries.durations import steps
from engagelab.summaries.view import no_event

KINDS = ("nday", "unbounded", "bracket")


def retention(data: Any, *, user: str | None = None, time: str | None = None, kind: str = "nday",
              after: Sequence[str] = ("1 day", "7 days", "28 days"), first_event: str | None = None,
              return_event: str | None = None, every: str = "day", since: object = None, until: object = None,
              tz: str | None = None, by: str | Sequence[str] | None = None, event: str | None = None,
              events: Sequence[str] | None = None, confidence: float = .95) -> pd.DataFrame:
    """The share of users who came back, by how long after their first time.

    data, user, time, since, until, tz, by, event, events : as in `calendar()`; or a calendar alone.
    kind : "nday", back on that very day; "unbounded", on that day or later; "bracket", at least once after the age
        before it in `after` and up to this one.
    after : ages, in whole periods of `every`. Day 0 is the day of the first event.
    first_event, return_event : names of the event that begins a life and of the one that counts as coming back;
        any event where nothing is said. They need `event`, the column of names.

    Returns a row an age: `count` of `n` users who began and were observed that long, Wilson's interval; `n_missing`
    began too late to be observed that long. Who was there before `since` is left out and said.

    >>> log = pd.DataFrame({"user": ["a", "a", "b", "b", "c"], "at": pd.to_datetime(
    ...     ["2026-04-01", "2026-04-02", "2026-04-01", "2026-04-04", "2026-04-04"])})
    >>> retention(log, user="user", time="at", after=("1 day", "3 days"), until="2026-04-05")[
    ...     ["metric", "kind", "after", "estimate", "count", "n", "n_missing"]]
          metric  kind   after  estimate  count  n  n_missing
    0  retention  nday   1 day       0.5    1.0  2          1
    1  retention  nday  3 days       0.5    1.0  2          1
    """
    one_of("kind", kind, KINDS)
    after = list(after) if isinstance(after, Iterable) and not isinstance(after, str) else [after]
    ages = [steps("after", age, every) for age in after]
    if not ages or sorted(set(ages)) != ages:
        raise UsageError("activity.ages", value=repr(tuple(after)))
    made = asked(data, every, own=["kind", "after"], told=bool(first_event or return_event),
                 user=user, time=time, since=since, until=until, tz=tz, by=by, event=event, events=events)
    _named(made, first_event, return_event)
    table, text = made.ask(_body(made, kind, ages, first_event, return_event))
    keys, rows = grouped(table, made), []
    for i, age in enumerate(after):
        rows.append(keys.assign(kind=kind, after=age, count=table[f"c_{i}"], n=table[f"n_{i}"],
                                n_missing=table["n_users"] - table[f"n_{i}"]))
    answer = shares(pd.concat(rows).sort_index(kind="stable").assign(metric="retention"), confidence=confidence)
    answer.insert(0, "metric", answer.pop("metric"))
    before = int(table["n_before"].sum())
    left_out = [words.text("activity.known_before", n=before)] * bool(before)
    return told(answer, made, text, *first_cohort(made), *left_out)


def _named(made: Calendar, *names: str | None) -> None:
    """Refuse event names where events are not told apart, or do not occur."""
    wanted = [name for name in names if name is not None]
    if wanted and not made.told:
        raise UsageError("activity.no_names", names=words.joined(map(repr, wanted)))
    known = sorted(made.view().plain("SELECT CAST(event AS VARCHAR) AS event FROM events WHERE event IS NOT NULL "
                                     "GROUP BY event")["event"]) if wanted else []
    for name in wanted:
        if name not in known:
            raise no_event(made.told[0], name, known)


def _body(made: Calendar, kind: str, ages: list[int], first_event: str | None, return_event: str | None) -> str:
    """The text of calendar_returned.sql for these ages."""
    ranges: list[tuple[int, int | None]] = [(age, age if kind == "nday" else None) for age in ages]
    if kind == "bracket":
        ranges = [(earlier + 1, age) for earlier, age in zip([0, *ages], ages, strict=False)]
    counts, came = [], []
    for i, (low, high) in enumerate(ranges):
        last = made.last_whole - (low if high is None else high)  # who began later was not observed that long
        back = f"{_from(low)} <> {'0' if high is None else _from(high + 1)}"
        # several words may hold the days of one bracket, and several events those of one word
        each = "" if kind == "nday" and (return_event or not made.told) else "DISTINCT "
        counts.append(f"count(CASE WHEN first >= 0 AND first <= {last} THEN 1 END) AS n_{i}, 0 AS c_{i}")
        came.append(f"0 AS n_{i}, count({each}CASE WHEN began.first >= 0 "
                    f"AND began.first <= {last} AND {back} THEN later.user_id END) AS c_{i}")
    sums = ["n_users", "n_before", *(f"{letter}_{i}" for i, _ in enumerate(ages) for letter in "nc")]
    return sql.fill(
        sql.text("calendar_returned"), counts=counts, came=came,
        sums=[f"CAST(sum({name}) AS BIGINT) AS {name}" for name in sums],
        first=[f"AND event = {sql.text_literal(first_event)}" if first_event else ""],
        again=[f"AND later.event = {sql.text_literal(return_event)}" if return_event else ""],
        began_groups=["".join(f"began.{key}, " for key in made.keys)], **made.joined("later"))


def _from(age: int) -> str:
    """The bits of a later word that stand for this age or more."""
    words_on, bits_on = divmod(age, WORD)
    moved = f"((began.low & {FULL >> bits_on}) << {bits_on})"
    return (f"CASE WHEN later.word - began.word = {words_on} THEN later.bits & (0 - {moved}) "
            f"WHEN later.word - began.word = {words_on + 1} "
            f"THEN later.bits & (0 - greatest(began.low >> {WORD - bits_on}, 1)) "
            f"WHEN later.word - began.word > {words_on + 1} THEN later.bits ELSE 0 END")
