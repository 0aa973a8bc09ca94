"""The list of words by which free text is read: themes, tone, what says nothing, stop words and frequent names.

`lexicon.csv` is this project's own work, free for any use (CC0). A row is a theme, its words in Japanese and English,
parted by `|`, and their polarity: 1, 0 or -1.

- A word of a theme mentions it. Its own polarity is the tone where it has one: "overtime" -1.
- A word without a theme tells the tone of the themes beside it: "great" 1.
- `~word` tells the tone of its row's theme alone, and mentions nothing: `price, ~high, -1`.
- `word*` may have an ending: "disappoint*". In Japanese without a tokenizer every word may.
- Four more are no themes: `no_answer` (a whole text that says nothing), `other_sense` (what holds a word of the list
  and does not mean it, as 意味 holds 味), `stop_word` and `name` (never new terms).
"""

import functools
import html
import itertools
import re
import unicodedata
from dataclasses import dataclass, field
from importlib.resources import files
from io import StringIO
from typing import Any

import pandas as pd

from engagelab.errors import DataError
from engagelab.summaries.frames import fetched

NO_ANSWER, STOP_WORD, NAME, OTHER_SENSE = "no_answer", "stop_word", "name", "other_sense"
RESERVED = (NO_ANSWER, STOP_WORD, NAME, OTHER_SENSE)
COLUMNS = ("theme", "term_ja", "term_en", "polarity")
FORMATTING = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff]")
TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
QUOTES = str.maketrans("‘’`´", "''''")


@dataclass
class Word:
    """What a word tells: the theme that it mentions with its own polarity, and a tone for one theme or ("") any."""

    theme: str = ""
    polarity: int = 0
    ending: bool = False
    tones: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Lexicon:
    """The words by their normalised form, a pattern that finds the longest at a place, and the themes in order."""

    words: dict[str, Word]
    pattern: re.Pattern[str]
    themes: tuple[str, ...]
    sets: dict[str, frozenset[str]]


def plain(text: str) -> str:
    """The text in one form of its letters, without tags and invisible marks; upper and lower case as they were.

    >>> plain("ｱﾌﾟﾘ &amp; <b>Ｗｅｂ</b>")
    'アプリ &  Web '
    """
    text = TAG.sub(" ", html.unescape(text)) if "<" in text or "&" in text else text
    return FORMATTING.sub("", unicodedata.normalize("NFKC", text).translate(QUOTES))


def normalised(text: str) -> str:
    """The form of a text in which words are looked for.

    >>> normalised("ＴＥＡＭ が好き")
    'team が好き'
    """
    return plain(text).casefold()


def read_lexicon(given: Any = None) -> Lexicon:
    """The list of words: our own, or the caller's as a frame or the path of a CSV file with the same columns.

    Raises DataError for a polarity other than -1, 0, 1, a word given twice, and a list without a theme, with the row.

    >>> read_lexicon(pd.DataFrame({"theme": ["pay"], "term_ja": ["給料"], "term_en": ["salary"], "polarity": [2]}))
    Traceback (most recent call last):
    ...
    engagelab.errors.DataError: lexicon, row 1: polarity has to be -1, 0 or 1, not 2
    """
    return _own() if given is None else _made(fetched(given, COLUMNS))


@functools.cache
def _own() -> Lexicon:
    text = files(__package__).joinpath("lexicon.csv").read_text("utf-8")
    return _made(pd.read_csv(StringIO(text), dtype="str", keep_default_na=False))


def _made(rows: pd.DataFrame) -> Lexicon:
    words: dict[str, Word] = {}
    sets: dict[str, set[str]] = {theme: set() for theme in RESERVED}
    for number, row in enumerate(rows[list(COLUMNS)].astype(object).fillna("").itertuples(index=False), 1):
        polarity = _polarity(row.polarity, number)
        for term in filter(None, map(str.strip, f"{row.term_ja}|{row.term_en}".split("|"))):
            key = normalised(term.removeprefix("~").removesuffix("*"))
            if not key:
                raise DataError("terms.empty", row=number)
            if row.theme in sets and row.theme != OTHER_SENSE:
                sets[str(row.theme)].add(key)
                continue
            word = words.setdefault(key, Word())
            word.ending |= term.endswith("*")
            if row.theme == OTHER_SENSE:
                continue
            mentions = bool(row.theme) and not term.startswith("~")
            if word.theme if mentions else row.theme in word.tones:
                raise DataError("terms.twice", row=number, term=repr(term), theme=row.theme)
            if mentions:
                word.theme, word.polarity = str(row.theme), polarity
            else:
                word.tones[str(row.theme)] = polarity
    themes = tuple(dict.fromkeys(word.theme for word in words.values() if word.theme))
    if not themes:
        raise DataError("terms.no_theme")
    return Lexicon(words, _pattern(words), themes, {name: frozenset(found) for name, found in sets.items()})


def _polarity(value: Any, row: int) -> int:
    try:
        number = float(value if value != "" else 0)
    except (TypeError, ValueError):
        number = float("nan")
    if number not in (-1, 0, 1):
        raise DataError("terms.polarity", row=row, value=value)
    return int(number)


def _pattern(words: dict[str, Word]) -> re.Pattern[str]:
    """The longest word first; one branch a first letter, so that a text of any length is read in one quick pass."""
    ordered = sorted(words, key=lambda word: (word[0], -len(word), word))
    branches = (f"{re.escape(first)}(?:{'|'.join(re.escape(word[1:]) for word in group)})"
                for first, group in itertools.groupby(ordered, key=lambda word: word[0]))
    return re.compile("|".join(branches))
