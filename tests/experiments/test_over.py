import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from engagelab.errors import UsageError
from engagelab.experiments.compare import compare
from engagelab.metrics import sequential
from engagelab.metrics.design import Design
from engagelab.metrics.intervals import difference_interval, wilson_at
from engagelab.metrics.nouns import mean, nps, quantile, rate

DAYS = 12


def trial(n=3000, seed=1, lift=0.0, users=None):
    draw = np.random.RandomState(seed)
    data = pd.DataFrame({"arm": draw.choice(["A", "B"], n), "day": draw.randint(0, DAYS, n)})
    data["user"] = draw.randint(0, users, n) if users else np.arange(n)
    data["arm"] = data.groupby("user")["arm"].transform("first")
    slope = lift(data["day"]) if callable(lift) else lift
    data["opened"] = draw.rand(n) < .3 + slope * (data["arm"] == "B")
    data["spend"] = draw.gamma(2, 10, n) + 100 * slope * (data["arm"] == "B")
    return data.assign(at=pd.Timestamp("2025-03-01 09:00") + pd.to_timedelta(data["day"], "D"))


def compared(data, metrics, **how):
    return compare(data, metrics, **({"arm": "arm", "control": "A", "over": "at"} | how))


def test_each_row_is_the_comparison_of_all_units_so_far():
    data = trial()
    over = compared(data, {"m": mean("spend")}).over
    assert over["over"].tolist() == [f"2025-03-{day + 1:02d}" for day in range(DAYS)]
    for day, row in enumerate(over.to_dict("records")):
        so_far = data[data["day"] <= day]
        control, arm = (so_far.loc[so_far["arm"] == name, "spend"] for name in "AB")
        test = stats.ttest_ind(arm, control, equal_var=False)
        low, high = test.confidence_interval()
        assert [row[name] for name in ("difference", "p", "low", "high", "n_control", "n_arm")] == pytest.approx(
            [arm.mean() - control.mean(), test.pvalue, low, high, len(control), len(arm)], rel=1e-6)


def test_units_with_rows_on_several_days_are_summed_up_to_each():
    data = trial(users=900)
    result = compared(data, {"m": mean("spend")}, user="user")
    for day, row in enumerate(result.over.to_dict("records")):
        so_far = data[data["day"] <= day]
        sums = so_far.groupby(["arm", "user"])["spend"].agg(["sum", "size"])
        value = so_far.groupby("arm")["spend"].mean()
        left = sums["sum"] - sums["size"] * value.reindex(sums.index.get_level_values("arm")).to_numpy()
        se = np.sqrt(sum(left[name].var() / len(left[name]) / sums.loc[name, "size"].mean() ** 2 for name in "AB"))
        assert row["difference"] == pytest.approx(value["B"] - value["A"])
        assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * se, rel=.03)
        assert row["n_control"] == len(left["A"])
    again = int(data.groupby("user")["day"].nunique().sub(1).sum())
    assert any(note.startswith(f"{again:,} units have rows at more than one moment") for note in result.notes)


def test_the_always_valid_interval_of_a_rate_is_newcombes_at_the_wider_critical_value():
    data = trial(lift=.05)
    row = compared(data, {"open": rate("opened")}).over.iloc[-1]
    sides = []
    for name in "AB":
        opened = data.loc[data["arm"] == name, "opened"]
        sides.append((opened.mean(), opened.sum(), len(opened)))
    size = sides[0][2] * sides[1][2] / len(data)
    z = sequential.always_valid(size)
    ends = [(share, *wilson_at(count, n, z)) for share, count, n in sides]
    assert [row["low_always"], row["high_always"]] == pytest.approx(difference_interval(*ends[0], *ends[1])[1:])


def test_what_holds_for_all_looks_is_wider_and_its_p_is_that_of_its_interval():
    fading = trial(6000, lift=lambda day: np.where(day < 5, .25, -.25))
    over = compared(fading, {"open": rate("opened"), "spend": mean("spend")}).over
    known = over[over["low_always"].notna()]
    assert len(known) > DAYS and (over["p"].diff() > 0).any() and (over["p_always"] < .05).any()
    assert not over[over["p_always"] < .05].groupby("metric")["low_always"].min().gt(0).all(), "it came back to 0"
    assert ((known["low_always"] < known["low"]) & (known["high_always"] > known["high"])).all()
    for _, rows in over.groupby("metric"):
        assert (rows["p_always"] >= rows["p"]).all()
        outside = (rows["low_always"] > 0) | (rows["high_always"] < 0)
        assert (outside == (rows["p_always"] < .05)).all()


