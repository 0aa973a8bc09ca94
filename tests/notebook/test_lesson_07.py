"""What the seventh lesson says, against the tables by hand and what was planted in the sample company."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

import engagelab as el

ROOT = Path(__file__).parents[2]
NUMBER = r"([+−]?¥?[\d,.]+)"


def printed(name):
    notebook = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text("utf-8"))
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "\n".join("".join(data.get("text/markdown", data.get("text/plain", ""))) for data in outputs)


@pytest.fixture(scope="module")
def said():
    return printed("07_kpi_tree")


@pytest.fixture(scope="module")
def truth():
    truths = json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]
    return {one["id"]: one["truth"] for one in truths}


def found(said, pattern):
    match = re.search(pattern, said)
    assert match, pattern
    return [float(figure.replace("−", "-").replace(",", "").replace("¥", "")) for figure in match.groups()]


def quarters(stamps):
    return stamps.dt.tz_convert("Asia/Tokyo").dt.tz_localize(None).dt.to_period("Q").astype(str)


def test_the_headline_is_what_the_books_say_of_marketing(said):
    costs = el.example("costs")
    spent = costs.groupby(quarters(costs["month"]))["amount"].sum()
    (worth,) = found(said, rf"Marketing \(lower\) alone is worth {NUMBER}")
    assert worth == spent["2026Q2"] - spent["2026Q3"]


def test_profit_is_sales_by_hand_times_the_margin_less_marketing(said):
    costs, held, orders = el.example("costs"), el.example("subscriptions"), el.example("orders")
    bought = el.net(orders[~orders["status"].isin(["voided", "pending"])], currency="JPY", rates=el.example("rates"),
                    time="ordered_at", tz="Asia/Tokyo")
    profits = []
    for quarter in ("2026Q2", "2026Q3"):
        sales = bought.loc[quarters(bought["ordered_at"]) == quarter, "amount"].sum()
        for month in pd.period_range(pd.Period(quarter).start_time, periods=3, freq="M"):
            end = (month + 1).start_time.tz_localize("Asia/Tokyo")
            there = held[(held["opened_at"] < end) & ~(held["closed_at"] < end)]
            sales += there["amount"].mask(there["repriced_at"] >= end, there["former_amount"]).sum()
        profits.append(.4 * sales - costs.loc[quarters(costs["month"]) == quarter, "amount"].sum())
    millions = r"¥([\d.]+)M"
    told = found(said, rf"Profit after marketing went from {millions} to {millions}: \+{millions} \(")
    assert told == pytest.approx([profits[0] / 1e6, profits[1] / 1e6, (profits[1] - profits[0]) / 1e6], abs=.0051)


def test_the_price_pays_in_the_quarter_and_its_loss_of_lifetime_value_is_not_shown(said, truth):
    planted = truth[14]["price"]["ltv"]["2026Q3"] - truth[14]["price"]["ltv"]["2026Q2"]
    line = rf"Worth of a subscription +¥[\d,]+ +▼ [\d.]+% +−¥[\d,]+ +{NUMBER} to {NUMBER} +may be noise"
    low, high = found(said, line)
    assert low < planted < high
    (quarter,) = found(said, rf"Net value +3 months +{NUMBER}")
    (lifetime,) = found(said, rf"Net value whole lifetime +{NUMBER}")
    assert lifetime < 0 < quarter


def test_the_coupon_does_not_pay_and_its_interval_holds_what_was_planted(said, truth):
    heads, cost = 2400, 60_000
    low, high = found(said, rf"offered to 2,400: It does not pay: net value [^(]*\({NUMBER} to {NUMBER}\)")
    assert low < heads * truth[14]["gain"]["all"] - cost < high < 0


def test_what_the_nudge_does_is_what_to_measure_next(said):
    assert re.search(r"The nudge: .*More kept after 90 days", said)


def test_the_budget_goes_to_channels_that_earn_and_not_to_the_cheap_one(said, truth):
    (verdict,) = re.findall(r"- ([^\n]*referral[^\n]*)", said.split("The nudge:")[1])[:1]
    assert "social" not in verdict
    assert truth[12]["ltv_to_cac"]["referral"] > 1 > truth[12]["ltv_to_cac"]["social"]


def test_what_a_channel_returned_is_what_lesson_05_says_and_its_interval_holds_what_was_planted(said, truth):
    lifetime = printed("05_lifetime_value")
    for channel, planted in truth[12]["ltv_to_cac"].items():
        net, low, high, _, cost = found(said, rf"\n *{channel} +{NUMBER} +{NUMBER} to {NUMBER} +{NUMBER} +{NUMBER} ")
        (ratio,) = found(lifetime, rf"\n *{channel} +¥[\d,]+ +¥[\d,]+ +¥[\d,]+ +{NUMBER} ")
        assert 1 + net / cost == pytest.approx(ratio, abs=.006)
        assert 1 + low / cost < planted < 1 + high / cost
