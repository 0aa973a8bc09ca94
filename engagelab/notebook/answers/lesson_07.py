"""The answers of lesson 07, counted in pandas: months that were paid, who left, and what each who was drawn brought."""

from collections.abc import Callable

import pandas as pd

from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.periods import Periods, periods
from engagelab.notebook.profit import profit_tree
from engagelab.sources.folder import Folder


def _months(company: Folder, when: Periods) -> pd.DataFrame:
    """A row for each subscription and month of both periods in which it ran: the fee if it ran to the end."""
    held, (first, last), rows = company["subscriptions"], when.bounds, []
    for month in pd.period_range(first, pd.Timestamp(last) - pd.Timedelta("1 day"), freq="M"):
        start, end = ((month + n).start_time.tz_localize(when.tz) for n in (0, 1))
        there = held[held["opened_at"].lt(end) & ~held["closed_at"].lt(start)]
        closed = there["closed_at"].lt(end)
        fee = there["amount"].mask(there["repriced_at"].ge(end), there["former_amount"]).mask(closed)
        period = when.label(pd.Series([start])).iloc[0]
        rows.append(there[["plan"]].assign(period=period, fee=fee, closed=closed, ran=there["opened_at"].lt(start)))
    return pd.concat(rows)


def _dearer(months: pd.DataFrame, when: Periods) -> tuple[str, float]:
    """The plan whose fee changed most, and how many times the former fee the new one is."""
    fees = months.groupby(["plan", "period"])["fee"].mean().unstack()
    ratios = fees[when.now] / fees[when.before]
    plan = str((ratios - 1).abs().idxmax())
    return plan, float(ratios[plan])


def brought_by_the_fee(company: Folder) -> Answer:
    """What dearer subscriptions brought: the change of the fee at the mean of the months; naive, that of all profit."""
    when = periods(company)
    paid = _months(company, when).groupby("period")["fee"].agg(["mean", "count"])
    (fee, months), (fee_before, months_before) = (paid.loc[name].to_numpy(float) for name in (when.now, when.before))
    gain = company.settings.value.margin * (fee - fee_before) * (months + months_before) / 2
    profit = profit_tree(company, when)
    ends = [] if profit is None else [profit.values[name].frame["estimate"].iloc[0] for name in (when.before, when.now)]
    return Answer(float(gain), ends[1] - ends[0] if ends else None, within=.5)


def may_leave(company: Folder) -> Answer:
    """How many times as many may leave: fee * margin / churn stays where churn grows as the fee does; naive, 1."""
    when = periods(company)
    return Answer(_dearer(_months(company, when), when)[1], 1, within=.0051)


def left(company: Folder) -> Answer:
    """The churn of the dearer plan, of those that ran at the start of a month, in both periods; naive, of all plans."""
    when = periods(company)
    months = _months(company, when)
    ran = months[months["ran"]]
    dearer, everyone = (rows.groupby("period")["closed"].mean() for rows in (
        ran[ran["plan"] == _dearer(months, when)[0]], ran))
    return Answer(dearer, everyone, within=.0001)


def brought_by_the_offer(company: Folder) -> Answer:
    """The profit a head of those offered it less that of the others; naive, the profit a head of those offered it."""
    asked, orders, items = company.settings.experiment, company["orders"], company["order_items"]
    drawn = company["assignments"].query("experiment == @asked.name")
    cost = (items["quantity"] * items["cost"]).groupby(items["order_id"]).sum()
    left = orders["subtotal"] - orders["refunded"].fillna(0) - orders["points"].fillna(0) - orders["order_id"].map(cost)
    bought = orders.assign(left=left)[~orders["status"].isin(["voided", "cancelled", "canceled"])]
    pairs = drawn.merge(bought[["user_id", "ordered_at", "left"]], on="user_id")
    since = pairs["ordered_at"] - pairs["assigned_at"]
    inside = pairs[since.ge(pd.Timedelta(0)) & since.lt(pd.Timedelta(asked.within))]
    heads = drawn["user_id"].map(inside.groupby("user_id")["left"].sum()).fillna(0.0)
    means = heads.groupby(drawn["arm"].eq(asked.control)).mean()
    return Answer(float(means[False] - means[True]), float(means[False]), within=.005)


EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    "07.1": brought_by_the_fee, "07.2": may_leave, "07.3": left, "07.4": brought_by_the_offer}
