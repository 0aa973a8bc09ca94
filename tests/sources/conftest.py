"""A file to be read, from its text."""

import pytest

from engagelab.sources.read import read


@pytest.fixture
def load(tmp_path):
    def loaded(text, name="file.csv", **how):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path, **how)

    return loaded
