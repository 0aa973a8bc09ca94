"""Channels by hand, the planted truth of the sample company, coverage, and refusals."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

import engagelab as el
from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.ltv.channels import OWN, channels
from engagelab.ltv.leavers import leavers
from engagelab.ltv.payback import payback
from engagelab.metrics.shares import TAIL

mpl.use("Agg")

WORTH = pd.DataFrame({"metric": "ltv", "channel": ["shop", "social", "search", "(all)"],
                      "estimate": [300.0, 80.0, 100.0, 160.0], "low": [270.0, 70.0, 85.0, 150.0],
                      "high": [333.0, 91.0, 118.0, 170.0], "se": [16.0, 5.0, 8.4, 5.0]})
COSTS = pd.DataFrame({"channel": ["shop", "social", "shop", "search"], "amount": [15_000, 20_000, 5_000, 9_500],
                      "currency": "JPY", "tax_included": True})
WON = {"shop": 200, "social": 100, "search": 100}


def row_of(found, channel):
    return found.frame.set_index("channel").loc[channel]


def test_by_hand():
    found = channels(COSTS, WON, value=WORTH)
    assert found.frame["channel"].tolist() == ["shop", "search", "social"]
    assert list(found.frame) == ["metric", "channel", *TAIL, *OWN]
    shop = row_of(found, "shop")
    assert (shop["cost"], shop["cac"], shop["estimate"], shop["largest_cost"], shop["third_of_ltv"]) == (
        20_000, 100, 3, 270, 100)
    half = 1.959964 * np.sqrt((16 / 300)**2 + 1 / 200)
    assert (shop["low"], shop["high"]) == pytest.approx((3 * np.exp(-half), 3 * np.exp(half)), rel=1e-6)
    assert found.frame["verdict"].tolist() == ["earns", "unclear", "loses"]
    assert found.frame["payback"].isna().all()
    assert "up to ¥270" in found.notes[0] and "rule of thumb" in found.notes[-1]


def test_customers_may_come_as_rows():
    rows = pd.DataFrame({"channel": [name for name, n in WON.items() for _ in range(n)]})
    pd.testing.assert_frame_equal(channels(COSTS, rows, value=WORTH).frame, channels(COSTS, WON, value=WORTH).frame)


def test_what_is_lacking_is_said_and_gets_no_verdict():
    costs = pd.concat([COSTS, COSTS.head(1).assign(channel="radio")])
    found = channels(costs, {"shop": 200, "social": 0, "search": 100, "fair": 7}, value=WORTH)
    assert row_of(found, "social")["cac"] == np.inf and "nobody was won" in row_of(found, "social")["flag"]
    assert row_of(found, "radio")["cac"] == np.inf and row_of(found, "fair")["cac"] == 0
    assert "no cost" in row_of(found, "fair")["flag"]
    lacking = found.frame[found.frame["channel"].isin(["social", "radio", "fair"])]
    assert (lacking["verdict"] == "unclear").all() and lacking["estimate"].isna().all()
    assert "inf" not in repr(found) and len(found.notes) == 6
    without = channels(COSTS, WON, value=WORTH[WORTH["channel"] != "shop"])
    assert "no lifetime value" in row_of(without, "shop")["flag"]


def test_what_was_paid_may_be_too_much_though_the_next_time_is_open():
    costs = pd.DataFrame({"channel": ["shop"], "amount": [34_000]})
    found = channels(costs, {"shop": 100}, value=WORTH.head(1))
    assert (row_of(found, "shop")["verdict"], row_of(found, "shop")["so_far"]) == ("unclear", "loses")
    assert "So far a new customer has cost more than they bring (270.00 to 333.00)" in found.notes[0]


def test_the_interval_covers_the_truth():
    rng, names = np.random.default_rng(6), [f"c{i}" for i in range(1000)]
    won = rng.poisson(150, 1000)      # of 15,000 spent: 100 for one in the long run
    worth = np.exp(rng.normal(np.log(250), .08, 1000))
    table = pd.DataFrame({"metric": "ltv", "channel": names, "estimate": worth, "low": np.nan, "high": np.nan,
                          "se": .08 * worth})
    frame = channels(pd.DataFrame({"channel": names, "amount": 15_000}), dict(zip(names, won, strict=True)),
                     value=table).frame
    assert .933 <= ((frame["low"] <= 2.5) & (frame["high"] >= 2.5)).mean() <= .967


@pytest.fixture(scope="module")
def company():
    plans = el.example("subscriptions").merge(el.example("customers")[["user_id", "channel"]], on="user_id")
    home = plans[plans["plan"].isin(["light", "standard"])]
    new = home[home["opened_at"] >= pd.Timestamp("2025-04-01", tz="Asia/Tokyo")]
    lives = leavers(home, opened="opened_at", closed="closed_at", by="channel", since="2025-04-01",
                    until="2026-10-01", tz="Asia/Tokyo")
    paid = el.measure(new, el.mean("amount"), by="channel")
    costs = el.example("costs")
    return costs[costs["channel"] != "sales"], new, lives, paid


def test_the_planted_truth_of_the_sample_company(company):
    costs, new, lives, paid = company
    found = channels(costs, new, value=lives.value(paid, margin=.40))
    cac = {"store": 7141, "search": 7973, "social": 5974, "referral": 6407, "campaign": 8580}
    ratio = {"store": 3.0, "search": 2.4, "social": .8, "referral": 4.5, "campaign": 1.6}
    for channel in cac:
        row = row_of(found, channel)
        assert row["cac"] == pytest.approx(cac[channel], abs=.5), channel
        assert row["low"] < ratio[channel] < row["high"], channel
    assert found.frame["channel"].tolist() == ["referral", "store", "search", "campaign", "social"]
    assert found.frame["verdict"].tolist() == ["earns"] * 4 + ["unclear"]
    assert row_of(found, "social")["so_far"] == "loses" and row_of(found, "social")["payback"] == np.inf


def test_payback_is_that_of_the_formula_on_the_fitted_survival(company):
    costs, new, lives, paid = company
    found = channels(costs, new, value=lives.value(paid, margin=.40, discount=.1))
    model = lives.model.parts(lives.model.at, 5)
    for place, (channel,) in enumerate(lives.lives.labels):
        share, churn = (part[place] for part in model)
        curve = ((1 - churn)**np.arange(400)[:, None] @ share)
        margin = .4 * paid.set_index("channel")["estimate"][channel]
        one = payback(cac=row_of(found, channel)["cac"], margin=margin, survival=curve, discount=.1)
        other = row_of(found, channel)["payback"]
        assert one["estimate"].item() == other or (np.isnan(one["estimate"].item()) and np.isinf(other))


def test_it_is_looked_at_in_both_languages(company):
    costs, new, lives, paid = company
    value = lives.value(paid, margin=.40)
    with words.speaking("ja"):
        made = channels(costs, new, value=value.replace("(all)", "（全体）"))
        assert "採算が取れます" in repr(made) and made.cells()["回収期間"].tolist()[0] == "7回"
        assert "費用は7回（月1回）の支払いで回収できます。" in made.notes[0]
    found = channels(costs, new, value=value)
    assert found.cells()["payback"].tolist() == ["7 payments", "9 payments", "12 payments", "18 payments", "never"]
    assert found.notes[0].endswith("The cost is back after 7 payments (one a month).")
    assert found.notes[4].startswith("Whether social earns its cost cannot be told: a new customer costs ¥5,974 and")
    assert found.notes[4].endswith("the same money may win more of them next time.")
    assert "¥6,407" in repr(found) and "<table" in found._repr_html_()
    assert [text.get_text() for text in found.plot().get_yticklabels()] == [
        "social", "campaign", "search", "store", "referral"]
    pyplot.close("all")


@pytest.mark.parametrize("change", [
    {"costs": COSTS.assign(currency=["JPY", "USD", "JPY", "JPY"])},
    {"costs": COSTS.assign(currency=["JPY", None, "JPY", "JPY"])},
    {"costs": COSTS.assign(tax_included=[True, False, True, True])}, {"costs": COSTS.assign(amount=[1, 2, 3, -4])},
    {"costs": COSTS.assign(amount=[1, 2, 3, None])}, {"costs": COSTS.assign(amount=["1", "2", "3", "4 yen"])},
    {"costs": COSTS.drop(columns="channel")}, {"new": {"shop": 1.5}}, {"new": {"shop": -1}}, {"new": {"shop": None}},
    {"new": pd.DataFrame({"chanel": ["shop"]})}, {"value": WORTH.drop(columns="se")},
    {"value": pd.concat([WORTH, WORTH])}, {"by": "verdict"}, {"confidence": 95}])
def test_what_cannot_be_right_is_refused(change):
    how = {"costs": COSTS, "new": WON, "value": WORTH} | change
    with pytest.raises(EngagelabError):
        channels(how.pop("costs"), how.pop("new"), **how)
