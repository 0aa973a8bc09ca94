"""Every exercise is solved in the lesson and unsolved in the student's copy, which runs to its end as it is."""

import re
from pathlib import Path

import nbformat
import pytest

from engagelab import words
from engagelab.notebook.editions import BEGIN, END, student_copies
from engagelab.notebook.execute import execute, read
from engagelab.notebook.exercises import EXERCISES
from engagelab.notebook.tags import tags

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EDITIONS = [path for lesson in LESSONS for path in (lesson, lesson.parent / "ja" / lesson.name)]
COPIES = sorted((ROOT / "workshop").rglob("[0-9][0-9]_*.ipynb"))
CHECK = re.compile(r'el\.check\("(\d\d\.\d)", ')
KINDS = {"change one value": "change this value", "write the call": "your call here"}


def relative(path):
    return path.relative_to(ROOT).as_posix()


def exercises(notebook):
    """The cells that check an exercise, by its name."""
    return {CHECK.search(cell.source)[1]: cell for cell in notebook.cells
            if cell.cell_type == "code" and "exercise" in tags(cell)}


def said(cell, key):
    """Whether the check of a cell said that, in the language of the copy: `right`, `not_yet` or `nothing`."""
    text = "".join(output["data"].get("text/markdown", "") for output in cell.outputs if "data" in output)
    name = CHECK.search(cell.source)[1]
    starts = [row.split("**")[1].format(name=name) for row in words.catalogue()[f"exercise.{key}"].values()]
    return any(text.startswith(f"**{start}") for start in starts)


@pytest.mark.parametrize("path", LESSONS, ids=relative)
def test_a_lesson_has_three_exercises_or_more_of_both_grades(path):
    notebook = read(path)
    found = exercises(notebook)
    assert len(found) >= 3
    assert list(found) == [f"{path.name[:2]}.{number}" for number in range(1, len(found) + 1)]
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    grades = dict(re.findall(r"^### Exercise (\d\d\.\d): (.+)$", prose, re.MULTILINE))
    assert list(grades) == list(found)
    assert set(grades.values()) == set(KINDS)
    for name, cell in found.items():
        assert cell.source.count(BEGIN) == cell.source.count(END) == 1
        assert KINDS[grades[name]] in cell.source, name
        assert "lesson" in tags(cell)


@pytest.mark.parametrize("path", LESSONS, ids=relative)
def test_a_lesson_asks_two_questions_with_a_folded_answer(path):
    asked = [cell for cell in read(path).cells if "<details>" in cell.source]
    assert len(asked) >= 2
    for cell in asked:
        assert {"lesson", "exercise"} <= set(tags(cell))
        assert "</details>" in cell.source


@pytest.mark.parametrize("path", LESSONS, ids=relative)
def test_the_vote_comes_before_the_answer(path):
    cells = read(path).cells
    vote = next(place for place, cell in enumerate(cells) if "**Vote.**" in cell.source)
    answer = next(place for place, cell in enumerate(cells)
                  if "section:answer" in tags(cell) and cell.cell_type == "code")
    drawn = [place for place, cell in enumerate(cells[:vote])
             if any("image/png" in output.get("data", {}) or "text/html" in output.get("data", {})
                    for output in cell.get("outputs", ()))]
    assert drawn and drawn[0] < vote < answer


def test_every_exercise_stands_in_a_lesson():
    assert sorted(EXERCISES) == sorted(name for path in LESSONS for name in exercises(read(path)))


@pytest.mark.parametrize("path", EDITIONS, ids=relative)
def test_every_solution_is_right(path):
    for name, cell in exercises(read(path)).items():
        assert said(cell, "right"), name


@pytest.mark.parametrize("path", LESSONS, ids=relative)
def test_the_copies_are_in_step(path):
    for place, text in student_copies(path, ROOT / "workshop").items():
        assert place.read_text("utf-8") == text, f"{relative(place)}: run engagelab exercise"
        assert "SOLUTION" not in text


def test_there_is_a_copy_of_each_lesson_in_each_language_and_none_else():
    assert [relative(path) for path in COPIES] == sorted(
        f"workshop/{folder}{path.name}" for path in LESSONS for folder in ("", "ja/"))


@pytest.mark.slow
@pytest.mark.parametrize("path", COPIES, ids=relative)
def test_an_unsolved_copy_runs_to_its_end_and_nothing_in_it_is_right(path):
    done = execute(nbformat.read(path, as_version=4), folder=path.parent)
    for name, cell in exercises(done).items():
        assert said(cell, "not_yet") or said(cell, "nothing"), name
