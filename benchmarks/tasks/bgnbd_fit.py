"""The BG/NBD model of 2,357 customers of CDNOW, the public data that everybody tries it on, fitted twenty times.

The data are not kept here: they come from the folder that ENGAGELAB_PUBLIC_DATA names, or from the library lifetimes in
the environment of the peers. Compared are the log-likelihood of what each candidate found, computed by the same plain
formula, and its parameters to two decimals.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import betaln, gammaln

TITLE = "ltv: BG/NBD fitted to the 2,357 customers of CDNOW, 20 times"
OURS, PEER, SCAN = "BGNBD", "lifetimes", None
TARGETS = {"cpu_ratio": 1 / 20, "wall_ratio": 1 / 20}
NEEDS = {PEER: "lifetimes"}
FILE, FITS = "cdnow_customers_summary.csv", 20


def data(folder: Path) -> Path:
    """Where the summary of the customers lies."""
    peers = Path(os.environ.get("ENGAGELAB_PEERS", sys.prefix))
    places = [Path(os.environ.get("ENGAGELAB_PUBLIC_DATA", folder)) / FILE,
              *sorted(peers.glob(f"lib/python3*/site-packages/lifetimes/datasets/{FILE}"))]
    for place in places:
        if place.exists():
            return place
    raise SystemExit(f"bgnbd_fit: no {FILE}; name its folder in ENGAGELAB_PUBLIC_DATA, or install lifetimes")


def loglik(params: pd.Series, who: pd.DataFrame) -> float:
    """The log-likelihood as the paper has it (Fader, Hardie and Lee 2005, equation 6)."""
    r, alpha, a, b = params[["r", "alpha", "a", "b"]]
    x, last, age = who["frequency"], who["recency"], who["T"]
    stayed = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    again = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + last)
    left = np.where(x > 0, again, -np.inf)
    return float((gammaln(r + x) - gammaln(r) + r * np.log(alpha) + np.logaddexp(stayed, left)).sum())


def answer(params: pd.Series, who: pd.DataFrame, digits: int = 2) -> pd.DataFrame:
    """What is compared."""
    named = params[["r", "alpha", "a", "b"]].round(digits)
    return pd.DataFrame({"name": ["loglik", *named.index], "value": [loglik(params, who), *named]})


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.ltv.BGNBD().fit`."""
    from engagelab.ltv.bgnbd import BGNBD

    who = pd.read_csv(path)

    def run(fits: int = FITS) -> pd.DataFrame:
        for _ in range(fits):
            found = BGNBD().fit(who, every="week")
        return answer(found.params, who)
    run(1)
    return run


def theirs(path: Path) -> Callable[[], pd.DataFrame]:
    """`lifetimes.BetaGeoFitter().fit`."""
    from lifetimes import BetaGeoFitter

    who = pd.read_csv(path)

    def run(fits: int = FITS) -> pd.DataFrame:
        for _ in range(fits):
            found = BetaGeoFitter().fit(who["frequency"], who["recency"], who["T"])
        return answer(found.params_, who)
    run(1)
    return run


CANDIDATES = {OURS: ours, PEER: theirs}
