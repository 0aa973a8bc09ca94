"""Stamps: text to UTC by a list of known forms; a day is never guessed.

A form is written as in Python's strptime. `iso` stands for ISO 8601 with day or second, with or
without an offset. Where a list holds a form both ways round, month first and day first, a column
is read the one way only if a row of it can be nothing else, or if `dayfirst` says so.
"""

import re
import unicodedata
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from engagelab.sources.values import MISSING, MISSING_FORMS

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(r"\b(" + "|".join(MONTHS) + r")[a-z]*\.?(?=\W|$)")
_WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+|[(（][月火水木金土日][)）]")
_HALF = re.compile(r"\s*\b([ap])\.?m\.?(?=\W|$)|\s*(午前|午後)")
_AGE = (pd.Timestamp("1900-01-01"), pd.Timestamp("2199-12-31"))
_HOUR = re.compile(r"(\d{1,2})(?=:\d\d)")
_OFFSET = re.compile(r"\s*(?:gmt|utc)\s*(?:([+-])(\d{1,2}):?(\d{2})?)?$")
MICROSECONDS = "microseconds"       # since 1970 in UTC, in figures
_YEAR, _NEAR = 366, 150             # days: of a year with a 29 February; by which one row may follow another
_MICROSECONDS = re.compile(r"\d{15,16}")
ISO = r"\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?"
_DIRECTIVE = re.compile(r"%(.?)")
_ISO_ZONE = re.compile(ISO + r"\s?(?:z|[+-]\d\d:?\d\d)|\d{4}-\d\d-\d\d[t ]\d\d:[\d:.]+\s?[+-]\d\d")
_ISO_PLAIN = re.compile(ISO)


@dataclass(frozen=True)
class Stamps:
    """A column of stamps in UTC, and the places at which something is to be said."""

    values: pd.Series
    bad: np.ndarray             # not a date in any known form
    two_days: np.ndarray        # could be two days
    no_year: np.ndarray         # has no year
    no_order: np.ndarray        # has no year, and neither follows nor precedes the day before it
    in_stamp: bool              # at least one stamp carries its own offset
    plain: bool                 # at least one does not: its zone has to come from elsewhere


def parse(cells: pd.Series, forms: tuple[str, ...], *, zone: str = "UTC",
          dayfirst: bool | None = None, year: int | None = None) -> Stamps:
    """Stamps in UTC from cells of text.

    >>> parse(pd.Series(["2025/07/11 10:16:35 午前 GMT+9"]), ("%Y/%m/%d %I:%M:%S %p %z",)).values[0]
    Timestamp('2025-07-11 01:16:35+0000', tz='UTC')
    >>> parse(pd.Series(["03/04/2026"]), ("%m/%d/%Y", "%d/%m/%Y")).two_days
    array([ True])
    """
    codes, unique = pd.factorize(cells)
    text = pd.Series(unique, dtype=object)
    stamps = _Unique(text, zone)
    stamps.read(forms, dayfirst, year)
    known = codes >= 0

    def spread(flags: np.ndarray) -> np.ndarray:
        out = np.zeros(len(codes), bool)
        out[known] = flags[codes[known]]
        return out

    values = pd.Series(stamps.utc).take(np.where(known, codes, len(text)))
    values.index = cells.index
    left = ~stamps.done
    two, yearless = left & stamps.two, left & stamps.yearless & (year is None)
    bad, no_order = spread(left & ~two & ~yearless), np.zeros(len(codes), bool)
    if year is not None and stamps.yearless.any():
        rows = np.flatnonzero(spread(stamps.yearless & stamps.done))
        local = pd.DatetimeIndex(values.iloc[rows]).tz_convert(zone).tz_localize(None)
        dated, no_order[rows] = _dated(local, year)
        values.iloc[rows] = _utc(dated, zone)
        bad[rows] |= dated.isna()
    return Stamps(values, bad, spread(two), spread(yearless), no_order, stamps.in_stamp, stamps.plain)


