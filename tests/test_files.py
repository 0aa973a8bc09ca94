"""A file is written whole or not at all, and what a killed process left half done goes."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engagelab import files, words
from engagelab.errors import EngagelabError

OLD, NEW = b"old", b"new"


@pytest.fixture
def gone():
    """The number of a process that is no more."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_a_write_makes_its_folder_and_leaves_no_other_file(tmp_path):
    target = tmp_path / "pages" / "a.html"
    files.write_text(target, "日本\r\n")
    assert target.read_bytes() == "日本\r\n".encode()
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(("number", "said"), [
    (errno.ENOSPC, "the disk is full"), (errno.EFBIG, "larger than this system lets"), (errno.EROFS, "only be read"),
    (errno.EACCES, "access is denied, or another program holds it open"), (errno.EIO, "Input/output error")])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_says_why_in_one_line(tmp_path, monkeypatch, step, number, said):
    target = tmp_path / "pages" / "a.txt"
    files.write_bytes(target, OLD)

    def refused(*_arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*((files.os, step) if step == "fsync" else (files.Path, step)), refused)
    with pytest.raises(EngagelabError, match=f"^pages/a.txt was not written: .*{said}") as caught:
        files.write_bytes(target, NEW)
    assert target.read_bytes() == OLD and list(target.parent.iterdir()) == [target]
    assert "\n" not in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_a_full_disk_is_said_in_japanese_too():
    with words.speaking("ja"):
        said = str(EngagelabError("files.not_written", file="a/b.html", why=files.why(OSError(errno.ENOSPC, "x"))))
    assert said == ("a/b.htmlを保存できませんでした（ディスクの空き容量がありません）。"
                    "以前のファイルはそのまま残っています")


def test_of_several_files_none_is_changed_where_one_finds_no_room(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(OLD)
    (tmp_path / "file").write_bytes(OLD)
    two.mkdir()
    for bad in (tmp_path / "file/two", tmp_path / "\ud800"):     # a folder that is a file; a name that cannot be
        with pytest.raises((EngagelabError, UnicodeError)):
            files.write_files({one: NEW, bad: NEW})
        assert one.read_bytes() == OLD and len(list(tmp_path.iterdir())) == 3
    with pytest.raises(EngagelabError, match="two was not written"):
        files.write_bytes(two, NEW)     # is a folder
    assert len(list(tmp_path.iterdir())) == 3


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real/a.csv", tmp_path / "link.csv"
    target.write_bytes(OLD)
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("this system makes no links")
    files.write_bytes(link, NEW)
    assert link.is_symlink() and target.read_bytes() == NEW
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "real"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_new_file_has_the_usual_permissions_and_an_old_one_keeps_its_own(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_bytes(tmp_path / "new", NEW)
        (tmp_path / "old").write_bytes(OLD)
        (tmp_path / "old").chmod(0o604)
        files.write_bytes(tmp_path / "old", NEW)
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("new", "old")] == [0o640, 0o604]


def test_a_content_is_on_the_disk_before_it_takes_its_name_and_then_the_name_is(tmp_path, monkeypatch):
    steps = []
    replace, fsync = Path.replace, os.fsync
    monkeypatch.setattr(files.os, "fsync", lambda handle: steps.append("fsync") or fsync(handle))
    monkeypatch.setattr(files.Path, "replace", lambda *to: steps.append("replace") or replace(*to))
    files.write_files({tmp_path / "a": NEW, tmp_path / "b": NEW})
    assert steps[:4] == ["fsync", "fsync", "replace", "replace"]
    assert len(steps) == 5 or os.name == "nt"


def test_what_a_killed_process_left_goes_with_the_next_write_and_what_others_do_stays(tmp_path, gone):
    stays = [f".engagelab-{files.HOST}-{os.getppid()}-a", f".engagelab-elsewhere-{gone}-a", ".engagelab-x", "a.csv"]
    for name in (*stays[:3], f".engagelab-{files.HOST}-{gone}-a"):
        (tmp_path / name).write_bytes(b"half")
    files.write_bytes(tmp_path / "a.csv", NEW)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stays)


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_is_never_put_over_another_and_is_its_owners_alone(tmp_path, monkeypatch, links):
    if not links:   # a file system without them
        monkeypatch.setattr(files.os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOTSUP, "no links")))
    assert files.write_new(tmp_path / "key", OLD) is True
    assert files.write_new(tmp_path / "key", NEW) is False
    assert (tmp_path / "key").read_bytes() == OLD and len(list(tmp_path.iterdir())) == 1
    assert os.name == "nt" or (tmp_path / "key").stat().st_mode & 0o777 == 0o600
