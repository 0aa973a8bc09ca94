"""May the means of teams be compared at all? ICC1, ICC2, rwg and rwg(j), and which team differs from all the others.

ICC1 is the share of the spread that lies between teams, ICC2 the reliability of a team's mean (Bliese 2000, in Klein
and Kozlowski, Multilevel Theory, 349-381); the interval is that of the F test (McGraw and Wong 1996, Psychological
Methods 1, 30-46), with the mean size of the teams where sizes differ. rwg is one less the variance within the team over
that of answers by lot (James, Demaree and Wolf 1984, Journal of Applied Psychology 69, 85-98). In R:
multilevel::ICC1, ICC2, rwg, rwg.j.

A team is tested against everybody else twice: with its own spread (Welch) and with the spread common to all teams. The
larger p and the wider interval count, for with few answers on a coarse scale either test alone claims too much: in 24
teams of five without a difference Welch names some team in 14 to 31 % of cases, the common spread in up to 19 % where
spreads differ, both together in 3 % at most. Holm (1979, Scandinavian Journal of Statistics 6, 65-70) corrects for the
number of teams.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import shown
from engagelab.errors import UsageError
from engagelab.metrics.answer import grouping, is_hidden
from engagelab.metrics.intervals import around, t_value, z_value
from engagelab.metrics.nouns import ALIKE, checked_min_n
from engagelab.metrics.shares import answered
from engagelab.metrics.suppress import suppressed
from engagelab.surveys.distribution import groups_of
from engagelab.surveys.items import fetched, listed, numbers
from engagelab.surveys.looks import page, plain, rounded
from engagelab.surveys.scores import ends_of, mean_of

RELIABLE = .7   # ICC2 from which on means are reliable enough to rank (LeBreton and Senter 2008)
TESTED = ("difference", "difference_low", "difference_high", "p_adjusted")


@dataclass(frozen=True)
class Agreement:
    """How far teams differ and agree: `.frame`, an answer with ICC1 and ICC2; `.units`, a row a team; `.verdict`."""

    frame: pd.DataFrame
    units: pd.DataFrame = field(repr=False)
    verdict: str = ""
    notes: tuple[str, ...] = ()

    def cells(self) -> list[pd.DataFrame]:
        """Both tables as they are looked at: rounded."""
        unit = str(self.units.columns[1])
        return [rounded(self.frame, ["metric", "estimate", "interval", "n", "n_missing", "flag"]),
                rounded(self.units.rename(columns={"difference": "from_others"}), [
                    unit, "n", "estimate", "interval", "from_others", "p_adjusted", "verdict",
                    *(name for name in map(str, self.units) if name.startswith("rwg")), "flag"])]

    def __repr__(self) -> str:
        return plain(self.cells(), (self.verdict, *self.notes))

    def _repr_html_(self) -> str:
        return page(self.cells(), (self.verdict, *self.notes))


@dataclass(frozen=True)
class Spread:
    """The spread of scores between and within units, as arrays with a place a unit."""

    n: np.ndarray
    mean: np.ndarray
    squares: np.ndarray     # of the distances from the unit's mean

    @property
    def within(self) -> tuple[float, int]:
        """The mean square within units and its degrees of freedom."""
        df = int(self.n.sum() - len(self.n))
        return (float(self.squares.sum()) / df if df > 0 else np.nan), df

    def f_test(self) -> tuple[float, int, int]:
        """F of the means of the units, and its degrees of freedom; NaN where there is none."""
        (within, df), between = self.within, len(self.n) - 1
        if between < 1 or df < 1:
            return np.nan, between, df
        grand = (self.n * self.mean).sum() / self.n.sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(np.float64((self.n * (self.mean - grand) ** 2).sum() / between) / within), between, df

    def take(self, places: np.ndarray) -> "Spread":
        """These units alone."""
        return Spread(self.n[places], self.mean[places], self.squares[places])


def agreement(data: Any, items: str | Sequence[str], *, unit: str, scale: tuple[float, float] | None = None,
              ranvar: float | None = None, min_n: int | None = None, confidence: float = .95) -> Agreement:
    """Whether the units (teams, shops) differ by more than noise, how far each agrees, and which one stands out.

    data : a row a respondent, a column an item (see `wide`), whatever `measure()` takes; of several waves take one, for
        rows count as different people. Items worded the other way round are turned round first (see `scores`).
    unit : the column of teams; a row without one is left out and counted.
    scale : the lowest and the highest answer. Answers by lot then have the variance (A^2 - 1) / 12, A being the number
        of answers; `ranvar` says another. With neither there is no rwg.
    min_n : the fewest respondents with whom a unit is shown, 5 unless said. The hidden count in the tests of others.

    A respondent's score is the mean of the items answered, if at least half are. Returns `Agreement`. `.frame` has ICC1
    and ICC2. `.units` has for each unit, and for all, the mean score with Student's interval; `difference` from the
    mean of everybody else, with its interval for this unit alone; `p_adjusted` and `verdict` after the correction for
    the number of units; `rwg_` and the item for each item, and `rwg_j` of several. A negative rwg counts as 0.
    A unit in which all have the same score is masked, as in `measure()`.
    Raises NoColumn, and DataError for text or an answer off the scale.

    >>> shops = pd.DataFrame({"shop": ["a"] * 6 + ["b"] * 6 + ["c"] * 6, "joy": [7, 8, 8, 9, 8, 7, 5, 6, 4, 5, 6, 5,
    ...                                                                          6, 5, 5, 4, 6, 5]})
    >>> made = agreement(shops, "joy", unit="shop", scale=(0, 10))
    >>> made.frame[["metric", "estimate", "low", "high", "n"]].round(2)
      metric  estimate   low  high   n
    0   icc1      0.80  0.42  0.99  18
    1   icc2      0.96  0.81  1.00  18
    >>> made.units[["shop", "n", "estimate", "difference", "p_adjusted", "rwg_joy"]].round(3)
        shop   n  estimate  difference  p_adjusted  rwg_joy
    0      a   6     7.833       2.667       0.000    0.943
    1      b   6     5.167      -1.333       0.054    0.943
    2      c   6     5.167      -1.333       0.054    0.943
    3  (all)  18     6.056         NaN         NaN      NaN
    """
    names = listed("items", [items] if isinstance(items, str) else items)
    grouping([unit], *TESTED, "verdict", "rwg_j", *(f"rwg_{name}" for name in names))
    z_value(confidence)
    checked_min_n(min_n)
    null = _null(scale, ranvar)
    table = fetched(data, [unit, *names])
    answers = numbers(table, names, scale=None if scale is None else ends_of(scale))
    known = table[unit].notna()
    labels, answers = groups_of(table.loc[known, unit]), answers[known]
    score = mean_of(answers)
    units = list(labels.cat.categories)
    by = score.groupby(labels, observed=False)
    apart = score - by.transform("mean")    # of equal scores only rounding is left, and no spread
    squares = (apart.where(apart.abs() > ALIKE * score.abs(), 0) ** 2).groupby(labels, observed=False).sum()
    spread = Spread(*(part.reindex(units).to_numpy(dtype="float64") for part in (by.count(), by.mean(), squares)))
    asked = labels.value_counts().reindex(units).to_numpy()
    found = _units(spread, units, unit, asked, min_n, confidence)
    shown_units = (~is_hidden(found["flag"])).to_numpy()[:-1] & (spread.n > 0)
    found = _tested(found, spread, shown_units, confidence)
    found = _agreed(found, answers, labels, units, null, shown_units)
    full = spread.take(spread.n > 0)
    frame = _icc(full, unit, int(len(score) - score.notna().sum()), confidence)
    notes = [words.text("scores.no_unit", n=int((~known).sum()), unit=repr(unit))] if not known.all() else []
    notes += [] if np.isfinite(null) else [words.text("scores.no_scale")]
    return Agreement(frame, found, _verdict(frame, found, spread, confidence), tuple(notes))


def _null(scale: tuple[float, float] | None, ranvar: float | None) -> float:
    """The variance of answers given by lot."""
    if ranvar is not None:
        if isinstance(ranvar, bool) or not isinstance(ranvar, int | float) or not 0 < ranvar < np.inf:
            raise UsageError("scores.ranvar", value=repr(ranvar))
        return float(ranvar)
    if scale is None:
        return np.nan
    low, high = ends_of(scale)
    return ((high - low + 1) ** 2 - 1) / 12


def _units(spread: Spread, units: list[str], unit: str, asked: np.ndarray, min_n: int | None,
           confidence: float) -> pd.DataFrame:
    """The mean score of each unit, and of all, small ones hidden."""
    everybody = (spread.n * np.nan_to_num(spread.mean)).sum() / max(spread.n.sum(), 1)
    around_all = spread.squares.sum() + (spread.n * (np.nan_to_num(spread.mean) - everybody) ** 2).sum()
    n, mean = np.append(spread.n, spread.n.sum()), np.append(spread.mean, everybody if spread.n.sum() else np.nan)
    squares, rows = np.append(spread.squares, around_all), np.append(asked, asked.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.where(n > 1, np.sqrt(squares / (n - 1) / n), np.nan)
    low, high = around(mean, se, n - 1, confidence)
    table = pd.DataFrame({"metric": "mean_score", unit: [*units, words.text("metrics.all")],
                          "n_missing": (rows - n).astype(int)})
    flags = [words.text("metrics.flag_empty") if not size else
             words.text("metrics.flag_no_interval") if np.isnan(bound) else ""
             for size, bound in zip(n, low, strict=True)]
    made = answered(table, {"estimate": mean, "low": low, "high": high, "se": se, "count": np.nan, "n": n.astype(int),
                            "n_eff": n, "method": words.text("metrics.method_t")}, flags)
    return suppressed(made.assign(same=(n > 0) & (squares == 0)), [unit], min_n=min_n).drop(columns="same")


def _tested(found: pd.DataFrame, spread: Spread, shown_units: np.ndarray, confidence: float) -> pd.DataFrame:
    """Each unit that is shown against everybody else, corrected for the number of units."""
    from scipy.special import stdtr

    (common, df), n, total = spread.within, spread.n, spread.n.sum()
    able = shown_units & (n > 1) & (total - n > 1) & (df > 0)
    n, mean, squares = n[able], spread.mean[able], spread.squares[able]
    rest = total - n
    everything = (spread.n * np.nan_to_num(spread.mean)).sum()
    other = (everything - n * mean) / rest
    apart = mean - other
    gap = np.nan_to_num(spread.mean)[:, None] - other
    beside = (spread.squares.sum() - squares) + (spread.n[:, None] * gap**2).sum(axis=0) - n * apart**2
    own, others = squares / (n - 1) / n, beside / (rest - 1) / rest
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = [np.sqrt(own + others), np.sqrt(common * (1 / n + 1 / rest))]
        freedom = [(own + others) ** 2 / (own**2 / (n - 1) + others**2 / (rest - 1)), np.full(len(n), float(df))]
        p = np.maximum(*(2 * stdtr(free, -np.abs(apart) / error) for error, free in zip(errors, freedom, strict=True)))
    half = np.maximum(*(error * t_value(free, confidence) for error, free in zip(errors, freedom, strict=True)))
    adjusted = holm(p)
    out = np.full((len(found), len(TESTED)), np.nan)
    out[np.flatnonzero(able)] = np.column_stack([apart, apart - half, apart + half, adjusted])
    found = found.assign(**{name: out[:, i] for i, name in enumerate(TESTED)})
    said = [words.text("scores.unit_unknown") if np.isnan(p) else
            words.text("scores.unit_alike") if p >= 1 - confidence else
            words.text("scores.unit_above" if difference > 0 else "scores.unit_below")
            for p, difference in zip(found["p_adjusted"], found["difference"], strict=True)]
    said[-1] = ""   # everybody has nobody to differ from
    return found.assign(verdict=pd.Series(said, dtype="str"))


def holm(p: np.ndarray) -> np.ndarray:
    """P-values corrected by Holm's method for how many they are; not a number counts as none.

    >>> holm(np.array([.01, .04, .03]))
    array([0.03, 0.06, 0.06])
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    out = np.full(len(p), np.nan)
    out[order] = np.minimum(np.maximum.accumulate((len(order) - np.arange(len(order))) * p[order]), 1)
    return out


