"""A survey's columns become questions: what each asks, on which scale, and every answer as a row.

NPS, eNPS, CSAT and CES are recognised by wording and scale together, in English and Japanese, from
the word list `wording.toml`; the company's own settings go before. What is not recognised is called
`scale` (numbers), `choice` (few short answers, each given often) or `text`, and is listed so that it can
be named.
Scales: NPS 0 to 10 (Reichheld, The one number you need to grow, 2003); CSAT 1 to 5; CES 1 to 7, a high
answer for little effort (CES 2.0: Dixon, Toman and DeLisi, The Effortless Experience, 2013).
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sources import scales
from engagelab.sources.addresses import reaches_somebody
from engagelab.sources.declarations import plain, wording
from engagelab.sources.values import MISSING

KINDS = ("nps", "enps", "csat", "ces", "scale", "text", "choice")
_POINTS = re.compile(r"(-?\d{1,3})(?:\.0+)?(?:\s*(?:点|pts?\.?|points?))?"
                     r"(?:\s*(?:[-–—:：=.](?!\d|\s*\d{3})|[)）(（]).*)?", re.S)        # not of 104-0061
_HIGH_IS_GOOD = ("csat", "ces")     # by definition, whatever the form's own order
_CHOICES = 12
_WIDEST = 80            # of an answer to choose, in letters; a Japanese one counts for two
_SENTENCE = re.compile(r".*[。．.!！?？…]\s*", re.S)


@dataclass(frozen=True)
class Question:
    """One question of a form: where it stands, what it asks, and its answers as points or words."""

    place: int
    id: str
    wording: str
    kind: str
    confirmed: bool
    scale: str
    score: pd.Series
    text: pd.Series
    direction: str = ""         # "turned" where the low end was the good one, "assumed" where nobody says which is

    @property
    def answered(self) -> pd.Series:
        """Who gave an answer."""
        return self.score.notna() | self.text.notna()


def question(cells: pd.Series, place: int, wording_: str, given_id: str = "", kind: str = "") -> Question | None:
    """A column of answers as a question, or None where it holds addresses or telephone numbers.

    >>> asked = question(pd.Series(["9", "3", "10"]), 2, "How likely are you to recommend us?")
    >>> asked.id, asked.kind, asked.scale
    ('q03_how_likely_are_you_to_recommend_us', 'nps', '0-10')
    """
    answers = cells.map(_answer).astype(object)
    given = answers.dropna()
    if len(given) and kind not in KINDS and given.map(reaches_somebody).mean() >= .5:
        return None
    score, labelled = points(answers)
    proposed, scale = propose(wording_, score, answers)
    if proposed == "text" and given.nunique() == 1 and wording_.endswith(f" - {given.iloc[0]}"):
        proposed = "choice"     # a column of its own for one of several options
    asked = kind if kind in KINDS else proposed
    if asked in scales.MEASURED:
        scale = _range(asked)
    direction = ""
    if asked in _HIGH_IS_GOOD:
        way = scales.direction(wording_, answers, asked)
        direction = "turned" if way == "down" else "assumed" if not way and not kind else ""
        if way == "down":
            score = sum(scales.of_kind(asked) or ()) - score
    if asked in ("text", "choice"):
        score = pd.Series(np.nan, index=answers.index)
    keep_words = asked in ("text", "choice") or labelled
    return Question(place, given_id or slug(place, wording_), wording_, asked, bool(kind), scale, score,
                    answers if keep_words else answers.where(score.isna()), direction)


def _answer(cell: object) -> str | None:
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    return None if text.casefold() in MISSING else text.removesuffix(";").strip()


def points(answers: pd.Series) -> tuple[pd.Series, bool]:
    """Answers as points of a scale, and whether they were given in words.

    `9`, `9点`, `5 - very satisfied` and the labels of `wording.toml` are points; a column in which an
    answer of another sort occurs is no scale: nothing is picked out of it.
    """
    codes, unique = pd.factorize(answers)
    labels = wording()["labels"]
    read: list[float] = []
    words_seen = False
    for answer in unique:
        text = unicodedata.normalize("NFKC", str(answer)).strip().casefold()
        found = _POINTS.fullmatch(text)
        if found:
            read.append(float(found[1]))
        else:
            read.append(float(labels.get(text, np.nan)))
        words_seen |= not text.removesuffix(".0").lstrip("-").isdigit()
    values = np.append(np.array(read, dtype=float), np.nan)
    bad = np.isnan(values[:-1])
    # a stray word in a column of figures is a bad cell there, not a reason to call the column text
    share = np.bincount(codes[codes >= 0], minlength=len(unique))[bad].sum() / max((codes >= 0).sum(), 1)
    if not len(unique) or share > .1:
        return pd.Series(np.nan, index=answers.index), False
    return pd.Series(values[codes], index=answers.index), words_seen


def propose(wording_: str, score: pd.Series, answers: pd.Series) -> tuple[str, str]:
    """The kind of a question by wording and scale, and the scale on which its answers lie."""
    known = score.dropna()
    if not len(known):
        return _in_words(wording_, answers.dropna()), ""
    text, said = plain(wording_), scales.named(wording_)
    for kind in scales.MEASURED:
        rule = wording()["kinds"][kind]
        meant = all(_says(text, rule[group]) for group in ("words", "also") if group in rule)
        if meant and not _says(text, rule.get("never", [])) and scales.fits(known, kind, said):
            return kind, _range(kind)
    return "scale", f"{known.min():g}-{known.max():g}"


def _range(kind: str) -> str:
    first, last = scales.of_kind(kind) or ("", "")
    return f"{first}-{last}"


def _says(text: str, words: list[str]) -> bool:
    """Whether one of the words is in the text; an English one at the start of a word: `ease` is not in `please`."""
    return any(re.search(r"\b" + re.escape(word), text) if word.isascii() else word in text for word in words)


def _in_words(wording_: str, given: pd.Series) -> str:
    """A choice where few short answers come again and again; sentences are somebody's own words."""
    counts = given.value_counts()
    if not len(counts) or _says(plain(wording_), wording()["kinds"]["text"]["words"]):
        return "text"
    few = len(counts) <= _CHOICES and len(given) >= 4 * len(counts) and (counts == 1).mean() < .5
    sentences = given.str.fullmatch(_SENTENCE).mean() > .2
    wide = given.map(lambda text: sum(1 + (letter > "\u2e80") for letter in text)).max()
    return "choice" if few and not sentences and wide <= _WIDEST else "text"


