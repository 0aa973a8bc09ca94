"""Active users against a count by sets."""

import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logs import answers, counts, logs, observed

from engagelab.activity import active_users

SIZES = (1, 2, 7, 28, 59, 60, 61, 62, 120, 121)


def check(drawn, sizes, grouped):
    rows, how = drawn
    log = observed(rows, how, by=grouped)
    if log is None:
        return
    windows, by = [f"{size} {how['every']}" for size in sizes], ["plan"] * grouped
    answer = answers(active_users, drawn, by, windows=windows)
    users = answer[answer["metric"] == "active_users"]
    found = counts(users, *by, "window", how["every"])
    expected = {(*groups, f"{size} {how['every']}", label): count
                for (*groups, size, label), count in oracle.active_users(log, sizes).items()}
    assert found == expected
    sticky = answer[answer["metric"] == "stickiness"]
    short, long = (f"{end(sizes)} {how['every']}" for end in (min, max))
    known = counts(sticky, *by, how["every"], of=("count", "n"))
    assert known == {
        (*groups, label): (None if whole is None else expected[*groups, short, label], whole)
        for (*groups, window, label), whole in expected.items() if window == long and len(sizes) > 1}
    assert [flag.startswith("period not complete") for flag in users["flag"]] == [
        not log.whole([log.label(place) for place in log.places].index(label)) for label in users[how["every"]]]


@settings(deadline=None, max_examples=25)
@given(logs(), st.sets(st.sampled_from(SIZES), min_size=1, max_size=3), st.booleans())
def test_active_users_of_random_logs_are_those_counted_by_sets(drawn, sizes, grouped):
    check(drawn, tuple(sizes), grouped)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(logs(longest=300, most=60, everies=("day", "week", "month", "quarter", "year")),
       st.sets(st.sampled_from(SIZES), min_size=1, max_size=4), st.booleans())
def test_active_users_of_many_random_logs_are_those_counted_by_sets(drawn, sizes, grouped):
    check(drawn, tuple(sizes), grouped)
