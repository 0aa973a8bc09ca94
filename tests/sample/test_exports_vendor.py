"""What the vendors' files have in common."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab.sample.exports import vendor

PUBLISHED = json.loads((Path(__file__).parents[1] / "reference" / "sample_export_headers.json").read_text("utf-8"))
OURS = {"meta_business_suite_facebook_content": "facebook", "meta_business_suite_instagram_content_en": "instagram_en",
        "meta_business_suite_instagram_content_ja": "instagram_ja", "shopify_orders": "shopify",
        "zendesk_tickets": "zendesk", "google_play_reviews": "google_play"}


@pytest.mark.parametrize("name", ["x_account_content_en", "x_account_content_ja", "x_tweet_activity_ja",
                                  "mailchimp_campaigns", "rakuten_rms_orders", "x_account_overview", *OURS])
def test_headers_are_word_for_word_those_of_public_export_files(name):
    assert vendor.headers()[OURS.get(name, name)] == PUBLISHED[name][0]


def test_the_mailing_list_has_its_added_columns_between_the_name_and_the_rating():
    ours, theirs = vendor.headers()["mailchimp_members"], PUBLISHED["mailchimp_members"][0]
    added = ["Phone Number", "Segment", "Plan", "Won by", "Language"]
    assert [name for name in ours if name not in (*added, "TAGS")] == theirs
    assert ours[3:8] == added
    assert ours[-1] == "TAGS"


def test_a_survey_begins_with_the_vendor_s_own_columns():
    theirs = PUBLISHED["qualtrics"][0]
    assert vendor.headers()["qualtrics"][:19] == theirs[:19]


def test_a_column_that_the_vendor_does_not_have_is_no_silent_addition():
    with pytest.raises(KeyError, match="Likes"):
        vendor.filled("shopify", {"Likes": 1}, pd.RangeIndex(1))


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_percents_are_rounded_half_up(part, more):
    whole = part + more
    text = vendor.percent(pd.Series([part]), pd.Series([whole]))[0]
    assert text.endswith("%")
    assert abs(float(text[:-1]) - 100 * part / whole) <= .005 + 1e-9


def test_thousands_have_commas():
    assert vendor.grouped(pd.Series([0, 999, 1250, 1234567])).tolist() == ["0", "999", "1,250", "1,234,567"]
