"""The files of Google Analytics, of the sales systems and under our own headings, looked at as they are."""

import csv
import io
import json
import tomllib

import openpyxl
import pandas as pd
import pytest

from engagelab.sample.exports.mapped import mapped
from engagelab.sample.settings import export_settings

MAPPED = {"anken_ichiran.csv": "cp932", "ma_leads.csv": "utf-8-sig", "meishi.csv": "utf-8-sig",
          "kuchikomi.csv": "utf-8"}


def _lines(files, name, encoding="utf-8-sig"):
    return files["exports/" + name].content.decode(encoding).splitlines()


@pytest.mark.parametrize("name", MAPPED)
def test_what_the_mapping_names_stands_in_the_file_and_every_value_is_known_to_it(files, name):
    entry = tomllib.loads(export_settings())["files"][name]
    text = files["exports/" + name].content.decode(MAPPED[name])
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert set(entry["columns"]) <= set(rows[0])
    for theirs, ours in entry["columns"].items():
        known = entry.get("values", {}).get(ours if isinstance(ours, str) else ours[0])
        if known:
            assert {row[theirs] for row in rows} - {""} <= set(known), theirs


def test_a_mapped_file_is_written_in_the_words_of_its_mapping():
    deal = pd.DataFrame({"stage": ["won", "contact"], "amount": [117600.0, None]})
    assert mapped(deal, "anken_ichiran.csv")["進捗"].tolist() == ["受注", "初回接触"]
    assert mapped(deal, "anken_ichiran.csv")["見積金額（税込）"].tolist() == ["117600", ""]


def test_a_report_has_its_days_above_and_a_total_without_a_name_first(files):
    lines = _lines(files, "pages_and_screens_2026-09.csv")
    assert lines[0] == "# " + "-" * 40
    assert {"# 開始日: 20260901", "# 終了日: 20260930"} <= set(lines)
    header = lines.index("ページパスとスクリーン クラス,表示回数,アクティブ ユーザー")
    total, *rows = (line.split(",") for line in lines[header + 1:lines.index("", header)])
    assert total[0] == ""
    assert int(total[1]) == sum(int(row[1]) for row in rows)
    assert int(total[2]) < sum(int(row[2]) for row in rows)


def test_an_exploration_says_its_days_in_one_line_and_its_total_has_a_cell_more(files):
    lines = _lines(files, "explore_sources_2026-09.csv")
    assert "# 20260901-20260930" in lines
    header = lines.index("Session source,Session medium,Sessions,Active users")
    assert lines[header + 1].count(",") == lines[header].count(",") + 1
    assert lines[header + 1].endswith(",Grand total")


def test_events_are_those_of_the_last_week_in_the_order_of_time_with_one_value_a_parameter(files, company):
    records = [json.loads(line) for line in _lines(files, "ga4_events_20260924_20260930.jsonl", "utf-8")]
    since = pd.Timestamp("2026-09-24", tz="Asia/Tokyo")
    known = company["events"][company["events"]["occurred_at"] >= since]
    stamps = [int(record["event_timestamp"]) for record in records]
    assert stamps == [int(stamp.timestamp()) * 10**6 for stamp in known["occurred_at"]]
    assert {record["event_date"] for record in records} == {f"202609{day}" for day in range(24, 31)}
    assert all(len(entry["value"]) == 1 for record in records for entry in record["event_params"])
    who = {}
    for record in records:
        assert who.setdefault(record["user_pseudo_id"], record["user_id"]) == record["user_id"]


def test_the_sales_report_ends_with_the_lines_that_the_vendor_adds(files, company):
    lines = _lines(files, "opportunities.csv", "utf-8")
    deals = company["deals"]
    count = deals["owner"].isin(["sales 3", "sales 4"]).sum()
    assert lines[-5] == f'"Grand Totals ({count:,} records)"'
    assert len(lines) == 1 + count + 5
    assert len(_lines(files, "anken_ichiran.csv", "cp932")) == 1 + len(deals) - count


def test_employees_are_as_a_japanese_spreadsheet_saves_them(files, company):
    rows = list(csv.DictReader(io.StringIO(files["exports/employees.csv"].content.decode("cp932"), newline="")))
    assert next(iter(rows[0])) == "user_id / 従業員ID"
    hired = company["employees"]["hired_at"].dt.tz_convert("Asia/Tokyo")
    assert [row["hired_at / 入社日"] for row in rows] == [f"{day.year}/{day.month}/{day.day}" for day in hired]
    assert {row["voluntary / 自己都合"] for row in rows} == {"TRUE", "FALSE", ""}


def test_workbooks_hold_numbers_and_flags_as_such(files):
    book = openpyxl.load_workbook(io.BytesIO(files["exports/touchpoints.xlsx"].content), read_only=True)
    header, first, *_ = book.active.values
    cells = {name.partition(" / ")[0]: cell for name, cell in zip(header, first, strict=True)}
    assert (cells["cost"], cells["online"], cells["currency"]) == (380_000, True, "JPY")


def test_rows_of_a_file_are_counted_as_the_manifest_says(files):
    for name in ("exports/ma_leads.csv", "exports/kuchikomi.csv", "exports/ga4_events_20260924_20260930.jsonl"):
        content = files[name].content.decode("utf-8-sig")
        assert len(content.splitlines()) - content.startswith(("メール", "レビュー")) == files[name].rows
