"""The answers of lesson 01 against what was planted, published or counted in another way."""

import pandas as pd
import pytest
from lesson_run import lesson, run

from engagelab.notebook.answers.lesson_01 import EXERCISES
from engagelab.notebook.exercises import check
from engagelab.notebook.setup import opened
from engagelab.words import text


@pytest.fixture(scope="module")
def sample():
    return run(lesson("01"))


def test_the_naive_and_the_right_answer_to_the_first_are_those_of_the_planted_truth(sample):
    wanted = EXERCISES["01.1"](opened())
    assert abs(wanted.naive - 9.49) < .01 < 3 > abs(wanted.right)  # 28.54 less 19.05, and nothing but noise


def test_a_rounded_answer_is_taken_where_rounding_cannot_mislead(sample):
    assert text("exercise.01.3.right") in check("01.3", round(sample["01.3"][1], 3))
    assert text("exercise.01.1.right") in check("01.1", round(sample["01.1"][1], 2))


def test_the_clicks_come_period_by_period_and_in_any_order(sample):
    answer = sample["01.4"][1]
    assert isinstance(answer, pd.DataFrame) and text("exercise.01.4.right") in check("01.4", answer[::-1])
    assert text("exercise.01.4.hint") in check("01.4", answer[:-1])
