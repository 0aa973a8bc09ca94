"""What an estimate would be if we had asked the same mix of people.

Direct standardisation (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd
ed., chapter 19): each group's own estimate, weighted by the share that the group had in one chosen
period. The interval combines those of the groups (MOVER: Zou and Donner 2008, Statistics in
Medicine 27:1693).
"""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, column_of


def fixed_mix(measured: pd.DataFrame, *, by: str, over: str, to: object) -> pd.DataFrame:
    """The estimates of each period, with the groups weighted as they were in the period `to`.

    Parameters: a frame of `measure` by a group and a period; `by`, the column of the group (for
    example the channel of a survey); `over`, that of the period; `to`, the period whose mix is
    held still.

    Returns a frame like that of `measure` without the column `by`. Groups that `to` did not have,
    or that a period lacks, cannot be weighted: they are left out, the others keep their
    proportions, and `flag` names them.

    Errors: NoColumn; DataError where `to` is not in the data.
    """
    for column in (by, over):
        column_of(column, measured.columns)
    known = measured[measured["estimate"].notna()]
    weights = known[known[over] == to].set_index([*_others(measured, by, over), by])["n"]
    if weights.empty:
        raise DataError("difference.no_value", over=over, value=repr(to),
                        available=", ".join(map(repr, sorted(measured[over].unique()))))
    keys = [*_others(measured, by, over), over]
    rows = [_standardised(group, weights, by, dict(zip(keys, values, strict=True)))
            for values, group in known.groupby(keys, sort=True)]
    table = pd.DataFrame([row for row in rows if row])
    table.attrs = dict(measured.attrs)
    return table


def _others(measured: pd.DataFrame, by: str, over: str) -> list[str]:
    """The columns left of the estimate that are neither the group nor the period; `metric` is one."""
    columns = list(measured.columns)
    return [name for name in columns[:columns.index("estimate")] if name not in (by, over)]


def _standardised(group: pd.DataFrame, weights: pd.Series, by: str, keys: dict) -> dict | None:
    others = tuple(value for name, value in keys.items() if name in weights.index.names)
    wanted = weights.xs(others, level=list(range(len(others))))
    both = group.set_index(by).join(wanted.rename("weight"), how="inner")
    if both.empty:
        return None
    share = (both["weight"] / both["weight"].sum()).to_numpy(dtype=float)
    low, high = (float(np.sqrt(((share * (both[end] - both["estimate"]).to_numpy(dtype=float)) ** 2).sum()))
                 for end in ("low", "high"))
    estimate = float((share * both["estimate"].to_numpy(dtype=float)).sum())
    lacking = sorted({str(name) for name in set(wanted.index) ^ set(group[by])})
    return {**keys, "estimate": estimate, "low": estimate - low, "high": estimate + high,
            "se": float(np.sqrt(((share * both["se"].to_numpy(dtype=float)) ** 2).sum())), "count": np.nan,
            "n": int(both["n"].sum()), "n_eff": float(both["n_eff"].sum()), "n_missing": int(both["n_missing"].sum()),
            "method": words.text("difference.fixed_mix", by=by),
            "flag": words.text("difference.mix_lacks", groups=", ".join(lacking)) if lacking else ""}
