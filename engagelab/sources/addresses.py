"""E-mail addresses and telephone numbers, wherever they stand.

A column of them names people; one inside a free text is masked, so that a quoted answer does not
put its writer on a page. Names inside free text are not found: that needs a reader.
"""

import re

import pandas as pd

MASK = "***"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TELEPHONE = re.compile(r"[+(]?\d[\d\s()./-]{7,18}\d")
# inside a text: an address; +81 3 1234 5678; 090-1234-5678; 09012345678; (03) 1234-5678
_INSIDE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
                     r"|(?<![\w+])\+\d{1,3}(?:[ ().-]{0,2}\d){8,12}(?!\d)"
                     r"|(?<![\w-])\(?0(?:[ ().-]{0,2}\d){9,10}(?![\d-])", re.ASCII)


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
    known = texts.notna().to_numpy()
    told = texts.astype(object).copy()
    told[known] = [hidden(text) for text in told[known]]
    changed = told[known] != texts.astype(object)[known]
    return (told, int(changed.sum())) if changed.any() else (texts, 0)


def mostly_addresses(cells: pd.Series) -> bool:
    """Whether a column that nobody declared holds e-mail addresses."""
    given = cells[cells != ""].head(1000)
    return bool(len(given)) and bool(given.str.strip().str.fullmatch(_ADDRESS).mean() >= .5)
