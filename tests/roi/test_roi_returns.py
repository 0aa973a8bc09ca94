"""Returns against the published case, closed forms, simulated customers and simulated experiments."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.ltv import from_churn
from engagelab.metrics import intervals
from engagelab.roi import cac_saving, churn_reduction, horizons, incremental, ltv_uplift, ratio_interval
from engagelab.roi.returns import RUNGS

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "kpi_returns.json").read_text("utf-8"))}
Z = 1.959963984540054
COLUMNS = ["metric", "estimate", "low", "high", "se", "n", "method", "flag"]


def rows(found):
    return found.frame.set_index("metric")


def shop(rise=.06, n=800, seed=3, sizes=(1, 1)):
    random = np.random.RandomState(seed)
    arm = np.repeat(["A", "B"], [n * sizes[0], n * sizes[1]])
    return pd.DataFrame({"arm": arm, "bought": random.rand(len(arm)) < .2 + rise * (arm == "B"),
                         "spend": random.gamma(2, 500, len(arm)) + 100 * (arm == "B"),
                         "left": random.rand(len(arm)) < .3 - .1 * (arm == "B")})


def test_the_reference_of_a_tested_uplift():
    case = CASES["roi_from_ab_uplift_delta"]
    told, expected, how = case["inputs"], case["expected"], {"abs": case["tolerance"]}
    found = incremental(told["uplift"], told["se"], told["customers"], told["value"], told["cost"],
                        confidence=told["confidence"])
    row = rows(found).loc["roi"]
    assert row[["estimate", "se", "low", "high"]].tolist() == pytest.approx(
        [expected[name] for name in ("roi", "se", "low", "high")], **how)
    assert found.chance == pytest.approx(expected["p_positive"], **how)
    assert rows(found)["estimate"]["breakeven"] == pytest.approx(expected["breakeven_uplift"], **how)
    assert list(found.frame.columns) == COLUMNS and found.frame["n"].isna().all()


def test_a_pair_and_a_row_of_an_answer_are_the_same_input_and_a_row_keeps_its_rung():
    first = incremental(.012, .004, 1000, 3000, 20_000)
    second = incremental((.012, .004), reach=1000, value=3000, cost=20_000)
    row = pd.Series({"estimate": .012, "se": .004, "n": 640, "rung": "control_group"})
    third = incremental(row, reach=1000, value=3000, cost=20_000)
    assert first.frame.equals(second.frame) and (first.rung, third.rung) == ("assumed", "control_group")
    assert third.frame["n"].tolist() == [640] * 5
    assert "rests on a control group" in third.say()[0]


@given(st.floats(-1, 1), st.floats(.001, 1), st.floats(1, 1e6), st.floats(.1, 1e5), st.floats(1, 1e9))
@settings(max_examples=60)
def test_net_value_is_linear_in_the_effect_and_zero_where_it_breaks_even(effect, se, reach, value, cost):
    found = incremental(effect, se, reach, value, cost)
    at = rows(found)
    heads = reach * value
    assert at["estimate"]["net_value"] == pytest.approx(effect * heads - cost, rel=1e-9, abs=1e-6)
    assert at["se"]["net_value"] == pytest.approx(se * heads, rel=1e-6, abs=1e-12 * cost)
    assert at["estimate"]["roi"] * cost == pytest.approx(at["estimate"]["net_value"], rel=1e-6, abs=1e-6)
    even = incremental(at["estimate"]["breakeven"], se, reach, value, cost)
    assert even.frame["estimate"][0] == pytest.approx(0, abs=1e-9 * max(cost, heads))
    assert even.chance == pytest.approx(.5, abs=1e-6)
    assert (found.chance > .5) == (effect * heads > cost) or found.chance == pytest.approx(.5)


def test_errors_of_value_and_cost_add_up_as_in_the_closed_form():
    at = rows(incremental((.02, .005), reach=1000, value=(500, 60), cost=(4000, 300)))
    gain = 1000 * math.hypot(.005 * 500, .02 * 60)
    assert at["se"]["value"] == pytest.approx(gain)
    assert at["se"]["net_value"] == pytest.approx(math.hypot(gain, 300))
    assert at["se"]["roi"] == pytest.approx(math.hypot(gain / 4000, 10_000 * 300 / 4000**2))
    assert at["se"]["breakeven"] == pytest.approx(.008 * math.hypot(300 / 4000, 60 / 500))
    assert math.isnan(rows(incremental((.02, .005), reach=1000, value=500, cost=4000))["se"]["breakeven"])


def test_draws_agree_with_the_closed_form_of_a_product_and_are_the_same_each_time():
    how = {"reach": 1000, "value": (500, 60), "cost": (4000, 300)}
    drawn, again = (incremental((.02, .005), **how, draws=200_000, seed=4) for _ in range(2))
    gain = 1000 * math.sqrt((.005 * 500)**2 + (.02 * 60)**2 + (.005 * 60)**2)
    assert rows(drawn)["se"]["net_value"] == pytest.approx(math.hypot(gain, 300), rel=.01)
    assert drawn.frame.equals(again.frame) and "200,000 draws" in drawn.frame["method"][0]
    assert drawn.chance == pytest.approx(incremental((.02, .005), **how).chance, abs=.01)
    spread = math.sqrt(math.log1p((300 / 4000)**2))  # of the log-normal that a cost is drawn from
    ends = [4000 * math.exp(-spread**2 / 2 + side * Z * spread) for side in (-1, 1)]
    assert rows(drawn).loc["cost", ["low", "high"]].tolist() == pytest.approx(ends, rel=.003)


def test_without_any_error_there_is_no_interval_and_no_chance():
    for draws in (0, 2000):
        found = incremental(.02, reach=1000, value=500, cost=4000, draws=draws)
        assert found.frame[["low", "high", "se"]].isna().all(axis=None) and math.isnan(found.chance)
        assert found.say()[0].startswith("Net value 6,000.00, 150.0% of the cost, if every input is just so")


def test_the_sentence_has_a_branch_for_gain_loss_and_cannot_tell():
    how = {"se": .001, "reach": 1000, "value": 1000, "cost": 10_000, "unit": "JPY"}
    heads = [incremental(effect, **how).say()[0].split(":")[0] for effect in (.02, .002, .0105)]
    assert heads == ["It pays", "It does not pay", "Whether it pays cannot be told"]
    assert "the chance that it pays is >99.9%" in incremental(.02, **how).say()[0]


def test_a_comparison_gives_its_effect_its_interval_and_its_rung():
    found = el.compare(shop(), {"bought": el.rate("bought"), "spend": el.mean("spend")}, arm="arm", control="A",
                       units={"spend": "JPY"})
    spend = incremental(found, reach=10_000, cost=500_000, metric="spend", unit="JPY")
    row, effect = rows(spend), found.frame.set_index("metric").loc["spend"]
    told = [10_000 * effect[name] - 500_000 for name in ("difference", "low", "high")]
    assert row.loc["net_value", ["estimate", "low", "high"]].tolist() == pytest.approx(told, rel=1e-6)
    assert (spend.rung, row["n"].iloc[0]) == ("experiment", 1600)
    bought = rows(incremental(found, reach=10_000, value=900, cost=500_000, metric="bought"))
    a, b = found.frame["value_control"][0], found.frame["value_arm"][0]
    assert bought["se"]["net_value"] == pytest.approx(9e6 * math.sqrt(a * (1 - a) / 800 + b * (1 - b) / 800), rel=.01)
    said = incremental(found, reach=10_000, value=900, cost=500_000, metric="bought").say()[0]
    assert "effect of +5.6 pp a person" in said


def test_where_less_is_better_a_fall_is_a_gain():
    found = el.compare(shop(), el.rate("left", better="lower"), arm="arm", control="A")
    kept = incremental(found, reach=1000, value=100, cost=1000)
    assert kept.frame["estimate"][0] == pytest.approx(-found.frame["difference"][0] * 100_000 - 1000)
    assert rows(kept)["estimate"]["breakeven"] == pytest.approx(-.01) and kept.notes[0].startswith("Less is better")


def test_a_failed_check_leaves_no_chance_and_says_so():
    data = pd.concat([shop(n=800), shop(n=300, seed=9).query("arm == 'B'")])
    found = el.compare(data, el.rate("bought"), arm="arm", control="A")
    assert found.frame["verdict"].tolist() == ["no_verdict"]
    off = incremental(found, reach=1000, value=100, cost=1000)
    assert math.isnan(off.chance) and off.say()[0].startswith("No verdict, for a check of the experiment failed")
    assert (off.frame["flag"] != "").all() and off.notes[-1] in found.checks["sentence"].tolist()


def test_the_arm_and_metric_have_to_be_named_where_there_are_several():
    data = shop().assign(arm=lambda frame: np.where(frame.index % 3 == 0, "C", frame["arm"]))
    found = el.compare(data, {"bought": el.rate("bought"), "spend": el.mean("spend")}, arm="arm", control="A",
                       split={"A": 1 / 3, "B": 1 / 3, "C": 1 / 3})
    with pytest.raises(UsageError, match="metric must be one of 'bought', 'spend', not None"):
        incremental(found, reach=1, cost=1)
    with pytest.raises(UsageError, match="did you mean 'spend'"):
        incremental(found, reach=1, cost=1, metric="spnd", arm="B")
    one = incremental(found, reach=1000, cost=100, metric="spend", arm="C")
    assert one.notes[0].startswith("One of 2 arms")
    flat = el.compare(data.assign(flat=1), el.mean("flat"), arm="arm", control="A")
    with pytest.raises(DataError, match="no effect with an interval"):
        incremental(flat, reach=1000, cost=100, arm="C")


def test_the_interval_from_an_experiment_is_as_wide_as_its_own_and_covers_the_truth():
    random = np.random.RandomState(12)
    counts = random.binomial(800, [.2, .26], (4000, 2))
    apart = (counts[:, 1] - counts[:, 0]) / 800
    low, high = intervals.newcombe(counts[:, 1], 800, counts[:, 0], 800)
    assert .94 <= (abs(apart - .06) <= (high - low) / 2).mean() <= .96
    for a, b in counts[:3]:
        data = pd.DataFrame({"arm": np.repeat(["A", "B"], 800),
                             "bought": np.r_[np.arange(800) < a, np.arange(800) < b]})
        row = incremental(el.compare(data, el.rate("bought"), arm="arm", control="A"), reach=100, cost=1).frame.iloc[0]
        wide = intervals.newcombe(b, 800, a, 800)
        assert row["high"] - row["low"] == pytest.approx(100 * (wide[1] - wide[0]), rel=1e-6)


def test_what_costs_nothing_has_no_return_on_its_cost():
    found = incremental(.1, .1, 1000, 10, 0)
    assert math.isnan(rows(found)["estimate"]["roi"]) and rows(found)["flag"]["roi"].startswith("no cost")
    assert "of the cost" not in found.say()[0] and len(found.cells()) == 1


def test_levers_by_hand():
    up = ltv_uplift((24_000, 500), (25_000, 600), 2_000, 1_500_000)
    assert up.frame["estimate"].tolist() == pytest.approx([500_000, 1 / 3, 2_000_000, 1_500_000])
    assert up.frame["se"][0] == pytest.approx(2000 * math.hypot(500, 600))
    saved = cac_saving(7_000, (6_400, 200), (1_000, 50))
    assert saved.frame["estimate"][0] == pytest.approx(600_000)
    assert saved.frame["se"][0] == pytest.approx(math.hypot(600 * 50, 1000 * 200))
    assert saved.frame["flag"].tolist()[1].startswith("no cost") and math.isnan(saved.frame["estimate"][1])


def test_a_lower_churn_is_worth_the_difference_of_two_lifetime_values():
    found = churn_reduction(.05, .04, 1000, .4, 300)
    told = 300 * (from_churn(arpu=400, churn=.04)["estimate"] - from_churn(arpu=400, churn=.05)["estimate"]).item()
    assert found.frame["estimate"][0] == pytest.approx(told)


def test_a_lower_churn_in_simulated_customers_that_pay_until_they_leave():
    random = np.random.RandomState(8)
    paid = [np.minimum(random.geometric(churn, 400_000), 12).mean() for churn in (.08, .05)]
    found = churn_reduction(.08, .05, 10, 1.0, 1, horizon="12 months")
    assert found.frame["estimate"][0] == pytest.approx(10 * (paid[1] - paid[0]), rel=.02)


@given(st.floats(.01, .5), st.floats(.01, .5), st.floats(0, .3), st.integers(1, 24))
@settings(max_examples=40)
def test_a_horizon_is_the_sum_of_its_months_and_turns_round_with_before_and_after(before, after, discount, months):
    each = [((1 - after)**t - (1 - before)**t) / (1 + discount)**(t / 12) for t in range(months)]
    how = {"arpu": 100, "margin": .5, "customers": 10, "horizon": f"{months} months", "discount": discount}
    assert churn_reduction(before, after, **how).frame["estimate"][0] == pytest.approx(500 * sum(each), abs=1e-6)
    assert churn_reduction(after, before, **how).frame["estimate"][0] == pytest.approx(-500 * sum(each), abs=1e-6)


def test_the_interval_of_a_lower_churn_covers_the_truth_by_delta_and_by_draws():
    random, hits, n = np.random.RandomState(6), {0: 0, 1000: 0}, 250
    truth = churn_reduction(.06, .05, 1000, .4, 100).frame["estimate"][0]
    for _ in range(n):
        seen = random.binomial(8000, [.06, .05]) / 8000
        parts = [(rate, math.sqrt(rate * (1 - rate) / 8000)) for rate in seen]
        for draws in hits:
            row = churn_reduction(*parts, 1000, .4, 100, draws=draws).frame.iloc[0]
            hits[draws] += row["low"] <= truth <= row["high"]
    assert all(.93 * n <= count <= .975 * n for count in hits.values()), hits


def test_a_higher_price_lifts_the_quarter_and_lowers_the_lifetime_value():
    price = horizons(arpu_before=9_800, arpu_after=10_584, churn_before=.03, churn_after=.036, margin=.4, customers=1)
    net = price.frame.query("metric == 'net_value'").set_index("within")["estimate"]
    assert net["lifetime"] == pytest.approx(117_600 - 130_667, abs=1)  # ten per cent of the lifetime value
    quarter = [sum(price * .4 * (1 - churn)**t for t in range(3)) for price, churn in ((10_584, .036), (9_800, .03))]
    assert net["3 months"] == pytest.approx(quarter[0] - quarter[1])
    assert price.notes[-1].startswith("Short and long term disagree: by the estimates a gain (3 months)")
    assert len(price.say()) == 3 and price.say()[0].startswith("[3 months] Net value")
    back = horizons(arpu_before=10_584, arpu_after=9_800, churn_before=.036, churn_after=.03, margin=.4, customers=1)
    assert "a loss (3 months), then a gain" in back.notes[-1]


def test_chances_stand_by_horizon_and_the_last_is_the_chance():
    how = {"arpu": 1000, "margin": .4, "customers": 100, "cost": 10_000}
    found = churn_reduction((.05, .004), (.045, .004), **how, horizon=["3 months", "12 months", None])
    assert list(found.chances) == ["3 months", "12 months", "lifetime"] and found.chance == found.chances["lifetime"]
    assert list(found.frame.columns) == [COLUMNS[0], "within", *COLUMNS[1:]] and len(found.frame) == 12
    assert found.chances["3 months"] < found.chances["12 months"] < found.chances["lifetime"]
    alone = churn_reduction((.05, .004), (.045, .004), **how, horizon="12 months")
    assert alone.chance == pytest.approx(found.chances["12 months"])


def test_it_reads_well_in_both_languages_and_html_is_escaped():
    for language, word, amount in (("en", "It rests on", "¥14,000"), ("ja", "根拠：", "14,000円")):
        with words.speaking(language):
            for rung in RUNGS:
                found = incremental((.02, .004), reach=1000, value=900, cost=4000, unit="JPY", rung=rung)
                assert word in repr(found) and amount in found._repr_html_() and "{" not in repr(found)
            assert word in repr(churn_reduction((.05, .004), .04, 1, 1, 1, horizon=["3 months", None]))


@settings(max_examples=50)
@given(st.floats(-200, 200), st.floats(.1, 60), st.floats(1, 100), st.floats(.05, 1.5))
def test_a_net_value_and_its_share_of_an_unsure_cost_say_the_same(gain, se, cost, share):
    net, roi = rows(incremental((gain, se), reach=1, value=1, cost=(cost, share * cost))).loc[
        ["net_value", "roi"], ["low", "high"]].to_numpy()
    assume(np.abs(net).min() > 1e-6)
    assert (net > 0).tolist() == (roi > 0).tolist()


def test_the_share_of_an_unsure_cost_is_fiellers():
    row = rows(incremental((1000, 50), reach=1, value=1, cost=(500, 240))).loc["roi"]
    wanted = ratio_interval((1000, 50), (500, 240)).iloc[0]
    assert [row["low"], row["high"]] == pytest.approx([wanted["low"] - 1, wanted["high"] - 1])
    assert row["method"] == wanted["method"]
    assert "no end" in rows(incremental((1000, 50), reach=1, value=1, cost=(500, 260))).loc["roi", "flag"]


@pytest.mark.parametrize(("given", "wanted"), [({}, "reach"), ({"reach": 5}, "cost"), ({"cost": 5}, "reach")])
def test_what_was_not_said_is_asked_for(given, wanted):
    with pytest.raises(UsageError, match=f"^say {wanted}=: "):
        incremental(.1, .1, **given)


def test_a_gain_below_nothing_is_a_loss_of_more_than_the_cost():
    for effect, says in ((-.01, "−49.40), a loss of more than its cost; the"), (.001, "), −51.0% of the cost; the")):
        assert says in incremental(effect, .001, reach=100, value=49, cost=10).say()[0]
    parts = churn_reduction((.05, .001), .06, 100, .5, 10, cost=5, horizon=["3 months", None]).say()
    assert all("more than its cost" in part for part in parts)


GOOD = {"reach": 1000, "value": 10, "cost": 50}


@pytest.mark.parametrize("call", [
    lambda: incremental(.1, -1, **GOOD), lambda: incremental(.1, .1, reach=0, cost=1), lambda: incremental(.1, .1),
    lambda: incremental(.1, .1, 1000, 10, -5), lambda: incremental(.1, .1, 1000, 10, (0, 3)),
    lambda: incremental(.1, .1, 1000, "¥10", 5), lambda: incremental("1%", .1, **GOOD),
    lambda: incremental((.1, .1), .1, **GOOD), lambda: incremental(None, **GOOD), lambda: incremental(True, **GOOD),
    lambda: incremental(pd.DataFrame({"estimate": [1]}), **GOOD), lambda: incremental(.1, .1, **GOOD, rung="guess"),
    lambda: incremental(.1, .1, **GOOD, draws=5), lambda: incremental(.1, .1, **GOOD, draws=-1),
    lambda: incremental(.1, .1, **GOOD, draws=2000, seed="a"), lambda: incremental(.1, .1, **GOOD, confidence=95),
    lambda: incremental(.1, .1, **GOOD, draws=2000, confidence=0), lambda: incremental(math.nan, .1, **GOOD),
    lambda: incremental(pd.Series({"estimate": .1, "se": math.nan}), **GOOD),
    lambda: churn_reduction(5, 4, 1000, .4, 100), lambda: churn_reduction(-.1, .1, 1000, .4, 100),
    lambda: churn_reduction(.1, 0, 1000, .4, 100), lambda: churn_reduction((.03, .4), .02, 1000, .4, 100),
    lambda: churn_reduction(.1, .05, 1000, 40, 100), lambda: churn_reduction(.1, .05, 1000, .4, 100, horizon="soon"),
    lambda: churn_reduction(.1, .05, 1000, .4, 100, horizon=[]),
    lambda: churn_reduction(.1, .05, 1, .4, 1, discount=-1),
    lambda: churn_reduction(.1, .05, 1000, .4, 100, horizon="10 days"), lambda: churn_reduction(.1, .05, 1, .4, 1, -1),
    lambda: churn_reduction(.1, .05, 1000, .4, 100, horizon=3), lambda: churn_reduction(.1, .05, 1, 1, 1, every="moon"),
    lambda: churn_reduction((.001, .01), (.001, .01), 1, 1, 1, draws=1000),
    lambda: ltv_uplift(1, 2, 0), lambda: ltv_uplift(1, "2", 5), lambda: cac_saving(-1, 2, 5),
    lambda: cac_saving(5, (0, 2), 5), lambda: cac_saving((5, 1, 3), 2, 5)])
def test_what_cannot_be_is_refused_in_one_line(call):
    with pytest.raises(UsageError) as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 260
