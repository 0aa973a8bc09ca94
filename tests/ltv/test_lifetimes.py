"""How long subscriptions have lasted: by hand, and against counting day by day."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import example
from engagelab.errors import DataError, UsageError
from engagelab.ltv.lifetimes import lifetimes

HOW = {"user": "who", "opened": "opened", "closed": "closed"}


def plans(*rows):
    table = pd.DataFrame(rows, columns=["who", "opened", "closed"])
    return table.assign(**{name: pd.to_datetime(table[name], utc=True) for name in ("opened", "closed")})


def test_the_last_day_counts_and_an_open_one_lasts_until_the_end():
    made = lifetimes(plans(("a", "2026-01-01", "2026-01-01"), ("b", "2026-01-01", None)), **HOW, every="day",
                     since="2026-01-01", until="2026-01-11")
    assert made["duration"].tolist() == [1, 10] and made["ended"].tolist() == [True, False]
    assert made["entry"].tolist() == [0, 0]


def test_who_left_on_the_last_observed_day_has_left():
    made = lifetimes(plans(("a", "2026-01-01", "2026-01-10")), **HOW, every="day", since="2026-01-01",
                     until="2026-01-11")
    assert (made["duration"].item(), made["ended"].item()) == (10, True)


def test_a_month_is_30_4375_days_and_no_unit_changes_the_days():
    table = plans(("a", "2025-01-01", "2026-03-31"), ("b", "2024-06-01", None))
    days = lifetimes(table, **HOW, every="day", until="2026-05-01", since="2025-02-01")
    for every, size in (("week", 7), ("month", 30.4375), ("quarter", 91.3125), ("year", 365.25)):
        made = lifetimes(table, **HOW, every=every, until="2026-05-01", since="2025-02-01")
        assert np.allclose(made[["duration", "entry"]] * size, days[["duration", "entry"]])
        assert made.attrs["every"] == every


def test_days_are_those_of_the_zone():
    table = plans(("a", "2026-01-01 16:00", "2026-01-02 14:00"))
    assert lifetimes(table, **HOW, every="day", since="2026-01-01", until="2026-02-01")["duration"].item() == 2
    assert lifetimes(table, **HOW, every="day", since="2026-01-01", until="2026-02-01",
                     tz="Asia/Tokyo")["duration"].item() == 1


def test_who_left_before_or_came_after_the_observed_time_is_counted_and_a_later_closing_is_still_to_come():
    table = plans(("a", "2025-01-01", "2025-12-01"), ("b", "2026-06-01", None), ("c", "2025-12-22", "2026-04-01"))
    made = lifetimes(table, **HOW, every="day", since="2026-01-01", until="2026-02-01")
    assert made["who"].tolist() == ["c"] and not made["ended"].item()
    assert (made["entry"].item(), made["duration"].item()) == (10, 41)
    assert any(note.startswith("2 rows left out") for note in made.attrs["notes"])


def test_without_since_leavers_are_known_from_the_first_of_them_on_and_it_is_said():
    made = lifetimes(plans(("a", "2025-01-01", "2026-01-10"), ("b", "2025-06-01", None)), **HOW, every="day",
                     until="2026-02-01")
    assert made["entry"].tolist() == [374, 223]
    assert any("2026-01-10" in note for note in made.attrs["notes"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 40))), min_size=1, max_size=12),
       st.integers(5, 30), st.integers(31, 70))
def test_it_is_what_counting_days_gives(rows, since, until):
    day = pd.Timestamp("2026-01-01", tz="UTC")
    table = pd.DataFrame([(i, day + pd.Timedelta(days=a), None if b is None else day + pd.Timedelta(days=a + b))
                          for i, (a, b) in enumerate(rows)], columns=["who", "opened", "closed"])
    table["closed"] = pd.to_datetime(table["closed"], utc=True)
    expected = []
    for who, (opened, length) in enumerate(rows):
        alive = [at for at in range(until) if at >= opened and (length is None or at <= opened + length)]
        seen = [at for at in alive if at >= since]
        if seen:
            expected.append((who, len(alive), length is not None and opened + length < until,
                             sum(at < since for at in alive)))
    ends = {name: day + pd.Timedelta(days=at) for name, at in (("since", since), ("until", until))}
    made = lifetimes(table, **HOW, every="day", **ends)
    assert list(made[["who", "duration", "ended", "entry"]].itertuples(index=False, name=None)) == expected
    assert (made["entry"] < made["duration"]).all()


def test_bad_tables_are_refused_with_their_row():
    with pytest.raises(DataError, match="first in row 2"):
        lifetimes(plans(("a", "2026-01-01", None), ("b", "2026-01-05", "2026-01-01")), **HOW)
    with pytest.raises(DataError, match="'opened' lacks 1 values, the first in row 1"):
        lifetimes(plans(("a", None, "2026-01-01")), **HOW)
    with pytest.raises(DataError, match="no row"):
        lifetimes(plans(("a", "2026-01-01", None))[:0], **HOW)
    with pytest.raises(DataError, match="is not before until"):
        lifetimes(plans(("a", "2026-01-01", None)), **HOW, since="2026-05-01", until="2026-04-01")
    with pytest.raises(UsageError, match="column 'ended' of its own"):
        lifetimes(plans(("a", "2026-01-01", None)).assign(ended=1), **HOW, keep=["ended"])


def test_the_sample_company_goes_through():
    made = lifetimes(example("subscriptions"), user="user_id", opened="opened_at", closed="closed_at", tz="Asia/Tokyo",
                     keep=["plan"])
    assert list(made.columns) == ["user_id", "plan", "duration", "ended", "entry"]
    assert len(made) == 3235 and (made["entry"] < made["duration"]).all()
