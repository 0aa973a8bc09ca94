"""What the sixth lesson says, against what was planted in the sample company."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def said():
    notebook = json.loads((ROOT / "notebooks/06_experiments.ipynb").read_text("utf-8"))
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    texts = [output.get("text", "") for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "\n".join("".join(data.get("text/markdown", data.get("text/plain", ""))) + "".join(text)
                     for data, text in zip(outputs, texts, strict=True))


@pytest.fixture(scope="module")
def truths():
    return {truth["id"]: truth for truth in json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]}


@pytest.fixture(scope="module")
def also():
    return json.loads((ROOT / "data/truth.json").read_text("utf-8"))["also_so"]


NUMBER = r"([+−]?¥?[\d,.]+)"


def found(said, pattern):
    match = re.search(pattern, said)
    assert match, pattern
    return [float(figure.replace("−", "-").replace(",", "").replace("¥", "")) for figure in match.groups()]


def test_the_naive_reading_of_the_coupon_is_that_those_who_used_it_bought(said, truths):
    (share,) = found(said, r"Redeemed the coupon +([\d.]+)% ")
    assert share == pytest.approx(100 * truths[14]["naive"]["redeemed"], abs=.1)
    (profit,) = found(said, rf"Profit a head +{NUMBER} +¥")
    assert profit == pytest.approx(truths[14]["naive"]["profit_per_head"], abs=1)


def test_the_coupon_loses_and_loses_with_the_loyal(said, truths):
    gain = truths[14]["truth"]["gain"]
    low, high = found(said, rf"Do not roll it out: coupon does worse than holdout\.\*\* [^(]*\({NUMBER} to {NUMBER}\)")
    assert low < gain["all"] < high < 0
    assert re.search(r"It harms with: loyal \(coupon\)\.", said)
    assert re.search(r"Cannot be told: at risk, dormant \(coupon\)\.", said)


def test_the_segments_hold_the_planted_gains_and_differ(said, truths):
    for name, gain in truths[14]["truth"]["gain"].items():
        label = r"\(all\)" if name == "all" else name.replace("_", ".+")
        low, high = found(said, rf"- {label}, coupon: [^(]*\({NUMBER} to {NUMBER}\)")
        assert low < gain < high, name
    assert re.search(r"the test of whether the segments differ gives p .?<0\.001", said)


def test_the_broken_arm_is_caught_and_no_verdict_given(said, truths):
    assigned = truths[13]["truth"]["assigned"]
    assert assigned == {"A": 1840, "B": 2160}
    rows = re.findall(r"Click rate +B +1\.\d% +3\.\d% .*", said)
    assert rows and all("no verdict: a check failed" in row for row in rows)
    within = re.search(r"Click rate +B +2\.7% +2\.7% \S+ pp +([−+][\d.]+) pp to ([−+][\d.]+) pp.*", said)
    low, high = (float(end.replace("−", "-")) for end in within.groups())
    assert low < 100 * truths[13]["truth"]["change"] < high
    assert "Farthest off is 'active'" in said


def test_all_of_the_two_by_two_is_interaction(said, truths):
    low, high = found(said, r"subject line × sender .*? ([+−][\d.]+) pp to ([+−][\d.]+) pp")
    assert low < 200 * truths[13]["truth"]["interaction"] < high
    for effect in ("short − long", "person − brand"):
        low, high = found(said, rf"  {effect} +\S+ pp +([+−][\d.]+) pp to ([+−][\d.]+) pp")
        assert low < 0 < high, effect
    assert "What subject line does depends on sender" in said


def test_the_nudge_completes_tours_and_keeps_few(said, truths):
    truth = truths[6]["truth"]
    low, high = found(said, r"Completed the tour +B .*? pp +([+−][\d.]+) pp to ([+−][\d.]+) pp")
    assert 0 < low < 100 * truth["completed_more_by_nudge"] < high
    low, high = found(said, r"drawn by lot: \S+ pp still subscribed \(([+−][\d.]+) pp to ([+−][\d.]+) pp\)")
    assert low < 100 * truth["change_by_nudge"] < high
    (naive,) = found(said, r"against those who did not: ([+−][\d.]+) pp")
    assert naive > 10


def test_shops_are_what_was_drawn(said, also):
    wrong, plain, sharp, part = found(said, r"Width of the interval: ([\d.]+) counted by customer \(wrong\), ([\d.]+) "
                                            r"by shop, ([\d.]+) by shop with what was known before: ([\d.]+)%")
    by = also["service_test"]["found"]
    ratio = (by["by_shop"]["high"] - by["by_shop"]["low"]) / (by["by_person"]["high"] - by["by_person"]["low"])
    assert plain > ratio * wrong
    assert sharp / plain == pytest.approx(part / 100, abs=.02)
    assert part < 55


def test_peeking_lies_as_published(said):
    # Armitage, McPherson and Rowe 1969, table 2
    for looks, alarm in ((5, 14.2), (10, 19.3), (20, 24.8)):
        assert re.search(rf"\b{looks} +{alarm:.1f}%", said), looks


def test_the_register_remembers(said):
    assert re.search(r"Check: coupon: −¥\d+ .*worse", said) and "Act: stop" in said
