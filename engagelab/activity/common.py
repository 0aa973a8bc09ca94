"""What the questions to a calendar have in common: the calendar itself, and how its counts become an answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError
from engagelab.metrics.answer import COLUMNS, labels
from engagelab.summaries.calendar import Calendar, calendar

OPTIONS = {"event": None, "events": None, "value": None, "fiscal_year_starts": 1}


def asked(data: Any, every: str, *, own: Sequence[str] = (), told: bool = False, valued: bool = False,
          **log: Any) -> Calendar:
    """The calendar of a question: the one that is given, by longer periods where need be, or one of the raw data.

    own : columns of the answer beside those of every answer, after which no group may be called. told, valued : whether
    the question is about the names of events, and about the value; what it is not about is left out.

    Errors: UsageError where a calendar comes with what belongs into its making, or raw data without user and time.
    """
    if isinstance(data, Calendar):
        given = [name for name, value in log.items() if value != OPTIONS.get(name)]
        if given:
            raise UsageError("activity.made_already", names=words.joined(f"{name}=" for name in given))
        _unreserved(data.by, every, own)
        return data.at(every).less(told=told, valued=valued)
    missing = [f"{name}=" for name in ("user", "time") if not log.get(name)]
    if missing:
        raise UsageError("activity.columns", names=words.joined(missing))
    by = log.get("by")
    _unreserved([by] if isinstance(by, str) else by or (), every, own)
    return calendar(data, every=every, **log).less(told=told, valued=valued)


def _unreserved(by: Sequence[str], every: str, own: Sequence[str]) -> None:
    for name in by:
        if list(by).count(name) > 1:
            raise UsageError("metrics.by_twice")
        if name in (*COLUMNS, every, *own):
            raise UsageError("metrics.reserved", column=repr(name))


def grouped(table: pd.DataFrame, made: Calendar) -> pd.DataFrame:
    """The columns of groups as an answer has them, one row for each of the table."""
    return pd.DataFrame({name: pd.Series(labels(table, i, None, 1), dtype="str", index=table.index)
                         for i, name in enumerate(made.by, 1)}, index=table.index)


def flags(made: Calendar, places: np.ndarray) -> list[str]:
    """What has to be said of each period: nothing, or that it was not observed as a whole."""
    partial = words.text("metrics.flag_partial")
    said = {int(place): "" if made.whole(int(place)) else partial for place in np.unique(places)}
    return [said[int(place)] for place in places]


def named(made: Calendar, places: np.ndarray) -> list[str]:
    """What each period is called."""
    said = {int(place): made.label(int(place)) for place in np.unique(places)}
    return [said[int(place)] for place in places]


def first_cohort(made: Calendar) -> list[str]:
    """What has to be said of those who were first seen where the log begins, if nobody said since when it was kept."""
    return [] if made.opened or not made.length else [words.text("activity.first_cohort", cohort=made.label(0))]


def told(answer: pd.DataFrame, made: Calendar, text: str, *notes: str) -> pd.DataFrame:
    """The answer with the SQL that ran, and what has to be said."""
    answer.attrs = {"sql": f"{made.sql};\n\n{text}", "notes": [*made.notes, *notes]}
    return answer
