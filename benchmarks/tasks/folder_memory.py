"""A folder of 2 GB of CSV files: summaries over the files where they lie, beside the folder read into tables.

Both give the seconds spent by event and the active users; only what they hold in memory differs. A summary holds its
groups and its users; `read_folder` holds every row, as the table that is asked for.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

TITLE = "memory: seconds by event and active users of a folder of 2 GB of CSV, 24 files, 18 M events"
OURS, PEER, SCAN = "over the files", "read_folder", "scan"
TARGETS = {"memory_mb": 1024}
ROUNDS = 1      # read_folder takes a minute and more, and as much memory as a small machine has
FILES, ROWS = 24, 762_000
EVENTS = """SELECT 'E' || ({file} * {rows} + i) AS event_id, 'C' || (hash(i * 7 + {file}) % 300000) AS user_id,
    's' || (hash(i) % 4000000) AS session_id,
    ['visit', 'order', 'login', 'share'][1 + CAST(hash(i + 1) % 4 AS INTEGER)] AS event,
    strftime(TIMESTAMP '2026-01-01' + INTERVAL ({file} * 7) DAY + INTERVAL
        (CAST(hash(i + 2) % 604800 AS INTEGER)) SECOND,
        '%Y-%m-%dT%H:%M:%SZ') AS occurred_at, ['web', 'app'][1 + CAST(hash(i + 3) % 2 AS INTEGER)] AS platform,
    'https://asanagi.example/coffee/beans/' || (hash(i + 4) % 1000) AS page, NULL AS content_id, NULL AS account_id,
    hash(i + 5) % 900 AS seconds, 'newsletter' AS source, 'email' AS medium, 'autumn' AS campaign
    FROM range({rows}) rows(i)"""


def data(folder: Path, files: int = FILES, rows: int = ROWS) -> Path:
    """The folder of files, the same every time; of another size there is another folder."""
    made = folder / f"events_{files}_{rows}"
    if len(list(made.glob("*.csv"))) < files:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET enable_progress_bar = false")
        for file in range(files):
            rows_of = EVENTS.format(file=file, rows=rows)
            connection.execute(f"COPY ({rows_of}) TO '{made}/events-{file:02d}.csv' (HEADER)")
        (made / "engagelab.toml").write_text('name = "Large"\ntimezone = "UTC"\n', encoding="utf-8")
    return made


def answers(table: object) -> pd.DataFrame:
    """Seconds by event and the active users of a week, from the files or a frame."""
    from engagelab.activity import active_users
    from engagelab.metrics.measure import measure
    from engagelab.metrics.nouns import mean

    spent = measure(table, {"seconds": mean("seconds")}, by="event")
    users = active_users(table, user="user_id", time="occurred_at", every="week", windows=["7 days"], tz="UTC")
    return pd.concat([spent[["estimate", "n"]], users[["estimate", "n"]]], ignore_index=True).astype(float)


def over_files(folder: Path) -> Callable[[], pd.DataFrame]:
    """`measure` and `active` over the files where they lie."""
    small = data(folder.parent, 1, 1000)
    answers(str(small / "*.csv"))
    return lambda: answers(str(folder / "*.csv"))


def read(folder: Path) -> Callable[[], pd.DataFrame]:
    """The folder read with every check, then the same."""
    from engagelab.sources.folder import read_folder

    def whole(place: Path) -> pd.DataFrame:
        return answers(read_folder(place, key="a key for a benchmark")["events"])
    whole(data(folder.parent, 1, 1000))
    return lambda: whole(folder)


def scan(folder: Path) -> Callable[[], None]:
    """The bytes, read a block at a time and their lines counted."""
    def run() -> None:
        for path in sorted(folder.glob("*.csv")):
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    block.count(b"\n")
    return run


CANDIDATES = {OURS: over_files, PEER: read, SCAN: scan}
