"""Reports and explorations of Google Analytics: comments, totals, several tables in one file."""

import csv
import io
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import SourceError
from engagelab.sources.folder import read_folder
from engagelab.sources.read import read

KEY = b"a key for tests"


def same(left, right):
    pd.testing.assert_frame_equal(left, right, check_like=True)


EN = """# ----------------------------------------
# Pages and screens: Page path and screen class
# Account: example
# Property: example.com
# ----------------------------------------
#
# All Users
# Start date: 20260817
# End date: 20260913
Page path and screen class,Views,Active users,Average engagement time,Event count,Key events,Total revenue
,"12,345",3000,40.5,99,3,1000.5
/products/1,"1,200",800,50,20,1,1000.5
(other),11,5,1,2,0,0
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
ページパスとスクリーン クラス,表示回数,アクティブ ユーザー,平均エンゲージメント時間,イベント数,キーイベント,合計収益
,"12,345",3000,40.5,99,3,1000.5
/products/1,"1,200",800,50,20,1,1000.5
(other),11,5,1,2,0,0
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
    text = "# Informe: Cuenta 7\n# Fecha de inicio: 20230101\n# Fecha de finalización: 20230131\n\n"
    text += "Country,Sessions\nSpain,4\n"
    frame = load(text, tz="Europe/Madrid").frame
    assert frame["since"].tolist() == [pd.Timestamp("2022-12-31T23:00Z")]
    assert frame[["country", "sessions"]].to_numpy().tolist() == [["Spain", 4]]


def test_an_exploration_names_itself_last_and_its_total_has_one_cell_more(load):
    comments = "# ---\n# example\n# Free form 1\n# 20260817-20260913\n# ---\n\n"
    japanese = load(comments + "ページパス + クエリ文字列,表示回数\n,54334,総計\n/a,91\n")
    reading = load(comments + "Page path + query string,Views\n,54334,Grand total\n/a,91\n")
    same(reading.frame, japanese.frame)
    below = load(comments + "Page path + query string,Views\n/a,91\n,54334,Grand total\n")
    same(reading.frame, below.frame)
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
    text = EN + "/short,1\n#top,5,5,1,1,1,1\n/long,1,1,1,1,1,1,8\n"
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


def many_tables():
    return "# Report\n# Start date: 20260101\n# End date: 20260131\n" + "\nCountry,Sessions\nJapan,1\n" * 1500


def test_more_tables_than_a_report_has_are_refused(load):
    with pytest.raises(SourceError, match="more than 1,000 tables"):
        load(many_tables())


DAYS = "# Traffic acquisition\n# Start date: 20260901\n# End date: 20260930\n"


def test_two_figures_of_one_name_are_an_error_and_not_the_first_of_them(load):
    with pytest.raises(SourceError, match="line 4: two columns are called 'Sessions'"):
        load(DAYS + "Session source,Sessions,Sessions\ngoogle,70,30\n")


@pytest.mark.parametrize(("header", "everybody"), [("Comparison", "All Users"), ("比較", "すべてのユーザー")])
def test_of_a_comparison_the_rows_of_all_users_are_kept_and_the_others_counted(load, header, everybody):
    reading = load(DAYS + f"Session source,{header},Hour,Sessions\n,{everybody},,100\n,Mobile,,30\n"
                   f"google,{everybody},07,70\ngoogle,Mobile,07,30\nbing,{everybody},08,30\n")
    plain = load(DAYS + "Session source,Hour,Sessions\n,,100\ngoogle,07,70\nbing,08,30\n")
    same(reading.frame.drop(columns="row"), plain.frame.drop(columns="row"))
    assert plain.frame[["dimension", "member", "sessions"]].to_numpy().tolist() == [
        ["Hour", "07", 70], ["Hour", "08", 30]]
    assert reading.source.unknown == () and "row of a comparison" in reading.report()
    assert reading.rejects[["line", "reason"]].to_numpy().tolist() == [
        [5, "total row"], [6, "total row"], [8, "row of a comparison, whose users are counted among all users"]]


def test_a_comparison_in_front_has_its_totals_too(load):
    reading = load(DAYS + "Comparison,Session source,Sessions\nAll Users,,100\nMobile,,60\nAll Users,google,100\n"
                   "Mobile,google,60\n")
    assert reading.frame[["source", "sessions"]].to_numpy().tolist() == [["google", 100]]
    assert reading.rejects["line"].tolist() == [5, 6, 8]


def test_comparisons_without_all_users_are_a_fault_for_nothing_of_the_table_would_be_left(load):
    text = DAYS + "Session source,Comparison,Sessions\ngoogle,Desktop,40\ngoogle,Mobile,60\n"
    with pytest.raises(SourceError, match="line 5: row of a comparison, and its table has no rows of all users; exp"):
        load(text)
    both = load(text + "\nCountry,Sessions\nJapan,3\n", on_bad="return")
    assert both.frame["sessions"].tolist() == [3] and len(both.rejects) == 2


@pytest.mark.parametrize("name", ["Date range", "期間"])
def test_two_spans_of_days_in_one_table_are_refused_for_the_comments_say_only_one(load, name):
    with pytest.raises(SourceError, match=f"column '{name}' says that two spans of days are compared"):
        load(DAYS + f"Session source,{name},Sessions\ngoogle,Sep 1 - Sep 30,70\ngoogle,Aug 1 - Aug 31,30\n")


PIVOT = "# Free form\n# 20260901-20260930\n\n,Device category,desktop,mobile,Totals\n"
PIVOT += "Session source,,Sessions,Sessions,Sessions\n,Totals,300,700,1000\ngoogle,,200,500,700\n"


def test_a_pivot_has_no_figure_that_is_known_and_none_of_its_rows_is_read(load):
    with pytest.raises(SourceError, match="line 5: no column of its table is a known figure"):
        load(PIVOT)
    reading = load(PIVOT + "\nCountry,Sessions\nJapan,3\n", on_bad="return")
    assert reading.frame[["country", "sessions"]].to_numpy().tolist() == [["Japan", 3]]
    assert not reading.source.personal      # "mobile" is a device here


def test_each_total_of_a_comparison_is_set_aside(load):
    reading = load(DAYS + "Session source,Comparison,Sessions\n,All Users,100\n,Mobile,60\ngoogle,All Users,100\n"
                   "google,Mobile,60\n")
    assert reading.frame["sessions"].tolist() == [100]
    assert reading.rejects["reason"].tolist()[:2] == ["total row", "total row"]
