"""One candidate of one task, measured in this process: `python -m benchmarks.cell TASK CANDIDATE ANSWER`."""

import importlib
import pickle
import resource
import sys
import time
from pathlib import Path
from types import ModuleType


def task_of(name: str) -> ModuleType:
    """The module of a task."""
    return importlib.import_module(f"benchmarks.tasks.{name}")


def cpu() -> float:
    """User and system seconds of this process, all threads, and of its children."""
    return sum(used.ru_utime + used.ru_stime for used in
               (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


def peak() -> float:
    """The most memory that this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent process held before
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 2**10
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    """Measure, print CPU, wall and memory, and leave the answer."""
    task, candidate, answer = sys.argv[1:]
    spec = task_of(task)
    measured = spec.CANDIDATES[candidate](spec.data(Path(__file__).parent / ".data"))
    held, cpu_before, wall_before = peak(), cpu(), time.perf_counter()
    result = measured()
    wall, used, risen = time.perf_counter() - wall_before, cpu() - cpu_before, peak() - held
    columns = None if result is None else {name: result[name].to_numpy() for name in result}
    Path(answer).write_bytes(pickle.dumps(columns))  # plain arrays: a peer's environment has types of its own
    print(used, wall, risen)


if __name__ == "__main__":
    main()
