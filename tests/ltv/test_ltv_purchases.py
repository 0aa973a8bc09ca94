"""Frequency, recency, T and monetary against a loop over orders and against CDNOW."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import DataError, UsageError
from engagelab.ltv.purchases import purchases
from tests.public_data import folder

START = pd.Timestamp("2026-03-01", tz="UTC")
PAID = st.sampled_from([5.0, 8.0, 0.0, -3.0, None])
ORDERS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30 * 48), PAID), min_size=1, max_size=25)


def table_of(rows):
    return pd.DataFrame({"who": [row[0] for row in rows], "paid": pd.array([row[2] for row in rows], "Float64"),
                         "at": [START + pd.Timedelta(minutes=30 * row[1]) for row in rows]})


@settings(max_examples=60)
@given(ORDERS)
def test_a_customer_is_what_a_loop_over_the_orders_says(rows):
    table = table_of(rows)
    expected = {}
    for who, at, paid in sorted(rows, key=lambda row: row[1]):
        if paid is not None and paid > 0:
            days = expected.setdefault(who, {})
            days[at // 48] = days.get(at // 48, 0) + paid
    found = purchases(table, user="who", time="at", amount="paid", until=START + pd.Timedelta(days=31), every="day")
    assert found["who"].tolist() == sorted(expected)
    for row in found.itertuples():
        first, *repeat = sorted(expected[row.who])
        assert (row.frequency, row.T) == (len(repeat), 30 - first)
        assert row.recency == (repeat[-1] - first if repeat else 0)
        amounts = [expected[row.who][day] for day in repeat]
        assert row.monetary == pytest.approx(np.mean(amounts)) if repeat else np.isnan(row.monetary)


@given(ORDERS)
@settings(max_examples=20)
def test_no_note_says_that_rows_count_which_are_left_out(rows):
    table = table_of(rows)
    notes = " ".join(purchases(table, user="who", time="at", amount="paid").attrs["notes"])
    without, below = (sum(row[2] is None for row in rows), sum(row[2] is not None and row[2] <= 0 for row in rows))
    assert "worth nothing" not in notes
    assert (f"{without:,} rows without 'paid'" in notes) == bool(without)
    assert (f"{below:,} rows with 'paid' of 0 or below" in notes) == bool(below)


def test_the_notes_count_only_rows_before_the_end():
    table = pd.DataFrame({"who": ["a"] * 3, "paid": [1.0, 0.0, 0.0],
                          "at": [START, START + pd.Timedelta(days=2), START + pd.Timedelta(days=60)]})
    notes = purchases(table, user="who", time="at", amount="paid", until="2026-04-01").attrs["notes"]
    assert any(note.startswith("1 rows with 'paid' of 0 or below") for note in notes)


def test_cdnow_is_that_of_the_published_summary():
    sample = pd.read_csv(folder() / "CDNOW_sample.txt", sep=r"\s+", header=None,
                         names=["master", "user", "day", "items", "amount"])
    sample["day"] = pd.to_datetime(sample["day"].astype("str"), utc=True)
    found = purchases(sample, user="user", time="day", until="1997-10-01")
    published = pd.read_csv(folder() / "cdnow_customers_summary.csv")
    assert found["frequency"].tolist() == published["frequency"].tolist()
    assert found[["recency", "T"]].to_numpy() == pytest.approx(published[["recency", "T"]].to_numpy(), abs=.0051)


def test_who_had_bought_before_since_is_left_out_and_counted():
    later = START + pd.Timedelta(days=9)
    table = pd.DataFrame({"who": ["a", "a", "b"], "at": [START, later, later]})
    found = purchases(table, user="who", time="at", since="2026-03-06", until="2026-03-21")
    assert found["who"].tolist() == ["b"]
    assert any("1" in note and "before" in note for note in found.attrs["notes"])


def test_orders_that_are_made_into_one_purchase_are_counted():
    table = pd.DataFrame({"who": ["a"] * 3 + ["b"], "at": [START, START, START + pd.Timedelta(days=1), START]})
    assert any(note.startswith("1 orders came in the same day") for note in purchases(
        table, user="who", time="at").attrs["notes"])
    assert not any("came in the same" in note for note in purchases(table[1:], user="who", time="at").attrs["notes"])


@pytest.mark.parametrize("name", ["frequency", "recency", "T", "monetary", "purchases", "amount", "first_period"])
def test_a_customer_column_called_like_one_of_the_answer_is_refused(name):
    table = pd.DataFrame({name: ["a"], "at": [START]})
    with pytest.raises(UsageError, match=f"a column '{name}' of its own"):
        purchases(table, user=name, time="at")


def test_bad_input_is_refused():
    table = pd.DataFrame({"who": ["a", None], "at": [START, None], "paid": [1.0, np.inf]})
    with pytest.raises(DataError, match="'at'"):
        purchases(table, user="who", time="at")
    with pytest.raises(DataError, match="infinite"):
        purchases(table.assign(at=START), user="who", time="at", amount="paid")
    with pytest.raises(UsageError, match="did you mean 'paid'"):
        purchases(table, user="who", time="at", amount="pad")
    with pytest.raises(UsageError, match="every"):
        purchases(table.assign(at=START), user="who", time="at", every="hour")
    with pytest.raises(DataError, match="no user"):
        purchases(table.assign(who=None, at=START), user="who", time="at")


@pytest.mark.parametrize("how", [{"collapse": "week"}, {"until": "2026-03-04 12:00"}, {"collapse": "month",
                                                                                       "until": "2026-03-15"}])
def test_nobody_bought_after_the_end_where_a_period_is_not_complete(how):
    at = pd.to_datetime(["2026-01-05", "2026-03-04 09:00", "2026-03-04 10:00", "2026-03-12"], utc=True, format="mixed")
    table = purchases(pd.DataFrame({"who": list("aabc"), "at": at}), user="who", time="at", **how)
    assert (table["recency"] <= table["T"]).all() and (table["T"] >= 0).all()


def test_an_address_is_no_id_of_a_customer():
    orders = pd.DataFrame({"who": ["ann@example.com"], "at": pd.to_datetime(["2026-01-05"], utc=True)})
    with pytest.raises(DataError, match="1 ids of customers are e-mail addresses"):
        purchases(orders, user="who", time="at")
