"""The scale of a question: what its wording says of it, and whether its answers lie on it."""

import re

import numpy as np
import pandas as pd

from engagelab.sources.declarations import normal, plain, wording

MEASURED = ("enps", "nps", "ces", "csat")
_ENOUGH = .95           # of the answers lie on a scale that the wording does not name
_DASH = r"(?:-|–|—|−|~|〜|to|through|から|\.\.\.?|…)"
_NAMED = (re.compile(rf"(?<![\d.])([01])\s*(?:点)?\s*{_DASH}\s*(\d{{1,2}})(?![\d.])"),
          # (1 very low - 5 very high), (1: とても不満, 5: とても満足)
          re.compile(r"\(\s*([01])(?![\d.])[^()\d]*(?<![\d.])(\d{1,2})(?![\d.])[^()\d]*\)"))
_LABELLED = re.compile(r"^(\d{1,2})\s*(?:点|\.|[-–—:=)(]|\s)+\s*([^\d\s].*)$")
_POINT_FIRST = re.compile(r"(\d{1,2})\s*(?:点)?\s*[-–—:=(]?\s*([^\W\d][^\d,、;)~〜]{1,40})")
_WORD_FIRST = re.compile(r"([^\W\d][^\d,、;()~〜?]{1,40})\s*\(\s*(\d{1,2})\s*\)")
_STEPS = re.compile(r"(\d{1,2})\s*(?:段階|-?\s?points?\s+scale)")


def named(wording_: str) -> tuple[int, int] | None:
    """The scale that a wording names.

    >>> [named(text) for text in ("Recommend us? (0-10)", "満足度（1〜5）", "1 very low - 5 very high", "Why?")]
    [(0, 10), (1, 5), None, None]
    >>> named("Effort (1 very low - 5 very high)"), named("5段階で評価してください")
    ((1, 5), (1, 5))
    """
    text = plain(wording_)
    for pattern in _NAMED:
        for first, last in pattern.findall(text):
            if 3 <= int(last) <= 11:
                return int(first), int(last)
    steps = _STEPS.search(text)
    if steps and 3 <= int(steps[1]) <= 11:
        return (0, 10) if steps[1] == "11" else (1, int(steps[1]))
    return None


def direction(wording_: str, answers: pd.Series, kind: str) -> str:
    """Which end of a kind's scale is the good one: "up" where words say the high one, "down" where the low one.

    "" where nobody says it: neither both ends in the wording nor a label behind any point of the answers.

    >>> direction("Satisfied? (1 = very satisfied, 5 = very dissatisfied)", pd.Series(["1", "2"]), "csat")
    'down'
    >>> direction("How satisfied are you?", pd.Series(["5 - very satisfied", "1 - very dissatisfied"]), "csat")
    'up'
    """
    first, last = of_kind(kind) or (0, 0)
    given = [normal(str(answer)) for answer in answers.dropna().unique()]
    if any(answer in wording()["labels"] for answer in given):
        return "up"
    said = _senses([pair for answer in given for pair in _LABELLED.findall(answer)], first + last)
    if not said:
        text = plain(wording_)
        said = _senses([*_POINT_FIRST.findall(text), *((point, word) for word, point in _WORD_FIRST.findall(text))],
                       first + last)
        said = said if len(said) > 1 else []      # of a question's number and its wording no end is told
    return "" if len({way for _, way in said}) != 1 else said[0][1]


def _senses(pairs: list[tuple[str, str]], ends: int) -> list[tuple[int, str]]:
    """Points beside a good or a bad word, each once: whether the scale runs up or down by it."""
    found: dict[int, str] = {}
    for point, word in pairs:
        bad, good = (any(part in word for part in wording()["ends"][sense]) for sense in ("bad", "good"))
        if (bad or good) and int(point) * 2 != ends:
            found.setdefault(int(point), "up" if (int(point) * 2 > ends) != bad else "down")
    return list(found.items())


def of_kind(kind: str) -> tuple[int, int] | None:
    """The scale on which a kind is measured; None where it has none of its own."""
    if kind not in MEASURED:
        return None
    first, last = wording()["kinds"][kind]["scale"]
    return first, last


def on(score: pd.Series, first: int, last: int) -> pd.Series:
    """Which answers are points of a scale."""
    return score.between(first, last) & (score % 1 == 0)


def fits(known: pd.Series, kind: str, said: tuple[int, int] | None) -> bool:
    """Whether answers lie on the scale of a kind: by the wording's word, or nearly all of them.

    A few answers elsewhere are faults of their own cells; where most are elsewhere, the wording
    does not say what was asked.
    """
    first, last = of_kind(kind) or (0, -1)
    there = on(known, first, last)
    if said is not None:
        return said == (first, last) and bool(there.mean() > .5)
    inside = known[there]
    if there.mean() < _ENOUGH:
        return False
    # points from 0 to 10 of which nobody took one above 7, or from 1 to 7 none above 5, may be five points
    return not ((last == 10 and inside.max() <= 7 and inside.min() > 0) or (last == 7 and inside.max() <= 5))


def strays(score: pd.Series, kind: str) -> np.ndarray:
    """Which answers are no point of the scale of their kind."""
    scale = of_kind(kind)
    if scale is None:
        return np.zeros(len(score), bool)
    return (score.notna() & ~on(score, *scale)).to_numpy(bool)
