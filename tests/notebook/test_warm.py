"""A kernel that was copied computes what one that started by itself does, and neither outlives who asked for it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from engagelab.notebook import execute as executing
from engagelab.notebook import warm
from engagelab.notebook.execute import execute, text_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every kernel starts by itself")
COPIED = "from pathlib import Path; 'warm_server' in Path('/proc/self/cmdline').read_text()"
DRAWN = """import matplotlib.pyplot as plt, pandas as pd, seaborn as sns
ax = sns.scatterplot(pd.DataFrame({"x": [1, 2, 3], "y": [2, 3, 5]}), x="x", y="y")"""


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def shown(done, cell=0):
    return done.cells[cell].outputs[0]["data"]["text/plain"]


def status(process):
    """Of a process: its state, the number of its parent, and more (proc(5))."""
    return Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()


def ended(process):
    """Whether a process is gone within ten seconds; one that nobody has waited for counts as gone."""
    for _ in range(200):
        try:
            if status(process)[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(.05)
    return False


def test_a_copy_gives_the_bytes_of_a_kernel_that_starts_by_itself(tmp_path, monkeypatch):
    given = notebook(COPIED, "hash('a'), len({'a', 'b'})", DRAWN,
                     "import sys; print(__name__, sys.argv[1:] == [], sys.path)",
                     "import os; os.getcwd()[-3:], os.environ['TZ'], 'JPY_PARENT_PID' in os.environ")
    copied = execute(given, folder=tmp_path)
    monkeypatch.setattr(executing, "kernel_argv", lambda env: [sys.executable, *warm.ALONE])
    alone = execute(given, folder=tmp_path)
    assert (shown(copied), shown(alone)) == ("True", "False")
    assert "image/png" in copied.cells[2].outputs[-1]["data"]
    for one in (copied, alone):
        del one.cells[0], one.cells[-1]     # what they differ in: how they were made, and whom they know as parent
    assert text_of(copied) == text_of(alone)


def test_what_python_reads_once_starts_a_kernel_of_its_own(tmp_path):
    given = notebook(COPIED, "hash('a')")
    same, other = (execute(given, folder=tmp_path, env=env) for env in ({"MINE": "1"}, {"PYTHONHASHSEED": "7"}))
    assert (shown(same), shown(other)) == ("True", "False")
    assert shown(same, 1) != shown(other, 1)


def test_a_copy_sees_the_folder_and_the_variables_of_its_run_alone(tmp_path):
    given = notebook("import os; f\"{os.getcwd()} {os.environ.get('MINE')}\"")
    for name, value in (("a", "1"), ("b", None)):
        (tmp_path / name).mkdir()
        done = execute(given, folder=tmp_path / name, env={"MINE": value} if value else None)
        assert shown(done) == repr(f"{tmp_path / name} {value}")


def test_a_signal_reaches_the_copy_and_its_end_is_told(tmp_path):
    file = tmp_path / "kernel.json"
    asked = [part.format(connection_file=file) for part in warm.kernel_argv({**os.environ, **executing.ONE_WAY})]
    with subprocess.Popen(asked, cwd=tmp_path, stderr=subprocess.DEVNULL) as door:
        while not file.is_file():   # the kernel writes it as it starts
            assert door.poll() is None
            time.sleep(.05)
        door.send_signal(signal.SIGTERM)
        assert door.wait(30) == 256 - signal.SIGTERM    # of itself it would end with -15


def test_copies_end_with_the_process_that_asked_and_with_the_one_that_began(tmp_path):
    script = tmp_path / "runs.py"
    script.write_text(f"""
import pathlib, sys, nbformat
sys.path.insert(0, {str(tmp_path)!r})
from engagelab.notebook.execute import execute
cells = ["import os, pathlib; _ = pathlib.Path('kernel').write_text(str(os.getpid()))", "while True: pass"]
execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), folder=pathlib.Path("."))
""", encoding="utf-8")
    run = subprocess.Popen([sys.executable, str(script)], cwd=tmp_path, env={**os.environ, **executing.ONE_WAY})
    while not (tmp_path / "kernel").is_file() or not (tmp_path / "kernel").read_text():
        assert run.poll() is None
        time.sleep(.05)
    kernel = int((tmp_path / "kernel").read_text())
    server = int(status(kernel)[1])
    run.kill()
    run.wait()
    assert ended(kernel) and ended(server)
