"""Clusters of customers that are there: k-means, with what shows that a cluster is more than a cut through a cloud.

How groups are made, compared with clouds that have none, and tried for stability: `engagelab.segments.stability`. Where
the data look no more grouped than clouds without groups do, the answer is one group, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, shown
from engagelab.errors import DataError, UsageError
from engagelab.metrics.looks import page, plain, rounded
from engagelab.metrics.shares import shares
from engagelab.plots.clusters import clusters as picture
from engagelab.segments import stability as stable
from engagelab.segments.one_row import ids_of
from engagelab.summaries.frames import fetched, listed, numbers

MOST = 8                     # clusters that are tried
LEAST, EACH = 30, 10         # rows at all, and for each cluster
SAMPLE = 2000                # rows on which grouping and stability are judged
SKEWED = 1.0                 # skewness of a feature from which on its logarithm is taken
FAR = 4.0                    # standard deviations beyond which a value counts as that far
STEPS = 100                  # whole numbers up to so many apart are counts or flags
DISSOLVED, DOUBTFUL = .5, .75
LARGEST = 1e100              # its square and the sum of squares are numbers still
LEVELS = ((1.0, "much_"), (.3, ""))


@dataclass(frozen=True)
class Clusters:
    """Clusters of customers.

    `.frame` : a row a row of the data: `cluster`, `distance` to its centre in standard deviations of a feature, `fit`
        (1 at the centre, 0 half way to the next cluster).
    `.clusters` : a row a cluster, an answer with its share; `name`, `stability` (mean Jaccard), `verdict` ("stable",
        "doubtful", "dissolved") and `profile`, a sentence.
    `.profile` : a row a cluster and feature: `mean`, `overall`, `z` (how far apart in standard deviations), `level`.
    `.features` : how each feature was used. `.chosen` : what was found at each k. `.notes` : what has to be said.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...]
    clusters: pd.DataFrame
    profile: pd.DataFrame
    features: pd.DataFrame
    chosen: pd.DataFrame
    _centres: np.ndarray = field(repr=False)
    _user: str | None = field(repr=False)

    def assign(self, data: Any) -> pd.DataFrame:
        """The same clusters for other rows: a frame as `.frame`; a row that lacks a feature is in none, "(missing)".

        Raises DataError for a value that is no number, or below 0 in a feature whose logarithm is taken.
        """
        return _placed(data, self.features, self._centres, self._user)

    def plot(self, **how: Any):
        """The profile of each cluster: see `plots.clusters`."""
        return picture(self.profile, **how)

    def _cells(self) -> list[pd.DataFrame]:
        said = {name: words.text(f"cluster.{name}") if name else "" for name in self.clusters["verdict"]}
        table = self.clusters.assign(verdict=self.clusters["verdict"].map(said), share=self.clusters["estimate"])
        tried = self.chosen.assign(silhouette=self.chosen["silhouette"].mask(self.chosen["silhouette"] == -1))
        return [rounded(table, ["cluster", "name", "count", "share", "interval", "verdict"], "share"),
                rounded(tried.astype({"k": "str"}), ["k", "silhouette", "cloud", "p", "least"])]

    def __repr__(self) -> str:
        return plain(self._cells(), (*self.clusters["profile"], *self.notes))

    def _repr_html_(self) -> str:
        return page(self._cells(), (*self.clusters["profile"], *self.notes))


