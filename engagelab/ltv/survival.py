"""How long customers stay: curves, what sets groups apart, expected lifetime, and how many of those here will leave.

Curves and medians are those of `engagelab.metrics.survival`. The log-rank test is Mantel's (1966, Cancer Chemotherapy
Reports 50, 163-170), pairs corrected by Holm. Expected lifetime is the area under the curve up to a time that was
observed, its error by Greenwood's formula (Klein and Moeschberger 2003, Survival Analysis, section 4.5). A forecast
takes everybody still here at the age that they have reached: the chance to stay h longer is S(age + h) / S(age).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.spells import named
from engagelab.display import heading, shown
from engagelab.errors import DataError, one_of
from engagelab.ltv.lifetimes import OWN, checked
from engagelab.metrics import looks
from engagelab.metrics.answer import grouping
from engagelab.metrics.intervals import difference_interval, holm, logit, z_value
from engagelab.metrics.shares import answered
from engagelab.metrics.survival import COLUMNS, FEWEST_AT_RISK, kaplan_meier, median_duration
from engagelab.plots.survival import survival as picture
from engagelab.summaries import durations, frames, periods

AHEAD = (1, 3, 12)    # periods that a forecast looks ahead unless told
MOST = 50             # groups, of which each pair is tested
MANY = 1e9            # degrees of freedom of a normal quantile
CLOSE = 1e-9


@dataclass(frozen=True, repr=False)
class Survival:
    """Curves of how long something lasts: `.frame`, a row a group and time; `.median`, `.test` and `.notes`.

    `.test` is empty where there is one group only.
    """

    frame: pd.DataFrame
    median: pd.DataFrame
    test: pd.DataFrame
    notes: tuple[str, ...]
    by: tuple[str, ...]
    every: str
    confidence: float
    spans: pd.DataFrame = field(repr=False)    # a row a subscription: duration, ended, entry, its groups

    def lifetime(self, within: str | None = None) -> pd.DataFrame:
        """How long customers stay in the mean, of the first `within` (such as "12 months"): restricted mean lifetime.

        within : up to which age; the longest whole number of periods that every group was observed for unless said.

        Returns a row a group with the columns of an answer, in units of `every`; `count` have left by then, of `n`.
        The interval is made on the logit of the share of that time. A group that was not observed so long has none,
        and a flag.

        >>> table = pd.DataFrame({"months": [2, 3, 3, 5, 8, 9], "left": [1, 1, 0, 1, 0, 0]})
        >>> survival(table, duration="months", ended="left").lifetime("6 months").round(2)[
        ...     ["metric", "within", "estimate", "low", "high", "count", "n"]]
                  metric    within  estimate   low  high  count  n
        0  mean_lifetime  6 months      4.61  3.02   5.5    3.0  6
        """
        within, end = self._age(within)
        rows = []
        for key, curve, people in self._groups():
            area, error = _area(curve, end)
            thin = (self.spans["entry"] > 0).any() and (curve.at_risk[(curve.ended > 0) & (curve.time < end)]
                                                        < FEWEST_AT_RISK).any()
            why = (words.text("survival.not_so_long", within=within, longest=shown(curve.last)) if curve.last < end
                   else words.text("survival.thin", n=FEWEST_AT_RISK) if thin else "")
            if why:
                area = error = np.nan
            elif not error:
                why = words.text("metrics.flag_no_interval")
            rows.append([*key, area, error, float((people["ended"] & (people["duration"] <= end)).sum()), len(people),
                         why])
        table = pd.DataFrame(rows, columns=[*self.by, "estimate", "se", "count", "n", "flag"])
        low, high = logit(table["estimate"] / end, table["se"] / end, MANY, self.confidence)
        keys = pd.DataFrame({"metric": "mean_lifetime", "within": within, **table[list(self.by)], "n_missing": list(
            self.median["n_missing"]), "flag": table["flag"]})
        return answered(keys, {
            "estimate": table["estimate"], "low": low * end, "high": high * end, "se": table["se"],
            "count": table["count"], "n": table["n"], "n_eff": table["n"].astype("float64"),
            "method": words.text("survival.method_mean")}, [""] * len(table))

    def differences(self, within: str | None = None) -> pd.DataFrame:
        """How much longer each group stays than each other, of the first `within`: as in `lifetime()`.

        Returns a row a pair: `group` less `against`; the interval is MOVER's, from those of the two. `p_adjusted` is
        corrected by Holm for all pairs.
        """
        from scipy.special import ndtr

        each = self.lifetime(within)
        pairs = list(combinations(range(len(each)), 2))
        first, second = (each.iloc[[pair[i] for pair in pairs]].reset_index(drop=True) for i in (0, 1))
        labels = _labels(each, self.by)
        apart, low, high = difference_interval(*(side[name] for side in (second, first)
                                                 for name in ("estimate", "low", "high")))
        error = np.hypot(first["se"], second["se"])
        keys = pd.DataFrame({
            "metric": "difference_of_lifetimes", "within": first["within"],
            "group": [labels[one] for one, _ in pairs], "against": [labels[other] for _, other in pairs],
            "n_missing": first["n_missing"] + second["n_missing"], "flag": first["flag"].where(
                first["flag"] != "", second["flag"])})
        table = answered(keys, {
            "estimate": apart, "low": low, "high": high, "se": error, "count": first["count"] + second["count"],
            "n": first["n"] + second["n"], "n_eff": first["n_eff"] + second["n_eff"],
            "method": words.text("survival.method_difference")}, [""] * len(keys))
        return table.assign(p_adjusted=holm(2 * ndtr(-np.abs(np.asarray(apart / error)))))

    def churn_forecast(self, within: Sequence[str] | None = None) -> pd.DataFrame:
        """How many of those still here will have left within each time from now on, if things stay as they were.

        within : durations such as ["1 month", "12 months"]; 1, 3 and 12 periods unless said.

        Each counts with the age reached. Who would get older than anybody was followed (five at risk at least) is not
        in the number: no curve says anything of that. `n` are those who are in it, `n_missing` those who are not, and
        the flag says so; so a number may be lower for a longer time. The interval is that of the number who
        will really leave: it holds the error of the curve and chance; it is never wider than from 0 to `n`.

        Returns a row a time and group, and over all; `se` is that of the number, `count` is empty.

        >>> draws = np.random.RandomState(1)
        >>> life, seen = draws.geometric(.1, 500), draws.randint(1, 25, 500)
        >>> table = pd.DataFrame({"months": np.minimum(life, seen), "left": life <= seen})
        >>> survival(table, duration="months", ended="left").churn_forecast(["3 months"])[
        ...     ["within", "estimate", "low", "high", "n", "n_missing"]].round(1)
             within  estimate   low  high    n  n_missing
        0  3 months      47.3  34.5  60.0  175          6
        """
        asked = within if within is not None else [_written(ahead, self.every) for ahead in AHEAD]
        rows = []
        for text in frames.listed("within", asked):
            step, of_text = self._units("within", text), []
            for key, curve, people in self._groups():
                ages = people.loc[~people["ended"], "duration"].to_numpy()
                of_text.append([text, *key, *_leaving(curve, ages, step), len(ages)])
            if self.by:
                known = np.array([[row[i] for i in (-4, -3, -2, -1)] for row in of_text], dtype="float64")
                of_text.append([text, *[words.text("metrics.all")] * len(self.by), *np.nansum(known, axis=0)])
            rows += of_text
        table = pd.DataFrame(rows, columns=["within", *self.by, "estimate", "variance", "n", "open"])
        n, missing = table["n"].astype("int64"), (table["open"] - table["n"]).astype("int64")
        estimate, se = table["estimate"].where((n > 0) | (table["open"] == 0)), np.sqrt(table["variance"]).where(n > 0)
        half = z_value(self.confidence) * se
        flags = [words.text("survival.too_old", n=int(left)) if left else "" for left in missing]
        keys = pd.DataFrame({"metric": "leavers", **table[["within", *self.by]], "n_missing": missing, "flag": flags})
        answer = answered(keys, {
            "estimate": estimate, "low": np.maximum(estimate - half, 0), "high": np.minimum(estimate + half, n),
            "se": se, "count": np.nan, "n": n, "n_eff": n.astype("float64"),
            "method": words.text("survival.method_forecast")}, [""] * len(table))
        answer.attrs = {"sql": "", "notes": [words.text("survival.why_too_old")] if missing.any() else []}
        return answer

    def plot(self, **how: Any):
        """The curves with their bands and medians: see `plots.survival`."""
        first = self.frame.drop_duplicates(list(self.by)) if self.by else self.frame[:1]
        drawn = pd.concat([first.assign(time=0.0, survival=1.0, low=1.0, high=1.0), self.frame], ignore_index=True)
        if self.by:
            drawn = drawn.assign(group=_labels(drawn, self.by))
        return picture(drawn, hue="group" if self.by else None, **{"median": True} | how)

    def _groups(self):
        """Key, curve and people of each group, in the order of `.median`."""
        for key in self.median[list(self.by)].itertuples(index=False, name=None):
            curve, people = self.frame, self.spans
            for name, value in zip(self.by, key, strict=True):
                curve, people = curve[curve[name] == value], people[people[name] == value]
            yield key, _Curve.of(curve), people

    def _age(self, within: str | None) -> tuple[str, float]:
        """The age up to which a mean is taken, as it is written and in units of `every`."""
        if within is not None:
            return within, self._units("within", within)
        ends = [curve.last for _, curve, _ in self._groups()]
        longest = min(ends) if np.isfinite(min(ends)) else float(self.frame["time"].max())
        if longest < 1:
            raise DataError("survival.short", longest=shown(longest), every=words.text(f"unit.{self.every}", value=1))
        return _written(int(longest + CLOSE), self.every), float(int(longest + CLOSE))

    def _units(self, name: str, value: object) -> float:
        return durations.days(name, value) / durations.days("every", f"1 {self.every}")

    def _tables(self) -> list[pd.DataFrame]:
        median = self.median.assign(metric=[looks.in_periods(name, self.every) for name in self.median["metric"]])
        return [looks.rounded(median, ["metric", *self.by, "estimate", "interval", "count", "n", "flag"])]

    def __repr__(self) -> str:
        return looks.plain(self._tables(), self.notes)

    def _repr_html_(self) -> str:
        return looks.page(self._tables(), self.notes)


def survival(data: Any, *, duration: str, ended: str, by: str | Sequence[str] | None = None, entry: str | None = None,
             every: str = "month", confidence: float = .95) -> Survival:
    """The share of customers who stay longer than each time, by group, and whether the groups differ.

    data, duration, ended, entry, by : as in `metrics.kaplan_meier`; `lifetimes()` makes such a table of subscriptions.
    every : the unit of `duration`.

    Returns `Survival`: `.frame`, the curves (log-log intervals); `.median`, an answer of a row a group; `.test`, the
    log-rank test over all groups and, where these are more than two, of each pair: `estimate` is chi squared, with
    `df`, `p` and Holm's `p_adjusted`; and `.lifetime()`, `.differences()`, `.churn_forecast()`, `.plot()`.
    Raises DataError for a duration or flag that is none, with its column.

    >>> months = [6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8]
    >>> table = pd.DataFrame({"months": months, "left": [1] * 7 + [0] * 5 + [1] * 11,
    ...                       "plan": list("a" * 12 + "b" * 11)})
    >>> found = survival(table, duration="months", ended="left", by="plan")
    >>> found.test[["estimate", "df", "p"]].round(4)
       estimate  df    p
    0   19.6999   1  0.0
    >>> found.notes[-1]
    'The groups of plan do not stay equally long (log-rank test, p <0.001).'
    """
    one_of("every", every, periods.EVERY)
    names = grouping(by, *COLUMNS, *OWN, "group", "against", "within", "df", "p", "p_adjusted")
    lengths = [duration, ended, *([entry] if entry else [])]
    table = frames.fetched(data, [*names, *lengths])
    said = pd.DataFrame({name: named(table[name]) for name in names} | {name: table[name] for name in lengths})
    numbers = checked(said, duration, ended, entry)
    how: dict[str, Any] = {"duration": duration, "ended": ended, "entry": entry, "by": names, "confidence": confidence}
    curves, median = kaplan_meier(said, **how), median_duration(said, **how)
    spans = said[names].join(numbers).dropna()
    if spans.empty:
        raise DataError("survival.nobody")
    spans = spans.assign(ended=spans["ended"] == 1).reset_index(drop=True)
    median = median[median["n"] > 0].reset_index(drop=True).assign(metric="median_lifetime")
    test, verdict = _tested(spans, names, entry is not None, 1 - confidence)
    missing = len(table) - len(spans)
    notes = [*getattr(data, "attrs", {}).get("notes", []),
             *([words.text("survival.missing", n=missing, rows=len(table))] if missing else []), *verdict]
    return Survival(curves, median, test, tuple(notes), tuple(names), every, confidence, spans)


@dataclass(frozen=True)
class _Curve:
    """The counts of one curve, a value a time; `last`, up to which age it is known."""

    time: np.ndarray
    at_risk: np.ndarray
    ended: np.ndarray
    survival: np.ndarray
    last: float

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "_Curve":
        time, at_risk, ended, share = (rows[name].to_numpy(dtype="float64") for name in (
            "time", "at_risk", "ended", "survival"))
        return cls(time, at_risk, ended, share, np.inf if share[-1] == 0 else float(time[-1]))

    @property
    def greenwood(self) -> np.ndarray:
        """The variance that each time adds to that of the logarithm; 0 where all who were left ended."""
        left = self.at_risk - self.ended
        return np.divide(self.ended, self.at_risk * left, out=np.zeros(len(left)), where=left > 0)


def _area(curve: _Curve, end: float) -> tuple[float, float]:
    """The area under a curve up to a time, and its standard error."""
    inside = curve.time < end
    knots = np.concatenate([[0.0], curve.time[inside], [end]])
    parts = np.diff(knots) * np.append(1.0, curve.survival[inside])
    after = parts[::-1].cumsum()[::-1]
    return float(after[0]), float(np.sqrt((after[1:]**2 * curve.greenwood[inside]).sum()))


def _leaving(curve: _Curve, ages: np.ndarray, step: float) -> tuple[float, float, int]:
    """How many of those of these ages leave within a time; the variance of that number; of how many it can be said."""
    enough = curve.at_risk >= FEWEST_AT_RISK
    reach = curve.time[enough].max(initial=-1.0)
    with np.errstate(divide="ignore"):
        stay = np.where(enough, np.log1p(-curve.ended / curve.at_risk), 0.0)
    dead = np.cumsum(np.append(0, np.isneginf(stay)))
    stay = np.cumsum(np.append(0.0, np.where(np.isneginf(stay), 0.0, stay)))
    thin = np.cumsum(np.append(0, ~enough & (curve.ended > 0)))
    places = np.stack([np.searchsorted(curve.time, at + CLOSE, side="right") for at in (ages, ages + step)])
    known = (thin[places[1]] == thin[places[0]]) & (ages + step <= reach + CLOSE)
    first, last = places[:, known]
    share = np.where(dead[last] > dead[first], 0.0, np.exp(stay[last] - stay[first]))
    size = len(curve.time) + 1
    held = np.cumsum(np.bincount(first, share, size) - np.bincount(last, share, size))[:-1]
    variance = (held**2 * curve.greenwood).sum() + (share * (1 - share)).sum()
    return float((1 - share).sum()), float(variance), int(known.sum())


def _tested(spans: pd.DataFrame, by: list[str], entered: bool, level: float) -> tuple[pd.DataFrame, list[str]]:
    """The log-rank test over all groups and of each pair of more than two, and what it says."""
    labels = pd.Series(_labels(spans, by), dtype="str")
    groups = sorted(labels.unique()) if by else []
    if len(groups) > MOST:
        raise DataError("survival.levels", column=words.joined(map(repr, by)), n=len(groups), most=MOST)
    sets = [("", "", groups)] * (len(groups) > 1)
    sets += [(one, other, [one, other]) for one, other in combinations(groups, 2)] * (len(groups) > 2)
    rows = []
    for one, other, asked in sets:
        part = labels.isin(asked).to_numpy()
        found = _log_rank(spans[part], labels[part].to_numpy(), entered)
        rows.append([one or words.text("metrics.all"), other, found[0], float(spans.loc[part, "ended"].sum()),
                     int(part.sum()), len(asked) - 1, found[1]])
    table = pd.DataFrame(rows, columns=["group", "against", "chi", "ends", "rows", "df", "p"])
    flags = [words.text("survival.no_test") if np.isnan(chi) else "" for chi in table["chi"]]
    answer = answered(table[["group", "against"]].assign(metric="log_rank")[["metric", "group", "against"]], {
        "estimate": table["chi"], "low": np.nan, "high": np.nan, "se": np.nan, "count": table["ends"],
        "n": table["rows"], "n_eff": table["rows"].astype("float64"), "method": words.text("survival.method_log_rank")},
        flags)
    p = table["p"].to_numpy(dtype="float64")
    answer = answer.assign(df=table["df"], p=p, p_adjusted=np.append(p[:1], holm(p[1:])))
    if not rows or np.isnan(p[0]):
        return answer, []
    how = "differ" if p[0] < level else "alike"
    said = [words.text(f"survival.{how}", by=words.joined(map(heading, by)), p=_p(p[0]))]
    apart = answer.iloc[1:][answer["p_adjusted"].iloc[1:] < level]
    if len(apart) and how == "differ":
        said.append(words.text("survival.pairs", pairs=words.joined(
            words.text("survival.pair", one=one, other=other)
            for one, other in zip(apart["group"], apart["against"], strict=True))))
    return answer, said


def _log_rank(spans: pd.DataFrame, labels: np.ndarray, entered: bool) -> tuple[float, float]:
    """Chi squared and p; NaN where nobody ended while two groups were at risk."""
    from scipy.special import chdtrc
    from statsmodels.duration.survfunc import survdiff

    entry = np.where(spans["entry"] > 0, spans["entry"], -1.0) if entered else None
    try:
        chi, _ = survdiff(spans["duration"].to_numpy(), spans["ended"].to_numpy(dtype="float64"), labels, entry=entry)
    except np.linalg.LinAlgError:
        return np.nan, np.nan
    return (float(chi), float(chdtrc(len(np.unique(labels)) - 1, chi))) if np.isfinite(chi) else (np.nan, np.nan)


def _labels(frame: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """One name for the groups of each row."""
    return [" / ".join(map(str, row)) for row in frame[list(by)].itertuples(index=False, name=None)]


def _written(number: int, every: str) -> str:
    return f"{number} {every}{'s' * (number != 1)}"


def _p(p: float) -> str:
    return "<0.001" if p < .001 else f"= {p:.3f}"
