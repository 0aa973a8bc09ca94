"""What belongs to each point of contact, and what its events, tickets and answers say: the parts of `touchpoints()`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from engagelab import tables, words
from engagelab.activity.log import Log, clock, stamps, written
from engagelab.errors import UsageError, column_of, one_of
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import SURVEY_MIN_N, Favourable, mean, rate
from engagelab.metrics.shares import TAIL, answered, numbers, shares
from engagelab.metrics.survival import median_duration
from engagelab.summaries import periods, sql
from engagelab.summaries.engine import Source, source
from engagelab.summaries.view import Columns, View, occurring

TABLES = ("events", "answers", "tickets")
CHANNELS = ("channel", "source", "medium", "campaign")   # where a log may name the channel of a contact
MINUTE = 60_000_000  # microseconds

Rule = Mapping[str, Sequence[str]]   # columns, and which of their values belong to a contact point
Rules = dict[str, Rule]              # by contact point


@dataclass(frozen=True)
class Reached:
    """Rows of an answer on whom the contact points reach, and the SQL that ran."""

    rows: pd.DataFrame
    sql: str


def matched(match: Mapping[str, Mapping[str, str | Sequence[str]]], points: pd.DataFrame,
            given: Mapping[str, Any]) -> dict[str, Rules]:
    """What the caller says belongs to a contact point: by table, contact point and column."""
    found: dict[str, Rules] = {name: {} for name in TABLES}
    for point, rule in match.items():
        one_of("match", point, points["touchpoint"])
        for where, values in rule.items():
            table, _, column = where.partition(".")
            listed = [values] if isinstance(values, str) else list(values) if isinstance(values, list | tuple) else []
            if table not in TABLES or not column or not listed or not all(isinstance(each, str) for each in listed):
                raise UsageError("touchpoints.match", where=repr(where), values=repr(values))
            if table in given:
                column_of(column, source(given[table]).types)
                found[table][point] = {**found[table].get(point, {}), column: listed}
    return found


def event_rules(points: pd.DataFrame, own: Rules, table: Source, event: str) -> Rules:
    """The events of each contact point: by name, and by channel where several share a name."""
    named = points[points["event"].notna()]
    occurring(table, event, sorted(set(named["event"])))
    twice = set(named.loc[named["event"].duplicated(), "event"])
    channels = _channels(table, event, sorted(twice)) if twice else {}
    rules: Rules = {}
    for point, name, channel in zip(points["touchpoint"], points["event"], points["channel"], strict=True):
        known = isinstance(name, str)
        if point in own:
            rules[point] = {**({event: [name]} if known else {}), **own[point]}
        elif known:
            column = next((each for each in channels if (name, channel) in channels[each]), None)
            rules[point] = {event: [name], **({column: [channel]} if column else {})}
    return rules


def _channels(table: Source, event: str, names: Sequence[str]) -> dict[str, set[tuple[str, str]]]:
    """By column of the log that may name a channel: which events have which of its values."""
    found = {}
    for column in CHANNELS:
        if column in table.types:
            reads = {"e0": sql.Read(event, "key"), "k0": sql.Read(column, "key")}
            held = ", ".join(map(sql.text_literal, names))
            seen = View(Columns(table, reads)).plain(
                f"SELECT e0 AS event, k0 AS value FROM events WHERE e0 IN ({held}) AND k0 IS NOT NULL GROUP BY e0, k0")
            found[column] = set(zip(seen["event"], seen["value"], strict=True))
    return found


def reached(log: Log, rules: Rules, of_all: bool, confidence: float) -> Reached:
    """Whom each contact point reaches: in all, in a month, how often; `of_all`, and what share of all in the log."""
    tests = [_test(log.view.columns, rule) for rule in rules.values()]
    kept = log.keep(text := _by_person(tests), "month")
    per_month = kept.fetch("SELECT month, " + ", ".join(
        f"count(CASE WHEN n_{i} > 0 THEN 1 END) AS n_{i}" for i in range(len(tests)))
        + f" FROM {kept.table} GROUP BY month", []).set_index("month")
    people = kept.keep("SELECT person, " + ", ".join(
        f"nullif(CAST(sum(n_{i}) AS BIGINT), 0) AS n_{i}" for i in range(len(tests)))
        + f" FROM {kept.table} GROUP BY person", [])
    often = measure(people, {point: mean(f"n_{i}") for i, point in enumerate(rules)}, confidence=confidence)
    unnamed, flags = _claimed(log, list(rules), tests)
    keys = pd.DataFrame({"touchpoint": list(rules), "flag": flags, "n_missing": unnamed})
    found, everybody = often["n"].astype("int64"), int((often["n"] + often["n_missing"]).iloc[0])
    tables = [numbers(keys.assign(metric="reach", estimate=found, n=found))]
    if of_all:
        tables.append(shares(keys.assign(metric="reach_share", count=found, n=everybody), confidence=confidence))
    tail = {name: often[name] for name in TAIL if name not in ("n_missing", "flag")}
    tables += [answered(keys.assign(metric="contacts_per_person"), tail, often["flag"].tolist()),
               _monthly(keys, log, per_month)]
    return Reached(pd.concat(tables, ignore_index=True), log.text(text, "month"))


def _test(columns: Columns, rule: Rule) -> str:
    """SQL of whether a row belongs to a contact point."""
    return " AND ".join(f"CAST({columns.key(column)} AS VARCHAR) IN ({', '.join(map(sql.text_literal, values))})"
                        for column, values in rule.items()) or "1 = 1"


def _by_person(tests: list[str]) -> str:
    counts = ", ".join(f"count(CASE WHEN {test} THEN 1 END) AS n_{i}" for i, test in enumerate(tests))
    return f"SELECT u0 AS person, p0 AS month, {counts}\nFROM events\nWHERE u0 IS NOT NULL\nGROUP BY u0, p0"


def _claimed(log: Log, names: list[str], tests: list[str]) -> tuple[list[int], list[str]]:
    """Of each contact point: how many of its rows name nobody, and a flag where others claim rows of its own."""
    pairs = list(combinations(range(len(tests)), 2))
    sums = [f"count(CASE WHEN {test} AND u0 IS NULL THEN 1 END) AS u_{i}" for i, test in enumerate(tests)]
    sums += [f"count(CASE WHEN {tests[i]} AND {tests[j]} THEN 1 END) AS o_{i}_{j}" for i, j in pairs]
    seen = log.view.plain(f"SELECT {', '.join(sums)} FROM events").iloc[0]
    others: dict[int, list[str]] = {i: [] for i in range(len(tests))}
    for i, j in pairs:
        if seen[f"o_{i}_{j}"]:
            others[i].append(names[j])
            others[j].append(names[i])
    return [int(seen[f"u_{i}"]) for i in others], [_shared(others[i]) for i in others]


def _shared(others: list[str]) -> str:
    return words.text("touchpoints.shared", others=words.joined(others)) if others else ""


def _monthly(keys: pd.DataFrame, log: Log, per_month: pd.DataFrame) -> pd.DataFrame:
    """People a month: the mean over the whole months, those without a contact included."""
    months, _, whole = log.periods("month")
    per_month = per_month.reindex([month for month, complete in zip(months, whole, strict=True) if complete])
    counts = per_month.sum().to_numpy(dtype="float64")
    value = counts / len(per_month) if len(per_month) else np.full(len(keys), np.nan)
    table = numbers(keys.assign(metric="monthly_reach", estimate=value, n=counts))
    none = words.text("touchpoints.no_month")
    return table.assign(count=counts, method=words.text("touchpoints.method_monthly", n=len(per_month)),
                        flag=table["flag"] if len(per_month) else [
                            "; ".join(filter(None, (flag, none))) for flag in table["flag"]])


def cut(table: pd.DataFrame, column: str, window: Mapping[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a small table inside the window, and notes on the others."""
    ends = {name: periods.moment(name, window[name], window["tz"]) for name in ("since", "until")}
    if ends["since"] is None and ends["until"] is None:
        return table, []
    at = clock(stamps(table, column), None)
    low, high = ends["since"], ends["until"]
    out = {"metrics.note_undated": at.isna()} | ({} if high is None else {"activity.after": at.ge(high)}) | (
        {} if low is None else {"log.before": at.lt(low)})
    lost = {key: rows.fillna(False).to_numpy(dtype=bool) for key, rows in out.items()}
    notes = [words.text(key, n=int(rows.sum()), column=repr(column)) for key, rows in lost.items() if rows.any()]
    return table[~np.logical_or.reduce(list(lost.values()))], notes


