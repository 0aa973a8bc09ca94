"""Public data that other packages carry: read from there where they are installed, never downloaded.

CDNOW: what 2,357 customers who first bought at CDNOW in the first quarter of 1997 bought to the end of June 1998, one
in ten of the cohort of Fader and Hardie (2001, Interfaces 31(3), S94-S107), the data of most papers on purchase models.
"""

import importlib.util
from pathlib import Path

import pandas as pd

from engagelab.errors import UsageError
from engagelab.tables import typed

CDNOW = "CDNOW_sample.txt"


def cdnow() -> pd.DataFrame:
    """The 6,919 orders of CDNOW's sample as the canonical table of orders, from an installed `lifetimes`.

    Days have no time of day and are midnight, UTC. Raises UsageError where lifetimes is not installed.
    """
    spec = importlib.util.find_spec("lifetimes")   # which does not import it
    places = [Path(place) / "datasets" / CDNOW for place in (spec and spec.submodule_search_locations) or []]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise UsageError("sample.no_cdnow")
    table = pd.read_csv(file, sep=r"\s+", header=None, names=["master", "user_id", "ordered_at", "items", "total"],
                        dtype={"master": "str", "user_id": "str", "ordered_at": "str"})
    return typed(pd.DataFrame({
        "order_id": [f"{number:04d}" for number in range(1, len(table) + 1)], "user_id": table["user_id"],
        "ordered_at": pd.to_datetime(table["ordered_at"], format="%Y%m%d", utc=True), "currency": "USD",
        "total": table["total"]}), "orders")
