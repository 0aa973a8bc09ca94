"""The comparison as it is called: whatever holds the data, in whatever order, the answer is the same."""

from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engagelab as el
from engagelab.errors import UsageError
from engagelab.experiments.compare import compare
from engagelab.experiments.comparison import COLUMNS
from engagelab.experiments.plan import plan

METRICS = {"opens": el.rate("opened"), "spend": el.mean("spend"), "spend adjusted": el.mean("spend", adjust=["before"]),
           "clicks a view": el.ratio("clicks", "views"), "NPS": el.nps("score")}


def history(n=900, seed=3):
    random = np.random.RandomState(seed)
    data = pd.DataFrame({"arm": random.choice(["A", "B", "C"], n), "user": np.arange(n),
                         "before": random.gamma(2, 9, n), "opened": random.rand(n) < .3,
                         "views": random.poisson(8, n) + 1, "score": random.choice(11, n)})
    data["spend"] = data.before + random.normal(0, 5, n)
    data["clicks"] = random.binomial(data.views, .2)
    data.loc[data.index % 7 == 0, "spend"] = np.nan
    data.loc[data.index % 5 == 0, "before"] = np.nan
    return data


def compared(data, metrics=METRICS, **how):
    return compare(data, metrics, arm="arm", control="A", **how).frame


def alike(one, other, rel=1e-9):
    assert one.columns.tolist() == other.columns.tolist() and len(one) == len(other)
    for name in one:
        if pd.api.types.is_numeric_dtype(one[name]):
            assert one[name].tolist() == pytest.approx(other[name].tolist(), rel=rel, abs=1e-10, nan_ok=True), name
        elif name != "method":
            assert one[name].tolist() == other[name].tolist(), name


def test_the_table_has_its_columns_in_their_order_and_a_row_a_metric_and_arm():
    found = compared(history())
    assert found.columns.tolist() == list(COLUMNS)
    assert found[["metric", "arm"]].to_numpy().tolist() == [[name, arm] for name in METRICS for arm in "BC"]
    assert (found["control"] == "A").all()


def test_files_a_relation_and_a_frame_give_the_same(tmp_path):
    data = history()
    duckdb.sql("FROM data").write_parquet(str(tmp_path / "history.parquet"))
    data.to_csv(tmp_path / "history.csv", index=False)
    wanted = compared(data)
    alike(wanted, compared(str(tmp_path / "history.parquet")))
    alike(wanted, compared(str(tmp_path / "history.csv")))
    alike(wanted, compared(duckdb.sql("FROM data")))


def test_a_polars_frame_gives_the_same():
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    data = history()
    alike(compared(data), compared(polars.DataFrame({name: data[name].tolist() for name in data}, nan_to_null=True)))


@given(st.randoms(use_true_random=False))
@settings(max_examples=5)
def test_the_order_of_rows_does_not_matter(random):
    data = history(300)
    places = list(range(len(data)))
    random.shuffle(places)
    alike(compared(data), compared(data.iloc[places]))


@given(st.sampled_from([-1e8, 1e8, 12345.678]))
@settings(max_examples=3)
def test_a_constant_added_to_all_changes_only_the_levels(by):
    data = history(400)
    metrics = {name: METRICS[name] for name in ("spend", "spend adjusted")}
    plain, moved = (compared(table, metrics) for table in (data, data.assign(spend=data.spend + by)))
    for name in ("difference", "low", "high", "p", "low_adjusted", "high_adjusted", "p_adjusted"):
        assert moved[name].tolist() == pytest.approx(plain[name].tolist(), rel=1e-6, abs=1e-6), name


def test_a_user_with_one_row_is_a_row():
    data = history()
    alike(compared(data), compared(data, user="user"))


