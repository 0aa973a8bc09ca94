"""With the mix held still, only what happens within the groups can move the estimate."""

import numpy as np
import pandas as pd
import pytest
from test_difference import measured

import engagelab as el
from engagelab.errors import DataError
from engagelab.metrics.intervals import wilson
from engagelab.metrics.mix import fixed_mix, groups_only, mix, totals_only

Z = 1.959963984540054


def two_channels(now=(.5, .3)):
    estimate = [.5, .3, *now]
    return measured(channel=["app", "mail"] * 2, quarter=["Q1", "Q1", "Q2", "Q2"], n=[20, 80, 70, 30],
                    estimate=estimate, low=[value - .1 for value in estimate], high=[value + .1 for value in estimate])


def test_nothing_moves_when_only_the_mix_moves():
    found = fixed_mix(two_channels(), by="channel", over="quarter", to="Q1")
    assert found["estimate"].tolist() == pytest.approx([.34, .34])
    assert "channel" not in found


def test_a_change_within_the_groups_is_weighted_by_the_mix_that_is_held():
    found = fixed_mix(two_channels(now=(.6, .3)), by="channel", over="quarter", to="Q1")
    assert found["estimate"].tolist() == pytest.approx([.34, .34 + .2 * .1])


def test_the_standard_error_and_interval_are_those_of_a_weighted_sum():
    # Fleiss, Levin and Paik: the variance of the weighted sum is the sum of w^2 times the variances
    found = fixed_mix(two_channels(), by="channel", over="quarter", to="Q1").iloc[1]
    assert found["se"] == pytest.approx(np.hypot(.2, .8) * .05)
    assert found["high"] - found["estimate"] == pytest.approx(np.hypot(.2, .8) * .1)


def test_the_interval_covers_a_true_standardised_share():
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(400):
        app, mail = generator.binomial(70, .5), generator.binomial(30, .3)
        (low, high) = (np.ravel(ends) for ends in wilson(np.array([app, mail]), np.array([70, 30])))
        frame = two_channels(now=(app / 70, mail / 30))
        frame.loc[2:, "low"], frame.loc[2:, "high"] = low, high
        row = fixed_mix(frame, by="channel", over="quarter", to="Q1").iloc[1]
        hits += row["low"] <= .34 <= row["high"]
    assert .92 < hits / 400 < .98


def test_a_group_that_one_period_lacks_is_left_out_and_named():
    frame = two_channels().iloc[:3]
    found = fixed_mix(frame, by="channel", over="quarter", to="Q1")
    assert found["estimate"].tolist() == pytest.approx([.5, .5])  # a period is compared with what it shares
    assert found["flag"].tolist() == ["without mail, which not every period knows", ""]


def test_where_no_group_is_in_every_period_there_is_no_estimate():
    frame = two_channels().iloc[[0, 3]]
    found = fixed_mix(frame, by="channel", over="quarter", to="Q1")
    assert found["estimate"].isna().all()


def test_a_period_with_its_own_mix_is_the_whole_for_ratios_too():
    generator = np.random.default_rng(1)
    posts = pd.DataFrame({"kind": generator.choice(["a", "b"], 400), "shown": generator.integers(1, 1000, 400),
                          "quarter": generator.choice(["Q1", "Q2"], 400)})
    posts["clicks"] = (posts["shown"] * np.where(posts["kind"] == "a", .1, .01)).round()
    ratio = {"rate": el.ratio("clicks", "shown")}
    whole = el.measure(posts, ratio, by="quarter").set_index("quarter")["estimate"]
    parts = el.measure(posts, ratio, by=["kind", "quarter"])
    assert fixed_mix(parts, by="kind", over="quarter", to="Q1")["estimate"][0] == pytest.approx(whole["Q1"])
    with_totals = el.measure(posts, ratio, by=["kind", "quarter"], total=True)
    assert fixed_mix(with_totals, by="kind", over="quarter", to="Q1")["estimate"].tolist() == pytest.approx(
        fixed_mix(parts, by="kind", over="quarter", to="Q1")["estimate"].tolist())
    assert totals_only(with_totals, "kind")["estimate"].tolist() == pytest.approx(whole.tolist())
    assert len(groups_only(with_totals, "kind")) == 4


def test_a_weighted_measure_is_refused():
    with pytest.raises(DataError, match="without weights="):
        fixed_mix(two_channels().assign(n_eff=5.0), by="channel", over="quarter", to="Q1")


def test_the_mix_is_shares_with_wilsons_interval():
    found = mix(two_channels(), by="channel", over="quarter")
    assert found["estimate"].tolist() == pytest.approx([.2, .8, .7, .3])
    low, high = wilson(20, 100)
    assert (found["low"][0], found["high"][0]) == (pytest.approx(low), pytest.approx(high))


def test_an_unknown_period_is_refused():
    with pytest.raises(DataError, match="'Q9'"):
        fixed_mix(two_channels(), by="channel", over="quarter", to="Q9")
