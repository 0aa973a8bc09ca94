"""An answer of several tables as it is looked at: rounded for the eye, with its sentences beneath."""

import html

import pandas as pd

from engagelab import words
from engagelab.display import heading, interval, metric_name, named, shown, table_html

COUNTS = ("n", "n_missing", "count")
LEAST_P = "<0.001"


def rounded(table: pd.DataFrame, columns: list[str], unit: str = "number", *, signed: bool = False) -> pd.DataFrame:
    """These columns of a table in words and rounded numbers; "interval" is its low and high, NaN is a dash.

    signed : numbers with the unit are changes.

    >>> rounded(pd.DataFrame({"item": ["q1"], "n": [43], "loading": [.8123]}), ["item", "loading", "n"])
      item loading   n
    0   q1    0.81  43
    """
    out = {}
    for name in columns:
        title = heading(name)
        if name == "interval":
            out[title] = [interval(low, high, unit, signed=signed) if low == low else "" for low, high in zip(
                table["low"], table["high"], strict=True)]
        elif pd.api.types.is_numeric_dtype(table[name]):
            own = "count" if name in COUNTS else unit
            values = table[name].to_numpy("float64", na_value=float("nan"))
            out[title] = [LEAST_P if name == "p_adjusted" and value < .001 else
                          shown(value, own, signed=signed and own == unit) for value in values]
        else:
            out[title] = [named(value, name) for value in table[name]]
    return pd.DataFrame(out)


def in_periods(metric: str, every: str) -> str:
    """The name of a metric that is a time, with its unit.

    >>> in_periods("median_lifetime", "month")
    'Median lifetime (months)'
    """
    unit = words.text(f"unit.{every}s", value="").strip()
    return words.text("shown.in_periods", metric=metric_name(metric), unit=unit)


def plain(tables: list[pd.DataFrame], notes: tuple[str, ...]) -> str:
    """The tables and the sentences as text."""
    return "\n".join([*(table.to_string(index=False) for table in tables), *notes])


def page(tables: list[pd.DataFrame], notes: tuple[str, ...]) -> str:
    """The tables and the sentences as HTML."""
    said = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in notes)
    return "".join(map(table_html, tables)) + said
