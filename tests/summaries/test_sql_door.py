"""No column name of a caller, however hostile, changes what the SQL does."""

import re
from importlib.resources import files

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, nps, quantile, rate, ratio
from engagelab.summaries import sql

HOSTILE = ['a"b', '"', '""', "a'b", "x; DROP TABLE data", '"; DROP TABLE data; --', "*/ SELECT 1 /*", "/*by*/",
           "/*end*/",
           "/*sums*/", "--", "$1", "$zone", "{0}", "{d0}", "%s", "a\nb", "a\tb", "a\\b", "\\1", "\\g<0>", "x0", "by_1",
           "d0", "w0", "n_rows", "rank_1", "key_1", "events", "data", "count", "NULL", "1", " ", "  lead", "売上", "é",
           "😀", "USER_ID", "select", "a" * 300, "null IS NOT NULL OR 1=1"]


def table(name, other):
    return pd.DataFrame({name: [0.0, 1.0, 1.0, None], other: ["p", "q", "q", None]})


def test_hostile_names_of_measures_are_only_names():
    frame = pd.DataFrame({name: [0.0, 1.0, 1.0, None] for name in HOSTILE}).assign(group=["p", "q", "q", None])
    nouns = {f"{kind.__name__} {name}": kind(name) for name in HOSTILE for kind in (rate, mean)}
    nouns |= {f"ratio {name}": ratio(name, "x0") for name in HOSTILE if name != "x0"}
    answer = measure(frame, nouns, by="group", total=True)
    whole = answer[answer["group"] == "(all)"].set_index("metric")["estimate"]
    assert {name: round(value, 9) for name, value in whole.items()} == {
        name: 1.0 if name.startswith("ratio") else round(2 / 3, 9) for name in nouns}


@pytest.mark.parametrize("name", HOSTILE[:8])
def test_a_hostile_name_of_a_quantile_is_only_a_name(name):
    assert measure(table(name, "group"), quantile(name), by="group", total=True)["estimate"].iloc[-1] == 1.0


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "count"])  # the answer has a column of that name
def test_a_hostile_name_of_a_group_is_only_a_name(name):
    answer = measure(table("value", name), {"m": mean("value")}, by=name)
    assert answer[name].tolist() == ["p", "q", "(missing)"]
    assert answer["n"].tolist() == [1, 2, 0]


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=30).filter(lambda name: "\x00" not in name and not name.isspace()
                                               and name.encode("utf-8", "ignore").decode() == name))
def test_any_name_is_only_a_name(name):
    answer = measure(pd.DataFrame({name: [1.0, 3.0]}), {"m": mean(name)})
    assert answer["estimate"].item() == 2.0


def test_values_of_a_table_are_never_read_as_sql():
    words = ["'; DROP TABLE data; --", '"', "/*end*/", "NULL", "{0}"]
    answer = measure(pd.DataFrame({"g": words, "x": range(5)}), {"m": mean("x")}, by="g")
    assert sorted(answer["g"]) == sorted(words)


@pytest.mark.parametrize("name", ["nothing", "X", "x; DROP", "", "x\ud800"])
def test_a_name_that_the_table_does_not_have_is_refused(name):
    with pytest.raises((NoColumn, UsageError)):
        measure(pd.DataFrame({"x": [1.0]}), {"m": mean(name)})


def test_only_numbers_become_literals():
    assert [sql.literal(value) for value in (3, -2.5, 1e300, 1e-7)] == ["3", "-2.5e0", "1e+300", "1e-07"]
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(UsageError):
            sql.literal(wrong)


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None)
def test_a_literal_gives_the_same_number_back(value):
    assert duckdb.execute(f"SELECT CAST({sql.literal(value)} AS DOUBLE)").fetchall()[0][0] == value


@pytest.mark.parametrize("name", ["moments", "counts"])
def test_each_text_runs_as_it_stands(name):
    text = files("engagelab.summaries").joinpath(f"{name}.sql").read_text("utf-8")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE events AS SELECT * FROM (VALUES (101.0), (103.0), (NULL), (103.0)) AS t (x0)")
        answer = connection.execute(text).df()
    if name == "moments":
        assert answer.iloc[0].tolist() == [4, 3, 7.0, 19.0]
    else:
        known = answer[answer["value"].notna()]
        assert known[["value", "n", "upto"]].to_numpy().tolist() == [[101.0, 1, 1], [103.0, 2, 3]]


@pytest.mark.parametrize("name", ["moments", "counts"])
def test_a_text_holds_nothing_that_other_engines_lack(name):
    text = sql.text(name).upper()
    for word in ("GROUP BY ALL", "EXCLUDE", "QUALIFY", "SELECT *", "DATE_TRUNC"):
        assert word not in text
    assert set(re.findall(r"(?:FROM|JOIN) (\w+)", text)) <= {"EVENTS", "PARTS", "KNOWN", "COUNTED", "RUNNING"}


def test_the_sql_of_an_answer_runs_again_and_holds_the_callers_names_once():
    frame = pd.DataFrame({"plan": ["a", "b"], "score": [9, 3], "clicks": [1, 2], "views": [3, 4]})
    answer = measure(frame, [nps("score", min_n=0), ratio("clicks", "views")], by="plan")
    text = answer.attrs["sql"]
    for name in frame:
        assert text.count(f'"{name}"') == 1
    with duckdb.connect() as connection:
        connection.register("data", frame)
        assert connection.execute(text).df()["n_rows"].tolist() == [1, 1]


def test_text_where_numbers_are_needed_is_refused_by_name():
    with pytest.raises(DataError, match="column 'x' holds text, not numbers: '1' in row 1"):
        measure(pd.DataFrame({"x": ["1", "2"]}), mean("x"))
    with pytest.raises(DataError, match="not numbers"):
        measure(pd.DataFrame({"x": pd.to_timedelta(["1h", "2h"])}), mean("x"))
