"""The list that a sales team works from: who is overdue, best customers first, and whom to leave alone.

A customer is overdue when the last contact is further back than the grade allows; who was never contacted is too. No
personal column (as `engagelab.tables` declares them) gets on the list unless it is asked for, and then every row says
so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import MISSING, heading, named, shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.metrics import looks
from engagelab.metrics.shares import shares
from engagelab.segments.one_row import ids_of
from engagelab.summaries import durations, periods
from engagelab.summaries.frames import fetched, numbers
from engagelab.tables import tables

EVERY: Mapping[str, str] = {"A": "14 days", "B": "30 days", "C": "90 days"}
PERSONAL = frozenset(name for table in tables().values() for name in table.personal)
CONTACT = ("first_name", "last_name", "contact_name", "name", "email", "phone")
OWN = ("notice", "owner", "grade", "value", "last_contact_at", "last_contact_by", "days_overdue", "reason")
AT_ONCE = 10   # rows that are shown
ALONE = 31     # days after all other contacts, from which on a stamp is doubted


@dataclass(frozen=True, repr=False)
class FollowUp:
    """Whom to contact.

    frame : the list, a row a customer who is overdue, best first: user, owner, grade, the value under the name
    of its column, last contact and by what, `days_overdue` (missing where never contacted) and `reason`. summary : an
    answer, the share overdue by grade and owner; its `count` is the load. left_alone : an answer, how many are not on
    the list whatever their last contact, and why. notes : sentences, of which the first says whose personal data the
    list holds, if any.
    """

    frame: pd.DataFrame
    summary: pd.DataFrame
    left_alone: pd.DataFrame
    notes: tuple[str, ...]
    units: Mapping[str, str] = field(default_factory=dict, repr=False)

    def _looks(self) -> list[pd.DataFrame]:
        keys = [name for name in ("grade", "owner") if name in self.summary]
        seen = self.frame.drop(columns="notice", errors="ignore").head(AT_ONCE)
        return [pd.DataFrame({heading(str(name)): [_cell(value, str(name), self.units.get(str(name), "count"))
                                               for value in seen[name]] for name in seen}),
                looks.rounded(self.summary, [*keys, "count", "n"]),
                looks.rounded(self.left_alone, ["reason", "count", "n"])]

    def __repr__(self) -> str:
        return "\n".join([*self.notes[:1], looks.plain(self._looks(), self.notes[1:])])

    def _repr_html_(self) -> str:
        return looks.page([], self.notes[:1]) + looks.page(self._looks(), self.notes[1:])


def _cell(value: Any, name: str, unit: str) -> str:
    if pd.isna(value):
        return MISSING
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return named(value, name) if isinstance(value, str) else shown(float(value), unit)


def follow_up(table: Any, *, grade: str = "grade", last_contact: str = "last_contact_at",
              last_contact_by: str | None = None, owner: str | None = None, user: str = "user_id",
              value: str | None = None, every: Mapping[str, str] = EVERY, at: object = None, consent: str | None = None,
              personal: pd.DataFrame | None = None, keep_personal: bool = False, top: int | None = None) -> FollowUp:
    """Who is overdue for a contact, best customers first.

    table : a row a customer or account; whatever `measure()` takes, or what has a `.frame`, such as `grade(...)`.
    user : the company's own number of the customer, or of the account. grade, owner, value, last_contact,
        last_contact_by : columns of the grade, who looks after the customer, an amount by which the list is put in
        order within a grade, and when and by what the last contact was.
    every : how often each grade is to be contacted, best grade first; other grades are left alone, and so is a customer
        whose value is below 0. at : as of when, never the clock; unless said the newest last contact, and the notes
        say so, and whether it lies more than 31 days after all others.
    consent : the column that is true for who may be contacted, or with a minus before it, "-unsubscribed", for who may
        not; where it is missing nobody is contacted either.
    personal : a table of the same customers with names and addresses, such as `customers`; its columns come onto the
        list with keep_personal=True alone, and then the first note and the column `notice` say so.
    top : the first so many of the list.

    Raises UsageError for personal columns where none may be, and for an `every` that names no grade there is; DataError
    for a customer with two rows, without a number, or whose number is an e-mail address, and for what is no stamp.

    >>> people = pd.DataFrame({"user_id": ["C1", "C2", "C3", "C4"], "grade": list("AABD"), "margin": [900, 2000, 70, 3],
    ...     "last_contact_at": pd.to_datetime(["2026-08-20", None, "2026-09-25", "2026-09-30"], utc=True)})
    >>> found = follow_up(people, value="margin")
    >>> found.frame[["user_id", "margin", "days_overdue"]]
      user_id  margin  days_overdue
    0      C2  2000.0          <NA>
    1      C1   900.0            27
    >>> found.frame["reason"].iloc[1]
    'grade A, last contact 41 days ago, to be called every 14 days'
    >>> found.left_alone[["reason", "count", "n"]]
                             reason  count  n
    0  grade D: not to be called on    1.0  4
    """
    rows = _rows(table, {"user": user, "grade": grade, "owner": owner, "value": value, "last_contact_at": last_contact,
                         "last_contact_by": last_contact_by}, consent)
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        raise UsageError("follow_up.top", value=repr(top))
    length = {name: durations.days("every", each) for name, each in every.items()}
    if not rows["grade"].isin(list(length)).any():
        raise UsageError("follow_up.every", names=words.joined(map(repr, length)), column=repr(grade),
                         there=words.joined(sorted({repr(name) for name in rows["grade"].dropna()})))
    now, when = _now(rows["last_contact_at"], at)
    since = (now - rows["last_contact_at"]).dt.days.astype("float64").clip(lower=0)
    rows["days_overdue"] = np.ceil(since - rows["grade"].map(length)).astype("Int64")
    why = _why(rows, length)
    called = rows[why == ""].copy()
    called["overdue"] = ~(called["days_overdue"] <= 0).fillna(False).astype(bool)
    listed = called[called["overdue"]]
    listed = _best_first(listed.assign(reason=[_reason(row, days, every) for row, days in zip(
        listed.to_dict("records"), since[listed.index], strict=True)]), list(length))
    notes = _notes(rows, called, listed, now, top, when)
    shown_ones = ["user", *(name for name in OWN if name in listed and (name != "value" or value))]
    frame = listed.iloc[:top][shown_ones].reset_index(drop=True)
    if keep_personal:
        frame, told = _with_people(frame, personal, user)
        notes.insert(0, told)
    elif personal is not None:
        notes.append(words.text("follow_up.no_personal"))
    frame = frame.rename(columns={"user": user, "value": value or "value"})
    units = {value: table.unit} if value and getattr(table, "unit", "number") != "number" else {}
    return FollowUp(frame, _summary(called, list(length)), _left_alone(why), tuple(notes), units)


def _rows(table: Any, columns: Mapping[str, str | None], consent: str | None) -> pd.DataFrame:
    """The customers under our names of the columns, each checked; `agreed` says who may be contacted."""
    data, asked = getattr(table, "frame", table), {ours: name for ours, name in columns.items() if name is not None}
    flag = consent.removeprefix("-") if consent else None
    for name in (*asked.values(), flag):
        if name in PERSONAL:
            raise UsageError("follow_up.personal", column=repr(name))
    for ours, other in (("user", ""), ("value", "value")):   # these two keep their own names on the list
        if asked.get(ours, other) in set(OWN) - {other}:
            raise UsageError("metrics.reserved", column=repr(asked[ours]))
    given = fetched(data, [*asked.values(), *([flag] if flag else [])])
    rows = pd.DataFrame({ours: given[name] for ours, name in asked.items()})
    rows["user"] = ids_of(rows["user"], asked["user"])
    stamps = rows["last_contact_at"]
    if stamps.dtype.kind != "M" and stamps.notna().any():
        raise DataError("summaries.not_a_stamp", column=repr(asked["last_contact_at"]), type=str(stamps.dtype))
    rows["last_contact_at"] = pd.to_datetime(stamps, utc=True).dt.as_unit("us")
    rows["grade"] = rows["grade"].map(str, na_action="ignore")
    if "owner" in rows:
        rows["owner"] = rows["owner"].map(str, na_action="ignore").fillna(words.text("metrics.missing"))
    rows["value"] = numbers(given, [asked["value"]])[asked["value"]] if "value" in asked else np.nan
    agreed = numbers(given, [flag], scale=(0, 1))[flag] if flag else pd.Series(1.0, index=rows.index)
    rows["agreed"] = agreed == (0 if str(consent).startswith("-") else 1)
    return rows


def _now(contacts: pd.Series, at: object) -> tuple[Any, list[str]]:
    """As of when, without any contact it does not matter; and what has to be said of a moment that was not given."""
    moment = periods.moment("at", at, None)
    if moment is not None:
        return pd.Timestamp(moment, unit="us", tz="UTC"), []
    stamps = contacts.dropna().drop_duplicates().sort_values()
    if stamps.empty:
        return pd.NaT, []
    last, gap = stamps.iloc[-1], stamps.diff().iloc[-1]
    notes = [words.text("follow_up.newest", at=f"{last:%Y-%m-%d}")]
    if gap > pd.Timedelta(days=ALONE):
        notes.append(words.text("follow_up.alone", at=f"{last:%Y-%m-%d}", days=gap.days))
    return last, notes


def _why(rows: pd.DataFrame, length: Mapping[str, float]) -> pd.Series:
    """Why somebody is left alone, the first reason that holds; "" for all others."""
    grade = rows["grade"]
    rest = ("follow_up.no_grade" if pd.isna(name) else "follow_up.no_every" for name in grade)
    other = pd.Series([words.text(key, grade=name) for key, name in zip(rest, grade, strict=True)], index=rows.index)
    why = other.mask(grade.isin(list(length)), "")
    why = why.mask(rows["value"] < 0, words.text("follow_up.hunter"))
    return why.mask(~rows["agreed"], words.text("follow_up.asked_not"))


def _best_first(listed: pd.DataFrame, grades: list[str]) -> pd.DataFrame:
    """By grade, the highest value first, and who has waited longest; never is longer than any time."""
    order = pd.DataFrame({"place": listed["grade"].map(grades.index), "value": -listed["value"].fillna(-np.inf),
                          "days": -listed["days_overdue"].astype("float64").fillna(np.inf), "user": listed["user"]})
    return listed.loc[order.sort_values(["place", "value", "days", "user"], kind="stable").index]


def _reason(row: Mapping[Any, Any], days: float, every: Mapping[str, str]) -> str:
    """Why a customer is on the list."""
    said = {"grade": row["grade"], "every": named(every[row["grade"]], "within")}
    if np.isnan(days):
        return words.text("follow_up.never", **said)
    by = row.get("last_contact_by")
    what = "" if by is None or pd.isna(by) else words.text("follow_up.by", by=named(by, "last_contact_by"))
    return words.text("follow_up.overdue", **said, days=int(days), by=what)


def _summary(called: pd.DataFrame, grades: list[str]) -> pd.DataFrame:
    """How many are overdue by grade and owner, and of each owner in all."""
    total, keys = words.text("metrics.all"), [name for name in ("grade", "owner") if name in called]
    parts = [called[["overdue", *keys]]]
    if "owner" in called:
        parts.append(parts[0].assign(grade=total))
    counts = pd.concat(parts).groupby(keys)["overdue"].agg(["sum", "size"]).reset_index()
    counts = counts.sort_values(keys, key=lambda column: column.map([*grades, total].index) if column.name == "grade"
                                else column, kind="stable", ignore_index=True)
    answer = shares(counts.rename(columns={"sum": "count", "size": "n"}).assign(metric="overdue")[
        ["metric", *keys, "count", "n"]])
    answer.attrs = {"sql": "", "notes": []}
    return answer


def _left_alone(why: pd.Series) -> pd.DataFrame:
    """How many are left alone, by reason."""
    counts = why[why != ""].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    answer = shares(pd.DataFrame({"metric": "left_alone", "reason": counts.index.astype("str"),
                                  "count": counts.to_numpy(), "n": len(why)}))
    answer.attrs = {"sql": "", "notes": []}
    return answer


def _notes(rows: pd.DataFrame, called: pd.DataFrame, listed: pd.DataFrame, now: pd.Timestamp, top: int | None,
           when: list[str]) -> list[str]:
    """What has to be said of the list."""
    notes = [words.text("follow_up.list", n=len(listed), called=len(called), all=len(rows),
                        at=MISSING if pd.isna(now) else f"{now:%Y-%m-%d}"), *when]
    never, later = int(listed["days_overdue"].isna().sum()), int((rows["last_contact_at"] > now).sum())
    if top is not None and top < len(listed):
        notes.append(words.text("follow_up.first", top=top, n=len(listed)))
    if never:
        notes.append(words.text("follow_up.nevers", n=never))
    if later:
        notes.append(words.text("follow_up.later", n=later))
    return notes


def _with_people(frame: pd.DataFrame, personal: pd.DataFrame | None, user: str) -> tuple[pd.DataFrame, str]:
    """The list with names and addresses, and the sentence that stands above it."""
    if not isinstance(personal, pd.DataFrame):
        raise UsageError("follow_up.whose")
    columns = [name for name in CONTACT if name in personal]
    column_of(user, personal.columns, "personal")
    if not columns:
        raise UsageError("follow_up.no_contact", columns=words.joined(CONTACT))
    people = fetched(personal, [user, *columns])
    people = people.assign(**{user: ids_of(people[user], user)}).set_index(user)
    found = people.reindex(frame["user"])
    n = int(found.notna().any(axis="columns").sum())
    for place, name in enumerate(columns, 1):
        frame.insert(place, name, found[name].to_numpy())
    frame.insert(0, "notice", words.text("follow_up.notice"))
    return frame, words.text("follow_up.holds", n=n, all=len(frame))
