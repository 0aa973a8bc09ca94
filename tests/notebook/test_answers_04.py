"""The answers of lesson 04 against what was planted, published or counted in another way."""

import json

import pandas as pd
import pytest
from lesson_run import LESSONS

from engagelab.notebook.answers import lesson_04
from engagelab.notebook.setup import setup


@pytest.fixture(scope="module")
def company():
    return setup("sample")


@pytest.fixture(scope="module")
def truth():
    truths = json.loads((LESSONS.parent / "data/truth.json").read_text("utf-8"))["truths"]
    return next(truth["truth"] for truth in truths if truth["id"] == 11)


def test_to_grade_by_clicks_brings_a_fraction_of_what_grading_by_margin_brings(wanted, truth):
    assert wanted["04.1"].naive < truth["margin_all"] < truth["margin_office"] < wanted["04.1"].right


def test_few_offices_bring_a_part_of_the_margin_that_their_planted_margin_explains(wanted, truth):
    parts = wanted["04.2"]
    assert parts.right / parts.naive == pytest.approx(truth["margin_office"] / truth["margin_all"], rel=.1)


def test_new_boundaries_hide_most_of_those_who_are_lost(wanted):
    assert 0 < 2 * wanted["04.3"].naive < wanted["04.3"].right


def test_booked_visits_told_the_outcome_only_after_it_was_known(wanted, company):
    lost, won = wanted["04.4"].naive
    assert won > 10 * lost and max(wanted["04.4"].right) < .1
    late = company["events"].assign(occurred_at=pd.Timestamp("2030-01-01", tz="UTC"))
    assert lesson_04.booked_before({**company.tables, "events": late}).right == [0, 0]


def test_one_customer_fewer_held_out_would_not_show_the_effect(wanted):
    from statsmodels.stats.proportion import power_proportions_2indep

    n, held, base = 3_947, wanted["04.5"].right, .26647

    def power(held):
        return power_proportions_2indep(lesson_04.EFFECT, base, n - held, ratio=held / (n - held)).power
    assert power(held - 4) < lesson_04.POWER < power(held + 4)
