"""Grades: cuts by hand, equal scores, cuts used again, and the answers by grade."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics import wilson
from engagelab.metrics.intervals import around
from engagelab.segments import follow_up, grade


def made():
    random = np.random.RandomState(0)
    return pd.DataFrame({"user_id": range(200), "score": random.permutation(200) / 2.0,
                         "margin": random.normal(100, 40, 200), "renewed": random.uniform(size=200) < .4})


def test_by_shares_the_best_tenth_is_a_the_next_fifth_b_and_the_next_three_tenths_c():
    found = grade(made())
    assert found.frame["grade"].value_counts().to_dict() == {"D": 80, "C": 60, "B": 40, "A": 20}
    assert found.cuts == {"A": 90.0, "B": 70.0, "C": 40.0}
    assert found.frame.groupby("grade")["score"].min().to_dict() == {**found.cuts, "D": 0.0}


def test_the_cuts_of_last_quarter_give_the_same_boundaries_again():
    cuts, later = grade(made()).cuts, made().assign(score=lambda frame: frame["score"] + 5)
    found = grade(later, thresholds=cuts)
    assert found.cuts == cuts
    assert found.frame["grade"].tolist() == ["A" if x >= 90 else "B" if x >= 70 else "C" if x >= 40 else "D"
                                             for x in later["score"]]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.one_of(st.none(), st.integers(0, 6)), min_size=1, max_size=40).filter(
    lambda found: any(x is not None for x in found)))
def test_equal_scores_have_equal_grades_better_ones_no_worse_and_the_cuts_alone_give_them_again(scores):
    rows = pd.DataFrame({"score": pd.array(scores, dtype="float64")})
    found = grade(rows)
    known = found.frame.dropna(subset="score")
    by_score = known.groupby("score")["grade"].agg(["nunique", "first"]).sort_index(ascending=False)
    assert (by_score["nunique"] == 1).all() and by_score["first"].is_monotonic_increasing
    assert found.frame["grade"].isna().equals(rows["score"].isna())
    assert grade(rows, thresholds=found.cuts).frame["grade"].equals(found.frame["grade"])
    assert found.grades["count"].sum() == len(known)


def test_where_all_have_one_score_nobody_is_parted_and_the_empty_grades_are_said():
    found = grade(pd.DataFrame({"score": [7.0] * 10}))
    assert set(found.frame["grade"]) == {"C"} and "A, B, D" in found.notes[1]


def test_the_table_has_share_mean_value_and_rate_by_grade_as_their_own_formulas_give_them():
    rows = made()
    found = grade(rows, value="margin", outcome="renewed").grades.set_index(["metric", "grade"])
    best = rows[rows["score"] >= 90]
    share, mean, rate = (found.loc[(name, "A")] for name in ("grade_share", "mean_value", "outcome_rate"))
    assert [share["low"], share["high"]] == pytest.approx(list(wilson(20, 200)))
    assert [mean["low"], mean["high"]] == pytest.approx(list(around(
        best["margin"].mean(), best["margin"].std() / 20**.5, 19)))
    assert rate["estimate"] == best["renewed"].mean() and [rate["low"], rate["high"]] == pytest.approx(
        list(wilson(best["renewed"].sum(), 20)))


def test_by_a_column_of_amounts_and_by_grades_of_ones_own():
    found = grade(made(), "margin", shares={"gold": .05, "silver": .2}, value="margin")
    assert found.frame["grade"].value_counts().to_dict() == {"D": 150, "silver": 40, "gold": 10}
    assert found.frame.groupby("grade")["margin"].min()["gold"] == found.cuts["gold"]


def test_a_row_without_a_score_has_no_grade_and_is_counted():
    found = grade(made().assign(score=lambda frame: frame["score"].mask(frame.index < 3)))
    assert found.frame["grade"].isna().sum() == 3 and "3 rows without score" in found.notes[-1]
    assert set(found.grades["n"]) == {197}


@pytest.mark.parametrize(("how", "error", "said"), [
    ({"thresholds": {"A": 40, "B": 60}}, UsageError, "falling number"),
    ({"thresholds": {"A": float("nan")}}, UsageError, "falling number"),
    ({"thresholds": {"D": 4}}, UsageError, "falling number"),
    ({"thresholds": {}}, UsageError, "falling number"),
    ({"shares": {"A": .6, "B": .6}}, UsageError, "together at most 1"),
    ({"shares": {"A": 10}}, UsageError, "together at most 1"),
    ({"by": "no_such"}, NoColumn, "no_such"),
    ({"value": "no_such"}, NoColumn, "no_such"),
])
def test_arguments_that_cannot_be_are_refused(how, error, said):
    with pytest.raises(error, match=said):
        grade(made(), **how)


def test_tables_that_cannot_be_graded_are_refused():
    with pytest.raises(DataError, match="nobody can be graded"):
        grade(pd.DataFrame({"score": [None, None]}))
    with pytest.raises(UsageError, match="already"):
        grade(grade(made()))
    with pytest.raises(UsageError, match="takes a table"):
        grade([1, 2])
    with pytest.raises(DataError, match="row 2"):
        grade(pd.DataFrame({"score": [1, np.inf]}))


def test_it_is_looked_at_in_both_languages():
    found = grade(made(), value="margin")
    assert "A from 90.00" in repr(found)
    with words.speaking("ja"):
        for by, heading in (("score", "スコア"), ("margin", "粗利")):
            assert grade(made(), by).notes[0].startswith(f"{heading}によるグレード")
        assert "グレード" in repr(found) and "<table>" in found._repr_html_()


def test_amounts_are_looked_at_in_their_currency():
    people = pd.DataFrame({"user_id": list("abcd"), "margin": [9000.0, 300, 20, 1], "days": [1.0, 2, 3, 4],
                           "last_contact_at": pd.to_datetime(["2026-01-01"] * 4, utc=True)})
    found = grade(people, "margin", value="margin", unit="JPY", shares={"A": .25})
    assert "¥9,000" in found.notes[0] and "¥9,000" in repr(found).split("\n", 1)[1]
    assert "¥" not in grade(people, "days", value="margin", unit="JPY", shares={"A": .25}).notes[0]
    assert "¥9,000" in repr(follow_up(found, value="margin", at="2026-09-30"))
