"""What two answers tell together: the ledger against every group of people that a reader could isolate."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import EngagelabError
from engagelab.metrics.design import Design
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import csat, mean, nps, ratio
from engagelab.privacy import Ledger

KEY = b"a key for tests"


def company(n=60, seed=4):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"user_id": np.arange(n), "score": rng.integers(0, 11, n), "team": rng.choice(list("abc"), n),
                         "site": rng.choice(list("xy"), n), "wave": 1})


def ask(frame, ledger, noun=None, **options):
    return measure(frame, noun or nps("score"), user="user_id", ledger=ledger, **options)


def refused(table):
    return table["flag"].str.contains("earlier").tolist()


def isolated(sets, persons, least):
    """Whether any group of fewer than `least` people has a combination of the sets to itself, by exact ranks."""
    rank = np.linalg.matrix_rank(sets)
    return any(np.linalg.matrix_rank(sets[:, ~np.isin(persons, group)]) < rank
               for size in range(1, least) for group in combinations(np.unique(persons), size))


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_no_sequence_of_sets_isolates_few_people_and_none_is_refused_needlessly(data):
    people, waves = data.draw(st.integers(5, 8)), data.draw(st.integers(1, 2))
    least = data.draw(st.integers(2, 4))
    persons, answers = np.repeat(np.arange(people), waves), np.tile(np.arange(waves), people)
    ledger, sets = Ledger(key=KEY), np.zeros((0, people * waves))
    for _ in range(data.draw(st.integers(2, 6))):
        inside = np.array(data.draw(st.lists(st.booleans(), min_size=len(persons), max_size=len(persons))))
        if len(np.unique(persons[inside])) < least:
            continue
        why = ledger.publish(["x"], persons.astype(str).tolist(), answers.astype(str).tolist(), np.ones(len(persons)),
                             [np.flatnonzero(inside)], np.array([least]), [""])
        more = np.vstack([sets, inside])
        assert bool(why[0]) == isolated(more, persons, least)
        sets = sets if why[0] else more


def test_the_same_again_without_two_people_is_refused_and_without_five_is_not():
    frame, ledger = company(), Ledger()
    assert refused(ask(frame, ledger)) == [False]
    hidden = ask(frame[2:], ledger)
    assert refused(hidden) == [True] and hidden[["estimate", "low", "high", "se", "n", "n_missing"]].isna().all().all()
    assert refused(ask(frame[5:], ledger)) == [False]


def test_the_same_cell_is_shown_again_and_a_refused_one_is_not_remembered():
    frame, ledger = company(), Ledger()
    first = ask(frame, ledger, by="team")
    ask(frame[1:], ledger, by="team")
    remembered = repr(ledger)
    pd.testing.assert_frame_equal(ask(frame, ledger, by="team"), first)
    assert repr(ledger) == remembered == "Ledger in memory: 3 cells, 60 respondents"


def test_a_part_does_not_follow_from_a_later_total_and_the_other_parts():
    frame, ledger = pd.concat([company(), company(3).assign(team="d", user_id=[100, 101, 102])]), Ledger()
    table = ask(frame, ledger, by="team")
    assert table["flag"].tolist() == ["", "", "", "hidden: fewer than 5 respondents"]
    assert refused(ask(frame, ledger)) == [True]
    assert refused(ask(frame, Ledger())) == [False]


def test_what_was_masked_does_not_follow_from_a_later_total():
    frame, ledger = company(), Ledger()
    frame.loc[frame["team"] == "b", "score"] = 10
    assert ask(frame, ledger, by="team")["flag"].tolist() == ["", "masked: nearly all promoters", ""]
    assert refused(ask(frame, ledger)) == [True]


def test_a_filter_that_nearly_repeats_a_group_is_refused():
    frame, ledger = company(), Ledger()
    ask(frame[frame["site"] == "x"], ledger)
    swapped = frame[frame["site"].eq("x") ^ frame["user_id"].isin([3, 4])]
    assert refused(ask(swapped, ledger)) == [True]


def test_metrics_of_the_same_column_are_one_topic_and_others_are_not():
    frame, ledger = company().assign(other=lambda table: table["score"] % 5 + 1), Ledger()
    ask(frame, ledger)
    assert refused(ask(frame[1:], ledger, mean("score", min_n=5))) == [True]
    assert refused(ask(frame[1:], ledger, csat("other"))) == [False]
    assert refused(ask(frame[1:], ledger, mean("score"))) == [False]  # it hides nothing, and is no part of the ledger


@pytest.mark.parametrize("weighted", [{"weights": "w"}, {"design": Design(weights="w")}])
def test_the_same_answers_under_other_weights_are_refused(weighted):
    """With weights 2, 1, 1 ... beside equal ones: n x NPS = (n + 1) x weighted NPS less the answer of the first."""
    frame, ledger = company(12).assign(w=[2.] + [1.] * 11), Ledger()
    assert refused(ask(frame, ledger)) == [False]
    assert refused(ask(frame, ledger, **weighted)) == [True]
    assert refused(ask(frame, ledger)) == [False]
    first = Ledger()
    assert refused(ask(frame, first, **weighted)) == refused(ask(frame, first, **weighted)) == [False]
    assert refused(ask(frame.assign(w=1.), first, **weighted)) == [True]
    assert refused(ask(frame.assign(w=1.), ledger, **weighted)) == [False]      # what no weights are


def test_a_row_that_is_there_twice_is_a_weight():
    frame, ledger = company(12), Ledger()
    ask(frame, ledger)
    assert refused(ask(pd.concat([frame, frame[:1]]), ledger)) == [True]


def test_weights_stay_in_the_file_and_cannot_be_read_there(tmp_path):
    frame, path = company(12).assign(w=[2.125] + [1.] * 11), tmp_path / "ledger.json"
    ask(frame, Ledger(path, key=KEY), weights="w")
    assert "2.125" not in path.read_text() and refused(ask(frame, Ledger(path, key=KEY))) == [True]
    assert refused(ask(frame, Ledger(path, key=KEY), weights="w")) == [False]


def test_a_ratio_belongs_to_the_topic_of_each_of_its_columns():
    """12 x the mean of twelve less 11 x the ratio of eleven is the answer of one."""
    frame, average = company(12).assign(one=1), mean("score", min_n=5)
    for first, second in ((average, ratio("score", "one", min_n=5)), (ratio("score", "one", min_n=5), average)):
        ledger = Ledger()
        assert refused(ask(frame, ledger, first)) == [False]
        assert refused(ask(frame[1:], ledger, second)) == [True]
        assert refused(ask(frame, ledger, second)) == [False]


def test_a_cell_that_one_topic_refuses_is_remembered_in_none():
    frame, ledger = company(12).assign(one=1, pay=2.), Ledger()
    ask(frame, ledger, mean("score", min_n=5))
    assert refused(ask(frame[1:], ledger, ratio("pay", "score", min_n=5))) == [True]
    assert refused(ask(frame, ledger, mean("pay", min_n=5))) == [False]


def test_another_wave_is_another_answer_where_the_ledger_is_told_so():
    frame = company()
    later = frame[2:].assign(wave=2)
    alike, apart = Ledger(), Ledger(answer="wave")
    for ledger in (alike, apart):
        ask(frame, ledger)
    assert refused(ask(later, alike)) == [True]
    assert refused(ask(later, apart)) == [False]


def test_an_id_that_was_read_as_a_decimal_is_the_same_person():
    frame, ledger = company(), Ledger()
    ask(frame, ledger)
    assert refused(ask(frame[1:].assign(user_id=lambda table: table["user_id"].astype(float)), ledger)) == [True]


def test_without_an_answer_one_is_in_no_cell():
    frame, ledger = company(), Ledger()
    ask(frame, ledger)
    silent = frame.assign(score=frame["score"].astype(float).mask(frame["user_id"] < 2))
    assert refused(ask(silent, ledger)) == [True]


def test_the_file_takes_the_ledger_on_and_holds_no_id(tmp_path):
    frame = company().assign(user_id=lambda table: "staff-" + table["user_id"].astype(str))
    path = tmp_path / "ledger.json"
    ask(frame, Ledger(path, key=KEY), by="team")
    written = path.read_bytes()
    assert b"staff" not in written and b"\r" not in written
    assert repr(Ledger(path, key=KEY)) == "Ledger ledger.json: 3 cells, 60 respondents"
    ask(frame.sample(frac=1, random_state=0), Ledger(path, key=KEY), by="team")
    assert path.read_bytes() == written
    again = tmp_path / "again.json"
    ask(frame.sample(frac=1, random_state=1), Ledger(again, key=KEY), by="team")
    assert again.read_bytes() == written
    assert refused(ask(frame[2:], Ledger(path, key=KEY))) == [True]


def test_two_open_ledgers_of_one_file_know_of_each_other(tmp_path):
    frame, path = company(), tmp_path / "ledger.json"
    one, other = Ledger(path, key=KEY), Ledger(path, key=KEY)
    ask(frame, one)
    assert refused(ask(frame[1:], other)) == [True]
    one.publish(["x"], ["a"], [""], np.ones(1), [np.array([0])], np.array([1]), [""])
    ask(frame[:30], other)
    with pytest.raises(EngagelabError, match="another process has written"):
        one.write()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "else"}', '{"format": "engagelab ledger 1"}',
                                     '{"format": "engagelab ledger 1", "key": "", "topics": {"x": {"cells": 1, '
                                     '"masked": [], "weights": {}, "members": {"a b": "7"}}}}'])
def test_a_file_that_is_no_ledger_is_refused(tmp_path, content):
    path = tmp_path / "ledger.json"
    path.write_text(content)
    with pytest.raises(EngagelabError, match=r"ledger.json is not a ledger"):
        Ledger(path, key=KEY)
    assert path.read_text() == content


def test_a_wrong_key_no_key_and_no_user_are_refused(tmp_path):
    path = tmp_path / "ledger.json"
    ask(company(), Ledger(path, key=KEY))
    with pytest.raises(EngagelabError, match="another key"):
        Ledger(path, key="a key for others")
    with pytest.raises(EngagelabError, match="needs key="):
        Ledger(path)
    with pytest.raises(EngagelabError, match="8 bytes"):
        Ledger(path, key="short")
    with pytest.raises(EngagelabError, match="needs user="):
        measure(company(), nps("score"), ledger=Ledger())
    with pytest.raises(EngagelabError, match="not a str"):
        measure(company(), nps("score"), user="user_id", ledger="ledger.json")
    with pytest.raises(EngagelabError, match="no column 'wav'"):
        ask(company(), Ledger(answer="wav"))


def test_a_cube_with_totals_and_periods_is_shown_as_without_a_ledger():
    frame = company(400).assign(at=lambda table: pd.Timestamp("2026-01-15") + pd.to_timedelta(
        30 * (table["user_id"] % 3), unit="D"))
    options = {"by": ["team", "site"], "time": "at", "every": "month", "total": True}
    plain = measure(frame, nps("score"), user="user_id", **options)
    pd.testing.assert_frame_equal(ask(frame, Ledger(), **options), plain)
