"""Groups of points by k-means, and whether they are more than a cloud of points cut in pieces.

k-means after Lloyd (1982, IEEE Transactions on Information Theory 28, 129-137), started as Arthur and Vassilvitskii
(2007, k-means++, SODA). How well points lie: the silhouette by centres (Hruschka, de Castro and Campello 2004,
Evolutionary algorithms for clustering gene-expression data, ICDM). Noise is judged as in the gap statistic (Tibshirani,
Walther and Hastie 2001, JRSS B 63, 411-423): the same is done with clouds that have no groups, but the skewness, the
tails and the correlation of the data. Their columns have one peak (Grenander 1956, Skandinavisk Aktuarietidskrift 39,
125-153; the peak where the distribution is closest, as in the dip of Hartigan and Hartigan 1985, Annals of Statistics
13, 70-84) and are put together by a normal and by an elliptical copula, fitted as in Cario and Nelson (1997, NORTA).
Stability of a group: Hennig (2007, Computational Statistics & Data Analysis 52, 258-271), the mean Jaccard similarity
with the group most like it in bootstrap draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

STARTS = 5
ROUNDS = 100
CLOUDS = 39          # of each kind
PEAKS = 40           # places tried for the one peak of a column
ROUND, FITS = 4000, 6    # points on which the correlation of clouds is fitted, and how often
NOISE = .05          # the share of clouds that may look as grouped as the data do
SMALLEST, FEWEST = .01, 5   # of the rows, and rows: fewer are outliers and no group


def nearest(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(label, squared distances) of each point.

    >>> nearest(np.array([[0.0], [9.0]]), np.array([[1.0], [8.0]]))[0].tolist()
    [0, 1]
    """
    from scipy.spatial.distance import cdist  # sums in one order, whatever the number of threads

    apart = cdist(points, centres, "sqeuclidean")
    return apart.argmin(axis=1), apart


