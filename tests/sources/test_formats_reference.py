"""Every declared format against the facts of `tests/reference/export_formats.json`: headers as quoted
from public files, and which of our columns each of theirs is. The cells are read here by Python's csv
module and nothing else."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from engagelab.sources.declarations import declarations
from engagelab.sources.read import read, sniff

FACTS = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parents[1] / "reference" / "export_formats.json").read_text("utf-8"))
}
EXPECTED = {
    "x_tweet_activity_en": "x_tweet_activity",
    "x_tweet_activity_ja": "x_tweet_activity",
    "x_account_content_en": "x_account_content",
    "x_account_content_ja": "x_account_content",
    "meta_business_suite_facebook_content": "meta_facebook",
    "meta_business_suite_instagram_content_en": "meta_instagram",
    "meta_business_suite_instagram_content_ja": "meta_instagram",
    "mailchimp_campaigns": "mailchimp_campaigns",
    "mailchimp_members": "mailchimp_members",
    "qualtrics": "qualtrics",
    "google_forms_ja": "google_forms",
    "google_forms_en": "google_forms",
    "microsoft_forms_ja": "microsoft_forms",
    "microsoft_forms_en": "microsoft_forms",
    "google_play_reviews": "google_play_reviews",
    "shopify_orders": "shopify_orders",
    "zendesk_tickets": "zendesk_tickets",
    "klaviyo_campaigns": "klaviyo_campaigns",
    "surveymonkey": "surveymonkey",
    "typeform": "typeform",
    "salesforce_report": "salesforce_report",
    "hubspot_deals": "hubspot_deals",
    "eccube4_orders": "eccube4_orders",
    "rakuten_rms_orders": "rakuten_rms_orders",
    "x_account_overview": "x_account_overview",
    "facebook_page_insights_post_legacy": "facebook_posts_legacy",
    "facebook_metrics_uci": "facebook_metrics_uci",
    "youtube_studio_content": "youtube_content",
    "tiktok_studio_content": "tiktok_content",
    "line_official_friends": "line_friends",
    "ga4_report_en": "ga4_report",
    "ga4_report_ja": "ga4_report",
    "ga4_explore_freeform_ja": "ga4_report",
    "ga4_bigquery_events": "ga4_events",
}
# comments, a second header row or a total stand between the header and the rows: test_formats_web_and_social.py,
# test_blocks.py
NOT_PLAIN = {name for name in EXPECTED if name.startswith(("facebook", "youtube", "ga4_report", "ga4_explore"))}
ENCODED = {"google_play_reviews": "utf-16", "eccube4_orders": "cp932", "rakuten_rms_orders": "cp932"}
# where the facts call a column otherwise than the canonical tables do
RENAMED = {
    "posted_on": "posted_at",
    "customer_id": "user_id",
    "customer_email": "email",
    "csat_label": "csat",
    "first_reply_min": "first_reply_minutes",
    "resolution_min": "resolution_minutes",
    "submitted_at": "answered_at",
    "contact_id": "user_id",
    "external_id": "user_id",
    "opted_in_at": "created_at",
    "confirmed_at": "consent_at",
    "followers_total": "followers",
    "blocks_total": "blocks",
    "date": "day",
    "deal": "deal_name",
    "account": "account_name",
    "closed_on": "closed_at",
    "created_on": "opened_at",
    "points_used": "points",
}


def text_of(entry):
    lines = io.StringIO(newline="")
    csv.writer(lines, delimiter=";" if "uci" in entry["name"] else ",").writerows(entry["header_rows"])
    return lines.getvalue() + "\r\n".join(entry["sample"]) + "\r\n"


def written(tmp_path, name):
    path = tmp_path / f"{name}.csv"
    path.write_bytes(text_of(FACTS[name]).encode(ENCODED.get(name, "utf-8")))
    return path


@pytest.mark.parametrize("name", EXPECTED)
def test_each_listed_header_is_known_for_what_it_is(tmp_path, name):
    found = sniff(written(tmp_path, name))
    assert found.name == EXPECTED[name]
    assert found.confidence["signature"] == 1
    assert not found.unknown
    if not declarations()[found.name].survey:
        assert found.confidence["known"] == 1


@pytest.mark.parametrize("name", EXPECTED)
def test_each_sample_is_read_with_nothing_lost(tmp_path, name):
    reading = read(written(tmp_path, name))
    assert len(reading.raw) == 2 == reading.source.kept + reading.source.rejected
    assert set(reading.rejects["reason"]) <= {
        "trial answer of the survey's maker",
        "total row",
        "a row of another kind than the table holds, such as shipping or a text message"}


@pytest.mark.parametrize("name", [name for name in EXPECTED if not declarations()[EXPECTED[name]].survey
                                  and name not in NOT_PLAIN
                                  and name != "eccube4_orders"])     # of its two rows one is no item
def test_each_column_of_the_facts_holds_what_the_file_holds(tmp_path, name):
    entry = FACTS[name]
    reading = read(written(tmp_path, name), keep_personal=True)
    rows = list(csv.DictReader(io.StringIO(text_of(entry), newline="")))
    checked = 0
    for theirs, ours in entry["canonical"].items():
        ours = RENAMED.get(ours, ours)
        frame = next((frame for frame in reversed(reading.tables.values()) if ours in frame), None)
        if frame is None or len(frame) != 2 or isinstance(frame[ours].dtype, pd.DatetimeTZDtype):
            continue
        if (name, theirs) in (("zendesk_tickets", "Requester external id"), ("shopify_orders", "Currency"),
                             ("rakuten_rms_orders", "ステータス")):
            continue  # empty in the sample: filled from the requester's id, and from the order's first row; a code
        for row, value in zip(rows, frame[ours], strict=True):
            cell = row[theirs]
            if cell in ("", "-", "n/a") or cell is None:
                assert pd.isna(value), (theirs, cell, value)
            elif isinstance(value, str):
                assert value.casefold() == cell.casefold(), theirs
            else:
                number = float(cell.rstrip("%").replace(",", "")) / (100 if cell.endswith("%") else 1)
                assert value == pytest.approx(number, rel=1e-12), theirs
        checked += 1
    assert checked >= min(4, len(entry["canonical"]) - 1)


STAMPS = {  # worked out by hand from the rules of each vendor
    "x_tweet_activity_en": ("posted_at", "2024-03-04T09:15:00Z"),
    "x_account_content_ja": ("posted_at", "2026-10-05T00:00:00Z"),
    "meta_business_suite_facebook_content": ("posted_at", "2026-09-28T01:30:00Z"),
    "meta_business_suite_instagram_content_ja": ("posted_at", "2026-09-23T06:48:00Z"),
    "mailchimp_campaigns": ("sent_at", "2018-06-09T21:30:00Z"),
    "qualtrics": ("answered_at", "2026-04-01T00:02:01Z"),
    "google_forms_ja": ("answered_at", "2025-07-11T01:16:35Z"),
    "google_forms_en": ("answered_at", "2025-07-11T01:16:35Z"),
    "microsoft_forms_ja": ("answered_at", "2026-04-01T09:02:10Z"),
    "microsoft_forms_en": ("answered_at", "2026-07-27T19:17:10Z"),
    "google_play_reviews": ("created_at", "2026-06-15T10:00:00Z"),
    "shopify_orders": ("ordered_at", "2024-05-01T09:58:12Z"),
    "zendesk_tickets": ("solved_at", "2026-04-01T12:30:00Z"),
    "x_account_overview": ("day", "2026-09-27T00:00:00Z"),
    "facebook_page_insights_post_legacy": ("posted_at", "2015-10-02T04:00:00Z"),
    "youtube_studio_content": ("posted_at", "2026-08-25T00:00:00Z"),
    "tiktok_studio_content": ("posted_at", "2026-10-03T09:10:00Z"),
    "line_official_friends": ("day", "2026-09-26T15:00:00Z"),
    "ga4_report_en": ("until", "2026-09-13T00:00:00Z"),
    "ga4_report_ja": ("since", "2026-08-17T00:00:00Z"),
    "ga4_explore_freeform_ja": ("until", "2026-09-13T00:00:00Z"),
    "ga4_bigquery_events": ("occurred_at", "2026-01-27T07:46:40Z"),
    "klaviyo_campaigns": ("sent_at", "2025-04-06T11:00:00Z"),
    "surveymonkey": ("answered_at", "2026-04-01T09:03:00Z"),
    "typeform": ("answered_at", "2026-05-01T10:05:00Z"),
    "salesforce_report": ("closed_at", "2026-03-31T00:00:00Z"),
    "hubspot_deals": ("last_activity_at", "2026-07-25T10:00:00Z"),
    "eccube4_orders": ("ordered_at", "2026-04-01T01:00:00Z"),
    "rakuten_rms_orders": ("ordered_at", "2026-07-01T01:00:00Z"),
}


@pytest.mark.parametrize("name", STAMPS)
def test_first_stamp_of_each_sample(tmp_path, name):
    column, expected = STAMPS[name]
    assert read(written(tmp_path, name)).frame[column].iloc[0] == pd.Timestamp(expected)


def test_midnight_of_the_japanese_half_day_is_the_day_before_in_utc(tmp_path):
    frame = read(written(tmp_path, "google_forms_ja")).frame
    assert frame["answered_at"].iloc[-1] == pd.Timestamp("2025-07-10T15:05:00Z")


def test_no_two_formats_fit_one_header(tmp_path):
    for name, expected in EXPECTED.items():
        path = written(tmp_path, name)
        others = [near for near, missing in sniff(path).near if not missing]
        assert not others or expected == "google_forms", (name, others)
