"""Where public data are that may not be copied here: in a folder that is named, or in the library lifetimes."""

import importlib.util
import os
from pathlib import Path

import pytest


def folder() -> Path:
    """The folder with CDNOW_sample.txt and cdnow_customers_summary.csv; without one the test is skipped."""
    if named := os.environ.get("ENGAGELAB_PUBLIC_DATA"):
        return Path(named)
    if found := importlib.util.find_spec("lifetimes"):
        return Path(str(found.origin)).parent / "datasets"
    pytest.skip("no public data: install the extra cdnow, or name their folder in ENGAGELAB_PUBLIC_DATA")
