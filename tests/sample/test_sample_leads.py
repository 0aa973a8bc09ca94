"""Leads: how many, in what accounts, and measures that are normal and shifted as planned."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from engagelab.sample import plan
from engagelab.sample.draws import Stream
from engagelab.sample.leads import CHANCES, STEPS, _shifted, account_ids, lead_customers, leads


@pytest.fixture(scope="module")
def large():
    return leads(40_000, 5)


def test_fifteen_hundred_leads_to_four_thousand_customers(company):
    table = company["customers"]
    leads_of = table[table["user_id"].str.startswith("L")]
    assert len(leads_of) == 1500
    assert table["user_id"].iloc[4000:].equals(leads_of["user_id"])
    assert not leads_of["user_id"].isin(company["subscriptions"]["user_id"]).any()
    assert leads_of[["account_id", "email", "consent_marketing", "consent_analysis"]].notna().all().all()
    assert (leads_of["converted_at"].notna() == (leads_of["stage"] == "customer")).all()


def test_who_bought_is_a_customer_from_the_day_on_which_the_deal_was_won(company):
    won = company["deals"].query("pipeline == 'new' and won").set_index("user_id")["closed_at"]
    customers = company["customers"].set_index("user_id")
    assert (customers.loc[won.index, "converted_at"] == won).all()
    converted = customers[customers.index.str.startswith("L") & customers["converted_at"].notna()]
    assert set(converted.index) == set(won.index)


def test_dates_of_a_lead_are_in_order(large):
    dealt = large.has_deal
    assert (large.opened[dealt] >= large.created[dealt]).all()
    decided = ~np.isnat(large.decided)
    assert (decided <= dealt).all()
    assert (large.decided[decided] > large.opened[decided]).all()
    assert dealt.mean() == pytest.approx(plan.DEALS, abs=.03)
    assert large.won[dealt].mean() == pytest.approx(plan.WON, abs=.01)


def test_shifted_measures_are_normal_with_the_planned_distance():
    won = np.arange(40_000) % 3 == 0
    found = _shifted(Stream(1, "shifted"), won, .35)
    assert stats.kstest(found[~won], "norm").statistic < .01
    assert found[won].mean() - found[~won].mean() == pytest.approx(.35, abs=.02)
    assert CHANCES.tolist() == [round(NormalDist().cdf(step), 9) for step in STEPS.tolist()]


def test_the_measures_of_the_won_and_the_lost_are_apart_by_the_planned_shifts(large):
    decided = large.has_deal
    for values, shift in ((large.views, plan.SHIFTS["views"]), (large.seconds, plan.SHIFTS["seconds"]),
                          (np.log(large.size), plan.SHIFTS["size"])):
        won, lost = (values[decided & (large.won == flag)].astype(float) for flag in (True, False))
        assert (won.mean() - lost.mean()) / lost.std() == pytest.approx(shift, abs=.04)
    for values, shares in ((large.price_page, plan.PRICE_PAGE), (large.visit, plan.VISIT)):
        assert values[large.won].mean() == pytest.approx(shares["won"], abs=.01)
        assert values[~large.won].mean() == pytest.approx(shares["lost"], abs=.01)


def test_an_account_has_one_to_four_leads_of_one_size(large):
    contacts = np.bincount(large.account)
    assert set(contacts) == {1, 2, 3, 4}
    assert contacts.mean() == pytest.approx(2.35, abs=.1)
    smallest, largest = np.full(len(contacts), 10**9), np.zeros(len(contacts), dtype=int)
    np.minimum.at(smallest, large.account, large.size)
    np.maximum.at(largest, large.account, large.size)
    assert (smallest == largest).all()
    assert abs(np.corrcoef(np.arange(len(contacts)), largest)[0, 1]) < .05


def test_addresses_and_ids_of_leads_are_their_own(large):
    table = lead_customers(large, 5)
    assert table["user_id"].is_unique
    assert table["email"].is_unique
    assert account_ids(np.array([41])).tolist() == ["K00042"]
