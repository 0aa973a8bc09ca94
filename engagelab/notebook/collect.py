"""The tables behind what a notebook shows, put beside it in full precision for whoever makes files of them.

After `on()` every displayed table carries its frame along under a MIME type of its own, which no viewer shows
(Jupyter, messaging protocol, "display_data": a front end takes the types that it knows). Only runs that make a report
ask for it, so that stored notebooks stay as they are.
"""

import math
from typing import Any

import pandas as pd

from engagelab.tables import tables

KIND = "application/vnd.engagelab.table+json"
# Columns of which a table has one where its rows are persons or accounts, under our names and those of what we make.
_LISTED = {"user", "account", "account_id", *(name for table in tables().values() for name in table.people)}
VARIABLE = "ENGAGELAB_TABLES"   # the environment variable by which a run asks for the tables


def on() -> None:
    """From here on, put the frame of each displayed table beside what it shows; outside IPython nothing happens."""
    from IPython.core.formatters import BaseFormatter
    from IPython.core.getipython import get_ipython
    from traitlets import ObjectName, Unicode

    class Tables(BaseFormatter):
        """Gives the table of an object, or nothing."""

        format_type = Unicode(KIND)
        print_method = ObjectName("_no_such_method_")
        _return_type = dict

    display = getattr(get_ipython(), "display_formatter", None)
    if display is not None:
        formatter = Tables(parent=display)
        formatter.for_type(object, table_of)
        display.formatters[KIND] = formatter


def table_of(shown: Any) -> dict[str, list] | None:
    """The frame of what is shown as `columns`, `dtypes` and `rows`, or None where it has none or names persons.

    Every digit is kept; what is missing is None, a stamp is text by ISO 8601, an infinite number "inf" or "-inf".
    The index goes in front where it says something. A table with a row a person or an account is nothing to be sent:
    of such a list only what the page shows of it may leave the house.

    >>> table_of(pd.DataFrame({"n": [1, 2], "share": [.1, float("nan")]}))
    {'columns': ['n', 'share'], 'dtypes': ['int64', 'float64'], 'rows': [[1, 0.1], [2, None]]}
    >>> table_of(pd.DataFrame({"user_id": ["u1"], "score": [3]})) is None
    True
    """
    frame = shown if isinstance(shown, pd.DataFrame) else getattr(shown, "frame", None)
    if not isinstance(frame, pd.DataFrame):
        return None
    if any(frame.index.names) or not pd.api.types.is_integer_dtype(frame.index):    # or it counts the rows
        frame = frame.rename_axis([name or "" for name in frame.index.names]).reset_index(allow_duplicates=True)
    columns = [" ".join(map(str, name)).strip() if isinstance(name, tuple) else str(name) for name in frame.columns]
    if _LISTED & set(columns):
        return None
    cells = [[_cell(value) for value in frame.iloc[:, place]] for place in range(len(columns))]
    return {"columns": columns, "dtypes": [str(kind) for kind in frame.dtypes],
            "rows": [list(row) for row in zip(*cells, strict=True)]}


def _cell(value: Any) -> object:
    """A value as JSON has it."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    value = value.item() if hasattr(value, "item") and not isinstance(value, pd.Timestamp) else value
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value if isinstance(value, bool | int | float) else str(value)
