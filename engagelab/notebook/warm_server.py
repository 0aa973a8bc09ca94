"""The process that has imported what lessons need, and becomes a kernel for each that asks (see `warm.py`).

It runs no notebook itself and has one thread, so that a copy of it is whole. Whoever asks must be the same user. A
kernel ends when the process that asked for it ends, and all end when the input of this one does.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
from typing import Any

from ipykernel.kernelapp import launch_new_instance

STARTS_WITH = ("PYTHON", "LC_", "LANG", "OMP_", "OPENBLAS_", "MKL_", "NPY_", "MPL", "MATPLOTLIB", "LD_")   # read once
# but for matplotlib's backend, which ties itself to the kernel in which it is imported
LIBRARIES = ("seaborn", "statsmodels.api", "ipykernel.zmqshell")

PR_SET_PDEATHSIG = 1    # linux/prctl.h: a signal for this process when its parent ends


class Kernels:
    """The kernels that run: who asked for each, and how it is seen to end."""

    def __init__(self, door: socket.socket) -> None:
        self.door = door
        self.waiting = selectors.DefaultSelector()
        self.by_asker: dict[socket.socket, tuple[int, int]] = {}    # (process, its descriptor)

    def serve(self) -> None:
        """Become a kernel for each that asks, until the input ends."""
        self.waiting.register(sys.stdin, selectors.EVENT_READ, self.end)
        self.waiting.register(self.door, selectors.EVENT_READ, self.asked)
        while True:
            for key, _ in self.waiting.select():
                key.data()

    def asked(self) -> None:
        """Somebody asks for a kernel; who is another user, gone already, or set up otherwise than this gets none."""
        asker, _ = self.door.accept()
        try:
            user = struct.unpack("3i", asker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
            request = json.loads(asker.makefile("rb").readline()) if user == os.getuid() else {"env": {}}
            if at_start(request["env"]) != at_start(os.environ):    # what is read once was read otherwise here
                raise ValueError
            asker.sendall(b"+")
        except (OSError, ValueError):
            return asker.close()
        process = os.fork()
        if process == 0:
            self.leave()
            asker.close()
            kernel(**request)
        ended = os.pidfd_open(process)
        self.by_asker[asker] = process, ended
        self.waiting.register(asker, selectors.EVENT_READ, lambda: self.told(asker))
        self.waiting.register(ended, selectors.EVENT_READ, lambda: self.ended(asker))

    def told(self, asker: socket.socket) -> None:
        """The asker passes a signal on, or has ended."""
        if asker not in self.by_asker:
            return
        with contextlib.suppress(ConnectionError):
            if number := asker.recv(1):
                return os.kill(self.by_asker[asker][0], number[0])
        os.kill(self.by_asker[asker][0], signal.SIGKILL)
        self.waiting.unregister(asker)

    def ended(self, asker: socket.socket) -> None:
        """A kernel has ended; its asker hears how."""
        process, descriptor = self.by_asker.pop(asker)
        self.waiting.unregister(descriptor)
        os.close(descriptor)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        with contextlib.suppress(KeyError):
            self.waiting.unregister(asker)
        with contextlib.suppress(OSError):
            asker.sendall(bytes([code % 256]))
        asker.close()

    def leave(self) -> None:
        """What a copy must not hold: the others' ends could not be seen."""
        self.waiting.close()
        self.door.close()
        for asker, (_, descriptor) in self.by_asker.items():
            asker.close()
            os.close(descriptor)

    def end(self) -> None:
        """The process that started this one has ended."""
        os._exit(0)     # and the copies with it, see `kernel`


def at_start(env: Any) -> dict[str, str]:
    """The part of an environment that Python and its libraries read once, when they start."""
    return {name: value for name, value in env.items() if name.startswith(STARTS_WITH)}


def kernel(argv: list[str], cwd: str, env: dict[str, str]) -> None:
    """Be the kernel, and never return."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        os.environ.pop("JPY_PARENT_PID", None)  # the parent is another process here; its end is seen by this one's
        time.tzset()
        sys.argv = argv[1:]
        with open(os.devnull, "rb") as nothing:     # noqa: PTH123  the device is no file
            os.dup2(nothing.fileno(), 0)
        launch_new_instance()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    finally:
        os._exit(code)


def main(descriptor: int) -> None:
    """Import what lessons need, then serve at the socket of this descriptor."""
    del sys.path[0]     # the folder of whoever started this; each kernel has its own
    face = importlib.import_module("engagelab")     # above this room: it is not used here, only loaded
    for name in face.__all__:
        getattr(face, name)
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()     # the copies share what is there now
    Kernels(socket.socket(fileno=descriptor)).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
