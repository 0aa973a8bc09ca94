"""`engagelab doctor` without a folder: whether the lessons will run on this machine, and what to do where not."""

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from packaging.requirements import Requirement

from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.notebook.browsers import browser
from engagelab.notebook.places import lessons, project
from engagelab.plots.style import japanese_font

NAME = "engagelab"
MANIFEST, PLANTED = "manifest.json", "truth.json"    # what is planted is kept from whoever is to find it
ROOM, SLOW = 1.0, 60    # GB that an installation and its pages need; seconds after which a first cell is slow
CELL = "import sys\nimport engagelab as el\ncompany = el.setup('sample')\nprint(sys.prefix, end='')"
GOOD, MIND, BAD = "ok", "mind", "bad"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands ("ok", "mind": the lessons run all the same, "bad"), and what to do."""

    topic: str
    state: str
    says: str
    short: str = ""    # for the line to the teacher


@dataclass(frozen=True)
class Machine:
    """All findings; as text, one a line, and last the line to send to the teacher."""

    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing has to be mended."""
        return all(finding.state != BAD for finding in self.findings)

    @property
    def line(self) -> str:
        """The line to send to the teacher: plain ASCII, and nothing in it that names a person or a folder."""
        told = [f"{one.topic} {one.short}".strip() for one in self.findings if one.state == BAD]
        facts = [one.short for one in self.findings if one.state != BAD and one.short]
        state = words.text("machine.line_ready") if self.ready else words.text("machine.line_bad", what=", ".join(told))
        return " | ".join([f"{NAME} doctor: {state}", *facts]).encode("ascii", "replace").decode()

    def __str__(self) -> str:
        lines = [words.text(f"machine.{one.state}", says=one.says) for one in self.findings]
        key = "machine.ready" if self.ready else "machine.not_ready"
        return "\n".join([words.text("machine.title"), *lines, "", words.text(key), self.line])


def machine() -> Machine:
    """Look over this machine: Python, packages, sample data, a kernel, a Japanese font, a browser, the disk.

    Writes nothing. The kernel is the one that JupyterLab would start.
    """
    looks: tuple[Callable[[], Finding], ...] = (
        _python, _lessons, _packages, _data, _kernel, _font, _browser, _disk)
    return Machine(tuple(look() for look in looks))


def listed(folder: Path) -> dict[str, str]:
    """The files of the sample company with their checksums, as its manifest has them; without what is planted.

    Errors: OSError and ValueError where there is no manifest, or none that can be read.
    """
    files = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    return {name: told["sha256"] for name, told in files.items() if name != PLANTED}


def _python() -> Finding:
    short = f"Python {platform.python_version()} | {platform.system()} {platform.machine()}"
    return Finding("python", GOOD, words.text("machine.python", version=platform.python_version(),
                                              system=platform.system(), machine=platform.machine()), short)


def _lessons() -> Finding:
    try:
        n = len(list(lessons().glob("*.ipynb")))
    except EngagelabError as error:
        return Finding("folder", BAD, str(error))
    return Finding("folder", GOOD, words.text("machine.lessons", n=n))


def _packages() -> Finding:
    """The main packages, as pyproject.toml names them, against the versions that were tested."""
    try:
        declared = tomllib.loads((project() / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
        pins = (project() / "constraints.txt").read_text("utf-8").splitlines()
    except (EngagelabError, OSError) as error:
        return Finding("packages", BAD, words.text("machine.no_pins", error=error))
    main = {Requirement(line).name: Requirement(line) for line in declared}
    tested = {pin.name: str(pin.specifier).removeprefix("==") for pin in map(Requirement, filter(None, pins))
              if pin.marker is None or pin.marker.evaluate()}
    here = {name: _version(name) for name in main}
    wrong = [f"{name} {here[name]}".strip() for name, asked in main.items()
             if not here[name] or not asked.specifier.contains(here[name], prereleases=True)]
    if wrong:
        return Finding("packages", BAD, words.text("machine.packages_bad", names=words.joined(wrong)), " ".join(wrong))
    other = [words.text("machine.package", name=name, here=here[name], tested=tested.get(name, ""))
             for name in main if here[name] != tested.get(name)]
    if other:
        return Finding("packages", MIND, words.text("machine.packages_other", names=words.joined(other)),
                       f"{NAME} {_version(NAME)} | {len(other)} untested versions")
    return Finding("packages", GOOD, words.text("machine.packages", n=len(main)), f"{NAME} {_version(NAME)}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _data() -> Finding:
    """Whether every file of the sample company is there and as it was written."""
    try:
        folder = project() / "data"
        files = listed(folder)
    except (EngagelabError, OSError, ValueError, LookupError, TypeError, AttributeError):
        return Finding("data", BAD, words.text("machine.no_manifest"), "no manifest")
    lacking = [name for name in files if not (folder / name).is_file()]
    changed = [name for name, sum_ in files.items() if name not in lacking
               and hashlib.sha256((folder / name).read_bytes()).hexdigest() != sum_]
    if lacking or changed:
        told = [words.text(f"machine.data_{key}", n=len(names), names=words.joined(names[:3]))
                for key, names in (("lacking", lacking), ("changed", changed)) if names]
        return Finding("data", BAD, words.text("machine.data_bad", what=words.joined(told)),
                       f"{len(lacking)} lacking {len(changed)} changed")
    return Finding("data", GOOD, words.text("machine.data", n=len(files)))


def _kernel() -> Finding:
    """Starts the kernel that JupyterLab would start, and runs the first cell of a lesson in it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    began = time.monotonic()
    try:
        folder = str(lessons())
        # The name finds what JupyterLab finds; one registered by another Python would be a surprise in class.
        NotebookClient(notebook, kernel_name="python3", timeout=300, startup_timeout=120,
                       resources={"metadata": {"path": folder}}).execute(stderr=subprocess.DEVNULL)
        prefix = notebook.cells[0].outputs[0]["text"]
    except Exception as error:
        why = next((line for line in reversed(str(error).strip().splitlines()) if line.strip()), type(error).__name__)
        return Finding("kernel", BAD, words.text("machine.kernel_bad", error=why), type(error).__name__)
    seconds = time.monotonic() - began
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        return Finding("kernel", BAD, words.text("machine.kernel_other", prefix=prefix), "of another Python")
    key = "kernel_slow" if seconds > SLOW else "kernel"
    return Finding("kernel", MIND if seconds > SLOW else GOOD, words.text(f"machine.{key}", seconds=seconds),
                   f"kernel {seconds:.0f} s")


def _font() -> Finding:
    found = japanese_font()
    if not found:
        return Finding("font", MIND, words.text("machine.no_font"), "no Japanese font")
    return Finding("font", GOOD, words.text("machine.font", name=found))


def _browser() -> Finding:
    if browser() is None:
        return Finding("browser", MIND, words.text("machine.no_browser"), "no browser for PDF")
    return Finding("browser", GOOD, words.text("machine.browser"))


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    short = f"disk {free:.0f} GB"
    if free < ROOM:
        return Finding("disk", BAD, words.text("machine.disk_full", free=free, room=ROOM), short)
    return Finding("disk", GOOD, words.text("machine.disk", free=free), short)
