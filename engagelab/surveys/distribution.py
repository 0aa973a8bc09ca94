"""How the answers to each item lie on its scale: the share of each answer, as `plots.likert` draws it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import written
from engagelab.errors import DataError, UsageError
from engagelab.metrics.answer import grouping
from engagelab.metrics.nouns import checked_min_n
from engagelab.metrics.shares import shares
from engagelab.metrics.suppress import suppressed
from engagelab.summaries.frames import fetched, listed, numbers
from engagelab.surveys.scores import ends_of

STEPS = 100    # of a scale of answers
BLANKED = ["estimate", "low", "high", "se", "count"]


def distribution(data: Any, items: str | Sequence[str], *, scale: tuple[float, float] | None = None,
                 by: str | Sequence[str] | None = None, min_n: int | None = None,
                 confidence: float = .95) -> pd.DataFrame:
    """The share of each answer to each item, with Wilson's interval.

    data : a row a respondent, a column an item (see `wide`); whatever `measure()` takes.
    scale : the lowest and the highest answer; every whole number between them has a row, chosen or not. Without it
        only the answers that were given do, where they may be shown.
    by : columns of groups. min_n : the fewest answers with whom a group is shown; 5 unless said, and 10 where two
        columns are crossed.

    Returns the columns of `measure()`: metric "share", `question`, the groups, `value` (a number) and so on; `n` is who
    answered the item. Where all, or all but one, gave the same answer the shares are masked, as in `measure()`.
    Raises DataError for text, for an answer off the scale, and without a scale where there is no answer to show.

    >>> answers = pd.DataFrame({"joy": [1, 2, 2, 3, 3, 3, None]})
    >>> found = distribution(answers, "joy", scale=(1, 3))
    >>> found[["question", "value", "estimate", "count", "n", "n_missing"]].round(2)
      question  value  estimate  count  n  n_missing
    0      joy      1      0.17    1.0  6          1
    1      joy      2      0.33    2.0  6          1
    2      joy      3      0.50    3.0  6          1
    """
    names = listed("items", [items] if isinstance(items, str) else items)
    groups = grouping(by, "question", "value")
    checked_min_n(min_n)
    table = fetched(data, [*groups, *names])
    ends = None if scale is None else ends_of(scale)
    if ends and ends[1] - ends[0] > STEPS:
        raise UsageError("scores.steps", most=STEPS, value=repr(scale))
    answers = numbers(table, names, scale=ends)
    keys = pd.DataFrame({name: groups_of(table[name]) for name in groups}, index=table.index)
    given = np.unique(answers.to_numpy()[answers.notna().to_numpy()])
    values = np.union1d(given, np.arange(ends[0], ends[1] + 1) if ends else given)
    if not len(values):
        raise DataError("scores.no_answers", items=words.joined(map(repr, names)))
    flat = pd.concat([keys.assign(question=name, value=answers[name]) for name in names])
    flat["question"] = pd.Categorical(flat["question"], names)
    cells = flat.groupby(["question", *groups], observed=True)["value"]
    sizes = pd.DataFrame({"n": cells.count(), "n_missing": cells.size() - cells.count()})
    counts = cells.value_counts().unstack(fill_value=0).reindex(sizes.index, fill_value=0)
    long = counts.reindex(columns=values, fill_value=0).rename_axis(columns="value").melt(
        value_name="count", ignore_index=False).join(sizes).sort_index(kind="stable").reset_index()
    found = shares(long[["question", *groups, "value", "count", "n", "n_missing"]].assign(metric="share"),
                   confidence=confidence)
    found = found[["metric", *found.columns.drop("metric")]].assign(value=long["value"])
    most = found.groupby(["question", *groups], sort=False)["count"].transform("max")
    alike = (found["n"] > 0) & (found["n"] - most <= 1) & (min_n != 0)   # all, or all but one, gave the same answer
    found[BLANKED] = found[BLANKED].mask(alike)
    found["flag"] = found["flag"].mask(alike, words.text("metrics.flag_beside"))
    found = suppressed(found, groups, min_n=min_n)
    if scale is None:   # what only hidden groups answered would be told by its row
        found = found[found["value"].isin(found.loc[found["count"] > 0, "value"])].reset_index(drop=True)
        if found.empty:
            raise DataError("scores.no_shown", items=words.joined(map(repr, names)))
    return found.astype({"value": "int64" if (found["value"] % 1 == 0).all() else "float64"})


def groups_of(values: pd.Series) -> pd.Series:
    """Groups as an answer names them, in order: 7.0 is "7", what is missing "(missing)"; its own are refused.

    >>> groups_of(pd.Series([10.0, None, 7.0])).cat.categories.tolist()
    ['7', '10', '(missing)']
    """
    own = [words.text(key) for key in ("metrics.all", "metrics.missing")]
    named = written(values)
    taken = [label for label in own if (named == label).any()]
    if taken:
        raise DataError("metrics.reserved_value", value=repr(taken[0]))
    by_size = values if pd.api.types.is_numeric_dtype(values) else values.astype("str")
    order = named.loc[by_size[values.notna()].sort_values(kind="stable").index].unique()
    gaps = [own[1]] if values.isna().any() else []
    return pd.Series(pd.Categorical(named.fillna(own[1]), [*order, *gaps]), index=values.index)
