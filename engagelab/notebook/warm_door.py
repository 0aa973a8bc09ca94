"""Stands for a kernel that `warm_server.py` copies: asks for it, passes signals on, and ends with it.

Run as a file of its own: it must start at once, so it imports next to nothing. Where there is no copy to be had, it
becomes the kernel itself.
"""

import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path


def main(address: str, alone: list[str]) -> int:
    """The exit code of the kernel that was asked for at `address`; without one, this process becomes it."""
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(bytes.fromhex(address))
        if struct.unpack("3i", server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1] != os.getuid():
            raise ConnectionError   # the name was somebody else's by then
        request = {"argv": alone, "cwd": str(Path.cwd()), "env": dict(os.environ)}
        server.sendall(json.dumps(request).encode() + b"\n")
        if server.recv(1) != b"+":
            raise ConnectionError
    except OSError:
        os.execv(sys.executable, [sys.executable, *alone])  # noqa: S606  the kernel's own command, without a shell
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: server.sendall(bytes([number])))
    code = server.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
