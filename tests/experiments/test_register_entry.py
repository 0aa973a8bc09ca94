"""What was done otherwise than planned is said, and what was done as planned is not."""

from types import SimpleNamespace

import pytest

from engagelab import words
from engagelab.experiments.entry import departures
from engagelab.experiments.plan import plan
from engagelab.metrics.nouns import rate

PLAN = SimpleNamespace(metric="profit a head", primary="profit", arms=("holdout", "coupon"), control="holdout",
                       better="higher", guardrails=("complaints",), margin=10.0, n=1200, confidence=.95,
                       correct="dunnett", looks=(.5, 1.0), spending="pocock")
AS_PLANNED = {"primary": "profit", "metrics": ["profit", "complaints", "opens"],
              "nouns": ["mean(profit)", "rate(complained)", "rate(opened)"], "arms": ["holdout", "coupon"],
              "control": "holdout", "n": {"holdout": 1200, "coupon": 1300}, "margin": 10, "better": "higher",
              "confidence": .95, "correct": "dunnett", "looks": (.5, 1), "peek": False, "spending": "pocock"}


def test_a_comparison_made_as_planned_departs_in_nothing():
    assert departures(PLAN, AS_PLANNED) == []


@pytest.mark.parametrize(("changed", "said"), [
    ({"metrics": ["orders"], "nouns": ["mean(orders)"]},
     "What was to be judged, profit, was not measured; measured were orders."),
    ({"primary": "opens"}, "Metric that is judged: planned profit, done opens."),
    ({"metrics": ["profit"], "nouns": ["mean(profit)"]}, "Not measured, though they were to be watched: complaints."),
    ({"arms": ["holdout", "mail"]}, "Arms: planned holdout, coupon, done holdout, mail."),
    ({"control": "coupon"}, "Control: planned holdout, done coupon."),
    ({"n": {"holdout": 1199, "coupon": 1200}}, "Fewer than planned: holdout 1,199 of 1,200."),
    ({"margin": None}, "Margin: planned 10, done –."),
    ({"margin": 20.0}, "Margin: planned 10, done 20."),
    ({"better": "lower"}, "Direction: planned higher, done lower."),
    ({"confidence": .9}, "Confidence: planned 0.95, done 0.9."),
    ({"correct": "none"}, "Correction for several comparisons: planned dunnett, done none."),
    ({"looks": (.2, .5, 1)}, "The results were looked at 3 times, where 2 were planned."),
    ({"peek": True}, "The results were looked at all the time, which was not planned."),
    ({"spending": "obrien_fleming"}, "Alpha spending: planned pocock, done obrien_fleming."),
])
def test_each_departure_is_one_sentence(changed, said):
    assert [one for one in departures(PLAN, AS_PLANNED | changed) if one == said] == [said]


def test_two_lists_of_the_same_arms_in_another_order_are_no_departure():
    assert departures(PLAN, AS_PLANNED | {"arms": ["coupon", "holdout"]}) == []


def test_looks_and_a_margin_that_were_not_planned_are_departures():
    bare = SimpleNamespace(metric="profit", arms=("holdout", "coupon"), control="holdout", better="higher")
    said = departures(bare, AS_PLANNED | {"looks": [.5], "margin": .02, "confidence": .9})
    assert said == ["The results were looked at 1 times, where 0 were planned.", "Margin: planned –, done 0.02."]


def test_at_a_planned_look_not_all_units_need_to_be_there():
    half = AS_PLANNED | {"looks": (.5,), "n": {"holdout": 600, "coupon": 600}}
    assert departures(PLAN, half) == []
    assert departures(PLAN, half | {"n": {"holdout": 599, "coupon": 600}}) == [
        "Fewer than planned: holdout 599 of 600."]


def test_uneven_arms_are_planned_by_their_shares():
    uneven = SimpleNamespace(**vars(PLAN) | {"n": 100, "split": {"holdout": .1, "coupon": .9}})
    assert departures(uneven, AS_PLANNED | {"n": {"holdout": 100, "coupon": 900}}) == []
    assert departures(uneven, AS_PLANNED | {"n": {"holdout": 100, "coupon": 899}}) == [
        "Fewer than planned: coupon 899 of 900."]


def test_a_plan_that_knows_only_the_noun_and_the_number_of_arms_is_compared_by_these():
    planned = plan(rate("opened"), baseline=.2, n=1200)
    done = AS_PLANNED | {"primary": "opens", "margin": None, "looks": (), "spending": None}
    assert departures(planned, done) == []
    assert departures(planned, done | {"arms": ["A", "B", "C"]}) == ["Arms: planned 2, done 3."]


def test_departures_are_told_in_japanese_too():
    with words.speaking("ja"):
        assert departures(PLAN, AS_PLANNED | {"confidence": .9}) == ["信頼水準：計画は0.95、実際は0.9。"]
