"""What the second lesson says, against what was planted in the sample company."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def said():
    notebook = json.loads((ROOT / "notebooks/02_activity.ipynb").read_text("utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "\n".join("".join(output.get("data", {}).get("text/markdown", "")) for output in outputs)


@pytest.fixture(scope="module")
def truths():
    return {truth["name"]: truth for truth in json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]}


def number(text):
    return float(text.replace("−", "-").replace("+", "").replace(",", ""))


def apart(said, metric):
    """The second group, the first, and the ends of the interval of their difference, in points of percent."""
    found = re.search(rf"{re.escape(metric)}: ([\d.]+)% [^%]*?, ([\d.]+)% .*?"
                      r"95% interval ([−+\d.]+) pp to ([−+\d.]+) pp", said)
    return [number(figure) for figure in found.groups()]


def test_it_counts_the_users_that_the_naive_reading_counts(said, truths):
    naive = truths["active_users"]["naive"]
    found = re.search(r"([\d,]+) were active in 2026-09, ([\d,]+) in 2026-03: ([\d.]+)% more", said)
    assert [number(figure) for figure in found.groups()] == [
        naive["2026-09"], naive["2026-03"], round(100 * naive["growth"], 1)]


def test_it_finds_that_fewer_of_the_newer_ones_stay(said, truths):
    truth = truths["active_users"]["truth"]
    after, before, low, high = apart(said, "The share active in the third month after the first")
    assert before == pytest.approx(100 * truth["before"], abs=1) and after == pytest.approx(100 * truth["since"], abs=1)
    assert low < 100 * truth["change"] < high < 0
    assert "Fewer of the newer ones stay." in said


def test_it_finds_that_the_tour_keeps_hardly_anybody(said, truths):
    truth = truths["onboarding"]["truth"]
    kept, toured = (apart(said, name) for name in (
        "Share still subscribed after 90 days", "Share who completed the tour"))
    assert kept[2] < 100 * truth["change_by_nudge"] < kept[3] and kept[2] < 0
    assert 0 < toured[2] < 100 * truth["completed_more_by_nudge"] < toured[3]
    assert "whether more stayed cannot be told" in said


def test_it_finds_that_slow_replies_go_with_leaving(said, truths):
    naive, truth = truths["fast_replies"]["naive"], truths["fast_replies"]["truth"]
    written, others, *_ = apart(said, "The share whose subscription was closed")
    assert [others, written] == [round(100 * naive["without_ticket"], 1), round(100 * naive["with_ticket"], 1)]
    _ratio, low, high = (float(figure) for figure in re.search(
        r"([\d.]+) times as many leave .*?95% interval ([\d.]+) to ([\d.]+)", said).groups())
    assert low <= truth["risk_ratio_fast_to_slow"] <= high < 1
