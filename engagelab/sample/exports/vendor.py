"""What all vendors' files have in common here: the header as found in the wild, and cells by name.

Headers are those of public export files; `headers.csv` holds them word for word.
"""

import csv
import functools
from importlib.resources import files

import numpy as np
import pandas as pd

from engagelab.sample.dates import local, month_of, quarter_of
from engagelab.sample.text_files import whole

# A stamp to the second, as most systems write it.
SECOND = "{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"


@functools.cache
def headers() -> dict[str, list[str]]:
    """The columns of every format; a bar divides where names hold commas."""
    text = files(__package__).joinpath("headers.csv").read_text("utf-8")
    return {row["format"]: row["columns"].split("|" if "|" in row["columns"] else ",")
            for row in csv.DictReader(text.splitlines())}


def filled(vendor: str, values: dict[str, object], index: pd.Index) -> pd.DataFrame:
    """A frame with all the columns of a format; what is not given is empty.

    >>> filled("instagram_en", {"Likes": 3}, pd.RangeIndex(1)).loc[0, ["Post ID", "Likes"]].astype(str).tolist()
    ['', '3']
    """
    names = headers()[vendor]
    unknown = set(values) - set(names)
    if unknown:
        raise KeyError(f"{vendor} has no column {sorted(unknown)}")
    return pd.DataFrame({name: values.get(name, "") for name in names}, index=index)


def months(stamps: pd.Series) -> np.ndarray:
    """The month of each stamp on the company's clock, counted from April 2025."""
    return month_of(local(stamps).to_numpy().astype("datetime64[s]"))


def quarters(stamps: pd.Series) -> np.ndarray:
    """The quarter of each stamp on the company's clock, counted from the second of 2025."""
    return quarter_of(local(stamps).to_numpy().astype("datetime64[s]"))


def number(column: pd.Series) -> pd.Series:
    """Whole numbers as words, empty where missing."""
    return whole(column.astype("float64"))


def grouped(column: pd.Series) -> pd.Series:
    """Whole numbers with commas between the thousands, as Meta writes them."""
    return pd.Series([f"{value:,}" for value in column.astype("int64").tolist()], index=column.index, dtype="object")


def percent(part: pd.Series, all_of: pd.Series) -> pd.Series:
    """A share as `27.78%`, rounded half up in whole numbers."""
    hundredths = (part.astype("int64") * 20_000 + all_of.astype("int64")) // (2 * all_of.astype("int64")).clip(lower=1)
    return pd.Series([f"{value // 100}.{value % 100:02}%" for value in hundredths.tolist()],
                     index=part.index, dtype="object")
