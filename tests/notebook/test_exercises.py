"""`check` says right, gives a hint, or says that nothing is there yet; and takes an answer in any sensible form."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab import words
from engagelab.errors import UsageError
from engagelab.notebook import exercises, setup
from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.exercises import EXERCISES, check

KNOWN = words.catalogue()
SAID = {"exercise.01.1.naive": {"en": "The mix moved.", "ja": "構成が動きました。"},
        "exercise.01.1.hint": {"en": "Hold the mix.", "ja": "構成を固定します。"},
        "exercise.01.1.right": {"en": "Nobody changed their mind.", "ja": "誰も考えを変えていません。"}}


@pytest.fixture
def wanted(monkeypatch):
    """Sets what the exercise 01.1 wants."""
    monkeypatch.setattr(setup, "_opened", [object()])
    monkeypatch.setattr(words, "catalogue", lambda: {**KNOWN, **SAID})

    def set_to(*values, **more):
        monkeypatch.setitem(EXERCISES, "01.1", lambda company: Answer(*values, **more))
    return set_to


def verdict(answer):
    said = check("01.1", answer)
    return next(key for key in ("right", "not yet", "nothing there yet") if f"01.1: {key}" in said)


@pytest.mark.parametrize("answer", [2, 2.0, np.int64(2), np.float64(2.004), [2], (2,), pd.Series([2.0]),
                                    pd.DataFrame({"estimate": [2.0], "low": [1.0]}),
                                    pd.DataFrame({"difference": [2.0]}), el.show(pd.DataFrame({"estimate": [2.0]}))])
def test_a_number_is_right_in_every_form(wanted, answer):
    wanted(2, within=.005)
    assert verdict(answer) == "right"


@pytest.mark.parametrize("answer", [2.01, "2", [2, 2], [], -2, float("nan"), True])
def test_another_number_is_not(wanted, answer):
    wanted(2, within=.005)
    assert verdict(answer) == "not yet"


@pytest.mark.parametrize("answer", [["app", "Mail"], ("mail", "app"), {"app", "mail"}, pd.Series(["mail", "app "])])
def test_names_are_right_in_any_order_and_case(wanted, answer):
    wanted(["mail", "app"])
    assert verdict(answer) == "right"
    assert verdict(["mail"]) == "not yet"


def test_a_place_without_an_estimate_is_equal_to_another(wanted):
    wanted([1.0, float("nan")])
    assert verdict([1.0, float("nan")]) == "right"


@pytest.mark.parametrize(("right", "answer"), [(.7312, .73), (.7312, 73.1), (.7312, 73.12), (-604_166.7, -604_167),
                                               ([.7312, .1234], [.73, .123])])
def test_an_answer_that_is_rounded_or_in_percent_is_told_so(wanted, right, answer):
    wanted(right, within=1e-6)
    assert "as the table has it" in check("01.1", answer)


@pytest.mark.parametrize(("right", "answer"), [(.7312, .74), (4.7, 5), (.7312, .7), (.7312, 7.3), (12.3, 0),
                                               (108, 10_800), (6_812, 681_200), ("a", 1.2)])
def test_another_number_is_not_told_to_be_nearly_right(wanted, right, answer):
    wanted(right, within=1e-6)
    assert check("01.1", answer) == "**01.1: not yet.** Hold the mix."


@pytest.mark.parametrize("answer", [pd.Series({"before": 1.0, "difference": 2.0, "low": 0.0}),
                                    pd.Series({"metric": "nps", "estimate": 2.0}), pd.DataFrame({"value": [2.0]})])
def test_a_row_of_a_table_stands_for_its_estimate(wanted, answer):
    wanted(2)
    assert verdict(answer) == "right"


def test_a_row_of_two_ends_is_two_numbers(wanted):
    wanted([1.0, 3.0])
    assert verdict(pd.DataFrame({"low": [1.0], "high": [3.0]})) == "right"


def test_an_ellipsis_is_nothing_yet_and_computes_nothing(wanted):
    wanted(1)
    EXERCISES["01.1"] = None
    assert verdict(...) == "nothing there yet"


def test_the_naive_answer_gets_a_hint_of_its_own(wanted):
    wanted(2, naive=9)
    assert check("01.1", 9) == "**01.1: not yet.** The mix moved."
    assert check("01.1", 5) == "**01.1: not yet.** Hold the mix."
    assert check("01.1", 2) == "**01.1: right.** Nobody changed their mind."
    with words.speaking("ja"):
        assert check("01.1", 9) == "**01.1：もう一歩です。** 構成が動きました。"


@pytest.mark.parametrize("answer", [None, {"a": 1}, object(), pd.DataFrame({"n": [1, 2]}), [None], len])
def test_what_is_no_answer_is_said_in_one_line(wanted, answer):
    wanted(2)
    with pytest.raises(UsageError, match=r"check\('01.1'\)") as caught:
        check("01.1", answer)
    assert "\n" not in str(caught.value)


def test_an_unknown_exercise_and_missing_data_are_said(monkeypatch):
    with pytest.raises(UsageError, match="name must be one of"):
        check("99.9", 1)
    monkeypatch.setattr(setup, "_opened", [])
    monkeypatch.setitem(EXERCISES, "01.1", lambda company: Answer(1))
    with pytest.raises(UsageError, match="no data are open"):
        check("01.1", 1)


@pytest.mark.parametrize("name", exercises.EXERCISES)
def test_every_exercise_has_its_words(name):
    assert words.has(f"exercise.{name}.right")
    assert words.has(f"exercise.{name}.hint")


def test_an_exercise_asks_about_the_period_that_the_notebook_looks_at():
    company = setup.setup("sample")
    earlier = el.periods(company, "2026Q2")
    seen = earlier.seen(company)
    then = el.periods(seen)
    assert (then.before, then.now) == (earlier.before, earlier.now)
    assert setup.opened() is seen
