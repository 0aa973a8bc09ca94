"""No part that is too small can be worked out from everything that is published of two waves."""

import itertools

import numpy as np
import pandas as pd
import pytest

import engagelab as el

SIZES = range(8)


@pytest.fixture(scope="module")
def every_team():
    """Teams of every size of stayed, left and joined below eight, each a team of one call."""
    tables = []
    for stayed, left, joined in itertools.product(SIZES, SIZES, SIZES):
        people = [*range(stayed + left), *range(stayed), *range(stayed + left, stayed + left + joined)]
        team = f"{stayed}{left}{joined}"
        tables.append(pd.DataFrame({"team": team, "user_id": [f"{team}-{one}" for one in people],
                                    "wave": ["1"] * (stayed + left) + ["2"] * (stayed + joined)}))
    table = pd.concat(tables, ignore_index=True)
    table["score"] = np.resize([0, 8, 10], len(table))  # nowhere do nearly all answer alike
    return el.change(table, el.nps("score"), user="user_id", by="team")


def published(made):
    """What each team shows, sizes and flags, in all tables."""
    seen = {}
    for table, columns in ((made.frame, ["group", "n_before", "n_after", "n_paired", "flag"]),
                           (made.who, ["group", "wave", "n", "flag"]), (made.parts, ["part", "n", "flag"]),
                           (made.waves, ["wave", "n", "flag"])):
        text = table[columns].astype(object).fillna("-").astype("str").to_numpy().tolist()
        for team, shown in zip(table["team"], text, strict=True):
            seen.setdefault(team, []).append(tuple(shown))
    return {team: tuple(shown) for team, shown in seen.items()}


def test_the_size_of_a_small_part_is_never_the_only_one_that_fits_what_is_published(every_team):
    alike = {}
    for team, shown in published(every_team).items():
        alike.setdefault(shown, []).append(tuple(map(int, team)))
    for teams in alike.values():
        for part in range(3):
            sizes, small = {team[part] for team in teams}, any(max(team) < 6 for team in teams)
            assert len(sizes) > 1 or not small or not 0 < min(sizes) < 5, teams  # larger teams may fit beyond the table


def test_the_score_of_a_small_part_does_not_follow_from_the_sums_that_are_published(every_team):
    frame, who, parts = (table.set_index("team") for table in (every_team.frame, every_team.who, every_team.parts))
    sums = {"before": [1, 0, 1, 0], "after": [0, 1, 0, 1]}  # of stayed before, stayed after, left, joined
    own = {("stayed", "1"): 0, ("stayed", "2"): 1, ("left", "1"): 2, ("joined", "2"): 3}
    checked = 0
    for team in frame.index.unique():
        size = dict(zip(("stayed", "left", "joined"), map(int, team), strict=True))
        small = [place for (group, _), place in own.items() if 0 < size[group] < 5]
        if not small:
            continue
        known = [np.eye(4)[own[group, wave]] for group, wave, estimate in who.loc[
            [team], ["group", "wave", "estimate"]].itertuples(index=False) if pd.notna(estimate)]
        for group, before, after, apart in frame.loc[[team], ["group", "before", "after", "difference"]].itertuples(
                index=False):
            assert group == "all" or pd.isna([before, after, apart]).all()
            known += [sums[name] for name, value in (("before", before), ("after", after)) if pd.notna(value)]
        assert parts.loc[[team], ["difference", "low", "high", "se", "n"]].isna().all(axis=None)
        rank = np.linalg.matrix_rank(np.array(known)) if known else 0
        for place in small:
            assert np.linalg.matrix_rank(np.array([*known, np.eye(4)[place]])) > rank, (team, place)
            checked += 1
    assert checked > 400


def test_what_is_large_enough_is_shown(every_team):
    rows = every_team.frame.set_index(["team", "group"])
    assert rows.loc[("765", "stayed"), ["n_before", "n_paired"]].tolist() == [7, 7]
    assert rows.loc[("700", "stayed"), "difference"] == rows.loc[("700", "all"), "difference"]
    assert rows.loc[("705", "all"), ["n_before", "n_after", "n_paired"]].tolist() == [7, 12, 7]
    assert rows.loc[("764", "all"), ["n_before", "n_after"]].tolist() == [13, 11]
    assert pd.isna(rows.loc[("764", "all"), "n_paired"])


