"""The joined customer table: one row a customer or lead, from whatever tables are there.

Behaviour, purchases, attributes, support and answers side by side, each column with where it comes from, by which rule
and how new it is. Who has not agreed to the purpose is left out and counted, and no column that names a person is ever
in it. With `until` nothing of what came later is known: a score that is made of it can be tried on what came after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading
from engagelab.errors import UsageError
from engagelab.metrics.looks import page, plain
from engagelab.privacy.ids import check_ids
from engagelab.segments.accounts import Accounts, roll_up
from engagelab.segments.looks import first_rows
from engagelab.segments.people import People, people
from engagelab.segments.totals import Limit, Made, Totals, declared, read_table, totals
from engagelab.segments.worth import Comparable, prepared
from engagelab.summaries.engine import source
from engagelab.tables import DTYPES
from engagelab.tables import table as canonical

FEW, MOST = 6, .5
SHOWN = ("user_id", "segment", "stage", "account_id", "orders", "revenue", "events", "last_contact_at",
         "last_contact_by")
LAST = ("last_contact_at", "last_contact_by")


@dataclass(frozen=True, repr=False, eq=False)
class Profile:
    """The joined table: `.frame`, a row a customer; `.columns`, a row a column of it; `.notes`, what was left out."""

    frame: pd.DataFrame
    columns: pd.DataFrame
    notes: tuple[str, ...]
    tables: Mapping[str, Any] = field(repr=False)
    limit: Limit = field(repr=False)
    tz: str | None = field(repr=False)
    currency: str | None = field(default=None, repr=False)

    def accounts(self) -> Accounts:
        """The customers of each account together: see `Accounts`."""
        return roll_up(self.frame, self.columns, self.tables.get("accounts"), self.tz, self.currency)

    def cells(self) -> pd.DataFrame:
        """The first rows as they are looked at, of the columns that say most."""
        return first_rows(self.frame, SHOWN, dict(zip(self.columns["column"], self.columns["kind"], strict=True)),
                          self.tz, self.currency)

    def sentences(self) -> tuple[str, ...]:
        """How large the table is, from what, and what is missing for most."""
        used = dict.fromkeys(self.columns["table"])
        said = [words.text("profile.size", n=len(self.frame), columns=len(self.frame.columns), tables=words.joined(
            words.text(f"table.{name}") for name in used if name))]
        lacking = self.columns.loc[self.columns["missing"] > MOST * len(self.frame), "column"]
        if len(lacking):
            more = words.text("summaries.more", n=len(lacking) - FEW) if len(lacking) > FEW else ""
            said.append(words.text("profile.lacking", columns=words.joined(map(heading, lacking[:FEW])) + more))
        return (*said, *self.notes)

    def __repr__(self) -> str:
        return plain([self.cells()], self.sentences())

    def _repr_html_(self) -> str:
        return page([self.cells()], self.sentences())


def profile(tables: Mapping[str, Any], *, purpose: str | None = "analysis", who: str | None = None,
            until: object = None, tz: str | None = None, currency: str | None = None) -> Profile:
    """One row a customer or lead, with all that the tables say of them.

    tables : canonical tables by name, as `el.setup()` or `el.example()` gives them; each what `measure()` takes. Used
        are customers, orders, order_items, subscriptions, email_sends, events, tickets, surveys, referrals, deals,
        accounts and rates, as far as they are there.
    purpose : "analysis" or "marketing": only who has agreed to it (`consent_analysis`, `consent_marketing` of
        customers) is in; a missing answer is none. None is everybody, and the notes say so. A column without a single
        answer is taken as not there.
    who : "customers" or "leads"; both unless said.
    until : a moment, or a Series of moments by user_id, such as the decision on each lead. Rows at or after it are left
        out, and the notes name each event of which that is most. Of a Series, only who is in it is in; a missing
        moment is none. tz : zone of an `until` without one.
    currency : what amounts are converted to, by the table `rates`.

    Returns `Profile`: `.frame` with `user_id` and, as far as a table can tell, the columns of `.columns` (column,
    table, source, rule, newest, rows, missing); `last_contact_at` and `last_contact_by` (order, click, ticket, deal,
    visit); `event_<name>` and `view_<page>` for the 30 commonest names of events and pages looked at. Counts are 0
    and sums 0.0 where the table has no row of a customer, all else is missing. `.accounts()` rolls it up.
    Raises UsageError for arguments; DataError where a customer stands twice, amounts are unlike (see `net`), or ids are
    e-mail addresses.

    >>> at = pd.to_datetime(["2026-04-02", "2026-04-09", "2026-04-05"], utc=True)
    >>> made = profile({
    ...     "customers": pd.DataFrame({"user_id": ["a", "b", "c"], "consent_analysis": [True, True, None]}),
    ...     "orders": pd.DataFrame({"order_id": ["1", "2", "3"], "user_id": ["a", "a", "c"], "ordered_at": at,
    ...                             "total": [100.0, 50.0, 70.0], "currency": "JPY"})})
    >>> made.frame[["user_id", "orders", "revenue", "last_contact_by"]]
      user_id  orders  revenue last_contact_by
    0       a       2    150.0           order
    1       b       0      0.0             NaN
    >>> made.notes[0]
    '1 of 3 left out: no consent to analysis'
    """
    _checked(tables)
    found = people(tables, purpose=purpose, who=who, until=until, tz=tz)
    worth = Comparable(currency, _rates(tables), tz)
    notes = list(found.notes)
    usable = {name: tables[name] for name in declared() if name in tables and name != "customers"}
    items = {name: tables[name] for name in ("order_items",) if name in tables}
    counted: list[Totals] = []
    ready = prepared(usable | items, found.limit, worth)
    for name in usable:
        one = totals(name, ready[name], found.limit)
        counted += [one] if one is not None else []
        if one is None:
            notes.append(words.text("profile.no_users", table=words.text(f"table.{name}")))
    index = _everybody(found, counted, notes)
    check_ids(index)
    frame, columns = _joined(found, counted, index, worth)
    frame, columns = _contact(frame, columns, counted)
    notes += [*worth.notes, *_told(counted, index)]
    return Profile(frame.reset_index(), columns, tuple(dict.fromkeys(notes)), tables, found.limit, tz, currency)


def _checked(tables: Mapping[str, Any]) -> None:
    if not isinstance(tables, Mapping) or not any(name in declared() for name in tables):
        raise UsageError("profile.tables", names=words.joined(declared()))
    for name in tables:
        if not isinstance(name, str):
            raise UsageError("profile.tables", names=words.joined(declared()))


def _rates(tables: Mapping[str, Any]) -> pd.DataFrame | None:
    there = source(tables["rates"]).types if "rates" in tables else {}
    columns = [name for name in canonical("rates").columns if name in there]
    return read_table("rates", tables["rates"], columns) if there else None


def _everybody(found: People, counted: list[Totals], notes: list[str]) -> pd.Index:
    """All who are in; what the other tables say of ids that customers does not know is told."""
    ids = found.frame.index
    for one in counted:
        used = one.frame[(one.frame["rows"] > 0) | (one.frame["late"] > 0)]
        strange = used.index.difference(found.known)
        if len(strange) and len(found.known):
            notes.append(words.text("profile.strange_kept" if found.open else "profile.strange",
                                    table=words.text(f"table.{one.table}"), n=len(strange),
                                    rows=int(used.loc[strange, "rows"].sum())))
        if found.open:
            ids = ids.union(strange)
    return pd.Index(ids.sort_values().astype("str"), name="user_id")


def _joined(found: People, counted: list[Totals], index: pd.Index,
            worth: Comparable) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The columns of all tables side by side, and what each is."""
    base = found.frame.reindex(index)
    parts: dict[str, pd.Series] = {}
    rows: list[dict[str, object]] = []
    for made in declared()["customers"]:
        if made.column in base:
            parts[made.column] = _typed(base[made.column], made.kind)
            rows.append(_row(made, words.text("profile.rule_attribute"), pd.NaT, int(base[made.column].notna().sum())))
    for one in counted:
        table = one.frame.reindex(index)
        for made in one.able:
            end = one.ends[made.column]
            used = table[f"rows{end}"].fillna(0)
            values = table[made.column]
            if made.blank is not None:
                values = values.where(used > 0, made.blank)
            parts[made.column] = _typed(values, made.kind)
            rule = words.text(f"profile.rule_{made.column}")
            if made.column in worth.said:
                rule = words.text("profile.rule_amount", rule=rule, amount=worth.said[made.column])
            rows.append(_row(made, rule, _newest(table[f"newest{end}"]), int(used.sum())))
        for prefix, named in one.named.items():
            for place, name in enumerate(named.names):
                column = f"{prefix}_{name}"
                parts[column] = table[f"{prefix}_n{place}"].fillna(0).astype("int64")
                rows.append({"column": column, "table": one.table, "source": "event" if prefix == "event" else
                             "content_id, seconds", "rule": words.text(f"profile.rule_{prefix}", name=name),
                             "newest": _newest(table["newest"]), "rows": int(parts[column].sum()), "kind": "integer",
                             "rolled": "sum"})
    frame = pd.DataFrame(parts, index=index)
    columns = pd.DataFrame(rows, columns=["column", "table", "source", "rule", "newest", "rows", "kind", "rolled"])
    return frame, columns


