import duckdb
import numpy as np
import pandas as pd
import pytest

from engagelab.errors import DataError, UsageError
from engagelab.experiments.compare import compare
from engagelab.experiments.given import from_moments
from engagelab.metrics.nouns import csat, mean, nps, quantile, rate, ratio
from tests.public_data import folder

NUMBERS = ["value_control", "value_arm", "difference", "low", "high", "p", "low_adjusted", "p_adjusted", "n_control",
           "n_arm"]
OVER = ["n_arm", "value_arm", "difference", "low", "high", "p", "low_always", "p_always"]


@pytest.fixture(scope="module")
def rows():
    draw = np.random.RandomState(2)
    n = 3000
    data = pd.DataFrame({"arm": draw.choice(["A", "B", "C"], n), "plan": draw.choice(["x", "y"], n),
                         "week": draw.randint(1, 6, n), "spend": draw.gamma(2, 10, n) + 1e4})
    return data.assign(opened=draw.rand(n) < .3 + .1 * (data["arm"] == "C"))


def exported(rows, by=(), cumulative=False):
    """What a platform would export of these rows."""
    parts = []
    for metric in ("open", "spend"):
        values = rows.assign(value=rows["opened" if metric == "open" else "spend"].astype(float))
        taken = [values.assign(week=week)[values["week"] <= week] for week in range(1, 6)] if cumulative else [values]
        made = pd.concat(taken).groupby(["arm", *by])["value"].agg(["size", "mean", "var"]).reset_index()
        parts.append(made.assign(metric=metric))
    return pd.concat(parts).rename(columns={"size": "n", "var": "variance"})


def raw(rows, **how):
    return compare(rows, {"open": rate("opened"), "spend": mean("spend")}, arm="arm", control="A", **how)


def given(table, **how):
    return from_moments(table, control="A", nouns={"open": rate("open")}, **how)


def test_moments_give_what_the_rows_give(rows):
    pd.testing.assert_frame_equal(given(exported(rows)).frame[NUMBERS], raw(rows).frame[NUMBERS], rtol=1e-8)


@pytest.mark.parametrize("kind", ["sd", "se"])
def test_a_standard_deviation_or_error_serves_as_well(rows, kind):
    table = exported(rows)
    table[kind] = np.sqrt(table.pop("variance") / (table["n"] if kind == "se" else 1))
    pd.testing.assert_frame_equal(given(table, **{kind: kind}).frame[NUMBERS], raw(rows).frame[NUMBERS], rtol=1e-8)


def test_so_do_segments_and_weeks_and_arms_taken_together(rows):
    how = {"by": "plan", "over": "week", "combine": {"any": ["B", "C"]}, "peek": True}
    found, wanted = given(exported(rows, ["plan", "week"]), **how), raw(rows, **how)
    pd.testing.assert_frame_equal(found.frame[NUMBERS], wanted.frame[NUMBERS], rtol=1e-8)
    pd.testing.assert_frame_equal(found.by.drop(columns="method"), wanted.by.drop(columns="method"), rtol=1e-7)
    pd.testing.assert_frame_equal(found.over, wanted.over, rtol=1e-7)


def test_cumulative_moments_are_taken_as_they_are(rows):
    found, wanted = given(exported(rows, ["week"], True), over="week", cumulative=True), raw(rows, over="week")
    pd.testing.assert_frame_equal(found.frame[NUMBERS], wanted.frame[NUMBERS], rtol=1e-8)
    pd.testing.assert_frame_equal(found.over[OVER], wanted.over[OVER], rtol=1e-7)
    assert found.over["effect"].isna().all() and found.over["p_trend"].isna().all()
    assert any("do not tell what a single moment brought" in note for note in found.notes)


def test_a_cumulative_moment_that_was_not_exported_is_the_one_before(rows):
    table = exported(rows, ["week"], True)
    table = table[~((table["metric"] == "spend") & (table["arm"] == "B") & (table["week"] == 3))]
    over = given(table, over="week", cumulative=True).over.query("metric == 'spend' and arm == 'B'")
    assert over["n_arm"].iloc[2] == over["n_arm"].iloc[1] and over["n_control"].iloc[2] > over["n_control"].iloc[1]


