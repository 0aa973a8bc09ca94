"""May the means of teams be compared at all? ICC1, ICC2, rwg and rwg(j), and which team differs from all the others.

ICC1 is the share of the spread that lies between teams, ICC2 the reliability of a team's mean (Bliese 2000, in Klein
and Kozlowski, Multilevel Theory, 349-381), with the mean size of the teams, as in R. The interval is that of the
unweighted means with the harmonic mean size (Thomas and Hultquist 1978, Annals of Statistics 6, 582-587), widened to
hold the estimate; for teams of one size it is that of the F test (McGraw and Wong 1996, Psychological Methods 1,
30-46). rwg is one less the variance within the team over that of answers by lot (James, Demaree and Wolf 1984, Journal
of Applied Psychology 69, 85-98). In R: multilevel::ICC1, ICC2, rwg, rwg.j.

A team is tested against everybody else twice: with its own spread (Welch) and with the spread common to all teams. The
larger p and the wider interval count, for with few answers on a coarse scale either test alone claims too much: in 24
teams of five without a difference Welch names some team in 14 to 31 % of cases, the common spread in up to 19 % where
spreads differ, both together in 3 % at most. Holm (1979, Scandinavian Journal of Statistics 6, 65-70) corrects for the
number of teams. One extreme team moves all others away from their rest: the one that stands out most is named first,
and the next only if it also differs from a rest without those named.
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
from engagelab.metrics.intervals import around, holm, t_value, z_value
from engagelab.metrics.looks import page, plain, rounded
from engagelab.metrics.nouns import ALIKE, SURVEY_MIN_N, checked_min_n
from engagelab.metrics.shares import answered
from engagelab.metrics.suppress import suppressed
from engagelab.summaries.frames import fetched, listed, numbers
from engagelab.surveys.distribution import groups_of
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

    def bounds(self, confidence: float) -> tuple[np.ndarray, float]:
        """The interval of 1 + size x the variance between units over that within, and size, their harmonic mean."""
        from scipy.special import fdtri

        (within, df), between, size = self.within, len(self.n) - 1, len(self.n) / (1 / self.n).sum()
        f = size * float(self.mean.var(ddof=1)) / within
        return f / fdtri(between, df, (1 + np.array([1, -1]) * confidence) / 2), size

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
    min_n : the fewest respondents with whom a unit is shown, 5 unless said.

    A respondent's score is the mean of the items answered, if at least half are. Returns `Agreement`. `.frame` has ICC1
    and ICC2. `.units` has for each unit, and for all, the mean score with Student's interval; `difference` from the
    mean of everybody else, with its interval for this unit alone; `p_adjusted` and `verdict` after the correction for
    the number of units and for those named before; `rwg_` and the item for each item, and `rwg_j` of several. A
    negative rwg counts as 0. A unit in which all have the same score is masked, as in `measure()`. What is hidden or
    masked is in the mean of all alone: ICC, tests and differences are of what is shown, and "(all)" has no interval.
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
    0      a   6     7.833       2.667         0.0    0.943
    1      b   6     5.167      -1.333         1.0    0.943
    2      c   6     5.167      -1.333         1.0    0.943
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
    secret = is_hidden(found["flag"]).to_numpy()[:-1]
    places = np.flatnonzero(~secret & (spread.n > 0))
    spread = spread.take(places)
    found = _tested(found, spread, places, confidence)
    found = _agreed(found, answers, labels, units, null, places, SURVEY_MIN_N if min_n is None else min_n)
    frame = _icc(spread, unit, int(asked[~secret].sum() - spread.n.sum()), confidence)
    notes = [words.text("scores.no_unit", n=int((~known).sum()), unit=repr(unit))] if not known.all() else []
    notes += [words.text("scores.shown_only", n=int(secret.sum()), unit=repr(unit))] if secret.any() else []
    notes += [] if np.isfinite(null) else [words.text("scores.no_scale")]
    return Agreement(frame, found, _verdict(frame, found.iloc[places], spread, confidence), tuple(notes))


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
    made = suppressed(made, [unit], min_n=min_n, same=pd.Series((n > 0) & (squares == 0)))
    if is_hidden(made["flag"]).iloc[:-1].any():     # its spread would tell of theirs
        made.loc[made.index[-1], ["low", "high", "se"]] = np.nan
        made.loc[made.index[-1], "flag"] = made["flag"].iloc[-1] or words.text("scores.flag_all")
    return made


def _tested(found: pd.DataFrame, spread: Spread, places: np.ndarray, confidence: float) -> pd.DataFrame:
    """Each unit that is shown against everybody else, corrected for the number of units."""
    out = np.full((len(found), len(TESTED)), np.nan)
    if len(places):
        apart, half, p, t = _against(spread, confidence)
        out[places] = np.column_stack([apart, apart - half, apart + half, _stepped(spread, p, t, confidence)])
    found = found.assign(**{name: out[:, i] for i, name in enumerate(TESTED)})
    said = [words.text("scores.unit_unknown") if np.isnan(p) else
            words.text("scores.unit_alike") if p >= 1 - confidence else
            words.text("scores.unit_above" if difference > 0 else "scores.unit_below")
            for p, difference in zip(found["p_adjusted"], found["difference"], strict=True)]
    said[-1] = ""   # everybody has nobody to differ from
    return found.assign(verdict=pd.Series(said, dtype="str"))


def _against(spread: Spread, confidence: float) -> np.ndarray:
    """How far each unit is from all others, half the interval of that, p, and t without its sign."""
    from scipy.special import stdtr

    (common, df), n, mean, total = spread.within, spread.n, spread.mean, spread.n.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = np.where((n > 1) & (total - n > 1) & (df > 0), total - n, np.nan)
        apart = mean - ((n * mean).sum() - n * mean) / rest
        gap = mean[:, None] - (mean - apart)
        beside = (spread.squares.sum() - spread.squares) + (n[:, None] * gap**2).sum(axis=0) - n * apart**2
        own, others = spread.squares / (n - 1) / n, beside / (rest - 1) / rest
        errors = np.sqrt(np.array([own + others, common * (1 / n + 1 / rest)]))
        freedom = [(own + others) ** 2 / (own**2 / (n - 1) + others**2 / (rest - 1)), np.full(len(n), float(df))]
        t = np.abs(apart) / errors
        half = np.max([error * t_value(free, confidence) for error, free in zip(errors, freedom, strict=True)], axis=0)
        return np.array([apart, half, np.max(2 * stdtr(freedom, -t), axis=0), t.min(axis=0)])


def _stepped(spread: Spread, p: np.ndarray, t: np.ndarray, confidence: float) -> np.ndarray:
    """Holm's p-values; after each unit that is named, at least those of the others without it."""
    left, adjusted = np.arange(len(p)), holm(p)
    while len(named := np.flatnonzero(adjusted[left] < 1 - confidence)):
        left = np.delete(left, named[np.lexsort((-t[named], p[named]))[0]])
        if len(left) < 2:
            break
        p, t = _against(spread.take(left), confidence)[2:]
        adjusted[left] = np.fmax(adjusted[left], holm(p))
    return adjusted


