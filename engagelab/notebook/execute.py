"""Runs a notebook so that the same cells give the same bytes, on every machine.

nbclient executes; everything that depends on the moment, the machine or the process is taken out
of what is kept: timings, memory addresses, the metadata of whoever saved the file last.
"""

import asyncio
import copy
import os
import re
import subprocess
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from engagelab.errors import EngagelabError
from engagelab.notebook.warm import kernel_argv

METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"}}
# Sums on two threads differ in their last digits; a set's order depends on the hash seed.
ONE_WAY = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0",
           "ENGAGELAB_THREADS": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline", "TZ": "UTC"}
OURS = ("EngagelabError", "UsageError", "NoColumn", "DataError", "SourceError")  # their messages stand alone
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")

_running: list[NotebookClient] = []     # in this process; each in a thread of its own


class ThisPython(AsyncKernelManager):
    """Starts the Python that runs now, whatever kernels the machine has registered."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """How the kernel is started."""
        return KernelSpec(argv=kernel_argv({**os.environ, **ONE_WAY}), display_name="Python 3", language="python")


class NotebookFailed(EngagelabError):
    """A cell of a notebook raised an error."""


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook at a path."""
    return nbformat.read(path, as_version=4)


def text_of(notebook: nbformat.NotebookNode) -> str:
    """The notebook as it is stored: canonical JSON, one space of indent, a newline at the end."""
    return nbformat.writes(notebook, version=4, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def execute(notebook: nbformat.NotebookNode, *, folder: Path, timeout: int = 600,
            env: Mapping[str, str] | None = None) -> nbformat.NotebookNode:
    """The notebook with fresh outputs: run from the first cell to the last in a new kernel of this Python.

    Parameters: `folder`, in which it runs; `timeout`, seconds a cell; `env`, more environment variables for the kernel.
    Errors: NotebookFailed, with the number and the first line of the cell that failed; or where the kernel ended, or a
    cell did not.
    """
    fresh = copy.deepcopy(notebook)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(fresh, kernel_manager_class=ThisPython, timeout=timeout, record_timing=False,
                            coalesce_streams=True, resources={"metadata": {"path": str(folder)}})
    _running.append(client)
    # the kernel talks of its transport
    work = client.async_execute(env={**os.environ, **ONE_WAY, **(env or {})}, stderr=subprocess.DEVNULL)
    try:
        _beside(asyncio.run, work)
    except CellExecutionError as error:
        raise NotebookFailed("notebook.failed", **failure(fresh, error)) from None
    except CellTimeoutError:
        raise NotebookFailed("notebook.timeout", seconds=timeout) from None
    except RuntimeError as error:   # nbclient: the kernel died; jupyter_client: it did so before it was ready
        if "died" not in str(error):
            raise
        raise NotebookFailed("notebook.died") from None
    finally:
        _running.remove(client)
    return canonical(fresh)


def _beside(run: Callable[..., object], work: Coroutine[object, object, object]) -> None:
    """Run it in a thread of its own: in the main one nbclient takes Ctrl-C for itself, and the run would go on."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run, work)
        try:
            while not future.done():
                wait([future], timeout=1)   # a wait without an end hears no Ctrl-C on Windows
        except BaseException:
            end([future])
            raise
    future.result()


def end(left: Iterable[Future[Any]]) -> None:
    """End the kernels that run until nothing of this work is left."""
    left = set(left)
    while left := {future for future in left if not future.done()}:
        stop()
        wait(left, timeout=.2)


def stop() -> None:
    """End the kernels of the notebooks that run now; each of these fails."""
    for client in list(_running):
        process = getattr(getattr(client.km, "provisioner", None), "process", None)
        if process is not None:
            process.kill()


def failure(notebook: nbformat.NotebookNode, error: CellExecutionError) -> dict[str, str | int]:
    """Which cell failed, and how, in one line."""
    number = next(index for index, cell in enumerate(notebook.cells)
                  if any(output.output_type == "error" for output in cell.get("outputs", ())))
    first = next(iter(notebook.cells[number].source.strip().splitlines()), "")
    said = next(iter(error.evalue.strip().splitlines()), "")
    return {"cell": number, "line": first, "error": said if error.ename in OURS else f"{error.ename}: {said}"}


def canonical(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what depends on the machine or the moment."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        for output in cell.get("outputs", ()):
            _clean(output)
    return notebook


def _clean(output: nbformat.NotebookNode) -> None:
    if "metadata" in output:
        output.metadata = nbformat.from_dict({})
    if "text" in output:
        output.text = ADDRESS.sub("0xADDRESS", output.text)
    for kind, value in output.get("data", {}).items():
        if isinstance(value, str) and kind.startswith("text/"):
            output.data[kind] = ADDRESS.sub("0xADDRESS", value)
