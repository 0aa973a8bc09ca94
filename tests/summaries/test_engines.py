"""Spark and PostgreSQL answer as DuckDB does, dtypes included: each engine runs here, in a process of its own."""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from test_sql_door import HOSTILE

from engagelab.activity.active import active_users
from engagelab.activity.cohorts import cohorts
from engagelab.activity.funnel import funnel
from engagelab.activity.growth import growth
from engagelab.activity.journeys import journeys
from engagelab.activity.lifecycle import lifecycle
from engagelab.activity.power import power_curve
from engagelab.activity.repeat import repeat
from engagelab.activity.retention import retention
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.experiments.compare import compare
from engagelab.kpi.totals import per_user, users
from engagelab.kpi.tree import Tree
from engagelab.metrics.design import Design
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import csat, mean, nps, quantile, rate, ratio
from engagelab.summaries import periods
from engagelab.summaries.calendar import calendar
from engagelab.summaries.engine import query, source

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning:pyspark")]
NAMES = itertools.count(1)


@pytest.fixture(scope="session")
def spark():
    """A Spark on this machine, started once, that only this machine can reach."""
    pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed: pip install 'engagelab[spark]'")
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: pip install 'engagelab[spark]'")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java, which is not installed")
    from pyspark.sql import SparkSession
    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1", "spark.ui.showConsoleProgress": "false"}
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    assert pyspark.__version__ >= "4"
    yield session
    session.stop()


