"""For whom it works: the effect in each segment, and whether the segments differ at all.

Who looks at twenty segments finds one. So the segments are asked together first whether their effects differ (Welch's
form of Cochran's Q, corrected by Holm for all columns, metrics and arms), and only where they do is a segment judged,
by an interval that is corrected for the number of segments. Until then rates of few are not compared exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, metric_name, named, shown
from engagelab.errors import UsageError
from engagelab.experiments.checks import ALPHA, EXPECTED, meant, ratio_p
from engagelab.experiments.contrast import STEPWISE, contrasts
from engagelab.experiments.estimate import Arms, arms_of
from engagelab.experiments.hidden import fewest
from engagelab.experiments.read import Cells, Trial
from engagelab.experiments.rules import Rules
from engagelab.metrics import intervals
from engagelab.metrics.answer import labels
from engagelab.metrics.homogeneity import heterogeneity_p, share_error
from engagelab.metrics.looks import LEAST_P
from engagelab.privacy import cells as private
from engagelab.summaries.moments import Sums, moments

COLUMNS = ("column", "segment", "metric", "arm", "control", "value_control", "value_arm", "difference", "low", "high",
           "p", "low_adjusted", "high_adjusted", "p_adjusted", "p_interaction", "verdict", "n_control", "n_arm",
           "missing_control", "missing_arm", "method")
HIDDEN = COLUMNS[5:14]
MOST, MEETING = 500, 3000  # segments of a column; of two columns of a survey, with those where they meet
Effects = tuple[np.ndarray, np.ndarray, np.ndarray]


def by_segment(trial: Trial, rules: Rules, by: Sequence[str], off: Mapping[str, str], whole: pd.DataFrame
               ) -> tuple[pd.DataFrame, list[str]]:
    """The effects by segment, a row a column, metric, arm and segment, and what has to be said.

    whole : the comparison of all units, whose rows stand last, as "(all)". `p_interaction` says whether the segments
    differ; where it does not show that they do, the verdict of each of them is `cannot_tell`. It is not told where a
    segment is hidden. Where rows are units, each two columns are hidden together, as their segments may differ by few.
    """
    if not by:
        return pd.DataFrame(columns=list(COLUMNS)), []
    nouns = {metric.name: metric.noun for metric in trial.metrics}
    every, notes, columns = [], [], {column: trial.cells(column) for column in by}
    for column, cells in columns.items():
        if len(cells.labels) > MOST:
            raise UsageError("segments.many", column=repr(column), n=len(cells.labels), most=MOST)
    secret = _hidden(trial, columns)
    for column, cells in columns.items():
        every.append(_of_column(trial, rules, cells, secret[column], whole).assign(column=column))
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


def _of_column(trial: Trial, rules: Rules, cells: Cells, hidden: Sequence[np.ndarray], whole: pd.DataFrame
               ) -> pd.DataFrame:
    """The rows of one column, the test of its segments not yet corrected; `hidden`, of each metric."""
    nouns = {metric.name: metric.noun for metric in trial.metrics}
    shares = (replace(rules, correct="bonferroni") if rules.correct in STEPWISE else rules).shares(nouns)
    many, names = len(cells.labels), trial.arms
    made = []
    for at, name in enumerate(nouns):
        found = [arms_of(trial, cells, at, group, strict=False) for group in range(many)]
        secret = [hidden[at][:, 0] | hidden[at][:, i] for i in range(1, len(names))]
        tests = [np.nan if rows.any() else _interaction(found, i, rules) for i, rows in enumerate(secret, 1)]
        judged = bool((np.array(tests) < 1 - rules.confidence).any())
        frames = [contrasts(arms, confidence=rules.confidence, correct="bonferroni", share=shares[name] / many,
                            rates=rules.rates if judged else rules.rates.replace("exact", "newcombe"),
                            looking=rules.looking, exact=judged) for arms in found]
        for i, arm in enumerate(names[1:], 1):
            rows = pd.DataFrame([frame.iloc[i - 1] for frame in frames]).reset_index(drop=True)
            rows = rows.assign(segment=cells.labels, metric=name, arm=arm, control=names[0])
            rows.loc[secret[i - 1], [*HIDDEN, "missing_control", "missing_arm"]] = np.nan
            last = whole[(whole["metric"] == name) & (whole["arm"] == arm)].assign(segment=words.text("metrics.all"))
            made.append(pd.concat([rows, last], ignore_index=True).assign(
                p_interaction=tests[i - 1], few=_few(found, i)))
    return pd.concat(made, ignore_index=True)


def _interaction(found: Sequence[Arms], i: int, rules: Rules) -> float:
    """The p of arm `i` having the same effect in all segments, however often one looks."""
    effects = effects_of(found, i)
    size = float(np.nan_to_num([arms.n[0] * arms.n[i] / max(arms.n[0] + arms.n[i], 1) for arms in found]).sum())
    return rules.looking.p(heterogeneity_p(*effects), size, df=int(np.isfinite(effects[1]).sum()) - 1)


def _few(found: Sequence[Arms], i: int) -> bool:
    """Whether most segments have so few cases that no sign of a difference says nothing."""
    counts, n = (np.array([getattr(arms, name)[[0, i]] for arms in found]) for name in ("count", "n"))
    share = counts.sum(axis=1) / np.maximum(n.sum(axis=1), 1)  # not a number unless this is a plain rate
    return bool((np.minimum(share, 1 - share) * n.min(axis=1) < EXPECTED).mean() > .5)


def effects_of(found: Sequence[Arms], i: int) -> Effects:
    """The difference of arm `i` to the control in each group, with an error that is not 0 where few are counted."""
    value = np.array([arms.value[i] - arms.value[0] for arms in found])
    parts = np.array([share_error(arms.count[[0, i]], arms.n[[0, i]]) if arms.counted else arms.se[[0, i]]
                      for arms in found]) ** 2
    df = np.array([np.maximum(arms.df[[0, i]], 0) for arms in found])
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.where(np.isfinite(value), np.sqrt(parts.sum(axis=1)), np.nan)
        se = np.where((parts > 0).all(axis=1), se, np.nan)
        return value, se, parts.sum(axis=1) ** 2 / (parts**2 / df).sum(axis=1)


def _hidden(trial: Trial, columns: Mapping[str, Cells]) -> dict[str, list[np.ndarray]]:
    """By column and metric, which (segments, arms) have too few respondents, or would give away those that have."""
    out = {column: [np.zeros((len(cells.labels), len(trial.arms)), dtype=bool) for _ in trial.metrics]
           for column, cells in columns.items()}
    least, whole = [fewest(metric.noun, crossed=True) for metric in trial.metrics], words.text("metrics.all")
    together = len(columns) > 1 and trial.units.kind == "row" and any(least)
    finest = (trial.once or moments(trial.view, trial.asks)[:2]) if together else None
    for at, told in enumerate(least):
        for names in combinations(columns, 2 if together else 1) if told else ():
            sizes = _sizes(trial, at, {name: columns[name] for name in names}, finest)
            for arm in range(len(trial.arms)):
                n = sizes[sizes.index.get_level_values("arm") == arm]
                if len(n) > MEETING:
                    raise UsageError("segments.many", column=words.joined(map(repr, names)), n=len(n), most=MEETING)
                keys = [tuple(private.ALL if key == whole else key for key in row[1:]) for row in n.index]
                why = dict(zip(keys, private.hidden(keys, n.to_numpy(), np.full(len(n), told)), strict=True))
                for name in names:
                    out[name][at][:, arm] |= [
                        why.get(tuple(label if one == name else private.ALL for one in names), "") != ""
                        for label in columns[name].labels]
    return out


def _sizes(trial: Trial, at: int, columns: Mapping[str, Cells], finest: tuple[pd.DataFrame, list[Sums]] | None
           ) -> pd.Series:
    """How many answered by arm and segment, in all, and where the segments of two columns meet."""
    made = [pd.DataFrame({"arm": cells.arm, column: np.array(cells.labels)[cells.group], "n": cells.sums[at].n})
            for column, cells in columns.items()]
    made.append(made[0][["arm", "n"]])
    if finest:
        table, sums = finest
        arms = [trial.combine.get(label, label) for label in labels(table, 1, None, 1)]
        meet = pd.DataFrame({column: labels(table, trial.dims.index(column) + 1, None, 1) for column in columns})
        place = {arm: i for i, arm in enumerate(trial.arms)}
        there = [arm in place for arm in arms]
        made.append(meet.assign(n=sums[at].n)[there].assign(arm=[place[arm] for arm in arms if arm in place]))
    sizes = pd.concat(made).fillna(dict.fromkeys(columns, words.text("metrics.all")))
    return sizes.groupby(["arm", *columns])["n"].sum()


def _ratios(trial: Trial, rules: Rules, cells: Cells, column: str) -> list[str]:
    """The segments in which the arms are not as large as meant."""
    counts = np.zeros((len(cells.labels), len(trial.arms)))
    np.add.at(counts, (cells.group, cells.arm), np.max([sums.rows for sums in cells.sums], axis=0))
    p = intervals.holm(np.array([ratio_p(one, meant(trial, rules), rules) for one in counts]))
    return [words.text("segments.ratio", column=heading(column), segment=repr(named(label, column)), p=p_said(one),
                       units=words.joined(words.text("checks.arm", arm=named(arm, "arm"), value=shown(n, "count"))
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
                            arm=named(row["arm"], "arm"), control=named(row["control"], "arm"),
                            p=p_said(row["p_interaction"]))
                 for row in rows[differ].to_dict("records")]
        few = rows["p_interaction"].isna() | (~differ & rows["few"])
        alike = rows[~differ & ~few]
        if len(alike):
            said.append(words.text(
                "segments.alike", column=heading(str(column)), p=p_said(alike["p_interaction"].min()),
                metrics=words.joined(dict.fromkeys(map(metric_name, alike["metric"])))))
        if few.any():
            said.append(words.text("segments.few", column=heading(str(column)), metrics=words.joined(
                dict.fromkeys(map(metric_name, rows.loc[few, "metric"])))))
    return said
