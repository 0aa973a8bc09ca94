"""Content: who looked at which document, for how long, who came back, and whether it goes with winning the deal.

Seconds are taken as recorded: a tab left open counts in full, so the median stands beside the mean. What deals are set
against is what was looked at before they were closed and nothing later: whoever has won is sent more to read, and a
view after the decision cannot have been part of it. Even so the difference is what goes with winning, not what a
document brings about: contacts who mean to buy read more. Difference of shares: Newcombe (1998), method 10.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import Log, clock, flags, read_log, stamps, written
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics import intervals
from engagelab.metrics.answer import COLUMNS
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, quantile
from engagelab.metrics.shares import TAIL, answered, numbers, shares
from engagelab.summaries import periods
from engagelab.summaries.engine import Source

VIEWS = """SELECT CAST(c0 AS VARCHAR) AS content, {account}u0 AS person, {seconds}{viewed} AS viewed,
    {day} AS day_number
FROM events
WHERE c0 IS NOT NULL"""
PEOPLE = """SELECT {keys}, sum(views) AS views, count(person) AS viewers,
    sum(CASE WHEN person IS NULL THEN views ELSE 0 END) AS unnamed,
    count(CASE WHEN person IS NOT NULL AND days > 1 THEN 1 END) AS returned
FROM (
    SELECT {keys}, person, count(*) AS views, count(DISTINCT day_number) AS days
    FROM {table}
    GROUP BY {keys}, person
) AS people
GROUP BY {keys}"""
FIRST = """SELECT content, {who} AS who, min(viewed) AS first_viewed
FROM {table}
WHERE {who} IS NOT NULL
GROUP BY content, {who}"""


def content(data: Any, deals: pd.DataFrame | None = None, *, user: str, time: str, content: str = "content_id",
            account: str | None = None, seconds: str | None = "seconds", event: str | None = None,
            events: Sequence[str] | None = None, since: object = None, until: object = None, tz: str | None = None,
            confidence: float = .95) -> pd.DataFrame:
    """Views, time on page and return visits of each document; with `deals`, the shares won with and without it.

    data : a log with a row a view, whatever `measure()` takes; `content` names the document, and rows without one are
        no views. user, time : its columns of the viewer and the stamp.
    deals : the canonical table: `won`, `closed_at`, and `opened_at` where known.
    account : the log's column of the account to which a page was shared: rows are then a document and account, and
        deals are found by their own `account_id`; without it by their `user_id`.
    seconds : the column of seconds on the page, or None where there is none.
    event, events : the column of event names, and which of them are views. since, until, tz : as in `measure()`.

    Returns the columns of an answer, a row a metric and document (and account): `viewers`, `views`,
    `return_share` (viewers who came again on another day of the zone), `seconds_mean`, `seconds_median`. With deals,
    for each document and for "(all)", meaning any of them: `won_viewed` and `won_not_viewed`, the share won among
    decided deals whose account (or contact) had looked at it before the deal was closed, and among the others; and
    `won_difference`, `n_eff` being that of the smaller side. Deals are taken as independent. Left out and counted:
    deals that are open, that name nobody, or whose life was not observed from opening to closing.

    >>> log = pd.DataFrame({"user_id": ["a", "a", "b"], "content_id": ["faq"] * 3, "seconds": [20.0, 40.0, 90.0],
    ...                     "at": pd.to_datetime(["2026-04-01", "2026-04-02", "2026-04-02"], utc=True)})
    >>> content(log, user="user_id", time="at")[["metric", "content_id", "estimate", "count", "n"]]
               metric content_id  estimate  count  n
    0         viewers        faq       2.0    2.0  2
    1           views        faq       3.0    3.0  3
    2    return_share        faq       0.5    1.0  2
    3    seconds_mean        faq      50.0    NaN  3
    4  seconds_median        faq      40.0    NaN  3
    """
    for name in (content, account):
        if name in COLUMNS:
            raise UsageError("metrics.reserved", column=repr(name))
    if content == account:
        raise UsageError("metrics.by_twice")
    keys = {"c0": content, **({"a0": account} if account else {})}
    log = read_log(data, user=user, time=time, event=event, events=events, keys=keys,
                   numbers=[seconds] if seconds else [], since=since, until=until, tz=tz)
    # A view of which only the day is known may have been later than a deal closed on that day.
    body = VIEWS.format(account="CAST(a0 AS VARCHAR) AS account, " if account else "",
                        seconds="x0 AS seconds, " if seconds else "",
                        viewed=f"t0 + {periods.DAY - 1}" if log.dated else "t0",
                        day=periods.index("day", f"({log.span.local})"))
    views, by = log.keep(body), ["content", *["account"] * bool(account)]
    named = {"content": content, "account": account}
    counted = PEOPLE.format(keys=", ".join(by), table=views.table)
    tables = [_people(views.fetch(counted, []), by, confidence)]
    if seconds:
        tables.append(measure(views, {"seconds_mean": mean("seconds"), "seconds_median": quantile("seconds")}, by=by,
                              confidence=confidence))
    notes = list(log.notes)
    if deals is not None:
        told, more = _deals(log, views, deals, "account" if account else "person", tz, confidence)
        tables.append(told.assign(account=words.text("metrics.all")) if account else told)
        notes += more
    answer = pd.concat(tables, ignore_index=True)[["metric", *by, *TAIL]].rename(columns=named)
    answer.attrs = {"sql": f"{log.text(body)}\n\n{counted}", "notes": notes}
    return answer


def _people(table: pd.DataFrame, by: list[str], confidence: float) -> pd.DataFrame:
    """Viewers, views and who came again, by document (and account)."""
    table = table.sort_values(by, ignore_index=True)
    table = table.assign(**{name: written(table[name]).fillna(words.text("metrics.missing")) for name in by})
    unnamed = table["unnamed"].astype("int64")
    return pd.concat([
        numbers(table[by].assign(metric="viewers", estimate=table["viewers"], n=table["viewers"], n_missing=unnamed)),
        numbers(table[by].assign(metric="views", estimate=table["views"], n=table["views"])),
        shares(table[by].assign(metric="return_share", count=table["returned"], n=table["viewers"], n_missing=unnamed),
               confidence=confidence)], ignore_index=True)


def _deals(log: Log, views: Source, deals: pd.DataFrame, who: str, tz: str | None, confidence: float
           ) -> tuple[pd.DataFrame, list[str]]:
    """The share won with a view before the close and without, of each document and of any."""
    decided, notes = _decided(log, deals, "account_id" if who == "account" else "user_id", tz)
    first = views.fetch(FIRST.format(who=who, table=views.table), [])
    first = first.assign(who=written(first["who"]), content=written(first["content"]))
    if len(first) and len(decided) and not decided["who"].isin(first["who"]).any():
        raise DataError("content.no_match", deals=repr(f"{'account' if who == 'account' else 'user'}_id"))
    met = decided.merge(first, on="who")
    met = met[met["first_viewed"] < met["closed"]]
    documents = sorted(first["content"].unique())
    total = words.text("metrics.all")
    if decided["who"].duplicated().any():
        notes.append(words.text("content.note_deals"))
    rows, n, won = [], len(decided), int(decided["won"].sum())
    for document in (*documents, total):
        seen = met if document == total else met[met["content"] == document]
        seen = seen.drop_duplicates("deal")
        rows.append((document, int(seen["won"].sum()), len(seen), won - int(seen["won"].sum()), n - len(seen)))
    table = pd.DataFrame(rows, columns=["content", "won_1", "n_1", "won_0", "n_0"])
    sides = [shares(table[["content"]].assign(metric=metric, count=table[f"won_{side}"], n=table[f"n_{side}"]),
                    confidence=confidence) for metric, side in (("won_viewed", 1), ("won_not_viewed", 0))]
    return pd.concat([*sides, _difference(table, sides, len(deals) - n, confidence)], ignore_index=True), notes


def _difference(table: pd.DataFrame, sides: list[pd.DataFrame], left_out: int, confidence: float) -> pd.DataFrame:
    n = [table[name].where(table[name] > 0) for name in ("n_1", "n_0")]
    low, high = intervals.newcombe(table["won_1"], n[0], table["won_0"], n[1], confidence)
    apart = sides[0]["estimate"] - sides[1]["estimate"]
    empty = words.text("metrics.flag_empty")
    return answered(table[["content"]].assign(metric="won_difference", n_missing=left_out), {
        "estimate": apart, "low": low, "high": high, "se": np.hypot(sides[0]["se"], sides[1]["se"]), "count": np.nan,
        "n": table["n_1"] + table["n_0"], "n_eff": table[["n_1", "n_0"]].min(axis=1).astype("float64"),
        "method": words.text("content.method_difference")}, flag=["" if known else empty for known in apart.notna()])


def _decided(log: Log, deals: pd.DataFrame, who: str, tz: str | None) -> tuple[pd.DataFrame, list[str]]:
    """The deals that can be set against views: deal, who, won, closed; and how many were left out, and why."""
    won, nobody = flags(deals, "won"), deals[column_of(who, deals.columns)].isna()
    closed = stamps(deals, "closed_at")
    end, start = clock(closed, tz), clock(stamps(deals, "opened_at") if "opened_at" in deals else closed, tz)
    early = (end < start).fillna(False).to_numpy(dtype=bool)
    if early.any():
        raise DataError("activity.closed_early", column=repr("closed_at"), opened=repr("opened_at"), n=int(early.sum()),
                        row=int(early.argmax()) + 1)
    undecided, window = won.isna() | closed.isna(), log.span.window
    since = log.span.earliest if window.since is None else window.since
    outside = ~undecided & ~nobody & (start.fillna(end).lt(since) | end.ge(window.until))
    notes = [words.text(f"content.left_out_{why}", n=int(rows.sum())) for why, rows in (
        ("open", undecided), ("nobody", nobody & ~undecided), ("outside", outside)) if rows.any()]
    kept = ~(undecided | nobody | outside)
    decided = pd.DataFrame({"deal": np.arange(len(deals)), "who": written(deals[who]), "won": won,
                            "closed": end if log.dated else clock(closed, None)})[kept.to_numpy()]
    return decided.astype({"won": "bool", "closed": "int64"}), notes
