"""Orders, subscriptions and deals with their money made comparable, before they are counted a customer.

Revenue is what `money.net` makes of the total: less refunds, points and coupons. The margin of an order is its goods
after discount (`subtotal`) less points, refunds and what its items cost; an item without a cost leaves the margin of
its order unknown, and that of the customer with it, so that nobody looks better for a gap in the data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import money, words
from engagelab.segments.totals import Limit, moments, read_table, texts, user_text
from engagelab.summaries import sql
from engagelab.summaries.engine import source
from engagelab.summaries.frames import numbers
from engagelab.summaries.view import Columns, View
from engagelab.tables import table

PARTS = ("refunds", "points", "coupons")


@dataclass
class Comparable:
    """What amounts are converted to, and what was said of them on the way."""

    currency: str | None
    rates: pd.DataFrame | None
    tz: str | None
    said: dict[str, str] = field(default_factory=dict)      # what the amount is, by column of the profile
    notes: list[str] = field(default_factory=list)

    def net(self, name: str, frame: pd.DataFrame, amount: str, time: str, column: str) -> pd.Series:
        """The amounts of one column, alike; where the table says no currency at all, in the one that was asked for."""
        if self.currency is not None and ("currency" not in frame or frame["currency"].isna().all()):
            frame = frame.assign(currency=self.currency)
        told = [part for part in PARTS if amount == "total" and money.PARTS[part] in frame
                and frame[money.PARTS[part]].notna().any()]
        made = money.net(frame, amount, of=told, currency=self.currency, rates=self.rates, time=time, tz=self.tz)
        self.said[column] = made.attrs["amount"]
        self.notes += [words.text("profile.of_table", table=words.text(f"table.{name}"), note=note)
                       for note in made.attrs["notes"]]
        return made["amount"]


def prepared(tables: Mapping[str, Any], limit: Limit, money: Comparable) -> dict[str, Any]:
    """The tables as they are counted: of those with money, frames with `amount`, `margin` and `told_at`."""
    made: dict[str, Callable[..., pd.DataFrame]] = {
        "orders": _orders, "subscriptions": _subscriptions, "deals": _deals}
    return {name: made[name](tables, limit, money) if name in made else data for name, data in tables.items()}


def _read(tables: Mapping[str, Any], name: str) -> pd.DataFrame:
    """The canonical columns of a table that hold anything and name nobody, ids as text."""
    there = source(tables[name]).types
    declared = table(name)
    frame = read_table(name, tables[name], [column for column in declared.columns if column in there
                                            and not declared.columns[column].personal])
    keep = ("user_id", declared.time)
    frame = frame[[column for column in frame if column in keep or frame[column].notna().any()]]
    ids = {column: texts(frame[column]) for column in ("user_id", "order_id") if column in frame}
    return frame.assign(**ids)


def voided(frame: pd.DataFrame) -> pd.Series:
    """Which orders came to nothing."""
    if "status" not in frame:
        return pd.Series(False, index=frame.index)
    return frame["status"].astype("str").str.strip().str.casefold().isin(money.VOIDED)


def _orders(tables: Mapping[str, Any], limit: Limit, worth: Comparable) -> pd.DataFrame:
    frame = _read(tables, "orders")
    nothing = voided(frame)
    if nothing.any():
        worth.notes.append(words.text("profile.voided", n=int(nothing.sum())))
        frame = frame[~nothing].reset_index(drop=True)
    if "total" in frame:
        frame["amount"] = worth.net("orders", frame, "total", "ordered_at", "revenue")
    if "order_items" in tables and {"subtotal", "order_id"} <= set(frame):
        margin = _margin(frame, tables["order_items"])
        if margin.notna().any():
            kept = frame[["ordered_at", *(name for name in money.ALIKE if name in frame)]].assign(amount=margin)
            frame["margin"] = worth.net("orders", kept, "amount", "ordered_at", "margin")
            if margin.isna().any():
                worth.notes.append(words.text("profile.no_margin", n=int(margin.isna().sum())))
    return frame


def _margin(orders: pd.DataFrame, items: Any) -> pd.Series:
    """Of each order, its goods less points, refunds and cost, in its own currency; missing where a cost is."""
    costs = _costs(items)
    if costs.empty:
        return pd.Series(np.nan, index=orders.index)
    own = costs.reindex(orders["order_id"]).set_index(orders.index)
    taken = numbers(orders, [name for name in ("points", "refunded") if name in orders]).fillna(0).sum(axis="columns")
    margin = numbers(orders, ["subtotal"])["subtotal"] - taken - own["cost"]
    if "currency" not in orders:
        return margin
    alike = own["one"].isna() | (own["one"].eq(orders["currency"]) & own["other"].eq(orders["currency"]))
    return margin.where(alike)


def _costs(items: Any) -> pd.DataFrame:
    """What the items of each order cost, and the first and last currency of them; nothing where no cost is told."""
    table = source(items)
    needed = ["order_id", "quantity", "cost"]
    if not set(needed) <= set(table.types):
        return pd.DataFrame(columns=["cost", "one", "other"])
    reads = {"k0": sql.Read("order_id", "key"), "x0": sql.Read("quantity", "number"), "x1": sql.Read("cost", "number")}
    currency = "NULL"
    if "currency" in table.types:
        reads["k1"], currency = sql.Read("currency", "key"), "CAST(k1 AS VARCHAR)"
    return View(Columns(table, reads)).plain(
        f"SELECT {user_text('k0', table.types['order_id'].upper())} AS order_id, CASE WHEN count(*) = count(x0 * x1) "
        f"THEN sum(x0 * x1) END AS cost, min({currency}) AS one, max({currency}) AS other FROM events "
        f"WHERE k0 IS NOT NULL GROUP BY 1").set_index("order_id")


def _subscriptions(tables: Mapping[str, Any], limit: Limit, worth: Comparable) -> pd.DataFrame:
    frame = _read(tables, "subscriptions")
    if "amount" in frame:
        if {"former_amount", "repriced_at"} <= set(frame) and not limit.none:
            later = moments(frame["repriced_at"]) >= _ends(frame, limit)
            frame["amount"] = frame["amount"].mask(later, frame["former_amount"])
        frame["amount"] = worth.net("subscriptions", frame, "amount", "opened_at", "monthly_amount")
    return frame


def _deals(tables: Mapping[str, Any], limit: Limit, worth: Comparable) -> pd.DataFrame:
    frame = _read(tables, "deals")
    if "amount" in frame:
        frame["amount"] = worth.net("deals", frame, "amount", "opened_at", "deal_amount")
    closed = frame["closed_at"].where(frame["won"].notna()) if {"closed_at", "won"} <= set(frame) else None
    active = frame.get("last_activity_at")
    stamps = [column for column in (closed, active) if column is not None]
    if stamps:     # what a deal has come to is known from its last change on
        frame["told_at"] = pd.concat(stamps, axis="columns").max(axis="columns")
    return frame


def _ends(frame: pd.DataFrame, limit: Limit) -> np.ndarray | float:
    """The moment up to which each row counts."""
    if limit.each is None:
        return np.inf if limit.moment is None else float(limit.moment)
    return frame["user_id"].map(limit.each).to_numpy("float64")
