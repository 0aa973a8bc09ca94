"""The states of users day by day from a pandas frame of a million events, against retentioneering's daily states.

Compared are, by day, the users who are new, who were there in the seven days before, and who were not. Theirs labels
each user's every day, of which it makes a row; ours counts.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import events

TITLE = "activity: states of users by day, a pandas frame of 1 M events"
OURS, PEER, SCAN = "lifecycle", "retentioneering", None
TARGETS = {"cpu_ratio": 1 / 30}
NEEDS = {PEER: "retentioneering"}
ROUNDS = 3  # ten seconds each


def data(folder: Path) -> Path:
    """The log, the same every time."""
    return events.log(folder, 1_000_000)


def ours(path: Path) -> Callable[[], pd.DataFrame]:
    """`el.activity.lifecycle` with an active time of a day."""
    from engagelab.activity import lifecycle

    def answer(log: pd.DataFrame) -> pd.DataFrame:
        found = lifecycle(log, user="user_id", time="ts", active="1 day", lapsed="7 days", every="day")
        return compared(found.assign(day=events.numbered(found["day"]), users=found["count"]))

    log = events.frame(path)
    answer(log[:1000])
    return lambda: answer(log)


def compared(found: pd.DataFrame) -> pd.DataFrame:
    """The three states of the days that are over and have seven observed days before them."""
    wide = found.pivot(index="day", columns="state", values="users").fillna(0)
    return wide.loc[events.SINCE + 7:events.SINCE + events.DAYS - 2, ["new", "active", "won_back"]].reset_index()


def theirs(path: Path) -> Callable[[], pd.DataFrame]:
    """`to_daily_states` of a stream made before the measurement, counted by day; it sends nothing anywhere."""
    os.environ["RETENTIONEERING_NO_TRACK"] = "1"
    sys.modules["posthog"] = None  # type: ignore[assignment]
    from retentioneering.eventstream.eventstream import Eventstream

    names = {"new": "new", "current": "active", "reactivated": "won_back", "resurrected": "won_back"}

    def answer(stream: Eventstream) -> pd.DataFrame:
        states = stream.to_daily_states().to_dataframe()
        counts = states.groupby(["timestamp", "event"], observed=True).size().rename("users").reset_index()
        counts = counts.assign(day=events.numbered(counts["timestamp"]), state=counts["event"].astype(str).map(names))
        return compared(counts.dropna(subset="state").groupby(["day", "state"], as_index=False)["users"].sum())

    log = events.frame(path).rename(columns={"ts": "timestamp"})
    answer(Eventstream(log[:1000]))
    stream = Eventstream(log)
    return lambda: answer(stream)


CANDIDATES = {OURS: ours, PEER: theirs}
