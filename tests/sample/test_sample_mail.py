"""Campaigns are the sums of their sends, and nobody is mailed who left."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sample.company import generate
from engagelab.sample.exports.vendor import months
from engagelab.sample.hunters import hunters
from engagelab.sample.people import people

SUMS = {"recipients": "send_id", "delivered": "delivered", "unique_opens": "opened", "machine_opens": "machine_opened",
        "unique_clicks": "clicked", "unsubscribes": "unsubscribed", "complaints": "complained"}


def test_every_customer_gets_one_notice_and_leaves_no_list_from_it(company):
    sends = company["email_sends"].query("scenario == 'notice'")
    assert len(sends) == 4000 and set(sends["user_id"]) == {f"C{number:06}" for number in range(1, 4001)}
    assert not (sends["unsubscribed"] | sends["complained"]).any()


def test_the_columns_of_a_send_fit_its_scenario(company):
    sends, campaigns = company["email_sends"], company["email_campaigns"].set_index("campaign_id")
    assert set(sends["scenario"]) == {"newsletter", "offer", "welcome", "win_back", "recipe", "notice"}
    assert sends.groupby("scenario")["landing_page"].nunique().drop("welcome").eq(1).all()
    assert sends[["subject", "landing_page"]].notna().all().all()
    of = campaigns.loc[sends["campaign_id"]]
    assert (of["subject"].to_numpy() == sends["subject"].to_numpy()).all()
    assert (of["variant"].fillna("").to_numpy() == sends["variant"].fillna("").to_numpy()).all()
    assert (sends["variant"].notna() == sends["scenario"].isin(["recipe", "notice"])).all()
    assert set(sends.loc[sends["scenario"] == "welcome", "step"]) == {1, 2, 3}
    written = sends.dropna(subset="persona")
    segment = written["user_id"].map(company["customers"].set_index("user_id")["segment"])
    assert written.groupby(segment.to_numpy())["persona"].unique().map(list).to_dict() == {
        "home": ["home_brewer"], "office": ["office_manager"], "gift": ["gift_giver"]}


@pytest.mark.parametrize(("scenario", "table", "column"), [
    ("welcome", "customers", "created_at"), ("win_back", "subscriptions", "closed_at")])
def test_an_automatic_mail_comes_in_the_month_after_its_cause(company, scenario, table, column):
    sends = company["email_sends"].query("scenario == @scenario")
    cause = sends["user_id"].map(company[table].set_index("user_id")[column])
    assert (months(sends["sent_at"]) == months(cause) + 1).all()
    steps = sends.sort_values("sent_at").groupby("user_id")["step"]
    assert steps.agg(lambda step: step.is_monotonic_increasing).all()


def test_hunters_click_most_and_offices_hardly_ever(company):
    sends = company["email_sends"].query("delivered")
    everyone = people(7, 4000)
    kind = pd.Series(np.where(hunters(everyone, 7), "hunter", everyone.segment), index=everyone.user_id)
    clicks = sends["clicked"].astype(float).groupby(kind.loc[sends["user_id"]].to_numpy()).mean()
    assert clicks["hunter"] > 20 * clicks["home"] and clicks["office"] < .2 * clicks["home"]


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
    sends = sends[sends["scenario"] != "notice"]
    left = sends[sends["unsubscribed"]].set_index("user_id")["sent_at"]
    after = sends[sends["user_id"].isin(left.index)]
    assert (after["sent_at"].to_numpy() <= left.loc[after["user_id"]].to_numpy()).all()


def test_complaints_and_unsubscribes_are_rare():
    sends = generate(20_000, 5)["email_sends"].query("delivered")
    assert sends["unsubscribed"].mean() == pytest.approx(.0025, abs=.0008)
    assert 0 < sends["complained"].mean() < .0008
