"""E-mail addresses and telephone numbers, wherever they stand.

A column of them names people; one inside a text or a category is masked in every table, so that neither a
quoted answer nor the link to a page puts somebody on a page. They are found in letters of full width too, and
masked as they stand. Names inside a text are not found: that needs a reader; a column of them is.
"""

import re

import numpy as np
import pandas as pd

from engagelab.errors import MAIL, MASK

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TELEPHONE = re.compile(r"[+(]?\d[\d\s()./-]{7,18}\d")
# of North America (its Numbering Plan): 212-555-0123, 1.212.555.0123, (212) 555-0123
_US = r"(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[.-]\d{4}"
# inside a text: an address; +81 3 1234 5678; 090-1234-5678; 09012345678; (03) 1234-5678; one of North America
_INSIDE = re.compile(MAIL + r"|(?<![\w+])\+\d{1,3}(?:[ ().-]{0,2}\d){8,12}(?!\d)"
                     r"|(?<![\w-])\(?0(?:[ ().-]{0,2}\d){9,10}(?![\d-])"
                     rf"|(?<![\w.-]){_US}(?![\w-])", re.ASCII)
# an id that is a telephone number; one that begins with 00 is a number filled up with zeros
_CALLED = re.compile(r"\+\d{1,3}(?:[ ().-]{0,2}\d){8,12}|\(?0[ ().-]{0,2}[1-9](?:[ ().-]{0,2}\d){8,9}|" + _US, re.ASCII)
_MAILED = re.compile(MAIL, re.ASCII)
_MOBILE = re.compile(r"0[5-9]0\d{8}", re.ASCII)        # of Japan, written without hyphens
_DASHES = "‐‒–—―−ー"                                    # as the hyphens of a number are written beside "-"
_DASH = re.compile(rf"(?<=\d)[{_DASHES}](?=\d)", re.ASCII)
_NARROW = {0xFEE0 + code: code for code in range(0x21, 0x7F)} | {0x3000: 0x20}
_BETWEEN = re.compile(r"[\s.'’・=＝-]")                 # what a name has beside letters
_CHUNK, _PARTED = 1 << 12, "\x1e"
_WORD, _BESIDE, _CALL = np.zeros((3, 256), bool)
_BESIDE[[*map(ord, ".+-")]] = True
_WORD[[*map(ord, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")]] = True
_CALL[[*map(ord, "0123456789 ().-"), 0xE2, 0xE3, 0xEF]] = True     # and the first bytes of what stands for these
_WIDE, _DASHED = (np.array([int.from_bytes(letter.encode(), "big") for letter in letters])
                  for letters in ("０１２３４５６７８９＋＠", _DASHES + "－．"))


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

    >>> hidden("ann@example.com"), hidden("電話は０９０－１２３４－５６７８！")
    ('***', '電話は***！')
    """
    if text.isascii():
        return _INSIDE.sub(MASK, text)
    told, last = "", 0
    for found in _INSIDE.finditer(_DASH.sub("-", text.translate(_NARROW))):
        told += text[last:found.start()] + MASK
        last = found.end()
    return told + text[last:]


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
    joined = _PARTED.join(["", *texts, ""])
    whole = np.frombuffer((joined + "    ").encode("utf-8", "surrogatepass"), np.uint8)
    ends = np.flatnonzero(whole == ord(_PARTED))
    if len(ends) != len(texts) + 1:         # the sign between texts stands in one of them
        return np.flatnonzero([bool(text) for text in texts])
    figure = whole - np.uint8(48) < 10
    zero = whole == ord("0")
    zero[1:] &= ~figure[:-1]        # within a number it begins none
    at = np.flatnonzero((whole == ord("@")) | (whole == ord("+")) | zero)
    before, here, after = whole[at - 1], whole[at], whole[at + 1]
    called = _CALL[after] & ~_WORD[before] & ((here == ord("+")) | (before != ord("-")))
    named = _WORD[before] | _BESIDE[before] | (before > 127)  # a letter of full width may stand before a plain @
    found = [at[np.where(here == ord("@"), named, called)]]
    part = np.flatnonzero((whole == ord("-")) | (whole == ord(".")))
    found.append(part[np.logical_and.reduce([figure[part + step] for step in (-1, 1, 2, 3, 4)])])       # 555-0123
    if not joined.isascii():
        found += [_three(whole, np.flatnonzero(whole == 0xEF), _WIDE),
                  _three(whole, np.flatnonzero(figure[:-4] & (whole[1:-3] > 0xE1) & figure[4:]) + 1, _DASHED)]
    return np.unique(np.searchsorted(ends, np.concatenate(found)) - 1)


def _three(whole: np.ndarray, at: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Of some places those at which one of these letters of three bytes stands."""
    return at[np.isin((whole[at].astype(int) << 16) + (whole[at + 1].astype(int) << 8) + whole[at + 2], letters)]


def reaching(ids: pd.Series, people: bool = True) -> pd.Series:
    """Which of a column's ids are e-mail addresses or telephone numbers.

    Figures alone may be a member's number: they are telephones where half of the column looks so. An id that is not of
    `people` may have an @ that is no address's, and figures of which only those of a mobile telephone count.

    >>> reaching(pd.Series(["ann@example.com", "090-1234-5678", "0312345678", None])).tolist()
    [True, True, True, False]
    >>> reaching(pd.Series(["0312345678", "C1", "C2"])).tolist()
    [False, False, False]
    >>> reaching(pd.Series(["https://x.y/@a/1", "ann@example.com", "0312345678"]), people=False).tolist()
    [False, True, False]
    """
    texts = [text if isinstance(text, str) else "" for text in ids.to_numpy(object)]
    whole = "\n".join(["", *texts])
    whole = whole if whole.isascii() else whole.translate(_NARROW)
    if not any(sign in whole for sign in ("@", "\n+", "\n(", "\n0", "-", ".")):
        return pd.Series(False, index=ids.index)
    texts = [text if text.isascii() else _DASH.sub("-", text.translate(_NARROW)) for text in texts]
    may = [place for place, text in enumerate(texts)
           if text and (text[0] in "+(0" or "@" in text or text[-5:-4] in ("-", "."))]
    sure = [place for place in may if "@" in texts[place] and (people or _MAILED.search(texts[place]))]
    figures: list[int] = []
    for place in may:
        if _CALLED.fullmatch(texts[place]):
            if not texts[place].isdigit():
                sure.append(place)
            elif people or _MOBILE.fullmatch(texts[place]):
                figures.append(place)
    if 2 * (len(figures) + len(sure)) >= len(texts) - texts.count(""):
        sure += figures
    found = np.zeros(len(texts), bool)
    found[sure] = True
    return pd.Series(found, index=ids.index)


def mostly_names(ids: pd.Series) -> bool:
    """Whether most of a column's ids are names of people: no figure, and two words or letters beyond ASCII's.

    >>> mostly_names(pd.Series(["Taro Yamada", "佐藤 花子", "E3"])), mostly_names(pd.Series(["taro", "ADMIN", "E 3"]))
    (True, False)
    """
    unique = [str(text).strip() for text in ids.dropna().unique()]
    named = 0
    for text in unique:
        if not text[-1:].isdigit():     # as most ids end
            letters = _BETWEEN.sub("", text)
            named += letters.isalpha() and (not letters.isascii() or " " in text)
    return 2 * named > len(unique)


def mostly_addresses(cells: pd.Series) -> bool:
    """Whether a column that nobody declared holds e-mail addresses."""
    given = cells[cells != ""].head(1000)
    return bool(len(given)) and bool(given.str.strip().str.fullmatch(_ADDRESS).mean() >= .5)
