"""X, Facebook and Instagram, and the friends on LINE.

X: the old by-tweet export in Japanese for 2025, the new content export for 2026 (English to June,
Japanese from July), by month. Meta: by quarter, Pacific time, thousands with commas, a mark.
An export of the running period also holds the last week of the period before, with newer counts,
so that the same post stands in two files.
"""

import numpy as np
import pandas as pd

from engagelab.sample.dates import MONTHS, QUARTERS, local, written
from engagelab.sample.exports.vendor import filled, grouped, headers, months, number, quarters
from engagelab.sample.text_files import Written, canonical_file, csv_file

PACIFIC = "America/Los_Angeles"
NEW_EXPORT = 9
JAPANESE_AGAIN = 15
X_PARTS = ("likes", "reposts", "replies", "follows", "profile_clicks", "url_clicks", "hashtag_clicks",
           "detail_expands", "permalink_clicks")
COUNTS = (*X_PARTS, "impressions", "engagements", "reach", "comments", "shares", "bookmarks", "saves", "clicks")
META_KINDS = {"facebook": {"photo": "Photos", "video": "Videos", "link": "Links"},
              "instagram_en": {"photo": "IG image", "video": "IG reel", "link": "IG carousel"},
              "instagram_ja": {"photo": "IG画像", "video": "IGリール動画", "link": "IGカルーセル"}}
FUNDED = "Funded"


def social_files(posts: pd.DataFrame) -> dict[str, Written]:
    """All files of the three platforms by name; posts that are not the brand's stand under our own headers."""
    own = posts["author"] == "brand"
    by = {platform: posts[own & (posts["platform"] == platform)] for platform in ("x", "facebook", "instagram")}
    tagged = posts[~own].dropna(axis="columns", how="all")
    return (x_files(by["x"]) | facebook_files(by["facebook"]) | instagram_files(by["instagram"])
            | {"social_posts_tagged.csv": canonical_file(tagged, "social_posts")})


