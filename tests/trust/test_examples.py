"""Every public name has an example in its docstring that calls it; pytest runs them all (`--doctest-modules`)."""

import ast
import doctest
import inspect

import pytest

import engagelab as el
from engagelab.report.reference import public

ROOMS = {"el": el, **{room: getattr(el, room) for room in el.ROOMS}}
NAMES = [pytest.param(getattr(module, name), id=f"{room}.{name}") for room, module in ROOMS.items()
         for name in public(module)]


def calls(docstring):
    """The names that the examples of a docstring call, whatever stands before their last dot."""
    source = "".join(example.source for example in doctest.DocTestParser().get_examples(docstring or ""))
    functions = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {function.id if isinstance(function, ast.Name) else getattr(function, "attr", "") for function in functions}


def gives(thing):
    """By which names one gets it: its own, and for a class those of the public functions that answer with one."""
    makers = [one.values[0] for one in NAMES if inspect.isfunction(one.values[0])]
    return {thing.__name__, *(one.__name__ for one in makers if inspect.signature(one).return_annotation is thing)}


@pytest.mark.parametrize("thing", NAMES)
def test_a_public_name_has_an_example_that_calls_it(thing):
    assert gives(thing) & calls(inspect.getdoc(thing))


@pytest.mark.parametrize("thing", NAMES)
def test_pytest_finds_the_example(thing):
    module = inspect.getmodule(thing)
    found = doctest.DocTestFinder(recurse=True, exclude_empty=True).find(module)
    assert any(one.name == f"{module.__name__}.{thing.__qualname__}" and one.examples for one in found)


def test_a_docstring_without_a_call_is_found():
    assert calls(">>> rate\n<function rate>") == set()
    assert calls("Text only.") == calls(None) == set()
    assert calls(">>> el.metrics.wilson(3, 4)") == {"wilson"}