def cluster(data: Any, features: Sequence[str], *, user: str | None = None, k: int | str = "auto",
            stability: int = 100, seed: int = 0) -> Clusters:
    """Clusters of customers by their features, if there are any, each with its stability and a sentence on it.

    data : a row a customer; whatever `measure()` takes. features : columns of numbers or flags. user : the column of
        customers, one row each.
    k : how many clusters, or "auto" for 2 to 8: of those in which all clusters are stable, where there are any, the one
        that stands out most from data without groups that have the same spread, skewness and correlation. A k that
        does not stand out from these is refused too: the answer is one cluster, "(all)", and the note says so.
        A group that shows in one of many features alone may be missed; cluster by that feature.
    stability : how many bootstrap draws each k is tried on.

    Features are standardised; of one that is never negative and skewed, the logarithm is taken; one that is the same
    everywhere is left out. Rows in which a feature is missing are in no cluster and counted. Grouping and stability are
    judged on 2,000 rows drawn at random where there are more; all rows get their cluster. One cloud in which features
    hang together along a curve is not told from groups: look at them before they get a name. The order of rows and of
    features changes nothing.

    Returns `Clusters`. Raises UsageError for arguments; DataError for values that are no numbers, a feature that is
    missing in more than half of the rows, a customer with two rows, and fewer than 30 rows that know all features.

    >>> vary = np.random.RandomState(0)
    >>> centre = np.repeat([[2, 20], [9, 25], [8, 90]], [120, 60, 40], axis=0)
    >>> table = pd.DataFrame(centre + vary.normal(0, [1, 4], (220, 2)), columns=["orders", "age"])
    >>> found = cluster(table, ["orders", "age"], stability=20)
    >>> found.clusters[["cluster", "name", "count", "stability"]].round(1)
      cluster                   name  count  stability
    0       1    low orders, low age  120.0        1.0
    1       2            high orders   60.0        1.0
    2       3  high age, high orders   40.0        1.0
    """
    names, tried = _checked(features, k, stability, seed, user)
    table = fetched(data, [*names, *([user] if user else [])])
    values = numbers(table, sorted(names))
    known = values.notna().all(axis="columns").to_numpy()
    used = _features(values, int(known.sum()), values[known])
    points = _points(values[known], used)
    ordered = points[np.lexsort(points.T[::-1])]   # so that the order of rows changes nothing
    vary = np.random.RandomState(seed)
    sample = ordered[np.sort(vary.permutation(len(points))[:SAMPLE])]
    chosen, found = _chosen(sample, tried, _steps(values[known], used), stability, vary)
    best = chosen.loc[chosen["chosen"], "k"].tolist()
    if best:
        centres, jaccard = found[best[0]]
        centres, labels, _ = stable.lloyd(ordered, centres)
        order = stable.order_of(centres, labels)
        centres, jaccard = centres[order], jaccard[order]
    else:
        centres, jaccard = ordered.mean(axis=0)[None], np.array([np.nan])
    frame = _placed(table, used, centres, user)
    clusters, profile = _described(frame["cluster"].to_numpy(), values, used, jaccard)
    notes = _notes(used, chosen, values, len(sample), clusters)
    return Clusters(frame, tuple(notes), clusters, profile, used, chosen, centres, user)


def _checked(features: Sequence[str], k: int | str, stability: int, seed: int, user: str | None
             ) -> tuple[list[str], list[int]]:
    """The features and the numbers of clusters to try."""
    names = listed("features", features)
    if user in names:
        raise UsageError("cluster.user_among", column=repr(user))
    for name, value, least, most in (("stability", stability, 10, 10_000), ("seed", seed, 0, 2**32 - 1),
                                     *([("k", k, 2, 50)] if k != "auto" else [])):
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise UsageError("cluster.whole", name=name, least=least, most=most, value=repr(value))
    return names, list(range(2, MOST + 1)) if k == "auto" else [int(k)]


def _features(values: pd.DataFrame, n: int, known: pd.DataFrame) -> pd.DataFrame:
    """How each feature is used: a row a feature, in the order of the alphabet."""
    missing = values.isna().sum()
    if len(values) and (missing > len(values) / 2).any():
        most = str(missing.idxmax())
        raise DataError("cluster.mostly_missing", column=repr(most), n=int(missing[most]), rows=len(values))
    if n < LEAST:
        raise DataError("cluster.too_few", n=n, least=LEAST)
    if (large := (values.abs() > LARGEST).any(axis="columns").to_numpy()).any():
        row = int(large.argmax())
        most = str(values.iloc[row].abs().idxmax())
        raise DataError("cluster.too_large", column=repr(most), row=row + 1, value=f"{values[most].iloc[row]:g}")
    rows = []
    for name in map(str, values):
        column = known[name].to_numpy()
        unit = _unit(column)
        moved = _moved(column, unit)
        rows.append({"feature": name, "unit": unit, "mean": moved.mean(), "sd": moved.std(),
                     "n_missing": int(missing[name]), "used": "log" if unit == unit else "plain"})
    used = pd.DataFrame(rows)
    same = used["sd"] <= 1e-12 * used["mean"].abs()
    used.loc[same, "used"] = "left_out"
    if same.all():
        raise DataError("cluster.constant", columns=words.joined(map(repr, used["feature"])))
    return used


def _unit(column: np.ndarray) -> float:
    """In what the feature is counted before the logarithm of one more is taken; NaN where it is used as it is.

    Amounts in cents and in euros give the same. Where nothing is 0, it is so small that the one does not count.
    """
    middle, spread = column.mean(), column.std()
    if column.min() < 0 or not spread or ((column - middle)**3).mean() < SKEWED * spread**3:
        return np.nan
    return float(np.quantile(column[column > 0], .1) if column.min() == 0 else column.min() / 100)


def _moved(column: np.ndarray, unit: float) -> np.ndarray:
    return column if np.isnan(unit) else np.log1p(column / unit)


