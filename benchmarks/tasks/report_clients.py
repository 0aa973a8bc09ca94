"""Pages of fifty clients, two notebooks at a time, with everything going wrong that can, beside a run without a fault.

The pages of all that nothing happened to have to be the same bytes in both runs, or nothing is timed.
"""

import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from unittest import mock

import nbformat
import pandas as pd

TITLE = "report: 50 clients, a notebook each, two at a time; 7 with a full disk, a killed kernel, a lost file ..."
OURS, PEER, SCAN = "seven faults", "no fault", None
TARGETS = {"cpu_ratio": 1.1}
ROUNDS = 1  # fifty kernels each
FAULTS = ("blocked", "full", "growing", "killed", "locked", "pipe", "vanishing")
ROOM = 2**20    # bytes of a file: what stands for a full disk, as the soft limit RLIMIT_FSIZE
PARAMETERS = 'data = "sample"\nlanguage = None\nperiod = None'
SETUP = "import engagelab as el\ncompany = el.setup(data, language=language)\ncompany['orders'].total.sum()"
# A client of these names has a kernel that is killed, and a page that is too large, where the run is one with faults.
FAULTY = f"""import os
if os.environ.get("ENGAGELAB_FAULTS") and data.endswith("killed"):
    os.kill(os.getpid(), {int(getattr(signal, "SIGKILL", signal.SIGTERM))})
if os.environ.get("ENGAGELAB_FAULTS") and data.endswith("full"):
    print(("x" * 63 + "\\n") * {2 * ROOM // 64})"""


def data(folder: Path, clients: int = 50) -> Path:
    """A project with one notebook, and a folder of orders for each client."""
    root = folder / f"clients_{clients}"
    cells = [nbformat.v4.new_markdown_cell("# 01 Orders"), nbformat.v4.new_code_cell(
        PARAMETERS, metadata={"tags": ["parameters", "hidden"]}), nbformat.v4.new_code_cell(
        SETUP, metadata={"tags": ["section:answer"]}), nbformat.v4.new_code_cell(FAULTY)]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number:02d}"
    for place in (root / "notebooks", root / "notebooks/ja"):
        place.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), place / "01_orders.ipynb")
    (root / "pyproject.toml").write_text('[project]\nname = "engagelab"\n', encoding="utf-8")
    for number in range(clients):
        name = FAULTS[number] if number < len(FAULTS) else f"whole_{number:02d}"
        orders(root / "clients" / name, number)
    return root


def orders(folder: Path, number: int) -> None:
    """An export of thirty orders, other ones for each client."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = (f"{row},C{row % 9},2026-{1 + row % 9:02d}-15T03:00:00Z,{100 * row + number},JPY" for row in range(30))
    (folder / "orders.csv").write_text("\n".join(["order_id,user_id,ordered_at,total,currency", *rows]) + "\n",
                                       encoding="utf-8", newline="\n")


@contextmanager
def faults(root: Path, out: Path) -> Iterator[None]:
    """Inside, everything goes wrong for the clients of these names; afterwards their folders are as they were."""
    from engagelab.report import run

    own = {name: root / "clients" / name / "orders.csv" for name in FAULTS}
    opened, sums, limits = Path.open, run.data_of, resource.getrlimit(resource.RLIMIT_FSIZE)

    def locked(self, *how, **named):    # as Windows refuses a file that Excel has open; root may read any
        if self.parts[-2:] == ("locked", "orders.csv"):
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *how, **named)

    def summed(client):     # other programs go on meanwhile: just after the file was summed
        found = sums(client)
        if client.name == "vanishing":
            own["vanishing"].unlink(missing_ok=True)
        if client.name == "growing":
            with opened(own["growing"], "ab") as file:
                file.write(b"99,C1,2026-09-30T03:00:00Z,1,JPY\n")
        return found

    own["pipe"].unlink()
    os.mkfifo(own["pipe"])      # nobody ever writes to it: whoever opens it waits for ever
    out.mkdir(exist_ok=True)
    (out / "blocked").write_text("a file where the folder of the pages should be", encoding="utf-8")
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, limits[1]))
    try:
        with mock.patch.dict(os.environ, ENGAGELAB_FAULTS="1"), mock.patch.object(Path, "open", locked), \
                mock.patch.object(run, "data_of", summed):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        own["pipe"].unlink()
        for number, name in enumerate(FAULTS):
            orders(own[name].parent, number)


def report(root: Path, out: Path, *, faulty: bool, language: str | None = None) -> dict[str, list[str]]:
    """Run it, two notebooks at a time; what was said of each client."""
    from engagelab.report.clients import Asked, clients_of
    from engagelab.report.run import report as run

    said: dict[str, list[str]] = {}
    with chdir(root), faults(root, out) if faulty else nullcontext():
        for one in run(clients_of(["clients/*"], out), out, Asked(language=language), jobs=2):
            said.setdefault(one.client, []).extend(one.problems)
    return said


def pages(out: Path) -> pd.DataFrame:
    """The checksum of each page of the clients to which nothing happened."""
    found = sorted(out.glob("whole_*/*"))
    return pd.DataFrame({"page": [path.relative_to(out).as_posix() for path in found],
                         "sha256": [sha256(path.read_bytes()).hexdigest() for path in found]})


def trial(faulty: bool) -> Callable[[Path], Callable[[], pd.DataFrame]]:
    """A candidate that makes the pages into a folder which is then removed."""
    def candidate(root: Path) -> Callable[[], pd.DataFrame]:
        import engagelab.report.run  # noqa: F401 what is imported is not measured

        def run() -> pd.DataFrame:
            with tempfile.TemporaryDirectory() as folder:
                said = report(root, Path(folder) / "out", faulty=faulty)
                bad = {name for name, problems in said.items() if problems}
                if bad != set(FAULTS if faulty else ()):
                    raise SystemExit(f"told of {sorted(bad)}")
                return pages(Path(folder) / "out")
        return run
    return candidate


CANDIDATES = {OURS: trial(True), PEER: trial(False)}
