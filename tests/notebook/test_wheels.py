"""The wheels for another system: conditions are read as that system sees them, and pip only fetches."""

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from engagelab.errors import EngagelabError, UsageError
from engagelab.notebook import wheels
from engagelab.notebook.wheels import HERE, _environment, _wanted, fetch, needed


def test_conditions_are_read_as_the_other_system_sees_them():
    asked = [Requirement(line) for line in (
        "colorama; sys_platform == 'win32'", "pexpect; os_name != 'nt'", "overrides; python_full_version < '3.12'",
        "jsonschema[format-nongpl]>=4", "pytest; extra == 'test'")]
    windows = _wanted(asked, "", _environment("windows", "3.12"))
    assert windows == {("colorama", ""), ("jsonschema", ""), ("jsonschema", "format-nongpl")}
    assert ("pytest", "") in _wanted(asked, "test", _environment("macos", "3.11"))
    assert ("overrides", "") in _wanted(asked, "", _environment("linux", "3.11"))


def test_this_machine_is_seen_as_it_is():
    assert _environment("this", HERE) == default_environment()


@pytest.mark.parametrize("python", ["3.9", "2", "abc", "3.10", "", "3.12 ", "３.12", "3.12.4", "4.0"])
def test_a_python_on_which_nothing_runs_is_refused(python):
    with pytest.raises(UsageError, match=r">=3.11"):
        needed("windows", python)


def test_where_pip_is_missing_the_remedy_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(wheels.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="--with pip"):
        fetch(tmp_path)


def test_what_pip_refuses_is_one_line(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(EngagelabError, match=r"could not get the wheels: .*No matching") as refused:
        needed("windows", "3.12")
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.usefixtures("with_registry")
@pytest.mark.parametrize(("system", "python", "has", "lacks"), [
    ("windows", "3.12", {"pywinpty", "colorama"}, {"pexpect", "appnope"}),
    ("macos", "3.13", {"appnope", "pexpect"}, {"pywinpty", "colorama"}),
    ("linux", "3.11", {"pexpect", "overrides"}, {"pywinpty", "appnope"})])
def test_every_wheel_is_there_for_other_systems(system, python, has, lacks):
    names = {package.split("==")[0] for package in needed(system, python)}
    assert has <= names and not lacks & names
    assert {"jupyterlab", "pandas", "duckdb", "statsmodels", "matplotlib-fontja"} <= names
