"""From a clone to an open notebook, in seconds: `python -m benchmarks.open_notebook`, the README's two lines, timed.

The last commit is cloned, and uv builds an environment for it from what it has fetched before. The notebook counts as
open when JupyterLab has handed out its page and its content. What stays running is ended.
"""

import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = ("uvx", "--constraints", "constraints.txt", "--from", ".", "engagelab", "lab")
PORT, TOKEN, PATIENCE = 8971, "only-for-this-run", 600


def fetched(address: str) -> bytes | None:
    """What the server answers; None while it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/{address}?token={TOKEN}", timeout=10) as answer:
            return answer.read()
    except OSError:
        return None


def opened(folder: Path) -> dict[str, float]:
    """Seconds from the start until the clone is there, the server answers, and the notebook is handed out."""
    start = time.perf_counter()
    clone = folder / "engagelab"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    times = {"cloned": time.perf_counter() - start}
    (folder / "CONFIG").mkdir()
    (folder / "CONFIG/jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}')
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    server = subprocess.Popen(COMMAND, cwd=clone, start_new_session=True, env={
        **os.environ, **own, "JUPYTER_PORT": str(PORT), "JUPYTER_TOKEN": TOKEN, "BROWSER": "true"},
        stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"))
    try:
        while fetched("api") is None:
            if server.poll() is not None or time.perf_counter() - start > PATIENCE:
                raise SystemExit("JupyterLab did not start:\n" + (folder / "log").read_text()[-2000:])
            time.sleep(.1)
        times["server"] = time.perf_counter() - start
        page, content = fetched("lab/tree/01_customers.ipynb"), fetched("api/contents/01_customers.ipynb")
        if not page or not json.loads(content or b"{}").get("content", {}).get("cells"):
            raise SystemExit("JupyterLab runs and does not hand out the notebook")
        times["open"] = time.perf_counter() - start
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
    return times


if __name__ == "__main__":
    for run in ("first", "again"):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            found = opened(Path(folder))
            print(run, ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.items()), flush=True)
