"""A log or a question that cannot be answered rightly gives one clear line; what is left out is counted."""

from datetime import datetime

import duckdb
import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.activity import (
    active_users,
    calendar,
    cohorts,
    growth,
    lifecycle,
    power_curve,
    retention,
    states,
)
from engagelab.errors import DataError, NoColumn, UsageError

NAMES = {"user": "user", "time": "at"}
ASKED = [lambda log, **how: active_users(log, windows=("1 day", "2 days"), **how),
         lambda log, **how: retention(log, after=("1 day",), **how),
         lambda log, **how: cohorts(log, every="day", **how), lambda log, **how: growth(log, every="day", **how),
         lambda log, **how: power_curve(log, window="2 days", **how),
         lambda log, **how: lifecycle(log, active="1 day", lapsed="2 days", every="day", **how)]


def log(**columns):
    plain = {"user": ["a", "a", "b", "c"],
             "at": pd.to_datetime(["2026-04-01", "2026-04-02", "2026-04-02", "2026-04-04"]),
             "plan": ["x", "y", "x", "x"], "event": ["view", "buy", "view", "view"], "value": [1.0, 2.0, 3.0, 4.0]}
    return pd.DataFrame(plain | columns)


MIXED = pd.Series([pd.Timestamp("2026-04-01", tz="UTC"), pd.Timestamp("2026-04-02", tz="UTC"),
                   pd.Timestamp("2026-04-02"), pd.Timestamp("2026-04-04", tz="UTC")], dtype=object)
BAD = {  # what is wrong: (columns of the log, arguments, what the error says in English, and in Japanese)
    "a missing time": ({"at": pd.to_datetime(["2026-04-01", None, "2026-04-02", None])}, {},
                       "column 'at': 2 rows have no time (the first is row 2); give them one", "2行目"),
    "text that is no time": ({"at": ["2026-04-01", "2026-04-02", "soon", "2026-04-04"]}, {},
                             "column 'at', row 3: 'soon' is no time such as", "3行目：'soon'"),
    "text with a zone and without": ({"at": ["2026-04-01 10:00Z", "2026-04-02 10:00+09:00", "2026-04-02 10:00", None]},
                                     {}, "times without one, first in row 3: '2026-04-02 10:00'; give all a zone",
                                         "3行目"),
    "times as text": ({"at": ["2026-04-01", "2026-04-02", "2026-04-02", "2026-04-04"]}, {},
                      "column 'at' holds VARCHAR, not dates or stamps; convert it first", "VARCHAR"),
    "times with a zone and without": ({"at": MIXED}, {}, "first in row 3: '2026-04-02 00:00:00'; give all a zone",
                         "3行目"),
    "times among text": ({"at": pd.Series([datetime(2026, 4, 1), "2026-04-02", None, None], dtype=object)}, {},
                         "column 'at' mixes text with numbers, first in row 2; convert", "2行目"),
    "numbers as times": ({"at": [1, 2, 3, 4]}, {}, "column 'at' holds BIGINT, not dates or stamps", "BIGINT"),
    "no time at all": ({"at": pd.to_datetime([None] * 4)}, {}, "column 'at' has no stamp at all", "'at'"),
    "a placeholder": ({"at": pd.Series(["2026-04-01", "2026-04-02", "2026-04-03",
                         "9999-12-31"]).astype("datetime64[us]")},
                      {}, "column 'at' has stamps before 1900 or after 2199", "'at'"),
    "users of two kinds": ({"user": pd.Series([7, "007", 7, 8], dtype=object)}, {},
                           "column 'user' mixes text with numbers, first in row 2; convert", "2行目"),
    "no user": ({"user": [None] * 4}, {}, "column 'user' has no user in any row that was observed", "'user'"),
    "users that are no numbers": ({"user": [np.nan] * 4}, {}, "column 'user' has no user in any row", "'user'"),
    "users that are lists": ({"user": [["a"], ["b"], ["a"], ["c"]]}, {}, "column 'user' holds VARCHAR[], not single",
                         "'user'"),
    "an event that does not occur": ({}, {"event": "event", "events": ["vew"]},
                                     "column 'event' holds no event 'vew'; did you mean 'view'?", "'vew'"),
    "events as text": ({}, {"event": "event", "events": "view"}, "events must be a list of event names", "'view'"),
    "events without their column": ({}, {"events": ["view"]}, "beside event=, the column that holds them", "event="),
    "an event that is a list": ({}, {"event": "event", "events": [["view"]]}, "holds no event ['view']", "['view']"),
    "an end before the start": ({}, {"since": "2026-04-03", "until": "2026-04-02"},
                                "since '2026-04-03' is not before until '2026-04-02'", "'2026-04-03'"),
    "a start after the last event": ({}, {"since": "2026-05-01"},
                                     "column 'at' has stamps from 2026-04-01 to 2026-04-04, none of them",
                                     "2026-04-04"),
    "a year that was mistyped": ({}, {"since": "2025-04-01", "until": "2025-05-01"}, "none of them in the time",
                         "2026-04-01"),
    "an end before the first event": ({}, {"until": "2026-04-01"}, "none of them in the time that since=",
                         "2026-04-01"),
    "no moment": ({}, {"since": "soon"}, "since must be a date or a stamp", "'soon'"),
    "no zone": ({}, {"tz": "Asia/Tokio"}, "there is no time zone 'Asia/Tokio'", "'Asia/Tokio'"),
    "a zone that is a number": ({}, {"tz": 9}, "there is no time zone 9; name one such as", "9はありません"),
    "a group that is not there": ({}, {"by": "plam"}, "has no column 'plam'", "'plam'"),
    "a group that is a list": ({}, {"by": [["plan"]]}, "has no column ['plan']", "['plan']"),
    "a group twice": ({}, {"by": ["plan", "plan"]}, "by names a column twice", "by"),
    "no column of users": ({}, {"user": "usr"}, "has no column 'usr'", "'usr'"),
    "confidence beyond one": ({}, {"confidence": 95}, "confidence must lie between 0 and 1", "95"),
}


