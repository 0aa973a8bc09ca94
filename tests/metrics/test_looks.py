"""What is looked at is rounded, named, and safe to put into a page."""

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.metrics.looks import page, plain, rounded

TABLE = pd.DataFrame({"metric": ["alpha", "omega"], "low": [.1234, np.nan], "high": [.5, np.nan],
                      "n": pd.array([1234, None], dtype="Int64"), "loading": [.98765, np.nan]})


def test_numbers_are_rounded_counts_are_whole_and_what_is_missing_is_a_dash_or_empty():
    seen = rounded(TABLE, ["metric", "interval", "n", "loading"])
    assert list(seen) == ["metric", "95% interval", "n", "loading"]
    assert seen.iloc[0].tolist() == ["Cronbach's alpha", "0.12 to 0.50", "1,234", "0.99"]
    assert seen.iloc[1].tolist() == ["McDonald's omega", "", "–", "–"]
    with words.speaking("ja"):
        assert list(rounded(TABLE, ["interval", "loading"])) == ["95%信頼区間", "因子負荷量"]


def test_text_and_page_hold_the_tables_and_the_sentences():
    seen = pd.DataFrame({"team": ["<b>x</b>"]})
    assert plain([seen], ("one",)).endswith("one")
    assert "<b>" not in page([seen], ("a < b",)) and "a &lt; b" in page([seen], ("a < b",))