def desk_rules(points: pd.DataFrame, own: Rules, channel: str) -> Rules:
    """The tickets of each contact point: all, where it is of that channel."""
    return {point: own.get(point, {}) for point, named in zip(points["touchpoint"], points["channel"], strict=True)
            if point in own or named == channel}


def desk(tickets: pd.DataFrame, rules: Rules, end: int | None, confidence: float
         ) -> tuple[list[pd.DataFrame], list[str]]:
    """What tickets say of the contact points that they come to: satisfaction, and the wait for the first reply."""
    rows, found, notes = _belonging(tickets, rules), [], []
    if len(rows) and "csat" in rows:
        for value in rows["csat"].dropna().unique():
            one_of("csat", value, tables.table("tickets").columns["csat"].allowed)
        told = rows.assign(good=rows["csat"].map({"good": True, "bad": False}).astype("boolean"), person=_person(rows))
        found.append(measure(told[["touchpoint", "good", "person"]], {"ticket_csat": rate("good", min_n=SURVEY_MIN_N)},
                             by="touchpoint", user="person", confidence=confidence))
        notes = _several(told[told["good"].notna()])
    if len(rows) and "first_reply_minutes" in rows:
        found.append(_waiting(rows, end, confidence))
    return found, notes


def _several(rows: pd.DataFrame) -> list[str]:
    """A note where somebody answered more than once about a contact point."""
    return [words.text("touchpoints.note_people")] * bool(rows.duplicated(["touchpoint", "person"]).any())


