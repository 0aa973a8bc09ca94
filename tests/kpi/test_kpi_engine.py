"""What every line contributed: exact on any tree, whatever its shape, and the same however it is told."""

import re
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import trees

from engagelab.kpi.attribution import contributions
from engagelab.kpi.engine import drawn, flow, forward, product_multipliers, shifted
from engagelab.kpi.formula import parse
from engagelab.kpi.structure import Link

SLACK = 1e-9


def moved(text, before, after, links=()):
    """(contributions of the nodes by name, of the edges, the structure)."""
    structure = parse(text)
    structure.links.update({(link.node, link.driver): link for link in links})
    names = structure.program.inputs
    ends = [*(before[name] for name in names), *(after[name] for name in names),
            *(link.effect for link in structure.links.values())]
    nodes, edges = contributions(structure, ends)
    return dict(zip(structure.nodes, map(float, nodes), strict=True)), {
        pair: float(value) for pair, value in edges.items()}, structure


def size_of(case, *told):
    return max(1.0, case.scale(case.before), case.scale(case.after), *(abs(v) for each in told for v in each.values()))


def some_still(case, still):
    """The tree with some of its leaves the same before and after."""
    return replace(case, after=case.after | {name: case.before[name] for name in still if name in case.before})


STILL = st.sets(st.sampled_from([f"x{i}" for i in range(12)]))


@given(trees())
def test_a_tree_comes_to_what_python_makes_of_its_lines(case):
    structure = parse(case.text)
    values = forward(structure.program, [case.before[name] for name in structure.program.inputs])
    wanted = case.values(case.before)
    assert {name: values[structure.program.slot[name]] for name in structure.nodes} == pytest.approx(
        {name: wanted[name] for name in structure.nodes}, rel=1e-12, abs=1e-12 * size_of(case))


@given(trees())
def test_contributions_add_up_at_every_line_and_through_every_parent(case):
    nodes, edges, structure = moved(case.text, case.before, case.after)
    slack = SLACK * size_of(case, nodes, edges)
    ends = case.values(case.before), case.values(case.after)
    assert nodes[case.root] == pytest.approx(ends[1][case.root] - ends[0][case.root], abs=slack)
    for name, node in structure.nodes.items():
        if node.children:
            assert sum(edges[name, child] for child in node.children) == pytest.approx(nodes[name], abs=slack)
        if name != case.root:
            assert sum(value for pair, value in edges.items() if pair[1] == name) == pytest.approx(
                nodes[name], abs=slack)
    assert sum(nodes[name] for name in case.before) == pytest.approx(nodes[case.root], abs=slack)


@given(trees())
def test_backwards_in_time_every_contribution_turns_its_sign(case):
    there, back = (moved(case.text, *ends)[0] for ends in ((case.before, case.after), (case.after, case.before)))
    assert there == pytest.approx({name: -value for name, value in back.items()}, abs=SLACK * size_of(case, there))


@given(trees(), STILL)
def test_a_leaf_that_did_not_move_contributes_nothing_at_all(case, still):
    case = some_still(case, still)
    nodes = moved(case.text, case.before, case.after)[0]
    assert all(nodes[name] == 0.0 for name in still & set(case.before))


@given(trees(), STILL, st.sampled_from("+*/"), st.floats(.1, 9), st.floats(.1, 9), st.integers(0, 11))
def test_opening_a_branch_changes_nothing_above_it(case, still, sign, one, other, which):
    case = some_still(case, still)
    leaf = f"x{which % len(case.before)}"
    parts = []
    for end, part in ((case.before, one), (case.after, other)):
        rest = {"+": end[leaf] - part, "*": end[leaf] / part, "/": part / end[leaf]}[sign]
        parts.append({name: value for name, value in end.items() if name != leaf} | {"part": part, "rest": rest})
    coarse = moved(case.text, case.before, case.after)[0]
    fine = moved(f"{case.text}\n{leaf} = part {sign} rest", *parts)[0]
    wanted = {name: value for name, value in coarse.items() if name != leaf or leaf not in still}
    assert {name: fine[name] for name in wanted} == pytest.approx(wanted, abs=SLACK * size_of(case, coarse))


@given(trees(), st.sampled_from([1000.0, 1e-3, 60.0]), st.integers(0, 11))
def test_another_unit_of_a_leaf_changes_no_contribution(case, factor, which):
    leaf = f"x{which % len(case.before)}"
    rescaled = re.sub(rf"\b{leaf}\b", f"({factor:g} * {leaf})", case.text)
    told = moved(case.text, case.before, case.after)[0]
    anew = moved(rescaled, *(end | {leaf: end[leaf] / factor} for end in (case.before, case.after)))[0]
    assert anew == pytest.approx(told, abs=SLACK * size_of(case, told))


@given(trees())
def test_what_the_lines_are_called_and_how_they_are_ordered_does_not_matter(case):
    def renamed(text):
        return re.sub(r"\bx(\d+)", lambda found: f"leaf{len(case.before) - int(found[1])}", text)

    told = moved(case.text, case.before, case.after)[0]
    anew = moved("\n".join(reversed(renamed(case.text).splitlines())), *(
        {renamed(name): value for name, value in end.items()} for end in (case.before, case.after)))[0]
    assert anew == pytest.approx({renamed(name): value for name, value in told.items()},
                                 abs=SLACK * size_of(case, told))


