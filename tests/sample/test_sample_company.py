"""The whole company: every table keeps what tables.csv declares, and the tables fit together."""

import pandas as pd
import pytest

from engagelab.errors import UsageError
from engagelab.sample import generate
from engagelab.sample.dates import END
from engagelab.tables import tables

# Reports of web analytics are sums of events; only their vendors' files have them.
NAMES = [name for name in tables() if name != "web_traffic"]
LAST = pd.Timestamp(END).tz_localize("Asia/Tokyo")


def test_the_company_has_every_canonical_table(company):
    assert sorted(company) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_declared_and_keeps_its_declaration(company, name):
    frame, declared = company[name], tables()[name].columns
    assert [column for column in declared if column in frame.columns] == list(frame.columns)
    for column in frame.columns:
        known, values = declared[column], frame[column].dropna()
        assert str(frame[column].dtype) == known.dtype, column
        assert not (known.required and frame[column].isna().any()), column
        assert known.minimum is None or (values >= known.minimum).all(), column
        assert known.maximum is None or (values <= known.maximum).all(), column
        assert not known.allowed or set(values) <= set(known.allowed), column


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_unique(company, name):
    key = [column for column in tables()[name].key if column in company[name].columns]
    assert not company[name].duplicated(key).any()


@pytest.mark.parametrize("name", NAMES)
def test_no_stamp_is_after_the_last_day_and_no_happening_before_the_first(company, name):
    frame = company[name]
    for column in frame.columns:
        if str(frame[column].dtype).startswith("datetime"):
            assert not (frame[column] > LAST).any(), column
    if tables()[name].time and name not in ("customers", "subscriptions", "accounts", "employees"):
        assert (frame[tables()[name].time] >= pd.Timestamp("2025-04-01", tz="Asia/Tokyo")).all()


def test_the_newest_stamp_is_on_the_last_day(company):
    newest = max(company[name][tables()[name].time].max() for name in ("orders", "surveys", "reviews"))
    assert newest.tz_convert("Asia/Tokyo").date().isoformat() == "2026-09-30"


def test_whoever_acts_is_a_customer_who_has_joined(company):
    joined = company["customers"].set_index("user_id")["created_at"]
    for name in ("orders", "subscriptions", "email_sends", "surveys", "tickets", "events", "deals"):
        frame = company[name].dropna(subset=["user_id"])
        assert frame["user_id"].isin(joined.index).all()
        time = frame[tables()[name].time]
        if name == "subscriptions":
            time = time + pd.Timedelta(days=1)
        assert (time.to_numpy() >= joined.loc[frame["user_id"]].to_numpy()).all(), name


def test_the_same_seed_gives_the_same_tables_and_another_gives_others(company):
    again, other = generate(300, 7), generate(300, 8)
    for name, frame in generate(300, 7).items():
        pd.testing.assert_frame_equal(frame, again[name])
    assert not again["orders"].equals(other["orders"])


def test_the_tables_grow_with_the_customers():
    small, large = generate(400, 7), generate(1600, 7)
    for name in ("orders", "email_sends", "surveys", "tickets", "reviews"):
        assert 3 < len(large[name]) / len(small[name]) < 5, name
    assert len(small["social_posts"]) == len(large["social_posts"])


def test_the_smallest_company_of_any_seed_has_all_its_tables():
    for seed in range(12):
        assert all(len(frame) for frame in generate(200, seed).values())


@pytest.mark.parametrize(("customers", "seed"), [
    (199, 7), (1_000_001, 7), (0, 7), (-4000, 7), (4000, -1), (4000.0, 7), ("4000", 7), (True, 7), (4000, None)])
def test_a_size_that_cannot_be_is_refused_in_one_line(customers, seed):
    with pytest.raises(UsageError) as refused:
        generate(customers, seed)
    assert refused.value.key == "sample.size"
    assert "\n" not in str(refused.value)
