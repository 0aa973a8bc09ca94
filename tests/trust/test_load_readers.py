"""Many readers of one folder at once find the same, and of several first runs one makes the key."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from engagelab.privacy.pseudonyms import read_key
from engagelab.report.save import save
from tests.report import tiny
from tests.trust.reading import THREADS

ROOT = Path(__file__).parents[2]
PROCESSES = 4


@pytest.mark.slow
def test_200_readers_of_one_folder_in_four_processes_find_the_same(tmp_path):
    assert PROCESSES * THREADS == 200
    folder = tiny.client(tmp_path, "alpha", 40)
    (folder / "costs.csv").write_bytes((ROOT / "data/exports/costs.csv").read_bytes())
    rates = pd.DataFrame({"currency": ["USD"], "month": ["2026-01-01"], "to": ["JPY"], "rate": [150.0]})
    save(rates, folder / "rates.xlsx")      # a workbook is read another way
    env = {**os.environ, "PYTHONPATH": str(ROOT), "ENGAGELAB_KEY": str(tmp_path / "keys/new.key")}
    readers = [subprocess.Popen([sys.executable, "-m", "tests.trust.reading", str(folder)], cwd=tmp_path, env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    found = [one.communicate(timeout=600) for one in readers]
    assert {one.returncode for one in readers} == {0} and len(set(found)) == 1, found
    out, said = found[0]
    assert out.startswith("3 ") and len(out.splitlines()) == 1 and not said, found   # three tables, all alike
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["new.key"]


def test_of_many_first_runs_one_makes_the_key_and_all_use_it(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGAGELAB_KEY", str(tmp_path / "keys/new.key"))
    start, found = threading.Barrier(20), []

    def first():
        start.wait()
        found.append(read_key(tmp_path / "data"))

    threads = [threading.Thread(target=first) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len({key for key, _ in found}) == 1 and sum(new for _, new in found) == 1
