"""What an action changed without a lot: against notebook measures, and whoever sends bad tables."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tables import AT, DAYS, SHOPS, days, shops

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.roi import before_after


def test_talks_are_worth_a_tenth_and_not_nine_as_in_the_lesson(workplace):
    people, staff, places = (workplace()[name] for name in ("pulses", "employees", "shops"))
    asked = people[(people["question_id"] == "manager") & people["shop_id"].notna()
                   & people["wave"].isin(["2026-05", "2026-08"])]
    talked = set(staff.loc[staff["one_on_one_at"].notna(), "shop_id"].dropna())
    region = places.drop_duplicates("shop_id").set_index("shop_id")["region"]
    means = el.measure(asked, {"score": el.mean("score", min_n=5)}, by=["shop_id", "wave"]).pivot(
        index="shop_id", columns="wave", values="estimate")
    alike = means[(means["2026-05"] <= means.loc[list(talked), "2026-05"].max())
                  & ~means.index.map(region).isin(region[list(talked)])].index
    asked = asked[asked["shop_id"].isin([*talked, *alike])]
    found = before_after(asked, {"manager": el.mean("score", min_n=5)}, time="wave", at="2026-08", unit="shop_id",
                         treated=talked)
    effect, seen = found.frame.iloc[0], found.frame.iloc[1]
    change = means["2026-08"] - means["2026-05"]
    test = stats.ttest_ind(change[list(talked)], change[alike], equal_var=False)
    assert effect["estimate"] == pytest.approx(change[list(talked)].mean() - change[alike].mean())
    assert effect["p"] == pytest.approx(test.pvalue)
    assert [effect["low"], effect["high"]] == pytest.approx(list(test.confidence_interval()))
    assert effect["low"] < .1 < effect["high"] < .3 and seen["estimate"] > .85
    assert effect["rung"] == "control_group" and seen["rung"] == "before_after"


def test_rows_of_a_unit_are_no_units_and_a_group_is_read_by_its_units():
    found = shops(group="region", treated="k")
    assert found.frame.loc[0, ["estimate", "low", "high"]].equals(shops().frame.loc[0, ["estimate", "low", "high"]])
    assert found.frame.loc[0, ["n_treated", "n_control", "n_before", "n_after"]].tolist() == [4, 6, 2, 1]
    many = pd.concat([SHOPS] * 50, ignore_index=True)
    rows = before_after(many, el.mean("score"), time="wave", at="2026-08", unit="shop", group="region", treated="k")
    assert rows.frame.loc[0, "se"] == pytest.approx(found.frame.loc[0, "se"])


@pytest.mark.parametrize(("told", "error", "says"), [
    ({"method": "itss"}, UsageError, "did you mean 'its'"),
    ({"value": "sale"}, NoColumn, "did you mean 'sales'"),
    ({"at": "2027-01-01"}, DataError, "nothing before or nothing after"),
    ({"at": 3}, UsageError, "must be a date"),
    ({"at": "2026-01-05"}, DataError, "takes at least 12"),
    ({"at": "2026-02-25", "method": "its"}, DataError, "takes at least 8 and 8"),
    ({"data": DAYS.assign(sales=7)}, DataError, "never moves"),
    ({"data": DAYS.assign(other=7), "control": "other"}, DataError, "'other' never moves"),
    ({"data": DAYS.assign(more=2 * DAYS["other"] + 1), "control": ["other", "more"]}, DataError, "leave one out"),
    ({"data": DAYS.assign(other=2 * DAYS["sales"]), "control": "other"}, DataError, "without any error"),
    ({"data": DAYS.assign(other=DAYS["other"].where(DAYS["day"] < AT)), "control": "other"}, DataError, "ends early"),
    ({"data": pd.concat([DAYS, DAYS.tail(2)])}, DataError, "2026-02-28 stands more than once.*sum or average"),
    ({"data": DAYS.assign(sales=DAYS["sales"].astype("str").where(DAYS.index != 2, "n/a"))}, DataError, "row 3.*n/a"),
    ({"data": DAYS.assign(sales=DAYS["sales"].where(DAYS.index != 2, np.inf))}, DataError, "row 3"),
    ({"data": DAYS.head(0)}, DataError, "no row has a period"),
    ({"data": DAYS.assign(day=[f"d{i}" for i in range(60)])}, DataError, "neither a date nor a whole number"),
    ({"value": el.mean("sales"), "every": "day", "control": "other"}, UsageError, "make a table first"),
    ({"control": "sales"}, UsageError, "twice"),
    ({"control": "other", "method": "its"}, UsageError, "impact"),
    ({"method": "did"}, UsageError, "treated="),
    ({"treated": ["a"]}, UsageError, "unit="),
    ({"every": "fortnight"}, UsageError, "must be one of"),
    ({"tz": "Mars"}, UsageError, "no time zone"),
    ({"confidence": 95}, UsageError, "between 0 and 1")])
def test_what_cannot_be_told_is_refused_in_one_line(told, error, says):
    with pytest.raises(error, match=says) as caught:
        days(**told)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("told", "error", "says"), [
    ({"treated": "S1"}, UsageError, "^'S1' is none of the 10 values of 'shop'; treated= takes them as the table writes "
     "them$"),
    ({"treated": []}, UsageError, "neither none nor all"),
    ({"data": SHOPS[(SHOPS["wave"] != "2026-08") | (SHOPS["region"] == "k")]}, DataError, "without the action"),
    ({"data": pd.concat([SHOPS, SHOPS.head(1)])}, DataError, "2026-02 stands more than once"),
    ({"data": SHOPS.assign(region=np.where(SHOPS["wave"] == "2026-08", "k", SHOPS["region"])), "group": "region",
      "treated": "k"}, DataError, "more than one 'region'"),
    ({"control": "region"}, UsageError, "give one of them")])
def test_groups_that_cannot_be_compared_are_refused(told, error, says):
    with pytest.raises(error, match=says):
        shops(**told)


def test_everything_is_said_in_both_languages_and_drawn():
    for language in words.LANGUAGES:
        with words.speaking(language):
            for found in (days(control="other", placebo=True), days(method="its"), shops(placebo=True)):
                text = repr(found)
                assert all(sentence in text for sentence in (*found.say(), *found.notes))
                assert "before_after." not in text and "<table" in found._repr_html_()
    assert "experiment" in shops().say()[-1] and "cannot know" in days().say()[-1]
    assert shops().plot().child_axes[0].lines and days(currency="JPY").say()[0].count("¥") == 3


def test_one_thing_has_one_word():
    rooms = ("roi.", "rung.", "portfolio.", "before_after.", "metric.net_value", "label.net_value")
    said = {key: told["ja"] for key, told in words.catalogue().items() if key.startswith(rooms)}
    assert not [key for key, told in said.items() if "純利益" in told or "比較群" in told or ".rung_" in key]
