"""Content against a count over sets and statsmodels; a view after the close of a deal counts for nothing."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from engagelab.activity import content
from engagelab.errors import DataError, NoColumn, UsageError

NAMES = {"user": "user_id", "time": "at"}


def views(*rows, columns=("user_id", "content_id", "at", "seconds")):
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.assign(at=pd.to_datetime(frame["at"], utc=True, format="ISO8601"))


def deals(*rows, who="user_id"):
    frame = pd.DataFrame(rows, columns=[who, "won", "opened_at", "closed_at"])
    frame["won"] = frame["won"].astype("boolean")
    return frame.assign(opened_at=pd.to_datetime(frame["opened_at"], utc=True, format="ISO8601"),
                        closed_at=pd.to_datetime(frame["closed_at"], utc=True, format="ISO8601"))


def at(table, **values):
    for name, value in values.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


LOG = views(("a", "faq", "2026-04-01 01:00", 20.0), ("a", "faq", "2026-04-01 20:00", 40.0),
            ("b", "faq", "2026-04-02 01:00", None), ("b", "price", "2026-04-03 01:00", 5.0),
            ("c", "price", "2026-04-30 01:00", 9.0), (None, "price", "2026-04-05 01:00", 7.0),
            ("a", None, "2026-04-06 01:00", 99.0))


def test_views_viewers_and_seconds_by_document():
    table = content(LOG, **NAMES)
    assert at(table, metric="views", content_id="price")["estimate"] == 3
    price = at(table, metric="viewers", content_id="price")
    assert (price["estimate"], price["n_missing"]) == (2, 1)
    faq = at(table, metric="seconds_mean", content_id="faq")
    assert (faq["estimate"], faq["n"], faq["n_missing"]) == (30, 2, 1)
    assert at(table, metric="seconds_median", content_id="price")["estimate"] == 7
    assert "1 rows without 'user_id' were left out" in table.attrs["notes"][-1]
    assert list(table)[:2] == ["metric", "content_id"] and "FROM" in table.attrs["sql"]


def test_a_return_visit_is_on_another_day_of_the_zone():
    for zone, returned in (("UTC", 0), ("Asia/Tokyo", 1)):
        share = at(content(LOG, **NAMES, tz=zone), metric="return_share", content_id="faq")
        assert (share["count"], share["n"]) == (returned, 2)
        assert (share["low"], share["high"]) == pytest.approx(proportion_confint(returned, 2, method="wilson"))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y"]), st.integers(0, 200)), min_size=1,
                max_size=40))
def test_return_visits_are_what_sets_count(rows):
    log = views(*[(user, document, pd.Timestamp("2026-03-28") + pd.Timedelta(hours=hours), 1.0)
                  for user, document, hours in rows])
    table = content(log, **NAMES, tz="Europe/Berlin")
    for document in {document for _, document, _ in rows}:
        days = {}
        for user, own, stamp in log[["user_id", "content_id", "at"]].itertuples(index=False):
            if own == document:
                days.setdefault(user, set()).add(stamp.tz_convert("Europe/Berlin").date())
        row = at(table, metric="return_share", content_id=document)
        assert (row["count"], row["n"]) == (sum(len(found) > 1 for found in days.values()), len(days))


DEALS = deals(("a", True, "2026-04-01 05:00", "2026-04-10"), ("b", False, "2026-04-02", "2026-04-20"),
              ("c", True, "2026-04-04", "2026-04-20"), ("d", False, "2026-04-05", "2026-04-15"),
              ("e", None, "2026-04-05", "2026-04-15"), (None, True, "2026-04-05", "2026-04-15"),
              ("a", True, "2026-03-05", "2026-04-15"), ("b", True, "2026-04-05", "2026-05-15"))


def test_only_views_before_the_close_count_and_the_deals_left_out_are_said():
    table = content(LOG, DEALS, **NAMES)
    price = at(table, metric="won_viewed", content_id="price")  # c looked ten days after the deal was won
    assert (price["count"], price["n"]) == (0, 1)
    rest = at(table, metric="won_not_viewed", content_id="price")
    assert (rest["count"], rest["n"]) == (2, 3)
    apart = at(table, metric="won_difference", content_id="price")
    assert (apart["n"], apart["n_missing"]) == (4, 4)
    assert [note.split(" deals")[0] for note in table.attrs["notes"][-3:]] == ["1", "1 decided", "2 decided"]
    whole = at(table, metric="won_viewed", content_id="(all)")
    assert (whole["count"], whole["n"]) == (1, 2)


def test_moving_every_view_behind_the_close_takes_all_of_them_away():
    decided = deals(*[(f"u{i}", i % 2 == 0, "2026-04-01", "2026-04-10") for i in range(40)])
    log = views(("z", "faq", "2026-03-01", 1.0), ("z", "faq", "2026-06-01", 1.0),
                *[(f"u{i}", "offer", "2026-04-20", 1.0) for i in range(0, 40, 2)])   # all who won read it afterwards
    row = at(content(log, decided, **NAMES), metric="won_difference", content_id="offer")
    assert np.isnan(row["estimate"]) and row["flag"] == "no known value" and row["n"] == 40
    earlier = log.assign(at=log["at"].where(log["content_id"] != "offer", pd.Timestamp("2026-04-05", tz="UTC")))
    assert at(content(earlier, decided, **NAMES), metric="won_difference", content_id="offer")["estimate"] == 1


def test_of_a_log_of_days_the_day_of_the_close_is_too_late():
    log = pd.DataFrame({"user_id": ["a", "b", "z", "z"], "content_id": ["faq"] * 4,
                        "at": [datetime.date(2026, 4, day) for day in (10, 9, 1, 30)]})
    decided = deals(("a", True, "2026-04-02", "2026-04-10 05:00"), ("b", True, "2026-04-02", "2026-04-10 05:00"))
    row = at(content(log, decided, **NAMES, seconds=None, tz="Asia/Tokyo"), metric="won_viewed", content_id="faq")
    assert row["n"] == 1


def test_the_difference_is_newcombes():
    decided = deals(*[(f"u{i}", i < 56 or 70 <= i < 118, "2026-04-01", "2026-04-20") for i in range(150)])
    log = views(("z", "faq", "2026-03-01", 1.0), ("z", "other", "2026-05-01", 1.0),
                *[(f"u{i}", "faq", day, 1.0) for i in range(70) for day in ("2026-04-05", "2026-04-25")])
    row = at(content(log, decided, **NAMES), metric="won_difference", content_id="faq")
    ends = confint_proportions_2indep(56, 70, 48, 80, method="newcomb", compare="diff")
    assert (row["estimate"], row["low"], row["high"]) == pytest.approx((.2, *ends))
    assert "not an effect" in row["method"]


def test_by_account_deals_are_found_by_their_account():
    log = views(("a", "faq", "2026-04-01", 1.0, "K1"), ("b", "faq", "2026-04-02", 1.0, "K1"),
                ("b", "faq", "2026-05-02", 1.0, None), columns=("user_id", "content_id", "at", "seconds", "account"))
    table = content(log, deals(("K1", True, "2026-04-01", "2026-04-10"), ("K2", False, "2026-04-01", "2026-04-10"),
                               who="account_id"), **NAMES, account="account")
    assert at(table, metric="viewers", account="K1")["estimate"] == 2
    assert at(table, metric="viewers", account="(missing)")["estimate"] == 1
    assert at(table, metric="won_viewed", content_id="faq")[["account", "count", "n"]].tolist() == ["(all)", 1, 1]


def test_ids_written_in_two_ways_are_refused_rather_than_found_unread():
    log = pd.DataFrame({"user_id": [1.5, 2.0], "content_id": ["faq"] * 2, "seconds": [1.0, 2.0],
                        "at": pd.to_datetime(["2026-04-01", "2026-04-30"], utc=True, format="ISO8601")})
    with pytest.raises(DataError, match="no 'user_id' of the deals is among those of the log"):
        content(log, deals(("1", True, "2026-04-02", "2026-04-10")), **NAMES)


def test_numbers_as_ids_are_found_beside_a_gap():
    log = views((1, 7, "2026-04-01", 1.0), (2, None, "2026-04-02", 1.0), (None, 7, "2026-04-30", 1.0))
    decided = deals(("1", True, "2026-04-01", "2026-04-10"), ("2", False, "2026-04-01", "2026-04-10"))
    for ids in (["1", "2"], [1, 2], [1.0, 2.0]):
        for seconds in ("seconds", None):
            table = content(log, decided.assign(user_id=ids), **NAMES, seconds=seconds)
            assert set(table["content_id"]) == {"7", "(all)"}
            assert at(table, metric="won_viewed", content_id="7")[["count", "n"]].tolist() == [1, 1]


def test_several_deals_of_one_person_are_said_to_be_counted_as_independent():
    decided = deals(("a", True, "2026-04-01 05:00", "2026-04-10"), ("b", False, "2026-04-02", "2026-04-20"))
    said = "deals of one contact or account are counted as if they were independent"
    assert not any(said in note for note in content(LOG, decided, **NAMES).attrs["notes"])
    twice = pd.concat([decided, decided.head(1)], ignore_index=True)
    assert any(said in note for note in content(LOG, twice, **NAMES).attrs["notes"])


def test_what_cannot_be_right_is_refused():
    with pytest.raises(NoColumn, match="'contnt'"):
        content(LOG, **NAMES, content="contnt")
    with pytest.raises(NoColumn, match="'won'"):
        content(LOG, DEALS.drop(columns="won"), **NAMES)
    with pytest.raises(UsageError, match="events must be a list"):
        content(LOG, **NAMES, events=["faq"])
    with pytest.raises(DataError, match="did you mean 'document_view'"):
        content(LOG.assign(event="document_view"), **NAMES, event="event", events=["document_veiw"])
    with pytest.raises(UsageError, match="a column 'flag' of its own"):
        content(LOG.rename(columns={"content_id": "flag"}), **NAMES, content="flag")
    with pytest.raises(UsageError, match="twice"):
        content(LOG, **NAMES, account="content_id")
    with pytest.raises(UsageError, match="won must be one of True, False, not 'yes'"):
        content(LOG, DEALS.assign(won="yes"), **NAMES)
    with pytest.raises(DataError, match="1 rows have 'closed_at' before 'opened_at'"):
        content(LOG, deals(("a", True, "2026-04-10", "2026-04-02")), **NAMES)
    with pytest.raises(DataError, match="closed_at"):
        content(LOG, DEALS.assign(closed_at="soon"), **NAMES)
    with pytest.raises(DataError, match="1 rows have no time"):
        content(LOG.assign(at=LOG["at"].mask(LOG.index == 0)), **NAMES)
    empty = content(LOG.assign(content_id=None).astype({"content_id": "str"}), **NAMES)
    assert len(empty) == 0


def test_the_price_list_goes_with_winning_in_the_sample(company):
    table = content(company["events"], company["deals"], user="user_id", time="occurred_at", event="event",
                    events=["document_view"], tz="Asia/Tokyo")
    assert at(table, metric="won_difference", content_id="price_list")["low"] > 0
    assert at(table, metric="won_difference", content_id="faq")["low"] < 0
