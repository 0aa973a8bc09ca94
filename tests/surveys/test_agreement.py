"""ICC, rwg and the test of a unit against all others, by the figures of R, by scipy, and by simulation."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, UsageError
from engagelab.metrics.answer import is_hidden
from engagelab.metrics.shares import TAIL
from engagelab.surveys import agreement
from engagelab.surveys.agreement import Spread

REFERENCE = Path(__file__).parents[1] / "reference"
MADE = pd.DataFrame(json.loads((REFERENCE / "surveys_made43.json").read_text("utf-8")))
SIX = [f"q{i}" for i in range(1, 7)]


def teams(*scores):
    """A row an answer; teams a, b, c ..."""
    return pd.DataFrame([(team, score) for team, given in zip("abcdefgh", scores, strict=False) for score in given],
                        columns=["team", "joy"])


def drawn(sizes, between=0.0, spread=1.6, middle=6.0, seed=3, coarse=True):
    draw = np.random.RandomState(seed)
    team = np.repeat([f"t{i:02}" for i in range(len(sizes))], sizes)
    level = np.repeat(between * draw.standard_normal(len(sizes)), sizes)
    score = middle + level + spread * draw.standard_normal(len(team))
    return pd.DataFrame({"team": team, "joy": np.clip(np.rint(score), 0, 10) if coarse else score})


def test_the_made_up_survey_gives_the_figures_of_r():
    expected = json.loads((REFERENCE / "surveys_scores.json").read_text("utf-8"))["icc_rwg_made43"]["expected"]
    made = agreement(MADE, SIX, unit="team", ranvar=2, min_n=0)
    assert made.frame["estimate"].tolist() == pytest.approx([expected["icc1"], expected["icc2"]], abs=1e-10)
    units = made.units.iloc[:-1]
    assert units["team"].tolist() == [str(team) for team in range(1, 11)]
    assert units["rwg_q1"].tolist() == pytest.approx(expected["rwg_q1"], abs=1e-10)
    assert units["rwg_j"].tolist() == pytest.approx(expected["rwg_j"], abs=1e-10)


@given(st.lists(st.lists(st.integers(1, 7), min_size=5, max_size=9), min_size=3, max_size=6),
       st.sampled_from([.9, .95]))
@settings(max_examples=8)
def test_f_the_intervals_and_the_larger_p_are_those_of_scipy_and_statsmodels(given_scores, confidence):
    made = agreement(teams(*given_scores), "joy", unit="team", scale=(1, 7), min_n=0, confidence=confidence)
    arrays = [np.array(part, dtype=float) for part in given_scores]
    everybody = np.concatenate(arrays)
    within = sum(((part - part.mean()) ** 2).sum() for part in arrays)
    means = [part.mean() for part in arrays]
    assume(all(np.ptp(part) for part in arrays) and np.ptp(means) > 1e-9)
    f = anova_oneway(arrays, use_var="equal").statistic
    df, size = len(everybody) - len(arrays), len(everybody) / len(arrays)
    assert made.frame["estimate"].tolist() == pytest.approx([(f - 1) / (f + size - 1), 1 - 1 / f], rel=1e-7, abs=1e-9)
    tail, harmonic = (1 - confidence) / 2, stats.hmean([len(part) for part in arrays])
    unweighted = harmonic * np.var(means, ddof=1) / (within / df)
    ends = [unweighted / stats.f.isf(tail, len(arrays) - 1, df), unweighted * stats.f.isf(tail, df, len(arrays) - 1)]
    icc1 = [(value - 1) / (value + harmonic - 1) for value in ends]
    icc1 = [min(icc1[0], made.frame["estimate"][0]), max(icc1[1], made.frame["estimate"][0])]
    assert made.frame.iloc[0][["low", "high"]].tolist() == pytest.approx(icc1, rel=1e-7, abs=1e-9)
    assert made.frame["low"][1] <= made.frame["estimate"][1] <= made.frame["high"][1] < 1
    if harmonic == pytest.approx(size):
        assert unweighted == pytest.approx(f)
        assert made.frame.iloc[1][["low", "high"]].tolist() == pytest.approx([1 - 1 / end for end in ends], rel=1e-7)
    for place, part in enumerate(arrays):
        rest = np.concatenate([other for i, other in enumerate(arrays) if i != place])
        welch = stats.ttest_ind(part, rest, equal_var=False).confidence_interval(confidence)
        unit = made.units.iloc[place]
        assert unit["difference"] == pytest.approx(part.mean() - rest.mean(), abs=1e-9)
        assert unit["difference_low"] <= welch.low + 1e-9 and unit["difference_high"] >= welch.high - 1e-9
    assert made.units["p_adjusted"].iloc[:-1].tolist() == pytest.approx(stepped(arrays, 1 - confidence), rel=1e-6)


def stepped(arrays, alpha):
    """Holm's p by Welch and by the common spread; whoever is named is left out of what the others are held against."""
    left, found = list(range(len(arrays))), np.zeros(len(arrays))
    while len(left) > 1:
        parts = [arrays[i] for i in left]
        df = sum(map(len, parts)) - len(parts)
        common, raw = sum(((part - part.mean()) ** 2).sum() for part in parts) / df, []
        for place, part in enumerate(parts):
            rest = np.concatenate([other for i, other in enumerate(parts) if i != place])
            t = abs(part.mean() - rest.mean()) / np.sqrt(common * (1 / len(part) + 1 / len(rest)))
            raw.append(max(stats.ttest_ind(part, rest, equal_var=False).pvalue, 2 * stats.t.sf(t, df)))
        found[left] = np.maximum(found[left], multipletests(raw, method="holm")[1])
        named = [(p, i) for p, i in zip(raw, left, strict=True) if found[i] < alpha]
        if not named:
            break
        left.remove(min(named)[1])
    return found


