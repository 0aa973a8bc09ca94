"""The first rows of a table of customers as they are looked at: each column by its kind."""

from collections.abc import Mapping, Sequence

import pandas as pd

from engagelab.display import MISSING, heading, named, shown

ROWS = 5
UNITS = {"integer": "count", "rate": "share", "amount": "count"}


def first_rows(frame: pd.DataFrame, columns: Sequence[str], kinds: Mapping[str, str],
               tz: str | None = None, currency: str | None = None) -> pd.DataFrame:
    """The first rows of these columns, as far as there are any, in words and rounded numbers; days in the zone `tz`,
    amounts in the `currency`.

    >>> first_rows(pd.DataFrame({"user_id": ["a"], "share": [.25], "other": [1]}), ["user_id", "share"],
    ...            {"share": "rate"})
      customer  share
    0        a  25.0%
    """
    out, units = {}, UNITS | ({"amount": currency} if currency else {})
    for name in columns:
        if name in frame:
            unit = units.get(kinds.get(name, ""), "number")
            out[heading(name)] = [_cell(value, name, unit, tz) for value in frame[name].head(ROWS)]
    return pd.DataFrame(out)


def _cell(value: object, name: str, unit: str, tz: str | None) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return MISSING
    if isinstance(value, pd.Timestamp):
        return f"{value.tz_convert(tz or 'UTC'):%Y-%m-%d}"
    if isinstance(value, str):
        return named(value, name)
    return shown(float(value), unit)  # type: ignore[arg-type]
