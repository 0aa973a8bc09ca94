"""The reviews of the company's app: more every month, and a little worse. Many are stars alone.

And those of the office plan on a site where companies judge what they use: few, and all in words.
"""

import numpy as np
import pandas as pd

from engagelab.sample.banks import drawn, ids, masked
from engagelab.sample.dates import END, MONTHS, days_in, month_at, utc
from engagelab.sample.draws import Stream
from engagelab.sample.people import DAY, NEVER

PRODUCT, PLATFORM = "com.example.asanagi", "google_play"
FIRST, LAST = (.03, .05, .11, .25, .56), (.09, .09, .14, .24, .44)
WORDLESS = .55
SITE, SITE_PRODUCT = "review_site", "asanagi-office"
# Reviews on the site a month, as a part of all customers, and their stars from one to five.
ON_SITE, SITE_STARS = .00075, (.05, .10, .20, .40, .25)


def reviews(seed: int, customers: int) -> pd.DataFrame:
    """The table of reviews: the app's, with 4,000 customers 40 a month at first and 80 at last, then the site's."""
    return pd.concat([_in_app(seed, customers), _on_site(seed, customers)], ignore_index=True)


def _in_app(seed: int, customers: int) -> pd.DataFrame:
    stream = Stream(seed, "reviews")
    months = np.arange(len(MONTHS))
    a_month = np.floor(customers * (.010 + .010 * months / months[-1]) + .5).astype(np.int64)
    month = np.repeat(months, a_month)
    count = len(month)
    late = month / months[-1]
    weights = np.array(FIRST) + late[:, None] * (np.array(LAST) - np.array(FIRST))
    stars = 1 + (stream.uniform(count)[:, None] >= np.cumsum(weights, axis=1)[:, :-1]).sum(axis=1)
    day = np.floor(stream.uniform(count) * days_in(month)).astype(np.int64)
    second = stream.whole(6 * 3600, 23 * 3600, count)
    created = month_at(month).astype("datetime64[s]") + (day * DAY + second).astype("timedelta64[s]")
    order = np.argsort(created, kind="stable")
    stars, created, month = stars[order], created[order], month[order]
    english, wordless = stream.flags(.15, count), stream.flags(WORDLESS, count)
    answered_at = created + stream.whole(2 * 3600, 60 * 3600, count).astype("timedelta64[s]")
    answered = ~wordless & ((stars <= 2) | stream.flags(.25, count)) & (answered_at <= END)
    number = np.arange(1, count + 1)
    return pd.DataFrame({
        "review_id": ids("R", number), "product_id": PRODUCT, "platform": PLATFORM, "created_at": utc(created),
        "updated_at": utc(created), "rating": stars,
        "text": masked(drawn(stream, "review", stars, english), ~wordless),
        "language": np.where(english, "en", "ja"), "version": version(month),
        "reply": masked(drawn(stream, "reply", np.where(stars > 2, 4, 1), english), answered),
        "reply_at": utc(np.where(answered, answered_at, NEVER)),
        "url": masked(np.array("https://play.google.com/r/", dtype=object) + ids("", number, 1), ~wordless)})


def _on_site(seed: int, customers: int) -> pd.DataFrame:
    stream = Stream(seed, "review site")
    month = np.repeat(np.arange(len(MONTHS)), max(round(customers * ON_SITE), 1))
    count = len(month)
    day = np.floor(stream.uniform(count) * days_in(month)).astype(np.int64)
    created = month_at(month).astype("datetime64[s]") + (
        day * DAY + stream.whole(9 * 3600, 18 * 3600, count)).astype("timedelta64[s]")
    stars = 1 + stream.pick(SITE_STARS, count)
    said = pd.Series(drawn(stream, "office_review", stars, np.zeros(count, dtype=bool))).str.split("|", expand=True)
    return pd.DataFrame({
        "review_id": ids("V", np.arange(1, count + 1)), "product_id": SITE_PRODUCT, "platform": SITE,
        "created_at": utc(np.sort(created)), "rating": stars, "title": said[0], "text": said[1], "language": "ja"})


def version(month: np.ndarray) -> np.ndarray:
    """The version of the app that was out in a month: one a quarter.

    >>> version(np.array([0, 4])).tolist()
    ['4.0.0', '4.1.0']
    """
    return np.array([f"4.{quarter}.0" for quarter in (month // 3).tolist()], dtype=object)
