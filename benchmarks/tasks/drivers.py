"""Shares of what ten drivers explain, with a thousand bootstraps of 5,000 answers, against a loop around pingouin.

A thousand fits of the peer would take long, so it is timed on twenty: the whole table and nineteen draws. A ratio of
2.5 beside them is one of 1 / 20 beside a thousand. Compared are the shares and R squared of the whole table.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

TITLE = "drivers: Shapley shares of 10 drivers, 5,000 rows, 1,000 bootstraps (peer: 20 fits)"
OURS, PEER, SCAN = "drivers", "pingouin relimp", None
TARGETS = {"cpu_ratio": 2.5, "wall_ratio": 2.5}
NEEDS = {PEER: "pingouin"}
DRIVERS = [f"q{i}" for i in range(10)]
FITS = 20


def data(folder: Path, rows: int = 5000) -> Path:
    """Answers from 0 to 10 that go together, the same every time."""
    path = folder / f"drivers_{rows}.csv"
    if not path.exists():
        random = np.random.RandomState(5)
        own, shared = random.normal(size=(rows, 10)), random.normal(size=(rows, 1))
        answers = np.clip(np.round(6 + 1.4 * own + shared), 0, 10)
        outcome = np.clip(np.round(answers @ np.linspace(0, .2, 10) + 1.5 * random.normal(size=rows)), 0, 10)
        pd.DataFrame(answers, columns=DRIVERS).assign(outcome=outcome).to_csv(path, index=False, lineterminator="\n")
    return path


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.surveys.drivers`, after a small call has loaded what is loaded at first use."""
    from engagelab.surveys import drivers

    answers = pd.read_csv(path)

    def run(draws: int = 1000) -> pd.DataFrame:
        found = drivers(answers, "outcome", DRIVERS, draws=draws).frame.set_index("driver").loc[DRIVERS]
        return pd.DataFrame({"driver": DRIVERS, "share": found["of_variance"].to_numpy(),
                             "of_explained": found["estimate"].to_numpy()})
    run(100)
    return run


def theirs(path: Path) -> Callable[[], pd.DataFrame]:
    """`pingouin.linear_regression(..., relimp=True)` of the table, and of rows drawn with replacement."""
    import pingouin

    answers, random = pd.read_csv(path), np.random.RandomState(0)

    def fit(rows: pd.DataFrame) -> pd.DataFrame:
        return pingouin.linear_regression(rows[DRIVERS], rows["outcome"], relimp=True)

    def run() -> pd.DataFrame:
        found = fit(answers).set_index("names").loc[DRIVERS]
        drawn = [fit(answers.iloc[random.randint(0, len(answers), len(answers))])["relimp_perc"]
                 for _ in range(FITS - 1)]
        np.percentile(drawn, [2.5, 97.5], axis=0)
        return pd.DataFrame({"driver": DRIVERS, "share": found["relimp"].to_numpy(),
                             "of_explained": found["relimp_perc"].to_numpy() / 100})
    fit(answers[:100])
    return run


CANDIDATES = {OURS: ours, PEER: theirs}
