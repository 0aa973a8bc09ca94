"""What the customers buy: the subscription, and orders in the shop beside it.

Subscriptions that were closed before April 2025 are not in the data, so the table is a view of
those who were there in April 2025 and of all who came later.
"""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, bank, ids, masked, rows
from engagelab.sample.dates import END, MONTHS, Stamps, days_in, month_at, month_of, quarter_of, utc
from engagelab.sample.draws import Flags, Stream, Whole
from engagelab.sample.people import DAY, NEVER, People

CURRENCY = "JPY"
ORDERS_A_MONTH = {"home": .105, "office": .12, "gift": .185}
CODES = ("ASANAGI10", "MAME10", "KANSHA15")
FREE_SHIPPING, SHIPPING, TAX_PERCENT = 5_000, 600, 8


def subscriptions(everyone: People, closed: Stamps, seed: int) -> pd.DataFrame:
    """The table of subscriptions, one a customer with a plan; a day is its first second."""
    stream = Stream(seed, "subscriptions")
    reason_of = np.array(bank("closed"))[stream.pick((.30, .27, .17, .14, .12), len(everyone))]
    has = everyone.plan.astype(bool)
    gone = ~np.isnat(closed)
    opened = everyone.joined.astype("datetime64[D]").astype("datetime64[s]")
    table = pd.DataFrame({
        "user_id": everyone.user_id, "plan": everyone.plan, "opened_at": utc(opened), "closed_at": utc(closed),
        "amount": [plan.PRICE.get(name) for name in everyone.plan], "currency": CURRENCY,
        "reason": masked(reason_of, gone)})[has].reset_index(drop=True)
    table.insert(0, "subscription_id", ids("U", np.arange(1, len(table) + 1)))
    return table


def orders(everyone: People, closed: Stamps, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of orders and of their items. Prices contain the tax, as in every Japanese shop."""
    stream = Stream(seed, "orders")
    who, ordered = _baskets(stream, everyone, closed)
    items, goods = _items(stream, len(who))
    coupon, discount = _coupons(stream, ordered, goods)
    till = stream.flags(.22, len(who))
    subtotal = goods - discount
    shipping = np.where((subtotal >= FREE_SHIPPING) | till, 0, SHIPPING)
    total = subtotal + shipping
    status, refunded, cancelled = _ends(stream, ordered, total, goods)
    unpaid = status == "pending"
    paid = ordered + stream.whole(0, 600, len(who)).astype("timedelta64[s]")
    number = np.arange(10_001, 10_001 + len(who))
    table = pd.DataFrame({
        "order_id": ids("#", number, 5), "user_id": everyone.user_id[who], "ordered_at": utc(ordered),
        "paid_at": utc(np.where(unpaid, NEVER, paid)), "cancelled_at": utc(cancelled), "status": status,
        "currency": CURRENCY, "subtotal": subtotal, "shipping": shipping,
        "tax": (total * TAX_PERCENT * 2 + 100 + TAX_PERCENT) // (2 * (100 + TAX_PERCENT)),
        "discount": discount, "total": total, "refunded": refunded, "coupon": coupon,
        "channel": np.where(till, "pos", "web"), "consent_marketing": everyone.agrees[who]})
    items.insert(0, "order_id", table["order_id"].to_numpy()[items.pop("order")])
    return table, items


def _baskets(stream: Stream, everyone: People, closed: Stamps) -> tuple[Whole, Stamps]:
    """Who orders when: at most one order a month, fewer after the subscription was closed, more in December."""
    month = np.arange(len(MONTHS))
    chance = np.array([ORDERS_A_MONTH[name] for name in everyone.segment])[:, None] * np.ones(len(MONTHS))
    chance[:, (MONTHS.astype(np.int64) % 12) == 11] *= 1.7
    gone = np.where(np.isnat(closed), len(MONTHS), month_of(np.where(np.isnat(closed), END, closed)))
    chance = np.where(month > gone[:, None], chance * .25, chance)
    chance = np.where(month <= month_of(everyone.joined)[:, None], 0, chance)
    who, when = np.nonzero(stream.uniform(chance.shape) < chance)
    day = np.floor(stream.uniform(len(who)) * days_in(when)).astype(np.int64)
    second = stream.whole(7 * 3600, 23 * 3600, len(who))
    ordered = month_at(when).astype("datetime64[s]") + (day * DAY + second).astype("timedelta64[s]")
    order = np.argsort(ordered, kind="stable")
    return who[order], ordered[order]


def _items(stream: Stream, count: int) -> tuple[pd.DataFrame, Whole]:
    """The lines of every order, and what the goods of each cost."""
    products = pd.DataFrame(rows("products.csv"))
    lines = 1 + stream.pick((.68, .24, .08), count)
    order = np.repeat(np.arange(count), lines)
    chosen = stream.pick(products["weight"].astype(float).tolist(), len(order))
    table = products.iloc[chosen].reset_index(drop=True)
    quantity = 1 + stream.pick((.78, .17, .05), len(order))
    price = table["price"].astype("int64").to_numpy()
    first = np.cumsum(lines) - lines
    goods = np.bincount(order, weights=quantity * price, minlength=count).astype(np.int64)
    items = pd.DataFrame({
        "order": order, "line": np.arange(len(order)) - first[order] + 1, "product": table["product"],
        "sku": table["sku"], "category": table["category"], "quantity": quantity, "unit_price": price,
        "list_price": price, "discount": 0, "currency": CURRENCY})
    return items, goods


def _coupons(stream: Stream, ordered: Stamps, goods: Whole) -> tuple[Texts, Whole]:
    used = stream.flags(np.array(plan.COUPON)[quarter_of(ordered)])
    which = stream.pick((.45, .35, .20), len(ordered))
    percent = np.array([10, 10, 15])[which]
    return masked(np.array(CODES, dtype=object)[which], used), np.where(used, goods * percent // 100, 0)


def _ends(stream: Stream, ordered: Stamps, total: Whole, goods: Whole) -> tuple[Texts, Whole, Stamps]:
    """How each order ended: state, money given back, when it was cancelled."""
    names = np.array(["paid", "refunded", "partially_refunded", "voided"], dtype=object)
    status = names[stream.pick((.955, .02, .015, .01), len(ordered))]
    recent: Flags = ordered > END - np.timedelta64(DAY, "s")
    status[recent] = "pending"
    refunded = np.where(status == "refunded", total, np.where(status == "partially_refunded", goods // 3, 0))
    after = stream.whole(1800, 6 * 3600, len(ordered)).astype("timedelta64[s]")
    return status, refunded, np.where(status == "voided", ordered + after, NEVER)
