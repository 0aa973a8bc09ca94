"""What each customer comes for: shares of orders, page views and tickets by category, named by readable rules.

The rules are a small table (`needs.csv`, or the caller's own): first match wins, and nobody gets a name for one order.
Beside it stands the lifecycle state of the activity room, and what to show next: the category that a customer looked at
most and has not bought yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.lifecycle import STATES
from engagelab.activity.lifecycle import states as states_by
from engagelab.display import heading, interval, named, shown
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.metrics.looks import page, plain
from engagelab.metrics.shares import shares
from engagelab.privacy.ids import check_ids
from engagelab.segments.looks import first_rows
from engagelab.segments.people import people
from engagelab.segments.profile import Profile
from engagelab.segments.totals import coded, moments, read_table, texts
from engagelab.segments.worth import voided
from engagelab.summaries import durations, periods
from engagelab.summaries.engine import source
from engagelab.summaries.frames import numbers

SIGNS = {"orders": "share", "views": "view_share", "tickets": "ticket_share"}
RULES = ("need", "of", "category", "at_least", "least", "within", "without")
LITTLE, MIXED, ANY, LEAST = "little", "mixed", "*", 3
SHOWN = ("user_id", "state", "need", "category", "recommendation", "orders", "views", "tickets")


@dataclass(frozen=True, repr=False, eq=False)
class Needs:
    """`.frame`, a row a customer; `.summary`, an answer: how many have which need in which state; `.notes`."""

    frame: pd.DataFrame
    summary: pd.DataFrame
    notes: tuple[str, ...]
    tz: str | None = field(repr=False)

    def cells(self) -> list[pd.DataFrame]:
        """The summary and the first rows as they are looked at."""
        rows = self.summary.to_dict("records")
        keys = [name for name in ("state", "need", "category") if name in self.summary]
        table = pd.DataFrame({
            **{heading(name): [named(row[name], name) for row in rows] for name in keys},
            heading("count"): [shown(row["count"], "count") for row in rows],
            heading("share"): [shown(row["estimate"], "share") for row in rows],
            heading("interval"): [interval(row["low"], row["high"], "share") for row in rows]})
        return [table, first_rows(self.frame, SHOWN, dict.fromkeys(SIGNS, "integer"), self.tz)]

    def __repr__(self) -> str:
        return plain(self.cells(), self.notes)

    def _repr_html_(self) -> str:
        return page(self.cells(), self.notes)


def needs(data: Profile | Mapping[str, Any], *, rules: pd.DataFrame | None = None, since: object = None,
          until: object = None, tz: str | None = None, purpose: str | None = "analysis", who: str | None = "customers",
          states: pd.DataFrame | None = None, confidence: float = .95) -> Needs:
    """What each customer comes for, what to show next, and how many there are of each kind.

    data : a `Profile`, of whose customers it is then, or canonical tables by name: orders with order_items (category),
        events (content_id that is a sku of order_items), tickets (topic), and customers for consent (see `profile`).
    rules : a table of rules, the first that fits wins: `need`, its name; `of`, "orders", "views" or "tickets";
        `category`, one, "*" for whichever is largest, or blank for all together; `at_least`, the share of the
        category that it takes, or, of all together, the number; `least`, of how many; `within`, a duration before the
        end, such as "90 days"; `without`, of which there may be none. Unless given: help (two tickets in 90 days),
        mostly (half of three orders or more in one category), looks (three views, no order).
    states : what `el.activity.states` gives (user_id, state), of the log that the company goes by; by orders unless
        given, and then who has not ordered is a lead.
    since, until : which rows count; what was bought before `since` still counts as bought. tz : zone of both.

    Returns `Needs`. `.frame`: user_id, state (missing where the log is too short for it), need, category,
    recommendation, then `share_<category>` of orders, `view_share_<category>`, `ticket_share_<topic>`, and the
    evidence: orders, views, tickets. An order counts for each category in it, so shares of orders may add up to more
    than 1. Whom no rule fits is "mixed", or "little" with less than three orders and three views. `.summary`: an
    answer, a row a state, need and category, as a share of all customers.
    Raises UsageError for arguments and where no table tells anything; DataError for a rule that cannot be right.

    >>> at = pd.to_datetime(["2026-04-02", "2026-04-09", "2026-04-20", "2026-04-05"], utc=True)
    >>> orders = pd.DataFrame({"order_id": list("1234"), "user_id": list("aaab"), "ordered_at": at})
    >>> items = pd.DataFrame({"order_id": list("1234"), "category": ["beans", "beans", "gift", "gift"]})
    >>> needs({"orders": orders, "order_items": items}, who=None).frame[
    ...     ["user_id", "need", "category", "share_beans", "orders"]].round(2)
      user_id    need category  share_beans  orders
    0       a  mostly    beans         0.67       3
    1       b  little      NaN         0.00       1
    """
    table = _rules(rules)
    tables = data.tables if isinstance(data, Profile) else data
    ids, end, notes = _people(data, purpose, who, until, tz)
    begin = periods.moment("since", since, tz)
    rows = {name: found for name, make in (("orders", _orders), ("views", _views), ("tickets", _tickets))
            if (found := make(tables, notes)) is not None and len(found)}
    if not rows:
        raise UsageError("needs.tables")
    if end is None:
        end = max(int(each["at"].max()) for each in rows.values()) + 1
    if begin is not None and begin >= end:
        raise DataError("summaries.no_window", since=repr(since), until=repr(until))
    if ids is None:
        named_there = [each["user_id"].cat.remove_unused_categories().cat.categories for each in rows.values()]
        ids = pd.Index(np.unique(np.concatenate(named_there)), dtype="str")
    check_ids(ids)
    ever = {name: _placed(each[each["at"] < end], ids) for name, each in rows.items()}
    counted = {name: each[each["at"] >= begin] if begin is not None else each for name, each in ever.items()}
    notes += [words.text(f"needs.{name}", n=int(each["first"].sum()), users=each["place"].nunique())
              for name, each in counted.items()]
    frame = _named(ever, counted, table, ids, end, notes)
    frame["state"] = _states(ever.get("orders"), ids, end, tz, notes) if states is None else _given(states, ids)
    frame["recommendation"] = _recommended(counted.get("views"), ever.get("orders"), ids)
    lead = ["state", "need", "category", "recommendation"]
    frame = frame[[*lead, *(name for name in frame if name not in (*lead, *SIGNS)), *counted]]
    order = [*dict.fromkeys(table["need"]), MIXED, LITTLE]
    return Needs(frame.rename_axis("user_id").reset_index(), _summary(frame, order, confidence), tuple(notes), tz)


def _rules(given: pd.DataFrame | None) -> pd.DataFrame:
    """The table of rules, each checked; what a rule does not say is blank."""
    if given is None:
        with files(__package__).joinpath("needs.csv").open(encoding="utf-8") as file:
            given = pd.read_csv(file, dtype="str")
    for column in ("need", "of", "at_least"):
        column_of(column, given.columns, "rules")
    table = given.reindex(columns=RULES).reset_index(drop=True)
    table["at_least"], table["least"] = (numbers(table, [name])[name] for name in ("at_least", "least"))
    for row, rule in enumerate(table.to_dict("records"), 1):
        one_of("of", rule["of"], SIGNS)
        if isinstance(rule["without"], str):
            one_of("without", rule["without"], SIGNS)
        if isinstance(rule["within"], str):
            durations.days("within", rule["within"])
        if pd.isna(rule["need"]) or not rule["at_least"] > 0 or (isinstance(rule["category"], str)
                                                                 and rule["at_least"] > 1):
            raise DataError("needs.rule", row=row, need=repr(rule["need"]), value=f"{rule['at_least']:g}")
    return table


def _people(data: Profile | Mapping[str, Any], purpose: str | None, who: str | None, until: object,
            tz: str | None) -> tuple[pd.Index | None, int | None, list[str]]:
    """Whose needs are asked for (None: of all that the tables name), up to when, and what was left out."""
    end = periods.moment("until", until, tz)
    if isinstance(data, Profile):
        if data.limit.each is not None and end is None:
            raise UsageError("needs.each")
        notes = [words.text("needs.of_profile", n=len(data.frame))]
        return pd.Index(data.frame["user_id"]), end if end is not None else data.limit.moment, notes
    if not isinstance(data, Mapping):
        raise UsageError("needs.tables")
    found = people(data, purpose=purpose, who=who, until=until, tz=tz)
    ids = None if found.open and not len(found.known) else found.frame.index.sort_values()
    return ids, end, list(found.notes)


def _read(tables: Mapping[str, Any], name: str, time: str, others: tuple[str, ...], notes: list[str],
          key: str = "") -> pd.DataFrame | None:
    """Rows of a table that name a customer and a time: user_id, at (microseconds) and others, each `key` once."""
    if name not in tables or not {"user_id", time} <= set(there := source(tables[name]).types):
        return None
    own = [column for column in (key, *others) if column in there]
    frame = read_table(name, tables[name], ["user_id", time, *own])
    made = frame[own].assign(user_id=coded(frame["user_id"]), at=moments(frame[time]))
    lost = made["user_id"].isna() | made["at"].isna()
    if key in own:
        made[key] = texts(made[key])
        lost |= made[key].isna() | made[key].duplicated()
    if lost.any():
        notes.append(words.text("needs.lost", table=words.text(f"table.{name}"), n=int(lost.sum())))
    return made[~lost].assign(first=True)


def _orders(tables: Mapping[str, Any], notes: list[str]) -> pd.DataFrame | None:
    """A row an order and category in it; `first` is true of one of each order's."""
    orders = _read(tables, "orders", "ordered_at", ("status",), notes, "order_id")
    if orders is None:
        return None
    orders = orders[~voided(orders)]
    if "order_id" not in orders or "order_items" not in tables or not {"order_id", "category"} <= set(
            source(tables["order_items"]).types):
        return orders.assign(category=pd.Series(np.nan, index=orders.index, dtype="str"))
    items = read_table("order_items", tables["order_items"], ["order_id", "category"])
    items = pd.DataFrame({"order_id": texts(items["order_id"]), "category": texts(items["category"])})
    made = orders.merge(items.dropna().drop_duplicates(), on="order_id", how="left")
    made["first"] = ~made["order_id"].duplicated()
    unknown = int(made["category"].isna().sum())
    notes += [words.text("needs.no_category", n=unknown)] * bool(unknown)
    return made


