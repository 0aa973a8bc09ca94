"""For whom it works: the effect in each segment, and whether the segments differ at all.

Who looks at twenty segments finds one. So the segments are asked together first whether their effects differ (Welch's
form of Cochran's Q, corrected by Holm for all columns, metrics and arms), and only where they do is a segment judged,
by an interval that is corrected for the number of segments. Until then rates of few are not compared exactly.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, metric_name, shown
from engagelab.experiments.checks import ALPHA, meant, ratio_p
from engagelab.experiments.contrast import STEPWISE, contrasts
from engagelab.experiments.estimate import Arms, arms_of
from engagelab.experiments.hidden import fewest
from engagelab.experiments.read import Cells, Trial
from engagelab.experiments.rules import Rules
from engagelab.metrics import intervals
from engagelab.metrics.homogeneity import heterogeneity_p, share_error
from engagelab.metrics.looks import LEAST_P
from engagelab.metrics.nouns import Noun
from engagelab.privacy import cells as private

COLUMNS = ("column", "segment", "metric", "arm", "control", "value_control", "value_arm", "difference", "low", "high",
           "p", "low_adjusted", "high_adjusted", "p_adjusted", "p_interaction", "verdict", "n_control", "n_arm",
           "missing_control", "missing_arm", "method")
HIDDEN = COLUMNS[5:14]
Effects = tuple[np.ndarray, np.ndarray, np.ndarray]


def by_segment(trial: Trial, rules: Rules, by: Sequence[str], off: Mapping[str, str], whole: pd.DataFrame
               ) -> tuple[pd.DataFrame, list[str]]:
    """The effects by segment, a row a column, metric, arm and segment, and what has to be said.

    whole : the comparison of all units, whose rows stand last, as "(all)". `p_interaction` says whether the segments
    differ; where it does not show that they do, the verdict of each of them is `cannot_tell`.
    """
    if not by:
        return pd.DataFrame(columns=list(COLUMNS)), []
    nouns = {metric.name: metric.noun for metric in trial.metrics}
    every, notes = [], []
    for column in by:
        cells = trial.cells(column)
        every.append(_of_column(trial, rules, cells, column, whole))
        notes += [*_ratios(trial, rules, cells, column), *_shared(cells, column, whole)]
    table = pd.concat(every, ignore_index=True)
    tests = table.drop_duplicates(["column", "metric", "arm"])
    tests = tests.assign(p_interaction=intervals.holm(tests["p_interaction"].to_numpy("float64")))
    keys = ["column", "metric", "arm"]
    table = table.drop(columns="p_interaction").merge(tests[[*keys, "p_interaction"]], on=keys, how="left")
    verdicts = pd.Series(rules.verdicts(table, nouns, off), dtype="str")
    part, alpha = table["segment"] != words.text("metrics.all"), 1 - rules.confidence
    unshown = part & ~(table["p_interaction"] < alpha) & (verdicts != "no_verdict")
    table["verdict"] = verdicts.mask(unshown, "cannot_tell")
    return table[list(COLUMNS)], [*notes, *_says(tests[~tests["metric"].isin(off)], alpha)]


def _of_column(trial: Trial, rules: Rules, cells: Cells, column: str, whole: pd.DataFrame) -> pd.DataFrame:
    """The rows of one column, the test of its segments not yet corrected."""
    nouns = {metric.name: metric.noun for metric in trial.metrics}
    shares = (replace(rules, correct="bonferroni") if rules.correct in STEPWISE else rules).shares(nouns)
    many, names = len(cells.labels), trial.arms
    made = []
    for at, (name, noun) in enumerate(nouns.items()):
        found = [arms_of(trial, cells, at, group, strict=False) for group in range(many)]
        secret = _hidden(noun, found)
        tests = [_interaction(found, i, rules) for i in range(1, len(names))]
        judged = bool((np.array(tests) < 1 - rules.confidence).any())
        frames = [contrasts(arms, confidence=rules.confidence, correct="bonferroni", share=shares[name] / many,
                            rates=rules.rates if judged else rules.rates.replace("exact", "newcombe"),
                            looking=rules.looking, exact=judged) for arms in found]
        for i, arm in enumerate(names[1:], 1):
            rows = pd.DataFrame([frame.iloc[i - 1] for frame in frames]).reset_index(drop=True)
            rows = rows.assign(segment=cells.labels, metric=name, arm=arm, control=names[0])
            rows.loc[secret[:, 0] | secret[:, i], [*HIDDEN, "missing_control", "missing_arm"]] = np.nan
            last = whole[(whole["metric"] == name) & (whole["arm"] == arm)].assign(segment=words.text("metrics.all"))
            made.append(pd.concat([rows, last], ignore_index=True).assign(p_interaction=tests[i - 1]))
    return pd.concat(made, ignore_index=True).assign(column=column)


def _interaction(found: Sequence[Arms], i: int, rules: Rules) -> float:
    """The p of arm `i` having the same effect in all segments, however often one looks."""
    effects = effects_of(found, i)
    size = float(np.nan_to_num([arms.n[0] * arms.n[i] / max(arms.n[0] + arms.n[i], 1) for arms in found]).sum())
    return rules.looking.p(heterogeneity_p(*effects), size, df=int(np.isfinite(effects[1]).sum()) - 1)


def effects_of(found: Sequence[Arms], i: int) -> Effects:
    """The difference of arm `i` to the control in each group, with an error that is not 0 where few are counted."""
    value = np.array([arms.value[i] - arms.value[0] for arms in found])
    parts = np.array([share_error(arms.count[[0, i]], arms.n[[0, i]]) if arms.counted else arms.se[[0, i]]
                      for arms in found]) ** 2
    df = np.array([np.maximum(arms.df[[0, i]], 0) for arms in found])
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.where(np.isfinite(value), np.sqrt(parts.sum(axis=1)), np.nan)
        return value, np.where(se > 0, se, np.nan), parts.sum(axis=1) ** 2 / (parts**2 / df).sum(axis=1)


def _hidden(noun: Noun, found: Sequence[Arms]) -> np.ndarray:
    """Which arms of which segments have too few respondents, or would give away those that have: (segments, arms)."""
    n = np.array([arms.n for arms in found])
    told = fewest(noun, crossed=True)
    if not told:
        return np.zeros(n.shape, dtype=bool)
    keys: list[tuple[Hashable, ...]] = [(arm, segment) for segment in range(len(n)) for arm in range(n.shape[1])]
    keys += [(arm, private.ALL) for arm in range(n.shape[1])]
    sizes = np.concatenate([n.ravel(), n.sum(axis=0)])
    why = private.hidden(keys, sizes, np.full(len(keys), told))
    return np.array([bool(reason) for reason in why[:n.size]]).reshape(n.shape)


def _ratios(trial: Trial, rules: Rules, cells: Cells, column: str) -> list[str]:
    """The segments in which the arms are not as large as meant."""
    counts = np.zeros((len(cells.labels), len(trial.arms)))
    np.add.at(counts, (cells.group, cells.arm), np.max([sums.rows for sums in cells.sums], axis=0))
    p = intervals.holm(np.array([ratio_p(one, meant(trial, rules), rules) for one in counts]))
    return [words.text("segments.ratio", column=heading(column), segment=repr(label), p=p_said(one),
                       units=words.joined(words.text("checks.arm", arm=arm, value=shown(n, "count"))
                                          for arm, n in zip(trial.arms, row, strict=True)))
            for label, row, one in zip(cells.labels, counts, p, strict=True) if one < ALPHA]


def _shared(cells: Cells, column: str, whole: pd.DataFrame) -> list[str]:
    """Whether units lie in several segments."""
    one = whole[whole["metric"] == whole["metric"].iloc[0]]
    units = one["n_arm"].sum() + one["n_control"].iloc[0]
    more = int(cells.sums[0].n.sum() - units)
    return [words.text("segments.shared", column=repr(column), n=more)] if more > 0 else []


def p_said(p: float) -> str:
    """A p within a sentence.

    >>> p_said(.00002), p_said(.0421)
    ('p <0.001', 'p = 0.042')
    """
    return f"p {LEAST_P}" if p < .001 else f"p = {shown(p)}"


def _says(tests: pd.DataFrame, alpha: float) -> list[str]:
    """Where the segments differ, and where not."""
    said = []
    for column, rows in tests.groupby("column", sort=False):
        differ = rows["p_interaction"] < alpha
        said += [words.text("segments.differ", column=heading(str(column)), metric=metric_name(row["metric"]),
                            arm=row["arm"], control=row["control"], p=p_said(row["p_interaction"]))
                 for row in rows[differ].to_dict("records")]
        alike = rows[~differ & rows["p_interaction"].notna()]
        if len(alike):
            said.append(words.text(
                "segments.alike", column=heading(str(column)), p=p_said(alike["p_interaction"].min()),
                metrics=words.joined(dict.fromkeys(map(metric_name, alike["metric"])))))
        if rows["p_interaction"].isna().any():
            said.append(words.text("segments.few", column=heading(str(column)), metrics=words.joined(
                dict.fromkeys(map(metric_name, rows.loc[rows["p_interaction"].isna(), "metric"])))))
    return said
