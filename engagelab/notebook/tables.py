"""How a table of estimates is shown: rounded, its interval in one cell, its methods beneath.

The frame itself keeps every digit; what is shown is read off the names of its columns.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from engagelab import words
from engagelab.display import MISSING, heading, interval, named, shown, table_html

IN_UNIT = ("estimate", "before", "after", "difference", "target")
COUNTS = ("count", "n", "n_before", "n_after", "n_missing", "rows", "kept", "rejected", "replaced", "matched",
          "answers", "missing")
# shown in another way, or only for those who compute on
WHERE_ANY = ("count", "flag", "n_missing")
LEFT_OUT = ("low", "high", "se", "n_eff", "base", "method", "unit")


@dataclass(frozen=True)
class Shown:
    """A table as it is looked at; `.frame` is the table itself."""

    frame: pd.DataFrame
    cells: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([self.cells.to_string(index=False), *self.notes])

    def _repr_html_(self) -> str:
        return table_html(self.cells) + "".join(f"<p><small>{html.escape(note)}</small></p>" for note in self.notes)


def show(frame: pd.DataFrame, unit: str | Mapping[str, str] = "number") -> Shown:
    """The frame as a table to look at.

    Parameters: a frame of `measure`, of `difference`, or any other; `unit`, that of all its
    estimates or one for each metric, as in `engagelab.display.shown`.

    >>> import pandas as pd
    >>> show(pd.DataFrame({"metric": ["nps"], "estimate": [27.78], "low": [-1.04], "high": [51.98], "n": [36],
    ...                    "method": ["score"]}), "points")
    metric estimate 95% interval  n
       NPS    +27.8 −1.0 to +52.0 36
    Method: score
    """
    units = [unit if isinstance(unit, str) else unit.get(name, "number")
             for name in frame.get("metric", pd.Series([""] * len(frame)))]
    cells: dict[str, list[str]] = {}
    for name in map(str, frame.columns):
        if name in LEFT_OUT or (name in WHERE_ANY and not _anything(frame[name])):
            continue
        cells[label(name)] = [_shown(name, value, own) for value, own in zip(frame[name], units, strict=True)]
        if name in ("estimate", "difference") and {"low", "high"} <= set(frame.columns):
            ends = zip(frame["low"], frame["high"], units, strict=True)
            cells[label("interval")] = [MISSING if pd.isna(low) else interval(low, high, own,
                                                                              signed=name == "difference")
                                        for low, high, own in ends]
    methods = [str(method) for method in pd.unique(frame["method"])] if "method" in frame else []
    notes = tuple([words.text("shown.method", methods="; ".join(filter(None, methods)))] if any(methods) else [])
    return Shown(frame, pd.DataFrame(cells), notes)


def label(name: str, value: object = None) -> str:
    """A column's name as a person reads it; or, where a value is given, that value of the column.

    >>> label("n_missing"), label("segment"), label("state", "won_back")
    ('missing', 'segment', 'Won back')
    """
    if value is not None:
        return named(value, name)
    return heading(name)


def _shown(name: str, value, unit: str) -> str:
    if name in IN_UNIT and not isinstance(value, str):
        return shown(value, unit, signed=name == "difference")
    if pd.isna(value):
        return MISSING
    if name == "share":
        return shown(value, "share")
    if name in COUNTS:
        return shown(value, "count")
    return shown(value) if isinstance(value, float) else named(value, name)


def _anything(column: pd.Series) -> bool:
    nothing = 0 if column.dtype.kind in "iuf" else ""
    return bool(column.fillna(nothing).ne(nothing).any())


def pick(frame: pd.DataFrame, **values: object) -> pd.Series | None:
    """The first row in which the columns have these values; None where there is none.

    >>> import pandas as pd
    >>> pick(pd.DataFrame({"metric": ["nps", "csat"], "n": [3, 5]}), metric="csat")["metric"]
    'csat'
    """
    rows = frame
    for name, value in values.items():
        rows = rows[rows[name] == value]
    return None if rows.empty else rows.iloc[0]
