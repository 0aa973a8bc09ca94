"""An export of one million posts as X writes it, read with every check, against plain `pandas.read_csv`."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

TITLE = "read: an X content export of 1 M rows"
OURS, PEER, SCAN = "read", "pandas.read_csv", "scan"
TARGETS = {"wall_ratio": 3.0}
HEADER = ("Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Replies,Reposts,"
          "Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks")
DATES = ('"Tue, Jul 14, 2026"', '"Wed, Jul 15, 2026"', '"Thu, Jul 16, 2026"', '"Fri, Jul 17, 2026"')
# what a post is like: a sentence or two, with a comma at times
TEXTS = ("新しい深煎りの豆が届きました。苦みの奥に、干しぶどうのような甘みがあります。今週末まで全店で試飲できます #{}",
         '"Our autumn blend is back: dark cherry, cocoa, and a long finish. Try it at any shop until Sunday #{}"',
         "本日のおすすめは浅煎りのエチオピアです。冷めてからの香りの変化もぜひお楽しみください #{}",
         "We are open until nine tonight and there is live music from seven in the riverside shop #{}")


def data(folder: Path, posts: int = 1_000_000) -> Path:
    """The export, the same every time."""
    path = folder / f"account_analytics_content_{posts}.csv"
    if not path.exists():
        rows = (f"{2_074_000_000_000_000_000 + n},{DATES[n % 4]},{TEXTS[n % 4].format(n)},"
                f"https://x.com/asanagi/status/{2_074_000_000_000_000_000 + n},{n % 9973},"
                f"{n % 97},{n % 211},1,0,{n % 3},{n % 7},{n % 11},5,{n % 13},{n % 17},0,0" for n in range(posts))
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8", newline="\n")
    return path


def sums(frame: pd.DataFrame, shown: str, likes: str) -> pd.DataFrame:
    """What both must agree on: how many posts, and what their counts sum to."""
    return pd.DataFrame({"posts": [len(frame)], "shown": [int(frame[shown].sum())], "likes": [int(frame[likes].sum())]})


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.read` to the canonical table, rejects and account.

    A small file of the same format is read before, by the peer too: what is loaded at first use is not measured.
    """
    from engagelab.sources.read import read

    read(data(path.parent, posts=100))
    return lambda: sums(read(path).frame, "impressions", "likes")


def plain(path: Path) -> Callable[[], pd.DataFrame]:
    """`pandas.read_csv` with its defaults, no date parsed and no id kept."""
    pd.read_csv(data(path.parent, posts=100))
    return lambda: sums(pd.read_csv(path), "Impressions", "Likes")


def scan(path: Path) -> Callable[[], None]:
    """The bytes, read and their lines counted."""
    def run() -> None:
        path.read_bytes().count(b"\n")
    return run


CANDIDATES = {OURS: ours, PEER: plain, SCAN: scan}
