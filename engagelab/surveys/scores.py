"""Scores of a questionnaire: the mean answer of each subscale, and of all items.

Means and not sums, so that a score is read on the scale of the answers, and a total over the items and not over the
subscales, as the manual of UWES (Schaufeli and Bakker, Utrecht Work Engagement Scale, 2004) makes it. The wording and
the norms of a questionnaire are its authors' and not in here: name your own columns.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.summaries.engine import source
from engagelab.summaries.frames import fetched, listed, numbers

TOTAL, ANSWERED = "total", "items_answered"


def scores(data: Any, items: Mapping[str, Sequence[str]], *, scale: tuple[float, float], reverse: Sequence[str] = (),
           missing: float = .5) -> pd.DataFrame:
    """The rows of the caller with a column for each subscale, `total`, and `items_answered`.

    data : a row a respondent, a column an item (see `wide`); whatever `measure()` takes.
    items : the columns of each subscale. scale : the lowest and the highest answer.
    reverse : items worded the other way round; their answer counts as low + high - answer.
    missing : the largest share of the items that may be unanswered; with more there is no score (NaN). Otherwise a
        score is the mean of those answered; the total is that of all items, under the same rule.

    `.attrs["notes"]` says how many scores are missing and how many rest on some of the items.
    Raises UsageError for an item in two subscales or an unknown one in `reverse`; DataError for text, for an answer
    off the scale, and for a score whose name the table has already.

    >>> answers = pd.DataFrame({"q1": [6, 4], "q2": [5, None], "q3": [0, None], "q4": [2, None]})
    >>> scored = scores(answers, {"vigor": ["q1", "q2"], "strain": ["q3", "q4"]}, scale=(0, 6), reverse=["q4"])
    >>> scored[["vigor", "strain", "total", "items_answered"]]
       vigor  strain  total  items_answered
    0    5.5     2.0   3.75               4
    1    4.0     NaN    NaN               1
    >>> scored.attrs["notes"][0]
    'vigor: 1 of 2 scores rest on some of its 2 items'
    """
    subscales, flat = _subscales(items)
    ends = ends_of(scale)
    if isinstance(missing, bool) or not isinstance(missing, int | float) or not 0 <= missing < 1:
        raise UsageError("scores.missing", value=repr(missing))
    frame = data if isinstance(data, pd.DataFrame) else fetched(data, list(source(data).types))   # as text
    for name in (*subscales, TOTAL, ANSWERED):
        if name in frame.columns or (name in subscales and name in (TOTAL, ANSWERED)):
            raise DataError("scores.taken", column=repr(name))
    answers = numbers(frame, flat, scale=ends)
    frame = frame if frame is data else frame.assign(**{item: answers[item] for item in flat})
    for item in reversed_of(reverse, flat):
        answers[item] = sum(ends) - answers[item]
    made, notes = {}, []
    for name, columns in {**subscales, TOTAL: flat}.items():
        made[name] = mean_of(answers[columns], missing)
        notes += _notes(name, made[name], answers[columns], missing)
    out = frame.assign(**made, **{ANSWERED: answers.notna().sum(axis="columns")})
    out.attrs = {**frame.attrs, "notes": notes}
    return out


def mean_of(answers: pd.DataFrame, missing: float = .5) -> pd.Series:
    """The mean of the answered items of each row; NaN where a larger share than `missing` was not answered."""
    most = missing * answers.shape[1] + 1e-9
    return answers.mean(axis="columns").where(answers.isna().sum(axis="columns") <= most)


def ends_of(scale: object) -> tuple[float, float]:
    """Both ends of a scale of answers, if it is one.

    >>> ends_of((0, 10))
    (0.0, 10.0)
    """
    if isinstance(scale, Sequence) and len(scale) == 2 and all(
            isinstance(end, int | float | np.number) and np.isfinite(end) for end in scale) and scale[0] < scale[1]:
        return float(scale[0]), float(scale[1])
    raise UsageError("scores.scale", value=repr(scale))


def reversed_of(reverse: Sequence[str], items: Sequence[str]) -> list[str]:
    """The items to be turned round, each of them known."""
    return [column_of(item, items, "items") for item in listed("reverse", reverse)] if len(reverse) else []


def _subscales(items: Mapping[str, Sequence[str]]) -> tuple[dict[str, list[str]], list[str]]:
    """The columns of each subscale, and all of them; none may stand in two."""
    if not isinstance(items, Mapping) or not items or not all(isinstance(name, str) for name in items):
        raise UsageError("scores.items", value=repr(items))
    subscales = {name: listed(f"items[{name!r}]", columns) for name, columns in items.items()}
    place: dict[str, str] = {}
    for name, columns in subscales.items():
        for column in columns:
            if column in place:
                raise UsageError("scores.shared", column=repr(column), first=repr(place[column]), second=repr(name))
            place[column] = name
    return subscales, list(place)


def _notes(name: str, made: pd.Series, answers: pd.DataFrame, missing: float) -> list[str]:
    """How many scores there are not, and how many rest on some of the items."""
    part = int((made.notna() & answers.isna().any(axis="columns")).sum())
    said = {"scores.part": (part, int(made.notna().sum())), "scores.none": (int(made.isna().sum()), len(made))}
    return [words.text(key, name=name, n=n, all=rows, items=answers.shape[1], share=shown(missing, "share"))
            for key, (n, rows) in said.items() if n]
