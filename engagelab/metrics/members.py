"""Whose answers are in each cell, for a ledger of what was published."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from engagelab.errors import UsageError, column_of
from engagelab.metrics.nouns import Noun
from engagelab.privacy.ledger import Ledger
from engagelab.summaries import sql
from engagelab.summaries.moments import Ask
from engagelab.summaries.view import Columns, View


def checked(ledger: object, user: str | None) -> Ledger | None:
    """The ledger, if it is one and respondents are named."""
    if ledger is not None and not isinstance(ledger, Ledger):
        raise UsageError("metrics.ledger", type=type(ledger).__name__)
    if ledger is not None and user is None:
        raise UsageError("metrics.ledger_user")
    return ledger


def told(view: View, nouns: Sequence[Noun], asks: Sequence[Ask], codes: Sequence[np.ndarray], ledger: Ledger
         ) -> list[Callable[[np.ndarray, np.ndarray, list[str]], list[str]]]:
    """For each noun, how the ledger answers for its cells: from places, thresholds and why they are hidden already.

    codes : of each level, in which of its cells each finest group lies; places count the cells of all levels.
    """
    ledger.read()
    table = _read(view, asks, ledger)
    ranks = [f"rank_{i}" for i in range(1, len(view.by) + 1)]
    group = np.zeros(len(table), dtype=int)
    if ranks:  # the order of the groups of the moments, which are sorted by these ranks too
        group = np.unique(table[ranks].to_numpy(), axis=0, return_inverse=True)[1].reshape(-1)
    starts = np.cumsum([0, *(int(code.max(initial=-1)) + 1 for code in codes)])
    person = table["person"].fillna("").astype("str").to_numpy()
    which = np.full(len(table), "", dtype=object)
    for i in range(len(ledger.answer)):
        which += "\n" + table[f"a{i}"].fillna("").astype("str").to_numpy(dtype=object)

    def of(at: int) -> Callable[[np.ndarray, np.ndarray, list[str]], list[str]]:
        weight = table[f"weight_{at}"].to_numpy(dtype="float64")
        known = weight > 0
        columns = Columns(view.columns.source)
        nouns[at].ask(columns)
        topics = sorted({read.column for read in columns.reads.values()})

        def published(places: np.ndarray, least: np.ndarray, why: list[str]) -> list[str]:
            level = np.searchsorted(starts, places, side="right") - 1
            cells = [np.flatnonzero(codes[own][group[known]] == place - starts[own])
                     for own, place in zip(level, places, strict=True)]
            return ledger.publish(topics, list(person[known]), list(which[known]), weight[known], cells, least, why)

        return published

    return [of(at) for at in range(len(asks))]


def _read(view: View, asks: Sequence[Ask], ledger: Ledger) -> pd.DataFrame:
    """Each person's answers in each group, and with what weight each metric counts them."""
    reads = dict(view.columns.reads)
    types = view.columns.source.types
    for i, column in enumerate(ledger.answer):
        reads[f"a{i}"] = sql.Read(column_of(column, types), "key")
    names = ["u0", *(f"a{i}" for i in range(len(ledger.answer)))]
    picked = [f"CAST({ours} AS VARCHAR) AS {'person' if ours == 'u0' else ours}" for ours in names]
    for at, ask in enumerate(asks):
        known = " AND ".join(f"{value} IS NOT NULL" for value in ([ask.known] if ask.flags else ask.values))
        picked.append(f"sum(CASE WHEN {known} THEN {'w0' if view.weighted else 1} ELSE 0 END) AS weight_{at}")
    body = "SELECT\n    /*by*/\n    " + ",\n    ".join(picked) + f"\nFROM events\nGROUP BY /*by*/ {', '.join(names)}"
    lower = View(Columns(view.columns.source, reads), view.by, view.period, view.where, view.weighted)
    return lower.query(body)[0]
