"""Small cells of a finished table hidden in place, with whatever would give them away.

The rules of `measure()` for tables that are made otherwise: fewer than five respondents, ten where two attributes are
crossed, and then the complementary cells (see `engagelab.privacy.cells`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.metrics import unanimity
from engagelab.metrics.answer import CROSSED
from engagelab.metrics.nouns import SURVEY_MIN_N
from engagelab.privacy.cells import ALL, COMPLEMENT, FEW, hidden

BLANK = ("estimate", "low", "high", "se", "count", "base", "n", "n_eff", "n_missing")
SIZES = ("n", "n_missing")  # shown where only the answer is masked


def suppressed(table: pd.DataFrame, by: Sequence[str], *, period: str | None = None, people: str = "n",
               min_n: int | None = None, least: int = SURVEY_MIN_N, also: Sequence[str] = (),
               answers: bool = False, same: pd.Series | None = None) -> pd.DataFrame:
    """The answer with its small cells hidden and flagged, in place.

    table : columns of an answer; "(all)" in a column of `by` is the total over it. by : the attributes.
    period : a column that is no attribute, though its values are cells. people : the column of respondents of a cell.
    min_n : the fewest with whom a cell is shown; unless said `least`, and twice that where two attributes are crossed.
    also : further columns of numbers to blank.
    answers : the estimate is the share `count` of `n` of those who gave an answer, so that it is masked where all, or
    all but one, answered alike; a share of who left, or of who answered at all, is none of these.
    same : does so for means: of each row whether all have one value.
    Rows that differ in other columns left of the estimate (such as the metric) are tables of their own.

    >>> teams = pd.DataFrame({"metric": "nps", "team": ["a", "b", "(all)"], "estimate": [0., 10., 6.], "n": [4, 6, 10],
    ...                       "flag": ""})
    >>> suppressed(teams, ["team"])[["team", "estimate", "flag"]]
        team  estimate                                   flag
    0      a       NaN      hidden: fewer than 5 respondents
    1      b       NaN  hidden: would give away a smaller cell
    2  (all)       6.0
    """
    keys = [*by, *([period] if period else [])]
    others = [name for name in table.columns[:list(table.columns).index("estimate")] if name not in keys]
    total = words.text("metrics.all")
    crossed = (table[list(by)] != total).sum(axis="columns").to_numpy() if by else np.zeros(len(table), dtype=int)
    need = np.where(crossed >= CROSSED, 2 * least, least) if min_n is None else np.full(len(table), min_n)
    why = np.full(len(table), "", dtype=object)
    kinds = pd.DataFrame({"kind_0": table["count"], "kind_1": table["n"] - table["count"]} if answers else {},
                         index=table.index)
    kinds = kinds if same is None else pd.DataFrame({"same": same, "estimate": table["estimate"]})
    groups = table.groupby(others, sort=False, dropna=False).indices.values() if others else [np.arange(len(table))]
    for places in groups:
        rows = table.iloc[places]
        cells = [tuple(ALL if key == total else key for key in row) for row in rows[keys].itertuples(index=False)]
        counts = rows[people].to_numpy(dtype="float64", na_value=0)
        why[places] = hidden(cells or [()], counts, need[places], unanimity.alike(kinds.iloc[places]))
    out = table.copy()
    for name in (*BLANK, *also):
        if name in out:
            out[name] = out[name].mask(np.isin(why, (FEW, COMPLEMENT)) if name in SIZES else why != "")
    said = [new or old for new, old in zip(unanimity.flags(kinds, list(why), need), out["flag"], strict=True)]
    return out.assign(flag=pd.Series(said, index=out.index, dtype="str"))