def _person(rows: pd.DataFrame) -> pd.Series:
    """Who answered: the customer, else the form or ticket, else each row for itself."""
    who = pd.Series(np.nan, index=rows.index, dtype=object)
    for name in ("user_id", "respondent_id", "ticket_id"):
        who = who.where(who.notna(), rows[name].astype(object)) if name in rows else who
    return who.where(who.notna(), pd.Series(rows.index, index=rows.index)).astype("str")


def _waiting(rows: pd.DataFrame, end: int | None, confidence: float) -> pd.DataFrame:
    """The median wait for the first reply; who has none by the end waits still, or did until the ticket was solved."""
    created = clock(stamps(rows, "created_at"), None)
    newest = max(int(clock(stamps(rows, name), None).max()) for name in ("created_at", "solved_at")
                 if name in rows and rows[name].notna().any())
    waited, reply = ((newest if end is None else end) - created) / MINUTE, rows["first_reply_minutes"].astype("Float64")
    if end is not None:
        reply = reply.mask((reply > waited).fillna(False))
    if "resolution_minutes" in rows:
        solved = rows["resolution_minutes"].astype("Float64")
        waited = solved.fillna(waited) if end is None else solved.fillna(waited).clip(upper=waited)
    told = pd.DataFrame({"touchpoint": rows["touchpoint"], "replied": reply.notna().astype(bool),
                         "first_reply_minutes": reply.fillna(waited).astype("float64")})
    return median_duration(told, duration="first_reply_minutes", ended="replied", by="touchpoint",
                           confidence=confidence).assign(metric="first_reply")


def _belonging(table: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """The rows of a small table with the contact point to which each belongs; a row of two points comes twice."""
    parts = [table.head(0).assign(touchpoint=pd.Series(dtype="str"), place=pd.Series(dtype="int64"))]
    for point, rule in rules.items():
        held = np.ones(len(table), dtype=bool)
        for column, values in rule.items():
            held &= written(table[column]).isin(values).to_numpy()
        parts.append(table[held].assign(touchpoint=point, place=np.nonzero(held)[0]))
    return pd.concat(parts, ignore_index=True)


def answer_rules(points: pd.DataFrame, own: Rules, answers: pd.DataFrame) -> Rules:
    """The answers about each contact point: those whose `touchpoint` is its id, name or channel."""
    known = set(answers["touchpoint"].dropna()) if "touchpoint" in answers else set()
    rules: Rules = {}
    for point in points.to_dict("records"):
        names = [str(point[name]) for name in ("touchpoint", "name", "channel") if point[name] in known]
        if point["touchpoint"] in own or names:
            rules[str(point["touchpoint"])] = own.get(point["touchpoint"], {"touchpoint": names})
    return rules


def asked(answers: pd.DataFrame, rules: Rules, noun: Favourable, confidence: float) -> tuple[pd.DataFrame, list[str]]:
    """The satisfaction with each contact point, and notes on the answers that belong to none."""
    for name in ("kind", "touchpoint", noun.column):
        column_of(name, answers.columns)
    told = answers[answers["kind"].eq("csat").fillna(False).astype(bool) & answers[noun.column].notna()]
    rows = _belonging(told, rules)
    lost = told["touchpoint"][~np.isin(np.arange(len(told)), rows["place"])]
    counts = lost.fillna(words.text("metrics.missing")).value_counts().sort_index()
    notes = [words.text("touchpoints.no_point", n=int(n), about=about) for about, n in counts.items()]
    if not len(rows):
        return rows.head(0)[["touchpoint"]], notes
    rows = rows.assign(person=_person(rows))
    notes += _several(rows)
    table = measure(rows[["touchpoint", noun.column, "person"]], {"csat": noun}, by="touchpoint", user="person",
                    confidence=confidence)
    claims = [set(points) for points in rows.groupby("place")["touchpoint"].agg(list)]
    others = [sorted(set().union(*(claim for claim in claims if point in claim)) - {point})
              for point in table["touchpoint"]]
    return table.assign(flag=["; ".join(filter(None, (flag, _shared(names))))
                              for flag, names in zip(table["flag"], others, strict=True)]), notes
