"""The analyses behind `before_after`: units with the action against units without, and a series against its past."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval, shown
from engagelab.errors import DataError
from engagelab.metrics.intervals import around
from engagelab.roi.impact import Averaged, drift, local_level, segmented
from engagelab.roi.panel import ONE, Panel

LEAST = {"its": (8, 8), "impact": (12, 1)}  # known periods before (each control series takes one more) and after
NOTHING = 1e-9  # of the spread: what rounding leaves
Row = tuple[str, float, float, float, float, float]


@dataclass(frozen=True)
class Found:
    """What an analysis found: `rows` (what, estimate, low, high, se, p), the first is the effect; the series."""

    rows: list[Row]
    series: pd.DataFrame
    n_before: int
    n_after: int
    flag: str
    notes: tuple[str, ...]


def _did(panel: Panel, confidence: float) -> Found:
    """Each unit's change is one number; those with the action against those without."""
    after, values, treated = panel.after, panel.values, np.asarray(panel.treated)
    change = values[after].mean() - values[~after].mean()
    known = change.notna().to_numpy()
    for side, where in (("with", treated), ("without", ~treated)):
        if not (known & where).any():
            raise DataError("before_after.no_units", side=words.text(f"before_after.{side}"), at=panel.at)
    values, change, treated = values.loc[:, known], change[known], treated[known]
    moved = values - values[~after].mean()
    table = pd.concat([change, moved[~after].apply(_slope), moved.T, moved[after].cumsum(skipna=False).T], axis=1)
    found = _welch(table[treated], table[~treated], confidence)
    estimate, low, high = found[:3, 2:2 + len(values)]
    actual = values.loc[:, treated].mean(axis=1).to_numpy()
    total = np.full((3, len(values)), np.nan)
    total[:, after] = found[:3, 2 + len(values):]
    series = _series(panel, values.index.to_numpy(), actual, actual - estimate, (actual - high, actual - low), estimate,
                   total)
    slope = {"change": shown(found[0, 1], panel.unit, signed=True),
             "interval": interval(found[1, 1], found[2, 1], panel.unit, signed=True)}
    drifts = "one_before" if sum(~after) < 2 else "apart" if found[1, 1] > 0 or found[2, 1] < 0 else "alike"
    sizes = int(treated.sum()), int((~treated).sum())
    notes = [words.text("before_after.clusters", treated=sizes[0], control=sizes[1])]
    notes += [words.text(f"before_after.{key}", n=n) for key, n in (
        ("one_time", int((~known).sum())), ("holes", int(values.isna().any().sum()))) if n]
    flag = words.text("before_after.no_interval") if np.isnan(found[1, 0]) else words.text(
        "before_after.apart", **slope) if drifts == "apart" else ""
    return Found([("effect", *found[:, 0]), ("seen", *_welch(change[treated].to_frame(), None, confidence)[:, 0])],
                 series, int((~after).sum()), int(after.sum()), flag,
                 (*notes, *([] if drifts == "apart" else [words.text(f"before_after.{drifts}", **slope)])))


def _model(panel: Panel, method: str, confidence: float) -> Found:
    """A series against what its past, and control series, lead one to expect."""
    told, place, values, size, trend = _told_by(panel, method)
    after = place >= panel.start
    many, first = int(after.sum()), 3 if method == "its" else 1
    found = np.vstack([size * np.array([told.mean, *told.bounds(confidence), told.se]), told.p(0)])
    total = np.full((3, len(values)), np.nan)
    apart = total.copy()
    each, total[:, after] = found[:3, first:first + many], found[:3, first + many:first + 2 * many]
    apart[:, after] = found[:3, -many:] if method == "its" else each
    expected = values - apart[0]
    expected[~after] = size * told.expected + values[~after].mean()
    effect = values - expected
    effect[after] = each[0]
    rows: list[Row] = [(what, *found[:, at]) for at, what in enumerate(("effect", "level", "slope")[:first])]
    seen = panel.one_series[0].dropna()
    later, before = (side.to_frame(ONE) for side in (seen[seen.index >= panel.start], seen[seen.index < panel.start]))
    gaps = int(place[-1] - place[0] + 1 - len(place))
    doubtful = method == "impact" and trend.p(0)[0] < 1 - confidence
    return Found(
        [*rows, ("seen", *_welch(later, before, confidence)[:, 0])],
        _series(panel, place, values, expected, (values - apart[2], values - apart[1]), effect, total),
        len(values) - many, many, words.text("before_after.trend", change=shown(
            size * float(trend.mean[0]), panel.unit, signed=True)) if doubtful else "",
        (words.text("before_after.gaps", n=gaps),) if gaps else ())


