"""The test of a new service at the till, drawn by shop: twelve of 24 shops have it from February 2026 on.

It changes nothing. But the customers of some shops order more than those of others, as they always
did, so twelve shops against twelve differ by more than so many customers drawn one by one would.
"""

import numpy as np
import pandas as pd

from engagelab.sample.dates import utc
from engagelab.sample.draws import Floats, Stream
from engagelab.sample.people import SHOPS, People

EXPERIMENT, CONTROL, TREATED = "service_test", "usual", "new_service"
DRAWN = np.datetime64("2026-02-01T00:00:00")
DAYS = 90
# The shop whose customers order least often, and most often, as a multiple of the mean.
PULL = (.5, 1.5)


def shop_pull(everyone: People, seed: int) -> Floats:
    """How often each customer orders because of the shop, as a multiple of the mean of all customers."""
    pull = np.linspace(*PULL, SHOPS)[Stream(seed, "pull of shops").some(SHOPS, SHOPS)][_number(everyone)]
    return pull / pull.mean()


def service_assignments(everyone: People, seed: int) -> pd.DataFrame:
    """The rows of the table of assignments: the customers there were, by their shop."""
    treated = np.zeros(SHOPS, dtype=bool)
    treated[Stream(seed, "service test").some(SHOPS, SHOPS // 2)] = True
    there = everyone.joined < DRAWN
    return pd.DataFrame({
        "experiment": EXPERIMENT, "user_id": everyone.user_id[there],
        "arm": np.where(treated[_number(everyone)[there]], TREATED, CONTROL),
        "assigned_at": utc(np.full(there.sum(), DRAWN)), "cluster": everyone.shop[there]})


def _number(everyone: People) -> np.ndarray:
    """The place of each customer's shop, from 0."""
    return np.array([int(shop[1:]) - 1 for shop in everyone.shop])
