"""The files of the four surveys, looked at as they are."""

import csv
import io
import json

import openpyxl
import pandas as pd

ZONE = "Asia/Tokyo"


def _rows(files, name):
    text = files["exports/" + name].content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def _answered(company, survey):
    answers = company["surveys"][company["surveys"]["survey"] == survey].drop_duplicates("respondent_id")
    return answers["answered_at"].dt.tz_convert(ZONE).dt.tz_localize(None)


def test_the_japanese_form_has_twelve_hours_and_says_which_half_of_the_day(files, company):
    header, *rows = _rows(files, "nps_email.csv")
    assert header[:2] == ["タイムスタンプ", "メールアドレス"]
    for row, known in zip(rows, _answered(company, "nps_email"), strict=True):
        day, clock, half, zone = row[0].split(" ")
        hour, minute, second = map(int, clock.split(":"))
        assert 1 <= hour <= 12
        hour = hour % 12 + (12 if half == "午後" else 0)
        assert pd.Timestamp(day.replace("/", "-")) + pd.Timedelta(hours=hour, minutes=minute, seconds=second) == known
        assert zone == "GMT+9"
    assert {row[0].split(" ")[2] for row in rows} == {"午前", "午後"}


def test_forms_end_their_lines_as_the_vendors_do(files):
    for name in ("nps_email.csv", "support_feedback.csv", "nps_in_app.csv"):
        content = files["exports/" + name].content
        assert content.count(b"\r\n") == content.count(b"\n")


def test_the_english_form_says_am_and_pm(files):
    _, *rows = _rows(files, "support_feedback.csv")
    assert {row[0].split(" ")[2] for row in rows} == {"AM", "PM"}


def test_qualtrics_has_three_header_rows_the_third_naming_the_zone(files, company):
    names, prose, third, *rows = _rows(files, "nps_in_app.csv")
    assert {json.loads(cell).get("timeZone") for name, cell in zip(names, third, strict=True)
            if name.endswith("Date")} == {ZONE}
    assert prose[names.index("Q1")].startswith("朝凪コーヒー")
    status = [row[names.index("Status")] for row in rows]
    assert status.count("Survey Preview") == 1
    real = [row for row in rows if row[names.index("Status")] == "IP Address"]
    recorded = pd.to_datetime([row[names.index("RecordedDate")] for row in real], format="%Y-%m-%d %H:%M:%S")
    assert recorded.tolist() == _answered(company, "nps_in_app").tolist()
    groups = {(row[names.index("Q1_NPS_GROUP")], int(row[names.index("Q1")])) for row in real}
    assert groups == {("Detractor", score) for score in range(7)} | {("Passive", 7), ("Passive", 8)} | {
        ("Promoter", 9), ("Promoter", 10)}


def test_addresses_of_computers_are_of_the_range_kept_for_examples(files):
    names, _, _, *rows = _rows(files, "nps_in_app.csv")
    assert all(row[names.index("IPAddress")].startswith("192.0.2.") for row in rows)


def test_the_workbook_of_the_delivery_survey_opens_with_every_answer(files, company):
    content = files["exports/csat_delivery.xlsx"].content
    header, *rows = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active.values
    assert header[:5] == ("ID", "開始時刻", "完了時刻", "メール", "名前")
    assert [row[2] for row in rows] == [stamp.to_pydatetime() for stamp in _answered(company, "csat_delivery")]
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    score = company["surveys"].query("survey == 'csat_delivery' and kind == 'csat'")["score"]
    assert sum(row[5] for row in rows) == score.sum()
    assert all(row[1] < row[2] for row in rows)
