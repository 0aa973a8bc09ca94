"""What several rooms' tests begin with: the sample company, made once, and a file to be read."""

import functools

import pytest
from hypothesis import settings

from engagelab.sample import generate
from engagelab.sample.pulses import pulses
from engagelab.sample.shops import shops
from engagelab.sample.staff import employees, staff
from engagelab.sample.writing import sample_files
from engagelab.sources.read import read
from engagelab.tables import typed

# How long an example takes says nothing of its rightness. The same code gets the same verdict on every run;
# new examples are looked for with `pytest --hypothesis-profile=searching`.
settings.register_profile("repeated", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None)
settings.load_profile("repeated")


@pytest.fixture(scope="session")
def company():
    return generate(customers=4000, seed=7)


@pytest.fixture(scope="session")
def files():
    return dict(sample_files(customers=4000, seed=7))


@pytest.fixture(scope="session")
def workplace():
    """The employees' part of the company, by size and seed."""
    @functools.cache
    def made(customers=4000, seed=7):
        people = staff(seed, customers)
        parts = {"shops": shops(people, seed), "employees": employees(people, seed), "pulses": pulses(people, seed)}
        return {name: typed(frame.reset_index(drop=True), name) for name, frame in parts.items()}
    return made


@pytest.fixture
def load(tmp_path):
    """A reading of a file, from its text."""
    def loaded(text, name="file.csv", **how):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path, **how)
    return loaded
