"""What a public name says of an argument that it cannot work with."""

import doctest
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike

import engagelab as el
from engagelab import words
from engagelab.arguments import checked, fits, said
from engagelab.errors import DataError, NoColumn, UsageError

FRAME = pd.DataFrame({"x": [1.0]})


@pytest.mark.parametrize(("kind", "good", "bad"), [
    (str, ["", "a"], [None, 1, b"a", ["a"]]), (float, [1, 1.5, np.float64(2), np.int64(1)], ["1", None, True, [1]]),
    (int, [1, np.int64(1)], [1.5, "1", True, None]), (bool, [True, np.True_], [1, None, "yes"]),
    (str | None, [None, "a"], [1]), (Any, [None, 1], []), (object, [None, 1], []),
    (pd.DataFrame, [FRAME], [None, {}, "x"]),
    (Sequence[str], [["a"], ("a",), pd.Index(["a"]), {"a"}, []], ["a", [1], None, 3, {"a": 1}, FRAME]),
    (Sequence[float], [[1, 2.5], np.array([1.0]), pd.Series([1])], [["1"], np.array(["1"]), np.array(1.0), "12"]),
    (Iterable[str], [iter("ab"), ["a"]], [3]), (tuple[float, float], [(1, 2), [1, 2]], [(1,), (1, "2"), 1]),
    (tuple[str, ...], [("a", "b")], ["ab", (1,)]), (Mapping[str, float], [{"a": 1}, {}], [{"a": "1"}, {1: 1}, ["a"]]),
    (Mapping, [{}, pd.Series({"a": 1})], [[1], None]), (Callable[[str], str], [str, len], ["len", None]),
    (SupportsFloat, [1, 1.5], ["1"]), (ArrayLike, [1, [1, 2], np.array([1.0])], ["a", object(), [[1], [1, 2]]]),
    (type[Exception], [ValueError], [ValueError(), int]), (str | Path, ["a", Path("a")], [1])])
def test_a_kind_fits_what_it_takes_and_nothing_else(kind, good, bad):
    assert [value for value in good if not fits(value, kind)] == []
    assert [value for value in bad if fits(value, kind)] == []


def test_what_is_wanted_is_said_in_both_languages():
    kind = str | Sequence[str] | None
    assert said(kind) == "text, a list of texts or None"
    with words.speaking("ja"):
        assert said(kind) == "文字列、文字列のリストまたはNone"
    assert said(Mapping[str, float] | Callable[[], int] | tuple[float, float] | bytes) == \
        "a dict, a function, a tuple of 2 or bytes"


@checked
def answer(data: pd.DataFrame, by: str | Sequence[str] = (), *more: int, **other: float) -> object:
    """Fails as it is told."""
    raise KeyError("ann@example.com")


@pytest.mark.parametrize(("call", "message"), [
    (lambda: answer(), "answer: missing a required argument: 'data'"),
    (lambda: answer(FRAME, segment="x"), "other must be a dict, not {'segment': 'x'}"),
    (lambda: answer(None), "data must be a DataFrame, not None"),
    (lambda: answer(FRAME, [3]), "by must be text or a list of texts, not [3]"),
    (lambda: answer(FRAME, "x", "y"), "more must be a list, not ('y',)"),
    (lambda: answer("x" * 100), "data must be a DataFrame, not str"),
    (lambda: answer(FRAME), "answer cannot work with what it was given (KeyError inside)"),
    (lambda: answer(FRAME.iloc[:0]), "data has no rows or no columns"),
    (lambda: answer(FRAME.set_axis([3], axis=1)), "each column of data needs a name of its own"),
    (lambda: answer(pd.concat([FRAME, FRAME], axis=1)), "each column of data needs a name of its own"),
    (lambda: answer(pd.DataFrame({"x": [[1]]})), "data, column 'x': a cell holds a list")])
def test_a_failure_is_explained_in_one_line(call, message):
    with pytest.raises((UsageError, DataError), match="^" + re.escape(message)) as error:
        call()
    assert "ann@example.com" not in str(error.value)
    assert isinstance(error.value.__cause__, KeyError | TypeError)


@pytest.mark.parametrize("error", [OSError("full"), MemoryError(), UserWarning("x"), NoColumn("errors.the_table")])
def test_what_is_no_fault_of_the_arguments_passes_as_it_is(error):
    def fails():
        raise error

    with warnings.catch_warnings(), pytest.raises(type(error)) as raised:
        checked(fails)()
    assert raised.value is error


def test_every_room_and_the_face_offer_their_functions_so():
    rooms = [el, *(getattr(el, room) for room in el.ROOMS)]
    offered = [getattr(room, name) for room in rooms for name in room.__all__ if name not in el.ROOMS]
    open_ = [one for one in offered if not hasattr(one if not isinstance(one, type) else one.__init__, "__wrapped__")]
    assert open_ == [] and len(offered) > 180


def test_the_inside_of_the_house_and_doctest_see_the_function_itself():
    inner = sys.modules["engagelab.metrics.mix"].mix
    assert el.metrics.mix.__wrapped__ is inner and checked(el.metrics.mix) is el.metrics.mix
    tree = sys.modules[el.kpi.Tree.__module__]
    found = {one.name for one in doctest.DocTestFinder(exclude_empty=False).find(tree)}
    assert {f"{tree.__name__}.Tree.evaluate", f"{tree.__name__}.Tree"} <= found
