"""The shape of an answer: one row an estimate, small cells hidden, doubts flagged in words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics import unanimity
from engagelab.metrics.nouns import SURVEY_MIN_N, Noun
from engagelab.privacy import cells as private
from engagelab.summaries import periods
from engagelab.summaries.moments import Ask
from engagelab.summaries.view import Span

COLUMNS = ("metric", "estimate", "low", "high", "se", "count", "base", "n", "n_eff", "n_missing", "method", "flag")
NUMBERS = ("estimate", "low", "high", "se", "count", "base", "n_eff")
HIDDEN = (private.FEW, private.COMPLEMENT, private.EARLIER, *unanimity.MASKED)
CROSSED = 2  # attributes from which on a cell needs twice as many respondents


Published = Callable[[np.ndarray, np.ndarray, list[str]], list[str]]


@dataclass(frozen=True)
class Cells:
    """The estimates of all levels of one metric: keys and ranks of `depth` grouping columns, and the numbers."""

    table: pd.DataFrame
    depth: int
    method: str
    based: bool


def grouping(by: str | Sequence[str] | None, *own: str | None) -> list[str]:
    """The caller's columns of groups as a list, refusing names that an answer, with its `own` columns, uses itself.

    >>> grouping("plan"), grouping(None)
    (['plan'], [])
    """
    columns = [by] if isinstance(by, str) or not isinstance(by, Sequence | None) else list(by or [])
    for column in columns:
        if not isinstance(column, str):
            raise UsageError("metrics.by_name", value=repr(column))
        if column in (*COLUMNS, *own):
            raise UsageError("metrics.reserved", column=repr(column))
    if len(set(columns)) < len(columns):
        raise UsageError("metrics.by_twice")
    return columns


def answer(name: str, noun: Noun, ask: Ask, cells: Cells, min_n: int | None, when: Span | None, every: str | None,
           weighted: bool, published: Published | None = None) -> tuple[pd.DataFrame, bool]:
    """The tidy rows of one metric, its grouping columns called `by_1, by_2 ...`, and whether it has a base.

    `published` says why each cell is hidden now, from the cells' places, thresholds, and why they are hidden already.
    """
    table = cells.table
    if ask.scope and cells.depth:  # groups that hold other platforms only are no answer
        table = table[table["rows"] > 0].reset_index(drop=True)
    starts = when.window.starts if when else 1
    keys = [labels(table, i, every if every and i == cells.depth else None, starts) for i in range(1, cells.depth + 1)]
    attributes = cells.depth - bool(every)
    least = _least(table, noun, attributes, min_n)
    why = _hidden(table, least, cells.depth)
    if published is not None:
        why = published(table["place"].to_numpy(), least, why)
    masked = np.isin(why, (private.ALIKE, private.BESIDE))
    secret = ~masked & (np.array(why, dtype=object) != "")
    out = pd.DataFrame({"metric": pd.Series([name] * len(table), dtype="str")})
    for i, key in enumerate(keys, 1):
        out[f"by_{i}"] = pd.Series(key, dtype="str")
    empty = (table["n"] == 0).to_numpy()
    for column in NUMBERS:
        blank = secret | masked  # of n_eff too: by a design it follows from the answers
        blank |= empty if column in ("estimate", "low", "high", "se") else False
        out[column] = table[column].astype("float64").mask(blank)
    for column in ("n", "n_missing"):
        out[column] = table[column].astype("Int64").mask(secret)
    method = (ask.note + "; " if ask.note else "") + (cells.method or words.text("metrics.method_delta"))
    method += words.text("metrics.method_weighted") if weighted else ""
    out["method"] = pd.Series([method] * len(table), dtype="str")
    flags = [_flag(*cell) for cell in zip(
        unanimity.flags(table, why, least), table["n"], table["estimate"], table["low"], table["doubt"],
        _partial(table, cells.depth, when, every), strict=True)]
    out["flag"] = pd.Series(flags, dtype="str")
    return out, cells.based


def is_hidden(flags: pd.Series) -> pd.Series:
    """Which flags say that a cell is hidden or masked, in whichever language.

    >>> is_hidden(pd.Series(["", "hidden: fewer than 5 respondents", "no known value", None])).tolist()
    [False, True, False, False]
    """
    said = [text for key in HIDDEN for text in words.catalogue()[f"metrics.flag_{key}"].values()]
    pattern = "|".join(re.escape(text).replace(re.escape("{n}"), r"\d+") for text in said)
    return flags.astype("str").str.contains(pattern, regex=True).fillna(False).astype(bool)


def labels(table: pd.DataFrame, i: int, every: str | None, starts: int) -> list[str]:
    """What the keys of one grouping column are called."""
    total, missing = words.text("metrics.all"), words.text("metrics.missing")
    raw = list(table[f"key_{i}"])
    known = [key for key in raw if not _no(key)]
    if any(key in (total, missing) for key in known):
        raise DataError("metrics.reserved_value", value=repr(next(key for key in known if key in (total, missing))))
    if every is None and known and all(_whole(key) for key in known):  # whole numbers beside a gap come as 1.0
        raw = [key if _no(key) else key[:-2] for key in raw]
    named = [missing if _no(key) else periods.label(every, _first_day(every, key, starts), starts) if every else key
             for key in raw]
    return [total if rank == np.inf else label for label, rank in zip(named, table[f"rank_{i}"], strict=True)]


def _first_day(every: str, key: str, starts: int) -> int:
    """The day number with which a period begins, from the period's own number."""
    return periods.number("day", periods.start(every, int(key), starts))


