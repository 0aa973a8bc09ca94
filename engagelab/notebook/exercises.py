"""`check`: whether the answer to an exercise is right, and if not, a hint that answers the naive conclusion.

The right answer is computed from the data that the notebook opened, so that every team may have a company of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, one_of
from engagelab.notebook.answers import (
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
)
from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.sentences import Sentence, say
from engagelab.notebook.setup import opened
from engagelab.sources.folder import Folder

ESTIMATES = ("estimate", "difference")
_LESSONS = (lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_06, lesson_07, lesson_08)
EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    name: answer for lesson in _LESSONS for name, answer in lesson.EXERCISES.items()}


def check(name: str, answer: Any) -> Sentence:
    """Whether the answer to an exercise is right; else a hint.

    name : the number of the exercise, such as "01.2".
    answer : a number, a text, or several of them in any order; a frame of `measure` stands for its estimates, one of
        differences for these, and so does whatever has such a `.frame`. `...` is no answer yet.

    Raises UsageError for an exercise that there is not, where no data are open, and for an answer of another kind.

    >>> from engagelab.notebook.setup import setup
    >>> company = setup("sample")
    >>> check("01.1", ...)
    '**01.1: nothing there yet.** Put your answer in, then run the cell again.'
    """
    one_of("name", name, EXERCISES)
    if answer is Ellipsis:
        return say("exercise.nothing", name=name)
    expected = EXERCISES[name](opened())
    given, right = _plain(answer, name), _plain(expected.right, name)
    if _same(given, right, expected.within):
        return say("exercise.right", name=name, why=say(f"exercise.{name}.right"))
    naive = expected.naive is not None and _same(given, _plain(expected.naive, name), expected.within)
    key = f"{name}.naive" if naive else "form" if _another_form(given, right) else f"{name}.hint"
    return say("exercise.not_yet", name=name, hint=say(f"exercise.{key}"))


def _plain(answer: Any, name: str) -> list[Any]:
    """The answer as a list of numbers and texts, in an order of its own."""
    answer = getattr(answer, "frame", answer)
    if isinstance(answer, pd.DataFrame | pd.Series):    # a table, or one row of it
        heads = answer.columns if isinstance(answer, pd.DataFrame) else answer.index
        column = next((known for known in ESTIMATES if known in heads), None)
        if column is not None:
            answer = answer[column]
        elif isinstance(answer, pd.DataFrame) and len(answer) == 1:
            answer = answer.iloc[0]
        elif isinstance(answer, pd.DataFrame):
            raise UsageError("exercise.no_estimate", name=name, columns=words.joined(map(str, heads)))
    if isinstance(answer, str | Mapping) or not isinstance(answer, Iterable):
        answer = [answer]
    return sorted((_value(value, name) for value in answer), key=lambda value: (isinstance(value, str), value))


def _value(value: Any, name: str) -> float | str:
    if isinstance(value, str):
        return str(value).strip().casefold()
    if isinstance(value, bool | np.bool_ | int | float | np.number):
        return float(value)
    raise UsageError("exercise.kind", name=name, type=type(value).__name__)


def _another_form(given: list[Any], right: list[Any]) -> bool:
    """Whether the answer is right but for its form: rounded to three decimals or fewer, or a share in percent."""
    if len(given) != len(right) or any(isinstance(value, str) for value in (*given, *right)):
        return False
    return all(_rounded(one, other) or (abs(other) <= 1 and _rounded(one, 100 * other))
               for one, other in zip(given, right, strict=True))


def _rounded(given: float, right: float) -> bool:
    """Whether a number is another one rounded to as many decimals as it shows; a single digit may be a guess."""
    decimals, digits = len(f"{given:.10f}".rstrip("0").partition(".")[2]), f"{abs(given):.10g}".replace(".", "")
    return decimals <= 3 and len(digits.strip("0")) > 1 and round(right, decimals) == given


def _same(given: list[Any], wanted: list[Any], within: float) -> bool:
    if len(given) != len(wanted):
        return False
    return all(one == other if isinstance(one, str) or isinstance(other, str)
               else abs(one - other) <= within + 1e-9 or (np.isnan(one) and np.isnan(other))
               for one, other in zip(given, wanted, strict=True))
