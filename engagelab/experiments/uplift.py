"""What a given score is worth for choosing whom to treat, told by customers who were treated or held out at random.

Qini curve and coefficient: Radcliffe (2007, "Using control groups to target on predicted lift", Direct Marketing
Analytics Journal 3, 14-21), per head; customers with the same score are one step. The error of the coefficient is
linearised (its influence function): it counts that the thresholds are ranks among those who were drawn, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, interval, named, shown
from engagelab.errors import DataError, UsageError, column_of
from engagelab.experiments.contrast import contrasts
from engagelab.experiments.estimate import Arms
from engagelab.experiments.hidden import fewest
from engagelab.experiments.read import Metric, arm_sizes, arms_in, grouped
from engagelab.experiments.units import values_of
from engagelab.metrics import measure as measuring
from engagelab.metrics.answer import labels
from engagelab.metrics.intervals import t_value, z_value
from engagelab.metrics.looks import page, plain
from engagelab.metrics.nouns import Favourable, Noun, Rate
from engagelab.plots.qini import qini as picture
from engagelab.summaries import sql
from engagelab.summaries.engine import source
from engagelab.summaries.view import WILD, View, first_row

LEAST = 10          # known values of an arm below which nothing is said of it, nor an interval of a point of the curve
POINTS = 200        # of the curve
VALUES = ["uplift", "low", "high", "p", "uplift_rest", "low_rest", "high_rest", "gain", "gain_low", "gain_high"]


@dataclass(frozen=True)
class Uplift:
    """`.frame`, a row a share treated; `.curve`; `.qini`, one row; `.notes`, sentences."""

    frame: pd.DataFrame
    curve: pd.DataFrame
    qini: pd.DataFrame
    notes: tuple[str, ...]
    unit: str

    def _tables(self) -> list[pd.DataFrame]:
        rows = self.frame.drop_duplicates("share")

        def ranged(*columns: str) -> list[str]:
            return [words.text("uplift.ranged", value=shown(value, self.unit, signed=True), interval=interval(
                low, high, self.unit, signed=True)) if low == low else "" for value, low, high in rows[
                list(columns)].to_numpy()]
        return [pd.DataFrame({
            "top": [shown(k, "share") for k in rows["share"]], "n": [shown(n, "count") for n in rows["n"]],
            "uplift": ranged("uplift", "low", "high"), "uplift_rest": ranged("uplift_rest", "low_rest", "high_rest"),
            "gain": ranged("gain", "gain_low", "gain_high")}).rename(columns=heading)]

    def __repr__(self) -> str:
        return plain(self._tables(), self.notes)

    def _repr_html_(self) -> str:
        return page(self._tables(), self.notes)

    def plot(self, **how: Any):
        """The Qini curve: see `plots.qini`."""
        return picture(self.curve, **{"unit": self.unit, **how})


def uplift(data: Any, metric: Noun | Mapping[str, Noun], *, arm: str, control: object, score: str,
           at: Sequence[float] = (.1, .2, .3, .5), confidence: float = .95,
           unit: str | None = None) -> Uplift:
    """What treating the customers with the highest scores brings, and whether the score finds those whom it moves.

    data : whatever `measure()` takes, a row a customer who was treated or held out at random. metric : a rate, a mean,
        a score such as NPS: one whose values add up over customers, so no ratio of sums and no quantile.
    arm, control : the column of the two arms, and which of them was held out. score : a column of numbers, higher is
        treated first, fixed before anybody was treated.
    at : the shares of customers to look at. unit : for display, such as "JPY".

    Returns `Uplift`. `.frame`: for each `k` the `n` customers with the highest scores (tied ones stay together, so that
    `share` may be above k); `uplift`, treated less control among them, `low, high, p` as in `compare`; `uplift_rest`
    with `low_rest, high_rest`, likewise of all others: what leaving them out costs; and `gain`, per head of all
    customers against treating nobody: uplift times the share of the treated above that score. The last row treats all.
    `.curve` has the gain at some 200 shares, with intervals of each point, for that score. Of a survey nothing is told
    by which answers of too few of an arm would be known, above, beneath or between two shares. `.qini` is the area
    between the curve and the straight line of a choice by lot, per head, not divided by that of a perfect score.

    Raises UsageError for arguments; DataError for an arm that is not there or has fewer than ten known values, and for
    a score with one value or an infinite one.

    >>> from engagelab.metrics.nouns import rate
    >>> vary = np.random.RandomState(1)
    >>> table = pd.DataFrame({"score": vary.uniform(size=4000), "arm": vary.choice(["holdout", "offer"], 4000)})
    >>> moved = .2 * table["score"] * (table["arm"] == "offer")
    >>> table["bought"] = vary.uniform(size=4000) < .1 + moved
    >>> found = uplift(table, rate("bought"), arm="arm", control="holdout", score="score", at=[.2, .5])
    >>> found.frame[["k", "n", "uplift", "low", "high", "uplift_rest", "gain"]].round(3)
         k     n  uplift    low   high  uplift_rest   gain
    0  0.2   800   0.181  0.126  0.235        0.066  0.034
    1  0.5  2000   0.131  0.098  0.164        0.043  0.065
    2  1.0  4000   0.087  0.065  0.109          NaN  0.087
    >>> found.qini[["estimate", "low", "high"]].round(4)
       estimate     low    high
    0    0.0151  0.0087  0.0215
    """
    z_value(confidence)
    name, noun = measuring.one_of_sums(metric)
    if not isinstance(at, list | tuple) or not at or not all(isinstance(k, int | float) and 0 < k <= 1 for k in at):
        raise UsageError("uplift.at", value=repr(at))
    rows, arms, notes = _read(data, name, noun, arm, control, score)
    counted = isinstance(noun, Rate | Favourable)
    middle = 0.0 if counted else float(rows["value"].mean())
    sums, curve = _curve(rows, middle, confidence)
    shares = sorted({*map(float, at), 1.0})
    cuts, points = (np.searchsorted(curve["share"], np.array(some) - 1e-9) for some in (
        shares, np.linspace(0, 1, POINTS + 1)))
    told = _told(sums[:, 0], [*cuts, *points], fewest(noun))
    frame = _frame(sums, curve, shares, cuts, counted, confidence)
    frame.loc[~np.isin(cuts, told), VALUES] = np.nan
    qini = _qini(rows, middle, curve, confidence)
    kept = np.intersect1d(points, told)
    hidden = not np.isin([*cuts, *points], told).all()
    said = [*_said(frame, qini.iloc[0], noun.better == "higher", unit or noun.unit, confidence),
            *[words.text("uplift.hidden", n=fewest(noun))] * hidden,
            words.text("uplift.before", score=repr(score), treated=named(arms[1], "arm"),
                       control=named(arms[0], "arm")), *notes]
    for each in (frame, qini):
        each.insert(0, "metric", name)
    seen = curve.iloc[kept].drop(columns=["mean", "pull"]).reset_index(drop=True)
    return Uplift(frame, seen, qini, tuple(said), unit or noun.unit)


def _read(data: Any, name: str, noun: Noun, arm: str, control: object, score: str
          ) -> tuple[pd.DataFrame, tuple[str, ...], list[str]]:
    """Score, arm (0 or 1) and value of every customer of whom all are known, highest score first."""
    table = source(data)
    view = grouped(table, [arm], None, None)
    columns = view.columns
    columns.reads["x0"] = sql.Read(column_of(score, table.types), "number")
    ask = noun.ask(columns)
    steady = noun.gradient(np.array([np.ones(len(ask.values)), np.full(len(ask.values), 2.0)]))
    if (steady[0] != steady[1]).any() or ask.scope:
        raise UsageError("uplift.not_added", noun=noun.name)
    measuring.measure(data, {name: noun}, min_n=0)   # which refuses what is off the scale
    arms, _, notes = arms_in(arm_sizes(view), arm, control, {})
    if len(arms) > 2:
        raise DataError("uplift.arms", column=repr(arm), arms=words.joined(map(repr, arms[:20])))
    picked = [f"{value} AS v{i}" for i, value in enumerate(values_of(Metric(name, noun, ask), columns))]
    rows = View(columns).plain(f"SELECT CAST(by_1 AS VARCHAR) AS arm, x0 AS score, {', '.join(picked)} FROM events")
    found = rows["arm"].dropna().unique()
    place = dict(zip(found, map(arms.index, labels(pd.DataFrame({"key_1": found, "rank_1": 0}), 1, None, 1)),
                     strict=True))
    values = rows.drop(columns=["arm", "score"]).to_numpy("float64", na_value=np.nan) @ steady[0]
    rows = rows[["arm", "score"]].assign(arm=rows["arm"].map(place), value=values)
    known = rows.notna()
    for column in ("score", "value"):
        if lacking := int((~known[column]).sum()):
            notes.append(words.text(f"uplift.no_{column}", n=lacking))
    rows = rows[known.all(axis="columns")].astype("float64")
    if np.isinf(rows["score"]).any():
        raise DataError("activity.infinite", column=repr(score), first=first_row(View(columns), WILD.format("x0")))
    for number, label in enumerate(arms):
        if (n := int((rows["arm"] == number).sum())) < max(LEAST, fewest(noun)):
            raise DataError("uplift.few", arm=repr(label), n=n, least=max(LEAST, fewest(noun)))
    if (rows[["score", "value"]].nunique() < 2).any():
        raise DataError("uplift.one_value", what=repr(score) if rows["score"].nunique() < 2 else noun.name)
    return rows.sort_values(["score", "arm", "value"], ascending=[False, True, True], ignore_index=True), arms, notes


def _curve(rows: pd.DataFrame, middle: float, confidence: float) -> tuple[np.ndarray, pd.DataFrame]:
    """n, sums and squares (steps, 3, arms) down to each score, and the gain.

    `mean` is that of the control above the score, `pull` how much one of them moves the gain, against one of the
    treated. `middle` is taken off the values, which keeps the digits of their squares.
    """
    last = np.r_[-1, np.flatnonzero(np.r_[np.diff(rows["score"]) != 0, True])]
    inside = np.stack([rows["arm"] == 0, rows["arm"] == 1], axis=1).astype(float)
    value = inside * (rows["value"] - middle).to_numpy()[:, None]
    sums = np.cumsum(np.stack([inside, value, value**2], axis=1), axis=0)[last]
    sums[0] = 0
    (n_0, n_1), (total_0, total_1), (square_0, square_1) = sums.transpose(1, 2, 0)
    all_0, all_1 = sums[-1, 0]
    share, held = (n_0 + n_1) / len(rows), np.maximum(n_0, 1)
    mean = total_0 / held
    gain = (total_1 - n_1 * mean) / all_1
    own = (square_1 - 2 * mean * total_1 + n_1 * mean**2) / all_1 - gain**2
    ratio = n_1 / all_1 * all_0 / held
    other = ratio**2 * (square_0 - n_0 * mean**2) / all_0
    variance = np.maximum(own, 0) / (all_1 - 1) + np.maximum(other, 0) / (all_0 - 1)
    half = z_value(confidence) * np.sqrt(np.where(sums[:, 0].min(axis=1) < LEAST, np.nan, variance))
    half[0] = 0
    return sums, pd.DataFrame({
        "share": share, "n": (n_0 + n_1).astype("int64"), "score": rows["score"].reindex(last).to_numpy(),
        "gain": gain, "low": gain - half, "high": gain + half, "by_lot": gain[-1] * share, "mean": mean,
        "pull": ratio * held / np.maximum(n_0 - 1, 1)})


def _told(counts: np.ndarray, steps: Iterable[int], least: int) -> list[int]:
    """The steps, those first wanted first, between which and at whose ends no arm has fewer than `least` answers."""
    told = [0, len(counts) - 1]
    for step in steps:
        if (np.abs(counts[told] - counts[step]) >= least).all():
            told.append(step)
    return told


def _frame(sums: np.ndarray, curve: pd.DataFrame, shares: list[float], cuts: np.ndarray, counted: bool,
           confidence: float) -> pd.DataFrame:
    """A row a share: those above, those beneath, and what it brings per head of all."""
    rows = []
    for k, at in zip(shares, cuts, strict=True):
        above, rest = (_difference(part, counted, confidence) for part in (sums[at], sums[-1] - sums[at]))
        rows.append({
            "k": k, "share": curve["share"][at], "n": curve["n"][at], "n_control": int(sums[at, 0, 0]),
            "n_treated": int(sums[at, 0, 1]), "uplift": above["difference"], "low": above["low"],
            "high": above["high"], "p": above["p"], "uplift_rest": rest["difference"], "low_rest": rest["low"],
            "high_rest": rest["high"], "gain": curve["gain"][at], "gain_low": curve["low"][at],
            "gain_high": curve["high"][at], "method": above["method"]})
    return pd.DataFrame(rows)


def _difference(sums: np.ndarray, counted: bool, confidence: float) -> pd.Series:
    """Treated less control as in a comparison, from n, sums and squares."""
    n, total, square = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        se = np.sqrt(np.maximum(square / n - mean**2, 0) / (n - 1))
    none = np.zeros((2, 0))
    return contrasts(Arms(mean, np.where(n > 1, se, np.nan), n - 1, n, none, total if counted else n * np.nan,
                          words.text("compare.welch"), none, none, none), confidence=confidence, correct="none").iloc[0]


def _qini(rows: pd.DataFrame, middle: float, curve: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The coefficient, with the error that every customer's own part in it has.

    The control's residuals are those from the mean of the others, as in a jackknife, for few are above a high score.
    """
    from scipy.special import stdtr

    share, gain, mean, pull = (curve[name].to_numpy() for name in ("share", "gain", "mean", "pull"))
    step, value, treated = np.r_[0, np.cumsum(np.diff(rows["score"]) != 0)], rows["value"] - middle, rows["arm"] == 1
    area = float((np.diff(share) * (gain[1:] + gain[:-1])).sum() - gain[-1]) / 2
    drift = (gain[-1] + gain[-2] - gain[1:] - gain[:-1])[step] / 2
    weight = (np.r_[share[2:], 1] - share[:-1]) / 2
    weight[-1] -= .5
    parts = []
    for of, pulled, lot in ((treated, 1.0, -treated.mean()), (~treated, pull[1:], 1 - treated.mean())):
        later, levels = (np.cumsum((weight * pulled * each)[::-1])[::-1][step] for each in (1.0, mean[1:]))
        own = (value * later - levels + lot * drift)[of]
        parts.append(own.var(ddof=1) / len(own))
    variance = np.array(parts)
    se = float(np.sqrt(variance.sum()))
    df = se**4 / float((variance**2 / (rows["arm"].value_counts().sort_index(ascending=False).to_numpy() - 1)).sum())
    half = float(t_value(df, confidence)) * se
    return pd.DataFrame([{"estimate": area, "low": area - half, "high": area + half, "se": se,
                          "p": float(2 * stdtr(df, -abs(area) / se)), "n": len(rows),
                          "method": words.text("uplift.qini")}])


