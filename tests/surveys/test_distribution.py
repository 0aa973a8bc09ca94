"""The share of each answer: counted by hand, with the interval of statsmodels, small groups hidden."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from engagelab.errors import DataError, UsageError
from engagelab.metrics.answer import is_hidden
from engagelab.metrics.shares import TAIL
from engagelab.surveys import distribution


def answers(joy, team=None):
    return pd.DataFrame({"joy": joy, "team": team if team is not None else ["a"] * len(joy)})


@given(st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.integers(1, 5)), min_size=1, max_size=40))
@settings(max_examples=25)
def test_every_share_is_the_count_over_who_answered_in_the_group(rows):
    data = answers([score for _, score in rows], [team for team, _ in rows])
    made = distribution(data, "joy", scale=(1, 5), by="team", min_n=0)
    assert len(made) == 5 * data["team"].nunique() and list(made) == ["metric", "question", "team", "value", *TAIL]
    for row in made.itertuples():
        said = [score for team, score in rows if team == row.team and score is not None]
        assert (row.n, row.count) == (len(said), said.count(row.value))
        assert row.n_missing == sum(team == row.team and score is None for team, score in rows)
        if said:
            assert row.estimate == said.count(row.value) / len(said)
            low, high = proportion_confint(row.count, row.n, method="wilson")
            assert (row.low, row.high) == pytest.approx((low, high), abs=1e-12)
        else:
            assert np.isnan(row.estimate) and row.flag == "no known value"


def test_the_shares_of_a_group_add_up_to_one_in_the_order_of_the_items():
    data = answers([1, 2, 3, 4, 5, 5], [10, 10, 10, 9, 9, 9]).assign(pay=[2, 2, 1, 1, 3, None])
    made = distribution(data, ["joy", "pay"], scale=(1, 5), by="team", min_n=0)
    assert made.groupby(["question", "team"])["estimate"].sum().tolist() == pytest.approx([1] * 4)
    assert made["question"].unique().tolist() == ["joy", "pay"] and made["team"].unique().tolist() == ["9", "10"]
    assert made["value"].tolist() == [1, 2, 3, 4, 5] * 4


def test_without_a_scale_only_answers_that_were_given_have_a_row():
    assert distribution(answers([2, 2.5, 4, 4, 2, 3]), "joy")["value"].tolist() == [2, 2.5, 3, 4]
    assert distribution(answers([2, 4, 3, 4, 2]), "joy")["value"].dtype == "int64"


def test_an_answer_that_only_hidden_groups_gave_has_no_row():
    data = answers([1, 2, 3, 1, 2] + [4.5] * 4 + [5] * 6, ["a"] * 5 + ["b"] * 4 + ["c"] * 6)
    made = distribution(data, "joy", by="team")
    assert made["value"].unique().tolist() == [1, 2, 3] and made["value"].dtype == "int64"
    assert made["team"].unique().tolist() == ["a", "b", "c"] and is_hidden(made["flag"]).sum() == 6
    assert distribution(data, "joy", by="team", min_n=0)["value"].unique().tolist() == [1, 2, 3, 4.5, 5]
    for hidden in ([8] * 6, [8] * 5 + [2], [1, 2]):
        with pytest.raises(DataError, match="'joy': all answers are hidden or masked"):
            distribution(answers(hidden), "joy")


def test_small_groups_are_hidden_and_a_missing_group_has_its_name():
    data = answers([1, 2, 3, 4] + [1, 2, 3, 4, 5] + [2] * 4 + [1, 3], ["a"] * 4 + ["b"] * 5 + [None] * 6)
    made = distribution(data, "joy", scale=(1, 5), by="team")
    shown = made[~is_hidden(made["flag"])]
    assert shown["team"].unique().tolist() == ["b", "(missing)"] and made["team"].unique()[0] == "a"
    hidden = made[is_hidden(made["flag"])]
    assert hidden[["estimate", "low", "count", "n", "n_missing"]].isna().all(axis=None) and len(hidden) == 5


def test_crossed_groups_need_ten():
    data = answers([1, 2, 3, 4, 5, 1, 2, 3], ["a"] * 8).assign(site="x")
    assert is_hidden(distribution(data, "joy", scale=(1, 5), by=["team", "site"])["flag"]).all()
    assert not is_hidden(distribution(data, "joy", scale=(1, 5), by="team")["flag"]).any()


def test_where_all_or_all_but_one_say_the_same_the_shares_are_masked():
    for joy in ([4] * 6, [4] * 5 + [2]):
        made = distribution(answers(joy), "joy", scale=(1, 5), by="team")
        assert is_hidden(made["flag"]).all() and made[["estimate", "count", "low"]].isna().all(axis=None)
        assert made["n"].tolist() == [6] * 5
        assert distribution(answers(joy), "joy", scale=(1, 5), by="team", min_n=0)["estimate"].notna().all()
    assert distribution(answers([4] * 5 + [2] * 2), "joy", scale=(1, 5))["estimate"].notna().all()


@pytest.mark.parametrize(("data", "more", "error", "says"), [
    (answers([1, 9]), {}, DataError, "column 'joy', row 2: 9 lies off the scale"),
    (answers([1, "x"]), {}, DataError, "'x' is no number"),
    (answers([None, None]), {"scale": None}, DataError, "'joy': nobody answered"),
    (answers([1]), {"items": ["pay"]}, UsageError, "no column 'pay'"),
    (answers([1]), {"by": "value"}, UsageError, "column 'value' of its own"),
    (answers([1], ["(all)"]), {"by": "team"}, DataError, r"'\(all\)'"),
    (answers([1]), {"min_n": 2.5}, UsageError, "min_n"), (answers([1]), {"scale": (5, 1)}, UsageError, "scale must"),
    (answers([1]), {"scale": (0, 10**9)}, UsageError, "at most 100 steps")])
def test_what_cannot_be_meant_is_refused(data, more, error, says):
    with pytest.raises(error, match=says):
        distribution(data, **{"items": "joy", "scale": (1, 5), **more})