def with_tail(posts: pd.DataFrame, period: np.ndarray, chosen: int, first: int, last: int) -> pd.DataFrame:
    """The posts of one period as they stood when it ended, behind the last week of the one before as it stood then.

    The counts of a period's own last week are a fifth short, unless no later file follows.
    """
    days = local(posts["posted_at"]).dt.normalize()
    own = posts[period == chosen].copy()
    if chosen < last:
        fresh = days[own.index] > days[own.index].max() - pd.Timedelta(days=7)
        for column in COUNTS:
            own[column] = own[column].where(~fresh, own[column] * 4 // 5)
    before = posts[period == chosen - 1] if chosen > first else posts.iloc[:0]
    tail = before[days[before.index] > days[before.index].max() - pd.Timedelta(days=7)]
    return pd.concat([tail, own])


def x_files(posts: pd.DataFrame) -> dict[str, Written]:
    """By month; the year 2025 as the site wrote it then, the year 2026 as it writes now."""
    period, found = months(posts["posted_at"]), {}
    for month in range(len(MONTHS)):
        if month < NEW_EXPORT:
            found[f"tweet_activity_metrics_example_{MONTHS[month]}.csv"] = _by_tweet(posts[period == month])
        else:
            language = "en" if month < JAPANESE_AGAIN else "ja"
            end = (MONTHS[month] + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
            found[f"account_analytics_content_{MONTHS[month]}-01_{end}.csv"] = _content(
                with_tail(posts, period, month, NEW_EXPORT, len(MONTHS) - 1), language)
    return found


def _by_tweet(posts: pd.DataFrame) -> Written:
    def float_text(name: str) -> pd.Series:
        return number(posts[name]) + ".0"

    rate = [repr(round(part / shown, 12)) for part, shown in
            zip(posts["engagements"].tolist(), posts["impressions"].tolist(), strict=True)]
    known = [posts["post_id"], "https://twitter.com/example/status/" + posts["post_id"], posts["text"],
             written(posts["posted_at"].dt.tz_localize(None), "{year}-{month:02}-{day:02} {hour:02}:{minute:02} +0000"),
             float_text("impressions"), float_text("engagements"), rate, float_text("reposts"),
             float_text("replies"), float_text("likes"), float_text("profile_clicks"), float_text("url_clicks"),
             float_text("hashtag_clicks"), float_text("detail_expands"), float_text("permalink_clicks"), "0", "0",
             float_text("follows"), "0", "0", number(posts["media_views"]), number(posts["media_views"])]
    names = headers()["x_tweet_activity_ja"]
    promoted = dict.fromkeys(names[len(known):], "-")
    values = dict(zip(names[:len(known)], known, strict=True)) | promoted
    return csv_file(filled("x_tweet_activity_ja", values, posts.index), quote_all=True)


def _content(posts: pd.DataFrame, language: str) -> Written:
    engagements = posts[list(X_PARTS)].sum(axis=1)
    day = written(local(posts["posted_at"]), "{day_name}, {month_name} {day}, {year}")
    cells = [posts["post_id"], day, posts["text"], posts["url"], number(posts["impressions"]), number(posts["likes"]),
             number(engagements), *(number(posts[name]) for name in (
                 "bookmarks", "shares", "follows", "replies", "reposts", "profile_clicks", "detail_expands",
                 "url_clicks", "hashtag_clicks", "permalink_clicks"))]
    vendor = "x_account_content_" + language
    return csv_file(filled(vendor, dict(zip(headers()[vendor], cells, strict=True)), posts.index))


def _pacific(posts: pd.DataFrame) -> pd.Series:
    return written(local(posts["posted_at"], PACIFIC), "{month:02}/{day:02}/{year} {hour:02}:{minute:02}")


def facebook_files(posts: pd.DataFrame) -> dict[str, Written]:
    """Business Suite by quarter, with what was paid for marked as funded."""
    period, found = quarters(posts["posted_at"]), {}
    for quarter, name in enumerate(QUARTERS):
        part = with_tail(posts, period, quarter, 0, len(QUARTERS) - 1)
        links = part["clicks"] // 3
        found[f"facebook_content_{name}.csv"] = csv_file(filled("facebook", {
            "Post ID": part["post_id"], "Page ID": part["account_id"], "Page name": part["account_name"],
            "Title": part["text"], "Duration (sec)": 0, "Publish time": _pacific(part), "Permalink": part["url"],
            "Is crosspost": 0, "Is share": 0, "Post type": part["post_type"].map(META_KINDS["facebook"]),
            "Funded content status": np.where(part["promotion"] == "paid", FUNDED, ""), "Date": "Lifetime",
            "Views": grouped(part["impressions"]), "Reach": grouped(part["reach"]),
            "Reactions, Comments and Shares": grouped(part["likes"] + part["comments"] + part["shares"]),
            "Reactions": grouped(part["likes"]), "Comments": grouped(part["comments"]),
            "Shares": grouped(part["shares"]), "Total clicks": grouped(part["clicks"]), "Link Clicks": grouped(links),
            "Other Clicks": grouped(part["clicks"] - links), "Negative feedback from users: Hide all": 0,
        }, part.index), bom=True)
    return found


def instagram_files(posts: pd.DataFrame) -> dict[str, Written]:
    """Business Suite by quarter, English in 2025 and Japanese in 2026. It has no clicks."""
    period, found = quarters(posts["posted_at"]), {}
    for quarter, name in enumerate(QUARTERS):
        vendor, lifetime = ("instagram_en", "Lifetime") if quarter < 3 else ("instagram_ja", "通算")
        part = with_tail(posts, period, quarter, 0, len(QUARTERS) - 1)
        cells = [part["post_id"], part["account_id"], "asanagi_example", part["account_name"], part["text"],
                 np.where(part["post_type"] == "video", 30, 0), _pacific(part), part["url"],
                 part["post_type"].map(META_KINDS[vendor]), "", lifetime, *(grouped(part[column]) for column in (
                     "impressions", "reach", "likes", "shares", "follows", "comments", "saves"))]
        found[f"instagram_content_{name}.csv"] = csv_file(
            filled(vendor, dict(zip(headers()[vendor], cells, strict=True)), part.index), bom=True)
    return found


def daily_files(daily: pd.DataFrame) -> dict[str, Written]:
    """The accounts by day: X in English, the newest day first; LINE in Japanese; Instagram under our own headers."""
    by = {platform: daily[daily["platform"] == platform] for platform in ("x", "line", "instagram")}
    newest, friends, own = by["x"][::-1], by["line"], by["instagram"].dropna(axis="columns", how="all")
    day = written(local(newest["day"]), "{day_name}, {month_name} {day}, {year}")
    counts = (number(newest[name]) for name in ("impressions", "likes", "engagements", "bookmarks", "shares", "follows",
                                                "unfollows", "replies", "reposts", "profile_clicks", "posts"))
    overview: dict[str, object] = dict(zip(headers()["x_account_overview"], (day, *counts, "0", "0"), strict=True))
    running = [written(local(friends["day"]), "{year}{month:02}{day:02}"),
               *(number(friends[name]) for name in ("followers", "reachable", "blocks"))]
    line: dict[str, object] = dict(zip(headers()["line_friends_ja"], running, strict=True))
    return {"account_overview_analytics.csv": csv_file(filled("x_account_overview", overview, newest.index)),
            "line_friends.csv": csv_file(filled("line_friends_ja", line, friends.index), bom=True),
            "account_daily_instagram.csv": canonical_file(own, "account_daily")}
