"""Answers laid side by side: nothing is lost, nothing is counted twice."""

import duckdb
import pandas as pd
import pytest

import engagelab as el
from engagelab.errors import DataError, NoColumn
from engagelab.surveys import wide


def long(*rows):
    return pd.DataFrame(rows, columns=["wave", "user_id", "question_id", "score", "team"])


PULSE = long(("1", "a", "pay", 4, "x"), ("1", "a", "voice", 7, "x"), ("1", "b", "pay", 5, "y"),
             ("2", "a", "pay", 6, "z"), ("2", "a", "comment", None, "z"))


def test_every_score_of_the_sample_comes_back_at_its_place():
    pulses = el.example("pulses")
    table = wide(pulses, over="wave", keep=["team", "shop_id"])
    back = table.melt(["user_id", "wave", "team", "shop_id"], var_name="question_id", value_name="score")
    keys = ["user_id", "wave", "question_id"]
    known = pulses[pulses["score"].notna()].set_index(keys)["score"].sort_index()
    pd.testing.assert_series_equal(back.dropna(subset="score").set_index(keys)["score"].sort_index(), known,
                                   check_dtype=False)
    assert len(table) == len(pulses.drop_duplicates(["user_id", "wave"])) == 1875
    assert list(table.columns[4:]) == [name for name in pulses["question_id"].unique() if name != "comment"]


def test_a_question_that_was_not_answered_is_missing_and_one_without_scores_is_named():
    table = wide(PULSE, over="wave", keep="team")
    assert table[["user_id", "wave", "team"]].to_numpy().tolist() == [["a", "1", "x"], ["b", "1", "y"], ["a", "2", "z"]]
    assert table["voice"].isna().tolist() == [False, True, True]
    assert "comment" not in table and table.attrs["notes"] == ["without a score, left out: comment"]


def test_a_file_serves_as_well_as_a_frame(tmp_path):
    PULSE.to_csv(tmp_path / "pulse.csv", index=False)
    pd.testing.assert_frame_equal(wide(str(tmp_path / "pulse.csv"), over="wave", keep=["team"]).astype({"wave": "str"}),
                                  wide(PULSE, over="wave", keep=["team"]), check_dtype=False)
    relation = duckdb.connect().from_df(PULSE.dropna())
    assert wide(relation, over="wave")["pay"].tolist() == [4, 5, 6]


@pytest.mark.parametrize(("rows", "over", "said"), [
    ([("1", "a", "pay", 4, "x"), ("1", "a", "pay", 5, "x")], "wave",
     "row 2: a second answer of user_id 'a', wave '1', question_id 'pay' (1 such)"),
    ([("1", "a", "pay", 4, "x"), ("2", "a", "pay", 5, "x")], None, "say over= for the wave"),
    ([("1", None, "pay", 4, "x")], "wave", "column 'user_id', row 1: empty (1 such)"),
    ([("1", "a", None, 4, "x")], "wave", "column 'question_id', row 1: empty"),
    ([("1", "a", "pay", 4, "x"), ("1", "a", "voice", 4, "y")], "wave", "'a', '1' has several values in column 'team'"),
    ([("1", "a", "pay", "four", "x"), ("1", "b", "pay", 4, "x")], "wave",
     "column 'score', row 1: 'four' is no number (1 such in the column)"),
])
def test_what_cannot_be_laid_side_by_side_is_named(rows, over, said):
    with pytest.raises(DataError) as error:
        wide(long(*rows), over=over, keep=["team"])
    assert said in str(error.value)


def test_a_column_that_is_not_there_is_said():
    with pytest.raises(NoColumn, match="did you mean 'wave'"):
        wide(PULSE, over="waves")


def test_an_id_written_otherwise_is_the_same_person():
    answers = pd.DataFrame({"user_id": [1, "1 ", 2], "question_id": ["pay", "voice", "pay "], "score": [4, 5, 6]})
    table = wide(answers)
    assert list(table) == ["user_id", "pay", "voice"]
    assert table["user_id"].tolist() == ["1", "2"] and table["pay"].tolist() == [4, 6]
    with pytest.raises(DataError, match="a second answer of user_id '1', question_id 'pay'"):
        wide(pd.concat([answers, pd.DataFrame({"user_id": ["1"], "question_id": ["pay"], "score": [9]})]))


def test_a_question_may_not_have_the_name_of_a_kept_column():
    with pytest.raises(DataError, match="a question in column 'question_id' is called 'team'"):
        wide(PULSE.replace({"question_id": {"pay": "team"}}), over="wave", keep=["team"])
