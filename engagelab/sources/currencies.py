"""The sign before or behind an amount: which currency it says, and whether the row says the same.

An amount whose sign says another currency than its row is no amount of that currency; it is set
aside, for nothing here knows what one is worth in the other. Codes: ISO 4217.
"""

import re
import unicodedata

import numpy as np
import pandas as pd

from engagelab import tables
from engagelab.sources.declarations import Names
from engagelab.sources.job import Job

DOLLARS = ("USD", "AUD", "BBD", "BMD", "BND", "BSD", "BZD", "CAD", "FJD", "GYD", "HKD", "JMD", "KYD", "LRD", "NAD",
           "NZD", "SBD", "SGD", "SRD", "TTD", "TWD", "XCD", "ARS", "CLP", "COP", "MXN", "UYU")
# a sign and the currencies that are written with it: the first one, unless the row says another of them
SIGNS = {"us$": ("USD",), "ca$": ("CAD",), "au$": ("AUD",), "a$": ("AUD",), "nz$": ("NZD",), "hk$": ("HKD",),
         "nt$": ("TWD",), "s$": ("SGD",), "¥": ("JPY", "CNY"), "円": ("JPY",), "$": DOLLARS, "€": ("EUR",),
         "£": ("GBP",), "\\": ("JPY",),       # the yen sign of cp932 stands in the place of the backslash
         "jpy": ("JPY",), "yen": ("JPY",), "usd": ("USD",), "eur": ("EUR",), "gbp": ("GBP",)}
CODES = {"currency", "to"}       # the columns that hold codes
_SIGN = re.compile("|".join(map(re.escape, SIGNS)))


def signs(cells: pd.Series) -> pd.Series | None:
    """The sign of each amount, missing where it has none; None where no cell of the column has any.

    >>> signs(pd.Series(["¥1,200", "５００円", "7 EUR", "8"])).tolist()
    ['¥', '円', 'eur', None]
    """
    if cells.dtype.kind in "iuf":
        return None
    codes, unique = pd.factorize(cells)
    if not _SIGN.search(_normal("\n".join(map(str, unique)))):
        return None
    found = [_sign(_normal(str(cell))) for cell in unique]
    return pd.Series(np.array([*found, None], dtype=object)[codes], index=cells.index, dtype=object)


def code(cell: str) -> str:
    """The code of a currency that is given by its sign or in small letters; what may be several is left as it is.

    >>> code("円"), code("￥"), code("jpy"), code("$"), code("points")
    ('JPY', 'JPY', 'JPY', '$', 'points')
    """
    text = _normal(cell).strip()
    if text in SIGNS and len(SIGNS[text]) < len(DOLLARS):
        return SIGNS[text][0]
    return text.upper() if len(text) == 3 and text.isascii() and text.isalpha() else cell


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _sign(text: str) -> str | None:
    """The one sign of an amount; of two that say different things, both."""
    found = list(dict.fromkeys(_SIGN.findall(text)))
    means = {SIGNS[sign][0] for sign in found}
    return "/".join(found) if len(means) > 1 else found[0] if found else None


def check(job: Job, frame: pd.DataFrame, table: str, group: Names, among: np.ndarray | None = None) -> None:
    """Amounts whose sign says another currency are set aside; where the row names none, the sign's is taken.

    A row's own currency goes before that of the settings; where neither is there, the one of most
    signs holds for the table. `frame` is changed in its place.
    """
    for name in CODES & set(frame):
        frame[name] = frame[name].map({cell: code(cell) for cell in frame[name].dropna().unique()}).astype(object)
    found = _found(job, frame, table, group, among)
    if not found:
        return
    named = "currency" in frame
    said_there = frame["currency"].str.upper().fillna("") if named else pd.Series("", index=frame.index)
    row = said_there.to_numpy(object, copy=True)
    common = "" if named else _common(found)
    for ours, (place, sign) in found.items():
        signed = np.flatnonzero(sign.notna())
        owns, marks = row[signed], sign.to_numpy(object)[signed]
        for own, mark in dict.fromkeys(zip(owns, marks, strict=True)):
            said, who = _said(own, job.options.currency, common)
            means, places = SIGNS.get(mark, ()), signed[(owns == own) & (marks == mark)]
            if not means or (said and said not in means):
                names = "/".join(SIGNS[one][0] for one in mark.split("/"))
                job.problems.cells(places, f"other_currency_{who} {names} {said}", job.titles[place], ours,
                                   job.cell(place), required=tables.table(table).columns[ours].required)
                frame.loc[frame.index[places], ours] = np.nan
            elif not own:
                row[places] = said or means[0]
    if named or not job.options.currency:       # else the whole table is said to be in that of the settings
        filled = pd.Series(row, index=frame.index, dtype=object).mask(row == "", None)
        frame["currency"] = frame["currency"].where(frame["currency"].notna(), filled) if named else filled


def _found(job: Job, frame: pd.DataFrame, table: str, group: Names,
           among: np.ndarray | None) -> dict[str, tuple[int, pd.Series]]:
    """The columns of amounts in which any cell that was read has a sign: their places, and the signs."""
    live = ~job.problems.dropped & (True if among is None else among)
    found = {}
    for ours, theirs in group.items():
        if tables.table(table).columns[ours].kind == "amount" and ours in frame:
            place = job.places(theirs)[0]
            sign = signs(job.cell(place))
            if sign is not None:
                sign = sign.where(frame[ours].notna().to_numpy(bool) & live, None)
            if sign is not None and sign.notna().any():
                found[ours] = (place, sign)
    return found


def _common(found: dict[str, tuple[int, pd.Series]]) -> str:
    """The currency of more than half of the signs; "none" where there is no such."""
    means = pd.concat([sign.dropna().map(lambda one: SIGNS.get(one, ("",))[0]) for _, sign in found.values()])
    shares = means.value_counts(normalize=True)
    return str(shares.index[0]) if len(shares) and shares.iloc[0] > .5 else "none"


def _said(own: str, settings: str, common: str) -> tuple[str, str]:
    """The currency that an amount should have, "" where nobody says it; and who says so."""
    if own:
        return own, "row"
    return (settings, "settings") if settings else (common, "column")
