"""`plan()`: how many people an experiment takes, what it can see, or how surely; before anybody is written to.

Of effect, n and power two are told, or one with the usual power of 80 %; the third is found. How each number comes
about, and its sources: `Plan`.
"""

import math
import re
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

from engagelab.display import shown, tick
from engagelab.errors import DataError, UsageError, one_of
from engagelab.experiments.contrast import CORRECTIONS, STEPWISE
from engagelab.experiments.history import history_of
from engagelab.experiments.planned import POWER, Plan
from engagelab.experiments.rules import share_of
from engagelab.metrics import sequential
from engagelab.metrics.intervals import z_value
from engagelab.metrics.measure import Metrics, one_of_sums
from engagelab.metrics.nouns import Favourable, Noun, Rate

RELATIVE = re.compile(r"\s*([+\-−]?\d+(?:\.\d+)?)\s*[%％]\s*")
LEAST = {"power": .5, "adjust_r2": 0, "icc": 0}  # all of them below 1
ABOVE = {"sd": 0, "margin": 0, "weekly": 0, "cluster_size": 1}
WHOLE = {"n": 2, "arms": 2, "metrics": 1}  # at least


def plan(metric: Metrics, *, history: Any = None, baseline: float | None = None, sd: float | None = None,
         effect: float | str | None = None, n: int | None = None, power: float | None = None, arms: int = 2,
         adjust_r2: float | None = None, cluster_size: float | None = None, icc: float | None = None,
         looks: sequential.Looks | None = None, spending: str = "obrien_fleming", margin: float | None = None,
         weekly: float | None = None, user: str | None = None, correct: str = "dunnett", confidence: float = .95,
         metrics: int = 1, primary: bool = False, unit: str | None = None) -> Plan:
    """How many units are needed to see an effect; or the smallest effect that n see; or the chance to see it.

    metric : a noun, or a dict of its name and the noun. Told of it: `history`, a table with its columns, a row a unit
        (or several rows a `user`, who will be drawn), which tells what is not told; or else
        baseline : its level without the change, which is all that a rate needs; sd : the standard deviation of a unit.
    effect : the difference to be seen, in the metric's own unit (.02 is two points of a rate; points of NPS), or
        relative to the baseline, "+5%". n : units in each arm. power : the chance to see the effect, .8 unless said.
    arms : how many, the control among them.
    adjust_r2 : the share of the variance that covariates explain; where the noun has `adjust` columns and the history
        too, it is measured.
    cluster_size, icc : where whole clusters are drawn, units in each and how alike these are.
    looks : how often one looks, or at which fractions of the units, the last being 1; spending : obrien_fleming or
        pocock.
    margin : show that an arm is no worse than the control by so much; `effect` is then the true difference, 0 unless
        told. The noun's own margin is taken where no effect is told.
    weekly : units that come in a week, for all arms together.
    correct, confidence : as the comparison will be made. unit : for display, such as "JPY".
    metrics, primary : how many metrics will decide, and whether this one has half of the alpha; guardrails decide not.

    Returns `Plan`. Raises UsageError for what does not go together, DataError for a history that cannot tell.

    >>> from engagelab.metrics.nouns import mean, rate
    >>> found = plan(rate("opened"), baseline=.106, effect=.02, power=.9, weekly=2000)
    >>> found.n, found.weeks
    (5386, 6)
    >>> print(plan(mean("spend"), sd=30, n=1000).says)
    mean(spend): with 1,000 in each arm (2,000 in all), the chance to see a rise of 3.76 is 80%.
    """
    name, noun = one_of_sums(metric)
    _checked({"baseline": baseline, "sd": sd, "power": power, "adjust_r2": adjust_r2, "icc": icc, "margin": margin,
              "weekly": weekly, "cluster_size": cluster_size, "n": n, "arms": arms, "metrics": metrics})
    z_value(confidence)
    one_of("correct", correct, CORRECTIONS)
    if primary and correct in STEPWISE:
        raise UsageError("compare.stepwise_primary", correct=repr(correct))
    if margin is None and effect is None and (n is None or power is None):
        margin = noun.margin
    level = _level(noun, history, user, {"baseline": baseline, "sd": sd, "adjust_r2": adjust_r2})
    change = _effect(effect, level["baseline"])
    change = 0.0 if change is None and margin is not None else change
    told = [change is not None, n is not None, power is not None]
    if not any(told[:2]) or all(told):
        raise UsageError("plan.all" if all(told) else "plan.nothing")
    draft = Plan(metric=name, better=noun.better, effect=math.nan if change is None else change, n=n or 2,
                 power=power or POWER, found="effect" if change is None else "n" if n is None else "power",
                 margin=margin, arms=arms, confidence=confidence, correct=correct, looks=_looks(looks),
                 spending=spending, weekly=weekly, cluster_size=cluster_size, icc=icc, unit=unit or noun.unit,
                 share=1.0 if correct == "none" else share_of(metrics, primary or None), **level)
    if change is not None and not draft.can_show(change):
        raise UsageError("metrics.effect", value="0") if margin is None else UsageError(
            "plan.beyond", margin=shown(margin, draft.unit), effect=shown(change, draft.unit, signed=True))
    return _found(draft)


