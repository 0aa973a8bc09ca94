"""What the third lesson says, against what was planted in the sample company."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def said():
    notebook = json.loads((ROOT / "notebooks/03_employees.ipynb").read_text("utf-8"))
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "\n".join("".join(data.get("text/markdown", data.get("text/plain", ""))) for data in outputs)


@pytest.fixture(scope="module")
def truths():
    return {truth["id"]: truth for truth in json.loads((ROOT / "data/truth.json").read_text("utf-8"))["truths"]}


def number(text):
    return float(text.replace("−", "-").replace("+", "").replace("%", ""))


def found(said, pattern):
    match = re.search(pattern, said)
    assert match, pattern
    return [number(figure) for figure in match.groups()]


CHANGE = r"from ([−+\d.]+) to ([−+\d.]+)[^(]*\(change ([−+\d.]+), 95% interval ([−+\d.]+) to ([−+\d.]+);"


def test_the_published_rise_is_what_the_naive_reading_shows(said, truths):
    naive = truths[8]["naive"]
    before, after, change, low, _high = found(said, "eNPS of all who answered rose " + CHANGE)
    assert [before, after, change] == pytest.approx([naive["2026-05"], naive["2026-08"], naive["change"]], abs=.06)
    assert low > 0


def test_the_rise_is_seen_through(said, truths):
    *_, change, low, high = found(said, "eNPS of those who answered both waves went " + CHANGE)
    assert low < truths[8]["truth"]["paired_change"] < high and change < 0
    assert "of those who answered both waves no rise can be told" in said
    assert "Most of the change comes from who answered" in said


def test_who_left_and_who_came_are_shown_apart(said, truths):
    left = found(said, r"left the company since +2026-05 +([−+\d.]+) +([−+\d.]+) to ([−+\d.]+)")
    came = found(said, r"joined the company since +2026-08 +([−+\d.]+) +([−+\d.]+) to ([−+\d.]+)")
    assert left[1] < truths[8]["truth"]["level_of_those_who_left"] < left[2] < 0
    assert came[1] < truths[8]["truth"]["level_of_those_who_came"] < came[2]


def test_the_true_driver_is_found_and_not_the_lowest_score(said, truths):
    voice = 100 * truths[9]["truth"]["share_of_explained_variance"]["voice"]
    assert "voice explains most of satisfaction;" in said and "which driver comes second cannot be told" in said
    assert "Look first at voice" in said
    share, low, high = found(said, r"voice carries ([\d.]+)% \(([\d.]+)% to ([\d.]+)%\)")
    assert low < voice < high and share == pytest.approx(voice, abs=2)
    assert f"The question with the lowest mean is {truths[9]['naive']['lowest_mean']}" in said


def test_two_shops_are_named_and_no_other(said, truths):
    best, worst = found_names(said)
    assert {best, worst} == {"S07", "S23"}
    assert [len(re.findall(verdict, said)) for verdict in ("  above the others", "  below the others")] == [1, 1]


def found_names(said):
    return re.search(r"Above the others: (S\d\d)\. Below the others: (S\d\d)\.", said).groups()


def test_the_action_regressed_to_the_mean(said, truths):
    naive, truth = truths[10]["naive"], truths[10]["truth"]
    (rise,) = found(said, r"support in the shops with talks is ([\d.]+)")
    assert rise == pytest.approx(naive["change"], abs=.1)
    low, high = found(said, r"managers' support: .*?difference [−+\d.]+, 95% interval ([−+\d.]+) to ([−+\d.]+)")
    assert low < truth["effect"] < high and low < 0
    assert "Whether the talks helped cannot be told" in said


def test_nothing_that_anybody_wrote_is_printed(said):
    pulses = (ROOT / "data/pulses.csv").read_text("utf-8")
    texts = {text.strip('"') for text in re.findall(r",comment,[^,]*,text,overall,,(\"[^\"]+\"|[^,\n]+),", pulses)}
    assert len(texts) > 10 and not [text for text in texts if len(text) > 6 and text in said]
