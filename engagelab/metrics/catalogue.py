"""The catalogue of metrics: what each is called, how it is computed, which way is better, and who says so.

A data file, `catalogue.csv`, read by code; the names stand in the catalogue of words. `key` is the name under which
targets are set.
"""

from importlib.resources import files
from io import StringIO

import pandas as pd

from engagelab import words


def catalogue() -> pd.DataFrame:
    """Every metric of the kit, a row each, all columns text.

    Columns: `key, name, name_ja, formula, unit, better, table, source`.

    >>> catalogue().set_index("key").loc["nps", ["name", "unit", "better"]].tolist()
    ['NPS', 'points', 'higher']
    """
    text = files(__package__).joinpath("catalogue.csv").read_text("utf-8")
    table = pd.read_csv(StringIO(text), dtype="str", keep_default_na=False)
    names = [words.catalogue()[f"metric.{key}"] for key in table["key"]]
    table.insert(1, "name", pd.Series([name["en"] for name in names], dtype="str"))
    table.insert(2, "name_ja", pd.Series([name["ja"] for name in names], dtype="str"))
    return table


def units(currency: str = "") -> dict[str, str]:
    """The unit of each metric by its key, as `engagelab.display.shown` takes it; amounts in the currency.

    >>> units("JPY")["nps"], units("JPY")["ltv"]
    ('points', 'JPY')
    """
    table = catalogue()
    return {key: currency if unit == "amount" else unit
            for key, unit in zip(table["key"], table["unit"], strict=True)}