def _found(draft: Plan) -> Plan:
    """The plan with its third number."""
    if draft.found == "power":
        return replace(draft, power=draft.chance(draft.effect, draft.n))
    said = {"power": tick(draft.power, "share"), "n": draft.n, "effect": shown(draft.effect, draft.unit, signed=True)}
    if draft.found == "effect":
        effect = draft.smallest_effect()
        if math.isnan(effect):
            raise UsageError("plan.unattainable", **said)
        return replace(draft, effect=effect)
    n = draft.needed(draft.effect)
    if math.isnan(n):
        raise UsageError("plan.endless", **said)
    size = draft.cluster_size
    return replace(draft, n=int(n) if size is None else math.ceil(math.ceil(n / size) * size - 1e-9))


def _checked(told: dict[str, Any]) -> None:
    """Refuse numbers that cannot be."""
    for name, value in told.items():
        if value is None:
            continue
        number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
        if name in WHOLE and not (number and isinstance(value, Integral) and int(value) >= WHOLE[name]):
            raise UsageError("plan.whole", name=name, least=WHOLE[name], value=repr(value))
        if name in LEAST and not (number and LEAST[name] <= value < 1):
            raise UsageError("plan.part", name=name, low=LEAST[name], value=repr(value))
        if name in ABOVE and not (number and value > ABOVE[name]):
            raise UsageError("plan.above", name=name, low=ABOVE[name], value=repr(value))
        if not number:
            raise UsageError("plan.number", name=name, value=repr(value))
    if (told.get("cluster_size") is None) != (told.get("icc") is None):
        raise UsageError("plan.cluster")


def _level(noun: Noun, history: Any, user: str | None, told: dict[str, Any]) -> dict[str, Any]:
    """What is known of the metric without the change, told or from the history: fields of `Plan`."""
    rate = isinstance(noun, Rate | Favourable)
    known = {name: value for name, value in told.items() if value is not None}
    if history is None and "sd" not in known and not (rate and "baseline" in known):
        raise UsageError("plan.baseline" if rate else "plan.sd", metric=noun.name)
    measured = {} if history is None else history_of(history, noun, user=user)
    level = {"baseline": None, "sd": None, **measured, **known}
    if level.get("adjust_r2", 0) > 1 - 1e-9:
        raise DataError("plan.explained")
    independent = rate and "sd" not in known and (history is None or user is None)
    return level | ({"kind": "rate", "sd": None} if independent else {"kind": "mean"})


def _effect(effect: float | str | None, baseline: float | None) -> float | None:
    """The effect in the metric's own unit."""
    if not isinstance(effect, str):
        _checked({"effect": effect})
        return None if effect is None else float(effect)
    written = RELATIVE.fullmatch(effect)
    if not written:
        raise UsageError("plan.relative_effect", value=repr(effect))
    if baseline is None or not baseline > 0:
        raise UsageError("plan.relative_base", value=repr(effect), base=repr(baseline))
    return float(written[1].replace("−", "-")) / 100 * baseline


def _looks(looks: sequential.Looks | None) -> tuple[float, ...] | None:
    fractions = (1.0,) if looks is None else tuple(map(float, sequential.times(looks)))
    if fractions[-1] != 1:
        raise UsageError("plan.looks", value=repr(looks))
    return fractions if len(fractions) > 1 else None
