"""What the report of the quarter says, against what was planted in the sample and what other lessons say."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
CHANGE_IN_CHANNELS = 0   # planted: NPS is flat within each channel


def text_of(name):
    notebook = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text("utf-8"))
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "\n".join("".join(data.get("text/markdown", data.get("text/plain", ""))) for data in outputs)


@pytest.fixture(scope="module")
def said():
    return text_of("08_report_of_the_quarter")


@pytest.fixture(scope="module")
def answer(said):
    said = said[said.index("Promises kept"):]     # the picture and the vote stand before it
    return said[:said.index("n = ")].split("\n\n")


@pytest.fixture(scope="module")
def truths():
    return {truth["id"]: truth for truth in json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]}


def number(text):
    return float(text.replace("−", "-").replace("+", "").replace("%", "").replace("¥", "").replace(",", ""))


def found(said, pattern):
    match = re.search(pattern, said)
    assert match, pattern
    return [number(figure) for figure in match.groups()]


def test_the_answer_has_six_paragraphs_and_names_promises_profit_alerts_and_what_comes_next(answer):
    paragraphs = [part for part in answer if not part.startswith("[")]
    assert len(paragraphs) <= 6 + 1      # the last piece is the first line of the scorecard
    assert paragraphs[0].startswith("Promises kept: none; missed: Churn; cannot tell: NPS, CSAT")
    assert "more than noise" in paragraphs[1]
    assert paragraphs[2].startswith("In 2026-09 nothing moved beyond")
    assert paragraphs[5].startswith("Next: ")


def test_the_scorecard_says_what_the_first_lesson_says(said):
    line = r"^(?:NPS|CSAT|Churn|Open rate without|Median time)[^;\n]*n = [^;]*; target [^;]*; [^;\n]*"
    cards = [re.findall(line, one, re.MULTILINE) for one in (text_of("01_customers"), said)]
    assert len(cards[0]) == 5 and cards[0] == cards[1]


def test_nps_did_not_rise_against_the_year_before_although_all_answers_did(said, truths):
    change, low, high = found(said, r"NPS: .*the year before ([−+\d.]+) \(([−+\d.]+) to ([−+\d.]+)\)")
    assert low < CHANGE_IN_CHANNELS < high and abs(change) < 3 < truths[1]["naive"]["change"]


def test_the_talks_are_worth_a_tenth_and_not_nine(answer, truths):
    naive, truth = truths[10]["naive"], truths[10]["truth"]
    told = next(part for part in answer if part.startswith("1on1"))
    seen, effect, low, high = found(told, r"rose by ([\d.]+), but .* is ([−+\d.]+) \(([−+\d.]+) to ([−+\d.]+)\)")
    assert seen == pytest.approx(naive["change"], abs=.01)
    assert low < truth["effect"] < high and low < 0 < high
    assert effect == pytest.approx(truth["effect"], abs=.05)
    assert "cannot be told" in told


def test_the_effect_of_the_talks_stands_on_the_rung_of_a_control_group(said):
    assert re.search(r"effect +\+0\.\d+ .*control group", said)
    assert re.search(r"what one sees first +\+0\.92 .*before and after", said)


def test_the_register_holds_the_coupon_and_what_was_learned(said):
    assert re.search(r"Check: coupon: −¥59 .*worse", said) and "Act: stop: The loyal would have bought anyway" in said


def test_the_experiment_is_named_beside_the_lever_of_which_it_tells(said):
    assert re.search(r"Amount of an order.*a randomised experiment \(coupon_holdout: worse\)", said)


def test_what_is_needed_of_a_lever_brings_profit_to_the_goal(said):
    # profit = (subscription sales + order sales) * margin - marketing, by hand from the figures of the tree
    (goal,) = found(said, r"tenth more than now: ¥([\d.]+)M")
    now, fee = found(said, r"Fee a month +¥([\d,]+) +¥([\d,]+) \(")
    running, orders, margin, costs = (found(said, pattern)[0] for pattern in (
        r"Months that ran +([\d,]+)", r"\+ Orders +¥([\d.]+)M", r"Margin +([\d.]+)%", r"Marketing +¥([\d.]+)M"))
    assert now < fee
    assert (running * fee + orders * 1e6) * margin / 100 - costs * 1e6 == pytest.approx(goal * 1e6, rel=.005)


def test_practices_are_answered_from_figures(said):
    answered, n = found(said, r"([\d.]+)% of (\d+) reviews were answered")
    reviews = pd.read_csv(ROOT / "data/reviews.csv")
    reviews = reviews[pd.to_datetime(reviews["created_at"], utc=True).ge("2026-06-30T15:00:00Z")]
    assert (answered, n) == (pytest.approx(100 * reviews["reply"].notna().mean(), abs=.05), len(reviews))
    assert re.search(r"Is there interaction\? +partly", said)
