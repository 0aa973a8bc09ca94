"""`engagelab doctor` says what a folder can answer, what is missing and what could not be read."""

from pathlib import Path

import pytest

from engagelab import words
from engagelab.notebook.doctor import doctor

ROOT = Path(__file__).parents[2]
FORM = "Timestamp,Email Address,How satisfied are you?\n2025/07/11 10:16:35 AM GMT+9,a@example.com,4\n"


@pytest.fixture(autouse=True)
def english():
    yield
    words.set_language("en")


def test_the_sample_answers_everything():
    said = doctor(ROOT / "data").splitlines()
    assert said[0] == "Asanagi Coffee: 2025-04-01 to 2026-09-30"
    assert "  01_customers: all of it" in said
    assert any(line.startswith("  e-mail sends: ") and "18 files" in line for line in said)
    assert "Not read:" not in said
    assert "Not known:" not in said


def test_a_folder_with_one_good_and_one_bad_file(tmp_path):
    (tmp_path / "orders.csv").write_text("order_id,user_id,ordered_at,total\n1,C1,2026-09-30T12:00:00Z,1200\n", "utf-8")
    (tmp_path / "page.csv").write_text("<!doctype html><html><body>Log in</body></html>", "utf-8")
    said = doctor(tmp_path)
    assert "orders: 1 rows from orders.csv" in said
    assert "page.csv" in said.split("Not read:")[1]
    assert "01_customers: without what needs" in said
    assert "answers to an NPS question" in said.split("without what needs")[1]


def test_it_says_of_which_files_rows_were_set_aside_and_why():
    said = doctor(ROOT / "data" / "exports").split("Set aside:")[1].split("\n\n")[0]
    assert "  kuchikomi.csv: 5 rows (" in said
    assert "is not a number" in said
    assert "ga4" not in said.split("kuchikomi")[1].split("\n")[0]


def test_it_says_what_is_known_to_be_unknown(tmp_path):
    (tmp_path / "engagelab.toml").write_text(
        'logo = "no.png"\n[files."ghost.csv"]\nyear = 2026\n[surveys.spook]\nchannel = "web"\n'
        '[surveys.asked]\nchannel = "email"', "utf-8")
    for name, text in {"csat": FORM, "asked": FORM, "people": "user_id,country\nC1,JP\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    part = doctor(tmp_path).split("Not known:\n")[1].split("\n\n")[0].splitlines()
    assert [line[:2] for line in part] == ["  "] * 5
    for line, beginning in zip(part, (
            "no channel for csat; set it under", 'engagelab.toml: [files."ghost.csv"] fits no file',
            'engagelab.toml: [surveys."spook"] is no survey', "customers have nothing in a column 'segment'",
            "engagelab.toml: logo cannot be 'no.png'"), strict=True):
        assert line.strip().startswith(beginning)


def test_it_speaks_the_language_of_the_folder(tmp_path):
    (tmp_path / "engagelab.toml").write_text('language = "ja"\nname = "朝凪"', "utf-8")
    (tmp_path / "csat.csv").write_text(FORM, "utf-8")
    (tmp_path / "page.csv").write_text("<!doctype html>", "utf-8")
    said = doctor(tmp_path)
    assert said.startswith("朝凪：2025-07-11～2025-07-11\n\nテーブル：\n  アンケート回答：1行（csat.csv）")
    assert "ウェブページです" in said and "csat：チャネルが未設定です" in said


def test_an_empty_folder_is_one_line(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    assert doctor(folder) == "mine gives no table: there is no CSV or XLSX file in it"
    (folder / "page.csv").write_text("<!doctype html>", "utf-8")
    assert doctor(folder).startswith("mine\n\nNot read:\n  page.csv")
