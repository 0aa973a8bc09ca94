"""What any other engine has in common, tried on a second DuckDB that plays the engine."""

import duckdb
import pandas as pd
import pytest

from engagelab.errors import DataError
from engagelab.summaries import foreign

pytest.importorskip("sqlglot", reason="sqlglot is not installed: pip install 'engagelab[warehouse]'")


class Other(foreign.Foreign):
    """A DuckDB that is reached as if it were none, and takes down what it is asked."""

    dialect = "duckdb"

    def __init__(self, frame, types):
        super().__init__(duckdb.connect(), types)
        self.engine.register("data", frame)
        self.asked = []

    def _ask(self, text, columns=()):
        self.asked.append(text)
        return self.engine.execute(text).fetchall()

    def _keep(self, text, columns, name):
        self.engine.execute(f"CREATE TEMP TABLE {name} AS {text}")

    def _remove(self, name):
        self.engine.execute(f"DROP TABLE {name}")


FRAME = pd.DataFrame({"k": ["b", "a", None], "n": [1, None, 3], "x": [1.5, None, 2.0], "ok": [True, None, False],
                      "day": pd.to_datetime(["2026-09-30", None, "2026-10-01"]).date}).astype({"n": "Int64"})
TYPES = {"k": "VARCHAR", "n": "BIGINT", "x": "DOUBLE", "ok": "BOOLEAN", "day": "DATE"}


@pytest.fixture
def other():
    return Other(FRAME, TYPES)


def table(answer):
    return duckdb.query_df(FRAME, "data", answer).df()


@pytest.mark.parametrize("text", [
    "SELECT k, n, x, ok, day, CAST(n AS INTEGER) AS i, sum(n) OVER () AS s FROM data ORDER BY x",
    "SELECT n + 9007199254740992 AS beyond FROM data", "SELECT k, n, x, ok, day FROM data WHERE n > 99",
    "SELECT count(*) AS n, max(n) AS m, avg(x) AS a FROM data",
    "SELECT n, ok FROM data WHERE n IS NOT NULL ORDER BY n", "SELECT max(n) AS m, min(k) AS k FROM data WHERE n > 99"])
def test_an_answer_has_the_dtypes_that_duckdb_gives_with_gaps_without_and_empty(other, text):
    pd.testing.assert_frame_equal(other.run(text, TYPES), table(text))


def test_a_wrong_text_never_reaches_the_engine(other):
    for text in ("SELECT nothing FROM data", "SELECT n FROM elsewhere", "SELEC"):
        with pytest.raises(duckdb.Error):
            other.run(text, ["n"])
    assert other.asked == []


def test_a_kept_table_is_asked_again_and_goes_with_the_next_call_after_nobody_needs_it(other):
    kinds = other.store("SELECT k, n + 1 AS more FROM data", ["k", "n"], "kept")
    assert kinds == {"k": "VARCHAR", "more": "BIGINT"}
    found = other.run("SELECT max(more) AS m FROM kept", [])
    assert found["m"].tolist() == [4]
    other.drop("kept")
    assert other.engine.execute("SELECT count(*) FROM kept").fetchall() == [(3,)]
    other.run("SELECT 1 AS one", [])
    with pytest.raises(duckdb.CatalogException):
        other.engine.execute("FROM kept")
    other.drop("gone already")
    other.run("SELECT 1 AS one", [])


def test_columns_that_differ_in_case_only_are_refused_where_both_are_asked_for():
    near = Other(pd.DataFrame({"x": [1]}), {"x": "BIGINT", "X": "BIGINT"})
    assert near.run('SELECT "x" FROM data', ["x"])["x"].tolist() == [1]
    with pytest.raises(DataError, match="upper and lower case"):
        near.run('SELECT "x", "X" FROM data', ["x", "X"])


def test_two_columns_of_one_name_are_refused():
    assert foreign.distinct(["a", "b"]) == ["a", "b"]
    with pytest.raises(DataError, match="several columns of the same name: 'a'"):
        foreign.distinct(["a", "b", "a"])


def test_an_engine_says_in_one_line_what_is_wrong(other):
    with pytest.raises(DataError, match="the table cannot be read: Conversion Error") as caught:
        other.run("SELECT CAST(k AS BIGINT) AS x FROM data", ["k"])
    assert "\n" not in str(caught.value)
    assert foreign.reason(ValueError("one\n\n  two  \nthree\nfour" + "x" * 999)) == "one two three"
