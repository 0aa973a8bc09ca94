"""Answers one below the other, as they are kept, laid side by side: a row a respondent, a column a question."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.activity.log import written
from engagelab.errors import DataError
from engagelab.summaries.frames import fetched, numbers


def wide(answers: Any, *, user: str = "user_id", over: str | None = None, question: str = "question_id",
         score: str = "score", keep: Sequence[str] = ()) -> pd.DataFrame:
    """One row a respondent (and wave), one column a question, in the order in which the questions first come.

    answers : a table with a row an answer, such as `pulses` or `surveys`; whatever `measure()` takes.
    over : the column of waves, where there are several. keep : columns of the respondent, such as the team.

    Returns `user`, `over`, the kept columns and the questions as numbers, NaN where one was not answered. Questions
    without a single score, such as those for free text, are left out; `.attrs["notes"]` names them.
    Raises DataError where somebody answered a question twice (in a wave), has two values in a kept column, or no name.

    >>> pulse = pd.DataFrame({"user_id": ["a", "a", "b"], "question_id": ["pay", "voice", "pay"], "score": [4, 7, 5]})
    >>> wide(pulse)
      user_id  pay  voice
    0       a  4.0    7.0
    1       b  5.0    NaN
    """
    who, keep = [user, *([over] if over else [])], [keep] if isinstance(keep, str) else list(keep)
    table = fetched(answers, [*who, question, score, *keep])
    table[[*who, question]] = table[[*who, question]].apply(_named_alike)
    for column in (*who, question):
        if table[column].isna().any():
            raise DataError("surveys.no_key", column=repr(column), row=int(table[column].isna().argmax()) + 1,
                            n=int(table[column].isna().sum()))
    _once(table, [*who, question])
    table[score] = numbers(table, [score])[score]
    scored = table.groupby(question, sort=False)[score].count()
    silent = list(map(str, scored.index[scored == 0]))
    if taken := [name for name in scored.index[scored > 0] if name in (*who, *keep)]:
        raise DataError("surveys.taken", question=repr(taken[0]), column=repr(question))
    side = table[table[question].isin(scored.index[scored > 0])].pivot(index=who, columns=question, values=score)
    side = side.reindex(columns=scored.index[scored > 0]).rename_axis(columns=None)
    kept = table.drop_duplicates(who).set_index(who)[keep]
    for column in keep:
        apart = table.groupby(who)[column].nunique(dropna=False) > 1
        if apart.any():
            raise DataError("surveys.two_values", column=repr(column), user=_named(apart.index[int(apart.argmax())]))
    found = kept.join(side).reset_index()
    found.attrs = {"notes": [words.text("surveys.no_scores", questions=words.joined(silent))] if silent else []}
    return found


def _named_alike(names: pd.Series) -> pd.Series:
    """Ids, waves and questions such that 1 and "1 " are the same; categories keep their order."""
    return names if isinstance(names.dtype, pd.CategoricalDtype) else written(names).str.strip()


def _once(table: pd.DataFrame, keys: list[str]) -> None:
    """Refuse two answers of one person to one question."""
    again = table.duplicated(keys)
    if again.any():
        row = int(again.argmax())
        raise DataError("surveys.answered_twice", row=row + 1, n=int(again.sum()),
                        answer=words.joined(f"{key} {table[key].iloc[row]!r}" for key in keys))


def _named(key: object) -> str:
    return words.joined(map(repr, key)) if isinstance(key, tuple) else repr(key)
