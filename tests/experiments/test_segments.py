import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engagelab.errors import UsageError
from engagelab.experiments.compare import compare
from engagelab.experiments.contrast import Looking
from engagelab.metrics import sequential
from engagelab.metrics.nouns import mean, nps, rate

ALL = "(all)"


def trial(n=4000, seed=1, segments="abcd", effect=None, base=.3):
    draw = np.random.RandomState(seed)
    data = pd.DataFrame({"arm": draw.choice(["A", "B"], n), "plan": draw.choice(list(segments), n)})
    lift = (data["arm"] == "B") * data["plan"].map(effect or {}).fillna(0.0)
    return data.assign(opened=draw.rand(n) < base + lift, spend=draw.gamma(2, 10, n) + 50 * lift)


def compared(data, metrics=None, **how):
    how = {"arm": "arm", "control": "A", "by": "plan"} | how
    return compare(data, metrics or {"open": rate("opened")}, **how)


def test_the_interaction_is_the_wald_test_of_a_regression_with_robust_errors():
    data = trial(20_000, effect={"a": .03, "b": -.01})
    found = compared(data, {"spend": mean("spend")}).by["p_interaction"].iloc[0]
    model = smf.ols("spend ~ C(arm) * C(plan)", data).fit(cov_type="HC2")
    names = [name for name in model.params.index if ":" in name]
    wanted = float(model.wald_test([[float(one == name) for one in model.params.index] for name in names], use_f=False,
                                   scalar=True).pvalue)
    assert .001 < wanted < .999
    assert found == pytest.approx(wanted, abs=.002)


def test_a_segment_in_which_it_works_is_found_and_named():
    result = compared(trial(8000, effect={"b": .2}))
    verdicts = result.by.set_index("segment")["verdict"]
    assert verdicts.drop(ALL).to_dict() == {"a": "no_difference", "b": "better", "c": "no_difference",
                                            "d": "no_difference"}
    assert any("differs between the segments of plan" in note for note in result.notes)


def test_segments_that_are_alike_are_not_judged_however_clear_each_is():
    result = compared(trial(8000, effect=dict.fromkeys("abcd", .2)))
    rows = result.by.set_index("segment")
    assert (rows["p_adjusted"].drop(ALL) < .001).all()
    assert set(rows["verdict"].drop(ALL)) == {"cannot_tell"} and rows.loc[ALL, "verdict"] == "better"
    assert any(note.startswith("No sign that the segments of plan differ in open") for note in result.notes)


def test_of_rates_with_few_cases_it_is_not_said_that_the_segments_are_alike():
    notes = " ".join(compared(trial(4000, segments="abcdefghij", base=.01)).notes)
    assert "Too few units or cases in the segments of plan" in notes and "No sign that the segments" not in notes


def test_twenty_segments_without_an_effect_are_fished_in_vain():
    called = []
    for seed in range(40):
        by = compared(trial(1500, seed, "abcdefghijklmnopqrst"), mean("spend")).by
        called.append(by.loc[by["segment"] != ALL, "verdict"].isin(["better", "worse"]).any())
    assert np.mean(called) <= .05


def test_the_last_row_is_the_whole_comparison():
    result = compared(trial(), {"open": rate("opened"), "spend": mean("spend")}, by=["plan", "opened"])
    last = result.by.groupby(["column", "metric"], sort=False).tail(1)
    assert (last["segment"] == ALL).all()
    names = ["difference", "low", "high", "p", "low_adjusted", "p_adjusted", "verdict", "n_arm"]
    for _, rows in last.groupby("column"):
        pd.testing.assert_frame_equal(rows[names].reset_index(drop=True), result.frame[names])


def test_a_segments_effect_is_that_of_its_rows_alone():
    data = trial()
    by = compared(data).by.set_index("segment")
    alone = compare(data[data["plan"] == "c"], {"open": rate("opened")}, arm="arm", control="A").frame.iloc[0]
    for name in ("difference", "low", "high", "p", "n_control", "n_arm"):
        assert by.loc["c", name] == pytest.approx(alone[name])
    assert by.loc["c", "p_adjusted"] == pytest.approx(min(4 * alone["p"], 1))


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.sampled_from([rate("opened"), mean("spend")]))
def test_the_corrected_interval_leaves_out_0_just_where_the_corrected_p_is_small(seed, noun):
    by = compared(trial(600, seed, effect={"a": .2, "b": .1}), {"m": noun}).by
    outside = (by["low_adjusted"] > 0) | (by["high_adjusted"] < 0)
    assert (outside == (by["p_adjusted"] < .05)).all()
    judged = by["verdict"].isin(["better", "worse"]) & (by["segment"] != ALL)
    assert (~judged | (outside & (by["p_interaction"] < .05))).all()


def test_the_interaction_is_corrected_for_columns_metrics_and_arms():
    data = trial()
    both = {"open": rate("opened"), "spend": mean("spend")}
    data["half"] = np.arange(len(data)) % 2
    one = [compared(data, {name: noun}, by=column).by["p_interaction"].iloc[0]
           for column in ("plan", "half") for name, noun in both.items()]
    found = compared(data, both, by=["plan", "half"]).by.drop_duplicates(["column", "metric"])["p_interaction"]
    order = np.sort(one)
    assert sorted(found) == pytest.approx(np.minimum(np.maximum.accumulate(order * [4, 3, 2, 1]), 1))


def test_a_missing_segment_is_shown_and_one_without_an_arm_has_no_interval():
    data = trial(800)
    data.loc[:99, "plan"] = None
    data.loc[(data["plan"] == "d") & (data["arm"] == "B"), "plan"] = "c"
    rows = compared(data).by.set_index("segment")
    assert "(missing)" in rows.index
    assert rows.loc["d", ["difference", "low", "p_adjusted"]].isna().all()
    assert rows.loc["d", "verdict"] == "cannot_tell" and rows.loc["d", "n_arm"] == 0


