"""What a history tells, against its definition by hand, scipy, and the comparison that will follow."""

import math

import numpy as np
import pandas as pd
import pytest

from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.experiments.compare import compare
from engagelab.experiments.plan import plan
from engagelab.metrics.nouns import csat, mean, nps, quantile, rate, ratio

SPEND = mean("spend")


def visits(vary, users, rise=0.0):
    """Rows of users who come more or less often, and click more or less readily: a few of them very much."""
    often = 1 + vary.poisson(vary.gamma(1.5, 2, users))
    ready = np.clip(vary.beta(2, 18, users) + rise, 0, 1)
    owner = np.repeat(np.arange(users), often)
    return pd.DataFrame({"user": owner, "click": vary.binomial(1, ready[owner]), "view": 1})


def linearised(rows):
    sums = rows.groupby("user")[["click", "view"]].sum().to_numpy(dtype=float)
    value = sums[:, 0].sum() / sums[:, 1].sum()
    return value, ((sums[:, 0] - value * sums[:, 1]) / sums[:, 1].mean()).var(ddof=1) / len(sums)


@pytest.mark.parametrize("noun", [rate("click"), mean("click"), ratio("click", "view")])
def test_a_history_of_rows_is_summed_to_the_users_who_will_be_drawn(noun):
    rows = visits(np.random.RandomState(5), 5000)
    value, variance = linearised(rows)
    found = plan(noun, history=rows, user="user", effect=.02)
    assert found.baseline == pytest.approx(value, rel=1e-12) and found.measured == 5000
    assert found.sd == pytest.approx(math.sqrt(5000 * variance), rel=1e-9)
    assert found.kind == "mean"  # no share of independent rows any more


def test_rows_without_a_user_are_left_out_and_counted():
    rows = visits(np.random.RandomState(5), 500)
    lacking = pd.concat([rows, pd.DataFrame({"user": [np.nan] * 90, "click": 1, "view": 1})])
    found, whole = (plan(rate("click"), history=table, user="user", effect=.02) for table in (lacking, rows))
    assert (found.missing, whole.missing) == (90, 0)
    assert (found.baseline, found.sd, found.n) == (whole.baseline, pytest.approx(whole.sd, rel=1e-12), whole.n)


def test_a_planned_ratio_over_users_is_seen_as_often_as_promised():
    found = plan(ratio("click", "view"), history=visits(np.random.RandomState(6), 50_000), user="user", effect=.03)
    vary, draws, hits = np.random.RandomState(7), 400, 0
    for _ in range(draws):
        (first, one), (second, other) = (linearised(visits(vary, found.n, rise)) for rise in (0, .03))
        hits += second - first > 1.96 * math.sqrt(one + other)
    assert hits / draws == pytest.approx(.8, abs=3 * math.sqrt(.16 / draws))


def test_covariates_take_their_part_of_the_variance_away():
    vary = np.random.RandomState(10)
    before = vary.gamma(2, 5, 3000)
    rows = pd.DataFrame({"before": before, "age": vary.normal(40, 9, 3000),
                         "spend": .8 * before + vary.normal(0, 4, 3000), "other": before})
    found = plan(mean("spend", adjust=["before", "age"]), history=rows, effect=1)
    r = np.corrcoef(rows[["before", "age"]].to_numpy() @ np.linalg.lstsq(
        rows[["before", "age"]] - rows[["before", "age"]].mean(), rows["spend"] - rows["spend"].mean())[0],
        rows["spend"])[0, 1]
    assert found.adjust_r2 == pytest.approx(r * r, rel=1e-9)
    assert found.n == pytest.approx(plan(SPEND, history=rows, effect=1).n * (1 - r * r), abs=2)
    lacking = rows.assign(before=np.where(np.arange(3000) % 2, rows["before"], np.nan))
    half = plan(mean("spend", adjust=["before"]), history=lacking, effect=1).adjust_r2
    assert half == pytest.approx(r * r / 2, abs=.03)  # half of the people have none, and are not helped
    same = plan(mean("spend", adjust=["before", "other"]), history=rows, effect=1)  # the same column twice
    assert same.adjust_r2 == pytest.approx(plan(mean("spend", adjust="before"), history=rows, effect=1).adjust_r2)
    with pytest.raises(DataError, match="explain all"):
        plan(mean("spend", adjust="copy"), history=rows.assign(copy=rows["spend"]), effect=1)