def _no(key: object) -> bool:
    return key is None or key is pd.NA or key != key


def _whole(key: str) -> bool:
    return key.endswith(".0") and key[:-2].lstrip("-").isdigit()


def _least(table: pd.DataFrame, noun: Noun, attributes: int, min_n: int | None) -> np.ndarray:
    """The fewest respondents with whom each cell is shown."""
    told = min_n if min_n is not None else noun.min_n
    if told is not None or not noun.hides:
        return np.full(len(table), told or 0)
    crossed = sum((table[f"rank_{i}"] < np.inf).to_numpy(dtype=int) for i in range(1, attributes + 1))
    return np.where(np.full(len(table), crossed) >= CROSSED, 2 * SURVEY_MIN_N, SURVEY_MIN_N)


def _hidden(table: pd.DataFrame, least: np.ndarray, depth: int) -> list[str]:
    if not least.any():
        return [""] * len(table)
    ranks = [table[f"rank_{i}"] for i in range(1, depth + 1)]
    keys = [tuple(private.ALL if rank == np.inf else rank for rank in row) for row in zip(*ranks, strict=True)]
    return private.hidden(keys or [()], table["users"].to_numpy(), least, unanimity.alike(table))


def _partial(table: pd.DataFrame, depth: int, when: Span | None, every: str | None) -> list[bool]:
    """Whether the cell's period is not whole."""
    if not every or when is None:
        return [False] * len(table)
    return [rank < np.inf and not _no(key) and not when.window.whole(every, _first_day(every, key, when.window.starts))
            for key, rank in zip(table[f"key_{depth}"], table[f"rank_{depth}"], strict=True)]


def _flag(reason: str, n: int, estimate: float, low: float, doubt: str, partial: bool) -> str:
    flags = []
    if reason:
        flags.append(reason)
    elif n == 0:
        flags.append(words.text("metrics.flag_empty"))
    elif np.isnan(estimate):
        flags.append(words.text("metrics.flag_by_nothing"))
    elif doubt:
        flags.append(doubt)
    elif np.isnan(low):
        flags.append(words.text("metrics.flag_no_interval"))
    if partial:
        flags.append(words.text("metrics.flag_partial"))
    return "; ".join(flags)