def _points(values: pd.DataFrame, used: pd.DataFrame) -> np.ndarray:
    """The features of rows as they are clustered: standardised, and nothing farther than FAR."""
    found = []
    for row in used[used["used"] != "left_out"].to_dict("records"):
        column = values[row["feature"]].to_numpy()
        if row["used"] == "log" and (column < 0).any():
            place = int((column < 0).argmax())
            raise DataError("cluster.below_0", column=repr(row["feature"]), row=int(values.index[place]) + 1,
                            value=f"{column[place]:g}")
        found.append(np.clip((_moved(column, row["unit"]) - row["mean"]) / row["sd"], -FAR, FAR))
    return np.stack(found, axis=1)


def _steps(values: pd.DataFrame, used: pd.DataFrame) -> list[np.ndarray | None]:
    """The points that a feature can take where it is a flag, a grade or a small count."""
    found: list[np.ndarray | None] = []
    for name in used.loc[used["used"] != "left_out", "feature"]:
        column = values[name].to_numpy()
        low, high = column.min(), column.max()
        few = high - low <= STEPS and (column % 1 == 0).all()
        whole = pd.DataFrame({name: np.arange(low, high + 1)}) if few else None
        found.append(None if whole is None else _points(whole, used[used["feature"] == name])[:, 0])
    return found


