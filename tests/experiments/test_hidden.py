import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from engagelab.experiments.hidden import VALUES, discreet, fewest, hidden
from engagelab.metrics.nouns import csat, mean, nps


def rows(n_control, n_arm):
    return pd.DataFrame({"metric": ["score"], "n_control": [n_control], "n_arm": [n_arm], "value_control": [1.0],
                         "value_arm": [2.0], "se": [.1], **{name: [.5] for name in VALUES}})


def test_survey_nouns_hide_below_five_and_below_ten_where_crossed_unless_told():
    n = np.array([0, 4, 5, 9, 10])
    assert hidden(nps("score"), n).tolist() == [True, True, False, False, False]
    assert fewest(csat("score"), crossed=True) == 10
    assert fewest(nps("score", min_n=0), crossed=True) == fewest(mean("spend"), crossed=True) == 0
    assert hidden(mean("spend", min_n=6), n).sum() == 3


@given(st.integers(0, 12), st.integers(0, 12), st.sampled_from([None, 0, 1, 8]))
def test_an_arm_that_is_too_small_shows_no_value_and_nothing_that_tells_it(n_control, n_arm, min_n):
    found = discreet(rows(n_control, n_arm), {"score": nps("score", min_n=min_n)}).iloc[0]
    least = 5 if min_n is None else min_n
    assert np.isnan(found["value_control"]) == (n_control < least)
    assert np.isnan(found["value_arm"]) == (n_arm < least)
    assert found[[*VALUES, "se"]].isna().all() == (min(n_control, n_arm) < least)
    assert (found["n_control"], found["n_arm"]) == (n_control, n_arm)


def test_other_metrics_are_left_as_they_are():
    table = rows(2, 2)
    pd.testing.assert_frame_equal(discreet(table, {"score": mean("score")}), table)
    pd.testing.assert_frame_equal(discreet(table, {"other": nps("score")}), table)
