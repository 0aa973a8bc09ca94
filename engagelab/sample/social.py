"""The posts on X, Facebook and Instagram: the brand's own, and under its tag those of employees and customers.

A post's engagements are drawn from what its platform's rate divides by: impressions on X, reach
on Facebook and Instagram. Money is spent on Facebook alone, because only that export goes on
telling paid posts from others after X changed its format. Of posts that are not the brand's it sees
what everybody sees: text and likes, never how many were reached.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, drawn, masked
from engagelab.sample.dates import END, MONTHS, START, Stamps, month_of, quarter_of, quarter_start, utc
from engagelab.sample.draws import Stream, Whole
from engagelab.sample.people import DAY

# The hours avoid the one in which the clocks of Los Angeles, in which Meta writes, go back.
HOURS = (7, 8, 12, 13, 19, 20, 21)
PAID_POSTS = 30


@dataclass(frozen=True)
class Channel:
    """How one account posts: posts a day, median audience, and what its engagements are made of."""

    platform: str
    posts_a_day: float
    audience: float
    account_id: str
    account_name: str
    parts: dict[str, float]


CHANNELS = (
    Channel("x", 1.15, 4200, "1890000000000000001", "朝凪コーヒー", {
        "likes": .40, "reposts": .08, "replies": .03, "follows": .02, "profile_clicks": .09, "url_clicks": .12,
        "hashtag_clicks": .02, "detail_expands": .22, "permalink_clicks": .02}),
    Channel("facebook", 1.0, 3600, "61570000000001", "朝凪コーヒー", {
        "likes": .52, "comments": .06, "shares": .10, "clicks": .32}),
    Channel("instagram", .7, 5200, "178400000000001", "朝凪コーヒー", {
        "likes": .80, "comments": .04, "shares": .06, "saves": .10}),
)
X_CLICKS = ("profile_clicks", "url_clicks", "hashtag_clicks", "detail_expands", "permalink_clicks")
KINDS = ("photo", "video", "link")
FIRST_ID = {"x": 1_900_000_000_000_000_001, "facebook": 122_100_000_000_000_001, "instagram": 18_010_000_000_000_001}
# Where others than the brand post under its tag.
TAGGED_ON = ("x", "instagram")
TAGGED = {"customer": 420, "employee": 90}
MOST_SHARES, FRIENDS_OF_EMPLOYEE = 6, (60, 180)


def social_posts(seed: int) -> pd.DataFrame:
    """The table of posts: as many as a company of this size writes, whatever the number of customers."""
    posts = [_posts(Stream(seed, "social " + channel.platform), channel) for channel in CHANNELS]
    own = pd.concat(posts, ignore_index=True).assign(author="brand")
    return pd.concat([own.assign(**_shared(Stream(seed, "shared by employees"), len(own))),
                      *(_tagged(Stream(seed, "tagged " + author), author) for author in TAGGED)], ignore_index=True)


def _shared(stream: Stream, count: int) -> dict[str, Whole]:
    """How often employees shared each post, mostly never, and how many people they reached by it."""
    chances = stream.uniform(count)
    shares = np.floor(chances * chances * chances * (MOST_SHARES + 1)).astype(np.int64)
    return {"employee_shares": shares, "employee_reach": shares * stream.whole(*FRIENDS_OF_EMPLOYEE, count)}


def _tagged(stream: Stream, author: str) -> pd.DataFrame:
    """Posts of others under the brand's tag."""
    count = TAGGED[author]
    posted = _times(stream, count, START, END)
    platform = np.array(TAGGED_ON, dtype=object)[stream.pick((.45, .55), count)]
    likes = np.floor(stream.skewed(14, .9, count)).astype(np.int64)
    answers = np.floor(likes * .12 * stream.uniform(count) + stream.uniform(count)).astype(np.int64)
    on_x, first = platform == "x", 500_000_000 * (1 + list(TAGGED).index(author))
    return pd.DataFrame({
        "platform": platform, "promotion": "organic", "posted_at": utc(posted), "author": author,
        "post_id": [str(FIRST_ID[name] + first + 7919 * number) for number, name in enumerate(platform)],
        "text": drawn(stream, "tagged", np.full(count, author, dtype=object), stream.flags(.08, count)),
        "post_type": _kinds(stream, "tagged", count), "likes": likes, "replies": masked(answers, on_x),
        "reposts": masked(answers // 2, on_x), "comments": masked(answers, ~on_x)})


def _posts(stream: Stream, channel: Channel) -> pd.DataFrame:
    posted = _times(stream, round(channel.posts_a_day * int((END - START).astype(np.int64)) / DAY), START, END)
    audience = np.floor(stream.skewed(channel.audience, .45, len(posted))).astype(np.int64)
    rate = np.array(plan.ORGANIC)[quarter_of(posted)] * (.7 + .6 * stream.uniform(len(posted)))
    tables = [_counted(stream, channel, posted, audience, rate, "organic")]
    if channel.platform == "facebook":
        tables += [_bought(stream, channel, posted, audience, quarter) for quarter in _bought_quarters()]
    table = pd.concat(tables).sort_values("posted_at", kind="stable", ignore_index=True)
    table.insert(0, "platform", channel.platform)
    table.insert(1, "post_id", [str(FIRST_ID[channel.platform] + 7919 * number) for number in range(len(table))])
    link = {"x": "https://x.com/example/status/", "facebook": "https://www.facebook.com/example/posts/",
            "instagram": "https://www.instagram.com/p/"}[channel.platform]
    table.insert(5, "url", link + table["post_id"])
    return table


def _times(stream: Stream, count: int, first: np.datetime64, last: np.datetime64) -> Stamps:
    days = int((last - first).astype(np.int64)) // DAY + 1
    day = np.floor(stream.uniform(count) * days).astype(np.int64)
    hour = np.array(HOURS)[stream.pick([1] * len(HOURS), count)]
    minute = stream.whole(0, 59, count)
    return np.sort(first + (day * DAY + hour * 3600 + minute * 60).astype("timedelta64[s]"))


def _bought_quarters() -> list[int]:
    return [quarter for quarter, multiple in enumerate(plan.PAID_REACH) if multiple > 0]


def _bought(stream: Stream, channel: Channel, posted: Stamps, audience: Whole, quarter: int) -> pd.DataFrame:
    """The paid posts of a quarter, whose reach adds up to the planned multiple of the organic reach."""
    last = quarter_start(quarter + 1) if 3 * (quarter + 1) < len(MONTHS) else END
    when = _times(stream, PAID_POSTS, quarter_start(quarter), last - np.timedelta64(DAY, "s"))
    share = .5 + stream.uniform(PAID_POSTS)
    organic = audience[quarter_of(posted) == quarter].sum()
    bought = np.floor(plan.PAID_REACH[quarter] * organic * share / share.sum()).astype(np.int64)
    rate = plan.PAID * (.7 + .6 * stream.uniform(PAID_POSTS))
    return _counted(stream, channel, when, bought, rate, "paid")


def _counted(stream: Stream, channel: Channel, posted: Stamps, audience: Whole, rate: np.ndarray,
             promotion: str) -> pd.DataFrame:
    count = len(posted)
    engaged = stream.successes(audience, rate)
    parts = stream.split(engaged, list(channel.parts.values()))
    counts = dict(zip(channel.parts, parts.T, strict=True))
    kind = _kinds(stream, promotion, count)
    english = stream.flags(.08, count)
    texts = drawn(stream, "social" if promotion == "organic" else "paid", kind, english)
    shown = audience + np.floor(audience * (.1 + .25 * stream.uniform(count))).astype(np.int64)
    table = {"promotion": promotion, "posted_at": utc(posted), "text": texts, "post_type": kind,
             "account_id": channel.account_id, "account_name": channel.account_name}
    if channel.platform == "x":
        extra = np.floor(counts["likes"] * .1 * stream.uniform(count) + stream.uniform(count)).astype(np.int64)
        table |= {"impressions": audience, "engagements": engaged, "bookmarks": extra, "shares": extra // 2,
                  "clicks": sum(counts[name] for name in X_CLICKS),
                  "media_views": np.where(kind == "video", audience // 3, 0)}
    else:
        table |= {"impressions": shown, "reach": audience}
    if channel.platform == "instagram":
        table |= {"follows": np.floor(counts["likes"] * .02 + stream.uniform(count)).astype(np.int64)}
    return pd.DataFrame(table | counts)


def _kinds(stream: Stream, promotion: str, count: int) -> Texts:
    weights = {"organic": (.55, .20, .25), "paid": (.5, .5, 0), "tagged": (.85, .15, 0)}[promotion]
    return np.array(KINDS, dtype=object)[stream.pick(weights, count)]


def months(posts: pd.DataFrame) -> Whole:
    """The month of each post, counted from April 2025, on the company's clock."""
    clock = posts["posted_at"].dt.tz_convert("Asia/Tokyo").dt.tz_localize(None)
    return month_of(clock.to_numpy().astype("datetime64[s]"))