def test_one_extreme_team_does_not_make_the_others_stand_out():
    """Eight teams of ten without a difference, and then one that is 3 higher: at most 5 % name another."""
    named = 0
    for seed in range(100):
        data = drawn([10] * 8, spread=1, seed=seed, coarse=False)
        data.loc[data["team"] == "t00", "joy"] += 3
        named += (agreement(data, "joy", unit="team").units["p_adjusted"].iloc[1:8] < .05).any()
    assert named <= 5


def test_one_extreme_team_does_not_make_all_means_reliable():
    said = 0
    for seed in range(60):
        data = drawn([12] * 12, between=.5, seed=seed)
        data.loc[data["team"] == "t00", "joy"] = np.clip(data["joy"][data["team"] == "t00"] - 4, 0, 10)
        made = agreement(data, "joy", unit="team")
        rest = agreement(data[data["team"] != "t00"], "joy", unit="team").frame["estimate"][1]
        said += "may be compared" in made.verdict and rest < .7
    assert said == 0


def test_the_sample_company_has_two_shops_that_differ_and_no_other():
    pulses = el.example("pulses")
    wide = el.surveys.wide(pulses[pulses["wave"] == "2026-08"], keep=["shop_id"])
    made = agreement(wide, "satisfaction", unit="shop_id", scale=(0, 10))
    found = made.units.set_index("shop_id")["verdict"].iloc[:-1]
    assert found[found != "cannot be told from the others"].to_dict() == {
        "S07": "above the others", "S23": "below the others"}
    assert made.frame["estimate"].iloc[1] > .7      # by ICC2 alone one would rank them
    assert made.verdict == ("Only the extremes may be named, do not rank: whether the others differ cannot be told "
                            "from noise (ICC2 of all = 0.74). Above the others: S07. Below the others: S23.")
    assert made.notes == ("left out, as 'shop_id' is empty: 72 rows",)
    assert len(made.units) == 25 and made.units["n"].iloc[-1] == 400


@pytest.mark.parametrize(("data", "says"), [
    (drawn([30] * 12, between=1, seed=0), "may be compared"),
    (drawn([12] * 12), "Whether the means differ cannot be told from noise: ICC2"),
    (drawn([8] * 20, between=.6, seed=2), "no single one stands out"),
    (pd.concat([drawn([25] * 8), pd.DataFrame({"team": "low", "joy": [1, 2, 3, 2, 1, 2, 3, 2]})]), "Only the extremes"),
    (drawn([12] * 16, between=.8, seed=9), "the others differ a little")])
def test_the_verdict_says_what_may_be_done(data, says):
    assert says in agreement(data, "joy", unit="team").verdict


def test_small_units_are_hidden_and_so_is_what_would_give_them_away():
    made = agreement(teams([5, 6, 7, 8], [5, 6, 7, 8, 9], [2, 3, 4, 5, 6, 7, 8]), "joy", unit="team", scale=(1, 9))
    shown = ~is_hidden(made.units["flag"])
    assert shown.tolist() == [False, False, True, True]
    assert made.units.loc[~shown].drop(columns=["metric", "team", "method", "flag", "verdict"]).isna().all(axis=None)
    assert made.units["p_adjusted"].isna().all() and made.units["verdict"].tolist()[:3] == ["not tested"] * 3
    assert "–" in repr(made) and "have answers that may be shown" in made.verdict
    assert made.notes == ("values of 'team' that are hidden or masked, and so left out of ICC1, ICC2 and the tests: 2",)


