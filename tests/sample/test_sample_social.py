"""The posts: parts add up, and money is spent where the plan says."""

import numpy as np
import pytest

from engagelab import engagement_rate, measure
from engagelab.sample import plan
from engagelab.sample.exports.vendor import quarters
from engagelab.sample.social import TAGGED, X_CLICKS, social_posts


def test_the_engagements_of_x_are_the_sum_of_their_kinds(company):
    posts = company["social_posts"].query("platform == 'x'")
    assert (posts[list(X_CLICKS)].sum(axis=1) == posts["clicks"]).all()
    assert (posts[["likes", "reposts", "replies", "follows", "clicks"]].sum(axis=1) == posts["engagements"]).all()
    assert (posts["engagements"] <= posts["impressions"]).all()


def test_only_facebook_has_paid_posts_and_only_in_the_last_quarter(company):
    posts = company["social_posts"]
    paid = posts[posts["promotion"] == "paid"]
    assert set(paid["platform"]) == {"facebook"}
    assert set(quarters(paid["posted_at"])) == {5}
    organic = posts[(posts["platform"] == "facebook") & (posts["promotion"] == "organic")]
    bought = paid["reach"].sum() / organic["reach"][quarters(organic["posted_at"]) == 5].sum()
    assert bought == pytest.approx(plan.PAID_REACH[5], rel=.01)


def test_instagram_counts_no_clicks_and_meta_no_missing_reach(company):
    posts = company["social_posts"].query("author == 'brand'")
    instagram = posts[posts["platform"] == "instagram"]
    assert instagram["clicks"].isna().all()
    assert instagram["saves"].notna().all()
    assert posts.loc[posts["platform"] != "x", "reach"].notna().all()
    meta = posts[posts["platform"] != "x"]
    assert (meta["impressions"] >= meta["reach"]).all()


@pytest.mark.parametrize(("platform", "parts", "base"), [
    ("x", ["likes", "reposts", "replies", "follows", "clicks"], "impressions"),
    ("facebook", ["likes", "shares", "comments", "clicks"], "reach")])
def test_over_many_seeds_the_organic_rate_is_the_planned_one(platform, parts, base):
    above, below = np.zeros(6), np.zeros(6)
    for seed in range(40):
        posts = social_posts(seed).query("author == 'brand' and platform == @platform and promotion == 'organic'")
        quarter = quarters(posts["posted_at"])
        above += np.bincount(quarter, posts[parts].sum(axis=1), 6)
        below += np.bincount(quarter, posts[base], 6)
    assert np.allclose(above / below, plan.ORGANIC, rtol=.015)


def test_posts_do_not_fall_into_the_hour_that_comes_twice_in_los_angeles(company):
    posted = company["social_posts"]["posted_at"].dt.tz_convert("Asia/Tokyo")
    assert not posted.dt.hour.isin([16, 17, 18]).any()


def test_of_posts_of_others_is_known_what_everybody_sees(company):
    posts = company["social_posts"]
    others = posts[posts["author"] != "brand"]
    assert others["author"].value_counts().to_dict() == TAGGED
    assert set(others["platform"]) == {"x", "instagram"} and set(others["promotion"]) == {"organic"}
    assert others["likes"].notna().all() and others["text"].str.contains("朝凪コーヒー|asanagicoffee").all()
    hidden = ["impressions", "reach", "engagements", "clicks", "url", "account_id", "account_name", "employee_shares"]
    assert others[hidden].isna().all().all()


@pytest.mark.parametrize("platform", ["x", "facebook", "instagram"])
def test_posts_of_others_change_no_rate(company, platform):
    posts = company["social_posts"]
    every, own = (measure(part, engagement_rate(platform)).iloc[0] for part in (
        posts, posts[posts["author"] == "brand"]))
    assert every[["estimate", "low", "high", "n"]].tolist() == own[["estimate", "low", "high", "n"]].tolist()


def test_employees_reach_people_only_by_what_they_share(company):
    own = company["social_posts"].query("author == 'brand'")
    assert ((own["employee_reach"] > 0) == (own["employee_shares"] > 0)).all()
    assert 0 < own["employee_shares"].mean() < 3
