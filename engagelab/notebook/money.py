"""Amounts that can be summed, of a folder that may hold several currencies and no rates: the most common are kept."""

import pandas as pd

from engagelab import words
from engagelab.money import VOIDED, tax_on_top
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
    frame, said = _one_tax(frame)
    return frame, currency, Sentence(words.sentences([*sentences, *said]))


def tax_told(frame: pd.DataFrame) -> tuple[pd.DataFrame, Sentence]:
    """The rows as `el.net` can compare them, and a sentence about those that do not say whether the tax is in.

    They are taken like most of the others, as by `one_currency`; a total that is goods, shipping and tax contains it.
    Amounts with and without the tax both stay where the rows tell their tax, so that it can be taken out.
    The sentence is empty where all rows say it, or none does.

    >>> orders = pd.DataFrame({"total": [110.0, 220.0], "tax_included": pd.array([True, None], dtype="boolean")})
    >>> told, said = tax_told(orders)
    >>> told["tax_included"].tolist(), str(said)
    ([True, True], '1 rows do not say whether the tax is in; they are taken as with tax.')
    """
    told, said = _one_tax(frame, both="tax" in frame and bool(frame["tax"].notna().any()))
    return told, Sentence(words.sentences(said))


def no_amount(net: pd.DataFrame) -> Sentence:
    """How many orders that stand have no amount after `el.net`, and why; empty where all have one.

    >>> str(no_amount(pd.DataFrame({"amount": [1.0, None, None], "status": ["paid", "paid", "voided"]})))
    '1 of 3 orders have no amount that can be compared: their total, their currency or their tax is missing.'
    """
    status = net["status"] if "status" in net else pd.Series("", index=net.index)
    lacking = net["amount"].isna() & ~status.astype("str").str.strip().str.casefold().isin(VOIDED)
    return say("money.lacking", n=int(lacking.sum()), of=len(net)) if lacking.any() else Sentence("")


def _one_tax(frame: pd.DataFrame, *, both: bool = False) -> tuple[pd.DataFrame, list[Sentence]]:
    """The rows of the kind that most of them have, with or without tax, or of `both` kinds; and sentences."""
    counts = frame["tax_included"].value_counts() if "tax_included" in frame else pd.Series(dtype=int)
    if counts.empty:
        return frame, []
    sentences: list[Sentence] = []
    kind = bool(counts.index[0])
    named, unsaid = words.text("money.with_tax" if kind else "money.without_tax"), frame["tax_included"].isna()
    if unsaid.any():
        contains = unsaid & tax_on_top(frame)
        taken = int((unsaid & ~contains).sum())
        sentences += [say("money.tax_taken", kind=named, n=taken)] if taken else []
        frame = frame.assign(tax_included=frame["tax_included"].mask(unsaid, kind).mask(contains, True))
    other = frame["tax_included"].ne(kind)
    if other.any() and not both:
        sentences.append(say("money.tax_left_out", kind=named, n=int(other.sum())))
        frame = frame[~other]
    return frame, sentences
