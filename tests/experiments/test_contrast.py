"""Differences from the control: interval, p and relative difference agree, and are what others publish."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

import engagelab as el
from engagelab.experiments.compare import compare
from engagelab.experiments.contrast import CORRECTIONS, FEW, RATES, STEPWISE, Looking, Pair, contrasts, each_p
from engagelab.experiments.estimate import Arms
from engagelab.metrics import two_shares
from engagelab.metrics.sequential import crossing
from engagelab.metrics.simultaneous import dunnett_p

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "experiments_compare.json").read_text("utf-8"))}


def of(value, se, n, count=None, df=None):
    size, nothing = len(value), np.zeros((len(value), 0))
    n = np.asarray(n, dtype=float)
    df = n - 1 if df is None else np.asarray(df, dtype=float)
    return Arms(np.asarray(value, dtype=float), np.asarray(se, dtype=float), df, n,
                np.zeros(size), np.full(size, np.nan) if count is None else np.asarray(count, dtype=float), "",
                nothing, np.zeros((size, 0, 0)), nothing)


def rates(*tables):
    count, n = (np.array(part, dtype=float) for part in zip(*tables, strict=True))
    with np.errstate(invalid="ignore"):
        share = count / n
    return of(share, np.sqrt(share * (1 - share) / n), n, count)


def means(*groups):
    return of([np.mean(one) for one in groups], [np.std(one, ddof=1) / np.sqrt(len(one)) for one in groups],
              [len(one) for one in groups])


def test_rates_have_newcombes_intervals_or_exact_ones_where_few():
    case = CASES["newcombe_diff_table2"]
    for table, (low, high) in zip(case["inputs"], case["expected"]["ci"], strict=True):
        found = contrasts(rates((table["x2"], table["n2"]), (table["x1"], table["n1"])), confidence=.95,
                          correct="none").iloc[0]
        total = (table["x1"] + table["x2"]) / (table["n1"] + table["n2"])
        if min(total, 1 - total) * min(table["n1"], table["n2"]) >= FEW:
            assert [found["low"], found["high"]] == pytest.approx([low, high], abs=case["tolerance"])
        else:
            exact = two_shares.exact_difference(table["x1"], table["n1"], table["x2"], table["n2"])
            assert [found["low"], found["high"], found["p"]] == pytest.approx(exact, abs=1e-12)
            assert np.isfinite([found["low"], found["high"], found["p"]]).all()


def test_dunnetts_blood_counts_where_all_variances_are_pooled_are_his_own():
    """A comparison has each arm's own variance, which is not Dunnett's assumption: its p are .50 and .028."""
    case = CASES["dunnett1955"]
    groups = [np.array(case["inputs"][name]) for name in ("control", "drugA", "drugB")]
    n = np.array([len(group) for group in groups])
    pooled = sum(((group - group.mean()) ** 2).sum() for group in groups) / (n.sum() - 3)
    arms = of([group.mean() for group in groups], np.sqrt(pooled / n), n)
    found = contrasts(arms, confidence=.95, correct="dunnett")
    wanted = case["expected"]["pvalue"]
    own = stats.dunnett(*groups[1:], control=groups[0], rng=np.random.default_rng(1))
    assert own.pvalue.tolist() == pytest.approx(wanted, abs=2e-3)
    df = np.full(2, float(n.sum() - 3))
    t = (found["difference"] / found["se"]).to_numpy()
    share = (1 / n[0]) / (1 / n[0] + 1 / n[1:])
    for got, reference, tolerance in zip(dunnett_p(t, df, share), wanted, case["tolerance"]["pvalue"], strict=True):
        assert got == pytest.approx(reference, abs=tolerance)
    welch = contrasts(means(*groups), confidence=.95, correct="dunnett")
    assert welch["p_adjusted"].tolist() == pytest.approx([.497, .028], abs=1e-3)
    for row in welch.to_dict("records"):
        assert row["p"] < row["p_adjusted"] < 2 * row["p"]
        assert row["p"] == pytest.approx(stats.ttest_ind(
            groups[0], groups[1 if row["n_arm"] == 4 else 2], equal_var=False).pvalue, rel=1e-9)


def test_dunnetts_p_is_scipys_where_arms_are_many_and_vary_alike():
    random = np.random.RandomState(2)
    groups = [random.normal(center, 1, 4000) for center in (0, .03, .05, .06)]
    found = contrasts(means(*groups), confidence=.95, correct="dunnett")
    wanted = stats.dunnett(*groups[1:], control=groups[0], rng=np.random.default_rng(1))
    assert found["p_adjusted"].tolist() == pytest.approx(wanted.pvalue.tolist(), abs=2e-3)
    ends = wanted.confidence_interval(.95)
    assert found["low_adjusted"].tolist() == pytest.approx(ends.low.tolist(), abs=5e-4)


def test_the_relative_interval_is_fiellers():
    found = contrasts(of([10, 12], [.8, .9], [50, 60], df=[np.inf, np.inf]), confidence=.95, correct="none").iloc[0]
    z = stats.norm.ppf(.975)
    a, b, c = 100 - z**2 * .64, 120, 144 - z**2 * .81
    root = np.sqrt(b * b - a * c)
    assert [found["relative_low"], found["relative_high"]] == pytest.approx([(b - root) / a - 1, (b + root) / a - 1])


def test_there_is_no_relative_difference_where_the_control_may_be_0():
    found = contrasts(of([.5, 12], [.8, .9], [50, 60]), confidence=.95, correct="none").iloc[0]
    assert np.isnan(found[["relative", "relative_low", "relative_high"]].astype(float)).all()
    assert found["low"] > 0


def enough(tables):
    """Whether no arm has so few that it is compared exactly."""
    share = sum(count for count, _ in tables) / sum(n for _, n in tables)
    first = tables[0]
    return all(min(share, 1 - share) * n >= FEW for _, n in tables) and all(
        min(both, 1 - both) * min(n, first[1]) >= FEW for count, n in tables[1:]
        for both in [(count + first[0]) / (n + first[1])])


def agree(found, alpha):
    """Whether p and interval say the same, and the relative interval as well, in every row."""
    for row in found.to_dict("records"):
        for low, high, p in (("low", "high", "p"), ("low_adjusted", "high_adjusted", "p_adjusted")):
            if np.isfinite(row[low]) and abs(row[p] - alpha) > 1e-9:
                assert (row[p] < alpha) == (row[low] > 0 or row[high] < 0), (low, row)
        if np.isfinite(row["relative"]):
            assert np.sign(row["relative"]) == np.sign(row["difference"])
        if not np.isnan(row["relative_low"]) and abs(row["p"] - alpha) > 1e-9:
            assert (row["p"] < alpha) == (row["relative_low"] > 0 or row["relative_high"] < 0), row
        assert not row["low"] > row["difference"] + 1e-12 and not row["high"] < row["difference"] - 1e-12
        assert row["p_adjusted"] >= row["p"] - 1e-9 or np.isnan(row["p"])


LEVELS = st.sampled_from([.8, .9, .95, .99, .999])
MANY = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(2, 10**6)), min_size=2, max_size=4)
TABLE = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TABLES = st.lists(TABLE, min_size=2, max_size=3)
LOOKS = st.sampled_from([Looking(), Looking("peek"), Looking("look", (.5, 1.0), 1), Looking("look", (.5, 1.0), 2)])


@given(MANY, LEVELS, st.sampled_from(CORRECTIONS), st.sampled_from([1.0, .5, .1]), LOOKS)
@settings(max_examples=120)
def test_of_means_p_and_interval_agree_at_every_level_and_look(arms, level, correct, share, looking):
    if correct in STEPWISE:
        looking, share = Looking(), 1.0
    value, se, n = zip(*arms, strict=True)
    agree(contrasts(of(value, se, n), confidence=level, correct=correct, share=share, looking=looking), 1 - level)


@given(TABLES, LEVELS, st.sampled_from(["bonferroni", "none", "dunnett"]), st.sampled_from(RATES[:2]), LOOKS)
@settings(max_examples=60)
def test_of_rates_they_agree_too(tables, level, correct, method, looking):
    assume(enough(tables))
    found = contrasts(rates(*tables), confidence=level, correct=correct, rates=method, looking=looking)
    agree(found, 1 - level)


@given(TABLES.filter(lambda tables: len(tables) == 2), LEVELS)
@settings(max_examples=5)
def test_of_exact_ones_they_agree_too(tables, level):
    agree(contrasts(rates(*tables), confidence=level, correct="none", rates="exact"), 1 - level)


@given(MANY.filter(lambda arms: len(arms) == 2))
def test_arms_the_other_way_round_give_the_difference_the_other_way_round(arms):
    value, se, n = zip(*arms, strict=True)
    one, other = (contrasts(of(value[::turn], se[::turn], n[::turn]), confidence=.95, correct="none").iloc[0]
                  for turn in (1, -1))
    assert one["p"] == pytest.approx(other["p"], rel=1e-9)
    assert [one["difference"], one["low"], one["high"]] == pytest.approx([
        -other["difference"], -other["high"], -other["low"]])


@given(TABLES.filter(lambda tables: len(tables) == 2))
@settings(max_examples=30)
def test_so_do_rates(tables):
    assume(enough(tables))
    one, other = (contrasts(rates(*tables[::turn]), confidence=.95, correct="none").iloc[0]
                  for turn in (1, -1))
    assert [one["low"], one["high"], one["p"]] == pytest.approx([-other["high"], -other["low"], other["p"]], abs=1e-12)


def test_an_arm_without_an_answer_has_no_interval_and_leaves_the_others_theirs():
    found = contrasts(rates((30, 100), (0, 0), (40, 100)), confidence=.95, correct="dunnett")
    assert np.isnan(found.loc[0, ["low", "p", "p_adjusted"]].astype(float)).all()
    assert np.isfinite(found.loc[1, ["low", "p", "p_adjusted"]].astype(float)).all()


def test_a_look_at_so_few_that_nothing_can_be_said_has_a_p_and_no_interval():
    for arms in (rates((9, 20), (14, 20)), rates((9, 10), (3, 10)), means([1.0, 2.0, 4.0], [3.0, 5.0, 9.0])):
        for method in RATES:
            found = contrasts(arms, confidence=.95, correct="none", rates=method, looking=Looking("peek"))
            assert np.isnan(found.loc[0, ["low", "high"]].astype(float)).all() and found.loc[0, "p"] > .3


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
@pytest.mark.parametrize(("reached", "told"), [
    ((.05, .1, .2, .6, 1.0), True), ((.3, .35, .5, .9, .95), True), ((.01, .02, .03, .04, .9), True),
    ((.05, .1, .2, .6, .65), True), ((.25, .35, .62, .78, .9), False), ((.15, .45, .6, .82, 1.3), False),
    ((.2, .4, .6, .8, .85), False)])
def test_looks_that_are_not_where_they_were_planned_keep_the_alpha(spending, reached, told):
    bounds = []
    for look in range(1, 6):
        looking = Looking("look", (.2, .4, .6, .8, 1.0), look, spending)
        looking = looking.reaching(*(reached if told else looking.fractions)[:look - 1], reached[look - 1])
        tail = (1 - looking.confidence(.95, 1000)) / 2
        bounds.append(min(stats.norm.isf(tail), 30))
        assert looking.p(2 * tail, 1000) == pytest.approx(.05, abs=1e-4) or tail < 1e-14
    assert .04 < crossing(bounds, np.array(reached) / reached[-1]).sum() <= .055


@pytest.mark.parametrize("method", RATES)
def test_the_p_of_many_pairs_in_one_go_are_those_of_each(method):
    pairs = [Pair(rates(*tables), 1, method) for tables in (
        ((30, 100), (45, 110)), ((3, 90), (1, 95)), ((300, 900), (250, 1000)), ((0, 0), (3, 5)))]
    pairs.append(Pair(means([1.0, 2.0, 4.0], [3.0, 5.0, 9.0]), 1, method))
    assert each_p(pairs).tolist() == pytest.approx([pair.p() for pair in pairs], nan_ok=True)


def test_nobody_may_peek_before_there_are_thirty_units_and_ten_cases_of_each_kind():
    def peeked(sizes, metric, values):
        data = pd.DataFrame({"arm": np.repeat(["A", "B"], sizes), "y": values})
        return compare(data, metric, arm="arm", control="A", peek=True, split=dict(zip("AB", sizes, strict=True))
                       ).frame.iloc[0]

    random = np.random.RandomState(1)
    for sizes, told in (((29, 600), False), ((200, 600), True)):
        values = np.r_[random.normal(0, 1, sizes[0]), random.normal(40, 1, sizes[1])]
        found = peeked(sizes, el.mean("y"), values)
        assert np.isfinite(found["low"]) == told and (found["p"] < .05) == told
        assert found["verdict"] == ("better" if told else "cannot_tell")
    for cases, told in ((9, False), (10, True)):
        found = peeked((400, 400), el.rate("y"), np.r_[np.arange(400) < cases, np.arange(400) < 300])
        assert np.isfinite(found["low"]) == told and (found["p"] < .05) == told