def _said(frame: pd.DataFrame, qini: pd.Series, higher: bool, unit: str, confidence: float) -> list[str]:
    """What the figures mean."""
    def ends(row: Any, low: str, high: str) -> str:
        return interval(row[low], row[high], unit, signed=True)
    found = "unsure" if not qini["p"] < 1 - confidence else "finds" if (qini["estimate"] > 0) == higher else "reverse"
    notes = [words.text(f"uplift.{found}", value=shown(qini["estimate"], unit, signed=True),
                        interval=ends(qini, "low", "high"))]
    for row in frame[frame["low_rest"].notna()].drop_duplicates("share").to_dict("records"):
        sure = row["low_rest"] > 0 or row["high_rest"] < 0
        rest = "rest_unsure" if not sure else "loses" if (row["uplift_rest"] > 0) == higher else "harms"
        said = words.text(f"uplift.{rest}", size=shown(row["uplift_rest"], unit, signed=True),
                          interval=ends(row, "low_rest", "high_rest"))
        notes.append(words.text("uplift.top", k=shown(row["share"], "share"), rest=said, gain=shown(
            row["gain"], unit, signed=True), all=shown(frame["gain"].iloc[-1], unit, signed=True)))
    return [*notes, _advice(frame, higher, found == "finds")]


def _advice(frame: pd.DataFrame, higher: bool, finds: bool) -> str:
    """Whom to treat, as far as an interval shows it: the widest top that surely gains, or all, or none.

    A top of a score that is not shown to find anybody would be the best of several by luck.
    """
    sides = [("gain_low", "gain_high"), ("low_rest", "high_rest"), ("low", "high")]
    gains, _, treated = (frame[low] > 0 if higher else frame[high] < 0 for low, high in sides)
    _, harmed, harms = (frame[high] < 0 if higher else frame[low] > 0 for low, high in sides)
    for tops, key in ((gains & harmed & finds, "advise_top"),
                      (treated & (frame["share"] == 1) & (not harmed.any()), "advise_all"),
                      (gains & (frame["share"] < 1) & finds, "advise_top_alone")):
        if tops.any():
            return words.text(f"uplift.{key}", k=shown(frame["share"][tops].iloc[-1], "share"))
    return words.text("uplift.advise_none" if harms.iloc[-1] else "uplift.advise_nothing")
