"""Uplift of a given score: against scikit-uplift's figures, by brute force, and by drawing again and again."""

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.experiments.uplift import _curve, _qini, uplift
from engagelab.metrics.intervals import newcombe

CASES = {case["name"]: case for case in json.loads(
    (Path(__file__).parents[1] / "reference" / "experiments_uplift.json").read_text("utf-8"))}
HOW = {"arm": "arm", "control": "held", "score": "score"}


def customers(n=2000, seed=1, treated=.5, rate=lambda score, arm: .1 + .2 * score * arm):
    draws = np.random.RandomState(seed)
    score, arm = draws.uniform(size=n), draws.uniform(size=n) < treated
    return pd.DataFrame({"score": score, "arm": np.where(arm, "offer", "held"),
                         "y": draws.uniform(size=n) < rate(score, arm)})


def of_case(name):
    case = CASES[name]
    return case["expected"], pd.DataFrame({"score": case["inputs"]["score"], "y": case["inputs"]["outcome"],
                                           "arm": np.where(case["inputs"]["treated"], "offer", "held")})


@pytest.mark.parametrize("name", ["qini_untied", "qini_tied"])
def test_curve_and_area_are_those_of_scikit_uplift_per_head(name):
    expected, table = of_case(name)
    found = uplift(table, el.rate("y"), **HOW)
    treated = (table["arm"] == "offer").sum()
    assert found.curve["n"].tolist() == expected["n"]
    assert (found.curve["gain"] * treated).to_numpy() == pytest.approx(np.array(expected["curve"]), abs=1e-12)
    assert found.qini["estimate"][0] * treated * len(table) == pytest.approx(expected["area_above_line"], abs=1e-9)


def test_uplift_of_the_top_is_that_of_scikit_uplift_where_no_scores_are_tied():
    expected, table = of_case("qini_untied")
    frame = uplift(table, el.rate("y"), at=[.1, .3, .5], **HOW).frame
    assert frame["uplift"].tolist()[:3] == pytest.approx(list(expected["uplift_at_k"].values()), abs=1e-12)


def test_tied_customers_stay_together_whatever_the_order_of_rows_which_changes_the_peers_figure():
    expected, table = of_case("qini_tied")
    assert expected["uplift_at_30"] != expected["uplift_at_30_rows_reversed"]
    found, shuffled = (uplift(rows, el.rate("y"), at=[.3], **HOW) for rows in (
        table, table.sample(frac=1, random_state=2)))
    pd.testing.assert_frame_equal(found.frame, shuffled.frame)
    assert found.qini.equals(shuffled.qini) and found.curve.equals(shuffled.curve)
    top = table[table["score"] >= .75]
    assert found.frame["n"][0] == len(top) == 44 and found.frame["share"][0] == pytest.approx(44 / 120)
    assert found.frame["uplift"][0] == pytest.approx(
        top.loc[top["arm"] == "offer", "y"].mean() - top.loc[top["arm"] == "held", "y"].mean())


def test_shares_that_tied_customers_make_one_are_told_once():
    tied = customers(2000).assign(score=lambda t: (t["score"] > .5) * 1)
    found = uplift(tied, el.rate("y"), **HOW)
    assert len(found.frame) == 5 and found.frame["n"].nunique() == 2
    assert sum(note.startswith("Treating the top") for note in found.notes) == 1
    share = f"{100 * (tied['score'] == 1).mean():.1f}%"
    assert [line.split()[0] for line in repr(found).splitlines()[1:3]] == [share, "100.0%"]


def test_by_brute_force_for_means_with_the_rest_and_the_gain():
    table = customers(300).assign(spend=lambda t: t["y"] * 100 * t["score"] + t.index % 7)
    frame = uplift(table, el.mean("spend"), at=[.25], **HOW).frame
    order = table.sort_values("score", ascending=False)
    for rows, column in ((order[:75], "uplift"), (order[75:], "uplift_rest")):
        means = rows.groupby("arm")["spend"].mean()
        assert frame[column][0] == pytest.approx(means["offer"] - means["held"])
    part = (order[:75]["arm"] == "offer").sum() / (table["arm"] == "offer").sum()
    assert frame["gain"][0] == pytest.approx(part * frame["uplift"][0])
    means = table.groupby("arm")["spend"].mean()
    assert frame["gain"][1] == frame["uplift"][1] == pytest.approx(means["offer"] - means["held"])
    assert frame["gain_low"][1] == pytest.approx(frame["low"][1], abs=.05)   # z against t


