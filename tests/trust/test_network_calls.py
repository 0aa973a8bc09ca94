"""The kernel of the system says whether a report called another machine, C libraries and the browser included."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engagelab.notebook.browsers import browser

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
ORDERS = "order_id,user_id,ordered_at,total,currency\n" + "".join(
    f"{n},C{n % 40},2026-{1 + n % 9:02}-{1 + n % 28:02}T03:00:00Z,{100 + n},JPY\n" for n in range(400))
LO_UP = "import fcntl, os, socket, struct, sys; one = socket.socket(); " \
    "fcntl.ioctl(one, 0x8914, struct.pack('16sh', b'lo', 1)); one.close(); os.execvp(sys.argv[1], sys.argv[1:])"
ALONE = ["unshare", "--net", "--map-root-user", sys.executable, "-c", LO_UP]
TRACE = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o"]
FREE = {name: value for name, value in os.environ.items() if name != "ENGAGELAB_TEST_CALLS"}  # tests/offline needs it
REPORT = [sys.executable, "-m", "engagelab.cli", "report", "05"]


def possible(command):
    """Whether this machine lets one do so."""
    return shutil.which(command[0]) is not None and subprocess.run(
        [*command, "true"], capture_output=True, check=False).returncode == 0


def reported(folder, *before):
    """The files that a report on a small folder writes, as PDF too where it can be; without the hook of the tests."""
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "orders.csv").write_text(ORDERS, "utf-8")
    command = [*before, *REPORT, "--data", str(data), "--out", str(folder / "out"), *["--pdf"] * bool(browser())]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=FREE)
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """What a report writes whose calls are watched, where this machine allows it, and the trace."""
    folder = tmp_path_factory.mktemp("watched")
    trace = folder / "trace"
    return reported(folder / "run", *([*TRACE, str(trace)] if possible([*TRACE, os.devnull]) else [])), trace


@pytest.mark.skipif(not possible(ALONE), reason="no network namespace can be made here")
def test_a_machine_without_a_network_makes_the_same_bytes(watched, tmp_path):
    without = reported(tmp_path, *ALONE)
    assert "05_lifetime_value.html" in without
    assert without == watched[0]


def outside(trace):
    """The lines of a trace in which another machine is called."""
    lines = [line for line in trace.read_text("utf-8", "replace").splitlines() if "AF_INET" in line]
    # Chromium looks for a route by connecting a socket on which nothing is sent; a packet would be a line of its own
    probe = re.compile(r"connect\(.*sin6_port=htons\(443\).*\"2001:4860:4860::8888\"")
    ours = re.compile(r'"(127\.[\d.]+|::1|0\.0\.0\.0|::)"')
    return [line for line in lines if not ours.search(line) and not probe.search(line)]


@pytest.mark.skipif(not possible([*TRACE, os.devnull]), reason="strace is not installed or not allowed")
def test_the_kernel_sees_no_call_of_another_machine(watched):
    made, trace = watched
    assert trace.stat().st_size > 10_000  # the kernels of the notebooks were watched, too
    assert ("05_lifetime_value.pdf" in made) == (browser() is not None)
    assert outside(trace) == []


PLANTED = {
    "DuckDB": "import duckdb\ntry:\n    duckdb.sql('INSTALL httpfs FROM \\'http://192.0.2.1/\\'')\n"
              "except Exception: pass",
    "a datagram": "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
}


@pytest.mark.skipif(not possible([*TRACE, os.devnull]), reason="strace is not installed or not allowed")
@pytest.mark.parametrize("name", PLANTED)
def test_the_kernel_sees_a_planted_call(tmp_path, name):
    subprocess.run(["timeout", "5", *TRACE, str(tmp_path / "trace"), sys.executable, "-c", PLANTED[name]], check=False,
                   capture_output=True, env=FREE)
    assert any("192.0.2.1" in line for line in outside(tmp_path / "trace"))
