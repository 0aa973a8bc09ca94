"""The shape of one truth in `data/truth.json`."""

from collections.abc import Mapping

import pandas as pd

from engagelab import words

Tables = Mapping[str, pd.DataFrame]


def entry(number: int, name: str, naive: dict[str, object], true: dict[str, object],
           where: dict[str, object]) -> dict[str, object]:
    """One truth: words from the catalogue (`sample.truth_N_title naive true method`), figures from the caller."""
    key = f"sample.truth_{number}_"
    return {"id": number, "name": name, "title": said(key + "title"),
            "naive": {"claim": said(key + "naive")} | naive, "truth": {"claim": said(key + "true")} | true,
            "where": where, "method": said(key + "method")}


def said(key: str) -> dict[str, str]:
    """A text in every language."""
    return {language: words.catalogue()[key][language] for language in words.LANGUAGES}


def short(value: float, digits: int = 2) -> float:
    """A figure as it is written."""
    return round(float(value), digits)
