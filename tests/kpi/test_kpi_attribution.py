"""Contributions against what was published, and their intervals against closed forms and draws."""

import json
from itertools import permutations
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from trees import trees

from engagelab.errors import DataError, UsageError
from engagelab.kpi.attribution import MOST_SHAPLEY, shapley
from engagelab.kpi.formula import parse
from engagelab.kpi.tree import Tree

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "kpi_tree.json").read_text("utf-8"))}


def told(tree, before, after, **how):
    frame = Tree(tree).explain(before, after, **how).frame
    return dict(zip(frame["metric"], frame["contribution"], strict=True))


@pytest.mark.parametrize("method", ["chain", "shapley"])
@pytest.mark.parametrize("name", ["product_2_earnings", "product_3_birth_rate", "product_4_nonmarital_births"])
def test_products_are_shared_out_as_das_gupta_published(name, method):
    case = CASES[name]
    before, after, formula = (case["inputs"][name] for name in ("before", "after", "formula"))
    found = told(f"total = {formula}", before, after, method=method)
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("method", ["chain", "shapley"])
def test_a_difference_is_shared_out_as_das_gupta_published(method):
    case = CASES["difference_natural_increase"]
    found = told("total = birth - death", case["inputs"]["before"], case["inputs"]["after"], method=method)
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("name", ["birth rate", "price and volume"])
def test_a_sum_over_segments_is_shared_out_by_its_factors_as_published(name):
    if name == "birth rate":
        case = CASES["segments_sum_of_products_crude_birth_rate"]
        before, after, factors = case["inputs"]["before"], case["inputs"]["after"], ("bm", "mw", "wp")
        wanted = case["expected"]
    else:
        case = CASES["price_volume_bridge"]
        before, after = ({factor: case["inputs"][f"{factor}_{end}"] for factor in ("price", "volume")}
                         for end in ("before", "after"))
        factors, expected = ("price", "volume"), case["expected"]
        wanted = {"price": expected["price_fair"], "volume": expected["volume_fair"], "total": expected["total"]}
    size = len(before[factors[0]])
    text = "total = " + " + ".join(" * ".join(f"{factor}{i}" for factor in factors) for i in range(size))
    found = told(text, *({f"{factor}{i}": end[factor][i] for factor in factors for i in range(size)}
                         for end in (before, after)))
    sums = {factor: sum(found[f"{factor}{i}"] for i in range(size)) for factor in factors}
    assert {**sums, "total": found["total"]} == pytest.approx(wanted, abs=case["tolerance"])


def test_the_logarithmic_mean_index_shares_out_otherwise_though_both_add_up():
    case = CASES["lmdi_product_exact_and_reversible"]
    before, after = case["inputs"]["before"], case["inputs"]["after"]
    ends = [dict(zip(("x1", "x2", "x3"), end, strict=True)) for end in (before, after)]
    weight = (np.prod(after) - np.prod(before)) / log(np.prod(after) / np.prod(before))
    lmdi = {name: weight * log(ends[1][name] / ends[0][name]) for name in ends[0]}
    assert lmdi == pytest.approx({name: case["expected"][name] for name in lmdi}, abs=case["tolerance"])
    found = told("total = x1 * x2 * x3", *ends)
    assert found.pop("total") == pytest.approx(case["expected"]["total"]) == pytest.approx(sum(found.values()))
    # LMDI weighs by logarithmic means, Shapley by the mean over all orders: near each other, and not the same.
    assert [found[name] - lmdi[name] for name in lmdi] == pytest.approx([1 / 6, -.3553, .1886], abs=1e-4)


