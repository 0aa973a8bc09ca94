"""Which end of a scale is the good one: told by words, turned where the low end is, said where nobody tells."""

import pandas as pd
import pytest

from engagelab import words
from engagelab.sources.read import read
from engagelab.sources.scales import direction

UP = [
    "How satisfied are you? (1 = very dissatisfied, 5 = very satisfied)",
    "満足度（1: とても不満, 5: とても満足）",
    "満足度を教えてください（1（不満）〜5（満足））",
    "Very dissatisfied (1) to very satisfied (5)?",
    "Satisfied with us? 1 - not at all satisfied, 5 - very satisfied",
]
DOWN = [
    "How satisfied are you? (1 = very satisfied, 5 = very dissatisfied)",
    "満足度（1: とても満足, 5: とても不満）",
    "満足度を教えてください（1（満足）〜5（不満））",
    "Very satisfied (1) to very dissatisfied (5)?",
    "Satisfied? 1：大変満足　5：大変不満",
]
OPEN = [
    "How satisfied are you?",
    "How satisfied are you? (1-5)",
    "Q1 How satisfied are you with our shop?",
    "満足度（5段階）",
    "Q1: How satisfied are you with the 5 shops?",
    "1. 満足度を教えてください",
    "満足度は5点満点で何点ですか",
]


@pytest.mark.parametrize("wording", UP + DOWN + OPEN)
def test_the_wording_says_which_end_is_the_good_one_only_where_it_names_both(wording):
    said = direction(wording, pd.Series(["1", "4", "5"]), "csat")
    assert said == ("up" if wording in UP else "down" if wording in DOWN else "")


@pytest.mark.parametrize(
    "answers, said",
    [
        (["5 - very satisfied", "4"], "up"),
        (["1 - Very satisfied", "2"], "down"),
        (["1. とても満足", "5. とても不満"], "down"),
        (["1点（不満）", "5点（満足）"], "up"),
        (["very satisfied", "satisfied"], "up"),
        (["とても満足", "不満"], "up"),
        (["3 - neither", "4"], ""),
        (["1 - satisfied", "5 - satisfied"], ""),
        ([], ""),
    ],
)
def test_labels_behind_the_points_of_the_answers_say_it_too(answers, said):
    assert direction("Your rating of our service", pd.Series(answers, dtype=object), "csat") == said


def reading(tmp_path, wording, *answers):
    lines = "".join(f"2026/04/01 10:{minute:02d}:00,{answer}\n" for minute, answer in enumerate(answers, 1))
    path = tmp_path / "form.csv"
    path.write_text(f'タイムスタンプ,"{wording}"\n{lines}', encoding="utf-8")
    return read(path, on_bad="return")


def test_a_scale_whose_low_end_is_the_good_one_is_turned_and_said(tmp_path):
    got = reading(tmp_path, "How satisfied are you? (1 = very satisfied, 5 = very dissatisfied)", "1", "2", "5", "1")
    assert got.frame["score"].tolist() == [5, 4, 1, 5]
    assert got.codebook[["kind", "scale", "direction"]].values.tolist() == [["csat", "1-5", "turned"]]
    assert "points turned round" in got.report()
    with words.speaking("ja"):
        assert "点数の向きを反転しました" in got.report()


def test_answers_labelled_the_other_way_round_are_turned_and_stray_ones_set_aside(tmp_path):
    got = reading(tmp_path, "How satisfied are you?", *["1 - very satisfied"] * 30, "5 - very dissatisfied", "7")
    assert got.frame["score"].tolist() == [5.0] * 30 + [1.0]
    assert got.rejects["line"].tolist() == [33]


def test_where_nobody_says_which_end_is_the_good_one_the_report_does(tmp_path):
    got = reading(tmp_path, "How satisfied are you?", "5", "4", "1")
    assert got.codebook["direction"].tolist() == ["assumed"] and got.frame["score"].tolist() == [5, 4, 1]
    assert "a high answer is taken as the good one" in got.report()
    told = reading(tmp_path, "How satisfied are you? (1 = very dissatisfied, 5 = very satisfied)", "5", "4", "1")
    assert told.codebook["direction"].tolist() == [""] and "taken as the good one" not in told.report()


def test_answers_in_words_and_recommendation_are_never_turned(tmp_path):
    assert reading(tmp_path, "満足度", "とても満足", "不満", "満足").frame["score"].tolist() == [5, 2, 4]
    got = reading(tmp_path, "Would you recommend us? (0 = very easy, 10 = very difficult)", "0", "10", "9")
    assert got.frame["score"].tolist() == [0, 10, 9] and got.codebook["direction"].tolist() == [""]
