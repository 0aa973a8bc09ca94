"""The customers and their identities."""

import numpy as np
import pytest

from engagelab.sample import plan
from engagelab.sample.people import people


def _members(company):
    """The customers who never were leads: they alone are on the mailing list."""
    return company["customers"].dropna(subset=["status"])


def test_addresses_are_unique_and_on_hosts_kept_for_examples(company):
    email = company["customers"]["email"]
    assert email.is_unique
    assert set(email.str.split("@").str[1]) == {"example.com", "example.jp"}
    assert email.str.fullmatch(r"[a-z]+\.[a-z]+\d+@example\.(com|jp)").all()


def test_telephone_numbers_are_of_a_range_that_nobody_has(company):
    assert company["customers"]["phone"].str.fullmatch(r"050-0000-\d{4}").all()


def test_every_person_is_known_by_member_number_and_by_address(company):
    identities, customers = company["identities"], company["customers"]
    wide = identities.pivot(index="person", columns="source", values="source_id")
    assert wide.notna().all().all()
    assert dict(zip(wide["member"], wide["email"], strict=True)) == dict(
        zip(customers["user_id"], customers["email"], strict=True))


def test_segments_plans_and_ways_in_have_the_planned_shares(company):
    customers = _members(company)
    share = customers["segment"].value_counts(normalize=True)
    assert np.allclose(share[list(plan.SEGMENTS)], (.72, .12, .16), atol=.02)
    assert (customers.loc[customers["segment"] == "office", "plan"] == "office").all()
    assert abs((customers["created_at"] < "2025-03-31T15:00Z").mean() - .55) < .001


def test_offices_are_won_by_sales_and_nobody_else(company):
    customers = _members(company)
    assert ((customers["channel"] == plan.OFFICE_CHANNEL) == (customers["segment"] == "office")).all()


def test_everybody_has_a_home_shop_and_the_oldest_is_the_largest(company):
    counts = _members(company)["shop_id"].value_counts()
    assert sorted(counts.index) == [f"S{number:02}" for number in range(1, 25)]
    assert counts["S01"] > counts["S24"]


def test_consent_to_analysis_has_its_date_after_joining(company):
    customers = _members(company)
    agreed = customers["consent_analysis"]
    assert (customers["consent_analysis_at"].notna() == agreed).all()
    assert agreed.mean() == pytest.approx(.93, abs=.02)
    assert (customers.loc[agreed, "consent_analysis_at"] >= customers.loc[agreed, "created_at"]).all()
    assert (customers["converted_at"] == customers["created_at"]).all()


def test_the_plan_follows_the_channel():
    everyone = people(5, 40_000)
    home = np.isin(everyone.plan, plan.HOME_PLANS)
    for channel, share in plan.LIGHT_BY_CHANNEL.items():
        here = home & (everyone.won_by == channel)
        assert (everyone.plan[here] == "light").mean() == pytest.approx(share, abs=.02)


def test_state_consent_and_mails_agree(company):
    customers = _members(company).set_index("user_id")
    assert (customers["consent_marketing"] == (customers["status"] == "subscribed")).all()
    mailed = company["email_sends"].query("scenario != 'notice'")["user_id"].unique()
    assert customers.loc[mailed, "consent_at"].notna().all()
    left = company["email_sends"].query("unsubscribed")["user_id"]
    assert set(customers.loc[left, "status"]) <= {"unsubscribed", "cleaned"}


def test_people_are_numbered_in_the_order_in_which_they_joined():
    joined = people(3, 500).joined
    assert (np.diff(joined.astype("int64")) >= 0).all()
