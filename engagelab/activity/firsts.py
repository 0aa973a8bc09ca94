"""First buyers: who is counted within which time, for repeat purchases, cross-sell and up-sell.

Whoever was not observed for the whole of a time is not counted in it, whether or not they have moved already: those who
moved early are seen early, so counting them would make the share too high.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.errors import UsageError
from engagelab.metrics.answer import COLUMNS, labels
from engagelab.summaries import sql
from engagelab.summaries.durations import steps
from engagelab.summaries.engine import Source
from engagelab.summaries.purchases import Purchases, purchases
from engagelab.summaries.view import Columns, View

WITHIN = ("30 days", "90 days", "180 days")
OWN = (*COLUMNS, "within", "from", "to", "categories")


@dataclass(frozen=True)
class Firsts:
    """First buyers on the engine, and the days within which their moves are looked at."""

    bought: Purchases
    windows: dict[str, int]

    @property
    def names(self) -> list[str]:
        """Our names for the labels of the caller's groups, whose own may be anything."""
        return [f"group_{i}" for i, _ in enumerate(self.bought.by, 1)]

    @property
    def ranks(self) -> list[str]:
        """The columns by which groups are sorted."""
        return [f"rank_{i}" for i, _ in enumerate(self.names, 1)]

    @property
    def counts(self) -> list[str]:
        """The columns of how many moved within each time."""
        return [f"moved_{i}" for i, _ in enumerate(self.windows)]

    def asked(self, table: Source, picked: str, keys: tuple[str, ...] = (), where: str = "") -> pd.DataFrame:
        """What is picked of each group, by label and rank, and of each value of our keys, as the engine writes it."""
        by = (*(f"by_{i}" for i, _ in enumerate(self.names, 1)), *keys)
        groups = f"\nGROUP BY {', '.join(by)}" if by else ""
        view = View(Columns(table, {name: sql.Read(name, "key") for name in table.types}), by, where=where)
        found, _ = view.query(f"SELECT /*by*/ {picked}\nFROM events{groups}")
        named = {name: labels(found, i, None, 1) for i, name in enumerate(self.names, 1)}
        values = {key: found[f"key_{i}"].astype(object) for i, key in enumerate(keys, len(self.names) + 1)}
        return found.drop(columns=list(by)).assign(**named, **values)

    def counted(self, table: Source, gap: str, *keys: str, where: str = "") -> pd.DataFrame:
        """Of each group, how many customers, how many observed for each time, and how many of them moved in it."""
        each = "DISTINCT " if keys else ""
        picked = [f"count({each}customer) AS customers"]
        for i, days in enumerate(self.windows.values()):
            observed = f"first_period <= {self.bought.end - days}"
            picked += [f"count({each}CASE WHEN {observed} THEN customer END) AS observed_{i}",
                       f"count({each}CASE WHEN {observed} AND {gap} <= {days} THEN customer END) AS moved_{i}"]
        return self.asked(table, ", ".join(picked), keys, where)

    def rows(self, metric: str, table: pd.DataFrame, *keys: str) -> pd.DataFrame:
        """A row a group and time, for `shares`."""
        parts = [table[[*self.names, *keys]].assign(
            metric=metric, within=label, count=table[f"moved_{i}"], n=table[f"observed_{i}"],
            n_missing=table["customers"] - table[f"observed_{i}"]) for i, label in enumerate(self.windows)]
        rows = pd.concat([part.reset_index(drop=True) for part in parts]).sort_index(kind="stable")
        return rows[["metric", *self.names, *keys, "within", "count", "n", "n_missing"]]


def windows_of(within: str | Sequence[str]) -> dict[str, int]:
    """How many days each duration is."""
    said = [within] if isinstance(within, str) else list(within) if isinstance(within, list | tuple) else []
    if not said or len(set(said)) < len(said):
        raise UsageError("repeat.within", value=repr(within))
    return {str(each): steps("within", each, "day") for each in said}


def bought_by(data: Any, since: object, tz: str | None, *, by: str | Sequence[str] | None, **names: Any) -> Purchases:
    """The purchases of first buyers, no group of which is called like a column of the answer."""
    groups = [by] if isinstance(by, str) else list(by or [])
    for name in groups:
        if name in OWN:
            raise UsageError("metrics.reserved", column=repr(name))
    if len(set(groups)) < len(groups):
        raise UsageError("metrics.by_twice")
    return purchases(data, since=since, tz=tz, by=by, **names)


def told(answer: pd.DataFrame, bought: Purchases, since: object) -> pd.DataFrame:
    """The answer with the SQL that ran, and what has to be said."""
    first = words.text("repeat.first_taken") if since is None else words.text("repeat.earlier", n=bought.earlier)
    answer = answer.rename(columns={f"group_{i}": name for i, name in enumerate(bought.by, 1)})
    answer.attrs = {"sql": bought.sql, "notes": [
        *bought.notes[:1], words.text("repeat.day"), words.text("repeat.observed"), *bought.notes[1:], first]}
    return answer