class _Unique:
    """The different stamps of a column, read one form after the other."""

    def __init__(self, text: pd.Series, zone: str):
        self.zone = zone
        self.done = text.isin(MISSING_FORMS).to_numpy(bool, copy=True)
        self.two = np.zeros(len(text), bool)
        self.yearless = np.zeros(len(text), bool)
        # one more than there are texts: the place of a missing cell
        self.utc = pd.DatetimeIndex(np.full(len(text) + 1, "NaT", "datetime64[us]")).tz_localize("UTC").to_series()
        self.utc.index = pd.RangeIndex(len(self.utc))
        self.text, self.half = text, np.zeros(len(text), bool)
        self.in_stamp = self.plain = False
        self.plainly = True

    def read(self, forms: tuple[str, ...], dayfirst: bool | None, year: int | None) -> None:
        self._pass(forms, dayfirst, year)
        if not self.done.all():
            # month names, a.m. and p.m., GMT+9: put into figures, free of any locale
            left = np.flatnonzero(~self.done)
            figures = [_figures(str(self.text[place])) for place in left]
            self.done[left] = [text.casefold() in MISSING for text, _ in figures]
            self.text.iloc[left] = [text for text, _ in figures]
            self.half[left] = [half for _, half in figures]
            self.plainly = False
            self._pass(forms, dayfirst, year)

    def _pass(self, forms: tuple[str, ...], dayfirst: bool | None, year: int | None) -> None:
        pairs = [(form, _turned(form)) for form in forms if _turned(form) in forms and "%m" in form.partition("%d")[0]
                 and "%d" in form]
        in_pairs = {form for pair in pairs for form in pair}
        for form in forms:
            if not self.done.all() and form not in in_pairs:
                self._one(form, year)
        if pairs and not self.done.all():
            self._pairs(pairs, dayfirst, year)

    def _one(self, form: str, year: int | None) -> None:
        found, with_zone = self._try(form, year)
        self._keep(found, with_zone)

    def _pairs(self, pairs: list[tuple[str, str]], dayfirst: bool | None, year: int | None) -> None:
        tried = [(self._try(month, year), self._try(day, year)) for month, day in pairs]
        month_only = any((~m.isna() & d.isna()).any() for (m, _), (d, _) in tried)
        day_only = any((m.isna() & ~d.isna()).any() for (m, _), (d, _) in tried)
        if dayfirst is None and month_only != day_only:
            dayfirst = day_only
        for (m, zone), (d, _) in tried:
            both = (~m.isna() & ~d.isna() & (m != d)).to_numpy()
            if dayfirst is None:
                self.two |= both & ~self.done
                self._keep(m.where(~m.isna(), d).mask(both), zone)
            else:
                self._keep(d if dayfirst else m, zone)

    def _try(self, form: str, year: int | None) -> tuple[pd.Series, bool]:
        """What this form makes of the stamps that are left; local time, or UTC where they say their offset."""
        left = ~self.done
        if self.plainly:
            if any(word in form for word in ("%b", "%p", "%a")):
                left = left & False
        elif form != "iso":
            left = left & (self.half == ("%p" in form))
        text = self.text[left]
        if form == MICROSECONDS:
            count = pd.to_numeric(text.where(text.astype(str).str.fullmatch(_MICROSECONDS)), errors="coerce")
            found, zoned = pd.to_datetime(count.astype("Int64"), unit="us", utc=True), True
        elif form == "iso":
            found, zoned = _iso(text)
        else:
            zoned = "%z" in form
            text, form = self._with_year(text, form, year)
            found = pd.to_datetime(text, format=_plain(form), errors="coerce", utc=zoned)
        if zoned:
            found = found.dt.tz_localize(None)
        out = pd.Series(np.full(len(self.text), "NaT", "datetime64[us]"))
        out[left] = found.astype("datetime64[us]")
        return out, zoned

    def _with_year(self, text: pd.Series, form: str, year: int | None) -> tuple[pd.Series, str]:
        if "%Y" in form or "%y" in form:
            return text, form
        if not len(text):
            return text, form + " %Y"
        dated = text.astype(str) + " 2000"
        found = pd.to_datetime(dated, format=_plain(form) + " %Y", errors="coerce")
        self.yearless[found.index[found.notna()]] = True
        return text[:0].reindex(text.index) if year is None else dated, form + " %Y"

    def _keep(self, found: pd.Series, zoned: bool) -> None:
        # a stamp of another age is a slip or a placeholder, not a day on which something was measured
        new = found.between(*_AGE).to_numpy(bool) & ~self.done
        if not new.any():
            return
        local = pd.DatetimeIndex(found[new])
        self.utc.iloc[np.flatnonzero(new)] = _utc(local, "UTC" if zoned else self.zone)
        self.done |= new
        self.in_stamp |= zoned
        self.plain |= not zoned


