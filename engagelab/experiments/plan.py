"""`plan()`: how many people an experiment takes, what it can see, or how surely; before anybody is written to.

Of effect, n and power two are told, or one with the usual power of 80 %; the third is found. How each number comes
about, and its sources: `Plan`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from numbers import Integral, Real
from typing import Any

from engagelab import words
from engagelab.display import shown, tick
from engagelab.errors import DataError, UsageError, one_of
from engagelab.experiments.contrast import CORRECTIONS
from engagelab.experiments.history import history_of
from engagelab.experiments.planned import POWER, Plan
from engagelab.metrics.catalogue import units
from engagelab.metrics.intervals import z_value
from engagelab.metrics.measure import Metrics, named
from engagelab.metrics.nouns import Favourable, Noun, Nps, Quantile, Rate

RELATIVE = re.compile(r"\s*([+\-−]?\d+(?:\.\d+)?)\s*[%％]\s*")
# what a number has to lie between; the first is allowed itself where `True`
RANGES = {"power": (.5, True, 1), "adjust_r2": (0, True, 1), "icc": (0, True, 1), "sd": (0, False, math.inf),
          "margin": (0, False, math.inf), "weekly": (0, False, math.inf), "cluster_size": (1, True, math.inf),
          "baseline": (-math.inf, False, math.inf), "effect": (-math.inf, False, math.inf)}
WHOLE = {"n": 2, "arms": 2, "metrics": 1}


def plan(metric: Metrics, *, history: Any = None, baseline: float | None = None, sd: float | None = None,
         effect: float | str | None = None, n: int | None = None, power: float | None = None, arms: int = 2,
         split: Mapping[str, float] | None = None, adjust_r2: float | None = None, cluster_size: float | None = None,
         icc: float | None = None, looks: int | Sequence[float] | None = None, spending: str = "obrien_fleming",
         margin: float | None = None, weekly: float | None = None, user: str | None = None,
         cluster: str | None = None, correct: str = "dunnett", metrics: int = 1, confidence: float = .95) -> Plan:
    """How many units are needed to see an effect; or the smallest effect that n see; or the chance to see it.

    metric : a noun, or a dict of its name and the noun. Told of it: `history`, a table with its columns, a row a unit
        (or several rows a `user`, or rows in each `cluster`, whatever will be drawn), which tells the rest; or else
        baseline : its level without the change, which is all that a rate needs; sd : the standard deviation of a unit.
    effect : the difference to be seen, in the metric's own unit (.02 is two points of a rate; points of NPS), or
        relative to the baseline, "+5%". n : units in each arm. power : the chance to see the effect, .8 unless said.
    arms : how many, the control among them. split : a dict of arms and their parts where these are unequal, the control
        first; n is the control's.
    adjust_r2 : the share of the variance that covariates explain; where the noun has `adjust` columns and the history
        too, it is measured.
    cluster_size, icc : where whole clusters are drawn, units in each and how alike these are.
    looks : how often one looks, or at which fractions of the units, the last being 1; spending : obrien_fleming or
        pocock.
    margin : show that an arm is no worse than the control by so much; `effect` is then the true difference, 0 unless
        told. The noun's own margin is taken where no effect is told.
    weekly : units that come in a week, for all arms together.
    correct, metrics, confidence : as the comparison will be made; so many metrics share its confidence.

    Returns `Plan`. Raises UsageError for what does not go together, DataError for a history that cannot tell.

    >>> from engagelab.metrics.nouns import mean, rate
    >>> found = plan(rate("opened"), baseline=.106, effect=.02, power=.9, weekly=2000)
    >>> found.n, found.weeks
    (5386, 6)
    >>> print(plan(mean("spend"), sd=30, n=1000).says)
    mean(spend): with 1,000 in each arm (2,000 in all), the chance to see a rise of 3.76 is 80%.
    """
    noun, name = _one(metric)
    _checked({"baseline": baseline, "sd": sd, "power": power, "adjust_r2": adjust_r2, "icc": icc, "margin": margin,
              "weekly": weekly, "cluster_size": cluster_size, "n": n, "arms": arms, "metrics": metrics})
    z_value(confidence)
    one_of("correct", correct, CORRECTIONS)
    if margin is None and effect is None and (n is None or power is None):
        margin = noun.margin
    level = _level(noun, history, user, cluster, {"baseline": baseline, "sd": sd, "adjust_r2": adjust_r2,
                                                  "cluster_size": cluster_size, "icc": icc})
    change, relative = _effect(effect, level["baseline"])
    change = 0.0 if change is None and margin is not None else change
    told = [change is not None, n is not None, power is not None]
    if not any(told[:2]) or all(told):
        raise UsageError("plan.all" if all(told) else "plan.nothing")
    draft = Plan(metric=name, better=noun.better, effect=math.nan if change is None else change, relative=relative,
                 n=n or 2, power=power or POWER, found="effect" if change is None else "n" if n is None else "power",
                 margin=margin, arms=_arms(arms, split), split=_split(split), confidence=confidence, correct=correct,
                 metrics=metrics, looks=_looks(looks), spending=spending, weekly=weekly,
                 unit="points" if isinstance(noun, Nps) else _unit(noun, name), **level)
    return _found(_possible(draft))


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


def _possible(draft: Plan) -> Plan:
    """The draft, if its effect can be."""
    effect, base = draft.effect, draft.baseline
    if effect == 0 and draft.margin is None:
        raise UsageError("metrics.effect", value="0")
    if draft.kind == "rate" and base is not None and not math.isnan(effect) and not 0 < base + effect < 1:
        raise UsageError("plan.leaves", base=shown(base, "share"), effect=shown(effect, "share", signed=True),
                         other=shown(base + effect, "share"))
    if draft.margin is not None and (effect >= draft.null if draft.better == "lower" else effect <= draft.null):
        raise UsageError("plan.beyond", margin=shown(draft.margin, draft.unit),
                         effect=shown(effect, draft.unit, signed=True))
    return draft


def _one(metric: Metrics) -> tuple[Noun, str]:
    nouns = named(metric)
    name, noun = next(iter(nouns.items()))
    if len(nouns) > 1 or isinstance(noun, Quantile):
        raise UsageError("plan.one" if len(nouns) > 1 else "plan.quantile")
    return noun, name


def _unit(noun: Noun, name: str) -> str:
    return "share" if isinstance(noun, Rate | Favourable) else units("number").get(name, "number")


def _checked(told: dict[str, Any]) -> None:
    """Refuse numbers that cannot be."""
    for name, value in told.items():
        if value is None:
            continue
        if name in WHOLE:
            if not isinstance(value, Integral) or isinstance(value, bool) or value < WHOLE[name]:
                raise UsageError("plan.whole", name=name, least=WHOLE[name], value=repr(value))
            continue
        low, closed, high = RANGES[name]
        if not _is_number(value) or not (low < value < high or (closed and value == low)):
            below = "" if math.isinf(high) else words.text("plan.below", high=f"{high:g}")
            raise UsageError("plan.number", name=name, value=repr(value)) if math.isinf(low) else UsageError(
                "plan.at_least" if closed else "plan.above", name=name, low=low, high=below, value=repr(value))


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _level(noun: Noun, history: Any, user: str | None, cluster: str | None, told: dict[str, Any]) -> dict[str, Any]:
    """What is known of the metric without the change, from the history or told: fields of `Plan`."""
    rate = isinstance(noun, Rate | Favourable)
    known = {name: value for name, value in told.items() if value is not None}
    measured = ("baseline", "sd", *(("cluster_size", "icc") if cluster else ()))
    twice = [f"{name}=" for name in known if name in measured]
    if history is None and (user is not None or cluster is not None):
        raise UsageError("plan.no_history", name="user" if user is not None else "cluster")
    if history is not None and twice:
        raise UsageError("plan.twice", names=words.joined(twice))
    if history is None and "sd" not in known and not (rate and "baseline" in known):
        raise UsageError("plan.baseline" if rate else "plan.sd", metric=noun.name)
    if ("cluster_size" in known) != ("icc" in known):
        raise UsageError("plan.cluster")
    level: dict[str, Any] = {"baseline": None, "sd": None, "adjust_r2": 0.0} if history is None else asdict(
        history_of(history, noun, user=user, cluster=cluster))
    level |= known
    if level["adjust_r2"] > 1 - 1e-9:
        raise DataError("plan.explained")
    if not rate or user is not None or "sd" in known:
        return {**level, "kind": "mean"}
    if not 0 < level["baseline"] < 1:
        raise UsageError("plan.share", value=repr(level["baseline"]))
    return {**level, "kind": "rate", "sd": None}


def _effect(effect: float | str | None, baseline: float | None) -> tuple[float | None, float | None]:
    """The effect in the metric's own unit, and relative to the baseline where it was told so."""
    if not isinstance(effect, str):
        _checked({"effect": effect})
        return None if effect is None else float(effect), None
    written = RELATIVE.fullmatch(effect)
    if not written:
        raise UsageError("plan.relative_effect", value=repr(effect))
    if baseline is None or not baseline > 0:
        raise UsageError("plan.relative_base", value=repr(effect), base=repr(baseline))
    part = float(written[1].replace("−", "-")) / 100
    return part * baseline, part


def _arms(arms: int, split: Mapping[str, float] | None) -> int:
    if split is None:
        return arms
    good = isinstance(split, Mapping) and len(split) > 1 and all(
        _is_number(part) and 0 < part < math.inf for part in split.values())
    if not good or arms not in (2, len(split)):
        raise UsageError("plan.split", value=repr(split), arms=arms)
    return len(split)


def _split(split: Mapping[str, float] | None) -> dict[str, float] | None:
    whole = sum(split.values()) if split else 0
    return {str(arm): float(part) / whole for arm, part in split.items()} if split else None


def _looks(looks: Any) -> tuple[float, ...] | None:
    if looks is None or (isinstance(looks, int) and looks == 1 and looks is not True):
        return None
    if isinstance(looks, Integral) and not isinstance(looks, bool) and int(looks) > 1:
        return tuple(look / int(looks) for look in range(1, int(looks) + 1))
    told = tuple(looks) if isinstance(looks, Sequence) and not isinstance(looks, str) else ()
    if not told or told[-1] != 1:
        raise UsageError("plan.looks", value=repr(looks))
    return told