def _agreed(found: pd.DataFrame, answers: pd.DataFrame, labels: pd.Series, units: list[str], null: float,
            places: np.ndarray, least: int) -> pd.DataFrame:
    """rwg of each item that enough answered within each unit that is shown, and rwg(j) of several."""
    grouped = answers.groupby(labels, observed=False)
    share = (grouped.var() / null).where(grouped.count() >= least).reindex(units).to_numpy(dtype="float64")
    share = np.where(np.isin(np.arange(len(units)), places)[:, None], share, np.nan)
    each = np.where(np.isnan(share), np.nan, np.maximum(1 - share, 0))
    columns = {f"rwg_{name}": np.append(each[:, i], np.nan) for i, name in enumerate(answers.columns)}
    j = answers.shape[1]
    if j > 1:
        gain = j * np.maximum(1 - share.mean(axis=1), 0)
        columns["rwg_j"] = np.append(gain / (gain + share.mean(axis=1)), np.nan)
    return found.assign(**columns)


def _icc(spread: Spread, unit: str, unscored: int, confidence: float) -> pd.DataFrame:
    """ICC1 and ICC2 with their intervals."""
    f, between, df = spread.f_test()
    n, why = int(spread.n.sum()), ""
    size = n / max(len(spread.n), 1)
    if between < 1:
        why = words.text("scores.one_unit", unit=repr(unit))
    elif df < 1:
        why = words.text("scores.all_single", unit=repr(unit))
    elif np.isnan(f) or f == 0:
        f, why = np.nan, words.text("scores.all_alike")
    elif not np.isfinite(f):
        why = words.text("metrics.flag_no_interval")
    rows = np.full((2, 3), np.nan)
    if not why:
        ends, harmonic = spread.bounds(confidence)
        part = (ends - 1) / harmonic     # variance between over that within
        rows[0, 1:] = part / (1 + part)
        rows[1, 1:] = part / (part + 1 / np.where(part < 0, harmonic, size))
    rows[:, 0] = [1, 1] if np.isinf(f) else [(f - 1) / (f + size - 1), 1 - 1 / f]
    rows[:, 1], rows[:, 2] = np.minimum(rows[:, 1], rows[:, 0]), np.maximum(rows[:, 2], rows[:, 0])
    table = pd.DataFrame({"metric": ["icc1", "icc2"], "n_missing": unscored})
    made = answered(table, {
        **dict(zip(("estimate", "low", "high"), rows.T, strict=True)), "se": np.nan, "count": np.nan, "n": n,
        "n_eff": float(n), "method": [words.text(f"scores.method_{name}", units=len(spread.n), size=f"{size:.1f}")
                                      for name in ("icc1", "icc2")]}, [why, why])
    return suppressed(made, [])


def _verdict(frame: pd.DataFrame, found: pd.DataFrame, spread: Spread, confidence: float) -> str:
    """In words: may the units be ranked, may the extremes be named, or neither?"""
    from scipy.special import fdtrc

    reliable = frame["estimate"].iloc[1]
    if np.isnan(reliable):
        return words.text("scores.verdict_unknown", why=frame["flag"].iloc[1])
    out = found["p_adjusted"].to_numpy() < 1 - confidence
    f, between, df = spread.take(np.flatnonzero(~out)).f_test()
    others = bool(fdtrc(between, df, f) < 1 - confidence) if not np.isnan(f) else False
    unit = found.columns[1]
    names = {side: words.joined(found[unit][out & (found["difference"] * sign > 0)])
             for side, sign in (("above", 1), ("below", -1))}
    standing = words.sentences(words.text(f"scores.{side}", units=listed) for side, listed in names.items() if listed)
    rest = min(reliable, 1 - 1 / f) if others else np.nan   # one extreme unit makes the means of all look reliable
    if rest >= RELIABLE:
        key = "rank"
    elif out.any():
        key = "extremes_weak" if others else "extremes"
    else:
        key = "together" if others else "no"
    reliable = rest if key == "extremes_weak" else reliable
    return words.text(f"scores.verdict_{key}", icc=shown(reliable), standing=standing).strip()
