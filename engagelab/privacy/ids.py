"""Ids that are no addresses: a list, a label or an error that shows an id would show the address."""

import pandas as pd

from engagelab.errors import DataError

ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s]+"


def check_ids(ids: pd.Index) -> None:
    """Refuse ids that are e-mail addresses; how many is said, and none is shown.

    >>> check_ids(pd.Index(["C1", "ann@example.com"]))
    Traceback (most recent call last):
    ...
    engagelab.errors.DataError: 1 ids of customers are e-mail addresses; el.read makes pseudonyms of them, or ...
    """
    wrong = ids.astype("str").str.contains(ADDRESS, regex=True)
    if wrong.any():
        raise DataError("profile.address", n=int(wrong.sum()))