def test_rates_of_the_top_have_the_interval_of_newcombe():
    table = customers()
    row = uplift(table, el.rate("y"), at=[.5], **HOW).frame.iloc[0]
    top = table.nlargest(1000, "score").groupby("arm")["y"].agg(["sum", "size"])
    assert (row["low"], row["high"]) == pytest.approx(newcombe(*top.loc["offer"], *top.loc["held"]))


@pytest.mark.parametrize(("tens", "treated", "binary"), [(False, .5, True), (True, .9, True), (False, .8, False)])
def test_the_interval_of_the_coefficient_holds_the_truth_in_about_95_of_100_draws(tens, treated, binary):
    draws, held, true = np.random.RandomState(8), 0, .3 * (np.var(np.arange(10) / 10) if tens else 1 / 12)
    for _ in range(800):
        score = np.floor(draws.uniform(size=400) * 10) / 10 if tens else draws.uniform(size=400)
        arm = draws.uniform(size=400) < treated
        value = (draws.uniform(size=400) < .2 + .1 * score + .3 * score * arm if binary
                 else np.exp(draws.normal(size=400)) + .3 * score * arm)
        rows = pd.DataFrame({"score": score, "arm": arm * 1.0, "value": value * 1.0}).sort_values(
            "score", ascending=False, ignore_index=True)
        found = _qini(rows, .1, _curve(rows, .1, .95)[1], .95).iloc[0]
        held += found["low"] <= true <= found["high"]
    assert .925 <= held / 800 <= .975


def test_errors_are_those_of_leaving_out_one_customer_at_a_time():
    draws = np.random.RandomState(4)
    arm = np.repeat([0.0, 1.0], [40, 100])   # more of the treated have a high score than of the control
    rows = pd.DataFrame({"score": np.floor(5 * draws.beta(1 + 2 * arm, 1)), "arm": arm})
    rows["value"] = 9 * rows["score"] * arm + draws.normal(size=140) * (3 - 2 * arm)
    rows = rows.sort_values("score", ascending=False, ignore_index=True)

    def both(kept):
        curve = _curve(kept, 0, .95)[1]
        return np.r_[_qini(kept, 0, curve, .95)["estimate"], curve.set_index("score").loc[[3.0, 2.0], "gain"]]
    left = np.array([both(rows.drop(index=at).reset_index(drop=True)) for at in range(140)])
    variance = sum((n - 1) ** 2 / n * left[rows["arm"] == place].var(axis=0, ddof=1)
                   for place, n in ((0, 40), (1, 100)))
    curve = _curve(rows, 0, .95)[1]
    band = curve.set_index("score").loc[[3.0, 2.0]].eval("high - low") / 3.919928
    assert _qini(rows, 0, curve, .95)["se"][0] == pytest.approx(np.sqrt(variance[0]), rel=.02)
    assert band.to_numpy() == pytest.approx(np.sqrt(variance[1:]), rel=.02)


def test_each_point_of_the_curve_has_an_interval_that_holds_at_its_score():
    draws, held = np.random.RandomState(9), np.zeros(3)
    limits = np.array([.8, .5, .2])
    for _ in range(400):
        score, arm = np.floor(draws.uniform(size=500) * 10) / 10, draws.uniform(size=500) < .6
        rows = pd.DataFrame({"score": score, "arm": arm * 1.0, "value": 1.0 * (
            draws.uniform(size=500) < .1 + .3 * score + .2 * score * arm)}).sort_values(
                "score", ascending=False, ignore_index=True)
        curve = _curve(rows, 0, .95)[1].set_index("score").loc[limits]
        true = np.array([.2 * np.arange(round(10 * limit), 10).sum() / 100 for limit in limits])
        held += ((curve["low"] <= true) & (true <= curve["high"])).to_numpy()
    assert (held / 400 >= .925).all()


