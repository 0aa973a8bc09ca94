"""Paths: against a search through every choice of rows, and a walk along each user's list, in plain Python."""

import itertools
import re
from collections import Counter
from importlib.resources import files

import duckdb
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engagelab.activity.log import read_log
from engagelab.errors import DataError, UsageError
from engagelab.summaries import paths, sql
from engagelab.summaries.view import View

MINUTE, START, DAY = 60_000_000, 1_767_225_600_000_000, 86_400_000_000  # 2026-01-01
WITHIN = 5
NAMES = ["a", "b", "c", "x", None]


def places(rows, steps):
    """The user's rows in order, those of the same steps at one moment together: (minute, the steps that they are)."""
    which = {name: [k for k, names in enumerate(steps, 1) if name in names] for name in NAMES}
    keyed = {(minute, tuple(which[name][::-1]) or (99,)): which[name] for minute, name in rows}
    return [(minute, keyed[minute, turned]) for minute, turned in sorted(keyed)]


def searched(rows, steps, order, cut):
    """Step -> minutes from the latest start to the first arrival, by trying every choice of rows."""
    line, found = places(rows, steps), {}
    if order == "any":
        line = [(minute, ks) for minute, ks in line if ks]
        for number in range(2, len(steps) + 1):
            pairs = [(t, -a) for a, t in itertools.product({m for m, _ in line}, repeat=2)
                     if a <= cut and a <= t <= a + WITHIN
                     and len({k for m, ks in line for k in ks if a <= m <= t}) >= number]
            if pairs:
                found[number] = min(pairs)[0] + min(pairs)[1]
    for number in range(2, len(steps) + 1 if order != "any" else 0):
        ways = []
        for chosen in itertools.combinations(range(len(line)), number):
            first, last = line[chosen[0]][0], line[chosen[-1]][0]
            together = order == "loose" or chosen[-1] - chosen[0] == number - 1
            if together and first <= cut and last - first <= WITHIN and all(
                    step in line[at][1] for step, at in enumerate(chosen, 1)):
                ways.append((chosen[-1], -first, last))
        if ways:
            found[number] = min(ways)[2] + min(ways)[1]
    starts = [minute for minute, ks in line if (ks if order == "any" else 1 in ks)]
    return ({1: 0} | found if min(starts) <= cut else {0: 0}) if starts else {}


def arrived(log, steps, order, names=None):
    read = read_log(log, user="user", time="at", event="event", until="2026-01-01 00:12")
    named = names or {f"step {k}": tuple(names) for k, names in enumerate(steps, 1)}
    kept, text = paths.arrivals(read.view, named, within=f"{WITHIN} minutes", order=order, after=read.span.after)
    return kept.fetch(f"SELECT step, minutes FROM {kept.table}", []), text


def frame(users):
    rows = [(f"u{user}", START + minute * MINUTE, name) for user, events in enumerate(users) for minute, name in events]
    log = pd.DataFrame(rows, columns=["user", "at", "event"])
    return log.assign(at=pd.to_datetime(log["at"], unit="us"))


log_of_a_user = st.lists(st.tuples(st.integers(0, 11), st.sampled_from(NAMES)), max_size=8)
logs = st.lists(log_of_a_user, min_size=1, max_size=12).filter(any)


def check(users, steps, order):
    cut = 12 - WITHIN - 1e-9
    wanted = Counter(item for rows in users for item in searched(rows, steps, order, cut).items())
    table, _ = arrived(frame(users), steps, order)
    assert Counter(zip(table["step"], table["minutes"].round(9), strict=True)) == wanted


@settings(max_examples=25, deadline=None)
@given(logs, st.sampled_from([["a", "b"], ["a", "b", "c"], [["a", "x"], "b", "c"], ["c", "a", "b"]]),
       st.sampled_from(paths.ORDERS))
def test_paths_are_those_of_a_search_through_all_choices_of_rows(users, steps, order):
    check(users, [[names] if isinstance(names, str) else names for names in steps], order)


@settings(max_examples=25, deadline=None)
@given(logs, st.sampled_from([["a", "a"], ["a", "b", "a"], ["a", "a", "a"], [["a", "b"], ["b", "c"], "b"]]),
       st.sampled_from(["loose", "strict"]))
def test_an_event_can_be_several_steps(users, steps, order):
    check(users, [[names] if isinstance(names, str) else names for names in steps], order)


def test_a_start_again_leads_through_where_the_first_was_too_early():
    rows = [(0, "a"), (3, "a"), (7, "b")]
    assert searched(rows, [["a"], ["b"]], "loose", 7) == {1: 0, 2: 4}
    table, _ = arrived(frame([rows]), [["a"], ["b"]], "loose")
    assert sorted(zip(table["step"], table["minutes"], strict=True)) == [(1, 0), (2, 4)]


