"""Cohorts: those who began in the same period, and what became of them.

A cohort is seen no further than the data go: what was not observed is NaN and never 0, and the period that was still
running at the end is flagged. Follows the cohort tables of Hardie and Fader and of product analytics.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.common import asked, first_cohort, flags, grouped, named, told
from engagelab.errors import UsageError
from engagelab.metrics import intervals
from engagelab.metrics.shares import answered, numbers, shares
from engagelab.summaries import sql
from engagelab.summaries.calendar import Calendar
from engagelab.summaries.calendar_active import counted, unfolded


def cohorts(data: Any, *, user: str | None = None, time: str | None = None, value: str | None = None,
            every: str = "month", normalize: bool = False, cumulative: bool = False, since: object = None,
            until: object = None, tz: str | None = None, by: str | Sequence[str] | None = None,
            event: str | None = None, events: Sequence[str] | None = None, fiscal_year_starts: int = 1,
            confidence: float = .95) -> pd.DataFrame:
    """What became of those who began in each period: how many were active later, or what they were worth.

    data, user, time, since, until, tz, by, event, events : as in `calendar()`; or a calendar alone.
    value : a column of amounts, to follow money instead of people (a calendar has it if it was made with one).
    every : the periods of the cohorts and of what is observed.
    normalize : shares of the cohort (Wilson's interval), or value per user of it (t interval), instead of totals.
    cumulative : what a cohort was worth up to each period, instead of in it.

    Returns a row a cohort and period from its own on: `cohort`, the period's label, `age` in periods, and the answer;
    `n` is the size of the cohort, `count` the users who were active or the sum of the value.
    `.pivot(index="cohort", columns="age", values="estimate")` makes the triangle.
    Who was there before `since` is in no cohort; without `since` the first cohort may hold old users, as a note says.

    >>> log = pd.DataFrame({"user": ["a", "a", "b", "c"], "at": pd.to_datetime(
    ...     ["2026-01-05", "2026-02-01", "2026-01-20", "2026-02-10"])})
    >>> cohorts(log, user="user", time="at", normalize=True, until="2026-03-01")[
    ...     ["cohort", "month", "age", "estimate", "count", "n"]]
        cohort    month  age  estimate  count  n
    0  2026-01  2026-01    0       1.0    2.0  2
    1  2026-01  2026-02    1       0.5    1.0  2
    2  2026-02  2026-02    0       1.0    1.0  1
    """
    made = asked(data, every, own=["cohort", "age"], valued=True, user=user, time=time, value=value, since=since,
                 until=until, tz=tz, by=by, event=event, events=events, fiscal_year_starts=fiscal_year_starts)
    if cumulative and not made.valued:
        raise UsageError("activity.cumulative")
    table, text = _amounts(made, cumulative) if made.valued else _counts(made)
    table = table[table["place"] >= table["first"]].sort_values(
        [*(f"rank_{i}" for i, _ in enumerate(made.by, 1)), "first", "place"], ignore_index=True)
    place = table["place"].to_numpy()
    rows = grouped(table, made).assign(
        cohort=named(made, table["first"].to_numpy()), **{every: named(made, place), "age": place - table["first"],
                                                          "flag": flags(made, place)})
    ages = rows["age"].to_numpy()
    if made.valued:
        answer = _valued(rows.assign(metric="cohort_value"), table, normalize, confidence)
    elif normalize:
        answer = shares(rows.assign(metric="cohort_retention", count=table["users"], n=table["size"]),
                        confidence=confidence)
    else:
        answer = numbers(rows.assign(metric="cohort_users", estimate=table["users"], n=table["size"]))
    answer["age"] = ages
    answer.insert(0, "metric", answer.pop("metric"))
    return told(answer, made, text, *first_cohort(made))


def by_first(made: Calendar) -> tuple[pd.DataFrame, str]:
    """Users of each cohort active in each period: keys, ranks, `first`, `place`, `users`; and the SQL that ran."""
    table, text = made.ask(sql.fill(sql.text("calendar_cohorts"), sums=counted(["bits"]), **made.joined("events")))
    return unfolded(table, made, {"users": "bits_"}), text


def _counts(made: Calendar) -> tuple[pd.DataFrame, str]:
    table, text = by_first(made)
    return _sized(table, made), text


def _sized(table: pd.DataFrame, made: Calendar) -> pd.DataFrame:
    """The table with the size of each cohort: everybody is active in the period in which they begin."""
    keys = [*(f"rank_{i}" for i, _ in enumerate(made.by, 1)), "first"]
    sizes = table[table["place"] == table["first"]].set_index(keys)["users"].rename("size")
    return table.merge(sizes, left_on=keys, right_index=True, how="left")


def _amounts(made: Calendar, cumulative: bool) -> tuple[pd.DataFrame, str]:
    """The value of each cohort in, or up to, each period, with the variance over those who were there."""
    reach = "periods.place >= began.place AND periods.place >= began.first" if cumulative else (
        "periods.place = began.place")
    body = sql.fill(sql.text("calendar_amounts"), places=[f"({place})" for place in range(made.length)], reach=[reach])
    table, text = made.ask(body)
    keys = [name for name in table.columns if name.startswith(("key_", "rank_", "first"))]
    grid = table[keys].drop_duplicates().merge(pd.DataFrame({"place": np.arange(made.length)}), how="cross")
    rows = grid.merge(table, on=[*keys, "place"], how="left").fillna({"n": 0, "value": 0.0, "spread": 0.0})
    return _sized(rows.assign(users=rows["n"].astype("int64")), made), text


def _valued(rows: pd.DataFrame, table: pd.DataFrame, normalize: bool, confidence: float) -> pd.DataFrame:
    """Value per user with a t interval over the users of the cohort; times its size where totals are wanted."""
    n, paid, value, own = (table[name].to_numpy(dtype="float64") for name in ("size", "users", "value", "spread"))
    mean, among = value / n, value / np.maximum(paid, 1)  # of the whole cohort, and of those with a row in the period
    spread = (paid * own + paid * (1 - paid / n) * among**2) / n  # the others paid nothing
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.where(n > 1, np.sqrt(spread / (n - 1)), np.nan)
    times = 1.0 if normalize else n
    low, high = intervals.around(mean * times, se * times, n - 1, confidence)
    alone = [words.text("metrics.flag_no_interval") if size < 2 else "" for size in n]
    return answered(rows, {
        "estimate": mean * times, "low": low, "high": high, "se": se * times, "count": table["value"],
        "n": table["size"], "n_eff": n, "method": words.text("activity.method_value")}, flag=alone)
