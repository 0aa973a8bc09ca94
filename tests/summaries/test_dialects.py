"""What sqlglot does not carry rightly is put right; that the results run is shown in test_engines."""

import re

import pytest

pytest.importorskip("sqlglot", reason="sqlglot is not installed: pip install 'engagelab[warehouse]'")

from engagelab.summaries import dialects, periods, sql
from engagelab.summaries.sql import Read

TYPES = {"plan": "VARCHAR", "ok": "BOOLEAN", "size": "DOUBLE", "narrow": "FLOAT", "at": "TIMESTAMP", "day": "DATE",
         "zoned": "TIMESTAMP WITH TIME ZONE", "n": "BIGINT"}


def line(body, dialect, **more):
    return re.sub(r"\s+", " ", dialects.text(body, dialect, TYPES, **more)).replace("( ", "(").replace(" )", ")")


def test_whole_numbers_are_divided_to_whole_numbers():
    body = f"SELECT {periods.index('month', 't0')} AS p FROM events"
    assert "DIV" not in line(body, "postgres").upper()
    assert " / 86400000000" in line(body, "postgres") and "//" not in line(body, "postgres")
    assert " DIV 86400000000" in line(body, "spark") and " / " not in line(body, "spark")


def test_the_distance_of_a_shift_is_no_long_number():
    body = "SELECT CAST(1 AS BIGINT) << (x0 % 60) AS a, x0 >> 2 AS b FROM events"
    assert line(body, "postgres") == ("SELECT CAST(1 AS BIGINT) << CAST((x0 % 60) AS INT) AS a, "
                                      "x0 >> CAST(2 AS INT) AS b FROM events")
    assert "SHIFTLEFT(CAST(1 AS BIGINT), CAST((x0 % 60) AS INT))" in line(body, "spark")


def test_an_empty_set_of_keys_is_left_out():
    assert line("SELECT count(*) AS n FROM events GROUP BY ()", "spark") == "SELECT COUNT(*) AS n FROM events"
    assert line("SELECT k, count(*) AS n FROM events GROUP BY k, ()", "postgres").endswith("GROUP BY k")


@pytest.mark.parametrize("column, spark", [
    ("zoned", "UNIX_MICROS(`zoned`)"), ("day", "CAST('1970-01-01' AS DATE), `day`) AS BIGINT) * 86400000000"),
    ("at", "HOUR(`at`) * 3600")])
def test_a_stamp_is_read_by_its_type_under_its_own_name_and_under_ours(column, spark):
    body = sql.read({"t0": Read(column, "stamp")}, TYPES)
    assert spark in line(body, "spark")
    assert f'EXTRACT(EPOCH FROM "{column}")' in line(body, "postgres")
    inner = sql.read({"k9": Read(column, "key")}, TYPES)
    ends = f"WITH read AS ({inner}) SELECT {sql.stamp('min(k9)', column, TYPES)} AS low FROM read"
    assert spark.replace(f"`{column}`", "MIN(k9)") in line(ends, "spark")


def test_text_is_ordered_by_code_and_flags_become_numbers_on_postgresql():
    body = sql.read({"by_1": Read("plan", "key"), "x0": Read("ok", "number")}, TYPES)
    assert line(body, "postgres") == ('SELECT CAST("plan" AS TEXT) COLLATE "C" AS by_1, '
                                      'CAST(CAST("ok" AS INT) AS DOUBLE PRECISION) AS x0 FROM data')


def test_a_whole_number_of_a_floating_key_has_its_point_on_every_engine():
    read = sql.read({"by_1": Read("size", "key"), "by_2": Read("n", "key")}, TYPES)
    body = f"WITH read AS ({read}) SELECT CAST(by_1 AS VARCHAR) AS a, CAST(by_2 AS VARCHAR) AS b FROM read"
    for dialect, kind in (("spark", "STRING"), ("postgres", "TEXT")):
        found = line(body, dialect)
        assert f"|| '.0' ELSE CAST(by_1 AS {kind}) END AS a, CAST(by_2 AS {kind}) AS b" in found


def test_a_table_gives_way_to_what_stands_for_it_and_nothing_else_does():
    body = 'WITH events AS (SELECT "data" AS x0 FROM data) SELECT x0, \'data\' AS data FROM events'
    found = line(body, "postgres", tables={"data": "(SELECT 1 -- data\n)"})
    assert found == ("WITH events AS (SELECT \"data\" AS x0 FROM (SELECT 1 -- data) AS data) "
                     "SELECT x0, 'data' AS data FROM events")
