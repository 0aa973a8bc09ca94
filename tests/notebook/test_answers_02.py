"""The answers of lesson 02 against what was planted, published or counted in another way."""

import json
from pathlib import Path

import pytest
from lesson_run import lesson, run

from engagelab.notebook.answers.lesson_02 import EXERCISES
from engagelab.notebook.exercises import check
from engagelab.notebook.setup import opened
from engagelab.words import text

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sample():
    return run(lesson("02"))


def test_the_naive_answers_are_those_of_the_planted_truths(sample):
    truths = {truth["name"]: truth for truth in json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]}
    users = truths["active_users"]["naive"]
    assert EXERCISES["02.1"](opened()).naive == users["2026-09"] - users["2026-03"]
    nudged = EXERCISES["02.3"](opened())
    assert abs(nudged.right - truths["onboarding"]["truth"]["change_by_nudge"]) < .03 < .15 < nudged.naive


def test_a_number_of_the_table_is_taken_for_the_table_only_where_all_of_it_is_given(sample):
    differences = sample["02.4"][1]
    assert text("exercise.02.4.right") in check("02.4", differences["difference"][::-1])
    assert text("exercise.02.4.hint") in check("02.4", differences[:-1])
