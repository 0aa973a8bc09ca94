"""Monthly cohorts of a pandas frame of a million events, against pandas, polars and clvkit."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import events

TITLE = "activity: monthly cohorts, a pandas frame of 1 M events"
OURS, PEER, SCAN = "cohorts", "pandas", None
TARGETS = {"cpu_ratio / clvkit": .1, "cpu_ratio / pandas": 1, "cpu_ratio / polars": 1}
NEEDS = {"polars": "polars", "clvkit": "clvkit"}
KEYS = ["cohort", "age"]


def data(folder: Path) -> Path:
    """The log, the same every time."""
    return events.log(folder, 1_000_000)


def warm(answer: Callable, log) -> Callable[[], pd.DataFrame]:
    """The question as a function without arguments, asked of a few rows once, so that first use is not measured."""
    answer(log[:1000])
    return lambda: answer(log)


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.activity.cohorts` of the frame."""
    from engagelab.activity import cohorts

    return warm(lambda log: events.told_cohorts(cohorts(log, user="user_id", time="ts")), events.frame(path))


def in_pandas(path: Path) -> Callable[[], pd.DataFrame]:
    """Whole numbers for the months, and each user's months once: faster than periods and `nunique`."""
    def answer(log: pd.DataFrame) -> pd.DataFrame:
        month = log["ts"].dt.year * 12 + log["ts"].dt.month - 1
        pairs = pd.DataFrame({"user_id": log["user_id"], "month": month}).drop_duplicates()
        pairs["cohort"] = pairs.groupby("user_id")["month"].transform("min")
        pairs["age"] = pairs["month"] - pairs["cohort"]
        return pairs.groupby(KEYS).size().rename("users").reset_index()
    return warm(answer, events.frame(path))


def in_polars(path: Path) -> Callable[[], pd.DataFrame]:
    """The same, lazily, on a frame of its own."""
    import polars as pl

    def answer(log: pl.DataFrame) -> pd.DataFrame:
        month = pl.col("ts").dt.year() * 12 + pl.col("ts").dt.month() - 1
        months = log.lazy().select("user_id", month=month).unique()
        firsts = months.group_by("user_id").agg(cohort=pl.col("month").min())
        cells = months.join(firsts, on="user_id").group_by("cohort", age=pl.col("month") - pl.col("cohort"))
        found = cells.len("users").sort(KEYS).collect()
        return pd.DataFrame({name: found[name].to_numpy() for name in found.columns})
    return warm(answer, pl.read_parquet(path))


def in_clvkit(path: Path) -> Callable[[], pd.DataFrame]:
    """Its `CohortMatrix`."""
    from clvkit.cohort.matrix import CohortMatrix

    def answer(log: pd.DataFrame) -> pd.DataFrame:
        made = CohortMatrix.from_transactions(log, period="M", customer_id_col="user_id", datetime_col="ts")
        table = made.to_pandas()
        table.index = table.index.year * 12 + table.index.month - 1
        return table.stack().dropna().rename("users").rename_axis(KEYS).reset_index()
    return warm(answer, events.frame(path))


CANDIDATES = {OURS: ours, PEER: in_pandas, "polars": in_polars, "clvkit": in_clvkit}
