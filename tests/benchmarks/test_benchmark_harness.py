"""The benchmark refuses to time wrong answers, and every task keeps the contract of its README."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import __main__ as harness
from benchmarks.cell import task_of
from benchmarks.tasks import measure_frame, measure_parquet

TASKS = sorted(file.stem for file in (Path(harness.__file__).parent / "tasks").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", TASKS)
def test_a_task_names_its_candidates_and_goals(name):
    task = task_of(name)
    assert {task.OURS, task.PEER} | ({task.SCAN} if task.SCAN else set()) <= set(task.CANDIDATES)
    figures = {"cpu": 1.0, "wall": 1.0, "memory": 1.0}
    assert len(list(harness.verdicts(task, figures, figures))) == len(task.TARGETS)
    assert callable(task.data)
    assert task.TITLE


def test_the_candidates_of_measure_agree_on_a_small_table(tmp_path):
    path = measure_parquet.data(tmp_path, 20_000)
    answers = {name: measure_parquet.CANDIDATES[name](path)() for name in measure_parquet.CANDIDATES}
    answers["pandas groupby"] = measure_frame.idiom(path)()
    harness.same("measure_parquet", answers)


def test_a_wrong_answer_stops_the_run_before_any_time_is_printed():
    right = pd.DataFrame({"segment": ["a"], "estimate": [.5]})
    with pytest.raises(SystemExit, match="the answer of scan differs"):
        harness.same("measure_parquet", {"measure": right, "scan": right.assign(estimate=.5001)})