def test_of_a_gap_that_is_none_no_share_is_told_however_large_what_offsets_itself():
    case = CASES["dupont_levels"]
    ends = [dict(zip(("margin", "turnover", "leverage"), firm, strict=True)) for firm in
            (case["inputs"]["firm1"], case["inputs"]["firm2"])]
    found = Tree("roe = margin * turnover * leverage [%]").explain(*ends)
    frame = found.frame.set_index("metric")
    assert frame.loc["roe", ["before", "after"]].tolist() == pytest.approx(
        [case["expected"]["roe1"], case["expected"]["roe2"]], abs=case["tolerance"])
    assert frame.loc["roe", "contribution"] == pytest.approx(case["expected"]["total"], abs=case["tolerance"])
    assert frame.loc["turnover", "contribution"] > .4 and frame.loc["leverage", "contribution"] < -.4
    assert frame["share"].isna().all()
    assert found.title == "roe stayed at 45.0%"


def test_a_change_of_rounding_alone_is_none():
    found = Tree("total = a * b").explain({"a": .1, "b": 3}, {"a": .3, "b": 1})  # .1 * 3 is more than .3 by rounding
    assert found.frame["contribution"].iloc[0] == 0 and found.frame["share"].isna().all()
    assert found.title == "total stayed at 0.30"


def test_return_on_equity_comes_to_what_its_three_parts_published_make():
    case = CASES["dupont_roe"]
    text = ("roe = margin * turnover * multiplier\nmargin = net_income / sales\nturnover = sales / assets\n"
            "multiplier = assets / equity")
    frame = Tree(text).evaluate(case["inputs"]).frame.set_index("metric")
    found = {name: frame.loc[name, "estimate"] for name in case["expected"]}
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


@given(trees(most=5))
@settings(max_examples=25)
def test_shapley_is_the_mean_over_all_orders_in_which_the_leaves_may_change(case):
    structure = parse(case.text)
    names = structure.program.inputs
    ends = [end[name] for end in (case.before, case.after) for name in names]
    nodes = dict(zip(structure.nodes, shapley(structure, ends)[0], strict=True))
    wanted, orders = dict.fromkeys(names, 0.0), list(permutations(names))
    for order in orders:
        at = dict(case.before)
        for name in order:
            old = case.values(at)[case.root]
            at[name] = case.after[name]
            wanted[name] += (case.values(at)[case.root] - old) / len(orders)
    size = max(1.0, case.scale(case.before), case.scale(case.after), *map(abs, wanted.values()))
    assert {name: nodes[name] for name in names} == pytest.approx(wanted, abs=1e-9 * size)


def test_shapley_is_refused_where_it_would_never_end():
    names = [f"x{i}" for i in range(MOST_SHAPLEY + 1)]
    ends = dict.fromkeys(names, 2.0)
    with pytest.raises(UsageError, match="up to 12"):
        Tree(f"total = {' * '.join(names)}").explain(ends, ends, method="shapley")


def test_an_exact_divisor_of_zero_is_named():
    with pytest.raises(DataError, match="churn"):
        Tree("ltv = arpu / churn").explain({"arpu": 1, "churn": 2}, {"arpu": 1, "churn": 0})


def test_what_grows_beyond_all_numbers_is_refused():
    with pytest.raises(DataError, match="ltv"):
        Tree("ltv = arpu / churn").explain({"arpu": 1e308, "churn": 1e-300}, {"arpu": 1, "churn": 2})


def test_errors_are_those_of_the_closed_form_where_there_is_one():
    before, after = {"a": (10, .5), "b": (4, .2)}, {"a": (12, .6), "b": (5, .1)}
    frame = Tree("total = a - b").explain(before, after, confidence=.9).frame
    half = norm.ppf(.95) * np.sqrt([.5**2 + .6**2 + .2**2 + .1**2, .5**2 + .6**2, .2**2 + .1**2])
    assert (frame["high"] - frame["contribution"]).tolist() == pytest.approx(half.tolist())
    assert (frame["contribution"] - frame["low"]).tolist() == pytest.approx(half.tolist())


