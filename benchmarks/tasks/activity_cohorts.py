"""Monthly cohorts from ten million events, against window functions written by hand."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import events

TITLE = "activity: monthly cohorts, 10 M events of Parquet"
OURS, PEER, SCAN = "cohorts", "window functions", "scan"
TARGETS = {"cpu_ratio": .65}


def data(folder: Path) -> Path:
    """The log, the same every time."""
    return events.log(folder)


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.activity.cohorts` of the file, after a small call has loaded what is loaded at first use."""
    from engagelab.activity import cohorts

    def run(log: Path | pd.DataFrame = path) -> pd.DataFrame:
        return events.told_cohorts(cohorts(log, user="user_id", time="ts"))
    run(events.frame(path, 1000))
    return run


def by_hand(path: Path) -> Callable[[], pd.DataFrame]:
    """The first of the distinct months of a user, over a window."""
    return lambda: events.opened(path).execute(events.COHORTS).df()


CANDIDATES = {OURS: ours, PEER: by_hand, SCAN: events.scan}