def test_no_two_equations_tell_the_mean_of_a_masked_team():
    """As an attacker: n, se of "(all)" and F give the squares between and within teams, and so the masked means."""
    def asked(a, b):
        return agreement(teams([a] * 6, b, [2, 4, 5, 7, 8, 9], [1, 3, 4, 6, 8, 9, 9]), "joy", unit="team")

    one, other = asked(3, [4, 6, 7, 8, 9]), asked(4, [2, 4, 6, 7, 9])
    assert is_hidden(one.units["flag"]).tolist() == [True, True, False, False, False]
    assert one.units["n"].tolist() == [6, 5, 6, 7, 24]
    pd.testing.assert_frame_equal(one.units, other.units)
    pd.testing.assert_frame_equal(one.frame, other.frame)
    assert (one.verdict, one.notes) == (other.verdict, other.notes)
    everybody = one.units.iloc[-1]
    assert everybody[["low", "high", "se"]].isna().all() and everybody["estimate"] == pytest.approx(127 / 24)
    assert everybody["flag"] == "no interval: it would tell what is hidden or masked"
    assert one.frame["n"].tolist() == [13, 13]


def test_a_unit_in_which_all_say_the_same_is_masked():
    data = teams([7] * 6, [5, 6, 7, 8, 9], [2, 3, 4, 5, 6, 7, 8], [1, 9, 3, 4, 5])
    made = agreement(data, "joy", unit="team", scale=(1, 9))
    masked = is_hidden(made.units["flag"])
    assert masked.iloc[0] and masked.sum() >= 2      # a second one, or the first would follow from the total
    assert made.units.loc[masked, ["estimate", "low", "se", "difference", "rwg_joy"]].isna().all(axis=None)
    assert made.units["n"].iloc[0] == 6
    assert not is_hidden(agreement(data, "joy", unit="team", scale=(1, 9), min_n=0).units["flag"]).any()


@pytest.mark.parametrize(("data", "says"), [
    (teams([5, 6, 7, 8, 9, 5]), "fewer than two values of 'team' have answers"),
    (teams([5, 6, 7, 8, 9], [np.nan] * 6), "fewer than two values of 'team' have answers"),
    (teams([5, 6], [7, 8]), "fewer than two values of 'team' have answers that may be shown"),
    (teams([5, 6, 7, 8, 5], [5, 6, 7, 8, 5]), "the means do not differ at all")])
def test_what_cannot_be_compared_says_why(data, says, min_n=None):
    made = agreement(data, "joy", unit="team", scale=(1, 9), min_n=min_n)
    assert made.frame["estimate"].isna().all() and made.frame["flag"].str.contains(says).all()
    assert "is not known" in made.verdict and says in repr(made)


def test_teams_of_one_cannot_be_compared():
    test_what_cannot_be_compared_says_why(teams([5], [6], [7], [8], [6]), "no value of 'team' has two respondents", 0)


def test_a_unit_without_an_answer_has_its_row_and_the_reason():
    made = agreement(teams([5, 6, 7, 8, 9], [np.nan] * 6, [4, 5, 6, 7, 9]), "joy", unit="team", scale=(1, 9))
    row = made.units.iloc[1]
    assert row["flag"] == "no known value" and row["n"] == 0 and row["n_missing"] == 6 and np.isnan(row["estimate"])
    assert made.units["n_missing"].iloc[-1] == 6 and made.frame["n_missing"].tolist() == [6, 6]


def test_equal_answers_within_every_unit_leave_no_interval():
    made = agreement(teams([5] * 5, [7] * 5, [6] * 5), "joy", unit="team", scale=(1, 9))
    assert made.frame["estimate"].isna().all() and is_hidden(made.units["flag"]).iloc[:3].all()
    open_ = agreement(teams([5] * 5, [7] * 5, [6] * 5), "joy", unit="team", min_n=0).frame
    assert open_["estimate"].tolist() == [1, 1] and open_["low"].isna().all()


def test_a_column_of_teams_may_be_called_same():
    made = agreement(teams([5, 6, 7, 8, 9], [3, 5, 6, 8, 9]).rename(columns={"team": "same"}), "joy", unit="same")
    assert made.units["same"].tolist() == ["a", "b", "(all)"] and made.units["estimate"].notna().all()


def test_a_score_needs_half_of_the_items():
    data = MADE.assign(q1=np.nan, q2=np.nan, q3=np.nan).assign(q4=MADE["q4"].where(MADE["id"] > 3))
    made = agreement(data, SIX, unit="team", scale=(1, 5), min_n=0)
    assert made.frame["n"].tolist() == [40, 40] and made.frame["n_missing"].tolist() == [3, 3]


