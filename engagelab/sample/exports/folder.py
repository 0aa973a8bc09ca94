"""The whole folder of exports."""

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


def export_files(tables: dict[str, pd.DataFrame]) -> dict[str, Written]:
    """All exports by file name."""
    customers, orders, items = (tables[name] for name in ("customers", "orders", "order_items"))
    return (social_files(tables["social_posts"]) | daily_files(tables["account_daily"])
            | mail_files(tables["email_campaigns"], customers) | shop_files(orders, items, customers)
            | mall_files(orders, items, customers) | form_files(tables["surveys"], customers)
            | desk_files(tables["tickets"], customers) | review_files(tables["reviews"]) | web_files(tables["events"])
            | sales_files(tables["deals"]) | mapped_files(tables) | own_files(tables)
            | {"engagelab.toml": text_file(export_settings())})
