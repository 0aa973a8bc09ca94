"""The accounts day by day: what X and Instagram show of the posts, and the friends on LINE.

A post is seen on three days. Friends on LINE grow by themselves and more on the days on which a message goes to
all of them; on those days many also block the account.
"""

import numpy as np
import pandas as pd

from engagelab.sample.dates import END, START, local, utc
from engagelab.sample.draws import Floats, Stream, Whole
from engagelab.sample.people import DAY
from engagelab.sample.social import CHANNELS

DAYS = (END - START).astype("timedelta64[D]").astype(int) + 1
# The tenths of what a post ever gets that it gets on its first, second and third day.
SPREAD = (6, 3, 1)
COUNTS = ("impressions", "engagements", "likes", "reposts", "replies", "shares", "bookmarks", "profile_clicks",
          "clicks", "follows", "reach")
FOLLOWERS = {"x": 8_200, "instagram": 12_400}
# New followers a day beside those that a post brings, and the part of all followers who leave on a day.
DRIFT, UNFOLLOWS = 5.0, .00035
LINE_ACCOUNT, FRIENDS, NEW_FRIENDS = "@asanagi-example", 15_200, 16.0
EVERY = 10
BLOCKED_AT_FIRST, BLOCKS, BLOCKS_ON_BROADCAST, REACHABLE = .17, .00012, .0035, .93


def account_daily(posts: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table of accounts by day, from the brand's own posts; a day is its midnight in Japan."""
    return pd.concat([*(_followed(posts, name, seed) for name in FOLLOWERS), _line(seed)], ignore_index=True)


def _frame(platform: str, account_id: str, counts: dict[str, Whole]) -> pd.DataFrame:
    days = START + np.arange(DAYS) * np.timedelta64(DAY, "s")
    return pd.DataFrame({"platform": platform, "account_id": account_id, "day": utc(days), **counts})


def _followed(posts: pd.DataFrame, platform: str, seed: int) -> pd.DataFrame:
    stream, account = Stream(seed, "daily " + platform), next(each for each in CHANNELS if each.platform == platform)
    own = posts[(posts["platform"] == platform) & (posts["author"] == "brand")]
    clock = local(own["posted_at"]).to_numpy().astype("datetime64[s]")
    day = ((clock - START).astype(np.int64)) // DAY
    counts = {name: _seen(own[name].to_numpy(dtype=np.int64), day) for name in COUNTS
              if name in own and own[name].notna().all()}
    new = counts["follows"] + _about(stream, np.full(DAYS, DRIFT))
    gone = _about(stream, UNFOLLOWS * (FOLLOWERS[platform] + np.cumsum(new)))
    counts |= {"follows": new, "unfollows": gone, "followers": FOLLOWERS[platform] + np.cumsum(new - gone),
               "posts": np.bincount(day, minlength=DAYS)}
    return _frame(platform, account.account_id, counts)


def _seen(total: Whole, day: Whole) -> Whole:
    """What the posts got in all, on the days on which they got it; what falls behind the last day is not there yet."""
    days = np.zeros(DAYS + len(SPREAD), dtype=np.int64)
    rest = total.copy()
    for later, tenths in enumerate(SPREAD):
        part = rest if later == len(SPREAD) - 1 else total * tenths // 10
        np.add.at(days, day + later, part)
        rest = rest - part
    return days[:DAYS]


def _line(seed: int) -> pd.DataFrame:
    stream = Stream(seed, "daily line")
    broadcast = np.zeros(DAYS, dtype=bool)
    # Every ten days or so, at the latest two days later than that.
    first = np.arange(3, DAYS - 2, EVERY)
    broadcast[first + stream.whole(0, 2, len(first))] = True
    friends = FRIENDS + np.cumsum(_about(stream, NEW_FRIENDS * np.where(broadcast, 2.5, 1.0)))
    leaving = _about(stream, friends * np.where(broadcast, BLOCKS_ON_BROADCAST, BLOCKS))
    blocks = round(FRIENDS * BLOCKED_AT_FIRST) + np.cumsum(leaving)
    reachable = np.floor((friends - blocks) * REACHABLE).astype(np.int64)
    return _frame("line", LINE_ACCOUNT, {"followers": friends, "reachable": reachable, "blocks": blocks,
                                         "posts": broadcast.astype(np.int64)})


def _about(stream: Stream, mean: Floats | Whole) -> Whole:
    """Whole numbers around the mean, from half of it to one and a half."""
    return np.floor(mean * (.5 + stream.uniform(len(mean))) + stream.uniform(len(mean))).astype(np.int64)
