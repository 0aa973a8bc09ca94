"""What an estimate would be if we had asked the same mix of people, and whether the mix moved.

Direct standardisation (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd
ed., chapter 19): each group's own estimate, weighted by the share that the group had in one chosen
period. The interval combines those of the groups (MOVER: Zou and Donner 2008, Statistics in
Medicine 27:1693).
"""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading
from engagelab.errors import DataError, column_of
from engagelab.metrics.answer import is_hidden
from engagelab.metrics.intervals import wilson


def groups_only(measured: pd.DataFrame, by: str) -> pd.DataFrame:
    """The rows of single groups and single periods of a frame measured with `total=True`, without the totals.

    >>> from engagelab.metrics.measure import measure
    >>> from engagelab.metrics.nouns import rate
    >>> mails = pd.DataFrame({"list": ["a", "a", "b"], "opened": [True, False, True]})
    >>> groups_only(measure(mails, rate("opened"), by="list", total=True), "list")[["list", "n"]].values.tolist()
    [['a', 2], ['b', 1]]
    """
    column_of(by, measured.columns)
    total = words.text("metrics.all")
    return measured[~(measured[_keys(measured)] == total).any(axis="columns")]


def totals_only(measured: pd.DataFrame, by: str) -> pd.DataFrame:
    """The rows of all groups together of a frame measured with `total=True`, period by period, without `by`.

    What is shown of the whole then comes from the same call as the groups, in which a hidden group
    cannot be worked out.

    >>> from engagelab.metrics.measure import measure
    >>> from engagelab.metrics.nouns import rate
    >>> mails = pd.DataFrame({"list": ["a", "a", "b"], "opened": [True, False, True]})
    >>> totals_only(measure(mails, rate("opened"), by="list", total=True), "list")["n"].tolist()
    [3]
    """
    column_of(by, measured.columns)
    total, others = words.text("metrics.all"), [name for name in _keys(measured) if name != by]
    whole = measured[by] == total
    for name in others[1:]:
        whole &= measured[name] != total
    return measured[whole].drop(columns=by)


def mix(measured: pd.DataFrame, *, by: str, over: str) -> pd.DataFrame:
    """The share that each group had in each period, with Wilson's interval: has the mix moved?

    Parameters: a frame of `measure` by a group and a period; a hidden group has no share.

    Returns a frame like that of `measure`, `metric` being "share".

    >>> from engagelab.metrics.measure import measure
    >>> from engagelab.metrics.nouns import rate
    >>> mails = pd.DataFrame({"list": ["a", "a", "b"] * 4, "opened": True, "at": pd.to_datetime(["2026-08-05"] * 12)})
    >>> by_list = measure(mails, rate("opened"), by="list", time="at", every="month", until="2026-09-01")
    >>> mix(by_list, by="list", over="month")[["list", "estimate", "count", "n"]].round(3).values.tolist()
    [['a', 0.667, 8.0, 12.0], ['b', 0.333, 4.0, 12.0]]
    """
    rows = groups_only(measured, by).drop_duplicates([by, over])
    n = rows["n"].astype("float64").to_numpy()
    whole = rows.assign(n=n).groupby(over)["n"].transform("sum").to_numpy()
    low, high = wilson(n, whole)
    known = ~np.isnan(n)
    share = pd.DataFrame({"metric": "share", by: rows[by], over: rows[over], "estimate": n / whole, "low": low,
                          "high": high, "se": np.sqrt(n / whole * (1 - n / whole) / whole), "count": n, "n": whole,
                          "n_eff": whole, "n_missing": 0, "method": words.text("metrics.method_wilson"),
                          "flag": rows["flag"].mask(is_hidden(rows["flag"]) & known, "")})  # an answer masked
    return share.assign(**{name: share[name].where(known) for name in ("estimate", "low", "high")})


