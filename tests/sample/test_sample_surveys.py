"""The answers: who was asked, how, and what they said."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sample import plan
from engagelab.sample.exports.vendor import quarters
from engagelab.sample.lives import lives
from engagelab.sample.people import people
from engagelab.sample.purchases import subscriptions
from engagelab.sample.surveys import FREE, _answers, _on_plan, _recommendation

CHANNELS = ["email", "in_app"]

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
    everyone = people(5, 40_000)
    forms = _recommendation(everyone, lives(everyone, 5).closed, 5)
    answers = _answers(forms[CHANNELS.index(channel)], everyone).query("kind == 'nps'")
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
                     ("csat_delivery", "email", "delivery"), ("support_feedback", "email", "support"),
                     ("csat_plan", "email", "plan")}


def test_the_plan_is_judged_once_in_february_by_most_offices(company):
    answers = company["surveys"].query("survey == 'csat_plan'")
    assert not answers.duplicated("user_id").any()
    assert answers["answered_at"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m").eq("2026-02").all()
    first, last = (pd.Timestamp(day, tz="Asia/Tokyo") for day in ("2026-02-02", "2026-02-14"))
    running = company["subscriptions"]
    running = running[(running["opened_at"] < first) & ~(running["closed_at"] < last)]
    share = running["user_id"].isin(answers["user_id"]).groupby(running["plan"] == "office").mean()
    assert share[True] == pytest.approx(plan.ANSWERS_ON_PLAN["office"], abs=.04)
    assert share[False] == pytest.approx(plan.ANSWERS_ON_PLAN["home"], abs=.04)
    assert answers["user_id"].isin(running["user_id"]).all()


def test_in_a_large_company_the_content_stay_at_home_and_not_at_the_office():
    everyone = people(5, 40_000)
    closed = lives(everyone, 5).closed
    answers = _answers(_on_plan(everyone, closed, 5), everyone)
    joined = answers.merge(subscriptions(everyone, closed, 5), on="user_id")
    left = joined["closed_at"] <= joined["answered_at"] + pd.Timedelta(days=plan.FOLLOWED_DAYS)
    happy = (joined["score"] >= 4).groupby([joined["plan"] == "office", left]).mean()
    assert happy[True, True] == pytest.approx(plan.SATISFIED["office"], abs=.02)
    assert happy[True, False] == pytest.approx(plan.SATISFIED["office"], abs=.02)
    assert happy[False, True] == pytest.approx(plan.SATISFIED["home_leaves"], abs=.02)
    assert happy[False, False] == pytest.approx(plan.SATISFIED["home_stays"], abs=.02)


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
