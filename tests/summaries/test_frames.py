"""Answers as numbers: each that is none is named with its column, row and value."""

import numpy as np
import pandas as pd
import pytest

from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.summaries.frames import fetched, listed, numbers, weights_of


def test_numbers_of_every_kind_become_floats_and_nothing_stays_nothing():
    table = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": ["1", None, "2.5"],
                          "c": [True, False, None]})
    found = numbers(table, ["a", "b", "c"])
    assert (found.dtypes == "float64").all()
    np.testing.assert_array_equal(found, [[1, 1, 1], [np.nan, np.nan, 0], [3, 2.5, np.nan]])


@pytest.mark.parametrize(("answers", "said"), [
    ([5, 11, 12], "column 'q', row 2: 11 lies off the scale from 0 to 10 (2 such"),
    ([5, -1, 2], "row 2: -1 lies off"),
    (["5", "ten", "2"], "row 2: 'ten' is no number (1 such"),
    ([5, np.inf, 2], "row 2: inf is no number"),
    (pd.to_datetime([None, "2026-05-01", None]), "row 2: 2026-05-01 00:00:00 is no number"),
])
def test_a_wrong_answer_is_named_with_its_row(answers, said):
    with pytest.raises(DataError) as error:
        numbers(pd.DataFrame({"q": answers}, index=[7, 8, 9]), ["q"], scale=(0, 10))
    assert said in str(error.value)


@pytest.mark.parametrize("weight", [0, -1, None, np.inf, "much"])
def test_a_weight_that_is_none_is_named_with_its_row(weight):
    with pytest.raises(DataError, match=r"row 3: "):
        weights_of(pd.DataFrame({"w": [1, 2, weight]}), "w")


def test_lists_of_columns_are_checked():
    with pytest.raises(UsageError, match="items names column 'a' twice"):
        listed("items", ["a", "b", "a"])
    for wrong in ("ab", [], [1], None):
        with pytest.raises(UsageError, match="items has to be a list of column names"):
            listed("items", wrong)
    with pytest.raises(NoColumn, match="did you mean 'question_1'"):
        numbers(pd.DataFrame({"question_1": [1]}), ["question_2"])


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match="the table has two columns 'q'; rename one of them"):
        fetched(pd.DataFrame([[1, 2]], columns=["q", "q"]), ["q"])