def test_a_difference_that_is_gone_again_is_said_to_be_gone_and_to_turn():
    result = compared(trial(20_000, lift=lambda day: np.where(day < 5, .28, -.2)), {"open": rate("opened")}, peek=True)
    assert result.over["p_always"].min() < 1e-6 and result.over["p_always"].iloc[-1] > .05
    assert any("first showed at 2025-03-01, but with all that has come in since it no longer shows" in note
               for note in result.notes)
    assert any("the effect turns, from +" in note for note in result.notes)
    assert not any("sure from" in text.get_text() for text in result.plot("over").texts)


def test_with_peeking_the_last_moment_is_the_comparison():
    result = compared(trial(lift=.05), {"open": rate("opened"), "spend": mean("spend")}, peek=True)
    last = result.over.groupby("metric", sort=False).tail(1).reset_index(drop=True)
    assert last["low_always"].tolist() == pytest.approx(result.frame["low_adjusted"].tolist())
    assert last["p_always"].tolist() == pytest.approx(result.frame["p_adjusted"].tolist())


def test_an_effect_that_fades_is_found_and_a_steady_one_is_not():
    fading = compared(trial(20_000, lift=lambda day: .2 * np.exp(-day / 3)), {"open": rate("opened")})
    assert fading.over["p_trend"].iloc[0] < .001
    said = next(note for note in fading.notes if "fades" in note)
    assert said.startswith("open, B against A: the effect fades, from +")
    steady = compared(trial(20_000, lift=.1), {"open": rate("opened")})
    assert steady.over["p_trend"].iloc[0] > .05
    assert any(note.startswith("No sign that the effect on open fades or grows") for note in steady.notes)


def test_the_trend_is_the_slope_of_each_days_effect_weighed_by_its_units():
    data = trial(6000, lift=lambda day: .002 * day)
    data = data[(data["day"] % 3 > 0) | (data["user"] % 5 == 0)]
    over = compared(data, {"m": mean("spend")}).over
    cells = data.groupby(["day", "arm"])["spend"].agg(["mean", "var", "size"]).unstack()
    effect = cells["mean"]["B"] - cells["mean"]["A"]
    se = np.sqrt((cells["var"] / cells["size"]).sum(axis=1))
    assert over["effect"].tolist() == pytest.approx(effect.tolist())
    assert over["effect_se"].tolist() == pytest.approx(se.tolist())
    n = cells["size"]
    model = sm.WLS(effect, sm.add_constant(effect.index), weights=n["A"] * n["B"] / n.sum(axis=1)).fit()
    pull = model.model.pinv_wexog[1] * np.sqrt(model.model.weights)
    wanted = 2 * stats.norm.sf(abs(model.params.iloc[1]) / np.sqrt(((pull * se) ** 2).sum()))
    assert over["p_trend"].iloc[0] == pytest.approx(wanted, rel=.05)


def test_who_peeks_is_told_what_he_would_have_called():
    seeds = [seed for seed in range(30) if (lambda p: (p < .05).any() and p.iloc[-1] > .05)(
        compared(trial(1500, seed), {"m": mean("spend")}).over["p"])]
    result = compared(trial(1500, seeds[0]), {"m": mean("spend")})
    when = result.over.loc[result.over["p"] < .05, "over"].iloc[0]
    assert any("took each look for the only one" in note and when in note for note in result.notes)
    strong = compared(trial(6000, lift=.2), {"m": mean("spend")})
    when = strong.over.loc[strong.over["p_always"] < .05, "over"].iloc[0]
    assert any(note.endswith(f"the difference first showed at {when}.") for note in strong.notes)


def test_weeks_text_and_gaps_keep_their_order_and_distance():
    data = trial().assign(week=lambda rows: rows["day"] * 10, name=lambda rows: "w" + rows["day"].map("{:02d}".format))
    weeks, names = (compared(data, {"m": mean("spend")}, over=name).over for name in ("week", "name"))
    assert weeks["over"].tolist() == [str(10 * day) for day in range(DAYS)]
    assert names["over"].tolist() == [f"w{day:02d}" for day in range(DAYS)]
    assert weeks["p_trend"].tolist() == pytest.approx(names["p_trend"].tolist())
    gap = data.assign(week=np.where(data["day"] == DAYS - 1, 1000, data["day"]))
    assert compared(gap, {"m": mean("spend")}, over="week").over["p_trend"].iloc[0] != pytest.approx(
        names["p_trend"].iloc[0], rel=.01)


