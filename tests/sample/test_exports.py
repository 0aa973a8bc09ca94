"""The folder of exports says the same as the canonical tables, read as an analyst reads it."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sample.exports.vendor import quarters
from engagelab.sample.truths.campaigns import FACEBOOK_PARTS, nps
from engagelab.sources.folder import read_folder
from engagelab.tables import table, tables

WEEK = "2026-09-24"
POSTS = ["impressions", "likes", "replies", "reposts", "follows", "reach", "comments", "shares", "saves"]
# What the orders of the web shop and of the mall carry; the rest is named in the sample's README.
SHOPIFY = ("ordered_at", "paid_at", "cancelled_at", "status", "currency", "subtotal", "shipping", "tax",
           "discount", "total", "refunded", "coupon", "channel", "consent_marketing", "shop_id")
RAKUTEN = ("ordered_at", "status", "currency", "subtotal", "shipping", "tax", "points", "total", "channel")


@pytest.fixture(scope="module")
def read(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    for name, file in files.items():
        if name.startswith("exports/"):
            (folder / name.removeprefix("exports/")).write_bytes(file.content)
    return read_folder(folder, key=b"a key for tests")


@pytest.fixture(scope="module")
def made(company):
    """The canonical tables as far as they stand in the exports, people by the names that the folder gives them."""
    known = dict(company)
    spring, week = (pd.Timestamp(day, tz="Asia/Tokyo") for day in ("2026-04-01", WEEK))
    known["email_sends"] = known["email_sends"][known["email_sends"]["sent_at"] >= spring].drop(columns="subject")
    known["pulses"] = known["pulses"][known["pulses"]["wave"] >= "2026-05"]
    known["assignments"] = known["assignments"].query("experiment not in ('subject_lines', 'two_by_two')")
    known["events"] = known["events"][known["events"]["occurred_at"] >= week]
    members = known["identities"].query("source == 'member'")
    person = dict(zip(members["source_id"], members["person"], strict=True))
    for name, frame in known.items():
        for column in {"user_id", "referred_id"} & set(frame.columns):
            known[name] = known[name].assign(**{column: frame[column].map(person).fillna(frame[column])})
    return known


def _both(read, made, name, columns, by=None):
    """The same columns of a table as read and as made, in one order."""
    by = list(by or table(name).key)
    return [tables[name][[*by, *(column for column in columns if column not in by)]].sort_values(by, ignore_index=True)
            for tables in (read, made)]


def test_every_canonical_table_is_in_the_folder(read):
    assert set(read) == set(tables())


def test_every_file_is_read_and_nothing_is_set_aside_but_what_is_no_data(read):
    assert (read.frame["problem"] == "").all(), read.frame.loc[read.frame["problem"] != "", ["file", "problem"]]
    rejected = read.frame[read.frame["rejected"] > 0].set_index("file")["rejected"].to_dict()
    assert rejected == {"nps_in_app.csv": 1, "kuchikomi.csv": 5, "opportunities.csv": 5,
                        "explore_sources_2026-09.csv": 1, "pages_and_screens_2026-09.csv": 1}


def test_the_spoilt_rows_are_named_each_with_its_own_reason(read):
    spoilt = read.rejects[read.rejects["file"] == "kuchikomi.csv"]
    assert (spoilt["severity"] == "row").all()
    assert spoilt["reason"].nunique() == 5
    assert spoilt["line"].tolist() == list(range(spoilt["line"].min(), spoilt["line"].min() + 5))


def test_only_columns_that_nobody_asked_for_are_unknown(read):
    assert {name: reading.source.unknown for name, reading in read.readings.items() if reading.source.unknown} == {
        "kuchikomi.csv": ("会社規模",), "meishi.csv": ("役職",)}
    assert read.said == ()


def test_four_files_are_read_by_a_saved_mapping_alone(read):
    by_mapping = read.frame.query("format == 'mapping'").set_index("file")["table"].to_dict()
    assert by_mapping == {"anken_ichiran.csv": "deals", "kuchikomi.csv": "reviews", "ma_leads.csv": "customers",
                          "meishi.csv": "customers"}


def test_encodings_are_those_of_the_vendors(read):
    found = {name: reading.source.encoding for name, reading in read.readings.items()}
    assert {found[name] for name in ("rakuten_orders.csv", "anken_ichiran.csv", "employees.csv")} == {"cp932"}
    assert found["reviews_com.example.asanagi_202609.csv"].startswith("utf-16")


def test_all_families_and_our_own_headers_are_there(read):
    assert {"x_account_content", "x_tweet_activity", "meta_facebook", "meta_instagram", "mailchimp_campaigns",
            "mailchimp_members", "google_forms", "microsoft_forms", "qualtrics", "shopify_orders", "zendesk_tickets",
            "google_play_reviews", "x_account_overview", "line_friends", "rakuten_rms_orders", "salesforce_report",
            "ga4_report", "ga4_events"} <= set(read.frame["format"])


@pytest.mark.parametrize("name", sorted(set(tables()) - {"web_traffic"}))
def test_every_table_has_as_many_rows_as_the_canonical_one(read, made, name):
    assert len(read[name]) == len(made[name])


@pytest.mark.parametrize("name", ["accounts", "assignments", "costs", "email_sends", "employees", "pulses", "rates",
                                  "referrals", "shops", "subscriptions", "targets", "touchpoints"])
def test_what_stands_under_our_own_headings_comes_back_whole(read, made, name):
    columns = [column for column in made[name].columns if not table(name).columns[column].personal]
    pd.testing.assert_frame_equal(*_both(read, made, name, columns), check_exact=True)


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
    at_mall = ours["channel"] == "rakuten"
    assert .03 * len(ours) < at_mall.sum() < .07 * len(ours)
    assert "USD" in set(ours["currency"])
    for here, columns in ((~at_mall, SHOPIFY), (at_mall, RAKUTEN)):
        for column in columns:
            pd.testing.assert_series_equal(theirs.loc[here, column], ours.loc[here, column], obj=column)


def test_items_are_the_same(read, company):
    theirs, ours = (tables["order_items"].set_index(["order_id", "line"]).sort_index() for tables in (read, company))
    ours["list_price"] = ours["list_price"].where(ours.index.get_level_values("order_id").str.startswith("#"))
    for column in ("product", "sku", "quantity", "unit_price", "list_price", "currency"):
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
    for each in (read, company):
        posts = each["social_posts"].query("platform == 'facebook'")
        by = [posts["promotion"].fillna("organic"), quarters(posts["posted_at"])]
        rates.append(posts[FACEBOOK_PARTS].sum(axis=1).groupby(by).sum() / posts["reach"].groupby(by).sum())
    assert rates[0].to_dict() == rates[1].to_dict()


def test_campaigns_are_the_same(read, company):
    theirs, ours = (tables["email_campaigns"].set_index("campaign_id").sort_index() for tables in (read, company))
    for column in ("sent_at", "recipients", "delivered", "bounces", "unique_opens", "opens", "unique_clicks", "clicks",
                   "unsubscribes", "complaints", "orders", "revenue", "open_rate_reported", "click_rate_reported"):
        pd.testing.assert_series_equal(theirs[column], ours[column], obj=column)


def test_reviews_are_the_same(read, company):
    columns = ["created_at", "rating", "title", "text", "language", "version", "reply", "reply_at", "platform",
               "product_id"]
    theirs, ours = (tables["reviews"][columns].sort_values(["created_at", "rating"], ignore_index=True)
                    for tables in (read, company))
    pd.testing.assert_frame_equal(theirs, ours)


def test_every_person_of_every_table_is_found_among_the_customers(read, company, made):
    people = read["customers"]
    assert people["user_id"].is_unique
    for name in ("orders", "subscriptions", "email_sends", "surveys", "tickets", "deals", "events", "referrals"):
        assert read[name]["user_id"].isin(people["user_id"]).all(), name
        assert read[name]["user_id"].nunique() == made[name]["user_id"].nunique(), name
    assert read["referrals"]["referred_id"].dropna().isin(people["user_id"]).all()
    for column in ("segment", "plan", "channel", "status", "language", "country", "stage"):
        assert people[column].value_counts().to_dict() == company["customers"][column].value_counts().to_dict()


def test_leads_are_those_of_the_marketing_system_and_of_the_cards_to_the_second(read, made):
    theirs, ours = (tables["customers"].set_index("user_id").sort_index() for tables in (read, made))
    leads = ours.index[ours["status"].isna()]
    for column in ("created_at", "channel", "stage", "converted_at", "account_id", "consent_marketing", "consent_at",
                   "consent_analysis", "consent_analysis_at", "changed_at"):
        pd.testing.assert_series_equal(theirs.loc[leads, column], ours.loc[leads, column], obj=column)
    assert (theirs.loc[leads, "score"].notna() == (ours.loc[leads, "channel"] != "trade_fair")).all()


def test_deals_of_both_lists_are_the_same_to_the_minute(read, made):
    columns = ["account_id", "account_name", "user_id", "stage", "pipeline", "amount", "currency", "tax_included",
               "owner", "channel", "won", "reason", "opened_at", "last_activity_at", "closed_at"]
    theirs, ours = _both(read, made, "deals", columns)
    in_minutes = ours["owner"].isin(["sales 3", "sales 4"])
    for column in ("opened_at", "last_activity_at", "closed_at"):
        ours[column] = ours[column].where(~in_minutes, ours[column].dt.floor("min"))
    pd.testing.assert_frame_equal(theirs, ours)


def test_events_of_the_last_week_are_the_same_to_the_second(read, made):
    columns = ["page", "content_id", "seconds", "source", "medium", "campaign", "platform"]
    theirs, ours = _both(read, made, "events", columns, ["occurred_at", "user_id", "event"])
    pd.testing.assert_frame_equal(theirs, ours)
    assert read["events"]["session_id"].nunique() == made["events"]["session_id"].nunique()
    assert read["events"]["device_id"].nunique() == made["events"]["user_id"].nunique()


def test_the_accounts_day_by_day_are_the_same(read, company):
    carried = {"x": ["impressions", "likes", "engagements", "bookmarks", "shares", "follows", "unfollows", "replies",
                     "reposts", "profile_clicks", "posts"],
               "line": ["followers", "reachable", "blocks"],
               "instagram": ["impressions", "reach", "likes", "shares", "follows", "unfollows", "followers", "posts"]}
    for platform, columns in carried.items():
        theirs, ours = (frame[frame["platform"] == platform].sort_values("day", ignore_index=True)
                        for frame in (read["account_daily"], company["account_daily"]))
        pd.testing.assert_frame_equal(theirs[["account_id", *columns]], ours[["account_id", *columns]])
        zone = "UTC" if platform == "x" else "Asia/Tokyo"       # X counts its days in UTC
        assert (theirs["day"].dt.tz_convert(zone).dt.date == ours["day"].dt.tz_convert("Asia/Tokyo").dt.date).all()


def test_web_reports_are_counted_from_the_events_of_the_month(read, company):
    local = company["events"]["occurred_at"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m")
    month = company["events"][(local == "2026-09") & (company["events"]["platform"] == "web")]
    traffic = read["web_traffic"]
    pages = traffic[traffic["page"].notna()].set_index("page")
    assert pages["views"].to_dict() == month["page"].value_counts().to_dict()
    assert pages["active_users"].to_dict() == month.groupby("page")["user_id"].nunique().to_dict()
    named = traffic[traffic["event"].notna()].set_index("event")["events"]
    assert named.to_dict() == month["event"].value_counts().to_dict()
    sessions = traffic[traffic["source"].notna()].set_index(["source", "medium"])["sessions"]
    assert sessions.to_dict() == month.dropna(subset=["source"]).groupby(["source", "medium"]).size().to_dict()


def test_no_name_or_address_of_a_person_is_in_what_is_read(read, company):
    addresses = {*company["customers"]["email"], *company["employees"]["email"]}
    names = {*company["employees"]["name"], *(company["customers"]["last_name"] + company["customers"]["first_name"])}
    for name, frame in read.items():
        for column in frame.columns:
            if str(frame[column].dtype) in ("str", "object"):
                cells = frame[column].dropna().astype(str)
                assert not addresses & set(cells.str.lower()), (name, column)
                assert not names & set(cells.str.replace(" ", "")), (name, column)
