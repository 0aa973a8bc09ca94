"""Amounts that can be summed: of one currency, and with the tax in all of them or in none."""

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import pandas as pd

from engagelab import words
from engagelab.errors import DataError
from engagelab.summaries import sql
from engagelab.summaries.view import Columns, View
from engagelab.tables import tables

ALIKE = ("currency", "tax_included")    # what the amounts of a table must have in common to be summed


@functools.cache
def amounts() -> frozenset[str]:
    """The columns that hold money in some canonical table.

    >>> sorted(amounts())[:3]
    ['amount', 'cost', 'discount']
    """
    return frozenset(column.name for table in tables().values() for column in table.columns.values()
                     if column.kind == "amount")


def check_alike(columns: Iterable[str], what: str, counts: Mapping[object, int]) -> None:
    """Refuse amounts where `what` ("currency" or "tax_included") has several values; `counts` says how many rows each.

    Rows that do not say it, while others do, are refused too: they may be unlike the others.

    >>> check_alike(["total"], "currency", {"JPY": 310, "USD": 2})
    Traceback (most recent call last):
    ...
    engagelab.errors.DataError: 'total' has amounts of several currencies: JPY (310), USD (2); unlike amounts are ...
    """
    said = {value: n for value, n in counts.items() if not pd.isna(value)}  # type: ignore[call-overload]
    unsaid = sum(counts.values()) - sum(said.values())
    if len(said) > 1 or (said and unsaid):
        raise DataError(f"money.unlike_{what}" if len(said) > 1 else f"money.unsaid_{what}", n=unsaid,
                        columns=words.joined(map(repr, columns)),
                        found=words.joined(f"{value} ({n:,})" for value, n in said.items()))


def check_sums(view: View, by: Collection[str] = ()) -> None:
    """Refuse to sum amounts of several currencies, or with tax and without it, where these are no groups."""
    source, reads = view.columns.source, view.columns.reads
    sums = {ours: read.column for ours, read in reads.items() if read.kind == "number" and read.column in amounts()}
    for what in ALIKE if sums else ():
        if what in source.types and what not in by:
            known = " OR ".join(f"{ours} IS NOT NULL" for ours in sums)
            seen = replace(view, columns=Columns(source, {"c0": sql.Read(what, "key"), **reads})).plain(
                f"SELECT CAST(c0 AS VARCHAR) AS value, count(*) AS n FROM events WHERE {known} "
                "GROUP BY c0 ORDER BY n DESC, value")
            check_alike(dict.fromkeys(sums.values()), what, dict(zip(seen["value"], seen["n"], strict=True)))
