"""Active users of 1, 7 and 28 days from ten million events, against the best window functions written by hand."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import events

TITLE = "activity: active users of 1, 7, 28 days, 10 M events of Parquet"
OURS, PEER, SCAN = "active_users", "window functions", "scan"
TARGETS = {"cpu_ratio": .45}
LAST = events.SINCE + events.DAYS - 2  # the log ends before its newest day does


def data(folder: Path) -> Path:
    """The log, the same every time."""
    return events.log(folder)


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.activity.active_users` of the file, after a small call has loaded what is loaded at first use."""
    from engagelab.activity import active_users

    def run(log: Path | pd.DataFrame = path) -> pd.DataFrame:
        return events.told_active(active_users(log, user="user_id", time="ts"))
    run(events.frame(path, 1000))
    return run


def by_hand(path: Path) -> Callable[[], pd.DataFrame]:
    """Gaps between the distinct days of a user."""
    return lambda: events.active(events.opened(path), LAST)


CANDIDATES = {OURS: ours, PEER: by_hand, SCAN: events.scan}
