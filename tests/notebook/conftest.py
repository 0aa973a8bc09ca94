"""What the tests of lessons share: the answers on the sample company, and another team's company."""

import functools

import matplotlib
import pytest

from engagelab.notebook.exercises import EXERCISES
from engagelab.notebook.setup import setup
from engagelab.sample.writing import write


class Wanted(dict):
    """What the exercises want of the sample company, each computed when it is first asked for."""

    def __init__(self):
        super().__init__()
        self.company = setup("sample")

    def __missing__(self, name):
        self[name] = EXERCISES[name](self.company)
        return self[name]


@pytest.fixture(scope="module")
def wanted():
    return Wanted()


@pytest.fixture(scope="session")
def team(tmp_path_factory):
    """The folder of a company made up with another seed, as a team of a workshop has it."""
    matplotlib.use("Agg")

    @functools.cache
    def made(seed, customers=4000):
        folder = tmp_path_factory.mktemp(f"team{seed}")
        write(folder, customers=customers, seed=seed)
        return folder
    return made


@pytest.fixture
def with_registry(monkeypatch):
    """pip may ask its registry: to fetch wheels is what `engagelab workshop --offline` is for."""
    monkeypatch.delenv("ENGAGELAB_TEST_CALLS")
