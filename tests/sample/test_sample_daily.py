"""Accounts by day: sums of what the posts got, and counts that only grow."""

import pandas as pd
import pytest

from engagelab.sample.daily import SPREAD, account_daily
from engagelab.sample.social import social_posts

COUNTS = {"x": ["impressions", "engagements", "likes", "reposts", "replies", "profile_clicks", "clicks"],
          "instagram": ["impressions", "reach", "likes", "shares"]}


@pytest.fixture(scope="module")
def daily():
    return account_daily(social_posts(7), 7)


def test_every_account_has_a_row_for_each_of_the_548_days(daily):
    days = pd.date_range("2025-04-01", "2026-09-30", tz="Asia/Tokyo")
    for _, rows in daily.groupby("platform"):
        assert rows["day"].dt.tz_convert("Asia/Tokyo").tolist() == days.tolist()
    assert set(daily["platform"]) == {"x", "instagram", "line"}


@pytest.mark.parametrize("platform", COUNTS)
def test_the_days_add_up_to_the_posts_but_for_the_last_two_days(daily, platform):
    posts = social_posts(7).query("platform == @platform and author == 'brand'")
    old = posts["posted_at"] < pd.Timestamp("2026-09-29", tz="Asia/Tokyo")
    rows = daily[daily["platform"] == platform]
    for column in COUNTS[platform]:
        assert posts.loc[old, column].sum() <= rows[column].sum() <= posts[column].sum(), column
    assert rows["posts"].sum() == len(posts)
    assert sum(SPREAD) == 10


def test_a_day_holds_the_posts_of_that_day_and_of_the_two_before(daily):
    posts = social_posts(7).query("platform == 'x' and author == 'brand'")
    day = posts["posted_at"].dt.tz_convert("Asia/Tokyo").dt.normalize()
    rows = daily[daily["platform"] == "x"].set_index("day")["impressions"]
    for chosen in pd.date_range("2025-06-01", "2025-06-10", tz="Asia/Tokyo"):
        whole = [posts.loc[day == chosen - pd.Timedelta(days=before), "impressions"] for before in range(3)]
        expected = ((whole[0] * 6 // 10).sum() + (whole[1] * 3 // 10).sum()
                    + (whole[2] - whole[2] * 6 // 10 - whole[2] * 3 // 10).sum())
        assert rows[chosen] == expected


def test_followers_are_those_of_the_day_before_and_who_came_less_who_went(daily):
    for platform in ("x", "instagram"):
        rows = daily[daily["platform"] == platform]
        assert (rows["followers"].diff() == rows["follows"] - rows["unfollows"]).iloc[1:].all()


def test_friends_and_blocks_on_line_only_grow_and_blocks_jump_on_the_days_of_a_message(daily):
    rows = daily[daily["platform"] == "line"].reset_index(drop=True)
    new, blocked, sent = rows["followers"].diff(), rows["blocks"].diff(), rows["posts"] == 1
    assert (new.iloc[1:] >= 0).all() and (blocked.iloc[1:] >= 0).all()
    assert (rows["reachable"] <= rows["followers"] - rows["blocks"]).all()
    assert blocked[sent].min() > 4 * blocked[~sent].mean()
    assert 50 <= sent.sum() <= 60 and (sent[sent].index.to_series().diff().iloc[1:] >= 7).all()
