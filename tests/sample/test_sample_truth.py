"""The planted truths, held against intervals that statsmodels and the delta method give."""

import json
import tomllib

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from engagelab.sample import generate, plan, truths
from engagelab.sample.exports.vendor import months, quarters
from engagelab.sample.truths.campaigns import FACEBOOK_PARTS

BEFORE, NOW = 4, 5
CHANNELS = ["in_app", "email"]


def _points(scores):
    return np.where(scores >= 9, 100., np.where(scores <= 6, -100., 0.))


def _difference(before, now):
    """(low, estimate, high) of a difference of means, Welch, by statsmodels."""
    both = CompareMeans(DescrStatsW(now), DescrStatsW(before))
    low, high = both.tconfint_diff(usevar="unequal")
    return low, now.mean() - before.mean(), high


def _within_channels(company):
    answers = company["surveys"].query("kind == 'nps'")
    quarter, points = quarters(answers["answered_at"]), _points(answers["score"].to_numpy())
    channel = answers["channel"].to_numpy()
    each = {name: _difference(points[(channel == name) & (quarter == BEFORE)],
                              points[(channel == name) & (quarter == NOW)]) for name in CHANNELS}
    return each, _difference(points[quarter == BEFORE], points[quarter == NOW])


def _at_fixed_mix(each):
    """The change at a fixed mix: the two channels weighted by their precision."""
    changes = np.array([estimate for _, estimate, _ in each.values()])
    errors = np.array([(high - low) / (2 * 1.96) for low, _, high in each.values()])
    weights = errors**-2 / (errors**-2).sum()
    half = 1.96 * ((weights * errors) ** 2).sum() ** .5
    return (weights * changes).sum() - half, (weights * changes).sum() + half


def _shares(company, column, machine=True):
    sends = company["email_sends"].query("delivered")
    month = months(sends["sent_at"])
    hit = (sends[column] & (machine | ~sends["machine_opened"])).to_numpy(dtype=bool)
    return [(int(hit[month == place].sum()), int((month == place).sum())) for place in (12, 17)]


def _share_difference(pairs):
    (before, all_before), (now, all_now) = pairs
    return confint_proportions_2indep(now, all_now, before, all_before, method="newcomb")


def _ratio(posts):
    """A ratio of sums over posts and its standard error by the delta method (Cochran 1977, 6.4)."""
    above, below = posts[FACEBOOK_PARTS].sum(axis=1).to_numpy(float), posts["reach"].to_numpy(float)
    ratio = above.sum() / below.sum()
    rest = above - ratio * below
    return ratio, (len(rest) * rest.var(ddof=1)) ** .5 / below.sum()


def _organic_change(company):
    posts = company["social_posts"].query("platform == 'facebook'")
    quarter = quarters(posts["posted_at"])
    organic = (posts["promotion"] == "organic").to_numpy()
    (before, error), (now, error_now) = (_ratio(posts[organic & (quarter == place)]) for place in (BEFORE, NOW))
    half = 1.96 * (error**2 + error_now**2) ** .5
    naive = _ratio(posts[quarter == NOW])[0] - _ratio(posts[quarter == BEFORE])[0]
    return (now - before - half, now - before + half), naive


def _verdicts(company):
    """For each truth: does the right interval cover it, and does the naive claim lie outside?"""
    each, naive_nps = _within_channels(company)
    low, high = _at_fixed_mix(each)
    human = _share_difference(_shares(company, "opened", machine=False))
    (before, all_before), (now, all_now) = _shares(company, "opened")
    naive_open = now / all_now - before / all_before
    organic, naive_rate = _organic_change(company)
    planned = plan.ORGANIC[-1] - plan.ORGANIC[-2]
    return {1: (low <= 0 <= high, not low <= naive_nps[1] <= high),
            2: (human[0] <= 0 <= human[1], not human[0] <= naive_open <= human[1]),
            3: (organic[0] <= planned <= organic[1], not organic[0] <= naive_rate <= organic[1])}


def test_on_the_committed_seed_every_truth_is_covered_and_every_naive_claim_is_outside(company):
    assert _verdicts(company) == {1: (True, True), 2: (True, True), 3: (True, True)}


def test_the_rise_of_the_score_is_significant_and_the_changes_within_channels_are_not(company):
    each, naive = _within_channels(company)
    assert naive[0] > 0
    assert all(low < 0 < high for low, _, high in each.values())


def test_opens_rise_by_machine_and_clicks_stay(company):
    (before, all_before), (now, all_now) = _shares(company, "opened")
    assert before / all_before == pytest.approx(.24, abs=.015)
    assert now / all_now == pytest.approx(.38, abs=.015)
    low, high = _share_difference(_shares(company, "clicked"))
    assert low < 0 < high
    sends = company["email_sends"].query("delivered and scenario != 'recipe'")
    assert sends["clicked"].mean() == pytest.approx(plan.CLICK, abs=.002)


def test_the_rate_of_all_posts_halves_while_the_organic_rate_rises(company):
    posts = company["social_posts"].query("platform == 'facebook'")
    quarter = quarters(posts["posted_at"])
    before, now = (_ratio(posts[quarter == place])[0] for place in (BEFORE, NOW))
    assert now / before == pytest.approx(.5, abs=.05)
    assert _organic_change(company)[0][0] > 0


@pytest.mark.slow
def test_over_twenty_seeds_the_right_method_covers_and_the_naive_claim_is_outside():
    found = [_verdicts(generate(4000, seed)) for seed in range(20)]
    for number in (1, 2, 3):
        assert sum(verdict[number][0] for verdict in found) >= 17
        assert sum(verdict[number][1] for verdict in found) >= 18


def test_the_file_of_truths_names_each_with_its_numbers_and_words_in_both_languages(company, files):
    told = json.loads(files["truth.json"].content)
    assert told == json.loads(json.dumps(truths(company)))
    assert [truth["id"] for truth in told["truths"]] == list(range(1, 15))
    for truth in told["truths"]:
        for words in (truth["title"], truth["method"], truth["naive"]["claim"], truth["truth"]["claim"]):
            assert set(words) == {"en", "ja"} and all(words.values())
        assert truth["where"]["table"] in company
        assert len(company[truth["where"]["table"]].query(truth["where"]["filter"]))


def test_the_naive_numbers_are_those_of_the_tables(company):
    told = {truth["id"]: truth["naive"] for truth in truths(company)["truths"]}
    _, naive = _within_channels(company)
    assert told[1]["change"] == round(naive[1], 2)
    (before, all_before), (now, all_now) = _shares(company, "opened")
    assert told[2]["2026-09"] == round(now / all_now, 4)
    assert told[2]["2026-04"] == round(before / all_before, 4)
    assert told[3]["change"] == round(_organic_change(company)[1], 5)


def test_settings_and_truth_name_no_person(company, files):
    text = files["truth.json"].content.decode() + str(tomllib.loads(files["engagelab.toml"].content.decode()))
    assert not any(name in text for name in company["customers"]["email"].head(200))
