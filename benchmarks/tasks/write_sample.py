"""The sample company written to disk, tables and exports: at 200,000 customers, and at the size that is committed."""

import tempfile
from collections.abc import Callable
from pathlib import Path

TITLE = "sample: 200,000 customers written, beside the committed 4,000"
OURS, PEER, SCAN = "200,000 customers", "4,000 customers", None
TARGETS = {"wall_s": 600, "peer_wall_s": 60, "memory_mb": 4096}
ROUNDS = 3  # a minute and more each


def data(folder: Path) -> Path:
    """Nothing is read."""
    return folder


def writing(customers: int) -> Callable[[Path], Callable[[], None]]:
    """A candidate that writes a company of that size into a folder that is then removed."""
    def candidate(path: Path) -> Callable[[], None]:
        from engagelab.sample import write

        def run() -> None:
            with tempfile.TemporaryDirectory() as folder:
                write(Path(folder) / "data", customers=customers, seed=1)
        return run
    return candidate


CANDIDATES = {OURS: writing(200_000), PEER: writing(4_000)}
