"""The lifecycle against states found by sets, user by user."""

from collections import Counter
from datetime import timedelta

import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logs import COLUMNS, counts, frame, logs, observed

from engagelab.activity import calendar, lifecycle, states

WINDOWS = st.sampled_from([(1, 2), (7, 21), (28, 84), (30, 61), (59, 61)])


def check(drawn, windows, every, grouped):
    rows, how = drawn
    log = observed(rows, how, by=grouped)
    if log is None:
        return
    durations = dict(zip(("active", "lapsed"), (f"{size} days" for size in windows), strict=True))
    by = ["plan"] * grouped
    log_of = {"by": by} | COLUMNS | {name: value for name, value in how.items() if name != "every"}
    answer = lifecycle(frame(rows), every=every, **durations, **log_of)
    expected = oracle.lifecycle(log, *windows, every)
    assert counts(answer, *by, every, "state", of=("count", "n")) == expected
    made = calendar(frame(rows), event="event", value="value", **log_of)
    pd.testing.assert_frame_equal(lifecycle(made, every=every, **durations), answer)
    if not grouped:
        check_known(rows, how, log, windows, every, durations)


def check_known(rows, how, log, windows, every, durations):
    day = {user: log.starts_at[0] + timedelta(days=3 * i - 2) for i, user in enumerate("uvz")}
    known = pd.DataFrame({"user": list(day), "joined": pd.to_datetime(list(day.values()))})
    log_of = COLUMNS | {name: value for name, value in how.items() if name != "every"}
    known["joined"] = known["joined"].dt.tz_localize(how["tz"] or "UTC", nonexistent="shift_forward", ambiguous=True)
    answer = lifecycle(frame(rows), every=every, known=known, joined="joined", **durations, **log_of)
    found = counts(answer, every, "state", of=("count", "n"))
    assert found == oracle.lifecycle(log, *windows, every, day)
    last, short, long = log.places[-1], *windows
    if last + 1 < short + long + log.begun:
        return
    each = states(frame(rows), known=known, **durations, **log_of)
    expected = {user: oracle.state(places, last, short, long, None) for user, places in log.by_user(()).items()}
    assert dict(zip(each["user_id"], each["state"], strict=True)) == {"u": "lead", "v": "lead", "z": "lead"} | expected
    assert Counter(each["state"]) == Counter(counts(each, "user_id", of=("state",)).values())


@settings(deadline=None, max_examples=12)
@given(logs(longest=200), WINDOWS, st.sampled_from(["day", "week", "month"]), st.booleans())
def test_states_of_random_logs_are_those_found_user_by_user(drawn, windows, every, grouped):
    check(drawn, windows, every, grouped)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(logs(longest=300, most=60), WINDOWS, st.sampled_from(["day", "week", "month"]), st.booleans())
def test_states_of_many_random_logs_are_those_found_user_by_user(drawn, windows, every, grouped):
    check(drawn, windows, every, grouped)