def _views(tables: Mapping[str, Any], notes: list[str]) -> pd.DataFrame | None:
    """A row of the log about a product that `order_items` knows by its sku, and the category of that."""
    if "order_items" not in tables or not {"sku", "category"} <= set(source(tables["order_items"]).types):
        return None
    views = _read(tables, "events", "occurred_at", ("content_id",), notes)
    if views is None or "content_id" not in views:
        return None
    items = read_table("order_items", tables["order_items"], ["sku", "category"])
    seen = pd.DataFrame({"sku": coded(items["sku"]).astype("str"), "category": coded(items["category"]).astype("str")}
                        ).value_counts().reset_index()
    seen = seen.sort_values(["count", "category"], ascending=[False, True]).drop_duplicates("sku").set_index("sku")
    content = coded(views["content_id"])
    known = seen["category"].reindex(content.cat.categories).to_numpy()
    made = views.assign(category=np.append(known, np.nan)[content.cat.codes])
    return made[made["category"].notna()]


def _tickets(tables: Mapping[str, Any], notes: list[str]) -> pd.DataFrame | None:
    """A row a ticket, its topic as its category."""
    tickets = _read(tables, "tickets", "created_at", ("topic",), notes, "ticket_id")
    if tickets is None:
        return None
    topic = texts(tickets["topic"]) if "topic" in tickets else pd.Series(np.nan, index=tickets.index, dtype="str")
    return tickets.assign(category=topic)


