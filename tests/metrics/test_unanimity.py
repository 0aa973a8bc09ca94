"""Where all answered alike, or all but one, the answer is masked and the number of respondents shown."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.metrics.answer import is_hidden
from engagelab.metrics.measure import measure
from engagelab.metrics.mix import fixed_mix, mix
from engagelab.metrics.nouns import csat, mean, nps, quantile, rate, ratio
from engagelab.metrics.suppress import suppressed

ANSWER = ["estimate", "low", "high", "se", "count"]


def flag(scores, noun, **options):
    return measure(pd.DataFrame({"score": scores, "one": 1}), noun, **options).iloc[0]


@pytest.mark.parametrize("scores, noun, said", [
    ([5] * 20, csat("score"), "masked: 95% or more"),
    ([5] * 19 + [1], csat("score"), "masked: 95% or more"),
    ([1] * 7, csat("score"), "masked: 15% or less"),
    ([5] * 6 + [1], csat("score"), "masked: 85% or more"),
    ([10] * 8, nps("score"), "masked: nearly all promoters"),
    ([8] * 7 + [9], nps("score"), "masked: nearly all passives"),
    ([0] * 8, nps("score"), "masked: nearly all detractors"),
    ([4] * 8, mean("score", min_n=5), "masked: all have the same value"),
    ([4] * 8, ratio("score", "one", min_n=5), "masked: all have the same value")])
def test_an_answer_that_all_or_all_but_one_gave_is_masked(scores, noun, said):
    row = flag(scores, noun)
    assert row["flag"] == said
    assert row[ANSWER].isna().all() and row["n"] == len(scores) and row["n_missing"] == 0


def test_the_bound_that_is_said_is_true_of_every_share_that_is_masked():
    for n in (5, 6, 7, 19, 20, 21, 30, 99, 100, 101, 150):
        for yes in (n, n - 1):
            bound = int(flag([5] * yes + [1] * (n - yes), csat("score"))["flag"].split()[1].rstrip("%"))
            assert yes / n >= bound / 100
            bound = int(flag([1] * yes + [5] * (n - yes), csat("score"))["flag"].split()[1].rstrip("%"))
            assert 1 - yes / n <= bound / 100 + 1e-12


def test_with_two_who_differ_the_number_is_shown():
    assert flag([5] * 5 + [1] * 2, csat("score"))["flag"] == ""
    assert flag([10] * 6 + [8, 3], nps("score"))["flag"] == ""
    assert flag([4] * 7 + [5], mean("score", min_n=5))["flag"] == ""


def test_what_is_no_survey_and_what_is_told_not_to_hide_is_not_masked():
    assert flag([1] * 9, rate("score"))["estimate"] == 1
    assert flag([1] * 9, rate("score"), min_n=5)["flag"] == "masked: 88% or more"
    assert flag([10] * 9, nps("score"), min_n=0)["estimate"] == 100
    assert flag([10] * 9, nps("score", min_n=0))["estimate"] == 100
    assert flag([4] * 9, quantile("score", min_n=5))["estimate"] == 4


def test_weights_do_not_bring_a_masked_answer_back():
    row = measure(pd.DataFrame({"score": [5] * 9 + [1], "w": [1.0] * 9 + [30]}), csat("score"), weights="w").iloc[0]
    assert row["flag"] == "masked: 90% or more" and np.isnan(row["estimate"])


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_masked_cell_counts_as_hidden(language):
    with words.speaking(language):
        rows = [flag(*case)["flag"] for case in (
            ([5] * 9, csat("score")), ([1] * 9, csat("score")), ([9] * 9, nps("score")), ([8] * 9, nps("score")),
            ([1] * 9, nps("score")), ([1] * 9, mean("score", min_n=1)))]
    assert is_hidden(pd.Series(rows)).all()


def teams(**answers):
    return pd.DataFrame({"team": np.repeat(list(answers), list(map(len, answers.values()))),
                         "score": np.concatenate(list(answers.values()))})


def test_a_masked_answer_does_not_follow_from_the_total_and_the_others():
    mixed = [5, 1] * 5
    table = measure(teams(a=[5] * 9, b=mixed, c=mixed * 2), csat("score"), by="team", total=True).set_index("team")
    assert table["flag"].str[:8].tolist() == ["masked: ", "masked: ", "", ""]
    assert table.loc["b", "flag"] == "masked: would give away a cell where all answered alike"
    assert table["n"].tolist() == [9, 10, 20, 39]
    assert measure(teams(a=[5] * 9, b=mixed), csat("score"), by="team")["flag"].tolist() == ["masked: 88% or more", ""]


def test_hidden_parts_that_answered_alike_together_take_another_with_them():
    table = measure(teams(a=[5] * 3, b=[5] * 6, c=[5, 1] * 6, d=[5, 1] * 10), csat("score"), by="team", total=True)
    assert table["n"].isna().tolist() == [True, True, True, False, False]


def test_the_mix_counts_people_whose_answer_is_masked_and_a_fixed_mix_leaves_them_out():
    frame = pd.concat([teams(a=[5] * 9, b=[5, 1] * 5).assign(wave="1"),
                       teams(a=[5, 1] * 5, b=[5, 1] * 6).assign(wave="2")])
    table = measure(frame, csat("score"), by=["team", "wave"], min_n=5)
    share = mix(table, by="team", over="wave")
    assert share["estimate"].round(3).tolist() == [.474, .455, .526, .545] and (share["flag"] == "").all()
    assert fixed_mix(table, by="team", over="wave", to="1")["flag"].str.contains("a").all()


def test_a_finished_table_is_masked_where_it_is_told_that_its_shares_are_of_answers():
    table = pd.DataFrame({"metric": "share", "team": list("ab"), "estimate": [1.0, .5], "count": [9.0, 5], "n": [9, 10],
                          "flag": ""})
    assert suppressed(table, ["team"])["estimate"].tolist() == [1, .5]
    masked = suppressed(table, ["team"], answers=True)
    assert masked["flag"].tolist() == ["masked: 88% or more", ""]
    assert masked["n"].tolist() == [9, 10] and masked[["estimate", "count"]].isna().sum().tolist() == [1, 1]


def test_the_sql_that_is_shown_tells_no_value_of_a_small_group():
    table = measure(pd.DataFrame({"x": [71234.0] * 3}), mean("x", min_n=5))
    assert "71234" not in table.attrs["sql"] and table["estimate"].isna().all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0, 7, 10]), min_size=5, max_size=9), min_size=1, max_size=4))
def test_no_shown_score_is_one_that_all_or_all_but_one_gave(groups):
    table = measure(teams(**{f"t{i}": scores for i, scores in enumerate(groups)}), nps("score"), by="team", total=True)
    everyone = [score for group in groups for score in group]
    for scores, estimate in zip([*groups, everyone], table["estimate"], strict=True):
        most = max(scores.count(value) for value in (0, 7, 10))
        assert np.isnan(estimate) or len(scores) - most > 1
