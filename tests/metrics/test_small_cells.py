"""Small groups never leave `measure()`, nor what would give them away."""

import numpy as np
import pandas as pd
import pytest

from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import csat, mean, nps, rate


def people(**sizes):
    frame = pd.DataFrame({"team": np.repeat(list(sizes), list(sizes.values())), "x": 1})
    turn = frame.groupby("team").cumcount() % 2
    return frame.assign(score=9 - 4 * turn, y=5 - 4 * turn)


def reasons(table, column="team"):
    return {key: "few" if "fewer" in flag else "worked out" if "give away" in flag else ""
            for key, flag in zip(table[column], table["flag"], strict=True)}


def test_a_survey_cell_under_five_keeps_its_place_and_shows_nothing():
    table = measure(people(a=4, b=5), nps("score"), by="team")
    assert table["team"].tolist() == ["a", "b"]
    row = table.iloc[0]
    assert row[["estimate", "low", "high", "se", "count", "n", "n_eff", "n_missing"]].isna().all()
    assert row["flag"] == "hidden: fewer than 5 respondents"
    assert table.iloc[1]["estimate"] == pytest.approx(20)


def test_what_is_not_a_survey_is_shown_unless_asked():
    shown = measure(people(a=2), [rate("x"), mean("x")], by="team")
    assert shown["estimate"].tolist() == [1, 1]
    assert not shown["flag"].str.contains("hidden").any()
    assert measure(people(a=2), rate("x", min_n=3), by="team")["n"].isna().all()
    assert measure(people(a=2), nps("score", min_n=2), by="team")["n"].tolist() == [2]
    assert measure(people(a=7), nps("score"), by="team", min_n=8)["n"].isna().all()


def test_beside_a_shown_total_the_next_smallest_is_hidden_too():
    table = measure(people(a=4, b=9, c=30, d=31), nps("score"), by="team", total=True)
    assert reasons(table) == {"a": "few", "b": "worked out", "c": "", "d": "", "(all)": ""}
    assert reasons(measure(people(a=4, b=9, c=30), nps("score"), by="team")) == {"a": "few", "b": "", "c": ""}


def test_two_hidden_cells_that_together_are_few_take_a_third_with_them():
    table = measure(people(a=1, b=2, c=8, d=30), nps("score"), by="team", total=True)
    assert reasons(table) == {"a": "few", "b": "few", "c": "worked out", "d": "", "(all)": ""}


def test_crossed_attributes_need_ten_and_a_period_is_no_attribute():
    frame = pd.concat([people(a=8, b=40).assign(site="x"), people(a=40, b=40).assign(site="y")])
    frame["at"] = pd.Timestamp("2026-07-01")
    crossed = measure(frame, nps("score"), by=["team", "site"])
    assert crossed.loc[(crossed["team"] == "a") & (crossed["site"] == "x"), "flag"].item() == (
        "hidden: fewer than 10 respondents")
    alone = measure(frame[frame["site"] == "x"], nps("score"), by="team", time="at", every="month")
    assert not alone["flag"].str.contains("hidden").any()


def test_people_are_counted_and_not_rows():
    frame = people(a=12, b=12).assign(who=[1, 2, 3] * 4 + list(range(100, 112)))
    assert reasons(measure(frame, csat("y"), by="team")) == {"a": "", "b": ""}
    assert reasons(measure(frame, csat("y"), by="team", user="who")) == {"a": "few", "b": ""}
    table = measure(frame, csat("y"), by="team", user="who", total=True)
    assert table.set_index("team").loc["b", "n"] is pd.NA  # the total would give away the three of team a
    assert table.set_index("team").loc["(all)", "n"] == 24


def test_rows_without_a_name_are_one_respondent_at_most():
    frame = people(a=12, b=12).assign(who=[None] * 12 + list(range(12)))
    assert reasons(measure(frame, csat("y"), by="team", user="who")) == {"a": "few", "b": ""}


def test_people_in_several_groups_are_counted_once_in_the_total():
    frame = pd.DataFrame({"team": ["a"] * 4 + ["b"] * 4, "who": [1, 2, 3, 4] * 2, "score": 9})
    assert reasons(measure(frame, nps("score"), by="team", user="who", total=True))["(all)"] == "few"


def test_no_hidden_cell_of_a_cube_follows_from_one_of_its_sums():
    rng = np.random.default_rng(6)
    for _ in range(15):
        n = 260
        frame = pd.DataFrame({"team": rng.choice(list("abcd"), n, p=[.5, .3, .15, .05]),
                              "site": rng.choice(list("xyz"), n, p=[.6, .35, .05]), "score": rng.integers(0, 11, n)})
        table = measure(frame, nps("score"), by=["team", "site"], total=True).set_index(["team", "site"])
        sizes = frame.groupby(["team", "site"]).size()
        secret = table["n"].isna()
        lines = [(("(all)", site), [(team, site) for team in "abcd" if (team, site) in sizes.index]) for site in "xyz"]
        lines += [((team, "(all)"), [(team, site) for site in "xyz" if (team, site) in sizes.index]) for team in "abcd"]
        lines += [(("(all)", "(all)"), [(team, "(all)") for team in "abcd"]),
                  (("(all)", "(all)"), [("(all)", site) for site in "xyz"])]
        for total, parts in lines:
            assert sum(secret[[total, *parts]]) != 1


@pytest.mark.parametrize("wrong", [-1, 2.5, True, "5"])
def test_a_min_n_that_is_no_count_is_refused(wrong):
    with pytest.raises(ValueError, match="min_n must be a whole number"):
        nps("score", min_n=wrong)
    with pytest.raises(ValueError, match="min_n must be a whole number"):
        measure(people(a=2), nps("score"), min_n=wrong)
