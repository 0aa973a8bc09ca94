"""Monthly cohorts from ten million events, against window functions written by hand."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import events

TITLE = "activity: monthly cohorts, 10 M events of Parquet"
OURS, PEER, MONTHS, SCAN = "cohorts", "window functions", "the same, of months alone", "scan"
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


def by_hand(days: str) -> Callable[[Path], Callable[[], pd.DataFrame]]:
    """The first of the distinct months of a user, over a window; the months of the distinct days, or of the rows."""
    def candidate(path: Path) -> Callable[[], pd.DataFrame]:
        return lambda: events.opened(path, days=days, months=days).execute(events.COHORTS).df()
    return candidate


# Distinct days serve every question, as our calendar of days does; whoever knows that months are all that is wanted
# saves them, as `cohorts` does.
CANDIDATES = {OURS: ours, PEER: by_hand("TABLE"), MONTHS: by_hand("VIEW"), SCAN: events.scan}
