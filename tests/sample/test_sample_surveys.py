"""The answers: who was asked, how, and what they said."""

import numpy as np
import pytest

from engagelab.sample import plan
from engagelab.sample.company import generate
from engagelab.sample.exports.vendor import quarters
from engagelab.sample.surveys import FREE

RANGES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


def test_nobody_answers_twice_in_a_quarter_and_some_in_several(company):
    answers = company["surveys"].query("kind == 'nps'").assign(quarter=lambda frame: quarters(frame["answered_at"]))
    assert not answers.duplicated(["user_id", "quarter"]).any()
    assert (answers.groupby("user_id").size() > 1).sum() > 500


def test_each_quarter_has_its_answers_and_its_share_in_the_app(company):
    answers = company["surveys"].query("kind == 'nps'")
    quarter = quarters(answers["answered_at"])
    for place, (share, in_app) in enumerate(zip(plan.ANSWERS, plan.IN_APP, strict=True)):
        channel = answers["channel"][quarter == place]
        assert len(channel) == round(4000 * share)
        assert (channel == "in_app").sum() == round(len(channel) * in_app)
        assert 600 <= len(channel) <= 900


@pytest.mark.parametrize("channel", ["in_app", "email"])
def test_the_planned_shares_are_those_of_the_planned_score(channel):
    shares = plan.SCORES[channel]
    assert sum(shares) == pytest.approx(1)
    assert 100 * (sum(shares[9:]) - sum(shares[:7])) == pytest.approx(plan.NPS[channel])


@pytest.mark.parametrize("channel", ["in_app", "email"])
def test_in_a_large_company_the_answers_have_the_planned_shares_in_every_quarter(channel):
    answers = generate(40_000, 5)["surveys"].query("kind == 'nps' and channel == @channel")
    quarter = quarters(answers["answered_at"])
    for place in range(6):
        count, shares = (quarter == place).sum(), np.array(plan.SCORES[channel])
        found = np.bincount(answers["score"][quarter == place].astype(int), minlength=11) / count
        error = np.sqrt(shares * (1 - shares) * FREE * (2 - FREE) / count)
        assert (np.abs(found - shares) < 4 * error + 1 / count).all()


def test_scores_are_whole_and_on_their_scale(company):
    answers = company["surveys"]
    for kind, (low, high) in RANGES.items():
        score = answers.loc[answers["kind"] == kind, "score"]
        assert score.between(low, high).all()
        assert (score % 1 == 0).all()
        assert set(score) == set(range(low, high + 1))
    in_words = answers["kind"] == "text"
    assert answers.loc[in_words, "score"].isna().all()
    assert answers.loc[in_words, "text"].notna().all()


def test_touchpoints_and_channels_are_those_of_the_surveys(company):
    answers = company["surveys"]
    found = set(answers[["survey", "channel", "touchpoint"]].itertuples(index=False, name=None))
    assert found == {("nps_email", "email", "relationship"), ("nps_in_app", "in_app", "relationship"),
                     ("csat_delivery", "email", "delivery"), ("support_feedback", "email", "support")}


def test_support_is_judged_by_those_who_had_a_ticket_solved_before(company):
    answers = company["surveys"].query("survey == 'support_feedback'")
    first = company["tickets"].dropna(subset=["solved_at"]).groupby("user_id")["solved_at"].min()
    assert answers["user_id"].isin(first.index).all()
    assert (answers["answered_at"].to_numpy() > first.loc[answers["user_id"]].to_numpy()).all()


def test_the_reason_fits_the_score(company):
    answers = company["surveys"].query("survey == 'nps_email'")
    score = answers.query("kind == 'nps'").set_index("respondent_id")["score"]
    unhappy = answers[answers["text"] == "値上がりして続けるか迷っています。"]["respondent_id"]
    assert len(unhappy)
    assert (score.loc[unhappy] <= 6).all()
