"""The coupon against a holdout: half of each stratum gets 500 yen off a winter set in the first days of December 2025.

Who bought most before is loyal and buys the set anyway; who bought a little is at risk, and the coupon brings
some of them back. In the fourteen days those who take part order the set or nothing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, ids, masked, rows
from engagelab.sample.dates import Stamps, utc
from engagelab.sample.draws import Flags, Stream, Whole, place
from engagelab.sample.hunters import hunters
from engagelab.sample.mail_tests import halves
from engagelab.sample.people import DAY, People
from engagelab.sample.purchases import CURRENCY, SHIPPING, tax_in

EXPERIMENT, ARMS = "coupon_holdout", ("holdout", "coupon")
DRAWN = np.datetime64("2025-12-01T06:00:00")
DAYS = 14
FREE = .25
SKU = "WS-01"


@dataclass(frozen=True)
class Participants:
    """Who takes part, by place among all customers, in which stratum (by place in plan.STRATA) and arm."""

    who: Whole
    stratum: Whole
    arm: Whole


def participants(everyone: People, orders: pd.DataFrame, seed: int) -> Participants:
    """All at home or for gifts who joined before and hunt for no coupons, by how much and how lately they bought."""
    stream = Stream(seed, "coupon holdout")
    who = np.nonzero((everyone.joined < DRAWN) & (everyone.segment != "office") & ~hunters(everyone, seed))[0]
    days = (utc(np.array([DRAWN]))[0] - orders["ordered_at"]).dt.days
    before = days[days >= 0].groupby(orders["user_id"]).agg(["size", "min"]).reindex(everyone.user_id[who]).fillna(0)
    order = np.lexsort((stream.uniform(len(who)), before["min"], -before["size"]))
    stratum = np.empty(len(who), dtype=np.int64)
    stratum[order] = place((np.arange(len(who)) + .5) / max(len(who), 1), list(plan.STRATA.values()))
    return Participants(who, stratum, halves(stream, stratum))


def assigned(everyone: People, test: Participants) -> pd.DataFrame:
    """The rows of the table of assignments."""
    return pd.DataFrame({
        "experiment": EXPERIMENT, "user_id": everyone.user_id[test.who],
        "arm": np.array(ARMS, dtype=object)[test.arm], "assigned_at": utc(np.full(len(test.who), DRAWN)),
        "stratum": np.array(list(plan.STRATA), dtype=object)[test.stratum]})


def with_sets(everyone: People, test: Participants, orders: pd.DataFrame, items: pd.DataFrame,
              seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders and items with the sets that were bought, instead of what the same people would have ordered then."""
    stream = Stream(seed, "coupon orders")
    cell = 2 * test.stratum + test.arm
    bought = stream.planted(np.array(list(plan.BUYING.values())).reshape(-1)[cell], cell, FREE)
    ordered = DRAWN + (stream.whole(0, DAYS - 1, len(cell)) * DAY + stream.whole(3600, 17 * 3600, len(cell))).astype(
        "timedelta64[s]")
    in_time = np.argsort(ordered, kind="stable")
    in_time = in_time[bought[in_time]]
    numbers = int(orders["order_id"].str.slice(1).astype("int64").max()) + 1 + np.arange(len(in_time))
    sets = _sets(everyone, test.who[in_time], ordered[in_time], test.arm[in_time] == 1, ids("#", numbers, 5))
    start, end = utc(np.array([DRAWN, DRAWN + np.timedelta64(DAYS, "D")]))
    instead = orders["user_id"].isin(everyone.user_id[test.who]) & orders["ordered_at"].between(start, end)
    kept = pd.concat([orders[~instead], sets], ignore_index=True).sort_values(
        "ordered_at", kind="stable", ignore_index=True)
    return kept, pd.concat([items[~items["order_id"].isin(orders.loc[instead, "order_id"])],
                            _lines(sets["order_id"])], ignore_index=True)


def _product() -> dict[str, str]:
    return next(row for row in rows("products.csv") if row["sku"] == SKU)


def _sets(everyone: People, who: Whole, ordered: Stamps, redeemed: Flags, order_id: Texts) -> pd.DataFrame:
    discount = np.where(redeemed, plan.COUPON_WORTH, 0)
    subtotal = int(_product()["price"]) - discount
    total = subtotal + SHIPPING
    code = np.full(len(who), plan.COUPON_CODE, dtype=object)
    return pd.DataFrame({
        "order_id": order_id, "user_id": everyone.user_id[who], "ordered_at": utc(ordered),
        "paid_at": utc(ordered + np.timedelta64(5, "m")), "cancelled_at": pd.Series(pd.NaT, range(len(who))),
        "status": "paid", "currency": CURRENCY, "tax_included": True, "subtotal": subtotal, "shipping": SHIPPING,
        "tax": tax_in(total), "discount": discount, "points": 0, "total": total, "refunded": 0,
        "coupon": masked(code, redeemed), "channel": "web", "consent_marketing": everyone.agrees[who]})


def _lines(order_id: pd.Series) -> pd.DataFrame:
    product = _product()
    return pd.DataFrame({
        "order_id": order_id, "line": 1, "product": product["product"], "sku": SKU, "category": product["category"],
        "quantity": 1, "unit_price": int(product["price"]), "list_price": int(product["price"]),
        "cost": int(product["cost"]), "discount": 0, "currency": CURRENCY, "tax_included": True})
