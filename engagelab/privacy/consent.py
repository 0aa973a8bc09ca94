"""Whose rows may be used, and for what: consent is given by a person for a purpose, and never by saying nothing.

A missing answer to the question of consent is no consent, and neither has somebody who is in no row of `customers`
(Regulation (EU) 2016/679, articles 4(11), 5(1)(b) and 7).
"""

import pandas as pd

from engagelab import words
from engagelab.errors import DataError, column_of, one_of

PURPOSES = ("analysis", "marketing")


def consenting(rows: pd.DataFrame, customers: pd.DataFrame, purpose: str, *, user: str = "user_id") -> pd.DataFrame:
    """The rows of those who have agreed to a purpose; `.attrs["note"]` says how many were left out.

    rows : one row an event, order, answer or whatever else a person is behind. customers : with `user_id` and, a column
    a purpose, the flags `consent_analysis` and `consent_marketing`. user : the column of `rows` that names the person.

    Who has not agreed is left out, and so is a row without a person and one of somebody whom `customers` does not know.
    Where a person has several rows in `customers`, all have to agree.

    Raises UsageError for another purpose and where a column is missing, DataError where the consent is no flag.

    >>> customers = pd.DataFrame({"user_id": ["a", "b", "c"], "consent_analysis": [True, False, None]})
    >>> visits = pd.DataFrame({"user_id": ["a", "a", "b", "c", None], "page": ["x", "y", "x", "x", "x"]})
    >>> seen = consenting(visits, customers, "analysis")
    >>> len(seen), seen.attrs["note"]
    (2, '3 of 5 rows left out: no consent to analysis')
    """
    column = f"consent_{one_of('purpose', purpose, PURPOSES)}"
    for name, table in ((user, rows), ("user_id", customers), (column, customers)):
        column_of(name, table.columns)
    said = agreed(customers[column]).groupby(customers["user_id"]).all()
    kept = rows[rows[user].isin(said.index[said]) & rows[user].notna()]
    kept.attrs["note"] = words.text("privacy.no_consent", n=len(rows) - len(kept), all=len(rows),
                                    purpose=words.text(f"profile.to_{purpose}"))
    return kept


def agreed(flags: pd.Series) -> pd.Series:
    """Who has agreed; who has said nothing has not.

    >>> agreed(pd.Series([True, False, None])).tolist()
    [True, False, False]
    """
    try:
        return flags.astype("boolean").fillna(False).astype(bool)
    except (TypeError, ValueError) as error:
        raise DataError("money.not_a_flag", column=repr(flags.name), type=str(flags.dtype)) from error
