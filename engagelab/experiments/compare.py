"""`compare()`: arms of an experiment side by side, checked first, corrected for how many, judged in words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from engagelab.errors import UsageError, one_of
from engagelab.experiments.checks import NOTHING, checked, meant
from engagelab.experiments.comparison import COLUMNS, Comparison
from engagelab.experiments.contrast import Looking
from engagelab.experiments.entry import departures
from engagelab.experiments.estimate import Arms, arms_of
from engagelab.experiments.guardrails import with_guardrails
from engagelab.experiments.hidden import discreet
from engagelab.experiments.over import over_time
from engagelab.experiments.planned import Plan
from engagelab.experiments.read import Trial, Units, read
from engagelab.experiments.rules import Rules
from engagelab.experiments.segments import by_segment
from engagelab.metrics.answer import grouping
from engagelab.metrics.design import Design
from engagelab.metrics.measure import Metrics, named
from engagelab.metrics.nouns import Noun
from engagelab.metrics.sequential import TUNED, times
from engagelab.summaries.engine import source


def compare(data: Any, metrics: Metrics, *, arm: str, control: object, by: str | Sequence[str] | None = None,
            over: str | None = None, user: str | None = None, cluster: str | None = None, design: Design | None = None,
            plan: Any = None, look: int | Sequence[float] | None = None, peek: bool = False, primary: str | None = None,
            correct: str | None = None, combine: Mapping[str, Sequence[str]] | None = None,
            split: Mapping[str, float] | None = None, start: str | None = None, rates: str = "newcombe",
            guardrails: bool = True, units: Mapping[str, str] | None = None, tz: str | None = None,
            confidence: float | None = None) -> Comparison:
    """Compare the arms of an experiment.

    data : a row a unit, or a unit and whatever it did; anything that `measure()` takes.
    metrics : nouns as `measure()` takes them. `adjust=` on a noun takes out what was known before the start,
        `margin=` makes it a guardrail: the arm must not be worse than the control by more.
    arm, control : the column of arms, and which of its values all others are compared with.
    by : columns of segments: `.by`, with a test of whether the effect differs among them.
    over : a column of stamps, days or weeks: `.over`, the effect as it came in, with an interval for all looks.
    user : who was drawn, where there are several rows of one. cluster : likewise, where shops or teams were drawn.
        Both change the error, never the estimate; one in two arms is an error.
    design : `Design(weights=, strata=, cluster=)`; within strata arms are compared, then weighted by their size.
    plan, look : what was planned (`el.plan`, an entry of the register, or such a mapping), and which of its looks this
        is: a number, if those before were as planned, or the shares of the planned units at all looks so far, [.1, .3].
    peek : the intervals hold however often one looks.
    primary : the metric that decides: it has half of the alpha, the others share the rest.
    correct : for several arms and metrics: dunnett (the default), bonferroni, holm, bh (no intervals) or none.
    combine : arms to be taken together, {"any coupon": ["5 %", "10 %"]}.
    split : the share of units meant for each arm, equal unless said; start : when they were drawn.
    rates : newcombe, miettinen_nurminen or exact; where less than 10 are expected, exact in any case.
    guardrails : also watch unsubscribes, complaints and blocks where the table has them.
    units : of a metric, for display: {"profit": "JPY"}.

    Returns `Comparison`: `.frame`, `.checks`, `.by`, `.over`, `.plot()`. A failed check turns the verdicts off. `n_*`
    are units with a value, `missing_*` units that lack one; where units have several rows, in any of these.

    Raises UsageError for arguments and DataError for data that are no experiment.

    >>> import pandas as pd
    >>> from engagelab.metrics.nouns import rate
    >>> mails = pd.DataFrame({"variant": ["A"] * 500 + ["B"] * 500, "opened": [1] * 90 + [0] * 410 + [1] * 130
    ...                       + [0] * 370})
    >>> compare(mails, {"open rate": rate("opened")}, arm="variant", control="A").say()
    ['open rate, B against A: 26.0% against 18.0%, +8.0 pp (+2.9 pp to +13.1 pp): better']
    """
    nouns = named(metrics)
    segments = [by] if isinstance(by, str) else by or []
    if arm in segments:
        raise UsageError("checks.by_arm", column=repr(arm))
    if over is not None and over in segments:
        raise UsageError("compare.by_over", column=repr(over))
    drawn = _units(user, cluster, design)
    rules = settled(plan, look, peek, correct=correct, primary=primary, confidence=confidence, split=split, rates=rates,
                    start=start)
    table = source(data)
    nouns, notes = with_guardrails(table, nouns) if guardrails else (nouns, [])
    trial = read(table, nouns, arm=arm, control=control, by=grouping(by, arm, over), over=over, tz=tz, units=drawn,
                 combine=combine or {}, confidence=rules.confidence)
    return compared(trial, rules, by=grouping(by), over=over, plan=plan, units=units or {}, notes=notes)


def settled(plan: Any, look: int | Sequence[float] | None, peek: bool, *, correct: str | None, primary: str | None,
            confidence: float | None, split: Mapping[str, float] | None, rates: str, start: str | None = None) -> Rules:
    """What was asked for, and where nothing was, what the plan says."""
    plan, split = _known(plan), split.to_dict() if isinstance(split, pd.Series) else split
    told = getattr(plan, "confidence", None) if confidence is None else confidence
    return Rules(.95 if told is None else told, correct or getattr(plan, "correct", None) or "dunnett", primary, rates,
                 _looking(plan, look, peek), getattr(plan, "split", None) or {} if split is None else split, start)


def _known(plan: Any) -> Any:
    """A plan, an entry of the register or a mapping with such names, to be asked by name."""
    if isinstance(plan, Mapping):
        return SimpleNamespace(**plan)
    if plan is None or isinstance(plan, Plan | SimpleNamespace):
        return plan
    raise UsageError("compare.plan", kind=type(plan).__name__)


def compared(trial: Trial, rules: Rules, *, by: Sequence[str] = (), over: str | None = None, plan: Any = None,
             units: Mapping[str, str], notes: Sequence[str] = ()) -> Comparison:
    """The comparison of what was read."""
    nouns, plan = {metric.name: metric.noun for metric in trial.metrics}, _known(plan)
    for name in units:
        one_of("units", name, nouns)
    cells = trial.cells()
    found = {name: arms_of(trial, cells, at) for at, name in enumerate(nouns)}
    rules = replace(rules, looking=_reached(rules, trial, found, plan))
    checks, off = checked(trial, cells, found, rules)
    table = discreet(rules.rows(found, nouns, trial.arms), nouns)
    rules = replace(rules, waiting=_waits(rules, trial, found, plan))
    table["verdict"] = rules.verdicts(table, nouns, off)
    table["verdict"] = _told(table, found)
    settings = _settings(trial, rules, found, nouns)
    said = [*trial.notes, *notes, *rules.says(nouns, len(trial.arms)), *off.values(),
            *(departures(plan, settings) if plan is not None else [])]
    segments, more = by_segment(trial, rules, by, off, table)
    segments["verdict"] = _told(segments, found)
    times, trends = over_time(trial, rules, over, off)
    return Comparison(table[list(COLUMNS)], checks, segments, times,
                      {name: units.get(name, noun.unit) for name, noun in nouns.items()}, nouns, settings,
                      tuple(dict.fromkeys([*said, *more, *trends])))


def _told(table: pd.DataFrame, found: Mapping[str, Arms]) -> pd.Series:
    """The verdicts; none of a mean over hardly any units. Counts of few are compared exactly."""
    few = (table[["n_control", "n_arm"]].min(axis=1) < NOTHING) & ~table["metric"].map(
        {name: arms.counted for name, arms in found.items()}).astype(bool)
    return table["verdict"].mask(few & (table["verdict"] != "no_verdict"), "cannot_tell")


def _settings(trial: Trial, rules: Rules, found: Mapping[str, Arms], nouns: Mapping[str, Noun]) -> dict[str, Any]:
    """What was done, as a plan and the register ask for it."""
    first = rules.primary or next(iter(nouns))
    return {"metrics": list(nouns), "nouns": [noun.name for noun in nouns.values()], "primary": rules.primary or (
                first if len(nouns) == 1 else None), "margin": nouns[first].margin, "better": nouns[first].better,
            "unit": trial.units.kind, "arms": list(trial.arms), "control": trial.arms[0],
            "confidence": rules.confidence,
            "correct": rules.correct, "spending": rules.looking.spending if rules.looking.kind == "look" else None,
            "peek": rules.looking.kind == "peek", "looks": rules.looking.fractions[:rules.looking.look],
            "share": rules.shares(nouns)[first], "n": dict(zip(trial.arms, map(int, found[first].n), strict=True))}


def _waits(rules: Rules, trial: Trial, found: Mapping[str, Arms], plan: Any) -> bool:
    """Whether more is to come: looks that were planned, or units."""
    looking, planned = rules.looking, _planned(trial, plan)
    few = bool(planned) and any(arms.n[0] + arms.missing[0] < planned for arms in found.values())
    return looking.kind == "peek" or (looking.look < len(looking.fractions) if looking.kind == "look" else few)


def _planned(trial: Trial, plan: Any) -> int | None:
    """How many units were planned in the control's arm, of the kind that was drawn; None where that was not told."""
    return getattr(plan, "clusters" if trial.units.kind == "cluster" else "n", None)


