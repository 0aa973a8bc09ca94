"""The benchmark refuses to time wrong answers, and every task keeps the contract of its README."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import __main__ as harness
from benchmarks import events
from benchmarks.cell import task_of
from benchmarks.tasks import measure_frame, measure_parquet

TASKS = sorted(file.stem for file in (Path(harness.__file__).parent / "tasks").glob("[a-z]*.py"))
FIGURES = {"cpu": 1.0, "wall": 1.0, "memory": 1.0}


def plain(answer):
    """An answer as a cell leaves it."""
    return None if answer is None else {name: answer[name].to_numpy() for name in answer}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_names_its_candidates_and_goals(name):
    task = task_of(name)
    assert {task.OURS, task.PEER} | ({task.SCAN} if task.SCAN else set()) <= set(task.CANDIDATES)
    assert set(getattr(task, "NEEDS", {})) <= set(task.CANDIDATES)
    figures = {name: FIGURES for name in task.CANDIDATES}
    assert len(list(harness.verdicts(task, figures))) == len(task.TARGETS)
    assert callable(task.data)
    assert task.TITLE


def test_the_candidates_of_measure_agree_on_a_small_table(tmp_path):
    path = measure_parquet.data(tmp_path, 20_000)
    answers = {name: plain(measure_parquet.CANDIDATES[name](path)()) for name in measure_parquet.CANDIDATES}
    answers["pandas groupby"] = plain(measure_frame.idiom(path)())
    harness.same("measure_parquet", answers)


@pytest.mark.parametrize("name", ["activity_active", "activity_cohorts", "activity_cohorts_frame", "activity_four",
                                  "activity_four_zone", "activity_funnel"])
def test_the_candidates_of_an_activity_task_agree_on_a_small_log(name, tmp_path, monkeypatch):
    monkeypatch.delenv("ENGAGELAB_PEERS", raising=False)
    harness.peer.cache_clear()
    task, path = task_of(name), events.log(tmp_path, 20_000)
    answers = {candidate: plain(task.CANDIDATES[candidate](path)()) for candidate in harness.present(task)}
    assert len(answers) >= 2
    assert all(len(column) for column in answers[task.OURS].values())
    harness.same(name, answers)


def test_the_log_is_the_same_every_time_and_its_users_come_leave_and_return(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    one, two = (events.log(tmp_path / folder, 20_000) for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    growth = events.opened(one).execute(events.GROWTH).df()
    assert (growth.loc[1:, ["new", "retained", "churned"]] > 0).all(axis=None)
    assert growth.loc[2:, "resurrected"].gt(0).all()
    log = events.frame(one)
    active = events.active(events.opened(one), events.SINCE + events.DAYS - 2)
    days = (log["ts"] - pd.Timestamp(0)).dt.days
    for window, day in ((1, 20_500), (7, 20_491), (28, 20_603)):  # counted plainly, one by one
        users = log.loc[(days > day - window) & (days <= day), "user_id"].nunique()
        assert active.loc[(active["window"] == window) & (active["day"] == day), "users"].tolist() == [users]


def test_a_candidate_without_its_library_is_left_out_by_name_and_so_is_its_goal(monkeypatch, capsys):
    task = task_of("activity_cohorts_frame")
    monkeypatch.setattr(harness, "peer", lambda library: ("python", "" if library == "clvkit" else "1.0"))
    assert harness.present(task) == ["cohorts", "pandas", "polars"]
    assert "left out: clvkit" in capsys.readouterr().out
    figures = {name: FIGURES for name in harness.present(task)}
    assert [verdict.split(",")[0] for verdict in harness.verdicts(task, figures)] == [
        "cpu_ratio / pandas 1.00", "cpu_ratio / polars 1.00"]


def test_a_folder_of_peers_that_is_no_environment_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGAGELAB_PEERS", str(tmp_path))
    harness.peer.cache_clear()
    with pytest.raises(SystemExit, match="is no environment"):
        harness.peer("polars")
    harness.peer.cache_clear()


def test_a_wrong_answer_stops_the_run_before_any_time_is_printed():
    right = {"segment": np.array(["a"], object), "estimate": np.array([.5])}
    with pytest.raises(SystemExit, match="the answer of scan differs"):
        harness.same("measure_parquet", {"measure": right, "scan": right | {"estimate": np.array([.5001])}})


def test_the_rows_of_a_page_are_kept_by_their_task():
    rows = ["| one | ours | 1 |", "|  | peer | 2 |", "| two | ours | 3 |"]
    page = f"# Results\n\ntext\n\n{harness.HEADER}" + "\n".join(rows) + "\n"
    assert harness.kept(page) == {"one": rows[:2], "two": rows[2:]}
