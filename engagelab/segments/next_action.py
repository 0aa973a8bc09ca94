"""Who gets which message: readable rules, the first that a customer meets wins, and two things hold a message back.

Without consent there is no message (as the European GDPR, article 7, and Japan's act on specified electronic mail,
article 3, want it), and nobody is written to twice within the frequency cap. The language of conditions is in
`engagelab.segments.conditions`.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import MISSING, heading, shown
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.metrics.looks import page, plain
from engagelab.segments.conditions import Condition, Value
from engagelab.segments.one_row import ids_of
from engagelab.summaries import durations, periods
from engagelab.summaries.engine import source
from engagelab.summaries.frames import fetched

FIELDS = ("action", "when", "priority", "reason")
HELD = ("no_consent", "contacted_lately")
OWN = ("action", "status", "rule", "reason")     # columns of the answer beside that of the customers


@dataclass(frozen=True)
class NextActions:
    """`.frame`, a row a customer; `.summary`, a row a rule; `.at`, as of when; `.notes`, what has to be said."""

    frame: pd.DataFrame
    summary: pd.DataFrame
    at: pd.Timestamp | None
    notes: tuple[str, ...]

    def _cells(self) -> pd.DataFrame:
        return self.summary.astype("str").rename(columns=heading)

    def __repr__(self) -> str:
        return plain([self._cells()], self.notes)

    def _repr_html_(self) -> str:
        return page([self._cells()], self.notes)


@dataclass(frozen=True)
class Rule:
    """One rule: what is sent, to whom, and the words to the customer's own values."""

    place: int
    action: str
    when: Condition
    priority: float
    reason: str


def next_action(table: Any, rules: Sequence[Mapping[str, Any]] | pd.DataFrame | str | Path, *, user: str = "user_id",
                consent: str = "consent_marketing", last_contact: str | None = None, frequency_cap: str = "7 days",
                at: object = None) -> NextActions:
    """Which message each customer gets, and why, or why none.

    table : a row a customer; whatever `measure()` takes.
    rules : dicts, a frame or a CSV file with `action`, `when` and, where wanted, `priority` (1 comes first; those
        without come last, in their order) and `reason`, a sentence with columns in braces: "{orders} orders".
    when : columns compared by == != < <= > >= and `in [...]`, joined by and, or, not; `days_since(column)` of a stamp,
        `missing(column)`. What is missing is unknown, and an unknown condition is not met, but counted.
    consent : the column of flags; who has not agreed, or of whom it is not known, gets nothing.
    last_contact : the column of stamps of the last message; who had one less than `frequency_cap` before `at` gets
        nothing. at : as of when; the newest stamp in `last_contact` and in `days_since` unless given, never the clock.

    Returns `NextActions`. `.frame` has `user`, `action`, "(none)" where there is none, `status` ("message",
    "no_rule", "no_consent", "contacted_lately"), `rule` (its number in the list) and `reason`. `.summary` has a row a
    rule in the order of priority: how many `meet` it, for how many it comes `first`, how many of these have no consent
    or were contacted lately, `count`, who get it, `unknown`, and `evidence`, what it reads of a customer.
    Raises UsageError for a rule that cannot be read or reads a column that names a person, with its place; DataError
    for a customer who has two rows.

    >>> table = pd.DataFrame({"user_id": ["a", "b", "c"], "orders": [5, 0, 7], "consent_marketing": [True, True, False],
    ...                       "last_order_at": pd.to_datetime(["2026-01-01", None, "2026-05-01"], utc=True)})
    >>> found = next_action(table, [
    ...     {"action": "win back", "when": "days_since(last_order_at) > 90 and orders >= 2",
    ...      "reason": "{days_since(last_order_at)} days since the last order, {orders} orders before"},
    ...     {"action": "thank you", "when": "orders > 0"}])
    >>> found.frame[["user_id", "action", "reason"]]
      user_id    action                                             reason
    0       a  win back  120 days since the last order, 5 orders before
    1       b    (none)                                      meets no rule
    2       c    (none)                 no consent to messages (thank you)
    """
    rows = _rows(table)
    for name in (user, consent, *([last_contact] if last_contact else [])):
        column_of(name, rows.columns)
    if user in OWN:
        raise UsageError("metrics.reserved", column=repr(user))
    cap = durations.days("frequency_cap", frequency_cap)
    told = _read(rules)
    read = [_rule(place, rule, rows) for place, rule in enumerate(told, 1)]
    now = _now(rows, read, last_contact, at)
    read = [replace(rule, when=replace(rule.when, at=now)) for rule in sorted(read, key=lambda rule: rule.priority)]
    met = [rule.when.met() for rule in read]
    meets = np.array([one.fillna(False).to_numpy(dtype=bool) for one in met])
    first = np.where(meets.any(axis=0), meets.argmax(axis=0), -1)
    agreed = _flags(rows, consent)
    lately = _lately(rows, last_contact, now, cap)
    status = np.select([first < 0, ~agreed, lately], ["no_rule", *HELD], "message")
    frame = _frame(ids_of(rows[user], user), read, first, status, rows)
    summary = _summary(read, met, meets, first, status)
    notes = _notes(read, summary, first, meets, now, last_contact)
    return NextActions(frame, summary, None if now is None else pd.Timestamp(now, unit="us", tz="UTC"), tuple(notes))


