"""Attacks on public names: the call of the docstring's example, with one argument broken at a time."""

import contextlib
import doctest
import functools
import inspect
import io
import sys
import warnings

import numpy as np
import pandas as pd

import engagelab as el
from engagelab.errors import EngagelabError
from engagelab.report.reference import public

ROOMS = {"el": el, **{room: getattr(el, room) for room in el.ROOMS}}
JUNK = {"None": None, "an object": object(), "-1": -1, "not a number": float("nan"), "no such name": "no such name",
        "hostile text": "'; DROP TABLE \"x\"; --\x00", "bytes": b"x", "no list": [], "a list of None": [None],
        "a dict": {"x": object()}, "a function": len,
        "a frame": pd.DataFrame({"x": [1]}), "an array": np.array([np.nan])}


def names():
    """Every public name once, with the room that offers it."""
    found = {}
    for room, module in ROOMS.items():
        for name in public(module):
            found.setdefault(getattr(module, name), f"{room}.{name}")
    return {label: thing for thing, label in found.items()}


def example(thing):
    """The arguments of the first call in the docstring's example that is answered, by name; None without one."""
    module, calls = sys.modules[thing.__module__], []

    @functools.wraps(thing)
    def recorder(*args, **kwargs):
        answer = thing(*args, **kwargs)
        calls.append(inspect.signature(thing).bind(*args, **kwargs).arguments)
        return answer

    known = {**vars(module), "el": el, thing.__name__: recorder}
    rooms = [room for room in ROOMS.values() if vars(room).get(thing.__name__) is thing]
    for room in rooms:
        setattr(room, thing.__name__, recorder)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for one in doctest.DocTestParser().get_examples(inspect.getdoc(thing) or ""):
                with contextlib.suppress(EngagelabError):
                    exec(compile(one.source, "<example>", "single"), known)
    finally:
        for room in rooms:
            setattr(room, thing.__name__, thing)
    return calls[0] if calls else None


def broken(frame):
    """The frame with one fault each."""
    yield "no rows", frame.iloc[:0]
    yield "one row", frame.iloc[:1]
    yield "no columns", frame[[]]
    yield "every row twice", pd.concat([frame, frame])
    yield "one index", frame.set_axis([0] * len(frame))
    yield "numbers for names", frame.set_axis(range(frame.shape[1]), axis=1)
    yield "every column twice", pd.concat([frame, frame], axis=1)
    yield "names of two levels", pd.concat({"x": frame}, axis=1)
    yield "all missing", frame.mask(np.ones(frame.shape, dtype=bool))
    yield "all text", frame.astype("object").astype("str")
    for name, column in frame.items():
        yield f"without {name}", frame.drop(columns=name)
        lists = pd.Series([[1]] * len(frame), frame.index, dtype="object")
        for fault, value in {"missing": None, "text": "x", "7": 7, "infinite": np.inf, "lists": lists,
                             "of 1700": pd.Timestamp("1700-01-01")}.items():
            yield f"{name} {fault}", frame.assign(**{str(name): value})
        yield f"{name} half missing", frame.assign(**{str(name): column.mask(np.arange(len(frame)) % 2 == 0)})


def outcome(call):
    """Of a call that may fail: "" where it answers, else the key of our error, else the foreign error, in words."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            repr(call())
    except EngagelabError as error:
        loose = [line for line in str(error).splitlines()[1:] if not line.startswith("    ")]     # points at a place
        return f"several lines: {error}" if loose else error.key
    except Exception as error:
        return f"foreign: {type(error).__name__}: {error}"
    return ""


def attacked(thing, called=None):
    """What each broken call of a public name ends in; `called` instead of it, where that is given."""
    good, signature, found = example(thing), inspect.signature(thing), {}
    for name, parameter in signature.parameters.items() if good is not None else ():
        values = [*JUNK.items(), *(broken(good[name]) if isinstance(good.get(name), pd.DataFrame) else ())]
        for fault, value in values:
            if parameter.kind is parameter.VAR_POSITIONAL:
                value = (value,)
            elif parameter.kind is parameter.VAR_KEYWORD:
                value = {"unknown": value}
            given = {**good, name: value}
            bound = inspect.BoundArguments(signature, {key: given[key] for key in signature.parameters if key in given})
            found[f"{name}: {fault}"] = outcome(lambda bound=bound: (called or thing)(*bound.args, **bound.kwargs))
    return found
