"""`measure()`: metrics by group and period, as one tidy table with intervals.

One row is an estimate, and no number stands without its n, interval and method. All metrics share one pass over the
data; levels and totals are merged from the groups, so that small cells are hidden with everything in sight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, column_of, one_of
from engagelab.metrics import design as designs
from engagelab.metrics import members, unanimity
from engagelab.metrics.answer import COLUMNS, Cells, answer, grouping
from engagelab.metrics.intervals import z_value
from engagelab.metrics.nouns import Noun, Quantile, checked_min_n
from engagelab.metrics.quantiles import quantiles
from engagelab.privacy.ledger import Ledger
from engagelab.summaries import periods, sql
from engagelab.summaries.alike import check_sums
from engagelab.summaries.engine import source
from engagelab.summaries.moments import Ask, Sums, merge, moments, weightless
from engagelab.summaries.view import Columns, Span, View, span

Metrics = Noun | Sequence[Noun] | Mapping[str, Noun]


def measure(data: Any, metrics: Metrics, *, by: str | Sequence[str] | None = None, time: str | None = None,
            every: str | None = None, since: object = None, until: object = None, tz: str | None = None,
            total: bool = False, weights: str | None = None, design: designs.Design | None = None,
            confidence: float = .95, min_n: int | None = None, user: str | None = None,
            ledger: Ledger | None = None, fiscal_year_starts: int = 1) -> pd.DataFrame:
    """Estimate metrics, overall, by group and by period.

    data : DataFrame, path or glob (.csv .parquet .json), Arrow table, polars frame, DuckDB relation, or `Source`.
    metrics : a noun, a list of nouns, or a dict of names and nouns.
    by : one or more columns. A missing group is shown as "(missing)".
    time, every : the column of stamps, and the period: day, week (from Monday), month, quarter or year. The period is a
        column of that name. A period that is not whole is flagged: one cut by `since` or `until`, or, where there is no
        `until`, the one that the newest stamp has not reached the last day of (for days, the newest day).
    since, until : count stamps from `since` on and before `until`.
    tz : time zone of the periods, UTC unless said; stamps without a zone are read as UTC.
    total : also measure all groups together, at every level, as "(all)".
    weights : a column of weights. The estimate is weighted; the interval uses Kish's effective n. A negative weight
        is an error; a row with weight zero or none counts as missing.
    design : how the rows were drawn, `Design(weights=, strata=, cluster=, fpc=)`, in place of `weights`.
    min_n : hide cells with fewer respondents, whatever the noun says. Survey nouns hide below 5, and below 10 where
        two attributes are crossed.
    user : the column that names the respondent, so that `min_n` counts people and not rows; all rows without a name are
        one respondent.
    ledger : what was published before, `el.privacy.Ledger()`: cells that would give away few people together with it
        are hidden too. It needs `user`.
    fiscal_year_starts : the month with which quarters and years start. A fiscal year is named by the calendar year in
        which it starts: with 4, July to September 2026 are "FY2026Q2"; with 1 they are "2026Q3".

    Returns a DataFrame with the columns `metric, <by>, <period>, estimate, low, high, se, count, n, n_eff, n_missing,
    method, flag`; `count` is the numerator of a rate and `n` its denominator, a ratio of sums adds `base`.
    `.attrs["sql"]` is the SQL that ran, `.attrs["notes"]` what else has to be said.

    Raises NoColumn, UsageError for arguments and DataError for content that cannot be measured: among them amounts (by
    the names of the canonical tables) of rows whose `currency` or `tax_included` differs and is no group; see `net()`.

    >>> from engagelab.metrics.nouns import mean, rate
    >>> mails = pd.DataFrame({"plan": ["a", "a", "b", "b"], "opened": [True, False, True, None],
    ...                       "spend": [10.0, 14.0, 7.0, 9.0]})
    >>> measure(mails, {"opens": rate("opened"), "spend": mean("spend")}, by="plan")[
    ...     ["metric", "plan", "estimate", "n", "n_missing"]]
      metric plan  estimate  n  n_missing
    0  opens    a       0.5  2          0
    1  opens    b       1.0  1          1
    2  spend    a      12.0  2          0
    3  spend    b       8.0  2          0
    """
    z_value(confidence)
    checked_min_n(min_n)
    nouns = named(metrics)
    weights = designs.weights_of(design, weights, nouns)
    kept = members.checked(ledger, user)
    view, asks, when = view_of(data, nouns, _by(by, every), time=time, every=every, since=since, until=until, tz=tz,
                               weights=weights, user=user, total=total,
                               starts=periods.checked_starts(fiscal_year_starts))
    drawn = designs.drawn(view, asks, design) if design is not None else None
    keys, sums, text = moments(view, asks, users=user is not None)
    levels = _levels(view, keys, total)
    published = members.told(view, list(nouns.values()), asks, [level.codes for level in levels], kept) if kept else []
    texts, frames = [drawn.text, text] if drawn else [text], []
    for at, (noun, name, ask, whole) in enumerate(zip(nouns.values(), nouns, asks, sums, strict=True)):
        parts = []
        for level in levels:
            merged = whole if level.finest else _merged(level, whole, ask, user is not None)
            if isinstance(noun, Quantile):
                estimates, more = quantiles(level.view, noun, level.ranks, confidence)
                texts += [more] if level.finest else []
            else:
                estimates = noun.estimates(merged, confidence)
            if drawn:
                estimates = drawn.estimates(noun, at, merged, estimates, level.codes, confidence)
            parts.append((merged, estimates))
        frames.append(answer(name, noun, ask, _cells(levels, parts, noun, ask), min_n, when, every,
                             weights is not None and design is None, published[at] if kept else None))
    if kept:
        kept.write()
    result = _tidy(frames, [*_by(by, None), *([every] if every else [])])
    result.attrs = {"sql": "\n\n".join(dict.fromkeys(texts)),
                    "notes": [*_notes(when, time, tz), *weightless(view, sums), *designs.notes(design, sums)]}
    return result


def named(metrics: Metrics) -> dict[str, Noun]:
    """The nouns by name: those of a dict, or each noun's own.

    >>> from engagelab.metrics.nouns import rate
    >>> list(named([rate("opened"), rate("clicked")]))
    ['rate(opened)', 'rate(clicked)']
    """
    if isinstance(metrics, Mapping):
        found = dict(metrics)
    else:
        listed = [metrics] if isinstance(metrics, Noun) else list(metrics) if isinstance(metrics, list | tuple) else []
        found = {noun.name if isinstance(noun, Noun) else "": noun for noun in listed}
        if len(found) < len(listed):
            raise UsageError("metrics.same_name")
    if not found or not all(isinstance(name, str) and name and isinstance(noun, Noun) for name, noun in found.items()):
        raise UsageError("metrics.not_a_noun")
    return found


def one_of_sums(metric: Metrics) -> tuple[str, Noun]:
    """The name and the noun of one metric, which is told from sums.

    >>> from engagelab.metrics.nouns import rate
    >>> one_of_sums({"open_rate": rate("opened")})[0]
    'open_rate'
    """
    found = named(metric)
    name, noun = next(iter(found.items()))
    if len(found) > 1:
        raise UsageError("metrics.one")
    if isinstance(noun, Quantile):
        raise UsageError("metrics.not_of_sums", noun=noun.name)
    return name, noun


def _by(by: str | Sequence[str] | None, every: str | None) -> list[str]:
    """The grouping columns as a list, refusing names that the answer uses itself."""
    if every is not None:
        one_of("every", every, periods.EVERY)
    return grouping(by, every)


def view_of(data: Any, nouns: Mapping[str, Noun], by: list[str], *, time: str | None, every: str | None, since: object,
            until: object, tz: str | None, weights: str | None, user: str | None, total: bool, starts: int
            ) -> tuple[View, list[Ask], Span | None]:
    """What the metrics read of a table: grouped, in periods, cut to a window."""
    table = source(data)
    columns = Columns(table)
    for i, column in enumerate(by, 1):
        columns.reads[f"by_{i}"] = sql.Read(column_of(column, table.types), "key")
    windowed = since is not None or until is not None
    if (every or windowed) and time is None:
        raise UsageError("metrics.time_missing")
    if time is not None and not every and not windowed:
        raise UsageError("metrics.every_missing")
    if tz is not None and time is None:
        raise UsageError("metrics.time_missing")
    when = span(columns, time, every=every, since=since, until=until, tz=tz, starts=starts) if time else None
    if weights is not None:
        columns.reads["w0"] = sql.Read(column_of(weights, table.types), "number")
    if user is not None:
        columns.reads["u0"] = sql.Read(column_of(user, table.types), "key")
    asks = [noun.ask(columns) for noun in nouns.values()]
    check_sums(View(columns, where=when.where if when else ""), () if total else by)
    keys = [f"by_{i}" for i in range(1, len(by) + 1 + bool(every))]
    return View(columns, tuple(keys), periods.index(every, f"({when.local})", starts) if every and when else "",
                when.where if when else "", weights is not None), asks, when


@dataclass(frozen=True)
class _Level:
    """The groups of some of the keys: which finest groups each holds, their keys, and where the keys are "(all)"."""

    view: View
    kept: tuple[int, ...]
    codes: np.ndarray
    keys: pd.DataFrame
    ranks: pd.DataFrame
    finest: bool


def _levels(view: View, keys: pd.DataFrame, total: bool) -> list[_Level]:
    depth = len(view.by)
    levels = []
    for size in range(depth, -1 if total else depth - 1, -1):
        for kept in combinations(range(1, depth + 1), size):
            ranks = keys[[f"rank_{i}" for i in kept]]
            codes = (ranks.groupby(list(ranks), sort=True).ngroup().to_numpy() if kept
                     else np.zeros(len(keys), dtype=int))
            first = pd.Series(range(len(keys))).groupby(codes).first().to_numpy(dtype=int)
            named_keys = keys.iloc[first].reset_index(drop=True)
            lower = view.grouped([f"by_{i}" for i in kept])
            own = pd.DataFrame({f"rank_{at}": named_keys[f"rank_{i}"] for at, i in enumerate(kept, 1)},
                               index=named_keys.index)
            if size == depth:
                codes = np.arange(len(keys))
            levels.append(_Level(lower, kept, codes, named_keys, own, size == depth))
    return levels


def _merged(level: _Level, whole: Sums, ask: Ask, users: bool) -> Sums:
    merged = merge(whole, level.codes, len(level.keys))
    if not users:
        return merged
    # Different people are no sum over groups: they are counted again.
    _, (again,), _ = moments(level.view, [ask], users=True)
    return replace(merged, users=again.users)


def _cells(levels: list[_Level], parts: list[tuple[Sums, Any]], noun: Noun, ask: Ask) -> Cells:
    """The cells of all levels in one table, sorted by their keys, totals last."""
    depth = len(levels[0].kept)
    blocks = []
    for level, (sums, estimates) in zip(levels, parts, strict=True):
        block = pd.DataFrame(index=level.keys.index)
        for i in range(1, depth + 1):
            block[f"key_{i}"] = level.keys[f"key_{i}"] if i in level.kept else None
            block[f"rank_{i}"] = level.keys[f"rank_{i}"].astype("float64") if i in level.kept else np.inf
        none = np.full(len(block), np.nan)
        block = block.assign(
            estimate=estimates.estimate, low=estimates.low, high=estimates.high, se=estimates.se,
            count=none if estimates.count is None else estimates.count,
            base=none if estimates.base is None else estimates.base,
            n=sums.n, n_eff=sums.n_eff if estimates.n_eff is None else estimates.n_eff,
            doubt="" if estimates.doubt is None else estimates.doubt,
            n_missing=sums.rows - sums.n, users=sums.users, rows=sums.rows, **unanimity.kinds(noun, ask, sums))
        blocks.append(block)
    table = pd.concat(blocks, ignore_index=True) if len(blocks) > 1 else blocks[0]
    table["place"] = range(len(table))
    ranks = [f"rank_{i}" for i in range(1, depth + 1)]
    table = table.sort_values(ranks, kind="stable", ignore_index=True) if ranks else table
    return Cells(table, depth, parts[0][1].method, parts[0][1].base is not None)


def _tidy(frames: list[tuple[pd.DataFrame, bool]], by: list[str]) -> pd.DataFrame:
    table = pd.concat([frame for frame, _ in frames], ignore_index=True)
    table = table.rename(columns={f"by_{i}": name for i, name in enumerate(by, 1)})
    base = any(based for _, based in frames)
    return table[["metric", *by, *(column for column in COLUMNS[1:] if base or column != "base")]]


def _notes(when: Span | None, time: str | None, tz: str | None) -> list[str]:
    if when is None:
        return []
    notes = [words.text("metrics.note_zone", tz=tz or "UTC")]
    if when.naive:
        notes.append(words.text("metrics.note_naive", column=repr(time)))
    if when.undated:
        notes.append(words.text("metrics.note_undated", n=when.undated, column=repr(time)))
    return notes
