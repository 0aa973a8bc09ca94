"""Writing files whole or not at all: a killed run, a full disk or a loss of power leaves the old file as it was.

The content goes to a temporary file in the same folder and is brought to the disk (fsync); then the file takes the
name, which is one step of the file system (POSIX rename; MoveFileEx on Windows). Whatever stands half done is named
`.engagelab-MACHINE-PROCESS-...`: readers pass it by, and `sweep` removes it once its process is gone.
"""

import errno
import os
import platform
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from engagelab import words
from engagelab.errors import EngagelabError

HOST = re.sub(r"\W+", "_", platform.node())     # machines may share a folder, and each counts its processes anew
PREFIX = ".engagelab-"
WHY = {errno.ENOSPC: "full", errno.EDQUOT: "full", errno.EFBIG: "too_large", errno.EROFS: "read_only",
       errno.EACCES: "denied", errno.EPERM: "denied", errno.ENOENT: "gone", errno.EISDIR: "folder",
       errno.ENOTDIR: "not_folder", errno.EEXIST: "not_folder"}


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Put each content in the file at its path; folders are made where they lack.

    All of them are on the disk before the first takes its name: a disk that is full changes none. What a link leads
    to is written, and the link stays. A file that is there keeps its permissions; a new one has the usual ones.
    Errors: EngagelabError, in one line, where the system refuses.
    """
    staged: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in contents.items():
            target = path.resolve() if path.is_symlink() else path
            target.parent.mkdir(parents=True, exist_ok=True)
            sweep(target.parent)
            staged[temporary := unused(target.parent)] = target
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        for temporary, path in staged.items():
            temporary.replace(path)
    except OSError as error:
        raise EngagelabError("files.not_written", file=_short(path), why=why(error)) from error
    finally:
        for temporary in staged:
            temporary.unlink(missing_ok=True)
    for folder in {target.parent for target in staged.values()}:
        _settle(folder)


def write_bytes(path: Path, content: bytes) -> None:
    """Put the content in the file at `path`, as `write_files` does."""
    write_files({path: content})


def write_text(path: Path, content: str) -> None:
    """Put the text in the file at `path`, as UTF-8 with the line endings that it has."""
    write_bytes(path, content.encode("utf-8"))


def write_new(path: Path, content: bytes) -> bool:
    """Put the content in a file that its owner alone may read; whether it was put there: not where there is one.

    Of several that try at once one succeeds, and nobody ever sees a part of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    temporary = unused(path.parent)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)    # unlike a rename it never replaces
        except FileExistsError:
            return False
        except OSError:     # a file system without a second name for a file
            if path.exists():
                return False
            temporary.replace(path)
        _settle(path.parent)
        return True
    except OSError as error:
        raise EngagelabError("files.not_written", file=_short(path), why=why(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def unused(folder: Path | str) -> Path:
    """A path in that folder that nobody uses, and that `sweep` knows."""
    return Path(folder) / f"{PREFIX}{HOST}-{os.getpid()}-{secrets.token_hex(4)}"


def scratch(beside: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """A folder for what a run keeps while it goes on, in that folder or in the system's own for such things."""
    return tempfile.TemporaryDirectory(prefix=f"{PREFIX}{HOST}-{os.getpid()}-", dir=beside, ignore_cleanup_errors=True)


def sweep(folder: Path | None = None) -> None:
    """Remove what a process that is gone left half done in that folder, or in the system's own: it is a company's."""
    for path in Path(folder or tempfile.gettempdir()).glob(f"{PREFIX}{HOST}-*-*"):
        process = path.name.split("-")[2]
        if process.isdigit() and not _runs(int(process)):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)   # that of another user stays
            else:
                with suppress(OSError):
                    path.unlink()


def why(error: OSError) -> str:
    """Why the system refuses, in our words where they are clearer than its own.

    >>> why(OSError(errno.ENOSPC, "No space left on device"))
    'the disk is full'
    """
    key = WHY.get(error.errno or 0)
    return words.text(f"files.{key}") if key else error.strerror or str(error)


def in_words(error: OSError) -> str:
    """What the system refuses, in one line: the file, without the folders of this machine, and why.

    >>> in_words(FileNotFoundError(errno.ENOENT, "No such file or directory", "/home/ann/exports/orders.csv"))
    'exports/orders.csv: it is not there'
    """
    return words.text("files.refused", file=_short(Path(str(error.filename))), why=why(error)) if (
        error.filename) else why(error)


def _short(path: Path) -> str:
    """A file with its folder, but without the folders of this machine above that."""
    return (Path(path.parent.name) / path.name).as_posix()


def _settle(folder: Path) -> None:
    """Bring the names of a folder to the disk, where the system has a call for it; Windows has none."""
    with suppress(OSError):     # some network file systems refuse, and keep names by themselves
        if hasattr(os, "O_DIRECTORY"):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _runs(process: int) -> bool:
    """Whether there is a process of that number."""
    if sys.platform == "win32":
        import ctypes
        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, process)     # PROCESS_QUERY_LIMITED_INFORMATION
        return bool(handle and ctypes.windll.kernel32.CloseHandle(handle))
    try:
        os.kill(process, 0)     # POSIX: no signal is sent, but the process is looked for
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
