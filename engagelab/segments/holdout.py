"""A random group of customers who get nothing, so that later one can say what a message brought.

How many are needed: the normal test of two shares with the pooled variance under no difference, as in
`engagelab.metrics.power`, for groups of unequal size (Fleiss, Levin and Paik, Statistical Methods for Rates and
Proportions, 2003, section 4.2.2). Who is drawn: those with the lowest hash of their id, BLAKE2b with a key (RFC 7693).
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, shown, tick
from engagelab.errors import DataError, UsageError
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import page, plain
from engagelab.metrics.power import rate_power, smallest
from engagelab.segments.one_row import ids_of
from engagelab.summaries.engine import source
from engagelab.summaries.frames import fetched, listed

ARMS = ("holdout", "message")


@dataclass(frozen=True)
class Holdout:
    """`.frame`, the table with a column `arm`; `.sizes`, a row a stratum; `.plan`, a sentence; `.notes`."""

    frame: pd.DataFrame
    sizes: pd.DataFrame
    plan: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return plain([self.sizes.rename(columns=heading)], (self.plan, *self.notes))

    def _repr_html_(self) -> str:
        return page([self.sizes.rename(columns=heading)], (self.plan, *self.notes))


def holdout(table: Any, *, user: str = "user_id", share: float | None = None, effect: float | None = None,
            baseline: float | None = None, power: float = .8, confidence: float = .95, by: str | None = None,
            seed: int = 0, salt: str = "") -> Holdout:
    """The table with a column `arm`: who gets the message, and who is held out at random to compare with.

    table : a row a customer; whatever `measure()` takes.
    share : the share to hold out; or else effect and baseline : the rise (or fall, below 0) of a share that has to be
        seen, and the share without the message; then the fewest are held out with whom it is seen with `power`. With
        `share`, a `baseline` tells what can be seen.
    by : a column of strata. Within each exactly its share is held out, to the nearest customer.
    seed, salt : another one draws another group; give each campaign its own salt.

    Who is held out depends on ids alone: the order of rows changes nothing, and a larger share holds out the same
    customers and more. With `share` alone a customer keeps the arm when others join or leave, and the group has the
    share on average; with `by` or `effect` its size is exact, and those near the border may change when others join.

    Returns `Holdout`. Raises UsageError for arguments; DataError for a customer who has two rows, and where half of the
    customers are too few for the effect, with what can be seen.

    >>> table = pd.DataFrame({"user_id": range(20_000)})
    >>> found = holdout(table, effect=.02, baseline=.10)
    >>> found.frame["arm"].value_counts().to_dict()
    {'message': 17790, 'holdout': 2210}
    >>> found.plan
    '2,210 of 20,000 customers (11.1%) are held out. From 10%, an effect of +2.0 pp is seen with a chance of 80% ...'
    """
    _checked(share, effect, baseline, power, confidence, seed, salt)
    names = list(table.columns) if isinstance(table, pd.DataFrame) else list(source(table).types)
    if "arm" in names:
        raise UsageError("holdout.arm")
    rows = fetched(table, [*names, user, *(listed("by", [by]) if by is not None else [])])
    n = len(rows)
    if n < 4:
        raise DataError("holdout.few", n=n)
    ids = ids_of(rows[user], user)
    wanted = share if share is not None else _share(n, effect or 0, baseline or 0, power, confidence)
    hashes = _hashes(ids, seed, salt)
    missing = words.text("metrics.missing")
    strata = pd.Series(words.text("metrics.all"), index=rows.index) if by is None else rows[by].astype("object").where(
        rows[by].notna(), missing).astype("str")
    stays = by is None and effect is None
    out = hashes < wanted if stays else _lowest(hashes, strata, wanted)
    frame = rows[names].assign(arm=pd.Series(np.where(out, *ARMS), index=rows.index, dtype="str"))
    sizes = frame.groupby([strata.rename(by or "stratum"), "arm"]).size().unstack(fill_value=0).reindex(
        columns=ARMS, fill_value=0).rename_axis(columns=None).reset_index()
    drawn = int(out.sum())
    plan = _plan(drawn, n, effect, baseline, power, confidence)
    notes = [words.text("holdout.kept" if stays else "holdout.exact")]
    empty = int((sizes["holdout"] == 0).sum())
    if by and empty:
        notes.append(words.text("holdout.empty", n=empty))
    return Holdout(frame, sizes, plan, tuple(notes))


def _checked(share: float | None, effect: float | None, baseline: float | None, power: float, confidence: float,
             seed: int, salt: str) -> None:
    z_value(confidence)
    if (share is None) == (effect is None) or (effect is not None and baseline is None):
        raise UsageError("holdout.either")
    for name, value, low, high in (("share", share, 0, .5), ("baseline", baseline, 0, 1), ("power", power, .5, 1),
                                   ("effect", effect, -1, 1)):
        fits = isinstance(value, int | float) and low < value and (value <= high if name == "share" else value < high)
        if value is not None and not fits:
            raise UsageError("holdout.between", name=name, low=low, high=high, value=repr(value))
    if not isinstance(seed, int) or isinstance(seed, bool) or not isinstance(salt, str):
        raise UsageError("holdout.seed", seed=repr(seed), salt=repr(salt))


def _share(n: int, effect: float, baseline: float, power: float, confidence: float) -> float:
    """The smallest share of `n` customers with whom the effect is seen."""
    low, high = 1, n // 2
    if rate_power(baseline, effect, high, others=n - high, confidence=confidence) < power:
        least = _seen(high, n, baseline, power, confidence, -1 if effect < 0 else 1)
        raise DataError("holdout.too_few", n=n, effect=shown(effect, "share", signed=True),
                        base=tick(baseline, "share"), power=tick(power, "share"),
                        least=shown(least, "share", signed=True))
    while high - low > 1:
        middle = (low + high) // 2
        enough = rate_power(baseline, effect, middle, others=n - middle, confidence=confidence) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high / n


def _seen(held: int, n: int, baseline: float, power: float, confidence: float, sign: int = 1) -> float:
    """The smallest effect in that direction that so many of `n` show; NaN where none does."""
    def enough(effect: float) -> bool:
        return rate_power(baseline, sign * effect, held, others=n - held, confidence=confidence) >= power

    most = (1 - baseline if sign > 0 else baseline) * (1 - 1e-9)
    return sign * smallest(enough, most) if held >= 2 and n - held >= 2 and enough(most) else math.nan


def _hashes(ids: pd.Series, seed: int, salt: str) -> np.ndarray:
    """A number from 0 to 1 for each id, that the seed and the salt decide."""
    key = hashlib.blake2b(f"{seed}\n{salt}".encode(), digest_size=32).digest()
    return np.array([int.from_bytes(hashlib.blake2b(one.encode(), key=key, digest_size=8).digest())
                     for one in ids], dtype="float64") / 2.0**64


def _lowest(hashes: np.ndarray, strata: pd.Series, share: float) -> np.ndarray:
    """Who has the lowest hashes of the stratum, as many as the share makes, rounded half up."""
    groups = pd.Series(hashes).groupby(strata.to_numpy())
    return (groups.rank(method="first") <= np.floor(share * groups.transform("size") + .5)).to_numpy()


def _plan(drawn: int, n: int, effect: float | None, baseline: float | None, power: float, confidence: float) -> str:
    """What was drawn and what can be seen with it."""
    said = words.text("holdout.plan", drawn=drawn, n=n, share=shown(drawn / n, "share"))
    if baseline is None:
        return said + words.text("holdout.no_baseline")
    least = _seen(drawn, n, baseline, power, confidence, -1 if effect is not None and effect < 0 else 1)
    return said + words.text("holdout.seen" if least == least else "holdout.unseen", base=tick(baseline, "share"),
                             least=shown(least, "share", signed=True), power=tick(power, "share"),
                             confidence=tick(confidence, "share"))