@pytest.fixture(scope="session")
def server():
    """The address of a PostgreSQL on a free port of this machine, with nothing in it."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'engagelab[warehouse]'")
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: pip install 'engagelab[warehouse]'")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if not initdb:
        pytest.skip("PostgreSQL's server is not installed")
    bin_, folder = Path(initdb).resolve().parent, tempfile.mkdtemp(prefix="engagelab-postgres-")
    how = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        how = {"user": "postgres", "group": "postgres", "extra_groups": []}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder, **how}
    subprocess.run([bin_ / "initdb", "-D", f"{folder}/data", "-U", "engagelab", "-A", "trust", "-E", "UTF8",
                    "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"], **run)  # orders as people do
    control = [bin_ / "pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log"]
    subprocess.run([*control, "start", "-o", f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
                                             "-c fsync=off"], **run)
    yield f"postgresql://engagelab@127.0.0.1:{port}/postgres"
    subprocess.run([*control, "stop", "-m", "immediate"], **run)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def connection(server):
    import psycopg
    with psycopg.connect(server) as opened:
        yield opened


KINDS = {"VARCHAR": "text", "DOUBLE": "double precision", "FLOAT": "real", "BIGINT": "bigint", "INTEGER": "integer",
         "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz",
         "SMALLINT": "smallint"}


@pytest.fixture(scope="session")
def engines(request, tmp_path_factory):
    """Puts a frame on an engine, and gives the table there."""
    def put(name, frame):
        if name == "spark":
            spark = request.getfixturevalue("spark")
            path = tmp_path_factory.mktemp("spark") / "table.parquet"
            duckdb.query_df(frame, "frame", f"COPY (SELECT * FROM frame) TO '{path}'")
            return spark.read.parquet(str(path))
        connection, table = request.getfixturevalue("connection"), f"table_{next(NAMES)}"
        kinds = source(frame).types
        columns = ", ".join('"{}" {}'.format(column.replace('"', '""'), KINDS[kinds[column]]) for column in frame)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {table} ({columns})")
            with cursor.copy(f"COPY {table} FROM STDIN") as rows:
                for row in frame.itertuples(index=False):
                    rows.write_row([None if pd.isna(cell) else cell for cell in row])
        connection.commit()
        return query(connection, table)
    return put


@pytest.fixture(scope="session")
def answers():
    """Answers to a survey, with every kind of column, gaps everywhere, and times around changes of the clock."""
    rng = np.random.default_rng(3)
    n = 3000
    at = pd.to_datetime(rng.integers(17e8, 17.4e8, n) * 10**6 + rng.integers(0, 10**6, n), unit="us")
    frame = pd.DataFrame({
        "plan": rng.choice(["gold", "Silver", "éclair", "東京", None], n), "size": rng.choice([1.0, 2.5, 30.0], n),
        "score": rng.integers(0, 11, n), "sat": rng.integers(1, 6, n).astype("int32"), "ok": rng.random(n) < .3,
        "spend": np.where(rng.random(n) < .1, np.nan, 1e6 + rng.exponential(50, n)), "who": rng.integers(0, 300, n),
        "weight": rng.random(n).astype("float32"), "naive": at, "aware": at.tz_localize("UTC"), "day": at.date})
    frame.loc[::97, ["naive", "aware", "day"]] = None
    return frame


NOUNS = {"nps": nps("score"), "csat": csat("sat", top=2, scale=(1, 5)), "rate": rate("ok"), "mean": mean("spend"),
         "ratio": ratio("score", "spend"), "middle": quantile("spend"), "high": quantile("score", .9)}
MEASURED = {
    "all together": (NOUNS, {}),
    "by text and by number": (NOUNS, {"by": ["plan", "size"]}),
    "with totals": ([NOUNS["rate"], NOUNS["mean"], NOUNS["middle"]], {"by": "plan", "total": True}),
    "months of respondents with weights, over a change of the clock": (NOUNS, {
        "by": "ok", "user": "who", "weights": "weight", "time": "naive", "every": "month", "tz": "America/New_York"}),
    "weeks of stamps with a zone": (NOUNS["nps"], {"time": "aware", "every": "week", "tz": "Europe/Berlin"}),
    "days in a window": (NOUNS["mean"], {"time": "aware", "every": "day", "tz": "Australia/Lord_Howe",
                                         "since": "2024-03-20", "until": "2024-04-20"}),
    "fiscal quarters of dates, by date": (NOUNS["ratio"], {
        "by": "day", "time": "day", "every": "quarter", "fiscal_year_starts": 5}),
    "fiscal years": (NOUNS["rate"], {"time": "naive", "every": "year", "tz": "Asia/Tokyo", "fiscal_year_starts": 4})}


def same(found, expected):
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12, atol=1e-12)
    assert found.attrs["notes"] == expected.attrs["notes"]


@pytest.mark.parametrize("engine", ["spark", "postgres"])
def test_measures_are_the_same(engine, engines, answers):
    table = engines(engine, answers)
    for nouns, how in MEASURED.values():
        same(measure(table, nouns, **how), measure(answers, nouns, **how))


@pytest.fixture(scope="session")
def log():
    """An event log with ties, users without a name, and users of one event."""
    rng = np.random.default_rng(11)
    n = 1500
    user = "u" + pd.Series(rng.zipf(1.3, n) % 90).astype(str)
    plan = user.map({name: rng.choice(["gold", "silver", None]) for name in user.unique()})
    return pd.DataFrame({
        "user": user.mask(rng.random(n) < .01), "event": rng.choice(["visit", "trial", "pay"], n, p=[.7, .2, .1]),
        "plan": plan, "amount": np.where(rng.random(n) < .1, np.nan, rng.integers(0, 10_000, n) / 4),
        "at": pd.to_datetime(rng.integers(1735689600, 1746000000, n) // 600 * 600, unit="s", utc=True)})


KEYS = {"user": "user", "time": "at", "tz": "America/New_York"}
ASKED = {
    "active users by plan": lambda log: active_users(log, by="plan", **KEYS),
    "retention": lambda log: retention(log, **KEYS),
    "retention after an event": lambda log: retention(
        log, kind="unbounded", event="event", first_event="trial", return_event="pay", by="plan", **KEYS),
    "cohorts of value": lambda log: cohorts(log, value="amount", every="week", cumulative=True, **KEYS),
    "growth by plan": lambda log: growth(log, by="plan", **KEYS),
    "growth of value": lambda log: growth(log, value="amount", **KEYS),
    "growth from a calendar": lambda log: growth(calendar(log, every="day", **KEYS), every="month"),
    "power curve": lambda log: power_curve(log, **KEYS), "lifecycle": lambda log: lifecycle(log, **KEYS),
    "repeat": lambda log: repeat(log, by="plan", **KEYS),
    **{f"funnel {order}": lambda log, order=order: funnel(
        log, ["visit", "trial", "pay"], event="event", by="plan", order=order, **KEYS)
        for order in ("loose", "strict", "any")},
    "journeys": lambda log: journeys(
        log, to="pay", gap="2 days", event="event", by="plan", since="2025-02-01", **KEYS).frame}


@pytest.mark.parametrize("engine", ["spark", "postgres"])
def test_calendars_purchases_and_paths_are_the_same(engine, engines, log):
    table = engines(engine, log)
    table = table.cache() if engine == "spark" else table
    for ask in ASKED.values():
        same(ask(table), ask(log))


MOMENTS = [datetime(1965, 3, 4, 5, 6, 7, 890_123), datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime(1970, 1, 1),
           datetime(2018, 11, 4, 0, 30), datetime(2019, 2, 16, 23, 30), datetime(2024, 3, 31, 2, 30),
           datetime(2026, 9, 30, 23, 59, 59, 1)]


def microseconds(table, column):
    text = "epoch_us(CAST({} AS TIMESTAMP))" if column == "day" else "epoch_us({})"
    return table.fetch(f'SELECT {text.format(f"{chr(34)}{column}{chr(34)}")} AS t FROM data ORDER BY t', [column])["t"]


@pytest.mark.parametrize("engine", ["spark", "postgres"])
def test_a_stamp_is_the_same_microsecond_in_every_zone_and_mode_of_the_session(engine, engines, request):
    frame = pd.DataFrame({"naive": MOMENTS, "day": [moment.date() for moment in MOMENTS]}).astype(
        {"naive": "datetime64[us]"})
    frame["aware"] = frame["naive"].dt.tz_localize("UTC")
    stamps = sorted(periods.microseconds(moment.replace(tzinfo=UTC)) for moment in MOMENTS)
    days = sorted((moment.date() - date(1970, 1, 1)) // timedelta(days=1) * periods.DAY for moment in MOMENTS)
    session = request.getfixturevalue("spark" if engine == "spark" else "connection")
    for zone, ansi, kind in (("America/Sao_Paulo", "true", "TIMESTAMP_LTZ"),
                             ("Asia/Kathmandu", "false", "TIMESTAMP_NTZ")):
        settings = {"spark.sql.session.timeZone": zone, "spark.sql.ansi.enabled": ansi, "spark.sql.timestampType": kind}
        if engine == "spark":
            for name, value in settings.items():
                session.conf.set(name, value)
        else:
            session.execute(f"SET TimeZone = '{zone}'")
        put = engines(engine, frame)
        table = source(put)
        assert [microseconds(table, name).tolist() for name in ("naive", "aware", "day")] == [stamps, stamps, days]
        assert microseconds(table, "naive").dtype == "int64"
        if engine == "spark":
            assert {name: session.conf.get(name) for name in settings} == settings
            for name in settings:
                session.conf.unset(name)
        else:
            session.execute("RESET TimeZone")


@pytest.mark.parametrize("engine", ["spark", "postgres"])
def test_an_answer_has_the_dtypes_that_duckdb_gives(engine, engines, answers):
    text = ('SELECT "ok" AS flag, "plan" AS word, count(*) AS n, sum("score") AS whole, min("score") AS low, '
            'max("spend") AS x, CAST(NULL AS INTEGER) AS nothing, CAST(sum("sat") AS BIGINT) AS big '
            'FROM data GROUP BY "ok", "plan" ORDER BY flag, word')
    columns = ["ok", "plan", "score", "spend", "sat"]
    expected, found = (source(table).fetch(text, columns) for table in (answers, engines(engine, answers)))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12)
    none = text.replace("GROUP BY", 'WHERE "score" > 99 GROUP BY')
    expected, found = (source(table).fetch(none, columns) for table in (answers, engines(engine, answers)))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("engine", ["spark", "postgres"])
def test_a_hostile_name_is_only_a_name_on_every_engine(engine, engines):
    names = [name for name in HOSTILE if len(name) < 60]  # PostgreSQL's names have 63 bytes
    frame = pd.DataFrame({name: [0.0, 1.0, 1.0, None] for name in names}).assign(**{"`g``": ["p", "q", "q", None]})
    nouns = {f"rate {name}": rate(name) for name in names}
    same(measure(engines(engine, frame), nouns, by="`g``", total=True), measure(frame, nouns, by="`g``", total=True))
    keys = pd.DataFrame({"x": [1.0, 2.0, 3.0], 'a"b\n`c` -- 売上': ["'; DROP TABLE x; --", "\\", "{0} $1 %s"]})
    name = keys.columns[1]
    same(measure(engines(engine, keys), mean("x"), by=name), measure(keys, mean("x"), by=name))


@pytest.mark.parametrize("engine", ["spark", "postgres"])
def test_what_is_wrong_is_said_in_one_line(engine, engines, answers, log):
    table = engines(engine, answers)
    with pytest.raises(NoColumn, match=r"no column 'scor'.*did you mean 'score'"):
        measure(table, mean("scor"))
    with pytest.raises(DataError, match="column 'plan' holds text, not numbers; convert"):
        measure(table, mean("plan"))
    with pytest.raises(DataError, match="'score' holds BIGINT, not dates"):
        measure(table, mean("sat"), time="score", every="day")
    with pytest.raises(DataError, match="the table cannot be read: ") as caught:
        source(table).fetch('SELECT CAST("plan" AS BIGINT) AS x FROM data', ["plan"])
    assert "\n" not in str(caught.value)
    same(measure(table, rate("ok")), measure(answers, rate("ok")))  # and the engine goes on
    with pytest.raises(DataError, match="did you mean 'trial'"):
        active_users(engines(engine, log), event="event", events=["trail"], **KEYS)


def test_spark_is_left_as_it_was(spark, engines, log):
    table = engines("spark", log)
    growth(calendar(table, every="day", **KEYS), every="month")
    measure(table, mean("amount"))  # the next call clears away what the one before kept
    assert [view.name for view in spark.catalog.listTables() if view.name.startswith("engagelab")] == []
    twice = spark.sql("SELECT 1 AS x, 2 AS x")
    with pytest.raises(DataError, match="several columns of the same name: 'x'"):
        measure(twice, mean("x"))
    near = spark.sql("SELECT 1 AS x, 2 AS X")
    with pytest.raises(DataError, match="upper and lower case"):
        measure(near, [mean("x"), mean("X")])


def test_a_query_is_a_sub_query_as_it_is_written(connection, engines, log):
    engines("postgres", log)
    table = f"table_{next(NAMES) - 1}"
    expected = measure(log[log["event"] == "pay"], mean("amount"), by="plan")
    for text in (f"SELECT * FROM {table} WHERE event = 'pay'", f"SELECT * FROM {table} WHERE event LIKE 'pa%' -- paid",
                 f" WITH paid AS (SELECT * FROM {table} WHERE event = 'pay')\nSELECT plan, amount FROM paid ; "):
        same(measure(query(connection, text), mean("amount"), by="plan"), expected)
    whole = measure(log, mean("amount"))
    for name in (table, f"public.{table}", f'"{table}"'):
        same(measure(query(connection, name), mean("amount")), whole)


def test_an_open_transaction_and_the_form_of_its_rows_are_left_as_they_were(server, engines, log):
    import psycopg
    from psycopg import rows
    engines("postgres", log)
    table = f"table_{next(NAMES) - 1}"
    for form in (rows.dict_row, rows.scalar_row, rows.namedtuple_row):
        with psycopg.connect(server, row_factory=form) as own:
            own.execute("CREATE TEMP TABLE mine AS SELECT 1 AS x")
            same(measure(query(own, table), mean("amount")), measure(log, mean("amount")))
            with pytest.raises(DataError, match="division by zero"):
                query(own, "SELECT 1 / 0 AS x").fetch('SELECT sum("x") AS x FROM data', ["x"])
            assert len(own.execute("SELECT x FROM mine").fetchall()) == 1  # the transaction goes on
            assert own.row_factory is form
    with psycopg.connect(server, autocommit=True) as own:
        same(growth(query(own, table), **KEYS), growth(log, **KEYS))
        query(own, table).fetch("SELECT count(*) AS n FROM data", [])
        left = own.execute("SELECT relname FROM pg_class WHERE relname LIKE 'engagelab%'").fetchall()
        assert left == []


def test_a_connection_that_may_not_write_says_so_and_measures_all_the_same(server, engines, log):
    import psycopg
    engines("postgres", log)
    table = f"table_{next(NAMES) - 1}"
    with psycopg.connect(server, options="-c default_transaction_read_only=on") as own:
        same(measure(query(own, table), mean("amount")), measure(log, mean("amount")))
        with pytest.raises(DataError, match=r"may not make a temporary table: .*read-only transaction"):
            growth(query(own, table), **KEYS)


def test_adbc_answers_as_psycopg_does(server, engines, answers, log):
    dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi", reason="ADBC's driver is not installed")
    numbers = {}
    for name, frame in (("answers", answers), ("log", log)):
        engines("postgres", frame)
        numbers[name] = f"table_{next(NAMES) - 1}"
    with contextlib.closing(dbapi.connect(server)) as own:
        by = ["plan", "ok"]
        same(measure(query(own, numbers["answers"]), NOUNS, by=by), measure(answers, NOUNS, by=by))
        same(growth(query(own, numbers["log"]), value="amount", **KEYS), growth(log, value="amount", **KEYS))
        with pytest.raises(DataError, match="division by zero"):
            query(own, "SELECT 1 / 0 AS x").fetch('SELECT sum("x") AS x FROM data', ["x"])
        own.rollback()
        same(measure(query(own, numbers["log"]), mean("amount")), measure(log, mean("amount")))
    with contextlib.closing(dbapi.connect(server, autocommit=True)) as own:
        same(growth(query(own, numbers["log"]), **KEYS), growth(log, **KEYS))


def test_what_is_no_query_of_postgresql_is_refused(connection):
    import sqlite3
    with contextlib.closing(sqlite3.connect(":memory:")) as other, pytest.raises(
            UsageError, match="connection must be one to PostgreSQL, not one to no such function: version"):
        query(other, "SELECT 1")
    with pytest.raises(UsageError, match="must be one to PostgreSQL"):
        query("postgresql://somewhere", "SELECT 1")
    for wrong in ("", " ; ", None, 3):
        with pytest.raises(UsageError, match="must be a query or the name of a table"):
            query(connection, wrong)
    with pytest.raises(DataError, match="no_such_table"):
        query(connection, "no_such_table")
    with pytest.raises(DataError, match="several columns of the same name: 'x'"):
        query(connection, "SELECT 1 AS x, 2 AS x")


def test_kinds_that_only_postgresql_has_group_in_their_own_order(connection):
    text = ("SELECT * FROM (VALUES ('low'::mood, 1.5::numeric, 'a '::char(3), true), ('high', 2, 'b', false), "
            "('mid', NULL, NULL, NULL)) AS t (mood, amount, code, flag)")
    connection.execute("CREATE TYPE mood AS ENUM ('low', 'mid', 'high')")
    table = query(connection, text)
    assert dict(table.types) == {"mood": '"mood"', "amount": "DECIMAL(38, 9)", "code": "VARCHAR", "flag": "BOOLEAN"}
    assert measure(table, mean("amount"), by="mood")["mood"].tolist() == ["low", "mid", "high"]
    assert measure(table, mean("flag"), by="code")["code"].tolist() == ["a", "b", "(missing)"]
    assert measure(table, mean("amount"))["estimate"].tolist() == [1.75]
    with pytest.raises(DataError, match="holds \"MOOD\", not numbers"):
        measure(table, mean("mood"))


def test_the_nested_export_of_google_analytics_is_read_on_spark_as_on_duckdb(spark, tmp_path):
    path = Path(__file__).parents[2] / "data" / "exports" / "ga4_events_20260924_20260930.jsonl"
    parquet = str(tmp_path / "ga4.parquet")
    duckdb.sql(f"COPY (SELECT * REPLACE (CAST(event_timestamp AS BIGINT) AS event_timestamp) FROM "
               f"read_json('{path}', sample_size=-1)) TO '{parquet}'")
    keys = {"user": "user_pseudo_id", "time": "event_timestamp", "tz": "Asia/Tokyo"}
    metrics = mean("event_params.engagement_time_msec.int_value")
    how = {"by": ["event_params.content_id", "collected_traffic_source.manual_source"], "time": "event_timestamp",
           "every": "day", "tz": "Asia/Tokyo"}
    expected = measure(path, metrics, **how)
    active = active_users(path, event="event_name", events=["document_view"], windows=("1 day",), **keys)
    assert expected["n"].sum() > 100 and expected["event_params.content_id"].nunique() > 3
    same(measure(parquet, metrics, **how), expected)
    for table in (spark.read.json(str(path)), spark.read.parquet(parquet)):
        same(measure(table, metrics, **how), expected)
        same(active_users(table, event="event_name", events=["document_view"], windows=("1 day",), **keys), active)
        with pytest.raises(NoColumn, match=r"no column 'event_params\.a b'"):
            measure(table, mean("event_params.a b"))
        with pytest.raises(NoColumn):
            measure(table, mean("collected_traffic_source.none"))


@pytest.mark.parametrize("name", ["spark", "postgres"])
@pytest.mark.parametrize("how", [{"by": "segment", "over": "day"}, {"user": "user"}, {"user": "user", "over": "day"},
                                 {"design": Design(strata="segment")}, {"design": Design(weights="weight")},
                                 {"combine": {"new": ["B", "C"]}}])
def test_an_experiment_is_compared_where_its_rows_are(engines, name, how):
    random = np.random.RandomState(3)
    user = random.randint(0, 300, 900)
    frame = pd.DataFrame({
        "arm": np.array(["A", "B", "C"])[user % 3], "user": user,
        "segment": np.array(["x", "y"])[random.randint(0, 2, 900)],
        "day": pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(random.randint(0, 5, 900), "D"),
        "opened": random.rand(900) < .3, "before": random.normal(100, 20, 900).round(2),
        "clicks": random.randint(0, 5, 900), "views": random.randint(5, 9, 900), "score": random.randint(0, 11, 900),
        "weight": random.randint(1, 4, 900).astype(float)})
    frame["spend"] = (frame["before"] * .5 + random.normal(0, 5, 900)).round(2)
    frame.loc[frame.index % 7 == 0, "spend"] = np.nan
    frame.loc[frame.index % 11 == 0, "before"] = np.nan
    nouns = {"open": rate("opened"), "spend": mean("spend", adjust=["before"]), "ctr": ratio("clicks", "views"),
             "nps": nps("score")}
    ours, theirs = (compare(data, nouns, arm="arm", control="A", **how) for data in (frame, engines(name, frame)))
    for part in ("frame", "checks", "by", "over"):
        pd.testing.assert_frame_equal(getattr(theirs, part), getattr(ours, part), rtol=1e-9, atol=1e-9)
    assert theirs.notes == ours.notes


@pytest.mark.parametrize("name", ["spark", "postgres"])
@pytest.mark.parametrize("how", [{"by": "plan"}, {"by": "ok", "time": "naive", "every": "quarter"}])
def test_the_leaves_of_a_tree_have_the_same_joint_errors(engines, answers, name, how):
    tree = Tree("all = spend * happy + loyal - people / each")
    found = [tree.evaluate({"spend": (mean("spend"), data), "happy": (csat("sat"), data), "loyal": (nps("score"), data),
                            "people": (users(), data), "each": (per_user("spend"), data)}, user="who", **how)
             for data in (answers, engines(name, answers))]
    pd.testing.assert_frame_equal(found[1].frame, found[0].frame, rtol=1e-9, atol=1e-9)
    first, *_, last = found[0].cells
    ours, theirs = (tree.explain(each[first], each[last]).frame for each in found)
    pd.testing.assert_frame_equal(theirs, ours, rtol=1e-9, atol=1e-9)
