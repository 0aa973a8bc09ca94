"""Active users: how many different people in the last day, week and four weeks.

Definitions as in product analytics: a user is active in a window who has at least one event in it; stickiness is the
share of those active in the longest window who were active in the shortest, on that day.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.activity.common import asked, flags, grouped, named, told
from engagelab.errors import UsageError
from engagelab.metrics.shares import numbers, shares
from engagelab.summaries.calendar_active import active
from engagelab.summaries.durations import steps


def active_users(data: Any, *, user: str | None = None, time: str | None = None,
                 windows: Sequence[str] = ("1 day", "7 days", "28 days"), every: str = "day", since: object = None,
                 until: object = None, tz: str | None = None, by: str | Sequence[str] | None = None,
                 event: str | None = None, events: Sequence[str] | None = None,
                 confidence: float = .95) -> pd.DataFrame:
    """How many different users were active in the windows that end with each day, and their stickiness.

    data, user, time, since, until, tz, by, event, events : as in `calendar()`; or a calendar alone.
    windows : lengths of the trailing windows, in whole periods of `every`.

    Returns a row a window and period. `active_users` is a count of everybody, without interval; it is NaN as long as
    the window is not wholly observed. `stickiness` is the count in the shortest window of those (`n`) in the
    longest, with Wilson's interval. A period that was still running at the end is flagged.

    >>> log = pd.DataFrame({"user": ["a", "a", "b"], "at": pd.to_datetime(["2026-04-01", "2026-04-03", "2026-04-02"])})
    >>> active_users(log, user="user", time="at", windows=("1 day", "2 days"), until="2026-04-04")[
    ...     ["metric", "window", "day", "estimate", "count", "n"]]
             metric          window         day  estimate  count     n
    0  active_users           1 day  2026-04-01       1.0    1.0     1
    1  active_users           1 day  2026-04-02       1.0    1.0     1
    2  active_users           1 day  2026-04-03       1.0    1.0     1
    3  active_users          2 days  2026-04-01       NaN    NaN  <NA>
    4  active_users          2 days  2026-04-02       2.0    2.0     2
    5  active_users          2 days  2026-04-03       2.0    2.0     2
    6    stickiness  1 day / 2 days  2026-04-01       NaN    NaN  <NA>
    7    stickiness  1 day / 2 days  2026-04-02       0.5    1.0     2
    8    stickiness  1 day / 2 days  2026-04-03       0.5    1.0     2
    """
    windows = list(windows) if isinstance(windows, Iterable) and not isinstance(windows, str) else [windows]
    sizes = [steps("windows", window, every) for window in windows]
    if not sizes or len(set(sizes)) < len(sizes):
        raise UsageError("activity.windows", value=repr(tuple(windows)))
    made = asked(data, every, own=["window"], user=user, time=time, since=since, until=until,
                 tz=tz, by=by, event=event, events=events)
    table, text = active(made, sizes)
    table = table.sort_values([*(f"rank_{i}" for i, _ in enumerate(made.by, 1)), "place"], ignore_index=True)
    base = grouped(table, made)
    place = table["place"].to_numpy()
    seen = {i: table[f"w{i}"].astype("float64").where(place - size + 1 >= made.begun) for i, size in enumerate(sizes)}
    keys = base.assign(window="").assign(**{every: named(made, place), "flag": flags(made, place)})
    parts = [numbers(keys.assign(metric="active_users", window=window, estimate=seen[i], n=seen[i]))
             for i, window in enumerate(windows)]
    if len(sizes) > 1:
        short, long = sizes.index(min(sizes)), sizes.index(max(sizes))
        parts.append(shares(keys.assign(
            metric="stickiness", window=words.text("activity.of", part=windows[short], whole=windows[long]),
            count=seen[short].where(seen[long].notna()), n=seen[long]), confidence=confidence))
    answer = pd.concat(parts, ignore_index=True)
    answer.insert(0, "metric", answer.pop("metric"))
    return told(answer, made, text)
