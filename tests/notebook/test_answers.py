"""Every exercise tells the right answer, the naive one and any other apart, on the sample and on other companies."""

import pytest
from lesson_run import lesson, run

from engagelab import words
from engagelab.notebook.editions import student
from engagelab.notebook.exercises import EXERCISES, check

LESSONS = sorted({name[:2] for name in EXERCISES})
OTHER = 987_654.3


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_the_naive_one_and_another_are_told_apart(wanted, name):
    assert words.text(f"exercise.{name}.right") in check(name, wanted[name].right)
    assert words.text(f"exercise.{name}.hint") in check(name, OTHER)
    if wanted[name].naive is not None:
        assert words.text(f"exercise.{name}.naive") in check(name, wanted[name].naive)


@pytest.mark.slow   # from here on other data are opened
@pytest.mark.parametrize("number", LESSONS)
def test_an_unsolved_copy_says_nothing_there_or_answers_the_naive_reading(number):
    copy = student(lesson(number))
    for name, (said, answer) in run(copy).items():
        starts = next(cell.source for cell in copy.cells if f'el.check("{name}"' in cell.source)
        key = f"exercise.{name}.naive" if "# change this value" in starts else "exercise.nothing"
        assert words.text(key, name=name) in said, (name, answer)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "seed"), [*((number, 11) for number in LESSONS), ("03", 5), ("04", 5)])
def test_each_solution_is_right_on_the_company_of_another_team(team, number, seed):
    said = run(lesson(number), team(seed, 1500))
    assert sorted(said) == [name for name in EXERCISES if name.startswith(number)]
    for name, (sentence, answer) in said.items():
        assert words.text(f"exercise.{name}.right") in sentence, (name, answer)
