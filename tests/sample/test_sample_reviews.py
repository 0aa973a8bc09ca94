"""The reviews: more of them, a little worse."""

import pandas as pd
from scipy import stats

from engagelab.sample.company import generate
from engagelab.sample.dates import END
from engagelab.sample.exports.vendor import months, quarters


def _in_app(company):
    return company["reviews"].query("platform == 'google_play'")


def test_the_number_doubles_while_the_stars_fall():
    reviews = _in_app(generate(20_000, 5))
    month = months(reviews["created_at"])
    assert (month == 17).sum() == 2 * (month == 0).sum()
    trend = stats.spearmanr(month, reviews["rating"])
    assert trend.statistic < 0
    assert trend.pvalue < 1e-6
    stars = reviews["rating"].groupby(quarters(reviews["created_at"])).mean()
    assert .2 < stars[0] - stars[5] < .6


def test_a_review_without_words_has_no_link_and_no_answer(company):
    reviews = _in_app(company)
    wordless = reviews["text"].isna()
    assert .45 < wordless.mean() < .65
    assert reviews.loc[wordless, ["url", "reply", "reply_at"]].isna().all().all()
    assert (reviews["reply"].notna() == reviews["reply_at"].notna()).all()
    answered = reviews.dropna(subset=["reply_at"])
    assert (answered["reply_at"] > answered["created_at"]).all()


def test_no_answer_comes_after_the_last_day():
    reviews = generate(20_000, 5)["reviews"]
    assert reviews["reply_at"].max() <= pd.Timestamp(END).tz_localize("Asia/Tokyo")
    assert reviews["created_at"].max() + pd.Timedelta(hours=60) > pd.Timestamp(END).tz_localize("Asia/Tokyo")


def test_reviews_are_in_two_languages(company):
    assert set(company["reviews"]["language"]) == {"en", "ja"}


def test_the_office_plan_has_a_few_reviews_a_month_all_in_words(company):
    site = company["reviews"].query("platform == 'review_site'")
    assert months(site["created_at"]).tolist() == [month for month in range(18) for _ in range(3)]
    assert site[["title", "text"]].notna().all().all()
    assert site["review_id"].is_unique