def test_two_crossed_attributes_need_ten_and_a_metric_that_is_no_survey_hides_nothing():
    def made(noun, by, sizes=(12, 6, 12), **how):
        stayed, left, joined = sizes
        people = [*range(stayed + left), *range(stayed), *range(stayed + left, stayed + left + joined)]
        table = pd.DataFrame({"wave": ["1"] * (stayed + left) + ["2"] * (stayed + joined), "user_id": people, "a": "x",
                              "b": "y", "score": [3, 9] * (stayed + (left + joined) // 2)})
        return el.change(table, noun, user="user_id", by=by, **how).who["n"].notna().all()

    assert made(el.nps("score"), "a") and not made(el.nps("score"), ["a", "b"])
    assert made(el.mean("score"), ["a", "b"]) and not made(el.mean("score"), "a", min_n=7)
    assert made(el.nps("score"), ["a", "b"], sizes=(12, 0, 12))
    assert not made(el.nps("score", min_n=7), "a") and made(el.nps("score", min_n=7), "a", min_n=0)


def test_where_the_number_of_those_who_stayed_is_hidden_the_error_of_all_does_not_tell_their_answers():
    score = np.random.RandomState(7).randint(0, 11, 41)
    table = pd.DataFrame({"wave": ["1"] * 20 + ["2"] * 21, "user_id": [*range(20), 0, *range(20, 40)], "score": score})
    made = el.change(table, {"mean": el.mean("score", min_n=5)}, user="user_id")
    whole = made.frame.iloc[0]
    assert pd.isna(whole["n_paired"]) and whole["method"].startswith("unpaired")
    told = el.change(table, {"mean": el.mean("score", min_n=5)}).frame.iloc[0]
    assert whole[["low", "high", "se"]].tolist() == told[["low", "high", "se"]].tolist()


def test_a_wave_in_which_nearly_all_answered_alike_is_masked_everywhere_as_measure_does():
    mixed = [0, 10, 8, 9, 3, 10, 2, 8]
    table = pd.DataFrame({"wave": ["1"] * 8 + ["2"] * 8, "user_id": [*range(8)] * 2, "score": [3] * 7 + [9] + mixed})
    made = el.change(table, el.nps("score"), user="user_id")
    flag = el.measure(table, el.nps("score"), by="wave").iloc[0]["flag"]
    assert flag == "masked: nearly all detractors"
    pd.testing.assert_frame_equal(made.waves, el.measure(table, el.nps("score"), by="wave"))
    assert made.frame["flag"].tolist() == [flag, *["masked: would give away a cell where all answered alike"] * 3]
    for part in (made.frame, made.who, made.parts):
        assert part.filter(regex="^(estimate|count|before|after|difference|low|high|se|n_eff)$").isna().all(axis=None)
    assert made.frame[["n_before", "n_after", "n_paired"]].iloc[0].tolist() == [8, 8, 8]
    assert flag in repr(made) and "100" not in repr(made)
    open_ = el.change(table, el.nps("score"), user="user_id", min_n=0)
    assert open_.frame["difference"].notna().any()


def test_a_part_in_which_all_answered_alike_is_not_told_by_the_others():
    mixed = [0, 10, 8, 9, 3, 10, 2, 8]
    table = pd.DataFrame({"wave": ["1"] * 14 + ["2"] * 8, "user_id": [*range(14), *range(8)],
                          "score": [*mixed, *[1] * 6, *mixed[::-1]]})  # all who left are detractors
    made = el.change(table, el.nps("score"), user="user_id")
    whole, *others = made.frame.to_dict("records")
    assert whole["flag"] == "" and whole["method"].startswith("unpaired")
    assert all(row["flag"].startswith("masked") and np.isnan(row["difference"]) for row in others)
    assert made.who["estimate"].isna().all() and made.who["n"].tolist() == [8, 8, 6, 0]
    assert made.parts["difference"].isna().all()
