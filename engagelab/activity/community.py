"""A community: which of its members post, answer and read, what customers write, and what employees' sharing reaches.

A member is whoever did any of these in the period. "90-9-1" is Nielsen's rule of thumb (2006, "The 90-9-1 Rule for
Participation Inequality"): of the members 90 % only read, 9 % join in now and then, 1 % writes most; here it is
measured. Posts come in runs from the same few people, so their rate is a sum of unequal weights and not one Poisson
count: its interval is the gamma interval of Fay and Feuer (1997, Statistics in Medicine 16, 791-801), which is the
exact one of Garwood (1936) where nobody posts twice.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import Log, clock, read_log, stamps, written
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.metrics import intervals
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import ratio
from engagelab.metrics.shares import TAIL, answered, numbers, shares
from engagelab.summaries import periods, sql

ROLES: Mapping[str, Sequence[str]] = MappingProxyType({
    "post": ("community_post",), "answer": ("community_answer",), "read": ("community_read",)})
PEOPLE = """SELECT u0 AS person, p0 AS period, {counts}
FROM events
WHERE u0 IS NOT NULL
GROUP BY u0, p0"""


def community(data: Any, *, user: str, time: str, event: str, customers: pd.DataFrame | None = None,
              posts: pd.DataFrame | None = None, roles: Mapping[str, Sequence[str]] = ROLES, every: str = "month",
              since: object = None, until: object = None, tz: str | None = None, confidence: float = .95
              ) -> pd.DataFrame:
    """Who posts, answers and reads in each period, and over the whole window as "(all)".

    data : a log, whatever `measure()` takes. user, time, event : its columns of the member, the stamp and the event.
    roles : what is done, from the most active to the least, by the events that count as it.
    customers : the canonical table; adds what customers post, by the first of the roles, per 1,000 of them. A customer
        is who had become one (`converted_at`, or `created_at` where the table has no such column) before the period
        was over; whoever left since is one still, as the table does not tell. What somebody wrote in the periods before
        that counts nowhere, also not in "(all)".
    posts : the canonical table of social posts; adds the share of all reach that employees' sharing makes.

    Returns the columns of an answer and `base`, a row a metric, role and period: `members`; `role_share`, the members
    who did it, so that whoever does several things is in each; `most_active`, the members by the most active thing they
    did, which add up to 1 (the measured 90-9-1); `posts_per_1000`, `count` posts by `n` customers, with `n_eff` as
    many as would be as sure if nobody posted twice; `employee_reach`, ratio of sums over the posts that know both.
    The running period is flagged. Raises DataError for an event that the log does not have.

    >>> log = pd.DataFrame({"user_id": ["a", "a", "b", "c"], "event": ["ask", "look", "look", "look"],
    ...                     "at": pd.to_datetime(["2026-04-01", "2026-04-02", "2026-04-02", "2026-04-30"], utc=True)})
    >>> table = community(log, user="user_id", time="at", event="event", roles={"asks": ["ask"], "looks": ["look"]})
    >>> table[table["month"] == "2026-04"][["metric", "role", "estimate", "count", "n"]].round(2)
            metric   role  estimate  count  n
    0      members  (all)      3.00    3.0  3
    2   role_share   asks      0.33    1.0  3
    3   role_share  looks      1.00    3.0  3
    6  most_active   asks      0.33    1.0  3
    7  most_active  looks      0.67    2.0  3
    """
    _checked(roles, one_of("every", every, periods.EVERY))
    counted = [name for names in roles.values() for name in names]
    log = read_log(data, user=user, time=time, event=event, events=counted, every=every, since=since, until=until,
                   tz=tz)
    counts = ", ".join(f"count(CASE WHEN e0 IN ({', '.join(map(sql.text_literal, names))}) THEN 1 END) AS did_{place}"
                       for place, names in enumerate(roles.values()))
    body = PEOPLE.format(counts=counts)
    people = log.keep(body, every)
    did = people.fetch(f"SELECT {', '.join(people.types)} FROM {people.table}", [])
    when, notes = _When(log, every), list(log.notes)
    tables = [_members(did, list(roles), when, confidence)]
    if customers is not None:
        posting, more = _posting(did, customers, next(iter(roles)), when, user, tz, confidence)
        tables, notes = [*tables, posting], [*notes, *more]
    if posts is not None:
        tables.append(_shared(posts, every, since, until, tz, confidence))
    keys = ["metric", "role", "period"]
    answer = pd.concat(tables, ignore_index=True)
    base = ["base"] * ("base" in answer)
    answer = answer[[*keys, *TAIL[:5], *base, *TAIL[5:]]].rename(columns={"period": every})
    answer.attrs = {"sql": log.text(body, every), "notes": notes}
    return answer


class _When:
    """The periods of the window, and all of it as one."""

    def __init__(self, log: Log, every: str):
        numbers_, labels, whole = log.periods(every)
        self.numbers: list[int | None] = [*numbers_, None]
        self.labels = [*labels, words.text("metrics.all")]
        partial = words.text("metrics.flag_partial")
        self.flags = [*("" if complete else partial for complete in whole), ""]
        after = [periods.next_start(every, periods.start(every, number)) for number in numbers_]
        ends = [periods.number("day", day) * periods.DAY for day in after]
        self.ends = [*(min(end, log.span.window.until) for end in ends), log.span.window.until]

    def parts(self, table: pd.DataFrame):
        """(label, flag, end, its rows) of each period."""
        for number, label, flag, end in zip(self.numbers, self.labels, self.flags, self.ends, strict=True):
            yield label, flag, end, table if number is None else table[table["period"] == number]


def _checked(roles: object, every: str) -> None:
    """Refuse roles that are no names of events, and an event in two of them."""
    listed = [name for names in roles.values() for name in names] if isinstance(roles, Mapping) and all(
        names and not isinstance(names, str) for names in roles.values()) else []
    if not listed or len(set(listed)) < len(listed) or not all(isinstance(name, str) for name in listed):
        raise UsageError("community.roles", value=repr(roles), every=every)


def _members(did: pd.DataFrame, roles: list[str], when: _When, confidence: float) -> pd.DataFrame:
    """How many members there are, what share of them does what, and what is the most that each does."""
    members, rows = [], []
    for label, flag, _, part in when.parts(did):
        active = part.groupby("person")[[f"did_{place}" for place in range(len(roles))]].sum().to_numpy() > 0
        n = len(active)
        members.append(("members", words.text("metrics.all"), label, n, n, flag))
        most = active.argmax(axis=1) if n else np.array([], dtype=int)
        for metric, counts in (("role_share", active.sum(axis=0)),
                               ("most_active", np.bincount(most, minlength=len(roles)))):
            rows += [(metric, role, label, int(count), n, flag) for role, count in zip(roles, counts, strict=True)]
    rows.sort(key=lambda row: row[0] != "role_share")
    keys = ["metric", "role", "period"]
    return pd.concat([numbers(pd.DataFrame(members, columns=[*keys, "estimate", "n", "flag"])),
                      shares(pd.DataFrame(rows, columns=[*keys, "count", "n", "flag"]), confidence=confidence)],
                     ignore_index=True)


def _posting(did: pd.DataFrame, customers: pd.DataFrame, role: str, when: _When, user: str, tz: str | None,
             confidence: float) -> tuple[pd.DataFrame, list[str]]:
    """What customers write per 1,000 of them, by period, and notes on the customers left out."""
    who, column = written(customers[column_of("user_id", customers.columns)]), "converted_at"
    joined = clock(stamps(customers, column := column if column in customers else "created_at"), tz)
    person = written(did["person"])
    if len(did) and not person.isin(who.dropna()).any():
        raise DataError("community.no_match", user=repr(user))
    notes = [words.text("activity.no_user", column=repr("user_id"), n=int(who.isna().sum()))] * bool(who.isna().any())
    notes += [words.text("metrics.note_undated", column=repr(column), n=int(joined.isna().sum()))] * bool(
        joined.isna().any())
    since = joined.groupby(who).min().dropna()    # a person may stand in several rows
    then, ends = person.map(since), did["period"].map(dict(zip(when.numbers, when.ends, strict=True)))
    posts = did.assign(person=person)[then.notna() & (then < ends).fillna(False)]
    rows = []
    for label, flag, end, part in when.parts(posts):
        each = part.groupby("person")["did_0"].sum().to_numpy()
        n = int(since.lt(end).sum())
        total, square = float(each.sum()), float((each**2).sum())
        low, high = _gamma(total, square, float(each.max(initial=1)), confidence)
        scale = 1000 / n if n else np.nan
        rows.append((role, label, total * scale, low * scale, high * scale, square**.5 * scale, total, n,
                     n * total / square if square else float(n), flag))
    table = pd.DataFrame(rows, columns=["role", "period", *TAIL[:7], "flag"])
    tail = {name: table.pop(name) for name in TAIL[:7]} | {"method": words.text("community.method_gamma")}
    empty = words.text("metrics.flag_empty")
    return answered(table.assign(metric="posts_per_1000"), tail, flag=["" if n else empty for n in tail["n"]]), notes


def _gamma(total: float, square: float, largest: float, confidence: float) -> tuple[float, float]:
    """The gamma interval of a sum of weighted Poisson counts; `square` estimates its variance."""
    from scipy.special import gammaincinv

    tail = (1 - confidence) / 2
    intervals.z_value(confidence)
    low = gammaincinv(total**2 / square, tail) * square / total if total else 0.0
    total, square = total + largest, square + largest**2
    return float(low), float(gammaincinv(total**2 / square, 1 - tail) * square / total)


def _shared(posts: pd.DataFrame, every: str, since: object, until: object, tz: str | None, confidence: float
            ) -> pd.DataFrame:
    """The share of all reach that employees' sharing makes, by period and in all."""
    table = measure(posts, {"employee_reach": ratio("employee_reach", "reach")}, time="posted_at", every=every,
                    since=since, until=until, tz=tz, total=True, confidence=confidence)
    return table.rename(columns={every: "period"}).assign(role=words.text("metrics.all"))
