"""The answers of lesson 05 against what was planted, published or counted in another way."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engagelab.notebook import setup
from engagelab.notebook.answers import lesson_05


@pytest.fixture(scope="module")
def company():
    return setup.setup("sample")


def test_the_median_life_is_the_one_that_statsmodels_finds(company):
    from statsmodels.duration.survfunc import SurvfuncRight

    _, held, since, until = lesson_05._held(company)
    opened, closed = held["opened_at"].dt.normalize(), held["closed_at"].dt.normalize()
    age = ((closed + pd.Timedelta("1 day")).fillna(until) - opened).dt.days
    entry = (since - opened).dt.days.clip(lower=0)
    seen = age > entry
    wanted = lesson_05.median_life(company)
    for rows, median in ((seen, wanted.right), (seen & closed.notna(), wanted.naive)):
        curve = SurvfuncRight(age[rows], closed.notna()[rows].astype(int), entry=entry[rows])
        assert median == pytest.approx(curve.quantile(.5) / 30.4375, abs=.04)


def test_what_social_media_brings_holds_the_planted_ratio(company):
    wanted = lesson_05.value_and_cost(company)
    assert wanted.right == pytest.approx(.8, abs=.15) and wanted.naive == pytest.approx(wanted.right / .4)


def made(company, **changed):
    """The company with other tables."""
    return replace(company, tables={**company.tables, **changed})


def test_payments_are_those_of_the_lives_that_were_drawn(company):
    # 40 % leave at 20 % a month and 60 % at 4 %, by whichever channel; everybody pays 1,000
    random = np.random.RandomState(3)
    _, held, since, until = lesson_05._held(company)
    months = random.geometric(np.where(random.rand(len(held)) < .4, .2, .04))
    opened = since + pd.to_timedelta(random.randint(0, 480, len(held)), unit="D")
    closed = (opened.to_period("M") + months).to_timestamp()
    plans = pd.DataFrame({"user_id": held["user_id"].to_numpy(), "amount": 1000.0,
                          "opened_at": opened.tz_localize("Asia/Tokyo"),
                          "closed_at": pd.Series(closed).where(closed < until).dt.tz_localize("Asia/Tokyo")})
    paid = lesson_05._payments(made(company, subscriptions=plans.astype({
        name: "datetime64[us, Asia/Tokyo]" for name in ("opened_at", "closed_at")})))
    ages = np.arange(16)  # later few have been seen
    np.testing.assert_allclose(paid.iloc[-1, :16] / 1000, .4 * .8**ages + .6 * .96**ages, atol=.03)


def test_the_share_of_promoters_follows_the_answers_before_the_referral(company):
    surveys, referrals = company["surveys"], company["referrals"]
    early = surveys.assign(answered_at=referrals["referred_at"].min() - pd.Timedelta("1 day"), score=10.0)
    assert lesson_05.promoters(made(company, surveys=early)).right == 1
    late = surveys.assign(answered_at=referrals["referred_at"].max() + pd.Timedelta("1 day"), score=0.0)
    both = pd.concat([early, late], ignore_index=True)
    assert lesson_05.promoters(made(company, surveys=both)).right == 1
    assert lesson_05.promoters(made(company, surveys=both)).naive == .5
