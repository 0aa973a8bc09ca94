"""What the fifth lesson says, against what was planted in the sample company."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def said():
    notebook = json.loads((ROOT / "notebooks/05_lifetime_value.ipynb").read_text("utf-8"))
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "\n".join("".join(data.get("text/markdown", data.get("text/plain", ""))) for data in outputs)


@pytest.fixture(scope="module")
def truths():
    return {truth["id"]: truth for truth in json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]}


def found(said, pattern):
    match = re.search(pattern, said)
    assert match, pattern
    return [float(figure.replace("−", "-").replace(",", "").replace("¥", "")) for figure in match.groups()]


def test_the_first_month_is_what_the_naive_reading_goes_by(said, truths):
    naive = truths[12]["naive"]
    (churn,) = found(said, r"Churn in the first period +([\d.]+)% ")
    (life,) = found(said, r"1 / churn in the first period +([\d.]+) ")
    assert churn == pytest.approx(100 * naive["first_month_churn"], abs=.3)
    assert life == pytest.approx(naive["mean_life"], abs=.3)


def test_two_kinds_of_leavers_are_found_with_their_mean_life(said, truths):
    truth = truths[12]["truth"]
    _, low, high = found(said, r"Mean life \(months\) +\(all\) +([\d.]+) ([\d.]+) to ([\d.]+)")
    assert low < truth["mean_life"] < high
    for name, key in (("Share of quick leavers", "quick_share"), ("Churn of quick leavers", "churn_quick"),
                      ("Churn of slow leavers", "churn_slow")):
        low, high = found(said, name + r" +\(all\) +[\d.]+% +([\d.]+)% to ([\d.]+)%")
        assert low < 100 * truth[key] < high, name


def test_each_channel_is_set_against_what_it_costs(said, truths):
    for channel, ratio in truths[12]["truth"]["ltv_to_cac"].items():
        cac, low, high = found(said, channel + r" +¥([\d,]+) +¥[\d,]+ +¥[\d,]+ +[\d.]+ ([\d.]+) to ([\d.]+)")
        assert cac == pytest.approx(truths[12]["truth"]["cac"][channel], abs=1)
        assert low < ratio < high, channel
    assert re.search(r"Worth what it costs: referral, store, search, campaign\.", said)
    assert not re.search(r"Worth what it costs:[^.]*social", said)


def test_the_satisfied_stay_but_not_on_the_office_plan(said, truths):
    low, high = found(said, r"Left after the answer +\(all\) \S+ pp +([−+\d.]+) pp to ([−+\d.]+) pp")
    assert low < 100 * truths[4]["naive"]["difference"] < high < 0
    low, high = found(said, r"Left after the answer +office \S+ pp +([−+\d.]+) pp to ([−+\d.]+) pp")
    assert low < truths[4]["truth"]["difference"] < high
    assert "Not so, as far as can be told, with office" in said


def test_long_standing_passives_bring_the_new_customers(said, truths):
    low, high = found(said, r"Most referrals come from passives, customers for two years or more:\*\* [\d.]+% "
                            r"\(([\d.]+)% to ([\d.]+)%\)")
    assert low < 100 * truths[4]["truth"]["referrals_of_long_standing_passives"] < high


def test_a_forecast_that_fails_its_check_is_not_used(said):
    assert "Do not use forecasts of purchases here." in said
    assert "no value per customer is shown" in said


def test_the_model_finds_the_parameters_from_which_customers_were_drawn(said):
    for name, true in (("r", .243), ("alpha", 4.414), ("a", .793), ("b", 2.426)):
        low, high = found(said, rf"\n +{name} +[\d.]+ ([\d.]+) to ([\d.]+) ")
        assert low < true < high, name
