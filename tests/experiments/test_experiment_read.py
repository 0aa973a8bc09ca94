"""The data of an experiment in one pass: what the cells hold."""

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab.errors import DataError, UsageError
from engagelab.experiments.read import Units, read


def table(n=240, seed=5):
    random = np.random.RandomState(seed)
    data = pd.DataFrame({"arm": random.choice(["A", "B"], n), "seg": random.choice(["x", "y", None], n),
                         "shop": np.arange(n) // 4, "w": random.uniform(0, 2, n), "y": random.normal(5, 2, n),
                         "x": random.normal(0, 1, n), "day": pd.Timestamp("2026-03-01") + pd.to_timedelta(
                             random.choice(10, n), unit="D")})
    data["arm"] = data.groupby("shop")["arm"].transform("first")
    data.loc[::9, "y"] = np.nan
    data.loc[::8, "x"] = np.nan
    return data


def trial_of(data, metric, units=None, **how):
    told = {"arm": "arm", "control": "B", "by": [], "over": None, "tz": None, "combine": {}, "confidence": .95} | how
    return read(data, {"m": metric}, units=units or Units(), **told)


def test_the_control_comes_first_and_the_cells_hold_each_arms_moments():
    data = table()
    trial = trial_of(data, el.mean("y"))
    cells = trial.cells()
    assert trial.arms == ("B", "A")
    for arm, n, rows, mean, cov in zip(cells.arm, cells.sums[0].n, cells.sums[0].rows, cells.sums[0].mean,
                                       cells.sums[0].cov, strict=True):
        own = data[data.arm == trial.arms[arm]]
        assert [n, rows] == [own.y.count(), len(own)]
        assert [mean[0], cov[0, 0]] == pytest.approx([own.y.mean(), own.y.var(ddof=0)])


@pytest.mark.parametrize("units", [Units(), Units("cluster", "shop")], ids=["rows", "shops"])
def test_segments_and_days_add_up_to_all(units):
    data = table()
    data["seg"] = data.groupby("shop")["seg"].transform(lambda one: one.iloc[0])
    data["day"] = data.groupby("shop")["day"].transform("first")
    trial = trial_of(data, el.mean("y"), units, by=["seg"], over="day")
    whole = trial.cells().sums[0]
    for dim in ("seg", "day"):
        cells = trial.cells(dim)
        assert np.bincount(cells.arm, cells.sums[0].n).tolist() == whole.n.tolist()
        totals = np.zeros(2)
        np.add.at(totals, cells.arm, cells.sums[0].totals[:, 0])
        assert totals.tolist() == pytest.approx(whole.totals[:, 0].tolist())
    assert trial.times == data.day.nunique() and trial.cells("seg").labels == ["x", "y", "(missing)"]
    days = sorted(data.day.unique())
    for until in (1, 4, len(days)):
        n = trial.cells(until=until).sums[0].n
        early = data[data.day <= days[until - 1]].dropna(subset=["y"])
        wanted = early.groupby("arm")["y"].count() if units.kind == "row" else early.groupby("arm")["shop"].nunique()
        assert n.tolist() == wanted.loc[list(trial.arms)].tolist()


def test_units_are_summed_with_how_many_rows_they_have():
    data = table()
    cells = trial_of(data, el.mean("y"), Units("cluster", "shop")).cells()
    shops = data.dropna(subset=["y"]).groupby(["arm", "shop"])["y"].agg(["sum", "size"])
    for arm, mean in zip(("B", "A"), cells.sums[0].mean, strict=True):
        assert mean.tolist() == pytest.approx(shops.loc[arm].mean().tolist())


def test_a_missing_covariate_is_filled_and_has_a_flag():
    data = table()
    trial = trial_of(data, el.mean("y", adjust=["x"]))
    assert trial.metrics[0].incomplete == ("x",)
    sums = trial.cells().sums[0]
    own = data[data.arm == "B"].dropna(subset=["y"])
    assert sums.mean[0, 2] == pytest.approx(own.x.isna().mean())
    assert sums.n[0] == len(own)
    assert trial_of(data.assign(x=1.0), el.mean("y", adjust=["x"])).metrics[0].incomplete == ()


def test_rows_without_weight_or_without_a_unit_do_not_count():
    data = table()
    data.loc[:9, "w"] = [0, np.nan] * 5
    sums = trial_of(data, el.mean("y"), Units(weights="w")).cells().sums[0]
    own = data[(data.arm == "B") & data.y.notna() & (data.w > 0)]
    assert sums.n[0] == len(own) and sums.mean[0].tolist() == pytest.approx([(own.w * own.y).mean(), own.w.mean()])
    shops = trial_of(data, el.mean("y"), Units("cluster", "shop", weights="w")).cells().sums[0]
    assert shops.n.tolist() == [data[(data.arm == arm) & data.y.notna() & (data.w > 0)].shop.nunique() for arm in "BA"]
    lost = table().assign(shop=lambda rows: rows.shop.where(rows.shop > 2))
    sums = trial_of(lost, el.mean("y"), Units("user", "shop")).cells().sums[0]
    assert sums.rows.sum() == lost.shop.nunique()


def test_arms_taken_together_are_one_cell():
    data = table().assign(arm=lambda rows: rows.arm + (rows["shop"] % 2).astype(str))
    trial = trial_of(data, el.mean("y"), control="A", combine={"A": ["A0", "A1"], "B": ["B0", "B1"]})
    assert trial.arms == ("A", "B")
    assert trial.cells().sums[0].rows.tolist() == data.arm.str[0].value_counts().sort_index().tolist()


def test_what_is_no_experiment_is_refused():
    with pytest.raises(DataError, match=r"'Q'"):
        trial_of(table(), el.mean("y"), control="Q")
    with pytest.raises(UsageError, match="its own column 'y'"):
        trial_of(table(), el.mean("y", adjust=["x", "y"]))
    with pytest.raises(DataError, match="only one arm"):
        trial_of(table().assign(arm="B"), el.mean("y"))
    with pytest.raises(DataError, match="more than one arm"):
        trial_of(table().assign(arm=["A", "B"] * 120), el.mean("y"), Units("user", "shop"))
    with pytest.raises(DataError, match=r"negative|-1"):
        trial_of(table().assign(w=-1.0), el.mean("y"), Units(weights="w"))