def _placed(rows: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    """The rows of these customers, each with the place of its own among them."""
    place = np.append(ids.get_indexer(rows["user_id"].cat.categories), -1)[rows["user_id"].cat.codes]
    return rows[["at", "category", "first"]].assign(place=place)[place >= 0]


def _counts(rows: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    """Of each customer, how many rows of each category."""
    category = pd.Categorical(rows["category"])
    names = list(category.categories)
    known = category.codes >= 0
    flat = rows["place"].to_numpy()[known] * len(names) + category.codes[known]
    table = np.bincount(flat, minlength=len(ids) * len(names)).reshape(len(ids), len(names))
    return pd.DataFrame(table, index=ids, columns=pd.Index(names, dtype="str"))


def _shares(rows: pd.DataFrame, ids: pd.Index) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Of each customer: shares by category, how many have a category, how many there are."""
    once = rows[rows["first"]]
    held, total = (pd.Series(np.bincount(each["place"], minlength=len(ids)), index=ids)
                   for each in (once[once["category"].notna()], once))
    return _counts(rows, ids).div(held.where(held > 0), axis="index"), held, total


def _named(ever: Mapping[str, pd.DataFrame], counted: Mapping[str, pd.DataFrame], rules: pd.DataFrame, ids: pd.Index,
           end: int, notes: list[str]) -> pd.DataFrame:
    """The shares, the evidence, and the first rule that fits."""
    made = {name: _shares(rows, ids) for name, rows in counted.items()}
    frame = pd.concat([shares.add_prefix(f"{SIGNS[name]}_") for name, (shares, _, _) in made.items()]
                      + [total.rename(name) for name, (_, _, total) in made.items()], axis="columns")
    few = np.logical_and.reduce([made[name][2] < LEAST for name in ("orders", "views") if name in made] or [
        pd.Series(True, index=ids)])
    need = pd.Series(np.where(few, LITTLE, MIXED), index=ids, dtype="str")
    category, open_ = pd.Series(np.nan, index=ids, dtype="str"), pd.Series(True, index=ids)
    for rule in rules.to_dict("records"):
        without = rule["without"] if isinstance(rule["without"], str) else None
        if lacking := next((name for name in (rule["of"], without) if name is not None and name not in made), None):
            notes.append(words.text("needs.idle", need=named(rule["need"], "need"), what=repr(lacking)))
            continue
        fits, largest = _fit(rule, counted[rule["of"]], ids, end)
        if without is not None:
            fits &= ~np.isin(np.arange(len(ids)), ever[without]["place"])
        need, category = need.mask(open_ & fits, rule["need"]), category.mask(open_ & fits, largest)
        open_ &= ~fits
    return frame.assign(need=need, category=category)


def _fit(rule: Mapping[Any, Any], rows: pd.DataFrame, ids: pd.Index, end: int) -> tuple[pd.Series, pd.Series]:
    """Whom a rule fits, and the category by which it does."""
    if isinstance(rule["within"], str):
        rows = rows[rows["at"] >= end - durations.days("within", rule["within"]) * periods.DAY]
    shares, held, total = _shares(rows, ids)
    least = rule["least"] if rule["least"] == rule["least"] else LEAST
    none = pd.Series(np.nan, index=ids, dtype="str")
    if not isinstance(rule["category"], str):
        return (total >= rule["at_least"]) & (total >= least), none
    if rule["category"] != ANY:
        one = shares[one_of("category", rule["category"], shares.columns)]
        return (one >= rule["at_least"]) & (held >= least), none.mask(one.notna(), rule["category"])
    if shares.empty or not len(shares.columns):
        return pd.Series(False, index=ids), none
    largest = pd.Series(shares.columns.to_numpy(dtype=object)[shares.fillna(0).to_numpy().argmax(axis=1)], index=ids)
    return (shares.max(axis="columns") >= rule["at_least"]) & (held >= least), largest.astype("str")


def _states(orders: pd.DataFrame | None, ids: pd.Index, end: int, tz: str | None, notes: list[str]) -> pd.Series:
    """The lifecycle state of each customer by the orders; who never ordered is a lead there."""
    nobody = pd.Series(np.nan, index=ids, dtype="str")
    if orders is None or orders.empty:
        return nobody
    once = orders[orders["first"]]
    at = pd.to_datetime(once["at"].to_numpy(), unit="us", utc=True)
    log = pd.DataFrame({"user_id": ids[once["place"]], "at": at})
    try:
        found = states_by(log, user="user_id", time="at", tz=tz, until=pd.Timestamp(end, unit="us", tz="UTC"),
                       known=pd.DataFrame({"user_id": ids}))
    except DataError as error:
        if error.key != "activity.short_log":
            raise
        notes.append(words.text("needs.no_state", why=str(error)))
        return nobody
    notes.append(words.text("needs.state"))
    return found.set_index("user_id")["state"].reindex(ids)


def _given(states: pd.DataFrame, ids: pd.Index) -> pd.Series:
    """The states that the caller has, each customer's once."""
    for column in ("user_id", "state"):
        column_of(column, states.columns, "states")
    keys = texts(states["user_id"])
    if (again := keys.duplicated()).any():
        raise DataError("profile.twice", row=int(again.to_numpy().argmax()) + 1, n=int(again.sum()),
                        first=int((keys == keys[again].iloc[0]).to_numpy().argmax()) + 1, table="states")
    return pd.Series(states["state"].to_numpy(), index=keys).reindex(ids).astype("str")


def _recommended(views: pd.DataFrame | None, orders: pd.DataFrame | None, ids: pd.Index) -> pd.Series:
    """The category that each looked at most and has not bought; the first by name of equal ones."""
    none = pd.Series(np.nan, index=ids, dtype="str")
    if views is None or views.empty:
        return none
    seen = _counts(views, ids)
    if orders is not None:
        seen = seen.where(_counts(orders, ids).reindex(columns=seen.columns, fill_value=0) == 0, 0)
    best = pd.Series(seen.columns.to_numpy(dtype=object)[seen.to_numpy().argmax(axis=1)], index=ids, dtype="str")
    return best.where(seen.max(axis="columns") > 0)


def _summary(frame: pd.DataFrame, order: list[str], confidence: float) -> pd.DataFrame:
    """How many are in each state with each need."""
    keys = [*(["state"] if frame["state"].notna().any() else []), "need", "category"]
    filled = frame[keys].fillna({"category": "", "state": words.text("metrics.missing")})
    found = filled.groupby(keys).size().rename("count").reset_index()
    found["rank"] = found["need"].map({need: place for place, need in enumerate(order)})
    if "state" in keys:
        found["place"] = found["state"].map({state: place for place, state in enumerate(STATES)}).fillna(len(STATES))
    found = found.sort_values([*(["place"] if "state" in keys else []), "rank", "category"], ignore_index=True)
    return shares(found.assign(metric="need", n=len(frame))[["metric", *keys, "count", "n"]], confidence=confidence)
