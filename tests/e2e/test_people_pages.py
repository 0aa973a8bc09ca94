"""The employees' page from whatever pulse there is: large or small, one wave or several, on any scale."""

import csv
import random
import re
import shutil

import pytest
from test_pages import EXPORTS, ROOT, english, made

from engagelab import cli

pytestmark = pytest.mark.slow
__all__ = ["english"]  # the fixture that each page starts with
FIELDS = ["wave", "user_id", "question_id", "answered_at", "kind", "dimension", "score", "text", "team", "shop_id"]
DIMENSIONS = {"enps": "overall", "happy": "overall", "energy": "vigor", "proud": "dedication", "say": "organisation",
              "boss": "job", "learn": "person"}


def page(data, out):
    assert cli.main(["report", "03", "--data", str(data), "--out", str(out)]) == 0
    return made(out, "03_employees")


def small(folder, *, people, waves, scale=(0, 10), questions=tuple(DIMENSIONS), settings="", comments=True):
    """A pulse of made-up people."""
    chance = random.Random(5)
    folder.mkdir()
    (folder / "engagelab.toml").write_text(f'name = "Kiefer"\nlanguage = "en"\n{settings}', encoding="utf-8")
    low, high = scale
    with (folder / "pulses.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        for month in range(1, waves + 1):
            for who in range(people):
                mood = chance.random()
                for name in questions:
                    score = chance.randint(0, 10) if name == "enps" else round(
                        low + (high - low) * min(max(.7 * mood + .4 * chance.random(), 0), 1))
                    writer.writerow({"wave": f"2026-0{month}", "user_id": f"p{who}", "question_id": name,
                                     "answered_at": f"2026-0{month}-1{who % 9}T09:00:00Z",
                                     "kind": "enps" if name == "enps" else "scale", "dimension": DIMENSIONS[name],
                                     "score": score, "team": "abc"[who % 3]})
                if comments and who % 4 == 0:
                    writer.writerow({"wave": f"2026-0{month}", "user_id": f"p{who}", "question_id": "comment",
                                     "answered_at": f"2026-0{month}-1{who % 9}T09:00:00Z", "kind": "text",
                                     "dimension": "overall", "team": "abc"[who % 3],
                                     "text": "Die Kantine von Frau Adler"})
    return folder


def test_the_exports_of_two_waves_say_what_the_sample_says(tmp_path):
    text = page(EXPORTS, tmp_path)
    assert "Most of the change comes from who answered" in text
    assert "from −17.9 to −9.1" in text and "from −8.6 to −12.2" in text
    assert "Above the others: S07. Below the others: S23." in text
    assert "voice explains most of satisfaction" in text
    assert "**Vote" not in text and "Key points" not in text and "Left out" not in text


@pytest.mark.parametrize("table", ["pulses", "employees", "shops"])
def test_one_table_alone_makes_a_page_of_people(table, tmp_path):
    shutil.copy(ROOT / f"data/{table}.csv", tmp_path / f"{table}.csv")
    text = page(tmp_path, tmp_path / "out")
    assert ("Most of the change comes from who answered" in text) == (table == "pulses")
    assert ("Turnover" in text) == (table == "employees")
    # shops alone say nothing of people: no page is made of them, and the index says why
    assert ("No page for lack of data: “Employees" if table == "shops" else "Left out: ") in text


def test_a_five_point_scale_has_to_be_said(tmp_path):
    text = page(small(tmp_path / "files", people=30, waves=2, scale=(1, 5)), tmp_path / "out")
    assert "write it into engagelab.toml, such as scale = [1, 5]" in text


def test_waves_follow_one_another_by_their_days_whatever_they_are_called(tmp_path):
    folder = small(tmp_path / "files", people=40, waves=2)
    path = folder / "pulses.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("2026-01,p", "Q4 2025,p").replace("2026-02,p", "Q1 2026,p"), encoding="utf-8")
    named = page(folder, tmp_path / "out")
    path.write_text(text, encoding="utf-8")
    plain = page(folder, tmp_path / "again")
    assert "Q1 2026 against Q4 2025" in named
    changes = [re.findall(r"eNPS of all who answered \w+ from ([−+\d.]+) to ([−+\d.]+)", one) for one in (named, plain)]
    assert changes[0] == changes[1] and changes[0]


def test_a_few_leavers_cannot_be_worked_out_from_those_who_did_not_answer_again(tmp_path):
    folder = small(tmp_path / "files", people=40, waves=2)
    path = folder / "pulses.csv"
    once = tuple(f"2026-02,p{who}," for who in range(25))
    path.write_text("".join(line for line in path.read_text("utf-8").splitlines(keepends=True)
                            if not line.startswith(once)), encoding="utf-8")
    gone = [f"p{who},a,2024-04-01T00:00:00Z,{'2026-01-25T00:00:00Z' if who < 3 else ''}\n" for who in range(40)]
    (folder / "employees.csv").write_text("user_id,team,hired_at,left_at\n" + "".join(gone), encoding="utf-8")
    text = page(folder, tmp_path / "out")
    for kind in ("left the company since", "did not answer again"):
        assert re.search(rf"{kind} 2026-01 – – – hidden", text), kind


def test_ids_that_are_not_those_of_the_employees_are_said(tmp_path):
    folder = small(tmp_path / "files", people=30, waves=2)
    shutil.copy(ROOT / "data/employees.csv", folder / "employees.csv")
    assert "ids of the pulse are not those of the employees" in page(folder, tmp_path / "out")


@pytest.mark.parametrize("how", [
    {"people": 12, "waves": 1}, {"people": 3, "waves": 2}, {"people": 40, "waves": 3, "questions": ("enps",)},
    {"people": 60, "waves": 2, "scale": (1, 5), "settings": '[pulse]\noutcome = "happy"\nscale = [1, 5]\n'},
    {"people": 30, "waves": 2, "questions": ("say", "boss"), "comments": False},
], ids=["one_wave", "three_people", "enps_alone", "five_point_scale", "drivers_alone"])
def test_a_small_pulse_makes_a_page_without_a_name_or_a_word_of_anybody(how, tmp_path):
    text = page(small(tmp_path / "files", **how), tmp_path / "out")
    assert "Kiefer" in text
    assert "Adler" not in text and "Kantine" not in text
    assert "nan" not in text.split()
