"""A plan: how many units an experiment takes, what it can see, and how surely; and how that is said and drawn.

The power of one comparison is that of `engagelab.metrics.power`. Whatever else a plan holds is a number in its formula:
several arms or metrics raise the confidence of one comparison (Dunnett 1955, JASP 50, 1096-1121; Bonferroni); what
covariates explain and whole clusters change how many units count (Deng et al. 2013, WSDM; Kish 1965; Donner and Klar
2000, with unequal clusters as in Eldridge, Ashby and Kerry 2006, International Journal of Epidemiology 35, 1292-1300);
several looks ask for a larger fixed power (Jennison and Turnbull 2000).
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, metric_name, named, shown, tick
from engagelab.errors import UsageError
from engagelab.experiments import sequential
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

    n : units in the control's arm; `sizes` has those of all arms, `total` their sum. effect : difference that is
    planned for, in the metric's own unit; margin : how much worse is still accepted, None where a difference is to be
    seen. kind : "rate" (two shares) or "mean". unit : as in `el.shown`. looks : fractions of the units at which one
    looks. found : which of n, effect and power was not told. baseline, sd : of one unit, from the history or told.

    `.frame` is the power curve: `n`, `effect`, `power`, and `n_needed` for the effect at the planned power (at 80 %
    where power was found); with half of n, n and twice n. `.bounds` are the looks. `.says` and `.notes` are sentences.
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
    relative: float | None = None
    arms: int = 2
    split: dict[str, float] | None = None
    confidence: float = .95
    correct: str = "dunnett"
    metrics: int = 1
    adjust_r2: float = 0.0
    cluster_size: float | None = None
    cluster_cv: float = 0.0
    icc: float | None = None
    looks: tuple[float, ...] | None = None
    spending: str = "obrien_fleming"
    weekly: float | None = None
    measured: int | None = None
    missing: int = 0

    @property
    def sizes(self) -> dict[str, int]:
        """Units in each arm, the control first; in whole clusters where there are any."""
        shares = self.split or {str(arm): 1.0 for arm in range(1, self.arms + 1)}
        first = next(iter(shares.values()))
        return {arm: self._whole(self.n * share / first) for arm, share in shares.items()}

    @property
    def total(self) -> int:
        """Units in all arms together."""
        return sum(self.sizes.values())

    @property
    def weeks(self) -> int | None:
        """Whole weeks until so many units have come."""
        return None if self.weekly is None else math.ceil(self.total / self.weekly - 1e-9)

    @property
    def clusters(self) -> dict[str, int] | None:
        """Clusters in each arm."""
        size = self.cluster_size
        return None if size is None else {arm: max(round(n / size), 1) for arm, n in self.sizes.items()}

    @property
    def design_effect(self) -> float:
        """How many times the variance is that of units drawn one by one."""
        return 1.0 if self.cluster_size is None or self.icc is None else (
            1 + ((1 + self.cluster_cv**2) * self.cluster_size - 1) * self.icc)

    @cached_property
    def each(self) -> float:
        """The confidence of one comparison, so that all together keep the plan's."""
        alpha, others = (1 - self.confidence) / self.metrics, self.arms - 1
        if others == 1 or self.correct == "none":
            return 1 - alpha
        if self.correct != "dunnett":
            return 1 - alpha / others
        share = [part / (1 + part) for part in self._ratios]
        # of the normal: at few degrees of freedom each comparison may be a little less sure
        return 2 * NormalDist().cdf(float(dunnett_critical(math.inf, share, 1 - alpha)[0])) - 1

    @property
    def null(self) -> float:
        """The difference that has to be excluded: 0, or the margin."""
        return 0.0 if self.margin is None else self.margin if self.better == "lower" else -self.margin

    @cached_property
    def _ratios(self) -> list[float]:
        shares = list((self.split or {}).values()) or [1.0] * self.arms
        return [share / shares[0] for share in shares[1:]]

    def _whole(self, n: float) -> int:
        size = self.cluster_size
        return math.ceil(n - 1e-9) if size is None or self.found != "n" else math.ceil(
            math.ceil((n - 1) / size - 1e-9) * size - 1e-9)

    @cached_property
    def _limits(self) -> np.ndarray | None:
        return None if self.looks is None else sequential.boundaries(
            self.looks, confidence=self.each, spending=self.spending)

    def fixed_power(self, effect: float, n: float) -> float:
        """The chance to see the effect in the smallest arm with `n` in the control's, at one look."""
        distance = (effect - self.null) * (np.sign(effect) if self.margin is None else -np.sign(self.null))
        weight = 1 / self.design_effect / (1 - self.adjust_r2)
        small = n * min(self._ratios)
        df = math.inf if self.kind == "rate" else n + small - 2
        df = df if self.cluster_size is None else (n + small) / self.cluster_size - 2
        if distance <= 0 or min(n, small) * weight < 2 or df <= 0:
            return 0.0
        if self.kind == "rate":
            return rate_power(self.baseline or 0.0, effect, n * weight, others=small * weight, null=self.null, df=df,
                              confidence=self.each)
        return mean_power(effect, self.sd or 0.0, n * weight, others=small * weight, null=self.null, df=df,
                          confidence=self.each)

    def chance(self, effect: float, n: float) -> float:
        """The chance to see the effect with `n` in the control's arm, with all the looks that are planned."""
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
        """Units in the control's arm with whom the effect is seen with the planned power; NaN above 10 billion."""
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
        """The looks: the fraction of the units, units in the control's arm, the critical |z|, the chance to stop."""
        if self._limits is None or self.looks is None:
            return None
        drift = z_value(self.each) + NormalDist().inv_cdf(min(self.fixed_power(self.effect, self.n), 1 - 1e-12))
        stop = sequential.crossing(self._limits, self.looks, drift=drift).sum(axis=0).cumsum()
        return pd.DataFrame({"look": range(1, len(self.looks) + 1), "fraction": self.looks,
                             "n": [math.ceil(self.n * part - 1e-9) for part in self.looks], "critical": self._limits,
                             "stopped": stop})

    @property
    def expected_n(self) -> float:
        """Units in the control's arm on average, where one stops at the first look that shows an effect as planned."""
        stopped = [0.0] if self.bounds is None else self.bounds["stopped"]
        return self.n * (1 - float(np.dot(stopped[:-1], np.diff(self.looks or (1.0,)))))

    @property
    def says(self) -> str:
        """The plan in a sentence or two."""
        sizes = self.sizes
        text = (words.text("plan.each", n=self.n) if len(set(sizes.values())) == 1 else
                words.joined(words.text("plan.in_arm", arm=arm, n=n) for arm, n in sizes.items()))
        if self.clusters is not None:
            clusters = words.joined(f"{n:,}" for n in dict.fromkeys(self.clusters.values()))
            text = words.text("plan.in_clusters", sizes=text, clusters=clusters,
                              size=tick(round(self.cluster_size or 0.0, 1)))
        said = words.text("plan.needed" if self.found == "n" else "plan.chance", metric=metric_name(self.metric),
                          aim=self._aim(), power=tick(self.power, "share"), sizes=text, total=self.total)
        return said if self.weeks is None else said + words.text(
            "plan.weeks", weeks=named(f"{self.weeks} weeks", "window"), weekly=tick(self.weekly or 0.0))

    def _size(self, value: float) -> str:
        text = shown(abs(value), self.unit, signed=self.unit == "share").lstrip("+")
        return words.text("plan.points", value=text) if self.unit == "points" else text

    def _aim(self) -> str:
        key = "plan.from" if self.margin is None else "plan.at"
        base = "" if self.baseline is None else words.text(key, base=shown(self.baseline, self.unit))
        if self.margin is not None:
            true = shown(self.effect, self.unit, signed=True) if self.effect else "0"
            return words.text("plan.no_worse", margin=self._size(self.margin), base=base, effect=true)
        part = "" if self.relative is None else words.text("plan.relative", share=tick(abs(self.relative), "share"))
        return words.text("plan.rise" if self.effect > 0 else "plan.fall", effect=self._size(self.effect), base=base,
                          relative=part)

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
        if self.each > self.confidence:
            said.append(words.text("plan.note_each", comparisons=(self.arms - 1) * self.metrics,
                                   each=tick(round(self.each, 5), "share"),
                                   method=words.text(f"plan.correct_{self.correct}"),
                                   confidence=tick(self.confidence, "share")))
        if self.adjust_r2:
            said.append(words.text("plan.note_adjust", share=shown(self.adjust_r2, "share")))
        if self.cluster_size is not None:
            said.append(words.text("plan.note_cluster", icc=shown(self.icc), times=shown(self.design_effect)))
        if self.looks is not None:
            said.append(words.text("plan.note_looks", looks=len(self.looks), expected=round(self.expected_n),
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
            tables.append(_shown(self.bounds, {"look": "count", "fraction": "share", "n": "count",
                                               "critical": "number", "stopped": "share"}))
        return tables

    def __repr__(self) -> str:
        return "\n".join([self.says, plain(self._tables(), self.notes)])

    def _repr_html_(self) -> str:
        return page([], (self.says,)) + page(self._tables(), self.notes)

    def plot(self, *, title: str = "", ax: Any = None) -> Any:
        """The power curve, with the planned effect marked."""
        return power_picture(self.frame, n=self.n, effect=self.effect, unit=self.unit, title=title, ax=ax)

    def to_dict(self) -> dict[str, Any]:
        """The plan as numbers, texts and lists that JSON knows."""
        return {name: list(value) if isinstance(value, tuple) else value.item() if isinstance(value, np.generic)
                else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Plan":
        """The plan that `to_dict` wrote."""
        known = [field.name for field in fields(cls)]
        odd = [name for name in values if name not in known] + [name for name in known[:10] if name not in values]
        if odd:
            raise UsageError("plan.fields", names=words.joined(odd))
        looks = values.get("looks")
        return replace(cls(**values), looks=None if looks is None else tuple(looks))


def _shown(table: pd.DataFrame, units: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({heading(name): [shown(value, unit, signed=name == "effect") for value in table[name]]
                         for name, unit in units.items()})
