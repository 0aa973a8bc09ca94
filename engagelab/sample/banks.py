"""The banks of made-up sentences, names and products: tables beside the code."""

import csv
import functools
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from engagelab.sample.draws import Flags, Stream, Whole

Texts = NDArray[np.object_]


@functools.cache
def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table of this package."""
    text = files(__package__).joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines(keepends=True)))


@functools.cache
def bank(name: str, grade: str | None = None, language: str | None = None) -> Texts:
    """All texts of a bank.

    >>> bank("reply", "4", "en").tolist()
    ['Thank you for your kind words.']
    """
    return np.array([row["text"] for row in rows("texts.csv") if row["bank"] == name
                     and grade in (None, row["grade"]) and language in (None, row["language"])], dtype=object)


def drawn(stream: Stream, name: str, grades: NDArray, english: Flags) -> Texts:
    """One text a row: from the bank, by the row's grade and language."""
    chances = stream.uniform(len(grades))
    texts = np.full(len(grades), None, dtype=object)
    for grade in np.unique(grades):
        for language, rows_of in (("en", english), ("ja", ~english)):
            chosen = bank(name, str(grade), language)
            if not len(chosen):
                chosen = bank(name, str(grade))
            here = (grades == grade) & rows_of
            texts[here] = chosen[np.floor(chances[here] * len(chosen)).astype(np.int64)]
    return texts


def ids(prefix: str, numbers: Whole, width: int = 6) -> Texts:
    """Numbers as ids.

    >>> ids("C", np.array([7])).tolist()
    ['C000007']
    """
    return np.array([f"{prefix}{number:0{width}}" for number in numbers.tolist()], dtype=object)


def masked(values: NDArray, known: Flags) -> Texts:
    """The values as objects, missing where not known."""
    texts = np.full(len(values), None, dtype=object)
    texts[known] = values[known]
    return texts