@pytest.mark.parametrize("wrong", BAD)
def test_a_bad_log_gives_one_line_with_its_column_its_row_and_the_remedy(wrong):
    columns, how, english, japanese = BAD[wrong]
    for ask in ASKED:
        if wrong == "confidence beyond one" and ask is ASKED[2]:
            continue
        with pytest.raises((DataError, UsageError)) as told:
            ask(log(**columns), **NAMES | how)
        assert english in str(told.value) and "\n" not in str(told.value)
        with words.speaking("ja"), pytest.raises((DataError, UsageError)) as told:
            ask(log(**columns), **NAMES | how)
        assert japanese in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("values, said", [
    ([1.0, np.inf, 3.0, 4.0],
     "column 'value' holds an infinite value, or one too large to square (the first is row 2)"),
    ([1.0, 2.0, -1e200, 4.0], "(the first is row 3)"), (list("1234"), "column 'value' holds text, not numbers"),
    (pd.to_datetime(["2026-04-01"] * 4), "not numbers")])
def test_values_that_cannot_be_added_up_are_refused(values, said):
    for ask in (cohorts, growth, calendar):
        with pytest.raises(DataError) as told:
            ask(log(value=values), value="value", **NAMES)
        assert said in str(told.value)


QUESTIONS = [
    (active_users, {"windows": 7}), (retention, {"after": 7}),
    (active_users, {"windows": ()}), (active_users, {"windows": ("0 days",)}), (active_users,
        {"windows": ("-1 days",)}),
    (active_users, {"windows": ("1 day", "24 hours")}), (active_users, {"windows": (7,)}),
    (active_users, {"windows": ("1 month",)}), (active_users, {"every": "fortnight"}), (active_users,
        {"every": ["day"]}),
    (active_users, {"windows": ("7 days", "1 week")}), (retention, {"after": ("7 days", "1 day")}),
    (retention, {"after": ()}), (retention, {"after": ("0 days",)}), (retention, {"kind": "n-day"}),
    (retention, {"after": ("1 day",), "first_event": "view"}),
    (retention, {"after": ("1 day",), "event": "event", "return_event": "bu"}), (power_curve, {"window": "0 days"}),
    (power_curve, {"window": "5 days"}), (power_curve, {"window": ""}), (lifecycle, {"active": "7 days",
    "lapsed": "7 days"}),
    (lifecycle, {"active": "0 days"}), (states, {}), (cohorts, {"cumulative": True}), (cohorts,
    {"fiscal_year_starts": 13}),
    (cohorts, {"every": "months"}), (lifecycle, {"every": "hour"})]


@pytest.mark.parametrize("ask, how", QUESTIONS)
def test_a_question_that_cannot_be_answered_is_refused(ask, how):
    with pytest.raises((UsageError, DataError)) as told:
        ask(log(), **NAMES, **how)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("ask, name", [
    (active_users, "window"), (active_users, "day"), (active_users, "estimate"), (retention, "kind"), (retention,
        "after"),
    (cohorts, "cohort"), (cohorts, "age"), (cohorts, "month"), (growth, "month"), (growth, "base"), (power_curve,
    "days"),
    (lifecycle, "state"), (lifecycle, "month")])
def test_a_group_called_as_a_column_of_the_answer_is_refused_also_in_a_calendar(ask, name):
    named = log().rename(columns={"plan": name})
    for data, how in ((named, {**NAMES, "by": name}), (calendar(named, **NAMES, by=name), {})):
        with pytest.raises(UsageError, match=f"has a column '{name}' of its own"):
            ask(data, **how)


