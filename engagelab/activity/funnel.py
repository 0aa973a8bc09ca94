"""Funnels: how many of those who take the first step come to the next ones in time, and how long it takes them.

Definitions as in product analytics: the window runs from the first step, and any of a user's starts may lead through
(`engagelab.summaries.paths`). Who started too late to be observed for the whole window is left out, whether or not
converted: to keep only the quick among the late would raise the rate.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.activity.log import read_log
from engagelab.errors import DataError
from engagelab.metrics.answer import grouping, labels
from engagelab.metrics.nouns import Quantile
from engagelab.metrics.quantiles import quantiles
from engagelab.metrics.shares import answered, shares
from engagelab.summaries import sql
from engagelab.summaries.engine import Source
from engagelab.summaries.paths import arrivals, named_steps
from engagelab.summaries.view import Columns, View, occurring

COUNT = "SELECT\n    /*by*/\n    count(*) AS n\nFROM events\nGROUP BY /*by*/ ()"
METRICS = ("funnel", "step", "time_to_step")


def funnel(data: Any, steps: Sequence[str] | Mapping[str, str | Sequence[str]], *, user: str, time: str, event: str,
           within: str = "7 days", order: str = "loose", since: object = None, until: object = None,
           tz: str | None = None, by: str | Sequence[str] | None = None, events: Sequence[str] | None = None,
           confidence: float = .95) -> pd.DataFrame:
    """How many users come from the first step to each of the others within a time, and how long it takes.

    data : what `measure()` takes. user, time, event : its columns of users, stamps and names of events.
    steps : names of events in their order; or labels with the name, or the names, of their events. An event can be
        several steps (a second order).
    within : the time allowed for all steps, from the first. Users count by the starts that were observed for all of it.
    order : "loose", other events may come between; "strict", the user's next event must be the next step; "any", the
        steps in any order, so that the rows say how many of them were done. At one moment the steps come in their
        order, before other events, and two of the same step are one.
    since, until : from when to when the events were observed; the log's own range where nothing is said. tz : zone of
        these two.
    by : columns of groups, as in the row of a user's first start.
    events : the only events beside the steps that can come between, where that is forbidden.

    Returns the columns of `measure()` with `step`: `funnel`, the share of those who took the first step, and `step`, of
    those who took the step before, with Wilson's interval; `time_to_step`, the median minutes from the latest start to
    the first arrival, of those who came. `n_missing` users started too late to be counted.

    >>> log = pd.DataFrame({"user": ["a", "a", "a", "b", "b", "c", "d"],
    ...     "event": ["view", "help", "buy", "buy", "view", "view", "view"], "at": pd.to_datetime([
    ...     "2026-04-01 10:00", "2026-04-01 10:05", "2026-04-01 10:30", "2026-04-01 09:00", "2026-04-02 09:00",
    ...     "2026-04-03 09:00", "2026-04-30 09:00"])})
    >>> found = funnel(log, ["view", "buy"], user="user", time="at", event="event", until="2026-05-01")
    >>> found[["metric", "step", "estimate", "count", "n", "n_missing"]].round(3)
             metric  step  estimate  count  n  n_missing
    0        funnel  view     1.000    3.0  3          1
    1        funnel   buy     0.333    1.0  3          1
    2          step   buy     0.333    1.0  3          1
    3  time_to_step   buy    30.000    1.0  1          1
    >>> for order in ("strict", "any"):   # a asked for help in between; b bought before
    ...     found = funnel(log, ["view", "buy"], user="user", time="at", event="event", until="2026-05-01", order=order)
    ...     print(order, found["step"][1], found["count"][1])
    strict buy 0.0
    any 2 of 2 steps 2.0
    """
    names, wanted = grouping(by, "step"), named_steps(steps)
    keys = {f"by_{i}": name for i, name in enumerate(names, 1)}
    asked = [name for step in wanted.values() for name in step]
    log = read_log(data, user=user, time=time, event=event, keys=keys, since=since, until=until, tz=tz,
                   events=events if not events or isinstance(events, str) else [*events, *asked])
    view = replace(log.view, by=tuple(keys))
    kept, text = arrivals(view, wanted, within=within, order=order, after=log.span.after)
    table = _counted(kept, names, confidence)
    doubtful = [name for k, step in enumerate(wanted.values(), 1) for name in step
                if len(step) > 1 or k not in set(table["step"])]
    if doubtful:
        occurring(view.columns.source, event, doubtful)
    if names and table.empty:
        raise DataError("paths.no_start")
    titles = [words.text("paths.any_step", k=k, n=len(wanted)) for k in range(1, len(wanted) + 1)]
    answer = _answer(table, names, titles if order == "any" else list(wanted), confidence)
    late = int(table.loc[table["step"] == 0, "n"].sum())
    said = [words.text("paths.note_late", n=late, within=within)] * bool(late)
    answer.attrs = {"sql": text, "notes": [*log.notes, *said]}
    return answer


def _counted(kept: Source, names: Sequence[str], confidence: float) -> pd.DataFrame:
    """Of each group and step: how many came to it, and the median of their minutes with its interval."""
    keys = (*(f"by_{i}" for i, _ in enumerate(names, 1)), "step")
    view = View(Columns(kept, {key: sql.Read(key, "key") for key in keys}), keys)
    found, _ = view.query(COUNT)
    later = replace(view, where="step >= 2")
    places, _ = later.query(COUNT)
    medians, _ = quantiles(later, Quantile("minutes", .5), places, confidence)
    for i, name in enumerate(names, 1):
        found[name] = labels(found, i, None, 1)
    told = [f"key_{i}" for i, _ in enumerate(keys, 1)]
    places = places[told].assign(estimate=medians.estimate, low=medians.low, high=medians.high)
    return found.merge(places, how="left", on=told).assign(step=found["step"].astype("int64"))


def _answer(table: pd.DataFrame, names: Sequence[str], titles: Sequence[str], confidence: float) -> pd.DataFrame:
    """The rows of all groups, metric by metric."""
    groups = [group for _, group in table.groupby([f"rank_{i}" for i, _ in enumerate(names, 1)], sort=True)] if names \
        else [table]
    rows = pd.DataFrame([row for group in groups for row in _rows(group, names, titles)])
    rows = rows.sort_values("metric", key=lambda metric: metric.map(METRICS.index), kind="stable", ignore_index=True)
    timed = rows["metric"] == "time_to_step"
    minutes = ["estimate", "low", "high"]
    reached = shares(rows[~timed].drop(columns=minutes), confidence=confidence)
    medians, nothing = rows[timed], np.full(int(timed.sum()), np.nan)
    flag = ["" if known else words.text("metrics.flag_empty" if n == 0 else "metrics.flag_no_interval")
            for known, n in zip(medians["low"].notna(), medians["n"], strict=True)]
    times = answered(medians, {name: medians[name] for name in minutes} | {
        "se": nothing, "count": medians["count"].astype("float64"), "n": medians["n"],
        "n_eff": medians["n"].astype("float64"), "method": words.text("paths.method_time")}, flag=flag)
    return pd.concat([reached, times], ignore_index=True)


def _rows(group: pd.DataFrame, names: Sequence[str], titles: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The counts of one group, a row a metric and step."""
    found = group.set_index("step")
    n = found["n"].reindex(range(len(titles) + 1), fill_value=0)
    own = {name: group[name].iloc[0] for name in names}
    for k, title in enumerate(titles, 1):
        row: dict[str, Any] = {"metric": "funnel", **own, "step": title, "count": n[k], "n": n[1], "n_missing": n[0]}
        yield row
        if k > 1:
            yield row | {"metric": "step", "n": n[k - 1]}
            median = found[["estimate", "low", "high"]].reindex([k]).iloc[0]
            yield {**row, "metric": "time_to_step", "n": n[k], **median}
