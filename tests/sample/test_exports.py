"""The folder of exports says the same as the canonical tables, read as an analyst reads it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engagelab.sample.exports.vendor import quarters
from engagelab.sample.truths.campaigns import FACEBOOK_PARTS, nps
from engagelab.sources.folder import read_folder

EXPORTS = Path(__file__).parents[2] / "data" / "exports"
POSTS = ["impressions", "likes", "replies", "reposts", "follows", "reach", "comments", "shares", "saves"]


def members(company):
    """The customers whom the mail system knows: all but the leads."""
    return company["customers"].dropna(subset=["status"])


@pytest.fixture(scope="module")
def read():
    return read_folder(EXPORTS, key=b"a key for tests")


def test_every_file_is_read_and_only_the_preview_is_set_aside(read):
    assert (read.frame["problem"] == "").all(), read.frame.loc[read.frame["problem"] != "", ["file", "problem"]]
    assert read.frame.loc[read.frame["rejected"] > 0, "file"].tolist() == ["nps_in_app.csv"]
    assert int(read.frame["rejected"].sum()) == 1


def test_all_twelve_families_and_our_own_headers_are_there(read):
    assert {"x_account_content", "x_tweet_activity", "meta_facebook", "meta_instagram", "mailchimp_campaigns",
            "mailchimp_members", "google_forms", "microsoft_forms", "qualtrics", "shopify_orders", "zendesk_tickets",
            "google_play_reviews"} <= set(read.frame["format"])


@pytest.mark.parametrize("name", ["customers", "orders", "order_items", "subscriptions", "social_posts",
                                  "email_campaigns", "email_sends", "surveys", "reviews", "tickets", "targets"])
def test_every_table_has_as_many_rows_as_the_canonical_one(read, company, name):
    ours = members(company) if name == "customers" else company[name]
    assert len(read[name]) == len(ours)


def test_today_is_the_newest_stamp(read):
    assert read.today.tz_convert("Asia/Tokyo").date().isoformat() == "2026-09-30"


def test_the_answers_give_the_same_score_by_channel_and_quarter(read, company):
    found = {}
    for name, surveys in (("read", read["surveys"]), ("made", company["surveys"])):
        answers = surveys[surveys["kind"] == "nps"]
        quarter = quarters(answers["answered_at"])
        found[name] = answers["score"].groupby([answers["channel"], quarter]).agg(["count", nps])
    pd.testing.assert_frame_equal(found["read"], found["made"], check_names=False)


@pytest.mark.parametrize("kind", ["csat", "ces", "text"])
def test_other_answers_are_the_same_by_survey(read, company, kind):
    found = []
    for surveys in (read["surveys"], company["surveys"]):
        answers = surveys[surveys["kind"] == kind]
        found.append(answers.groupby(["survey", "touchpoint"])["score"].agg(["size", "sum"]))
    pd.testing.assert_frame_equal(*found)


def test_the_stamps_and_words_of_the_answers_are_the_same(read, company):
    for survey, ours in company["surveys"].groupby("survey"):
        theirs = read["surveys"][read["surveys"]["survey"] == survey]
        assert sorted(theirs["answered_at"]) == sorted(ours["answered_at"]), survey
        assert sorted(theirs["text"].dropna()) == sorted(ours["text"].dropna()), survey


def test_orders_are_the_same_to_the_yen_and_the_second(read, company):
    theirs, ours = (tables["orders"].set_index("order_id").sort_index() for tables in (read, company))
    for column in ("ordered_at", "paid_at", "cancelled_at", "status", "currency", "subtotal", "shipping", "tax",
                   "discount", "total", "refunded", "coupon", "channel", "consent_marketing"):
        pd.testing.assert_series_equal(theirs[column], ours[column], obj=column)


def test_items_are_the_same(read, company):
    theirs, ours = (tables["order_items"].set_index(["order_id", "line"]).sort_index() for tables in (read, company))
    for column in ("product", "sku", "quantity", "unit_price", "list_price"):
        pd.testing.assert_series_equal(theirs[column], ours[column], obj=column)


def test_tickets_are_the_same_to_the_minute_and_the_open_ones_stay_open(read, company):
    theirs, ours = (tables["tickets"].set_index("ticket_id").sort_index() for tables in (read, company))
    for column in ("created_at", "solved_at", "first_reply_minutes", "resolution_minutes", "csat", "reopens",
                   "replies", "topic"):
        pd.testing.assert_series_equal(theirs[column], ours[column], obj=column)


def test_posts_in_two_exports_keep_their_newest_counts(read, company):
    key = ["platform", "post_id"]
    theirs, ours = (tables["social_posts"].set_index(key).sort_index() for tables in (read, company))
    assert int(read.frame["replaced"].sum()) > 50
    for column in POSTS:
        both = theirs[column].notna() & ours[column].notna()
        assert (theirs[column][both] == ours[column][both]).all(), column
    old = theirs.index.get_level_values("platform") != "x"
    pd.testing.assert_series_equal(theirs["posted_at"][old], ours["posted_at"][old])
    days = (frame["posted_at"].dt.tz_convert("Asia/Tokyo").dt.date for frame in (theirs, ours))
    assert np.equal(*(day.to_numpy() for day in days)).all()


def test_paid_posts_are_told_apart_and_give_the_same_rates(read, company):
    rates = []
    for tables in (read, company):
        posts = tables["social_posts"].query("platform == 'facebook'")
        by = [posts["promotion"].fillna("organic"), quarters(posts["posted_at"])]
        rates.append(posts[FACEBOOK_PARTS].sum(axis=1).groupby(by).sum() / posts["reach"].groupby(by).sum())
    assert rates[0].to_dict() == rates[1].to_dict()


def test_campaigns_are_the_same(read, company):
    theirs, ours = (tables["email_campaigns"].set_index("campaign_id").sort_index() for tables in (read, company))
    for column in ("sent_at", "recipients", "delivered", "bounces", "unique_opens", "opens", "unique_clicks", "clicks",
                   "unsubscribes", "complaints", "orders", "revenue", "open_rate_reported", "click_rate_reported"):
        pd.testing.assert_series_equal(theirs[column], ours[column], obj=column)


def test_reviews_are_the_same(read, company):
    columns = ["created_at", "rating", "text", "language", "version", "reply", "reply_at"]
    theirs, ours = (tables["reviews"][columns].sort_values(["created_at", "rating"], ignore_index=True)
                    for tables in (read, company))
    pd.testing.assert_frame_equal(theirs, ours)


def test_every_person_of_every_table_is_found_among_the_customers(read, company):
    people = read["customers"]
    assert people["user_id"].is_unique
    for name in ("orders", "subscriptions", "email_sends", "surveys", "tickets"):
        assert read[name]["user_id"].isin(people["user_id"]).all(), name
        assert read[name]["user_id"].nunique() == company[name]["user_id"].nunique(), name
    for column in ("segment", "plan", "channel", "status", "language", "country"):
        assert people[column].value_counts().to_dict() == members(company)[column].value_counts().to_dict()


def test_no_name_or_address_of_a_customer_is_in_what_is_read(read, company):
    addresses = set(company["customers"]["email"])
    for name, frame in read.items():
        for column in frame.columns:
            if column not in ("created_at",) and str(frame[column].dtype) in ("str", "object"):
                assert not addresses & set(frame[column].dropna().astype(str).str.lower()), (name, column)
