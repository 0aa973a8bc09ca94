"""The frame behind a displayed table goes beside it whole, and a list of persons does not."""

import datetime
import json
import math

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engagelab as el
from engagelab.notebook import collect
from engagelab.notebook.collect import KIND, table_of
from engagelab.notebook.execute import execute


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=5))
def test_no_digit_is_lost_on_the_way(numbers):
    rows = json.loads(json.dumps(table_of(pd.DataFrame({"x": numbers})), allow_nan=False))["rows"]
    back = [math.nan if row[0] is None else float(row[0]) for row in rows]
    assert np.array_equal(back, numbers, equal_nan=True)


def test_every_kind_of_value_can_be_written_as_json():
    frame = pd.DataFrame({"t": pd.to_datetime(["2026-04-01T09:00:05+09:00", None]),
                          "d": [datetime.date(2026, 4, 1), None], "i": pd.array([2**60, None], "Int64"),
                          "b": pd.array([True, None], "boolean"),
                          "p": pd.period_range("2026-04", periods=2, freq="M"), "s": ["=1+1", None]})
    table = json.loads(json.dumps(table_of(frame), allow_nan=False))
    assert table["rows"] == [["2026-04-01T09:00:05+09:00", "2026-04-01", 2**60, True, "2026-04", "=1+1"],
                             [None, None, None, None, "2026-05", None]]


def test_the_index_goes_along_where_it_says_something():
    assert table_of(pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="team")))["columns"] == ["team", "a"]
    assert table_of(pd.DataFrame({"a": [1]}, index=["x"]))["rows"] == [["x", 1]]
    assert table_of(pd.DataFrame({"a": [1, 2]}).iloc[1:])["columns"] == ["a"]
    two = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("n", "all")]),
                       index=pd.MultiIndex.from_tuples([(1, 2)]))
    assert table_of(two) == {"columns": ["", "", "n all"], "dtypes": ["int64"] * 3, "rows": [[1, 2, 1]]}


@pytest.mark.parametrize("column", ["user_id", "user", "referred_id", "manager_id", "account_id", "account"])
def test_a_list_of_persons_or_accounts_stays(column):
    frame = pd.DataFrame({column: ["u1"], "score": [3]})
    assert table_of(frame) is None
    assert table_of(frame.set_index(column)) is None


def test_what_is_no_table_is_left_alone():
    assert [table_of(shown) for shown in ("text", 1, None, pd.Series([1]), el.say("words.count", n=1))] == [None] * 5


def test_outside_a_notebook_nothing_happens():
    assert collect.on() is None


@pytest.mark.slow
def test_a_run_that_asks_has_the_tables_and_one_that_does_not_has_none(tmp_path):
    cells = ["import os\nimport pandas as pd\nimport engagelab as el\nfrom engagelab.notebook import collect\n"
             "if collect.VARIABLE in os.environ:\n    collect.on()",
             "pd.DataFrame({'a': [.1]})", "el.show(pd.DataFrame({'metric': ['nps'], 'x': [1 / 3]}))", "'text'"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    asked = execute(notebook, folder=tmp_path, env={collect.VARIABLE: "1"})
    found = [output["data"].get(KIND) for cell in asked.cells for output in cell.outputs]
    assert [table and table["rows"] for table in found] == [[[.1]], [["nps", 1 / 3]], None]
    plain = execute(notebook, folder=tmp_path)
    assert KIND not in nbformat.writes(plain)
    for cell in asked.cells:
        for output in cell.outputs:
            output["data"].pop(KIND, None)
    assert asked == plain
