"""The files of X and Meta, looked at as they are."""

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engagelab.sample.exports.social import FUNDED
from engagelab.sources.read import read

FIRST_NEW = "2026-01"


def _rows(files, name):
    text = files["exports/" + name].content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _named(files, start):
    return sorted(name.removeprefix("exports/") for name in files if name.startswith("exports/" + start))


def test_x_is_in_the_old_format_for_2025_and_in_the_new_one_for_2026(files):
    old, new = _named(files, "tweet_activity"), _named(files, "account_analytics")
    assert (len(old), len(new)) == (9, 9)
    assert all("2025" in name for name in old) and all("2026" in name for name in new)
    assert new[1] == "account_analytics_content_2026-02-01_2026-02-28.csv"


def test_in_the_old_format_every_cell_is_quoted_and_every_promoted_one_a_dash(files):
    name = "tweet_activity_metrics_example_2025-05.csv"
    assert files["exports/" + name].content.decode("utf-8").startswith('"ツイートID","')
    for row in _rows(files, name):
        promoted = [value for column, value in row.items() if column.startswith("プロモの")]
        assert promoted == ["-"] * 18
        assert float(row["エンゲージメント率"]) == pytest.approx(
            float(row["エンゲージメント"]) / float(row["インプレッション"]), abs=1e-11)
        assert row["インプレッション"].endswith(".0")


def test_new_exports_begin_with_the_last_week_of_the_month_before_and_newer_counts(files):
    may, june = (_rows(files, name) for name in _named(files, "account_analytics")[4:6])
    before = {row["Post id"]: row for row in may}
    again = [row for row in june if row["Post id"] in before]
    assert len(again) >= 3
    for row in again:
        assert "May" in row["Date"]
        assert int(row["Impressions"]) * 4 // 5 == int(before[row["Post id"]]["Impressions"])
    assert not {row["Post id"] for row in june} <= set(before)


def test_days_are_english_in_the_japanese_file_as_well(files):
    row = _rows(files, _named(files, "account_analytics")[-1])[-1]
    assert datetime.strptime(row["日付"], "%a, %b %d, %Y").strftime("%Y-%m") == "2026-09"


def test_meta_writes_pacific_time_and_commas_and_a_mark(files, company):
    posted = company["social_posts"].set_index("post_id")["posted_at"]
    for name in (*_named(files, "facebook"), *_named(files, "instagram")):
        assert files["exports/" + name].content.startswith(b"\xef\xbb\xbf")
        for row in _rows(files, name):
            stamp = datetime.strptime(row.get("Publish time") or row["公開時間"], "%m/%d/%Y %H:%M")
            known = posted[row.get("Post ID") or row["投稿ID"]]
            assert stamp.replace(tzinfo=ZoneInfo("America/Los_Angeles")) == known.to_pydatetime()
    assert any("," in row["Reach"] for row in _rows(files, "facebook_content_2026Q3.csv"))


def test_what_is_paid_is_marked_as_funded_and_nothing_else(files, company):
    posts = company["social_posts"]
    paid = set(posts.loc[posts["promotion"] == "paid", "post_id"])
    marked = {row["Post ID"] for name in _named(files, "facebook") for row in _rows(files, name)
              if row["Funded content status"] == FUNDED}
    assert marked == paid


def test_instagram_is_in_two_languages_and_has_no_clicks(files):
    headers = [list(_rows(files, name)[0]) for name in _named(files, "instagram")]
    assert ["Post ID" in header for header in headers] == [True] * 3 + [False] * 3
    assert not any("click" in column.lower() or "クリック" in column for header in headers for column in header)


def test_posts_of_others_stand_in_a_file_of_their_own_and_come_back_as_they_were(files, company, tmp_path):
    path = tmp_path / "social_posts_tagged.csv"
    path.write_bytes(files["exports/social_posts_tagged.csv"].content)
    posts = company["social_posts"]
    others = posts[posts["author"] != "brand"].dropna(axis="columns", how="all").reset_index(drop=True)
    found = read(path).frame
    for column in others.columns:
        assert found[column].equals(others[column]), column
    vendors = b"".join(file.content for name, file in files.items()
                       if "instagram_content" in name or "tweet" in name or "account_analytics" in name)
    assert not any(post.encode() in vendors for post in others["post_id"])
