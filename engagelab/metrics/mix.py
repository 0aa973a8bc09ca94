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
    held = known[known[over] == to]
    if held.empty:
        raise DataError("difference.no_value", over=over, value=repr(to),
                        available=", ".join(map(repr, sorted(measured[over].unique()))))
    others = _others(measured, by, over)
    weights = {keys: group.set_index(by)["n"].astype(float) for keys, group in held.groupby(others)}
    rows: list[dict[str, object]] = []
    for (*keys, period), group in known.groupby([*others, over], sort=True):
        if tuple(keys) in weights:
            row = _standardised(group.set_index(by), weights[tuple(keys)], by)
            rows.append({**dict(zip(others, keys, strict=True)), over: period, **row})
    table = pd.DataFrame(rows)
    table.attrs = dict(measured.attrs)
    return table


def _others(measured: pd.DataFrame, by: str, over: str) -> list[str]:
    """The columns left of the estimate that are neither the group nor the period; `metric` is one."""
    columns = list(measured.columns)
    return [name for name in columns[:columns.index("estimate")] if name not in (by, over)]


def _standardised(group: pd.DataFrame, weights: pd.Series, by: str) -> dict[str, object]:
    """The estimate of one period with the given weights of its groups, and what its interval and flag are."""
    both = group.index.intersection(weights.index)
    share = (weights[both] / weights[both].sum()).to_numpy()
    known = group.loc[both, ["estimate", "low", "high", "se"]].to_numpy(dtype=float)
    estimate = float((share * known[:, 0]).sum())
    down, up, spread = (float(np.sqrt(((share * apart) ** 2).sum()))
                        for apart in (known[:, 1] - known[:, 0], known[:, 2] - known[:, 0], known[:, 3]))
    lacking = ", ".join(sorted(map(str, weights.index.symmetric_difference(group.index))))
    empty = not len(both)
    return {"estimate": np.nan if empty else estimate, "low": np.nan if empty else estimate - down,
            "high": np.nan if empty else estimate + up, "se": np.nan if empty else spread, "count": np.nan,
            "n": int(group.loc[both, "n"].sum()), "n_eff": float(group.loc[both, "n_eff"].sum()),
            "n_missing": int(group["n_missing"].sum()), "method": words.text("difference.fixed_mix", by=by),
            "flag": words.text("difference.mix_lacks", groups=lacking) if lacking else ""}
