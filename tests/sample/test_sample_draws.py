"""The draws against numpy's own promise, scipy's distributions and brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engagelab.sample.draws import Stream, place

MANY = 200_000


def test_a_stream_is_a_child_of_the_seed_as_numpy_spawns_them():
    key = tuple(b"mail")
    theirs = np.random.default_rng(np.random.SeedSequence(7, spawn_key=key)).random(5)
    assert Stream(7, "mail").uniform(5).tolist() == theirs.tolist()


def test_the_stream_gives_the_numbers_that_it_gave_when_the_sample_was_first_made():
    # PCG64 and SeedSequence are covered by numpy's compatibility policy; random() divides 53 bits by 2**53.
    assert (Stream(7, "mail").uniform(3) * 2**53).astype(int).tolist() == [
        6628391896886421, 4374805617137959, 8749521193311216]


@pytest.mark.parametrize("name", ["people", "mail", "social x"])
def test_uniform_numbers_are_uniform(name):
    assert stats.kstest(Stream(3, name).uniform(MANY), "uniform").pvalue > .001


def test_normal_numbers_have_mean_zero_and_variance_one():
    drawn = Stream(3, "normal").normal(MANY)
    assert abs(drawn.mean()) < .01
    assert drawn.var() == pytest.approx(1, abs=.01)
    assert np.mean(drawn < 1) == pytest.approx(stats.norm.cdf(1), abs=.005)


def test_skewed_numbers_have_the_quantiles_of_the_log_normal():
    drawn = Stream(3, "skewed").skewed(95, 1.1, MANY)
    for share in (.05, .25, .5, .75, .95):
        assert np.quantile(drawn, share) == pytest.approx(stats.lognorm.ppf(share, 1.1, scale=95), rel=.03)


def test_successes_have_the_mean_and_variance_of_the_binomial():
    drawn = Stream(3, "successes").successes(np.full(MANY, 3600), .031)
    mean, variance = stats.binom.stats(3600, .031)
    assert drawn.mean() == pytest.approx(mean, rel=.002)
    assert drawn.var() == pytest.approx(variance, rel=.02)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30),
       st.lists(st.floats(.01, 1), min_size=1, max_size=9), st.integers(0, 99))
def test_the_parts_of_a_split_are_whole_not_negative_and_add_up(totals, weights, seed):
    parts = Stream(seed, "split").split(np.array(totals), weights)
    assert parts.shape == (len(totals), len(weights))
    assert (parts >= 0).all()
    assert parts.sum(axis=1).tolist() == totals


def test_a_split_keeps_the_shares_on_average_even_where_totals_are_small():
    parts = Stream(3, "split").split(np.full(MANY, 3), [.5, .3, .2])
    assert (parts.mean(axis=0) / 3).tolist() == pytest.approx([.5, .3, .2], abs=.01)


@given(st.integers(1, 300), st.integers(0, 99))
def test_some_are_different_places(count, seed):
    drawn = Stream(seed, "some").some(count, count)
    assert sorted(drawn.tolist()) == list(range(count))


@given(st.integers(-5, 5), st.integers(0, 9), st.integers(0, 99))
def test_whole_numbers_stay_between_their_ends(low, more, seed):
    drawn = Stream(seed, "whole").whole(low, low + more, 50)
    assert drawn.min() >= low
    assert drawn.max() <= low + more


def test_whole_numbers_reach_both_ends():
    assert set(Stream(1, "whole").whole(3, 5, 200).tolist()) == {3, 4, 5}


@pytest.mark.parametrize("free", [0., .15, .25, 1.])
def test_even_numbers_vary_as_much_as_they_say(free):
    stream, size, share = Stream(3, f"even {free}"), 100, .3
    found = [np.mean(stream.even(stream.uniform(size), free) < share) for _ in range(4000)]
    usual = share * (1 - share) / size
    assert np.mean(found) == pytest.approx(share, abs=.003)
    assert np.var(found) == pytest.approx(usual * free * (2 - free), rel=.1, abs=usual * .005)


def test_even_numbers_follow_the_order_that_they_are_given():
    drawn = Stream(3, "even").even(np.array([30, 10, 20]), 0)
    assert np.argsort(drawn).tolist() == [1, 2, 0]


def _runs(flags, chance, order):
    """By how much the flags of every run of rows along the order miss what their chances add up to."""
    along = np.argsort(order, kind="stable")
    return np.cumsum(np.asarray(flags, dtype=float)[along] - np.asarray(chance)[along])


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3)), min_size=1, max_size=60), st.integers(0, 1000))
def test_planted_flags_miss_the_plan_of_no_group_by_more_than_one(rows, seed):
    chance, order = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    flags = Stream(seed, "planted").planted(chance, order, 0)
    edges = np.searchsorted(np.sort(order), np.arange(5))
    missed = np.append(0, _runs(flags, chance, order))[edges]
    assert np.abs(missed).max() < 1 + 1e-9
    assert not flags[chance == 0].any() and flags[chance == 1].all()


@pytest.mark.parametrize("free", [0, .25, 1])
def test_planted_flags_have_each_row_s_own_chance(free):
    stream, chance = Stream(3, f"planted {free}"), np.array([.1, .5, .9, .3])
    drawn = np.mean([stream.planted(chance, np.zeros(4), free) for _ in range(20_000)], axis=0)
    assert np.allclose(drawn, chance, atol=.015)


@pytest.mark.parametrize("free", [.1, .25, .6])
def test_planted_flags_vary_as_much_as_those_drawn_freely_among_them(free):
    stream, size, chance = Stream(3, f"planted {free}"), 200, .3
    found = [np.mean(stream.planted(np.full(size, chance), np.zeros(size), free)) for _ in range(3000)]
    assert np.var(found) == pytest.approx(free * chance * (1 - chance) / size, rel=.15)


def test_planted_flags_of_nothing_are_nothing():
    assert Stream(3, "planted").planted(np.array([]), np.array([]), .5).tolist() == []


def test_even_numbers_of_nothing_are_nothing():
    assert Stream(3, "even").even(np.array([]), .5).tolist() == []


def test_a_number_on_an_edge_falls_on_the_place_behind_it():
    assert place(np.array([0, .25, .75]), [1, 2, 1]).tolist() == [0, 1, 2]


@given(st.floats(0, 1, exclude_max=True), st.lists(st.floats(.1, 9), min_size=1, max_size=6))
def test_a_number_falls_on_the_place_that_counting_on_gives(chance, weights):
    edge, expected = 0.0, 0
    for number, weight in enumerate(weights[:-1]):
        edge += weight
        if chance >= edge / np.cumsum(weights)[-1]:
            expected = number + 1
    assert place(np.array([chance]), weights).tolist() == [expected]
