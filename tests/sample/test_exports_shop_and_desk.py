"""The files of Mailchimp, Shopify, Zendesk and Google Play, looked at as they are."""

import csv
import io
from datetime import datetime
from itertools import pairwise

import pytest


def _rows(files, name, encoding="utf-8-sig"):
    return list(csv.DictReader(io.StringIO(files["exports/" + name].content.decode(encoding), newline="")))


def test_campaigns_print_percents_of_what_was_delivered(files):
    for row in _rows(files, "campaigns.csv"):
        share = 100 * int(row["Unique Opens"]) / int(row["Successful Deliveries"])
        assert row["Open Rate"].endswith("%")
        assert float(row["Open Rate"][:-1]) == pytest.approx(share, abs=.005001)
        sent = datetime.strptime(row["Send Date"], "%b %d, %Y %I:%M %p")
        assert sent.strftime("%A") == row["Send Weekday"]
        assert row["Send Date"][-2:] in ("am", "pm")


def test_the_audience_is_every_customer_in_three_files(files, company):
    found = {status: _rows(files, f"{status}_members_export_a1b2c3d4e5.csv")
             for status in ("subscribed", "unsubscribed", "cleaned")}
    assert {status: len(rows) for status, rows in found.items()} == \
        company["customers"]["status"].value_counts().to_dict()
    assert "UNSUB_TIME" in found["unsubscribed"][0] and "UNSUB_TIME" not in found["subscribed"][0]
    contacts = [row["LEID"] for rows in found.values() for row in rows]
    assert len(set(contacts)) == len(contacts)
    assert '"定期便"' in {row["TAGS"] for row in found["subscribed"]}


def test_what_belongs_to_an_order_stands_on_its_first_row_alone(files, company):
    rows = _rows(files, "orders_export_2026Q2.csv")
    assert len(rows[0]) == 79
    for before, row in pairwise(rows):
        further = row["Name"] == before["Name"]
        for column in ("Email", "Financial Status", "Total", "Currency", "Id"):
            assert (row[column] == "") == further, column
        assert row["Created at"].endswith(" +0900")
    totals = company["orders"].set_index("order_id")["total"]
    assert all(float(row["Total"]) == totals[row["Name"]] for row in rows if row["Total"])


def test_some_addresses_are_typed_in_capitals(files):
    typed = [row["Email"] for row in _rows(files, "orders_export_2026Q3.csv") if row["Email"]]
    capitals = [email for email in typed if email == email.upper()]
    assert .05 < len(capitals) / len(typed) < .25


def test_unpaid_and_uncancelled_orders_have_no_stamp_for_it(files):
    for row in _rows(files, "orders_export_2026Q3.csv"):
        if row["Financial Status"] == "pending":
            assert row["Paid at"] == ""
        if row["Financial Status"] not in ("voided", ""):
            assert row["Cancelled at"] == ""


def test_open_tickets_have_no_time_of_solution_and_say_not_offered(files, company):
    rows = _rows(files, "zendesk_tickets.csv")
    unsolved = [row for row in rows if not row["Solved at"]]
    assert len(unsolved) == company["tickets"]["solved_at"].isna().sum()
    assert {row["Satisfaction Score"] for row in unsolved} == {"Not Offered"}
    assert {row["Full resolution time in minutes"] for row in unsolved} == {""}
    assert {row["Summation column"] for row in rows} == {"1"}
    assert {row["Satisfaction Score"] for row in rows} == {"Good", "Bad", "Offered", "Not Offered"}


def test_reviews_are_utf_16_with_a_mark_and_stamps_and_millis_agree(files):
    name = "reviews_com.example.asanagi_202608.csv"
    assert files["exports/" + name].content[:2] == b"\xff\xfe"
    rows = _rows(files, name, "utf-16")
    for row in rows:
        stamp = datetime.strptime(row["Review Submit Date and Time"], "%Y-%m-%dT%H:%M:%S%z")
        assert int(row["Review Submit Millis Since Epoch"]) == stamp.timestamp() * 1000
        assert (row["Review Text"] == "") == (row["Review Link"] == "")
        assert (row["Developer Reply Text"] == "") == (row["Developer Reply Millis Since Epoch"] == "")
    assert any(row["Developer Reply Text"] for row in rows)


def test_the_mall_repeats_the_totals_of_an_order_on_each_of_its_rows(files, company):
    rows = _rows(files, "rakuten_orders.csv", "cp932")
    assert len(rows[0]) == 105
    totals = company["orders"].set_index("order_id")["total"]
    assert len(rows) > len({row["注文番号"] for row in rows}) == (company["orders"]["channel"] == "rakuten").sum()
    for row in rows:
        assert float(row["合計金額"]) == totals[row["注文番号"]]
        assert int(row["合計金額"]) == int(row["請求金額"]) + int(row["ポイント利用額"])
        assert row["注文番号"].split("-")[1] == row["注文日"].replace("-", "")
    assert {row["ステータス"] for row in rows} >= {"700", "900"}


def test_each_month_of_reviews_has_its_file(files):
    names = [name for name in files if name.startswith("exports/reviews_")]
    assert len(names) == 18
