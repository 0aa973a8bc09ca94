"""What is nested in a table is found by its dotted name, as plain Python finds it in the same file."""

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from engagelab.activity.active import active_users
from engagelab.errors import NoColumn
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, rate
from engagelab.summaries.engine import source

EXPORT = Path(__file__).parents[2] / "data" / "exports" / "ga4_events_20260924_20260930.jsonl"


def parameters(event):
    """The parameters of an event, by name: the one value that is set."""
    return {item["key"]: next(iter(item["value"].values())) for item in event["event_params"]}


@pytest.fixture(scope="module")
def events():
    return [json.loads(line) for line in EXPORT.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The export as newline JSON, as Parquet with whole numbers as Google writes them, and as a relation."""
    path = tmp_path_factory.mktemp("ga4") / "events.parquet"
    read = f"SELECT * REPLACE (CAST(event_timestamp AS BIGINT) AS event_timestamp) FROM read_json('{EXPORT}')"
    duckdb.sql(f"COPY ({read}) TO '{path}'")
    relation = duckdb.read_parquet(str(path)).filter("event_name IS NOT NULL")
    return {"json": EXPORT, "parquet": path, "relation": relation}


@pytest.mark.parametrize("kind", ["json", "parquet", "relation"])
def test_parameters_are_measured_by_their_names(kind, tables, events):
    found = measure(tables[kind], mean("event_params.engagement_time_msec.int_value"), by="event_params.content_id")
    by_hand = pd.DataFrame([parameters(event) for event in events]).assign(
        content_id=lambda frame: frame["content_id"].fillna("(missing)"),
        value=lambda frame: frame["engagement_time_msec"].astype("float64"))
    expected = by_hand.groupby("content_id")["value"].agg(["mean", "count"])
    found = found.set_index("event_params.content_id")
    assert found["n"].to_dict() == expected["count"].to_dict()
    pd.testing.assert_series_equal(found["estimate"].sort_index(), expected["mean"], check_names=False,
                                   check_index_type=False)


@pytest.mark.parametrize("kind", ["json", "parquet", "relation"])
def test_stamps_in_microseconds_are_the_moments_that_they_stand_for(kind, tables, events):
    found = active_users(tables[kind], user="user_pseudo_id", time="event_timestamp", event="event_name",
                         events=["document_view"], windows=("1 day",), tz="Asia/Tokyo")
    days = {}
    for event in events:
        if event["event_name"] == "document_view":
            stamp = datetime.fromtimestamp(int(event["event_timestamp"]) / 1e6, UTC)
            day = pd.Timestamp(stamp).tz_convert("Asia/Tokyo").strftime("%Y-%m-%d")
            days.setdefault(day, set()).add(event["user_pseudo_id"])
    found = found[found["metric"] == found["metric"].iloc[0]].dropna(subset="estimate").set_index("day")["estimate"]
    assert found.to_dict() == {day: len(days[day]) for day in found.index}
    assert len(found) >= 5


def test_records_have_fields_and_what_is_not_there_is_no_column(tables):
    for kind, table in tables.items():
        types = source(table).types
        assert types["collected_traffic_source.manual_source"] == "VARCHAR", kind
        assert types["event_params.none_such"] == "VARCHAR"  # a key that no event has: all missing
        for name in ("collected_traffic_source.none", "event_params.a b", "event_params.x.y", "event_name.x", "none.x",
                     "event_params.x'", 'collected_traffic_source."', "event_params", "event_params.", ".", ""):
            assert (name in types) == (name == "event_params"), name
        with pytest.raises(NoColumn, match=r"no column 'event_params\.x\.y'"):
            measure(table, mean("event_params.x.y"))


def test_a_field_that_only_late_lines_have_is_not_lost(tmp_path):
    path = tmp_path / "late.jsonl"
    lines = [{"p": [{"key": "v", "value": {"int_value": "1"}}]}] * 25_000
    lines += [{"p": [{"key": "v", "value": {"double_value": 2.5}}], "late": 1}] * 10
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    answer = measure(path, [rate("late"), mean("p.v.double_value"), mean("p.v.int_value")])
    assert answer["n"].tolist() == [10, 10, 25_000]
    assert answer["estimate"].tolist() == [1.0, 2.5, 1.0]


def test_a_table_of_the_same_names_with_real_stamps_is_left_as_it_is(tmp_path):
    stamps = pd.to_datetime(["2026-09-30"])
    frame = pd.DataFrame({"event_timestamp": stamps, "event_name": ["x"], "user_pseudo_id": [1]})
    duckdb.query_df(frame, "frame", f"COPY (FROM frame) TO '{tmp_path}/a.parquet'")
    assert source(tmp_path / "a.parquet").types["event_timestamp"] == "TIMESTAMP"
