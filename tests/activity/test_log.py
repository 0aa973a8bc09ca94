"""A log's window and periods, and the columns of small tables read strictly."""

import datetime

import pandas as pd
import pytest

from engagelab.activity.log import clock, flags, read_log, stamps
from engagelab.errors import DataError, UsageError

LOG = pd.DataFrame({"user": ["a", None], "event": ["x", "y"],
                    "at": pd.to_datetime(["2026-03-28 23:30", "2026-05-02 10:00"], utc=True)})


def test_the_periods_are_those_of_the_zone_from_the_first_row_or_since():
    log = read_log(LOG, user="user", time="at", every="month", tz="Europe/Berlin")
    assert log.periods("month")[1:] == (["2026-03", "2026-04", "2026-05"], [True, True, False])
    assert [note.split(":")[0] for note in log.notes] == [
        "periods and windows are in Europe/Berlin", "observed", "1 rows without 'user' were left out"]
    told = read_log(LOG, user="user", time="at", since="2026-02-10", until="2026-06-01")
    assert told.periods("month")[1:] == (["2026-02", "2026-03", "2026-04", "2026-05"], [False, True, True, True])


def test_only_the_events_that_are_asked_for_are_kept():
    log = read_log(LOG, user="user", time="at", event="event", events=["y"])
    kept = log.keep("SELECT count(*) AS n FROM events")
    assert kept.fetch(f"SELECT n FROM {kept.table}", [])["n"].tolist() == [1]
    assert not log.dated
    assert read_log(LOG.assign(at=datetime.date(2026, 4, 1)), user="user", time="at").dated
    with pytest.raises(UsageError, match="events must be a list"):
        read_log(LOG, user="user", time="at", events=["y"])


def test_columns_of_small_tables_are_read_strictly():
    assert stamps(LOG.assign(at=LOG["at"].dt.tz_localize(None)), "at").equals(LOG["at"])
    assert clock(stamps(LOG, "at"), "Asia/Tokyo").tolist()[1] - clock(stamps(LOG, "at"), None).tolist()[1] == 9 * 3600e6
    assert flags(pd.DataFrame({"won": [1, 0, None]}), "won").tolist() == [True, False, pd.NA]
    with pytest.raises(UsageError, match="won must be one of True, False, not 'no'"):
        flags(pd.DataFrame({"won": ["no"]}), "won")
    with pytest.raises(DataError, match="column 'at' holds"):
        stamps(pd.DataFrame({"at": ["soon"]}), "at")