def test_without_a_scale_there_is_no_rwg_and_it_is_said():
    made = agreement(MADE, "q1", unit="team", min_n=0)
    assert made.units["rwg_q1"].isna().all() and made.notes == ("without rwg, as neither scale= nor ranvar= was given",)
    even = agreement(MADE, "q1", unit="team", scale=(1, 5), min_n=0).units["rwg_q1"]
    assert even.equals(agreement(MADE, "q1", unit="team", ranvar=2, min_n=0).units["rwg_q1"])  # (25 - 1) / 12


@pytest.mark.parametrize(("more", "error", "says"), [
    ({"unit": "tem"}, UsageError, "no column 'tem'"),
    ({"unit": "estimate"}, UsageError, "column 'estimate' of its own"),
    ({"unit": ["team"]}, UsageError, r"not \['team'\]"), ({"ranvar": 0}, UsageError, "ranvar must be a variance"),
    ({"scale": (1, 4)}, DataError, "off the scale"), ({"min_n": -1}, UsageError, "min_n"),
    ({"confidence": 95}, UsageError, "confidence"), ({"items": []}, UsageError, "list of column names")])
def test_what_cannot_be_meant_is_refused(more, error, says):
    with pytest.raises(error, match=says):
        agreement(MADE, **{"items": SIX, "unit": "team", **more})


def test_a_team_that_is_called_as_the_total_is_refused():
    with pytest.raises(DataError, match=r"'\(all\)'"):
        agreement(teams([5, 6, 7]).replace("a", "(all)"), "joy", unit="team")


def test_it_is_an_answer_and_speaks_both_languages():
    made = agreement(MADE, SIX, unit="team", scale=(1, 5))
    assert list(made.frame) == ["metric", *TAIL] and list(made.units)[:12] == ["metric", "team", *TAIL]
    assert "difference from the others" in made._repr_html_()
    with words.speaking("ja"):
        assert "比較しないでください" in repr(agreement(MADE, SIX, unit="team", scale=(1, 5)))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [[5] * 24, [6, 8, 10, 14, 20] * 4, [30] * 10], ids=["small", "unlike", "large"])
def test_units_that_do_not_differ_are_seldom_named(sizes):
    """At most 5 % of companies without a difference get a name, on a coarse scale and where spreads differ."""
    named = {}
    for unlike in (False, True):
        hits = 0
        for seed in range(150):
            draw = np.random.RandomState(seed)
            spread = np.repeat(draw.choice([.6, 1, 1.6], len(sizes)) if unlike else np.ones(len(sizes)), sizes)
            data = drawn(sizes, seed=seed)
            data["joy"] = np.clip(np.rint(6 + 1.6 * spread * draw.standard_normal(len(data))), 0, 10)
            hits += bool((agreement(data, "joy", unit="team").units["p_adjusted"] < .05).any())
        named[unlike] = hits / 150
    print(sizes[:5], named)
    assert max(named.values()) <= .06


@pytest.mark.slow
@pytest.mark.parametrize("size", [20, 50, 200])
@pytest.mark.parametrize("icc", [0, .1, .3])
def test_the_interval_of_icc1_holds_the_truth_as_often_as_it_says(size, icc):
    """`size` people in equal teams of 5, in teams of 2 to 8, and half of them in one beside teams of 3."""
    reached = {}
    for shape, sizes in (("equal", [5] * (size // 5)), ("unlike", [2, 8, 4, 6] * (size // 20)),
                         ("one large", [3] * (size // 6) + [size - size // 6 * 3])):
        draw, n, held = np.random.RandomState(size), np.array(sizes, dtype=float), 0
        team = np.repeat(np.arange(len(sizes)), sizes)
        for _ in range(3000):
            score = np.sqrt(icc) * draw.standard_normal(len(sizes))[team] + np.sqrt(1 - icc) * draw.standard_normal(
                len(team))
            mean = np.bincount(team, score) / n
            ends, usual = Spread(n, mean, np.bincount(team, (score - mean[team]) ** 2)).bounds(.95)
            low, high = (ends - 1) / (ends + usual - 1)
            held += low <= icc <= high
        reached[shape] = held / 3000
    print(size, icc, reached)
    assert reached["equal"] == pytest.approx(.95, abs=.015)
    assert min(reached.values()) > .91


def test_an_item_that_few_of_a_unit_answered_has_no_rwg():
    rows = pd.DataFrame({"unit": ["a"] * 8 + ["b"] * 8, "p": [3, 4, 5, 6, 4, 5, 4, 3] * 2,
                         "q": [4, 6] + [None] * 6 + [3, 4, 5, 6, 4, 5, 4, 3]})
    units = agreement(rows, ["p", "q"], unit="unit", scale=(0, 10)).units.set_index("unit")
    assert np.isnan(units.loc["a", "rwg_q"]) and np.isnan(units.loc["a", "rwg_j"])
    assert units.loc["b", ["rwg_q", "rwg_j"]].notna().all() and units.loc["a", "rwg_p"] > 0
