"""`engagelab doctor` says what a folder can answer, what is missing and what could not be read."""

from pathlib import Path

from engagelab.notebook.doctor import doctor

ROOT = Path(__file__).parents[2]


def test_the_sample_answers_everything():
    said = doctor(ROOT / "data").splitlines()
    assert said[0] == "Asanagi Coffee: 2025-04-01 to 2026-09-30"
    assert "  01_customers: all of it" in said
    assert any(line.startswith("  e-mail sends: ") and "18 files" in line for line in said)
    assert "Not read:" not in said


def test_a_folder_with_one_good_and_one_bad_file(tmp_path):
    (tmp_path / "orders.csv").write_text("order_id,user_id,ordered_at,total\n1,C1,2026-09-30T12:00:00Z,1200\n", "utf-8")
    (tmp_path / "page.csv").write_text("<!doctype html><html><body>Log in</body></html>", "utf-8")
    said = doctor(tmp_path)
    assert "orders: 1 rows from orders.csv" in said
    assert "page.csv" in said.split("Not read:")[1]
    assert "01_customers: without what needs" in said
    assert "answers to an NPS question" in said.split("without what needs")[1]
