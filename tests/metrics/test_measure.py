"""`measure()` against pandas, numpy and statsmodels on the same rows."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics import intervals
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import ces, csat, mean, nps, quantile, rate, ratio

COLUMNS = ["metric", "plan", "month", "estimate", "low", "high", "se", "count", "base", "n", "n_eff", "n_missing",
           "method", "flag"]


@pytest.fixture
def answers():
    rng = np.random.default_rng(8)
    n = 4000
    return pd.DataFrame({
        "plan": rng.choice(["gold", "silver", None], n, p=[.4, .55, .05]),
        "score": np.where(rng.random(n) < .1, np.nan, rng.integers(0, 11, n)),
        "stars": rng.integers(1, 6, n), "effort": rng.integers(1, 8, n), "opened": rng.random(n) < .3,
        "spend": np.where(rng.random(n) < .1, np.nan, rng.exponential(50, n)),
        "clicks": rng.integers(0, 20, n), "views": np.where(rng.random(n) < .1, np.nan, rng.integers(20, 500, n)),
        "w": rng.choice([.5, 1, 2, 3], n), "who": rng.integers(0, 900, n),
        "at": pd.Timestamp("2026-07-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 92 * 24, n), unit="h")})


def test_the_shape_of_an_answer_is_frozen(answers):
    nouns = [rate("opened"), ratio("clicks", "views"), nps("score"), csat("stars"), mean("spend"), quantile("spend")]
    table = measure(answers, nouns, by="plan", time="at", every="month", total=True)
    assert list(table) == COLUMNS
    assert isinstance(table.index, pd.RangeIndex)
    kinds = {name: str(dtype) for name, dtype in table.dtypes.items()}
    assert kinds == {"metric": "str", "plan": "str", "month": "str", "method": "str", "flag": "str", "n": "Int64",
                     "n_missing": "Int64"} | dict.fromkeys(["estimate", "low", "high", "se", "count", "base", "n_eff"],
                                                           "float64")
    assert list(measure(answers, rate("opened"))) == [name for name in COLUMNS if name not in ("plan", "month", "base")]
    assert set(table.attrs) == {"sql", "notes"}


def test_rows_are_sorted_by_metric_as_given_then_by_group_with_missing_and_all_last(answers):
    table = measure(answers, {"b": mean("spend"), "a": rate("opened")}, by="plan", total=True)
    assert table["metric"].tolist() == ["b"] * 4 + ["a"] * 4
    assert table["plan"].tolist() == ["gold", "silver", "(missing)", "(all)"] * 2


def test_a_rate_is_that_of_pandas_with_wilsons_interval(answers):
    table = measure(answers, rate("opened"), by="plan").set_index("plan")
    for plan, group in answers.fillna({"plan": "(missing)"}).groupby("plan"):
        row = table.loc[plan]
        assert (row["estimate"], row["count"], row["n"]) == (group["opened"].mean(), group["opened"].sum(), len(group))
        assert (row["low"], row["high"]) == intervals.wilson(row["count"], row["n"])


def test_a_mean_is_that_of_statsmodels(answers):
    known = answers["spend"].dropna()
    row = measure(answers, mean("spend"), confidence=.9).iloc[0]
    expected = DescrStatsW(known)
    assert row["estimate"] == pytest.approx(expected.mean, rel=1e-12)
    assert (row["low"], row["high"]) == pytest.approx(expected.tconfint_mean(alpha=.1), rel=1e-9)
    assert (row["n"], row["n_missing"]) == (len(known), len(answers) - len(known))


def test_the_error_of_a_ratio_is_that_of_a_regression_through_the_origin(answers):
    # Weighted by 1/x, the slope is the ratio of sums; HC1 is the linearised variance with n / (n - 1).
    known = answers[["clicks", "views"]].dropna()
    fit = sm.WLS(known["clicks"], known["views"], weights=1 / known["views"]).fit(cov_type="HC1")
    row = measure(answers, ratio("clicks", "views")).iloc[0]
    assert row["estimate"] == pytest.approx(fit.params.iloc[0], rel=1e-12)
    assert row["se"] == pytest.approx(fit.bse.iloc[0], rel=1e-9)
    assert (row["count"], row["base"]) == (known["clicks"].sum(), known["views"].sum())


def test_survey_scores_are_their_definitions(answers):
    table = measure(answers, {"nps": nps("score"), "csat": csat("stars"), "ces": ces("effort"),
                              "best": csat("stars", top=1)})
    known = answers["score"].dropna()
    expected = [100 * ((known >= 9).mean() - (known <= 6).mean()), (answers["stars"] >= 4).mean(),
                (answers["effort"] >= 5).mean(), (answers["stars"] == 5).mean()]
    assert table["estimate"].tolist() == pytest.approx(expected, rel=1e-12)


def test_quantiles_are_those_of_pandas(answers):
    for q in (.05, .5, .9, .999):
        table = measure(answers, quantile("spend", q), by="plan").set_index("plan")["estimate"]
        expected = answers.fillna({"plan": "(missing)"}).groupby("plan")["spend"].quantile(q)
        pd.testing.assert_series_equal(table.sort_index(), expected.sort_index(), check_names=False,
                                       check_index_type=False)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60), st.floats(.01, .99))
def test_any_quantile_of_any_numbers_is_that_of_numpy(values, q):
    found = measure(pd.DataFrame({"x": values}), quantile("x", q)).iloc[0]
    assert found["estimate"] == pytest.approx(np.quantile(values, q), abs=1e-9)
    low, high = intervals.quantile_ranks(len(values), q)
    ordered = sorted(values)
    assert np.isnan(found["low"]) if low < 1 else found["low"] == ordered[int(low) - 1]
    assert np.isnan(found["high"]) if high > len(values) else found["high"] == ordered[int(high) - 1]


def test_the_interval_of_a_quantile_covers():
    frame = pd.DataFrame({"x": np.random.default_rng(12).exponential(1, 60_000), "draw": np.arange(60_000) % 1000})
    table = measure(frame, quantile("x"), by="draw")
    assert table["low"].le(np.log(2)).mul(table["high"].ge(np.log(2))).mean() >= .95 - .014  # two standard errors


def test_levels_and_totals_are_what_separate_calls_give(answers):
    nouns = [rate("opened"), mean("spend"), ratio("clicks", "views"), quantile("spend", .3)]
    cube = measure(answers, nouns, by="plan", time="at", every="month", total=True)
    numbers = ["estimate", "low", "high", "se", "count", "n", "n_eff", "n_missing"]
    for fixed, call in ((("plan",), {"time": "at", "every": "month"}), (("month",), {"by": "plan"}),
                        (("plan", "month"), {})):
        part = cube[(cube[list(fixed)] == "(all)").all(axis=1)]
        free = [name for name in ("plan", "month") if name not in fixed]
        part = part[(part[free] != "(all)").all(axis=1)] if free else part
        np.testing.assert_allclose(part[numbers].astype(float), measure(answers, nouns, **call)[numbers].astype(float),
                                   rtol=1e-9)


def test_weights_give_the_weighted_mean_and_kishs_effective_number(answers):
    known = answers.dropna(subset="spend")
    row = measure(answers, mean("spend"), weights="w").iloc[0]
    expected = DescrStatsW(known["spend"], weights=known["w"])
    assert row["estimate"] == pytest.approx(expected.mean, rel=1e-12)
    n_eff = known["w"].sum() ** 2 / (known["w"] ** 2).sum()
    assert row["n_eff"] == pytest.approx(n_eff, rel=1e-12)
    assert row["n"] == len(known)
    assert row["se"] == pytest.approx(np.sqrt(expected.var / (n_eff - 1)), rel=1e-9)


def test_equal_weights_change_nothing_but_the_words(answers):
    nouns = [rate("opened"), mean("spend"), ratio("clicks", "views"), nps("score")]
    same = answers.assign(same=3.0)
    plain, weighted = (measure(same, nouns, by="plan", weights=weights) for weights in (None, "same"))
    numbers = ["estimate", "low", "high", "se", "n", "n_eff"]
    np.testing.assert_allclose(plain[numbers].astype(float), weighted[numbers].astype(float), rtol=1e-9)


SCORES = {"gold": [9, 10, 9, 8, 7, 9], "silver": [0, 6, 3, 8], "lead": [7, 8, 7], "none": [None, None]}
FLAGS = {"nps": (lambda x: x >= 9, lambda x: x <= 6), "csat": (lambda x: x >= 9,), "easy": (lambda x: x >= 10,),
         "rate": (lambda x: x >= 11,)}


def test_weighted_shares_are_right_where_nobody_or_everybody_is_on_one_side():
    frame = pd.DataFrame([(plan, score) for plan, scores in SCORES.items() for score in scores], columns=["plan", "s"])
    frame = frame.assign(w=np.arange(1, len(frame) + 1) / 2, never=(frame["s"] >= 11).where(frame["s"].notna()))
    nouns = {"nps": nps("s", min_n=0), "csat": csat("s", scale=(0, 10), min_n=0),
             "easy": ces("s", scale=(0, 10), top=1, min_n=0), "rate": rate("never")}
    table = measure(frame, nouns, by="plan", weights="w", total=True).set_index(["metric", "plan"])
    for name, flags in FLAGS.items():
        for plan in (*SCORES, "(all)"):
            known = frame[((frame["plan"] == plan) | (plan == "(all)")) & frame["s"].notna()]
            row = table.loc[name, plan]
            assert row["n"] == len(known)
            if not len(known):
                assert (row["flag"], np.isnan(row["estimate"])) == ("no known value", True)
                continue
            shares = [np.average(flag(known["s"]), weights=known["w"]) for flag in flags]
            n_eff = known["w"].sum() ** 2 / (known["w"] ** 2).sum()
            low, high = (intervals.nps(shares[0] * n_eff, shares[1] * n_eff, n_eff) if name == "nps"
                         else intervals.wilson(shares[0] * n_eff, n_eff))
            expected = 100 * (shares[0] - shares[1]) if name == "nps" else shares[0]
            assert row[["estimate", "low", "high"]].tolist() == pytest.approx([expected, low, high], abs=1e-9)


def test_weighted_shares_have_wilsons_interval_of_the_effective_number(answers):
    # the score interval's own equation: at both ends (p - end)^2 = z^2 end (1 - end) / n_eff
    table = measure(answers, {"opened": rate("opened"), "stars": csat("stars")}, weights="w").set_index("metric")
    n_eff = answers["w"].sum() ** 2 / (answers["w"] ** 2).sum()
    assert n_eff < .8 * len(answers)
    for name, yes in (("opened", answers["opened"]), ("stars", answers["stars"] >= 4)):
        p, row = np.average(yes, weights=answers["w"]), table.loc[name]
        ends = np.roots([1 + 1.959964**2 / n_eff, -2 * p - 1.959964**2 / n_eff, p * p])
        assert row[["low", "high"]].tolist() == pytest.approx(sorted(ends), abs=1e-7)


def test_a_weight_of_nothing_is_missing_and_a_negative_one_an_error(answers):
    answers.loc[:9, "w"] = 0
    answers.loc[10:14, "w"] = np.nan
    row = measure(answers, rate("opened"), weights="w").iloc[0]
    assert (row["n"], row["n_missing"]) == (len(answers) - 15, 15)
    used = answers[15:]
    assert row["estimate"] == pytest.approx(np.average(used["opened"], weights=used["w"]))
    answers.loc[3, "w"] = -1
    with pytest.raises(DataError, match="'w' holds a negative weight, -1"):
        measure(answers, rate("opened"), weights="w")


def test_a_group_without_a_known_value_takes_no_other_groups_quantile():
    rows = pd.DataFrame({"group": list("aabbcc"), "x": [np.nan, np.nan, 1, 2, 10, 20]})
    for how in ({}, {"weights": "w"}):
        found = measure(rows.assign(w=1.0), quantile("x", .5), by="group", **how)["estimate"]
        wanted = [1.5, 15] if not how else [1, 10]
        assert np.isnan(found.iloc[0]) and found.iloc[1:].tolist() == wanted


def test_a_weighted_quantile_is_that_of_the_rows_repeated():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4, 10], "w": [1, 1, 5, 1, 2]})
    repeated = np.repeat(frame["x"], frame["w"])
    found = measure(frame, {q: quantile("x", float(q)) for q in (".1", ".25", ".5", ".8", ".9")}, weights="w")
    expected = [np.quantile(repeated, float(q), method="inverted_cdf") for q in found["metric"]]
    assert found["estimate"].tolist() == expected


def test_the_interval_of_a_weighted_quantile_does_not_follow_the_unit_of_the_weights(answers):
    known = answers.dropna(subset="spend").sort_values("spend")
    share = known["w"].cumsum() / known["w"].sum()
    n_eff = known["w"].sum() ** 2 / (known["w"] ** 2).sum()
    expected = [known["spend"].iloc[np.searchsorted(share, end)] for end in intervals.wilson(.3 * n_eff, n_eff)]
    for scale in (.01, 1, 100):
        row = measure(answers.assign(w=answers["w"] * scale), quantile("spend", .3), weights="w").iloc[0]
        assert [row["low"], row["high"]] == expected


@pytest.mark.parametrize("noun, column, value, low, high", [
    (nps("score"), "score", 11, 0, 10), (nps("score"), "score", -1, 0, 10), (nps("score"), "score", 8.5, 0, 10),
    (csat("stars"), "stars", 0, 1, 5), (ces("effort"), "effort", 99, 1, 7), (rate("opened"), "opened", 2, 0, 1)])
def test_a_score_off_the_scale_is_named_with_its_value_and_number(answers, noun, column, value, low, high):
    answers[column] = answers[column].astype("float64")
    answers.loc[[3, 5, 8], column] = value
    with pytest.raises(DataError, match=rf"'{column}' holds {value:g}.*whole number from {low} to {high}; 3 values"):
        measure(answers, noun, by="plan")


def test_a_group_without_a_known_value_is_flagged_and_not_zero():
    frame = pd.DataFrame({"g": ["a", "a", "b"], "x": [1.0, 0.0, None], "y": [0.0, 0.0, 5.0], "s": [10, 9, None]})
    table = measure(frame, {"r": rate("x"), "m": mean("x"), "q": ratio("x", "y"), "n": nps("s", min_n=0),
                            "d": quantile("x")}, by="g")
    empty = table[table["g"] == "b"]
    assert empty["estimate"].isna().all()
    assert empty["n"].tolist() == [0] * 5
    assert set(empty["flag"]) == {"no known value"}
    zero = table[(table["metric"] == "q") & (table["g"] == "a")].iloc[0]
    assert np.isnan(zero["estimate"])
    assert (zero["n"], zero["flag"]) == (2, "would divide by 0")


def test_one_value_has_no_interval_and_says_so():
    row = measure(pd.DataFrame({"x": [3.0]}), mean("x")).iloc[0]
    assert row["estimate"] == 3.0
    assert np.isnan(row["se"])
    assert row["flag"] == "too few or too equal values for an interval"


@pytest.mark.parametrize("value", [3.0, .1234, 0.0, 1e15 + 3, 1 / 3])
def test_values_all_alike_have_no_interval_and_say_so(value):
    base = np.random.default_rng(5).uniform(1, 9, 50)
    frame = pd.DataFrame({"x": value, "y": base, "z": value * base, "w": np.arange(1.0, 51)})
    for weights in (None, "w"):
        table = measure(frame, [mean("x"), ratio("z", "y"), ratio("x", "x")][:3 if value else 2], weights=weights)
        assert table["se"].tolist() == [0] * len(table)
        assert table[["low", "high"]].isna().all(axis=None)
        assert set(table["flag"]) == {"too few or too equal values for an interval"}
    assert measure(frame, mean("y"))["flag"].item() == ""


def test_groups_sort_by_nature_and_not_as_text():
    frame = pd.DataFrame({"shop": [2, 10, 1, None], "x": 1.0,
                          "size": pd.Categorical(["S", "L", "M", "S"], ["S", "M", "L"], ordered=True)})
    assert measure(frame, mean("x"), by="shop")["shop"].tolist() == ["1", "2", "10", "(missing)"]
    assert measure(frame, mean("x"), by="size")["size"].tolist() == ["S", "M", "L"]
    halves = measure(frame.assign(shop=[.5, 1, 2, 3]), mean("x"), by="shop")
    assert halves["shop"].tolist() == ["0.5", "1.0", "2.0", "3.0"]


def test_labels_of_the_answer_are_refused_as_names_and_as_groups():
    frame = pd.DataFrame({"n": [1.0], "month": ["a"], "g": ["(all)"], "t": pd.to_datetime(["2026-01-01"])})
    with pytest.raises(UsageError, match="has a column 'n' of its own; rename yours"):
        measure(frame, mean("n"), by="n")
    with pytest.raises(UsageError, match="column 'month' of its own"):
        measure(frame, mean("n"), by="month", time="t", every="month")
    with pytest.raises(DataError, match="a group is called '\\(all\\)'"):
        measure(frame, mean("n"), by="g")


@pytest.mark.parametrize("metrics", [[], {}, "opened", [rate("x"), "x"], {"": rate("x")}, {1: rate("x")}, None, 3])
def test_what_is_no_metric_is_refused(metrics):
    with pytest.raises(UsageError, match="metrics must be a noun"):
        measure(pd.DataFrame({"x": [1]}), metrics)


def test_other_wrong_calls_are_refused():
    frame = pd.DataFrame({"x": [1], "g": ["a"]})
    with pytest.raises(UsageError, match="same name"):
        measure(frame, [rate("x"), rate("x")])
    with pytest.raises(UsageError, match="by names a column twice"):
        measure(frame, rate("x"), by=["g", "g"])
    for by in ([1], 1, {"g"}):
        with pytest.raises(UsageError, match="by takes names"):
            measure(frame, rate("x"), by=by)
    for call in ({"by": "gg"}, {"weights": "gg"}, {"user": "gg"}, {"time": "gg", "every": "day"}):
        with pytest.raises(NoColumn, match="no column 'gg'"):
            measure(frame, rate("x"), **call)
    with pytest.raises(UsageError, match="confidence"):
        measure(frame, rate("x"), confidence=95)


def test_the_answer_speaks_japanese():
    frame = pd.DataFrame({"x": [1, 0], "g": ["a", None]})
    words.set_language("ja")
    try:
        table = measure(frame, rate("x"), by="g", total=True)
    finally:
        words.set_language("en")
    assert table["g"].tolist() == ["a", "（不明）", "（全体）"]
    assert set(table["method"]) == {"ウィルソンのスコア信頼区間"}
