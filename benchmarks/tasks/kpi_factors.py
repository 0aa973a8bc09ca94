"""A product of twenty factors explained, a hundred times: the table, its intervals and the headline.

There is no peer: to list the sets of twenty factors takes a million evaluations. Five milliseconds of CPU each are the
goal.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

TITLE = "kpi: a product of 20 factors with their errors explained, 100 times"
OURS = PEER = "explain"
SCAN = None
TARGETS = {"cpu_s": .5}
FACTORS, TIMES = 20, 100


def data(folder: Path) -> Path:
    """Nothing is read."""
    return folder


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.kpi.Tree(...).explain`."""
    from engagelab.kpi.tree import Tree

    names = [f"x{i}" for i in range(FACTORS)]
    tree = Tree(f"total = {' * '.join(names)}")
    before = {name: (1 + i / 50, .01) for i, name in enumerate(names)}
    after = {name: (1 + i / 40, .01) for i, name in enumerate(names)}

    def run(times: int = TIMES) -> pd.DataFrame:
        for _ in range(times):
            found = tree.explain(before, after)
        return found.frame[["metric", "contribution"]]
    run(1)
    return run


CANDIDATES = {OURS: ours}
