"""The flow between two times against pandas' crosstab, its sums, and bad tables."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from engagelab import words
from engagelab.activity import states as lifecycle_states
from engagelab.errors import DataError, NoColumn
from engagelab.segments import flow, rfm

SIDE = st.dictionaries(st.integers(0, 15), st.sampled_from(["new", "loyal", "lost", "our own"]), max_size=12)


def side(held):
    return pd.DataFrame({"who": pd.Series(list(held), dtype="int64"),
                         "segment": pd.Series(list(held.values()), dtype="str")})


@settings(max_examples=40, deadline=None)
@given(SIDE, SIDE)
def test_each_move_is_counted_once_and_rows_and_columns_add_up(before, after):
    if not before and not after:
        with pytest.raises(DataError, match="neither table has a user"):
            flow(side(before), side(after), user="who")
        return
    found = flow(side(before), side(after), user="who").frame
    counted = {(row["before"], row["after"]): row["count"] for row in found.to_dict("records") if row["count"]}
    expected = {}
    for who in {*before, *after}:
        move = before.get(who, "came"), after.get(who, "gone")
        expected[move] = expected.get(move, 0) + 1
    assert counted == expected
    for state, rows in found.groupby("before"):
        assert set(rows["n"]) == {rows["count"].sum()}
        assert state == "came" or rows["count"].sum() == sum(held == state for held in before.values())
    for row in found[found["n"] > 0].to_dict("records"):
        assert (row["low"], row["high"]) == pytest.approx(
            proportion_confint(row["count"], row["n"], method="wilson"), abs=1e-12)


def test_states_stand_in_the_order_of_their_room_and_unknown_ones_last():
    one = pd.DataFrame({"who": range(4), "segment": ["lost", "champions", None, "new"]})
    found = flow(one, one, user="who").frame
    assert list(dict.fromkeys(found["before"])) == ["champions", "new", "lost", "(missing)", "came"]
    two = one.assign(segment=["dormant", "won_back", "new", "active"])
    assert list(dict.fromkeys(flow(two, two, user="who").frame["after"])) == [
        "new", "active", "won_back", "dormant", "gone"]


def test_segments_of_two_quarters_and_states_of_the_lifecycle_go_in_as_they_are():
    orders = pd.DataFrame({"who": list("aabbcd"), "total": 10.0, "at": pd.to_datetime(
        ["2026-01-05", "2026-04-05", "2026-02-01", "2026-02-20", "2026-05-01", "2026-03-31"], utc=True)})
    names = {"user": "who", "time": "at", "amount": "total"}
    first = rfm(orders, **names, since="2026-01-01", until="2026-04-01")
    second = rfm(orders, **names, since="2026-04-01", until="2026-07-01", cuts=first.cuts)
    found = flow(first, second, user="who")
    assert found.frame.loc[found.frame["after"] == "gone", "count"].sum() == 2
    assert found.notes == ("Of 3 before, 0 (0.0%) are where they were, 1 have moved and 2 are gone; 1 came.",)
    made = [lifecycle_states(orders, user="who", time="at", active="14 days", lapsed="42 days", until=end)
            for end in ("2026-04-01", "2026-05-10")]
    assert flow(*made, user="user_id", state="state").frame["count"].sum() == 4


def test_bad_tables_are_refused_or_counted():
    one = pd.DataFrame({"who": ["a", "b", None], "segment": ["new", "lost", "new"]})
    found = flow(one, one, user="who")
    assert found.frame["count"].sum() == 2
    assert found.notes[1:] == tuple(f"{name}: 1 rows without 'who' were left out" for name in ("before", "after"))
    with pytest.raises(DataError, match="before: user 'a' has several rows"):
        flow(pd.concat([one[:1], one[:1]]), one, user="who")
    with pytest.raises(DataError, match="'who' holds numbers in one table and text in the other"):
        flow(one[:2], one[:2].assign(who=[1, 2]), user="who")
    with pytest.raises(NoColumn, match="no column 'state'"):
        flow(one, one, user="who", state="state")


def test_it_reads_in_both_languages():
    one = pd.DataFrame({"who": ["a", "b"], "segment": ["new", "lost"]})
    found = flow(one, one[:1], user="who")
    assert "Gone" in repr(found) and "<table>" in found._repr_html_()
    with words.speaking("ja"):
        assert "流出" in repr(found)


@pytest.mark.parametrize("where", [0, 1])
@pytest.mark.parametrize("label", ["came", "gone"])
def test_a_state_called_as_the_answer_calls_who_came_or_went_is_refused(label, where):
    # else who was in a state "gone" and left would be counted as staying in it
    tables = [side({1: "new", 2: "new"}), side({1: "new", 2: "new"})]
    tables[where] = side({1: label, 2: "new"})
    with pytest.raises(DataError, match=f"a group is called '{label}', which is the answer's own label"):
        flow(*tables, user="who")
