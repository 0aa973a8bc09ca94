"""The answers of lesson 03 against what was planted, published or counted in another way."""

import pytest

from engagelab.notebook.answers import lesson_03
from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.setup import setup


@pytest.fixture(scope="module")
def company():
    return setup("sample")


def planted(company, name, column):
    """A company in which the pulse says something else."""
    pulses = company["pulses"].copy()
    pulses.loc[pulses["question_id"] == name, "score"] = column(pulses[pulses["question_id"] == name])
    return {**company.tables, "pulses": pulses}


def test_a_change_that_all_made_alike_is_found_in_those_who_stayed(company):
    late = planted(company, "stay", lambda rows: 5.0 + (rows["wave"] == "2026-08"))
    wanted = lesson_03.stay_of_the_same(late)
    assert (wanted.right, wanted.naive) == (1, 1)


def test_the_driver_that_makes_satisfaction_leads_however_low_another_is(company):
    voiced = company["pulses"].set_index(["wave", "user_id", "question_id"])["score"].unstack()["tools"]
    made = planted(company, "satisfaction",
                   lambda rows: voiced.reindex(list(zip(rows["wave"], rows["user_id"], strict=True))).to_numpy())
    assert lesson_03.leading_driver(made) == Answer("tools", "pay")


def test_no_shop_is_named_where_the_answers_are_shuffled(company):
    made = planted(company, "satisfaction", lambda rows: rows["score"].sample(frac=1, random_state=3).to_numpy())
    assert lesson_03.shops_apart(made).right == []
