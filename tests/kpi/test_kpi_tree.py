"""The tree as it is called, on frames of people and on the numbers of a slide."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab.errors import UsageError
from engagelab.kpi.totals import per_user, rows, total, users
from engagelab.kpi.tree import Tree
from engagelab.kpi.watch import watch

ORDERS = pd.DataFrame({"user": list("aabbcad"), "at": pd.to_datetime(["2026-01-03", "2026-01-09", "2026-01-20",
                       "2026-02-01", "2026-02-03", "2026-02-10", "2026-02-20"]),
                       "total": [10.0, 20, 30, 40, 50, 60, 70]})
TREE = Tree("sales = buyers * orders * basket [JPY]")
LEAVES = {"buyers": (users(), ORDERS), "orders": (per_user(), ORDERS), "basket": (el.mean("total"), ORDERS)}


def test_people_times_orders_times_basket_are_the_sales_of_each_month():
    frame = TREE.evaluate(LEAVES, time="at", every="month", user="user").frame
    found = frame.set_index(["metric", "month"])["estimate"]
    assert found["sales", "2026-01"] == pytest.approx(60) and found["sales", "2026-02"] == pytest.approx(220)
    assert found["buyers"].tolist() == [2, 4] and found["orders"].tolist() == [1.5, 1]


def test_the_error_of_a_product_of_joint_leaves_is_that_of_the_sum_itself():
    tree = Tree("all = product + whole\nproduct = buyers * orders * basket\nwhole = sum")
    many = pd.concat([ORDERS.assign(user=ORDERS["user"] + str(i)) for i in range(500)], ignore_index=True)
    leaves = {name: (noun, many) for name, (noun, _) in LEAVES.items()}
    frame = tree.evaluate({**leaves, "sum": (total("total"), many)}, user="user").frame.set_index("metric")
    wanted = np.sqrt((many.groupby("user")["total"].sum() ** 2).sum())
    assert frame.loc["whole", "se"] == pytest.approx(wanted, rel=1e-9)
    assert frame.loc["product", "se"] == pytest.approx(wanted, rel=1e-3)  # but for n - 1 in two of its leaves
    assert frame.loc["all", "se"] == pytest.approx(2 * wanted, rel=1e-3)


def test_a_window_cuts_what_is_counted():
    found = Tree("all = n * 1").evaluate({"n": (rows(), ORDERS)}, time="at", since="2026-02-01", until="2026-02-11")
    assert found.frame["estimate"].tolist() == [3, 3]


def test_tables_may_have_their_own_time_columns():
    care = pd.DataFrame({"closed": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-06"]), "cost": [1.0, 2, 4]})
    tree = Tree("net = sales - care")
    found = tree.evaluate({"sales": (total("total"), ORDERS), "care": (total("cost"), care, "closed")}, time="at",
                          every="month").frame.set_index(["metric", "month"])["estimate"]
    assert found["net"].tolist() == [59, 214]


def test_a_month_in_which_a_table_is_silent_was_not_measured():
    care = pd.DataFrame({"at": pd.to_datetime(["2026-02-05"]), "cost": [3.0]})
    values = Tree("net = sales - care").evaluate({"sales": (total("total"), ORDERS), "care": (total("cost"), care)},
                                                 time="at", every="month")
    frame = values["2026-01"].frame.set_index("metric")
    assert np.isnan(frame.loc["net", "estimate"]) and frame.loc["care", "flag"] == "not measured here"


def test_the_same_tree_as_text_and_as_a_dict_explains_the_same():
    ends = {"a": 2, "b": 3}, {"a": 3, "b": 5}
    assert Tree({"total": "a * b"}).explain(*ends).frame["contribution"].tolist() == Tree(
        "total = a * b").explain(*ends).frame["contribution"].tolist()


def test_a_tree_given_an_effect_or_keys_leaves_the_first_as_it_was():
    tree = Tree("value = kept * 10\nkept ~ nps")
    linked = tree.link("kept", "nps", .02, .005, "a survey").key(["value"])
    assert tree.links == {} and tree.keys == () and linked.keys == ("value",)
    assert linked.links["kept", "nps"].source == "a survey" and isinstance(linked, Tree)
    with pytest.raises(UsageError, match="no estimated edge value ~ kept"):
        tree.link("value", "kept", 1, 1)
    for effect, se in ((1, None), (float("nan"), 1), (1, -1), ("x", 1)):
        with pytest.raises(UsageError, match="an effect is a number"):
            tree.link("kept", "nps", effect, se)


def test_from_six_key_indicators_on_the_reader_is_warned():
    tree = Tree("total = " + " + ".join("abcdef"))
    assert tree.key(list("abcde")).notes == tree.notes
    assert "6 key indicators" in tree.key(list("abcdef")).notes[-1]
    with pytest.raises(UsageError, match="no node totl; did you mean 'total'"):
        tree.key(["totl"])


def test_fewer_than_three_key_indicators_are_told_until_there_are_enough():
    tree = Tree("total = " + " + ".join("abcdef"))
    few = tree.key(["total", "a"])
    assert few.notes[-1].startswith("key indicators marked: 2; three to five are meant")
    assert few.key(list("abc")).notes == few.key([]).notes == tree.notes
    assert tree.key(list("abcdef")).key(list("abc")).notes == tree.notes


def test_an_effect_comes_straight_from_a_comparison():
    random = np.random.RandomState(0)
    data = pd.DataFrame({"arm": np.repeat(["A", "B"], 400), "kept": random.rand(800) < np.repeat([.5, .6], 400)})
    compared = el.compare(data, {"kept": el.rate("kept")}, arm="arm", control="A")
    tree = Tree("value = kept * 1000\nkept ~ treated").link("kept", "treated", compared)
    row = compared.frame.iloc[0]
    link = tree.links["kept", "treated"]
    assert link.effect == row["difference"] and "experiment" in link.source
    assert link.se == pytest.approx((row["high"] - row["low"]) / 2 / 1.959964)
    with pytest.raises(UsageError, match="metric= and arm="):
        Tree("value = kept * 1000\nkept ~ treated").link("kept", "treated", compared, metric="spend")


def test_an_effect_whose_check_failed_is_refused():
    random = np.random.RandomState(0)
    data = pd.DataFrame({"arm": np.repeat(["A", "B"], [400, 700]), "kept": random.rand(1100) < .5})
    compared = el.compare(data, {"kept": el.rate("kept")}, arm="arm", control="A")
    failed = compared.checks.query("status == 'failed'")["sentence"].item()
    with pytest.raises(UsageError) as refused:
        Tree("value = kept * 1000\nkept ~ treated").link("kept", "treated", compared)
    assert failed in str(refused.value) and "link(node, driver, effect, se)" in str(refused.value)


def test_effects_of_one_experiment_are_told_to_be_taken_as_independent():
    random = np.random.RandomState(0)
    data = pd.DataFrame({"arm": np.repeat(["A", "B", "C"], 400), "x": random.normal(1, 1, 1200)})
    data["y"] = data["x"] + random.normal(0, .1, 1200)
    compared = el.compare(data, {"x": el.mean("x"), "y": el.mean("y")}, arm="arm", control="A")
    tree = Tree("total = x + y\nx ~ treated\ny ~ treated").link("x", "treated", compared, arm="B")
    both = tree.link("y", "treated", compared, arm="C")   # another arm, the same control
    said = "The effects x ~ treated, y ~ treated come from one source and are taken as independent"
    leaves = {"x": 1, "y": 1, "treated": 0}
    for notes in (both.notes, both.what_if(leaves, treated=1).notes, both.explain(leaves, leaves).notes):
        assert sum(note.startswith(said) for note in notes) == 1
    assert said in repr(both.what_if(leaves, treated=1))
    assert both.link("y", "treated", .1, .1).notes == tree.notes == ()
    survey = tree.link("x", "treated", 1, 1, "a survey").link("y", "treated", 1, 1, "a survey")
    assert survey.notes[0].startswith(said)


@pytest.mark.parametrize("method", ["chains", "", None])
def test_an_unknown_method_is_refused(method):
    with pytest.raises(UsageError, match="method must be one of 'chain', 'shapley'"):
        Tree("a = b + c").explain({"b": 1, "c": 1}, {"b": 1, "c": 2}, method=method)


def test_several_cells_are_not_one_end():
    values = TREE.evaluate(LEAVES, time="at", every="month", user="user")
    with pytest.raises(UsageError, match="2 periods or segments"):
        TREE.explain(values, values["2026-02"])


def test_values_of_another_tree_are_refused():
    values = Tree("a = x / y").evaluate({"x": 1, "y": 2})
    with pytest.raises(UsageError, match="another tree"):
        Tree("b = y * x").explain(values, values)
    with pytest.raises(UsageError, match="another tree"):
        Tree("b = y * x").evaluate(values)


def test_a_user_who_pairs_nothing_is_refused():
    data = pd.DataFrame({"who": [1, 2, 3, 1, 2, 3], "at": pd.to_datetime(["2026-01-05"] * 3 + ["2026-02-05"] * 3),
                         "x": [1.0, 4, 9, 2, 6, 11]})
    tree = Tree("r = a * 1")
    leaves = {"a": (el.mean("x"), data)}
    one, other = (tree.evaluate(leaves, time="at", every="month", user=user) for user in ("who", None))
    assert tree.explain(one["2026-01"], one["2026-02"], user="who").frame["low"].notna().all()
    for ends in ((one["2026-01"], other["2026-02"]), (other["2026-01"], other["2026-02"])):
        with pytest.raises(UsageError, match="pairs nothing here"):
            tree.explain(*ends, user="who")


def test_a_divisor_that_may_be_0_is_named():
    tree = Tree("r = a / (b - c)\nb\nc")
    for b, said in (((5, 1), 0), ((5, 2), 1), ((1, 2), 1)):
        leaves = {"a": 10, "b": b, "c": 2}
        notes = [*tree.evaluate(leaves).notes, *tree.explain(leaves, {**leaves, "a": 12}).notes]
        assert sum("may be 0" in note for note in notes) == 2 * said


@pytest.mark.parametrize("told", ["a table", "a frame"])
def test_a_period_that_is_not_complete_is_flagged_and_not_watched(told):
    days = pd.DataFrame({"at": pd.date_range("2025-01-01", "2026-03-10")})
    days["amount"] = 100 + np.random.RandomState(0).normal(0, 9, len(days))
    tree = Tree("value = amount * 2 [JPY]\namount [JPY]")
    values = tree.evaluate(days if told == "a frame" else {"amount": (el.kpi.total("amount"), days)}, time="at",
                           every="month")
    assert values.frame["flag"].tolist()[-4:] == ["", "", "amount: period not complete", "period not complete"]
    assert watch(values).say() == ["Nothing lies beyond what its past lets expect (series watched: 2)."]
    assert tree.explain(values["2026-02"], values["2026-03"]).frame["flag"].str.contains("not complete").all()


@pytest.mark.parametrize("wrong", [
    lambda tree, values: tree.key(3), lambda tree, values: tree.key([1]),
    lambda tree, values: tree.solve(values, 200, levers=3), lambda tree, values: tree.solve(values, 200, limits=3),
    lambda tree, values: tree.evaluate(pd.DataFrame({"sales": [1.0], "cost": [1.0]}), roll_up=3),
    lambda tree, values: tree.link(["sales"], "cost", .1), lambda tree, values: tree.link("sales", ["cost"], .1)])
def test_what_is_neither_a_name_nor_a_dict_is_refused_in_a_line(wrong):
    tree = Tree("profit = sales - cost [JPY]\nsales [JPY]\ncost [JPY]")
    with pytest.raises(UsageError) as caught:
        wrong(tree, tree.evaluate({"sales": 100, "cost": 10}))
    assert "\n" not in str(caught.value)