def test_rows_of_a_user_change_the_error_and_not_the_estimate():
    data = history()
    data = data.assign(user=data.user // 3)
    data["arm"] = data.groupby("user")["arm"].transform("first")
    rows, users = compared(data), compared(data, user="user")
    unadjusted = rows["metric"] != "spend adjusted"
    assert users.loc[unadjusted, "difference"].tolist() == pytest.approx(rows.loc[unadjusted, "difference"].tolist())
    assert (users["n_arm"] < rows["n_arm"]).all() and not users["high"].equals(rows["high"])
    alike(users, compared(data, cluster="user"))
    alike(users, compared(data, design=el.Design(cluster="user")))


@pytest.mark.parametrize("user", [None, "user"])
def test_arms_taken_together_are_as_if_they_had_one_name(user):
    data = history().assign(user=lambda rows: rows.user // 2)
    data["arm"] = data.groupby("user")["arm"].transform("first")
    found = compared(data, combine={"any": ["B", "C"]}, user=user)
    alike(found, compared(data.assign(arm=data.arm.replace({"B": "any", "C": "any"})), user=user,
                          split={"A": 1, "any": 2}))


@given(st.permutations(["A", "B", "C"]))
@settings(max_examples=3)
def test_another_control_turns_the_difference_round(order):
    data = history(400)
    one, other = (compare(data, el.mean("spend"), arm="arm", control=control, correct="none").frame.set_index(
        "arm").loc[arm] for control, arm in (order[:2], order[1::-1]))
    assert [one["difference"], one["low"], one["high"], one["p"]] == pytest.approx(
        [-other["difference"], -other["high"], -other["low"], other["p"]])


def test_rows_without_an_arm_are_left_out_and_said():
    data = history()
    data.loc[:9, "arm"] = None
    found = compare(data, METRICS, arm="arm", control="A")
    alike(found.frame, compared(data.iloc[10:]))
    assert any("10 rows" in note for note in found.notes)


def test_flags_and_numbers_may_name_the_arms():
    data = history().assign(arm=lambda rows: rows.arm != "A")
    found = compare(data, el.mean("spend"), arm="arm", control=False).frame
    assert found[["arm", "control"]].to_numpy().tolist() == [["true", "false"]]
    found = compare(data.assign(arm=data.arm * 1), el.mean("spend"), arm="arm", control=0).frame
    assert found[["arm", "control"]].to_numpy().tolist() == [["1", "0"]]


def test_looks_come_from_the_plan_and_have_to_be_named():
    drawn = SimpleNamespace(looks=(1 / 3, 2 / 3, 1))
    data = history()
    wide = [compared(data, el.rate("opened"), plan=drawn, look=look, correct="none").eval("high - low")[0]
            for look in (1, 2, 3)]
    once = compared(data, el.rate("opened"), correct="none").eval("high - low")[0]
    assert wide[0] > wide[1] > wide[2] > once
    with pytest.raises(UsageError, match="which this is"):
        compared(data, el.rate("opened"), plan=drawn)
    with pytest.raises(UsageError, match="needs a plan with looks"):
        compared(data, el.rate("opened"), look=1)
    with pytest.raises(UsageError, match="choose one"):
        compared(data, el.rate("opened"), plan=drawn, look=1, peek=True)


def test_a_look_is_at_the_share_of_the_planned_units_that_is_there():
    def looked(look, n):
        return compare(history(), el.mean("spend"), arm="arm", control="A", look=look, correct="none",
                       plan=plan(el.mean("spend"), sd=1, n=n, arms=3, looks=(.2, .5, 1)))

    there = len(history())
    half, early, over = looked(2, there * 2 // 3), looked([.1, .15], there * 20 // 9), looked(2, there // 4)
    assert half.settings["looks"] == pytest.approx((.2, .5), abs=.01) and early.settings["looks"] == (.1, .15)
    assert over.settings["looks"] == (.2, 1) and "133% of the planned units" in " ".join(over.notes)
    width = [one.frame.eval("high - low")[0] for one in (early, half, over)]
    assert width[0] > width[1] > width[2]
    assert "at 50% of the planned units" in " ".join(half.notes)
    assert "Look 2: planned at 50% of the units, made at 15%." in early.notes
    assert over.frame["verdict"].isin(["better", "worse", "no_difference"]).all()
    bare = compared(history(), el.mean("spend"), plan=SimpleNamespace(looks=(.2, .5, 1)), look=2, correct="none")
    assert bare.eval("high - low")[0] == pytest.approx(width[1], rel=.01)
    with pytest.raises(UsageError, match="what was really reached"):
        looked(2, there * 2)
    with pytest.raises(UsageError, match="look must be one of 1, 2, 3, not 4"):
        looked([.1, .2, .3, .4], there)


def test_a_plan_for_fewer_metrics_than_decide_is_a_departure():
    for told, said in (({}, True), ({"metrics": 2}, False), ({"metrics": 3, "primary": True}, False)):
        drawn = plan(el.mean("spend"), sd=1, n=10, arms=3, **told)
        found = compare(history(), {"spend": el.mean("spend"), "opened": el.rate("opened")}, arm="arm", control="A",
                        plan=drawn)
        assert any("More metrics decide than planned" in note for note in found.notes) == said


def test_peeking_is_wider_than_one_look():
    once, peeked = (compared(history(), el.mean("spend"), peek=peek, correct="none") for peek in (False, True))
    assert (peeked["low"] < once["low"]).all() and (peeked["p"] > once["p"]).all()


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UsageError, match="fpc"):
        compared(history(), design=el.Design(fpc="views"))
    with pytest.raises(UsageError, match="once"):
        compared(history(), design=el.Design(cluster="user"), cluster="user")
    with pytest.raises(UsageError, match="correct must be one of"):
        compared(history(), correct="tukey")
    with pytest.raises(UsageError, match="no interval"):
        compared(history(), correct="holm", peek=True)
    with pytest.raises(UsageError, match="quantiles need one row"):
        compared(history().assign(user=lambda rows: rows.user // 2, arm=["A", "A", "B", "B"] * 225),
                 el.quantile("spend"), user="user")


def test_clusters_are_waited_for_as_clusters_and_rows_as_rows():
    random = np.random.RandomState(4)
    shop = np.repeat(np.arange(40), 25)
    data = pd.DataFrame({"arm": np.array(["A", "B"])[shop % 2], "shop": shop, "y": random.normal(10, 3, 1000)})
    meant = plan(el.mean("y"), sd=3, effect=1, cluster_size=25, icc=.01)
    assert meant.clusters < 20 < meant.n
    by_shop = compare(data, el.mean("y"), arm="arm", control="A", cluster="shop", plan=meant)
    assert by_shop.frame["verdict"].tolist() == ["no_difference"] and not any("Fewer" in note for note in by_shop.notes)
    few = data[data["shop"] < 2 * (meant.clusters - 1)]
    for how, rows in (({"cluster": "shop"}, few), ({}, data.groupby("arm").head(meant.n - 1))):
        found = compare(rows, el.mean("y"), arm="arm", control="A", plan=meant, **how)
        assert found.frame["verdict"].tolist() == ["cannot_tell"], how
        assert any("Fewer than planned" in note for note in found.notes), how