def _told_by(panel: Panel, method: str) -> tuple[Averaged, np.ndarray, np.ndarray, float, Averaged]:
    """The effects, in standard deviations of the past; the places, the values, this deviation, and the trend before."""
    y, controls = panel.one_series
    if method == "its" and controls.shape[1]:
        y, controls = y - controls.iloc[:, 0], controls[[]]
    known = (y.notna() & controls.notna().all(axis=1)).to_numpy()
    place, after = panel.values.index.to_numpy()[known], panel.after[known]
    values, x = y.to_numpy()[known], controls.to_numpy()[known]
    _checked(panel, values, x, after, method)
    size, many = float(values[~after].std()), int(after.sum())
    x = np.column_stack([np.ones(len(x)), (x - x[~after].mean(axis=0)) / x[~after].std(axis=0)])
    if np.linalg.matrix_rank(x[~after], tol=NOTHING * len(x)) < x.shape[1]:
        raise DataError("before_after.same_control", at=panel.at)
    scaled = (values - values[~after].mean()) / size
    told = segmented(scaled, place, after) if method == "its" else local_level(scaled, x, place, after, np.vstack([
        np.full(many, 1 / many), np.eye(many), np.tri(many)]))
    if not (told.spread > NOTHING).all():
        raise DataError("before_after.copied", at=panel.at, value=panel.metric)
    return told, place, values, size, drift(scaled[~after], x[~after], place[~after])


def _checked(panel: Panel, values: np.ndarray, x: np.ndarray, after: np.ndarray, method: str) -> None:
    """Refuse what the model cannot be told from."""
    least, past = LEAST[method], values[~after]
    if not after.any() and panel.values.loc[panel.after].notna().any(axis=None) and x.shape[1]:
        raise DataError("before_after.no_control_after", at=panel.at)
    if len(past) < least[0] + x.shape[1] or after.sum() < least[1]:
        raise DataError("before_after.few", before=len(past), after=int(after.sum()), method=repr(method),
                        least_before=least[0] + x.shape[1], least_after=least[1])
    for name, column in (("", past), *((repr(name), column[~after]) for name, column in zip(
            panel.controls.columns, x.T, strict=False))):
        if np.ptp(column) <= NOTHING * np.abs(column).max():
            raise DataError("before_after.constant", value=name or panel.metric, at=panel.at)


def _welch(one: pd.DataFrame, other: pd.DataFrame | None, confidence: float) -> np.ndarray:
    """For each column the mean of one less that of the other (or 0): estimate, low, high, standard error and p."""
    from scipy.special import stdtr

    sides = [(side.mean().to_numpy(), (side.var() / side.count()).to_numpy(), side.count().to_numpy() - 1)
             for side in ([one] if other is None else [one, other])]
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.sum([side[1] for side in sides], axis=0)
        df = variance**2 / np.sum([side[1] ** 2 / side[2] for side in sides], axis=0)
        estimate, se = sides[0][0] - (0 if other is None else sides[1][0]), np.sqrt(variance)
        return np.array([estimate, *around(estimate, se, df, confidence), se, 2 * stdtr(df, -np.abs(estimate / se))])


def _slope(values: pd.Series) -> float:
    known = values.dropna()
    return float(np.polyfit(known.index - known.index[0], known, 1)[0]) if len(known) > 1 else np.nan


def _series(panel: Panel, places: np.ndarray, actual: np.ndarray, expected: np.ndarray,
          ends: tuple[np.ndarray, np.ndarray], effect: np.ndarray, total: np.ndarray) -> pd.DataFrame:
    """The series as it is given back."""
    return pd.DataFrame({
        "period": panel.labels[places].to_numpy(), "part": np.where(places < panel.start, "before", "after"),
        "actual": actual, "expected": expected, "low": ends[0], "high": ends[1], "effect": effect,
        "cumulative": total[0], "cumulative_low": total[1], "cumulative_high": total[2]})


METHODS: dict[str, Callable[[Panel, float], Found]] = {
    "did": _did, "impact": lambda panel, confidence: _model(panel, "impact", confidence),
    "its": lambda panel, confidence: _model(panel, "its", confidence)}


def earlier(panel: Panel, method: str) -> pd.DataFrame:
    """The effect at each earlier date with as many periods after, from the time before alone."""
    rows, many = [], int(panel.after.sum())
    places = panel.values.index[~panel.after]
    for first, last in zip(places[1:], places[many:], strict=False):
        part = panel.between(int(first), int(last))
        with suppress(DataError):   # too short, or nothing moved
            if method == "did":
                effect = _did(part, .95).rows[0][1]
            else:   # without the intervals, which take most of the time
                told, _, _, size, _ = _told_by(part, method)
                effect = size * told.mean[0]
            rows.append((panel.labels[first], effect))
    return pd.DataFrame(rows, columns=["period", "estimate"])
