"""Variants of social media, web analytics and messaging exports as files of the wild show them."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from engagelab.errors import SourceError
from engagelab.sources.folder import read_folder

FACTS = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parents[1] / "reference" / "export_formats.json").read_text("utf-8"))
}
KEY = b"a key for tests"


def same(left, right):
    pd.testing.assert_frame_equal(left, right, check_like=True)


# X, daily

PARTS = (
    "impressions,engagements,engagement rate,retweets,replies,likes,user profile clicks,url clicks,hashtag clicks,"
    "detail expands,permalink clicks,app opens,app installs,follows,email tweet,dial phone,media views,"
    "media engagements"
)
BY_DAY = f"Date,Tweets published,{PARTS},{','.join(f'promoted {name}' for name in PARTS.split(','))}\n"


def test_the_older_daily_export_of_x_has_38_columns_and_paid_counts_become_a_row_of_their_own(load):
    assert BY_DAY.count(",") == 37
    plain, paid = ",".join(map(str, range(10, 28))), ",".join(map(str, range(50, 68)))
    dashes = ",".join(["-"] * 18)
    reading = load(f"{BY_DAY}2024-03-04,2,{plain},{dashes}\n2024-03-05,1,{plain},{paid}\n")
    assert reading.source.format == "x_account_activity" and not reading.source.unknown
    assert reading.frame["promotion"].tolist() == ["organic", "organic", "paid"]
    assert reading.frame["impressions"].tolist() == [10, 10, 50]
    assert reading.frame["follows"].tolist() == [23, 23, 63]
    assert reading.source.kept == 2


def test_an_empty_day_of_x_is_missing_and_not_nothing(load):
    entry = FACTS["x_account_overview"]
    frame = load(",".join(entry["header_rows"][0]) + "\n" + "\n".join(entry["sample"]) + "\n").frame
    assert frame["impressions"].isna().tolist() == [False, True]
    assert frame["unfollows"].tolist() == [0, 1]


# Facebook before Business Suite


def legacy(rows, more=(), described=()):
    """A Page Insights file with further columns behind the leading ones, and what describes them."""
    names, descriptions = FACTS["facebook_page_insights_post_legacy"]["header_rows"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*names[:9], *more])
    writer.writerow([*descriptions[:9], *described])
    writer.writerows(rows)
    return out.getvalue()


def test_names_that_stand_twice_are_told_apart_by_the_row_of_descriptions(load):
    text = legacy(
        [["1_2", "https://x", "Hi", "Video", "", "", "02/19/2015 11:45:22 PM", "", 90, 7, 30, 4, 2, 1]],
        ["Lifetime Total Video Views"] * 2
        + [f"Lifetime Talking About This (Post) by action type - {name}" for name in ("like", "comment", "share")],
        ["Lifetime: views (Unique Users)", "Lifetime: views (Total Count)", "", "", ""],
    )
    reading = load(text)
    row = reading.frame.iloc[0]
    assert row["posted_at"] == pd.Timestamp("2015-02-20T07:45:22Z")  # Pacific time, in winter
    assert (row["media_views"], row["likes"], row["comments"], row["shares"]) == (30, 4, 2, 1)
    assert "Lifetime Total Video Views (Unique Users)" in reading.raw
    assert not reading.source.unknown


def test_a_legacy_file_is_read_without_its_row_of_descriptions_too(load):
    text = legacy([["1_2", "https://x", "Hi", "Link", "", "", "10/1/2015 21:00", "", 90]])
    lines = text.splitlines()
    same(load(text).frame, load("\n".join([lines[0], *lines[2:]]) + "\n").frame)


def test_the_page_level_file_with_latin_letters_and_a_lone_comma_below_its_header(load):
    names = [
        "Date",
        "Lifetime Total Likes",
        "Daily New Likes",
        "Daily Unlikes",
        "Daily Total Reach",
        "Lifetime Likes by City - Málaga",
    ]
    names += [f"Weekly thing {n}" for n in range(300)]
    rows = [["2/19/2015", 5000, 12, 3, 900, 40, *[1] * 300], ["2/20/2015", 5009, 10, 1, 800, 41, *[1] * 300]]
    text = "\n".join(",".join(map(str, row)) for row in [names, ["", ""], *rows]) + "\n"
    reading = load(text.encode("latin-1"))
    assert reading.source.format == "facebook_page_legacy" and reading.source.encoding == "cp1252"
    assert reading.frame["followers"].tolist() == [5000, 5009]
    assert reading.frame["unfollows"].tolist() == [3, 1]
    assert reading.frame["day"].tolist() == [pd.Timestamp("2015-02-19T08:00Z"), pd.Timestamp("2015-02-20T08:00Z")]
    assert not len(reading.rejects) and not reading.source.unknown


def test_totals_and_people_of_a_page_are_two_things_and_nothing_is_guessed_between_them(load):
    head = "Date,Lifetime Total Likes,Daily New Likes,Daily Total Impressions,Daily Total Impressions\n"
    said = ",,,Daily: impressions (Unique Users),Daily: impressions (Total Count)\n"
    row = "2/19/2015,5,1,70,900\n"
    assert load(head + said + row).frame["impressions"].tolist() == [900]
    with pytest.raises(SourceError, match="two columns are called 'Daily Total Impressions'"):
        load(head + ",\n" + row)


def test_the_teaching_file_has_no_dates_and_an_empty_flag_of_payment_is_open(load, tmp_path):
    entry = FACTS["facebook_metrics_uci"]
    third = entry["sample"][0].replace("120001;Photo;2;11;4;9;0;", "120001;Photo;2;11;4;9;;")
    reading = load(";".join(entry["header_rows"][0]) + "\n" + "\n".join([*entry["sample"], third]) + "\n")
    frame = reading.frame
    assert reading.source.delimiter == ";" and frame["posted_at"].isna().all()
    assert frame["promotion"].tolist()[:2] == ["organic", "paid"] and pd.isna(frame["promotion"].iloc[2])
    assert frame["post_id"].is_unique
    for theirs, ours in entry["canonical"].items():
        ours = {"interactions": "", "clickers": ""}.get(ours, ours)
        if ours:
            cells = [row.split(";")[entry["header_rows"][0].index(theirs)] for row in entry["sample"]]
            assert list(map(str, frame[ours][:2])) == cells
    assert len(read_folder(tmp_path, key=KEY)["social_posts"]) == 3


# YouTube and TikTok

VIDEOS = (
    "Content,Video title,Video publish time,Duration,Views,Subscribers,Likes,Impressions\n"
    'Total,,,,9000,12,300,100000\nabcdefghijk,How to,"Aug 25, 2026",312,4100,-3,150,"2,000"\n'
    '-bcdefghijk,Again,"Aug 26, 2026",12,10,0,1,20\n'
)
VIDEOS_JA = (
    "コンテンツ,動画のタイトル,動画公開時刻,長さ,視聴回数,チャンネル登録者,高評価数,インプレッション数\n"
    "合計,,,,9000,12,300,100000\nabcdefghijk,How to,2026/08/25,312,4100,-3,150,2000\n"
    "-bcdefghijk,Again,2026年8月26日,12,10,0,1,20\n"
)


def test_youtube_in_english_and_japanese_is_one_table_without_its_total(load):
    english, japanese = load(VIDEOS), load(VIDEOS_JA)
    same(english.frame, japanese.frame)
    assert english.frame["post_id"].tolist() == ["abcdefghijk", "-bcdefghijk"]
    assert english.frame["media_views"].sum() == 4110  # the total says 9,000
    assert english.frame["follows"].tolist() == [-3, 0]
    assert english.rejects["reason"].tolist() == ["total row"] and not english.source.unknown


def test_youtube_without_a_total_and_with_a_footer(load):
    rows = "".join(line for line in VIDEOS.splitlines(True) if not line.startswith("Total"))
    reading = load(rows + "Showing top 500 results\n")
    assert len(reading.frame) == 2 and reading.rejects["reason"].tolist() == ["footer"]


def test_days_of_tiktok_without_a_year_ask_for_it_and_go_on_at_the_new_year(load):
    head = "Date,Video Views,Profile Views,Likes,Comments,Shares\n"
    days = ["December 30", "December 31", "January 1"]
    text = head + "".join(f"{day},{n},0,0,0,0\n" for n, day in enumerate(days))
    with pytest.raises(SourceError, match="'December 30' has no year; read it with year="):
        load(text)
    expected = [pd.Timestamp(day, tz="UTC") for day in ("2025-12-30", "2025-12-31", "2026-01-01")]
    assert load(text, year=2025).frame["day"].tolist() == expected
    turned = head + "".join(f"{day},{n},0,0,0,0\n" for n, day in enumerate(["1 January", "31 December", "30 December"]))
    assert load(turned, year=2026).frame["day"].tolist() == expected[::-1]


# LINE


def test_line_in_english_and_japanese_is_one_table_in_utf_8_and_cp932(load):
    rows = "20260927,200,170,30\n20260928,202,171,31\n"
    english = load(b"\xef\xbb\xbf" + f"date,contacts,targetReaches,blocks\n{rows}".encode())
    japanese = load(f"日付,総友だち数,ターゲットリーチ,ブロック数\n{rows}".encode("cp932"))
    assert japanese.source.encoding == "cp932"
    same(english.frame, japanese.frame)
    assert english.frame["followers"].tolist() == [200, 202]  # running totals, as LINE gives them


# the stamps that pandas reads otherwise, or not at all

READ_WRONG = [
    # a form's own clock with its offset; pandas turns the sign of GMT+9 round
    ("2025/07/11 12:05:00 AM GMT+9", "google_forms", "Timestamp,Why?\n{},x\n", "answered_at", "2025-07-10T15:05Z"),
    (
        "2025/07/11 12:05:00 午前 GMT+9",
        "google_forms",
        "タイムスタンプ,なぜ?\n{},x\n",
        "answered_at",
        "2025-07-10T15:05Z",
    ),
    # a day in figures; as a number pandas counts nanoseconds of it
    (20260927, "line_friends", "date,contacts,targetReaches,blocks\n{},1,1,1\n", "day", "2026-09-26T15:00Z"),
    # microseconds; pandas counts nanoseconds
    (
        1769500000000000,
        "ga4_events",
        "event_timestamp,event_name,user_pseudo_id,event_params\n{},a,1,[]\n",
        "occurred_at",
        "2026-01-27T07:46:40Z",
    ),
    # a day without a year; pandas takes the year 1
    (
        "23 August",
        "tiktok_overview",
        "Date,Video Views,Profile Views,Likes,Comments,Shares\n{},1,1,1,1,1\n",
        "day",
        "2026-08-23T00:00Z",
    ),
    # Pacific time; pandas knows no zone of it
    ("09/27/2026 18:30", "meta_facebook", "Post ID,Page ID,Publish time\n1,1,{}\n", "posted_at", "2026-09-28T01:30Z"),
]


@pytest.mark.parametrize("stamp, name, text, column, expected", READ_WRONG)
def test_stamps_that_pandas_reads_wrong_are_read_right_here(load, stamp, name, text, column, expected):
    try:
        theirs = pd.Timestamp(pd.to_datetime(stamp))
        theirs = theirs.tz_localize("UTC") if theirs.tz is None else theirs
    except ValueError:
        theirs = None
    assert theirs != pd.Timestamp(expected)
    reading = load(text.format(stamp), year=2026)
    assert reading.source.format == name
    assert reading.frame[column].tolist() == [pd.Timestamp(expected)]
