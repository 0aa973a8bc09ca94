"""The employees: everybody's team, manager and days fit together, at every size."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.sample import plan, staff
from engagelab.sample.draws import Stream
from engagelab.tables import typed

SIZES = [(200, 1), (4000, 7), (20_000, 3)]


def _day(text):
    return pd.Timestamp(text, tz="Asia/Tokyo")


def _employed(table, day):
    return (table["hired_at"] <= _day(day)) & ~(table["left_at"] < _day(day))


def test_600_are_employed_at_every_wave_and_more_have_been(workplace):
    table = workplace()["employees"]
    assert [int(_employed(table, day).sum()) for day in plan.WAVES.values()] == [600] * 4
    assert 780 < len(table) < 850


@pytest.mark.parametrize(("customers", "seed"), SIZES)
def test_everybody_s_manager_exists_is_another_and_is_there_on_the_same_days(workplace, customers, seed):
    table = workplace(customers, seed)["employees"].set_index("user_id")
    assert table.index.is_unique
    below = table[table["manager_id"].notna()]
    assert len(table) - len(below) == 1
    above = table.loc[below["manager_id"]]
    assert (above.index != below.index).all()
    assert above["left_at"].isna().all()
    assert (above["hired_at"] < _day("2025-04-01")).all()
    # Going up from anybody one comes to the chief.
    for _ in range(4):
        below = table.loc[below["manager_id"].dropna()]
    assert below.empty


def test_shops_report_to_the_manager_of_their_region(workplace):
    tables = workplace()
    people = tables["employees"].set_index("user_id")
    region = tables["shops"].drop_duplicates("shop_id").set_index("shop_id")["region"]
    heads = people[people["job"] == "store_manager"]
    assert sorted(heads["shop_id"]) == sorted(region.index)
    assert heads.groupby("manager_id")["shop_id"].agg(lambda shops: region[shops].nunique()).eq(1).all()
    assert set(people.loc[heads["manager_id"], "job"]) == {"area_manager"}
    baristas = people[people["job"] == "barista"]
    assert (people.loc[baristas["manager_id"], "shop_id"].to_numpy() == baristas["shop_id"].to_numpy()).all()


@pytest.mark.parametrize(("customers", "seed"), SIZES)
def test_days_stand_in_their_order(workplace, customers, seed):
    table = workplace(customers, seed)["employees"]
    gone = table[table["left_at"].notna()]
    assert (gone["left_at"] > gone["hired_at"]).all()
    assert (gone["left_at"] >= _day("2025-04-01")).all()
    assert (table[["hired_at", "left_at"]].max() <= _day("2026-09-30")).all()
    for column in ("one_on_one_at", "training_at"):
        met = table[table[column].notna()]
        assert len(met) and (met[column] > met["hired_at"]).all(), column
        assert not (met[column] >= met["left_at"] + pd.Timedelta(days=1)).any(), column
        assert met[column].between(_day("2026-06-01"), _day("2026-08-01")).all(), column


def test_who_left_has_a_reason_and_nobody_else_has(workplace):
    table = workplace()["employees"]
    gone = table["left_at"].notna()
    assert (table["reason"].notna() == gone).all() and (table["voluntary"].notna() == gone).all()
    own = table["reason"].isin(list(staff.REASONS))
    assert (own[gone] == table["voluntary"][gone]).all()
    assert .8 < table["voluntary"].mean() < .95


def test_two_teams_at_headquarters_have_fewer_than_five_people_at_any_size(workplace):
    for customers, seed in SIZES:
        table = workplace(customers, seed)["employees"]
        size = table[_employed(table, "2026-08-17")].groupby("team").size()
        assert {name: size[name] for name in staff.SMALL} == staff.SMALL
    assert (size.drop(list(staff.SMALL)) >= 5).all()


def test_talks_were_held_in_the_eight_shops_alone_and_by_all_who_worked_there(workplace):
    table = workplace()["employees"]
    met = table["one_on_one_at"].notna()
    assert set(table["shop_id"][met]) == set(plan.PILOT)
    there = _employed(table, "2026-05-12") & table["left_at"].isna() & table["shop_id"].isin(plan.PILOT)
    assert met[there & (table["job"] == "barista")].all()
    assert not met[table["job"] == "store_manager"].any()


def test_many_leave_between_the_third_wave_and_the_fourth(workplace):
    gone = workplace()["employees"]["left_at"].dropna()
    between = {name: int(((gone > _day(start)) & (gone < _day(end))).sum()) for name, start, end in (
        ("second", "2025-11-10", "2026-02-09"), ("third", "2026-02-09", "2026-05-11"),
        ("fourth", "2026-05-11", "2026-08-17"))}
    assert between["fourth"] > 2 * between["second"] and between["fourth"] > 2 * between["third"]


def test_the_unhappy_leave_and_then_hardly_anybody_else():
    people = staff.staff(7, 20_000)
    between = (people.left > np.datetime64("2026-05-22")) & (people.left < np.datetime64("2026-08-17"))
    before = (people.left < np.datetime64("2026-05-11"))
    assert people.mood[between].mean() < -1.2
    assert -.8 < people.mood[before].mean() < -.3


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.floats(0, .9), st.integers(0, 99))
def test_every_group_loses_the_same_share_of_its_lowest(sizes, share, seed):
    group = np.repeat(np.arange(len(sizes)), sizes)
    order = Stream(seed, "order").normal(len(group))
    chosen = staff._lowest(Stream(seed, "x"), group, order, share)
    assert abs(len(chosen) - share * len(group)) < 1
    assert len(set(chosen.tolist())) == len(chosen)
    for place, size in enumerate(sizes):
        here = chosen[group[chosen] == place]
        assert abs(len(here) - share * size) < 1
        rest = np.setdiff1d(np.nonzero(group == place)[0], here)
        assert not len(here) or not len(rest) or order[here].max() <= order[rest].min()


def test_the_same_seed_gives_the_same_employees_and_another_gives_others(workplace):
    first, again, other = (typed(staff.employees(staff.staff(seed, 4000), seed), "employees") for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(first, workplace()["employees"])
    assert not first["name"].equals(other["name"])


def test_addresses_are_unique_and_made_up(workplace):
    table = workplace()["employees"]
    assert table["email"].is_unique
    assert table["email"].str.fullmatch(r"[a-z.0-9-]+@staff\.example\.jp").all()
