"""What the questions to a calendar have in common: the calendar itself, and how its counts become an answer."""

from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError
from engagelab.metrics.answer import COLUMNS, labels
from engagelab.summaries.calendar import Calendar, calendar

OPTIONS = {"event": None, "events": None, "value": None, "fiscal_year_starts": 1}


def asked(data: Any, every: str, **log: Any) -> Calendar:
    """The calendar of a question: the one that is given, by longer periods where need be, or one of the raw data.

    Errors: UsageError where a calendar comes with what belongs into its making, or raw data without user and time.
    """
    if isinstance(data, Calendar):
        given = [name for name, value in log.items() if value != OPTIONS.get(name)]
        if given:
            raise UsageError("activity.made_already", names=words.joined(f"{name}=" for name in given))
        return data.at(every)
    missing = [f"{name}=" for name in ("user", "time") if not log.get(name)]
    if missing:
        raise UsageError("activity.columns", names=words.joined(missing))
    made = calendar(data, every=every, **log)
    for name in made.by:
        if name in (*COLUMNS, every):
            raise UsageError("metrics.reserved", column=repr(name))
    return made


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


def told(answer: pd.DataFrame, made: Calendar, text: str, *notes: str) -> pd.DataFrame:
    """The answer with the SQL that ran, and what has to be said."""
    answer.attrs = {"sql": f"{made.sql};\n\n{text}", "notes": [*made.notes, *notes]}
    return answer
