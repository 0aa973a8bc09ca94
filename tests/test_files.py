"""A file is written whole or not at all."""

import pytest

from engagelab import files


def test_a_write_makes_its_folder_and_leaves_no_other_file(tmp_path):
    target = tmp_path / "pages" / "a.html"
    files.write_text(target, "日本\r\n")
    assert target.read_bytes() == "日本\r\n".encode()
    assert list(target.parent.iterdir()) == [target]


def test_a_write_that_fails_leaves_the_old_file_as_it_was(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    files.write_text(target, "old")

    def full(*_arguments):
        raise OSError("disk full")

    monkeypatch.setattr(files.Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        files.write_text(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