def test_of_one_moment_the_event_whose_last_step_is_earlier_comes_first():
    table, _ = arrived(frame([[(0, "a"), (1, "b"), (1, "c")]]), [["a", "b"], ["b", "c"], ["b"]], "loose")
    assert sorted(table["step"]) == [1, 2, 3]


def test_a_user_without_a_name_is_nobody():
    log = frame([[(0, "a"), (1, "b")], [(0, "a"), (1, "b")]])
    table, _ = arrived(log.assign(user=log["user"].where(log["user"] == "u0")), [["a"], ["b"]], "loose")
    assert table["step"].tolist() == [1, 2]


HOSTILE = ["a'b", "'", "''", "'; DROP TABLE data; --", "\\", "\\'", "a\\nb", "a\nb", "a\r\nb", "a\tb", '"', '""',
           "/*end*/", "/*by*/", "/*steps*/", "*/", "/", "*", "--", "$1", "{0}", "{start}", "%s", "\\1", "\\g<0>",
           "NULL", "null", "", " ", "  lead", "a ", "a||b", "売上", "é", "😀", "x" * 300, "1", "CAST(e0 AS VARCHAR)",
           "E'a'", "U&'a'"]


@pytest.mark.parametrize("order", paths.ORDERS)
def test_hostile_names_of_events_are_only_names(order):
    for names in (HOSTILE[:20], HOSTILE[20:]):
        log = frame([[(0, name) for name in names], [(0, name + "!") for name in names]])
        table, _ = arrived(log, [[name] for name in names], order)
        assert sorted(table["step"]) == list(range(1, len(names) + 1))


@pytest.mark.parametrize("name", ["a\0b", "a\ud800"])
def test_a_name_that_is_no_text_is_refused(name):
    with pytest.raises(UsageError, match="nothing that SQL can hold"):
        arrived(frame([[(0, "a")]]), [[name], ["b"]], "loose")


@pytest.mark.parametrize("steps", [["a"], [], "ab", None, {"x": []}, {"x": "a", "y": [1]}, ["a", "a"], {1: "a", 2: "b"},
                                   {"a", "b"}, [f"s{i}" for i in range(31)]])
def test_what_are_no_steps_is_refused(steps):
    with pytest.raises(UsageError, match="steps must be a list of 2 to 30"):
        paths.named_steps(steps)


def test_thirty_steps_at_one_moment_are_taken_in_their_order():
    names = [f"s{i:02}" for i in range(30)]
    log = frame([[(0, name) for name in names[::-1]]])
    table, _ = arrived(log, [[name] for name in names], "strict")
    assert sorted(table["step"]) == list(range(1, 31))


def test_the_order_of_steps_and_shared_events_are_checked():
    with pytest.raises(UsageError, match="did you mean 'loose'"):
        arrived(frame([[(0, "a")]]), [["a"], ["b"]], "lose")
    with pytest.raises(UsageError, match="event 'a' belongs to two steps"):
        arrived(frame([[(0, "a")]]), [["a"], ["a", "b"]], "any")


def walked(rows, goal, gap, until, since):
    """The moves of one user along the list, (from, to, minutes); and the paths, (outcome, names)."""
    def late(minute):
        return gap is not None and minute + gap >= until

    moves, routes = [], []
    for minute, name in sorted(rows, key=lambda row: (row[0], row[1] == goal, row[1])):
        before = routes[-1][-1] if routes else None
        if before is None or before[1] == goal or (gap is not None and minute - before[0] > gap):
            routes.append([(minute, name)])
            moves += [("start", name, None)] * (minute >= since)
            continue
        moves += [(before[1], name, minute - before[0])] * (before[0] >= since and not late(before[0]))
        routes[-1].append((minute, name))
    found = []
    for (begin, first), *rest in routes:
        last, name = rest[-1] if rest else (begin, first)
        known = not late(begin) and not any(late(minute) for minute, each in rest if each != goal)
        moves += [(name, "end", None)] * (name != goal and last >= since and not late(last))
        found.append((0 if begin < since else 3 if not known else 2 if name == goal else 1,
                      {each for minute, each in [(begin, first), *rest] if minute >= since}))
    return moves, found


log_of_moves = st.lists(st.tuples(st.integers(0, 11), st.sampled_from(["a", "b", "c", "d"])), max_size=8)


@settings(max_examples=25, deadline=None)
@given(st.lists(log_of_moves, min_size=1, max_size=8).filter(any), st.sampled_from([None, "a", "b", "d"]),
       st.sampled_from([None, 2, 4]), st.sampled_from([None, 3]))
