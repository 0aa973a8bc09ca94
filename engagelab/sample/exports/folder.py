"""The whole folder of exports."""

import pandas as pd

from engagelab.sample.exports.forms import form_files
from engagelab.sample.exports.shop_and_desk import desk_files, mail_files, review_files, shop_files
from engagelab.sample.exports.social import social_files
from engagelab.sample.settings import export_settings
from engagelab.sample.text_files import Written, text_file


def export_files(tables: dict[str, pd.DataFrame], ours: dict[str, Written]) -> dict[str, Written]:
    """All exports by file name; `ours` are the files that stay under our own headers."""
    customers = tables["customers"]
    return (social_files(tables["social_posts"]) | mail_files(tables["email_campaigns"], customers)
            | shop_files(tables["orders"], tables["order_items"], customers)
            | form_files(tables["surveys"], customers) | desk_files(tables["tickets"], customers)
            | review_files(tables["reviews"]) | ours | {"engagelab.toml": text_file(export_settings())})
