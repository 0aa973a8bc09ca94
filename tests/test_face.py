"""The face holds the names that a notebook types, each loaded when it is used."""

import subprocess
import sys

import pytest

import engagelab as el


@pytest.mark.parametrize("name", el.__all__)
def test_a_name_on_the_face_is_there_and_is_explained(name):
    assert getattr(el, name).__doc__


def test_tab_completion_shows_the_face_and_nothing_else():
    assert dir(el) == sorted([*el.__all__, "__version__"])
    assert len(el.FACE) < 40  # beside them only rooms


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nps_score"):
        el.nps_score  # noqa: B018


def test_the_import_loads_none_of_the_heavy_libraries():
    heavy = {"scipy.stats", "statsmodels", "matplotlib", "seaborn", "duckdb", "openpyxl"}
    code = f"import sys, engagelab; print(sorted({heavy!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
