"""How far two independent estimates are apart, and whether that may be noise.

The interval comes from the two intervals alone; see `difference_interval`.
"""

import pandas as pd

from engagelab import words
from engagelab.errors import DataError, column_of
from engagelab.metrics.intervals import difference_interval

AFTER_BY = ("estimate", "low", "high", "se", "count", "n", "n_eff", "n_missing", "method", "flag", "base")


def difference(measured: pd.DataFrame, *, over: str, before: object = None, after: object = None) -> pd.DataFrame:
    """How much each estimate changed between two values of a column, each against its own interval.

    Parameters: a frame of `measure`; `over`, one of its by columns, for example a period;
    `before` and `after`, two of its values, by default the last two in the order of the frame.

    Returns one row a metric and remaining group: `before, after, difference, low, high, n_before,
    n_after, method, flag`. The two sides are taken as independent, which is cautious where the
    same people answered twice. A side that is hidden or was never observed leaves the row empty,
    with a flag; where neither side was observed there is no row.

    Errors: NoColumn; DataError where no values are named and the column does not have two.

    >>> import engagelab as el
    >>> answers = pd.DataFrame({"wave": ["1"] * 40 + ["2"] * 40, "score": [9] * 20 + [5] * 20 + [9] * 35 + [5] * 5})
    >>> row = difference(el.measure(answers, {"nps": el.nps("score")}, by="wave"), over="wave").iloc[0]
    >>> [round(float(row[name])) for name in ("before", "after", "difference", "low", "high")]
    [0, 75, 75, 35, 108]
    """
    column_of(over, measured.columns)
    labels = {words.text("metrics.all"), words.text("metrics.missing")}  # they are no values to compare
    values = [value for value in measured[over].unique() if value not in labels]
    if before is None or after is None:
        if len(values) < 2:
            raise DataError("difference.no_two", over=over, available=words.joined(map(repr, values)))
        before, after = values[-2:]
    keys = [name for name in measured.columns if name not in AFTER_BY and name != over]
    sides = [measured[measured[over] == value].drop(columns=over) for value in (before, after)]
    both = sides[0].merge(sides[1], on=keys, how="outer", suffixes=("_before", "_after"))
    apart, low, high = difference_interval(*(both[f"{name}_{side}"] for side in ("before", "after")
                                             for name in ("estimate", "low", "high")))
    table = both[keys].assign(before=both["estimate_before"], after=both["estimate_after"], difference=apart, low=low,
                              high=high, n_before=both["n_before"], n_after=both["n_after"],
                              method=words.text("difference.method"), flag=_flags(both))
    table.attrs = {**measured.attrs, "before": before, "after": after}
    return table


def _flags(both: pd.DataFrame) -> list[str]:
    """Why a row is empty or doubtful: what its two sides say, else that one was never observed."""
    flags = []
    for before, after, known in zip(both["flag_before"].fillna(""), both["flag_after"].fillna(""),
                                    both["estimate_before"].notna() & both["estimate_after"].notna(), strict=True):
        said = "; ".join(dict.fromkeys(flag for flag in (before, after) if flag))
        flags.append(said or ("" if known else words.text("difference.one_side")))
    return flags
