"""How a calendar of days grows with the log: 1, 10 and 100 million events, in two zones and in a gigabyte of memory."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import events

TITLE = "activity: a calendar of days, 100 M events of Parquet beside 10 M and 1 M"
OURS, PEER, SCAN = "100 M, Berlin", "10 M, Berlin", None
TARGETS = {"cpu_s": 30, "memory_mb": 4096, f"cpu_ratio / {PEER}": 11}
ROUNDS = 3


def data(folder: Path) -> Path:
    """Three logs; the largest takes 1.3 GB of disk."""
    for millions in (1, 10, 100):
        events.log(folder, millions * 1_000_000)
    return folder


def of(millions: int, tz: str) -> Callable[[Path], Callable[[], None]]:
    """A candidate that makes the calendar of a log of that size."""
    def candidate(folder: Path) -> Callable[[], None]:
        from engagelab.activity import calendar

        calendar(events.frame(folder / "events_1000k.parquet", 1000), user="user_id", time="ts", tz=tz)

        def run() -> None:
            calendar(folder / f"events_{millions}000k.parquet", user="user_id", time="ts", tz=tz)
        return run
    return candidate


def limited(folder: Path) -> Callable[[], None]:
    """The largest in the zone with daylight saving, on a connection that may hold one gigabyte."""
    import duckdb

    from engagelab.activity import calendar

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as spill:
            connection = duckdb.connect(config={"memory_limit": "1GB", "temp_directory": spill})
            calendar(connection.read_parquet(str(folder / "events_100000k.parquet")), user="user_id", time="ts",
                     tz="Europe/Berlin")
            connection.close()
    return run


def bare(millions: int) -> Callable[[Path], Callable[[], None]]:
    """A candidate that groups a log of that size by user: the hash table of more users leaves the processor's cache."""
    return lambda folder: events.grouped(folder / f"events_{millions}000k.parquet")


CANDIDATES = {
    **{f"{millions} M, {tz.rpartition('/')[2]}": of(millions, tz)
       for tz in ("Europe/Berlin", "UTC") for millions in (100, 10, 1)},
    "100 M, Berlin, memory_limit 1 GB": limited,
    **{f"{millions} M, group by user": bare(millions) for millions in (100, 10, 1)},
}
