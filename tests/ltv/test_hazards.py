"""Hazard ratios in a customer's words: levels, steps, flags and sentences; figures against lifelines and simulation."""

import numpy as np
import pandas as pd
import pytest

from engagelab import words
from engagelab.errors import DataError, EngagelabError, UsageError
from engagelab.ltv.hazards import hazards
from engagelab.metrics.survival import kaplan_meier
from tests.ltv.test_cox import rossi
from tests.public_data import folder

HOW = {"duration": "months", "ended": "left"}
ANSWER = ["estimate", "low", "high", "se", "count", "n", "n_eff", "n_missing", "method", "flag"]


def company(seed=1, n=600):
    """Plans by the month leave three times as often as those by the year; a yen more of price a little."""
    random = np.random.RandomState(seed)
    plan, price = random.choice(["month", "year", "week"], n, p=[.5, .3, .2]), random.normal(3000, 400, n)
    rate = .05 * np.select([plan == "year", plan == "week"], [1 / 3, 2], 1.0) * np.exp((price - 3000) / 1000)
    life, seen = random.exponential(1 / rate), random.uniform(2, 36, n)
    return pd.DataFrame({"months": np.minimum(life, seen), "left": life <= seen, "plan": plan, "price": price,
                         "paused": random.rand(n) < .2, "city": random.choice(["A", "B"], n)})


def test_the_ratios_that_were_planted_are_found_each_against_the_most_frequent_level():
    made = hazards(company(2, 3000), **HOW, features=["plan", "price", "paused"])
    rows = made.frame
    assert list(rows.columns) == ["metric", "feature", "level", "against", *ANSWER, "p", "p_proportional"]
    assert rows[["feature", "level", "against"]].to_numpy().tolist() == [
        ["plan", "week", "month"], ["plan", "year", "month"], ["price", "+100", ""], ["paused", "True", "False"]]
    truth = [2, 1 / 3, np.exp(.1), 1]
    assert ((rows["low"] < truth) & (truth < rows["high"])).all()
    said = " ".join(made.notes)
    assert "plan year: leaves 0.3" in said and "as often as month" in said and "price +100: leaves 1.10 times" in said
    assert "paused" not in said and "no effect of acting" in made.notes[0]


def test_counts_are_those_of_the_level():
    table = company()
    rows = hazards(table, **HOW, features=["plan", "price"]).frame
    week = table[table["plan"] == "week"]
    assert rows.loc[0, ["n", "count"]].tolist() == [len(week), week["left"].sum()]
    assert rows.loc[2, ["n", "count"]].tolist() == [600, table["left"].sum()]


def test_the_released_prisoners_as_the_textbook_has_them():
    made = hazards(rossi(), duration="week", ended="arrest", features=["fin", "age", "prio"])
    rows = made.frame.set_index("feature")
    assert rows["level"].tolist() == ["+1", "+1", "+1"]
    # lifelines 0.30.3: CoxPHFitter().fit(rossi[["week", "arrest", "fin", "age", "prio"]], "week", "arrest").params_
    assert np.log(rows["estimate"]).tolist() == pytest.approx([-.346954, -.067105, .096893], abs=1e-6)


def test_telecom_customers_as_lifelines_has_them():
    file = folder() / "telco_churn.csv"
    if not file.exists():
        pytest.skip("no telco_churn.csv in the folder of public data")
    table = pd.read_csv(file).query("tenure > 0")
    table["ended"] = table["Churn"] == "Yes"
    made = hazards(table, duration="tenure", ended="ended", features=["SeniorCitizen", "Contract", "InternetService"])
    # statsmodels 0.14.6: PHReg(tenure, dummies less Month-to-month and Fiber optic, status=ended, ties="efron").fit();
    # lifelines 0.30.3 gives the same but for -4.041189, where its log-likelihood is lower by 1e-7; the rest is its
    assert np.log(made.frame["estimate"]).tolist() == pytest.approx(
        [-.06512543, -2.1068844, -4.04125597, -.30790574, -.60505515], abs=1e-7)
    assert made.frame["se"].tolist() == pytest.approx([.054712, .084435, .158302, .055615, .100977], abs=2e-5)
    assert made.concordance["estimate"].item() == pytest.approx(.7869188464898981, abs=1e-9)
    assert made.model.loglik == pytest.approx(-14313.529666573842, abs=1e-7)