def test_moves_and_paths_are_those_of_a_walk_along_the_list(users, goal, gap, since):
    assume(max(minute for rows in users for minute, _ in rows) >= (since or 0))
    read = read_log(frame(users), user="user", time="at", event="event", until="2026-01-01 00:12", earlier=True,
                    since=since and f"2026-01-01 00:0{since}")
    names = [name for name in paths.states(read.view, "event") if name != goal] + [goal] * (goal is not None)
    kept, _ = paths.moves(read.view, names, goal=len(names) if goal else 0, gap=gap and gap * MINUTE,
                          after=read.span.after, before=read.span.before)
    table = kept.fetch(f"SELECT came, k, outcome, minutes FROM {kept.table}", [])
    called = dict(enumerate(names, 1)) | {-1: "start"}
    found = Counter((called[row.came], called[row.k], None if pd.isna(row.minutes) else round(row.minutes))
                    for row in table.itertuples() if row.came != -2)
    found += Counter((called[k], "end", None) for k in table.loc[table["outcome"] == 1, "k"])
    walks = [walked(rows, goal, gap, 12, since or 0) for rows in users]
    assert found == Counter(move for moves, _ in walks for move in moves)
    body = sql.fill(sql.text("paths_passed"), by=[]).replace("FROM events", f"FROM {kept.table}")
    passed = kept.fetch(body, [])
    routes = [(outcome, name) for _, routes in walks for outcome, names in routes for name in names]
    counted = zip(passed["outcome"], passed["k"].map(called), passed["count"], strict=True)
    assert Counter({(outcome, name): count for outcome, name, count in counted if count}) == Counter(routes)


def test_more_kinds_of_events_than_a_number_has_bits_are_refused():
    read = read_log(frame([[(0, f"e{i}") for i in range(61)]]), user="user", time="at", event="event")
    with pytest.raises(DataError, match="more than 60 different events"):
        paths.states(read.view, "event")


TABLES = {"paths": ("u0", "t0", "e0"), "paths_any": ("u0", "t0", "e0"), "paths_moves": ("u0", "t0", "e0"),
          "paths_passed": ("u0", "place", "came", "k", "outcome")}


@pytest.mark.parametrize("name", TABLES)
def test_each_text_runs_as_it_stands(name):
    whole = files("engagelab.summaries").joinpath(f"{name}.sql").read_text("utf-8")
    with duckdb.connect() as connection:
        rows = ("(1, 0, 'visit'), (1, 60000000, 'cart'), (1, 120000000, 'buy'), (2, 0, 'visit'), "
                "(3, 1790000000000000, 'visit')")
        if name == "paths_passed":
            rows = "(1, 1, -1, 1, 0), (1, 2, 1, 2, 2), (2, 1, -1, 1, 1)"
        if name == "paths_moves":  # in 2026: goes on, buys, begins before 2026, and comes too late
            rows = ", ".join(f"({user}, {1767225600000000 + minute * MINUTE}, '{event}')" for user, minute, event in (
                (1, 0, "visit"), (1, 1, "cart"), (1, 2, "buy"), (2, 0, "visit"), (3, -1, "visit"), (3, 1, "cart"),
                (4, 400000, "visit"), (4, 400001, "buy")))
        connection.execute(f"CREATE TABLE events AS SELECT * FROM (VALUES {rows}) AS t ({', '.join(TABLES[name])})")
        answer = connection.execute(whole).df()
    if name in ("paths", "paths_any"):
        assert sorted(zip(answer["step"], answer["minutes"], strict=True)) == [(0, 0), (1, 0), (1, 0), (2, 1), (3, 2)]
    elif name == "paths_moves":
        assert sorted(zip(answer["came"], answer["k"], answer["outcome"], strict=True)) == [
            (-2, 2, 1), (-2, 3, 2), (-1, 1, 0), (-1, 1, 1), (-1, 1, 3), (1, 2, 0), (2, 3, 2)]
    else:
        assert sorted(zip(answer["outcome"], answer["k"], answer["n"], answer["count"], strict=True)) == [
            (1, 1, 1, 1), (1, 2, 1, 0), (2, 1, 1, 1), (2, 2, 1, 1)]


def squeezed(text):
    return re.sub(r"\s+|/\*[a-z]+\*/", "", text)


def test_the_example_in_a_text_is_what_is_filled_in(monkeypatch):
    monkeypatch.setattr(View, "keep", lambda view, body: body)
    view, steps = View(None), paths.named_steps(["visit", "cart", "buy"])
    for name, order in (("paths", "loose"), ("paths_any", "any")):
        body = paths.arrivals(view, steps, within="7 days", order=order, after=1_789_000_000_000_001 + 7 * DAY)
        assert squeezed(body) == squeezed(sql.text(name))
    pause = 30 * MINUTE
    body = paths.moves(view, ["visit", "cart", "buy"], goal=3, gap=pause, after=1_789_000_000_000_001 + pause,
                       before=1_767_225_600_000_000)
    assert squeezed(body) == squeezed(sql.text("paths_moves"))
