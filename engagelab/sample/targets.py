"""What the company wants to reach in its last quarter."""

import csv
from importlib.resources import files

import pandas as pd

from engagelab.sample.dates import NOW


def targets() -> pd.DataFrame:
    """The table of targets: own ones, and benchmarks that are made up as well and say so."""
    text = files(__package__).joinpath("targets.csv").read_text("utf-8")
    table = pd.DataFrame(list(csv.DictReader(text.splitlines())))
    table.insert(1, "period", NOW)
    table.insert(2, "segment", None)
    table["target"] = table["target"].astype(float)
    return table
