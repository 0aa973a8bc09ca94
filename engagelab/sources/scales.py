"""The scale of a question: what its wording says of it, and whether its answers lie on it."""

import re

import numpy as np
import pandas as pd

from engagelab.sources.declarations import plain, wording

MEASURED = ("enps", "nps", "ces", "csat")
_ENOUGH = .95           # of the answers lie on a scale that the wording does not name
_DASH = r"(?:-|–|—|−|~|〜|to|through|から|\.\.\.?|…)"
_NAMED = (re.compile(rf"(?<![\d.])([01])\s*(?:点)?\s*{_DASH}\s*(\d{{1,2}})(?![\d.])"),
          # (1 very low - 5 very high), (1: とても不満, 5: とても満足)
          re.compile(r"\(\s*([01])(?![\d.])[^()\d]*(?<![\d.])(\d{1,2})(?![\d.])[^()\d]*\)"))
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
