"""Churn: who was a customer when a period began and is none when it ends.

Definitions: Gold (2020), Fighting Churn with Data, chapter 2. The rate divides by those there at the start, so people
who come and go inside a period are in neither count, and a rate can never pass 100 %. Revenue churn is gross: what the
customers of the start pay less at the end, by leaving or by paying less; what others pay more does not make it good.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from engagelab import money, words
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.metrics import intervals
from engagelab.metrics.answer import COLUMNS
from engagelab.summaries import periods


def churn(data: pd.DataFrame, *, user: str, opened: str, closed: str, amount: str | None = None,
          reason: str | None = None, every: str = "month", since: object = None, until: object = None,
          tz: str | None = None, by: str | Sequence[str] | None = None, confidence: float = .95,
          fiscal_year_starts: int = 1) -> pd.DataFrame:
    """Churn rate of each period, from a table with a row a subscription.

    user, opened, closed : the customer, the first day, and the last day (missing while it runs). A customer with
        several subscriptions is lost when none runs at the end of the period.
    amount : what a subscription pays each period; adds revenue churn, in one currency, with tax or without.
    reason : why it was closed; adds the churn rate for each reason, beside "(all)".
    since, until : periods from the one of `since` to the last that begins before `until`; without them, from the first
        that has a customer at its start to the newest stamp of the table. tz : zone of the periods, UTC unless said.
    by : columns of groups, as at the start of the period. Somebody in two groups is counted in both.
    fiscal_year_starts : as in `measure()`.

    Returns the columns of `measure()`: `count` customers lost of `n` at the start, Wilson's interval; for revenue
    `count` and `base` are amounts, delta method over customers. A period not whole at `until` is flagged.

    >>> plans = pd.DataFrame({"user_id": ["a", "b", "c"],
    ...     "opened_at": pd.to_datetime(["2026-01-05", "2026-01-20", "2026-02-03"]),
    ...     "closed_at": pd.to_datetime(["2026-02-14", None, None])})
    >>> churn(plans, user="user_id", opened="opened_at", closed="closed_at")[
    ...     ["month", "estimate", "count", "n", "flag"]]
         month  estimate  count  n                 flag
    0  2026-02       0.5    1.0  2  period not complete
    """
    names = [by] if isinstance(by, str) else list(by or [])
    one_of("every", every, periods.EVERY)
    for name in names:
        if name in (*COLUMNS, every, "reason"):
            raise UsageError("metrics.reserved", column=repr(name))
    for column in [user, opened, closed, *names, *(name for name in (amount, reason) if name)]:
        column_of(column, list(data.columns))
    table = _table(data, user, opened, closed, names, amount, tz)
    end = periods.moment("until", until, tz)
    window = replace(_window(table, end, tz, every), starts=periods.checked_starts(fiscal_year_starts))
    rows = [row for start in _starts(table, every, since, end, tz, window)
            for row in _period(table, start, periods.next_start(every, start), data[reason] if reason else None,
                               confidence, every, window)]
    order = ["metric", *names, *(["reason"] if reason else []), every,
             *(column for column in COLUMNS[1:] if amount or column != "base")]
    answer = pd.DataFrame(rows, columns=["metric", *names, "reason", every, *COLUMNS[1:]])[order]
    answer = answer.astype(dict.fromkeys(("metric", *names, every, "method", "flag"), "str") | {
        "n": "Int64", "n_missing": "Int64"} | ({"reason": "str"} if reason else {}))
    answer.attrs = {"sql": "", "notes": [words.text("metrics.note_zone", tz=tz or "UTC")]}
    keys = ["metric", *names, *(["reason"] if reason else [])]
    return answer.sort_values([*keys, every], kind="stable", ignore_index=True)


@dataclass(frozen=True)
class _Subscriptions:
    """The table as arrays: codes of customers and groups, local stamps, amounts."""

    user: np.ndarray
    group: np.ndarray
    labels: list[tuple[str, ...]]
    opened: np.ndarray
    closed: np.ndarray  # never, where it runs
    amount: np.ndarray | None

    def running(self, day: date) -> np.ndarray:
        """Which subscriptions run at the beginning of a day."""
        moment = np.datetime64(day, "us")
        return (self.opened < moment) & (self.closed >= moment)


NEVER = np.datetime64("2261-01-01", "us")


def _table(data: pd.DataFrame, user: str, opened: str, closed: str, by: list[str], amount: str | None,
           tz: str | None) -> _Subscriptions:
    first, last = _utc(data[opened]), _utc(data[closed])
    start, stop = _local(first, tz), _local(last, tz)
    for column, bad in ((user, data[user].isna()), (opened, start.isna())):
        if bad.any():
            raise DataError("activity.missing", column=repr(column), n=int(bad.sum()))
    if (last < first).any():
        raise DataError("activity.closed_early", closed=repr(closed), opened=repr(opened), n=int((last < first).sum()))
    for what in money.ALIKE if amount else ():
        if what in data and what not in by:
            seen = data.loc[data[amount].notna(), what].value_counts(dropna=False)
            money.check_alike([str(amount)], what, seen.to_dict())
    if amount and not pd.api.types.is_numeric_dtype(data[amount]):
        raise DataError("summaries.not_a_number", column=repr(amount), type=str(data[amount].dtype))
    missing = words.text("metrics.missing")
    shown = [data[name].astype(object).where(data[name].notna(), missing).astype("str") for name in by]
    group, labels = pd.factorize(pd.MultiIndex.from_arrays(shown)) if by else (np.zeros(len(data), dtype=int), [()])
    return _Subscriptions(
        pd.factorize(data[user])[0], group, [tuple(label) for label in labels], start.to_numpy("datetime64[us]"),
        stop.fillna(pd.Timestamp(NEVER)).to_numpy("datetime64[us]"),
        data[amount].to_numpy(dtype="float64", na_value=np.nan) if amount else None)


def _utc(stamps: pd.Series) -> pd.Series:
    """Stamps in UTC, as are those without a zone."""
    if not pd.api.types.is_datetime64_any_dtype(stamps):
        if stamps.notna().any():
            raise DataError("summaries.not_a_stamp", column=repr(stamps.name), type=str(stamps.dtype))
        stamps = pd.to_datetime(stamps)
    return stamps.dt.tz_localize("UTC") if stamps.dt.tz is None else stamps.dt.tz_convert("UTC")


def _local(stamps: pd.Series, tz: str | None) -> pd.Series:
    """Stamps by the clock of the zone."""
    return stamps.dt.tz_convert(periods.zone(tz)).dt.tz_localize(None).dt.as_unit("us")


def _day(stamp: np.datetime64) -> date:
    return pd.Timestamp(stamp).date()


def _window(table: _Subscriptions, end: int | None, tz: str | None, every: str) -> periods.Window:
    if end is not None:
        return periods.Window(None, periods.clock(end, tz))
    if not len(table.opened):
        return periods.Window(None, 0)
    newest = max(table.opened.max(), table.closed[table.closed < NEVER].max(initial=table.opened.max()))
    days = (_day(newest) - date(1970, 1, 1)).days + (every != "day")
    return periods.Window(None, days * periods.DAY)


def _starts(table: _Subscriptions, every: str, since: object, end: int | None, tz: str | None,
            window: periods.Window) -> Iterator[date]:
    """The first day of each period that is asked for."""
    if not len(table.opened):
        return
    begin = periods.moment("since", since, tz)
    if begin is None:
        start = periods.next_start(every, periods.start_of(every, _day(table.opened.min()), window.starts))
    else:
        start = periods.start_of(every, periods.first_day(periods.clock(begin, tz) // periods.DAY), window.starts)
    while (start - date(1970, 1, 1)).days * periods.DAY < window.until:
        yield start
        start = periods.next_start(every, start)


def _period(table: _Subscriptions, start: date, stop: date, reasons: pd.Series | None, confidence: float, every: str,
            window: periods.Window) -> Iterator[list]:
    """The rows of one period: churn of each group, by reason where asked for, and of revenue where asked for."""
    number = (start - date(1970, 1, 1)).days
    label = periods.label(every, number, window.starts)
    flag = "" if window.whole(every, number) else words.text("metrics.flag_partial")
    before, after = table.running(start), table.running(stop)
    users = int(table.user.max()) + 1
    left = np.bincount(table.user[after], minlength=users) == 0
    why = _reasons(table, before, reasons, users) if reasons is not None else None
    total = words.text("metrics.all")
    for group, labels in enumerate(table.labels):
        inside = before & (table.group == group)
        there = np.bincount(table.user[inside], minlength=users) > 0
        n = int(there.sum())
        lost = {total: int((there & left).sum())}
        if why is not None:
            given = sorted(set(why[_with(table, before, users) & left]))
            lost |= {name: int((there & left & (why == name)).sum()) for name in given}
        for name, count in lost.items():
            yield ["churn", *labels, name, label, *_rate(count, n, confidence), flag or _empty(n)]
        if table.amount is not None:
            yield ["revenue_churn", *labels, total, label,
                   *(answer := _revenue(table, before, after, inside, users, confidence)),
                   flag or _empty(n) or _without_interval(answer)]


def _with(table: _Subscriptions, rows: np.ndarray, users: int) -> np.ndarray:
    """Which customers have one of these rows."""
    return np.bincount(table.user[rows], minlength=users) > 0


def _empty(n: int) -> str:
    return "" if n else words.text("metrics.flag_empty")


def _without_interval(answer: list) -> str:
    return words.text("metrics.flag_no_interval") if np.isnan(answer[1]) else ""


def _rate(count: int, n: int, confidence: float) -> list:
    low, high = intervals.wilson(count, n, confidence)
    p = count / n if n else np.nan
    se = (p * (1 - p) / n) ** .5 if n else np.nan
    return [p, low, high, se, float(count), np.nan, n, float(n), 0, words.text("metrics.method_wilson")]


def _reasons(table: _Subscriptions, before: np.ndarray, reasons: pd.Series, users: int) -> np.ndarray:
    """The reason given with the subscription that each customer closed last, of those running at the start."""
    missing = words.text("metrics.missing")
    last = pd.DataFrame({"user": table.user, "closed": table.closed, "reason": reasons.to_numpy()})[before]
    last = last.sort_values("closed", kind="stable").drop_duplicates("user", keep="last")
    why = np.full(users, missing, dtype=object)
    why[last["user"]] = last["reason"].astype(object).where(last["reason"].notna(), missing).astype("str")
    return why


def _revenue(table: _Subscriptions, before: np.ndarray, after: np.ndarray, inside: np.ndarray, users: int,
             confidence: float) -> list:
    """Revenue lost over revenue at the start; a customer's loss is shared among the groups as the revenue was."""
    paid = np.zeros(len(table.user)) if table.amount is None else table.amount
    known = np.bincount(table.user[(before | after) & np.isnan(paid)], minlength=users) == 0

    def of(rows: np.ndarray) -> np.ndarray:
        return np.bincount(table.user[rows], weights=paid[rows], minlength=users)

    here = _with(table, inside, users)
    counted = here & known
    first, then, own = of(before)[counted], of(after)[counted], of(inside)[counted]
    with np.errstate(invalid="ignore", divide="ignore"):
        lost = np.where(first > 0, np.maximum(first - then, 0) * own / first, 0.0)
        n, base = len(own), own.sum()
        r = lost.sum() / base if base else np.nan
        se = np.sqrt(((lost - r * own) ** 2).sum() * n / (n - 1)) / base if n > 1 and base else np.nan
    low, high = intervals.around(r, se, n - 1, confidence)
    return [r, low, high, se, lost.sum(), base, n, float(n), int(here.sum()) - n, words.text("metrics.method_delta")]
