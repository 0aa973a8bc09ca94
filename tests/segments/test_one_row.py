import pandas as pd
import pytest

from engagelab.errors import DataError
from engagelab.segments.one_row import ids_of


def test_ids_are_texts_whatever_they_were():
    assert [ids_of(pd.Series(ids), "u").tolist() for ids in ([1, 2], [1.0, 2.0], ["1", "2"])] == [["1", "2"]] * 3


@pytest.mark.parametrize(("ids", "message"), [
    (["ann@example.jp"] * 2, "2 ids of customers are e-mail addresses"),
    (["a", None], "empty in 1 rows, first in row 2"), ([" ", "a"], "empty in 1 rows, first in row 1"),
    (["a", "b", "a"], "'a' stands in several rows, again in row 3")])
def test_gaps_and_doubled_ids_are_named_with_their_row(ids, message):
    with pytest.raises(DataError, match=message):
        ids_of(pd.Series(ids), "u")
