"""What the customers buy: the subscription, and orders in the shop beside it.

Subscriptions that were closed before April 2025 are not in the data, so the table is a view of
those who were there in April 2025 and of all who came later. A few who speak English pay in dollars
in the web shop; inside, amounts are whole yen or whole cents.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from engagelab.sample import plan
from engagelab.sample.banks import Texts, bank, ids, masked, rows
from engagelab.sample.dates import (
    END,
    MONTHS,
    Stamps,
    days_in,
    local,
    month_at,
    month_of,
    quarter_of,
    utc,
    written,
)
from engagelab.sample.draws import Flags, Stream, Whole
from engagelab.sample.hunters import hunters
from engagelab.sample.people import DAY, NEVER, People
from engagelab.sample.service import shop_pull

CURRENCY = "JPY"
ORDERS_A_MONTH = {"home": .105, "office": .12, "gift": .185}
CODES = ("ASANAGI10", "MAME10", "KANSHA15")
FREE_SHIPPING, SHIPPING, TAX_PERCENT = 5_000, 600, 8
# Of those who speak English, how many pay in dollars, and at how many yen a dollar the list of prices was made.
FOREIGN, PAYS_IN_DOLLARS, LIST_RATE = "USD", .32, 150
# The shop at the mall: its number there, and how many of the orders that could be placed there are.
MALL, MALL_SHOP, AT_MALL = "rakuten", "312345", .085
USES_POINTS, POINTS_STEP = .15, 100


def subscriptions(everyone: People, closed: Stamps, seed: int) -> pd.DataFrame:
    """The table of subscriptions, one a customer with a plan; a day is its first second.

    The price is the present one, or the last; where it was raised while the subscription ran, the former one too.
    """
    stream = Stream(seed, "subscriptions")
    reason_of = np.array(bank("closed"))[stream.pick((.30, .27, .17, .14, .12), len(everyone))]
    has = everyone.plan.astype(bool)
    gone = ~np.isnat(closed)
    opened = everyone.joined.astype("datetime64[D]").astype("datetime64[s]")
    raised = np.datetime64(plan.REPRICED + "-01", "s")
    office = everyone.plan == "office"
    repriced = office & (opened < raised) & ~(closed < raised)
    dear = repriced | (office & (opened >= raised))
    list_price = np.array([plan.PRICE.get(name, 0) for name in everyone.plan])
    table = pd.DataFrame({
        "user_id": everyone.user_id, "plan": everyone.plan, "opened_at": utc(opened), "closed_at": utc(closed),
        "amount": np.where(dear, plan.OFFICE_PRICE_REPRICED, list_price), "former_amount": masked(list_price, repriced),
        "repriced_at": utc(np.where(repriced, raised, NEVER)), "currency": CURRENCY, "tax_included": True,
        "reason": masked(reason_of, gone)})[has].reset_index(drop=True)
    table.insert(0, "subscription_id", ids("U", np.arange(1, len(table) + 1)))
    return table


def orders(everyone: People, closed: Stamps, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of orders and of their items. Prices contain the tax, as in every Japanese shop."""
    stream = Stream(seed, "orders")
    hunting = hunters(everyone, seed)
    who, ordered = _baskets(stream, everyone, closed, hunting, seed)
    till = stream.flags(.22, len(who))
    foreign = _in_dollars(everyone, seed)[who] & ~till
    items, goods = _items(stream, np.where(everyone.segment[who] == "office", plan.OFFICE_QUANTITY, 1), foreign)
    coupon, discount = _coupons(stream, ordered, goods, hunting[who])
    subtotal = goods - discount
    shipping = np.where((subtotal >= minor(FREE_SHIPPING, foreign)) | till, 0, minor(SHIPPING, foreign))
    total = subtotal + shipping
    status, refunded, cancelled = _ends(stream, ordered, total, goods)
    unpaid = status == "pending"
    paid = ordered + stream.whole(0, 600, len(who)).astype("timedelta64[s]")
    unit = np.where(foreign, 100, 1)
    number = np.arange(10_001, 10_001 + len(who))
    table = pd.DataFrame({
        "order_id": ids("#", number, 5), "user_id": everyone.user_id[who], "ordered_at": utc(ordered),
        "paid_at": utc(np.where(unpaid, NEVER, paid)), "cancelled_at": utc(cancelled), "status": status,
        "currency": np.where(foreign, FOREIGN, CURRENCY), "tax_included": True,
        "subtotal": subtotal / unit, "shipping": shipping / unit,
        "tax": tax_in(total) / unit,
        "discount": discount / unit, "points": _points(seed, total, foreign), "total": total / unit,
        "refunded": refunded / unit, "coupon": coupon, "channel": np.where(till, "pos", "web"),
        "shop_id": masked(everyone.shop[who], till), "consent_marketing": everyone.agrees[who]})
    items.insert(0, "order_id", table["order_id"].to_numpy()[items.pop("order")])
    return table, items


