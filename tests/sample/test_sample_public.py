"""CDNOW as an installed lifetimes carries it: found without importing it, and a plain word where it is not there."""

import sys

import pytest

from engagelab.errors import UsageError
from engagelab.sample.committed import example
from tests.public_data import folder

ROWS = " 00004 0001 19970101  2   29.33\n 00004 0001 19970118  2   29.73\n 00021 0002 19970101  3   63.34\n"


def carried(tmp_path, monkeypatch, text):
    (tmp_path / "lifetimes" / "datasets").mkdir(parents=True)
    (tmp_path / "lifetimes" / "__init__.py").write_text("raise ImportError('not to be imported')\n", "utf-8")
    (tmp_path / "lifetimes" / "datasets" / "CDNOW_sample.txt").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_the_orders_are_read_without_importing_the_package(tmp_path, monkeypatch):
    carried(tmp_path, monkeypatch, ROWS)
    orders = example("cdnow")
    assert orders["user_id"].tolist() == ["0001", "0001", "0002"]
    assert orders["total"].tolist() == [29.33, 29.73, 63.34]
    assert orders["ordered_at"].astype("str").iloc[1] == "1997-01-18 00:00:00+00:00"
    assert orders["order_id"].is_unique and (orders["currency"] == "USD").all()
    assert "lifetimes" not in sys.modules


def test_the_public_sample_is_whole(tmp_path, monkeypatch):
    carried(tmp_path, monkeypatch, (folder() / "CDNOW_sample.txt").read_text("utf-8"))
    orders = example("cdnow")
    assert (len(orders), orders["user_id"].nunique()) == (6919, 2357)


def test_where_it_is_not_installed_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "engagelab\[cdnow\]"'):
        example("cdnow")
