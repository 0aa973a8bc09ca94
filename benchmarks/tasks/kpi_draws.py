"""A million draws through a tree of twelve leaves, ten times, beside one ufunc in place for each of its operations.

The floor is what numpy needs for the operations alone: one ufunc in place on the same draws for each.
Drawing the numbers takes ten times as long as the tree and is not in it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

TITLE = "kpi: 1 M draws through a tree of 12 leaves, 10 times"
OURS, PEER, SCAN = "drawn", "one ufunc an operation", None
TARGETS = {"cpu_ratio": 2, "wall_ratio": 2}
TEXT = """
profit  = value - cost
value   = people * ltv
people  = kept + won + back
ltv     = arpu * margin / churn
arpu    = orders * basket - fees
cost    = media * price + staff + rent
"""
OPERATIONS, SIZE, TIMES = 11, 1_000_000, 10


def data(folder: Path) -> Path:
    """Nothing is read."""
    return folder


def ours(path: Path) -> Callable[[], None]:
    """`engagelab.kpi.engine.drawn`, the root alone."""
    from engagelab.kpi.engine import drawn
    from engagelab.kpi.formula import parse

    program = parse(TEXT).program
    operations = sum(len(step.ins) - 1 for step in program.steps)
    if operations != OPERATIONS or len(program.inputs) != 12:
        raise SystemExit(f"kpi_draws: {operations} operations on {len(program.inputs)} leaves")
    made = np.random.RandomState(0).uniform(.5, 2, (12, SIZE))
    drawn(program, made[:, :1000], ["profit"])

    def run() -> None:
        for _ in range(TIMES):
            drawn(program, made, ["profit"])
    return run


def floor(path: Path) -> Callable[[], None]:
    """One addition in place for each operation, on the draws of the leaves."""
    made = np.random.RandomState(0).uniform(.5, 2, (12, SIZE))
    np.add(made[0], made[1], out=made[0])

    def run() -> None:
        for _ in range(TIMES):
            for i in range(OPERATIONS):
                np.add(made[i], made[i + 1], out=made[i])
    return run


CANDIDATES = {OURS: ours, PEER: floor}
