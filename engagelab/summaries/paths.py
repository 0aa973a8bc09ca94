"""Paths: who came to which step of a funnel and how long that took, and the moves from event to event.

The rule of a funnel is that of an open start: a user may start several times and comes through if any start leads
through in time. Each step hands on the latest start that leads to it as a running maximum, one window function a
step (`paths.sql`); there is no list of a user's events anywhere. Only starts that were observed for the whole time
allowed count: a late starter who has converted already would count and one who has not yet would not, which flatters.
Of moves, too, what cannot be known is kept apart: whether a path ends there, so shortly before the end of observation.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engagelab.errors import DataError, UsageError, one_of
from engagelab.summaries import sql
from engagelab.summaries.durations import duration
from engagelab.summaries.engine import Source
from engagelab.summaries.view import View

ORDERS = ("strict", "loose", "any")
MOST = 30  # steps: the place in a moment holds two numbers below 32, and 1024 of them are a moment
PLACES = {"loose": "tie AS place",
          "strict": "dense_rank() OVER (PARTITION BY u0 ORDER BY t0, COALESCE(tie // 32, 32)) AS place"}
RANKS = {"loose": "t0 * 1024 + place AS r", "strict": "place AS r"}
RUNS = {"loose": "u0", "strict": "u0, r - k"}
STATES = 60  # kinds of events on a path, which are bits of one number
LEVEL = """reached_{to} AS (
    SELECT u0, t0, k, r, s
    FROM (
        SELECT u0, t0, k, r, max(CASE WHEN {start} END)
            OVER (PARTITION BY {run} ORDER BY r ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s
        FROM reached_{at}
    ) AS carried
    WHERE k >= {to} AND t0 - s <= {within}
),"""
ARRIVAL = """UNION ALL
    SELECT u0, {to} AS step, min(t0) - min(s) AS took
    FROM reached_{to}
    WHERE k = {to}
    GROUP BY u0"""


def named_steps(steps: Any) -> dict[str, tuple[str, ...]]:
    """The steps by label, each with the names of its events.

    >>> named_steps({"interest": ["product_view", "document_view"], "bought": "purchase"})
    {'interest': ('product_view', 'document_view'), 'bought': ('purchase',)}
    """
    items = list(steps.items()) if isinstance(steps, Mapping) else [
        (name, name) for name in steps] if isinstance(steps, list | tuple) else []
    found = {label: (names,) if isinstance(names, str) else tuple(names) if isinstance(names, list | tuple) else ()
             for label, names in items}
    whole = all(isinstance(label, str) and names and all(isinstance(name, str) for name in names)
                for label, names in found.items())
    if not (whole and 2 <= len(found) == len(items) <= MOST):
        raise UsageError("paths.steps", most=MOST, value=repr(steps))
    return found


def arrivals(view: View, steps: Mapping[str, tuple[str, ...]], *, within: str, order: str,
             after: int) -> tuple[Source, str]:
    """A row a user and step that the user came to, `by_1 ... step minutes`, kept on the engine; and the SQL that ran.

    view : users `u0`, stamps `t0`, events `e0`. after : the first moment that was not observed any more.
    """
    one_of("order", order, ORDERS)
    allowed = duration("within", within)
    rows, shared = _rows(steps)
    if order == "any" and shared:
        raise UsageError("paths.shared", event=repr(shared))
    last = after - 1 - allowed
    slots = {"steps": ["\n    UNION ALL ".join(rows)], "order": [*(f"{key} NULLS LAST" for key in view.by), "u0"],
             "observed": [f"CASE WHEN first <= {last} THEN 1 ELSE 0 END AS step"]}
    if order == "any":
        return view.keep(sql.fill(sql.text("paths_any"), **slots, start=[f"CASE WHEN t0 <= {last} THEN t0 END"],
                                  within=[str(allowed)]))
    later = range(2, len(steps) + 1)
    starts = [f"k = 1 AND t0 <= {last} THEN t0", *(f"k = {k} THEN s" for k in later)]
    levels = [LEVEL.format(at=to - 1, to=to, start=starts[to - 2], run=RUNS[order], within=allowed) for to in later]
    return view.keep(sql.fill(
        sql.text("paths"), **slots, place=[PLACES[order]], rank=[RANKS[order]], levels=["\n".join(levels)],
        arrivals=["\n    ".join(ARRIVAL.format(to=to) for to in later)]))


def _rows(steps: Mapping[str, tuple[str, ...]]) -> tuple[list[str], str]:
    """SQL of each event and the steps that it is, with the place of the event among those of a moment.

    An event of the same steps has the same place; one whose last step is earlier comes first. Also an event that is
    several steps, if there is one.
    """
    held: dict[str, list[int]] = {}
    for k, names in enumerate(steps.values(), 1):
        for name in dict.fromkeys(names):
            held.setdefault(name, []).append(k)
    classes = sorted({tuple(ks) for ks in held.values()}, key=lambda ks: ks[::-1])
    if len(classes) > MOST:
        raise UsageError("paths.steps", most=MOST, value=repr(dict(steps)))
    rows = [f"SELECT {sql.text_literal(name)} AS name, {k} AS k, {32 * classes.index(tuple(ks)) + 64 - k} AS tie"
            for name, ks in held.items() for k in ks]
    return rows, next((name for name, ks in held.items() if len(ks) > 1), "")


def states(view: View, column: str) -> list[str]:
    """The names of the events in the log, sorted; refused where they are too many to travel between."""
    held = view.plain("SELECT CAST(e0 AS VARCHAR) AS name FROM events WHERE e0 IS NOT NULL AND u0 IS NOT NULL\n"
                      f"GROUP BY CAST(e0 AS VARCHAR) LIMIT {STATES + 1}")["name"]
    if len(held) > STATES:
        raise DataError("paths.states", column=repr(column), most=STATES)
    return sorted(map(str, held))


def moves(view: View, names: Sequence[str], *, goal: int, gap: int | None, after: int,
          before: int | None = None) -> tuple[Source, str]:
    """A row an event of a user, with the one before on the same path and what comes of it, kept on the engine.

    names : of the events 1, 2 ...; goal : the number of the last of them, or 0 for none. gap : the longest pause
    within a path. after : the first moment that was not observed any more. before : the first that was; the events
    before it only tell which paths had begun.
    Columns: `by_1 ... u0 place came k outcome minutes`.
    """
    breaks = ["t_before IS NULL", *[f"k_before = {goal}"] * bool(goal), *[f"t0 - t_before > {gap}"] * bool(gap)]
    last = after - 1 - gap if gap else None
    unasked = [f"t_before > {last}"] * bool(gap) + [f"t_before < {before}"] * (before is not None)
    came = f"CASE WHEN past >= 0 AND ({' OR '.join(unasked)}) THEN -2 ELSE past END" if unasked else "past"
    in_time, running = (f" AND (past >= 0 OR t0 <= {last})", f"WHEN t0 > {last} THEN 3 ") if gap else ("", "")
    reached = f"WHEN k = {goal}{in_time} THEN 2 " if goal else ""
    goes_on = f"t_after - t0 <= {gap}" if gap else "t_after IS NOT NULL"
    rows = [f"SELECT {sql.text_literal(name)} AS name, {k} AS k" for k, name in enumerate(names, 1)]
    rows = rows or ["SELECT '' AS name, 0 AS k"]  # no event has a name
    return view.keep(sql.fill(
        sql.text("paths_moves"), states=["\n    UNION ALL ".join(rows)],
        past=[f"CASE WHEN {' OR '.join(breaks)} THEN -1 ELSE k_before END AS past"],
        moves=[f"{came} AS came", f"CASE {reached}{running}WHEN {goes_on} THEN 0 ELSE 1 END AS outcome,"],
        window=[] if before is None else [f"WHERE t0 >= {before}"]))
