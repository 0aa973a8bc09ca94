"""Whatever a public name is given, an answer or one clear line.

Names check what they are given where a number could come out wrong. What they do not check fails somewhere inside, with
the error of a library that the caller has never heard of. So each room offers its names through `offer`: where one
fails like that, its arguments are held against the types that it declares (PEP 484), and the line says what was given
and what is wanted. The error of the library stays as the cause. Inside the house names are called as they are.
"""

import functools
import inspect
import numbers
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, SupportsFloat, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from engagelab import words
from engagelab.errors import DataError, EngagelabError, UsageError

SIMPLE: dict[Any, str] = {str: "text", float: "number", SupportsFloat: "number", int: "whole", bool: "flag",
                          types.NoneType: "none", pd.DataFrame: "table", ArrayLike: "numbers"}
Kinds = tuple[inspect.Signature, dict[str, Any]]
SHORT = 60  # letters of what was given that an error repeats


def offer(names: dict[str, Any], offered: Iterable[str]) -> None:
    """In the names of a module, put what fails in one line in the place of what it offers."""
    for name in offered:
        names[name] = checked(names[name])


def checked(thing: Any) -> Any:
    """A function that fails in one line; of a class, its constructor and its public methods do.

    >>> @checked
    ... def greet(name: str, times: int = 1) -> str:
    ...     return " ".join(["Hello", name] * times)
    >>> greet("you", times="two")
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: times must be a whole number, not 'two'
    """
    if not inspect.isclass(thing):
        return _checked(thing) if inspect.isfunction(thing) else thing
    for name, held in list(vars(thing).items()):
        if name == "__init__" or not name.startswith("_"):
            kind = type(held) if isinstance(held, classmethod | staticmethod) else lambda made: made
            function = getattr(held, "__func__", held)
            if inspect.isfunction(function):
                setattr(thing, name, kind(_checked(function)))
    return thing


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function in what explains its failures; once is enough."""
    if hasattr(function, "__wrapped__"):
        return function
    call = functools.partial(_call, function, functools.cache(lambda: _kinds(function)))

    def looked(*args: Any, **kwargs: Any) -> Any:
        return call(args, kwargs)

    # a function of the module that it stands in, where doctest looks for examples
    made = types.FunctionType(looked.__code__, function.__globals__, function.__name__, None, looked.__closure__)
    return functools.wraps(function)(made)


def _kinds(function: Callable[..., Any]) -> Kinds:
    return inspect.signature(function), get_type_hints(function)


def _call(function: Callable[..., Any], kinds: Callable[[], Kinds], args: tuple[Any, ...], kwargs: dict[str, Any]
          ) -> Any:
    try:
        return function(*args, **kwargs)
    except (EngagelabError, OSError, MemoryError, Warning):
        raise
    except Exception as error:
        raise _explained(function.__name__, *kinds(), args, kwargs, error) from error


def _explained(called: str, signature: inspect.Signature, declared: dict[str, Any], args: tuple[Any, ...],
               kwargs: dict[str, Any], error: Exception) -> EngagelabError:
    """Why a call failed: it does not fit; the first argument that is not of the kind declared, or a table that none can
    work with; else that it failed.

    The line repeats no text of a library: it may hold a value of somebody's.
    """
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError as unfit:
        return UsageError("errors.call", name=called, why=unfit)
    for name, value in given.items():
        kind, several = declared.get(name, Any), signature.parameters[name].kind
        if several is inspect.Parameter.VAR_POSITIONAL:
            kind = types.GenericAlias(tuple, (kind, ...))
        elif several is inspect.Parameter.VAR_KEYWORD:
            kind = types.GenericAlias(Mapping, (str, kind))
        if not fits(value, kind):
            return UsageError("errors.argument", name=name, kind=said(kind), value=_short(value))
    flaws = (_flaw(name, value) for name, value in given.items() if isinstance(value, pd.DataFrame))
    return next(filter(None, flaws), None) or DataError("errors.unfit", name=called, error=type(error).__name__)


def _flaw(name: str, table: pd.DataFrame) -> EngagelabError | None:
    """What is wrong with a table whatever is asked of it."""
    if not table.columns.is_unique or not all(isinstance(column, str) for column in table.columns):
        return DataError("errors.table_names", name=name)
    if table.empty:
        return DataError("errors.table_empty", name=name)
    for column, cells in table.items():
        if cells.dtype == object and any(isinstance(cell, list | dict | set | np.ndarray) for cell in cells):
            return DataError("errors.table_lists", name=name, column=repr(column))
    return None


def fits(value: object, kind: Any) -> bool:
    """Whether a value is of a declared kind; what cannot be told is taken to fit.

    >>> fits(["plan", "channel"], str | list[str]), fits(["plan", 3], str | list[str]), fits(2, float)
    (True, False, True)
    """
    origin, parts = get_origin(kind), get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind](value)
    if origin in (Union, types.UnionType):
        return any(fits(value, part) for part in parts)
    if kind is Mapping or origin in (Mapping, dict):  # a row of a frame is as good
        return isinstance(value, Mapping | pd.Series) and all(
            fits(item, part) for pair in value.items() for item, part in zip(pair, parts, strict=False))
    if origin is tuple and ... not in parts:
        return isinstance(value, tuple | list) and len(value) == len(parts) and all(map(fits, value, parts))
    if origin is Callable or kind is Callable:
        return callable(value)
    if origin is type:
        return isinstance(value, type) and issubclass(value, parts)
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return _listed(value, parts[0])
    return isinstance(value, kind) if isinstance(kind, type) and not getattr(kind, "_is_protocol", False) else True


def _listed(value: object, kind: Any) -> bool:
    """Whether a value is a list, or what serves as one, of such items; what can be gone through once only is not."""
    if isinstance(value, str | bytes | Mapping | pd.DataFrame) or not isinstance(value, Iterable):
        return False
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return False
    if kind is float and isinstance(value, np.ndarray | pd.Series | pd.Index):
        return value.dtype.kind in "biuf"
    return isinstance(value, Iterator) or all(fits(item, kind) for item in value)


def _numeric(value: object) -> bool:
    try:
        np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str | bytes)


def _number(value: object) -> bool:
    return isinstance(value, numbers.Real | Decimal) and not isinstance(value, bool)


PLAIN: dict[Any, Callable[[object], bool]] = {
    Any: lambda value: True, float: _number, SupportsFloat: _number, ArrayLike: _numeric,
    int: lambda value: isinstance(value, numbers.Integral) and not isinstance(value, bool),
    bool: lambda value: isinstance(value, bool | np.bool_)}


def said(kind: Any) -> str:
    """What is wanted, in words.

    >>> said(str | list[str] | None)
    'text, a list of texts or None'
    """
    origin, parts = get_origin(kind), get_args(kind)
    if kind in SIMPLE or kind == ArrayLike:
        return words.text(f"errors.kinds.{SIMPLE.get(kind, 'numbers')}")
    if origin in (Union, types.UnionType):
        every = list(dict.fromkeys(map(said, parts)))
        return words.text("errors.kinds.or", first=words.joined(every[:-1]), last=every[-1]) if every[1:] else every[0]
    if kind is Mapping or origin in (Mapping, dict):
        return words.text("errors.kinds.mapping")
    if origin is Callable or kind is Callable:
        return words.text("errors.kinds.function")
    if origin is tuple and ... not in parts:
        return words.text("errors.kinds.tuple", n=len(parts))
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return words.text({str: "errors.kinds.texts", float: "errors.kinds.numbers"}.get(parts[0], "errors.kinds.list"))
    return getattr(kind, "__name__", str(kind))


def _short(value: object) -> str:
    """What was given: itself where it is short and one line, else its type."""
    shown = repr(value)
    return shown if len(shown) <= SHORT and shown.isprintable() else type(value).__name__
