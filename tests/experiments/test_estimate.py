"""One metric in every arm, against regressions and formulas that others have written."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
import statsmodels.stats.tests
from scipy import stats

import engagelab as el
from engagelab.errors import DataError
from engagelab.experiments.compare import compare
from engagelab.experiments.contrast import Pair
from engagelab.experiments.estimate import arms_of
from engagelab.experiments.read import Cells, Trial
from engagelab.experiments.units import Metric, Units
from engagelab.metrics.nouns import Estimates
from engagelab.summaries.moments import Ask, Sums

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "experiments_compare.json").read_text("utf-8"))}


def drawn(n=600, seed=1, arms=("A", "B")):
    random = np.random.RandomState(seed)
    table = pd.DataFrame({"arm": random.choice(arms, n), "x": random.gamma(2, 10, n), "z": random.normal(0, 1, n),
                          "seg": random.choice(["s", "t", "u"], n, p=[.5, .3, .2]), "w": random.uniform(.5, 3, n)})
    table["y"] = 1.2 * table.x - 4 * table.z + random.normal(0, 8, n) * (1 + (table.arm == "B"))
    table["y"] += (table.seg == "t") * 6
    table["views"] = random.poisson(6, n) + 1.0
    table["clicks"] = random.binomial(table.views.astype(int), 1 / (1 + np.exp(1 + .03 * table.x)))
    table["score"] = random.choice(11, n)
    return table


def row(data, metric, **how):
    return compare(data, {"m": metric}, arm="arm", control="A", **how).frame.iloc[0]


def normal_se(found):
    """The error behind an interval, where there are so many units that t is as good as normal."""
    return (found["high"] - found["low"]) / (2 * stats.norm.ppf(.975))


def hc(fit, name):
    """The error of a coefficient where each arm has its own spread (HC1), as the pair of arms has it."""
    return float(fit.get_robustcov_results("HC1").bse[list(fit.params.index).index(name)])


def test_a_mean_is_welchs_as_r_has_it_for_the_sleepers():
    case = CASES["r_welch_sleep"]
    table = pd.DataFrame([(arm, y) for arm, name in (("B", "a"), ("A", "b")) for y in case["inputs"][name]],
                         columns=["arm", "y"])
    found = row(table, el.mean("y"))
    assert [found["low"], found["high"]] == pytest.approx(case["expected"]["ci"], abs=case["tolerance"]["ci"])
    assert found["p"] == pytest.approx(case["expected"]["pvalue"], abs=case["tolerance"]["pvalue"])


def test_a_mean_is_welchs_as_growthbook_has_it_for_unequal_spreads():
    case = CASES["gbstats_welch_abs"]
    parts = []
    for arm, mean, sd, n in zip("AB", *(case["inputs"][name] for name in ("mean", "sd", "n")), strict=True):
        y = np.random.RandomState(n).normal(size=n)
        parts.append(pd.DataFrame({"arm": arm, "y": mean + sd * (y - y.mean()) / y.std(ddof=1)}))
    found = row(pd.concat(parts), el.mean("y"))
    assert [found["low"], found["high"]] == pytest.approx(case["expected"]["ci"], abs=case["tolerance"])
    assert found["p"] == pytest.approx(case["expected"]["pvalue"], abs=case["tolerance"])


@pytest.mark.parametrize("covariates", [["x"], ["x", "z"]])
def test_an_adjusted_mean_is_the_analysis_of_covariance(covariates):
    table = drawn(4000)
    found = row(table, el.mean("y", adjust=covariates))
    fit = smf.ols(f"y ~ arm + {' + '.join(covariates)}", table).fit()
    assert found["difference"] == pytest.approx(fit.params["arm[T.B]"], abs=1e-10)
    assert normal_se(found) == pytest.approx(hc(fit, "arm[T.B]"), rel=2e-3)
    plain = row(table, el.mean("y"))
    assert found["high"] - found["low"] < .9 * (plain["high"] - plain["low"])


def test_an_adjusted_mean_of_few_has_the_error_of_the_classic_regression_where_spreads_are_equal():
    random, apart = np.random.RandomState(4), []
    for _ in range(30):
        table = pd.DataFrame({"arm": ["A"] * 12 + ["B"] * 12, "x": random.normal(size=24), "y": random.normal(size=24)})
        found = row(table, el.mean("y", adjust=["x"]))
        low, high = smf.ols("y ~ arm + x", table).fit().conf_int().loc["arm[T.B]"]
        apart.append((found["high"] - found["low"]) / (high - low))
    assert np.mean(apart) == pytest.approx(1, abs=.02)


def test_a_missing_covariate_is_filled_with_a_flag_as_in_the_same_regression():
    table = drawn(4000)
    gone = np.random.RandomState(2).rand(len(table)) < .3
    table.loc[gone, "x"] = np.nan
    found = row(table, el.mean("y", adjust=["x", "z"]))
    fit = smf.ols("y ~ arm + filled + flag + z", table.assign(filled=table.x.fillna(-77), flag=gone * 1.0)).fit()
    assert found["difference"] == pytest.approx(fit.params["arm[T.B]"], abs=1e-9)
    assert normal_se(found) == pytest.approx(hc(fit, "arm[T.B]"), rel=2e-3)
    assert found["n_control"] + found["n_arm"] == 4000


def test_covariates_are_adjusted_for_whatever_their_units():
    table = drawn(4000).assign(yen=lambda rows: 1e6 * rows.x, gap=lambda rows: rows.z.where(rows.seg != "s"))
    for columns, given in ((["yen", "z"], "z"), (["yen", "gap"], "filled + flag")):
        found = row(table, el.mean("y", adjust=columns))
        filled = table.assign(filled=table.gap.fillna(0), flag=table.gap.isna() * 1.0)
        fit = smf.ols(f"y ~ arm + x + {given}", filled).fit()
        assert found["difference"] == pytest.approx(fit.params["arm[T.B]"], abs=1e-9)
        assert normal_se(found) == pytest.approx(hc(fit, "arm[T.B]"), rel=2e-3)


def test_several_arms_are_adjusted_with_one_slope():
    table = drawn(4000, arms=("A", "B", "C"))
    rows = compare(table, {"m": el.mean("y", adjust=["x"])}, arm="arm", control="A").frame
    fit = smf.ols("y ~ arm + x", table).fit()
    assert rows["difference"].tolist() == pytest.approx(fit.params[["arm[T.B]", "arm[T.C]"]].tolist(), abs=1e-10)


def test_a_covariate_that_does_not_vary_or_says_the_same_twice_changes_nothing():
    table = drawn().assign(one=1.0, twice=lambda rows: 2 * rows.x)
    plain, once = row(table, el.mean("y")), row(table, el.mean("y", adjust=["x"]))
    assert row(table, el.mean("y", adjust=["one"]))[["difference", "low"]].tolist() == pytest.approx(
        plain[["difference", "low"]].tolist(), rel=1e-9)
    assert row(table, el.mean("y", adjust=["x", "twice"]))[["difference", "low"]].tolist() == pytest.approx(
        once[["difference", "low"]].tolist(), rel=1e-8)


def influence(top, bottom):
    """What each row adds to a ratio of sums, once it is made straight."""
    ratio = top.sum() / bottom.sum()
    return ratio + (top - ratio * bottom) / bottom.mean()


def test_a_ratio_has_the_error_of_the_delta_method_and_of_the_bootstrap():
    table = drawn(3000)
    found = row(table, el.ratio("clicks", "views"))
    parts = [table[table.arm == arm] for arm in "AB"]
    made = [influence(part.clicks, part.views) for part in parts]
    assert found["difference"] == pytest.approx(made[1].mean() - made[0].mean(), abs=1e-14)
    test = stats.ttest_ind(made[1], made[0], equal_var=False)
    assert found["p"] == pytest.approx(test.pvalue, rel=1e-9)
    assert [found["low"], found["high"]] == pytest.approx(test.confidence_interval(), rel=1e-9)
    random = np.random.RandomState(0)
    again = []
    for part in parts:
        picked = random.randint(len(part), size=(3000, len(part)))
        clicks, views = part.clicks.to_numpy(), part.views.to_numpy()
        again.append(clicks[picked].sum(axis=1) / views[picked].sum(axis=1))
    assert normal_se(found) == pytest.approx((again[1] - again[0]).std(), rel=.04)


def test_an_adjusted_ratio_is_the_regression_of_what_each_row_adds_to_it():
    table = drawn(4000)
    found = row(table, el.ratio("clicks", "views", adjust=["x", "z"]))
    parts = [table[table.arm == arm] for arm in "AB"]
    made = pd.concat([part.assign(own=influence(part.clicks, part.views)) for part in parts])
    fit = smf.ols("own ~ arm + x + z", made).fit()
    assert found["difference"] == pytest.approx(fit.params["arm[T.B]"], abs=1e-12)
    assert normal_se(found) == pytest.approx(hc(fit, "arm[T.B]"), rel=2e-3)


def petersen():
    path = Path(statsmodels.stats.tests.__file__).with_name("test_data.txt")
    table = pd.read_csv(path, sep=r"\s+", header=None, names=["firm", "year", "x", "y"])
    firms = table.firm.unique()
    treated = np.random.RandomState(3).permutation(firms)[:len(firms) // 2]
    return table.assign(arm=np.where(table.firm.isin(treated), "B", "A"))


@pytest.mark.parametrize("how", ["cluster", "user"])
def test_clusters_have_the_error_of_statsmodels_on_petersens_firms(how):
    table = petersen()
    found = row(table, el.mean("y"), **{how: "firm"})
    fit = smf.ols("y ~ arm", table).fit(cov_type="cluster", cov_kwds={"groups": table.firm})
    assert found["difference"] == pytest.approx(fit.params["arm[T.B]"], abs=1e-12)
    assert normal_se(found) == pytest.approx(fit.bse["arm[T.B]"], rel=5e-3)
    assert [found["n_control"], found["n_arm"]] == [250, 250]
    rows = row(table, el.mean("y"))
    assert found["difference"] == pytest.approx(rows["difference"], abs=1e-12)
    assert found["high"] - found["low"] > 2 * (rows["high"] - rows["low"])


def test_clusters_of_unequal_size_with_missing_answers_are_as_in_statsmodels():
    table = petersen()
    random = np.random.RandomState(5)
    table = table[random.rand(len(table)) < .6].assign(y=lambda rows: rows.y.where(random.rand(len(rows)) < .7))
    found = row(table, el.mean("y"), cluster="firm")
    known = table.dropna(subset=["y"])
    fit = smf.ols("y ~ arm", known).fit(cov_type="cluster", cov_kwds={"groups": known.firm})
    assert found["difference"] == pytest.approx(fit.params["arm[T.B]"], abs=1e-12)
    assert normal_se(found) == pytest.approx(fit.bse["arm[T.B]"], rel=5e-3)
    assert found["n_control"] + found["n_arm"] == known.firm.nunique()
    assert found["missing_control"] + found["missing_arm"] == table[table.y.isna()].firm.nunique()


def test_strata_are_weighted_by_their_size_as_by_hand_and_as_with_dummies():
    table = drawn(3000)
    found = row(table, el.mean("y"), design=el.Design(strata="seg"))
    share = table.seg.value_counts(normalize=True)
    groups = table.groupby(["arm", "seg"])["y"]
    mean, error = groups.mean(), groups.var() / groups.size()
    assert found["difference"] == pytest.approx((share * (mean["B"] - mean["A"])).sum(), abs=1e-12)
    by_hand = np.sqrt((share**2 * (error["A"] + error["B"])).sum())
    assert normal_se(found) == pytest.approx(by_hand, rel=2e-3)
    fit = smf.ols("y ~ 0 + C(arm):C(seg)", table).fit(cov_type="HC2")
    names = [[f"C(arm)[{arm}]:C(seg)[{seg}]" for seg in share.index] for arm in "AB"]
    turn = pd.Series(0.0, index=fit.params.index)
    for sign, row_of in zip((-1, 1), names, strict=True):
        turn[row_of] = sign * share.to_numpy()
    assert found["difference"] == pytest.approx(float(turn @ fit.params), abs=1e-10)
    assert by_hand == pytest.approx(float(np.sqrt(turn @ fit.cov_params() @ turn)), rel=1e-9)


def test_weights_are_a_ratio_of_sums_made_straight():
    table = drawn(3000)
    found = row(table, el.mean("y"), design=el.Design(weights="w"))
    made = [influence(part.w * part.y, part.w) for part in (table[table.arm == arm] for arm in "AB")]
    test = stats.ttest_ind(made[1], made[0], equal_var=False)
    assert found["difference"] == pytest.approx(made[1].mean() - made[0].mean(), abs=1e-12)
    assert [found["low"], found["high"]] == pytest.approx(list(test.confidence_interval()), rel=2e-3)
    fit = sm.WLS(table.y, sm.add_constant((table.arm == "B") * 1.0), weights=table.w).fit(cov_type="HC1")
    assert found["difference"] == pytest.approx(fit.params.iloc[1], abs=1e-10)
    assert normal_se(found) == pytest.approx(fit.bse.iloc[1], rel=2e-3)


def test_strata_with_weights_or_with_clusters_have_the_share_of_what_is_averaged():
    table = drawn(3000).assign(user=lambda rows: np.arange(len(rows)) // 3)
    table[["arm", "seg"]] = table.groupby("user")[["arm", "seg"]].transform("first")
    table = table[np.random.RandomState(8).rand(len(table)) < np.where(table.seg == "s", .95, .5)]
    by_row = row(table, el.mean("y"), design=el.Design(strata="seg"))
    assert row(table, el.mean("y"), design=el.Design(strata="seg"), user="user")["difference"] == pytest.approx(
        by_row["difference"], abs=1e-12)
    share = table.groupby("seg")["w"].sum() / table.w.sum()
    mean = table.assign(wy=table.w * table.y).groupby(["arm", "seg"])[["wy", "w"]].sum().eval("wy / w")
    found = row(table, el.mean("y"), design=el.Design(strata="seg", weights="w"))
    assert found["difference"] == pytest.approx((share * (mean["B"] - mean["A"])).sum(), abs=1e-12)


def test_nps_is_welchs_of_scores_of_100_0_and_minus_100():
    table = drawn(900)
    found = row(table, el.nps("score"))
    scored = 100 * ((table.score >= 9).astype(float) - (table.score <= 6))
    test = stats.ttest_ind(scored[table.arm == "B"], scored[table.arm == "A"], equal_var=False)
    assert [found["p"], found["low"], found["high"]] == pytest.approx(
        [test.pvalue, *test.confidence_interval()], rel=1e-9)


def test_a_median_has_the_difference_of_medians_and_the_width_of_both_rank_intervals():
    table = drawn(900)
    found = row(table, el.quantile("y"))
    parts = [np.sort(table.y[table.arm == arm]) for arm in "AB"]
    assert found["difference"] == pytest.approx(np.median(parts[1]) - np.median(parts[0]), abs=1e-12)
    ranks = [stats.binom.ppf([.025, .975], len(part), .5).astype(int) for part in parts]
    wide = np.sqrt(sum((part[rank[1]] - part[rank[0] - 1]) ** 2 for part, rank in zip(parts, ranks, strict=True)))
    assert found["high"] - found["low"] == pytest.approx(wide, rel=.05)


@pytest.mark.parametrize("level", [1.7, 2.5, 3.67, 30, 1000])
@pytest.mark.parametrize("n", [200, 300, 2000])
def test_medians_of_counts_that_do_not_differ_are_seldom_called_different(level, n):
    draws, random = 400 if n < 2000 else 100, np.random.RandomState(int(level))
    rows = pd.DataFrame({"arm": np.repeat(np.arange(2 * draws), n), "y": random.poisson(level, 2 * draws * n)})
    found = el.measure(rows, el.quantile("y"), by="arm")
    levels = Estimates(*(found[name].to_numpy(float) for name in ("estimate", "low", "high", "se")), "")
    nothing = np.zeros(2 * draws, dtype=int)
    sums = Sums(*[np.full(2 * draws, n)] * 5, *[np.zeros((2 * draws, 0))] * 4)
    trial = Trial(tuple(map(str, range(2 * draws))), (Metric("y", el.quantile("y"), Ask(())),), Units(), None, [], (),
                  None, {}, .95, (), None)
    arms = arms_of(trial, Cells(np.arange(2 * draws), nothing, nothing, [""], [sums], [levels]), 0)
    parts = [{name: getattr(arms, name)[at:at + 2] for name in ("value", "se", "df", "n", "count")}
             for at in range(0, 2 * draws, 2)]
    pairs = [Pair(replace(arms, **part), 1, "newcombe") for part in parts]
    p = np.array([pair.p() for pair in pairs])
    assert (p < .05).mean() <= .07  # 6 in 100, and what 400 draws may be off
    assert level < 1000 or n == 2000 or np.isfinite(p).all()
    ends = np.array([pair.interval(.95) for pair in pairs])
    assert ((ends[:, 0] > 0) | (ends[:, 1] < 0) == (p < .05)).all()


def test_where_many_values_are_alike_at_the_median_the_reader_is_sent_to_the_mean():
    random = np.random.RandomState(3)
    found = compare(pd.DataFrame({"arm": ["A", "B"] * 300, "y": random.poisson(3.67, 600)}), {"m": el.quantile("y")},
                    arm="arm", control="A")
    assert found.frame["verdict"].tolist() == ["cannot_tell"] and np.isnan(found.frame["p"]).all()
    assert "compare the mean" in found.checks.set_index("check").loc["no_spread", "sentence"]


@pytest.mark.parametrize("adjust", [(), ("x",)])
def test_an_arm_without_spread_has_no_verdict(adjust):
    random = np.random.RandomState(3)
    table = pd.DataFrame({"arm": ["A"] * 1900 + ["B"] * 100, "x": random.normal(size=2000),
                          "y": np.where(random.rand(2000) < .02, 20.0, 0.0) * (np.arange(2000) < 1900)})
    found = row(table, el.mean("y", adjust=adjust), split={"A": .95, "B": .05})
    assert np.isnan(found[["low", "high", "p", "relative_low"]].astype(float)).all()
    assert found["verdict"] == "cannot_tell"
    segments = compare(pd.concat([table.assign(s="t"), table.assign(s="u", y=table.y + table.x)]),
                       {"m": el.mean("y", adjust=adjust)}, arm="arm", control="A", by="s").by
    assert np.isnan(segments["p_interaction"]).all()


def test_an_arm_of_one_or_of_equal_values_has_no_interval():
    few = pd.DataFrame({"arm": ["A", "A", "A", "B"], "y": [1.0, 2, 3, 4]})
    assert np.isnan(row(few, el.mean("y"))["low"]) and row(few, el.mean("y"))["verdict"] == "cannot_tell"
    alike = pd.DataFrame({"arm": ["A", "B"] * 50, "y": 0.1})
    found = row(alike, el.mean("y"))
    assert np.isnan([found["low"], found["p"]]).all() and found["difference"] == 0


def test_a_stratum_without_an_arm_is_refused_by_name():
    table = drawn()
    table.loc[(table.seg == "u"), "arm"] = "A"
    with pytest.raises(DataError, match="stratum"):
        row(table, el.mean("y"), design=el.Design(strata="seg"))


def test_where_all_is_missing_an_adjusted_mean_is_refused_like_any_other():
    table = drawn(40).assign(y=np.nan)
    for metric in (el.mean("y"), el.mean("y", adjust=["x"])):
        with pytest.raises(DataError, match="all values are missing"):
            row(table, metric)
