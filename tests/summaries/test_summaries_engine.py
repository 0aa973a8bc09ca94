"""Every kind of table gives the same answer, and what is no table is refused."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from engagelab.errors import DataError, UsageError
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import mean, quantile, rate, ratio
from engagelab.summaries.engine import source

NOUNS = {"opens": rate("opened"), "spend": mean("spend"), "clicks": ratio("clicks", "views"),
         "middle": quantile("spend")}


@pytest.fixture
def mails():
    rng = np.random.default_rng(5)
    n = 5000
    return pd.DataFrame({"plan": rng.choice(["gold", "silver", "new"], n), "opened": rng.random(n) < .3,
                         "spend": np.where(rng.random(n) < .1, np.nan, rng.exponential(50, n)),
                         "clicks": rng.integers(0, 20, n), "views": rng.integers(20, 500, n)})


def test_a_frame_a_parquet_a_csv_a_json_and_a_relation_agree(mails, tmp_path):
    expected = measure(mails, NOUNS, by="plan")
    with duckdb.connect() as connection:
        connection.register("mails", mails)
        for ending, how in (("parquet", "FORMAT parquet"), ("csv", "HEADER"), ("json", "FORMAT json")):
            connection.execute(f"COPY mails TO '{tmp_path}/mails.{ending}' ({how})")
            found = measure(tmp_path / f"mails.{ending}", NOUNS, by="plan")
            pd.testing.assert_frame_equal(found, expected, rtol=1e-12)
        relation = connection.sql("SELECT * FROM mails")
        pd.testing.assert_frame_equal(measure(relation, NOUNS, by="plan"), expected, rtol=1e-12)


def test_a_glob_reads_all_of_its_files_and_a_name_with_brackets_only_itself(mails, tmp_path):
    mails[:2000].to_csv(tmp_path / "part1.csv", index=False)
    mails[2000:].to_csv(tmp_path / "part2.csv", index=False)
    mails[:10].to_csv(tmp_path / "part[1].csv", index=False)
    assert measure(str(tmp_path / "part?.csv"), rate("opened"))["n"].item() == 5000
    assert measure(tmp_path / "part[1].csv", rate("opened"))["n"].item() == 10


@pytest.mark.parametrize("kind", ["pyarrow", "polars"])
def test_arrow_and_polars_agree(mails, kind):
    library = pytest.importorskip(kind)
    pytest.importorskip("pyarrow")
    table = library.Table.from_pandas(mails) if kind == "pyarrow" else library.from_pandas(mails)
    pd.testing.assert_frame_equal(measure(table, NOUNS, by="plan"), measure(mails, NOUNS, by="plan"), rtol=1e-12)


def test_the_same_call_gives_the_same_bytes_and_two_threads_the_same_figures(mails):
    numbers = ["estimate", "low", "high", "se"]
    once, twice = measure(mails, NOUNS, by="plan"), measure(mails, NOUNS, by="plan")
    assert once[numbers].to_numpy().tobytes() == twice[numbers].to_numpy().tobytes()
    wide = pd.concat([mails] * 60, ignore_index=True)  # more than one of DuckDB's row groups
    one, two = (measure(source(wide, threads=threads), NOUNS, by="plan") for threads in (1, 2))
    np.testing.assert_allclose(one[numbers].to_numpy(), two[numbers].to_numpy(), rtol=1e-12)


def test_a_frame_is_not_changed_and_its_other_columns_do_not_matter(mails):
    mails["period"] = pd.period_range("2026-01", periods=1).repeat(len(mails))
    mails["mixed"] = [1, "a"] * (len(mails) // 2)
    mails[7] = 1
    before = mails.copy()
    measure(mails, NOUNS, by="plan")
    pd.testing.assert_frame_equal(mails, before)
    with pytest.raises(DataError, match="'mixed' mixes text with numbers"):
        measure(mails, mean("mixed"))
    with pytest.raises(DataError, match="'period' is of type period"):
        measure(mails, rate("opened"), by="period")


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "Int64", "Float64", "object", "bool", "boolean"])
def test_every_kind_of_number_is_measured(dtype):
    values = pd.Series([0, 1, 1, 0, 1]).astype(dtype)
    assert measure(pd.DataFrame({"x": values}), [mean("x"), rate("x")])["estimate"].tolist() == [.6, .6]


def test_not_a_number_is_missing_in_a_file_too(tmp_path):
    path = tmp_path / "x.parquet"
    duckdb.connect().execute(f"COPY (SELECT unnest([1.0, 'NaN'::DOUBLE, NULL, 2.0]) AS x) TO '{path}' (FORMAT parquet)")
    answer = measure(path, [mean("x"), quantile("x")])
    assert answer["estimate"].tolist() == [1.5, 1.5]
    assert answer["n_missing"].tolist() == [2, 2]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e200])
def test_what_cannot_be_squared_is_refused(value):
    with pytest.raises(DataError, match=r"holds an infinite value, or one too large to square \(the first is row 2"):
        measure(pd.DataFrame({"x": [1.0, value]}), mean("x"))
    if np.isinf(value):
        with pytest.raises(DataError, match="infinite value"):
            measure(pd.DataFrame({"x": [1.0, value]}), quantile("x"))


def test_what_is_no_table_is_refused(tmp_path):
    for wrong in ([1, 2], {"x": [1]}, None, 3, np.zeros(3)):
        with pytest.raises(UsageError, match="data must be a DataFrame"):
            source(wrong)
    with pytest.raises(UsageError, match="there is no file"):
        source(tmp_path / "none.csv")
    with pytest.raises(UsageError, match=r"did you mean '\.csv'"):
        source("a.csw")
    (tmp_path / "bad.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(DataError, match="cannot be read"):
        source(tmp_path / "bad.parquet")


def test_a_bad_line_of_a_csv_is_named_with_its_value(tmp_path):
    (tmp_path / "late.csv").write_text("x\n" + "1\n" * 30_000 + "oops\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"late\.csv, column 'x': oops cannot be read as"):
        measure(tmp_path / "late.csv", mean("x"))


def test_columns_of_one_name_are_refused():
    twice = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(DataError, match="several columns of the same name: 'x'"):
        measure(twice, mean("x"))
    with pytest.raises(DataError, match="upper and lower case"):
        measure(pd.DataFrame({"x": [1.0], "X": [2.0]}), [mean("x"), mean("X")])
    assert measure(pd.DataFrame({"x": [1.0], "X": [2.0]}), mean("X"))["estimate"].item() == 2.0


@pytest.mark.parametrize("stamp", ["01/02/2026", "13/02/2026", "01/02/2026 10:00:00", "1.2.2026"])
def test_a_date_in_a_csv_is_never_guessed(tmp_path, stamp):
    (tmp_path / "a.csv").write_text(f"t,x\n{stamp},1\n{stamp},2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be read|not dates or stamps"):
        measure(tmp_path / "a.csv", mean("x"), time="t", every="month")


def test_stamps_and_flags_of_a_csv_are_read_as_they_are(tmp_path):
    rows = ["t,x,id", "2026-08-31T20:00:00Z,True,007", "2026-08-31 20:00:00.5+00,False,008",
            "2026-09-01 00:00:00+00:00,,9"]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    answer = measure(tmp_path / "a.csv", rate("x"), time="t", every="month", tz="Asia/Tokyo")
    assert answer[["month", "n", "n_missing"]].to_numpy().tolist() == [["2026-09", 2, 1]]
    assert measure(tmp_path / "a.csv", rate("x"), by="id")["id"].tolist() == ["007", "008", "9"]


def test_hostile_names_in_a_file_are_only_names(tmp_path):
    frame = pd.DataFrame({'a"b; DROP TABLE data': [1.0, 3.0], "売上, 'x'": ["p", "p"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert measure(tmp_path / "a.csv", mean(frame.columns[0]), by=frame.columns[1])["estimate"].item() == 2.0


def test_files_that_order_their_columns_differently_are_read_by_name_and_other_columns_are_refused(tmp_path):
    (tmp_path / "x1.csv").write_text("day,user,revenue,cost\n2026-04-01,a,100,1\n2026-04-02,b,100,1\n", "utf-8")
    (tmp_path / "x2.csv").write_text("day,user,cost,revenue\n2026-04-01,a,1,100\n2026-04-02,007,1,100.5\n", "utf-8")
    answer = measure(str(tmp_path / "x*.csv"), {"r": mean("revenue"), "c": mean("cost")}, time="day", every="month")
    assert answer["estimate"].tolist() == [100.125, 1.0]
    assert measure(str(tmp_path / "x*.csv"), mean("cost"), by="user")["user"].tolist() == ["007", "a", "b"]
    (tmp_path / "x[3].csv").write_text("day,user,revenue\n2026-04-01,a,100\n", "utf-8")
    with pytest.raises(DataError) as told:
        source(str(tmp_path / "x*.csv"))
    assert str(told.value) == ("x[3].csv has the columns 'day', 'user', 'revenue', but x1.csv has 'day', 'user', "
                               "'revenue', 'cost'; files that are read together need the same columns")


def test_ids_of_a_csv_that_look_like_decimals_stay_apart_and_numbers_stay_numbers(tmp_path):
    rows = [("1234567890.1695538801", 1.5), ("1234567890.1695538802", 2.5), ("12.1", 10.25), ("12.10", 9.5),
            ("7.0", ""), ("", "nan"), ("nan", 2), ("99999999999999999991", 3), ("99999999999999999992", 3)]
    (tmp_path / "a.csv").write_text("\n".join(["id,x", *(f"{key},{x}" for key, x in rows)]), encoding="utf-8")
    answer = measure(tmp_path / "a.csv", mean("x"), by="id")
    assert answer["id"].tolist() == ["7", "12.1", "12.10", "1234567890.1695538801", "1234567890.1695538802",
                                     "99999999999999999991", "99999999999999999992", "(missing)"]
    assert answer["estimate"].dropna().tolist() == [10.25, 9.5, 1.5, 2.5, 3.0, 3.0, 2.0]
    values = measure(tmp_path / "a.csv", [mean("x"), quantile("x")], by="x")
    assert values["x"].tolist()[:7] == ["1.5", "2", "2.5", "3", "9.5", "10.25", "(missing)"]
    assert measure(tmp_path / "a.csv", quantile("x"))["estimate"].item() == 3.0
    assert list(source(tmp_path / "a.csv").types) == ["id", "x"]


@pytest.mark.parametrize("column, known, wrong", [
    ("t", "2026-01-02", "01/02/2026"), ("t", "2026-01-02 10:00:00", "3/4/2026 10:00"), ("x", "1.5", "12O0"),
    ("t", "2026-01-02 10:00:00Z", "3/4/2026 10:00Z"), ("flag", "true", "si")])
@pytest.mark.parametrize("files", [1, 2])
def test_a_late_value_of_another_kind_is_named_with_its_file_and_column(tmp_path, column, known, wrong, files):
    for i in range(files):
        rows = [f"{column},y", *[f"{known},1"] * 30_000, f"{wrong},1"]
        (tmp_path / f"late{i}.csv").write_text("\n".join(rows), encoding="utf-8")
    where = "late0.csv" if files == 1 else "one of 2 files"
    with pytest.raises(DataError) as told:
        source(str(tmp_path / "late?.csv")).fetch(f'SELECT count("{column}") AS n, max("{column}") FROM data', [column])
    assert f"{where}, column '{column}': {wrong} cannot be read as" in str(told.value)
    assert "dates as 2026-09-30" in str(told.value)
