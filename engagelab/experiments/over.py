"""The effect as it came in: cumulative, with an interval that allows for looking at every moment.

Who takes each look for the only one finds an effect sooner or later, where there is none (Armitage, McPherson and Rowe
1969). The always-valid interval (see `sequential`) holds at all moments together, and is corrected for several arms and
metrics. Whether an effect fades, as the novelty wears off, is the slope of the effects of the single moments.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import metric_name, named, shown
from engagelab.errors import UsageError
from engagelab.experiments.contrast import STEPWISE, Looking, Pair, each_p
from engagelab.experiments.estimate import Arms, arms_of
from engagelab.experiments.hidden import fewest
from engagelab.experiments.read import Cells, Trial
from engagelab.experiments.rules import Rules
from engagelab.experiments.segments import Effects, effects_of, p_said
from engagelab.metrics import intervals
from engagelab.metrics.homogeneity import trend
from engagelab.metrics.nouns import Noun

COLUMNS = ("over", "metric", "arm", "control", "n_control", "n_arm", "value_control", "value_arm", "difference", "low",
           "high", "p", "low_always", "high_always", "p_always", "effect", "effect_se", "p_trend")
VALUES = COLUMNS[6:17]
TURNED = 1 / 3  # of the first effect: a line through one that only fades may cross 0 by less


def over_time(trial: Trial, rules: Rules, over: str | None, off: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The effects over time, a row a metric, arm and moment, and what has to be said.

    over : days, numbers, or text with numbers in it, whose order as text must be theirs: w09 and w10, not w9 and w10.

    `low, high, p` are those of a single look, `low_always, high_always, p_always` hold for looks at all moments.
    `effect, effect_se` are of what came at that moment alone; `p_trend` (Holm) says whether these drift.
    Rates are never compared exactly here: few is where one starts, and the always-valid interval is wide there.
    """
    if over is None:
        return pd.DataFrame(columns=list(COLUMNS)), []
    if over == trial.dims[0] or not trial.times:
        raise UsageError("over.arm" if over == trial.dims[0] else "over.nothing", column=repr(over))
    nouns = {metric.name: metric.noun for metric in trial.metrics}
    shares = (replace(rules, correct="bonferroni") if rules.correct in STEPWISE else rules).shares(nouns)
    single, until = trial.cells(over), [trial.cells(until=rank) for rank in range(1, trial.times + 1)]
    names = single.labels[:len(until)]
    in_order(names, over)
    made, trends = [], []
    for at, (name, noun) in enumerate(nouns.items()):
        found = [arms_of(trial, cells, at, strict=False) for cells in until]
        alone = [arms_of(trial, single, at, group, strict=False) for group in range(len(names))]
        secret = _hidden(noun, np.array([arms.n for arms in found]))
        for i, arm in enumerate(trial.arms[1:], 1):
            rows = _cumulative(found, i, rules, shares[name])
            value, se, df = effects_of(alone, i)
            rows = rows.assign(over=names, metric=name, arm=arm, control=trial.arms[0], effect=value, effect_se=se)
            first, last, p = _trend(names, (value, se, df), alone, i) if not secret.any() else (np.nan,) * 3
            trends.append({"metric": name, "arm": arm, "control": trial.arms[0], "unit": noun.unit, "first": first,
                           "last": last, "p": p})
            rows.loc[secret, list(VALUES)] = np.nan
            after = np.concatenate([[False], secret[:-1]])  # with these, what is hidden would follow
            rows.loc[after, ["effect", "effect_se"]] = np.nan
            made.append(rows)
    lines = pd.DataFrame(trends)
    lines["p"] = intervals.holm(lines["p"].to_numpy("float64"))
    table = pd.concat(made, ignore_index=True)
    table["p_trend"] = np.repeat(lines["p"].to_numpy(), len(names))
    said = [*_apart(single, until[-1], over, len(names)), *_first(table, off, 1 - rules.confidence),
            *_drifts(lines[~lines["metric"].isin(off)], 1 - rules.confidence)]
    return table[list(COLUMNS)], said


def _cumulative(found: Sequence[Arms], i: int, rules: Rules, share: float) -> pd.DataFrame:
    """One arm at each moment: as a single look says, and as one of all looks."""
    pairs = [Pair(arms, i, rules.rates.replace("exact", "newcombe"), exact=False) for arms in found]
    looking = Looking("peek", tuned=rules.looking.tuned)
    part = 1.0 if rules.correct == "none" else share / (len(found[0].value) - 1)
    rows = []
    for arms, pair, p in zip(found, pairs, each_p(pairs), strict=True):
        ends = pair.interval(rules.confidence), pair.interval(pair.level(looking, 1 - (1 - rules.confidence) * part))
        rows.append([arms.n[0], arms.n[i], arms.value[0], arms.value[i], pair.difference, *ends[0], p, *ends[1],
                     min(pair.looked_p(looking, p) / part, 1)])
    return pd.DataFrame(rows, columns=list(COLUMNS[4:15]))


