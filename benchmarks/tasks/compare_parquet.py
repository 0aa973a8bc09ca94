"""An experiment on a Parquet file of ten million rows: a rate, a mean with a covariate and a ratio in two arms.

The sizes of the arms are checked, too. Beside it stands the best SQL written by hand, with the same formulas; compared
are the differences and the widths of their intervals.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

TITLE = "compare: rate, mean with a covariate, ratio in two arms, 10 M rows of Parquet"
OURS, PEER, SCAN = "compare", "hand-written SQL", "scan"
TARGETS = {"cpu_ratio": 1.35, "memory_mb": 200}

# The same sums, written for this question alone: fixed columns, one pass, raw sums, no check of anything.
SQL = """
SELECT variant, count(*) AS n, sum(converted) AS c, sum(revenue - 30) AS y, sum(revenue_before - 30) AS x,
    sum((revenue - 30) * (revenue - 30)) AS yy, sum((revenue_before - 30) * (revenue_before - 30)) AS xx,
    sum((revenue - 30) * (revenue_before - 30)) AS xy, sum(clicks) AS k, sum(sessions) AS s,
    sum(CAST(clicks AS DOUBLE) * clicks) AS kk, sum(CAST(sessions AS DOUBLE) * sessions) AS ss,
    sum(CAST(clicks AS DOUBLE) * sessions) AS ks
FROM '{path}' GROUP BY variant ORDER BY variant"""


def data(folder: Path, rows: int = 10_000_000) -> Path:
    """Customers in two arms as a Parquet file, the same every time."""
    path = folder / f"experiment_{rows // 1000}k.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET enable_progress_bar = false; SELECT setseed(.4)")
        connection.execute(f"""COPY (SELECT variant, CAST(random() < .1 + .002 * variant AS INTEGER) AS converted,
            revenue_before, round(.7 * revenue_before + 10 - ln(1 - random()) * 8 + .1 * variant, 2) AS revenue,
            CAST(floor(random() * sessions) AS INTEGER) AS clicks, sessions
            FROM (SELECT CAST(random() < .5 AS INTEGER) AS variant, round(-ln(1 - random()) * 30, 2) AS revenue_before,
                1 + CAST(floor(random() * 12) AS INTEGER) AS sessions FROM range({rows}))
            ) TO '{part}' (FORMAT parquet)""")
        part.rename(path)
    return path


def ours(path: Path | pd.DataFrame) -> Callable[[], pd.DataFrame]:
    """`el.compare`, after a small call has loaded what is loaded at first use."""
    from engagelab.experiments.compare import compare
    from engagelab.metrics.nouns import mean, rate, ratio

    nouns = {"converted": rate("converted"), "revenue": mean("revenue", adjust=["revenue_before"]),
             "ctr": ratio("clicks", "sessions")}

    def run(table: Path | pd.DataFrame = path) -> pd.DataFrame:
        found = compare(table, nouns, arm="variant", control=0, correct="none").frame
        half = (found["high"] - found["low"]) / 2
        return pd.DataFrame({"difference": found["difference"].round(9), "half": half.round(7)})
    run(path.head(1000) if isinstance(path, pd.DataFrame)
         else duckdb.connect().execute(f"SELECT * FROM '{path}' LIMIT 1000").df())
    return run


def answer(sums: pd.DataFrame) -> pd.DataFrame:
    """Differences and half the widths of their intervals, from the sums written by hand."""
    from engagelab.metrics.intervals import newcombe

    n, c = sums["n"].to_numpy(float), sums["c"].to_numpy(float)
    low, high = newcombe(c[1], n[1], c[0], n[0])
    mean = {name: sums[name].to_numpy(float) / n for name in ("y", "x", "k", "s")}

    def within(a: str, b: str) -> np.ndarray:
        return sums["".join(sorted(a + b, key="xyks".index))].to_numpy(float) - n * mean[a] * mean[b]

    slope = within("x", "y").sum() / within("x", "x").sum()
    left = (within("y", "y") - 2 * slope * within("x", "y") + slope**2 * within("x", "x")) / (n - 1) / n
    apart = mean["x"][1] - mean["x"][0]
    whole = n.sum()
    noise = (left * n * (n - 1)).sum() / (whole - 3)
    variance = left.sum() * (whole - 2) / (whole - 3) + noise * apart**2 / within("x", "x").sum()
    r = mean["k"] / mean["s"]
    ratio = (within("k", "k") - 2 * r * within("k", "s") + r**2 * within("s", "s")) / (n - 1) / n / mean["s"] ** 2
    differences = [np.diff(c / n)[0], np.diff(mean["y"])[0] - slope * apart, np.diff(r)[0]]
    half = [(high - low) / 2, *(1.959964 * np.sqrt([variance, ratio.sum()]))]
    return pd.DataFrame({"difference": np.round(differences, 9), "half": np.round(half, 7)})


def by_hand(path: Path) -> Callable[[], pd.DataFrame]:
    """SQL written by hand."""
    def run() -> pd.DataFrame:
        return answer(duckdb.connect().execute(SQL.format(path=path)).df())
    return run


def scan(path: Path) -> Callable[[], None]:
    """The same columns, read and summed."""
    def run() -> None:
        duckdb.connect().execute(f"""SELECT sum(variant), sum(converted), sum(revenue), sum(revenue_before),
            sum(clicks), sum(sessions) FROM '{path}'""").fetchall()
    return run


CANDIDATES = {OURS: ours, PEER: by_hand, SCAN: scan}
