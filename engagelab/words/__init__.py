"""Every word that the code prints, by key and language.

The catalogue is a set of CSV files beside this one, a row a key and a column a language,
so that a translator edits one column and a sentence is written once. A key is dotted:
first the room that prints it. Values go in by name, with their format beside them:
`"{n:,} answers"`.
"""

import csv
import functools
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files

LANGUAGES = ("en", "ja")

_language = LANGUAGES[0]
_own = threading.local()    # a thread of several may speak another language than the rest: a client's


@functools.cache
def catalogue() -> dict[str, Mapping[str, str]]:
    """All words: key -> language -> text.

    >>> catalogue()["words.languages"]["ja"]
    '日本語'
    """
    words: dict[str, Mapping[str, str]] = {}
    for file in sorted(files(__package__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".csv"):
            for row in csv.DictReader(file.read_text("utf-8").splitlines()):
                key = row.pop("key")
                if key in words:
                    raise KeyError(f"{key} stands twice in the catalogue of words")
                words[key] = row
    return words


def language() -> str:
    """The language in which the code speaks now: "en" or "ja"."""
    return getattr(_own, "language", _language)


def set_language(name: str) -> None:
    """From here on, speak this language; in a thread beside the main one, only that thread does.

    >>> set_language("ja")
    >>> text("words.languages")
    '日本語'
    >>> set_language("en")
    """
    global _language
    if name not in LANGUAGES:
        raise ValueError(text("errors.one_of", name="language", allowed=joined(LANGUAGES), value=repr(name)))
    if threading.current_thread() is threading.main_thread():
        _language = name
    else:
        _own.language = name


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Inside, speak this language.

    >>> with speaking("ja"):
    ...     text("words.languages")
    '日本語'
    """
    before = language()
    set_language(name)
    try:
        yield
    finally:
        set_language(before)


def text(key: str, /, **values: object) -> str:
    """The words for a key in the current language, with the values put in.

    >>> text("words.count", n=1234)
    '1,234'
    """
    return catalogue()[key][language()].format(**values)


def has(key: str) -> bool:
    """Whether the catalogue knows the key."""
    return key in catalogue()


def sentences(items: Iterable[object]) -> str:
    """Sentences one behind the other, as the current language writes them; empty ones are left out.

    >>> sentences(["It rose.", "", "Why?"])
    'It rose. Why?'
    """
    said = list(filter(None, map(str, items)))
    return functools.reduce(lambda first, second: text("words.sentences", first=first, second=second), said or [""])


def joined(items: Iterable[object]) -> str:
    """A list as the current language writes it.

    >>> joined(["a", "b"])
    'a, b'
    """
    return text("words.comma").join(map(str, items))