def _rows(table: Any) -> pd.DataFrame:
    """The whole table, as a frame with rows numbered from 0."""
    rows = fetched(table, list(table.columns) if isinstance(table, pd.DataFrame) else list(source(table).types))
    if rows.empty:
        raise DataError("next_action.nobody")
    return rows


def _read(rules: Sequence[Mapping[str, Any]] | pd.DataFrame | str | Path) -> list[dict[str, Any]]:
    """The rules as dicts of what they say."""
    table = _file(Path(rules)) if isinstance(rules, str | Path) else rules
    listed = table.to_dict("records") if isinstance(table, pd.DataFrame) else table
    if not isinstance(listed, Sequence) or not listed or not all(isinstance(rule, Mapping) for rule in listed):
        raise UsageError("next_action.no_rules")
    for rule in listed:
        for name in rule:
            one_of("rules", name, FIELDS)
    return [{str(name): value for name, value in rule.items() if not pd.isna(value) and str(value).strip()}
            for rule in listed]


def _file(path: Path) -> pd.DataFrame:
    """The rows of a CSV file. pandas is given the text: given the name, it would fetch an address of the web."""
    if not path.is_file():
        raise UsageError("summaries.no_file", path=path)
    try:
        return pd.read_csv(StringIO(path.read_text("utf-8-sig")), dtype="str")
    except (OSError, ValueError) as error:  # pandas' own are ValueErrors
        raise UsageError("summaries.bad_file", path=path, why=str(error).splitlines()[0]) from error


def _rule(place: int, said: dict[str, Any], rows: pd.DataFrame) -> Rule:
    """One rule, read and checked."""
    where = words.text("next_action.rule", place=place)
    for name in FIELDS[:2]:
        if not isinstance(said.get(name), str):
            raise UsageError("next_action.lacks", rule=where, name=repr(name))
    if said["action"] == words.text("next_action.none"):
        raise UsageError("next_action.reserved", rule=where, value=repr(said["action"]))
    try:
        priority = float(said.get("priority", np.inf))
    except (TypeError, ValueError) as error:
        raise UsageError("next_action.priority", rule=where, value=repr(said["priority"])) from error
    when = Condition(said["when"], rows, words.text("next_action.when", rule=where, action=said["action"]))
    rule = Rule(place, said["action"].strip(), when, priority, str(said.get("reason", "")))
    for one in _asked(rule, rows).values():
        one.values()    # refused here, also where nobody meets the rule
    return rule


def _now(rows: pd.DataFrame, rules: list[Rule], last_contact: str | None, at: object) -> int | None:
    """As of when, in microseconds since 1970: `at`, or the newest stamp of those that are asked of."""
    if at is not None:
        return periods.moment("at", at, None)
    columns = [*(name for rule in rules for one in (rule.when, *_asked(rule, rows).values()) for name in one.stamps()),
               *([last_contact] if last_contact else [])]
    newest = [_stamps(rows, name).max() for name in dict.fromkeys(columns)]
    known = [stamp for stamp in newest if stamp is not pd.NaT]
    return periods.microseconds(max(known).to_pydatetime()) if known else None


def _stamps(rows: pd.DataFrame, name: str) -> pd.Series:
    if rows[name].dtype.kind != "M":
        raise DataError("next_action.no_stamps", column=repr(name))
    return pd.to_datetime(rows[name], utc=True).dt.as_unit("us")


def _flags(rows: pd.DataFrame, name: str) -> np.ndarray:
    """Who has agreed; 1 and 0 are flags too."""
    known = rows[name].notna().to_numpy()
    values = rows.loc[known, name].astype("object")
    wrong = ~values.map(lambda value: value in (True, False)).to_numpy(dtype=bool)
    if wrong.any():
        value = values[wrong].iloc[0]
        raise DataError("next_action.no_flag", column=repr(name), row=int(values.index[wrong][0]) + 1,
                        value=repr(value) if isinstance(value, str) else str(value))
    agreed = np.zeros(len(rows), dtype=bool)
    agreed[known] = values.to_numpy() == 1
    return agreed


def _lately(rows: pd.DataFrame, last_contact: str | None, now: int | None, cap: float) -> np.ndarray:
    """Who had a message less than so many days ago, or will have one after `at`."""
    if last_contact is None or now is None:
        return np.zeros(len(rows), dtype=bool)
    held = pd.Timestamp(now, unit="us", tz="UTC") - pd.Timedelta(days=cap)
    return (_stamps(rows, last_contact) > held).to_numpy(dtype=bool)


