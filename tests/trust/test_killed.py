"""A run that is killed at any step leaves each file old or new, and nothing writes but the one writer."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engagelab.files import PREFIX
from engagelab.notebook.execute import ONE_WAY
from tests.report import tiny

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork a process, nor send it these signals")
WRITERS = {"write_text", "write_bytes", "write_parquet", "write_csv", "to_csv", "to_excel", "to_parquet", "to_json",
           "to_pickle", "to_feather", "tofile", "savefig", "save", "savez", "savez_compressed", "dump", "ZipFile",
           "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "touch", "symlink_to",
           "hardlink_to", "copyfile", "copytree", "copy2", "move", "fdopen", "link", "open"}
# What writes by itself, and why it may.
OTHERS = {
    ("experiments/register_file.py", "open"): "the empty file by which a writer keeps others away",
    ("notebook/kit.py", "ZipFile"): "in memory", ("workbook.py", "ZipFile"): "in memory",
    ("report/deck.py", "save"): "in memory", ("report/pdf.py", "open"): "what the browser says, in a scratch folder",
    ("sample/text_files.py", "to_csv"): "gives text"}


def writes(source):
    """The calls of a source that may write a file, by name; `open` only where its mode is not one for reading."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        of = ast.unparse(call.func)
        name = of.rpartition(".")[2]
        said = [each.value for each in [*call.args, *(word.value for word in call.keywords)]
                if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        reads = {"open": of == "os.open" or any(set(mode) & set("wax+") and len(mode) < 4 for mode in said),
                 "ZipFile": "w" in said}
        ours = of in ("write_text", "write_bytes")      # those of files.py, which are imported by their names
        if name in WRITERS and not ours and reads.get(name, True):
            found.append(name)
    return found


def test_nothing_writes_a_file_but_the_one_writer():
    house = ROOT / "engagelab"
    found = {(path.relative_to(house).as_posix(), name) for path in house.rglob("*.py") if path != house / "files.py"
             for name in writes(path.read_text("utf-8"))}
    assert found == set(OTHERS)
    assert not [path.name for path in house.rglob("*.sql") if "COPY" in path.read_text("utf-8").upper().split()]


@pytest.mark.parametrize("line", [
    "path.write_text('x')", "open(path, 'w')", "path.open(mode='ab')", "os.open(path, os.O_CREAT)",
    "figure.savefig(path)", "frame.to_csv(path)", "zipfile.ZipFile(path, 'w')", "tempfile.mkdtemp()"])
def test_a_line_that_writes_by_itself_is_seen(line):
    assert writes(line)
    assert not writes("open(path)\npath.open('rb')\nwrite_text(path, 'x')\narchive.open('w.xlsx')\nZipFile(path)")


@posix
@pytest.mark.parametrize("command", ["rebuild", pytest.param("report", marks=pytest.mark.slow)])
def test_a_run_that_is_killed_at_any_step_leaves_each_file_old_or_new(tmp_path, command):
    (tmp_path / "place").mkdir()
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", "tests.trust.killing", tmp_path / "place", command],
                          cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **ONE_WAY}, capture_output=True,
                          text=True, check=False)
    assert not done.returncode, done.stderr
    whole, *killed, last = map(json.loads, done.stdout.splitlines())
    old, new = whole["old"], whole["new"]
    changed = {name for name in new if new[name] != old[name]}
    assert set(old) == set(new) and len(changed) >= 2
    assert len(killed) >= 3 * len(changed) and {one["ended"] for one in killed} == {-signal.SIGKILL}
    for one in killed:
        for name, content in one["left"].items():
            assert name.rpartition("/")[2].startswith(PREFIX) or content in (old[name], new[name]), name
        assert {*old} - {*one["left"]} <= {"manifest.json"}     # it tells of a whole run, or is away
        assert one["again"] in (None, 0) and one["then"] in (None, new)     # and what was left half done is gone
    assert sum(one["then"] == new for one in killed) > 1
    assert last["ended"] == 0 and last["left"] == new
    assert any(name not in old for one in killed for name in one["left"])   # some were killed while they wrote

KERNEL = re.compile(b"ipykernel|warm_server")


def kernels(mark):
    """The kernels of a run, known by what stands in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if KERNEL.search((process / "cmdline").read_bytes()) and mark in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:     # gone meanwhile
            continue
    return found


def within(seconds, true):
    """Whether it comes true; a machine that is busy is given time."""
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(.1)
    return true()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found by /proc")
@pytest.mark.parametrize("command", [["rebuild", "01"], ["report", "--data", "clients/alpha", "--out", "out"]])
@pytest.mark.parametrize("sent", ["SIGINT", "SIGKILL"])
def test_a_run_that_is_stopped_ends_its_kernels_and_says_so_in_one_line(tmp_path, command, sent):
    tiny.project(tmp_path, {"01_endless": tiny.notebook("01 Endless", tiny.cell(
        "open('started', 'w').close()\nwhile True: pass"))})
    before = {path: path.read_bytes() for path in (tmp_path / "notebooks").rglob("*.ipynb")}
    mark = f"ENGAGELAB_TRIAL={tmp_path}".encode()
    run = subprocess.Popen([sys.executable, "-m", "engagelab.cli", *command], cwd=tmp_path, text=True,
                           env={**os.environ, "PYTHONPATH": str(ROOT), "ENGAGELAB_TRIAL": str(tmp_path)},
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           # whoever runs the tests in the background ignores Ctrl-C, and what they start does too
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        assert within(120, (tmp_path / "notebooks/started").exists) and kernels(mark)
        run.send_signal(getattr(signal, sent))
        out, said = run.communicate(timeout=60)
    finally:
        run.kill()
    if sent == "SIGINT":
        assert (run.returncode, out, said) == (130, "", "stopped; no file is half written\n")
        assert not kernels(mark)
    else:
        assert run.returncode == -signal.SIGKILL and within(30, lambda: not kernels(mark))
    assert {path: path.read_bytes() for path in before} == before and not (tmp_path / "out").exists()
