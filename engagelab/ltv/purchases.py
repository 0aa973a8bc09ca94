"""A row a customer as the purchase models want it: frequency, recency, T and monetary.

Definitions: Fader, Hardie and Lee (2005, Marketing Science 24(2), 275-284). `frequency` counts repeat purchases, so
somebody who bought once has 0; `recency` is the age at the last purchase, not the time since; `T` the age at the end;
`monetary` the mean amount of the repeat purchases (Fader and Hardie 2013, note 025), NaN where there are none.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.errors import UsageError, one_of
from engagelab.ltv.fitting import HISTORY
from engagelab.privacy.ids import check_ids
from engagelab.summaries import durations, periods
from engagelab.summaries.purchases import purchases as summary


def purchases(data: Any, *, user: str, time: str, amount: str | None = None, until: object = None,
              since: object = None, every: str = "week", collapse: str = "day", tz: str | None = None,
              event: str | None = None, events: Sequence[str] | None = None) -> pd.DataFrame:
    """Of each customer: repeat purchases, age at the last one, age at the end, and mean amount of the repeat ones.

    data : what `measure()` takes, a row an order. user, time, amount : its columns of customers, stamps and amounts,
        the amounts in one currency (`el.net` makes them so, and takes refunds out of their orders).
    until : orders before it count, and the last whole day before it is the end. since : who had bought before is left
        out, as the age of such a customer is not known.
    every : the unit of recency and T: day, week, month (30.4375 days), quarter or year. No answer depends on it.
    collapse : orders of one such period are one purchase. Longer ones than a day lose purchases.
    tz, event, events : as in `measure()` and the activity room.

    With `amount`, a row is a purchase where that is above 0: a gift, a refund booked as an order of its own, and a
    voided order without an amount are none. They are counted in `.attrs["notes"]`, as are orders without a customer
    and those that were made into one purchase. Raises DataError for amounts of several currencies (`el.net` converts).

    Returns a frame with `user`, `frequency, recency, T, monetary`, sorted by customer; `.attrs["every"]` is the unit.

    >>> orders = pd.DataFrame({"who": ["a", "a", "a", "b"], "total": [10.0, 5.0, 7.0, 4.0], "at": pd.to_datetime(
    ...     ["2026-04-01 09:00", "2026-04-01 18:00", "2026-04-08 09:00", "2026-04-01 12:30"], utc=True)})
    >>> purchases(orders, user="who", time="at", amount="total", until="2026-04-16")
      who  frequency  recency   T  monetary
    0   a          1      1.0 2.0       7.0
    1   b          0      0.0 2.0       NaN
    """
    one_of("every", every, periods.EVERY)
    if user in HISTORY:
        raise UsageError("metrics.reserved", column=repr(user))
    made = summary(data, user=user, time=time, value=amount, collapse=collapse, since=since, until=until, tz=tz,
                   event=event, events=events, above_zero=amount is not None)
    table, notes = made.frame, list(made.notes)
    check_ids(pd.Index(table[user]))
    unit = durations.days("every", f"1 {every}") / durations.days("collapse", f"1 {collapse}")
    frequency = table["purchases"].to_numpy(dtype="int64") - 1
    first, last = (table[name].to_numpy(dtype="int64") for name in ("first_period", "last_period"))
    end = max(made.end, int(last.max(initial=made.end)))   # an unfinished period counts once somebody bought in it
    repeat = (table["amount"] - table["first_amount"]).to_numpy(dtype="float64", na_value=np.nan)
    if merged := int((table["orders"] - table["purchases"]).sum()):
        notes.append(words.text("purchases.merged", n=merged, every=words.text(f"label.{collapse}")))
    if made.earlier:
        notes.append(words.text("repeat.earlier", n=made.earlier))
    out = pd.DataFrame({
        user: table[user], "frequency": frequency, "recency": (last - first) / unit, "T": (end - first) / unit,
        "monetary": np.divide(repeat, frequency, out=np.full(len(table), np.nan), where=frequency > 0)})
    out.attrs = {"every": every, "notes": notes, "sql": made.sql}
    return out
