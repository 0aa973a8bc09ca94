"""The BG/NBD model of a million customers whose purchases are known by the day.

lifetimes is given the rows as they are; and, to be fair, once more after equal histories were counted with a groupby
and handed over as weights, which its users have to think of themselves. Ours does so by itself. Compared is the
log-likelihood of what each candidate found, computed by the same plain formula.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.tasks.bgnbd_fit import answer

TITLE = "ltv: BG/NBD fitted to 1 M customers, by day"
OURS, PEER, GROUPED, SCAN = "BGNBD", "lifetimes", "lifetimes after groupby", None
TARGETS = {"cpu_ratio": 1 / 30, "wall_ratio": 1 / 30, f"cpu_ratio / {GROUPED}": 1 / 2}
NEEDS = {PEER: "lifetimes", GROUPED: "lifetimes"}
ROUNDS = 3  # a minute each
COLUMNS = ["frequency", "recency", "T"]


def data(folder: Path, n: int = 1_000_000) -> Path:
    """Customers as the model with the parameters of CDNOW draws them, in days, the same every time."""
    path = folder / f"bgnbd_{n}.npy"
    if not path.exists():
        random = np.random.RandomState(4)
        age = random.randint(27 * 7, 39 * 7, n)
        leaves = random.geometric(np.maximum(random.beta(.793, 2.426, n), 1e-9))
        could = random.poisson(random.gamma(.243, 1 / (7 * 4.414), n) * age)
        frequency = np.minimum(could, leaves)
        place = random.beta(np.maximum(frequency, 1), could - frequency + 1)
        last = np.where(frequency > 0, np.maximum(np.ceil(place * age), frequency), 0)
        np.save(path, np.column_stack([frequency, np.minimum(last, age), age]))
    return path


def rows(path: Path) -> pd.DataFrame:
    """The table of customers."""
    return pd.DataFrame(np.load(path), columns=COLUMNS)


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.ltv.BGNBD().fit`."""
    from engagelab.ltv.bgnbd import BGNBD

    who = rows(path)
    BGNBD().fit(who[:1000], every="day")

    def run() -> pd.DataFrame:
        return answer(BGNBD().fit(who, every="day").params, who)[:1]
    return run


def theirs(path: Path) -> Callable[[], pd.DataFrame]:
    """`lifetimes.BetaGeoFitter().fit` of every row."""
    from lifetimes import BetaGeoFitter

    who = rows(path)

    def run(part: pd.DataFrame = who) -> pd.DataFrame:
        return answer(BetaGeoFitter().fit(part["frequency"], part["recency"], part["T"]).params_, who)[:1]
    run(who[:1000])
    return run


def grouped(path: Path) -> Callable[[], pd.DataFrame]:
    """The same of every history, with the number of its customers as a weight."""
    from lifetimes import BetaGeoFitter

    who = rows(path)

    def run(part: pd.DataFrame = who) -> pd.DataFrame:
        each = part.groupby(COLUMNS).size().rename("weight").reset_index()
        return answer(BetaGeoFitter().fit(
            each["frequency"], each["recency"], each["T"], weights=each["weight"]).params_, who)[:1]
    run(who[:1000])
    return run


CANDIDATES = {OURS: ours, PEER: theirs, GROUPED: grouped}
