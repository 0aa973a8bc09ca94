"""Retention against a count by sets."""

import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logs import COLUMNS, answers, counts, frame, logs, observed

from engagelab.activity import calendar, retention
from engagelab.activity.retention import KINDS

AGES = st.lists(st.sampled_from([1, 2, 7, 28, 58, 59, 60, 61, 62, 119, 120, 121]), min_size=1, max_size=4, unique=True)
LOG = pd.DataFrame({"user": list("aabbc"), "at": pd.to_datetime(
    ["2026-04-01", "2026-04-02", "2026-04-01", "2026-04-04", "2026-04-04"], utc=True)})


def check(drawn, ages, kind, grouped):
    rows, how = drawn
    log = observed(rows, how, by=grouped)
    if log is None:
        return
    by, after = ["plan"] * grouped, [f"{age} {how['every']}" for age in ages]
    answer = answers(retention, drawn, by, kind=kind, after=after)
    expected = oracle.retention(log, kind, ages)
    found = counts(answer, *by, "after", of=("count", "n", "n_missing"))
    assert found == {(*groups, f"{age} {how['every']}"): value for (*groups, age), value in expected.items()}


def check_names(drawn, ages, kind, begins, comes):
    rows, how = drawn
    log = observed(rows, how)
    names = {name: event for name, event in (("first_event", begins), ("return_event", comes)) if event}
    if log is None or not set(names.values()) <= {event for *_, event, _ in log.rows}:
        return
    after = [f"{age} days" for age in ages]
    made = calendar(frame(rows), **COLUMNS, event="event", value="value", **how)
    raw = retention(frame(rows), **COLUMNS, event="event", kind=kind, after=after, **names, **how)
    pd.testing.assert_frame_equal(retention(made, kind=kind, after=after, **names), raw)
    found = counts(raw, "after", of=("count", "n", "n_missing"))
    expected = oracle.retention(log, kind, ages, begins, comes)
    assert found == {(f"{age} days",): value for (age,), value in expected.items()} or not expected


@settings(deadline=None, max_examples=20)
@given(logs(), AGES.map(sorted), st.sampled_from(KINDS), st.booleans())
def test_retention_of_random_logs_is_that_counted_by_sets(drawn, ages, kind, grouped):
    check(drawn, ages, kind, grouped)


@settings(deadline=None, max_examples=20)
@given(logs(), AGES.map(sorted), st.sampled_from(KINDS), st.sampled_from("pq_"), st.sampled_from("pq_"))
def test_retention_from_one_event_to_another_is_that_counted_by_sets(drawn, ages, kind, begins, comes):
    check_names(drawn, ages, kind, begins.strip("_") or None, comes.strip("_") or None)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(logs(longest=300, most=60, everies=("day", "day", "week", "month")), AGES.map(sorted), st.sampled_from(KINDS),
       st.booleans(), st.sampled_from("pq_"), st.sampled_from("pq_"))
def test_retention_of_many_random_logs_is_that_counted_by_sets(drawn, ages, kind, grouped, begins, comes):
    check(drawn, ages, kind, grouped)
    if drawn[1]["every"] == "day":
        check_names(drawn, ages, kind, begins.strip("_") or None, comes.strip("_") or None)
