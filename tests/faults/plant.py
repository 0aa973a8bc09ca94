"""Plants faults in a copy of the package, one by one, and tells which test catches each.

    python tests/faults/plant.py                    all of them
    python tests/faults/plant.py --only ID ...      some
    python tests/faults/plant.py --write            all of them, and the table in docs/planted_faults.md

The faults are declared beside this file, a file a room; `[[fault]]` has
id, file; old, new : what is replaced. The old text has to stand in the file just once, so no fault can rot.
kind, harm : what sort of slip it is, and what it would do to an analyst's number.
first : the nearest tests. With the examples of the file they are run first, then all fast tests and examples of the
    room, up to a failure.
lacking : the test that was written, or made sharper, because the nearest let the fault through at the first run.
uncaught : why a fault is not caught; else there is none.

In the end all tests that failed are run without a fault, and have to pass.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/planted_faults.md"
LIMIT = 1_800   # seconds of a run of tests, beyond which a fault is not caught in time
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-m", "not slow", "--tb=no", "-p", "no:cacheprovider",
          "-p", "unshrunk", "--hypothesis-profile=unshrunk")
FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+)", re.MULTILINE)
NO_TEST, IN_TIME = "none", "not caught in time"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "reports")


@dataclass(frozen=True)
class Fault:
    """A fault, its room being the file that declares it."""

    room: str
    id: str
    file: str
    kind: str
    harm: str
    old: str
    new: str
    first: str
    lacking: str = ""
    uncaught: str = ""

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The tests to be run: the nearest, then those of the room and its examples."""
        examples = (self.file,) if self.file.endswith(".py") else ()
        own = (f"tests/{self.room}", f"engagelab/{self.room}")
        return (*examples, *self.first.split()), own if (ROOT / own[0]).is_dir() else (
            f"tests/test_{self.room}.py", f"{own[1]}.py")

    def planted(self, text: str) -> str:
        """The text of its file with the fault."""
        if text.count(self.old) != 1 or self.old == self.new:
            raise SystemExit(f"{self.id}: its old text stands {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)


def declared() -> list[Fault]:
    """All faults, room by room."""
    return [Fault(room=path.stem, **fault) for path in sorted(Path(__file__).parent.glob("*.toml"))
            for fault in tomllib.loads(path.read_text("utf-8"))["fault"]]


def copied(folder: Path) -> Path:
    """A copy of the project in the folder."""
    copy = folder / "copy"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    # compiled files that know their source by its content: a fault of the same length and second is not passed over
    subprocess.run([sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "engagelab"],
                   cwd=copy, check=True)
    return copy


def first_failure(copy: Path, tests: Sequence[str]) -> str:
    """The first of the tests that fails in the copy, "" where all pass."""
    paths = os.pathsep.join(map(str, (copy, Path(__file__).parent)))
    try:
        done = subprocess.run([*PYTEST, *tests], cwd=copy, env=os.environ | {"PYTHONPATH": paths}, text=True,
                              capture_output=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return IN_TIME
    found = FAILED.search(done.stdout)
    if done.returncode == 0:
        return ""
    if done.returncode != 1 or not found or "::" not in found[1]:
        raise SystemExit(f"{' '.join(tests)} did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return found[1]


def caught_by(fault: Fault, tests: Sequence[str], copy: Path) -> str:
    """The first of the tests that fails with the fault, "" where all pass."""
    path = copy / fault.file
    sound = path.read_text("utf-8")
    path.write_text(fault.planted(sound), "utf-8")
    try:
        return first_failure(copy, tests)
    finally:
        path.write_text(sound, "utf-8")


def run(faults: Sequence[Fault], jobs: int) -> list[tuple[Fault, str]]:
    """Each fault with the test that catches it, in their order; all of these tests pass without a fault."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        copies = [copied(Path(folder) / str(job)) for job in range(jobs)]

        def one(fault: Fault, stage: int) -> None:
            copy = copies.pop()
            found[fault.id] = caught_by(fault, fault.stages[stage], copy) or NO_TEST
            copies.append(copy)
            print(f"{fault.id}: {found[fault.id]}", flush=True)

        for stage in (0, 1):    # the nearest tests of all, which are quick, then whole rooms for what they let through
            left = [fault for fault in faults if found.get(fault.id, NO_TEST) == NO_TEST]
            list(pool.map(one, left, [stage] * len(left)))
        tests = sorted({test for test in found.values() if "::" in test})
        if tests and (broken := first_failure(copies[0], tests)):
            raise SystemExit(f"{broken} fails without any fault")
    return [(fault, found[fault.id]) for fault in faults]


def page(found: Sequence[tuple[Fault, str]]) -> str:
    """The page of what caught what."""
    caught = [fault for fault, test in found if "::" in test]
    lines = [
        "# Planted faults", "",
        f"Caught: {len(caught)} of {len(found)}. Caught at first sight by the nearest tests, before any was added for "
        f"a fault: {sum(not fault.lacking for fault in caught)} of {len(found)}.", "",
        "A script plants these faults one by one in a copy of the package, runs the nearest tests and then those of",
        "the room, and stops at the first that fails. The faults were chosen by reading the code, before its tests",
        "were looked at. `python tests/faults/plant.py --write` makes this page; the texts that are replaced stand",
        "in `tests/faults/`.", "",
        "| room | fault | kind | what it would do | caught by | at first sight |", "|---|---|---|---|---|---|"]
    for fault, test in found:
        lines.append(f"| {fault.room} | {fault.id} | {fault.kind} | {fault.harm} | {shown(fault, test)} | "
                     f"{'no' if fault.lacking or '::' not in test else 'yes'} |")
    return "\n".join(lines) + "\n"


def shown(fault: Fault, test: str) -> str:
    """What caught a fault as a link, or why nothing did."""
    if "::" not in test:
        return fault.uncaught or test
    path, name = test.split("::", 1)
    return f"[{name}](../{path})"


def main(words: Sequence[str] | None = None) -> int:
    """Plant what was asked for; 1 where a fault slips through without a reason."""
    faults = {fault.id: fault for fault in declared()}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="ID", choices=faults, default=list(faults))
    parser.add_argument("--write", action="store_true", help=f"write {PAGE}")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(words)
    if options.write and len(options.only) < len(faults):
        parser.error("--write takes all faults")
    found = run([faults[id] for id in options.only], options.jobs)
    if options.write:
        (ROOT / PAGE).write_text(page(found), "utf-8")
    slipped = [fault.id for fault, test in found if "::" not in test and not fault.uncaught]
    print(f"{len(found) - len(slipped)} of {len(found)} caught or explained")
    return bool(slipped)


if __name__ == "__main__":
    sys.exit(main())
