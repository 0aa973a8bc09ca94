"""What if, what it takes, what matters: against closed forms, grids, simulation and the explanation itself."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import trees

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.kpi.tree import Tree

TEXT = """
profit    = value - cost          [JPY]     # profit | 利益
value     = customers * ltv       [JPY]
ltv       = arpu * margin / churn [JPY/person]
churn     ~ nps                   [1/month]
customers [person]
arpu      [JPY/person/month]      # ARPU | 客単価
margin    [%]
nps       [pt]                    # NPS | NPS
cost      [JPY]
"""
TREE = Tree(TEXT).link("churn", "nps", -.0004, .0001, "survey")
DATA = {"customers": (52_000, 300), "arpu": (980, 12), "margin": .62, "churn": (.03, .0012), "nps": (28.0, 1.5),
        "cost": (450e6, 20e6)}
DEMAND = Tree("profit = (price - cost) * sold [JPY]\nsold ~ price [order]\nprice [JPY/order]\ncost [JPY/order]").link(
    "sold", "price", -10, 1)   # sold = 1000 - 10 (price - 50): the best price is 85
SHOP = {"price": 50, "cost": 20, "sold": 1000}


def contribution(found, name="profit"):
    return found.frame.set_index("metric").loc[name, "contribution"]


@pytest.mark.parametrize(("told", "after"), [
    (31, 31), ("+5", 33), ("-2.5", 25.5), ("+10%", 30.8), ("−50%", 14), ("＋５", 33), ("+ .5 %", 28.14), (-40.0, -40)])
def test_a_change_is_a_level_or_a_text(told, after):
    found = TREE.what_if(DATA, {"nps": told}).frame.set_index("metric")
    assert found.loc["nps", "after"] == pytest.approx(after, abs=1e-12)
    assert found.loc["churn", "after"] == pytest.approx(.03 - .0004 * (after - 28), abs=1e-15)


def test_points_of_a_share_are_percentage_points_and_a_rise_of_a_negative_number_is_a_rise():
    assert TREE.what_if(DATA, margin="+2pp").frame.set_index("metric").loc["margin", "after"] == pytest.approx(.64)
    rise = TREE.what_if(DATA | {"nps": -20.0}, nps="+10%").frame.set_index("metric").loc["nps"]
    assert rise["after"] == pytest.approx(-18)


def test_without_errors_it_is_what_the_explanation_says_of_the_two_levels():
    plain = {name: value[0] if isinstance(value, tuple) else value for name, value in DATA.items()}
    found = TREE.what_if(plain, {"nps": 32, "arpu": "+20"})
    ends = TREE.explain(plain, plain | {"nps": 32, "arpu": 1000, "churn": .03 - .0004 * 4})
    kept = ends.frame[ends.frame["kind"] != "unexplained"]
    assert found.frame["contribution"].tolist() == pytest.approx(kept["contribution"].tolist())
    assert found.frame["kind"].isin(["unexplained"]).sum() == 0


def test_its_interval_is_that_of_a_simulation_of_the_other_inputs_and_of_the_effect():
    found = TREE.what_if(DATA, nps=32).frame.set_index("metric").loc["profit"]
    random = np.random.default_rng(7)
    n = 400_000
    customers, arpu, churn = (random.normal(*DATA[name], n) for name in ("customers", "arpu", "churn"))
    after = churn + random.normal(-.0004, .0001, n) * 4
    gain = customers * arpu * .62 * (1 / after - 1 / churn)
    assert found["contribution"] == pytest.approx(52_000 * 980 * .62 * (1 / .0284 - 1 / .03))
    assert (found["high"] - found["low"]) / 2 / 1.959964 == pytest.approx(gain.std(), rel=.02)


def test_the_sure_size_of_a_change_leaves_no_error_where_nothing_else_has_one():
    found = TREE.what_if({name: 1.0 for name in DATA} | {"cost": (100, 30)}, cost="-10")
    assert contribution(found) == 10
    assert math.isnan(found.frame["low"].iloc[0])


def test_a_node_that_is_set_itself_does_not_follow_its_driver():
    both = TREE.what_if(DATA, {"nps": 60, "churn": .029})
    alone = TREE.what_if(DATA, churn=.029)
    assert contribution(both) == pytest.approx(contribution(alone))
    assert contribution(both, "nps") == 0
    assert contribution(both, "churn") == pytest.approx(contribution(alone))


def test_it_says_what_would_be_in_both_languages():
    found = TREE.what_if(DATA, nps=32)
    assert found.title == "If NPS rose to +32.0, profit would rise by ¥59.3M (+¥27.1M to +¥91.5M)"
    assert found.say()[0] == found.title + "." and "NPS" in found.say()[1]
    assert TREE.what_if(DATA, {"cost": 500e6}).title.startswith(
        "If cost rose to ¥500M, profit would fall by ¥50.0M")
    assert TREE.what_if(DATA, cost="+0").title == "If cost stayed at ¥450M, profit would stay as it is"
    with words.speaking("ja"):
        assert TREE.what_if(DATA, {"nps": 32}).title == (
            "NPSの+32.0への上昇で、利益は5,930万円増える（+2,710万円～+9,150万円）")


@pytest.mark.parametrize(("tree", "changes", "said"), [
    (TREE, {}, "say which lever is to change"),
    (TREE, {"ltv": 3}, "ltv is worked out by the tree; change what it is made of: arpu, margin, churn"),
    (TREE, {"margn": .7}, "no node margn; did you mean 'margin'"),
    (Tree(TEXT), {"nps": 32}, "nps moves nothing in this tree: tell its effect first"),
    (TREE, {"margin": 65}, "margin cannot be 6,500.0%, as it is 100.0% at most; 5 % of a share is .05"),
    (TREE, {"nps": "+80"}, "nps cannot be .108.0"),
    (TREE, {"churn": "-5pp"}, "churn cannot be .2.0%, as it is 0.0% at least"),
    (TREE, {"customers": "-200%"}, "customers cannot be .52,000, as it is 0 at least"),
    (TREE, ["customers"], "say which lever is to change"),
    (TREE, {"arpu": "+2pp"}, "arpu: a change is a new level"),
    (TREE, {"arpu": "20%"}, "arpu: a change is a new level"),
    (TREE, {"arpu": "+1e3"}, "arpu: a change is a new level"),
    (TREE, {"arpu": True}, "arpu: a change is a new level"),
    (TREE, {"arpu": math.nan}, "arpu: a change is a new level"),
    (TREE, {"arpu": "+" + "9" * 400}, "arpu cannot be"),
    (TREE, {"arpu": None}, "arpu: a change is a new level")])
def test_what_cannot_be_changed_so_is_refused_in_a_line(tree, changes, said):
    with pytest.raises(UsageError, match=said):
        tree.what_if(DATA, changes)


def test_what_is_driven_beyond_what_it_can_be_is_named():
    tree = Tree("kept = all * rate [person]\nrate ~ nps [%]\nall [person]\nnps [pt]").link("rate", "nps", .02, .01)
    data = {"all": 100, "rate": .9, "nps": 10}
    assert tree.what_if(data, nps=60).notes[-1] == (
        "rate would come to 190.0%, beyond 100.0%: so far the estimated effect cannot hold.")
    assert not [note for note in tree.what_if(data, nps=12).notes if "beyond" in note]
    assert tree.what_if(data, rate="-10pp", confidence=.9).confidence == .9


def test_a_share_is_told_in_points_and_goes_up_rather_than_grows():
    tree, data = Tree("rate = kept / all [%]\nkept [person]\nall [person]"), {"kept": 10, "all": 100}
    assert tree.what_if(data, kept=12).title == "If kept rose to 12, rate would rise by 2.0 pp"
    with words.speaking("ja"):
        assert tree.what_if(data, kept=12).title == "keptの12への増加で、rateは2.0ポイント上がる"


def test_one_lever_may_be_told_by_its_name_and_the_target_stands_above_the_table():
    found = TREE.solve(DATA, 700e6, levers="customers")
    assert found.frame["metric"].tolist() == ["customers"]
    assert repr(found).startswith(found.say()[0]) and found._repr_html_().startswith("<p><small>profit is")


def test_a_change_to_where_nothing_can_be_divided_is_refused():
    with pytest.raises(DataError, match="ltv divides by churn, which is 0"):
        TREE.what_if(DATA, churn=0)


def test_each_lever_alone_reaches_the_target():
    found = TREE.solve(DATA, 700e6).frame.set_index("metric")
    assert found.loc["churn", "needed"] == pytest.approx(52_000 * 980 * .62 / 1150e6, rel=1e-12)
    assert found.loc["arpu", "needed"] == pytest.approx(1150e6 * .03 / 52_000 / .62, rel=1e-12)
    assert found.loc["cost", "needed"] == pytest.approx(52_000 * 980 * .62 / .03 - 700e6, rel=1e-12)
    assert found.loc["nps", "needed"] == pytest.approx(28 + (.03 - 52_000 * 980 * .62 / 1150e6) / .0004, rel=1e-12)
    assert found.index[0] == "churn" and found["feasible"].all()


def test_what_cannot_reach_it_alone_says_how_near_it_comes():
    found = TREE.solve(DATA, 1500e6, levers=["margin", "nps", "cost"])
    rows = found.frame.set_index("metric")
    assert rows["feasible"].tolist() == [True, False, False]
    assert rows.loc["cost", "best"] == pytest.approx(52_000 * 980 * .62 / .03) and rows.loc["cost", "best_at"] == 0
    assert math.isnan(rows.loc["cost", "needed"])
    assert found.say()[0] == "profit is ¥603M. What each lever alone would have to be for ¥1.50B:"
    assert "cost cannot do it: ¥1.05B at most, at ¥0." in found.say()
    below = TREE.solve(DATA, -1e9, levers=["margin"])
    assert below.say()[1] == "margin cannot do it: −¥450M at least, at 0.0%."


def test_limits_narrow_and_widen():
    assert not TREE.solve(DATA, 700e6, limits={"churn": (.028, None)}).frame.set_index("metric").loc[
        "churn", "feasible"]
    wide = TREE.solve(DATA, 1500e6, levers=["margin"], limits={"margin": (None, 3)}).frame.iloc[0]
    assert wide["needed"] == pytest.approx(1950e6 * .03 / 52_000 / 980) and wide["high_limit"] == 3
    beyond = TREE.solve(DATA, 700e6, levers=["churn"], limits={"churn": (.05, .1)}).frame.iloc[0]
    assert not beyond["feasible"] and beyond["best_at"] == .05
    loss = Tree("profit = value + other [JPY]\nother [JPY]").solve({"value": 5, "other": -3}, -10)
    assert loss.frame.set_index("metric").loc["other", "needed"] == pytest.approx(-15)


def test_of_two_solutions_it_takes_the_nearer_and_of_none_the_best():
    price = DEMAND.solve(SHOP, 40_000, levers=["price"]).frame.iloc[0]
    roots = np.roots([-10, 1700, -30_000 - 40_000])   # (price - 20) (1500 - 10 price)
    assert price["needed"] == pytest.approx(min(roots, key=lambda root: abs(root - 50)))
    best = DEMAND.solve(SHOP, 60_000, levers=["price"]).frame.iloc[0]
    assert (best["best_at"], best["best"]) == (pytest.approx(85, rel=1e-6), pytest.approx(42_250, rel=1e-12))
    touch = DEMAND.solve(SHOP, 42_250 - 1e-8, levers=["price"]).frame.iloc[0]
    assert touch["needed"] == pytest.approx(85, abs=.01) and touch["feasible"]


def test_a_leap_from_one_infinity_to_the_other_is_no_solution():
    tree = Tree("x = top / (a - b)")
    assert not tree.solve({"top": 2, "a": 5, "b": 3}, 0, levers=["a"]).frame["feasible"].iloc[0]
    for target in (1e300, -1e300):
        assert not tree.solve({"top": 0, "a": 5, "b": 3}, target, levers=["a", "b"]).frame["feasible"].any()
    beyond = tree.solve({"top": 2, "a": 5, "b": 3}, -1, levers=["a"]).frame.iloc[0]
    assert beyond["needed"] == pytest.approx(1)


def test_a_solution_close_to_a_limit_is_found():
    tree = Tree("ltv = 1 / churn\nchurn [1/month]")
    assert Tree("x = a").solve({"a": 1}, 1e12).frame["needed"].tolist() == [1e12]
    for target in (1e4, 1e7):
        assert tree.solve({"churn": .03}, target).frame["needed"].iloc[0] == pytest.approx(1 / target, rel=1e-12)


def test_what_is_there_already_can_stay():
    found = TREE.solve(DATA, TREE.evaluate(DATA).frame["estimate"].iloc[0])
    assert found.frame["change"].eq(0).all()
    assert "margin can stay at 62.0%." in found.say()


@settings(deadline=None, max_examples=40)
@given(trees(most=6), st.floats(.3, 3))
def test_a_solution_gives_the_target_and_no_nearer_level_does(made, times):
    tree = Tree(made.text)
    now = made.values(made.before)[made.root]
    target = now * times + (times - 1)
    scale = made.scale(made.before)
    for row in tree.solve(made.before, target).frame.to_dict("records"):
        name = row["metric"]

        def root(level, name=name):
            return made.values(made.before | {name: level})[made.root]
        if row["feasible"]:
            near = 1e-9 * max(row["needed"], 1e-12)
            slope = abs(root(row["needed"] + near) - root(row["needed"] - near))
            assert abs(root(row["needed"]) - target) <= 1e-9 * max(scale, abs(target)) + slope
        reach = abs(row["change"]) * (1 - 1e-6) if row["feasible"] else .9 * row["now"]
        levels = np.linspace(max(row["now"] - reach, row["now"] * 1e-3), row["now"] + reach, 199)
        gaps = np.array([root(level) - target for level in levels])
        gaps = gaps[np.abs(gaps) > 1e-9 * max(scale, abs(target))]
        assert (np.sign(gaps) == np.sign(gaps[0])).all() if len(gaps) else True


@pytest.mark.parametrize(("how", "said"), [
    ({"target": "much"}, "a target is a number"), ({"target": math.inf}, "a target is a number"),
    ({"target": 1, "levers": ["ltv"]}, "ltv is worked out by the tree"),
    ({"target": 1, "limits": {"churn": (.5, .1)}}, "churn: limits are"),
    ({"target": 1, "limits": {"churn": (None, "x")}}, "churn: limits are"),
    ({"target": 1, "limits": {"churn": .5}}, "churn: limits are"),
    ({"target": 1, "limits": {"chrun": (0, 1)}}, "no node chrun; did you mean 'churn'")])
def test_a_target_that_cannot_be_is_refused(how, said):
    with pytest.raises(UsageError, match=said):
        TREE.solve(DATA, **how)


def test_the_tornado_takes_each_input_alone_to_the_ends_of_its_interval():
    found = TREE.tornado(DATA)
    rows = found.frame.set_index("metric")
    for name in ("customers", "arpu", "churn", "cost"):
        for end, sign in (("low", -1), ("high", 1)):
            level = DATA[name][0] + sign * 1.959964 * DATA[name][1]
            plain = {key: value[0] if isinstance(value, tuple) else value for key, value in DATA.items()}
            expected = TREE.evaluate(plain | {name: level}).frame["estimate"].iloc[0]
            assert rows.loc[name, f"root_{end}"] == pytest.approx(expected, rel=1e-6)
    assert rows.index.tolist() == ["churn", "cost", "arpu", "customers", "margin"]   # NPS moves nothing by itself
    assert found.say() == ["profit hangs most on churn: at 2.8% it is ¥693M, at 3.2% ¥527M.",
                           "No error is known of margin, so that no bar can be drawn."]
    assert "hangs most" in repr(found) and "<table>" in found._repr_html_()


def test_up_and_down_by_a_share_what_is_driven_moves_too():
    rows = TREE.tornado(DATA, by=.1).frame.set_index("metric")
    assert rows.loc["nps", "root_high"] == pytest.approx(52_000 * 980 * .62 / (.03 - .0004 * 2.8) - 450e6)
    assert rows.loc["margin", "high"] == pytest.approx(.682)
    equal = rows.index[rows["swing"].round(3).duplicated(keep=False)].tolist()
    assert equal == [name for name in TREE.program.inputs if name in equal]   # as they are written
    assert TREE.tornado(DATA | {"margin": .95}, by=.1).frame.set_index("metric").loc["margin", "high"] == 1


def test_intervals_and_draws_go_to_their_own_ends():
    draws = np.random.default_rng(1).lognormal(0, .5, 5000)
    rows = Tree("x = a + b + c").tornado({"a": (5, 4, 9), "b": draws, "c": 1}).frame.set_index("metric")
    assert rows.loc["a", ["low", "high"]].tolist() == pytest.approx([4, 9])
    assert rows.loc["b", ["low", "high"]].tolist() == np.quantile(draws, [.025, .975]).tolist()


def test_an_error_of_a_driver_does_not_move_what_was_observed():
    rows = DEMAND.tornado(SHOP | {"price": (50, 5)}).frame.set_index("metric")
    assert rows.loc["price", "root_high"] == pytest.approx((50 + 5 * 1.959964 - 20) * 1000)


def test_what_cannot_be_worked_out_is_refused():
    for question in (lambda tree, data: tree.tornado(data), lambda tree, data: tree.solve(data, 1)):
        with pytest.raises(DataError, match="x divides by b, which is 0"):
            question(Tree("x = a / b"), {"a": 1, "b": 0})
    for by in (0, -1, 1, math.nan, "10%"):
        with pytest.raises(UsageError, match="by= is a share"):
            TREE.tornado(DATA, by=by)