def lloyd(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """(centres, labels, sum of squares) where moving the centres to the means of their points changes nothing more."""
    before = np.full(len(points), -1)
    for _ in range(ROUNDS):
        labels, apart = nearest(points, centres)
        if (labels == before).all():
            break
        size = np.bincount(labels, minlength=len(centres))
        sums = np.stack([np.bincount(labels, column, len(centres)) for column in points.T], axis=1)
        centres = np.where(size[:, None] > 0, sums / np.maximum(size, 1)[:, None], centres)
        before = labels
    return centres, labels, float(apart.min(axis=1).sum())


def kmeans(points: np.ndarray, k: int, vary: np.random.RandomState, starts: int = STARTS
           ) -> tuple[np.ndarray, np.ndarray]:
    """(centres, labels) of the best of several starts, largest group first.

    >>> kmeans(np.array([[0.0], [.1], [.2], [9.0], [9.1]]), 2, np.random.RandomState(0))[1].tolist()
    [0, 0, 0, 1, 1]
    """
    centres, labels, _ = min((lloyd(points, _seeded(points, k, vary)) for _ in range(starts)), key=lambda one: one[2])
    order = order_of(centres, labels)
    return centres[order], np.argsort(order)[labels]


def order_of(centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The order of groups by size, largest first, and by centre where two are as large."""
    return np.lexsort((*centres.round(9).T[::-1], -np.bincount(labels, minlength=len(centres))))


def _seeded(points: np.ndarray, k: int, vary: np.random.RandomState) -> np.ndarray:
    """Centres to start from: each next one is a point, likelier the farther it is from those already chosen."""
    chosen = [points[vary.randint(len(points))]]
    far = ((points - chosen[0])**2).sum(axis=1)
    while len(chosen) < k:
        reach = far.cumsum()
        chosen.append(points[min(int(reach.searchsorted(vary.random_sample() * reach[-1])), len(points) - 1)])
        far = np.minimum(far, ((points - chosen[-1])**2).sum(axis=1))
    return np.array(chosen)


def silhouettes(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Of each point 1 less the distance to its centre over that to the next: 1 at its centre, 0 half way between two.

    >>> silhouettes(np.array([[0.0], [1.0], [5.0]]), np.array([[0.0], [10.0]])).round(2).tolist()
    [1.0, 0.89, 0.0]
    """
    near = np.sqrt(np.partition(nearest(points, centres)[1], 1, axis=1)[:, :2])
    return 1 - np.divide(near[:, 0], near[:, 1], out=np.ones(len(points)), where=near[:, 1] > 0)


@dataclass(frozen=True)
class Noise:
    """How grouped the data are and how grouped clouds without groups look: a value for each k."""

    silhouette: np.ndarray
    cloud: np.ndarray      # the mean of the kind of cloud that looks more grouped
    p: np.ndarray          # the share of clouds that look as grouped as the data at that k, at any k


def grouped(points: np.ndarray, ks: Sequence[int], steps: Sequence[np.ndarray | None], vary: np.random.RandomState
            ) -> Noise:
    """The data against clouds without groups. `steps` are the values that a column can take, None where it can any."""
    own = _profile(points, ks, vary, max(SMALLEST * len(points), FEWEST))
    means, shares = [], []
    for together in (False, True):
        cloud = Cloud(points, steps, together, vary)
        clouds = np.array([_profile(cloud.draw(), ks, vary, 0) for _ in range(CLOUDS)])
        mean, spread = clouds.mean(axis=0), np.maximum(clouds.std(axis=0, ddof=1), 1e-9)
        most = ((clouds - mean) / spread).max(axis=1)   # over all k, as the best of them is looked for in the data too
        means.append(mean)
        shares.append((1 + (most[:, None] >= (own - mean) / spread).sum(axis=0)) / (CLOUDS + 1))
    return Noise(own, np.maximum(*means), np.maximum(*shares))


def _profile(points: np.ndarray, ks: Sequence[int], vary: np.random.RandomState, fewest: float) -> np.ndarray:
    """The mean silhouette at each k; -1 where a group has so few points that they are outliers."""
    found = []
    for k in ks:
        centres, labels = kmeans(points, k, vary, 2)
        small = np.bincount(labels, minlength=k).min() < fewest
        found.append(-1.0 if small else float(silhouettes(points, centres).mean()))
    return np.array(found)


def _unimodal(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(shares, values): of the distributions with one peak the one closest to that of the column.

    >>> [side.tolist() for side in _unimodal(np.array([0.0, 0, 1, 1, 1, 1, 2, 2]))]
    [[0.0, 0.25, 0.75, 1.0], [-0.5, 0.5, 1.5, 2.5]]
    """
    values, counts = np.unique(column, return_counts=True)
    if len(values) == 1:
        return np.array([0.0, 1.0]), np.repeat(values, 2)
    half = np.diff(values) / 2
    edges = np.concatenate([[values[0] - half[0]], values[:-1] + half, [values[-1] + half[-1]]])
    width, below = np.diff(edges), np.append(0, counts.cumsum() / len(column))
    fits = []
    for peak in np.unique(below.searchsorted(np.arange(0, 1, 1 / PEAKS), side="right")):
        sides = (slice(0, peak), True), (slice(peak, None), False)   # the density rises up to the peak, then falls
        density = np.concatenate([isotonic_regression((np.diff(below) / width)[part], weights=width[part],
                                                      increasing=rises).x for part, rises in sides if len(width[part])])
        reach = np.append(0, (density * width).cumsum())
        fits.append((np.abs(reach - below).max().round(9), reach))
    return min(fits, key=lambda fit: fit[0])[1], edges


class Cloud:
    """Points without groups: each column has one peak and else the distribution that it has in the data.

    Normal points, or where extremes come `together` points as far from the middle as those of the data in directions
    drawn at random, are stretched until the columns have the correlation of the data; then each column takes its own
    values in the order that this gives.
    """

    def __init__(self, points: np.ndarray, steps: Sequence[np.ndarray | None], together: bool,
                 vary: np.random.RandomState):
        self.steps, self.together, self.vary = steps, together, vary
        self.columns = [_unimodal(column) for column in points.T]
        wanted = _correlation(points)
        axes = np.linalg.eigh(wanted)
        along = ((points - points.mean(axis=0)) / np.maximum(points.std(axis=0), 1e-9)) @ axes[1]
        self.far = np.sqrt((along**2 / np.maximum(axes[0], 1e-3)).sum(axis=1))
        self.latent = wanted
        many = self._round(np.resize(self.far, max(len(points), ROUND)))
        for _ in range(FITS):   # steps and peaks take from the correlation what is added here
            self.latent = np.clip(self.latent + wanted - _correlation(self._moved(many)), -.98, .98)
            np.fill_diagonal(self.latent, 1)

    def draw(self) -> np.ndarray:
        """As many points as the data have."""
        return self._moved(self._round(self.far))

    def _round(self, far: np.ndarray) -> np.ndarray:
        normal = self.vary.standard_normal((len(far), len(self.columns)))
        return normal * (far / np.sqrt((normal**2).sum(axis=1)))[:, None] if self.together else normal

    def _moved(self, normal: np.ndarray) -> np.ndarray:
        """These points with the correlation, and the values, of the columns."""
        size, axes = np.linalg.eigh(self.latent)
        order = (normal @ (axes * np.sqrt(np.maximum(size, 1e-9))) @ axes.T).argsort(axis=0).argsort(axis=0)
        shares = np.sort(self.vary.random_sample(normal.shape), axis=0)
        return _stepped(np.stack([np.interp(shares[:, place], *one)[order[:, place]]
                                  for place, one in enumerate(self.columns)], axis=1), self.steps)


def _correlation(points: np.ndarray) -> np.ndarray:
    """The correlation of the columns; 0 with one that is the same in every row."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.nan_to_num(np.atleast_2d(np.corrcoef(points.T)))
    np.fill_diagonal(found, 1)
    return found


def _stepped(cloud: np.ndarray, steps: Sequence[np.ndarray | None]) -> np.ndarray:
    """The cloud, each point moved to the nearest value that its column can take: flags stay flags, counts counts."""
    for column, values in enumerate(steps):
        if values is not None:
            cloud[:, column] = values[np.searchsorted((values[1:] + values[:-1]) / 2, cloud[:, column])]
    return cloud


def jaccard(points: np.ndarray, labels: np.ndarray, k: int, draws: int, vary: np.random.RandomState) -> np.ndarray:
    """Of each group the mean, over bootstrap draws, of its Jaccard similarity with the group most like it there.

    A point that is drawn twice counts once, and a group of which no point is drawn has similarity 0.

    >>> points = np.array([[0.0], [.1], [.2], [9.0], [9.1], [9.2]])
    >>> jaccard(points, np.array([0, 0, 0, 1, 1, 1]), 2, 20, np.random.RandomState(0)).round(2).tolist()
    [0.95, 0.98]
    """
    found = np.zeros((draws, k))
    for draw in range(draws):
        drawn = np.sort(vary.randint(len(points), size=len(points)))
        own, first = kmeans(points[drawn], k, vary, 2)[1], np.append(True, np.diff(drawn) > 0)
        found[draw] = matched(labels[drawn[first]], own[first], k)
    return found.mean(axis=0)


def matched(labels: np.ndarray, others: np.ndarray, k: int) -> np.ndarray:
    """Of each group of the first labelling the Jaccard similarity with the most similar one of the second.

    >>> matched(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 0]), 2).round(3).tolist()
    [0.667, 0.5]
    """
    both = np.bincount(labels * k + others, minlength=k * k).reshape(k, k)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0) - both
    return np.divide(both, either, out=np.zeros((k, k)), where=either > 0).max(axis=1)
