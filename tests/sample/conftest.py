"""The sample company, made once for all tests of the room."""

import pytest

from engagelab.sample import generate
from engagelab.sample.writing import sample_files


@pytest.fixture(scope="session")
def company():
    return generate(customers=4000, seed=7)


@pytest.fixture(scope="session")
def files():
    return sample_files(customers=4000, seed=7)
