"""Which campaigns to pay for: ranked by net value and by the chance of a loss, and the best set under a budget.

Net values are normal and independent, so that the chance of a loss and the expected shortfall (Rockafellar and Uryasev
2000, Journal of Risk 2(3), 21-41) are exact, and nothing has to be drawn. The best set is the 0/1 knapsack's, solved
exactly by listing the sets that no other beats in both cost and net value (Nemhauser and Ullmann 1969, Management
Science 15, 494-505), in decimal numbers, so that costs of .1 and .2 do fit a budget of .3. What is taken off the best
of several for its luck follows `engagelab.metrics.winner`. Intervals are those of 95 %.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import interval, shown
from engagelab.errors import DataError, UsageError, column_of, one_of
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import page, plain, rounded
from engagelab.metrics.winner import best
from engagelab.plots.portfolio import portfolio as picture
from engagelab.roi.formulas import known
from engagelab.roi.returns import RUNGS, Return, odds

Z = z_value(.95)
WORST = .05      # of all cases, whose mean is the expected shortfall
MOST = 100_000   # sets that no other beats, beyond which the search would not end
SHOWN = ("campaign", "group", "net_value", "interval", "shortfall", "cost", "efficiency", "chance_of_loss", "rung",
         "chosen")
COLUMNS = ["metric", "campaign", "group", "estimate", "low", "high", "se", "cost", "efficiency", "chance_of_loss",
           "shortfall", "rank", "rank_by_loss", "chosen", "cumulative_cost", "rung", "method", "flag"]


@dataclass(frozen=True)
class Portfolio:
    """Campaigns ranked and chosen: `.frame`, `.say()`, `.notes`, `.plot()`; `unit` is for display."""

    frame: pd.DataFrame
    said: tuple[str, ...]
    notes: tuple[str, ...]
    unit: str

    def say(self) -> list[str]:
        """What to pay for, what that brings, and what the next money goes to."""
        return list(self.said)

    def cells(self) -> pd.DataFrame:
        """The table as it is looked at."""
        rows = self.frame
        told = rows.assign(net_value=rows["estimate"], efficiency=rows["efficiency"].map(shown),
                           chance_of_loss=rows["chance_of_loss"].map(odds),
                           rung=[words.text(f"rung.{rung}") for rung in rows["rung"]],
                           chosen=np.where(rows["chosen"], words.text("portfolio.chosen"), ""))
        return rounded(told, [name for name in SHOWN if name == "interval" or name in told], self.unit)

    def __repr__(self) -> str:
        return plain([self.cells()], (*self.said, *self.notes))

    def _repr_html_(self) -> str:
        return page([], self.said) + page([self.cells()], self.notes)

    def plot(self, *, title: str = "", ax: Any = None) -> Any:
        """Net values with intervals, what is chosen and what that costs together."""
        return picture(self.frame, unit=self.unit, title=title, ax=ax)


def portfolio(campaigns: pd.DataFrame | Mapping[str, Return], budget: float | None = None, *, unit: str = "number"
              ) -> Portfolio:
    """Rank campaigns by what they bring, and choose those that bring most together within a budget.

    campaigns : returns by name; or a table with `campaign`, `cost` and `net_value` with its `se`, or instead of these
        `effect`, `se`, `reach` and `value`. Optional columns: `group`, of which at most one campaign is chosen; `rung`,
        what the effect rests on; `flag`, why a campaign must not be chosen.
    budget : what all chosen ones may cost together; without one, all that pay are chosen. unit : such as "JPY"; by
        default that of the returns, which have to be in one, or the currency in a column of that name.

    `.frame` has a row a campaign, the best first: `estimate, low, high, se` of the net value, `cost, efficiency` (net
    value / cost), `chance_of_loss`, `shortfall` (the mean of the worst 5 % of cases), `rank`, `rank_by_loss`, `chosen`,
    `cumulative_cost` of the chosen ones. Raises UsageError and DataError.

    >>> table = pd.DataFrame({"campaign": ["mail", "shop", "app"], "cost": [300, 700, 600],
    ...                       "net_value": [120, 250, 180], "se": [40, 160, 90]})
    >>> found = portfolio(table, budget=1_000)
    >>> found.frame[["campaign", "chance_of_loss", "chosen", "cumulative_cost"]].round(3).values.tolist()
    [['shop', 0.059, True, 700.0], ['app', 0.023, False, nan], ['mail', 0.001, True, 1000.0]]
    >>> found.say()[1]
    'The next money goes to app: it takes 600.00 more.'
    """
    limit = None if budget is None else known("budget", budget, "amount")[0]
    table = _read(campaigns).sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    unit = _unit(campaigns, unit)
    net, se, cost = (table[name].to_numpy("float64") for name in ("estimate", "se", "cost"))
    with np.errstate(divide="ignore", invalid="ignore"):
        efficiency = np.where(cost > 0, net / cost, np.nan)
        loss = pd.Series([NormalDist().cdf(-ratio) if ratio == ratio else 0.0 for ratio in net / se])
    places, tied = _best(table, limit)
    chosen = table.index.isin(places)
    tail = NormalDist().pdf(NormalDist().inv_cdf(WORST)) / WORST
    reach = np.where(se > 0, Z * se, np.nan)
    frame = table.assign(metric="net_value", low=net - reach, high=net + reach, efficiency=efficiency,
                         chance_of_loss=loss, shortfall=net - tail * se, chosen=chosen,
                         rank=table["estimate"].rank(ascending=False, method="min").astype("int64"),
                         rank_by_loss=loss.rank(method="min").astype("int64"),
                         cumulative_cost=table["cost"].where(chosen).cumsum(), method=words.text("portfolio.method"))
    notes = [words.text("portfolio.independent"), *([words.text("portfolio.tied")] if tied else []),
             *_curse(frame, unit)]
    return Portfolio(frame[[name for name in COLUMNS if name in frame]], tuple(_said(frame, limit, unit)),
                     tuple(notes), unit)


def _unit(campaigns: pd.DataFrame | Mapping[str, Return], unit: str) -> str:
    """The one unit of the campaigns; a plain number is in that of the call, if that says one."""
    if isinstance(campaigns, pd.DataFrame):
        units = set(campaigns["currency"].dropna()) if "currency" in campaigns else set()
    else:
        units = {one.units["net_value"] for one in campaigns.values()}
    units = units - {"number"} | {unit} if unit != "number" else units or {unit}
    if len(units) > 1:
        raise UsageError("portfolio.units", units=words.joined(sorted(map(str, units))))
    return units.pop()


def _read(campaigns: pd.DataFrame | Mapping[str, Return]) -> pd.DataFrame:
    """`campaign, estimate, se, cost, rung, flag` and perhaps `group` of each campaign, if they can be that."""
    if not isinstance(campaigns, pd.DataFrame):
        if not isinstance(campaigns, Mapping) or not all(isinstance(one, Return) for one in campaigns.values()):
            raise UsageError("portfolio.names", names=" ".join(repr(campaigns).split())[:80])
        last = {name: one.frame.drop_duplicates("metric", keep="last").set_index("metric")
                for name, one in campaigns.items()}
        campaigns = pd.DataFrame([{**found.loc["net_value"], "campaign": name, "cost": found["estimate"]["cost"],
                                   "rung": campaigns[name].rung} for name, found in last.items()]).rename(
                                       columns={"estimate": "net_value"}).fillna({"se": 0.0})
    short = "effect" in campaigns and "net_value" not in campaigns
    for name in ("campaign", "cost", *(("effect", "reach", "value") if short else ("net_value",)), "se"):
        column_of(name, campaigns.columns)
    if campaigns.empty or campaigns["campaign"].isna().any() or campaigns["campaign"].duplicated().any():
        raise DataError("portfolio.names", names=words.joined(map(str, campaigns["campaign"]))[:80])
    rows = []
    for row in campaigns.to_dict("records"):
        name = row["campaign"]
        main = "effect" if short else "net_value"
        net, se, _ = known(f"{name}: {main}", (row[main], row["se"]))
        cost = known(f"{name}: cost", row["cost"], "amount")[0]
        if short:
            heads = math.prod(known(f"{name}: {part}", row[part], "positive")[0] for part in ("reach", "value"))
            net, se = net * heads - cost, se * heads
        rung, flag, group = (row.get(part) for part in ("rung", "flag", "group"))
        rows.append({"campaign": name, "estimate": net, "se": se, "cost": cost,
                     "rung": "assumed" if pd.isna(rung) else one_of("rung", rung, RUNGS),
                     "flag": "" if pd.isna(flag) else str(flag), "group": "" if pd.isna(group) else str(group)})
    return pd.DataFrame(rows).drop(columns=[] if "group" in campaigns else "group")


def _best(table: pd.DataFrame, limit: float | None) -> tuple[list[int], bool]:
    """The set with the highest net value within the limit, at equal value the cheapest; whether another is as good."""
    families: dict[Any, list[tuple[int, Decimal, Decimal]]] = {}
    for i, row in table[(table["estimate"] > 0) & (table["flag"] == "")].iterrows():
        families.setdefault(row.get("group") or i, []).append(
            (i, Decimal(str(row["cost"])), Decimal(str(row["estimate"]))))  # type: ignore[arg-type]
    room = None if limit is None else Decimal(str(limit))
    sets: list[tuple[Decimal, Decimal, tuple[int, ...], bool]] = [(Decimal(0), Decimal(0), (), False)]
    for family in families.values():
        more = [(spent + price, earned + value, (*places, i), tied)
                for spent, earned, places, tied in sets for i, price, value in family]
        wider = sorted([*sets, *(one for one in more if room is None or one[0] <= room)],
                       key=lambda one: (0 if room is None else one[0], -one[1], one[0]))
        sets = []
        for one in wider:
            if not sets or one[1] > sets[-1][1]:
                sets.append(one)
            elif one[:2] == sets[-1][:2]:
                sets[-1] = (*sets[-1][:3], True)
        if len(sets) > MOST:
            raise UsageError("portfolio.too_many", n=len(table))
    return list(sets[-1][2]), sets[-1][3]


def _said(frame: pd.DataFrame, limit: float | None, unit: str) -> list[str]:
    """What to pay for, and what the next money goes to."""
    taken = frame[frame["chosen"]]
    if taken.empty:
        return [words.text("portfolio.none")]
    net, se, spent = taken["estimate"].sum(), math.hypot(*taken["se"]), taken["cost"].sum()
    said = [words.text("portfolio.pay", names=words.joined(taken["campaign"]), cost=shown(spent, unit),
                       net=shown(net, unit), interval=interval(net - Z * se, net + Z * se, unit),
                       chance=odds(NormalDist().cdf(-net / se) if se else 0.0))]
    rest = frame[~frame["chosen"] & (frame["estimate"] > 0) & (frame["flag"] == "")]
    if "group" in frame:
        rest = rest[~rest["group"].isin(set(taken["group"]) - {""})]
    if limit is not None and len(rest):
        row = rest.sort_values("efficiency").iloc[-1]
        said.append(words.text("portfolio.next", name=row["campaign"], more=shown(row["cost"] + spent - limit, unit)))
    return said


def _curse(frame: pd.DataFrame, unit: str) -> list[str]:
    """What is left of the best campaign's net value once its luck is taken off, where that can be seen."""
    if len(frame) < 2 or not (frame["se"] > 0).all():
        return [words.text("portfolio.curse_unknown")] if len(frame) > 1 else []
    found = best(frame["estimate"], frame["se"])
    seen, net = shown(found.seen, unit), shown(found.estimate, unit)
    return [] if seen == net else [words.text(
        "portfolio.curse", name=frame["campaign"].iloc[found.place], seen=seen, net=net,
        interval=interval(found.low, found.high, unit))]
