"""Amounts of one currency: unlike amounts are never summed."""

import pandas as pd

from engagelab import words
from engagelab.notebook.sentences import Sentence, say


def one_currency(frame: pd.DataFrame, default: str) -> tuple[pd.DataFrame, str, Sentence]:
    """The rows in the currency that most of them have, that currency, and a sentence about the rows left out.

    Parameters: a table with a column `currency`; `default`, that of the rows that do not say theirs.
    The sentence is empty where all rows have one currency.

    >>> orders = pd.DataFrame({"total": [1.0, 2.0, 3.0], "currency": ["JPY", "USD", "JPY"]})
    >>> kept, currency, said = one_currency(orders, "EUR")
    >>> len(kept), currency, str(said)
    (2, 'JPY', 'Only amounts in JPY are counted; 1 rows in USD are left out.')
    """
    if "currency" not in frame:
        return frame, default, Sentence("")
    own = frame["currency"].fillna(default)
    counts = own.value_counts()
    currency = str(counts.index[0]) if len(counts) else default
    others = sorted({str(name) for name in counts.index[1:]})
    if not others:
        return frame, currency, Sentence("")
    said = say("money.left_out", currency=currency, n=int(counts.iloc[1:].sum()), others=words.joined(others))
    return frame[own == currency], currency, said
