"""The customers and their identities."""

import numpy as np

from engagelab.sample import plan
from engagelab.sample.people import people


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
    customers = company["customers"]
    share = customers["segment"].value_counts(normalize=True)
    assert np.allclose(share[list(plan.SEGMENTS)], (.72, .12, .16), atol=.02)
    assert (customers.loc[customers["segment"] == "office", "plan"] == "office").all()
    assert abs((customers["created_at"] < "2025-03-31T15:00Z").mean() - .55) < .001


def test_state_consent_and_mails_agree(company):
    customers = company["customers"].set_index("user_id")
    assert (customers["consent_marketing"] == (customers["status"] == "subscribed")).all()
    mailed = company["email_sends"]["user_id"].unique()
    assert customers.loc[mailed, "consent_at"].notna().all()
    left = company["email_sends"].query("unsubscribed")["user_id"]
    assert set(customers.loc[left, "status"]) <= {"unsubscribed", "cleaned"}


def test_people_are_numbered_in_the_order_in_which_they_joined():
    joined = people(3, 500).joined
    assert (np.diff(joined.astype("int64")) >= 0).all()