def test_a_level_that_nobody_left_is_set_aside_and_the_others_keep_their_ratios():
    table = company()
    table.loc[table["plan"] == "year", "left"] = False
    made = hazards(table, **HOW, features=["plan", "price"])
    row = made.frame.set_index("level").loc["year"]
    assert np.isnan(row["estimate"]) and row["flag"] == f"none of {row['n']} left: no ratio" and row["count"] == 0
    with pytest.raises(DataError, match="column 'plan', row 1: 'year'"):
        made.survival(table[table["plan"] == "year"], [6])
    others = hazards(table[table["plan"] != "year"], **HOW, features=["plan", "price"]).frame
    kept = made.frame[made.frame["level"] != "year"]
    assert kept["estimate"].tolist() == pytest.approx(others["estimate"].tolist())


def test_a_feature_known_only_afterwards_is_flagged():
    table = company()
    table["reason"] = np.where(table["left"], "moved", "none")
    made = hazards(table, **HOW, features=["reason", "price"]).frame
    assert "none of" in made["flag"].iloc[0] or "known only afterwards" in made["flag"].iloc[0]
    table["when_left"] = np.where(table["left"], -table["months"], -99.0)
    made = hazards(table[table["left"]], **HOW, features=["when_left", "price"]).frame
    assert np.isnan(made["estimate"].iloc[0]) and "without exception" in made["flag"].iloc[0]
    with pytest.raises(DataError, match="'when left \\+1' has no ratio"):
        hazards(table[table["left"]], **HOW, features=["when_left"]).survival(table, [6])
    table["some"] = np.where(table["left"] & (table["months"] < 8), "yes", "no")
    assert "known only afterwards" in hazards(table, **HOW, features=["some", "price"]).frame["flag"].iloc[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_leak_takes_no_other_feature_along(seed):
    random = np.random.RandomState(seed)
    life, noise = random.exponential(10, 300), random.normal(size=300)
    table = pd.DataFrame({"months": life, "left": True, "leak": life, "noise": noise})
    rows = hazards(table, **HOW, features=["leak", "noise"]).frame.set_index("feature")
    alone = hazards(table, **HOW, features=["noise"]).frame.set_index("feature")
    assert np.isnan(rows.loc["leak", "estimate"]) and "It is left out" in rows.loc["leak", "flag"]
    assert rows.loc["noise", "estimate"] == pytest.approx(alone.loc["noise", "estimate"])
    assert rows.loc["noise", "flag"] == ""


def test_levels_that_leave_first_keep_their_flags_beside_a_leak():
    random = np.random.RandomState(0)
    life = random.exponential(10, 400)
    table = pd.DataFrame({"months": life, "left": True, "why": np.select([life < 1, life < 2], ["shut", "moved"], "-"),
                          "noise": random.normal(size=400), "leak": life})
    for features in (["why", "noise"], ["why", "noise", "leak"]):
        rows = hazards(table, **HOW, features=features).frame.set_index("feature")
        assert rows["estimate"].drop("noise").isna().all() and rows["flag"].str.contains("without exception").sum() == (
            len(rows) - 1)
        assert .8 < rows.loc["noise", "estimate"] < 1.25


def test_the_row_that_is_named_is_that_of_the_table():
    table = company()
    table.loc[:4, "price"] = np.nan
    with pytest.raises(DataError, match="column 'months', row 8"):
        hazards(table.assign(months=table["months"].where(table.index != 7, -1)), **HOW, features=["price"])


def test_few_leavers_are_flagged_and_said():
    made = hazards(company(n=60), **HOW, features=["plan", "price", "paused", "city"])
    assert made.frame["flag"].str.contains("fewer than 10 leavers a feature").all()
    assert any(note.endswith("so the ratios are unsure.") for note in made.notes)


def test_ratios_that_change_over_time_are_named():
    random = np.random.RandomState(4)
    group = random.randint(0, 2, 2000)
    life = np.where(group == 1, random.weibull(.5, 2000), random.weibull(2, 2000)) * 10
    table = pd.DataFrame({"months": np.minimum(life, 20), "left": life < 20, "group": group.astype(str),
                          "noise": random.normal(size=2000)})
    made = hazards(table, **HOW, features=["group", "noise"])
    assert made.notes[-1].startswith("Not the same at all times: group")
    assert "noise" not in made.notes[-1]


def test_missing_values_are_counted_by_column():
    table = company().astype({"plan": object})
    table.loc[:9, "plan"], table.loc[5:14, "price"] = None, np.nan
    made = hazards(table, **HOW, features=["plan", "price"])
    assert made.frame["n_missing"].unique().tolist() == [15]
    assert "left out: 15 of 600 rows" in " ".join(made.notes) and "plan: 10" in " ".join(made.notes)


def test_predicted_curves_are_between_the_groups_own_and_their_intervals_hold_the_truth():
    table = company(7, 3000)
    made = hazards(table, **HOW, features=["plan", "price"])
    rows = pd.DataFrame({"plan": ["month", "year", "week"], "price": 3000.0})
    curves = made.survival(rows, [6, 12, 99])
    assert list(curves.columns) == ["row", "time", "survival", "low", "high", "se"]
    for number, factor in ((1, 1), (2, 1 / 3), (3, 2)):
        own = curves[curves["row"] == number]
        truth = np.exp(-.05 * factor * np.array([6, 12]))
        assert ((own["low"].iloc[:2] < truth) & (truth < own["high"].iloc[:2])).all()
        assert np.isnan(own["survival"].iloc[2])
    within = hazards(table, **HOW, features=["price"], strata="plan")
    curve = within.survival(rows, [12])["survival"].tolist()
    for share, plan in zip(curve, rows["plan"], strict=True):
        group = kaplan_meier(table[table["plan"] == plan], duration="months", ended="left")
        assert share == pytest.approx(group.loc[group["time"] <= 12, "survival"].iloc[-1], abs=.02)


def test_a_value_that_the_model_has_not_seen_is_refused():
    made = hazards(company(), **HOW, features=["plan", "price"], strata="city")
    rows = pd.DataFrame({"plan": ["month", "decade"], "price": 3000.0, "city": "A"})
    with pytest.raises(DataError, match="column 'plan', row 2: 'decade'"):
        made.survival(rows, [6])
    with pytest.raises(DataError, match="column 'price', row 1"):
        made.survival(rows.assign(plan="month", price=np.nan), [6])
    with pytest.raises(DataError, match="column 'times', row 2: 'soon'"):
        made.survival(rows.assign(plan="month"), [1, "soon"])
    assert made.survival(rows.assign(plan="month"), [np.nan])["survival"].isna().all()
    with pytest.raises(DataError, match="column 'city', row 1"):
        made.survival(rows.assign(plan="month", city="C"), [6])


def test_flags_text_and_numbers_are_read_alike_in_every_dtype():
    table = company()
    plain = hazards(table, **HOW, features=["plan", "paused", "price"]).frame
    for kinds in ({"plan": "category", "paused": "boolean", "left": "boolean", "price": "Float64"}, {
            "plan": object, "paused": object, "left": "int64"}, {"left": "float64", "price": object}):
        assert hazards(table.astype(kinds), **HOW, features=["plan", "paused", "price"]).frame.equals(plain), kinds


@pytest.mark.parametrize(("change", "features", "match"), [
    ({"plan": "same"}, ["plan", "price"], "column 'plan' does not vary"),
    ({"price": 3.0}, ["price"], "column 'price' does not vary"),
    ({"left": False}, ["price"], "none of 600 has left"),
    ({"left": 2}, ["price"], "column 'left', row 1: 2 is neither"),
    ({"months": -1.0}, ["price"], "column 'months', row 1: -1 is no duration"),
    ({"months": np.inf}, ["price"], "column 'months', row 1"),
    ({"price": np.inf}, ["price"], "column 'price', row 1"),
    ({"plan": [str(i) for i in range(600)]}, ["plan"], "600 levels; 50 are the most"),
    ({}, ["left", "price"], "'left' is what is to be explained"),
    ({}, ["nobody"], "no column 'nobody'"), ({}, "plan", "list of column names"), ({}, [], "list of column names")])
def test_bad_input_is_one_clear_line(change, features, match):
    with pytest.raises(EngagelabError, match=match):
        hazards(company().assign(**change), **HOW, features=features)


def test_features_that_say_the_same_are_named():
    table = company()
    with pytest.raises(DataError, match="'cents \\+10,000' follows"):
        hazards(table.assign(cents=table["price"] * 100), **HOW, features=["price", "plan", "cents"])
    with pytest.raises(DataError, match="more features than rows"):
        hazards(table.assign(left=True, other=np.arange(600.0))[:2], **HOW, features=["price", "other"])


def test_everything_missing_or_late_is_refused():
    table = company()
    with pytest.raises(EngagelabError):
        hazards(table.assign(price=np.nan), **HOW, features=["price"])
    with pytest.raises(DataError, match="never at risk"):
        hazards(table.assign(since=table["months"]), **HOW, features=["price"], entry="since")
    with pytest.raises(UsageError, match="confidence"):
        hazards(table, **HOW, features=["price"], confidence=95)


def test_it_is_looked_at_in_both_languages():
    table = company()
    assert "paused" in repr(hazards(table, **HOW, features=["paused"]))
    with words.speaking("ja"):
        made = hazards(table, **HOW, features=["plan", "price"])
        assert "施策の効果ではありません" in made._repr_html_() and "離脱のしやすさは" in repr(made)
    assert made.plot(title="").get_xlim()[0] < made.frame["low"].min()
