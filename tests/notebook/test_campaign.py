"""The experiment of a folder: who is in it, what each was worth, and that the comparison is the one of notebook 06."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from engagelab.errors import UsageError
from engagelab.notebook.campaign import Campaign, campaign
from engagelab.notebook.setup import open_data

ROOT = Path(__file__).parents[2]
PAID = {"subtotal": 100, "refunded": 10, "points": 5, "discount": 20, "status": "paid", "currency": "EUR",
        "ordered_at": "2025-06-03T03:00:00Z"}
# with these two all have been observed for the time that counts, and for the time before
LATER = {**PAID, "order_id": "z", "user_id": "z", "ordered_at": "2025-07-30T03:00:00Z"}
EARLIER = {**LATER, "order_id": "y", "ordered_at": "2025-02-01T03:00:00Z"}


def drawn(*arms, **more):
    """A row a customer, a, b, c ... in these arms; more columns as lists."""
    return [{"experiment": "spring", "user_id": "abcdefghij"[number], "arm": arm, "assigned_at": "2025-06-01T00:00:00Z",
             **{name: values[number] for name, values in more.items()}} for number, arm in enumerate(arms)]


def bought(user, number=1, **changed):
    return {**PAID, "order_id": f"{user}{number}", "user_id": user, **changed}


@pytest.fixture
def folder(tmp_path):
    """Makes a folder of tables, and opens it."""
    def made(text="", **tables):
        (tmp_path / "engagelab.toml").write_text(text, encoding="utf-8")
        for name, rows in tables.items():
            with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(dict.fromkeys(column for row in rows for column in row)))
                writer.writeheader()
                writer.writerows(rows)
        return open_data(str(tmp_path))
    return made


def worth(found, name="profit_per_head"):
    return found.rows.set_index("user_id")[name].to_dict()


@pytest.fixture(scope="module")
def sample():
    return open_data("sample")


def test_the_coupon_of_the_sample_loses_as_planted(sample):
    truths = {one["id"]: one for one in json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]}
    row = campaign(sample).compare().frame.iloc[0]
    assert row["metric"] == "profit_per_head" and row["verdict"] == "worse"
    assert row["low_adjusted"] < truths[14]["truth"]["gain"]["all"] < row["high_adjusted"] < 0


def test_the_comparison_is_the_one_that_notebook_06_shows(sample):
    cells = json.loads((ROOT / "notebooks/06_experiments.ipynb").read_text("utf-8"))["cells"]
    shown = next("".join(cell["outputs"][0]["data"]["text/markdown"]) for cell in cells
                 if cell["cell_type"] == "code" and "found.say()" in "".join(cell["source"]))
    found = campaign(sample).compare()
    assert shown == "\n".join(f"- {sentence}" for sentence in found.say())
    assert found.units["profit_per_head"] == "JPY"


def test_profit_is_what_was_paid_less_refunds_points_and_the_costs_of_the_items(folder):
    items = [{"order_id": f"{user}1", "line": 1, "product": "tea", "quantity": 3, "unit_price": 40, "cost": 7}
             for user in "abyz"]
    items += [{**item, "order_id": item["order_id"][0]} for item in items[2:]]
    found = campaign(folder(assignments=drawn("offer", "control", "control"), order_items=items, orders=[
        bought("a"), bought("b"), EARLIER, LATER]))
    assert worth(found) == {"a": 100 - 10 - 5 - 3 * 7, "b": 100 - 10 - 5 - 3 * 7, "c": 0}
    assert "what its items cost" in found.notes[-1]


def test_without_costs_the_margin_is_of_the_price_before_the_discount(folder):
    found = campaign(folder("[value]\nmargin = 0.4\n", assignments=drawn("offer", "control"), orders=[
        bought("a"), EARLIER, LATER]))
    assert worth(found)["a"] == pytest.approx(100 - 10 - 5 - .6 * 120)
    assert "all but 40.0%" in found.notes[-1]


def test_without_costs_and_margin_it_is_sales_and_that_is_said(folder):
    found = campaign(folder(assignments=drawn("offer", "control"), orders=[bought("a"), EARLIER, LATER]))
    assert found.primary == "sales_per_head" and worth(found, "sales_per_head")["a"] == 85
    assert "not profit" in found.notes[-1]


def test_what_was_paid_in_another_currency_or_is_void_or_comes_too_late(folder):
    found = campaign(folder(assignments=drawn("offer", "control", "control", "offer"), orders=[
        bought("a"), bought("b", currency="USD"), bought("c", status="Voided"), bought("c", 2, status="cancelled"),
        bought("d", ordered_at="2025-06-15T00:00:00Z"), bought("d", 2, ordered_at="2025-06-14T23:59:59Z", subtotal=50),
        EARLIER, LATER]))
    value = worth(found, "sales_per_head")
    assert pd.isna(value.pop("b")) and value == {"a": 85, "c": 0, "d": 35}
    assert found.money == "EUR" and "1 of 6 orders are not in EUR" in " ".join(found.notes)
    assert found.rows.set_index("user_id")["ordered"].to_dict() == {"a": True, "b": True, "c": False, "d": True}


def test_before_the_time_is_over_there_is_nothing_to_compare(folder):
    found = campaign(folder(assignments=drawn("offer", "control"), orders=[bought("a"), EARLIER]))
    assert found.rows is not None and not found.metrics and found.primary is None and found.compare() is None


def test_without_orders_it_is_clicks(folder):
    mail = {"send_id": "1", "user_id": "a", "sent_at": "2025-06-02T03:00:00Z", "delivered": "true", "clicked": "true"}
    found = campaign(folder(assignments=drawn("offer", "control"), email_sends=[
        mail, {**mail, "send_id": "2", "user_id": "b", "clicked": "false"},
        {**mail, "send_id": "3", "user_id": "b", "delivered": "false"},
        {**mail, "send_id": "4", "sent_at": "2025-07-20T00:00:00Z"}]))
    assert list(found.metrics) == ["clicked_any"] and found.came["name"] == "mails"
    assert worth(found, "clicked_any") == {"a": True, "b": False} and found.money == "number"


@pytest.mark.parametrize(("arms", "asked", "control", "said"), [
    (("offer", "Holdout"), "", "Holdout", "by its name"),
    (("offer", "control", "a"), "", "control", "by its name"),
    (("offer", "control"), "offer", "offer", ""),
    (("offer", "control"), "none", "control", "The table has no arm none"),
    (("coupon", "no_coupon"), "", None, ""),
    (("coupon", "no_coupon"), "neither", None, ""),
])
def test_the_control_is_the_one_asked_for_or_called_so_and_a_guess_is_said(folder, arms, asked, control, said):
    found = campaign(folder(f'[experiment]\ncontrol = "{asked}"\n' if asked else "", assignments=drawn(*arms)))
    assert found.control == control and found.arms == tuple(sorted(arms))
    assert (found.rows is None) == (control is None) and found.compare() is None
    assert said in " ".join(found.notes) and bool(said) == bool(found.notes)


def asking(company, **asked):
    experiment = replace(company.settings.experiment, **asked)
    return replace(company, settings=replace(company.settings, experiment=experiment))


def test_the_experiment_is_the_one_asked_for_else_the_one_with_most_customers(folder):
    rows = drawn("offer", "control", "control", "offer", "control")
    company = folder(assignments=[*({**row, "experiment": "autumn"} for row in rows[:2]), *rows[2:]])
    for asked, name in (("", "spring"), ("spring", "spring"), ("autumn", "autumn"), ("winter", "spring")):
        found = campaign(asking(company, name=asked))
        assert (found.name, len(found.drawn)) == (name, {"spring": 3, "autumn": 2}[name])
        assert ("There is no experiment winter" in " ".join(found.notes)) == (asked == "winter")
        assert f"Of 2 experiments in the table this is {name}" in " ".join(found.notes)


def test_rows_that_name_no_experiment_are_of_the_one_asked_for(folder):
    company = folder(assignments=drawn("offer", "control", "control"))
    table = company["assignments"].assign(experiment=[None, None, "autumn"])
    found = campaign(asking(replace(company, tables={"assignments": table}), name="spring"))
    assert (found.name, found.drawn["user_id"].tolist()) == ("spring", ["a", "b"])


def test_who_was_drawn_into_two_arms_is_left_out_and_said(folder):
    company = folder(assignments=drawn("offer", "control", "control"))
    table = company["assignments"]
    doubled = pd.concat([table, table.iloc[[0]].assign(arm="control"), table.iloc[[1]]])
    found = campaign(replace(company, tables={"assignments": doubled}))
    assert found.drawn["user_id"].tolist() == ["b", "c"] and "1 of 3 customers" in found.notes[0]


def test_clusters_count_only_where_each_is_in_one_arm(folder):
    arms = ("offer", "offer", "control", "control")
    assert campaign(folder(assignments=drawn(*arms, cluster="kkmm"))).drawn_by == {"cluster": "cluster"}
    mixed = campaign(folder(assignments=drawn(*arms, cluster="kmkm")))
    assert not mixed.drawn_by and "so customers were drawn" in mixed.notes[0]


@pytest.mark.parametrize(("text", "strata", "by"), [
    ("", "ssst", "stratum"), ("", "ssss", "segment"), ('segment = "plan"\n', "ssss", "plan"),
    ('segment = "plam"\n', "ssss", None)])
def test_segments_are_the_strata_of_the_draw_else_those_of_the_company(folder, text, strata, by):
    people = [{"user_id": user, "segment": segment, "plan": plan} for user, segment, plan in zip(
        "abcd", "xyxy", "ppqq", strict=True)]
    found = campaign(folder(text, assignments=drawn("offer", "control", "offer", "control", stratum=strata),
                            customers=people, orders=[bought("a"), EARLIER, LATER]))
    assert found.by == by and len(found.rows) == 4


def test_a_folder_without_an_experiment_gives_an_empty_one(folder):
    assert campaign(folder(orders=[bought("a")])) == Campaign()
    assert campaign(folder(assignments=drawn("", ""))) == Campaign()
    assert campaign(folder(assignments=drawn("offer", "offer"))).rows is None
    assert Campaign().compare() is None


def test_the_difference_and_its_interval_are_those_of_welch(folder):
    arms = ("offer", "control") * 5
    amounts = dict(zip("abcdefghij", (31, 12, 55, 20, 18, 44, 72, 9, 41, 27), strict=True))
    found = campaign(folder(assignments=drawn(*arms), orders=[LATER, *(
        bought(user, subtotal=amount) for user, amount in amounts.items())]))
    value = pd.Series(worth(found, "sales_per_head")).to_numpy()
    welch = ttest_ind(value[::2], value[1::2], equal_var=False)
    row = found.compare().frame.iloc[0]
    assert row["difference"] == pytest.approx(value[::2].mean() - value[1::2].mean())
    assert (row["low"], row["high"]) == pytest.approx(tuple(welch.confidence_interval(.95)))
    narrow = found.compare(confidence=.8).frame.iloc[0]
    assert (narrow["low"], narrow["high"]) == pytest.approx(tuple(welch.confidence_interval(.8)))


def test_what_is_asked_of_the_comparison_wins_over_what_the_folder_tells(sample):
    found = campaign(sample)
    assert found.by and found.compare(by=None).by.empty and not found.compare().by.empty
    assert found.compare(control="coupon").frame["arm"].unique().tolist() == ["holdout"]
    with pytest.raises(UsageError):
        found.compare(primary="profit")


def test_the_planned_split_and_the_clusters_go_into_the_comparison(sample):
    uneven = campaign(asking(sample, split={"coupon": 1, "holdout": 3})).compare()
    assert set(uneven.frame["verdict"]) == {"no_verdict"}
    shops = campaign(asking(sample, name="service_test", control="usual", within="240 days"))
    assert shops.compare().settings["unit"] == "cluster"


def test_rows_that_were_set_aside_are_said(folder):
    found = campaign(folder(assignments=drawn("offer", "control", "")))
    assert found.notes[0].startswith("1 rows of the assignments were set aside") and len(found.drawn) == 2


def test_orders_that_say_no_currency_are_in_the_one_of_the_company(folder):
    orders = [{**row, "currency": ""} for row in (bought("a"), EARLIER, LATER)]
    tables = {"assignments": drawn("offer", "control"), "orders": orders}
    assert campaign(folder(**tables)).money == "number"
    assert campaign(folder('currency = "CHF"\n', **tables)).money == "CHF"


@given(seed=st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_rows_of_the_files_changes_nothing(sample, seed):
    names = ("assignments", "orders", "order_items", "customers")
    tables = {name: sample[name].sample(frac=1, random_state=seed) for name in names}
    shuffled, straight = campaign(replace(sample, tables=tables)), campaign(sample)
    assert (shuffled.arms, shuffled.control, shuffled.by, shuffled.notes) == (
        straight.arms, straight.control, straight.by, straight.notes)
    pd.testing.assert_frame_equal(
        *(one.rows.sort_values("user_id", ignore_index=True)[["user_id", "arm", "orders", "ordered", "profit_per_head"]]
          for one in (shuffled, straight)), rtol=1e-9)
