import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.vq import kmeans2

from engagelab.segments import stability as stable


def squares(points, centres):
    return ((points[:, None] - centres[None])**2).sum(axis=2).min(axis=1).sum()


def test_the_groups_of_few_points_are_the_best_of_all_partitions():
    vary = np.random.RandomState(5)
    for _ in range(5):
        points = vary.normal(size=(8, 2))
        best = min(sum(((points[np.array(labels) == one] - points[np.array(labels) == one].mean(axis=0))**2).sum()
                       for one in set(labels)) for labels in itertools.product(range(3), repeat=8))
        centres, _ = stable.kmeans(points, 3, vary, 20)
        assert squares(points, centres) == pytest.approx(best, rel=1e-12)


def test_no_start_of_scipy_finds_a_smaller_sum_of_squares():
    vary = np.random.RandomState(1)
    points = np.concatenate([vary.normal(place, 1, (100, 3)) for place in (0, 3, 6, 9)])
    centres, _ = stable.kmeans(points, 4, vary, 10)
    theirs = min(squares(points, kmeans2(points, 4, iter=50, minit="++", rng=seed)[0]) for seed in range(20))
    assert squares(points, centres) <= theirs * (1 + 1e-9)


def test_groups_are_numbered_by_size_and_labels_go_with_centres():
    points = np.array([[0.0], [.1], [9.0], [9.1], [9.2], [5.0]])
    centres, labels = stable.kmeans(points, 3, np.random.RandomState(0), 10)
    assert labels.tolist() == [1, 1, 0, 0, 0, 2]
    assert centres[:, 0] == pytest.approx([9.1, .05, 5.0])


def test_more_groups_than_different_points_is_no_error():
    centres, labels = stable.kmeans(np.zeros((6, 2)), 3, np.random.RandomState(0))
    assert len(centres) == 3
    assert set(labels) == {0}


@given(st.integers(2, 4), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_the_similarity_of_groups_is_that_of_the_sets_of_their_points(k, pairs):
    labels, others = (np.array(side) % k for side in zip(*pairs, strict=True))
    found = stable.matched(labels, others, k)
    for group in range(k):
        own = set(np.flatnonzero(labels == group))
        jaccard = [len(own & theirs) / len(own | theirs) if own | theirs else 0 for theirs in
                   (set(np.flatnonzero(others == other)) for other in range(k))]
        assert found[group] == pytest.approx(max(jaccard))


def test_groups_far_apart_are_found_again_and_halves_of_a_cloud_in_many_dimensions_are_not():
    vary = np.random.RandomState(0)
    apart = np.concatenate([vary.normal(0, 1, (60, 2)), vary.normal(9, 1, (40, 2))])
    cloud = vary.normal(size=(100, 8))
    found = [stable.jaccard(points, stable.kmeans(points, 2, vary)[1], 2, 30, vary) for points in (apart, cloud)]
    assert found[0].min() > .99
    assert found[1].max() < .75


@pytest.mark.parametrize("together", [False, True])
def test_clouds_without_groups_have_the_correlation_and_the_shape_of_the_data(together):
    vary = np.random.RandomState(2)
    points = vary.multivariate_normal([0, 0, 0], [[1, .6, -.3], [.6, 1, 0], [-.3, 0, 1]], 4000)
    points[:, 1] = np.exp(points[:, 1])
    drawn = stable.Cloud(points, [None] * 3, together, vary).draw()
    assert np.corrcoef(drawn.T) == pytest.approx(np.corrcoef(points.T), abs=.06)
    for level in (.05, .5, .95):
        assert np.quantile(drawn, level, axis=0) == pytest.approx(np.quantile(points, level, axis=0), abs=.2)


def test_flags_cut_from_one_normal_have_their_correlation_in_the_clouds_too():
    vary = np.random.RandomState(0)
    flags = (vary.multivariate_normal([0, 0], [[1, .7], [.7, 1]], 4000) > [.5, 1.0]).astype(float)
    drawn = stable.Cloud(flags, [np.array([0.0, 1.0])] * 2, False, vary).draw()
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(np.corrcoef(flags.T)[0, 1], abs=.05)
    assert drawn.mean(axis=0) == pytest.approx(flags.mean(axis=0), abs=.03)


def test_a_column_with_two_peaks_has_one_in_the_clouds():
    vary = np.random.RandomState(1)
    shares, values = stable._unimodal(np.concatenate([vary.normal(0, 1, 300), vary.normal(8, 1, 300)]))
    density = np.diff(shares) / np.diff(values)
    peak = density.argmax()
    assert (np.diff(density[:peak + 1]) >= -1e-9).all()
    assert (np.diff(density[peak:]) <= 1e-9).all()
    assert stable.Cloud(np.ones((30, 2)), [None, None], True, vary).draw().tolist() == [[1.0, 1.0]] * 30


def test_a_flag_stays_a_flag_in_a_cloud():
    steps = [np.array([-.5, 2.0]), None]
    cloud = stable._stepped(np.array([[.7, .7], [.8, 9.0], [-30, 1.0]]), steps)
    assert cloud.tolist() == [[-.5, .7], [2.0, 9.0], [-.5, 1.0]]


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_a_silhouette_lies_between_0_and_1(seed):
    vary = np.random.RandomState(seed)
    points = vary.normal(size=(20, 2))
    found = stable.silhouettes(points, stable.kmeans(points, 3, vary)[0])
    assert ((found >= 0) & (found <= 1)).all()
