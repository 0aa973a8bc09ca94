"""Events of Google Analytics from newline JSON, Parquet and CSV: one table, and one line for what is broken."""

import csv
import io
import json

import duckdb
import pandas as pd
import pytest

from engagelab.errors import SourceError
from engagelab.sources.folder import read_folder
from engagelab.sources.read import read

KEY = b"a key for tests"


def same(left, right):
    pd.testing.assert_frame_equal(left, right, check_like=True)


def event(n, *params, **more):
    kinds = ("string_value", "int_value", "float_value", "double_value")
    listed = [
        {"key": key, "value": {name: value if name == kind else None for name in kinds}} for key, kind, value in params
    ]
    return {
        "event_date": "20260127",
        "event_timestamp": 1769500000000000 + n,
        "event_name": "page_view",
        "event_params": listed,
        "user_id": None,
        "user_pseudo_id": "1000.2000",
        "platform": "IOS" if n else "WEB",
        "collected_traffic_source": {"manual_source": "google", "manual_medium": "cpc", "manual_campaign_name": "春"},
    } | more


EVENTS = [
    event(
        0,
        ("ga_session_id", "int_value", 17695),
        ("page_location", "string_value", 'https://example.com/?a="1,2"'),
        ("engagement_time_msec", "int_value", 2500),
        ("value", "double_value", 12.5),
        ("currency", "string_value", "JPY"),
    ),
    event(1, ("page_location", "string_value", "https://example.com/b"), user_id="u1"),
]


def json_lines(events):
    return "".join(json.dumps(one) + "\n" for one in events)


def as_csv(events, written):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(events[0])
    for one in events:
        writer.writerow([written(cell) if isinstance(cell, list | dict) else cell for cell in one.values()])
    return out.getvalue()


def test_events_are_the_same_table_from_json_parquet_and_csv(load, tmp_path):
    frame = load(json_lines(EVENTS), "events.json").frame
    source = tmp_path / "events.json"
    duckdb.sql(f"COPY (SELECT * FROM read_json('{source}', format = 'newline_delimited')) TO '{tmp_path}/a[1].parquet'")
    duckdb.sql(f"COPY (SELECT 1 AS one) TO '{tmp_path}/a1.parquet'")  # which a[1] would mean to a shell
    same(frame, read(tmp_path / "a[1].parquet").frame)
    same(frame, load(as_csv(EVENTS, json.dumps)).frame)
    same(frame, load(as_csv(EVENTS, repr)).frame)  # as pandas writes what it holds
    numbers_as_text = json_lines(EVENTS).replace("17695,", '"17695",').replace("2500,", '"2500",')
    same(frame, load(numbers_as_text, "events.jsonl").frame)  # as BigQuery writes whole numbers
    first = frame.iloc[0]
    assert first["session_id"] == "1000.2000.17695" and pd.isna(frame["session_id"].iloc[1])
    assert first["seconds"] == 2.5 and first["value"] == 12.5 and first["currency"] == "JPY"
    assert first["page"] == 'https://example.com/?a="1,2"' and first["campaign"] == "春"
    assert frame["platform"].tolist() == ["web", "app"]
    assert frame["occurred_at"].tolist() == [pd.Timestamp(1769500000000000 + n, unit="us", tz="UTC") for n in (0, 1)]


def test_ids_written_as_numbers_keep_every_figure(load):
    text = json_lines(EVENTS).replace('"1000.2000"', "1234560000.1700000000").replace('"u1"', "1900000000000000001")
    frame = load(text, "events.json").frame
    assert frame["device_id"].tolist() == ["1234560000.1700000000"] * 2
    assert frame["user_id"].iloc[1] == "1900000000000000001"


def test_an_event_that_comes_again_is_set_aside(load):
    reading = load(json_lines([*EVENTS, EVENTS[0]]), "events.json")
    assert len(reading.frame) == 2 and reading.rejects["reason"].tolist() == ["the same row once more"]


def test_events_of_a_folder_are_found_and_no_other_json_is(tmp_path):
    (tmp_path / "events.jsonl").write_text(json_lines(EVENTS))
    (tmp_path / "truth.json").write_text('{\n "a": 1\n}\n')
    data = read_folder(tmp_path, key=KEY)
    assert len(data["events"]) == 2 and data.skipped == ("truth.json",)


BROKEN = {
    "a line cut off": (json_lines(EVENTS)[:-30], "line 2 is no JSON record"),
    "no record": (json_lines(EVENTS) + "[1, 2]\n", "line 3 is no JSON record"),
    "spread over lines": ('{\n "a": 1\n}\n', "line 1 is no JSON record"),
    "nested without end": ('{"a": ' + "[" * 100_000 + "\n", "line 1 is no JSON record"),
    "zero byte": (json_lines(EVENTS).replace("example", "exa\0mple"), "is no text file"),
    "a record without end": ('{"a": "' + "x" * 5_000_000 + '"}\n', "line 1: the record is longer than 4 MB"),
    "other names in each line": (
        "".join(f'{{"k{n}": {n}}}\n' for n in range(3000)),
        "different columns and next to nothing in them",
    ),
    "empty records": ("{}\n{}\n", "is empty"),
    "another list of names": ('{"name": 1, "sum": 2}\n', "none of the known headers"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_json_is_one_line_that_says_where(load, what):
    text, said = BROKEN[what]
    with pytest.raises(SourceError, match=said) as error:
        load(text, "events.json")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"PAR1,a,b\n1,2,3\n"])
def test_what_is_no_parquet_is_said(load, content):
    with pytest.raises(SourceError, match=r"file\.parquet cannot be read as Parquet: ") as error:
        load(content, "file.parquet")
    assert "\n" not in str(error.value)


def test_wrong_nesting_is_a_fault_of_the_cell(load):
    wrong = [
        EVENTS[0] | {"event_params": "page"},
        EVENTS[1] | {"event_params": [{"key": "page_location", "value": 3}, 4]},
    ]
    with pytest.raises(SourceError, match=r"column 'event_params' .*'page' is no nested record"):
        load(json_lines(wrong), "events.json")
    reading = load(json_lines(wrong), "events.json", on_bad="return")
    assert reading.frame["page"].isna().tolist() == [True, False]
    assert reading.rejects["severity"].tolist() == ["cell"]


def test_half_letters_written_in_json_do_no_harm(load):
    odd = json_lines(EVENTS).replace("example.com/b", "example.com/\\ud83d")
    assert load(odd, "events.json").frame["page"].iloc[1] == "https://example.com/?"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_stamps_of_parquet_are_the_same_instant_with_any_zone_of_the_writer(tmp_path, zone):
    path = tmp_path / "orders.parquet"
    with duckdb.connect() as db:
        db.execute(f"SET timezone = '{zone}'")
        db.execute("COPY (SELECT 'A' || i AS order_id, TIMESTAMPTZ '2026-04-01 10:00:00.5+09' AS ordered_at, "
                   "TIMESTAMP_NS '2026-04-02 10:00:00.123456000' AS paid_at, 5.5 AS total FROM range(3) t(i)) "
                   f"TO '{path}' (FORMAT parquet)")
    frame = read(path, tz="Asia/Tokyo").frame
    assert frame["ordered_at"].tolist() == [pd.Timestamp("2026-04-01T01:00:00.5Z")] * 3
    assert frame["paid_at"].tolist() == [pd.Timestamp("2026-04-02T01:00:00.123456Z")] * 3
