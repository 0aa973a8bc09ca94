"""The project is known by its lessons and its name, not by folders that any project may have."""

import pytest

from engagelab.errors import UsageError
from engagelab.notebook import places
from engagelab.notebook.places import notebooks, project

OWN = places.project()


def made(folder, name="engagelab", lesson="01_customers.ipynb"):
    for part in ("notebooks", "data", "deep/er"):
        (folder / part).mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n', "utf-8")
    if lesson:
        (folder / "notebooks" / lesson).write_text("{}", "utf-8")
    return folder


def test_the_project_is_found_from_a_folder_below_it(tmp_path):
    made(tmp_path)
    assert project(tmp_path / "deep/er") == tmp_path.resolve()


@pytest.mark.parametrize("other", [{"name": "their_analysis"}, {"lesson": ""}, {"lesson": "draft.ipynb"}])
def test_a_folder_that_merely_has_notebooks_and_data_is_another_project(tmp_path, other):
    assert project(made(tmp_path, **other)) == OWN


@pytest.mark.parametrize("declared", ["", "project = 3", "[project", "[tool.x]\na = 1"])
def test_a_folder_whose_declaration_says_nothing_is_another_project(tmp_path, declared):
    (made(tmp_path) / "pyproject.toml").write_text(declared, "utf-8")
    assert project(tmp_path) == OWN
    (tmp_path / "pyproject.toml").unlink()
    assert project(tmp_path) == OWN


def test_without_notebooks_there_is_no_project(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "__file__", str(tmp_path / "lib/engagelab/notebook/places.py"))
    with pytest.raises(UsageError, match="no folder with engagelab's notebooks"):
        project(tmp_path)
    with pytest.raises(UsageError, match="run this inside the project"):
        notebooks(start=tmp_path)


def test_notebooks_are_chosen_by_the_beginning_of_their_names():
    assert [path.name for path in notebooks(["01"])] == ["01_customers.ipynb"]
    with pytest.raises(UsageError, match="no notebook begins with 99; there are 01_customers"):
        notebooks(["99"])
