"""A/A simulation on one's own history: right where the unit is right, and alarming where it is not."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.experiments.aa import _arms, _checked, _rows, _way, aa
from engagelab.experiments.compare import compare
from engagelab.experiments.contrast import Pair
from engagelab.experiments.read import Trial, Units
from engagelab.experiments.units import read_metric
from engagelab.summaries.engine import source
from engagelab.summaries.sql import Read
from engagelab.summaries.view import Columns, View


def visits(users=400, each=5, seed=2):
    random = np.random.RandomState(seed)
    n = users * each
    own = np.repeat(random.gamma(2, 10, users), each)
    return pd.DataFrame({"user": np.arange(n) // each, "spend": own + random.normal(0, 4, n),
                         "opened": random.rand(n) < .3, "before": own, "clicks": random.poisson(1, n),
                         "views": random.poisson(5, n) + 1, "score": random.choice(11, n)})


METRICS = {"opens": el.rate("opened"), "spend": el.mean("spend"), "adjusted": el.mean("spend", adjust=["before"]),
           "clicks": el.ratio("clicks", "views"), "NPS": el.nps("score")}


def test_rows_of_one_user_give_false_alarms_and_users_do_not():
    found = aa(visits(), METRICS, user="user", draws=150)
    shares = found.frame.set_index(["metric", "unit"])["false_positives"]
    assert shares["spend", "row"] > .25
    assert shares.xs("user", level="unit").between(.01, .12).all()
    assert found.frame["low"].le(found.frame["false_positives"]).all()
    said = next(note for note in found.notes if note.startswith("spend by row"))
    assert "instead of 5.0%" in said and "tell user='user'" in said


def test_the_share_of_alarms_is_that_of_comparisons_of_arms_drawn_the_same_way():
    data = visits(users=120, each=3)
    data.loc[::4, "spend"] = np.nan
    nouns = {name: METRICS[name] for name in ("opens", "adjusted", "clicks")}
    random = np.random.RandomState(9)
    arms = random.permutation(np.repeat(["A", "B"], 60))
    columns = Columns(source(data))
    columns.reads["u0"] = Read("user", "user")
    made = [read_metric(name, noun, columns) for name, noun in nouns.items()]
    codes, values = _rows(columns, made, "user")
    for user in (None, "user"):
        wanted = compare(data.assign(arm=arms[data.user]), nouns, arm="arm", control="A", user=user).frame
        for metric, own in zip(made, values, strict=True):
            kind = Units("user", "user") if user else Units()
            way = _way(Trial(("A", "B"), (metric,), kind, View(columns), [], (), None, {}, .95, (), columns.source),
                       own, codes, 120)
            p = Pair(_arms(way, (arms == "B").astype(int), 2), 1, "newcombe").p()
            assert p == pytest.approx(wanted.set_index("metric").loc[metric.name, "p"], rel=1e-8)


def test_missing_answers_and_unequal_arms_are_kept_right():
    data = visits(users=1500, each=1)
    data.loc[::2, "spend"] = np.nan
    found = aa(data, el.mean("spend"), split=[.9, .1], draws=500)
    assert found.frame["n"][0] == 750 and .02 < found.frame["false_positives"][0] < .085
    assert found.frame["unit"].tolist() == ["row"]


def test_a_user_with_one_row_each_is_a_row():
    data = visits(users=300, each=1)
    assert aa(data, el.mean("spend"), user="user", draws=150).frame["unit"].tolist() == ["row"]


def test_several_arms_are_corrected_so_that_any_alarm_is_as_rare():
    found = aa(visits(users=300, each=1), el.mean("spend"), arms=3, draws=120).frame.iloc[0]
    assert found["false_positives"] < .12


def test_the_evenness_of_p_is_kolmogorovs_and_smirnovs_test():
    data = visits(users=200, each=1)
    found = aa(data, el.mean("spend"), draws=200, seed=4).frame.iloc[0]
    random = np.random.RandomState(4)
    arms = np.repeat([0, 1], 100)
    p = []
    for _ in range(200):
        drawn = random.permutation(arms)
        p.append(stats.ttest_ind(data.spend[drawn == 1], data.spend[drawn == 0], equal_var=False).pvalue)
    assert found["false_positives"] == np.mean(np.array(p) < .05)
    assert found["p_uniform"] == pytest.approx(stats.kstest(p, "uniform", mode="asymp").pvalue, abs=1e-6)


def test_a_rate_has_no_test_of_evenness_as_its_p_takes_few_values():
    found = aa(visits(users=300, each=1), {name: METRICS[name] for name in ("opens", "spend")}, draws=150)
    assert found.frame["p_uniform"].isna().tolist() == [True, False] and "nan" not in repr(found)


def test_the_same_seed_gives_the_same_and_the_order_of_users_does_not_matter():
    data = visits(users=100)
    metrics = {name: METRICS[name] for name in ("spend", "clicks")}
    one = aa(data, metrics, user="user", draws=100, seed=3).frame
    pd.testing.assert_frame_equal(one, aa(data, metrics, user="user", draws=100, seed=3).frame)
    shuffled = aa(data.sample(frac=1, random_state=1), metrics, user="user", draws=100, seed=3).frame
    users = one["unit"] == "user"
    assert one.loc[users, "false_positives"].tolist() == shuffled.loc[users, "false_positives"].tolist()


def test_it_reads_well_in_both_languages():
    found = aa(visits(), el.mean("spend"), user="user", draws=100)
    assert "false alarms" in repr(found) and "<0.001" in repr(found) and "<table" in found._repr_html_()
    with words.speaking("ja"):
        assert "誤検出率" in repr(found)


@pytest.mark.parametrize(("how", "message"), [
    ({"arms": 1}, "arms must be a whole number"), ({"arms": True}, "arms must be"), ({"draws": 5}, "draws must be"),
    ({"seed": -1}, "seed must be"), ({"split": [1, 0]}, "split must have"), ({"split": [1]}, "split must have"),
    ({"confidence": 1}, "confidence must")])
def test_arguments_that_make_no_sense_are_refused(how, message):
    with pytest.raises(UsageError, match=message):
        aa(visits(20), el.mean("spend"), **how)


def test_where_nothing_can_be_compared_it_says_so():
    for value in (np.nan, 7.0):
        found = aa(visits(50, 1).assign(spend=value), el.mean("spend"), draws=100)
        assert found.frame[["false_positives", "low", "high", "p_uniform"]].isna().all(axis=None)
        assert "nothing can be compared" in found.notes[0]
    assert "nan" not in repr(found)


def test_quantiles_few_units_and_columns_that_are_not_there_are_refused():
    with pytest.raises(UsageError, match="quantile"):
        aa(visits(20), el.quantile("spend"))
    with pytest.raises(DataError, match="only 3 units"):
        aa(visits(3), el.mean("spend"), user="user")
    with pytest.raises(NoColumn):
        aa(visits(20), el.mean("spend"), user="customer")


def test_the_shares_of_the_arms_add_up_to_one():
    assert _checked(3, None, 100, 0, .95) == pytest.approx([1 / 3] * 3)
    assert _checked(2, [9, 1], 100, 0, .95) == pytest.approx([.9, .1])