def _hidden(noun: Noun, n: np.ndarray) -> np.ndarray:
    """Which moments are not shown, as too few answered since the one before: what they said would follow from both."""
    least = fewest(noun)
    if not least:
        return np.zeros(len(n), dtype=bool)
    after, out = n[-1], n.min(axis=1) < least
    for place in range(len(n) - 2, -1, -1):
        if out[place] or (after - n[place]).min() < least:
            out[place] = True
        else:
            after = n[place]
    return out


def _trend(names: Sequence[str], effects: Effects, alone: Sequence[Arms], i: int) -> tuple[float, float, float]:
    """The line through the effects of the moments, each weighed by its units: its ends, and the p of its slope."""
    n = np.array([arms.n[[0, i]] for arms in alone], dtype=float)
    weight = n.prod(axis=1) / np.maximum(n.sum(axis=1), 1)
    return trend(_places(names), *effects, weight)


def in_order(names: Sequence[str], over: str) -> None:
    """Refuse moments that are not in the order of the numbers in them, or that have none.

    >>> in_order(["w09", "w10"], "week")
    """
    numbers = pd.to_numeric(pd.Series(names, dtype="str"), errors="coerce")
    order: list[Any] = numbers.tolist() if numbers.notna().all() else [
        [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)] for name in names]
    for i, name in enumerate(names[1:], 1):
        if order[i] < order[i - 1] or not re.search(r"\d", name):
            raise UsageError("over.order", column=repr(over), value=repr(name), before=repr(names[i - 1]))


def _places(names: Sequence[str]) -> np.ndarray:
    """Where the moments lie: days and numbers as such, all else one after the other."""
    days = pd.to_datetime(pd.Series(names, dtype="str"), format="%Y-%m-%d", errors="coerce")
    found = days.astype("datetime64[s]").astype("int64") / 86_400 if days.notna().all() else pd.to_numeric(
        pd.Series(names, dtype="str"), errors="coerce")
    return found.to_numpy("float64") if found.notna().all() else np.arange(len(names), dtype=float)


def _apart(single: Cells, last: Cells, over: str, many: int) -> list[str]:
    """What is not in the effect over time, and what is in several moments."""
    n, known = single.sums[0].n, single.group < many
    undated = int(n[~known].sum())
    more = int(n[known].sum() - last.sums[0].n.sum())
    return [words.text("over.several", n=more, column=repr(over))] * (more > 0) + [
        words.text("over.undated", n=undated, column=repr(over))] * (undated > 0)


def _first(table: pd.DataFrame, off: Mapping[str, str], alpha: float) -> list[str]:
    """When each difference first showed, to who looks at all moments, and to who takes one look for the only one."""
    said = []
    for (metric, arm, control), rows in table[~table["metric"].isin(off)].groupby(
            ["metric", "arm", "control"], sort=False):
        names = {"metric": metric_name(str(metric)), "arm": named(arm, "arm"),
                 "control": named(control, "arm")}
        shown_at, peeked = (rows.loc[rows[name] < alpha, "over"] for name in ("p_always", "p"))
        if len(shown_at):
            stays = rows["p_always"].dropna().iloc[-1] < alpha
            said.append(words.text("over.shown" if stays else "over.gone", when=shown_at.iloc[0], **names))
        elif len(peeked) and not rows["p"].iloc[-1] < alpha:
            said.append(words.text("over.peeked", when=peeked.iloc[0], **names))
    return said


def _drifts(lines: pd.DataFrame, alpha: float) -> list[str]:
    """Which effects fade, grow or turn, in sentences."""
    drifting = lines["p"] < alpha
    said = [words.text("over.turns" if row["first"] * row["last"] < -TURNED * row["first"]**2 else
                       "over.fades" if abs(row["last"]) < abs(row["first"]) else "over.grows",
                       arm=named(row["arm"], "arm"), control=named(row["control"], "arm"),
                       metric=metric_name(row["metric"]), p=p_said(row["p"]),
                       first=shown(row["first"], row["unit"], signed=True),
                       last=shown(row["last"], row["unit"], signed=True)) for row in lines[drifting].to_dict("records")]
    steady = lines[~drifting & lines["p"].notna()]
    if len(steady):
        said.append(words.text("over.steady", p=p_said(steady["p"].min()), metrics=words.joined(
            dict.fromkeys(map(metric_name, steady["metric"])))))
    return said
