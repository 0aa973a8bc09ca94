"""The portfolio against brute force over all sets, a simulation, and the figures of its own campaigns."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import DataError, EngagelabError, NoColumn, UsageError
from engagelab.metrics.winner import best
from engagelab.roi import cac_saving, incremental, portfolio

TABLE = pd.DataFrame({"campaign": ["mail", "shop", "app", "web"], "cost": [300, 700, 600, 100],
                      "net_value": [120, 250, 180, -40], "se": [40, 160, 90, 30]})
campaigns = st.lists(st.tuples(st.integers(0, 30), st.integers(-10, 40), st.sampled_from(["", "x", "y"])), min_size=1,
                     max_size=8)


def table(rows):
    return pd.DataFrame([{"campaign": f"c{i}", "cost": cost / 10, "net_value": net, "se": 1, "group": group}
                         for i, (cost, net, group) in enumerate(rows)])


@given(campaigns, st.integers(0, 90))
@settings(max_examples=150)
def test_no_set_within_the_budget_brings_more_and_none_as_good_costs_less(rows, budget):
    best_set = (0, 0)
    for places in itertools.chain.from_iterable(itertools.combinations(range(len(rows)), k) for k in range(1, 9)):
        groups = [rows[i][2] for i in places if rows[i][2]]
        cost = sum(rows[i][0] for i in places)
        if cost <= budget and len(groups) == len(set(groups)):
            best_set = max(best_set, (sum(rows[i][1] for i in places), -cost))
    found = portfolio(table(rows), budget / 10).frame
    taken = found[found["chosen"]]
    assert taken["estimate"].sum() == pytest.approx(best_set[0])
    assert taken["cost"].sum() == pytest.approx(-best_set[1] / 10)
    assert not taken["group"][taken["group"] != ""].duplicated().any()


@given(campaigns)
@settings(max_examples=30)
def test_without_a_budget_all_that_pay_are_chosen_the_best_of_each_group(rows):
    found = portfolio(table(rows)).frame
    told = sum(max(0, net) for _, net, group in rows if not group) + sum(
        max([0, *(net for _, net, group in rows if group == name)]) for name in "xy")
    assert found["estimate"][found["chosen"]].sum() == told


def test_costs_of_a_tenth_and_two_tenths_fit_three_tenths_and_not_less():
    small = pd.DataFrame({"campaign": ["a", "b"], "cost": [.1, .2], "net_value": [1, 1], "se": 1})
    assert portfolio(small, .3).frame["chosen"].all()
    assert not portfolio(small, .3 - 1e-12).frame["chosen"].all()
    large = small.assign(cost=[1_000_000, 2_000_001])
    assert not portfolio(large, 3_000_000).frame["chosen"].all() and portfolio(large, 3_000_001).frame["chosen"].all()


def test_the_chance_of_a_loss_and_the_shortfall_are_those_of_simulated_campaigns():
    drawn = np.random.RandomState(1).normal(250, 160, 400_000)
    row = portfolio(TABLE).frame.iloc[0]
    assert row["chance_of_loss"] == pytest.approx((drawn < 0).mean(), abs=.002)
    worst = np.sort(drawn)[:20_000].mean()
    assert row["shortfall"] == pytest.approx(worst, abs=3)


def test_ranks_costs_and_sentences():
    found = portfolio(TABLE, 1000, unit="JPY")
    rows = found.frame.set_index("campaign")
    assert rows["rank"].to_dict() == {"shop": 1, "app": 2, "mail": 3, "web": 4}
    assert rows["rank_by_loss"].to_dict() == {"shop": 3, "app": 2, "mail": 1, "web": 4}
    assert rows["efficiency"]["mail"] == .4 and rows["cumulative_cost"]["mail"] == 1000
    half = 1.959963984540054 * math.hypot(160, 40)
    assert found.say()[0].startswith("Pay for shop, mail: together they cost ¥1,000 and bring a net value of ¥370 "
                                     f"(¥{370 - half:.0f} to ¥{370 + half:.0f}); the chance of a loss is 1.2%")
    assert found.say()[1] == "The next money goes to app: it takes ¥600 more."
    assert portfolio(TABLE).say()[1:] == []
    assert portfolio(TABLE[3:], 1000).say() == ["By these estimates no campaign that fits the budget pays: spend "
                                                "nothing."]


def test_exclusive_alternatives_are_not_both_next():
    grouped = TABLE.assign(group=["", "price", "price", None])
    found = portfolio(grouped, 1000)
    assert found.frame.set_index("campaign")["chosen"].to_dict() == {"shop": True, "app": False, "mail": True,
                                                                     "web": False}
    assert len(found.say()) == 1


def test_a_tie_is_said_and_the_first_is_taken():
    same = pd.DataFrame({"campaign": ["a", "b"], "cost": [5, 5], "net_value": [3, 3], "se": 1})
    found = portfolio(same, 5)
    assert found.frame["chosen"].tolist() == [True, False] and any("Another set" in note for note in found.notes)
    assert not any("Another set" in note for note in portfolio(same, 10).notes)
    cheaper = portfolio(same.assign(cost=[7, 5], group="x")).frame
    assert cheaper["campaign"][cheaper["chosen"]].tolist() == ["b"]


def test_the_luck_of_the_best_is_taken_off():
    found, told = portfolio(TABLE, unit="JPY"), best([250, 180, 120, -40], [160, 90, 40, 30])
    assert f"Corrected for that it brings ¥{told.estimate:,.0f}".replace("¥-", "−¥") in found.notes[-1]
    assert "cannot be told" in portfolio(TABLE.assign(se=0)).notes[-1]
    assert len(portfolio(TABLE[:1]).notes) == 1


def test_luck_too_small_to_be_seen_is_not_spoken_of():
    table = pd.DataFrame({"campaign": ["mail", "shop"], "cost": 1, "net_value": [900, 100], "se": [20, 20]})
    assert best([900, 100], [20, 20]).estimate == pytest.approx(900, abs=.4)
    assert not any("Corrected" in note for note in portfolio(table, unit="JPY").notes)


def test_effects_and_returns_come_to_the_same():
    returns = {"mail": incremental(.012, .004, 50_000, 3_000, 1_200_000, rung="experiment"),
               "win": cac_saving(7_000, 6_900, 1_000)}
    found = portfolio(returns, 2e6).frame.set_index("campaign")
    assert found.loc["mail", ["estimate", "se", "cost", "rung"]].tolist() == [600_000, pytest.approx(600_000), 1.2e6,
                                                                             "experiment"]
    assert found["se"]["win"] == 0 and math.isnan(found["low"]["win"]) and math.isnan(found["efficiency"]["win"])
    told = portfolio(pd.DataFrame({"campaign": ["mail"], "effect": .012, "se": .004, "reach": 50_000, "value": 3_000,
                                   "cost": 1_200_000})).frame.iloc[0]
    assert [told["estimate"], told["se"]] == pytest.approx([600_000, 600_000])


def test_what_is_flagged_is_never_chosen():
    found = portfolio(TABLE.assign(flag=["", "a check of the experiment failed", None, ""]), 1000)
    assert not found.frame.set_index("campaign")["chosen"]["shop"]
    assert found.frame["flag"].tolist().count("a check of the experiment failed") == 1


def test_many_campaigns_are_solved_and_what_would_never_end_is_refused():
    random = np.random.RandomState(3)
    many = pd.DataFrame({"campaign": range(40), "cost": random.randint(1, 500, 40) * 1000.0,
                         "net_value": random.normal(50, 100, 40), "se": 10.0})
    assert portfolio(many, 2_000_000).frame["chosen"].any()
    hostile = pd.DataFrame({"campaign": range(60), "cost": random.rand(60) + 1, "se": 1.0})
    with pytest.raises(UsageError, match="60 campaigns make too many sets"):
        portfolio(hostile.assign(net_value=hostile["cost"]), 45)


def test_the_milp_of_scipy_finds_nothing_better():
    from scipy.optimize import Bounds, LinearConstraint, milp

    random = np.random.RandomState(7)
    cost, net = random.randint(1, 900, 25), random.randint(-50, 300, 25)
    told = milp(-net, constraints=LinearConstraint(cost[None, :], ub=3000), integrality=np.ones(25),
                bounds=Bounds(0, 1), options={"mip_rel_gap": 0})
    found = portfolio(pd.DataFrame({"campaign": range(25), "cost": cost, "net_value": net, "se": 5}), 3000).frame
    assert found["estimate"][found["chosen"]].sum() == pytest.approx(-told.fun)


def test_it_reads_well_in_both_languages():
    for language, head in (("en", "chance of a loss"), ("ja", "赤字の確率")):
        with words.speaking(language):
            own = TABLE.assign(campaign=["<b>", "shop", "app", "web"], rung="before_after")
            found = portfolio(own, 700, unit="JPY")
            assert head in repr(found) and "&lt;b&gt;" in found._repr_html_() and "{" not in repr(found)


def test_unlike_units_are_never_ranked_together():
    yen, dollars, plain = ({name: incremental(.02, .01, 5_000, 30, 100, unit=unit)} for name, unit in (
        ("mail", "JPY"), ("post", "USD"), ("app", "number")))
    for campaigns, unit in (({**yen, **dollars}, "JPY"), ({**yen, **dollars}, "number"), (dollars, "JPY"),
                            ({**yen, **plain}, "number"), (TABLE.assign(currency=["JPY", "USD"] * 2), "number")):
        with pytest.raises(UsageError, match="unlike units"):
            portfolio(campaigns, unit=unit)
    assert portfolio(yen).unit == portfolio({**yen, **plain}, unit="JPY").unit == "JPY"
    assert portfolio(TABLE.assign(currency="USD")).unit == "USD"


@pytest.mark.parametrize("change", [
    {"cost": -1}, {"cost": "¥300"}, {"se": -1}, {"se": math.nan}, {"net_value": math.inf}, {"campaign": "same"},
    {"campaign": None}, {"rung": "guess"}])
def test_what_cannot_be_is_refused_in_one_line(change):
    with pytest.raises(EngagelabError) as caught:
        portfolio(TABLE.assign(**change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("call", "kind"), [
    (lambda: portfolio(TABLE, -1), UsageError), (lambda: portfolio(TABLE, "1M"), UsageError),
    (lambda: portfolio(TABLE, math.nan), UsageError), (lambda: portfolio(TABLE.drop(columns="se")), NoColumn),
    (lambda: portfolio(TABLE[:0]), DataError), (lambda: portfolio({}), EngagelabError),
    (lambda: portfolio([1, 2]), UsageError), (lambda: portfolio({"a": 5}), UsageError),
    (lambda: portfolio(TABLE.drop(columns="net_value").assign(effect=.1, reach=0, value=5)), UsageError)])
def test_hostile_arguments_are_refused_in_one_line(call, kind):
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value)
