"""Amounts that can be summed, of a folder that may hold several currencies and no rates: the most common are kept."""

import pandas as pd

from engagelab import words
from engagelab.notebook.sentences import Sentence, say


def one_currency(frame: pd.DataFrame, default: str) -> tuple[pd.DataFrame, str, Sentence]:
    """The rows of the currency that most of them have, that currency, and a sentence about the rows left out.

    Parameters: a table with a column `currency`; `default`, that of the rows that do not say theirs.
    Where some amounts contain the tax and others do not, the more common kind is kept as well, and rows that do not
    say it are taken to be of that kind.
    The sentence is empty where all rows are alike. `el.net` converts, where there are rates.

    >>> orders = pd.DataFrame({"total": [1.0, 2.0, 3.0], "currency": ["JPY", "USD", "JPY"]})
    >>> kept, currency, said = one_currency(orders, "EUR")
    >>> len(kept), currency, str(said)
    (2, 'JPY', 'Only amounts in JPY are counted; 1 rows in USD are left out.')
    """
    sentences: list[str] = []
    currency = default
    if "currency" in frame:
        own = frame["currency"].fillna(default or words.text("metrics.missing"))
        counts = own.value_counts()
        currency = str(counts.index[0]) if len(counts) else default
        if len(counts) > 1:
            sentences.append(say("money.left_out", currency=currency, n=int(counts.iloc[1:].sum()),
                                 others=words.joined(sorted(map(str, counts.index[1:])))))
        frame = frame.assign(currency=own)[own == currency]
    taxed = frame["tax_included"].value_counts() if "tax_included" in frame else pd.Series(dtype=int)
    if len(taxed):
        kind = words.text("money.with_tax" if taxed.index[0] else "money.without_tax")
        unsaid = frame["tax_included"].isna()
        if unsaid.any():
            sentences.append(say("money.tax_taken", kind=kind, n=int(unsaid.sum())))
            frame = frame.assign(tax_included=frame["tax_included"].mask(unsaid, taxed.index[0]))
        alike = frame["tax_included"].eq(taxed.index[0])
        if not alike.all():
            sentences.append(say("money.tax_left_out", kind=kind, n=int((~alike).sum())))
            frame = frame[alike]
    return frame, currency, Sentence(" ".join(sentences))
