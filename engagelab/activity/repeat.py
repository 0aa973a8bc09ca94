"""Who buys again, and how long it takes.

The share of all who ever bought a second time is too low, for the newest have had no time; the mean time of those who
have bought again is too short, for the slow ones are still to come. So a rate is of those who were observed for all of
a given time, and the time is that of Kaplan and Meier (1958), in which whoever has not bought again is waiting.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from engagelab import words
from engagelab.activity.firsts import WITHIN, Firsts, bought_by, told, windows_of
from engagelab.metrics.shares import shares
from engagelab.metrics.survival import median_duration
from engagelab.summaries.purchases import Purchases


def repeat(data: Any, *, user: str, time: str, within: str | Sequence[str] = WITHIN, since: object = None,
           until: object = None, tz: str | None = None, by: str | Sequence[str] | None = None,
           event: str | None = None, events: Sequence[str] | None = None, confidence: float = .95) -> pd.DataFrame:
    """How many first buyers buy again, and how long it takes them.

    data : what `measure()` takes, a row an order. user, time : its columns of customers and stamps.
    within : durations of whole days; the day of the first purchase is day 0.
    since : who bought before is no first buyer, and is left out and counted. until : when observation ended.
    tz : zone of the days, UTC unless said.
    by : columns of groups, as at the first purchase.
    event, events : a column and those of its values that are purchases: names of events, or states of orders.

    Returns the columns of `measure()` with `within`: `second_purchase_rate` with Wilson's interval, `count` of `n`
    first buyers observed that long, `n_missing` those who are not yet; and `days_to_second_purchase`, the median,
    flagged where half have not bought again by the end.

    >>> orders = pd.DataFrame({"who": ["a", "a", "b", "c", "c", "d"], "at": pd.to_datetime(
    ...     ["2026-04-01", "2026-04-11", "2026-04-02", "2026-04-03", "2026-06-30", "2026-06-20"], utc=True)})
    >>> repeat(orders, user="who", time="at", within=["30 days", "60 days"])[
    ...     ["metric", "within", "estimate", "count", "n", "n_missing"]].round(2)
                        metric   within  estimate  count  n  n_missing
    0     second_purchase_rate  30 days      0.33    1.0  3          1
    1     second_purchase_rate  60 days      0.33    1.0  3          1
    2  days_to_second_purchase              88.00    2.0  4          0
    """
    windows = windows_of(within)
    bought = bought_by(data, since, tz, user=user, time=time, until=until, by=by, event=event, events=events)
    firsts = Firsts(bought, windows)
    rates = firsts.rows("second_purchase_rate", firsts.counted(bought.source, "second_period - first_period"))
    answer = pd.concat([shares(rates, confidence=confidence), _waiting(bought, confidence)], ignore_index=True)
    return told(answer, bought, since)


def _waiting(bought: Purchases, confidence: float) -> pd.DataFrame:
    """The median time to the second purchase, in days; who has not bought again by the end is still waiting."""
    keys = [f"by_{i}" for i, _ in enumerate(bought.by, 1)]
    again = f"second_period <= {bought.end}"
    days = (f"CASE WHEN {again} THEN second_period - first_period WHEN first_period > {bought.end} THEN 0 "
            f"ELSE {bought.end} - first_period END")
    picked = [*keys, f"CAST({days} AS DOUBLE) AS days", f"CASE WHEN {again} THEN 1 ELSE 0 END AS again"]
    waits = bought.source.keep(f"SELECT {', '.join(picked)}\nFROM {bought.source.table}", [])
    table = median_duration(waits, duration="days", ended="again", by=keys, confidence=confidence)
    table = table.rename(columns={key: f"group_{i}" for i, key in enumerate(keys, 1)}).assign(
        metric="days_to_second_purchase", method=words.text("repeat.method_median"))
    table.insert(1 + len(keys), "within", "")
    return table.astype(dict.fromkeys(("metric", "within", "method"), "str"))
