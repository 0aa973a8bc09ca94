"""What the units did after their start; the table itself is shown by the example of `outcomes`."""

import pandas as pd
import pytest

from engagelab.errors import DataError
from engagelab.experiments.outcomes import outcomes


def test_ids_of_two_kinds_are_refused_and_not_counted_as_nobody():
    units = pd.DataFrame({"user_id": ["C1", "C2"], "assigned_at": pd.Timestamp("2026-03-01")})
    rows = pd.DataFrame({"user_id": ["P1", "P" * 90], "at": pd.Timestamp("2026-03-02")})
    how = {"name": "orders", "time": "at", "within": "7 days", "until": "2026-04-01"}
    with pytest.raises(DataError, match="no unit occurs in the rows: the column 'user_id' holds other ids"):
        outcomes(units, rows, **how)
    with pytest.raises(DataError) as caught:
        outcomes(units, rows.tail(1), **how)
    assert "PP" not in str(caught.value)  # an id may be an address
    assert outcomes(units, rows.assign(user_id="C2"), **how)["orders"].tolist() == [0, 2]
    assert outcomes(units, rows.head(0), **how)["orders"].tolist() == [0, 0]


def test_a_sum_with_an_unknown_amount_is_unknown():
    units = pd.DataFrame({"user_id": ["a", "b"], "assigned_at": pd.Timestamp("2026-03-01")})
    rows = pd.DataFrame({"user_id": ["a", "a", "b", "b"], "total": [10.0, None, 30.0, 1.0],
                         "ordered_at": pd.to_datetime(["2026-03-02", "2026-03-03", "2026-03-02", "2026-04-30"])})
    found = outcomes(units, rows, name="orders", time="ordered_at", within="7 days", sums=["total"])
    assert found["orders"].tolist() == [2.0, 1.0]
    assert found["total"].isna().tolist() == [True, False] and found["total"][1] == 30


def test_who_was_not_observed_for_the_whole_time_is_missing_and_not_counted_with_what_there_was():
    units = pd.DataFrame({"user_id": ["a", "b"], "assigned_at": pd.to_datetime(["2026-03-01", "2026-03-20"])})
    rows = pd.DataFrame({"user_id": ["a", "a", "b", "b"], "total": [1.0, 2.0, 4.0, 8.0],
                         "at": pd.to_datetime(["2026-02-25", "2026-03-02", "2026-03-15", "2026-03-21"])})
    how = {"name": "orders", "time": "at", "within": "7 days", "before": "7 days", "sums": ["total"]}
    found = outcomes(units, rows, until="2026-03-25", **how)
    assert found["orders"].fillna(-1).tolist() == [1, -1] and found["total"].fillna(-1).tolist() == [2, -1]
    assert found["orders_before"].fillna(-1).tolist() == [-1, 1]    # the rows begin within the week before a's start
    seen = outcomes(units, rows, until="2026-03-27", **how)     # just the whole time
    assert seen["orders"].tolist() == [1, 1] and seen["total"].tolist() == [2, 8]
