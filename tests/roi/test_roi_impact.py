"""The two models of a series: against statsmodels for one structure, by definition for their weights, by simulation."""

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from engagelab.roi import impact

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "kpi_before_after.json").read_text("utf-8"))}
PLACE = np.arange(100)
MEAN = np.full((1, 30), 1 / 30)


def null(rng, rows=100, past=70):
    x = 100 + np.cumsum(rng.normal(0, 1, rows))
    y = 1.2 * x + np.cumsum(rng.normal(0, .2, rows)) + rng.normal(0, 1, rows)
    return y, np.column_stack([np.ones(rows), (x - x[:past].mean()) / x[:past].std()])


def carried(random, rows, share):
    errors = random.normal(size=rows)
    errors[0] /= np.sqrt(1 - share**2)
    for i in range(1, rows):
        errors[i] += share * errors[i - 1]
    return errors


def one_structure(monkeypatch, ratio=None, share=None):
    if ratio is not None:
        monkeypatch.setattr(impact, "RATIOS", np.array([ratio]))
        monkeypatch.setattr(impact, "PRIOR", np.ones(1))
    else:
        for name, value in (("ALIKE", [share]), ("RATIOS", []), ("AROUND_LINES", [])):
            monkeypatch.setattr(impact, name, np.array(value))


def test_false_alarms_on_the_reference_are_at_most_eight_in_a_hundred_and_the_interval_covers_an_effect():
    case, rng, p, covers = CASES["its_null_calibration"], np.random.default_rng(0), [], []
    for _ in range(case["inputs"]["n"]):
        y, x = null(rng)
        p.append(impact.local_level(y, x, PLACE, PLACE >= 70, MEAN).p(0)[0])
        below = impact.local_level(y + (PLACE >= 70), x, PLACE, PLACE >= 70, MEAN).below(1.0)[0]
        covers.append(.025 < below < .975)
    assert np.mean(np.array(p) < .05) <= case["expected"]["max_share_p_below_.05"]
    assert .93 <= np.mean(covers) <= .97


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "past", "step", "noise", "most"), [
    (100, 70, .2, 1, .065), (100, 70, 0, 1, .05), (100, 70, .1, 1, .05), (100, 70, .5, 1, .08), (100, 70, 1, 0, .08),
    (32, 20, .2, 1, .05), (32, 20, .5, 1, .095), (32, 20, 1, 0, .095)])
def test_false_alarms_under_other_nulls(rows, past, step, noise, most):
    random, place, found = np.random.RandomState(2), np.arange(rows), []
    for _ in range(1500):
        y = step * random.normal(size=rows).cumsum() + noise * random.normal(size=rows)
        found.append(impact.local_level(y, np.ones((rows, 1)), place, place >= past,
                                        np.full((1, rows - past), 1 / (rows - past))).p(0)[0])
    assert np.mean(np.array(found) < .05) <= most


def test_the_published_effect_lies_in_the_interval():
    case = CASES["causalimpact_arma"]
    x, y = np.array(case["inputs"]["X"]), np.array(case["inputs"]["y"])
    y[70:] += case["inputs"]["added"]
    x = np.column_stack([np.ones(100), (x - x[:70].mean()) / x[:70].std()])
    found = impact.local_level(y, x, PLACE, PLACE >= 70, MEAN)
    low, high = found.bounds(.95)
    assert y[70:].mean() == pytest.approx(case["expected"]["actual"], abs=case["tolerance"]["actual"])
    assert low[0] < case["expected"]["effect"] < high[0] and low[0] < 5 < high[0] and high[0] - low[0] < 2.5
    assert found.p(0)[0] < .001


@pytest.mark.parametrize("ratio", [.1, .5, 3])
def test_one_ratio_is_the_state_space_model_of_statsmodels(monkeypatch, ratio):
    one_structure(monkeypatch, ratio=ratio)
    y, x = null(np.random.RandomState(3))
    found = impact.local_level(y, x, PLACE, PLACE >= 70, np.eye(30))
    model = sm.tsa.UnobservedComponents(y[:70], "llevel", exog=x[:70, 1:], mle_regression=False)
    residual = model.smooth([1.0, ratio**2])
    forecast = residual.get_forecast(30, exog=x[70:, 1:])
    assert found.mean == pytest.approx(y[70:] - forecast.predicted_mean, abs=1e-3)
    ratios = found.se / forecast.se_mean
    assert ratios == pytest.approx(ratios[0], rel=1e-4)


