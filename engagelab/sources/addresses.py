"""E-mail addresses and telephone numbers, wherever they stand.

A column of them names people; one inside a text or a category is masked in every table, so that neither a
quoted answer nor the link to a page puts somebody on a page. Names inside a text are not found: that needs a reader.
"""

import re

import numpy as np
import pandas as pd

MASK = "***"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TELEPHONE = re.compile(r"[+(]?\d[\d\s()./-]{7,18}\d")
# inside a text: an address; +81 3 1234 5678; 090-1234-5678; 09012345678; (03) 1234-5678
_INSIDE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
                     r"|(?<![\w+])\+\d{1,3}(?:[ ().-]{0,2}\d){8,12}(?!\d)"
                     r"|(?<![\w-])\(?0(?:[ ().-]{0,2}\d){9,10}(?![\d-])", re.ASCII)
# an id that is a telephone number; one that begins with 00 is a number filled up with zeros
_CALLED = re.compile(r"\+\d{1,3}(?:[ ().-]{0,2}\d){8,12}|\(?0[ ().-]{0,2}[1-9](?:[ ().-]{0,2}\d){8,9}", re.ASCII)
_CHUNK, _PARTED = 1 << 12, "\x1e"
_WORD, _BESIDE, _CALL = np.zeros((3, 256), bool)
_BESIDE[[*map(ord, ".+-")]] = True
_WORD[[*map(ord, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")]] = True
_CALL[[*map(ord, "0123456789 ().-")]] = True


def reaches_somebody(text: str) -> bool:
    """Whether a text is an e-mail address or a telephone number and nothing else.

    >>> [reaches_somebody(text) for text in ("ann@example.com", "090-1234-5678", "2026-04-01", "9")]
    [True, True, False, False]
    """
    if _ADDRESS.fullmatch(text):
        return True
    return _TELEPHONE.fullmatch(text) is not None and 9 <= sum(letter.isdigit() for letter in text) <= 15


def hidden(text: str) -> str:
    """One text with what reaches somebody masked.

    >>> hidden("ann@example.com")
    '***'
    """
    return _INSIDE.sub(MASK, text)


def masked(texts: pd.Series) -> tuple[pd.Series, int]:
    """Texts with the addresses and telephone numbers in them masked, and in how many there were any.

    >>> masked(pd.Series(["Call 090-1234-5678 or ann@example.com.", "9 of 10 on 2026-04-01"]))[0].tolist()
    ['Call *** or ***.', '9 of 10 on 2026-04-01']
    """
    told = texts.to_numpy(object, copy=True)
    changed = 0
    for begin in range(0, len(told), _CHUNK):
        part = [text if isinstance(text, str) else "" for text in told[begin:begin + _CHUNK]]
        for place in (_suspect(part) + begin).tolist():
            plain = hidden(told[place])
            changed += plain != told[place]
            told[place] = plain
    return (pd.Series(told, index=texts.index, dtype=object, name=texts.name), changed) if changed else (texts, 0)


def _suspect(texts: list[str]) -> np.ndarray:
    """Which texts hold a letter at which an address or number may begin; looked for in all of them at once."""
    whole = np.frombuffer(_PARTED.join(["", *texts, ""]).encode("utf-8", "surrogatepass"), np.uint8)
    ends = np.flatnonzero(whole == ord(_PARTED))
    if len(ends) != len(texts) + 1:         # the sign between texts stands in one of them
        return np.flatnonzero([bool(text) for text in texts])
    zero = whole == ord("0")
    zero[1:] &= whole[:-1] - np.uint8(48) > 9       # within a number it begins none
    at = np.flatnonzero((whole == ord("@")) | (whole == ord("+")) | zero)
    before, here, after = whole[at - 1], whole[at], whole[at + 1]
    called = _CALL[after] & ~_WORD[before] & ((here == ord("+")) | (before != ord("-")))
    at = at[np.where(here == ord("@"), _WORD[before] | _BESIDE[before], called)]
    return np.unique(np.searchsorted(ends, at) - 1)


def reaching(ids: pd.Series) -> pd.Series:
    """Which of a column's ids are e-mail addresses or telephone numbers.

    Figures alone may be a member's number: they are telephones where half of the column looks so.

    >>> reaching(pd.Series(["ann@example.com", "090-1234-5678", "0312345678", None])).tolist()
    [True, True, True, False]
    >>> reaching(pd.Series(["0312345678", "C1", "C2"])).tolist()
    [False, False, False]
    """
    texts = [text if isinstance(text, str) else "" for text in ids.to_numpy(object)]
    may = [place for place, text in enumerate(texts) if text and (text[0] in "+(0" or "@" in text)]
    sure = [place for place in may if "@" in texts[place]]
    figures: list[int] = []
    for place in may:
        if _CALLED.fullmatch(texts[place]):
            (figures if texts[place].isdigit() else sure).append(place)
    if 2 * (len(figures) + len(sure)) >= len(texts) - texts.count(""):
        sure += figures
    found = np.zeros(len(texts), bool)
    found[sure] = True
    return pd.Series(found, index=ids.index)


def mostly_addresses(cells: pd.Series) -> bool:
    """Whether a column that nobody declared holds e-mail addresses."""
    given = cells[cells != ""].head(1000)
    return bool(len(given)) and bool(given.str.strip().str.fullmatch(_ADDRESS).mean() >= .5)
