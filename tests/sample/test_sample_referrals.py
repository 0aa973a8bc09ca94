"""Who referred whom."""

import pandas as pd

from engagelab.sample import plan


def test_whoever_was_won_by_referral_was_referred_once_and_nobody_else_joined(company):
    referrals, customers = company["referrals"], company["customers"]
    members = customers[customers["plan"].notna() | customers["segment"].notna()]
    won = members[(members["channel"] == "referral") & (members["created_at"] >= "2025-03-31T15:00Z")]
    came = referrals.dropna(subset=["referred_id"])
    assert sorted(came["referred_id"]) == sorted(won["user_id"])
    assert (referrals["joined_at"].notna() == referrals["referred_id"].notna()).all()
    joined = members.set_index("user_id")["created_at"]
    assert (came["joined_at"].to_numpy() == joined.loc[came["referred_id"]].to_numpy()).all()


def test_a_referral_comes_before_joining_and_is_rewarded_where_somebody_joined(company):
    referrals = company["referrals"]
    came = referrals["joined_at"].notna()
    assert (referrals.loc[came, "referred_at"] < referrals.loc[came, "joined_at"]).all()
    assert (referrals["reward"] == came * plan.REWARD).all()
    assert referrals["referred_at"].is_monotonic_increasing
    assert .4 < came.mean() < .7


def test_only_subscribers_refer_and_only_while_they_are(company):
    found = company["referrals"].merge(company["subscriptions"], on="user_id", how="left")
    assert found["opened_at"].notna().all()
    assert not (found["closed_at"] < found["referred_at"]).any()
    assert (found["opened_at"] < found["referred_at"]).all()


def test_many_refer_and_nobody_very_often(company):
    counts = company["referrals"]["user_id"].value_counts()
    assert len(counts) > .6 * len(company["referrals"])
    assert counts.max() <= 8


def test_some_referrers_were_never_asked(company):
    first = company["surveys"].query("kind == 'nps'").groupby("user_id")["answered_at"].min()
    referrals = company["referrals"]
    asked = referrals["user_id"].map(first)
    unknown = asked.isna() | (asked > referrals["referred_at"])
    assert .25 < unknown.mean() < .6
    assert unknown[referrals["referred_at"] < pd.Timestamp("2025-04-30T15:00Z")].all()