def _agreed(found: pd.DataFrame, answers: pd.DataFrame, labels: pd.Series, units: list[str], null: float,
            shown_units: np.ndarray) -> pd.DataFrame:
    """rwg of each item within each unit that is shown, and rwg(j) of several."""
    share = (answers.groupby(labels, observed=False).var().reindex(units) / null).to_numpy(dtype="float64")
    share = np.where(shown_units[:, None], share, np.nan)
    each = np.where(np.isnan(share), np.nan, np.maximum(1 - share, 0))
    columns = {f"rwg_{name}": np.append(each[:, i], np.nan) for i, name in enumerate(answers.columns)}
    j = answers.shape[1]
    if j > 1:
        gain = j * np.maximum(1 - share.mean(axis=1), 0)
        columns["rwg_j"] = np.append(gain / (gain + share.mean(axis=1)), np.nan)
    return found.assign(**columns)


def _icc(spread: Spread, unit: str, unscored: int, confidence: float) -> pd.DataFrame:
    """ICC1 and ICC2 with their intervals."""
    from scipy.special import fdtri

    f, between, df = spread.f_test()
    n, why = int(spread.n.sum()), ""
    size = n / max(len(spread.n), 1)
    ends = [np.nan, np.nan]
    if between < 1:
        why = words.text("scores.one_unit", unit=repr(unit))
    elif df < 1:
        why = words.text("scores.all_single", unit=repr(unit))
    elif np.isnan(f) or f == 0:
        f, why = np.nan, words.text("scores.all_alike")
    elif np.isfinite(f):
        ends = [f / fdtri(between, df, (1 + side * confidence) / 2) for side in (1, -1)]
    else:
        why = words.text("metrics.flag_no_interval")
    ratios = np.array([f, *ends])
    with np.errstate(invalid="ignore", divide="ignore"):
        rows = [np.where(np.isinf(ratios), 1, (ratios - 1) / (ratios + size - 1)), 1 - 1 / ratios]
    table = pd.DataFrame({"metric": ["icc1", "icc2"], "n_missing": unscored})
    made = answered(table, {
        **dict(zip(("estimate", "low", "high"), np.array(rows).T, strict=True)), "se": np.nan, "count": np.nan, "n": n,
        "n_eff": float(n), "method": [words.text(f"scores.method_{name}", units=len(spread.n), size=f"{size:.1f}")
                                      for name in ("icc1", "icc2")]}, [why, why])
    return suppressed(made, [])


