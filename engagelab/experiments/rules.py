"""What was settled before the data are seen: confidence, corrections, looks; and the verdict that follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, one_of
from engagelab.experiments.contrast import CORRECTIONS, RATES, STEPWISE, Looking, contrasts
from engagelab.experiments.estimate import Arms
from engagelab.metrics import intervals, simultaneous
from engagelab.metrics.intervals import z_value
from engagelab.metrics.nouns import Noun

PRIMARY = .5  # of the alpha, for the metric that decides; the others share the rest
VERDICTS = ("better", "worse", "no_worse", "no_difference", "cannot_tell", "no_verdict")


def share_of(metrics: int, primary: bool | None = None) -> float:
    """The part of the alpha for one of so many metrics that decide, and whether it is the primary one, if any is.

    >>> share_of(3), share_of(3, primary=True), share_of(3, primary=False)
    (0.3333333333333333, 0.5, 0.25)
    """
    if primary is None or metrics < 2:
        return 1 / max(metrics, 1)
    return PRIMARY if primary else (1 - PRIMARY) / (metrics - 1)


@dataclass(frozen=True)
class Rules:
    """How a comparison is judged. `split`: the share of the units meant for each arm; equal where it is not told."""

    confidence: float = .95
    correct: str = "dunnett"
    primary: str | None = None
    rates: str = "newcombe"
    looking: Looking = field(default_factory=Looking)
    split: Mapping[str, float] = field(default_factory=dict)
    start: str | None = None
    waiting: bool = False  # whether more units or looks are to come

    def __post_init__(self) -> None:
        z_value(self.confidence)
        one_of("correct", self.correct, CORRECTIONS)
        one_of("rates", self.rates, RATES)
        if self.correct in STEPWISE and self.looking.kind != "once":
            raise UsageError("compare.stepwise_looks", correct=repr(self.correct))
        if self.correct in STEPWISE and self.primary is not None:
            raise UsageError("compare.stepwise_primary", correct=repr(self.correct))

    def guards(self, nouns: Mapping[str, Noun]) -> list[str]:
        """The metrics that only have to hold; one that stands alone decides, where its interval is that of its p."""
        alone = len(nouns) == 1 and self.correct not in STEPWISE
        return [name for name, noun in nouns.items() if noun.margin is not None and name != self.primary and not alone]

    def shares(self, nouns: Mapping[str, Noun]) -> dict[str, float]:
        """The part of the alpha that each metric may spend. All guardrails have to hold: each has the whole."""
        if self.primary is not None:
            one_of("primary", self.primary, nouns)
        guards, divided = self.guards(nouns), self.correct in ("dunnett", "bonferroni")
        return {name: 1.0 if name in guards or not divided else share_of(
            len(nouns) - len(guards), None if self.primary is None else name == self.primary) for name in nouns}

    def rows(self, found: Mapping[str, Arms], nouns: Mapping[str, Noun], arms: Sequence[str]) -> pd.DataFrame:
        """Every metric and arm against the control, with corrected intervals; no verdicts yet."""
        shares, frames = self.shares(nouns), []
        for name, noun in nouns.items():
            guard = name in self.guards(nouns)
            correct = "bonferroni" if guard and self.correct in STEPWISE else self.correct
            rows = contrasts(found[name], confidence=self.confidence, correct=correct, share=shares[name],
                             rates=self.rates, looking=self.looking)
            if noun.unit == "points":  # of a scale that has no 0, as NPS
                rows[["relative", "relative_low", "relative_high"]] = np.nan
            frames.append(pd.DataFrame({"metric": name, "arm": arms[1:], "control": arms[0]}).join(rows).assign(
                guard=guard))
        table = pd.concat(frames, ignore_index=True)
        if self.correct in STEPWISE:
            family = (~table["guard"]).to_numpy()
            step = intervals.holm if self.correct == "holm" else simultaneous.benjamini_hochberg
            table.loc[family, "p_adjusted"] = step(table.loc[family, "p"].to_numpy())
        return table.drop(columns="guard")

    def verdicts(self, table: pd.DataFrame, nouns: Mapping[str, Noun], off: Mapping[str, str]) -> list[str]:
        """A verdict for each row; `off` says for which metrics a check has failed, and why."""
        guards = self.guards(nouns)
        return ["no_verdict" if row["metric"] in off else self._verdict(
            row, nouns[row["metric"]], guard=row["metric"] in guards)
                for row in table.to_dict("records")]

    def _verdict(self, row: Mapping[Any, Any], noun: Noun, *, guard: bool) -> str:
        if not np.isfinite(row["p_adjusted"]):
            return "cannot_tell"
        sign = 1 if noun.better == "higher" else -1
        shown, rises = row["p_adjusted"] < 1 - self.confidence, sign * row["difference"] > 0
        if shown and rises and not guard:
            return "better"
        if noun.margin is not None and min(sign * row[end] for end in ("low_adjusted", "high_adjusted")) > -noun.margin:
            return "no_worse"
        if shown:
            return "worse"
        waits = noun.margin is not None or self.waiting
        return "cannot_tell" if waits else "no_difference"

    def says(self, nouns: Mapping[str, Noun], arms: int) -> list[str]:
        """Which corrections were made, in sentences."""
        guards = len(self.guards(nouns))
        deciding = len(nouns) - guards
        many = deciding * (arms - 1)
        said = []
        if many > 1 or self.correct == "none":
            dunnett = self.correct == "dunnett"
            kind = "dunnett_once" if dunnett and self.looking.kind != "once" else self.correct
            kind = "bonferroni" if dunnett and arms == 2 else kind
            said.append(words.text(f"compare.corrected_{kind}", n=many, metrics=deciding, arms=arms - 1))
        if self.primary is not None and deciding > 1 and self.correct in ("dunnett", "bonferroni"):
            said.append(words.text("compare.primary", metric=repr(self.primary)))
        if guards:
            said.append(words.text("compare.guardrails", n=guards))
        if self.looking.kind != "once":
            said.append(words.text(f"compare.looking_{self.looking.kind}", look=self.looking.look,
                                   looks=len(self.looking.fractions),
                                   spending=words.text(f"compare.{self.looking.spending}")
                                   if self.looking.kind == "look" else ""))
        if self.looking.kind == "look":
            reached, planned = self.looking.reached, self.looking.fractions[self.looking.look - 1]
            key = "planned" if reached is None else "reached" if reached <= 1 else "over"
            said.append(words.text(f"compare.looking_{key}", share=f"{reached or planned:.0%}"))
        return said
