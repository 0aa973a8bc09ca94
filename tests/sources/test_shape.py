"""Variants of the wild: old headers, phantom rows, paid beside organic, daily rows, reviews without a link."""

import pandas as pd
import pytest

from engagelab.errors import SourceError
from engagelab.privacy.pseudonyms import pseudonym
from engagelab.sources.read import read


def written(tmp_path, text, name="file.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_x_content_of_2024_with_its_phantoms_entities_and_backslash(tmp_path):
    text = (
        "Post id,Date,Post text,Link,Impressions,Likes,Share,Url clicks,Detail expands\\\n"
        "1,Mon Feb 10 2025,Tea &amp; coffee,https://x.com/1,10,1,2,3,4\n,,,https://x.com/undefined,0,0,0,0,0\n"
    )
    reading = read(written(tmp_path, text))
    assert reading.frame[["text", "shares", "url_clicks", "detail_expands"]].values.tolist() == [
        ["Tea & coffee", 2, 3, 4]
    ]
    assert reading.rejects["reason"].tolist() == ["phantom row without id and date"]


def test_promoted_columns_become_a_second_row_and_the_account_balances(tmp_path):
    text = (
        "Tweet id,Tweet permalink,Tweet text,time,impressions,engagement rate,favorites,"
        "promoted impressions,promoted favorites\n"
        "1,u,a,2015-09-30 18:42 +0000,100.0,NaN,4.0,50.0,2.0\n2,u,b,2015-09-30 18:42 +0000,80.0,Infinity,1.0,-,-\n"
    )
    reading = read(written(tmp_path, text))
    assert reading.frame[["post_id", "promotion", "impressions", "likes"]].values.tolist() == [
        ["1", "organic", 100, 4],
        ["1", "paid", 50, 2],
        ["2", "organic", 80, 1],
    ]
    assert reading.source.kept == 2
    assert reading.frame["engagement_rate_reported"].isna().all()


def test_clicks_on_x_are_the_sum_of_all_kinds_or_missing(tmp_path):
    head = (
        "Post id,Date,Post Link,Impressions,Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks\n"
    )
    frame = read(
        written(tmp_path, head + '1,"Tue, Jul 14, 2026",u,9,1,2,3,4,5\n2,"Tue, Jul 14, 2026",u,9,1,2,,4,5\n')
    ).frame
    assert frame["clicks"].iloc[0] == 15
    assert pd.isna(frame["clicks"].iloc[1])
    assert (
        "clicks" not in read(written(tmp_path, 'Post id,Date,Post Link,Impressions\n1,"Tue, Jul 14, 2026",u,9\n')).frame
    )


FACEBOOK = "Post ID,Page ID,Title,Description,Publish time,Date,Funded content status,Views,Reach\n"


def test_facebook_title_or_description_paid_or_organic_and_pacific_time(tmp_path):
    rows = '1,9,,Words,01/15/2026 18:30,Lifetime,,"1,250",980\n2,9,T,D,07/15/2026 18:30,Lifetime,Boosted,200,180\n'
    frame = read(written(tmp_path, FACEBOOK + rows)).frame
    assert frame[["text", "promotion", "impressions"]].values.tolist() == [
        ["Words", "organic", 1250],
        ["T", "paid", 200],
    ]
    assert frame["posted_at"].tolist() == [pd.Timestamp("2026-01-16T02:30Z"), pd.Timestamp("2026-07-16T01:30Z")]


def test_facebook_rows_of_one_day_are_not_summed_into_the_post(tmp_path):
    path = written(tmp_path, FACEBOOK + "1,9,T,,01/15/2026 18:30,01/16/2026,,5,4\n")
    with pytest.raises(SourceError, match="one day only and not the lifetime of the post; export the lifetime figures"):
        read(path)


def test_without_the_column_nothing_is_said_of_paid(tmp_path):
    text = "Post ID,Page ID,Publish time,Impressions\n1,9,01/15/2026 18:30,5\n"
    frame = read(written(tmp_path, text)).frame
    assert "promotion" not in frame
    assert frame["impressions"].tolist() == [5]


def test_ids_that_a_spreadsheet_damaged_are_rejected_and_the_rest_is_read(tmp_path):
    rows = "3.0672E+14,9,T,,01/15/2026 18:30,Lifetime,,5,4\n306720000000001,9,T,,01/15/2026 18:30,Lifetime,,6,4\n"
    reading = read(written(tmp_path, FACEBOOK + rows), on_bad="return")
    assert reading.frame["impressions"].tolist() == [6]
    assert reading.rejects[["line", "column", "value", "severity"]].values.tolist() == [
        [2, "Post ID", "3.0672E+14", "row"]
    ]


SAVED_AGAIN = {
    "facebook": (
        "Post ID,Page ID,Title,Publish time,Permalink,Views,Reach\n",
        "3.0672E+14,9,Caf\xe9,01/15/2026 18:30,https://www.facebook.com/{n},{n},4\n",
        "https://www.facebook.com/{n}",
    ),
    "instagram": (
        "投稿ID,アカウントのユーザーネーム,アカウントID,公開時間,リンク,ビュー,保存数\n",
        '"1,801E+16",u,9,01/15/2026 18:30, https://www.instagram.com/p/{n}/ ,{n},4\n',
        "https://www.instagram.com/p/{n}/",
    ),
    "x": (
        "Post id,Date,Post text,Post Link,Impressions\n",
        '2.074E+18,"Tue, Jul 14, 2026",Caf\xe9,https://x.com/a/status/207400000000000000{n}?s=20,{n}\n',
        "207400000000000000{n}",
    ),
}


@pytest.mark.parametrize("platform", SAVED_AGAIN)
def test_a_post_whose_id_a_spreadsheet_damaged_goes_by_its_link_and_keeps_its_counts(tmp_path, platform):
    head, row, made = SAVED_AGAIN[platform]
    path = tmp_path / "posts.csv"
    path.write_bytes((head + row.format(n=1) + row.format(n=2)).encode("cp932" if "投" in head else "latin-1"))
    reading = read(path, on_bad="return")
    assert reading.frame["post_id"].tolist() == [made.format(n=1), made.format(n=2)]
    assert reading.frame["impressions"].tolist() == [1, 2]
    assert reading.rejects[["line", "severity"]].to_numpy().tolist() == [[2, "cell"], [3, "cell"]]
    assert "the id is taken from the post's link, the counts are kept" in reading.report()
    assert reading.source.cells == 0  # nothing is missing
    with pytest.raises(SourceError, match=r"line 2, column .* was damaged by a spreadsheet .* do not save it"):
        read(path)


def test_a_damaged_id_is_that_of_the_sound_row_with_the_same_link_and_without_a_link_the_row_goes(tmp_path):
    text = SAVED_AGAIN["facebook"][0] + (
        "3.0672E+14,9,T,01/15/2026 18:30,https://www.facebook.com/1,5,4\n"
        "306720000000001,9,T,01/15/2026 18:30,https://www.facebook.com/1,5,4\n"
        "3.0672E+14,9,T,01/15/2026 18:30,,6,4\n"
        "3.0672E+14,9,T,01/15/2026 18:30,see below,6,4\n"
    )
    reading = read(written(tmp_path, text), on_bad="return")
    assert reading.frame["post_id"].tolist() == ["306720000000001"]
    rows = reading.rejects[reading.rejects["severity"] == "row"]
    assert rows["line"].tolist() == [3, 4, 5]
    said = ["the same row once more", *["was damaged by a spreadsheet (digits are lost)"] * 2]
    assert rows["reason"].tolist() == said


def test_mailchimp_members_by_status_pseudonym_or_their_own_id(tmp_path):
    text = (
        "Email Address,First Name,Plan,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID\n"
        "a@example.com,Aki,gold,4,2024-03-14 09:12:31,,55\n"
        "b@example.com,,,2,,2015-03-16 14:40:47,56\n"
    )
    path = written(tmp_path, text, "unsubscribed_members_export_abc.csv")
    plain = read(path)
    assert plain.frame["user_id"].tolist() == ["55", "56"]
    assert plain.frame["status"].unique().tolist() == ["unsubscribed"]
    assert plain.frame["consent_marketing"].tolist() == [False, False]
    assert plain.frame["created_at"].notna().all()
    assert plain.source.unknown == ("Plan",)
    keyed = read(path, pseudonymise=b"a key for tests", mapping={"Plan": "plan"}).frame
    assert keyed["user_id"].str.len().tolist() == [32, 32]
    assert keyed["plan"].tolist()[0] == "gold"


def test_a_mail_address_is_needed_where_people_are_named_by_it(tmp_path):
    text = "Email Address,MEMBER_RATING,LEID\n,4,\n"
    with pytest.raises(SourceError, match="so the row names nobody"):
        read(written(tmp_path, text))


def test_a_review_without_a_link_has_the_same_id_in_every_file(tmp_path):
    head = (
        "Package Name,Device,Review Submit Date and Time,Review Submit Millis Since Epoch,"
        "Star Rating,Review Text,Review Link\n"
    )
    row = "com.a,G07,2026-01-01T00:02:48Z,1767225768053,{},,\n"
    one = read(written(tmp_path, head + row.format(2))).frame
    two = read(written(tmp_path, head + row.format(3), "b.csv")).frame
    assert one["review_id"].tolist() == two["review_id"].tolist()
    with pytest.raises(SourceError, match="outside the possible range"):
        read(written(tmp_path, head + row.format(6), "c.csv"))


def test_zendesk_satisfaction_and_who_asked(tmp_path):
    text = (
        "Summation column,Id,Requester id,Requester external id,Requester email,"
        "Created at,Solved at,Satisfaction Score\n"
        "1,501,9,C7,a@example.com,2026-04-01 10:00,,Good\n"
        "1,502,8,,b@example.com,2026-04-01 10:00,,Not Offered\n"
        "1,503,7,,,2026-04-01 10:00,,Offered\n"
    )
    frame = read(written(tmp_path, text), pseudonymise=b"a key for tests").frame
    assert frame["csat"].tolist() == ["good", "not_offered", "offered"]
    assert frame["user_id"].str.len().tolist() == [2, 32, 1]
    assert "email" not in frame


ORDERS = "order_id,user_id,ordered_at,total\n1, Taro@Example.com,2026-09-30,1200\n2,C1,2026-09-30,800\n"


@pytest.mark.parametrize("theirs, mapping", [("user_id", None), ("Buyer", {"Buyer": "user_id"})])
def test_an_address_as_an_id_gives_way_to_its_pseudonym(tmp_path, theirs, mapping):
    ours = {"order_id": "order_id", "ordered_at": "ordered_at", "total": "total"}
    mapping = mapping and mapping | ours
    path, key = written(tmp_path, ORDERS.replace("user_id", theirs)), b"a key for tests"
    with pytest.raises(SourceError, match=rf"'{theirs}': people are named by their address, .*pseudonymise=key"):
        read(path, mapping=mapping)
    reading = read(path, mapping=mapping, pseudonymise=key)
    assert reading.frame["user_id"].tolist() == [pseudonym(pd.Series(["taro@example.com"]), key)[0], "C1"]
    assert "xample.com" not in reading.raw.to_csv() + reading.frame.to_csv()
    assert theirs in reading.source.personal
    assert read(path, mapping=mapping, keep_personal=True).frame["user_id"].tolist() == ["Taro@Example.com", "C1"]


def test_an_address_in_a_column_of_another_sort_is_not_shown(tmp_path):
    path = written(tmp_path, "order_id,user_id,ordered_at,total\n1,C1,2026-09-30,taro@example.com\n")
    with pytest.raises(SourceError, match=r"'\*\*\*' is not a number"):
        read(path)
    assert read(path, on_bad="return").rejects["value"].tolist() == ["***"]


def test_mapping_adds_a_column_to_a_known_format(tmp_path):
    text = "Timestamp,部署,How satisfied are you?\n2025/07/11 10:16:35 AM GMT+9,営業部,4\n"
    assert read(written(tmp_path, text), mapping={"部署": "segment"}).frame[["segment", "score"]].values.tolist() == [
        ["営業部", 4.0]
    ]
