"""A plan: how many units an experiment takes, what it can see, and how surely; and how that is said and drawn.

The power of one comparison is that of `engagelab.metrics.power`. Whatever else a plan holds is a number in its formula:
several arms raise the confidence of one comparison (Dunnett 1955, JASP 50, 1096-1121; Bonferroni); what covariates
explain and whole clusters change how many units count (Deng et al. 2013, WSDM; Kish 1965; Donner and Klar 2000);
several looks ask for a larger fixed power (Jennison and Turnbull 2000).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, metric_name, named, shown, tick
from engagelab.metrics import sequential
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import page, plain
from engagelab.metrics.power import least, mean_power, rate_power, smallest
from engagelab.metrics.simultaneous import dunnett_critical
from engagelab.plots.power import power as power_picture

POWER = .8  # Cohen (1988), section 2.4
MOST = 10**10  # units beyond which nobody plans
STEPS = np.arange(1, 41) / 20  # of the planned effect, in the power curve
SHOWN = (.5, .75, 1.0, 1.25, 1.5, 2.0)  # of these, the rows of the table


@dataclass(frozen=True)
class Plan:
    """How an experiment is laid out: numbers and texts only, as `el.plan` found them.

    n : units in each arm, `total` those of all arms. effect : difference that is planned for, in the metric's own
    unit; margin : how much worse is still accepted, None where a difference is to be seen. kind : "rate" (two shares)
    or "mean". unit : as in `el.shown`. looks : fractions of the units at which one looks. found : which of n, effect
    and power was not told. baseline, sd : of one unit, from the history or told. share : of the alpha, for this metric.

    `.frame` is the power curve: `n`, `effect`, `power`, and `n_needed` for the effect at the planned power (at 80 %
    where power was found); with half of n, n and twice n. `.bounds` are the looks. `.says` and `.notes` are sentences.

    >>> from engagelab.experiments.plan import plan
    >>> from engagelab.metrics.nouns import rate
    >>> made = plan(rate("opened"), baseline=.2, effect=.05)
    >>> made.n, made.total, round(made.power, 3), made.found
    (1094, 2188, 0.8, 'n')
    """

    metric: str
    kind: str
    unit: str
    better: str
    baseline: float | None
    sd: float | None
    effect: float
    n: int
    power: float
    found: str
    margin: float | None = None
    arms: int = 2
    confidence: float = .95
    correct: str = "dunnett"
    adjust_r2: float = 0.0
    cluster_size: float | None = None
    icc: float | None = None
    looks: tuple[float, ...] | None = None
    spending: str = "obrien_fleming"
    weekly: float | None = None
    measured: int | None = None
    missing: int = 0
    share: float = 1.0

    @property
    def total(self) -> int:
        """Units in all arms together."""
        return self.n * self.arms

    @property
    def weeks(self) -> int | None:
        """Whole weeks until so many units have come."""
        return None if self.weekly is None else math.ceil(self.total / self.weekly - 1e-9)

    @property
    def clusters(self) -> int | None:
        """Clusters in each arm."""
        return None if self.cluster_size is None else max(round(self.n / self.cluster_size), 1)

    @property
    def design_effect(self) -> float:
        """How many times the variance is that of units drawn one by one."""
        return 1 + ((self.cluster_size or 1.0) - 1) * (self.icc or 0.0)

    @cached_property
    def each(self) -> float:
        """The confidence of one comparison, so that all together keep the plan's."""
        others = self.arms - 1
        if self.correct == "none" or others == self.share == 1:
            return self.confidence
        alpha = (1 - self.confidence) * self.share
        if self.method != "dunnett":
            return 1 - alpha / others
        # of the normal: at few degrees of freedom each comparison may be a little less sure
        return 2 * NormalDist().cdf(float(dunnett_critical(math.inf, [.5] * others, 1 - alpha)[0])) - 1

    @property
    def method(self) -> str:
        """The correction as the comparison makes it: looks before the end leave no place for Dunnett's."""
        return "bonferroni" if self.correct == "dunnett" and (self.looks or self.arms == 2) else self.correct

    @property
    def null(self) -> float:
        """The difference that has to be excluded: 0, or the margin."""
        return 0.0 if self.margin is None else self.margin if self.better == "lower" else -self.margin

    def can_show(self, effect: float) -> bool:
        """Whether an effect lies where enough units would show it."""
        if self.margin is None:
            return effect != 0
        return effect < self.null if self.better == "lower" else effect > self.null

    @cached_property
    def _limits(self) -> np.ndarray | None:
        return None if self.looks is None else sequential.boundaries(
            self.looks, confidence=self.each, spending=self.spending)

    def fixed_power(self, effect: float, n: float) -> float:
        """The chance to see the effect with `n` in each arm, at one look."""
        units = n / self.design_effect / (1 - self.adjust_r2)
        df = 2 * n - 2 if self.cluster_size is None else 2 * n / self.cluster_size - 2
        if not self.can_show(effect) or units < 2 or df <= 0:
            return 0.0
        if self.kind == "rate":
            return rate_power(self.baseline or 0.0, effect, units, null=self.null, confidence=self.each,
                              df=math.inf if self.cluster_size is None else df)
        return mean_power(effect, self.sd or 0.0, units, null=self.null, confidence=self.each, df=df)

    def chance(self, effect: float, n: float) -> float:
        """The chance to see the effect with `n` in each arm, with all the looks that are planned."""
        power = self.fixed_power(effect, n)
        if self._limits is None or not 0 < power < 1:
            return power
        drift = z_value(self.each) + NormalDist().inv_cdf(power)
        return float(sequential.crossing(self._limits, self.looks or (), drift=drift)[0].sum())

    @cached_property
    def _fixed(self) -> float:
        """The power that one look has to have, for all looks to have the planned one, or the usual."""
        wanted = POWER if self.found == "power" else self.power
        if self._limits is None:
            return wanted
        drift = sequential.reached(self._limits, self.looks or (), power=wanted)
        return NormalDist().cdf(drift - z_value(self.each))

    def needed(self, effect: float) -> float:
        """Units in each arm with whom the effect is seen with the planned power; NaN above 10 billion."""
        wanted = self._fixed
        if self.fixed_power(effect, MOST) < wanted:
            return math.nan
        return least(lambda n: self.fixed_power(effect, n) >= wanted)

    def smallest_effect(self) -> float:
        """The smallest effect towards the better that `n` show with the planned power; NaN where none is."""
        wanted, sign = self._fixed, -1 if self.better == "lower" else 1

        def enough(effect: float) -> bool:
            return self.fixed_power(sign * effect, self.n) >= wanted

        if self.kind == "rate":
            base = self.baseline or 0.0
            most = (base if sign < 0 else 1 - base) * (1 - 1e-9)
        else:
            most = (self.sd or 0.0) * 1e6
        return sign * smallest(enough, most) if enough(most) else math.nan

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The power curve."""
        effects = self.null + (self.effect - self.null) * STEPS
        if self.kind == "rate":
            base = self.baseline or 0.0
            effects = effects[(base + effects > 0) & (base + effects < 1)]
        needed = [self.needed(float(effect)) for effect in effects]
        rows = [(n, float(effect), self.chance(float(effect), n), most) for n in (self.n / 2, self.n, 2 * self.n)
                for effect, most in zip(effects, needed, strict=True)]
        return pd.DataFrame(rows, columns=["n", "effect", "power", "n_needed"])

    @property
    def bounds(self) -> pd.DataFrame | None:
        """The looks: the fraction of the units, units in each arm, the critical |z|."""
        if self._limits is None or self.looks is None:
            return None
        return pd.DataFrame({"fraction": self.looks, "n": [math.ceil(self.n * part - 1e-9) for part in self.looks],
                             "critical": self._limits})

    @property
    def says(self) -> str:
        """The plan in a sentence or two."""
        text = words.text("plan.each", n=self.n)
        if self.clusters is not None:
            text = words.text("plan.in_clusters", sizes=text, clusters=self.clusters,
                              size=tick(round(self.cluster_size or 0.0, 1)))
        said = words.text("plan.needed" if self.found == "n" else "plan.chance", metric=metric_name(self.metric),
                          aim=self._aim(), power=tick(self.power, "share"), sizes=text, total=self.total)
        if self.weeks is not None:
            said += words.text("plan.weeks", weeks=named(f"{self.weeks} weeks", "window"),
                               weekly=tick(self.weekly or 0.0))
        return said if self.looks is None else said + words.text("plan.and_looks", looks=len(self.looks))

    def _size(self, value: float) -> str:
        text = shown(abs(value), self.unit, signed=self.unit == "share").lstrip("+")
        return words.text("plan.points", value=text) if self.unit == "points" else text

    def _aim(self) -> str:
        key = "plan.from" if self.margin is None else "plan.at"
        base = "" if self.baseline is None else words.text(key, base=shown(self.baseline, self.unit))
        if self.margin is not None:
            true = shown(self.effect, self.unit, signed=True) if self.effect else "0"
            return words.text("plan.no_worse", margin=self._size(self.margin), base=base, effect=true)
        return words.text("plan.rise" if self.effect > 0 else "plan.fall", effect=self._size(self.effect), base=base)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the plan rests on, a sentence each."""
        said = []
        if self.measured is not None:
            said.append(words.text("plan.note_history", n=self.measured, missing=self.missing))
        said.append(words.text(f"plan.note_{self.kind}" if self.margin is None else "plan.note_margin",
                               confidence=tick(self.confidence, "share")))
        if self.found == "power":
            said.append(words.text("plan.note_needed", power=tick(POWER, "share")))
        if self.share < 1:
            said.append(words.text("plan.note_share", share=tick(round(self.share, 3), "share")))
        if self.arms > 2 and self.each > self.confidence:
            said.append(words.text("plan.note_each", comparisons=self.arms - 1,
                                   each=tick(round(self.each, 5), "share"),
                                   method=words.text(f"plan.correct_{self.method}"),
                                   confidence=tick(round(1 - (1 - self.confidence) * self.share, 5), "share")))
        if self.adjust_r2:
            said.append(words.text("plan.note_adjust", share=shown(self.adjust_r2, "share")))
        if self.cluster_size is not None:
            said.append(words.text("plan.note_cluster", icc=shown(self.icc), times=shown(self.design_effect)))
        if self.looks is not None:
            said.append(words.text("plan.note_looks", looks=len(self.looks),
                                   spending=words.text(f"plan.spending_{self.spending}")))
        if self.weeks is not None:
            said.append(words.text("plan.note_weeks"))
        return tuple(said)

    def _tables(self) -> list[pd.DataFrame]:
        rows = self.frame[self.frame["n"] == self.n]
        part = (rows["effect"] - self.null) / (self.effect - self.null)
        rows = rows[part.round(9).isin(SHOWN)]
        units = {"effect": self.unit, "power": "share", "n_needed": "count"}
        tables = [_shown(rows.assign(effect=rows["effect"].round(12)), units)]
        if self.bounds is not None:
            tables.append(_shown(self.bounds, {"fraction": "share", "n": "count", "critical": "number"}))
        return tables

    def __repr__(self) -> str:
        return "\n".join([self.says, plain(self._tables(), self.notes)])

    def _repr_html_(self) -> str:
        return page([], (self.says,)) + page(self._tables(), self.notes)

    def plot(self, *, title: str = "", ax: Any = None) -> Any:
        """The power curve, with the planned effect marked."""
        return power_picture(self.frame, n=self.n, effect=self.effect, unit=self.unit, title=title, ax=ax)


def _shown(table: pd.DataFrame, units: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({heading(name): [shown(value, unit, signed=name == "effect") for value in table[name]]
                         for name, unit in units.items()})
