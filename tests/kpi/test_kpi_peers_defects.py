"""What other tools for trees of measures get wrong, made up again: here it must come out right."""

from itertools import pairwise

import numpy as np
import pytest

from engagelab.kpi.tree import Tree


def shares(text, before, after):
    frame = Tree(text).explain(before, after).frame
    return dict(zip(frame["metric"], frame["contribution"], strict=True))


def test_no_share_goes_to_the_definition_itself():
    """DoWhy's distribution_change gave 77 to 99 of 11,371 to the formula, and other sums on each run."""
    random = np.random.RandomState(0)
    customers, arpu = random.poisson(100, 2000), random.normal(50, 5, 2000)
    before = {"customers": customers[:1000].mean(), "arpu": arpu[:1000].mean()}
    after = {"customers": customers[1000:].mean() * 1.2, "arpu": arpu[1000:].mean()}
    found = shares("revenue = customers * arpu", before, after)
    change = after["customers"] * after["arpu"] - before["customers"] * before["arpu"]
    assert found["revenue"] == pytest.approx(change, rel=1e-12)
    assert found["customers"] + found["arpu"] == pytest.approx(change, rel=1e-12)
    assert found == shares("revenue = customers * arpu", before, after)


def test_the_order_of_writing_does_not_matter():
    """A funnel shared out step by step gave 10, 10, 30 where the mean over all orders is 19.17, 11.67, 19.17."""
    before, after = {"seen": 10, "clicked": 1, "bought": 1}, {"seen": 20, "clicked": 1.5, "bought": 2}
    found = [shares(f"sold = {formula}", before, after) for formula in (
        "seen * clicked * bought", "bought * seen * clicked", "clicked * bought * seen")]
    for one, other in pairwise(found):
        assert one == pytest.approx(other, rel=1e-12)
    assert found[0] == pytest.approx({"sold": 50, "seen": 115 / 6, "clicked": 70 / 6, "bought": 115 / 6})


def test_backwards_in_time_is_the_same_with_the_other_sign():
    """icanexplain gave 7,500 and 45,000 forwards, -8,500 and -44,000 backwards; 8,000 and 44,500 are fair."""
    ends = {"rate": 9.0, "volume": 1000.0}, {"rate": 9.5, "volume": 6000.0}
    there, back = shares("amount = rate * volume", *ends), shares("amount = rate * volume", *ends[::-1])
    assert there == pytest.approx({name: -value for name, value in back.items()})


@pytest.mark.parametrize("k", [11, 20, 30])
def test_any_number_of_factors_is_shared_out(k):
    """metric-breakdown refuses more than ten parents."""
    names = [f"x{i}" for i in range(k)]
    before, after = ({name: 1 + (i + end) / 50 for i, name in enumerate(names)} for end in (0, 1))
    found = shares(f"total = {' * '.join(names)}", before, after)
    assert sum(found[name] for name in names) == pytest.approx(found["total"], rel=1e-12)
    assert all(found[one] > found[other] for one, other in pairwise(names))  # the same step of a smaller factor is more


def test_leaves_add_up_to_the_root_through_levels_that_offset_each_other():
    """metric-breakdown multiplies clipped shares of shares, so that leaves do not add up where hops offset."""
    text = "net = gross - back\ngross = sold * price\nback = sold * refunds"
    found = shares(text, {"sold": 100, "price": 10, "refunds": 2}, {"sold": 130, "price": 9, "refunds": 3.2})
    assert found["sold"] + found["price"] + found["refunds"] == pytest.approx(found["net"], abs=1e-9)
    assert found["net"] == pytest.approx(130 * 5.8 - 100 * 8)
    assert abs(found["gross"]) > abs(found["net"]) and abs(found["back"]) > abs(found["net"])


def test_opening_a_branch_does_not_move_the_numbers_above_it():
    """Shapley over the leaves gave 307.4 before and 307.1409 after a branch was opened."""
    before, after = {"visits": 1000, "rate": .02, "aov": 50.0}, {"visits": 1200, "rate": .018, "aov": 55.0}
    split = [{"organic": end["visits"] - paid, "paid": paid, "rate": end["rate"], "items": items,
              "price": end["aov"] / items} for end, paid, items in ((before, 300, 2.0), (after, 420, 2.2))]
    coarse = shares("revenue = visits * rate * aov", before, after)
    fine = shares("revenue = visits * rate * aov\nvisits = organic + paid\naov = items * price", *split)
    assert {name: fine[name] for name in coarse} == pytest.approx(coarse, rel=1e-12)


def test_an_unchanged_divisor_and_a_root_that_did_not_move_divide_nothing_by_zero():
    """Shares by logarithms or by deltas divide by what did not change."""
    found = shares("ltv = arpu / churn", {"arpu": 10, "churn": .1}, {"arpu": 10, "churn": .1})
    assert found == {"ltv": 0, "arpu": 0, "churn": 0}
    found = shares("net = a - b", {"a": 5, "b": 3}, {"a": 7, "b": 5})
    assert found == {"net": 0, "a": 2, "b": -2}
    found = shares("total = a * b", {"a": 0, "b": 3}, {"a": 0, "b": 5})  # a logarithm of nothing
    assert found == {"total": 0, "a": 0, "b": 0}
    assert shares("total = a * b", {"a": -2, "b": 3}, {"a": 2, "b": 3}) == {"total": 12, "a": 12, "b": 0}
