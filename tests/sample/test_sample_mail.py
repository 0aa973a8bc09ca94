"""Campaigns are the sums of their sends, and nobody is mailed who left."""

import pytest

from engagelab.sample.company import generate

SUMS = {"recipients": "send_id", "delivered": "delivered", "unique_opens": "opened", "machine_opens": "machine_opened",
        "unique_clicks": "clicked", "unsubscribes": "unsubscribed", "complaints": "complained"}


@pytest.mark.parametrize(("campaign_column", "send_column"), SUMS.items())
def test_a_campaign_counts_its_sends(company, campaign_column, send_column):
    sends, campaigns = company["email_sends"], company["email_campaigns"].set_index("campaign_id")
    grouped = sends.groupby("campaign_id")[send_column]
    counted = grouped.count() if send_column == "send_id" else grouped.sum()
    assert (counted.loc[campaigns.index] == campaigns[campaign_column]).all()


def test_bounces_add_up_and_doubles_are_at_least_the_unique(company):
    campaigns = company["email_campaigns"]
    assert (campaigns["bounces"] == campaigns["recipients"] - campaigns["delivered"]).all()
    assert (campaigns["soft_bounces"] + campaigns["hard_bounces"] == campaigns["bounces"]).all()
    assert (campaigns["opens"] >= campaigns["unique_opens"]).all()
    assert (campaigns["clicks"] >= campaigns["unique_clicks"]).all()
    share = campaigns["unique_opens"] / campaigns["delivered"]
    assert (campaigns["open_rate_reported"] - share).abs().max() <= .5e-4 + 1e-12


def test_flags_of_a_send_do_not_contradict_each_other(company):
    sends = company["email_sends"]
    assert not (sends["machine_opened"] & ~sends["opened"]).any()
    assert not (sends["clicked"] & sends["machine_opened"]).any()
    assert not (sends["clicked"] & ~sends["opened"]).any()
    assert not ((sends["opened"] | sends["unsubscribed"] | sends["complained"]) & ~sends["delivered"]).any()


def test_nobody_is_mailed_twice_in_a_campaign_or_after_leaving(company):
    sends = company["email_sends"]
    assert not sends.duplicated(["campaign_id", "user_id"]).any()
    left = sends[sends["unsubscribed"]].set_index("user_id")["sent_at"]
    after = sends[sends["user_id"].isin(left.index)]
    assert (after["sent_at"].to_numpy() <= left.loc[after["user_id"]].to_numpy()).all()


def test_complaints_and_unsubscribes_are_rare():
    sends = generate(20_000, 5)["email_sends"].query("delivered")
    assert sends["unsubscribed"].mean() == pytest.approx(.0025, abs=.0008)
    assert 0 < sends["complained"].mean() < .0008
