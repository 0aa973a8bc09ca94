"""RFM of ten million orders of 500,000 customers in a year, against pandas as it is written well: named aggregates, cut
points of ranks, scores by `searchsorted`, names by a table; the day of an order made once. Orders of a day are one
purchase. Compared are the scores and the total of each customer.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

TITLE = "segments: RFM, 10 M orders of 500,000 customers, Parquet"
OURS, PEER, SCAN = "rfm", "good pandas", "scan"
TARGETS = {"cpu_ratio": .5, "memory_mb": 500}
NEEDS = {PEER: "pyarrow"}  # which pandas reads Parquet with
MEASURES = ("recency", "frequency", "monetary")


def data(folder: Path, rows: int = 10_000_000) -> Path:
    """Orders as a Parquet file, the same every time; some customers buy often, a hundredth of the orders were free."""
    path = folder / f"orders_{rows // 1000}k.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET enable_progress_bar = false; SELECT setseed(.6)")
        connection.execute(f"""COPY (SELECT CAST(floor(pow(random(), 1.5) * {rows // 20}) AS BIGINT) AS user_id,
            make_timestamp(CAST((20089 + 365 * random()) * 86400000000 AS BIGINT)) AS ordered_at,
            CASE WHEN random() < .01 THEN 0.0 ELSE round(-ln(1 - random()) * 4000) + 100 END AS amount
            FROM range({rows})) TO '{part}' (FORMAT parquet)""")
        part.rename(path)
    return path


def told(table: pd.DataFrame) -> pd.DataFrame:
    """The part of an answer that is compared: of all customers, what each has, in sums that a difference would show."""
    weight = np.arange(1, len(table) + 1)
    return pd.DataFrame({name: [float((table[name] * weight).sum())] for name in (*MEASURES, *"RFM")} | {
        "n": [len(table)]})


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.segments.rfm`, after a small call has loaded what is loaded at first use."""
    from engagelab.segments.rfm import rfm

    def run(orders: Path | pd.DataFrame = path) -> pd.DataFrame:
        return told(rfm(orders, user="user_id", time="ordered_at", amount="amount").frame)
    run(duckdb.connect().execute(f"SELECT * FROM '{path}' LIMIT 1000").df())
    return run


def pandas(path: Path) -> Callable[[], pd.DataFrame]:
    """Good pandas."""
    import pyarrow.parquet  # noqa: F401 loaded before it is measured

    segments = pd.read_csv(Path(__file__).parents[2] / "engagelab" / "segments" / "rfm_segments.csv", dtype="str")

    def run() -> pd.DataFrame:
        orders = pd.read_parquet(path, columns=["user_id", "ordered_at", "amount"])
        orders = orders[orders["amount"] > 0]
        orders["day"] = orders["ordered_at"].dt.floor("D")
        table = orders.groupby("user_id").agg(last=("day", "max"), frequency=("day", "nunique"),
                                              monetary=("amount", "sum"))
        table["recency"] = (orders["day"].max() - table["last"]).dt.days
        for name, score in zip(MEASURES, "RFM", strict=True):
            parts = np.sort(table[name].to_numpy())[[-(-k * len(table) // 5) - 1 for k in range(1, 5)]]
            below = np.searchsorted(parts, table[name].to_numpy(), side="left")
            table[score] = 5 - below if name == "recency" else 1 + below
        table["segment"] = ""
        for row in segments.to_dict("records"):
            fits = table["segment"] == ""
            for name, score in zip(MEASURES, "RFM", strict=True):
                fits &= table[score].between(int(row[name][0]), int(row[name][-1]))
            table.loc[fits, "segment"] = row["segment"]
        table.groupby("segment").agg(n=("monetary", "size"), mean=("monetary", "mean"), spread=("monetary", "std"),
                                     recency=("recency", "median"), frequency=("frequency", "median"))
        return told(table)
    return run


def scan(path: Path) -> Callable[[], None]:
    """The same columns, read and summed."""
    def run() -> None:
        duckdb.connect().execute(f"SELECT sum(user_id), max(ordered_at), sum(amount) FROM '{path}'").fetchall()
    return run


CANDIDATES = {OURS: ours, PEER: pandas, SCAN: scan}
