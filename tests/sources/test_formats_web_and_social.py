"""Variants of social media, web analytics and messaging exports as files of the wild show them."""

import csv
import io
import json
import tempfile
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import SourceError
from engagelab.sources.folder import read_folder
from engagelab.sources.read import read

FACTS = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parents[1] / "reference" / "export_formats.json").read_text("utf-8"))
}
KEY = b"a key for tests"


@pytest.fixture
def load(tmp_path):
    def loaded(text, name="file.csv", **how):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path, **how)

    return loaded


def same(left, right):
    pd.testing.assert_frame_equal(left, right, check_like=True)


# X, daily

PARTS = (
    "impressions,engagements,engagement rate,retweets,replies,likes,user profile clicks,url clicks,hashtag clicks,"
    "detail expands,permalink clicks,app opens,app installs,follows,email tweet,dial phone,media views,media engagements"
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


# Google Analytics, reports

EN = """# ----------------------------------------
# Pages and screens: Page path and screen class
# Account: example
# Property: example.com
# ----------------------------------------
#
# All Users
# Start date: 20260817
# End date: 20260913
Page path and screen class,Views,Active users,Views per active user,Average engagement time per active user,Event count,Key events,Total revenue
,"12,345",3000,4.1,40.5,99,3,1000.5
/products/1,"1,200",800,1.5,50,20,1,1000.5
(other),11,5,2.2,1,2,0,0
"""
JA = """# ----------------------------------------
# ページとスクリーン: ページパスとスクリーン クラス
# アカウント: example
# プロパティ: example.com
# ----------------------------------------
#
# すべてのユーザー
# 開始日: 20260817
# 終了日: 20260913
ページパスとスクリーン クラス,表示回数,アクティブ ユーザー,アクティブ ユーザーあたりのビュー,アクティブ ユーザーあたりの平均エンゲージメント時間,イベント数,キーイベント,合計収益
,"12,345",3000,4.1,40.5,99,3,1000.5
/products/1,"1,200",800,1.5,50,20,1,1000.5
(other),11,5,2.2,1,2,0,0
"""


def test_a_report_in_english_and_japanese_is_one_table_without_its_total(load):
    japanese, english = load(JA), load(EN)
    same(english.frame, japanese.frame)
    assert english.frame["report"].unique().tolist() == ["Pages and screens"]
    assert english.frame["views"].tolist() == [1200, 11]
    assert english.rejects[["line", "reason"]].to_numpy().tolist() == [[11, "total row"]]
    assert not english.source.unknown and not japanese.source.unknown
    assert "Account: example" in english.source.preamble
    assert english.raw.index.tolist() == [11, 12, 13]


def test_comments_in_spanish_and_days_of_an_account_are_found_by_their_figures(load):
    text = "# Informe: Cuenta 7\n# Fecha de inicio: 20230101\n# Fecha de finalización: 20230131\n\nCountry,Sessions\nSpain,4\n"
    frame = load(text, tz="Europe/Madrid").frame
    assert frame["since"].tolist() == [pd.Timestamp("2022-12-31T23:00Z")]
    assert frame[["country", "sessions"]].to_numpy().tolist() == [["Spain", 4]]


def test_an_exploration_names_itself_last_and_its_total_has_one_cell_more(load):
    english = "# ---\n# example\n# Free form 1\n# 20260817-20260913\n# ---\n\nPage path + query string,Views\n,54334,Grand total\n/a,91\n"
    japanese = "# ---\n# example\n# Free form 1\n# 20260817-20260913\n# ---\n\nページパス + クエリ文字列,表示回数\n,54334,総計\n/a,91\n"
    reading = load(english)
    same(reading.frame, load(japanese).frame)
    assert reading.frame["report"].tolist() == ["Free form 1"]
    assert reading.frame["views"].tolist() == [91] and reading.rejects["reason"].tolist() == ["total row"]


SNAPSHOT = """# ----------------------------------------
# Reports snapshot
# Property: example.com
# ----------------------------------------
#
# All Users
# Start date: 20260101
# End date: 20260131
Nth day,Active users
0001,5
0000,7

# All Users
# Start date: 20260101
# End date: 20260131
Session primary channel group (Default Channel Group),Sessions,Engagement rate
Direct,10,0.5
Organic Search,30,61.66%

# All Users
# Start date: 20260101
# End date: 20260131
Country,Active users

Date,User retention
20260103,0.25
20260131,-1

Event name,Event count
page_view,90
scroll,x
"""


def test_all_tables_of_a_file_come_back_each_under_its_name(load):
    reading = load(SNAPSHOT, on_bad="return")
    frame = reading.frame
    assert frame.groupby("report", sort=False)["row"].agg(list).to_dict() == {
        "Reports snapshot: Nth day": [1, 2],
        "Reports snapshot: channel": [1, 2],
        "Reports snapshot: day": [1, 2],
        "Reports snapshot: event": [1, 2],
    }
    assert frame["dimension"].dropna().tolist() == ["Nth day"] * 2 and frame["member"].dropna().tolist() == [
        "0001",
        "0000",
    ]
    assert frame["channel"].dropna().tolist() == ["Direct", "Organic Search"]
    assert frame["engagement_rate_reported"].dropna().tolist() == [0.5, 0.6166]
    assert frame["retention_reported"].dropna().tolist() == [0.25]  # -1 says that the day has not come
    assert frame["day"].dropna().tolist() == [
        pd.Timestamp("2026-01-03", tz="UTC"),
        pd.Timestamp("2026-01-31", tz="UTC"),
    ]
    assert frame["until"].unique().tolist() == [pd.Timestamp("2026-01-31", tz="UTC")]
    assert reading.rejects[["line", "column", "value"]].to_numpy().tolist() == [[31, "Event count", "x"]]
    assert len(reading.raw) == reading.source.kept == 8


def test_rows_of_another_width_are_told_and_a_page_named_by_a_number_sign_is_no_comment(load):
    text = EN + "/short,1\n#top,5,5,1,1,1,1,1\n/long,1,1,1,1,1,1,1,8\n"
    reading = load(text, on_bad="return")
    assert reading.frame["page"].tolist() == ["/products/1", "(other)", "#top"]
    assert reading.rejects["reason"].tolist() == [
        "total row",
        "the row has too few cells",
        "the row has too many cells",
    ]
    assert reading.rejects["line"].tolist() == [11, 14, 16]


def test_two_months_of_a_report_stand_beside_each_other_and_a_second_export_of_one_replaces_the_first(tmp_path):
    (tmp_path / "a.csv").write_text(EN)
    (tmp_path / "b.csv").write_text(EN.replace("20260817", "20260914").replace("20260913", "20261011"))
    (tmp_path / "c.csv").write_text(EN.replace("(other),11", "(other),12"))
    frame = read_folder(tmp_path, key=KEY)["web_traffic"]
    assert frame["views"].tolist() == [1200, 12, 1200, 11]


def test_a_file_with_a_comment_of_another_kind_is_not_taken_for_a_report(load):
    with pytest.raises(SourceError, match="none of the known headers"):
        load("# exported by us\nname,sum\na,1\n")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "",
                "# All Users",
                "# Start date: 20260101",
                "# End date: 20260131",
                "#",
                "Country,Sessions",
                "Date,Views,New users",
            ]
            + [
                ",7,Grand total",
                ",5",
                "Japan,3",
                "20260103,1,2",
                "Japan",
                "Japan,3,4,5",
                "Total,9",
                '"a, b",1',
                "x,y",
                "\u202e,1",
            ]
        ),
        max_size=14,
    )
)
def test_no_row_of_any_table_is_lost(lines):
    """Each line that is no comment is a row in the account, or a header whose names are columns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.csv"
        text = "\n".join(
            ["# Report", "# Start date: 20260201", "# End date: 20260228", "City,Sessions", "Kyoto,1", *lines]
        )
        path.write_text(text + "\n", encoding="utf-8")
        reading = read(path, on_bad="return")
        raw = reading.raw
    assert reading.source.rows == reading.source.kept + reading.source.rejected == len(raw)
    assert raw.index.is_monotonic_increasing and raw.index.is_unique
    for number, cells in enumerate(csv.reader(io.StringIO(text)), 1):
        if any(cell.strip() for cell in cells) and not cells[0].startswith("#") and number not in raw.index:
            assert {cell.strip() for cell in cells if cell.strip()} <= set(raw.columns)


# Google Analytics, events


def event(n, *params, **more):
    kinds = ("string_value", "int_value", "float_value", "double_value")
    listed = [
        {"key": key, "value": {name: value if name == kind else None for name in kinds}} for key, kind, value in params
    ]
    return {
        "event_date": "20260127",
        "event_timestamp": 1769500000000000 + n,
        "event_name": "page_view",
        "event_params": listed,
        "user_id": None,
        "user_pseudo_id": "1000.2000",
        "platform": "IOS" if n else "WEB",
        "collected_traffic_source": {"manual_source": "google", "manual_medium": "cpc", "manual_campaign_name": "春"},
    } | more


EVENTS = [
    event(
        0,
        ("ga_session_id", "int_value", 17695),
        ("page_location", "string_value", 'https://example.com/?a="1,2"'),
        ("engagement_time_msec", "int_value", 2500),
        ("value", "double_value", 12.5),
        ("currency", "string_value", "JPY"),
    ),
    event(1, ("page_location", "string_value", "https://example.com/b"), user_id="u1"),
]


def json_lines(events):
    return "".join(json.dumps(one) + "\n" for one in events)


def as_csv(events, written):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(events[0])
    for one in events:
        writer.writerow([written(cell) if isinstance(cell, list | dict) else cell for cell in one.values()])
    return out.getvalue()


def test_events_are_the_same_table_from_json_parquet_and_csv(load, tmp_path):
    frame = load(json_lines(EVENTS), "events.json").frame
    source = tmp_path / "events.json"
    duckdb.sql(f"COPY (SELECT * FROM read_json('{source}', format = 'newline_delimited')) TO '{tmp_path}/a[1].parquet'")
    same(frame, read(tmp_path / "a[1].parquet").frame)
    same(frame, load(as_csv(EVENTS, json.dumps)).frame)
    same(frame, load(as_csv(EVENTS, repr)).frame)  # as pandas writes what it holds
    numbers_as_text = json_lines(EVENTS).replace("17695,", '"17695",').replace("2500,", '"2500",')
    same(frame, load(numbers_as_text, "events.jsonl").frame)  # as BigQuery writes whole numbers
    first = frame.iloc[0]
    assert first["session_id"] == "1000.2000.17695" and pd.isna(frame["session_id"].iloc[1])
    assert first["seconds"] == 2.5 and first["value"] == 12.5 and first["currency"] == "JPY"
    assert first["page"] == 'https://example.com/?a="1,2"' and first["campaign"] == "春"
    assert frame["platform"].tolist() == ["web", "app"]
    assert frame["occurred_at"].tolist() == [pd.Timestamp(1769500000000000 + n, unit="us", tz="UTC") for n in (0, 1)]


def test_an_event_that_comes_again_is_set_aside(load):
    reading = load(json_lines([*EVENTS, EVENTS[0]]), "events.json")
    assert len(reading.frame) == 2 and reading.rejects["reason"].tolist() == ["the same row once more"]


def test_events_of_a_folder_are_found_and_no_other_json_is(tmp_path):
    (tmp_path / "events.jsonl").write_text(json_lines(EVENTS))
    (tmp_path / "truth.json").write_text('{\n "a": 1\n}\n')
    data = read_folder(tmp_path, key=KEY)
    assert len(data["events"]) == 2 and data.skipped == ("truth.json",)


BROKEN = {
    "a line cut off": (json_lines(EVENTS)[:-30], "line 2 is no JSON record"),
    "no record": (json_lines(EVENTS) + "[1, 2]\n", "line 3 is no JSON record"),
    "spread over lines": ('{\n "a": 1\n}\n', "line 1 is no JSON record"),
    "nested without end": ('{"a": ' + "[" * 100_000 + "\n", "line 1 is no JSON record"),
    "zero byte": (json_lines(EVENTS).replace("example", "exa\0mple"), "is no text file"),
    "a record without end": ('{"a": "' + "x" * 5_000_000 + '"}\n', "line 1: the record is longer than 4 MB"),
    "other names in each line": (
        "".join(f'{{"k{n}": {n}}}\n' for n in range(3000)),
        "different columns and next to nothing in them",
    ),
    "empty records": ("{}\n{}\n", "is empty"),
    "another list of names": ('{"name": 1, "sum": 2}\n', "none of the known headers"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_json_is_one_line_that_says_where(load, what):
    text, said = BROKEN[what]
    with pytest.raises(SourceError, match=said) as error:
        load(text, "events.json")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"PAR1,a,b\n1,2,3\n"])
def test_what_is_no_parquet_is_said(load, content):
    with pytest.raises(SourceError, match=r"file\.parquet cannot be read as Parquet: ") as error:
        load(content, "file.parquet")
    assert "\n" not in str(error.value)


def test_wrong_nesting_is_a_fault_of_the_cell(load):
    wrong = [
        EVENTS[0] | {"event_params": "page"},
        EVENTS[1] | {"event_params": [{"key": "page_location", "value": 3}, 4]},
    ]
    with pytest.raises(SourceError, match=r"column 'event_params' .*'page' is no nested record"):
        load(json_lines(wrong), "events.json")
    reading = load(json_lines(wrong), "events.json", on_bad="return")
    assert reading.frame["page"].isna().tolist() == [True, False]
    assert reading.rejects["severity"].tolist() == ["cell"]


def test_half_letters_written_in_json_do_no_harm(load):
    odd = json_lines(EVENTS).replace("example.com/b", "example.com/\\ud83d")
    assert load(odd, "events.json").frame["page"].iloc[1] == "https://example.com/?"


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
