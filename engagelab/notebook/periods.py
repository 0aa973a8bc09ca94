"""Which two periods a notebook compares: the last whole one, or the one that is asked for, and the one before it.

A quarter of the company's own year, if the data cover two whole quarters; else a month, else a week; else the running
month alone. The day of the newest stamp counts as whole, and so does a period of which the data reach the
last twentieth: on the last day of a quarter there need not be an answer.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics.difference import difference
from engagelab.notebook.setup import keep_open, span
from engagelab.notebook.tables import pick
from engagelab.sources.folder import Folder
from engagelab.summaries.periods import MONTHS, label, next_start, start_of
from engagelab.tables import tables as canonical

EPOCH = date(1970, 1, 1)
FISCAL = re.compile(r"FY(\d{4})(?:Q([1-4]))?")
ASKED = re.compile(r"(?P<fiscal>FY)?(?P<year>(?:19|20|21)\d\d)(?:Q(?P<quarter>[1-4])|-W(?P<week>\d\d)|"
                   r"-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?", re.ASCII | re.IGNORECASE)
LAST = 20  # data that reach into the last twentieth of a period cover it: not every day has an event


@dataclass(frozen=True)
class Periods:
    """`before` and `now`, two labels of `every`; `.over` goes to `measure` as it is.

    `since` and `until` are the first day that the data observe and the one after the last.
    """

    every: str
    before: str
    now: str
    since: str
    until: str
    tz: str
    alone: bool = False  # `now` is not complete, and nothing can be compared
    fiscal_year_starts: int = 1

    @property
    def calendar(self) -> dict[str, Any]:
        """The keywords that say whose days and whose years are meant."""
        return {"tz": self.tz, "fiscal_year_starts": self.fiscal_year_starts}

    @property
    def over(self) -> dict[str, Any]:
        """The keywords of `measure` that cut time in this way."""
        return {"every": self.every, "until": self.until, **self.calendar}

    @property
    def monthly(self) -> dict[str, Any]:
        """The same by the month."""
        return {**self.over, "every": "month"}

    def whole(self, measured: pd.DataFrame) -> pd.DataFrame:
        """The rows whose period is complete."""
        return measured[~measured["flag"].str.contains(words.text("metrics.flag_partial"), regex=False)]

    def reach(self, *times: pd.Series) -> str:
        """Until when a table with these stamps observes: `until`, or its own end where that is over a week earlier."""
        last = max((stamps.max() for stamps in times if stamps.notna().any()), default=None)
        if last is None:
            return self.until
        own = last.tz_convert(self.tz).date() + timedelta(days=1)
        return own.isoformat() if (date.fromisoformat(self.until) - own).days > 7 else self.until

    def covers(self, times: pd.Series) -> bool:
        """Whether a table with these stamps covers both periods, but for a week at either end."""
        known = times.dropna()
        if known.empty:
            return False
        first, last = (stamp.tz_convert(self.tz).date() for stamp in (known.min(), known.max()))
        start, end = self.bounds
        week = timedelta(days=7)
        return first <= start + week and last >= end - week

    def seen(self, company: Folder) -> Folder:
        """The company as its data were at `until`: rows of a later time go, and so does a table without any left.

        From here on the exercises ask about that company.
        """
        end = pd.Timestamp(self.until, tz=self.tz)
        tables = {}
        for name, frame in company.tables.items():
            column = canonical()[name].time
            kept = frame if column is None else frame[~frame[column].ge(end).fillna(False)]
            if len(kept) or frame.empty:
                tables[name] = kept.reset_index(drop=True)
        return keep_open(replace(company, tables=tables))

    @property
    def bounds(self) -> tuple[date, date]:
        """The first day of `before`, and the one after `now`."""
        return self._start(self.before), next_start(self.every, self._start(self.now))

    @property
    def year_before(self) -> str:
        """The label of the period a year before `now`, of weeks 52 before; "" where the data begin later."""
        now = self._start(self.now)
        start = now - timedelta(weeks=52) if self.every == "week" else now.replace(year=now.year - 1)
        return self._label(start) if start.isoformat() >= self.since else ""

    @property
    def history(self) -> "Periods":
        """All whole months (weeks, where periods are weeks) to the end of `now`: from `before` to `now`."""
        every, since = "week" if self.every == "week" else "month", date.fromisoformat(self.since)
        first = start_of(every, since)
        last = start_of(every, self.bounds[1] - timedelta(days=1))
        first = min(first if first >= since else next_start(every, first), last)
        before, now = (label(every, (day - EPOCH).days) for day in (first, last))
        return replace(self, every=every, before=before, now=now)

    def _start(self, name: str) -> date:
        """The first day of the period of that label."""
        start = self._of(date.fromisoformat(self.until))
        while self._label(start) != name:
            start = self._of(start)
        return start

    def _of(self, day: date) -> date:
        """The first day of the last period that begins before a day."""
        return start_of(self.every, day - timedelta(days=1), self.fiscal_year_starts)

    def _label(self, start: date) -> str:
        return label(self.every, (start - EPOCH).days, self.fiscal_year_starts)

    def title(self, name: str) -> str:
        """A label as a sentence says it: that of a fiscal quarter or year with its months, that of a week as a week.

        >>> Periods("quarter", "FY2026Q1", "FY2026Q2", "", "", "UTC", fiscal_year_starts=4).title("FY2026Q4")
        'FY2026Q4 (2027-01 to 2027-03)'
        """
        if self.every == "week":
            return words.text("periods.week", start=name)
        found = FISCAL.fullmatch(name)
        if not found:
            return name
        first = int(found[1]) * 12 + self.fiscal_year_starts - 1 + 3 * (int(found[2] or 1) - 1)
        months = [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in (first, first + (2 if found[2] else 11))]
        return words.text("periods.fiscal", name=name, first=months[0], last=months[1])

    @property
    def names(self) -> tuple[str, ...]:
        """What `now` is called: its label, and where the calendar has the same period, that label too."""
        start = self._start(self.now)
        same = start_of(self.every, start) == start
        return tuple(dict.fromkeys([self.now, *([label(self.every, (start - EPOCH).days)] if same else [])]))

    def changes(self, measured: pd.DataFrame) -> pd.DataFrame:
        """How each estimate of a frame of `measure` changed from `before` to `now`."""
        return difference(measured, over=self.every, before=self.before, after=self.now)

    def change(self, measured: pd.DataFrame, **values: object) -> pd.Series | None:
        """The one change of the row that has these values; None where neither period was observed."""
        return pick(self.changes(measured), **values)

    def label(self, times: pd.Series) -> pd.Series:
        """The period of each stamp, as `measure` calls it; missing where there is none."""
        days = times.dt.tz_convert(self.tz).dt.date
        names = {day: self._label(self._of(day + timedelta(days=1))) for day in days.dropna().unique()}
        return days.map(names)

    @property
    def share_of_days(self) -> float:
        """The days of `now` as a share of those of both periods: what events at an equal pace would give."""
        start = self._start(self.now)
        end, before = next_start(self.every, start), self._of(start)
        return (end - start).days / (end - before).days

    def latest(self, measured: pd.DataFrame) -> pd.DataFrame:
        """The rows of `now`, without the period."""
        return measured[measured[self.every] == self.now].drop(columns=self.every)


def periods(company: Folder, period: str | int | None = None) -> Periods:
    """The last two whole periods that the company's data cover, or the one that is asked for and the one before it.

    period : such as "2026Q3", "FY2026Q2", "2026-08", "2026-W31" (or its Monday), "2026", "FY2026"; what lies after its
        end is left out of what is measured until then. A quarter of the calendar that the company's own year has, too,
        goes by the company's name for it; any other cuts all quarters by the calendar.

    Where the data cover no two whole weeks and none is asked for, the running month stands alone: its levels are
    shown, and nothing can be compared.

    Errors: DataError where no table says when something happened, and where the data do not cover the period or the
    one before it wholly; UsageError for what is no period.

    >>> from engagelab.notebook.setup import open_data
    >>> company = open_data("sample")
    >>> when = periods(company)
    >>> when.before, when.now, when.over
    ('FY2026Q1', 'FY2026Q2', {'every': 'quarter', 'until': '2026-10-01', 'tz': 'Asia/Tokyo', 'fiscal_year_starts': 4})
    >>> when.title(when.now), when.names
    ('FY2026Q2 (2026-07 to 2026-09)', ('FY2026Q2', '2026Q3'))
    >>> when = periods(company, "2026-08")
    >>> when.before, when.now, when.until
    ('2026-07', '2026-08', '2026-09-01')
    """
    first, last = span(company)
    if not last:
        raise DataError("notebook.no_stamps")
    since, until = date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1)
    zone, starts = company.settings.timezone, company.settings.fiscal_year_starts
    if period is not None:
        every, start, starts = _asked(str(period), starts)
        names = _covered(str(period), every, start, starts, since, until)
        return Periods(every, *names, first, next_start(every, start).isoformat(), zone, fiscal_year_starts=starts)
    for every in ("quarter", "month", "week"):
        reached = _reached(every, until, starts)
        now = start_of(every, start_of(every, reached, starts) - timedelta(days=1), starts)
        before = start_of(every, now - timedelta(days=1), starts)
        if before >= since:
            earlier, later = (label(every, (day - EPOCH).days, starts) for day in (before, now))
            return Periods(every, earlier, later, first, reached.isoformat(), zone, fiscal_year_starts=starts)
    now = start_of("month", until - timedelta(days=1))
    before = start_of("month", now - timedelta(days=1))
    return Periods("month", before.isoformat()[:7], now.isoformat()[:7], first, until.isoformat(), zone, alone=True,
                   fiscal_year_starts=starts)


def _reached(every: str, until: date, starts: int) -> date:
    """The end of the running period where the data reach into its last twentieth, else `until`."""
    running = start_of(every, until - timedelta(days=1), starts)
    end = next_start(every, running)
    return end if (end - until).days <= (end - running).days / LAST else until


def _asked(period: str, starts: int) -> tuple[str, date, int]:
    """What is asked for: the kind of period, its first day, and the month with which the years meant start."""
    found = ASKED.fullmatch(period.strip())
    parts = {name: int(part) for name, part in found.groupdict().items() if part and name != "fiscal"} if found else {}
    fiscal = bool(found and found["fiscal"])
    try:
        if not found or (fiscal and {"month", "week"} & set(parts)):
            raise ValueError
        if "week" in parts:
            return "week", date.fromisocalendar(parts["year"], parts["week"], 1), starts
        if "day" in parts:
            day = date(parts["year"], parts["month"], parts["day"])
            if day.weekday():
                raise ValueError
            return "week", day, starts
        if "month" in parts:
            return "month", date(parts["year"], parts["month"], 1), starts
    except ValueError:
        raise UsageError("periods.form", value=repr(period)) from None
    every = "quarter" if "quarter" in parts else "year"
    if not fiscal and (starts - 1) % MONTHS[every]:
        starts = 1  # the company's own year has no such period
    start = date(parts["year"], starts if fiscal or every == "year" else 1, 1)
    for _ in range(parts.get("quarter", 1) - 1):
        start = next_start("quarter", start)
    return every, start, starts


def _covered(period: str, every: str, start: date, starts: int, since: date, until: date) -> tuple[str, str]:
    """The labels of the period before one and of itself; DataError where the data do not cover both wholly."""
    def name(day: date) -> str:
        return label(every, (day - EPOCH).days, starts)

    def said(day: date) -> str:
        """As it was asked for, and by the company's name where that is another."""
        own, calendar = name(day), label(every, (day - EPOCH).days)
        fiscal = own == calendar or period.strip().upper().startswith("FY")
        return own if fiscal else words.text("periods.both", calendar=calendar, own=own)

    def previous(day: date) -> date:
        return start_of(every, day - timedelta(days=1), starts)

    latest = previous(start_of(every, _reached(every, until, starts), starts))
    begins = start_of(every, since, starts)
    first = next_start(every, begins if begins == since else next_start(every, begins))     # it has one before it
    if first <= start <= latest:
        return name(previous(start)), name(start)
    values = {"period": period, "since": since.isoformat(), "until": (until - timedelta(days=1)).isoformat()}
    if first > latest:
        raise DataError("periods.none_covered", **values)
    if first == latest:
        raise DataError("periods.one_covered", **values, name=said(first))
    raise DataError("periods.not_covered", **values, first=said(first), last=said(latest))