def test_cumulative_moments_whose_n_falls_or_whose_order_is_not_told_are_refused(rows):
    with pytest.raises(DataError, match="'spend': cumulative n falls to 9 at '2' of 'week'; leave cumulative out"):
        table = exported(rows, ["week"], True)
        table.loc[(table["metric"] == "spend") & (table["arm"] == "B") & (table["week"] == 2), "n"] = 9
        given(table, over="week", cumulative=True)
    table = exported(rows, ["week"], True).reset_index(drop=True)
    third, second = (table.index[(table["metric"] == "spend") & (table["arm"] == "B") & (table["week"] == week)][0]
                     for week in (3, 2))
    table.loc[third, "n"] = np.floor(table.loc[second, "n"] * .995)  # a platform takes back what it counted in error
    assert len(given(table, over="week", cumulative=True).over)
    with pytest.raises(UsageError, match="'week' is text, and 'w2' comes after 'w10'"):
        table = exported(rows, ["week"], True)
        given(table.assign(week="w" + table["week"].replace(1, 10).astype(str)), over="week", cumulative=True)


def test_welch_from_summaries_is_that_of_the_reference():
    """gbstats, its test of the absolute difference (tests/stats/test_frequentist.py)."""
    table = pd.DataFrame({"arm": ["a", "b"], "metric": "m", "n": [3407, 3461], "mean": [.41, .7], "sd": [3.9, 6.2]})
    row = from_moments(table, control="a", sd="sd").frame.iloc[0]
    assert [row["low"], row["high"], row["p"]] == pytest.approx([.04538, .53462, .02016], abs=1e-5)


def test_directions_margins_and_units_are_those_of_the_nouns(rows):
    table = exported(rows)
    result = from_moments(table, control="A", nouns={"open": rate("open", better="lower"),
                                                     "spend": mean("spend", margin=5)}, units={"spend": "JPY"})
    verdicts = result.frame.set_index(["metric", "arm"])["verdict"]
    assert verdicts["open", "C"] == "worse" and verdicts["spend", "C"] == "no_worse"
    assert dict(result.units) == {"open": "share", "spend": "JPY"}


def test_where_the_variance_is_missing_there_is_no_interval(rows):
    table = exported(rows)
    table.loc[(table["metric"] == "spend") & (table["arm"] == "B"), "variance"] = None
    result = given(table)
    row = result.frame.set_index(["metric", "arm"]).loc[("spend", "B")]
    assert np.isfinite(row["difference"]) and np.isnan(row["low"]) and row["verdict"] == "cannot_tell"
    assert any(note.startswith("1 rows have no variance") for note in result.notes)


def test_rates_alone_need_no_variance():
    table = pd.DataFrame({"arm": ["A", "B"], "metric": "open", "n": [100, 110], "mean": [.2, .3]})
    frame = from_moments(table, control="A", nouns={"open": csat("open", min_n=0)}, variance="mean").frame
    assert from_moments(table, control="A", nouns={"open": rate("open")}).frame["p"].iloc[0] == frame["p"].iloc[0]


BAD = {"n": [(-1, "whole number"), (10.5, "whole number"), (None, "whole number"), (np.inf, "whole number"),
             (1e300, "whole number")],
       "mean": [(None, "must be a number"), (np.inf, "must be a number"), (1e200, "must be a number")],
       "variance": [(-.1, "0 or more"), (np.inf, "0 or more")]}


@pytest.mark.parametrize(("column", "value", "said"), [
    (column, value, said) for column, cases in BAD.items() for value, said in cases])
def test_moments_that_cannot_be_are_named(rows, column, value, said):
    table = exported(rows).reset_index(drop=True).astype({"n": float})
    table.loc[4, column] = value
    with pytest.raises(DataError, match=rf"metric 'spend', arm 'B'.*'{column}'.*{said}"):
        given(table)


