"""Engagement rates by hand, and what a file does not have."""

import pandas as pd
import pytest

from engagelab import tables, words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.measure import measure
from engagelab.metrics.social import CLICKS, definitions, engagement_rate


def posts(**columns):
    base = {"platform": "x", "impressions": [1000, 3000], "likes": [10, 20], "reposts": [1, 2], "follows": [0, 1],
            "clicks": [5, 6], "replies": [2, 3]}
    return pd.DataFrame(base | columns)


def test_it_is_a_ratio_of_sums_and_not_a_mean_of_rates():
    row = measure(posts(), engagement_rate("x")).iloc[0]
    assert row["estimate"] == (10 + 20 + 1 + 2 + 0 + 1 + 5 + 6 + 2 + 3) / 4000
    assert (row["count"], row["base"], row["n"]) == (50, 4000, 2)
    assert row["method"] == "(likes + reposts + follows + clicks + replies) / impressions; ratio of sums; delta method"


def test_an_absent_term_is_named_and_not_counted_as_nothing():
    for table in (posts().drop(columns="follows"), posts(follows=[None, None])):
        row = measure(table, engagement_rate("x")).iloc[0]
        assert row["count"] == 49
        assert "(likes + reposts + clicks + replies) / impressions; not in the file: follows" in row["method"]
        assert row["n_missing"] == 0


def test_without_a_sum_of_clicks_each_kind_counts():
    kinds = {name: [1, 1] for name in CLICKS if name != "hashtag_clicks"}
    row = measure(posts(**kinds).drop(columns="clicks"), engagement_rate("x")).iloc[0]
    assert row["count"] == 39 + 8
    assert "not in the file: hashtag_clicks" in row["method"]


def test_a_post_that_lacks_a_term_is_left_out_and_counted():
    row = measure(posts(likes=[10, None]), engagement_rate("x")).iloc[0]
    assert (row["count"], row["base"], row["n"], row["n_missing"]) == (18, 1000, 1, 1)


def test_only_the_platforms_own_posts_count_and_paid_stands_apart():
    mixed = pd.concat([posts(promotion=["paid", "organic"]),
                       pd.DataFrame({"platform": ["facebook"], "reach": [100], "likes": [5], "shares": [1],
                                     "comments": [0], "clicks": [4], "promotion": ["organic"]})])
    table = measure(mixed, [engagement_rate("x"), engagement_rate("facebook")], by="promotion")
    assert table[["metric", "promotion", "n", "n_missing"]].to_numpy().tolist() == [
        ["engagement_rate(x)", "organic", 1, 0], ["engagement_rate(x)", "paid", 1, 0],
        ["engagement_rate(facebook)", "organic", 1, 0]]
    assert table["estimate"].iloc[-1] == .1


def test_posts_of_another_platform_with_the_same_columns_do_not_count():
    mixed = pd.concat([posts(), posts(platform="linkedin", likes=900)])
    row = measure(mixed, engagement_rate("x")).iloc[0]
    assert (row["count"], row["base"], row["n"], row["n_missing"]) == (50, 4000, 2, 0)


def test_instagram_has_no_clicks_and_says_so():
    frame = pd.DataFrame({"platform": "instagram", "reach": [100], "likes": [5], "comments": [1], "shares": [1],
                          "saves": [3]})
    row = measure(frame, engagement_rate("instagram")).iloc[0]
    assert row["estimate"] == .1
    assert "clicks not counted" in row["method"]


def test_a_table_that_cannot_answer_is_refused():
    with pytest.raises(NoColumn, match="'impressions'"):
        measure(posts().drop(columns="impressions"), engagement_rate("x"))
    with pytest.raises(DataError, match="no post of platform 'facebook'"):
        measure(posts(reach=1), engagement_rate("facebook"))
    with pytest.raises(DataError, match="no known value of 'impressions'"):
        measure(posts(impressions=[None, None]).astype({"impressions": "Int64"}), engagement_rate("x"))
    with pytest.raises(UsageError, match="did you mean 'facebook'"):
        engagement_rate("facebok")


def test_every_definition_uses_canonical_columns_and_has_a_source_and_words():
    columns = tables.table("social_posts").columns
    for definition in definitions().values():
        assert definition.platform in columns["platform"].allowed
        assert set(definition.actions) | {definition.shown_to} <= set(columns)
        assert definition.source
        assert words.has(definition.method)
    assert set(CLICKS) <= set(columns)
