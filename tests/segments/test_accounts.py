"""The customers of one account together, against plain pandas."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab.segments.profile import profile


@pytest.fixture(scope="module")
def made():
    return profile(el.example(), tz="Asia/Tokyo", currency="JPY")


def test_counts_sums_and_dates_are_those_of_plain_pandas(made):
    found = made.accounts().frame.set_index("account_id")
    groups = made.frame.dropna(subset="account_id").groupby("account_id")
    assert found.index.tolist() == sorted(groups.groups)
    np.testing.assert_array_equal(found["contacts"], groups.size())
    for column in ("orders", "events", "deals", "revenue", "margin"):
        np.testing.assert_allclose(found[column], groups[column].sum(), err_msg=column)
    for column, how in (("created_at", "min"), ("last_contact_at", "max"), ("last_order_at", "max")):
        pd.testing.assert_series_equal(found[column], groups[column].agg(how), obj=column)


def test_an_account_has_its_own_attributes_and_its_newest_contact(made):
    found = made.accounts()
    frame, own = found.frame.set_index("account_id"), el.example("accounts").set_index("account_id")
    for column in ("account_name", "industry", "owner", "segment", "employees"):
        pd.testing.assert_series_equal(frame[column], own[column].reindex(frame.index), check_dtype=False)
    for account, people in made.frame.dropna(subset=["account_id", "last_contact_at"]).groupby("account_id"):
        newest = people[people["last_contact_at"] == people["last_contact_at"].max()]
        assert frame.loc[account, "last_contact_by"] in set(newest["last_contact_by"])
    without = made.frame["account_id"].isna().sum()
    assert found.notes[0] == f"{without:,} of {len(made.frame):,} customers belong to no account and are in none"
    assert found.notes[1] == f"{len(own) - len(frame)} of 825 accounts have no customer in the table and are not shown"


def test_an_unknown_amount_of_one_contact_leaves_that_of_the_account_unknown():
    orders = pd.DataFrame({"order_id": ["1", "2", "3"], "user_id": ["a", "b", "c"], "total": [5.0, None, 7.0],
                           "currency": "JPY", "ordered_at": pd.to_datetime(["2026-04-01"] * 3, utc=True)})
    deals = pd.DataFrame({"deal_id": ["1"], "user_id": ["a"], "amount": [9.0], "currency": "JPY",
                          "opened_at": pd.to_datetime(["2026-04-01"], utc=True)})
    customers = pd.DataFrame({"user_id": ["a", "b", "c", "d"], "account_id": ["k", "k", "l", None]})
    found = profile({"customers": customers, "orders": orders, "deals": deals}).accounts().frame
    assert found["revenue"].isna().tolist() == [True, False] and found["orders"].tolist() == [2, 1]
    assert found["deal_amount"].isna().tolist() == [False, True] and found["deal_amount"].iloc[0] == 9.0


def test_customers_without_accounts_are_said():
    found = profile({"customers": pd.DataFrame({"user_id": ["a"]})}).accounts()
    assert found.frame.empty and "nothing to roll up" in found.notes[0]
    assert repr(found) and found._repr_html_()