@pytest.mark.parametrize(("names", "said"), [
    (["w9", "w10"], "'w9' comes after 'w10'"), (["2025-W52", "2026-W01", "2026-W12"], ""),
    (["Feb", "Jan"], "'Jan' comes after 'Feb'"), (["9", "10"], "'9' comes after '10'")])
def test_text_whose_order_is_not_that_of_its_numbers_is_refused(names, said):
    data = trial(400).assign(week=lambda rows: rows["day"].map(lambda day: names[day % len(names)]))
    if said:
        with pytest.raises(UsageError, match=f"column 'week' is text, and {said}"):
            compared(data, {"m": mean("spend")}, over="week")
    else:
        assert compared(data, {"m": mean("spend")}, over="week").over["over"].tolist() == names


def test_undated_units_are_in_the_whole_only_and_said():
    data = trial()
    data.loc[:9, "at"] = pd.NaT
    result = compared(data, {"m": mean("spend")})
    assert result.over[["n_control", "n_arm"]].iloc[-1].sum() == len(data) - 10
    assert result.frame[["n_control", "n_arm"]].iloc[0].sum() == len(data)
    assert any(note.startswith("10 units without a value in 'at'") for note in result.notes)


@pytest.mark.parametrize("how", [{"combine": {"any": ["B", "C"]}}, {"design": Design(strata="half")}])
def test_a_quantile_of_groups_taken_together_is_refused(how):
    data = trial(300).assign(half=lambda rows: rows["user"] % 2)
    data.loc[::5, "arm"] = "C"
    with pytest.raises(UsageError, match="does not go with"):
        compared(data, {"m": quantile("spend")}, **how)


def test_what_is_no_time_is_refused():
    data = trial(300).assign(week=np.nan)
    with pytest.raises(UsageError, match="over names the column of arms, 'arm'"):
        compared(data, {"m": mean("spend")}, over="arm")
    with pytest.raises(UsageError, match="column 'week' has no value at all"):
        compared(data, {"m": mean("spend")}, over="week")


def test_quantiles_so_far_are_those_of_the_rows_so_far():
    data = trial(900)
    data = data[(data["day"] > 0) | (data["arm"] == "B")]  # on the first day only one arm is there
    over = compared(data, {"m": quantile("spend")}).over
    assert np.isnan(over["difference"].iloc[0])
    for day in (1, 5, DAYS - 1):
        so_far = data[data["day"] <= day].groupby("arm")["spend"].median()
        assert over[["value_control", "value_arm"]].iloc[day].tolist() == pytest.approx([so_far["A"], so_far["B"]])


def test_a_day_of_few_respondents_is_not_told_nor_what_would_tell_it():
    draw = np.random.RandomState(2)
    data = pd.DataFrame({"arm": ["A", "B"] * 60, "score": draw.randint(0, 11, 120), "day": np.repeat([1, 2, 3], 40)})
    data.loc[40:45, "day"], data.loc[46:79, "day"] = 2, 1
    over = compared(data, {"NPS": nps("score")}, over="day").over
    assert over["difference"].isna().tolist() == [True, False, False]
    assert over["effect"].isna().tolist() == [True, True, False]


def test_where_a_day_is_hidden_no_trend_is_told_that_its_answers_follow_from():
    draw = np.random.RandomState(2)
    data = pd.DataFrame({"arm": ["A", "B"] * 250, "score": draw.randint(0, 11, 500), "day": np.repeat(range(5), 100)})
    data.loc[200:393, "day"] = 1  # which leaves three of each arm on the third day
    data.loc[394:399, "day"] = 2
    result = compared(data, {"NPS": nps("score")}, over="day")
    assert result.over["p_trend"].isna().all() and not any("fades" in note for note in result.notes)
    assert compared(data, {"NPS": nps("score", min_n=0)}, over="day").over["p_trend"].notna().all()


def test_a_stratum_that_is_not_there_at_first_is_waited_for():
    data = trial().assign(region=lambda rows: np.where((rows["user"] % 2 == 0) & (rows["day"] > 2), "north", "south"))
    data.loc[(data["arm"] == "A") & (data["day"] == 3), "region"] = "south"
    over = compared(data, {"m": mean("spend")}, design=Design(strata="region")).over
    assert over["difference"].isna().tolist() == [False] * 3 + [True] + [False] * (DAYS - 4)
