"""Corrections and verdicts: what follows from an interval, and what is said of it."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import engagelab as el
from engagelab.errors import UsageError
from engagelab.experiments.contrast import CORRECTIONS, STEPWISE, Looking
from engagelab.experiments.estimate import Arms
from engagelab.experiments.rules import Rules

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "experiments_compare.json").read_text("utf-8"))}


def arms(difference, se=1.0):
    """A control of 100 and arms that differ by so much; known to a thousandth, so that p is that of z."""
    difference, nothing = np.atleast_1d(difference), np.zeros((1 + np.size(difference), 0))
    size = 1 + len(difference)
    return Arms(np.r_[100.0, 100 + difference], np.full(size, se / np.sqrt(2)), np.full(size, np.inf),
                np.full(size, 5000.0), np.zeros(size), np.full(size, np.nan), "", nothing, np.zeros((size, 0, 0)),
                nothing)


def judged(differences, nouns, rules=None, off=None, se=1.0):
    rules = rules or Rules(correct="none")
    found = {name: arms(one, se) for name, one in zip(nouns, differences, strict=True)}
    names = ["A", *"BCDEFG"[:len(next(iter(found.values())).value) - 1]]
    table = rules.rows(found, nouns, names)
    return table, rules.verdicts(table, nouns, off or {})


@pytest.mark.parametrize(("better", "margin", "difference", "verdict"), [
    ("higher", None, 3, "better"), ("higher", None, -3, "worse"), ("higher", None, 1, "no_difference"),
    ("lower", None, 3, "worse"), ("lower", None, -3, "better"),
    ("higher", 5, -1, "no_worse"), ("higher", 5, -2.5, "no_worse"), ("higher", 2, -1, "cannot_tell"),
    ("higher", 5, -4, "worse"), ("higher", 5, 3, "better"), ("lower", 5, 2.5, "no_worse"), ("lower", 5, 4, "worse"),
    ("lower", 2, 1, "cannot_tell"), ("lower", 5, -3, "better")])
def test_the_verdict_follows_from_the_interval_the_margin_and_the_direction(better, margin, difference, verdict):
    assert judged([difference], {"m": el.mean("y", better=better, margin=margin)})[1] == [verdict]


def test_there_is_no_verdict_without_an_interval_or_where_a_check_failed():
    assert judged([3], {"m": el.mean("y")}, se=0.0)[1] == ["cannot_tell"]
    assert judged([3], {"m": el.mean("y")}, off={"m": "why"})[1] == ["no_verdict"]


def test_what_the_plan_is_still_waiting_for_is_not_called_no_difference():
    rules = Rules(correct="none", waiting=frozenset({"m"}))
    assert judged([1], {"m": el.mean("y"), }, rules)[1] == ["cannot_tell"]


@pytest.mark.parametrize("correct", ["holm", "bh"])
def test_holm_and_benjamini_hochberg_are_rs_over_all_metrics_and_arms(correct):
    case = CASES["holm_bh_adjust"]
    z = stats.norm.isf(np.array(case["inputs"]["p"]) / 2)
    nouns = {"one": el.mean("y"), "two": el.mean("x")}
    table, _ = judged([z[:2], z[2:]], nouns, Rules(correct=correct))
    assert table["p_adjusted"].tolist() == pytest.approx(case["expected"][correct], abs=1e-9)
    assert table[["low_adjusted", "high_adjusted"]].isna().all(axis=None)


def test_bonferroni_divides_the_alpha_among_metrics_and_arms():
    nouns = {"one": el.mean("y"), "two": el.mean("x")}
    table, _ = judged([[2.5, 1], [3, 0]], nouns, Rules(correct="bonferroni"))
    assert table["p_adjusted"].tolist() == pytest.approx(np.minimum(4 * table["p"], 1).tolist())
    assert table["high_adjusted"][0] - 2.5 == pytest.approx(stats.norm.isf(.05 / 8))


def test_the_primary_metric_has_half_of_the_alpha_and_guardrails_the_whole():
    nouns = {"one": el.mean("y"), "two": el.mean("x"), "three": el.mean("z"), "guard": el.mean("g", margin=1)}
    assert Rules(primary="one").shares(nouns) == {"one": .5, "two": .25, "three": .25, "guard": 1}
    assert Rules().shares(nouns) == pytest.approx({"one": 1 / 3, "two": 1 / 3, "three": 1 / 3, "guard": 1})
    assert set(Rules(correct="none").shares(nouns).values()) == {1.0}
    with pytest.raises(UsageError, match="primary must be one of"):
        Rules(primary="four").shares(nouns)


def test_a_guardrail_is_never_called_better_and_where_p_are_ranked_has_bonferronis_interval():
    nouns = {"one": el.mean("y"), "guard": el.mean("g", margin=1)}
    assert judged([[3], [9]], nouns, Rules())[1] == ["better", "no_worse"]
    assert judged([[3], [-9]], nouns, Rules())[1] == ["better", "worse"]
    assert judged([[3], [9]], nouns, Rules(primary="guard"))[1] == ["better", "better"]
    for correct in STEPWISE:
        alone = {"guard": el.mean("g", margin=4.5)}
        table, verdicts = judged([[-2.4, 0, 0, 0]], alone, Rules(correct=correct))
        assert table["low"][0] > -4.5 > table["low_adjusted"][0] and verdicts[0] == "cannot_tell"
        with pytest.raises(UsageError, match="leave primary out"):
            Rules(correct=correct, primary="one")


def test_false_findings_of_ten_metrics_together_stay_below_the_alpha():
    random = np.random.RandomState(1)
    nouns = {str(i): el.mean(f"y{i}") for i in range(10)}
    called = {}
    for correct in ("none", "bonferroni", "holm"):
        called[correct] = np.mean([(judged(random.normal(size=10), nouns, Rules(correct=correct))[0][
            "p_adjusted"] < .05).any() for _ in range(40)])
    assert called["none"] > .2 and called["bonferroni"] <= .125 and called["holm"] <= .125


@pytest.mark.parametrize("correct", CORRECTIONS)
def test_each_correction_is_named_in_a_sentence(correct):
    nouns = {"one": el.mean("y"), "two": el.mean("x")}
    said = Rules(correct=correct).says(nouns, 3)
    assert len(said) == 1 and {"dunnett": "Dunnett", "bonferroni": "Bonferroni", "holm": "Holm", "bh": "Hochberg",
                               "none": "Not corrected"}[correct] in said[0]


def test_looks_guardrails_and_the_primary_metric_are_named_too():
    nouns = {"one": el.mean("y"), "two": el.mean("x"), "guard": el.mean("g", margin=1)}
    said = " ".join(Rules(primary="one", looking=Looking("look", (.5, 1.0), 1)).says(nouns, 3))
    assert "taken to be at 50%" in said
    assert all(word in said for word in ("half of the error", "Guardrails (1)", "Look 1 of 2", "no place for Dunnett"))
    assert "however often" in " ".join(Rules(looking=Looking("peek")).says(nouns, 2))
