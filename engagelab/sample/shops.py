"""The shops by month: who works there, who comes, what is sold and what is left of it."""

import numpy as np
import pandas as pd

from engagelab.sample.banks import bank
from engagelab.sample.dates import END, MONTHS, month_at, utc
from engagelab.sample.draws import Stream
from engagelab.sample.purchases import CURRENCY
from engagelab.sample.staff import HEADQUARTERS, REGIONS, SHOP_IDS, Staff

VISITORS, BUY, RECEIPT = 450, .84, 750
GOODS, WAGES = .34, 138_000
# Of the year's twelve months, from January on.
SEASON = (.94, .92, 1.0, 1.02, 1.03, .97, .99, 1.04, .98, 1.0, 1.02, 1.09)


def shops(everyone: Staff, seed: int) -> pd.DataFrame:
    """The table of shops, a row a shop and a month: amounts in yen without tax, the margin after goods and wages."""
    stream = Stream(seed, "shops")
    months, count = len(MONTHS), len(SHOP_IDS)
    shop, month = np.repeat(np.arange(count), months), np.tile(np.arange(months), count)
    people = np.array([_people(everyone, stamp) for stamp in month_at(np.arange(months) + 1)]).T.reshape(-1)
    place, day = .85 + .3 * stream.uniform(count), .95 + .1 * stream.uniform(len(shop))
    # A shop draws its visitors with the people it has posts for, not with those who happen to be there.
    posts = people.reshape(count, months).max(axis=1)[shop]
    season = np.array(SEASON)[(month + 3) % 12] * (1 + .004 * month)
    visitors = np.floor(VISITORS * posts * place[shop] * season * day).astype(np.int64)
    orders = np.floor(visitors * (BUY - .03 + .06 * stream.uniform(len(shop)))).astype(np.int64)
    sales = np.floor(orders * RECEIPT * (.97 + .06 * stream.uniform(len(shop)))).astype(np.int64)
    goods = np.floor(sales * (GOODS - .01 + .02 * stream.uniform(len(shop)))).astype(np.int64)
    opened = np.datetime64("2012-04-01") + np.floor(stream.uniform(count) * 4000).astype("timedelta64[D]")
    return pd.DataFrame({
        "shop_id": SHOP_IDS[shop], "month": utc(month_at(month).astype("datetime64[s]")),
        "shop_name": bank("shop")[shop], "region": np.array(REGIONS, dtype=object)[shop // (count // len(REGIONS))],
        "opened_at": utc(opened.astype("datetime64[s]"))[shop].reset_index(drop=True), "employees": people,
        "visitors": visitors, "orders": orders, "sales": sales, "margin": sales - goods - WAGES * people,
        "currency": CURRENCY, "tax_included": False})


def _people(everyone: Staff, month_after: np.datetime64) -> np.ndarray:
    """How many work in each shop on the last evening before a month begins."""
    there = everyone.at(min(month_after.astype("datetime64[s]") - np.timedelta64(1, "D"), END))
    group = everyone.group[there]
    return np.bincount(group[group >= HEADQUARTERS] - HEADQUARTERS, minlength=len(SHOP_IDS))
