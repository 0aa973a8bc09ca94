"""The pulse: who answered what and when, and that the truths stand beside each other in the same answers."""

import numpy as np
import pandas as pd
import pytest

from engagelab.sample import plan, pulses
from engagelab.sample.banks import rows

SIZES = [(200, 1), (4000, 7)]


@pytest.mark.parametrize("shares", plan.ENPS_SHARES)
def test_the_planned_shares_are_those_of_the_planned_enps(shares):
    planned = plan.ENPS_SHARES[shares]
    assert len(planned) == 11 and sum(planned) == pytest.approx(1)
    assert 100 * (sum(planned[9:]) - sum(planned[:7])) == pytest.approx(plan.ENPS[shares])


@pytest.mark.parametrize(("customers", "seed"), SIZES)
def test_nobody_answers_outside_employment_or_outside_the_wave(workplace, customers, seed):
    tables = workplace(customers, seed)
    answers, staff = tables["pulses"], tables["employees"].set_index("user_id")
    about = staff.loc[answers["user_id"]]
    assert (answers["answered_at"].to_numpy() > about["hired_at"].to_numpy()).all()
    assert not (answers["answered_at"].to_numpy() > about["left_at"].to_numpy()).any()
    opened = pd.to_datetime(answers["wave"].map(plan.WAVES)).dt.tz_localize("Asia/Tokyo")
    closed = opened + pd.Timedelta(days=plan.OPEN_DAYS)
    assert answers["answered_at"].between(opened, closed).all()
    assert (answers["team"].to_numpy() == about["team"].to_numpy()).all()
    assert (answers["shop_id"].fillna("").to_numpy() == about["shop_id"].fillna("").to_numpy()).all()


@pytest.mark.parametrize(("customers", "seed"), SIZES)
def test_each_respondent_answers_each_closed_question_once_a_wave(workplace, customers, seed):
    answers = workplace(customers, seed)["pulses"]
    assert not answers.duplicated(["wave", "user_id", "question_id"]).any()
    closed = answers[answers["kind"] != "text"]
    assert (closed.groupby(["wave", "user_id"]).size() == 12).all()
    assert closed["score"].between(0, 10).all() and (closed["score"] % 1 == 0).all() and closed["text"].isna().all()
    words = answers[answers["kind"] == "text"]
    assert len(words) and words["text"].notna().all() and words["score"].isna().all()


def test_four_of_five_answer_each_wave_and_some_never(workplace):
    tables = workplace()
    answers = tables["pulses"].groupby("wave")["user_id"].nunique()
    assert answers.between(450, 510).all()
    assert not tables["employees"]["user_id"].isin(tables["pulses"]["user_id"]).all()


def test_the_content_answer_more_often(workplace):
    staff, answers = workplace(40_000, 5)["employees"], workplace(40_000, 5)["pulses"]
    enps = answers.query("question_id == 'enps'").pivot(index="user_id", columns="wave", values="score")
    there = staff.set_index("user_id")["left_at"].isna().reindex(enps.index)
    first = enps["2025-11"][there].dropna()
    again = enps["2026-02"].reindex(first.index).notna()
    assert .02 < again[first >= 9].mean() - again[first <= 6].mean() < .2


def test_questions_are_those_of_the_list_and_comments_are_in_the_respondent_s_language(workplace):
    answers = workplace()["pulses"]
    asked = {row["question_id"]: (row["kind"], row["dimension"]) for row in rows("pulse.csv")}
    found = answers.drop_duplicates("question_id").set_index("question_id")
    assert dict(zip(found.index, zip(found["kind"], found["dimension"], strict=True), strict=True)) == asked
    words = answers.dropna(subset=["text"])
    english = words["text"].map(str.isascii).astype(bool)
    name = workplace()["employees"].set_index("user_id")["name"]
    assert (english == words["user_id"].map(name).map(str.isascii)).all()
    assert .02 < english.mean() < .12


def test_comments_fit_the_recommendation(workplace):
    answers = workplace()["pulses"]
    score = answers.query("question_id == 'enps'").set_index(["wave", "user_id"])["score"]
    complaint = answers[answers["text"] == "意見を出しても返事がありません。"]
    assert len(complaint)
    assert (score.loc[list(zip(complaint["wave"], complaint["user_id"], strict=True))] <= 6).all()


def test_answers_are_in_the_order_of_wave_and_time(workplace):
    answers = workplace()["pulses"]
    assert list(answers["wave"].unique()) == list(plan.WAVES)
    assert answers["answered_at"].is_monotonic_increasing


def test_the_support_by_managers_dips_in_may_in_sixteen_shops_alone(workplace):
    answers = workplace(200_000, 3)["pulses"].query("question_id == 'manager'")
    mean = answers.groupby(["shop_id", "wave"])["score"].mean().unstack()
    for wave in ("2025-11", "2026-02"):
        assert mean[wave].std() < .06
    dips = dict(zip(plan.PILOT + plan.ALIKE, plan.DIPS * 2, strict=True))
    expected = mean["2026-02"] - pd.Series(dips).reindex(mean.index).fillna(0)
    assert (mean["2026-05"] - expected).abs().max() < .12
    after = mean["2026-08"] - mean["2026-02"]
    lift = after[list(plan.PILOT)].mean() - after.drop(list(plan.PILOT)).mean()
    assert lift == pytest.approx(plan.ONE_ON_ONE, abs=.03)


def test_dips_are_as_deep_with_talks_as_without():
    assert sum(plan.DIPS) / 8 == pytest.approx(.8)
    assert not set(plan.PILOT) & set(plan.ALIKE) and not set(plan.APART) & {*plan.PILOT, *plan.ALIKE}
    assert max(plan.PILOT) <= "S12" < min(plan.ALIKE)


def test_engagement_items_hang_together_and_go_with_satisfaction(workplace):
    latest = workplace()["pulses"].query("wave == '2026-08' and kind != 'text'")
    related = latest.pivot(index="user_id", columns="question_id", values="score").corr()
    items = related.loc[["vigor", "dedication", "absorption"], ["vigor", "dedication", "absorption"]].to_numpy()
    assert (items[np.triu_indices(3, 1)] > .3).all()
    assert (related.loc["satisfaction", ["enps", "stay", "dedication"]] > .35).all()


def test_a_sum_is_taken_in_the_order_of_the_rows():
    values = np.array([1e16, 1., -1e16, 1.])
    assert pulses._total(values) == 1.0
    assert pulses._total(values[::-1]) == 0.0


def test_no_wording_of_a_licensed_instrument_is_used():
    licensed = ("bursting with energy", "time flies", "immersed", "proud of the work", "best friend", "seem to count")
    for row in rows("pulse.csv"):
        assert not any(words in row["en"].lower() for words in licensed)
