"""RFM against a loop over customers, pandas' quintiles, CDNOW, and the two faults that other libraries have."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.segments import rfm, rfm_segments
from engagelab.segments.rfm import MEASURES
from tests.public_data import folder

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
NAMES = {"user": "who", "time": "at", "amount": "total"}
ORDERS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 900), st.sampled_from([-2.0, 0, .1, .2, .3, 5, None])),
                  min_size=1, max_size=60).filter(lambda rows: any(row[2] and row[2] > 0 for row in rows))


def table_of(rows):
    return pd.DataFrame({"who": [row[0] for row in rows], "total": pd.Series([row[2] for row in rows], dtype="float64"),
                         "at": pd.to_datetime([BEGIN + timedelta(days=row[1] / 2) for row in rows], utc=True)})


def bought(counts, recency=0):
    """Customers who bought so many times, on different days, last on that many days before the end."""
    return table_of([(who, 2 * (400 - recency - k), 10.0 + who % 7) for who, n in enumerate(counts) for k in range(n)])


def by_hand(rows, bins):
    """A row a customer from a loop, with scores by their definition, in exact fractions."""
    held = {}
    for who, half, total in rows:
        if total is not None and total > 0:
            held.setdefault(who, []).append((half // 2, Fraction(str(total))))
    end = max(half // 2 for _, half, _ in rows)
    found = [(who, end - max(day for day, _ in own), len({day for day, _ in own}), sum(total for _, total in own))
             for who, own in sorted(held.items())]
    for place in (1, 2, 3):
        values = sorted(row[place] for row in found)
        cuts = [min(value for value in values if sum(other <= value for other in values) * bins >= k * len(values))
                for k in range(1, bins)]
        for i, row in enumerate(found):
            below = sum(cut < row[place] for cut in cuts)
            found[i] = (*row, bins - below if place == 1 else 1 + below)
    return found


@settings(max_examples=20, deadline=None)
@given(ORDERS, st.integers(2, 7))
def test_a_loop_over_customers_finds_the_same_scores_where_many_are_alike(rows, bins):
    found = rfm(table_of(rows), **NAMES, bins=bins).frame
    expected = by_hand(rows, bins)
    assert [tuple(row) for row in found[["who", "recency", "frequency", "R", "F", "M"]].to_numpy().tolist()] == [
        (row[0], row[1], row[2], *row[4:]) for row in expected]
    assert found["monetary"].to_numpy() == pytest.approx([float(row[3]) for row in expected])


@settings(max_examples=15, deadline=None)
@given(ORDERS, st.integers(2, 10), st.integers(-2000, 2000))
def test_equal_values_have_equal_scores_a_better_one_none_lower_and_other_days_change_nothing(rows, bins, days):
    table = table_of(rows)
    found = rfm(table, **NAMES, bins=bins)
    for name, score in MEASURES.items():
        by = found.frame.groupby(name)[score]
        assert (by.nunique() == 1).all()
        assert by.first().is_monotonic_decreasing if name == "recency" else by.first().is_monotonic_increasing
        assert found.frame[score].between(1, bins).all()
    moved = rfm(table.assign(at=table["at"] + pd.Timedelta(days=days)), **NAMES, bins=bins)
    pd.testing.assert_frame_equal(moved.frame, found.frame)
    assert moved.cuts == found.cuts


@settings(max_examples=15, deadline=None)
@given(ORDERS, st.integers(2, 6))
def test_cuts_written_as_json_and_read_again_give_the_same_scores_and_each_follows_from_them_by_hand(rows, bins):
    found = rfm(table_of(rows), **NAMES, bins=bins)
    again = rfm(table_of(rows), **NAMES, cuts=json.loads(json.dumps(found.cuts)))
    pd.testing.assert_frame_equal(again.frame, found.frame)
    assert again.cuts == found.cuts
    for row in found.frame.to_dict("records"):
        below = {name: sum(cut < row[name] for cut in found.cuts[name]) for name in MEASURES}
        assert (row["R"], row["F"], row["M"]) == (bins - below["recency"], 1 + below["frequency"],
                                                  1 + below["monetary"])


def test_without_ties_the_scores_are_the_quintiles_of_pandas():
    vary = np.random.RandomState(4)
    rows = [(who, 2 * day, float(total)) for who, (day, total) in enumerate(zip(
        vary.permutation(400), vary.permutation(400) + 1, strict=True))]
    found = rfm(table_of(rows), **NAMES).frame
    assert (found["R"] == 5 - pd.qcut(found["recency"], 5, labels=False)).all()
    assert (found["M"] == 1 + pd.qcut(found["monetary"], 5, labels=False)).all()


def test_pymc_marketing_raises_where_four_in_five_bought_once_and_here_all_are_scored_and_named():
    counts = [1] * 80 + [2] * 12 + [5] * 8
    with pytest.raises(ValueError, match="Bin edges must be unique"):
        pd.qcut(pd.Series(counts), 5)
    found = rfm(bought(counts), **NAMES)
    assert found.frame.groupby("frequency")["F"].first().to_dict() == {1: 1, 2: 5, 5: 5}
    assert set(found.frame["segment"]) <= set(rfm_segments()["segment"])
    assert "frequency: many customers are alike, so that nobody has the score 2, 3, 4." in found.notes


def test_who_has_just_bought_for_the_first_time_is_new_and_not_inactive():
    table = pd.concat([bought([3] * 40, recency=100), bought([1] * 20).assign(who=lambda rows: rows["who"] + 40)])
    found = rfm(table, **NAMES).frame
    assert set(found.loc[found["who"] >= 40, "segment"]) == {"new"}


def test_ranking_by_row_parts_identical_one_time_buyers_and_here_they_have_one_score():
    counts = pd.Series([1] * 700 + [2 + k % 9 for k in range(300)])
    assert pd.qcut(counts.rank(method="first"), 5, labels=False)[:700].nunique() == 4
    assert set(rfm(bought(counts), **NAMES).frame["F"][:700]) == {1}


def test_where_everybody_bought_once_frequency_has_one_score_and_that_is_said():
    found = rfm(bought([1] * 30), **NAMES)
    assert set(found.frame["F"]) == {1} and set(found.frame["segment"]) == {"new"}
    assert "All 30 customers bought once: frequency tells nobody apart." in found.notes


def test_sums_that_differ_by_rounding_alone_are_equal():
    assert .1 + .2 > .3
    found = rfm(table_of([(1, 0, .1), (1, 4, .2), (2, 0, .3), (2, 4, .0)]), **NAMES).frame
    assert found["M"].tolist() == [1, 1] and found["monetary"].tolist() == [.3, .3]


def test_one_customer_is_scored_too():
    found = rfm(bought([2]), **NAMES)
    assert found.frame[["R", "F", "M", "segment"]].to_numpy().tolist() == [[5, 1, 1, "new"]]
    assert found.segments.loc[3, ["count", "n"]].tolist() == [1, 1]
    assert np.isnan(found.segments.loc[3, "monetary_low"])


def test_what_is_no_purchase_is_left_out_and_counted():
    table = pd.DataFrame({"who": ["a", "a", "b", None, "c"], "total": [10.0, 0, -5, 7, None],
                          "at": pd.to_datetime(["2026-04-01", "2026-04-05", "2026-04-02", "2026-04-03", "2026-04-03"],
                                               utc=True)})
    found = rfm(table, **NAMES)
    assert found.frame["who"].tolist() == ["a"] and found.frame["recency"].tolist() == [4]
    said = " ".join(found.notes)
    assert "1 rows without 'who'" in said and "2 rows with 'total' of 0 or below" in said
    assert "1 rows without 'total'" in said


def test_only_orders_of_the_window_count_whoever_made_them():
    table = table_of([(1, 0, 5.0), (1, 200, 5.0), (2, 0, 5.0), (3, 300, 5.0)])
    found = rfm(table, **NAMES, since="2025-03-01", until="2025-05-11")
    assert found.frame[["who", "recency", "frequency"]].to_numpy().tolist() == [[1, 29, 1]]
    assert found.cuts["days"] == 71
    assert "Nobody bought in the last 29 days observed: does the table end earlier than until=?" in found.notes


def test_an_order_of_the_last_hours_before_until_is_of_today():
    table = table_of([(1, 1, 5.0), (2, 2, 5.0)])
    assert rfm(table, **NAMES, until="2025-01-02 06:00").frame["recency"].tolist() == [1, 0]


def test_orders_of_one_month_are_one_purchase_where_months_are_collapsed():
    table = table_of([(1, 0, 5.0), (1, 20, 5.0), (1, 80, 5.0)])
    found = rfm(table, **NAMES, collapse="month").frame
    assert found[["recency", "frequency", "monetary"]].to_numpy().tolist() == [[0, 2, 15]]


@pytest.mark.parametrize("bins", range(2, 11))
def test_every_cell_of_scores_has_the_one_name_of_the_first_rule_that_fits_the_middle_of_its_part(bins):
    cells = list(itertools.product(range(1, bins + 1), repeat=3))
    cuts = {"recency": list(range(bins - 1)), "frequency": list(range(1, bins)), "monetary": [1000.0 * k for k in range(
        1, bins)]}
    # recency r - 1 has score bins + 1 - r; a customer of each cell, all of whose orders but one are tiny
    rows = [(who, 2 * (300 - (bins - r) - k), 1000.0 * m - 1 if k == 0 else .001)
            for who, (r, f, m) in enumerate(cells) for k in range(f)]
    found = rfm(table_of([*rows, (len(cells), 600, 1.0)]), **NAMES, cuts=cuts).frame[:len(cells)]
    assert [tuple(row) for row in found[["R", "F", "M"]].to_numpy()] == cells
    rules = [(row["segment"], [(int(row[name][0]), int(row[name][-1])) for name in MEASURES])
             for row in rfm_segments().to_dict("records")]
    for cell, segment in zip(cells, found["segment"], strict=True):
        middles = [Fraction(2 * score - 1, 2 * bins) for score in cell]
        fitting = [name for name, ranges in rules if all(
            Fraction(low - 1, 5) < middle <= Fraction(high, 5) for middle, (low, high) in zip(
                middles, ranges, strict=True))]
        assert segment == fitting[0]


def test_segments_are_an_answer_whose_parts_make_up_the_whole():
    vary = np.random.RandomState(8)
    rows = [(int(who), int(half), float(total)) for who, half, total in zip(
        vary.randint(0, 200, 800), vary.randint(0, 700, 800), vary.gamma(2, 20, 800).round(2), strict=True)]
    found = rfm(table_of(rows), **NAMES)
    table, frame = found.segments, found.frame
    assert list(table.columns[:12]) == ["metric", "segment", "estimate", "low", "high", "se", "count", "n", "n_eff",
                                        "n_missing", "method", "flag"]
    assert table["count"].sum() == len(frame) and table["revenue_share"].sum() == pytest.approx(1)
    assert found.map["count"].sum() == len(frame) and found.map["revenue_share"].sum() == pytest.approx(1)
    assert list(table["segment"]) == list(rfm_segments()["segment"])
    for row in table[table["count"] > 1].to_dict("records"):
        own = frame[frame["segment"] == row["segment"]]
        assert (row["low"], row["high"]) == pytest.approx(proportion_confint(len(own), len(frame), method="wilson"))
        assert (row["monetary_low"], row["monetary_high"]) == pytest.approx(
            stats.ttest_1samp(own["monetary"], 0).confidence_interval(.95))
        assert row["recency_median"] == own["recency"].median()
        assert row["revenue_share"] == pytest.approx(own["monetary"].sum() / frame["monetary"].sum())


def test_a_parquet_file_of_four_years_gives_what_the_frame_gives(tmp_path):
    vary = np.random.RandomState(2)
    table = table_of([(int(who), int(half), 1.0) for who, half in zip(
        vary.randint(0, 9, 2000), vary.randint(0, 2900, 2000), strict=True)])
    path = tmp_path / "orders.parquet"
    duckdb.from_df(table).query("orders", f"COPY (SELECT * FROM orders) TO '{path}' (FORMAT parquet)")
    found = rfm(path, **NAMES, tz="Asia/Tokyo")
    local = table.assign(day=table["at"].dt.tz_convert("Asia/Tokyo").dt.floor("D")).groupby("who")["day"]
    assert found.frame["frequency"].tolist() == local.nunique().tolist()
    assert found.frame["recency"].tolist() == (local.max().max() - local.max()).dt.days.tolist()
    pd.testing.assert_frame_equal(found.frame, rfm(table, **NAMES, tz="Asia/Tokyo").frame)


def test_cdnow_has_the_purchases_and_the_recency_of_its_summary():
    table = pd.read_csv(folder() / "CDNOW_sample.txt", sep=r"\s+", header=None,
                        names=["master", "who", "at", "cds", "total"])
    table["at"] = pd.to_datetime(table["at"].astype("str"), utc=True)
    found = rfm(table.assign(total=table["total"] + .01), **NAMES, until="1997-10-01").frame
    summary = pd.read_csv(folder() / "cdnow_customers_summary.csv")
    assert len(found) == len(summary) == 2357
    assert (found["frequency"] - 1).sum() == summary["frequency"].sum()
    assert sorted(found["recency"]) == pytest.approx(sorted((7 * (summary["T"] - summary["recency"])).round()))


def test_cuts_of_a_year_are_said_to_be_so_on_a_quarter():
    year = rfm(bought([3] * 20), **NAMES, since="2025-01-01", until="2026-03-01")
    quarter = rfm(bought([3] * 20), **NAMES, since="2026-01-01", until="2026-03-01", cuts=year.cuts)
    assert ("The cuts were made on 424 days, and these are 59: in a longer time customers buy more often and for more."
            in quarter.notes)
    by_hand = {name: cuts for name, cuts in year.cuts.items() if name != "days"}
    assert rfm(bought([3]), **NAMES, cuts=by_hand).notes[-1] == "The scores follow the cuts given."


@pytest.mark.parametrize("bins", [1, 11, 2.5, True, "5", None])
def test_bins_are_a_whole_number_from_2_to_10(bins):
    with pytest.raises(UsageError, match="bins must be a whole number from 2 to 10"):
        rfm(bought([1]), **NAMES, bins=bins)


@pytest.mark.parametrize("cuts", [{}, [1, 2], {"recency": [1], "frequency": [1]}, "x", 3,
                                  {"recency": [1], "frequency": [1], "monetary": [1, 2]},
                                  {"recency": [2, 1], "frequency": [1, 1], "monetary": [1, 2]},
                                  {"recency": [], "frequency": [], "monetary": []},
                                  {"recency": [1], "frequency": [float("nan")], "monetary": [1]},
                                  {"recency": ["a"], "frequency": [1], "monetary": [1]}])
def test_cuts_that_are_none_are_refused(cuts):
    with pytest.raises(UsageError, match=r"cuts must be the \.cuts of an earlier answer"):
        rfm(bought([1]), **NAMES, cuts=cuts)


def test_own_rules_name_the_segments_and_have_to_name_every_cell():
    rules = pd.DataFrame({"segment": ["here", "away"], "recency": ["3-5", "1-2"], "frequency": "1-5",
                          "monetary": "1-5"})
    found = rfm(bought([1, 2]), **NAMES, rules=rules)
    assert set(found.frame["segment"]) == {"here"} and "here bring the most" in found.say()[0]
    with pytest.raises(UsageError, match="the rules name no segment for R 1, F 1, M 1"):
        rfm(bought([1]), **NAMES, rules=rules[:1])
    for text in ("5-1", "0-5", "1-6", "a", "", "1-2-3"):
        with pytest.raises(UsageError, match="is no range of scores from 1 to 5"):
            rfm(bought([1]), **NAMES, rules=rules.assign(monetary=text))
    with pytest.raises(NoColumn, match="no column 'frequency'"):
        rfm(bought([1]), **NAMES, rules=rules.drop(columns="frequency"))


def test_what_cannot_be_scored_is_refused_in_one_line():
    with pytest.raises(DataError, match="no row of the window has a customer and 'total' above 0"):
        rfm(bought([1]).assign(total=0.0), **NAMES)
    with pytest.raises(DataError, match="infinite"):
        rfm(bought([1, 1]).assign(total=[1.0, np.inf]), **NAMES)
    with pytest.raises(DataError, match="'at'"):
        rfm(bought([1, 1]).assign(at=pd.to_datetime([None, "2026-01-01"], utc=True)), **NAMES)
    with pytest.raises(UsageError, match="recency"):
        rfm(bought([1]).rename(columns={"who": "recency"}), user="recency", time="at", amount="total")
    with pytest.raises(NoColumn, match="did you mean 'total'"):
        rfm(bought([1]), user="who", time="at", amount="totl")
    with pytest.raises(DataError):
        rfm(bought([1])[:0], **NAMES)


def test_it_reads_in_both_languages():
    found = rfm(bought([1] * 8 + [4] * 4, recency=3), **NAMES, since="2025-01-01", until="2026-06-01")
    assert "Champions" in repr(found) and "<table>" in found._repr_html_()
    with words.speaking("ja"):
        assert "最優良顧客" in repr(found)


@pytest.mark.parametrize("name", ["purchases", "amount", "last_day"])
def test_a_name_that_the_counting_uses_is_refused(name):
    orders = pd.DataFrame({name: ["a"], "worth": [1.0], "at": pd.to_datetime(["2026-04-01"], utc=True)})
    with pytest.raises(UsageError, match=f"a column '{name}' of its own"):
        rfm(orders, user=name, time="at", amount="worth")


def test_addresses_as_ids_are_refused():
    orders = pd.DataFrame({"who": ["ann@example.com"], "total": [1.0], "at": pd.to_datetime(["2026-04-01"], utc=True)})
    with pytest.raises(DataError, match="1 ids of customers are e-mail addresses"):
        rfm(orders, user="who", time="at", amount="total")


def test_amounts_are_looked_at_in_their_currency():
    orders = pd.DataFrame({"who": list("aab"), "total": [30000.0, 20000, 500], "currency": "JPY",
                           "at": pd.to_datetime(["2026-04-01", "2026-05-01", "2026-06-29"], utc=True)})
    keys = {"user": "who", "time": "at", "amount": "total", "bins": 2}
    assert "¥50,000" in repr(rfm(orders, **keys))
    assert "50,000.00" in repr(rfm(orders.drop(columns="currency"), **keys))
