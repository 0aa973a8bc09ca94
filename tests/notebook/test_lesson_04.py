"""What the fourth lesson says, against what was planted in the sample company."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from lesson_run import lesson

import engagelab as el
from engagelab.notebook.setup import open_data
from engagelab.notebook.tags import tags

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def said():
    notebook = json.loads((ROOT / "notebooks/04_segments.ipynb").read_text("utf-8"))
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "\n".join("".join(data.get("text/markdown", data.get("text/plain", ""))) for data in outputs)


@pytest.fixture(scope="module")
def truth():
    return next(truth for truth in json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]
                if truth["id"] == 11)


def found(said, pattern):
    match = re.search(pattern, said)
    assert match, pattern
    return [float(figure.replace("−", "-").replace(",", "").replace("¥", "")) for figure in match.groups()]


def test_those_who_click_most_click_much(said, truth):
    low, high = found(said, r"clicks the tenth that clicks most +[\d.]+ +([\d.]+) to ([\d.]+)")
    assert low < truth["naive"]["clicks_top_tenth"] < high


def test_those_who_click_most_cost_money_and_offices_bring_most(said, truth):
    for who, key in (("the tenth that clicks most", "margin_top_tenth"), ("all customers", "margin_all"),
                     ("offices", "margin_office")):
        low, high = found(said, rf"margin +{who} +\S+ +(\S+) to (\S+)")
        assert low < truth["truth"][key] < high, who
    assert "Leave alone:" in said


def test_the_score_that_has_seen_the_future_is_seen_through(said, truth):
    superb, = found(said, r"AUC \(0\.5 is chance\) +([\d.]+)")
    assert superb == pytest.approx(truth["naive"]["auc_with_leak"], abs=.02)
    assert "alone tells how it ended" in said and re.search(r"visit\\_booked: \d+ of \d+ rows lie after", said)
    low, high = found(said, r"in [\d.]+ of pairs \(([\d.]+) to ([\d.]+); 0\.5 is guessing\)")
    assert low < truth["truth"]["auc"] < high


def test_the_list_has_numbers_owners_and_reasons_and_nobody_s_address(said):
    assert re.search(r"K\d{5} +sales \d +A +¥[\d,]+ +2026-\d\d-\d\d", said)
    assert "to be called every 14 days" in said
    assert "@" not in said and "050-" not in said


def test_no_consent_no_row_and_no_message(said):
    assert "720 of 5,500 left out: no consent to analysis" in said
    assert re.search(r"Held back: [1-9]\d* without consent", said)


def test_some_are_held_out(said):
    assert re.search(r"\d+ of \d+ customers \((19|20)\.\d%\) are held out\. From \d", said)


def test_pseudonyms_are_counted_and_not_read_out(monkeypatch):
    company = open_data("sample")
    orders = company["orders"].head(3000)
    orders = orders.assign(user_id=orders["user_id"].map(lambda name: hashlib.md5(str(name).encode()).hexdigest()))
    monkeypatch.setattr(el, "setup", lambda *_, **__: replace(company, tables={"orders": orders}))
    space = {}
    for cell in lesson("04").cells[:9]:
        if cell.cell_type == "code" and "lesson" not in tags(cell):
            exec(cell.source, space)
    answer = str(eval("el.paragraphs(*said)", space))
    assert "are overdue for a call.** The list is below" in answer
    assert not re.search("[0-9a-f]{32}", answer)