def with_mall(table: pd.DataFrame, items: pd.DataFrame, tested: pd.Series,
              seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders and items where some orders of the web shop, but none of those `tested`, were placed at the mall.

    Coupons are those of the web shop, and who sends goods back does so there; dollars it does not take.
    """
    could = ((table["channel"] == "web") & (table["currency"] == CURRENCY) & table["coupon"].isna()
             & table["status"].isin(("paid", "pending", "voided")) & ~table["order_id"].isin(tested))
    at_mall = could & Stream(seed, "mall").flags(AT_MALL, len(table))
    day = written(local(table["ordered_at"]), "{year}{month:02}{day:02}")
    number = MALL_SHOP + "-" + day + "-" + table["order_id"].str.slice(1).str.zfill(10)
    found = table["order_id"].mask(at_mall, number)
    return (table.assign(order_id=found, channel=table["channel"].mask(at_mall, MALL)),
            items.assign(order_id=items["order_id"].map(dict(zip(table["order_id"], found, strict=True)))))


def with_plan(table: pd.DataFrame, everyone: People, closed: Stamps) -> pd.DataFrame:
    """Orders with the plan that each customer had at the time; none before joining or after the last day."""
    who = pd.Series(np.arange(len(everyone)), index=everyone.user_id).loc[table["user_id"]].to_numpy()
    ordered = local(table["ordered_at"]).to_numpy().astype("datetime64[s]")
    runs = everyone.plan.astype(bool)[who] & (everyone.joined[who] <= ordered) & ~(closed[who] < ordered)
    return table.assign(plan=masked(everyone.plan[who], runs))


def tax_in(total: Whole) -> Whole:
    """The tax that an amount contains, in whole units of its own, rounded half up."""
    return (total * TAX_PERCENT * 2 + 100 + TAX_PERCENT) // (2 * (100 + TAX_PERCENT))


def _baskets(stream: Stream, everyone: People, closed: Stamps, hunting: Flags, seed: int) -> tuple[Whole, Stamps]:
    """Who orders when: at most one order a month, fewer after the subscription was closed, more in December."""
    month = np.arange(len(MONTHS))
    chance = np.array([ORDERS_A_MONTH[name] for name in everyone.segment])[:, None] * np.ones(len(MONTHS))
    chance[:, (MONTHS.astype(np.int64) % 12) == 11] *= 1.7
    chance *= shop_pull(everyone, seed)[:, None]
    gone = np.where(np.isnat(closed), len(MONTHS), month_of(np.where(np.isnat(closed), END, closed)))
    chance = np.where(month > gone[:, None], chance * .25, chance)
    chance[hunting] = plan.HUNTED
    chance = np.where(month <= month_of(everyone.joined)[:, None], 0, chance)
    who, when = np.nonzero(stream.uniform(chance.shape) < chance)
    day = np.floor(stream.uniform(len(who)) * days_in(when)).astype(np.int64)
    second = stream.whole(7 * 3600, 23 * 3600, len(who))
    ordered = month_at(when).astype("datetime64[s]") + (day * DAY + second).astype("timedelta64[s]")
    order = np.argsort(ordered, kind="stable")
    return who[order], ordered[order]


def _in_dollars(everyone: People, seed: int) -> Flags:
    return everyone.english & Stream(seed, "dollars").flags(PAYS_IN_DOLLARS, len(everyone))


def minor(yen: ArrayLike, foreign: Flags) -> Whole:
    """Whole yen, or for who pays in dollars whole cents, to the next ten, as the list of prices has them.

    >>> minor([1480, 1480], np.array([False, True])).tolist()
    [1480, 990]
    """
    yen = np.asarray(yen, dtype=np.int64)
    return np.where(foreign, (yen * 100 + LIST_RATE * 5) // (LIST_RATE * 10) * 10, yen)


def _points(seed: int, total: Whole, foreign: Flags) -> Whole:
    """What was paid with points, in steps of a hundred and never more than the total; none by dollar."""
    stream = Stream(seed, "points")
    steps = np.minimum(stream.whole(1, 10, len(total)), total // POINTS_STEP)
    return np.where(stream.flags(USES_POINTS, len(total)) & ~foreign, steps * POINTS_STEP, 0)


def _items(stream: Stream, times: Whole, foreign: Flags) -> tuple[pd.DataFrame, Whole]:
    """The lines of every order, each quantity `times` that of a home, and what the goods of each cost."""
    products, count = pd.DataFrame(rows("products.csv")), len(times)
    lines = 1 + stream.pick((.68, .24, .08), count)
    order = np.repeat(np.arange(count), lines)
    chosen = stream.pick(products["weight"].astype(float).tolist(), len(order))
    table = products.iloc[chosen].reset_index(drop=True)
    quantity = (1 + stream.pick((.78, .17, .05), len(order))) * times[order]
    dollars = foreign[order]
    unit = np.where(dollars, 100, 1)
    price, cost = (minor(table[name].astype("int64"), dollars) for name in ("price", "cost"))
    first = np.cumsum(lines) - lines
    goods = np.bincount(order, weights=quantity * price, minlength=count).astype(np.int64)
    items = pd.DataFrame({
        "order": order, "line": np.arange(len(order)) - first[order] + 1, "product": table["product"],
        "sku": table["sku"], "category": table["category"], "quantity": quantity, "unit_price": price / unit,
        "list_price": price / unit, "cost": cost / unit, "discount": 0,
        "currency": np.where(dollars, FOREIGN, CURRENCY), "tax_included": True})
    return items, goods


def _coupons(stream: Stream, ordered: Stamps, goods: Whole, hunted: Flags) -> tuple[Texts, Whole]:
    """The coupon of each order: hunters always have the deep one, the others as often as makes the quarter right."""
    quarter, planned = quarter_of(ordered), np.array(plan.COUPON)
    all_of, deep = (np.bincount(quarter[here], minlength=len(planned)) for here in (hunted | True, hunted))
    share = np.clip((planned * all_of - deep) / np.maximum(all_of - deep, 1), 0, 1)
    used = stream.flags(share[quarter]) | hunted
    which = stream.pick((.45, .35, .20), len(ordered))
    percent = np.where(hunted, plan.HUNTED_PERCENT, np.array([10, 10, 15])[which])
    code = np.where(hunted, plan.HUNTED_OFF, np.array(CODES, dtype=object)[which])
    return masked(code, used), np.where(used, goods * percent // 100, 0)


def _ends(stream: Stream, ordered: Stamps, total: Whole, goods: Whole) -> tuple[Texts, Whole, Stamps]:
    """How each order ended: state, money given back, when it was cancelled."""
    names = np.array(["paid", "refunded", "partially_refunded", "voided"], dtype=object)
    status = names[stream.pick((.955, .02, .015, .01), len(ordered))]
    recent: Flags = ordered > END - np.timedelta64(DAY, "s")
    status[recent] = "pending"
    refunded = np.where(status == "refunded", total, np.where(status == "partially_refunded", goods // 3, 0))
    after = stream.whole(1800, 6 * 3600, len(ordered)).astype("timedelta64[s]")
    return status, refunded, np.where(status == "voided", ordered + after, NEVER)
