"""Which two periods a notebook compares: the last whole one and the one before it.

A quarter, if the data cover two whole quarters; else a month, else a week; else the running month
alone. The day of the newest stamp counts as whole: an export made this morning ends today.
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
        start = start_of(self.every, date.fromisoformat(self.until) - timedelta(days=1))
        while _label(self.every, start) != self.now:
            start = _previous(self.every, start)
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
    for every in ("quarter", "month", "week"):
        now = _previous(every, start_of(every, until))
        if _previous(every, now) >= since:
            break
    else:
        every, now = "month", start_of("month", until - timedelta(days=1))
    return Periods(every, _label(every, _previous(every, now)), _label(every, now), first, until.isoformat(),
                   company.settings.timezone)


def _label(every: str, start: date) -> str:
    return label(every, (start - EPOCH).days)


def _previous(every: str, start: date) -> date:
    """The first day of the period before the one that starts here."""
    return start_of(every, start - timedelta(days=1))
