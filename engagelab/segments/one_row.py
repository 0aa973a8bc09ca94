"""The ids of a table that has one row a customer."""

import pandas as pd

from engagelab.errors import DataError
from engagelab.privacy.ids import check_ids


def ids_of(ids: pd.Series, column: str) -> pd.Series:
    """The ids as text, if every row has one, none is an address and nobody has two rows; 7.0, beside gaps, is "7".

    >>> ids_of(pd.Series([7.0, 8.0]), "user_id").tolist()
    ['7', '8']
    """
    if ids.dtype.kind == "f" and (ids.dropna() % 1 == 0).all():
        ids = ids.astype("Int64")
    texts = ids.astype("str")
    check_ids(pd.Index(texts))
    for key, wrong in (("segments.no_user", ids.isna() | (texts.str.strip() == "")),
                       ("segments.user_twice", texts.duplicated())):
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise DataError(key, column=repr(column), row=row + 1, n=int(wrong.sum()), value=repr(texts.iloc[row]))
    return texts
