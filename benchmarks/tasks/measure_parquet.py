"""Three metrics by two columns on a Parquet file of ten million rows, against the best SQL written by hand."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

TITLE = "measure: rate, mean, ratio by two columns, 10 M rows of Parquet"
OURS, PEER, SCAN = "measure", "hand-written SQL", "scan"
TARGETS = {"cpu_ratio": 1.3, "memory_mb": 120}

# The same figures, written for this question alone: fixed columns, one pass, raw sums, no check of anything.
SQL = """
SELECT segment, channel,
    count(opened) AS n_0, count_if(opened) AS opens,
    count(spend) AS n_1, sum(spend - 3000) AS s, sum((spend - 3000) * (spend - 3000)) AS ss,
    count(*) AS n_2, sum(clicks) AS c, sum(impressions) AS i,
    sum(CAST(clicks AS DOUBLE) * clicks) AS cc, sum(CAST(clicks AS DOUBLE) * impressions) AS ci,
    sum(CAST(impressions AS DOUBLE) * impressions) AS ii
FROM '{path}' GROUP BY segment, channel ORDER BY segment, channel"""


def data(folder: Path, rows: int = 10_000_000) -> Path:
    """Mails as a Parquet file, the same every time."""
    path = folder / f"mails_{rows // 1000}k.parquet"
    if not path.exists():
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SELECT setseed(.7)")
        connection.execute(f"""COPY (SELECT
            ['gold', 'silver', 'bronze', 'new'][1 + CAST(floor(random() * 4) AS INTEGER)] AS segment,
            'channel_' || CAST(floor(random() * 6) AS INTEGER) AS channel,
            random() < .3 AS opened,
            CASE WHEN random() < .02 THEN NULL ELSE round(-ln(1 - random()) * 3000) END AS spend,
            CAST(floor(random() * 20) AS INTEGER) AS clicks,
            20 + CAST(floor(random() * 500) AS INTEGER) AS impressions
            FROM range({rows})) TO '{path}' (FORMAT parquet)""")
    return path


def ours(path: Path | pd.DataFrame) -> Callable[[], pd.DataFrame]:
    """`el.measure`, after a small call has loaded what is loaded at first use."""
    from engagelab.metrics.measure import measure
    from engagelab.metrics.nouns import mean, rate, ratio

    nouns = {"opens": rate("opened"), "spend": mean("spend"), "clicks": ratio("clicks", "impressions")}
    small = pd.DataFrame({"segment": ["a", "a"], "channel": ["b", "b"], "opened": [True, False], "spend": [1.0, 2.0],
                          "clicks": [1, 2], "impressions": [3, 4]})
    measure(small, nouns, by=["segment", "channel"])

    def run() -> pd.DataFrame:
        table = measure(path, nouns, by=["segment", "channel"])
        return table[["segment", "channel", "estimate", "se"]]
    return run


def estimates(sums: pd.DataFrame) -> pd.DataFrame:
    """Estimates and standard errors from the sums written by hand."""
    p, n = sums["opens"] / sums["n_0"], sums["n_1"]
    spread = (sums["ss"] - sums["s"] ** 2 / n) / (n - 1)
    m, r = sums["n_2"], sums["c"] / sums["i"]
    residual = sums["cc"] - 2 * r * sums["ci"] + r * r * sums["ii"]
    answers = [(p, (p * (1 - p) / sums["n_0"]) ** .5), (3000 + sums["s"] / n, (spread / n) ** .5),
               (r, (residual / (m - 1) * m) ** .5 / sums["i"])]
    return pd.concat([sums[["segment", "channel"]].astype(str).assign(estimate=estimate, se=se)
                      for estimate, se in answers], ignore_index=True)


def by_hand(path: Path) -> Callable[[], pd.DataFrame]:
    """SQL written by hand."""
    def run() -> pd.DataFrame:
        return estimates(duckdb.connect().execute(SQL.format(path=path)).df())
    return run


def scan(path: Path) -> Callable[[], None]:
    """The same columns, read and summed."""
    def run() -> None:
        duckdb.connect().execute(f"""SELECT sum(strlen(segment)), sum(strlen(channel)), sum(CAST(opened AS INTEGER)),
            sum(spend), sum(clicks), sum(impressions) FROM '{path}'""").fetchall()
    return run


CANDIDATES = {OURS: ours, PEER: by_hand, SCAN: scan}