def _chosen(sample: np.ndarray, tried: list[int], steps: list[np.ndarray | None], draws: int,
            vary: np.random.RandomState) -> tuple[pd.DataFrame, dict[int, tuple[np.ndarray, np.ndarray]]]:
    """What was found at each k, and the centres and stabilities there."""
    most = min(len(sample) // EACH, len(np.unique(sample, axis=0)))
    ks = [k for k in tried if k <= most]
    if not ks:
        raise DataError("cluster.k_too_large", k=tried[0], most=most)
    noise = stable.grouped(sample, ks, steps, vary)
    found = {}
    for k, p in zip(ks, noise.p, strict=True):
        centres, labels = stable.kmeans(sample, k, vary)
        beyond = p <= stable.NOISE
        found[k] = centres, stable.jaccard(sample, labels, k, draws, vary) if beyond else np.full(k, np.nan)
    table = pd.DataFrame({"k": ks, "silhouette": noise.silhouette, "cloud": noise.cloud, "p": noise.p,
                          "stability": [found[k][1].mean() for k in ks], "least": [found[k][1].min() for k in ks]})
    beyond = table["silhouette"].sub(table["cloud"]).where(table["p"] <= stable.NOISE)
    wanted = (table["least"] >= DOUBTFUL, table["least"] >= DISSOLVED, table["stability"] >= DOUBTFUL)
    best = next((left for left in map(beyond.where, wanted) if left.notna().any()), beyond.where(table["k"] < 0))
    table["chosen"] = best.eq(best.max()) if best.notna().any() else False
    return table, found


def _placed(data: Any, used: pd.DataFrame, centres: np.ndarray, user: str | None) -> pd.DataFrame:
    """Each row of the data with its cluster."""
    table = fetched(data, [*used["feature"], *([user] if user else [])])
    values = numbers(table, list(used["feature"]))
    known = values.notna().all(axis="columns").to_numpy()
    out = pd.DataFrame(ids_of(table[user], user).set_axis(table.index)) if user else pd.DataFrame(index=table.index)
    out["cluster"] = words.text("metrics.missing")
    out[["distance", "fit"]] = np.nan
    if known.any():
        points = _points(values[known], used)
        labels, apart = stable.nearest(points, centres)
        all_rows = words.text("metrics.all")
        out.loc[known, "cluster"] = [str(label + 1) for label in labels] if len(centres) > 1 else all_rows
        out.loc[known, "distance"] = np.sqrt(apart.min(axis=1) / points.shape[1])
        if len(centres) > 1:
            out.loc[known, "fit"] = stable.silhouettes(points, centres)
    return out.astype({"cluster": "str"})


def _described(labels: np.ndarray, values: pd.DataFrame, used: pd.DataFrame, jaccard: np.ndarray
               ) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(clusters, profile): a row a cluster, and a row a cluster and feature."""
    known = labels != words.text("metrics.missing")
    values, labels = values[known], labels[known]
    names = [str(place + 1) for place in range(len(jaccard))] if len(jaccard) > 1 else [words.text("metrics.all")]
    sizes = [int((labels == name).sum()) for name in names]
    table = shares(pd.DataFrame({"metric": "cluster_share", "cluster": names, "count": sizes, "n": len(labels),
                                 "n_missing": int((~known).sum())}))
    table["stability"] = jaccard
    table["verdict"] = ["" if value != value else "dissolved" if value < DISSOLVED else
                        "doubtful" if value < DOUBTFUL else "stable" for value in jaccard]
    profile = pd.DataFrame([_differs(values, row, labels == name) | {"cluster": name, "n": size, "stability": value}
                            for name, size, value in zip(names, sizes, jaccard, strict=True)
                            for row in used[used["used"] != "left_out"].to_dict("records")])
    profile = profile[["cluster", "n", "stability", "feature", "mean", "overall", "z", "level"]]
    groups = [profile[profile["cluster"] == name] for name in names]
    table["name"] = [_name(group, verdict) for group, verdict in zip(groups, table["verdict"], strict=True)]
    table["profile"] = [_sentence(group, size, share, verdict) for group, size, share, verdict in zip(
        groups, sizes, table["estimate"], table["verdict"], strict=True)]
    return table, profile


def _differs(values: pd.DataFrame, row: Any, inside: np.ndarray) -> dict[str, Any]:
    """How the cluster differs from all rows in a feature."""
    column = values[row["feature"]].to_numpy()
    mean, overall = column[inside].mean(), column.mean()
    z = float(((_moved(column[inside], row["unit"]) - row["mean"]) / row["sd"]).mean())
    size = next((word for least, word in LEVELS if abs(z) >= least), None) if z * (mean - overall) > 0 else None
    return {"feature": row["feature"], "mean": mean, "overall": overall, "z": z,
            "level": "average" if size is None else f"{size}{'above' if z > 0 else 'below'}"}


def _telling(group: pd.DataFrame) -> list[dict[Any, Any]]:
    """The features in which the cluster differs, most first."""
    apart = group[group["level"] != "average"]
    return apart.iloc[np.argsort(-apart["z"].abs().to_numpy().round(9), kind="stable")].to_dict("records")


def _name(group: pd.DataFrame, verdict: str) -> str:
    """The cluster in words, by what differs most; of a dissolved one nothing is said."""
    if verdict in ("", "dissolved"):
        return words.text("metrics.all" if not verdict else "cluster.unnamed")
    names = [words.text("cluster.name_high" if row["z"] > 0 else "cluster.name_low", feature=heading(row["feature"]))
             for row in _telling(group)[:2]]
    return words.joined(names) or words.text("cluster.name_average")


def _sentence(group: pd.DataFrame, n: int, share: float, verdict: str) -> str:
    """The sentence on a cluster."""
    told = words.joined(words.text(
        f"cluster.{row['level']}", feature=heading(row["feature"]), mean=shown(row["mean"]),
        overall=shown(row["overall"])) for row in _telling(group)[:5])
    if verdict in ("", "dissolved"):
        key, told = ("cluster.profile_all", "") if not verdict else ("cluster.profile_dissolved", told)
        return words.text(key, cluster=group["cluster"].iloc[0], n=n, share=shown(share, "share"))
    return words.text("cluster.profile", cluster=group["cluster"].iloc[0], n=n, share=shown(share, "share"),
                      told=told or words.text("cluster.as_average"))


def _notes(used: pd.DataFrame, chosen: pd.DataFrame, values: pd.DataFrame, sample: int, clusters: pd.DataFrame
           ) -> list[str]:
    """What has to be said of the whole."""
    ks = words.text("cluster.one_k" if len(chosen) == 1 else "cluster.many_k", low=chosen["k"].min(),
                    high=chosen["k"].max())
    best = chosen[chosen["chosen"]]
    if best.empty:
        found = words.text("cluster.noise" if (chosen["p"] > stable.NOISE).all() else "cluster.unstable", ks=ks)
    else:
        row = best.iloc[0]
        found = words.text("cluster.found", k=int(row["k"]), silhouette=row["silhouette"], cloud=row["cloud"])
    notes, n = [found], int(clusters["n"].iloc[0])
    unsure = clusters.loc[clusters["verdict"].isin(["doubtful", "dissolved"]), "cluster"]
    if len(unsure):
        notes.append(words.text("cluster.note_doubtful", names=words.joined(unsure)))
    for kind in ("log", "left_out"):
        names = [heading(name) for name in used.loc[used["used"] == kind, "feature"]]
        if names:
            notes.append(words.text(f"cluster.used_{kind}", names=words.joined(names)))
    if n < len(values):
        gaps = words.joined(words.text("cluster.gap", column=heading(row["feature"]), n=row["n_missing"])
                            for row in used[used["n_missing"] > 0].to_dict("records"))
        notes.append(words.text("cluster.left_out", n=len(values) - n, rows=len(values), columns=gaps))
    if sample < n:
        notes.append(words.text("cluster.sampled", n=sample))
    return notes
