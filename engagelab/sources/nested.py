"""What is nested in a cell, by a dotted name: `event_params.page_location` of Google Analytics.

The BigQuery export of Google Analytics keeps a list of `{key, value: {string_value, int_value,
float_value, double_value}}`; Google's export schema says that one of the values is set. In newline
JSON and Parquet the list is nested, in CSV it is text, as JSON or as Python writes it. A dotted
name goes by keys and by names; `event_params.*` is the whole in one order, the same text from
whichever kind of file.
"""

import ast
import json

import numpy as np
import pandas as pd

from engagelab.sources.records import parsed, text

WHOLE = "*"


def unpacked(cells: pd.Series, paths: list[str]) -> tuple[list[pd.Series], np.ndarray]:
    """A column of nested text taken apart: a column for each path, and the places of what is not nested.

    >>> cell = '[{"key": "ga_session_id", "value": {"int_value": "7"}}]'
    >>> unpacked(pd.Series([cell, None, "?"]), ["ga_session_id"])
    ([0       7
    1    None
    2    None
    dtype: object], array([2]))
    """
    found: list[list[str | None]] = [[] for _ in paths]
    bad = []
    steps = [path.split(".") for path in paths]
    for place, cell in enumerate(cells):
        content = None
        if isinstance(cell, str) and cell.strip():
            content = _content(cell)
            if content is None:
                bad.append(place)
        for column, way in zip(found, steps, strict=True):
            column.append(None if content is None else text(_at(content, way)))
    return [pd.Series(column, index=cells.index, dtype=object) for column in found], np.array(bad, int)


def _content(cell: str) -> list | dict | None:
    """The list or record in a cell; None where there is none."""
    try:
        content = parsed(cell)
    except ValueError:
        try:
            content = ast.literal_eval(cell.strip()) if len(cell) < 1 << 16 else None
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            content = None
    return content if isinstance(content, list | dict) else None


def _at(content: object, way: list[str]) -> object:
    for step in way:
        if step == WHOLE:
            return json.dumps(_pairs(content), ensure_ascii=False, sort_keys=True)
        content = _pairs(content).get(step)
    return _single(content)


def _pairs(content: object) -> dict[str, object]:
    """A record, or a list of keys with their values, by name."""
    if isinstance(content, dict):
        return content
    if not isinstance(content, list):
        return {}
    return {str(entry["key"]): _single(entry.get("value")) for entry in content
            if isinstance(entry, dict) and "key" in entry}


def _single(value: object) -> object:
    """The one that is set of string_value, int_value, float_value and double_value."""
    if isinstance(value, dict) and value and all(str(name).endswith("_value") for name in value):
        value = next((one for one in value.values() if one is not None), None)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
