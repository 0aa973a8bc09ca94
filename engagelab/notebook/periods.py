"""Which two periods a notebook compares: the last whole one and the one before it.

A quarter, if the data cover two whole quarters; else a month, else a week. The day of the newest
stamp counts as whole: an export made this morning ends today.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from engagelab.errors import DataError
from engagelab.metrics.difference import difference
from engagelab.notebook.setup import span
from engagelab.notebook.tables import pick
from engagelab.sources.folder import Folder
from engagelab.summaries.periods import label, start_of

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

    def changes(self, measured: pd.DataFrame) -> pd.DataFrame:
        """How each estimate of a frame of `measure` changed from `before` to `now`."""
        return difference(measured, over=self.every, before=self.before, after=self.now)

    def change(self, measured: pd.DataFrame, **values: object) -> pd.Series | None:
        """The one change of the row that has these values; None where neither period was observed."""
        return pick(self.changes(measured), **values)

    def label(self, times: pd.Series) -> pd.Series:
        """The period of each stamp, as `measure` calls it; missing where there is none."""
        days = times.dt.tz_convert(self.tz).dt.date
        names = {day: label(self.every, (start_of(self.every, day) - EPOCH).days) for day in days.dropna().unique()}
        return days.map(names)

    def latest(self, measured: pd.DataFrame) -> pd.DataFrame:
        """The rows of `now`, without the period."""
        return measured[measured[self.every] == self.now].drop(columns=self.every)


def periods(company: Folder) -> Periods:
    """The last two whole periods that the company's data cover.

    Errors: DataError where the data cover no two whole weeks.
    """
    first, last = span(company)
    if last:
        since, until = date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1)
        for every in ("quarter", "month", "week"):
            now = _previous(every, start_of(every, until))
            before = _previous(every, now)
            if before >= since:
                return Periods(every, label(every, (before - EPOCH).days), label(every, (now - EPOCH).days), first,
                               until.isoformat(), company.settings.timezone)
    raise DataError("notebook.too_short", since=first, until=last)


def _previous(every: str, start: date) -> date:
    """The first day of the period before the one that starts here."""
    return start_of(every, start - timedelta(days=1))