def _row(made: Made, rule: str, newest: object, rows: int) -> dict[str, object]:
    return {"column": made.column, "table": made.table, "source": ", ".join(made.reads), "rule": rule,
            "newest": newest, "rows": rows, "kind": made.kind, "rolled": made.account}


def _newest(stamps: pd.Series) -> object:
    return pd.to_datetime(stamps.max(), unit="us", utc=True) if stamps.notna().any() else pd.NaT


def _typed(values: pd.Series, kind: str) -> pd.Series:
    """Values of the engine in the dtype of their kind; moments are whole microseconds there."""
    if kind == "time" and not pd.api.types.is_datetime64_any_dtype(values):
        return pd.to_datetime(values.astype("Int64"), unit="us", utc=True).astype("datetime64[us, UTC]")
    if kind == "time" and values.dt.tz is None:
        values = values.dt.tz_localize("UTC")
    if kind in ("id", "category"):
        return values.astype("str").where(values.notna())
    whole = kind == "integer" and values.notna().all()
    return values.astype(pd.api.types.pandas_dtype("int64" if whole else DTYPES[kind]))


def _contact(frame: pd.DataFrame, columns: pd.DataFrame,
             counted: list[Totals]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """With the newest contact and what it was, and the columns' table complete."""
    kinds = {made.column: made.contact for one in counted for made in one.able if made.contact}
    rows = columns
    if kinds:
        stamps = np.column_stack([frame[column].astype("int64").where(frame[column].notna(), -1).to_numpy()
                                  for column in kinds])
        which = stamps.argmax(axis=1)
        none = stamps.max(axis=1) < 0
        newest = pd.Series(stamps.max(axis=1), index=frame.index).astype("Int64").mask(none)
        frame[LAST[0]] = _typed(newest, "time")
        frame[LAST[1]] = pd.Series(np.array(list(kinds.values()), dtype=object)[which], index=frame.index,
                                   dtype="str").mask(none)
        said = {"table": "", "source": ", ".join(kinds), "rows": int((~none).sum()), "newest": frame[LAST[0]].max()}
        rows = pd.concat([columns, pd.DataFrame([
            {"column": column, "rule": words.text(f"profile.rule_{column}"), "kind": kind, "rolled": "", **said}
            for column, kind in zip(LAST, ("time", "category"), strict=True)])], ignore_index=True)
    rows["newest"] = pd.to_datetime(rows["newest"], utc=True).astype("datetime64[us, UTC]")
    rows["missing"] = [int(frame[column].isna().sum()) for column in rows["column"]]
    return frame, rows


def _told(counted: list[Totals], index: pd.Index) -> list[str]:
    """What was left out of each table: rows of nobody, without a stamp, after `until`; and names beyond the first."""
    notes, after = [], []
    for one in counted:
        table, said = one.frame.reindex(index).fillna({"rows": 0, "late": 0}), words.text(f"table.{one.table}")
        for key, n in (("no_id", one.nobody), ("undated", one.undated)):
            notes += [words.text(f"profile.{key}", table=said, n=n)] * bool(n)
        if one.naive:
            notes.append(words.text("profile.naive", table=said))
        late, rows = int(table["late"].sum()), int(table["rows"].sum())
        if late:
            after.append(words.text("profile.after_one", table=said, n=late, all=late + rows))
        for prefix, named in one.named.items():
            notes += [words.text(f"profile.more_{prefix}", n=named.rest, shown=len(named.names))] * bool(named.rest)
        notes += _leaks(one, table)
    return [words.text("profile.after", tables=words.joined(after))] * bool(after) + notes


def _leaks(one: Totals, table: pd.DataFrame) -> list[str]:
    """The events of which most rows lie after the end: counted in, they would tell what came."""
    notes = []
    for place, name in enumerate(one.named["event"].names if "event" in one.named else ()):
        late, rows = (int(table[f"event_{letter}{place}"].sum()) for letter in "ln")
        if late > MOST * (late + rows):
            notes.append(words.text("profile.leak", event=name, n=late, all=late + rows))
    return notes
