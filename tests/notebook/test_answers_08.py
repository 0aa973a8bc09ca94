"""The answers of lesson 08 against what was planted, published or counted in another way."""

import json

import pandas as pd
import pytest
from lesson_run import LESSONS

import engagelab as el
from engagelab.notebook.setup import open_data


def test_an_interval_of_four_times_the_answers_is_half_as_wide(wanted):
    asked = el.example("surveys").query("kind == 'nps'").head(500)
    few, many = (el.measure(pd.concat([asked] * times), el.nps("score")).iloc[0] for times in (1, wanted["08.1"].right))
    assert (many["high"] - many["low"]) / (few["high"] - few["low"]) == pytest.approx(.5, abs=.01)


def test_as_many_series_are_counted_as_the_lesson_watches(wanted):
    stored = json.loads((LESSONS / "08_report_of_the_quarter.ipynb").read_text("utf-8"))
    said = json.dumps(stored, ensure_ascii=False)
    watched = round(wanted["08.2"].right * 20 / 12)
    assert f"(series watched: {watched})" in said


def test_without_talks_support_rose_by_what_was_planted(wanted):
    truths = json.loads((LESSONS.parent / "data/truth.json").read_text("utf-8"))["truths"]
    planted = {truth["id"]: truth for truth in truths}
    without, talks = wanted["08.3"].right, wanted["08.3"].naive
    assert without.iloc[1] - without.iloc[0] == pytest.approx(.83, abs=.02)
    assert talks.iloc[1] - talks.iloc[0] == pytest.approx(planted[10]["naive"]["change"], abs=.01)


def test_the_months_needed_give_a_fifth_more_profit_by_hand(wanted):
    company = open_data("sample")
    when = el.periods(company)
    profit = el.profit_tree(company, when)
    now = profit.values[when.now]
    moved = profit.tree.what_if(now, stayed=wanted["08.4"].right).frame.iloc[0]
    assert moved["after"] == pytest.approx(1.2 * moved["before"])
