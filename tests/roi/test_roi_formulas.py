"""Net present value, payback, referrals and ratios against published figures, brute force and simulation."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import UsageError
from engagelab.ltv import from_churn, from_retention
from engagelab.metrics import intervals
from engagelab.roi import margin_multiple, npv, payback, ratio_interval, referral

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "kpi_returns.json").read_text("utf-8"))}
amounts = st.floats(-1e6, 1e6)
Z = 1.959963984540054


def case(name):
    return CASES[name]["inputs"], CASES[name]["expected"], CASES[name]["tolerance"]


def test_the_net_present_value_of_numpy_financial():
    inputs, expected, tolerance = case("npv_numpy_financial")
    assert npv(**inputs)["estimate"].item() == pytest.approx(expected["npv"], abs=tolerance)


def test_the_published_payback_with_and_without_discount():
    inputs, expected, tolerance = case("payback_simple_and_discounted")
    assert payback(inputs["flows"])["estimate"].item() == pytest.approx(expected["payback"], abs=tolerance)
    assert payback(inputs["flows"], inputs["rate"])["estimate"].item() == pytest.approx(
        expected["discounted_payback"], abs=tolerance)


def test_the_margin_multiples_of_gupta_and_lehmann():
    inputs, expected, tolerance = case("gupta_lehmann_margin_multiple")
    for (retention, discount), told in zip(inputs["cells"], expected.values(), strict=True):
        found = margin_multiple(retention=retention, discount=discount)["estimate"].item()
        assert found == pytest.approx(told, abs=tolerance)
        once_more = margin_multiple(retention=retention, discount=discount, paid="start")["estimate"].item()
        assert once_more == pytest.approx(found + 1)


def test_the_lifetime_values_of_the_reference():
    inputs, expected, tolerance = case("ltv_arpu_over_churn")
    assert from_churn(**inputs)["estimate"].item() == pytest.approx(expected["ltv"], abs=tolerance)
    inputs, expected, tolerance = case("ltv_discounted_variants")
    how = {name: inputs[name] for name in ("margin", "retention", "discount")}
    found = [from_retention(**how, **more)["estimate"].item() for more in (
        {"paid": "start"}, {"paid": "end"}, {"paid": "start", "horizon": f"{inputs['horizon']} years"})]
    assert found == pytest.approx(list(expected.values()), abs=tolerance)


def test_the_reference_of_fieller():
    inputs, expected, tolerance = case("fieller_ratio_ci")
    row = ratio_interval((inputs["num"], math.sqrt(inputs["var_num"])), (inputs["den"], math.sqrt(inputs["var_den"])),
                         inputs["cov"], confidence=inputs["conf"]).iloc[0]
    assert [row["low"], row["high"]] == pytest.approx([expected["low"], expected["high"]], abs=tolerance)


def test_the_reference_of_referrals():
    inputs, expected, tolerance = case("referral_amplification")
    found = referral(inputs["invites"] * inputs["conversion"]).set_index("wave")["estimate"]
    assert found["(all)"] == pytest.approx(expected["amplification"], abs=tolerance)
    assert found["3"] == pytest.approx(expected["three_waves"], abs=tolerance)


@given(st.lists(amounts, min_size=1, max_size=8), st.floats(-.5, .99), amounts)
@settings(max_examples=60)
def test_a_present_value_is_the_sum_of_its_flows_and_falls_by_a_period(flows, rate, more):
    found = npv(rate, flows)["estimate"].item()
    assert found == pytest.approx(sum(flow / (1 + rate)**t for t, flow in enumerate(flows)), rel=1e-9, abs=1e-6)
    assert npv(rate, [0, *flows])["estimate"].item() == pytest.approx(found / (1 + rate), rel=1e-9, abs=1e-6)
    assert npv(rate, [flows[0] + more, *flows[1:]])["estimate"].item() == pytest.approx(found + more, abs=1e-6)


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=8))
@settings(max_examples=60)
def test_payback_is_where_the_line_of_the_running_total_stays_above_zero(flows):
    found, total = payback(flows)["estimate"].item(), np.cumsum(flows)
    if total[-1] < 0:
        assert math.isnan(found)
        return
    grid = np.interp(np.linspace(0, len(flows) - 1, 1001 * (len(flows) - 1) + 1), np.arange(len(flows)), total)
    below = np.flatnonzero(grid < 0)
    brute = 0 if not len(below) else (below[-1] + 1) / 1001
    assert found == pytest.approx(brute, abs=2e-3)


def test_errors_of_flows_add_up_and_make_the_interval_of_the_payback():
    row = npv(.1, [(-100, 3), (60, 4), (70, 5)]).iloc[0]
    assert row["se"] == pytest.approx(math.sqrt(9 + (4 / 1.1)**2 + (5 / 1.21)**2))
    assert row["high"] - row["estimate"] == pytest.approx(Z * row["se"])
    row = payback([-100, (50, 5), (50, 5), (50, 5)]).iloc[0]
    assert row["estimate"] == 2 and 1 < row["low"] < 2 < row["high"] < 3
    assert math.isinf(payback([-100, (60, 30), (60, 30)])["high"].item())


def test_the_interval_of_a_payback_covers_the_truth():
    random, hits = np.random.RandomState(2), 0
    truth = np.array([-1000.0, 400, 400, 400, 400, 400, 400])
    for _ in range(400):
        seen = truth + np.r_[0, random.normal(0, 60, 6)]
        row = payback([(value, 60 if t else 0) for t, value in enumerate(seen)]).iloc[0]
        hits += row["low"] <= 2.5 <= row["high"]
    assert 372 <= hits <= 388 + 4


def test_a_cost_that_never_comes_back_is_said():
    row = payback([-1000, 300, 800, -200]).iloc[0]
    assert math.isnan(row["estimate"]) and row["flag"].startswith("never: these 4 flows")
    assert payback([5, 1])["estimate"].item() == 0


@given(amounts, amounts, st.floats(.001, 1e6), st.floats(.001, 1e6), st.floats(-.99, .99))
@settings(max_examples=200)
def test_both_ends_of_fieller_are_just_not_rejected_and_the_ratio_lies_within(a, b, se_a, se_b, r):
    assume(abs(b) > 1e-3 and abs(b * b - (Z * se_b)**2) > 1e-6 * b * b)
    row = ratio_interval((a, se_a), (b, se_b), r * se_a * se_b).iloc[0]
    assert row["low"] <= row["estimate"] <= row["high"]
    for end in (row["low"], row["high"]):
        if math.isfinite(end):
            sd = math.sqrt(max(se_a**2 - 2 * end * r * se_a * se_b + (end * se_b)**2, 0))
            scale = max(abs(a), abs(end * b), Z * sd)
            assert abs(a - end * b) == pytest.approx(Z * sd, abs=1e-6 * scale)
    open_ended = abs(b) < Z * se_b
    assert math.isinf(row["low"]) or math.isinf(row["high"]) if open_ended else math.isfinite(row["high"])
    assert bool(row["flag"]) is open_ended


@given(st.floats(.1, 100), st.floats(.1, 100), st.floats(.001, .4), st.floats(.001, .4))
@settings(max_examples=60)
def test_of_independent_estimates_fieller_is_what_the_intervals_of_both_give(a, b, cv_a, cv_b):
    row = ratio_interval((a, a * cv_a), (b, b * cv_b)).iloc[0]
    ends = [value * (1 + side * Z * cv) for value, cv in ((b, cv_b), (a, cv_a)) for side in (-1, 1)]
    told = intervals.ratio_interval(b, *ends[:2], a, *ends[2:])
    assert [row["estimate"], row["low"], row["high"]] == pytest.approx(list(map(float, told)), rel=1e-9)


def test_sets_without_an_end_are_said():
    second = ratio_interval((15, 2), (10, 6)).iloc[0]
    assert math.isinf(second["high"]) and "second part below" in second["flag"]
    ends = [second["low"], float(second["flag"].split()[-1])]
    for x in ends:
        assert abs(15 - x * 10) == pytest.approx(Z * math.sqrt(4 + (6 * x)**2), rel=1e-3)
    mirrored = ratio_interval((-15, 2), (10, 6)).iloc[0]
    assert (mirrored["low"], mirrored["high"]) == (-math.inf, -second["low"]) and "above" in mirrored["flag"]
    line = ratio_interval((1, 20), (1, 6)).iloc[0]
    assert (line["low"], line["high"]) == (-math.inf, math.inf) and line["flag"].endswith("no end")
    for method in ("delta", "draws"):
        assert "fieller" in ratio_interval((15, 2), (10, 6), method=method)["flag"].item()


@pytest.mark.parametrize("method", ["fieller", "delta", "draws"])
def test_the_intervals_of_a_ratio_cover_it(method):
    random, hits, n = np.random.RandomState(1), 0, 1000
    seen = random.multivariate_normal([.6, 2.0], [[.01, .006], [.006, .03]], n)
    for a, b in seen:
        row = ratio_interval((a, .1), (b, .03**.5), .006, method=method, draws=2000)
        hits += row["low"].item() <= .3 <= row["high"].item()
    assert .93 * n <= hits <= .97 * n


def test_draws_come_to_what_fieller_says_where_the_denominator_is_far_from_zero():
    exact = ratio_interval((50, 4), (100, 5), 10.0).iloc[0]
    drawn = ratio_interval((50, 4), (100, 5), 10.0, method="draws").iloc[0]
    assert [drawn["low"], drawn["high"]] == pytest.approx([exact["low"], exact["high"]], rel=.005)
    assert drawn["low"] == ratio_interval((50, 4), (100, 5), 10.0, method="draws")["low"].item()


def test_referrals_are_the_customers_of_a_simulated_chain_and_have_an_end_only_below_one():
    random, total = np.random.RandomState(5), 0
    for _ in range(4000):
        now = 1
        while now:
            total += now
            now = random.poisson(.4 * now)
    assert referral(.4)["estimate"].iloc[-1] == pytest.approx(total / 4000, rel=.05)
    row = referral((.4, .05)).iloc[-1]
    assert [row["low"], row["high"]] == pytest.approx([1 / (1 - .4 + Z * .05), 1 / (1 - .4 - Z * .05)])
    assert row["se"] == pytest.approx(.05 / .36)
    assert math.isinf(referral((.9, .1))["high"].iloc[-1]) and "may have no end" in referral((.9, .1))["flag"].iloc[-1]
    endless = referral((1.2, .01)).iloc[-1]
    assert math.isinf(endless["estimate"]) and endless["flag"].startswith("no end")
    assert referral(0)["estimate"].tolist() == [1, 1, 1, 1]


def test_an_answer_row_is_an_input_with_its_n():
    k = pd.Series({"estimate": .3, "se": .02, "n": 250})
    assert referral(k)["n"].tolist() == [250] * 4
    assert npv(0, [-5, pd.Series({"estimate": 7.0, "se": 1.0, "n": pd.NA})])["n"].isna().all()


@pytest.mark.parametrize("call", [
    lambda: npv("8%", [1]), lambda: npv(-1, [1]), lambda: npv(.1, []), lambda: npv(.1, "12"),
    lambda: npv(.1, 5), lambda: npv(.1, {1, 2}), lambda: npv(.1, [1, "¥5"]), lambda: referral(.3, waves=10**6),
    lambda: npv(.1, [1, (5, -1)]), lambda: npv(math.nan, [1]), lambda: npv(.1, [math.inf]), lambda: npv(.1, [None]),
    lambda: npv(.1, [True]), lambda: npv(.1, [(1, 2, 3)]), lambda: payback([-1, 2], -2), lambda: payback([]),
    lambda: referral(-.1), lambda: referral((.3, math.nan)), lambda: referral(.3, waves=0), lambda: referral("0.3"),
    lambda: referral(.3, waves=2.5), lambda: referral(pd.DataFrame({"estimate": [.3], "se": [0]})),
    lambda: ratio_interval((1, .1), 0), lambda: ratio_interval(1, 2), lambda: ratio_interval((1, .1), (2, .1), 5),
    lambda: ratio_interval((1, -.1), (2, .1)), lambda: ratio_interval((1, .1), (2, .1), method="felier"),
    lambda: ratio_interval((1, .1), (2, .1), method="draws", draws=10), lambda: npv(.1, [1], confidence=95),
    lambda: ratio_interval((1, .1), (2, .1), method="draws", seed=-1)])
def test_what_cannot_be_is_refused_in_one_line(call):
    with pytest.raises(UsageError) as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 220


@pytest.mark.parametrize("rate", [8, 1, -1])
def test_a_rate_of_all_or_more_is_refused_with_how_to_write_it(rate):
    for call in (npv, lambda rate, flows: payback(flows, rate)):
        with pytest.raises(UsageError, match=r"below 1 \(8 % is .08\)"):
            call(rate, [-40_000, 45_000])


def test_japanese():
    with words.speaking("ja"):
        assert "回収不能" in payback([-5, 1])["flag"].item()
        with pytest.raises(UsageError, match="0以上の数値"):
            referral(-1)
