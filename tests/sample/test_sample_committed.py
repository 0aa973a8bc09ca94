"""Reading the committed sample."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from engagelab.errors import UsageError
from engagelab.sample import committed, example

DATA = Path(__file__).parents[2] / "data"


def test_what_is_read_is_what_was_made(company):
    read = example()
    assert set(read) == set(company)
    for name, frame in company.items():
        pd.testing.assert_frame_equal(read[name], frame, obj=name)


def test_one_table_is_the_one_among_all():
    pd.testing.assert_frame_equal(example("email_sends"), example()["email_sends"])


def test_a_table_that_is_not_there_is_refused_with_a_hint():
    with pytest.raises(UsageError, match="did you mean 'orders'"):
        example("order")


def test_the_folder_is_found_from_below(tmp_path, monkeypatch):
    shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("exports"))
    (tmp_path / "data" / "targets.csv").write_text("metric,target\nnps,1\n")
    (tmp_path / "notebooks" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks" / "deep")
    assert example("targets")["target"].tolist() == [1.0]


def test_without_a_sample_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(committed, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(UsageError, match="engagelab sample --out data/"):
        example("orders")


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("exports", "email_sends-2025-07.csv"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"email_sends-2025-07\.csv is missing"):
        example("email_sends")
