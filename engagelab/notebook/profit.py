"""The profit of a period as a tree: of what a folder of tables tells, or as its settings write it.

Sales are those of subscriptions (months that ran, times the fee) and of orders (customers, orders of each, amount of
each); what is left of them by the margin, less what marketing cost. A folder's own tree uses the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.errors import SourceError, UsageError, near
from engagelab.kpi.totals import per_user, total, users
from engagelab.kpi.tree import Tree
from engagelab.kpi.values import Values
from engagelab.metrics.nouns import mean
from engagelab.money import net
from engagelab.notebook.money import no_amount, tax_told
from engagelab.notebook.periods import Periods
from engagelab.sources.folder import Folder
from engagelab.sources.settings import FILE

VOID = ("voided", "cancelled", "canceled", "pending")
MONEY = "¤"  # of a unit: the currency of the tree
MOST_KINDS = 6  # of costs, that a picture still shows


@dataclass(frozen=True)
class Profit:
    """The tree, its values by period, and what has to be said; `leaves`, what each leaf rests on."""

    tree: Tree
    values: Values = field(repr=False)
    leaves: Mapping[str, Any] = field(repr=False)
    currency: str = ""
    notes: tuple[str, ...] = ()
    only_sales: bool = False  # no margin is told: what the usual tree ends in is sales, and no profit


@dataclass
class _Book:
    """What the tables give: lines of the tree, and the values of its leaves."""

    currency: str
    lines: dict[str, str] = field(default_factory=dict)
    leaves: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def line(self, name: str, formula: str = "", unit: str = "", said_as: str = "") -> None:
        """A line with its labels from the catalogue of words, or with the name itself."""
        said = words.catalogue().get(f"profit.{said_as or name}")
        label = f"  # {said['en']} | {said['ja']}" if said else ""
        unit = (unit or MONEY).replace(MONEY, self.currency)
        known = f" [{unit}]" if unit and not unit.startswith("/") else ""  # a currency that nobody told has no name
        self.lines[name] = f"{name}{f' = {formula}' if formula else ''}{known}{label}"

    def leaf(self, name: str, value: Any, unit: str) -> None:
        """A leaf with its value."""
        self.line(name, unit=unit)
        self.leaves[name] = value


def profit_tree(company: Folder, when: Periods) -> Profit | None:
    """The tree of a company's profit and its values in both periods; None where no table tells of sales.

    Its own tree is that of `engagelab.toml`, [kpi] tree, with numbers of its own in [kpi] values; what it names and
    does not write, such as `sales` or `marketing`, is as in the usual tree.

    >>> from engagelab.notebook.periods import periods
    >>> from engagelab.notebook.setup import open_data
    >>> company = open_data("sample")
    >>> print(profit_tree(company, periods(company)).tree)  # doctest: +ELLIPSIS
    profit = gross_profit - marketing [JPY]
      gross_profit = sales * margin [JPY]
      ...
    """
    book = _Book(_currency(company))
    sales = [name for name, told in (("subscription_sales", _subscriptions), ("order_sales", _orders))
             if told(company, when, book)]
    if not sales:
        return None
    if len(sales) > 1:
        book.line("sales", " + ".join(sales))
    left = "sales" if len(sales) > 1 else sales[0]
    only_sales = company.settings.value.margin >= 1
    if not only_sales:
        book.line("gross_profit", f"{left} * margin")
        book.leaf("margin", company.settings.value.margin, "%")
        left = "gross_profit"
    if _costs(company, when, book):
        book.line("profit", f"{left} - marketing", said_as="sales_left" if only_sales else "profit")
    own = company.settings.kpi
    try:
        tree = _own(own.tree, book.lines) if own.tree else Tree("\n".join(book.lines.values()))
        for name in sorted(set(tree.program.inputs) - set(book.leaves) - set(own.values)):
            raise UsageError("profit.no_leaf", leaf=name, near=near(name, book.lines))
        told = {name: value for name, value in book.leaves.items() if name in tree.program.inputs}
        leaves = told | {name: tuple(value) if isinstance(value, list) else value for name, value in own.values.items()}
        values = tree.evaluate(leaves, user="user_id", **when.over)
    except UsageError as error:  # of the company's own lines and values
        raise SourceError("profit.tree", file=FILE, problem=str(error)) from None
    return Profit(tree, values, leaves, book.currency, tuple(book.notes), only_sales and not own.tree)


def _currency(company: Folder) -> str:
    """The company's currency if its amounts are in it, else the one that most of them are in; "" where none tells."""
    known = pd.concat([table["currency"].dropna() for table in map(company.get, ("orders", "subscriptions", "costs"))
                       if table is not None and "currency" in table] or [pd.Series(dtype="str")])
    own = company.settings.currency
    return own if known.empty or (known == own).any() else str(known.mode().iloc[0])


def _alike(table: pd.DataFrame, name: str, book: _Book) -> pd.DataFrame:
    """The rows of a table that are in the tree's currency, or do not say theirs; what is left out is said."""
    if "currency" not in table:
        return table
    other = table["currency"].notna() & table["currency"].ne(book.currency)
    if other.any():
        book.notes.append(words.text("profit.other_money", table=words.text(f"table.{name}"), n=int(other.sum()),
                                     of=len(table), currency=book.currency))
    return table[~other]


