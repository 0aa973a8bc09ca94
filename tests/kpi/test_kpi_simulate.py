"""Draws and the value of information: against closed forms, exact integrals and nested simulation."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from trees import trees

from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.kpi.leaves import Window, cells_of
from engagelab.kpi.simulate import simulate, value_of_information
from engagelab.kpi.tree import Tree

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "kpi_simulate.json").read_text("utf-8"))}
CAMPAIGN = Tree("""
net = value - cost              [JPY]   # net value | 純価値
value = people * effect * ltv   [JPY]
people [person]
effect [%]                              # effect | 効果
ltv [JPY/person]
cost [JPY]
""")
GUESS = {"people": 10_000, "effect": (.02, .01), "ltv": (20_000, 4_000), "cost": (3.6e6, .3e6)}
RATIO = Tree("net = arpu * margin / churn - cost")
RATIOS = {"arpu": (10, 1.5), "margin": (.5, .05), "churn": (.05, .0075), "cost": (100, 4)}


def loss(mean, sd):
    """The unit normal loss, as textbooks print it."""
    return sd * (stats.norm.pdf(abs(mean) / sd) - abs(mean) / sd * stats.norm.sf(abs(mean) / sd))


def worth(found):
    return found.frame.set_index("metric")["value"]


def test_a_product_of_lognormals_is_lognormal():
    case = CASES["mc_product_of_lognormals"]
    random = np.random.RandomState(0)
    n = case["inputs"]["n"]
    leaves = {f"x{at}": random.lognormal(mean, sd, n) for at, (mean, sd) in enumerate(zip(
        case["inputs"]["log_mean"], case["inputs"]["log_sd"], strict=True))}
    found = Tree("y = x0 * x1 * x2").simulate(leaves, draws=n, confidence=case["inputs"]["confidence"])
    row = found.frame.iloc[0]
    got = {"mean": row["estimate"], "sd": row["se"], "q025": row["low"], "q975": row["high"],
           "median": np.median(found.draws["y"])}
    for name, expected in case["expected"].items():
        assert got[name] == pytest.approx(expected, abs=case["tolerance"][name])


def test_every_node_is_the_tree_of_its_draws():
    found = CAMPAIGN.simulate(GUESS, draws=5000, seed=3)
    draws = found.draws
    assert draws["net"] == pytest.approx(draws["people"] * draws["effect"] * draws["ltv"] - draws["cost"])
    rows = found.frame.set_index("metric")
    assert rows.loc["effect", "se"] == pytest.approx(.01, rel=.03)
    assert rows.loc["people", "se"] == 0 and np.isnan(rows.loc["people", "low"])
    assert rows.loc["net", ["low", "high"]].tolist() == pytest.approx(np.quantile(draws["net"], [.025, .975]))


def test_the_same_seed_gives_the_same_draws():
    one, same, other = (CAMPAIGN.simulate(GUESS, draws=1000, seed=seed) for seed in (1, 1, 2))
    assert (one.draws["net"] == same.draws["net"]).all() and (one.draws["net"] != other.draws["net"]).any()


def test_a_chance_says_how_exactly_the_draws_know_it():
    tree, n = Tree("x = a - b"), 40_000
    exact = stats.norm.sf(-.5 / np.sqrt(2))
    found = tree.simulate({"a": (1.5, 1), "b": (1, 1)}, draws=n)
    assert found.chance() == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / n))
    assert found.chance("a", above=1.5) == pytest.approx(.5, abs=.01)
    low, high = stats.binomtest(round(float(found.chance()) * n), n).proportion_ci(method="wilson")
    assert repr(found.chance()) == f"P(x > 0.00) = {found.chance():.1%} ({low:.1%} to {high:.1%})"
    few = tree.simulate({"a": np.random.RandomState(0).normal(1.5, 1, 100), "b": 1}, draws=n)
    assert "(62" in repr(few.chance()) or float(repr(few.chance()).split("(")[2][:4]) < 100 * few.chance() - 5
    assert repr(tree.simulate({"a": 5, "b": (1, 1e-3)}).chance()) == "P(x > 0.00): over 99.9%"


def test_a_divisor_that_changes_its_sign_is_told():
    notes = Tree("x = a / b").simulate({"a": 1, "b": (1, .5)}, draws=20_000).notes
    assert notes[-1].startswith("b is divided by and changes its sign in 2.")
    assert "changes its sign" in Tree("x = 1 / (a - b)").simulate({"a": (2, 1), "b": (1, 1)}, draws=200).notes[-1]
    assert len(Tree("x = a / b").simulate({"a": (1, 3), "b": (1, .05)}, draws=2000).notes) == 2


def test_what_it_says_is_in_both_languages_and_rounded():
    found = CAMPAIGN.simulate(GUESS, draws=2000)
    assert found.say()[0].startswith("net value: ¥") and found.say()[0].endswith(" likely.")
    assert "net value" in repr(found) and "<table>" in found._repr_html_() and "e+" not in repr(found)
    with words.speaking("ja"):
        found = CAMPAIGN.simulate(GUESS, draws=2000)
        assert found.say()[0].startswith("純価値：期待値")
        assert CAMPAIGN.value_of_information(GUESS, draws=2000).say()[2].startswith("次に測るのは効果：")


@pytest.mark.parametrize("draws", [0, 99, 1e5, True, "many"])
def test_a_number_of_draws_that_cannot_be_is_refused(draws):
    for question in (CAMPAIGN.simulate, CAMPAIGN.value_of_information):
        with pytest.raises(UsageError, match="draws= is a whole number"):
            question(GUESS, draws=draws)
    with pytest.raises(UsageError, match="no node nett; did you mean 'net'"):
        CAMPAIGN.simulate(GUESS, draws=1000).chance("nett")
    with pytest.raises(UsageError, match="above= is a number"):
        CAMPAIGN.simulate(GUESS, draws=1000).chance(above="0")


def test_the_value_of_everything_is_the_textbook_s():
    case = CASES["evpi_go_no_go_normal"]
    told = case["inputs"]["mu"], case["inputs"]["sd"]
    found = Tree("net = a - b").value_of_information({"a": told, "b": 0.0})
    assert worth(found).tolist() == pytest.approx([case["expected"]["evpi"]] * 2, rel=1e-6)
    drawn = np.random.RandomState(1).normal(*told, case["inputs"]["draws"])
    found = Tree("net = a - b").value_of_information({"a": drawn, "b": 0.0}, draws=case["inputs"]["draws"])
    assert worth(found).tolist() == pytest.approx([case["expected"]["evpi"]] * 2, abs=case["tolerance"])


def test_of_independent_normal_inputs_each_is_worth_its_own_loss():
    found = Tree("net = 2 * a - b / 4 + c").value_of_information({"a": (1, 3), "b": (8, 10), "c": (.5, 1)}, draws=1000)
    mean = 2 - 2 + .5
    assert worth(found).to_dict() == pytest.approx({
        "net": loss(mean, np.sqrt(36 + 6.25 + 1)), "a": loss(mean, 6), "b": loss(mean, 2.5), "c": loss(mean, 1)},
        rel=1e-6)
    assert found.frame["metric"].tolist() == ["net", "a", "b", "c"]
    found = CAMPAIGN.value_of_information(GUESS)   # a product: each alone is linear, all together are not
    assert worth(found)["effect"] == pytest.approx(loss(.4e6, 10_000 * 20_000 * .01), rel=1e-6)
    assert worth(found)["ltv"] == pytest.approx(loss(.4e6, 10_000 * .02 * 4_000), rel=1e-6)
    assert worth(found)["cost"] == pytest.approx(loss(.4e6, .3e6), rel=1e-6)
    random = np.random.default_rng(5)
    net = 1e4 * random.normal(.02, .01, 4_000_000) * random.normal(20_000, 4_000, 4_000_000) - random.normal(
        3.6e6, .3e6, 4_000_000)
    row = found.frame.iloc[0]
    assert row["low"] - 2000 < np.maximum(net, 0).mean() - net.mean() < row["high"] + 2000


def test_a_ratio_agrees_with_exact_integrals():
    (arpu, sd_arpu), (margin, _), (churn, sd), (cost, _) = RATIOS.values()
    inverse, _ = integrate.quad(lambda x: stats.norm.pdf(x, churn, sd) / x, churn - 6 * sd, churn + 6 * sd)
    mean = arpu * margin * inverse - cost
    gain, _ = integrate.quad(lambda x: stats.norm.pdf(x, churn, sd) * max(arpu * margin / x - cost, 0),
                             churn - 6 * sd, churn + 6 * sd, points=[arpu * margin / cost])
    found = RATIO.value_of_information(RATIOS, draws=200_000).frame.set_index("metric")
    for name, exact in (("churn", gain - mean), ("arpu", loss(mean, sd_arpu * margin * inverse))):
        assert found.loc[name, "value"] == pytest.approx(exact, rel=.02)
        assert found.loc[name, "low"] * .99 <= exact <= found.loc[name, "high"] * 1.01


def test_what_is_divided_by_and_skewed_is_worth_what_its_closed_form_tells():
    random, n = np.random.RandomState(3), 100_000
    churn, years = random.beta(4, 76, n), random.lognormal(0, 1.5, n)
    for tree, leaves, skewed, expected in (
            (Tree("net = m / x - k"), {"m": (400, 40), "k": (9000, 500)}, churn, 400 / churn - 9000),
            (Tree("net = m / x - k"), {"m": (3, 1), "k": (9, 1)}, years, 3 / years - 9)):
        found = worth(tree.value_of_information(leaves | {"x": skewed}))
        assert found["x"] == pytest.approx(np.maximum(expected, 0).mean() - max(expected.mean(), 0), rel=.01)
        assert found["x"] <= found["net"]


def test_what_only_the_ends_of_an_input_would_decide_is_seen():
    (arpu, _), (margin, _), (churn, sd), _ = RATIOS.values()
    gain, _ = integrate.quad(lambda x: stats.norm.pdf(x, churn, sd) * max(arpu * margin / x - 160, 0),
                             churn - 6 * sd, churn + 6 * sd, points=[arpu * margin / 160])
    found = RATIO.value_of_information(RATIOS | {"cost": (160, 4)}, draws=400_000)   # one in a hundred draws
    assert worth(found)["churn"] == pytest.approx(gain, rel=.1)


def test_the_noise_of_the_draws_is_worth_nothing():
    tree = Tree("net = a + x / x - 1")
    shares = [tree.value_of_information({"a": (0, 1), "x": (9, 1)}, seed=seed).frame.set_index("metric")["share"]
              for seed in range(5)]
    assert np.mean([share["x"] for share in shares]) < .01


def test_everything_is_worth_no_less_than_a_part_that_is_known_exactly():
    tree = Tree("net = a * b")
    for seed in range(8):
        found = tree.value_of_information({"a": (1, 10), "b": (1, .001)}, draws=1000, seed=seed).frame
        assert found["share"].max() == 1 and (found["value"] <= found["high"]).all()


def test_nested_simulation_finds_the_same():
    random = np.random.default_rng(11)
    inner = {name: random.normal(*told, 2000) for name, told in RATIOS.items()}
    outer = random.normal(*RATIOS["churn"], 20_000)
    product, cost = (inner["arpu"] * inner["margin"]).mean(), inner["cost"].mean()
    given_churn = product / outer - cost
    nested = np.maximum(given_churn, 0).mean() - max(given_churn.mean(), 0)
    found = RATIO.value_of_information(RATIOS | {"arpu": (10, .3), "margin": .5}, draws=50_000)
    assert worth(RATIO.value_of_information(RATIOS))["churn"] == pytest.approx(nested, rel=.12)
    assert worth(found).is_monotonic_decreasing


def test_the_monte_carlo_interval_covers():
    (arpu, _), (margin, _), (churn, sd), (cost, _) = RATIOS.values()
    ends = churn - 6 * sd, churn + 6 * sd
    mean, gain = (integrate.quad(lambda x, cut=cut: stats.norm.pdf(x, churn, sd) * max(arpu * margin / x - cost, cut),
                                 *ends, points=[arpu * margin / cost])[0] for cut in (-1e9, 0))
    inside = 0
    for seed in range(60):
        row = RATIO.value_of_information(RATIOS, draws=4000, seed=seed).frame.set_index("metric").loc["churn"]
        inside += row["low"] <= gain - mean <= row["high"]
    assert inside >= 51   # of 60 at 95 %, fewer come about once in ten thousand times


def test_what_is_related_tells_about_the_other_too_and_says_so():
    random = np.random.RandomState(2)
    shared = random.normal(0, 1, 20_000)
    leaves = {"a": 1 + shared + random.normal(0, 1, 20_000), "b": shared + random.normal(0, .1, 20_000)}
    found = Tree("net = a + b").value_of_information(leaves, draws=20_000)
    slope = np.cov(leaves["a"], leaves["b"])[0, 1] / np.var(leaves["b"])
    exact = loss(1, (1 + slope) * leaves["b"].std())
    assert worth(found)["b"] == pytest.approx(exact, rel=.05)
    assert any(note.startswith("a, b are not independent") for note in found.notes)


def test_leaves_of_one_table_are_related_through_their_covariance():
    cov = np.array([[4.0, 1.5], [1.5, 1.0]])
    tree = Tree("net = a - 3 * b")
    inputs = replace(cells_of(tree, {"a": (5, 2), "b": (1.5, 1)}, Window())[()], cov=cov)
    found = value_of_information(tree, inputs)
    assert worth(found).to_dict() == pytest.approx({
        "net": loss(.5, np.sqrt(4 + 9 - 9)), "a": loss(.5, abs(4 - 4.5) / 2), "b": loss(.5, abs(1.5 - 3))}, rel=1e-9)
    assert found.notes[-1].startswith("a, b are not independent")
    product = value_of_information(Tree("net = a * b - 8"), replace(inputs, value=np.array([5.0, 1.5])))
    assert "exact" not in " ".join(product.frame["method"])


def test_a_decision_that_is_certain_needs_no_measuring():
    found = CAMPAIGN.value_of_information(GUESS | {"cost": 100.0, "effect": (.02, .001)})
    assert found.say()[:2] == ["As things are known, go: net value is expected to be ¥4.00M.",
                               "Nothing is worth measuring first: the other decision would be right in fewer than "
                               "one draw in a thousand."]
    assert "worth measuring" in Tree("x = a").value_of_information({"a": np.tile([0.0, 1.0], 60)}).say()[1]
    assert Tree("x = a").simulate({"a": 3}).say()[0] == "x: 3.00, as far as is known without any error."
    assert Tree("x = a").value_of_information({"a": -3}).say()[0].startswith("As things are known, do not go")


def test_where_no_error_is_known_no_chance_and_no_worth_are_told():
    tree, sure = Tree("sales = orders * basket"), {"orders": 10, "basket": 2}
    found = tree.simulate(sure, draws=200)
    assert np.isnan(found.chance()) and found.say()[1] == "P(sales > 0.00) cannot be told, as no error is known."
    assert tree.value_of_information(sure, draws=200).say()[1] == (
        "Which number to measure next cannot be told, as no error is known.")
    for question in (tree.simulate, tree.value_of_information):
        assert question(sure | {"orders": (10, 1)}, draws=200).say()[-1] == (
            "No error is known of basket: taken as exact.")
        assert "taken as exact" not in question({"orders": (10, 1), "basket": (2, .1)}, draws=200).say()[-1]


def test_a_seed_that_cannot_be_is_refused_and_tiny_shares_are_rounded():
    for seed in ("a", -1, 1.5, None, True):
        with pytest.raises(UsageError, match="seed= is a whole number"):
            CAMPAIGN.simulate(GUESS, draws=200, seed=seed)
    found = Tree("net = a - b").value_of_information({"a": (10, 9), "b": (1, 1.7)})
    assert 0 < found.frame["share"].iloc[-1] < 1e-4 and found.table().iloc[-1, -1] == "0.0%"


def test_it_says_what_to_measure_next():
    found = CAMPAIGN.value_of_information(GUESS)
    value = worth(found)
    assert found.say()[2] == ("Measure effect next: knowing it exactly is worth up to "
                              f"¥{value['effect']:,.0f} to this decision.")
    assert found.say()[3].startswith("Then ltv (¥")
    assert found.frame["share"].iloc[0] == 1 and (found.frame["share"] <= 1).all()
    alone = CAMPAIGN.value_of_information(GUESS | {"ltv": 20_000})
    assert alone.say()[3] == "The rest is worth little."


def test_no_single_number_may_change_a_decision_that_all_together_would():
    many = {f"x{at}": (0.0, 1.0) for at in range(12)} | {"x0": (7.0, 1.0)}
    found = Tree("net = " + " + ".join(many)).value_of_information(many)
    assert found.say()[2] == "No single number would change the decision; only several together would."


def test_where_0_may_be_divided_by_there_is_no_answer():
    tree = Tree("x = a / b")
    inputs = cells_of(tree, {"a": 1, "b": np.tile([0.0, 1.0], 100)}, Window())[()]
    with pytest.raises(DataError, match="x is no number in some draws"):
        value_of_information(tree, inputs)
    found = simulate(tree, inputs, draws=1000)
    assert found.frame["estimate"].iloc[0] == np.inf and "changes its sign" in found.notes[-1]


@settings(deadline=None, max_examples=25)
@given(trees(most=5), st.integers(0, 5))
def test_no_part_is_worth_more_than_the_whole_and_none_less_than_nothing(made, seed):
    leaves = {name: (value, .05 * value) for name, value in made.before.items()}
    found = Tree(made.text).value_of_information(leaves, draws=4000, seed=seed).frame
    slack = 1e-9 * made.scale(made.before) + 4 * (found["high"] - found["low"]).max()
    assert (found["value"] >= -slack).all() and (found["value"] <= found["value"].iloc[0] + slack).all()
