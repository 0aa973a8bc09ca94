"""Which two periods a notebook compares: the last whole one and the one before it.

A quarter, if the data cover two whole quarters; else a month, else a week; else the running month
alone. The day of the newest stamp counts as whole, and so does a period of which the data reach the
last twentieth: on the last day of a quarter there need not be an answer.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from engagelab import words
from engagelab.errors import DataError
from engagelab.metrics.difference import difference
from engagelab.notebook.setup import span
from engagelab.notebook.tables import pick
from engagelab.sources.folder import Folder
from engagelab.summaries.periods import label, next_start, start_of

EPOCH = date(1970, 1, 1)
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

    @property
    def over(self) -> dict[str, str]:
        """The keywords of `measure` that cut time in this way."""
        return {"every": self.every, "until": self.until, "tz": self.tz}

    @property
    def monthly(self) -> dict[str, str]:
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
        now = self._start(self.now)
        week = timedelta(days=7)
        return first <= _previous(self.every, now) + week and last >= next_start(self.every, now) - week

    def _start(self, name: str) -> date:
        """The first day of the period of that label."""
        start = start_of(self.every, date.fromisoformat(self.until) - timedelta(days=1))
        while _label(self.every, start) != name:
            start = _previous(self.every, start)
        return start

    def changes(self, measured: pd.DataFrame) -> pd.DataFrame:
        """How each estimate of a frame of `measure` changed from `before` to `now`."""
        return difference(measured, over=self.every, before=self.before, after=self.now)

    def change(self, measured: pd.DataFrame, **values: object) -> pd.Series | None:
        """The one change of the row that has these values; None where neither period was observed."""
        return pick(self.changes(measured), **values)

    def label(self, times: pd.Series) -> pd.Series:
        """The period of each stamp, as `measure` calls it; missing where there is none."""
        days = times.dt.tz_convert(self.tz).dt.date
        names = {day: _label(self.every, start_of(self.every, day)) for day in days.dropna().unique()}
        return days.map(names)

    @property
    def share_of_days(self) -> float:
        """The days of `now` as a share of those of both periods: what events at an equal pace would give."""
        start = self._start(self.now)
        end, before = next_start(self.every, start), _previous(self.every, start)
        return (end - start).days / (end - before).days

    def latest(self, measured: pd.DataFrame) -> pd.DataFrame:
        """The rows of `now`, without the period."""
        return measured[measured[self.every] == self.now].drop(columns=self.every)


def periods(company: Folder) -> Periods:
    """The last two whole periods that the company's data cover.

    Where they cover no two whole weeks, the running month stands alone: its levels are shown, and
    nothing can be compared.

    Errors: DataError where no table says when something happened.

    >>> from engagelab.notebook.setup import open_data
    >>> when = periods(open_data("sample"))
    >>> when.before, when.now, when.over
    ('2026Q2', '2026Q3', {'every': 'quarter', 'until': '2026-10-01', 'tz': 'Asia/Tokyo'})
    """
    first, last = span(company)
    if not last:
        raise DataError("notebook.no_stamps")
    since, until = date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1)
    zone = company.settings.timezone
    for every in ("quarter", "month", "week"):
        running = start_of(every, until - timedelta(days=1))
        end = next_start(every, running)
        reached = end if (end - until).days <= (end - running).days / LAST else until
        now = _previous(every, start_of(every, reached))
        before = _previous(every, now)
        if before >= since:
            return Periods(every, _label(every, before), _label(every, now), first, reached.isoformat(), zone)
    now = start_of("month", until - timedelta(days=1))
    return Periods("month", _label("month", _previous("month", now)), _label("month", now), first, until.isoformat(),
                   zone, alone=True)


def _label(every: str, start: date) -> str:
    return label(every, (start - EPOCH).days)


def _previous(every: str, start: date) -> date:
    """The first day of the period before the one that starts here."""
    return start_of(every, start - timedelta(days=1))
