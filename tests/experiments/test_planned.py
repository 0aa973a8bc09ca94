"""A plan's looks, its sentences, tables and picture."""

import numpy as np
import pytest

from engagelab import words
from engagelab.experiments.plan import plan
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


def test_a_started_week_is_finished_and_the_sentence_says_it_all():
    found = plan({"open_rate": OPENED}, baseline=.106, effect=.02, power=.9, weekly=2000)
    assert found.n == 5386 and found.total == 10_772 and found.weeks == 6
    assert found.says == ("Open rate: to see a rise of 2.0 pp from 10.6% with a chance of 90%, 5,386 in each arm are "
                          "needed (10,772 in all). At 2,000 a week that takes 6 weeks.")
    assert "begun is finished" in found.notes[-1]
    with words.speaking("ja"):
        assert "検出力90%" in found.says and "6週間" in found.says
    assert plan(OPENED, baseline=.1, effect=.02, n=1000, weekly=2000).weeks == 1


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
