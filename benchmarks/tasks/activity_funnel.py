"""A funnel of three steps within seven days from ten million events, against the best SQL written by hand."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks import events

TITLE = "activity: a loose funnel of 3 steps within 7 days, 10 M events of Parquet"
OURS, PEER, SCAN = "funnel", "running maximum", "scan"
TARGETS = {"cpu_ratio": 1.2}
STEPS = ("open", "view", "buy")
WEEK = 7 * events.DAY

# The latest start that leads to a row is carried forward from step to step, and only rows that a start leads to go on.
# Steps at one moment follow their order. A start counts whose seven days were all observed.
SQL = f"""
WITH latest AS (SELECT max(epoch_us(ts)) - {WEEK} AS t FROM '{{path}}'),
steps AS (
    SELECT user_id, epoch_us(ts) AS t, CASE event WHEN 'open' THEN 1 WHEN 'view' THEN 2 ELSE 3 END AS k
    FROM '{{path}}' WHERE event IN {STEPS}),
starts AS (SELECT count(DISTINCT user_id) AS n FROM steps WHERE k = 1 AND t <= (SELECT t FROM latest)),
one AS (
    SELECT user_id, t, k, max(CASE WHEN k = 1 AND t <= (SELECT t FROM latest) THEN t END) OVER past AS s
    FROM steps WINDOW past AS (PARTITION BY user_id ORDER BY t * 4 + k ROWS UNBOUNDED PRECEDING)),
two AS (
    SELECT user_id, t, k, max(CASE WHEN k = 2 THEN s END) OVER past AS s
    FROM one WHERE k >= 2 AND t - s <= {WEEK}
    WINDOW past AS (PARTITION BY user_id ORDER BY t * 4 + k ROWS UNBOUNDED PRECEDING)),
reached AS (
    SELECT user_id, max(CASE WHEN k = 2 THEN 2 WHEN t - s <= {WEEK} THEN 3 END) AS step FROM two GROUP BY user_id)
SELECT (SELECT n FROM starts), count(*) FILTER (step >= 2), count(*) FILTER (step = 3) FROM reached"""


def data(folder: Path) -> Path:
    """The log, the same every time."""
    return events.log(folder)


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.activity.funnel` of the file, after a small call has loaded what is loaded at first use."""
    from engagelab.activity.funnel import funnel

    def run(log: Path | pd.DataFrame = path) -> pd.DataFrame:
        found = funnel(log, STEPS, user="user_id", time="ts", event="event", within="7 days")
        counts = found.loc[found["metric"] == "funnel", "count"]
        return pd.DataFrame({"step": range(1, len(STEPS) + 1), "users": counts.to_numpy()})
    run(events.frame(path, 1000))
    return run


def by_hand(path: Path) -> Callable[[], pd.DataFrame]:
    """SQL written by hand."""
    def run() -> pd.DataFrame:
        counts = duckdb.connect().execute(SQL.format(path=path)).fetchone()
        return pd.DataFrame({"step": range(1, len(STEPS) + 1), "users": counts})
    return run


def scan(path: Path) -> Callable[[], None]:
    """The same columns, read and summed."""
    def run() -> None:
        duckdb.connect().execute(
            f"SELECT sum(user_id), sum(epoch_us(ts)), sum(strlen(event)) FROM '{path}'").fetchall()
    return run


CANDIDATES = {OURS: ours, PEER: by_hand, SCAN: scan}
