"""The declarations of the canonical tables are sound."""

import pandas as pd
import pytest

from engagelab import words
from engagelab.tables import DTYPES, tables, typed


@pytest.mark.parametrize("name", tables())
def test_a_table_is_declared_wholly(name):
    table = tables()[name]
    assert table.key
    assert words.has(f"table.{name}")
    for column in table.columns.values():
        assert column.kind in DTYPES
        assert set(column.role.split()) <= {"key", "time", "user", "person"}
        assert column.meaning
    assert sum("time" in column.role.split() for column in table.columns.values()) <= 1


def test_a_person_is_user_id_in_every_table():
    named = {"customer_id", "person_id", "member_id", "employee_id"}
    assert not [name for name, table in tables().items() if named & set(table.columns)]


def test_typed_puts_declared_columns_first_with_their_dtypes_and_keeps_the_others():
    frame = typed(pd.DataFrame({"extra": [1], "rating": ["5"], "review_id": [7]}), "reviews")
    assert list(frame) == ["review_id", "rating", "extra"]
    assert [str(dtype) for dtype in frame.dtypes[:2]] == ["str", "Int64"]
