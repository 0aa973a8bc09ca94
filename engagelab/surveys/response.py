"""How many of those who were invited answered, in which groups, and whether the groups answered alike.

The response rate of AAPOR's Standard Definitions (2023) for a list of persons by name: respondents / persons invited.
Cramér's V (1946, Mathematical Methods of Statistics, section 21.9) says how unlike groups answered. As the chi-square
test needs 5 expected in a cell (Cochran 1954, Biometrics 10, 417-451), smaller groups are taken together for it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import written
from engagelab.errors import DataError
from engagelab.metrics.answer import grouping
from engagelab.metrics.intervals import z_value
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import checked_min_n, rate
from engagelab.metrics.suppress import suppressed
from engagelab.summaries.frames import fetched
from engagelab.surveys.wave_tables import in_order

EXPECTED = 5  # in each cell: below it the chi-square distribution does not hold


def response_rate(invited: Any, answered: Any, *, user: str = "user_id", by: str | Sequence[str] | None = None,
                  over: str | None = None, min_n: int | None = None, confidence: float = .95) -> pd.DataFrame:
    """The share of the invited who answered, by their attributes and wave, with "(all)" for everybody.

    invited : a row a person (and wave). answered : a row an answer or a respondent; whoever is there has answered.
        Both are whatever `measure()` takes; ids are compared as text, in which 7.0 is 7.
    by : columns of `invited`. over : the column of waves, in both tables.
    min_n : the fewest invited with whom a cell is shown; unless said 5, and 10 where two attributes are crossed.

    Returns the columns of `measure()`; `n` is the invited. Everybody invited is counted, so the rate of this wave is
    exact; the interval says how far it would vary if they were asked again under the same conditions. Answers of
    people who were not invited, or without an id, are not counted; rows are flagged and `.attrs["notes"]` says how
    many, and for each attribute whether its groups answered unlike.
    Raises DataError where an id or wave is missing among the invited, a person has two values of an attribute (in a
    wave), or nobody who answered was invited.

    >>> staff = pd.DataFrame({"user_id": range(20), "team": ["shop"] * 12 + ["office"] * 8})
    >>> came = pd.DataFrame({"user_id": [0, 1, 2, 3, 3, 12, 13, 14, 15, 16, 99]})
    >>> found = response_rate(staff, came, by="team")
    >>> found[["team", "estimate", "low", "high", "count", "n"]].round(3)
         team  estimate    low   high  count   n
    0  office     0.625  0.306  0.863    5.0   8
    1    shop     0.333  0.138  0.609    4.0  12
    2   (all)     0.450  0.258  0.658    9.0  20
    >>> found.attrs["notes"][0]
    'not counted, as they were not invited: 1 respondents'
    """
    z_value(confidence)
    checked_min_n(min_n)
    waves = [] if over is None else grouping([over], user)
    columns, keys = grouping(by, user, *waves), [user, *waves]
    table = fetched(invited, [*keys, *columns])
    asked, notes = _asked(table.copy(), keys)
    came = fetched(answered, keys)
    _complete(came, waves)
    came[keys] = came[keys].apply(written)
    named = came[came[user].notna()].drop_duplicates()
    inside = pd.MultiIndex.from_frame(named).isin(pd.MultiIndex.from_frame(asked[keys]))
    if len(named) and not inside.any():
        raise DataError("response.none_invited", n=len(named), column=repr(user), one=repr(named[user].iloc[0]),
                        other=repr(asked[user].iloc[0]))
    mark = max([*keys, *columns], key=len) + "_"  # longer than every name of the table, so none of them
    asked[mark] = pd.MultiIndex.from_frame(asked[keys]).isin(pd.MultiIndex.from_frame(named))
    found = measure(asked, {"response_rate": rate(mark)}, by=[*columns, *waves], total=True, min_n=0,
                    confidence=confidence)
    total = words.text("metrics.all")
    found = _in_waves(found[found[over] != total], columns, over, table[over]) if over else found
    notes += _flag(found, came[came[user].isna()], named[~inside], columns, over)
    found = suppressed(found.assign(method=words.text("response.method")), columns, period=over, min_n=min_n)
    found.attrs = {"notes": [*notes, *_unlike(found, columns, over, 1 - confidence)]}
    return found


def _in_waves(found: pd.DataFrame, by: list[str], over: str, waves: pd.Series) -> pd.DataFrame:
    """The rows of each group in the order of the waves, as the table of the invited has it."""
    known = waves.astype("str") if waves.dtype == object else waves
    order = written(pd.Series(in_order(list(known.sort_values().unique())))).tolist()
    group = found.groupby(by, sort=False).ngroup() if by else np.zeros(len(found))
    return found.iloc[np.lexsort((found[over].map(order.index), group))].reset_index(drop=True)


def _asked(table: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Those invited, each once (in a wave)."""
    if not len(table):
        raise DataError("response.nobody")
    _complete(table, keys)
    table[keys] = table[keys].apply(written)
    once = table.drop_duplicates(ignore_index=True)
    again = once.duplicated(keys)
    if again.any():
        user = once[keys].iloc[int(again.argmax())]
        rows = once[(once[keys] == user).all(axis="columns")]
        column = next(name for name in rows if rows[name].nunique(dropna=False) > 1)
        raise DataError("response.two_values", user=words.joined(map(repr, user)), column=repr(column))
    more = len(table) - len(once)
    return once, [words.text("response.again", n=more)] if more else []


