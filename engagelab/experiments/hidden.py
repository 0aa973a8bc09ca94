"""Whose answers are not shown: arms of few respondents, as `measure()` hides them, and what would tell them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from engagelab.metrics.nouns import SURVEY_MIN_N, Noun

VALUES = ("difference", "low", "high", "p", "low_adjusted", "high_adjusted", "p_adjusted", "relative", "relative_low",
          "relative_high")


def hidden(noun: Noun, n: ArrayLike) -> np.ndarray:
    """Which arms of so many respondents are too small to be shown.

    >>> from engagelab.metrics.nouns import mean, nps
    >>> hidden(nps("score"), [4, 5]).tolist(), hidden(mean("spend"), [4, 5]).tolist()
    ([True, False], [False, False])
    """
    return np.asarray(n) < fewest(noun)


def fewest(noun: Noun, *, crossed: bool = False) -> int:
    """The fewest respondents of whom a value is shown.

    A survey noun needs five, and ten where arms are crossed with segments; `min_n` of the noun goes before both.

    >>> from engagelab.metrics.nouns import mean, nps
    >>> fewest(nps("score")), fewest(nps("score"), crossed=True), fewest(nps("score", min_n=8)), fewest(mean("spend"))
    (5, 10, 8, 0)
    """
    usual = SURVEY_MIN_N * (2 if crossed else 1) if noun.hides else 0
    return usual if noun.min_n is None else noun.min_n


def discreet(table: pd.DataFrame, nouns: Mapping[str, Noun]) -> pd.DataFrame:
    """The rows of a comparison without the values of arms that are too small, and without what would tell them."""
    out = table.copy()
    for name, noun in nouns.items():
        own = (table["metric"] == name).to_numpy()
        few = {side: own & hidden(noun, table[f"n_{side}"].to_numpy()) for side in ("control", "arm")}
        for side, rows in few.items():
            out.loc[rows, f"value_{side}"] = np.nan
        out.loc[few["control"] | few["arm"], [*VALUES, *(["se"] if "se" in out else [])]] = np.nan
    return out
