"""What is true of the sample company, and what the naive reading of its tables says instead."""

from engagelab.sample import plan
from engagelab.sample.coupon_test import SKU as COUPON_SKU
from engagelab.sample.dates import QUARTERS
from engagelab.sample.exports.vendor import quarters
from engagelab.sample.truths.behaviour import clickers, growth, tour
from engagelab.sample.truths.campaigns import channels, opens, paid
from engagelab.sample.truths.entry import Tables, said, short
from engagelab.sample.truths.experiments import coupon, service, tests_by_mail
from engagelab.sample.truths.lives import first_month, satisfied, support
from engagelab.sample.truths.people import drivers, talks, unhappy_left

# In the order of their numbers.
TRUTHS = (channels, opens, paid, satisfied, growth, tour, support, unhappy_left, drivers, talks, clickers,
          first_month, tests_by_mail, coupon)


def truths(tables: Tables) -> dict[str, object]:
    """The planted truths with the naive claim of these tables, and what else is so of them.

    Words stand in every language of the catalogue. Rates are fractions, NPS is in points.
    """
    return {"truths": [truth(tables) for truth in TRUTHS], "also_so": _also(tables)}


def _also(tables: Tables) -> dict[str, object]:
    reviews, orders, tickets = tables["reviews"], tables["orders"], tables["tickets"]
    quarter = quarters(reviews["created_at"])
    items = tables["order_items"]
    usual = orders[~orders["order_id"].isin(items.loc[items["sku"] == COUPON_SKU, "order_id"])]
    full_price = usual["coupon"].isna().groupby(quarters(usual["ordered_at"])).mean()
    return {
        "reviews": {"text": said("sample.also_reviews"),
                    "count": {name: int((quarter == place).sum()) for place, name in enumerate(QUARTERS)},
                    "mean_stars": {name: short(reviews["rating"][quarter == place].mean(), 3)
                                   for place, name in enumerate(QUARTERS)}},
        "full_price_share": {"text": said("sample.also_coupons"),
                             "planned": {name: round(1 - share, 2)
                                         for name, share in zip(QUARTERS, plan.COUPON, strict=True)},
                             "found": {name: short(full_price[place], 4) for place, name in enumerate(QUARTERS)}},
        "open_tickets": {"text": said("sample.also_tickets"),
                         "share": short(tickets["solved_at"].isna().mean(), 4)},
        "service_test": service(tables)}