def test_the_sentences_tell_a_score_that_finds_from_one_that_does_not():
    def first(rate, **how):
        return uplift(customers(6000, rate=rate), el.rate("y", **how), **HOW).notes
    finds = first(lambda score, arm: .1 + .3 * score * arm)
    assert finds[0].startswith("The score finds those whom it moves")
    assert "finds" in first(lambda score, arm: .4 - .3 * score * arm, better="lower")[0]
    assert first(lambda score, arm: .4 - .3 * score * arm)[0].startswith("The score puts those first whom it moves lea")
    assert first(lambda score, arm: .2 + 0 * score)[0].startswith("Whether the score finds")
    harm = first(lambda score, arm: .3 + .3 * (score - .5) * arm)
    assert "among the others it does harm" in harm[4] and "were drawn by lot" in finds[-1]
    assert "loses that" in finds[1]


@pytest.mark.parametrize(("rate", "better", "said"), [
    (lambda score, arm: .3 + .3 * (score - .5) * arm, "higher", "So treat the top 50.0% and leave the others out"),
    (lambda score, arm: .3 - .3 * (score - .5) * arm, "lower", "So treat the top 50.0% and leave the others out"),
    (lambda score, arm: .1 + .3 * score * arm, "higher", "So treat all"),
    (lambda score, arm: .3 - .15 * arm, "higher", "So treat none"),
    (lambda score, arm: .3 + 0 * arm, "higher", "Whom to treat cannot be told"),
    (lambda score, arm: .3 + .12 * (score > .9) * arm, "higher", "So treat the top"),
    (lambda score, arm: .4 - .15 * (score < .5) * arm, "higher", "So treat none"),   # no top is shown to gain
])
def test_what_to_do_is_said_at_last_as_far_as_an_interval_shows_it(rate, better, said):
    notes = uplift(customers(6000, rate=rate), el.rate("y", better=better), **HOW).notes
    assert notes[-2].startswith(said) and not any("leave" in note for note in notes[:-2])


def asked(n, seed=3):
    draws = np.random.RandomState(seed)
    return pd.DataFrame({"score": draws.uniform(size=n), "arm": np.where(draws.permutation(n) < n / 2, "offer", "held"),
                         "y": draws.randint(0, 11, n)})


def test_answers_of_few_of_an_arm_are_hidden_above_beneath_and_between_two_shares():
    found = uplift(asked(40), el.nps("y"), at=[.1, .5, .6, .95], **HOW)
    frame = found.frame.set_index("k")
    values = ["uplift", "low", "high", "p", "uplift_rest", "low_rest", "high_rest", "gain", "gain_low", "gain_high"]
    assert frame.loc[[.1, .6, .95], values].isna().all(axis=None)
    assert frame.loc[[.5, 1], ["uplift", "gain"]].notna().all(axis=None)
    assert sum(note.startswith("Treating the top") for note in found.notes) == 1
    assert any(note.startswith("Hidden") and "fewer than 5" in note for note in found.notes)
    told = sorted({*found.curve["n"], *frame["n"][frame["gain"].notna()]})
    table = asked(40).sort_values("score", ascending=False)
    for low, high in pairwise(told):
        assert table[low:high]["arm"].value_counts().reindex(["held", "offer"], fill_value=0).min() >= 5
    assert uplift(asked(40), el.nps("y", min_n=0), **HOW).frame["uplift"].notna().all()
    with pytest.raises(DataError, match="30 at least are needed"):
        uplift(asked(40), el.nps("y", min_n=30), **HOW)


def test_an_infinite_score_is_refused_with_its_row():
    with pytest.raises(DataError, match=r"column 'score' holds an infinite value.*row 8"):
        uplift(customers().assign(score=lambda t: t["score"].where(t.index != 7, np.inf)), el.rate("y"), **HOW)


def test_what_is_left_out_is_counted():
    table = customers().astype({"y": "boolean"})
    table.loc[:3, "score"], table.loc[10:14, "y"], table.loc[20:25, "arm"] = None, None, None
    found = uplift(table, el.rate("y"), **HOW)
    assert found.frame["n"].iloc[-1] == 2000 - 4 - 5 - 6
    assert [re.findall(r"\d+", note)[0] for note in found.notes[-3:]] == ["6", "4", "5"]


