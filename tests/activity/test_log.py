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
    assert log.periods("month")[1:] == (["2026-03", "2026-04", "2026-05"], [False, True, False])
    first = read_log(LOG.assign(at=LOG["at"].dt.floor("D")), user="user", time="at", tz="America/Lima")   # 27 March
    assert first.periods("day")[2][:2] == [True, True]   # the day with which a log begins is taken for a whole one
    assert [note.split(":")[0] for note in log.notes] == [
        "periods and windows are in Europe/Berlin", "observed", "1 rows without 'user' were left out"]
    told = read_log(LOG, user="user", time="at", since="2026-02-10", until="2026-06-01")
    assert told.periods("month")[1:] == (["2026-02", "2026-03", "2026-04", "2026-05"], [False, True, True, True])


def test_rows_outside_the_window_are_counted_and_a_window_beside_the_log_is_refused():
    told = read_log(pd.concat([LOG, LOG.tail(1).assign(user="b")]), user="user", time="at", since="2026-04-01",
                    until="2026-05-02").notes
    assert told[1:] == ["2 rows whose 'at' is after the observed time were left out",
                        "1 rows whose 'at' is before the observed time were left out"]
    told = read_log(LOG, user="user", time="at", since="2026-04-01", until="2026-06-01", earlier=True).notes
    assert told[1:] == ["1 rows without 'user' were left out: they belong to no known user",
                        "1 rows whose 'at' is before the observed time only say who was there before"]
    chosen = read_log(LOG, user="user", time="at", event="event", events=["y"], since="2026-04-01", until="2026-06-01")
    assert len(chosen.notes) == 2   # the row before is of another event
    for window in ({"since": "2026-06-01"}, {"until": "2026-03-01"}):
        with pytest.raises(DataError, match="'at' has stamps from 2026-03-28 to 2026-05-02, none of them in the time"):
            read_log(LOG, user="user", time="at", **window)


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
    for unknown in (pd.NaT, float("nan"), None):
        assert flags(pd.DataFrame({"won": [unknown] * 2}), "won").isna().tolist() == [True, True]
    assert flags(pd.DataFrame({"won": [True, pd.NaT]}), "won").tolist() == [True, pd.NA]
    with pytest.raises(UsageError, match="won must be one of True, False, not 'no'"):
        flags(pd.DataFrame({"won": ["no"]}), "won")
    with pytest.raises(DataError, match="column 'at' holds"):
        stamps(pd.DataFrame({"at": ["soon"]}), "at")


def test_a_time_that_is_none_is_named_by_its_row(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user,at\na,2026-01-01\nb,soon\n", encoding="utf-8")
    with pytest.raises(DataError, match="column 'at', row 2: 'soon' is no time"):
        read_log(path, user="user", time="at")