def _units(user: str | None, cluster: str | None, design: Design | None) -> Units:
    """What was drawn by lot."""
    if design is not None and design.fpc is not None:
        raise UsageError("compare.fpc")
    if cluster is not None and design is not None and design.cluster is not None:
        raise UsageError("compare.two_clusters")
    cluster = cluster or (design.cluster if design else None)
    return Units("cluster" if cluster else "user" if user else "row", cluster or user,
                 design.strata if design else None, design.weights if design else None)


def _looking(plan: Any, look: int | Sequence[float] | None, peek: bool) -> Looking:
    """How often one looks, from the plan."""
    peek = peek or bool(getattr(plan, "peek", False))
    if peek and look is not None:
        raise UsageError("compare.look_and_peek")
    if peek:  # tuned for what was planned, and never for less than what keeps skewed metrics honest
        return Looking("peek", tuned=max(TUNED, (getattr(plan, "n", None) or 0) / 2))
    fractions = tuple(getattr(plan, "looks", None) or ())
    if look is None:
        if fractions:
            raise UsageError("compare.which_look", looks=len(fractions))
        return Looking()
    if not fractions:
        raise UsageError("compare.no_looks")
    told = () if isinstance(look, Integral) else tuple(map(float, times(look)))
    at = one_of("look", len(told) or look, range(1, len(fractions) + 1))
    looking = Looking("look", fractions, at, getattr(plan, "spending", None) or "obrien_fleming")
    return looking.reaching(*told) if told else looking


def _reached(rules: Rules, trial: Trial, found: Mapping[str, Arms], plan: Any) -> Looking:
    """How often one looks, this look at the share of the planned units that is really there."""
    looking, planned = rules.looking, _planned(trial, plan)
    if looking.kind != "look" or looking.reached or not planned:
        return looking
    units = np.max([arms.n + arms.missing for arms in found.values()], axis=0).sum()
    return looking.reaching(*looking.fractions[:looking.look - 1], float(units * meant(trial, rules)[0] / planned))


