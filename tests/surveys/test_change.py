"""What the same people changed is told from what others answered, and nothing small can be worked out."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.metrics.difference import difference


def panel_of(before, after, left=(), joined=(), **more):
    """A table of two waves: `before` and `after` of the same people, and of those who answered one wave."""
    n = len(before)
    ids = [*range(n), *range(1000, 1000 + len(left)), *range(n), *range(2000, 2000 + len(joined))]
    return pd.DataFrame({"wave": ["w1"] * (n + len(left)) + ["w2"] * (n + len(joined)), "user_id": ids,
                         "score": [*before, *left, *after, *joined], **more})


def scores(random, n):
    return random.randint(0, 11, n).tolist()


@pytest.fixture
def mixed():
    random = np.random.RandomState(5)
    before = random.randint(2, 10, 60)
    return panel_of(before.tolist(), np.clip(before + random.randint(-2, 3, 60), 0, 10).tolist(), scores(random, 20),
                    scores(random, 30))


def row(made, group, table="frame"):
    rows = getattr(made, table)
    return rows[rows["group" if table != "parts" else "part"] == group].iloc[0]


@pytest.fixture(scope="module")
def pulse():
    answers = el.example("pulses")
    answers = answers[answers["kind"] == "enps"]
    people = el.example("employees").set_index("user_id")
    opened = answers.groupby("wave")["answered_at"].min()
    hired, gone = (pd.to_datetime(answers["user_id"].map(people[name]), utc=True) for name in ("hired_at", "left_at"))
    left = (gone > opened["2026-05"]) & (gone < opened["2026-08"])
    return answers.assign(employment=np.select([hired > opened["2026-05"], left], ["hired", "gone"], "there"))


def test_on_the_sample_company_the_published_rise_is_seen_through(pulse):
    made = el.change(pulse, {"enps": el.nps("score")}, user="user_id")
    assert row(made, "all")["difference"] == pytest.approx(8.8, abs=.05)
    assert row(made, "all")["low"] > 0
    assert row(made, "stayed")["difference"] == pytest.approx(-3, abs=1)
    assert row(made, "stayed")["low"] < -3 < row(made, "stayed")["high"]
    assert row(made, "left", "parts")["difference"] > 8
    assert "not to be trusted" in row(made, "combined")["flag"]


def test_on_the_sample_company_those_who_left_were_unhappy_and_those_who_came_are_not(pulse):
    who = el.change(pulse, el.nps("score"), user="user_id", by="employment").who.set_index(["employment", "group"])
    for key, planted in ((("gone", "left"), -69), (("hired", "joined"), 20)):
        assert who.loc[key, "estimate"] == pytest.approx(planted, abs=3)
        assert who.loc[key, "low"] < planted < who.loc[key, "high"]


def test_the_frame_has_the_columns_of_a_difference_and_can_be_said(mixed):
    made = el.change(mixed, el.nps("score"), user="user_id")
    assert list(made.frame) == ["metric", "group", "before", "after", "difference", "low", "high", "se", "n_before",
                                "n_after", "n_paired", "method", "flag"]
    assert made.frame["group"].tolist() == ["all", "stayed", "fresh", "combined"]
    assert made.frame[["n_before", "n_after", "n_paired"]].to_numpy().tolist() == [
        [80, 90, 60], [60, 60, 60], [20, 30, 0], [80, 90, 60]]
    assert "n = 80 and 90" in el.say_change(row(made, "all"), "points")
    assert list(made.who) == list(el.measure(mixed.assign(group=""), el.nps("score"), by=["wave"]).columns.insert(
        1, "group"))
    assert made.who["n"].tolist() == [60, 60, 20, 30]


def test_the_scores_of_all_and_of_each_part_are_those_of_measure(mixed):
    made = el.change(mixed, [el.nps("score"), el.mean("score")], user="user_id")
    twice = mixed["user_id"].map(mixed["user_id"].value_counts()).eq(2)
    part = mixed.assign(part=np.where(twice, "stayed", np.where(mixed["wave"] == "w1", "left", "joined")))
    whole = el.measure(mixed, [el.nps("score"), el.mean("score")], by="wave")
    pd.testing.assert_frame_equal(made.waves, whole, check_exact=True)
    own = el.measure(part, [el.nps("score"), el.mean("score")], by=["part", "wave"], min_n=0)
    both = made.who.merge(own, left_on=["metric", "group", "wave"], right_on=["metric", "part", "wave"])
    assert len(both) == 8
    for name in ("estimate", "low", "high", "se", "n", "method"):
        assert both[f"{name}_x"].tolist() == (
            both[f"{name}_y"].tolist() if name in ("n", "method") else pytest.approx(both[f"{name}_y"].tolist()))


def test_without_a_user_it_is_the_difference_of_two_independent_waves(mixed):
    made = el.change(mixed, el.nps("score"))
    apart = difference(el.measure(mixed, el.nps("score"), by="wave"), over="wave").iloc[0]
    one = row(made, "all")
    for name in ("before", "after", "difference", "low", "high", "n_before", "n_after"):
        assert one[name] == pytest.approx(apart[name]), name
    assert one["method"].startswith("unpaired") and len(made.frame) == 1
    assert made.who.empty and made.parts.empty
    assert any("nobody is matched" in note for note in made.notes)


def test_that_the_same_people_answered_twice_makes_the_interval_of_all_narrower(mixed):
    paired, unpaired = (row(el.change(mixed, el.mean("score"), user=user), "all") for user in ("user_id", None))
    assert paired["difference"] == unpaired["difference"]
    assert .5 < (paired["high"] - paired["low"]) / (unpaired["high"] - unpaired["low"]) < .9
    assert paired["se"] < unpaired["se"]


def test_stayed_is_the_paired_t_of_scipy_and_combined_the_fixed_effect_of_statsmodels(mixed):
    made = el.change(mixed, el.mean("score"), user="user_id", confidence=.9)
    sheets = mixed.pivot(index="user_id", columns="wave", values="score").dropna()
    low, high = stats.ttest_rel(sheets["w2"], sheets["w1"]).confidence_interval(.9)
    stayed, fresh, both = (row(made, group) for group in ("stayed", "fresh", "combined"))
    assert (stayed["low"], stayed["high"]) == (pytest.approx(low), pytest.approx(high))
    fixed = combine_effects(np.array([stayed["difference"], fresh["difference"]]),
                            np.array([stayed["se"], fresh["se"]]) ** 2)
    assert both["difference"] == pytest.approx(fixed.mean_effect_fe)
    assert fixed.sd_eff_w_fe < both["se"] < 1.05 * fixed.sd_eff_w_fe  # Meier's error allows for unknown weights


NOUNS = {"rate": el.rate("flag"), "mean": el.mean("score"), "ratio": el.ratio("score", "base"), "nps": el.nps("score"),
         "csat": el.csat("score", scale=(0, 10)), "ces": el.ces("score", scale=(0, 10))}
ANSWERS = st.lists(st.integers(0, 10), max_size=12)


def full(table):
    return table.assign(flag=table["score"] > 5, base=table["score"] % 3 + 1)


@settings(max_examples=4, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=1, max_size=12), left=ANSWERS,
       joined=ANSWERS)
def test_the_parts_add_up_to_the_change_of_all_for_every_noun(pairs, left, joined):
    before, after = zip(*pairs, strict=True)
    made = el.change(full(panel_of(before, after, left, joined)), NOUNS, user="user_id", min_n=0)
    whole = made.frame[made.frame["group"] == "all"].set_index("metric")["difference"]
    parts = made.parts.groupby("metric", sort=False)["difference"].sum()
    np.testing.assert_allclose(parts[whole.index], whole, atol=1e-10)


def test_identical_waves_change_by_exactly_nothing():
    table = full(panel_of([9, 3, 10, 7, 7, 0, 8], [9, 3, 10, 7, 7, 0, 8])).sample(frac=1, random_state=1)
    made = el.change(table.assign(score=table["score"]), NOUNS, user="user_id", min_n=0)
    both = made.frame[made.frame["group"].isin(["all", "stayed"])]
    assert len(both) == 12 and (both["difference"] == 0).all()
    assert both["low"].isna().all() and both["flag"].str.contains("too equal").all()
    assert (made.parts["difference"] == 0).all()


def test_who_all_moved_alike_say_nothing_of_how_far_others_would():
    made = el.change(panel_of([3.1, 4.2, 7.7, 5], [4.1, 5.2, 8.7, 6]), el.mean("score"), user="user_id")
    for group in ("all", "stayed"):
        assert row(made, group)["difference"] == pytest.approx(1)
        assert math.isnan(row(made, group)["low"]) and "too equal" in row(made, group)["flag"]


def test_the_last_two_waves_are_compared_unless_others_are_named(mixed):
    waves = pd.concat([mixed.assign(wave=mixed["wave"].map({"w1": first, "w2": second}), score=mixed["score"] / 2)
                       for first, second in ((2, 10), (1, 3))])
    made = el.change(waves, el.mean("score"), user="user_id")
    assert (made.frame.attrs, made.notes[0]) == ({}, "wave: 10 against 3 (in the order 1, 2, 3, 10)")
    named = el.change(waves, el.mean("score"), user="user_id", before=10, after="1")
    assert named.notes[0].startswith("wave: 1 against 10 ")
    assert made.waves["wave"].tolist() == ["1", "2", "3", "10"]


def test_who_moves_to_another_group_has_left_one_and_joined_the_other():
    table = panel_of([5] * 12, [7] * 12, min_n=0).assign(team=["a"] * 6 + ["b"] * 6 + ["a"] * 5 + ["b"] * 7)
    made = el.change(table, el.nps("score", min_n=0), user="user_id", by="team")
    sizes = made.who.groupby(["team", "group"])["n"].first()
    assert sizes.to_dict() == {("a", "stayed"): 5, ("a", "left"): 1, ("a", "joined"): 0, ("b", "stayed"): 6,
                               ("b", "left"): 0, ("b", "joined"): 1}
    assert any("moved" in note for note in made.notes)


def test_a_group_that_is_not_known_and_values_that_are_missing_are_kept_and_counted(mixed):
    table = mixed.assign(team=np.where(mixed["user_id"] % 2 == 0, "a", None))
    table.loc[[0, 3], "score"] = None
    table.loc[[70], "user_id"] = None
    table = pd.concat([table, table.head(4).assign(wave=None)])
    made = el.change(table, {"nps": el.nps("score")}, user="user_id", by="team")
    assert set(made.frame["team"]) == {"a", "(missing)"}
    whole = made.frame[made.frame["group"] == "all"]
    assert whole[["n_before", "n_after"]].sum().tolist() == [78, 90]
    assert "4 rows without wave are left out" in made.notes
    assert "NPS: 2 rows of the two waves have no value and are left out" in made.notes
    assert "1 rows of the two waves have no user_id; each counts as somebody who answered one wave" in made.notes


def test_a_side_without_people_is_said_and_not_zero():
    some = [5, 9, 7, 2, 9, 10, 5, 8]
    made = el.change(panel_of(some, some[::-1], joined=some[:6]), el.nps("score"), user="user_id")
    for group in ("fresh", "combined"):
        assert math.isnan(row(made, group)["difference"]) and row(made, group)["flag"] == "only one side was observed"
    assert row(made, "left", "parts")[["difference", "flag"]].tolist() == [0, "nobody"]
    assert row(made, "left", "who")["flag"] == "no known value"
    strangers = el.change(panel_of([], [], some, some), el.nps("score"), user="user_id")
    assert row(strangers, "stayed")["flag"] == "no known value"
    assert strangers.parts["difference"].isna().all()


def test_a_team_whose_answers_are_all_missing_has_no_known_value_and_not_one_side():
    table = panel_of([5, 9, 3, 8, 10, 2] * 2, [6, 9, 3, 7, 10, 1] * 2, left=[3] * 5, joined=[4] * 6).assign(team="a")
    blank = table.assign(team="b", score=None, user_id=table["user_id"] + 5000)
    made = el.change(pd.concat([table, blank]), el.mean("score"), user="user_id", by="team")
    rows = made.frame.set_index(["team", "group"])["flag"]
    assert (rows["b"] == "no known value").all() and (rows["a"][["all", "stayed"]] == "").all()
    # of who left all gave one answer, and so did all who joined: both sides were observed, but have no error
    assert rows["a", "combined"] == rows["a", "fresh"] == words.text("metrics.flag_no_interval")


def test_combined_says_why_it_has_no_value_where_one_part_has_no_error():
    table = panel_of([5, 9, 3, 8, 10, 2], [6, 9, 3, 7, 10, 1], left=[9] * 8, joined=[2] * 8)
    made = el.change(table.assign(flag=table["score"] > 5), el.rate("flag"), user="user_id")
    assert row(made, "fresh")["flag"] == "" and row(made, "fresh")["difference"] == -1
    assert math.isnan(row(made, "combined")["difference"])
    assert row(made, "combined")["flag"] == words.text("metrics.flag_no_interval")


def test_waves_of_text_are_in_the_order_of_the_numbers_in_them(mixed):
    for names in (("Wave 9", "Wave 10"), ("9", "10"), ("第9回", "第10回")):
        made = el.change(mixed.assign(wave=mixed["wave"].map(dict(zip(("w1", "w2"), names, strict=True)))),
                         el.mean("score"), user="user_id")
        assert made.notes[0] == f"wave: {names[1]} against {names[0]} (in the order {names[0]}, {names[1]})"
        assert made.waves["wave"].tolist() == list(names)
    kinds = pd.CategoricalDtype(["w2", "w1"], ordered=True)
    assert el.change(mixed.astype({"wave": kinds}), el.mean("score")).waves["wave"].tolist() == ["w2", "w1"]


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of DuckDB, for stamps with a zone
@pytest.mark.parametrize(("values", "said"), [
    ((9.0, 10.0), ("9", "10")), ((9.5, 10.0), ("9.5", "10.0")), ((False, True), ("false", "true")),
    (tuple(pd.to_datetime(["2026-05-01", "2026-08-01"])), ("2026-05-01", "2026-08-01")),
    (tuple(pd.to_datetime(["2026-05-01", "2026-08-01"]).tz_localize("Asia/Tokyo")),
     ("2026-04-30 15:00:00+00", "2026-07-31 15:00:00+00")),
    (tuple(pd.to_datetime(["2026-05-01", "2026-08-01"]).date), ("2026-05-01", "2026-08-01"))], ids=str)
def test_a_wave_may_be_named_by_its_own_value(mixed, values, said):
    table = mixed.assign(wave=mixed["wave"].map(dict(zip(("w1", "w2"), values, strict=True))))
    for named in (values, said):
        made = el.change(table, el.mean("score"), user="user_id", before=named[1], after=named[0])
        assert made.notes[0].startswith(f"wave: {said[0]} against {said[1]} ")
    assert made.who["wave"].unique().tolist() == [said[1], said[0]]
    assert made.waves["wave"].tolist() == list(said)


def test_a_wave_that_is_named_as_it_stands_is_no_other_that_reads_alike(mixed):
    table = pd.concat([mixed, mixed[mixed["wave"] == "w1"].assign(wave="w2.0")])
    made = el.change(table.assign(wave=table["wave"].str[1:]), el.mean("score"), before="2.0", after="2")
    assert made.notes[0] == "wave: 2 against 2.0 (in the order 1, 2, 2.0)"


def test_ids_may_be_bytes_and_lists_are_refused_in_one_line(mixed):
    want = el.change(mixed, el.mean("score"), user="user_id").frame
    codes = mixed.assign(user_id=[b"%05d" % one for one in mixed["user_id"]])
    pd.testing.assert_frame_equal(el.change(codes, el.mean("score"), user="user_id").frame, want)
    with pytest.raises(DataError, match=r"'user_id' holds .*, not single values"):
        el.change(mixed.assign(user_id=[[one] for one in mixed["user_id"]]), el.mean("score"), user="user_id")


@pytest.mark.parametrize(("table", "how", "error", "says"), [
    (panel_of([1, 2], [3, 4]), {"metrics": el.quantile("score")}, UsageError, "no function of means"),
    (panel_of([1, 2], [3, 4]).assign(user_id=[1, 2, 7, 7]), {}, DataError,
     r"row 4: user_id '7' stands twice in wave 'w2' \(1 such rows\)"),
    (panel_of([1, 2], [3, 4]).assign(user_id=["a", "a", "a", "b"]), {}, DataError, "row 2: user_id 'a' stands twice"),
    (panel_of([1, 2], [3, 4]).assign(wave="w1", user_id=[1, 2, 3, 4]), {}, DataError, "does not have two values"),
    (panel_of([1, 2], [3, 4]), {"before": "w2"}, UsageError, "both 'w2'"),
    (panel_of([1, 2], [3, 4]), {"after": "w3"}, UsageError, "after must be one of 'w1', 'w2'"),
    (panel_of([1, 2], [3, 11]), {}, DataError, "11"),
    (panel_of([1, 2], ["3", "many"]), {}, DataError, "score"),
    (panel_of([1, 2], [3, 4]), {"user": "person"}, NoColumn, "no column 'person'"),
    (panel_of([1, 2], [3, 4]), {"over": "period"}, NoColumn, "no column 'period'"),
    (panel_of([1, 2], [3, 4]).assign(group="a"), {"by": "group"}, UsageError, "'group' of its own"),
    (panel_of([1, 2], [3, 4]), {"by": "wave"}, UsageError, "by names a column twice"),
    (panel_of([1, 2], [3, 4]), {"confidence": 95}, UsageError, "confidence"),
    (panel_of([1, 2], [3, 4]), {"min_n": -1}, UsageError, "min_n"),
    (panel_of([1, 2], [3, 4]).head(0), {}, DataError, "does not have two values"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_compared_is_refused_in_one_line(table, how, error, says):
    with pytest.raises(error, match=says):
        el.change(table, **{"metrics": el.nps("score"), "user": "user_id", **how})


def test_a_column_may_have_any_name_that_the_answer_does_not_use(mixed):
    named = mixed.rename(columns={"wave": "place", "user_id": "key_1"}).assign(person="x", code="y", rank_1="z")
    made = el.change(named, el.nps("score"), over="place", user="key_1", by=["person", "code", "rank_1"])
    assert row(made, "stayed")["difference"] == row(el.change(mixed, el.nps("score"), user="user_id"),
                                                    "stayed")["difference"]


def test_a_file_and_a_frame_give_the_same_bytes_in_any_order_of_their_rows(mixed, tmp_path):
    mixed.to_csv(tmp_path / "answers.csv", index=False)
    want = el.change(mixed, el.mean("score"), user="user_id")
    for data in (str(tmp_path / "answers.csv"), mixed.sample(frac=1, random_state=2)):
        made = el.change(data, el.mean("score"), user="user_id")
        pd.testing.assert_frame_equal(made.frame, want.frame, check_exact=True)
        pd.testing.assert_frame_equal(made.parts, want.parts, check_exact=True)


def test_it_says_what_happened_in_both_languages_and_draws_it(mixed):
    def made():
        return el.change(mixed.assign(team="<b>"), {"enps": el.nps("score")}, user="user_id", by="team")
    said = repr(made())
    assert said.startswith("eNPS (<b>) of all who answered went from")
    assert "Of the change of all (−0.6), " in said and "comes from the exchange of people: who left" in said
    page = made()._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page
    assert made().plot(team="<b>", title="x").get_title(loc="left") == "x"
    with pytest.raises(NoColumn):
        made().plot(shop="a")
    with words.speaking("ja"):
        assert "回答者の入れ替わりによるもの" in repr(made())
        assert made().cells()["備考"].notna().all()


def test_a_hidden_or_unknown_change_is_said_with_its_reason():
    assert "cannot be compared: hidden: fewer than 5 respondents" in repr(
        el.change(panel_of([1, 2], [3, 4]), el.nps("score"), user="user_id"))
    said = repr(el.change(panel_of([5] * 9, [5] * 9), el.mean("score"), user="user_id"))
    assert "too equal" in said and "exchange" not in said


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize("kind", ["mean", "nps", "rate"])
def test_in_a_rotating_panel_the_intervals_cover_what_they_promise(kind, n):
    """Of n people a wave some 70 % stay; drawn 400 times as groups of one table, with a fixed seed."""
    random, times, stay = np.random.RandomState(n), 400, int(.7 * n)
    person = np.concatenate([np.arange(n), np.arange(n - stay, 2 * n - stay)])
    level = random.normal(size=(times, 2 * n - stay))[:, person] + np.repeat([0, .2], n)
    latent = level + random.normal(size=level.shape)
    answers = np.clip(np.round(7 + 1.6 * latent), 0, 10)
    truth = np.clip(np.round(7 + 1.6 * (np.random.RandomState(1).normal(size=(400_000, 1)) * 2 ** .5 + [0, .2])), 0, 10)
    table = pd.DataFrame({"draw": np.repeat(np.arange(times), 2 * n), "wave": np.tile(np.repeat(["1", "2"], n), times),
                          "user_id": np.tile(person, times) + 10_000 * np.repeat(np.arange(times), 2 * n),
                          "score": answers.ravel(), "flag": answers.ravel() >= 8})
    noun, of = {"mean": (el.mean("score"), np.mean), "rate": (el.rate("flag"), lambda x: np.mean(x >= 8)), "nps": (
        el.nps("score", min_n=0), lambda x: 100 * (np.mean(x >= 9) - np.mean(x <= 6)))}[kind]
    made = el.change(table, noun, user="user_id", by="draw").frame
    change = of(truth[:, 1]) - of(truth[:, 0])
    covered = made.assign(held=(made["low"] <= change) & (change <= made["high"])).groupby("group")["held"].mean()
    print(kind, n, covered.to_dict())
    assert covered[["all", "stayed"]].between(.92, .985).all(), covered.to_dict()
    assert covered["combined"] > .915
