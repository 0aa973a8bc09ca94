"""Accounts and deals: several contacts each, names of their own, and every key points somewhere."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sample import plan
from engagelab.sample.accounts import accounts, deals, office_accounts
from engagelab.sample.leads import leads
from engagelab.sample.people import people


def test_every_office_customer_and_every_lead_has_an_account_and_nobody_else(company):
    customers = company["customers"]
    lead = customers["user_id"].str.startswith("L")
    assert (customers["account_id"].notna() == (lead | (customers["segment"] == "office"))).all()
    assert set(customers["account_id"].dropna()) == set(company["accounts"]["account_id"])
    office = customers[customers["segment"] == "office"].groupby("account_id").size()
    assert set(office.iloc[:-1]) <= {1, 2, 3}
    assert office.mean() == pytest.approx(2.5, abs=.15)
    assert not set(customers.loc[lead, "account_id"]) & set(office.index)


def test_subscriptions_name_the_account_of_their_customer(company):
    account = company["customers"].set_index("user_id")["account_id"]
    table = company["subscriptions"]
    pd.testing.assert_series_equal(table["account_id"], account.loc[table["user_id"]].reset_index(drop=True),
                                   check_names=False)
    assert (table["account_id"].notna() == (table["plan"] == "office")).all()


def test_an_account_is_as_old_as_its_first_contact(company):
    first = company["customers"].groupby("account_id")["created_at"].min()
    created = company["accounts"].set_index("account_id")["created_at"]
    assert (created == first.loc[created.index]).all()


def test_no_two_accounts_have_one_name_even_where_the_parts_run_out():
    everyone, found = people(3, 40_000), leads(40_000, 3)
    table = accounts(everyone, office_accounts(everyone, found, 3), found, 3)
    assert len(table) > 20 * 20 * 14
    assert not table["account_name"].str.replace("株式会社|合同会社", "", regex=True).duplicated().any()
    assert table["industry"].notna().all()


def test_deals_point_to_contacts_of_their_account_and_their_states_agree(company):
    table = company["deals"]
    account = company["customers"].set_index("user_id")["account_id"]
    assert (account.loc[table["user_id"]].to_numpy() == table["account_id"].to_numpy()).all()
    names = company["accounts"].set_index("account_id")
    assert (names.loc[table["account_id"], "account_name"].to_numpy() == table["account_name"].to_numpy()).all()
    assert (names.loc[table["account_id"], "owner"].to_numpy() == table["owner"].to_numpy()).all()
    is_open = table["closed_at"].isna()
    assert (table["won"].isna() == is_open).all()
    assert (table["reason"].isna() == is_open).all()
    assert set(table.loc[is_open, "stage"]) == {"contact", "proposal", "negotiation"}
    assert ((table["stage"] == "won") == table["won"].fillna(False)).all()
    assert table["opened_at"].is_monotonic_increasing
    assert (table["last_activity_at"] >= table["opened_at"]).all()
    assert (table["closed_at"].dropna() >= table.loc[~is_open, "opened_at"]).all()


def test_an_amount_is_a_year_of_the_office_plan_for_every_thirty_people(company):
    table = company["deals"]
    size = company["accounts"].set_index("account_id")["employees"].loc[table["account_id"]].to_numpy()
    assert (table["amount"].to_numpy() == np.array([9800 * 12 * (1 + int(people) // 30) for people in size])).all()
    assert plan.PRICE["office"] == 9800


def test_the_smallest_company_has_deals_too():
    for seed in range(5):
        everyone, found = people(seed, 200), leads(200, seed)
        number = office_accounts(everyone, found, seed)
        table = deals(everyone, number, accounts(everyone, number, found, seed), found, seed)
        assert table["deal_id"].is_unique
        assert len(table) > 30