def slug(place: int, wording_: str) -> str:
    """A stable id: the column's number and its wording.

    >>> slug(3, "理由をお聞かせください")
    'q04_理由をお聞かせください'
    """
    text = re.sub(r"\W+", "_", plain(wording_)).strip("_")
    short = text if len(text) <= 48 else f"{text[:40]}_{hashlib.blake2b(text.encode(), digest_size=3).hexdigest()}"
    return f"q{place + 1:02d}_{short}".rstrip("_")


def outside(asked: Question) -> np.ndarray:
    """Places of answers that are no point of the question's scale."""
    stray = asked.score.isna() & asked.text.notna() if asked.kind not in ("text", "choice") else None
    wrong = np.zeros(len(asked.score), bool) if stray is None else stray.to_numpy(bool, copy=True)
    return np.flatnonzero(wrong | scales.strays(asked.score, asked.kind))


def long(questions: list[Question], base: pd.DataFrame) -> pd.DataFrame:
    """One row an answer, in the order of the file: respondents, and within them questions."""
    parts = []
    for number, asked in enumerate(questions):
        there = asked.answered.to_numpy()
        part = base[there].copy()
        part["question_id"], part["question"], part["kind"] = asked.id, asked.wording, asked.kind
        part["score"], part["text"] = asked.score[there], asked.text[there]
        part["_row"], part["_question"] = np.flatnonzero(there), number
        parts.append(part)
    if not parts:
        empty = {"question_id": object, "question": object, "kind": object, "score": float, "text": object}
        return base[:0].assign(**{name: pd.Series(dtype=kind) for name, kind in empty.items()})
    frame = pd.concat(parts).sort_values(["_row", "_question"], kind="stable")
    return frame.drop(columns=["_row", "_question"])


def codebook(questions: list[Question], survey: str) -> pd.DataFrame:
    """The questions of a survey, one row each."""
    rows = [(survey, asked.id, asked.wording, asked.kind, asked.confirmed, asked.scale, int(asked.answered.sum()),
             int((~asked.answered).sum()), asked.direction) for asked in questions]
    return pd.DataFrame(rows, columns=["survey", "question_id", "question", "kind", "confirmed", "scale", "answers",
                                       "missing", "direction"])
