"""The same experiment on a pandas frame of ten million rows, against tea-tasting with its arms' sizes checked too.

Compared are the differences; that of the adjusted mean to four digits, as the two take the slope of the covariate from
within the arms and from all rows.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks.tasks import compare_parquet

TITLE = "compare: rate, mean with a covariate, ratio in two arms, a pandas frame of 10 M rows"
OURS, PEER, SCAN = "compare", "tea-tasting", None
TARGETS = {"wall_ratio": .5, "cpu_ratio": .5, "memory_mb": 200}
NEEDS = {PEER: "tea-tasting"}


def data(folder: Path) -> Path:
    """Customers in two arms as a Parquet file."""
    return compare_parquet.data(folder)


def frame(path: Path) -> pd.DataFrame:
    """The customers as a frame, read before the measurement."""
    import duckdb

    return duckdb.connect().execute(f"SELECT * FROM '{path}'").df()


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.compare` of the frame."""
    run = compare_parquet.ours(frame(path))
    return lambda: run()[["difference"]].round(4)


def tea_tasting(path: Path) -> Callable[[], pd.DataFrame]:
    """An experiment of tea-tasting."""
    import tea_tasting as tt

    customers = frame(path)
    experiment = tt.Experiment(srm=tt.SampleRatio(), converted=tt.Proportion("converted"), ctr=tt.RatioOfMeans(
        "clicks", "sessions"), revenue=tt.Mean("revenue", "revenue_before"))

    def run(table: pd.DataFrame = customers) -> pd.DataFrame:
        found = experiment.analyze(table)
        return pd.DataFrame({"difference": [round(found[name].effect_size, 4) for name in (
            "converted", "revenue", "ctr")]})
    run(customers.head(1000))  # what is loaded at first use
    return run


CANDIDATES = {OURS: ours, PEER: tea_tasting}
