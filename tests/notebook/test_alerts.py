"""What a reader should know of the data is said: unread files, set-aside rows, growing counts, odd targets."""

import dataclasses
from pathlib import Path

import pandas as pd

from engagelab.notebook.alerts import alerts
from engagelab.notebook.setup import open_data

ROOT = Path(__file__).parents[2]


def test_the_sample_has_counts_that_still_grow_and_one_survey_that_was_asked_once():
    said = alerts(open_data("sample"))
    assert [line.split(":")[0] for line in said] == [
        "e-mail campaigns", "social posts", "survey answers (csat\\_plan) are there from 2026-02-02 to 2026-02-13 only"]


def test_each_trouble_is_said(tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order_id,user_id,ordered_at,total\n1,C1,2026-09-30T12:00:00Z,1200\n2,C1,never,1200\n"
        "3,C1,2026-09-30T12:00:00Z,x\n", "utf-8")
    (tmp_path / "reviews.csv").write_text("review_id,created_at,rating\n1,2026-05-01T00:00:00Z,5\n", "utf-8")
    (tmp_path / "targets.csv").write_text("metric,target,period\nnpss,30,Q3 2026\nnps,30,FY2026Q2\n", "utf-8")
    (tmp_path / "page.csv").write_text("<html>log in</html>", "utf-8")
    said = "\n".join(alerts(open_data(str(tmp_path))))
    for part in ("Not read: page.csv", "1 rows were set aside", "1 cells could not be read",
                 "reviews end on 2026-05-01", "Targets for Q3 2026 are never used",
                 "metrics that the catalogue does not have: npss"):
        assert part in said, part


def test_a_survey_and_subscriptions_that_end_early_are_said(tmp_path):
    company = open_data("sample")
    answers, plans = company["surveys"], company["subscriptions"]
    cut = pd.Timestamp("2026-08-01", tz="UTC")
    tables = {**company.tables, "surveys": answers[(answers["survey"] != "nps_email") | (answers["answered_at"] < cut)],
              "subscriptions": plans[plans["opened_at"] < cut].assign(
                  closed_at=plans["closed_at"].where(plans["closed_at"] < cut)),
              "reviews": company["reviews"][company["reviews"]["created_at"] > cut]}
    said = [line.split(",")[0] for line in alerts(dataclasses.replace(company, tables=tables))]
    assert any(line.startswith("survey answers (nps\\_email) end on 2026-0") for line in said)
    assert any(line.startswith("subscriptions end on 2026-0") for line in said)
    assert any(line.startswith("reviews begin on 2026-08-0") for line in said)
