"""The effect as it came in: cumulative, with an interval that allows for looking at every moment."""

from collections.abc import Mapping

import pandas as pd

from engagelab.experiments.read import Trial
from engagelab.experiments.rules import Rules


def over_time(trial: Trial, rules: Rules, over: str | None, off: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The effects over time."""
    return pd.DataFrame(), []