def test_a_calendar_takes_nothing_that_belongs_into_its_making_and_no_shorter_periods():
    made = calendar(log(), **NAMES, every="week")
    for ask in (active_users, retention, cohorts, growth, power_curve, lifecycle, states):
        with pytest.raises(UsageError, match="user=, since= belong into the making of the calendar"):
            ask(made, user="user", since="2026-04-01")
    for ask, how in ((cohorts, {"every": "month"}), (growth, {"every": "day"}), (active_users, {}), (lifecycle, {}),
                     (cohorts, {"every": "quarter"})):
        with pytest.raises(UsageError, match="a calendar by 'week' cannot answer by"):
            ask(made, **how)
    with pytest.raises(UsageError, match="user=, time= must name the columns"):
        growth(log())


def test_columns_of_one_name_are_refused():
    twice = pd.concat([log(), log()["at"]], axis="columns")
    with pytest.raises(DataError, match="several columns of the same name: 'at'"):
        growth(twice, **NAMES)
    with pytest.raises(NoColumn):
        growth(pd.DataFrame(), **NAMES)
    with pytest.raises(DataError, match="'at' has no stamp at all"):
        growth(log().iloc[:0], **NAMES)


def test_one_event_is_answered_as_far_as_it_goes():
    one = log().iloc[:1]
    assert active_users(one, **NAMES)["estimate"].dropna().tolist() == [1.0]
    assert retention(one, **NAMES)["n"].tolist() == [0, 0, 0]
    assert growth(one, **NAMES).set_index("metric")["estimate"].dropna().to_dict() == {"active": 1.0, "new": 1.0}
    assert cohorts(one, **NAMES)["estimate"].tolist() == [1.0]


def test_rows_that_are_left_out_are_counted_in_the_notes():
    rows = log(user=["a", None, "b", "c"], value=[1.0, 2.0, np.nan, 4.0])
    notes = cohorts(rows, **NAMES, value="value", since="2026-04-02", until="2026-04-04").attrs["notes"]
    assert "1 rows whose 'at' is after the observed time were left out" in notes
    assert "1 rows whose 'at' is before the observed time only say who was there before" in notes
    assert "1 rows without 'user' were left out: they belong to no known user" in notes
    assert "1 rows without 'value' count as visits worth nothing" in notes
    assert not [note for note in growth(log(), **NAMES, since="2026-04-01", until="2026-04-05").attrs["notes"]
                if "rows" in note]


def test_people_known_are_of_the_kind_of_those_in_the_log_and_known_since_a_time():
    kept = {"active": "1 day", "lapsed": "2 days", "every": "day", "until": "2026-04-05", **NAMES}
    known = pd.DataFrame({"user": ["z", "z", "y"], "joined": pd.to_datetime(["2026-04-03", "2026-04-01", None])})
    answer = lifecycle(log(), known=known, joined="joined", **kept)
    leads = answer[answer["state"] == "lead"].set_index("day")["count"]
    assert leads.dropna().to_dict() == {"2026-04-03": 1.0, "2026-04-04": 1.0}
    said = "1 rows of known without 'joined' were left out: nobody knows since when they are leads"
    assert said in answer.attrs["notes"]
    for wrong, said in ((known.assign(user=[1, 2, 3]), "ids of the kind that the log has"),
                        (known.assign(joined="2026-04-01"), "column 'joined' holds str, not dates"),
                        (known.rename(columns={"user": "who"}), "no column 'user'"),
                        (known.rename(columns={"joined": "since"}), "no column 'joined'")):
        with pytest.raises((DataError, NoColumn), match=said):
            lifecycle(log(), known=wrong, joined="joined", **kept)
    with pytest.raises(UsageError, match="leads need joined="):
        lifecycle(log(), known=known, **kept)


def written(folder, *tables):
    for i, (user, at) in enumerate(tables):
        (folder / f"part{i}.csv").write_text(f"user,at\n{user},{at}\n", encoding="utf-8", newline="\n")
    return str(folder / "part?.csv")


def test_ids_that_are_numbers_in_one_file_and_text_in_another_stay_apart(tmp_path):
    files = written(tmp_path, ("7", "2026-04-01 10:00:00"), ("007", "2026-04-01 11:00:00"), ("u7",
        "2026-04-01 12:00:00"))
    assert active_users(files, **NAMES, windows="1 day")["estimate"].tolist() == [3.0]
    many = tmp_path / "many"
    many.mkdir()
    for i in range(14):  # more files than are looked into by themselves
        (many / f"part{i:02}.csv").write_text(f"user,at\n{'007' if i == 13 else 7},2026-04-01 10:00:00\n",
        encoding="utf-8")
    assert active_users(str(many / "*.csv"), **NAMES, windows="1 day")["estimate"].tolist() == [2.0]


