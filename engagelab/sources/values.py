"""Cells to values: one strict converter a kind of column.

A converter gives the values and the places that it could not read, with the reason. A column that
pandas has already read as plain numbers passes untouched; other cells are read one by one, each
different one once. What counts as missing is listed here and nowhere else.
"""

import html
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from engagelab.sources.declarations import normal
from engagelab.tables import Column
from engagelab.workbook import FORMULA

MISSING = frozenset({"", "-", "--", "–", "—", "―", "n/a", "#n/a", "na", "nan", "null", "(null)", "none", "nil",
                     "該当なし"})
TRUE = frozenset({"yes", "true", "1", "y", "t", "はい", "有", "○", "同意する", "on"})
FALSE = frozenset({"no", "false", "0", "n", "f", "いいえ", "無", "×", "同意しない", "off"})
MISSING_FORMS = frozenset(form(word) for word in MISSING for form in (str, str.upper, str.title)) | {"NaN"}
_DAMAGED = re.compile(r"[-+]?\d+(?:[.,]\d*)?[eE]\+\d+")
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d)\.)?(?:e[-+]?\d+)?")
_CURRENCY = re.compile(r"^([-+]?)\s*(?:(?:us|ca|au?|nz|hk|nt|s)?\$|[¥\\€£]|jpy|usd|eur|gbp)\s*([-+]?)"
                       r"|\s*(?:円|jpy|usd|eur|gbp|€)$")
_MINUS = str.maketrans("\u2212▲△", "---")
_BIG = 2.0 ** 53


@dataclass
class Converted:
    """The values of a column, and by reason the places of the cells that were not read."""

    values: pd.Series
    bad: dict[str, np.ndarray] = field(default_factory=dict)


def convert(cells: pd.Series, column: Column, *, unescape: bool = False, guarded: bool = True,
            alias: dict[str, str] | None = None) -> Converted:
    """A column of text (or of numbers, as pandas read them) as the canonical column has it.

    >>> from engagelab.tables import table
    >>> convert(pd.Series(["¥1,200", "1,2O0", "n/a"]), table("orders").columns["total"])
    Converted(values=0    1200.0
    1       NaN
    2       NaN
    dtype: float64, bad={'not_a_number': array([1])})

    Reasons are keys of the catalogue: `not_a_number not_whole not_finite too_big out_of_range
    damaged not_a_flag not_allowed`.
    """
    if alias:
        cells = renamed(cells, alias)
    if column.kind in ("integer", "number", "amount", "rate"):
        return _numbers(cells, column)
    if column.kind == "id":
        return _ids(cells)
    if column.kind == "flag":
        return _flags(cells)
    if column.kind == "category":
        return _categories(cells, column)
    text = html_free(cells) if unescape else cells.astype(object)
    return Converted(unmarked(text) if guarded else text)


def number(text: str, kind: str) -> float | str:
    """One cell as a number, NaN where it is missing, or the reason why it is none.

    >>> number("１，２５０", "integer"), number("27.78%", "rate"), number("1,2O0", "amount")
    (1250.0, 0.2778, 'not_a_number')
    >>> number("1.22E+17", "integer")
    'damaged'
    """
    plain = _plain(text)
    if plain in MISSING:
        return math.nan
    if plain.lstrip("+-") in ("inf", "infinity", "∞"):
        return "not_finite"
    percent = plain.endswith("%") and kind in ("rate", "number")
    plain = plain.removesuffix("%").rstrip() if percent else plain
    plain = plain.translate(_MINUS)
    if kind == "amount":
        plain = _CURRENCY.sub(r"\1\2", plain)
    if not plain or not _NUMBER.fullmatch(plain) or not any(letter.isdigit() for letter in plain):
        return "not_a_number"
    if "e" in plain and kind in ("integer", "amount"):
        return "damaged"        # 1.22E+05 was a longer number once
    value = float(plain.replace(",", ""))
    if math.isinf(value):
        return "too_big"
    # the shift of two places is done in decimal, so that 27.78% is 0.2778 and not its neighbour
    return float(f"{plain.replace(',', '')}e-2") if percent and "e" not in plain else value / (100 if percent else 1)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold().removeprefix("'").strip()


