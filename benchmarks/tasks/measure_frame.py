"""The same three metrics by two columns on a pandas frame of three million rows, against the usual pandas idiom."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks.tasks import measure_parquet

TITLE = "measure: rate, mean, ratio by two columns, a pandas frame of 3 M rows"
OURS, PEER, SCAN = "measure", "pandas groupby", "scan"
TARGETS = {"cpu_ratio": .7}


def data(folder: Path) -> Path:
    """Mails as a Parquet file, the same every time."""
    return measure_parquet.data(folder, 3_000_000)


def frame(path: Path) -> pd.DataFrame:
    """The mails as a frame, read before the measurement."""
    import duckdb

    return duckdb.connect().execute(f"SELECT * FROM '{path}'").df()


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.measure` of the frame."""
    return measure_parquet.ours(frame(path))


def idiom(path: Path) -> Callable[[], pd.DataFrame]:
    """One groupby with named aggregations, products beside it."""
    mails = frame(path)

    def run() -> pd.DataFrame:
        wide = mails.assign(cc=mails["clicks"] * mails["clicks"], ci=mails["clicks"] * mails["impressions"],
                            ii=mails["impressions"] * mails["impressions"])
        sums = wide.groupby(["segment", "channel"], as_index=False).agg(
            n_0=("opened", "count"), opens=("opened", "sum"), n_1=("spend", "count"), mean=("spend", "mean"),
            var=("spend", "var"), n_2=("clicks", "size"), c=("clicks", "sum"), i=("impressions", "sum"),
            cc=("cc", "sum"), ci=("ci", "sum"), ii=("ii", "sum"))
        sums["s"] = (sums["mean"] - 3000) * sums["n_1"]
        sums["ss"] = sums["var"] * (sums["n_1"] - 1) + sums["s"] ** 2 / sums["n_1"]
        return measure_parquet.estimates(sums)
    return run


def scan(path: Path) -> Callable[[], None]:
    """The same columns, touched once."""
    mails = frame(path)

    def run() -> None:
        mails[["opened", "spend", "clicks", "impressions"]].sum()
        mails[["segment", "channel"]].count()
    return run


CANDIDATES = {OURS: ours, PEER: idiom, SCAN: scan}