def _own(text: str, lines: Mapping[str, str]) -> Tree:
    """A tree of the company's own; what it names and does not write itself has the lines that the tables tell."""
    while True:
        tree = Tree(text)
        more = [lines[name] for name in tree.program.inputs if name in lines and not tree.nodes[name].line]
        if not more:
            return tree
        text = "\n".join([text, *more])


def _subscriptions(company: Folder, when: Periods, book: _Book) -> bool:
    """The months that subscriptions ran, of those who stayed and who joined, and the fee of a month."""
    table = company.get("subscriptions")
    if when.every == "week" or table is None or not {"opened_at", "amount"} <= set(table.dropna(axis=1, how="all")):
        return False
    running = subscription_months(_alike(table, "subscriptions", book), when)
    if running.empty:
        return False
    time = "month"
    book.line("subscription_sales", "running * fee")
    book.line("running", "stayed + joined", "month")
    book.leaf("stayed", (total("stayed"), running, time), "month")
    book.leaf("joined", (total("joined"), running, time), "month")
    book.leaf("fee", (mean("fee"), running, time), f"{MONEY}/month")
    return True


def subscription_months(table: pd.DataFrame, when: Periods) -> pd.DataFrame:
    """A row for each subscription and month in which it ran, in both periods.

    A month counts where it ran to the end: then `fee` is what it brought, and it is `joined` if it was opened in the
    period, else `stayed` (0 or 1). `left` : of those that ran at the start of the month, whether it was closed in it.
    """
    ends = pd.date_range(*when.bounds, freq="MS", tz=when.tz)
    rows = []
    for start, end in pairwise(ends):
        there = table[(table["opened_at"] < end) & ~(table["closed_at"] < start)]
        label = when.label(pd.Series([start])).iloc[0]
        paid, joined = ~(there["closed_at"] < end), when.label(there["opened_at"]).eq(label)
        fee = there["amount"]
        if "former_amount" in there:
            fee = fee.mask(there["repriced_at"].ge(end) & there["former_amount"].notna(), there["former_amount"])
        left = (~paid).astype("boolean").mask(there["opened_at"] >= start)
        rows.append(there.assign(month=start, period=label, fee=fee.where(paid), left=left,
                                 joined=(paid & joined) * 1.0, stayed=(paid & ~joined) * 1.0))
    return pd.concat(rows, ignore_index=True) if rows else table.iloc[:0]


def _orders(company: Folder, when: Periods, book: _Book) -> bool:
    """Customers, what each of them ordered how often, and what an order came to."""
    table = company.get("orders")
    if table is None or table["ordered_at"].isna().all() or not when.covers(table["ordered_at"]):
        return False
    kept = table[~table["status"].astype("str").str.lower().isin(VOID)] if "status" in table else table
    stand, (kept, taken) = len(kept), tax_told(kept)
    rates = company.get("rates")
    if rates is not None and book.currency == company.settings.currency:
        bought = net(kept, currency=book.currency, rates=rates, time="ordered_at", tz=when.tz)
    else:
        kept = _alike(kept, "orders", book)
        bought = net(kept) if len(kept) else kept
    inside = bought[when.label(bought["ordered_at"]).between(when.before, when.now)] if len(bought) else bought
    if inside.empty:
        return False
    if stand < len(table):
        book.notes.append(words.text("profit.left_out", n=len(table) - stand, of=len(table)))
    book.notes += filter(None, (taken, no_amount(bought)))
    book.line("order_sales", "customers * frequency * order_value")
    for name, noun, unit in (("customers", users(), "person"), ("frequency", per_user(), "order/person"),
                             ("order_value", mean("amount"), f"{MONEY}/order")):
        book.leaf(name, (noun, inside, "ordered_at"), unit)
    return True


def _costs(company: Folder, when: Periods, book: _Book) -> bool:
    """What marketing cost, by its kinds where there are few."""
    table = company.get("costs")
    first, end = (pd.Timestamp(day, tz=when.tz) for day in when.bounds)
    if when.every == "week" or table is None or table["month"].isna().all() or not (
            table["month"].min() <= first and table["month"].max() >= end - pd.offsets.MonthBegin(1)):
        return False
    spent = _alike(table, "costs", book).assign(period=lambda kept: when.label(kept["month"]))
    spent = spent[spent["period"].between(when.before, when.now) & spent["amount"].notna()]
    if spent.empty:
        return False
    kinds = sorted(spent["kind"].dropna().unique()) if "kind" in spent and spent["kind"].notna().all() else []
    if not 1 < len(kinds) <= MOST_KINDS or not all(str(kind).isidentifier() for kind in kinds):
        kinds = []
    parts = [(f"cost_of_{kind}", spent[spent["kind"] == kind]) for kind in kinds] or [("marketing", spent)]
    if kinds:
        book.line("marketing", " + ".join(name for name, _ in parts))
    periods = sorted({when.before, when.now, *spent["period"]})
    for name, part in parts:
        by_period = part.groupby("period")["amount"].sum()
        book.leaf(name, {label: float(by_period.get(label, 0.0)) for label in periods}, MONEY)
    return True
