"""Pseudonyms: the standard library's own keyed BLAKE2b, and a key that stays where it belongs."""

import hashlib
import stat
import sys

import pandas as pd
import pytest

from engagelab.errors import UsageError
from engagelab.privacy.pseudonyms import key_file, pseudonym, read_key

KEY = b"a key for tests"


def test_it_is_keyed_blake2b_of_the_normal_address():
    expected = hashlib.blake2b(b"ann@example.com", key=KEY, digest_size=16).hexdigest()
    same = ["ann@example.com", " Ann@Example.com ", "ａｎｎ@example.com", "ANN@EXAMPLE.COM"]
    assert pseudonym(pd.Series(same), KEY).tolist() == [expected] * 4
    assert pseudonym(pd.Series(["ann@example.com"]), "a key for tests").tolist() == [expected]


def test_another_key_gives_another_name_and_missing_stays_missing():
    assert pseudonym(pd.Series(["a@x"]), KEY).tolist() != pseudonym(pd.Series(["a@x"]), KEY + b"2").tolist()
    assert pseudonym(pd.Series([None, " "], index=[7, 9]), KEY).isna().to_dict() == {7: True, 9: True}


def test_a_key_that_could_be_guessed_is_refused_and_a_long_one_is_not():
    with pytest.raises(UsageError, match="8 bytes"):
        pseudonym(pd.Series(["a@x"]), "short")
    assert len(pseudonym(pd.Series(["a@x"]), b"k" * 200).iloc[0]) == 32


def test_the_key_is_made_once_for_its_owner_alone(tmp_path, monkeypatch):
    place = tmp_path / "keys" / "mine.key"
    monkeypatch.setenv("ENGAGELAB_KEY", str(place))
    first, new = read_key(tmp_path / "data")
    again, old = read_key(tmp_path / "data")
    assert (first, new, old) == (again, True, False)
    assert len(first) == 64
    if sys.platform != "win32":
        assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_the_key_may_not_lie_with_the_data_or_in_git(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGAGELAB_KEY", str(tmp_path / "data" / "x.key"))
    with pytest.raises(UsageError, match="may not lie"):
        key_file(tmp_path / "data")
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    monkeypatch.setenv("ENGAGELAB_KEY", str(tmp_path / "repo" / "x.key"))
    with pytest.raises(UsageError, match="ENGAGELAB_KEY"):
        key_file(tmp_path / "data")


def test_without_the_variable_it_is_in_the_users_own_configuration(tmp_path, monkeypatch):
    monkeypatch.delenv("ENGAGELAB_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    place = key_file(tmp_path / "data")
    assert place.name == "pseudonyms.key" and tmp_path.resolve() in place.parents