def fixed_mix(measured: pd.DataFrame, *, by: str, over: str, to: object) -> pd.DataFrame:
    """The estimates of each period, with the groups weighted as they were in the period `to`.

    Parameters: a frame of `measure` by a group and a period, of the periods that shall be compared;
    `by`, the column of the group (for example the channel of a survey); `over`, that of the
    period; `to`, the period whose mix is held still.

    Returns a frame like that of `measure` without the column `by`. Only groups that every one of the
    periods knows can be weighted alike: the others are left out and named in `flag`. Where no group
    is left, the estimate is NaN.

    Errors: NoColumn; DataError where `to` is not in the data, or where the measure was weighted.

    >>> import engagelab as el
    >>> answers = pd.DataFrame({"score": [10] * 6 + [0] * 6 + [10] * 9 + [0] * 3,
    ...                         "channel": ["app"] * 6 + ["mail"] * 6 + ["app"] * 9 + ["mail"] * 3,
    ...                         "quarter": ["Q1"] * 12 + ["Q2"] * 12})
    >>> table = el.measure(answers, el.nps("score"), by=["channel", "quarter"], min_n=0)
    >>> fixed_mix(table, by="channel", over="quarter", to="Q1")[["quarter", "estimate"]]
      quarter  estimate
    0      Q1       0.0
    1      Q2       0.0
    """
    for column in (by, over):
        column_of(column, measured.columns)
    rows = groups_only(measured, by)
    if to not in set(rows[over]):
        raise DataError("difference.no_value", over=over, value=repr(to),
                        available=words.joined(map(repr, sorted(set(rows[over])))))
    if (rows["n"].astype("float64") - rows["n_eff"]).abs().gt(1e-9).any():
        raise DataError("difference.mix_weighted")
    others = [name for name in _keys(measured) if name not in (by, over)]
    periods = set(rows[over])
    made: list[dict[str, object]] = []
    for keys, metric in rows.groupby(others, sort=False):
        known = metric[metric["estimate"].notna()]
        seen = known.groupby(by)[over].nunique()
        common = sorted(seen.index[seen == len(periods)])
        size = known["base"] if "base" in known and known["base"].notna().all() else known["n"]
        weights = size.astype("float64").where(known[over] == to).groupby(known[by]).sum()[common]
        for period, group in metric.groupby(over, sort=True):
            made.append({**dict(zip(others, keys, strict=True)), over: period,
                         **_standardised(group.set_index(by), weights, by)})
    table = pd.DataFrame(made)
    table.attrs = dict(measured.attrs)
    return table


def _keys(measured: pd.DataFrame) -> list[str]:
    """The columns left of the estimate: `metric`, groups and period."""
    return list(measured.columns)[:list(measured.columns).index("estimate")]


def _standardised(group: pd.DataFrame, weights: pd.Series, by: str) -> dict[str, object]:
    """The estimate of one period with the given weights of its groups, and what its interval and flag are."""
    share = (weights / weights.sum()).to_numpy()
    used = group.loc[weights.index]
    known = used[["estimate", "low", "high", "se"]].to_numpy(dtype=float)
    estimate = float((share * known[:, 0]).sum()) if len(used) else float("nan")
    down, up, spread = (float(np.sqrt(((share * apart) ** 2).sum()))
                        for apart in (known[:, 1] - known[:, 0], known[:, 2] - known[:, 0], known[:, 3]))
    lacking = sorted(map(str, group.index.difference(weights.index)))
    flags = [flag for flag in pd.unique(used["flag"]) if flag]
    flags += [words.text("difference.mix_lacks", groups=words.joined(lacking))] if lacking else []
    return {"estimate": estimate, "low": estimate - down, "high": estimate + up, "se": spread, "count": np.nan,
            "n": int(used["n"].sum()), "n_eff": float(used["n_eff"].sum()), "n_missing": int(used["n_missing"].sum()),
            "method": words.text("difference.fixed_mix", by=heading(by)), "flag": "; ".join(flags)}
