"""Signals that are known only once the outcome is: they make any score look superb, and are of no use for it.

Kaufman, Rosset, Perlich and Stitelman (2012, ACM Transactions on Knowledge Discovery from Data 6, 15).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import shown
from engagelab.segments.logistic import Signal, level
from engagelab.summaries.frames import numbers

TOO_GOOD = .85     # area under the curve of one signal alone
ALIKE, HAVE, PLAIN = .95, 20, .7   # of at least 20 who have it, 95 % end as at most 70 % of all do


def leaks(one: Signal, alone: float, table: pd.DataFrame, ends: np.ndarray) -> Iterator[str]:
    """Why a signal looks as if it came after the decision; `alone` is its area under the curve.

    >>> from engagelab.segments.logistic import signal
    >>> rows, ends = pd.DataFrame({"invoice": [1, 0, 0, 0] * 25}), np.array([1.0, 0, 0, 1] * 25)
    >>> list(leaks(signal(rows, "invoice"), .75, rows, ends))
    ['yes: 25 of 25 have the outcome, against 50.0% of all']
    """
    if alone >= TOO_GOOD:
        yield words.text("leads.leak_auc", auc=f"{alone:.2f}")
    for what, has in _having(one, table):
        n, won, rate = int(has.sum()), int(ends[has].sum()), ends.mean()
        for key, count, all_ in (("have", won, rate), ("lack", n - won, 1 - rate)):
            if n >= HAVE and count >= ALIKE * n and all_ <= PLAIN:
                yield words.text(f"leads.leak_{key}", what=what, count=count, n=n, share=shown(all_, "share"))


def _having(one: Signal, table: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Those who have something that a signal tells of: a yes, any of it, a level, a known value, or none."""
    if one.has_missing:
        missing = table[one.name].isna().to_numpy()
        yield words.text("leads.known"), ~missing
        yield words.text("metrics.missing"), missing
    if one.kind == "category":
        found = one.texts(table)
        yield from ((level(part), (found == part).to_numpy()) for part in one.levels)
    else:
        values = numbers(table, [one.name])[one.name]
        if values.min() == 0:
            yield words.text("leads.is_true" if one.kind == "yes" else "leads.any"), (values > 0).to_numpy()
