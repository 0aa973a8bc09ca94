"""Forecasts against what came: CDNOW's published figures, a loop over orders, and simulated shops."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.ltv.bgnbd import BGNBD
from engagelab.ltv.holdout import HoldoutCheck, _correlation, holdout_check
from engagelab.ltv.pareto_nbd import ParetoNBD
from tests.public_data import folder

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "value_bgnbd.json").read_text("utf-8"))}
START = pd.Timestamp("2026-01-01")


def shop(n, seed, slow=1.0):
    """Orders of customers who buy and leave as BG/NBD says; from day 180 on at another pace."""
    random, orders = np.random.RandomState(seed), []
    for who in range(n):
        mean, day = 20 / random.gamma(.8), float(random.randint(0, 90 if who % 10 else 280))   # some join too late
        for _ in range(random.geometric(random.beta(1, 3)) + 1):
            at = day if day < 180 else 180 + (day - 180) * slow
            if at < 300:
                orders.append((who, START + pd.Timedelta(days=int(at)), 10.0))
            day += random.exponential(mean)
    return pd.DataFrame(orders, columns=["who", "at", "paid"])


HOW = {"user": "who", "time": "at", "split": "2026-06-30", "until": "2026-10-28"}


def test_cdnow_gives_the_figures_of_the_reference():
    table = pd.read_csv(folder() / "CDNOW_sample.txt", sep=r"\s+", header=None,
                        names=["master", "user", "day", "items", "amount"])
    table["day"] = pd.to_datetime(table["day"].astype("str"), utc=True)
    made, case = holdout_check(table, user="user", time="day", split="1997-10-01", until="1998-07-01"), CASES[
        "bgnbd_cdnow_holdout"]["expected"]
    found = made.frame.set_index("metric")["estimate"]
    assert found["purchases_actual"] == case["actual_repeat"]
    assert found["purchases_expected"] == pytest.approx(case["predicted"], abs=1e-4)
    assert found["forecast_bias"] == pytest.approx(case["bias"], abs=1e-4)
    assert found["mean_absolute_error"] == pytest.approx(case["mae"], abs=1e-4)
    assert found["forecast_correlation"] == pytest.approx(case["corr"], abs=1e-4)
    assert made.notes[0].endswith("The forecast was too low by 12.1%.")
    split = made.over[made.over["part"] == "fit"].iloc[-1]
    assert (split["period"], split["actual"]) == ("1997-09-30", CASES["bgnbd_freq_effect"]["expected"]["repeat_daily"])


def test_actual_purchases_are_those_of_a_loop_over_the_orders():
    orders = shop(200, 4)
    made = holdout_check(orders, **HOW, draws=100)
    days = orders.assign(day=(orders["at"] - START).dt.days).groupby("who")["day"].unique()
    known = days[days.map(min) < 180]
    later = known.map(lambda days: int((days >= 180).sum()))
    before = known.map(lambda days: int((days < 180).sum() - 1))
    assert made.frame["estimate"].iloc[0] == later.sum()
    assert made.frame["n"].iloc[0] == len(known)
    group = later.groupby(before.clip(upper=7)).mean()
    assert made.groups["actual"].tolist() == pytest.approx(group.tolist())
    assert made.groups["expected"].to_numpy() @ made.groups["n"].to_numpy(dtype=float) == pytest.approx(
        made.frame["estimate"].iloc[1])
    for _, row in made.over.iterrows():
        last = (pd.Timestamp(row["period"]) - START).days
        assert row["actual"] == sum(int((days <= last).sum() - 1) for days in known if min(days) <= last)


def test_the_expected_line_is_of_new_customers_and_then_ends_at_the_forecast():
    made = holdout_check(shop(300, 5), **HOW, draws=100)
    fit, ahead = (made.over[made.over["part"] == part] for part in ("fit", "holdout"))
    assert (np.diff(fit["expected"]) >= 0).all() and (np.diff(ahead["expected"]) >= 0).all()
    assert ahead["expected"].iloc[-1] - fit["actual"].iloc[-1] == pytest.approx(made.frame["estimate"].iloc[1])
    assert ahead["actual"].iloc[-1] - fit["actual"].iloc[-1] == made.frame["estimate"].iloc[0]
    assert fit["expected"].iloc[-1] == pytest.approx(fit["actual"].iloc[-1], rel=.1)
    assert ahead["period"].iloc[-1] == "2026-10-27"


@pytest.mark.parametrize("slow, verdict", [(1.0, "chance alone could"), (3.0, "too high by"), (.3, "too low by")])
def test_the_verdict_is_that_of_the_world(slow, verdict):
    made = holdout_check(shop(1200, 8, slow), **HOW, draws=300)
    assert verdict in made.notes[0]
    low, high = made.frame.loc[2, ["low", "high"]]
    actual, ends = made.frame.loc[0, "estimate"], made.frame.loc[1, ["low", "high"]].to_numpy(dtype=float)
    assert [low, high] == pytest.approx((ends / actual - 1).tolist())
    assert (low > 0) == (verdict == "too high by") and (high < 0) == (verdict == "too low by")


def test_the_interval_of_the_correlation_holds_that_of_all_customers():
    random = np.random.RandomState(3)
    rate = random.gamma(.3, 2.0, (1000, 2000))
    came = random.poisson(rate)
    truth = np.sqrt(1.2 / (1.2 + .6))       # of a Poisson count with its own mean: variance of means over all
    found = np.array([_correlation(x, y) for x, y in zip(came, rate, strict=True)])
    apart = np.abs(np.arctanh(found[:, 0]) - np.arctanh(truth)) * (1 - found[:, 0]**2) / found[:, 1]
    assert .9 < (apart < 1.96).mean() < .97      # 45 of 100 with the error of normal numbers


def test_days_weeks_and_months_forecast_the_same():
    orders = shop(100, 6)
    made = [holdout_check(orders, **HOW, every=every, draws=100).frame["estimate"]
            for every in ("day", "week", "month")]
    assert made[0].to_numpy() == pytest.approx(made[1].to_numpy(), rel=1e-6)
    assert made[2].to_numpy() == pytest.approx(made[1].to_numpy(), rel=1e-6)


def test_another_model_and_amounts_can_be_asked_for():
    orders = shop(300, 6)
    voided = pd.concat([orders, pd.DataFrame({"who": [0], "at": [START], "paid": [0.0]})])
    made = holdout_check(voided, **HOW, amount="paid", model=ParetoNBD, draws=100)
    assert isinstance(made.model, ParetoNBD)
    assert "Pareto/NBD" in made.frame["method"].iloc[1]
    assert any("no purchases" in note for note in made.notes)
    other = holdout_check(orders, **HOW, model=BGNBD(), draws=100)
    assert other.frame["estimate"].iloc[0] == made.frame["estimate"].iloc[0]


def test_who_had_bought_before_since_is_left_out():
    orders = shop(300, 6)
    made = holdout_check(orders, **HOW, since="2026-02-01", draws=100)
    first = orders.groupby("who")["at"].min()
    known = first[(first >= "2026-02-01") & (first < "2026-06-30")].index
    later = orders[orders["who"].isin(known)].assign(day=orders["at"].dt.date).drop_duplicates(["who", "day"])
    assert made.frame["n"].iloc[0] == len(known)
    assert made.over["actual"].iloc[-1] == len(later) - len(known)


def test_a_split_that_leaves_nothing_is_refused():
    orders = shop(100, 6)
    with pytest.raises(DataError, match="no whole day lies between"):
        holdout_check(orders, **HOW | {"until": "2026-06-30"})
    with pytest.raises(DataError):
        holdout_check(orders, **HOW | {"split": "2025-06-30"})
    with pytest.raises(DataError, match="no customer"):
        holdout_check(orders.assign(paid=0.0), **HOW, amount="paid")
    with pytest.raises(UsageError, match="confidence"):
        holdout_check(orders, **HOW, confidence=95)
    with pytest.raises(UsageError, match="draws"):
        holdout_check(orders, **HOW, draws=0)


def test_it_can_be_looked_at_in_both_languages_and_drawn():
    made = holdout_check(shop(200, 6), **HOW, draws=100)
    assert isinstance(made, HoldoutCheck)
    assert "Purchases that came" in repr(made) and "<table" in made._repr_html_()
    with words.speaking("ja"):
        assert "実際の購入数" in repr(made)
    assert made.plot().get_lines()
    assert made.plot(by="bought_before").patches
