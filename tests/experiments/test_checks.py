"""Checks against published figures, scipy and simulation: they seldom fail by chance, and find what they should."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engagelab import words
from engagelab.errors import UsageError
from engagelab.experiments import checks
from engagelab.experiments.compare import compare
from engagelab.experiments.contrast import Looking
from engagelab.experiments.rules import Rules
from engagelab.metrics import sequential
from engagelab.metrics.design import Design
from engagelab.metrics.nouns import csat, mean, nps, quantile, rate, ratio

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "experiments_checks.json").read_text("utf-8"))}
ONCE = Rules()


def people(sizes, seed=1, **columns):
    """A row a unit, with as many units in each arm, and an outcome `x`."""
    random = np.random.RandomState(seed)
    arm = np.repeat(list(sizes), list(sizes.values()))
    return pd.DataFrame({"arm": arm, "x": random.normal(5, 1, len(arm)), "before": random.gamma(2, 3, len(arm)),
                         **columns})


def ran(data, metrics=None, **how):
    return compare(data, metrics or {"x": mean("x")}, arm="arm", control="A", **how)


def row(found, check, metric=""):
    rows = found.checks[(found.checks["check"] == check) & (found.checks["metric"] == metric)]
    assert len(rows) == 1, found.checks["check"].tolist()
    return rows.iloc[0]


def passed(found):
    return set(found.frame["verdict"]) != {"no_verdict"}


# ---- the sizes of the arms ----

def test_the_ratio_of_kohavi_tang_and_xu_fails_at_their_p():
    case = CASES["srm_kohavi"]
    p = checks.ratio_p(np.array(case["inputs"]["counts"]), np.array(case["inputs"]["ratio"]), ONCE)
    assert p == pytest.approx(case["expected"]["pvalue"], abs=case["tolerance"]["pvalue"])


def test_all_arms_are_tested_together_and_against_the_split_that_was_meant():
    data = people({"A": 700, "B": 190, "C": 110})
    found = row(ran(data, split={"A": 7, "B": 2, "C": 1}), "sample_ratio")
    assert found["p"] == pytest.approx(stats.chisquare([700, 190, 110], [700, 200, 100]).pvalue, rel=1e-12)
    assert found["status"] == "passed" and found["value"] == pytest.approx(.01)
    equal = ran(data)
    assert row(equal, "sample_ratio")["status"] == "failed" and not passed(equal)
    assert row(equal, "sample_ratio")["sentence"] in equal.notes


def test_units_count_and_not_rows_whatever_is_missing():
    data = people({"A": 300, "B": 300})
    data.loc[data.index < 40, "x"] = np.nan
    assert row(ran(data), "sample_ratio")["p"] == 1
    more = pd.concat([data, data[data["arm"] == "B"]]).assign(who=lambda table: table.index)
    assert row(ran(more, user="who"), "sample_ratio")["p"] == 1
    assert row(ran(more), "sample_ratio")["p"] < .001


def test_a_combined_arm_is_meant_to_be_as_large_as_its_parts_together():
    data = people({"A": 500, "B": 510, "C": 490})
    both = {"any": ["B", "C"]}
    equal = row(ran(data, combine=both), "sample_ratio")
    assert equal["p"] == 1
    for split in ({"A": 1, "B": 1, "C": 1}, {"A": .1, "any": .2}):
        assert row(ran(data, combine=both, split=split), "sample_ratio")["p"] == 1
    with pytest.raises(UsageError, match="each arm once: 'A', 'any', not 'A', 'B'"):
        ran(data, combine=both, split={"A": 1, "B": 1})


def test_a_broken_stratum_is_named_though_the_whole_is_in_balance():
    arm = np.repeat(["A", "B", "A", "B"], [300, 200, 200, 300])
    data = pd.DataFrame({"arm": arm, "plan": np.repeat(["free", "plus"], 500),
                         "x": np.random.RandomState(2).normal(size=1000)})
    assert row(ran(data), "sample_ratio")["p"] == 1
    found = ran(data, design=Design(strata="plan"))
    within = row(found, "sample_ratio_within")
    assert within["status"] == "failed" and within["value"] == 2 and not passed(found)
    assert "'free': 300 in A, 200 in B, instead of 250 each" in within["sentence"]
    assert within["p"] == pytest.approx(2 * stats.chisquare([300, 200]).pvalue)


def test_the_broken_arms_of_the_subject_lines_are_found_and_so_are_the_active_addresses(company):
    drawn = company["assignments"]
    drawn = drawn[drawn["experiment"] == "subject_lines"]
    mails = company["email_sends"]
    data = drawn.merge(mails[mails["scenario"] == "notice"][["user_id", "clicked"]], on="user_id")
    found = ran(data, {"clicks": rate("clicked")}, user="user_id", design=Design(strata="stratum"), guardrails=False)
    assert row(found, "sample_ratio")["sentence"] == (
        "Units: 1,840 in A, 2,160 in B, instead of 2,000 each (p <0.001): the arms do not hold whom they were meant to "
        "hold. Find out why before reading any result; if they were planned so, tell it with split=.")
    assert "In 1 of the 2 strata of 'stratum'" in row(found, "sample_ratio_within")["sentence"]
    assert "'active'" in row(found, "sample_ratio_within")["sentence"]
    assert found.frame["verdict"].tolist() == ["no_verdict"]
    with words.speaking("ja"):
        assert "各群の件数はA 1,840、B 2,160で、予定の各2,000" in row(ran(
            data, {"clicks": rate("clicked")}, guardrails=False), "sample_ratio")["sentence"]


def test_whoever_looks_again_and_again_is_given_a_p_that_holds_at_any_time():
    data = people({"A": 450, "B": 550})
    once, peeking = (row(ran(data, peek=peek), "sample_ratio")["p"] for peek in (False, True))
    assert once == pytest.approx(stats.chisquare([450, 550]).pvalue) and once < .01
    assert peeking == pytest.approx(sequential.sample_ratio_p([450, 550], [1, 1])[0]) and peeking > once


@pytest.mark.parametrize(("shares", "n"), [((1, 1), 1000), ((9, 1), 200), ((1, 1, 1), 300), ((99, 1), 300)])
def test_a_fair_lot_seldom_fails_the_ratio(shares, n):
    share = np.array(shares) / sum(shares)
    counts = np.random.RandomState(7).multinomial(n, share, 4000)
    assert np.mean([checks.ratio_p(one, share, ONCE) < checks.ALPHA for one in counts]) < .004


def test_a_lot_of_which_a_tenth_was_lost_is_found():
    counts = np.random.RandomState(7).multinomial(10_000, np.array([1, .9]) / 1.9, 300)
    assert np.mean([checks.ratio_p(one, np.ones(2), ONCE) < checks.ALPHA for one in counts]) > .95


@settings(max_examples=60)
@given(st.lists(st.integers(1, 5000), min_size=2, max_size=4), st.lists(st.integers(1, 50), min_size=4, max_size=4))
def test_the_p_of_a_ratio_is_a_share_and_knows_no_order_and_no_unit(counts, shares):
    n, share = np.array(counts), np.array(shares[:len(counts)], dtype=float)
    p = checks.ratio_p(n, share, ONCE)
    assert 0 <= p <= 1
    assert checks.ratio_p(n[::-1], 7 * share[::-1], ONCE) == pytest.approx(p, rel=1e-9, abs=1e-300)


# ---- rows and units ----

def test_rows_of_the_same_users_are_noticed_before_anybody_believes_the_interval():
    data = people({"A": 300, "B": 300}).assign(user_id=lambda table: table.index // 3)
    found = row(ran(data), "repeated_users")
    assert found["sentence"].startswith("600 rows are of 200 users ('user_id')")
    assert "user='user_id'" in found["sentence"]
    for once in (ran(data, user="user_id"), ran(data.assign(user_id=data.index)), ran(data.drop(columns="user_id"))):
        assert "repeated_users" not in set(once.checks["check"])


def test_users_in_several_arms_turn_the_verdicts_off():
    data = people({"A": 200, "B": 200}).assign(user_id=lambda table: table.index % 200)
    found = ran(data)
    assert row(found, "repeated_users")["status"] == "failed" and not passed(found)
    assert row(found, "repeated_users")["sentence"].startswith("200 of 200 users ('user_id') are in several arms of")
    assert passed(ran(data.assign(user_id=data.index // 2)))


def test_rows_of_nobody_are_counted():
    data = people({"A": 300, "B": 300}).assign(who=lambda table: table.index.astype("str"))
    data.loc[[3, 5, 400], "who"] = [None, "", " "]
    assert row(ran(data, user="who"), "no_unit")["value"] == 3
    assert "3 rows without a value in 'who'" in row(ran(data, user="who"), "no_unit")["sentence"]


# ---- missing values ----

def test_values_that_are_missing_alike_are_noted_and_unlike_ones_turn_the_metric_off():
    data = people({"A": 2000, "B": 2000}).assign(y=1.0, z=lambda table: table["x"])
    lost = np.random.RandomState(3).rand(4000)
    data.loc[lost < .1, "x"] = np.nan
    data.loc[(lost < .04) | ((lost < .12) & (data["arm"] == "B")), "z"] = np.nan
    found = ran(data, {"x": mean("x"), "z": mean("z"), "y": mean("y")})
    counts = data["z"].isna().groupby(data["arm"]).sum()
    unlike = row(found, "missing", "z")
    assert unlike["status"] == "failed" and unlike["p"] == pytest.approx(stats.chi2_contingency(
        [counts, 2000 - counts], correction=False).pvalue, rel=1e-9)
    assert f"{counts['A'] / 2000:.1%} in A, {counts['B'] / 2000:.1%} in B" in unlike["sentence"]
    assert row(found, "missing", "x")["status"] == "noted"
    assert found.frame.set_index("metric")["verdict"].to_dict() == {
        "x": "no_difference", "z": "no_verdict", "y": "cannot_tell"}


def test_where_nothing_is_missing_it_says_so_once():
    found = ran(people({"A": 200, "B": 200}), {"x": mean("x"), "before": mean("before")})
    assert row(found, "missing")["status"] == "passed"


@pytest.mark.parametrize(("share", "sizes"), [(.02, (1000, 1000)), (.1, (900, 100)), (.01, (900, 100, 100)),
                                              (.98, (500, 500))])
def test_values_missing_by_chance_seldom_fail(share, sizes):
    random, n = np.random.RandomState(5), np.array(sizes)
    p = [checks._differs(random.binomial(n, share), n, ONCE) for _ in range(3000)]
    assert np.mean(np.array(p) < checks.ALPHA) < .004


def test_a_tenth_that_stops_answering_is_found_also_while_one_looks_again_and_again():
    random, n = np.random.RandomState(5), np.array([3000, 3000])
    peeking = Rules(looking=Looking("peek"))
    drawn = [random.binomial(n, [.05, .1]) for _ in range(100)]
    for rules in (ONCE, peeking):
        assert np.mean([checks._differs(one, n, rules) < checks.ALPHA for one in drawn]) > .9


def test_missing_and_known_are_one_question_however_few_there_are():
    for lacking, n in (([3, 0], [900, 100]), ([200, 260], [1000, 1000])):
        counts, sizes = np.array(lacking), np.array(n)
        assert checks._differs(counts, sizes, ONCE) == pytest.approx(checks._differs(sizes - counts, sizes, ONCE))


@pytest.mark.parametrize("looking", [Looking("peek"), Looking("look", (.5, 1.0), 1)])
def test_the_other_checks_hold_at_any_look_too(looking):
    n = np.array([1000, 1000])
    z = stats.norm.isf(checks._differs(np.array([200, 260]), n, ONCE) / 2)
    assert checks._differs(np.array([200, 260]), n, Rules(looking=looking)) == pytest.approx(
        sequential.always_valid_p(z, 500))
    data = people({"A": 300, "B": 300})
    once, peeking = (row(ran(data, {"x": mean("x", adjust="before")}, peek=peek), "balance", "x")["p"]
                     for peek in (False, True))
    assert peeking == pytest.approx(sequential.always_valid_p(stats.norm.isf(once / 2), 150))


def test_looks_at_amounts_in_arms_of_unequal_size_are_noted():
    data, metrics = people({"A": 900, "B": 100}).assign(opened=[0, 1] * 500), {"x": mean("x"), "open": rate("opened")}
    found = row(ran(data, metrics, split={"A": 9, "B": 1}, peek=True), "unequal_arms", "x")
    assert (found["status"], found["value"]) == ("noted", 100) and "(900 in A, 100 in B)" in found["sentence"]
    assert "unequal_arms" not in set(ran(data, metrics, split={"A": 9, "B": 1}).checks["check"])
    even = people({"A": 400, "B": 100})
    assert "unequal_arms" not in set(ran(even, split={"A": 4, "B": 1}, peek=True).checks["check"])


# ---- before the start ----

def test_a_covariate_that_differs_before_the_start_turns_off_the_metrics_that_use_it():
    data = people({"A": 500, "B": 500})
    data["moved"] = data["before"] + 3 * (data["arm"] == "B")
    found = ran(data, {"fair": mean("x", adjust="before"), "unfair": mean("x", adjust=["before", "moved"])})
    assert row(found, "balance", "fair")["status"] == "passed"
    unfair = row(found, "balance", "unfair")
    means = data.groupby("arm")["moved"].mean()
    assert unfair["status"] == "failed" and unfair["value"] == pytest.approx(means["B"] - means["A"])
    assert f"'moved' differs between the arms before the start ({means['A']:.2f} in A" in unfair["sentence"]
    assert found.frame["verdict"].tolist() == ["no_difference", "no_verdict"]


def test_missing_covariates_are_counted_and_a_difference_in_them_turns_the_metric_off():
    data = people({"A": 500, "B": 500})
    data["some"] = data["before"].where(data.index % 5 > 0)
    data["half"] = data["before"].where(data["arm"] == "A")
    found = ran(data, {"some": mean("x", adjust="some"), "half": mean("x", adjust="half")})
    assert "200 of 1,000 units lack 'some'" in row(found, "covariate_missing", "some")["sentence"]
    assert row(found, "covariate_missing", "some")["status"] == "noted"
    assert row(found, "covariate_missing", "half")["status"] == "failed"
    assert found.frame["verdict"].tolist() == ["no_difference", "no_verdict"]
    assert (found.frame[["n_control", "n_arm"]] == 500).all(axis=None)


# ---- what a metric can bear ----

def test_values_without_spread_are_noted_and_nothing_is_judged_by_them():
    found = ran(people({"A": 50, "B": 50}).assign(x=3.0), guardrails=False)
    assert row(found, "no_spread", "x")["sentence"] == (
        "x: all units of each arm come to the same (3.00 in A, 3.00 in B): there is no error to judge by. "
        "Look whether the column is filled in rightly, or take a metric that varies.")
    assert found.frame["difference"].tolist() == [0] and found.frame["verdict"].tolist() == ["cannot_tell"]
    data = people({"A": 50, "B": 50})
    one = ran(data.assign(x=data["x"].where(data["arm"] == "A", 3.0)))
    assert "(3.00 in B)" in row(one, "no_spread", "x")["sentence"]
    quantiles = ran(data.assign(x=data.index % 2), {"q": quantile("x", .8)})
    assert row(quantiles, "no_spread", "q")["status"] == "noted"


@pytest.mark.parametrize("how", [{}, {"user": "who"}, {"design": Design(weights="w")}])
def test_a_ratio_over_what_is_not_above_0_means_nothing(how):
    data = people({"A": 200, "B": 200}).assign(w=2.0, who=lambda table: table.index // 2, zero=0.0)
    data["minus"] = -data["before"]
    data["around"] = np.random.RandomState(4).normal(.1, 2, 400)
    metrics = {name: ratio("x", name) for name in ("before", "minus", "around", "zero")}
    found = ran(data, metrics, **how)
    denominators = found.checks[found.checks["check"] == "negative_denominator"].set_index("metric")["status"]
    assert denominators.drop("around").to_dict() == {"minus": "failed", "zero": "failed"}
    assert denominators["around"] in ("failed", "noted")
    verdicts = found.frame.set_index("metric")["verdict"]
    assert verdicts["minus"] == verdicts["zero"] == "no_verdict" != verdicts["before"]


@pytest.mark.parametrize(("every", "status"), [(20, "failed"), (200, "noted")])
def test_single_values_below_0_in_a_denominator_are_counted(every, status):
    data = people({"A": 500, "B": 500}).assign(y=lambda table: np.where(table.index % every, 10.0, -50))
    found = ran(data, {"m": ratio("x", "y"), "x": mean("y")})
    check = row(found, "negative_denominator", "m")
    assert check["status"] == status and check["value"] == 1 / every
    assert f"m: {1000 // every} of 1,000 values of 'y' are below 0" in check["sentence"]


@pytest.mark.parametrize("by", [None, "part"])
def test_means_of_hardly_any_units_have_no_verdict_and_exact_rates_keep_theirs(by):
    data = people({"A": 400, "B": 3}).assign(part="one", yes=lambda table: (table["arm"] == "B").astype(int))
    data.loc[data["arm"] == "B", "x"] = [98, 99, 100]
    found = ran(data, {"x": mean("x"), "yes": rate("yes")}, split={"A": 400, "B": 3}, by=by)
    assert found.frame["p"].lt(1e-3).all() and found.frame["verdict"].tolist() == ["cannot_tell", "better"]
    assert set(found.by.loc[found.by["metric"] == "x", "verdict"]) <= {"cannot_tell"}
    some = people({"A": 400, "B": 10})
    some.loc[some["arm"] == "B", "x"] += 90
    assert ran(some, split={"A": 400, "B": 10}).frame["verdict"].tolist() == ["better"]


def test_small_arms_are_named_plainly():
    tiny = ran(people({"A": 100, "B": 3}), split={"A": .97, "B": .03})
    assert row(tiny, "small_arms")["sentence"] == (
        "Few units (3 in B): hardly anything can be told of so few, and means have no verdict. Go on until each arm "
        "has at least 30.")
    small = ran(people({"A": 100, "B": 20}), split={"A": 5, "B": 1})
    assert "20 in B; fewer than 30" in row(small, "small_arms")["sentence"]
    data = people({"A": 100, "B": 100})
    data["x"] = data["x"].where((data.index < 12) | (data.index > 185))
    assert "x: few known values (12 in A, 14 in B" in row(ran(data), "small_arms", "x")["sentence"]
    assert "small_arms" not in set(ran(people({"A": 30, "B": 30})).checks["check"])


def test_it_says_where_the_exact_test_was_used():
    data = people({"A": 100, "B": 100}).assign(rare=lambda table: table.index % 100 == 0, often=lambda table: (
        table.index % 2 == 0))
    found = ran(data, {"rare": rate("rare"), "often": rate("often")})
    used = set(found.checks.loc[found.checks["check"] == "few_cases", "metric"])
    assert used == set(found.frame.loc[found.frame["method"] == "exact unconditional", "metric"]) == {"rare"}


def test_scores_of_few_are_hidden_in_the_table_and_in_the_checks():
    data = people({"A": 100, "B": 4, "C": 100}).assign(score=9)
    data.loc[data["arm"] == "A", "score"] = np.arange(100) % 11
    split = {"A": 100, "B": 4, "C": 100}
    metrics = {"nps": nps("score"), "adjusted": nps("score", adjust="before"), "csat": csat("score", scale=(0, 10))}
    found = ran(data, metrics, split=split)
    few = found.frame[found.frame["arm"] == "B"]
    assert few[["value_arm", "difference", "low", "high", "p", "p_adjusted"]].isna().all(axis=None)
    assert few["verdict"].tolist() == ["cannot_tell"] * 3
    assert found.frame.loc[found.frame["arm"] == "C", "difference"].notna().all()
    assert "(4 in B)" in row(found, "hidden", "nps")["sentence"]
    for check, name in (("balance", "adjusted"), ("no_spread", "nps")):
        sentence = row(found, check, name)["sentence"]
        assert "in B" not in sentence and " in C" in sentence


# ---- the table ----

def test_every_check_and_status_has_a_name_and_the_table_its_columns():
    data = people({"A": 20, "B": 20}, user_id=1)
    data.loc[0, "x"] = np.nan
    found = ran(data, {"x": mean("x", adjust="before")})
    assert tuple(found.checks.columns) == checks.COLUMNS
    assert set(found.checks["status"]) <= {"passed", "failed", "noted", "asked"}
    for kind in ("check", "status"):
        assert all(words.has(f"{kind}.{name}") for name in found.checks[kind])
    assert "size of the arms" in repr(found)
