"""Kernels that need not import again what every lesson imports: forked from one process that has done so.

Most of a short notebook's time is the import of pandas, statsmodels and seaborn. One process (`warm_server.py`) imports
them once, and each kernel is a copy of it. Where a process cannot be copied (Windows, macOS), or the copy would start
with another environment, the kernel starts by itself; what it computes is the same.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

ALONE = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
DOOR = Path(__file__).with_name("warm_door.py")

_lock = threading.Lock()
_servers: dict[int, tuple[subprocess.Popen[bytes], str]] = {}   # by the process that started it: a fork has none yet


def kernel_argv(env: dict[str, str]) -> list[str]:
    """The command that starts a kernel of this Python; "{connection_file}" stands where that file's path goes.

    Parameters: `env`, the environment with which the process to be copied is started, at the first call.
    """
    if sys.platform != "linux":
        return [sys.executable, *ALONE]
    with _lock:
        server, address = _servers.get(os.getpid(), (None, ""))
        if server is None or server.poll() is not None:
            server, address = _started(env)
            _servers[os.getpid()] = server, address
            atexit.register(_ended, server, os.getpid())
    return [sys.executable, "-S", str(DOOR), address, *ALONE]


def _ended(server: subprocess.Popen[bytes], starter: int) -> None:
    """End the process to be copied, and its copies, as the one that started it ends."""
    if server.stdin and os.getpid() == starter:
        server.kill()
        server.stdin.close()
        server.wait()


def _started(env: dict[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    """The process to be copied, and where it listens: a name that the system finds, and no file."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(b"")
        door.listen(64)
        # its input ends when this process does, and with it the copies
        server = subprocess.Popen(  # noqa: S603  this Python and a module of ours
            [sys.executable, "-m", "engagelab.notebook.warm_server", str(door.fileno())], env=env,
            pass_fds=[door.fileno()], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        return server, door.getsockname().hex()