def _verdict(frame: pd.DataFrame, found: pd.DataFrame, spread: Spread, confidence: float) -> str:
    """In words: may the units be ranked, may the extremes be named, or neither?"""
    from scipy.special import fdtrc

    reliable = frame["estimate"].iloc[1]
    if np.isnan(reliable):
        return words.text("scores.verdict_unknown", why=frame["flag"].iloc[1])
    out = np.nan_to_num(found["p_adjusted"].to_numpy()[:-1], nan=1) < 1 - confidence

    def differ(places: np.ndarray) -> bool:
        f, between, df = spread.take(places & (spread.n > 0)).f_test()
        return bool(fdtrc(between, df, f) < 1 - confidence) if not np.isnan(f) else False

    others = differ(~out)
    unit = found.columns[1]
    names = {side: words.joined(found[unit][:-1][out & (found["difference"][:-1] * sign > 0)])
             for side, sign in (("above", 1), ("below", -1))}
    standing = " ".join(words.text(f"scores.{side}", units=listed) for side, listed in names.items() if listed)
    if others and reliable >= RELIABLE:
        key = "rank"
    elif out.any():
        key = "extremes_weak" if others else "extremes"
    else:
        key = "together" if others else "no"
    return words.text(f"scores.verdict_{key}", icc=shown(reliable), standing=standing).strip()