def bare(text: str) -> str:
    """The figures of a number, without its sign, its currency and what stands for a share of a hundred.

    >>> bare("-€ １.000"), bare("12,5 %")
    ('1.000', '12,5')
    """
    return _CURRENCY.sub(r"\1\2", _plain(text).translate(_MINUS).rstrip("% ")).strip().lstrip("+-")


def each(cells: pd.Series, read: Callable[[str], object]) -> tuple[pd.Series, np.ndarray]:
    """`read` of every cell, asked once for each different one; codes say which is which, -1 is missing."""
    codes, unique = pd.factorize(cells)
    return pd.Series([read(str(cell)) for cell in unique], dtype=object), codes


def _spread(read: pd.Series, codes: np.ndarray, index: pd.Index) -> pd.Series:
    """What was read of each different cell, put back at every cell."""
    whole = np.empty(len(read) + 1, dtype=object)       # the last place is that of missing cells, None
    whole[:-1] = read.to_numpy(object)
    return pd.Series(whole[codes], index=index, dtype=object)


def _numbers(cells: pd.Series, column: Column) -> Converted:
    bad: dict[str, np.ndarray] = {}
    if column.kind == "integer" and _all_fit(cells, column):
        return Converted(cells.astype("Int64"))
    if cells.dtype.kind in "iuf":
        values = cells.astype("float64").to_numpy(copy=True)
        infinite = np.isinf(values)
        if infinite.any():
            bad["not_finite"] = np.flatnonzero(infinite)
    else:
        read, codes = each(cells, lambda cell: number(cell, column.kind))
        reasons = read.map(lambda item: item if isinstance(item, str) else "").to_numpy(object)
        numeric = pd.to_numeric(read.where(reasons == ""), errors="coerce").to_numpy("float64")
        values = np.append(numeric, np.nan)[codes]
        for reason in sorted(set(reasons) - {""}):
            bad[reason] = np.flatnonzero(np.append(reasons == reason, False)[codes])
    return _checked(values, cells.index, column, bad)


def _all_fit(cells: pd.Series, column: Column) -> bool:
    """Whether pandas has read whole numbers, every one of them within the range that the table declares."""
    if cells.dtype.kind != "i" or not cells.count():
        return False
    low, high = cells.min(), cells.max()
    return bool(low > -_BIG and high < _BIG and (column.minimum is None or low >= column.minimum)
                and (column.maximum is None or high <= column.maximum))


def _checked(values: np.ndarray, index: pd.Index, column: Column, bad: dict[str, np.ndarray]) -> Converted:
    """Whole where it must be, and within the range that the table declares."""
    with np.errstate(invalid="ignore"):
        if column.kind == "integer":
            bad["not_whole"] = np.flatnonzero((values != np.floor(values)) & np.isfinite(values))
            bad["too_big"] = np.flatnonzero(np.isfinite(values) & (np.abs(values) > _BIG))
        outside = np.zeros(len(values), bool)
        if column.minimum is not None:
            outside |= values < column.minimum
        if column.maximum is not None:
            outside |= values > column.maximum
    outside &= np.isfinite(values)
    bad["out_of_range"] = np.flatnonzero(outside)
    bad = {reason: places for reason, places in bad.items() if len(places)}
    for places in bad.values():
        values[places] = np.nan
    out = pd.Series(values, index=index)
    return Converted(out.astype("Int64") if column.kind == "integer" else out, bad)


def _ids(cells: pd.Series) -> Converted:
    """Ids as text: stripped, without a spreadsheet's apostrophe or `="..."`; damaged ones refused."""
    clean = cells.astype(object).copy()
    known = clean.notna().to_numpy()
    if "".join(clean if known.all() else clean[known]).isalnum():
        # figures and letters alone: nothing to strip, nothing damaged
        if not MISSING_FORMS.isdisjoint(clean):
            clean[clean.isin(MISSING_FORMS).to_numpy()] = None
        return Converted(clean)
    clean[known] = [_id(cell) for cell in clean[known]]
    known = clean.notna().to_numpy()
    damaged = np.zeros(len(clean), bool)
    damaged[known] = [cell[:1] in "0123456789+-" and _DAMAGED.fullmatch(cell) is not None for cell in clean[known]]
    clean[damaged] = None
    return Converted(clean, {"damaged": np.flatnonzero(damaged)} if damaged.any() else {})


