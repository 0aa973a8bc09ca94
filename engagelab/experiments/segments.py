"""For whom it works: the effect in each segment, and whether the segments differ at all."""

from collections.abc import Mapping, Sequence

import pandas as pd

from engagelab.experiments.read import Trial
from engagelab.experiments.rules import Rules


def by_segment(trial: Trial, rules: Rules, by: Sequence[str], off: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The effects by segment."""
    return pd.DataFrame(), []
