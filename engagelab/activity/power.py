"""The power user curve: on how many days of the last four weeks people come.

The L28 of product analytics: a smile (many on one day, many on all) is a product with a core; a curve that only falls
has visitors. Each bar is a share of those active in the window.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.activity.common import asked, grouped, told
from engagelab.errors import DataError
from engagelab.metrics.shares import shares
from engagelab.summaries import sql
from engagelab.summaries.calendar import WORD, Calendar
from engagelab.summaries.durations import steps


def power_curve(data: Any, *, user: str | None = None, time: str | None = None, window: str = "28 days",
                every: str = "day", since: object = None, until: object = None, tz: str | None = None,
                by: str | Sequence[str] | None = None, event: str | None = None,
                events: Sequence[str] | None = None, confidence: float = .95) -> pd.DataFrame:
    """Of the users active in the last `window`, the share active on 1, 2, 3 ... of its days.

    data, user, time, since, until, tz, by, event, events : as in `calendar()`; or a calendar alone.
    window : its length; it ends with the last period that was over at `until`. A group of which nobody came in it
        is not there.

    Returns a row a number of days (`days`, or the periods of `every`): `count` of `n` users, Wilson's interval.

    >>> log = pd.DataFrame({"user": ["a", "a", "b"], "at": pd.to_datetime(["2026-04-01", "2026-04-03", "2026-04-02"])})
    >>> power_curve(log, user="user", time="at", window="3 days", until="2026-04-04")[
    ...     ["days", "estimate", "count", "n"]]
       days  estimate  count  n
    0     1       0.5    1.0  2
    1     2       0.5    1.0  2
    2     3       0.0    0.0  2
    """
    size = steps("window", window, every)
    made = asked(data, every, own=[f"{every}s"], user=user, time=time, since=since, until=until,
                 tz=tz, by=by, event=event, events=events)
    if size > made.last_whole + 1 - made.begun:
        raise DataError("activity.short_log", window=repr(window), length=made.last_whole + 1 - made.begun,
                        every=words.text(f"activity.every_{every}"))
    table, text = made.ask(_body(made, size))
    keys = [name for name in table.columns if name.startswith(("key_", "rank_"))]
    groups = table[keys].drop_duplicates() if keys else pd.DataFrame(index=[0])
    column = f"{every}s"
    rows = groups.merge(pd.DataFrame({"days": range(1, size + 1)}), how="cross").merge(
        table, on=[*keys, "days"], how="left")
    rows["n"] = rows["n"].fillna(0)
    rows["total"] = rows.groupby(keys, dropna=False)["n"].transform("sum") if keys else rows["n"].sum()
    answer = shares(grouped(rows, made).assign(**{column: rows["days"], "count": rows["n"], "n": rows["total"]}).assign(
        metric="power_curve"), confidence=confidence)
    answer[column] = rows["days"].astype("int64")
    answer.insert(0, "metric", answer.pop("metric"))
    ends = words.text("activity.window", first=made.label(made.last_whole - size + 1), last=made.label(made.last_whole))
    return told(answer, made, text, ends)


def masks(first: int, last: int) -> dict[int, int]:
    """Which bits of which words stand for the periods from `first` to `last`."""
    held: dict[int, int] = {}
    for place in range(max(first, 0), last + 1):
        held[place // WORD] = held.get(place // WORD, 0) | 1 << place % WORD
    return held


def _body(made: Calendar, size: int) -> str:
    held = masks(made.last_whole - size + 1, made.last_whole)
    cases = " ".join(f"WHEN {word} THEN bits & {mask}" for word, mask in held.items())
    days = " + ".join(f"((bits >> {bit}) & 1)" for bit in range(WORD))
    return sql.fill(sql.text("calendar_days"), held=[f"CASE word {cases} ELSE 0 END AS bits"],
                    days=[f"sum({days}) AS days"])