def _id(cell: str) -> str | None:
    text = cell.strip()
    if text[:1] == "'":
        text = text[1:].strip()
    elif text[:2] == '="' and text[-1:] == '"':
        text = text[2:-1].strip()
    return text if text and text != "-" and text.casefold() not in MISSING else None


def identified(ids: pd.Series, urls: pd.Series) -> pd.Series:
    """Ids; where a url is the id, that of another row with the same url, if there is one and only one.

    >>> identified(pd.Series(["https://x.y/1", "7", "https://x.y/2"]), pd.Series(["https://x.y/1"] * 2 + ["https://x.y/2"]))
    0                7
    1                7
    2    https://x.y/2
    dtype: object
    """
    ids = ids.astype(object)
    urls = pd.Series([url.strip() if isinstance(url, str) else None for url in urls], index=urls.index, dtype=object)
    made = (ids.eq(urls) & ids.notna()).to_numpy(bool)
    if not made.any():
        return ids
    sound = pd.DataFrame({"id": ids, "url": urls})[~made].dropna().drop_duplicates()
    by_url = sound[~sound["url"].duplicated(keep=False)].set_index("url")["id"]
    own = urls.map(by_url).astype(object)
    return ids.mask(made & own.notna(), own)


def renamed(cells: pd.Series, alias: dict[str, str]) -> pd.Series:
    """Cells by the names that their values have here; `*` stands for any that is not listed.

    >>> renamed(pd.Series(["受注", "失注", "-", None]), {"受注": "true", "*": ""}).tolist()
    ['true', None, '-', None]
    """
    def name(cell: str) -> str | None:
        text = normal(cell)
        other = cell if text in MISSING else alias.get("*", cell)
        return alias.get(text, alias.get(text.removesuffix(".0"), other)) or None

    return _spread(*each(cells, name), cells.index)


def _flags(cells: pd.Series) -> Converted:
    def flag(cell: str) -> object:
        plain = normal(cell)
        plain = {"1.0": "1", "0.0": "0"}.get(plain, plain)
        return True if plain in TRUE else False if plain in FALSE else None if plain in MISSING else "not_a_flag"

    read, codes = each(cells, flag)
    wrong = np.append(read.map(lambda item: item == "not_a_flag").to_numpy(bool), False)[codes]
    values = _spread(read, codes, cells.index)
    values[wrong] = None
    return Converted(values.astype("boolean"), {"not_a_flag": np.flatnonzero(wrong)} if wrong.any() else {})


def _categories(cells: pd.Series, column: Column) -> Converted:
    def category(cell: str) -> str | None:
        text = _unmarked(cell.strip())
        if text.casefold() in MISSING:
            return None
        name = text.casefold().replace(" ", "_").replace("-", "_")
        return name if name in column.allowed else text

    read, codes = each(cells, category)
    values = _spread(read, codes, cells.index)
    if not column.allowed:
        return Converted(values)
    wrong = (values.notna() & ~values.isin(column.allowed)).to_numpy()
    values[wrong] = None
    return Converted(values, {"not_allowed": np.flatnonzero(wrong)} if wrong.any() else {})


def unmarked(cells: pd.Series) -> pd.Series:
    """Texts without the apostrophe that keeps a spreadsheet from taking them for formulas, as `save()` puts it.

    >>> unmarked(pd.Series(["'=1+1", "'tis", None], dtype=object)).tolist()
    ['=1+1', "'tis", None]
    """
    known, clean = cells.notna().to_numpy(), cells.copy()
    clean[known] = [_unmarked(str(cell)) for cell in cells[known]]
    return clean


def _unmarked(text: str) -> str:
    return text[1:] if text[:1] == "'" and FORMULA.match(text[1:]) else text


def html_free(cells: pd.Series) -> pd.Series:
    """Text with `&amp;` and its like put back into letters."""
    text = cells.astype(object).copy()
    known = text.notna().to_numpy()
    text[known] = [html.unescape(cell) if "&" in cell else cell for cell in text[known]]
    return text
