"""Whether the experiment may be believed at all, before anyone looks at its results."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.experiments.estimate import Arms
from engagelab.experiments.read import Cells, Trial
from engagelab.experiments.rules import Rules

COLUMNS = ("check", "metric", "value", "p", "status", "sentence")


def checked(trial: Trial, cells: Cells, found: Mapping[str, Arms], rules: Rules
            ) -> tuple[pd.DataFrame, dict[str, str]]:
    """The checks, a row each; and of which metrics the verdicts are turned off, and why."""
    return pd.DataFrame(columns=list(COLUMNS)), {}
