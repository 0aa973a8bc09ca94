"""The wheels that install this project without a network, for the machine that has none.

pip names files for another system, but reads the conditions of a requirement (`; sys_platform == "win32"`) with the
Python that runs it. So what is needed is worked out here, from what pip reports of each package; pip only fetches.
Conditions: PEP 508; names of systems in file names: PEP 425 and 600.
"""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from engagelab.errors import EngagelabError, UsageError, one_of
from engagelab.files import scratch
from engagelab.notebook.places import project

THIS, EXTRA = "this", "ja"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class System:
    """A kind of machine: how its files are called, and what conditions see there."""

    platforms: tuple[str, ...] = ()
    sees: dict[str, str] = field(default_factory=dict)


SYSTEMS = {
    THIS: System(),
    "windows": System(("win_amd64",), {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows",
                                       "platform_machine": "AMD64"}),
    "macos": System(("macosx_14_0_arm64",), {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin",
                                             "platform_machine": "arm64"}),
    "linux": System((*(f"manylinux_2_{n}_x86_64" for n in range(28, 16, -1)), "manylinux2014_x86_64"),
                    {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux",
                     "platform_machine": "x86_64"}),
}


def needed(system: str = THIS, python: str = HERE) -> list[str]:
    """Each package at its pinned version that the project and its extra `ja` need there, as `name==version`.

    system : "this", "windows" (64 bit), "macos" (Apple's own processors, version 14 or newer) or "linux" (x86, 64 bit).
    python : "3.11", "3.12" ...; the newest patch of it where the system is another.

    Asks the package registry that pip is set up for. Raises UsageError for an unknown system or Python and where pip
    is missing; EngagelabError where pip finds no wheel.
    """
    one_of("system", system, SYSTEMS)
    environment = _environment(system, python)
    declared = tomllib.loads((project() / "pyproject.toml").read_text("utf-8"))["project"]
    runs = Requirement(f"python{declared['requires-python']}").specifier
    if not re.fullmatch(r"3\.[0-9]+", python) or not runs.contains(environment["python_full_version"]):
        raise UsageError("kit.python", python=python, needs=declared["requires-python"])
    pins = {canonicalize_name(pin.name): f"{pin.name}{pin.specifier}" for pin in _lines(project() / "constraints.txt")
            if pin.marker is None or pin.marker.evaluate(environment)}
    told: dict[NormalizedName, list[Requirement]] = {}
    ahead = _wanted(map(Requirement, declared["dependencies"] + declared["optional-dependencies"][EXTRA]), "",
                    environment)
    seen: set[tuple[NormalizedName, str]] = set()
    while ahead:
        told |= _reported({pins[name] for name, _ in ahead if name not in told}, system, python)
        seen |= ahead
        ahead = {one for name, extra in ahead for one in _wanted(told[name], extra, environment)} - seen
    return sorted(pins[name] for name in told)


def fetch(folder: Path, system: str = THIS, python: str = HERE) -> list[Path]:
    """Put the wheels into the folder: the project's own and those of all that it needs; which they are, by name.

    Errors: those of `needed`.
    """
    packages = needed(system, python)
    _pip("download", "--no-deps", "--dest", str(folder), *_flags(system, python), *packages)
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(project()))
    return sorted(folder.glob("*.whl"))


def _environment(system: str, python: str) -> dict[str, str]:
    own = {key: str(value) for key, value in default_environment().items()}
    if system == THIS and python == HERE:
        return own
    full = {"python_version": python, "python_full_version": f"{python}.99", "implementation_version": f"{python}.99"}
    return {**own, **full, **SYSTEMS[system].sees}


def _lines(path: Path) -> list[Requirement]:
    return [Requirement(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _wanted(requirements: Iterable[Requirement], extra: str,
            environment: dict[str, str]) -> set[tuple[NormalizedName, str]]:
    """What of the requirements holds there, each by its name and once more with each of its extras."""
    return {(canonicalize_name(one.name), more) for one in requirements
            if one.marker is None or one.marker.evaluate({**environment, "extra": extra}) for more in ("", *one.extras)}


def _reported(packages: set[str], system: str, python: str) -> dict[NormalizedName, list[Requirement]]:
    """What each of the packages requires, as pip reports it without installing anything."""
    if not packages:
        return {}
    with scratch() as folder:
        report = Path(folder) / "report.json"
        _pip("install", "--dry-run", "--no-deps", "--ignore-installed", "--report", str(report),
             "--target", str(Path(folder) / "none"), *_flags(system, python), *sorted(packages))
        found = [item["metadata"] for item in json.loads(report.read_text("utf-8"))["install"]]
    return {canonicalize_name(item["name"]): [Requirement(line) for line in item.get("requires_dist", [])]
            for item in found}


def _flags(system: str, python: str) -> list[str]:
    flags = ["--only-binary=:all:"]
    if python != HERE or system != THIS:
        # pip would compare the pins, which are chosen for that Python, with the one that runs
        flags += ["--python-version", python, "--implementation", "cp", "--ignore-requires-python"]
    return flags + [f"--platform={name}" for name in SYSTEMS[system].platforms]


def _pip(*arguments: str) -> None:
    if importlib.util.find_spec("pip") is None:
        raise UsageError("kit.no_pip")
    done = subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet",  # noqa: S603
                           *arguments], capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-1:]
        raise EngagelabError("kit.pip_failed", problem=" ".join(last).removeprefix("ERROR: ") or str(done.returncode))