@given(trees(most=6))
def test_with_both_ends_the_same_the_multipliers_are_the_derivative(case):
    structure = parse(case.text)
    program, names = structure.program, structure.program.inputs
    at, root = [case.before[name] for name in names], program.slot[case.root]
    values = forward(program, at)
    slots = flow(structure, values, values, {}).slots
    for i, name in enumerate(names):
        step = [value + 1e-30j * (j == i) for j, value in enumerate(at)]
        by_complex_step = np.imag(forward(program, step)[root]) / 1e-30
        small = 1e-6 * at[i]
        ends = [case.values(case.before | {name: at[i] + sign * small})[case.root] for sign in (1, -1)]
        steepest = size_of(case) / at[i]
        assert slots[program.slot[name]] == pytest.approx(by_complex_step, abs=1e-12 * steepest)
        assert slots[program.slot[name]] == pytest.approx((ends[0] - ends[1]) / 2 / small, abs=1e-5 * steepest)


def by_orders(before, after):
    """Shapley's value of the factors of a product: the mean over all orders in which they change."""
    shares = np.zeros(len(before))
    orders = list(permutations(range(len(before))))
    for order in orders:
        at = list(before)
        for i in order:
            old = np.prod(at)
            at[i] = after[i]
            shares[i] += np.prod(at) - old
    return shares / len(orders)


def by_sets(before, after):
    """The same over sets, for more factors than orders can be listed: 2^(k-1) each."""
    k, shares = len(before), np.zeros(len(before))
    weights = [1 / (k * w) for w in (np.prod([(k - 1 - j) / (j + 1) for j in range(s)]) for s in range(k))]
    for i in range(k):
        rest = [j for j in range(k) if j != i]
        worth = [(0, 1.0)]
        for j in rest:
            worth = [(s + c, v * end) for s, v in worth for c, end in ((0, before[j]), (1, after[j]))]
        shares[i] = sum(weights[s] * v for s, v in worth) * (after[i] - before[i])
    return shares


FACTOR = st.tuples(st.floats(.1, 20), st.floats(.1, 20))


@pytest.mark.parametrize("k", range(2, 11))
def test_a_product_is_shared_out_as_by_shapley_without_listing_the_orders(k):
    random = np.random.RandomState(k)
    before, after = random.uniform(.2, 3, (2, k))
    made = np.array(product_multipliers(list(before), list(after))) * (after - before)
    wanted = by_orders(before, after) if k < 7 else by_sets(before, after)
    assert made == pytest.approx(wanted, rel=1e-12, abs=1e-12 * np.abs(wanted).max())


@given(st.lists(FACTOR, min_size=2, max_size=6))
@settings(max_examples=40)
def test_any_factors_are_shared_out_as_by_shapley(factors):
    before, after = np.array(factors).T
    made = np.array(product_multipliers(list(before), list(after))) * (after - before)
    wanted = by_orders(before, after)
    assert made == pytest.approx(wanted, rel=1e-12, abs=1e-12 * max(1, np.prod(before), np.prod(after)))


def test_a_quotient_is_the_product_with_one_over_its_divisor():
    nodes = moved("ltv = arpu * margin / churn", {"arpu": 980, "margin": .5, "churn": .035},
                  {"arpu": 960, "margin": .55, "churn": .03})[0]
    wanted = by_orders([980, .5, 1 / .035], [960, .55, 1 / .03])
    assert [nodes["arpu"], nodes["margin"], nodes["churn"]] == pytest.approx(list(wanted), rel=1e-12)


def test_what_a_driver_does_not_explain_is_shown_and_adds_up():
    text = "value = kept * 10\nkept ~ nps + price"
    before, after = {"kept": 1.0, "nps": 5.0, "price": 3.0}, {"kept": 1.5, "nps": 15.0, "price": 2.0}
    nodes, edges, _ = moved(text, before, after, [Link("kept", "nps", .02, .005), Link("kept", "price", -.1, .05)])
    assert edges["kept", "nps"] == pytest.approx(2) and edges["kept", "price"] == pytest.approx(1)
    assert edges["kept", ""] == pytest.approx(2) and nodes["kept"] == pytest.approx(5)
    assert nodes["value"] == pytest.approx(5)


def test_draws_in_chunks_come_to_the_same_as_all_at_once():
    structure = parse("profit = customers * arpu / churn - cost\nchurn = 1 - kept")
    made = np.random.RandomState(1).uniform(.1, .9, (4, 40_000))
    found = drawn(structure.program, made, ["profit", "churn", "kept"])
    whole = forward(structure.program, list(made))
    for name, values in found.items():
        assert (values == whole[structure.program.slot[name]]).all()


def test_a_lever_takes_along_what_it_drives():
    structure = parse("value = kept * price\nkept ~ nps\nnps ~ speed")
    at = dict(zip(structure.program.inputs, range(2, 2 + len(structure.program.inputs)), strict=True))
    effects = {("kept", "nps"): .5, ("nps", "speed"): 2.0}
    now = dict(zip(at, shifted(structure, list(at.values()), {"speed": at["speed"] + 3}, effects), strict=True))
    assert now == pytest.approx(at | {"speed": at["speed"] + 3, "nps": at["nps"] + 6, "kept": at["kept"] + 3})
    held = dict(zip(at, shifted(structure, list(at.values()), {"speed": 9, "nps": at["nps"]}, effects), strict=True))
    assert held["kept"] == at["kept"]  # nps was set by hand, so that speed no longer moves it
