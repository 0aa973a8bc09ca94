"""Random logs: ties, gaps, users seen once, stamps at midnight, days on which the clock changes."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import oracle
import pandas as pd
from hypothesis import strategies as st

from engagelab.activity import calendar
from engagelab.summaries.calendar import Calendar

COLUMNS = {"user": "user", "time": "at"}
CHANGES = {  # a day near which the clock changes, or is the same all year
    "Europe/Berlin": date(2026, 3, 29), "America/Sao_Paulo": date(2018, 11, 4), "Pacific/Apia": date(2011, 12, 30),
    "Asia/Kolkata": date(2026, 4, 1), "America/Havana": date(2018, 11, 4), None: date(2026, 2, 28)}
CLOCKS = [time(0), time(0, 0, 0, 1), time(0, 30), time(2, 30), time(12), time(23, 30), time(23, 59, 59, 999_999)]
GROUPS = ("a", "b", None)


@st.composite
def logs(draw, longest=130, everies=("day",), most=24, windows=True):
    """(rows, settings): rows for `oracle.Log`, and the settings of both sides."""
    tz = draw(st.sampled_from(list(CHANGES)))
    every = draw(st.sampled_from(everies))
    first = CHANGES[tz] - timedelta(days=draw(st.integers(0, 70)))
    length = draw(st.one_of(st.integers(1, longest), st.sampled_from(
        [size for size in (1, 59, 60, 61, 62, 120, 121) if size <= longest])))
    place = st.one_of(st.integers(0, length - 1), st.sampled_from([0, length - 1]))
    rows = []
    for _ in range(draw(st.integers(1, most))):
        day, clock = first + timedelta(days=draw(place)), draw(st.sampled_from(CLOCKS))
        rows.append((draw(st.sampled_from("uvwxy")),
                     datetime.combine(day, clock, ZoneInfo(tz or "UTC")).astimezone(ZoneInfo("UTC")),
                     (draw(st.sampled_from(GROUPS)) or "(missing)",), draw(st.sampled_from("pq")),
                     draw(st.one_of(st.none(), st.integers(-3, 9)))))
    settings = {"every": every, "tz": tz, "since": None, "until": None}
    for name in ("since", "until") if windows else ():
        clock = draw(st.sampled_from(["", "", " 12:00"]))
        day = first + timedelta(days=draw(st.integers(-3, length + 2)))
        settings[name] = draw(st.sampled_from([None, f"{day}{clock}"]))
    if every in ("quarter", "year"):
        settings["fiscal_year_starts"] = draw(st.sampled_from([1, 4, 12]))
    return rows, settings


def observed(rows, settings, **more):
    """The log as the oracle sees it, all in one group unless `by`; None where nothing of it lies in the window."""
    settings = {"starts" if name == "fiscal_year_starts" else name: value for name, value in settings.items()} | more
    if not settings.pop("by", False):
        rows = [(user, at, (), event, value) for user, at, _, event, value in rows]
    try:
        log = oracle.Log(rows, **settings)
    except ValueError:
        return None
    moments = [at for _, at, *_ in rows]
    return None if min(moments) >= log.until or max(moments) < log.since or log.since >= log.until else log


def frame(rows):
    """The same rows as a table."""
    table = pd.DataFrame([(user, at, None if groups == ("(missing)",) else groups[0], event, value)
                          for user, at, groups, event, value in rows], columns=["user", "at", "plan", "event", "value"])
    return table.assign(at=pd.to_datetime(table["at"], utc=True), value=table["value"].astype("float64"))


def answers(ask, drawn, by=(), **more):
    """What a question answers from the raw log; the same from calendars with names and values, also by day."""
    rows, how = drawn
    every, made = how["every"], calendar(frame(rows), **COLUMNS, by=by, event="event", value="value", **how)
    raw = frame(rows) if how.get("fiscal_year_starts", 1) == 1 else calendar(frame(rows), **COLUMNS, by=by, **how)
    log = {} if isinstance(raw, Calendar) else {**COLUMNS, "by": by} | {
        name: value for name, value in how.items() if name not in ("every", "fiscal_year_starts")}
    answer = ask(raw, every=every, **log, **more)
    pd.testing.assert_frame_equal(ask(made, every=every, **more), answer)
    if every != "day":
        days = calendar(frame(rows), **COLUMNS, by=by, **(how | {"every": "day"}))
        pd.testing.assert_frame_equal(ask(days, every=every, **more), answer)
    return answer


def counts(answer, *keys, of=("count",)):
    """{keys: what the columns hold}, None for what was not observed."""
    columns = [list(answer[name]) for name in keys]
    held = [[None if pd.isna(value) else value for value in answer[name]] for name in of]
    found = dict(zip(zip(*columns, strict=True), held[0] if len(of) == 1 else zip(*held, strict=True), strict=True))
    assert len(found) == len(answer), "a key stands twice"
    return found


def close(found, expected):
    """Whether two dictionaries hold the same keys and the same numbers but for rounding."""
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert (found[key] is None) == (value is None), (key, found[key], value)
        assert value is None or np.isclose(found[key], value, rtol=1e-9, atol=1e-9), (key, found[key], value)
    return True
