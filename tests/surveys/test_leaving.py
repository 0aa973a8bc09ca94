"""Turnover, tenure and stated intent: against counting by hand, brute force and simulated staff."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab import words
from engagelab.activity.churn import churn
from engagelab.errors import DataError, UsageError
from engagelab.metrics.answer import is_hidden
from engagelab.surveys import intent, tenure, turnover

WHEN = {"until": "2026-10-01", "tz": "Asia/Tokyo"}


@pytest.fixture(scope="module")
def staff():
    return el.example("employees")


def at(*days):
    return pd.to_datetime(list(days), utc=True)


# Turnover.

def test_turnover_is_who_left_of_those_there_when_the_period_began(staff):
    table = turnover(staff, voluntary="voluntary", **WHEN)
    assert list(table.columns[:4]) == ["metric", "quarter", "estimate", "low"]
    found = table[table["metric"] == "turnover"].set_index("quarter")
    hired, left = (staff[name].dt.tz_convert("Asia/Tokyo").dt.tz_localize(None) for name in ("hired_at", "left_at"))
    for quarter, first, last in (("2025Q3", "2025-07-01", "2025-10-01"), ("2026Q2", "2026-04-01", "2026-07-01")):
        there = (hired < first) & ~(left < first)
        gone = there & (left < last)
        assert found.loc[quarter, ["count", "n"]].tolist() == [gone.sum(), there.sum()]
        own = table[(table["metric"] == "voluntary_turnover") & (table["quarter"] == quarter)]
        assert own["count"].item() == (gone & staff["voluntary"].fillna(False)).sum()


def test_before_the_first_leaver_of_the_table_turnover_is_unknown_and_not_nothing(staff):
    table = turnover(staff, **WHEN)
    assert table["quarter"].min() == "2025Q2"
    assert any("2025-04-10" in note for note in table.attrs["notes"])
    assert turnover(staff, since="2025-01-01", **WHEN)["quarter"].min() == "2025Q1"


def test_small_teams_are_hidden_and_so_is_why_people_left_where_few_did(staff):
    table = turnover(staff, by="team", every="year", voluntary="voluntary", reason="reason", since="2026-01-01", **WHEN)
    plain = churn(staff, user="user_id", opened="hired_at", closed="left_at", by="team", every="year",
                  since="2026-01-01", **WHEN).set_index("team")
    whole = table[(table["metric"] == "turnover") & (table["reason"] == "(all)")].set_index("team")
    pd.testing.assert_series_equal(is_hidden(whole["flag"]), plain["n"] < 5, check_names=False, check_dtype=False)
    shown = whole[~is_hidden(whole["flag"])]
    np.testing.assert_array_equal(shown["count"], plain.loc[shown.index, "count"])
    why = table[(table["metric"] != "turnover") | (table["reason"] != "(all)")]
    expected = [(0 < plain.loc[team, "count"] < 5) or plain.loc[team, "n"] < 5 for team in why["team"]]
    assert is_hidden(why["flag"]).tolist() == expected and why["estimate"][expected].isna().all()
    assert 0 < sum(expected) < len(why)


def test_two_attributes_need_ten(staff):
    table = turnover(staff, by=["team", "contract"], every="year", since="2026-01-01", **WHEN)
    plain = churn(staff, user="user_id", opened="hired_at", closed="left_at", by=["team", "contract"], every="year",
                  since="2026-01-01", **WHEN)
    small = plain["n"].between(1, 9)
    assert is_hidden(table["flag"]).tolist() == small.tolist() and small.any()


def test_a_group_may_not_have_the_name_of_a_column_of_the_answer(staff):
    with pytest.raises(UsageError, match="rename yours"):
        turnover(staff.assign(people="a"), by="people")


# Tenure.

def test_those_there_before_count_from_then_on_as_brute_force_has_it(staff):
    since, until = at("2025-04-01", "2026-10-01")
    row = tenure(staff, since="2025-04-01", until="2026-10-01").iloc[0]
    hired, left = staff["hired_at"], staff["left_at"]
    year = pd.Timedelta(days=365.25)
    day = pd.Timedelta(days=1)
    end = ((left + day).where(left < until, until) - hired) / year
    begin = (since - hired) / year
    survival, median = 1.0, np.nan
    for time in sorted(end[left < until].unique()):
        at_risk = ((begin < time) & (end >= time)).sum()
        survival *= 1 - ((end == time) & (left < until)).sum() / at_risk
        if survival <= .5:
            median = time
            break
    assert row["estimate"] == pytest.approx(median)
    assert row["metric"] == "tenure" and row["low"] < median < row["high"]
    assert (row["count"], row["n"]) == (203, 803)


def test_leaving_the_truncation_out_makes_people_stay_too_long():
    """Tenures drawn with a median of two years, seen through a window of one and a half."""
    draw = np.random.RandomState(1)
    hired = pd.Timestamp("2016-01-01") + pd.to_timedelta(draw.randint(0, 3900, 12_000), "D")
    left = hired + pd.to_timedelta(np.ceil(draw.exponential(2 / np.log(2) * 365.25, 12_000)), "D")
    since, until = pd.Timestamp("2025-04-01"), pd.Timestamp("2026-10-01")
    seen = (left >= since) & (hired < until)
    table = pd.DataFrame({"hired_at": hired, "left_at": left})[seen]
    table["left_at"] = table["left_at"].where(table["left_at"] < until)
    right = tenure(table, since=since, until=until).iloc[0]
    assert right["low"] < 2 < right["high"] and right["high"] - right["low"] < .5
    naive = tenure(table, since="2016-01-01", until=until).iloc[0]
    assert naive["low"] > 3


def test_an_early_leaver_among_few_makes_no_median():
    table = pd.DataFrame({"hired_at": at(*["2016-01-01"] * 20, "2025-06-01", "2025-07-01"),
                          "left_at": at(*[None] * 20, "2025-06-20", "2025-07-30")})
    row = tenure(table, since="2025-04-01", until="2026-10-01").iloc[0]
    assert np.isnan(row["estimate"]) and "fewer than 5 were at risk" in row["flag"]


def test_who_was_not_there_in_the_time_is_left_out_and_counted(staff):
    table = tenure(staff, since="2026-01-01", until="2026-07-01")
    out = ((staff["left_at"] < at("2026-01-01")[0]) | (staff["hired_at"] >= at("2026-07-01")[0])).sum()
    assert table["n"].item() == len(staff) - out
    assert any(note.startswith(f"{out} rows left out") for note in table.attrs["notes"])


def test_small_groups_have_no_tenure(staff):
    table = tenure(staff, by="team", since="2025-04-01", **WHEN).set_index("team")
    assert is_hidden(table["flag"]).sum() == 2 and table.loc[["legal", "management"], "n"].isna().all()
    assert table.loc["stores", "estimate"] > 2


# Intent.

@pytest.fixture(scope="module")
def asked():
    answers = el.surveys.wide(el.example("pulses"), over="wave", keep=["answered_at"])
    return answers[answers["wave"] == "2026-05"]


def test_the_stated_intent_against_leaving_is_that_of_pairs_counted_by_hand(staff, asked):
    found = intent(asked, staff, within="120 days", **WHEN)
    both = asked.dropna(subset="stay").merge(staff, on="user_id")
    gone = (both["left_at"] <= both["answered_at"] + pd.Timedelta(days=120)) & both["voluntary"].fillna(False)
    leavers, others = (both["stay"][here].to_numpy() for here in (gone, ~gone))
    pairs = leavers[:, None] - others
    row = found.parts.iloc[-1]
    assert row["metric"] == "auc"
    assert row["estimate"] == pytest.approx(((pairs < 0) + .5 * (pairs == 0)).mean())
    low = found.parts.set_index("group").loc["below 7"]
    assert (low["count"], low["n"]) == ((both["stay"] < 7)[gone].sum(), (both["stay"] < 7).sum())
    assert "had said the lower score in 75.2% of the pairs" in found.sentence
    assert found.frame["high"].item() < 0
    assert "left of their own will" in found.sentence and "leaving of their own will" in found.source
    assert not any(user in repr(found) + found.source for user in both["user_id"])


def test_who_leaves_on_the_day_of_the_answer_was_there_that_day():
    users = [f"E{i}" for i in range(40)]
    said = pd.DataFrame({"user_id": users, "stay": [3, 8] * 20, "answered_at": at("2026-02-10 10:00")[0]})
    table = pd.DataFrame({"user_id": users, "hired_at": at("2024-04-01")[0],
                          "left_at": at(*["2026-02-10"] * 14, *["2026-02-09"] * 2, *[None] * 24)})
    found = intent(said, table, voluntary=None, until="2026-12-31")
    assert found.parts.loc[2, ["count", "n"]].tolist() == [14, 38]
    end = table.assign(left_at=at(*["2026-08-10"] * 5, *["2026-08-11"] * 5, *["2026-08-12"] * 30))
    # 182 days after the answer is the 11th at 10 o'clock, the last day of those who leave on the 11th
    assert intent(said, end, voluntary=None, until="2026-12-31").parts.loc[2, "count"] == 5


def test_few_leavers_have_no_auc(staff, asked):
    found = intent(asked.head(40), staff, within="30 days", **WHEN)
    row = found.parts.iloc[-1]
    assert np.isnan(row["estimate"]) and row["flag"] == words.text("leaving.flag_few", n=5)
    assert "Too few left or stayed" in found.sentence


def test_an_intent_that_says_nothing_is_said_to():
    draw = np.random.RandomState(3)
    users = [f"E{i}" for i in range(300)]
    said = pd.DataFrame({"user_id": users, "stay": draw.randint(0, 11, 300), "answered_at": at("2026-01-10")[0]})
    gone = pd.Series(at("2026-03-01")[0], index=range(300)).where(draw.uniform(size=300) < .2)
    table = pd.DataFrame({"user_id": users, "hired_at": at("2024-01-01")[0], "left_at": gone})
    found = intent(said, table, voluntary=None, until="2026-10-01")
    assert "Whether the stated intent tells who leaves cannot be said" in found.sentence
    wrong = intent(said.assign(stay=np.where(gone.notna(), 9, said["stay"])), table, voluntary=None, until="2026-10-01")
    assert "points the wrong way" in wrong.sentence


def test_bad_input_is_named(staff, asked):
    early = staff.assign(left_at=staff["hired_at"] - pd.Timedelta(days=3))
    for call in (lambda: turnover(early), lambda: tenure(early), lambda: intent(asked, early)):
        with pytest.raises(DataError, match="'left_at' before 'hired_at'"):
            call()
    with pytest.raises(DataError, match="'hired_at' lacks 803"):
        tenure(staff.assign(hired_at=pd.to_datetime([None] * 803, utc=True)))
    with pytest.raises(DataError, match="is not before until"):
        tenure(staff, since="2030-01-01")
    with pytest.raises(UsageError, match="rename yours"):
        tenure(staff.assign(entry="a"), by="entry")
    with pytest.raises(UsageError, match="every must be one of"):
        turnover(staff, every="fortnight")
    with pytest.raises(DataError, match="'stay', row 1: 'yes' is no number"):
        intent(asked.assign(stay="yes"), staff)


def test_nobody_has_left_yet(staff):
    nobody = staff.assign(left_at=pd.to_datetime([None] * len(staff), utc=True))
    assert (turnover(nobody, every="year", until="2026-10-01")["count"] == 0).all()
    row = tenure(nobody, until="2026-10-01").iloc[0]
    assert np.isnan(row["estimate"]) and row["flag"] == words.text("metrics.flag_no_median")


def test_leavings_that_are_only_announced_do_not_say_when_the_table_begins():
    staff = pd.DataFrame({"user_id": range(12), "hired_at": pd.Timestamp("2024-01-10"),
                          "left_at": pd.to_datetime(["2026-05-01"] * 3 + [None] * 9)})
    left = turnover(staff, until="2026-04-01")
    assert left["count"].dropna().eq(0).all() and len(left)
    assert tenure(staff, until="2026-04-01")["count"].tolist() == [0]
