"""What the units did after their start; the table itself is shown by the example of `outcomes`."""

import pandas as pd
import pytest

from engagelab.errors import DataError
from engagelab.experiments.outcomes import outcomes


def test_ids_of_two_kinds_are_refused_and_not_counted_as_nobody():
    units = pd.DataFrame({"user_id": ["C1", "C2"], "assigned_at": pd.Timestamp("2026-03-01")})
    rows = pd.DataFrame({"user_id": ["P1", "P" * 90], "at": pd.Timestamp("2026-03-02")})
    how = {"name": "orders", "time": "at", "within": "7 days", "until": "2026-04-01"}
    with pytest.raises(DataError, match="no unit occurs in the rows: the column 'user_id' has ids such as 'C1' in the "
                                        "units and 'P1' in the rows"):
        outcomes(units, rows, **how)
    with pytest.raises(DataError) as caught:
        outcomes(units, rows.tail(1), **how)
    assert "P" * 20 in str(caught.value) and "P" * 21 not in str(caught.value)
    assert outcomes(units, rows.assign(user_id="C2"), **how)["orders"].tolist() == [0, 2]
    assert outcomes(units, rows.head(0), **how)["orders"].tolist() == [0, 0]
