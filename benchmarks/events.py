"""The event logs of the tasks named `activity_...`, and the SQL of a fair expert that those tasks share.

Of 25 events each, spread evenly over 120 days, a user seldom has two on a day, and the rows are in no order, so that
DISTINCT hardly shrinks anything: a hard case. One user in eight joins later and leaves earlier, half of those with a
pause between, so that cohorts and growth have something to tell.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

DAY = 86_400_000_000  # microseconds
SINCE, DAYS = 20_485, 120  # 2026-02-01, as a day number since 1970
SUMMER = 1_774_746_000_000_000  # 2026-03-29 01:00 UTC: Europe/Berlin goes from one hour ahead to two
WINDOWS, AFTER = (1, 7, 28), (1, 7, 28)
EVENTS = ("open", "view", "cart", "buy", "share")


def log(folder: Path, rows: int = 10_000_000) -> Path:
    """A log of so many rows as a Parquet file, the same every time."""
    path = folder / f"events_{rows // 1000}k.parquet"
    if not path.exists():
        part = path.with_suffix(".part")  # a run that is stopped leaves no half of a log
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET enable_progress_bar = false; SELECT setseed(.5)")
        connection.execute(f"""COPY (WITH drawn AS (
            SELECT CAST(floor(random() * {rows // 25}) AS BIGINT) AS user_id, random() AS draw,
                {list(EVENTS)}[1 + CAST(floor(random() * {len(EVENTS)}) AS INTEGER)] AS event
            FROM range({rows})),
        joins AS (
            SELECT user_id, event, CASE WHEN user_id % 8 > 0 THEN 0 ELSE user_id * 7919 % 90 END AS joined,
                CASE WHEN user_id % 16 > 0 THEN draw WHEN draw > .5 THEN .5 + draw / 2 ELSE draw / 2 END AS part
            FROM drawn),
        lives AS (
            SELECT user_id, event, joined, part, CASE WHEN user_id % 8 > 0 THEN {DAYS}
                ELSE ({DAYS} - joined) * (.3 + .7 * (user_id * 3571 % 1000) / 1000) END AS days
            FROM joins)
        SELECT user_id, event, make_timestamp(CAST(({SINCE} + joined + days * part) * {DAY} AS BIGINT)) AS ts
        FROM lives) TO '{part}' (FORMAT parquet)""")
        part.rename(path)
    return path


def frame(path: Path, rows: int | None = None) -> pd.DataFrame:
    """A log as a frame, read before the measurement; or a few rows of it, for a call that loads what is loaded late."""
    limit = f" LIMIT {rows}" if rows else ""
    return duckdb.connect().execute(f"SELECT * FROM '{path}'{limit}").df()


def local(berlin: bool) -> str:
    """SQL of the stamp by the local clock, by literal offsets: a third of the cost of the engine's own conversion."""
    hour = 3_600_000_000
    return f"epoch_us(ts) + CASE WHEN epoch_us(ts) < {SUMMER} THEN {hour} ELSE {2 * hour} END" if berlin \
        else "epoch_us(ts)"


# Trailing distinct users without a join of days to days: a user enters a window on an active day whose gap to the one
# before is at least the window's length, and leaves the window that many days after one with such a gap behind it.
ACTIVE = f"""
WITH gaps AS (
    SELECT day, day - lag(day) OVER near AS before, lead(day) OVER near - day AS after
    FROM days WINDOW near AS (PARTITION BY user_id ORDER BY day))
SELECT day, {", ".join(f'''
    count(*) FILTER (before IS NULL OR before >= {w}) AS in_{w},
    count(*) FILTER (after IS NULL OR after >= {w}) AS out_{w}'''
    for w in WINDOWS)}
FROM gaps GROUP BY day ORDER BY day"""
COHORTS = """
WITH aged AS (SELECT month, min(month) OVER (PARTITION BY user_id) AS cohort FROM months)
SELECT cohort, month - cohort AS age, count(*) AS users FROM aged GROUP BY cohort, age ORDER BY cohort, age"""
RETENTION = f"""
WITH aged AS (SELECT day, min(day) OVER (PARTITION BY user_id) AS first FROM days WHERE day <= {{last}})
SELECT {", ".join(f"count(*) FILTER (day = first + {n}) AS count_{n}, "
                  f"count(*) FILTER (day = first AND day <= {{last}} - {n}) AS n_{n}" for n in AFTER)} FROM aged"""
GROWTH = """
WITH near AS (
    SELECT month, lag(month) OVER own AS before, lead(month) OVER own AS after
    FROM months WINDOW own AS (PARTITION BY user_id ORDER BY month))
SELECT month, sum(new) AS new, sum(retained) AS retained, sum(resurrected) AS resurrected, sum(churned) AS churned
FROM (SELECT month, count(*) FILTER (before IS NULL) AS new, count(*) FILTER (before = month - 1) AS retained,
        count(*) FILTER (before < month - 1) AS resurrected, 0 AS churned FROM near GROUP BY month
    UNION ALL
    SELECT month + 1, 0, 0, 0, count(*) FILTER (after IS NULL OR after > month + 1) FROM near GROUP BY month)
WHERE month <= (SELECT max(month) FROM months) GROUP BY month ORDER BY month"""


def opened(path: Path, *, days: str = "VIEW", months: str = "VIEW", berlin: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection with the distinct days of each user, and the distinct months: as views, or as tables made once."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TEMP {days} days AS SELECT DISTINCT user_id, "
                       f"CAST(({local(berlin)}) // {DAY} AS INTEGER) AS day FROM '{path}'")
    held = ("days", "DATE '1970-01-01' + day") if days == "TABLE" else (f"'{path}'", "ts")
    connection.execute(f"CREATE TEMP {months} months AS SELECT DISTINCT user_id, "
                       f"year({held[1]}) * 12 + month({held[1]}) - 1 AS month FROM {held[0]}")
    return connection


def active(connection: duckdb.DuckDBPyConnection, last: int) -> pd.DataFrame:
    """Users active in the trailing windows, those that lie in the log entirely."""
    moves = connection.execute(ACTIVE).df().set_index("day")
    moves = moves.reindex(range(SINCE, last + 1), fill_value=0)
    tables = []
    for window in WINDOWS:
        users = (moves[f"in_{window}"] - moves[f"out_{window}"].shift(window, fill_value=0)).cumsum()
        tables.append(pd.DataFrame({"window": window, "day": moves.index, "users": users})[window - 1:])
    return pd.concat(tables, ignore_index=True)


def retention(connection: duckdb.DuckDBPyConnection, last: int) -> pd.DataFrame:
    """Users active so many days after their first, of those observed so long."""
    row = connection.execute(RETENTION.format(last=last)).df().iloc[0]
    return pd.DataFrame([{"after": n, "count": row[f"count_{n}"], "n": row[f"n_{n}"]} for n in AFTER])


def scan(path: Path) -> Callable[[], None]:
    """The columns of users and times, read and summed: the least that touches the same data."""
    def run() -> None:
        duckdb.connect().execute(f"SELECT sum(user_id), sum(epoch_us(ts)) FROM '{path}'").fetchall()
    return run


def grouped(path: Path) -> Callable[[], None]:
    """The column of users, grouped and counted, the answer kept: what any question by user costs."""
    def run() -> None:
        duckdb.connect().execute("SET enable_progress_bar = false").execute(
            f"CREATE TEMP TABLE n AS SELECT user_id, count(*) AS n FROM '{path}' GROUP BY user_id")
    return run


def told_active(answer: pd.DataFrame) -> pd.DataFrame:
    """The counts of `el.activity.active_users`, of windows and days that were wholly observed."""
    rows = answer[(answer["metric"] == "active_users") & (answer["flag"] == "") & answer["estimate"].notna()]
    return pd.DataFrame({"window": rows["window"].str.split().str[0].astype("int64"), "day": numbered(rows["day"]),
                         "users": rows["estimate"]})


def told_retention(answer: pd.DataFrame) -> pd.DataFrame:
    """The counts of `el.activity.retention`."""
    return pd.DataFrame({"after": answer["after"].str.split().str[0].astype("int64"), "count": answer["count"],
                         "n": answer["n"]})


def told_cohorts(answer: pd.DataFrame) -> pd.DataFrame:
    """The counts of `el.activity.cohorts` by month."""
    answer = answer[answer["estimate"] > 0]  # SQL has no row for nobody
    return pd.DataFrame({"cohort": months(answer["cohort"]), "age": answer["age"], "users": answer["estimate"]})


def told_growth(answer: pd.DataFrame) -> pd.DataFrame:
    """The counts of `el.activity.growth` by month, those of the first month that nothing tells as 0."""
    wide = answer.pivot(index="month", columns="metric", values="estimate").fillna(0).reset_index()
    return wide.assign(month=months(wide["month"]))[["month", "new", "retained", "resurrected", "churned"]]


def months(labels: pd.Series) -> pd.Series:
    """The numbers of months, twelve a year, that are written as 2026-02."""
    return labels.str[:4].astype("int64") * 12 + labels.str[5:].astype("int64") - 1


def numbered(days: pd.Series) -> pd.Series:
    """The day numbers of dates written as text."""
    return (pd.to_datetime(days) - pd.Timestamp(0)).dt.days
