"""Cohorts, active users, retention and growth from one calendar of ten million events, against a bare group-by."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import events

TITLE = "activity: cohorts, active users, retention, growth from one calendar, 10 M events of Parquet, UTC"
OURS, PEER, WINDOWS, SCAN = "one calendar", "group by user", "window functions", "scan"
TARGETS = {"cpu_ratio": 3.5, "memory_mb": 600}


def data(folder: Path) -> Path:
    """The log, the same every time."""
    return events.log(folder)


def together(*tables: pd.DataFrame) -> pd.DataFrame:
    """Answers of different columns, one below the other."""
    return pd.concat([table.set_axis(range(table.shape[1]), axis=1) for table in tables], ignore_index=True)


def ours(tz: str) -> Callable[[Path], Callable[[], pd.DataFrame]]:
    """A candidate that makes one calendar by the clock of a zone, and asks it four times."""
    def candidate(path: Path) -> Callable[[], pd.DataFrame]:
        from engagelab.activity import active_users, calendar, cohorts, growth, retention

        def run(log: Path | pd.DataFrame = path) -> pd.DataFrame:
            made = calendar(log, user="user_id", time="ts", tz=tz)
            return together(events.told_active(active_users(made)), events.told_cohorts(cohorts(made)),
                            events.told_retention(retention(made)), events.told_growth(growth(made)))
        run(events.frame(path, 1000))
        return run
    return candidate


def by_hand(berlin: bool) -> Callable[[Path], Callable[[], pd.DataFrame]]:
    """A candidate that makes tables of the distinct days and months of a user, and asks them four times."""
    def candidate(path: Path) -> Callable[[], pd.DataFrame]:
        def run() -> pd.DataFrame:
            log = events.opened(path, days="TABLE", months="TABLE", berlin=berlin)
            last = events.SINCE + events.DAYS - 2 + berlin  # by the clock of Berlin the log ends a day later
            return together(events.active(log, last), log.execute(events.COHORTS).df(), events.retention(log, last),
                            log.execute(events.GROWTH).df())
        return run
    return candidate


CANDIDATES = {OURS: ours("UTC"), PEER: events.grouped, WINDOWS: by_hand(False), SCAN: events.scan}
