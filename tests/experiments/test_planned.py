"""A plan's looks, its sentences, tables and picture."""

import numpy as np
import pytest
from scipy import stats

from engagelab import words
from engagelab.experiments.plan import plan
from engagelab.experiments.rules import Rules
from engagelab.metrics.nouns import mean, rate

OPENED, SPEND = rate("opened"), mean("spend")
DRAWS = 4000


def test_looks_keep_the_power():
    found = plan(SPEND, sd=1, effect=.2, looks=4)
    assert found.n > plan(SPEND, sd=1, effect=.2).n
    assert found.looks == (.25, .5, .75, 1) and list(found.bounds["fraction"]) == [.25, .5, .75, 1]
    sizes = found.bounds["n"].to_numpy()
    steps = np.random.RandomState(4).normal(size=(2 * DRAWS, 2, 4)) * np.sqrt(np.diff(sizes, prepend=0))
    totals = steps.cumsum(axis=2) + np.array([0, .2])[:, None] * sizes
    z = (totals[:, 1] - totals[:, 0]) / np.sqrt(2 * sizes)
    crossed = z > found.bounds["critical"].to_numpy()
    assert crossed.any(axis=1).mean() == pytest.approx(.8, abs=.01)
    for spending, times in (("obrien_fleming", 1.023), ("pocock", 1.192)):
        once, five = (plan(SPEND, sd=1, effect=.02, power=.9, looks=looks, spending=spending) for looks in (1, 5))
        assert five.n / once.n == pytest.approx(times, abs=5e-4)


@pytest.mark.parametrize(("told", "each"), [
    ({"metrics": 4}, .9875), ({"metrics": 4, "primary": True}, .975), ({"metrics": 4, "correct": "none"}, .95),
    ({"arms": 3, "looks": 2}, .975), ({"arms": 3, "metrics": 2, "correct": "holm"}, .9875)])
def test_each_comparison_is_as_sure_as_compare_makes_it(told, each):
    found = plan(SPEND, sd=1, effect=.2, **told)
    assert found.each == pytest.approx(each) and (found.n > plan(SPEND, sd=1, effect=.2).n) == (each > .95)
    shares = {"metrics": 4, "primary": True} if "primary" in told else {"metrics": told.get("metrics", 1)}
    nouns = {str(i): SPEND for i in range(shares["metrics"])}
    rules = Rules(correct=found.correct, primary="0" if "primary" in shares else None)
    assert found.correct == "holm" or found.share == rules.shares(nouns)["0"]


def test_the_power_that_is_promised_is_reached_with_three_metrics():
    found = plan(SPEND, sd=1, effect=.2, metrics=3)
    random, reached = np.random.RandomState(5), Rules().shares(dict.fromkeys("abc", SPEND))["a"]
    z = random.normal(.2 / np.sqrt(2 / found.n), 1, 40_000)
    assert (z > stats.norm.isf(.025 * reached)).mean() == pytest.approx(.8, abs=.01)
    assert "33.3% of the error" in " ".join(found.notes)


def test_a_started_week_is_finished_and_the_sentence_says_it_all():
    found = plan({"open_rate": OPENED}, baseline=.106, effect=.02, power=.9, weekly=2000)
    assert found.n == 5386 and found.total == 10_772 and found.weeks == 6
    assert found.says == ("Open rate: to see a rise of 2.0 pp from 10.6% with a chance of 90%, 5,386 in each arm are "
                          "needed (10,772 in all). At 2,000 a week that takes 6 weeks.")
    assert "begun is finished" in found.notes[-1]
    with words.speaking("ja"):
        assert "検出力90%" in found.says and "6週間" in found.says
    assert plan(OPENED, baseline=.1, effect=.02, n=1000, weekly=2000).weeks == 1


def test_a_plan_with_looks_says_so_and_another_does_not():
    for language, told in (("en", "This allows for 5 looks, the last of them at the end."),
                           ("ja", "最後の1回を含めて5回")):
        with words.speaking(language):
            once, five = (plan(OPENED, baseline=.1, effect=.02, looks=looks).says for looks in (None, 5))
            assert told in five and told not in once


def test_it_is_seen_as_tables_and_drawn():
    found = plan(OPENED, baseline=.106, effect=.02, looks=3, arms=3, cluster_size=10, icc=.01)
    assert list(found.frame) == ["n", "effect", "power", "n_needed"]
    assert sorted(set(found.frame["n"])) == [found.n / 2, found.n, 2 * found.n]
    assert found.frame.groupby("n")["power"].apply(lambda power: power.is_monotonic_increasing).all()
    assert str(found).startswith(found.says) and "<table>" in found._repr_html_()
    assert len(found.plot().lines) == 4


def test_where_the_power_is_found_the_units_are_those_for_80_percent():
    found = plan(OPENED, baseline=.1, effect=.02, n=500, looks=3)
    assert found.power < .5
    own = found.frame[np.isclose(found.frame["effect"], .02)]
    assert set(own["n_needed"]) == {plan(OPENED, baseline=.1, effect=.02, looks=3).n}
    assert "chance of 80%" in " ".join(found.notes)
