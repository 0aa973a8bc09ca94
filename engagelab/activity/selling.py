"""Who buys from another category (cross-sell), and who moves to a higher plan (up-sell).

Cross-buying is the number of different categories that a customer has bought from (Kumar, George and Pancras 2008,
Journal of Retailing 84, 15-27). Every rate counts customers, each once, by their first move, within the same time after
their first purchase.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.activity.firsts import WITHIN, Firsts, bought_by, told, windows_of
from engagelab.errors import DataError, UsageError, near
from engagelab.metrics.answer import labels
from engagelab.metrics.shares import shares
from engagelab.summaries import sql
from engagelab.summaries.engine import Source
from engagelab.summaries.purchases import Purchases
from engagelab.summaries.view import Columns, View


def cross_sell(data: Any, *, user: str, time: str, category: str, within: str | Sequence[str] = WITHIN,
               since: object = None, until: object = None, tz: str | None = None,
               by: str | Sequence[str] | None = None, event: str | None = None, events: Sequence[str] | None = None,
               confidence: float = .95) -> pd.DataFrame:
    """How many first buyers later buy in another category, and from which to which.

    data : a row an order line, with the customer and the stamp of the order. category : its column of what was bought.
    The other arguments are those of `repeat`.

    Returns the columns of `measure()` with `from`, `to` and `within`: of those who bought in `from` on their first day,
    how many had bought in another category within that time; `to` is the next category, bought first on the
    first later day with one that the first day did not have. Who had several categories on such a day counts in each,
    and once in "(all)".

    >>> lines = pd.DataFrame({"who": ["a", "a", "b", "b", "c"], "what": ["tea", "cup", "tea", "tea", "cup"],
    ...     "at": pd.to_datetime(["2026-04-01", "2026-04-11", "2026-04-02", "2026-06-30", "2026-04-03"], utc=True)})
    >>> cross_sell(lines, user="who", time="at", category="what", within="30 days")[
    ...     ["from", "to", "within", "estimate", "count", "n"]].round(2)
        from     to   within  estimate  count  n
    0    cup    tea  30 days      0.00    0.0  1
    1    cup  (all)  30 days      0.00    0.0  1
    2    tea    cup  30 days      0.50    1.0  2
    3    tea  (all)  30 days      0.50    1.0  2
    4  (all)    cup  30 days      0.33    1.0  3
    5  (all)    tea  30 days      0.00    0.0  3
    6  (all)  (all)  30 days      0.33    1.0  3
    """
    windows = windows_of(within)
    bought = bought_by(data, since, tz, user=user, time=time, until=until, by=by, event=event, events=events,
                     kind=category)
    firsts, onsets = Firsts(bought, windows), bought.onsets()
    kinds, (later, moves), total = _kinds(onsets), _moves(bought, onsets), words.text("metrics.all")
    base = pd.concat([firsts.counted(moves, "gap", "start"), firsts.counted(later, "gap").assign(start=total)])
    moved = pd.concat([firsts.counted(moves, "gap", "start", "next"),
                       firsts.counted(moves, "gap", "next").assign(start=total)])
    keys = [*firsts.names, "start", "next"]
    grid = base.drop(columns=firsts.counts).merge(pd.DataFrame({"next": list(kinds)}, dtype=object), how="cross")
    grid = grid[grid["start"] != grid["next"]].merge(moved[[*keys, *firsts.counts]], how="left", on=keys)
    grid[firsts.counts] = grid[firsts.counts].fillna(0)
    table = pd.concat([grid, base.assign(next=total)], ignore_index=True)
    places = {kind: i for i, kind in enumerate([*kinds, total])}
    table = table.assign(rank_from=table["start"].map(places), rank_to=table["next"].map(places))
    table = table.sort_values([*firsts.ranks, "rank_from", "rank_to"], kind="stable", ignore_index=True)
    said = kinds | {total: total}
    table = table.assign(**{"from": table["start"].map(said), "to": table["next"].map(said)})
    return told(shares(firsts.rows("cross_sell", table, "from", "to"), confidence=confidence), bought, since)


def categories(data: Any, *, user: str, time: str, category: str, within: str | Sequence[str] = WITHIN,
               since: object = None, until: object = None, tz: str | None = None,
               by: str | Sequence[str] | None = None, event: str | None = None, events: Sequence[str] | None = None,
               confidence: float = .95) -> pd.DataFrame:
    """How many different categories customers buy from, within the same time after their first purchase.

    The arguments are those of `cross_sell`. Returns the columns of `measure()` with `within` and `categories`: the
    share of customers with just so many; `within` "(all)" is as long as each was observed, the new ones hardly.

    >>> lines = pd.DataFrame({"who": ["a", "a", "b", "c"], "what": ["tea", "cup", "tea", "cup"],
    ...     "at": pd.to_datetime(["2026-04-01", "2026-04-11", "2026-04-02", "2026-04-03"], utc=True)})
    >>> categories(lines, user="who", time="at", category="what", within="8 days")[
    ...     ["within", "categories", "estimate", "count", "n", "n_missing"]].round(2)
       within categories  estimate  count  n  n_missing
    0  8 days          1      1.00    3.0  3          0
    1   (all)          1      0.67    2.0  3          0
    2   (all)          2      0.33    1.0  3          0
    """
    bought = bought_by(data, since, tz, user=user, time=time, until=until, by=by, event=event, events=events,
                     kind=category)
    firsts, kinds, parts = Firsts(bought, windows_of(within)), bought.onsets(), []
    for label, days in [*firsts.windows.items(), (words.text("metrics.all"), None)]:
        most = "" if days is None else f" AND kinds.period <= first_period + {days}"
        observed = "1" if days is None else f"CASE WHEN first_period <= {bought.end - days} THEN 1 END"
        each = _joined(bought.source, kinds, bought.by, f"count(*) AS categories, {observed} AS observed",
                       f"kinds.period >= first_period{most}")
        everybody = firsts.asked(each, "count(observed) AS n, count(*) - count(observed) AS n_missing")
        table = firsts.asked(each, "count(observed) AS count", ("categories",))
        parts.append(table.merge(everybody, how="left" if firsts.names else "cross",
                                 on=[*firsts.names, *firsts.ranks] or None).assign(within=label))
    table = pd.concat(parts, ignore_index=True).sort_values(firsts.ranks, kind="stable", ignore_index=True)
    table = table[table["count"] > 0]
    table = table.assign(metric="categories")[
        ["metric", *firsts.names, "within", "categories", "count", "n", "n_missing"]]
    return told(shares(table, confidence=confidence), bought, since)


def up_sell(data: Any, *, user: str, time: str, plan: str, plans: Sequence[str], within: str | Sequence[str] = WITHIN,
            since: object = None, until: object = None, tz: str | None = None,
            by: str | Sequence[str] | None = None, event: str | None = None, events: Sequence[str] | None = None,
            confidence: float = .95) -> pd.DataFrame:
    """How many customers move to a higher plan than their first, and how many to a lower one.

    data : a row an order or a subscription, with the plan that it was on. plan : its column; plans : the names from low
        to high. Who had several plans on the first day began with the highest. The other arguments are those of
        `repeat`.

    Returns the columns of `measure()` with `from` and `within`: `moved_up` of those who could, that is, whose first
    plan is not the highest; `moved_down` of those whose is not the lowest. A later day, too, stands for the highest
    plan bought on it, so who goes on with two plans side by side has not moved. A move back does not undo a move.

    >>> orders = pd.DataFrame({"who": ["a", "a", "b", "c"], "plan": ["light", "large", "light", "large"],
    ...     "at": pd.to_datetime(["2026-04-01", "2026-04-11", "2026-04-02", "2026-04-30"], utc=True)})
    >>> up_sell(orders, user="who", time="at", plan="plan", plans=["light", "large"], within="14 days")[
    ...     ["metric", "from", "estimate", "count", "n", "n_missing"]]
           metric   from  estimate  count  n  n_missing
    0    moved_up  light       0.5    1.0  2          0
    1    moved_up  (all)       0.5    1.0  2          0
    2  moved_down  large       NaN    0.0  0          1
    3  moved_down  (all)       NaN    0.0  0          1
    """
    names = {name for name in plans if isinstance(name, str)} if isinstance(plans, list | tuple) else set()
    if len(names) < max(len(plans or ()), 2):
        raise UsageError("repeat.plans", value=repr(plans))
    windows = windows_of(within)
    bought = bought_by(data, since, tz, user=user, time=time, until=until, by=by, event=event, events=events, kind=plan)
    firsts, held = Firsts(bought, windows), _kinds(bought.onsets())
    for name in held.values():
        if name not in plans:
            raise DataError("repeat.unknown_plan", column=repr(plan), value=repr(name) + near(name, plans),
                            plans=words.joined(plans))
    rank = "CASE CAST(k0 AS VARCHAR) " + " ".join(
        f"WHEN {sql.text_literal(raw)} THEN {plans.index(name)}" for raw, name in held.items()) + " END"
    days = _best(bought, rank if held else "0")
    started = _joined(bought.source, days, bought.by, "max(kinds.best) AS start", "kinds.period = first_period")
    parts = []
    for metric, way, rest in (("moved_up", ">", f"start < {len(plans) - 1}"), ("moved_down", "<", "start > 0")):
        moved = _joined(started, days, bought.by,
                        f"start, min(CASE WHEN kinds.best {way} start THEN kinds.period END) - first_period AS gap",
                        "kinds.period > first_period", ", start")
        own = firsts.counted(moved, "gap", "start", where=rest)
        every = firsts.counted(moved, "gap", where=rest).assign(start=len(plans))
        table = pd.concat([own.astype({"start": "int64"}), every], ignore_index=True)
        table = table.sort_values([*firsts.ranks, "start"], kind="stable", ignore_index=True)
        table["start"] = [[*plans, words.text("metrics.all")][i] for i in table["start"]]
        parts.append(firsts.rows(metric, table.rename(columns={"start": "from"}), "from"))
    return told(shares(pd.concat(parts, ignore_index=True), confidence=confidence), bought, since)


def _kinds(onsets: Source) -> dict[str, str]:
    """The categories or plans that occur, in their own order: as the engine writes them, and as an answer does."""
    view = View(Columns(onsets, {"kind": sql.Read("kind", "key")}), ("kind",))
    found = view.query("SELECT /*by*/ count(*) AS n\nFROM events\nGROUP BY kind")[0]
    return dict(zip(found["key_1"], labels(found, 1, None, 1), strict=True))


def _best(bought: Purchases, rank: str) -> Source:
    """A row a customer and day with the highest rank that was bought on it."""
    columns = bought.view.columns
    return columns.source.keep(
        f"{bought.view.ctes()}\nSELECT customer, period, max(place) AS best\nFROM (\n    SELECT u0 AS customer, "
        f"{bought.period} AS period, {rank} AS place\n    FROM events\n    WHERE u0 IS NOT NULL\n) AS held\n"
        "GROUP BY customer, period", [item.column for item in columns.reads.values()])


def _joined(firsts: Source, kinds: Source, by: Sequence[str], picked: str, which: str, more: str = "") -> Source:
    """A row a first buyer, with what is picked of `kinds`, the first days of what was bought."""
    keys = ", ".join([*(f"by_{i}" for i, _ in enumerate(by, 1)), "firsts.customer", "first_period"])
    return firsts.keep(
        f"SELECT {keys}, {picked}\nFROM {firsts.table} AS firsts LEFT JOIN {kinds.table} AS kinds\n"
        f"ON kinds.customer = firsts.customer AND {which}\nGROUP BY {keys}{more}", [])


def _moves(bought: Purchases, kinds: Source) -> tuple[Source, Source]:
    """A row a first buyer with the gap to the first day with another category; and a row a move between categories."""
    later = _joined(bought.source, kinds, bought.by, "min(kinds.period) - first_period AS gap",
                    "kinds.period > first_period")
    keys = ", ".join([*(f"by_{i}" for i, _ in enumerate(bought.by, 1)), "later.customer", "first_period", "gap"])
    return later, later.keep(
        f"SELECT {keys}, starts.kind AS start, nexts.kind AS next\nFROM {later.table} AS later\n"
        f"JOIN {kinds.table} AS starts ON starts.customer = later.customer AND starts.period = first_period\n"
        f"LEFT JOIN {kinds.table} AS nexts\n"
        "ON nexts.customer = later.customer AND nexts.period = first_period + gap", [])