def _complete(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a missing value in one of the columns."""
    for column in columns:
        gaps = table[column].isna()
        if gaps.any():
            raise DataError("surveys.no_key", column=repr(column), row=int(gaps.argmax()) + 1, n=int(gaps.sum()))


def _flag(found: pd.DataFrame, unnamed: pd.DataFrame, strangers: pd.DataFrame, by: list[str], over: str | None
          ) -> list[str]:
    """Flag, in place, the rows on which answers without an id or an invitation bear; the notes say how many."""
    whole = (found[by] == words.text("metrics.all")).all(axis="columns")
    silent = whole & (found["count"] == 0)
    doubts, notes = [found["flag"].where(~silent, words.text("response.flag_silent"))], []
    for key, rows, where in (("unnamed", unnamed, True), ("stranger", strangers, whole)):
        n = found[over].map(rows[over].value_counts()) if over else pd.Series(len(rows), index=found.index)
        doubts.append(pd.Series([words.text(f"response.flag_{key}", n=int(many)) if many > 0 and here else ""
                                 for many, here in zip(n, where & (found["n"] > 0), strict=True)], dtype="str"))
        notes += [words.text(f"response.{key}", n=len(rows))] if len(rows) else []
    found["flag"] = pd.Series(["; ".join(filter(None, row)) for row in zip(*doubts, strict=True)], dtype="str")
    return notes


def _unlike(found: pd.DataFrame, by: list[str], over: str | None, level: float) -> Iterator[str]:
    """For each attribute and wave, in words: whether the groups that are shown answered unlike."""
    total = words.text("metrics.all")
    for column in by:
        others = [name for name in by if name != column]
        rows = found[(found[column] != total) & (found[others] == total).all(axis="columns") & (found["n"] > 0)]
        for wave, part in rows.groupby(over, sort=False) if over else [("", rows)]:
            if len(part) > 1:
                yield words.text("response.in_wave", wave=wave) * bool(over) + _tested(part, column, level)


def _tested(groups: pd.DataFrame, column: str, level: float) -> str:
    """Pearson's chi-square and Cramér's V of answering by group, as a sentence."""
    from scipy.special import chdtrc

    seen = np.stack([groups["count"], groups["n"] - groups["count"]]).astype(float)
    small = (_expected(seen) < EXPECTED).any(axis=0)
    if small.any():
        seen = np.column_stack([seen[:, ~small], seen[:, small].sum(axis=1)])
    expected = _expected(seen)
    if seen.shape[1] < 2 or expected.min() < EXPECTED:
        return words.text("response.too_few", column=repr(column))
    square, df = float(((seen - expected)**2 / expected).sum()), seen.shape[1] - 1
    p = float(chdtrc(df, square))
    return words.text("response.unlike" if p < level else "response.alike", column=repr(column), square=square, df=df,
                      p=words.text("response.p_small") if p < .001 else f"= {p:.3f}", v=(square / seen.sum())**.5,
                      pooled=words.text("response.pooled", n=int(small.sum())) if small.any() else "")


def _expected(seen: np.ndarray) -> np.ndarray:
    """Those who answered and who did not, by group, if all groups answered alike."""
    return np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
