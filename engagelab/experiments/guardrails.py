"""What a campaign must not harm, watched without being asked for where the table has it: `guardrails.csv`."""

import csv
import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from engagelab import words
from engagelab.metrics.nouns import Noun, rate
from engagelab.summaries.engine import source


@functools.cache
def guardrails() -> dict[str, float]:
    """The columns that are watched, each with the worsening that is still accepted.

    >>> guardrails()["unsubscribed"]
    0.002
    """
    text = files(__package__).joinpath("guardrails.csv").read_text("utf-8")
    return {row["column"]: float(row["margin"]) for row in csv.DictReader(text.splitlines())}


def with_guardrails(data: Any, nouns: Mapping[str, Noun]) -> tuple[dict[str, Noun], list[str]]:
    """The metrics and, where the table has their columns and no metric looks at them, the guardrails."""
    types = source(data).types
    asked = {getattr(noun, "column", "") for noun in nouns.values()} | set(nouns)
    more: dict[str, Noun] = {column: rate(column, better="lower", margin=margin)
                             for column, margin in guardrails().items() if column in types and column not in asked}
    if not more:
        return dict(nouns), []
    return {**nouns, **more}, [words.text("compare.watched", columns=words.joined(map(repr, more)))]
