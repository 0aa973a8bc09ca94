"""Kills a run at each step that it takes in the file system: `python -m tests.trust.killing PLACE report` or `rebuild`.

A process that has imported everything forks a child for every step; the child is killed just before it takes that step,
which is a call of the system, as an audit hook (PEP 578) sees it, or of a rebuild a line of the writer. What then lies
on the disk is printed, a line of JSON a step.
"""

import json
import os
import shutil
import signal
import sys
from hashlib import sha256
from pathlib import Path

from engagelab.files import write_files
from engagelab.notebook import rebuild
from engagelab.report import run
from engagelab.report.clients import Asked, clients_of
from tests.report import tiny

STEPS = ("open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.chmod")
VERSIONS = ("old", "new")


def make(place, version):
    """The project as of a version: other words in the notebooks, other orders."""
    tiny.project(place, {"01_orders": tiny.notebook("01 Orders", tiny.cell(version, "section:answer"))}, [])
    for client in ("alpha", "beta"):
        tiny.client(place, client, 2 + VERSIONS.index(version))


def report(place):
    """Where a report of the clients puts its files."""
    out = place / "out"
    for _ in run.report(clients_of([str(place / "clients/*")], out), out, Asked(), jobs=1):
        pass


def rebuilt(place):
    """Where a rebuild of a lesson in both languages puts its files."""
    for path in sorted((place / "notebooks").rglob("*.ipynb")):
        rebuild.rebuild(path, rebuild.read(path))


def files(folder):
    """What lies in a folder, by its path there: the checksum of each file."""
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def forked(work, folder, step=None):
    """Do the work in a child, killed before its step of that number in the folder; the signal it ended with."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    taken = 0

    def count():
        nonlocal taken
        taken += 1
        if taken == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def asked(event, arguments):
        if event in STEPS and str(folder) in str(arguments[0]) and not (event == "open" and arguments[1] == "rb"):
            count()

    def line(frame, event, _):
        if event == "line":
            count()
        return line

    sys.addaudithook(asked)
    if folder.name != "out":    # a report has too many lines, of the same writer
        sys.settrace(lambda frame, event, _: line if frame.f_code is write_files.__code__ else None)
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)


def main(place, command):
    """Every step in turn, until the work ends before it is killed."""
    run.execute = rebuild.execute = tiny.pretend
    run.find_spec = lambda name: None   # no slides
    place, work = Path(place), {"report": report, "rebuild": rebuilt}[command]
    folder = place / {"report": "out", "rebuild": "notebooks"}[command]
    os.chdir(place)
    make(place, "old")
    assert forked(lambda: work(place), folder) == 0
    make(place, "new")
    shutil.copytree(folder, before := place.parent / "before")
    assert forked(lambda: work(place), folder) == 0
    print(json.dumps({"old": files(before), "new": files(folder)}))
    for step in range(1, 1000):
        shutil.rmtree(folder)
        shutil.copytree(before, folder)
        ended = forked(lambda: work(place), folder, step)
        left = files(folder)
        again = forked(lambda: work(place), folder) if step % 12 == 4 else None     # a run takes its time
        then = None if again is None else files(folder)
        print(json.dumps({"ended": ended, "left": left, "again": again, "then": then}))
        if ended == 0:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
