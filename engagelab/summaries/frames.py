"""The answers of a table as numbers, each checked: what is no number or off the scale is named with its row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab.errors import DataError, UsageError, column_of
from engagelab.summaries import sql
from engagelab.summaries.engine import source


def fetched(data: Any, columns: Sequence[str]) -> pd.DataFrame:
    """These columns of whatever `measure()` takes, as a frame with rows numbered from 0."""
    names = list(dict.fromkeys(columns))
    if isinstance(data, pd.DataFrame):
        for name in names:
            column_of(name, data.columns)
            if list(data.columns).count(name) > 1:
                raise DataError("frames.same_name", column=repr(name))
            kinds = data[name].map(type).unique() if data[name].dtype == object else ()
            if folded := next((kind.__name__ for kind in kinds if kind.__hash__ is None), None):
                raise DataError("summaries.nested", column=repr(name), type=folded)
        return data[names].reset_index(drop=True)
    table = source(data)
    reads = {f"k{i}": sql.Read(column_of(name, table.types), "key") for i, name in enumerate(names)}
    return table.fetch(sql.read(reads, table.types, table=table.table), names).set_axis(names, axis="columns")


def numbers(data: pd.DataFrame, columns: Sequence[str], *, scale: tuple[float, float] | None = None) -> pd.DataFrame:
    """These columns as floats, NaN where nothing was answered.

    scale : the lowest and the highest answer. Raises DataError for text, for an infinite number and for an answer off
    the scale, with its column and its row, counted from 1.

    >>> numbers(pd.DataFrame({"q1": [3, None], "q2": ["4", "5"]}), ["q1", "q2"], scale=(1, 5))
        q1   q2
    0  3.0  4.0
    1  NaN  5.0
    """
    table = fetched(data, columns)
    return pd.DataFrame({name: _checked(table[name], name, scale) for name in columns}).set_axis(data.index)


def _checked(answers: pd.Series, name: str, scale: tuple[float, float] | None) -> pd.Series:
    read = answers.astype("str") if answers.dtype.kind in "mM" else answers  # a date would pass as a number
    found = pd.to_numeric(read, errors="coerce").astype("float64")
    wrong = answers.notna().to_numpy() & ~np.isfinite(found.to_numpy())
    if wrong.any():
        row = int(np.argmax(wrong))
        value = answers.iloc[row]
        raise DataError("frames.no_number", column=repr(name), row=row + 1, n=int(wrong.sum()),
                        value=repr(value) if isinstance(value, str) else str(value))
    if scale is not None:
        low, high = scale
        off = (found < low) | (found > high)
        if off.any():
            row = int(np.argmax(off.to_numpy()))
            raise DataError("frames.off_scale", column=repr(name), row=row + 1, value=f"{found.iloc[row]:g}",
                            n=int(off.sum()), low=f"{low:g}", high=f"{high:g}")
    return found


def weights_of(data: pd.DataFrame, column: str) -> pd.Series:
    """The column of weights; each has to be a number above 0, or its row is named."""
    found = numbers(data, [column])[column]
    wrong = ~(found > 0)
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        raise DataError("frames.weight", column=repr(column), row=row + 1, value=f"{found.iloc[row]:g}",
                        n=int(wrong.sum()))
    return found


def listed(name: str, columns: Sequence[str]) -> list[str]:
    """A list of columns that an argument has to be: none of them twice, and at least one."""
    if isinstance(columns, str) or not isinstance(columns, Sequence) or not columns or not all(
            isinstance(column, str) for column in columns):
        raise UsageError("frames.columns", name=name, value=repr(columns))
    twice = [column for column in columns if list(columns).count(column) > 1]
    if twice:
        raise UsageError("frames.twice", name=name, column=repr(twice[0]))
    return list(columns)