def test_few_respondents_of_a_segment_are_hidden_and_so_is_what_would_tell_them():
    draw = np.random.RandomState(3)
    data = pd.DataFrame({"arm": ["A", "B"] * 200, "score": draw.randint(0, 11, 400), "plan": "p"})
    data.loc[:13, "plan"], data.loc[14:99, "plan"] = "q", "r"
    rows = compared(data, nps("score")).by.set_index("segment")
    assert rows.loc["q", ["value_control", "value_arm", "difference", "p"]].isna().all()
    assert rows.loc["r", "difference"] != rows.loc["r", "difference"], "the rest of the whole would tell q"
    assert np.isfinite(rows.loc[["p", ALL], "difference"]).all()
    assert np.isfinite(compared(data, nps("score", min_n=0)).by["difference"]).all()


def test_where_a_segment_is_hidden_it_is_not_told_whether_they_differ():
    draw = np.random.RandomState(3)
    data = pd.DataFrame({"arm": ["A", "B"] * 200, "score": draw.randint(0, 11, 400), "plan": "p"})
    data.loc[:13, "plan"], data.loc[14:99, "plan"] = "q", "r"
    result = compared(data, {"NPS": nps("score"), "mean": mean("score")})
    p = result.by.drop_duplicates("metric").set_index("metric")["p_interaction"]
    assert np.isnan(p["NPS"]) and np.isfinite(p["mean"])
    assert any(note.startswith("Too few units or cases in the segments of plan to tell") and "NPS" in note
               for note in result.notes)


def surveyed(other):
    draw = np.random.RandomState(3)
    data = pd.DataFrame({"arm": ["A", "B"] * 200, "score": draw.randint(0, 11, 400), "s1": ["x", "y"] * 200})
    data["s1"] = np.where(np.arange(400) < 180, "x", "y")
    data["s2"] = other(data)
    return compared(data, nps("score"), by=["s1", "s2"]).by.set_index(["column", "segment"])["difference"]


def test_segments_of_two_columns_that_differ_by_few_respondents_are_not_both_shown():
    shown = surveyed(lambda data: data["s1"].mask(data.index < 4, "y")).notna()
    assert not (shown["s1", "x"] and shown["s2", "x"]) and not (shown["s1", "y"] and shown["s2", "y"])
    assert shown["s1", "(all)"] and shown["s2", "(all)"]


def test_segments_of_two_columns_that_are_as_large_by_chance_are_shown():
    assert surveyed(lambda data: np.where(data.index % 40 < 18, "x", "y")).notna().all()
    assert surveyed(lambda data: data["s1"]).notna().all()


def test_thousands_of_segments_are_refused():
    data = trial(1200).assign(plan=np.arange(1200) % 600)
    with pytest.raises(UsageError, match="'plan': 600 different segments, and a comparison takes 500 at most; group"):
        compared(data)
    data = pd.DataFrame({"arm": "A", "score": np.arange(8000) % 11, "a": np.arange(8000) % 60,
                         "b": np.arange(8000) // 60 % 60})
    with pytest.raises(UsageError, match=r"'a', 'b': 3,\d+ different segments"):
        compared(pd.concat([data, data.assign(arm="B")]), nps("score"), by=["a", "b"])


def test_units_in_several_segments_are_counted_in_each_and_said():
    data = trial(2000).assign(user=lambda rows: np.arange(len(rows)) // 2)
    data["arm"] = data.groupby("user")["arm"].transform("first")
    result = compared(data, user="user")
    twice = data.groupby("user")["plan"].nunique().sub(1).sum()
    assert any(note.startswith(f"{twice:,} units lie in more than one segment") for note in result.notes)


def test_a_segment_out_of_ratio_is_named():
    data = trial(4000)
    data = data[(data["plan"] != "b") | (data["arm"] == "A") | (np.arange(len(data)) % 2 == 0)]
    said = [note for note in compared(data).notes if "out of ratio" in note]
    assert len(said) == 1 and "'b'" in said[0]


def test_a_failed_check_turns_the_verdicts_of_segments_off():
    data = trial(4000, effect={"b": .3})
    data = data[(data["arm"] == "A") | (np.arange(len(data)) % 3 > 0)]
    assert set(compared(data).by["verdict"]) == {"no_verdict"}


def test_peeking_at_segments_has_a_price_that_holds():
    draw, segments, looks = np.random.RandomState(5), 5, 60
    n = np.arange(1, looks + 1) * 200.0
    steps = draw.normal(0, 1, (1500, looks, segments)) * np.sqrt(np.diff(n, prepend=0))[None, :, None]
    z = steps.cumsum(axis=1) / np.sqrt(n)[:, None]
    square = ((z - z.mean(axis=2, keepdims=True)) ** 2).sum(axis=2)
    p = sequential.always_valid_p(np.sqrt(square), n, df=segments - 1)
    assert (p.min(axis=1) < .05).mean() <= .05
    assert (sequential.always_valid_p(np.sqrt(square), n).min(axis=1) < .05).mean() > .05  # as if there were two
    wanted = sequential.always_valid_p(np.sqrt(30), 2500, df=6)
    assert Looking("peek").p(stats.chi2.sf(30, 6), 2500, df=6) == pytest.approx(wanted)


def test_stepwise_corrections_of_the_metrics_leave_segments_an_interval():
    by = compared(trial(), correct="holm").by
    assert np.isfinite(by.loc[by["segment"] != ALL, "low_adjusted"]).all()
