"""What a campaign must not harm, watched without being asked for where the table has it: `guardrails.csv`."""

import csv
import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from engagelab import words
from engagelab.metrics.nouns import Noun, rate
from engagelab.summaries import sql
from engagelab.summaries.engine import Source, source
from engagelab.summaries.view import Columns, View


@functools.cache
def guardrails() -> dict[str, float]:
    """The columns that are watched, each with the worsening that is still accepted.

    >>> guardrails()["unsubscribed"]
    0.002
    """
    text = files(__package__).joinpath("guardrails.csv").read_text("utf-8")
    return {row["column"]: float(row["margin"]) for row in csv.DictReader(text.splitlines())}


def with_guardrails(data: Any, nouns: Mapping[str, Noun]) -> tuple[dict[str, Noun], list[str]]:
    """The metrics and, where the table has their columns and no metric looks at them, the guardrails; and what is said.

    A column of text, without any value or with others than 0 and 1 is left out.

    >>> import pandas as pd
    >>> mails = pd.DataFrame({"clicked": [0, 1], "unsubscribed": [0, 0], "blocked": ["no", "no"]})
    >>> more, said = with_guardrails(mails, {"clicks": rate("clicked")})
    >>> list(more), said[1]
    (['clicks', 'unsubscribed'], "Not watched (guardrails), as they hold no known values of 0 and 1 only: 'blocked'.")
    """
    table = source(data)
    asked = {value for noun in nouns.values() for value in vars(noun).values() if isinstance(value, str)} | set(nouns)
    there = [column for column in guardrails() if column in table.types and column not in asked]
    fit = _flags(table, [column for column in there if table.types[column].upper().startswith(sql.NUMBERS)])
    more: dict[str, Noun] = {column: rate(column, better="lower", margin=guardrails()[column]) for column in fit}
    rest = [column for column in there if column not in fit]
    return {**nouns, **more}, [words.text(key, columns=words.joined(map(repr, columns))) for key, columns in (
        ("compare.watched", fit), ("checks.unwatched", rest)) if columns]


def _flags(table: Source, columns: list[str]) -> list[str]:
    """Which of these columns of numbers hold 0 and 1 alone, and something at all."""
    if not columns:
        return []
    own = Columns(table)
    x = [own.number(column) for column in columns]
    seen = View(own).plain("SELECT " + ", ".join(
        f"count({name}) AS n_{name}, count(CASE WHEN {name} NOT IN (0, 1) THEN 1 END) AS other_{name}" for name in x)
        + " FROM events").iloc[0]
    return [column for column, name in zip(columns, x, strict=True) if seen[f"n_{name}"] and not seen[f"other_{name}"]]