def test_parquet_files_with_ids_of_two_kinds_are_refused(tmp_path):
    for i, kept in enumerate(("7", "'007'")):
        duckdb.sql(f"SELECT {kept} AS user, 1.5 AS value, TIMESTAMP '2026-04-01' AS at").write_parquet(
            str(tmp_path / f"part{i}.parquet"))
    with pytest.raises(DataError, match=r"'user' is not of one type in all files: INTEGER \(part0.parquet\), VARCHAR"):
        active_users(str(tmp_path / "*.parquet"), **NAMES)
    duckdb.sql("SELECT 7 AS user, TIMESTAMPTZ '2026-04-01' AS at").write_parquet(str(tmp_path / "part1.parquet"))
    with pytest.raises(DataError, match=r"'at' is not of one type in all files: TIMESTAMP \(part0"):
        active_users(str(tmp_path / "*.parquet"), **NAMES)


def test_files_with_times_with_a_zone_and_without_are_refused(tmp_path):
    files = written(tmp_path, ("a", "2026-04-01 10:00:00"), ("b", "2026-04-01T10:00:00+09:00"))
    with pytest.raises(DataError, match="'at' has times with a time zone beside times without one, first in row 1"):
        active_users(files, **NAMES)
    one = tmp_path / "one.csv"
    one.write_text("user,at\na,2026-04-01T10:00:00Z\nb,2026-04-02 10:00:00\n", encoding="utf-8")
    with pytest.raises(DataError,
        match="'at': 2026-04-02 10:00:00 has no time zone, where others have one; give all a"):
        active_users(one, **NAMES)
    with words.speaking("ja"), pytest.raises(DataError, match="タイムゾーンがありません"):
        active_users(one, **NAMES)


def test_a_file_with_ids_of_two_kinds_in_json_is_refused(tmp_path):
    (tmp_path / "log.json").write_text('[{"user": 7, "at": "2026-04-01 10:00:00"},'
                                       ' {"user": "007", "at": "2026-04-01 10:00:00"}]', encoding="utf-8")
    with pytest.raises(DataError, match="column 'user' holds JSON, not single values"):
        active_users(tmp_path / "log.json", **NAMES)


def test_no_error_about_users_of_two_kinds_shows_what_they_are_called():
    mixed = log(user=pd.Series([123, "jane@example.com", 7, 8], dtype=object))
    for ask in ASKED:
        with pytest.raises(DataError, match="column 'user' mixes text with numbers, first in row 2;") as told:
            ask(mixed, **NAMES)
        assert "jane" not in str(told.value) and "jane" not in str(told.value.values)


def test_who_joins_after_what_was_observed_is_no_lead_and_who_has_no_date_is_counted():
    known = pd.DataFrame({"user": ["a", "y", "z", "z", "n"], "joined": pd.to_datetime(
        ["2026-04-01", "2026-04-05", "2026-04-09", "2026-04-04", None])})
    asked = {"active": "1 day", "lapsed": "2 days", "until": "2026-04-05", **NAMES}
    found = states(log(), known=known, joined="joined", **asked)
    assert found.loc[found["state"] == "lead", "user_id"].tolist() == ["z"]
    assert "1 rows of known without 'joined' were left out" in " ".join(found.attrs["notes"])
    counted = lifecycle(log(), known=known, joined="joined", every="day", **asked)
    counted = counted[counted["day"] == "2026-04-04"].set_index("state")["count"]
    assert counted.to_dict() == {name: 0.0 for name in counted.index} | found["state"].value_counts().to_dict()
    undated = states(log(), known=known, **asked)
    assert undated.loc[undated["state"] == "lead", "user_id"].tolist() == ["n", "y", "z"]


@pytest.mark.parametrize("rows", [10, 2100, 21000])
def test_what_comes_late_in_a_long_file_is_read_as_it_stands(tmp_path, rows):
    path = tmp_path / "long.csv"
    late = "9.5,2026-02-02,2.75\n007,2026-02-03,0.4\n"
    path.write_text("user,at,v\n" + "8,2026-01-01,1\n" * rows + late, encoding="utf-8")
    table = growth(path, user="user", time="at", value="v", until="2026-03-01")
    assert table.loc[table["metric"] == "value", "estimate"].tolist() == [rows, pytest.approx(3.15)]
    assert table.loc[table["metric"] == "new", "n"].tolist() == [1, 2]
    late = "9,2026-02-01 00:30:00+09:00\n"
    path.write_text("user,at\n" + "8,2026-01-01 10:00:00\n" * rows + late, encoding="utf-8")
    with pytest.raises(DataError, match="give all a zone"):
        growth(path, user="user", time="at", until="2026-03-01")
