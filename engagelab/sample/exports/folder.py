"""The whole folder of exports."""

from collections.abc import Iterator

import pandas as pd

from engagelab.sample.exports.forms import form_files
from engagelab.sample.exports.mall import mall_files
from engagelab.sample.exports.mapped import mapped_files
from engagelab.sample.exports.own import own_files
from engagelab.sample.exports.sales import sales_files
from engagelab.sample.exports.shop_and_desk import desk_files, mail_files, review_files, shop_files
from engagelab.sample.exports.social import daily_files, social_files
from engagelab.sample.exports.web import web_files
from engagelab.sample.settings import export_settings
from engagelab.sample.text_files import Written, text_file


def export_files(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, Written]]:
    """All exports with their file names, a vendor's at a time. The largest table is let go as soon as it can be."""
    yield from mapped_files(tables).items()
    yield from web_files(tables.pop("events")).items()
    customers, orders, items = (tables[name] for name in ("customers", "orders", "order_items"))
    yield from social_files(tables["social_posts"]).items()
    yield from daily_files(tables["account_daily"]).items()
    yield from mail_files(tables["email_campaigns"], customers).items()
    yield from shop_files(orders, items, customers).items()
    yield from mall_files(orders, items, customers).items()
    yield from form_files(tables["surveys"], customers).items()
    yield from desk_files(tables["tickets"], customers).items()
    yield from review_files(tables["reviews"]).items()
    yield from sales_files(tables["deals"]).items()
    yield from own_files(tables).items()
    yield "engagelab.toml", text_file(export_settings())