def _asked(rule: Rule, rows: pd.DataFrame) -> dict[str, Condition]:
    """What the reason of a rule asks of a customer, by what stands in its braces."""
    where = words.text("next_action.reason_of", rule=words.text("next_action.rule", place=rule.place))
    try:
        parts = list(string.Formatter().parse(rule.reason))
    except ValueError as error:
        raise UsageError("next_action.braces", where=where, value=repr(rule.reason)) from error
    if any(spec or how for _, name, spec, how in parts if name is not None):
        raise UsageError("next_action.braces", where=where, value=repr(rule.reason))
    return {name: Condition(name, rows, where, rule.when.at) for _, name, _, _ in parts if name is not None}


def _frame(users: pd.Series, rules: list[Rule], first: np.ndarray, status: np.ndarray, rows: pd.DataFrame
           ) -> pd.DataFrame:
    """A row a customer: the action, its rule, and the reason in words."""
    none = words.text("next_action.none")
    frame = pd.DataFrame({users.name: users, "action": none, "status": status, "rule": 0,
                          "reason": words.text("next_action.status_no_rule")})
    for place, rule in enumerate(rules):
        here = first == place
        frame.loc[here, "rule"] = rule.place
        for name in HELD:
            frame.loc[here & (status == name), "reason"] = words.text(f"next_action.status_{name}", action=rule.action)
        here &= status == "message"
        frame.loc[here, "action"] = rule.action
        frame.loc[here, "reason"] = _reasons(rule, rows[here])
    frame["rule"] = frame["rule"].astype("Int64").mask(frame["rule"] == 0)
    return frame.astype({"action": "str", "status": "str", "reason": "str"})


def _reasons(rule: Rule, rows: pd.DataFrame) -> list[str]:
    """The reason for each of these customers, with their own values."""
    asked = {name: _written(replace(one, table=rows).values()) for name, one in _asked(rule, rows).items()}
    if not rule.reason:
        found = [[words.text("next_action.own", name=name, value=value) for value in _written(
            replace(rule.when, text=name, table=rows).values())] for name in rule.when.uses()]
        return [words.joined(row) for row in zip(*found, strict=True)] if found else [""] * len(rows)
    parts = list(string.Formatter().parse(rule.reason))
    return ["".join(text + (asked[name][row] if name is not None else "") for text, name, _, _ in parts)
            for row in range(len(rows))]


def _written(value: Value) -> list[str]:
    """Values as a sentence writes them."""
    if value.kind == "number":
        return [shown(float(number), "count" if number % 1 == 0 else "number") for number in value.values]
    if value.kind == "stamp":
        return [MISSING if one != one else periods.first_day(int(one // periods.DAY)).isoformat()
                for one in value.values]
    if value.kind == "flag":
        return [MISSING if one is pd.NA else words.text(f"next_action.{'yes' if one else 'no'}")
                for one in value.values]
    return [MISSING if pd.isna(text) else str(text) for text in value.values]


def _summary(rules: list[Rule], met: list[pd.Series], meets: np.ndarray, first: np.ndarray, status: np.ndarray
             ) -> pd.DataFrame:
    """A row a rule, in the order in which they are tried."""
    rows = []
    for place, (rule, one) in enumerate(zip(rules, met, strict=True)):
        own = status[first == place]
        rows.append({"rule": rule.place, "action": rule.action, "meet": int(meets[place].sum()), "first": len(own),
                     **{name: int((own == name).sum()) for name in HELD}, "count": int((own == "message").sum()),
                     "unknown": int(one.isna().sum()), "evidence": words.joined(rule.when.uses())})
    return pd.DataFrame(rows).astype({"action": "str", "evidence": "str"})


def _notes(rules: list[Rule], summary: pd.DataFrame, first: np.ndarray, meets: np.ndarray, now: int | None,
           last_contact: str | None) -> list[str]:
    """What has to be said of the whole, and of rules by which nobody gets anything."""
    total = summary[["count", *HELD]].sum()
    notes = [words.text("next_action.said", rows=len(first), none=int((first < 0).sum()), n=int(total["count"]),
                        **{name: int(total[name]) for name in HELD})]
    if now is not None:
        notes.append(words.text("next_action.as_of", at=f"{pd.Timestamp(now, unit='us'):%Y-%m-%d %H:%M} UTC"))
    if last_contact is None:
        notes.append(words.text("next_action.no_cap"))
    for place, (rule, row) in enumerate(zip(rules, summary.to_dict("records"), strict=True)):
        said = {"rule": words.text("next_action.rule", place=rule.place), "action": rule.action}
        if not row["meet"]:
            notes.append(words.text("next_action.nobody_meets", **said))
        elif not row["first"]:
            before = np.unique(first[meets[place]])
            notes.append(words.text("next_action.never_first", **said, n=row["meet"], others=words.joined(
                words.text("next_action.rule", place=rules[other].place) for other in before)))
        if row["unknown"]:
            notes.append(words.text("next_action.unknown", **said, n=row["unknown"]))
    return notes
