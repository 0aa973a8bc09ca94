"""Counts of each group and value near a quantile: all that a quantile and its interval need.

The running totals are taken where the data are, and only the values whose rank can matter come back, so a column of ten
million different amounts sends a few thousand of them.
"""

from dataclasses import dataclass

import pandas as pd

from engagelab.summaries import sql
from engagelab.summaries.view import View


@dataclass(frozen=True)
class Near:
    """Which values to bring back: those around quantile `q`, `z` standard errors to both sides, and some to spare."""

    q: float
    z: float

    def sql(self) -> str:
        """The condition over the running totals of counts.sql; weights enter by Kish's effective number."""
        q, spare = sql.literal(self.q), sql.literal(self.z**2 + 3)
        reach = (f"({sql.literal(self.z)} * sqrt({sql.literal(self.q * (1 - self.q))} / (total * total / total2))"
                 f" + {spare} / (total * total / total2)) * total")
        return f"upto >= {q} * total - {reach}\n    AND upto - weight <= {q} * total + {reach}"


def counts(view: View, value: str, near: Near) -> tuple[pd.DataFrame, str]:
    """Values of `value` (SQL over our names) near a quantile, with running totals, and the SQL that ran.

    Columns: the keys and their ranks, `value, n, weight, n_known, upto, total, total2`, sorted by group and value.
    """
    lines = [f"{value} AS value", f"{'w0' if view.weighted else '1'} AS weight"]
    table, text = view.query(sql.fill(sql.text("counts"), value=lines, keep=[near.sql()]))
    ranks = [name for name in map(str, table) if name.startswith("rank_")]
    table = table[table["value"].notna()]
    return table.sort_values([*ranks, "value"], kind="stable", ignore_index=True), text