def test_what_is_no_comparison_is_refused_with_its_remedy(rows):
    table = exported(rows)
    some = table.reset_index(drop=True)
    cases = [({"control": "Z"}, table, DataError, "no arm 'Z'"),
             ({}, table[(table["metric"] == "open") | (table["arm"] != "B")], DataError,
              "'spend' has no units in arm 'B'"),
             ({}, pd.concat([table, table.iloc[:1]]), DataError, "2 rows, where one is needed"),
             ({}, table.iloc[:0], DataError, "empty"),
             ({}, some.assign(metric=some["metric"].mask(some.index == 0)), DataError, "are of no metric"),
             ({"nouns": {"open": rate("open"), "spend": rate("spend")}}, table, DataError, "between 0 and 1"),
             ({"nouns": {"open": nps("open")}}, table, UsageError, "cannot be had from one mean"),
             ({"nouns": {"open": ratio("a", "b")}}, table, UsageError, "cannot be had from one mean"),
             ({"nouns": {"open": quantile("a")}}, table, UsageError, "cannot be had from one mean"),
             ({"nouns": {"spend": mean("a", adjust=["b"])}}, table, UsageError, "cannot be had from one mean"),
             ({"nouns": {"spend": "rate"}}, table, UsageError, "must be a noun such as"),
             ({"nouns": ["spend"]}, table, UsageError, "must be a noun such as"),
             ({"nouns": {"opens": rate("open")}}, table, UsageError, "did you mean 'open'"),
             ({"cumulative": True}, table, UsageError, "needs over="),
             ({"cumulative": True, "over": "week"}, table.assign(week=np.nan), DataError, "must say up to when"),
             ({"sd": "variance", "se": "variance"}, table, UsageError, "one of variance="),
             ({"mean": "average"}, table, UsageError, "no column 'average'"),
             ({}, some.assign(mean=some["mean"].where(some.index > 0, .12345678)), DataError, "must count whole units")]
    for how, data, kind, said in cases:
        with pytest.raises(kind, match=said):
            from_moments(data, **{"control": "A", "nouns": {"open": rate("open")}, **how})


@pytest.mark.slow
def test_the_experiments_of_asos_are_followed_without_false_calls_of_peekers():
    """ASOS Digital Experiments Dataset (Liu et al. 2021, arXiv 2111.10198), CC BY 4.0; its first metric is a rate."""
    path = folder() / "asos_experiments.parquet"
    if not path.exists():
        pytest.skip("asos_experiments.parquet is not in the folder of public data")
    data = duckdb.sql(f"SELECT * FROM '{path}' WHERE metric_id = 1").df()
    called = []
    for _, one in data.groupby(["experiment_id", "variant_id"]):
        table = pd.concat([one.assign(arm=side, metric="m", n=one[f"count_{side}"], mean=one[f"mean_{side}"])
                           for side in "ct"])
        result = from_moments(table, control="c", over="time_since_start", cumulative=True, nouns={"m": rate("m")})
        over, last = result.over, one.sort_values("time_since_start").iloc[-1]
        assert len(over) == one["time_since_start"].nunique()
        n, p = last[["count_c", "count_t"]].astype(float), last[["mean_c", "mean_t"]].astype(float)
        se = np.sqrt((p * (1 - p)).to_numpy() @ (1 / n.to_numpy()))
        assert over["difference"].iloc[-1] == pytest.approx(p["mean_t"] - p["mean_c"], abs=1e-9)
        assert over["high"].iloc[-1] - over["low"].iloc[-1] == pytest.approx(2 * 1.959964 * se, rel=.02)
        called.append([(over["p"] < .05).any(), over["p"].iloc[-1] < .05, (over["p_always"] < .05).any()])
    peeked, ended, always = np.sum(called, axis=0)
    assert len(called) == 99 and peeked > ended > always > 0
