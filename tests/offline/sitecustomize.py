"""Holds every Python process of the tests to this machine: an address that is not loopback cannot be reached.

Python runs a module of this name as it starts where the folder stands on PYTHONPATH, so the kernels, workers and
commands that a test starts are held as well. What was tried is also written down, for code that swallows the error.
What C libraries do by themselves no hook of Python sees: for these `test_network.py` asks the kernel of the system.
"""

import os
import sys

VARIABLE = "ENGAGELAB_TEST_CALLS"  # the file in which it is written down
HERE = {"", "localhost", "::1", "::", "0.0.0.0"}
ADDRESSED = ("socket.connect", "socket.sendto", "socket.sendmsg")
NAMED = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")


class LeftThisMachine(OSError):
    """A call of another machine, as one without a network answers it."""


def here(host):
    """Whether a host, by name or number, is this machine, without asking anybody."""
    host = host.decode("utf-8", "replace") if isinstance(host, bytes) else host or ""
    return host in HERE or (host.startswith("127.") and host.replace(".", "").isdigit())


def hold(event, arguments):
    """The audit hook: what would ask another machine is written down and refused."""
    if event in ADDRESSED:
        address = arguments[1]
    elif event in NAMED:
        address = arguments[0]
    else:
        return
    host = address[0] if isinstance(address, tuple) else address
    if event in ADDRESSED and not isinstance(address, tuple):
        return  # the path of a Unix socket
    if not isinstance(host, str | bytes | None) or here(host):
        return  # netlink and what was connected before have no host
    with open(os.environ[VARIABLE], "a", encoding="utf-8") as file:  # noqa: PTH123 every process pays for an import
        file.write(f"{event} {host}\n")
    raise LeftThisMachine(f"{event}: {host} is not this machine")


if VARIABLE in os.environ:
    sys.addaudithook(hold)