def test_arms_may_be_flags_or_numbers():
    table = customers()
    offered = table["arm"] == "offer"
    found = uplift(table, el.rate("y"), **HOW).frame
    for arm, control in ((offered, False), (offered * 1, 0), (offered * 1.0, 0)):
        other = uplift(table.assign(arm=arm), el.rate("y"), arm="arm", control=control, score="score")
        assert other.frame.equals(found)


def test_nps_is_counted_in_points_and_any_source_gives_the_same(tmp_path):
    table = customers().assign(y=lambda t: np.where(t["y"], 10, 3))
    found = uplift(table, el.nps("y"), **HOW)
    assert found.unit == "points"
    means = table.groupby("arm")["y"].agg(lambda y: 100 * ((y == 10).mean() - (y == 3).mean()))
    assert found.frame["uplift"].iloc[-1] == pytest.approx(means["offer"] - means["held"])
    table.to_csv(tmp_path / "rows.csv", index=False)
    assert uplift(str(tmp_path / "rows.csv"), el.nps("y"), **HOW).frame.equals(found.frame)


def test_large_numbers_keep_their_digits():
    table = customers().assign(spend=lambda t: t["score"] + t["y"])
    near, far = (uplift(table.assign(spend=table["spend"] + shift), el.mean("spend"), **HOW) for shift in (0, 1e9))
    assert far.qini["se"][0] == pytest.approx(near.qini["se"][0], rel=1e-5)
    assert far.frame["low"].tolist() == pytest.approx(near.frame["low"].tolist(), rel=1e-4)


def test_bad_input_is_refused_in_one_line():
    table = customers(400)
    for at in ([], [0], [1.1], .3, "a", [None]):
        with pytest.raises(UsageError, match="at takes shares"):
            uplift(table, el.rate("y"), at=at, **HOW)
    for metric in (el.ratio("y", "score"), el.quantile("score")):
        with pytest.raises(UsageError, match=r"add up over customers|told from sums"):
            uplift(table, metric, **HOW)
    with pytest.raises(DataError, match="'score' has one value only"):
        uplift(table.assign(score=1), el.rate("y"), **HOW)
    with pytest.raises(DataError, match=r"rate\(y\) has one value only"):
        uplift(table.assign(y=False), el.rate("y"), **HOW)
    with pytest.raises(DataError, match="'none'"):
        uplift(table, el.rate("y"), arm="arm", control="none", score="score")
    with pytest.raises(DataError, match="'held'"):
        uplift(table.assign(arm="held"), el.rate("y"), **HOW)
    with pytest.raises(DataError, match="compares two arms"):
        uplift(pd.concat([table, table.head(50).assign(arm="other")]), el.rate("y"), **HOW)
    few = table[(table["arm"] == "held") | (table["arm"] == "offer").cumsum().le(3)]
    with pytest.raises(DataError, match="'offer' has 3 known values"):
        uplift(few, el.rate("y"), **HOW)
    with pytest.raises(NoColumn, match="points"):
        uplift(table, el.rate("y"), arm="arm", control="held", score="points")
    with pytest.raises(DataError, match="number"):
        uplift(table, el.rate("y"), arm="arm", control="held", score="arm")
    with pytest.raises(DataError, match="0 to 10"):
        uplift(table.assign(y=11), el.nps("y"), **HOW)


def test_it_speaks_both_languages_and_draws_its_curve():
    found = uplift(customers(), el.rate("y"), **HOW)
    assert "top by score" in repr(found) and "<table>" in found._repr_html_()
    assert found.plot(title="Whom").get_title(loc="left") == "Whom"
    assert "¥" in found.plot(unit="JPY").get_yticklabels()[-1].get_text()
    with words.speaking("ja"):
        assert "Qini係数" in repr(uplift(customers(), el.rate("y"), **HOW))


def test_no_top_is_advised_of_a_score_that_is_not_shown_to_find_anybody():
    said = words.text("uplift.advise_top_alone", k="@").partition("@")[0]
    for seed in (1, 21):  # by lot again, and some top gains by luck
        lot = np.random.RandomState(seed).choice(["held", "offer"], 600)
        made = uplift(customers(600).assign(arm=lot), el.rate("y"), **HOW)
        assert made.qini["p"][0] >= .05 and ((made.frame["gain_low"] > 0) & (made.frame["share"] < 1)).any()
        assert not any(note.startswith(said) for note in made.notes)
