"""Accounts: the customers of one company together, for those who sell to companies (account-based view)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.metrics.looks import page, plain
from engagelab.segments.looks import first_rows
from engagelab.segments.totals import read_table, texts
from engagelab.summaries.engine import source
from engagelab.tables import table

ABOUT = ("account_name", "industry", "employees", "segment", "country", "owner")
SHOWN = ("account_id", "account_name", "segment", "owner", "contacts", "orders", "revenue", "deals", "last_contact_at")


@dataclass(frozen=True, repr=False, eq=False)
class Accounts:
    """The roll-up: `.frame`, a row an account; `.notes`, who and what is not in it."""

    frame: pd.DataFrame
    notes: tuple[str, ...]
    kinds: Mapping[str, str] = field(repr=False)
    tz: str | None = field(repr=False)
    currency: str | None = field(default=None, repr=False)

    def cells(self) -> pd.DataFrame:
        """The first rows as they are looked at."""
        return first_rows(self.frame, SHOWN, self.kinds, self.tz, self.currency)

    def __repr__(self) -> str:
        return plain([self.cells()], self.notes)

    def _repr_html_(self) -> str:
        return page([self.cells()], self.notes)


def roll_up(frame: pd.DataFrame, columns: pd.DataFrame, accounts: Any, tz: str | None,
            currency: str | None = None) -> Accounts:
    """The customers of a profile by account: `contacts`, sums of counts and amounts, first and newest dates.

    A sum is missing where that of one of its customers is. `last_contact_by` and `deal_owner` are those of the newest
    contact and of the customer whose deal was active last; name, industry, employees, segment and owner are those of
    the table `accounts`. Accounts without a customer in the profile are counted, and so are customers without one.
    """
    if "account_id" not in frame:
        return Accounts(pd.DataFrame({"account_id": pd.Series(dtype="str"), "contacts": pd.Series(dtype="int64")}),
                        (words.text("profile.no_accounts"),), {}, tz)
    held = frame[frame["account_id"].notna()]
    notes = [words.text("profile.without_account", n=len(frame) - len(held), all=len(frame))]
    groups = held.groupby("account_id", sort=True)
    parts: dict[str, Any] = {"contacts": groups.size()}
    for column, how in zip(columns["column"], columns["rolled"], strict=True):
        if how == "sum":
            gap = held[column].isna().groupby(held["account_id"]).any()
            parts[column] = groups[column].sum().mask(gap) if gap.any() else groups[column].sum()
        elif how == "known":
            parts[column] = groups[column].sum(min_count=1)
        elif how in ("min", "max"):
            parts[column] = groups[column].agg(how)
    for column, by in (("last_contact_by", "last_contact_at"), ("deal_owner", "last_activity_at")):
        if {column, by} <= set(held):
            newest = held.sort_values([by, "user_id"], na_position="first", kind="stable").drop_duplicates(
                "account_id", keep="last").set_index("account_id")
            parts[column] = newest[column]
            parts |= {by: newest[by]} if by == "last_contact_at" else {}
    made = pd.DataFrame(parts)
    if accounts is not None:
        about = _about(accounts)
        notes.append(words.text("profile.no_contact", n=int((~about.index.isin(made.index)).sum()), all=len(about)))
        made = about.reindex(made.index).join(made)
    made.index.name = "account_id"
    kinds = dict(zip(columns["column"], columns["kind"], strict=True))
    return Accounts(made.reset_index(), tuple(notes), kinds | {"contacts": "integer", "employees": "integer"}, tz,
                    currency)


def _about(accounts: Any) -> pd.DataFrame:
    """What the table of accounts says of each, once."""
    there = source(accounts).types
    declared = table("accounts").columns
    picked = [name for name in ABOUT if name in there and not declared[name].personal]
    frame = read_table("accounts", accounts, ["account_id", *picked])
    ids = texts(frame["account_id"])
    return frame.assign(account_id=ids)[ids.notna()].drop_duplicates("account_id").set_index("account_id")[picked]
