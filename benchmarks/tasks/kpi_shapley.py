"""Eight factors of a product: a thousand explanations of ours beside one of metric-breakdown, which lists the sets.

Both give Shapley's value; the numbers are compared. A ratio of 1 here is one of 1 / 1,000.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

TITLE = "kpi: shares of 8 factors, 1,000 times (peer: once)"
OURS, PEER, SCAN = "contributions", "metric-breakdown", None
TARGETS = {"cpu_ratio": 1, "wall_ratio": 1}
NEEDS = {PEER: "metric-breakdown"}
NAMES = [f"x{i}" for i in range(8)]
FORMULA = " * ".join(NAMES)
BEFORE = {name: 2 + i / 7 for i, name in enumerate(NAMES)}
AFTER = {name: 2.3 + i / 9 for i, name in enumerate(NAMES)}


def data(folder: Path) -> Path:
    """Nothing is read."""
    return folder


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """The contributions of a tree's nodes."""
    from engagelab.kpi.attribution import contributions
    from engagelab.kpi.formula import parse

    structure = parse(f"total = {FORMULA}")
    ends = [end[name] for end in (BEFORE, AFTER) for name in structure.program.inputs]

    def run(times: int = 1000) -> pd.DataFrame:
        for _ in range(times):
            nodes, _ = contributions(structure, ends)
        found = dict(zip(structure.nodes, nodes, strict=True))
        return pd.DataFrame({"name": NAMES, "value": [float(found[name]) for name in NAMES]})
    run(1)
    return run


def theirs(path: Path) -> Callable[[], pd.DataFrame]:
    """`breakdown.engine.model.compute_shapley`."""
    from breakdown.engine.model import compute_shapley

    compute_shapley("x0 * x1", NAMES[:2], BEFORE, AFTER)

    def run() -> pd.DataFrame:
        found = compute_shapley(FORMULA, NAMES, BEFORE, AFTER)
        return pd.DataFrame({"name": NAMES, "value": [float(found[name]) for name in NAMES]})
    return run


CANDIDATES = {OURS: ours, PEER: theirs}
