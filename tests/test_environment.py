"""environment.yml names what pyproject.toml names, and constraints.txt pins it without naming any host."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# conda-forge splits or renames these; the part named here is the one that we import
CONDA_NAMES = {"seaborn": "seaborn-base", "matplotlib": "matplotlib-base", "duckdb": "python-duckdb"}


def environment():
    return yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))


def test_environment_yml_is_equal_to_pyproject():
    found = environment()
    assert list(found) == ["name", "channels", "dependencies"]
    assert found["channels"] == ["conda-forge", "nodefaults"]
    wanted = [f"python{PROJECT['requires-python']}", "pip"]
    for requirement in map(Requirement, PROJECT["dependencies"]):
        name = CONDA_NAMES.get(requirement.name, requirement.name)
        given = next(line for line in PROJECT["dependencies"] if line.startswith(requirement.name))
        wanted.append(name + given.removeprefix(requirement.name))
    assert found["dependencies"] == [*wanted, {"pip": ["-e ."]}]


def test_every_requirement_is_pinned_inside_its_range():
    pins = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        pin = Requirement(line)
        pins.setdefault(pin.name, []).append(str(pin.specifier).removeprefix("=="))
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    for requirement in [Requirement(line) for group in groups for line in group]:
        assert pins[requirement.name], requirement.name
        for version in pins[requirement.name]:
            assert requirement.specifier.contains(version, prereleases=True), (requirement.name, version)


def test_constraints_name_no_host():
    assert not re.search(r"//|@", (ROOT / "constraints.txt").read_text("utf-8"))