def test_draws_agree_with_the_delta_method_where_errors_are_small():
    text = "profit = customers * ltv - cost\nltv = arpu * margin / churn"
    before = {"customers": (1000, 8), "cost": 9000, "arpu": (980, 4), "margin": (.6, .003), "churn": (.032, .0002)}
    after = before | {"customers": (1050, 8), "arpu": (960, 4), "churn": (.03, .0002)}
    tree = Tree(text)
    delta, draws = (tree.explain(before, after, draws=draws).frame for draws in (0, 40_000))
    size = (delta["high"] - delta["low"]).max()
    for end in ("low", "high"):
        assert (draws[end] - delta[end]).abs().max() < .03 * size
        assert (draws[end].isna() == delta[end].isna()).all()


def test_draws_of_two_ends_need_not_be_equally_many():
    random, tree = np.random.RandomState(0), Tree("total = a * b")
    before, after = {"a": random.normal(10, 1, 500), "b": 2}, {"a": random.normal(11, 1, 3000), "b": 2}
    for ends in ((before, after), (after, before)):
        row = tree.explain(*ends).frame.iloc[0]
        assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * 2 * np.sqrt(2), rel=.05)


def test_an_estimate_that_is_told_for_both_ends_is_one():
    before = {"sold": (100, 2), "margin": (.6, .05), "fee": (3, 2, 5)}
    for draws in (0, 20_000):
        frame = Tree("profit = sold * margin - fee").explain(before, before | {"sold": (110, 2)}, draws=draws).frame
        ends = frame.set_index("metric")[["low", "high"]]
        assert ends.loc[["margin", "fee"]].isna().all(axis=None)
        assert ends.loc["profit"].tolist() == pytest.approx(ends.loc["sold"].tolist())
        half = 1.96 * np.hypot(.6 * 2 * np.sqrt(2), 10 * .05)
        assert ends.loc["sold"].tolist() == pytest.approx([6 - half, 6 + half], abs=.2)  # a product is skewed


def test_the_error_of_an_effect_is_in_what_it_explains_and_in_what_it_does_not():
    tree = Tree("value = kept * 10\nkept ~ nps").link("kept", "nps", .02, .005)
    edges = tree.explain({"kept": 1, "nps": 5}, {"kept": 1.5, "nps": 15}).edges.set_index("child")
    half = norm.ppf(.975) * .005 * 10 * 10
    assert (edges["high"] - edges["contribution"]).tolist()[1:] == pytest.approx([half, half])
    assert np.isnan(edges.loc["kept", "low"])  # the node itself was measured without an error


@given(st.integers(3, 20))
@settings(max_examples=10)
def test_intervals_are_known_for_any_number_of_factors(k):
    names = [f"x{i}" for i in range(k)]
    before, after = dict.fromkeys(names, (1.0, .01)), dict.fromkeys(names, (1.1, .01))
    frame = Tree(f"total = {' * '.join(names)}").explain(before, after).frame
    assert frame["low"].notna().all() and frame["contribution"].iloc[1:].sum() == pytest.approx(1.1**k - 1)


def test_draws_before_and_after_are_paired_where_one_evaluation_or_array_is_in_both():
    random = np.random.RandomState(0)
    one, other = random.normal(10, 1, 4000), random.normal(10, 1, 4000)
    tree = Tree("r = a - b")

    def width(before, after):
        row = tree.explain(before, after).frame.iloc[0]
        return (row["high"] - row["low"]) / 2 / 1.96

    assert width({"a": one, "b": 1}, {"a": one + 5, "b": 1}) == pytest.approx(2 ** .5, rel=.05)
    assert width({"a": one, "b": other}, {"a": one + 5, "b": other + 1}) == pytest.approx(2, rel=.05)
    assert width({"a": one, "b": other}, {"a": one + 5 + other, "b": other}) == pytest.approx(1, rel=.05)
    values = tree.evaluate({"a": {"east": one, "west": one + other}, "b": 1}, by="shop")
    assert width(values["east"], values["west"]) == pytest.approx(1, rel=.05)