def _utc(local: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """Local time in UTC: the hour that comes twice in autumn is its first; the one left out in spring, moved on."""
    return local.tz_localize(ZoneInfo(zone), ambiguous=np.ones(len(local), bool),
                             nonexistent="shift_forward").tz_convert("UTC").as_unit("us")


def _dated(days: pd.DatetimeIndex, year: int) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Days of some leap year in the years in which they follow one another, the first in `year`; where they do not.

    From one to the next it goes the shorter way round the year, always on or always back; a step of
    more than five months may be either.
    """
    place = days.day_of_year.to_numpy()
    step = (np.diff(place, prepend=place[:1]) + _YEAR // 2) % _YEAR - _YEAR // 2
    moved = step[step != 0]
    unclear = (np.abs(step) > _NEAR) | (step * np.sign(moved[:1].sum()) < 0)
    years = year + (place[:1].sum() + step.cumsum() - place) // _YEAR
    text = pd.Series(years).astype(str) + days.strftime(" %m %d")
    midnight = pd.to_datetime(text, format="%Y %m %d", errors="coerce")
    return pd.DatetimeIndex(midnight) + (days - days.normalize()), unclear


def _iso(text: pd.Series) -> tuple[pd.Series, bool]:
    lower = text.astype(str).str.strip().str.lower()
    with_zone = lower.str.fullmatch(_ISO_ZONE)
    zoned = bool(with_zone.any())
    wanted = with_zone if zoned else lower.str.fullmatch(_ISO_PLAIN)
    return pd.to_datetime(lower.where(wanted).str.upper(), format="ISO8601", errors="coerce", utc=zoned), zoned


def _twenty_four(text: str, afternoon: bool) -> str:
    """A clock of two halves as one of 24 hours: 12 a.m. is midnight, 12 p.m. noon; 13 p.m. stays, and fits no form."""
    found = _HOUR.search(text)
    if not found or not 1 <= int(found[1]) <= 12:
        return text + " ?"
    return f"{text[:found.start()]}{int(found[1]) % 12 + 12 * afternoon:02d}{text[found.end(1):]}"


def _figures(text: str) -> tuple[str, bool]:
    """A stamp without words and on a clock of 24 hours, and whether it named the half of the day."""
    text = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    text = _WEEKDAY.sub("", text, count=1).strip()
    # marked, for "January 2" and "2 January" are two forms
    text = _MONTH.sub(lambda found: f"m{MONTHS.index(found[1]) + 1:02d}", text, count=1)
    found = _HALF.search(text)
    half = found is not None
    if found:
        text = _twenty_four(_HALF.sub("", text, count=1), found[1] == "p" or found[2] == "午後")
    if found := _OFFSET.search(text):
        text = f"{text[:found.start()]} {found[1] or '+'}{int(found[2] or 0):02d}{found[3] or '00'}"
    return text.strip().upper(), half


def _plain(form: str) -> str:
    """The form in figures alone, so that no locale has a say."""
    form = re.sub(r"%a,? ?", "", form).replace("%b", "M%m")
    return re.sub(r"\s*%p", "", form).replace("%I", "%H") if "%p" in form else form


def _turned(form: str) -> str:
    """The form with day and month changed over."""
    return form.replace("%m", "\0").replace("%d", "%m").replace("\0", "%d")


def is_form(form: str) -> bool:
    """Whether stamps can be read by a form: known directives, each once, a month among them.

    >>> [is_form(form) for form in ("%Y.%m.%d %H時%M分", "%d/%m", "%Q", "2026", "%Y %Y-%m")]
    [True, True, False, False, False]
    """
    said = _DIRECTIVE.findall(form)
    known = set(said) <= set("YymbdHMSIpzfa") and len(said) == len(set(said))
    return form == "iso" or (known and not {"m", "b"}.isdisjoint(said))


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError):
        return False
    return True
