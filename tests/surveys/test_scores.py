"""Scores are means of the answered items; nothing goes missing silently."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.surveys import scores

REFERENCE = Path(__file__).parents[1] / "reference"
MADE = pd.DataFrame(json.loads((REFERENCE / "surveys_made43.json").read_text("utf-8")))
SIX = [f"q{i}" for i in range(1, 7)]
UWES = {"vigor": ["u1", "u2", "u5"], "dedication": ["u3", "u4", "u7"], "absorption": ["u6", "u8", "u9"]}


def answers(rows, names=None):
    return pd.DataFrame(rows, columns=names or [f"u{i}" for i in range(1, len(rows[0]) + 1)], dtype="float64")


def test_the_total_is_the_mean_of_all_items_and_not_of_the_subscales():
    scored = scores(answers([[6, 6, 0, 3]]), {"a": ["u1"], "b": ["u2", "u3", "u4"]}, scale=(0, 6))
    assert scored[["a", "b", "total"]].iloc[0].tolist() == [6.0, 3.0, 3.75]


def test_nine_items_are_scored_as_the_published_order_of_the_items_says():
    scored = scores(answers([[5, 4, 6, 3, 2, 1, 6, 0, 2]]), UWES, scale=(0, 6))
    assert scored[[*UWES, "total"]].iloc[0].tolist() == pytest.approx([11 / 3, 5, 1, 29 / 9])


def test_the_rank_correlation_with_enps_is_that_of_r():
    case = json.loads((REFERENCE / "surveys_scores.json").read_text("utf-8"))["spearman_enps_engagement"]
    scored = scores(MADE, {"engagement": SIX}, scale=(1, 5))
    assert spearmanr(scored["enps"], scored["total"]).statistic == pytest.approx(case["expected"]["rho"], abs=1e-10)
    assert np.array_equal(scored["total"], MADE[SIX].mean(axis="columns"))


@given(st.lists(st.lists(st.none() | st.integers(1, 7), min_size=4, max_size=4), min_size=1, max_size=8),
       st.sampled_from([0, .25, .5, .75]), st.sets(st.integers(0, 3)))
def test_a_score_is_the_mean_of_what_was_answered_or_is_missing_and_counted(rows, missing, turned):
    table = answers(rows)
    reverse = [f"u{i + 1}" for i in sorted(turned)]
    scored = scores(table, {"all": ["u1", "u2", "u3", "u4"]}, scale=(1, 7), reverse=reverse, missing=missing)
    silent = 0
    for row, made, total, count in zip(rows, scored["all"], scored["total"], scored["items_answered"], strict=True):
        said = [8 - answer if i in turned else answer for i, answer in enumerate(row) if answer is not None]
        assert count == len(said)
        if len(row) - len(said) <= missing * len(row):
            assert made == total == pytest.approx(sum(said) / len(said))
        else:
            silent += 1
            assert np.isnan(made) and np.isnan(total)
    assert any(note.startswith(f"all: {silent} of {len(rows)} rows have no score") for note in scored.attrs["notes"]
               ) == bool(silent)


def test_turning_every_item_round_mirrors_every_score():
    plain = scores(MADE, {"a": SIX[:3], "b": SIX[3:]}, scale=(1, 5))
    mirrored = scores(MADE, {"a": SIX[:3], "b": SIX[3:]}, scale=(1, 5), reverse=SIX)
    for name in ("a", "b", "total"):
        assert mirrored[name].to_numpy() == pytest.approx(6 - plain[name].to_numpy())


def test_the_rows_of_the_caller_stay_as_they_are():
    table = answers([[1, 2], [3, None]]).assign(team=["x", "y"]).set_index(pd.Index([7, 7]))
    before = table.copy()
    scored = scores(table, {"a": ["u1", "u2"]}, scale=(1, 5), reverse=["u2"])
    pd.testing.assert_frame_equal(table, before)
    assert scored.index.tolist() == [7, 7] and list(scored) == ["u1", "u2", "team", "a", "total", "items_answered"]
    assert scored["a"].tolist() == [2.5, 3.0]
    assert scored.attrs["notes"] == ["a: 1 of 2 scores rest on some of its 2 items",
                                     "total: 1 of 2 scores rest on some of its 2 items"]


def test_a_file_is_scored_as_a_frame_is(tmp_path):
    table = answers([[1, 2], [3, None]])
    table.to_csv(tmp_path / "answers.csv", index=False)
    pd.testing.assert_frame_equal(scores(str(tmp_path / "answers.csv"), {"a": ["u1", "u2"]}, scale=(1, 5)),
                                  scores(table, {"a": ["u1", "u2"]}, scale=(1, 5)), check_dtype=False)


@pytest.mark.parametrize(("more", "error", "says"), [
    ({"items": {"a": ["u1"], "b": ["u1", "u2"]}}, UsageError, "item 'u1' stands in two subscales, 'a' and 'b'"),
    ({"items": ["u1", "u2"]}, UsageError, "items has to be a dict"),
    ({"items": {"a": "u1"}}, UsageError, "has to be a list of column names"),
    ({"items": {"a": ["u1", "u1"]}}, UsageError, "twice"),
    ({"items": {"a": ["u9"]}}, NoColumn, "no column 'u9'"),
    ({"items": {"u2": ["u1"]}}, DataError, "there is a column 'u2' already"),
    ({"items": {"total": ["u1"]}}, DataError, "there is a column 'total' already"),
    ({"reverse": ["u2x"]}, NoColumn, "items has no column 'u2x'.*did you mean 'u2'"),
    ({"reverse": "u1"}, UsageError, "reverse has to be a list"),
    ({"scale": (1, 4)}, DataError, "column 'u1', row 1: 5 lies off the scale from 1 to 4"),
    ({"scale": (5, 1)}, UsageError, r"scale must be .* not \(5, 1\)"),
    ({"scale": 5}, UsageError, "scale must be"),
    ({"missing": 1}, UsageError, "missing must be a share"),
    ({"missing": True}, UsageError, "missing must be a share")])
def test_what_cannot_be_meant_is_refused_in_one_line(more, error, says):
    call = {"items": {"a": ["u1", "u2"]}, "scale": (1, 5), **more}
    with pytest.raises(error, match=says):
        scores(answers([[5, 4]]), **call)


def test_text_among_the_answers_is_named_with_its_row():
    with pytest.raises(DataError, match="column 'u1', row 2: 'agree' is no number"):
        scores(pd.DataFrame({"u1": [5, "agree"]}), {"a": ["u1"]}, scale=(1, 5))


def test_the_notes_speak_the_language_of_the_day():
    with words.speaking("ja"):
        scored = scores(answers([[None, 2, None]]), {"a": ["u1", "u2", "u3"]}, scale=(1, 5))
    assert scored.attrs["notes"][0].startswith("a：1行のうち1行は、3項目の50.0%を超えて無回答")
