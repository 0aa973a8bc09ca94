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
    table["score"] = np.random.RandomState(4).randint(0, 11, len(table))
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
