"""Points between thousands: whether 1.000 in a file is one or a thousand.

A file shows how it writes numbers: 12.50 settles it for the decimal point, 12,50 against it. Where nothing does, days
such as 13.04.2026, semicolons between cells (which a spreadsheet writes where the comma is taken) and the money of a
country that writes 1.000,00 (Unicode CLDR, number formats) leave it open. A number that is left open is a fault of its
cell, and never one.
"""

import functools
import re
import unicodedata

import numpy as np
import pandas as pd

from engagelab.sources.declarations import wording
from engagelab.sources.values import bare, each

_POINTED = r"[1-9]\d{0,2}(?:\.\d{3})+"
_FULL = r"\d{1,3}(?:\.\d{3})+,\d+"              # 25.500,50
_COMMA = rf"{_FULL}|\d+,\d{{1,2}}"
_POINT = re.compile(r"\d+\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d{3}|0?\.\d+|\d{1,3}(?:,\d{3})+\.\d+")
_MAY_BE_COMMA = re.compile(r"\d,\d{1,2}(?!\d)|\.\d{3},\d")


def decimal_comma(cells: pd.Series) -> bool:
    """Whether a column of numbers has a decimal comma anywhere.

    >>> decimal_comma(pd.Series(["1.000", "25.500,50"])), decimal_comma(pd.Series(["1,000", "1,20,000"]))
    (True, False)
    """
    if cells.dtype.kind in "iuf" or not _MAY_BE_COMMA.search(_whole(cells)):
        return False
    return bool(each(cells, bare)[0].astype(str).str.fullmatch(_COMMA).any())


def decimal_point(cells: pd.Series) -> bool:
    """Whether a point in a column of numbers can part no thousands.

    >>> decimal_point(pd.Series(["1.000", "0.125"])), decimal_point(pd.Series(["1.000", "25.500", "7"]))
    (True, False)
    """
    return any(_POINT.fullmatch(bare(str(cell))) for cell in cells.dropna().unique())


def of_points(cells: pd.Series) -> bool:
    """Whether a column names money, by its code or its sign, of a country that parts thousands by points.

    >>> of_points(pd.Series(["EUR", "USD"])), of_points(pd.Series(["1.000 €"])), of_points(pd.Series(["$ 1.000"]))
    (True, True, False)
    """
    return cells.dtype.kind not in "iuf" and _money().search(_whole(cells)) is not None


def doubtful(cells: pd.Series) -> np.ndarray:
    """Places of numbers in which a point, or a comma beside 25.500,50, may part thousands.

    In a column without a decimal comma, a decimal point leaves no doubt.

    >>> doubtful(pd.Series(["1.000", "25.500,50", "3", "2,000"]))
    array([0, 3])
    """
    if cells.dtype.kind in "iuf":
        return np.zeros(0, int)
    text, codes = each(cells, bare)
    text = text.astype(str)
    found = text.str.fullmatch(_POINTED)
    if found.any() and not text.str.fullmatch(_COMMA).any():
        found &= not text.map(_POINT.fullmatch).any()
    if text.str.fullmatch(_FULL).any():
        found |= text.str.fullmatch(r"\d{1,3},\d{3}")
    return np.flatnonzero(np.append(found.to_numpy(bool), False)[codes])


def _whole(cells: pd.Series) -> str:
    return unicodedata.normalize("NFKC", "\n".join(map(str, cells.dropna().unique()))).casefold()


@functools.cache
def _money() -> re.Pattern[str]:
    points = wording()["points"]
    return re.compile(f"[{''.join(points['signs'])}]|\\b(?:{'|'.join(points['currencies'])})\\b")