def test_scores_in_points_and_rates_are_measured_as_anywhere():
    answers = pd.DataFrame({"score": [10, 9, 8, 7, 3, 10, None, 6, 9, 8] * 30, "stars": [5, 4, 1, 3, 5] * 60})
    found = plan(nps("score"), history=answers, effect=5)
    known = answers["score"].dropna()
    points = 100 * ((known >= 9).astype(int) - (known <= 6).astype(int))
    assert (found.baseline, found.sd) == (pytest.approx(points.mean()), pytest.approx(points.std()))
    assert (found.measured, found.missing, found.unit) == (270, 30, "points")
    assert "30 rows without a value were left out" in str(found)
    stars = plan(csat("stars"), history=answers, effect="-5%")
    assert stars.baseline == .6 and stars.effect == pytest.approx(-.03) and stars.kind == "rate"
    assert "a fall of 3.0 pp from 60.0%" in stars.says


def test_a_history_that_cannot_tell_is_refused():
    rows = pd.DataFrame({"spend": [None, None, 3.0], "same": [2.0, 2, 2], "text": ["a", "b", "c"], "shop": [1, 2, 3]})
    with pytest.raises(DataError, match="units with a value in the history: 1"):
        plan(SPEND, history=rows, effect=1)
    with pytest.raises(DataError, match="the same in all 3"):
        plan(mean("same"), history=rows, effect=1)
    with pytest.raises(DataError, match="units with a value in the history: 1"):
        plan(mean("shop"), history=rows.assign(one=1), user="one", effect=1)
    with pytest.raises(DataError, match="adds up to 0"):
        plan(ratio("same", "zero"), history=rows.assign(zero=0), effect=1)
    with pytest.raises(DataError, match=r"nps\(score\): units .* 4; at least 5 are needed"):
        plan(nps("score"), history=pd.DataFrame({"score": [1, 5, 9, 10]}), effect=5)
    with pytest.raises(NoColumn, match="spent"):
        plan(mean("spent"), history=rows, effect=1)
    with pytest.raises(DataError, match="text"):
        plan(mean("text"), history=rows, effect=1)
    with pytest.raises(DataError, match="units with a value in the history: 0"):
        plan(SPEND, history=rows.iloc[:0].astype({"spend": "float64"}), effect=1)
    with pytest.raises(UsageError, match="quantile"):
        plan(quantile("spend"), history=rows, effect=1)
    with pytest.raises(UsageError, match="one metric"):
        plan([SPEND, mean("same")], history=rows, effect=1)
    with pytest.raises(UsageError, match="by sd="):
        plan(nps("score"), baseline=20, effect=5)



@pytest.mark.parametrize("user", [None, "user"])
def test_what_covariates_explain_does_not_depend_on_their_units(user):
    vary = np.random.RandomState(2)
    rows = pd.DataFrame({"user": np.arange(2000) // 2, "share": vary.rand(2000), "amount": vary.normal(size=2000)})
    rows = rows.assign(spend=rows["share"] + rows["amount"] + vary.normal(size=2000), yen=1e8 * rows["amount"])
    one, other = (plan(mean("spend", adjust=["share", name]), history=rows, user=user, n=100).adjust_r2
                  for name in ("amount", "yen"))
    assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize("told", [{}, {"adjust": "before"}])
@pytest.mark.parametrize("user", [None, "user"])
def test_the_error_that_is_planned_with_is_that_of_the_comparison(told, user):
    vary = np.random.RandomState(12)
    owner = np.repeat(np.arange(3000), 1 + vary.poisson(2, 3000) * (user is not None))
    level = vary.gamma(2, 3, 3000)[owner]
    before = np.where(vary.uniform(size=len(owner)) < .2, np.nan, level + vary.normal(size=len(owner)))
    rows = pd.DataFrame({"user": owner, "arm": np.where(owner % 2, "B", "A"), "before": before,
                         "spend": level + vary.normal(0, 2, len(owner))})
    found = plan(mean("spend", **told), history=rows, user=user, n=1500)
    planned = found.sd * math.sqrt((1 - found.adjust_r2) * 2 / 1500)
    made = compare(rows, mean("spend", **told), arm="arm", control="A", user=user).frame.iloc[0]
    assert (made["high"] - made["low"]) / 2 / 1.96 == pytest.approx(planned, rel=.01)
