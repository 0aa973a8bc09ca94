"""Churn: who was a customer when a period began and is none when it ends, and what became of the revenue.

Definitions: Gold (2020), Fighting Churn with Data, chapter 2. The rate divides by those there at the start, so people
who come and go inside a period are in neither count, and a rate can never pass 100 %. Revenue churn is gross: what the
customers of the start pay less at the end, by leaving or by paying less; what others pay more does not make it good.
Gross retention is the rest. Net retention is all that the customers of the start pay at the end, so it sees who pays
more and can pass 100 %; new customers are in none of them.

Shares that lie between 0 and 1 have Wilson's interval; those of revenue at the effective number of customers by their
amounts at the start, (sum a)^2 / sum a^2 (Kish 1965, Survey Sampling).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.spells import Spells, fetched, named, spells, starts, window
from engagelab.errors import DataError, one_of
from engagelab.metrics import intervals
from engagelab.metrics.answer import COLUMNS, grouping
from engagelab.summaries import periods

WILLS = ("voluntary_churn", "involuntary_churn", "unexplained_churn")


def churn(data: Any, *, user: str, opened: str, closed: str, amount: str | None = None,
          former: str | None = None, changed: str | None = None, reason: str | None = None,
          voluntary: str | None = None, every: str = "month", since: object = None, until: object = None,
          tz: str | None = None, by: str | Sequence[str] | None = None, confidence: float = .95,
          fiscal_year_starts: int = 1) -> pd.DataFrame:
    """Churn rate of each period, from a table with a row a subscription, or, of staff, with a row an employment.

    data : what `measure()` takes; these columns are fetched.
    user, opened, closed : the customer, the first day, and the last day (missing while it runs). A customer with
        several subscriptions is lost when none runs at the end of the period. A contract that ends on the last day of
        a period, or as the next period begins, and is renewed on the first day of that runs on.
    amount : what a subscription pays each period; adds revenue churn, gross and net revenue retention, in one currency,
        with tax or without.
    former, changed : where an amount was changed while it ran, the amount before and the moment from which it is new.
    reason : why it was closed; adds the churn rate for each reason, beside "(all)".
    voluntary : flags of who left of their own will; adds voluntary and involuntary churn, and unexplained churn where
        leavers have no flag: together they are the churn.
    since, until : periods from the one of `since` to the last that begins before `until`; without them, from the first
        that has a customer at its start to the newest stamp of the table; where that holds ends agreed for later (later
        than the month after the newest opening's), to the newest opening. tz : zone of the periods, UTC unless said.
    by : columns of groups, as at the start of the period. Somebody in two groups is counted in both.
    fiscal_year_starts : as in `measure()`.

    Returns the columns of `measure()`: `count` customers lost of `n` at the start, Wilson's interval; for revenue
    `count` and `base` are amounts, Wilson's interval at `n_eff`, and of net retention delta method over customers. A
    period not whole at `until` is flagged. Of somebody with several subscriptions, reason and flag of the one closed
    last count.

    >>> plans = pd.DataFrame({"user_id": ["a", "b", "c"],
    ...     "opened_at": pd.to_datetime(["2026-01-05", "2026-01-20", "2026-02-03"]),
    ...     "closed_at": pd.to_datetime(["2026-02-14", None, None])})
    >>> churn(plans, user="user_id", opened="opened_at", closed="closed_at")[
    ...     ["month", "estimate", "count", "n", "flag"]]
         month  estimate  count  n                 flag
    0  2026-02       0.5    1.0  2  period not complete
    """
    names = grouping(by, one_of("every", every, periods.EVERY), "reason")
    data = fetched(data, [user, opened, closed, *names, *filter(None, (amount, former, changed, reason, voluntary))],
                   times=(opened, closed, changed), amounts=(amount, former))
    spans = spells(data, user, opened, closed, names, tz, amount, former, changed)
    month, end = periods.checked_starts(fiscal_year_starts), periods.moment("until", until, tz)
    seen, notes = window(spans, end, tz, every, month)
    asked = _Asked(spans, every, seen, confidence, _reasons(data, reason), _wills(data, voluntary))
    rows = [row for start in starts(spans, every, since, until, tz, seen) for row in asked.period(start)]
    order = ["metric", *names, *(["reason"] if reason else []), every,
             *(column for column in COLUMNS[1:] if amount or column != "base")]
    answer = pd.DataFrame(rows, columns=["metric", *names, "reason", every, *COLUMNS[1:]])[order]
    answer = answer.astype(dict.fromkeys(("metric", *names, every, "method", "flag"), "str") | {
        "n": "Int64", "n_missing": "Int64"} | ({"reason": "str"} if reason else {}))
    answer.attrs = {"sql": "", "notes": [words.text("metrics.note_zone", tz=tz or "UTC"), *notes]}
    keys = ["metric", *names, *(["reason"] if reason else [])]
    return answer.sort_values([*keys, every], kind="stable", ignore_index=True)


def _reasons(data: pd.DataFrame, column: str | None) -> np.ndarray | None:
    """The reason of each row as text."""
    return None if column is None else named(data[column]).to_numpy(dtype=object)


def _wills(data: pd.DataFrame, column: str | None) -> np.ndarray | None:
    """The kind of churn that each row would be."""
    if column is None:
        return None
    try:
        flags = data[column].astype("boolean")
    except (TypeError, ValueError) as error:
        raise DataError("money.not_a_flag", column=repr(column), type=str(data[column].dtype)) from error
    return np.array(WILLS, dtype=object)[np.where(flags.isna(), 2, 1 - flags.fillna(False).to_numpy(dtype="int64"))]


@dataclass(frozen=True)
class _Asked:
    """What is asked of each period, and of what."""

    table: Spells
    every: str
    seen: periods.Window
    confidence: float
    reasons: np.ndarray | None
    wills: np.ndarray | None

    def period(self, start: date) -> Iterator[list]:
        """The rows of one period: churn of each group, in all, for each reason and of each kind, and of revenue."""
        stop, number = periods.next_start(self.every, start), periods.number("day", start)
        label = periods.label(self.every, number, self.seen.starts)
        flag = "" if self.seen.whole(self.every, number) else words.text("metrics.flag_partial")
        before, left = self.table.running(start), ~self._with(self.table.running(stop))
        kinds = list(self._kinds(before, left))
        for group, labels in enumerate(self.table.labels):
            inside = before & (self.table.group == group)
            there = self._with(inside)
            n = int(there.sum())
            empty = "" if n else words.text("metrics.flag_empty")
            for metric, reason, which in kinds:
                count = int((there & left & which).sum())
                yield [metric, *labels, reason, label, *_rate(count, n, self.confidence), flag or empty]
            for metric, answer in self._revenue(start, stop, inside) if self.table.amount is not None else ():
                unknown = words.text("metrics.flag_no_interval") if np.isnan(answer[1]) else ""
                yield [metric, *labels, words.text("metrics.all"), label, *answer, flag or empty or unknown]

    def _with(self, rows: np.ndarray) -> np.ndarray:
        """Which customers have one of these rows."""
        return np.bincount(self.table.user[rows], minlength=self.table.users) > 0

    def _kinds(self, before: np.ndarray, left: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        """What is counted of those who left: all, those of each reason that was given, and those of each kind."""
        total = words.text("metrics.all")
        yield "churn", total, left
        gone = self._with(before) & left
        if self.reasons is not None:
            why = self._last(before, self.reasons)
            yield from (("churn", name, why == name) for name in sorted(set(why[gone])))
        if self.wills is not None:
            how = self._last(before, self.wills)
            yield from ((name, total, how == name) for name in WILLS if name != WILLS[2] or name in how[gone])

    def _last(self, before: np.ndarray, said: np.ndarray) -> np.ndarray:
        """What is said of the subscription that each customer closed last, of those running at the start."""
        last = pd.DataFrame({"user": self.table.user, "closed": self.table.closed, "said": said})[before]
        last = last.sort_values("closed", kind="stable").drop_duplicates("user", keep="last")
        found = np.full(self.table.users, "", dtype=object)
        found[last["user"]] = last["said"]
        return found

    def _revenue(self, start: date, stop: date, inside: np.ndarray) -> Iterator[tuple[str, list]]:
        """Revenue lost, kept and had again over revenue at the start; shared among the groups as that was."""
        paid, later = self.table.paid(start), self.table.paid(stop)
        here = self._with(inside)
        counted = here & (self.table.sums(np.isnan(paid) | np.isnan(later)) == 0)
        first, then, own = (self.table.sums(values)[counted] for values in (paid, later, np.where(inside, paid, 0.0)))
        rows, all_rows = (self.table.sums(values)[counted] for values in (inside, self.table.running(start)))

        def part(amount: np.ndarray) -> np.ndarray:
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.where(first > 0, amount * own / first, amount * rows / all_rows)

        lost, missing = part(np.maximum(first - then, 0)), int(here.sum()) - len(own)
        for metric, count in (("revenue_churn", lost), ("gross_revenue_retention", own - lost)):
            yield metric, _share(count, own, missing, self.confidence)
        yield "net_revenue_retention", _ratio(part(then), own, missing, self.confidence)


def _rate(count: int, n: int, confidence: float) -> list:
    low, high = intervals.wilson(count, n, confidence)
    p = count / n if n else np.nan
    se = (p * (1 - p) / n) ** .5 if n else np.nan
    return [p, low, high, se, float(count), np.nan, n, float(n), 0, words.text("metrics.method_wilson")]


def _share(count: np.ndarray, base: np.ndarray, missing: int, confidence: float) -> list:
    """A share of revenue, from 0 to 1, of the amounts of each customer."""
    weights = base / base.max() if base.any() else base    # the largest and the smallest numbers have no squares
    n_eff = weights.sum()**2 / (weights**2).sum() if base.any() else np.nan
    r = min(max(count.sum() / base.sum(), 0.0), 1.0) if base.any() else np.nan
    low, high = intervals.wilson(r * n_eff, n_eff, confidence)
    return [r, low, high, (r * (1 - r) / n_eff)**.5, count.sum(), base.sum(), len(base), n_eff, missing,
            words.text("churn.method_revenue")]


def _ratio(count: np.ndarray, base: np.ndarray, missing: int, confidence: float) -> list:
    """A ratio of revenue, which may pass 1, of the amounts of each customer."""
    n, all_of = len(base), base.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        r = count.sum() / all_of if all_of else np.nan
        se = np.sqrt(((count - r * base) ** 2).sum() * n / (n - 1)) / all_of if n > 1 and all_of else np.nan
    low, high = intervals.around(r, se, n - 1, confidence)
    return [r, low, high, se, count.sum(), all_of, n, float(n), missing, words.text("metrics.method_delta")]
