"""What `import engagelab` costs above `import pandas`, each in a fresh interpreter."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

TITLE = "import engagelab"
OURS, PEER, SCAN = "engagelab", "pandas", None
TARGETS = {"cpu_above_peer_s": .3}


def data(folder: Path) -> Path:
    """Nothing is read."""
    return folder


def importing(statement: str) -> Callable[[Path], Callable[[], None]]:
    """A candidate that runs one statement in a new interpreter."""
    def candidate(path: Path) -> Callable[[], None]:
        def run() -> None:
            subprocess.run([sys.executable, "-c", statement], check=True)
        return run
    return candidate


CANDIDATES = {OURS: importing("import pandas, engagelab"), PEER: importing("import pandas")}
