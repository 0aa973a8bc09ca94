"""Where a run keeps what it needs only while it goes on: a folder that goes with it, also where it was killed."""

import os
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path

HOST = re.sub(r"\W+", "_", platform.node())     # machines may share a folder, and each counts its processes anew


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder for what a run keeps while it goes on; its name tells the machine and the process."""
    return tempfile.TemporaryDirectory(prefix=f"engagelab-{HOST}-{os.getpid()}-", ignore_cleanup_errors=True)


def sweep() -> None:
    """Remove the folders of `scratch` whose process is gone without having removed them: they hold a company's data."""
    for folder in Path(tempfile.gettempdir()).glob(f"engagelab-{HOST}-*-*"):
        process = folder.name.split("-")[2]
        if process.isdigit() and not _runs(int(process)):
            shutil.rmtree(folder, ignore_errors=True)   # that of another user stays


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