@pytest.mark.parametrize("share", [0, .5, .9])
def test_one_correlation_is_generalised_least_squares(monkeypatch, share):
    one_structure(monkeypatch, share=float(share))
    place = np.delete(np.arange(30), [4, 5, 20])
    y, after = 3 + carried(np.random.RandomState(4), 30, .4)[place], place >= 15
    x = np.column_stack([np.ones(27), place, after, np.where(after, place - 15, 0)])
    fit = sm.GLS(y, x, sigma=share ** np.abs(np.subtract.outer(place, place)).astype("float64")).fit()
    found = impact.segmented(y, place, after)
    wanted = np.array([[0, 0, 1, (place[after] - 15).mean()], [0, 0, 1, 0], [0, 0, 0, 1]])
    test = fit.t_test(wanted)
    assert found.mean[:3] == pytest.approx(test.effect) and found.se[:3] == pytest.approx(test.sd)
    assert found.p(0)[:3] == pytest.approx(test.pvalue)
    assert pytest.approx(test.conf_int(.1), abs=1e-6) == np.array(found.bounds(.9))[:, :3].T


def test_the_weights_are_the_likelihood_of_what_the_regressors_do_not_explain():
    y, place = carried(np.random.RandomState(5), 24, .6), np.arange(24)
    after = place >= 12
    x = np.column_stack([np.ones(24), place, after, np.where(after, place - 12, 0)])
    rest = np.linalg.svd(x)[0][:, 4:]
    log, walk = [], np.minimum.outer(place, place)
    for cov in (*(share ** np.abs(np.subtract.outer(place, place)) for share in impact.ALIKE),
                *(np.eye(24) + ratio**2 * walk for ratio in impact.RATIOS[:-1]), walk):
        inner = rest.T @ cov @ rest
        log.append(-np.linalg.slogdet(inner)[1] / 2 - 10 * np.log(y @ rest @ np.linalg.solve(inner, rest.T @ y)))
    cauchy = [stats.cauchy(scale=1).pdf(ratio) * ratio for ratio in impact.RATIOS[:-1]]
    prior = np.append(np.full(24, 1 / 24), [*(.8 * np.array(cauchy) / sum(cauchy)), .2])
    wanted = np.exp(np.array(log) - max(log)) * prior
    assert impact.segmented(y, place, after).weight == pytest.approx(wanted / wanted.sum(), abs=1e-9)


def test_an_average_over_structures_is_their_mixture():
    found = impact.Averaged(np.array([.3, .7]), np.array([[0.0, 2.0]]), np.array([[1.0, .5]]), np.array(8), np.zeros(1))
    draws = np.where(np.random.RandomState(6).uniform(size=400_000) < .3, 0, 2) * 1.0
    draws += np.where(draws == 0, 1, .5) * stats.t(8).rvs(400_000, random_state=np.random.RandomState(7))
    assert [end[0] for end in found.bounds(.95)] == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=.02)
    assert found.p(0)[0] == pytest.approx(2 * (draws < 0).mean(), abs=.005) and found.mean[0] == 1.4


@pytest.mark.parametrize(("rows", "share", "most"), [(24, 0, .08), (24, .5, .08), (48, .7, .08), (100, .5, .08)])
def test_a_broken_line_alarms_as_often_as_it_says_however_errors_carry_over(rows, share, most):
    random, place = np.random.RandomState(8), np.arange(rows)
    p = [impact.segmented(carried(random, rows, share), place, place >= rows // 2).p(0)[0] for _ in range(150)]
    assert np.mean(np.array(p) < .05) <= most


@pytest.mark.parametrize(("rows", "past", "step", "noise"), [(45, 30, 1, 0), (45, 30, .5, 1), (100, 50, .3, 1)])
def test_a_broken_line_rarely_takes_a_wandering_level_for_an_effect(rows, past, step, noise):
    random, place = np.random.RandomState(10), np.arange(rows)
    p = [impact.segmented(step * random.normal(size=rows).cumsum() + noise * random.normal(size=rows), place,
                          place >= past).p(0)[0] for _ in range(200)]
    assert np.mean(np.array(p) < .05) <= .1


def test_a_trend_is_seen_and_a_wandering_level_is_rarely_taken_for_one():
    random = np.random.RandomState(9)
    noise, wander = random.normal(size=(2, 60, 50))
    place, ones = np.arange(50), np.ones((50, 1))
    assert np.mean([impact.drift(one + .15 * place, ones, place).p(0)[0] < .05 for one in noise]) > .9
    assert np.mean([impact.drift(one + .5 * two.cumsum(), ones, place).p(0)[0] < .05 for one, two in zip(
        noise, wander, strict=True)]) < .12
