"""Runs the tasks and writes the table: `python -m benchmarks [TASK ...] [--rounds 9]`."""

import argparse
import functools
import os
import pickle
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import pandas as pd

from benchmarks.cell import task_of

HERE = Path(__file__).parent
VERSIONS = ("engagelab", "duckdb", "pandas", "numpy")
HEADER = ("| task | candidate | CPU s | spread | wall s | memory MB | CPU / peer | CPU / scan | goal |\n"
          "|---|---|---|---|---|---|---|---|---|\n")


@functools.cache
def peer(library: str) -> tuple[str, str]:
    """The Python of the environment that ENGAGELAB_PEERS names, and the version of a library there; "" for none."""
    folder = os.environ.get("ENGAGELAB_PEERS")
    python = str(Path(folder).absolute() / "bin" / "python") if folder else sys.executable
    if not Path(python).exists():
        raise SystemExit(f"ENGAGELAB_PEERS: {folder} is no environment, for it has no bin/python")
    done = subprocess.run([python, "-c", f"from importlib.metadata import version; print(version({library!r}))"],
                          capture_output=True, text=True, check=False)
    return python, done.stdout.strip()


def present(spec) -> list[str]:
    """The candidates of a task whose library is there; the others are named."""
    needs = getattr(spec, "NEEDS", {})
    lacking = {name: needs[name] for name in spec.CANDIDATES if name in needs and not peer(needs[name])[1]}
    for name, library in lacking.items():
        print(f"left out: {name}, for {library} is not installed (see ENGAGELAB_PEERS in README.md)", flush=True)
    return [name for name in spec.CANDIDATES if name not in lacking]


def cell(task: str, candidate: str, folder: Path) -> dict:
    """One candidate in a process of its own: its figures, and where its answer lies."""
    answer = folder / f"{task}.{candidate}.pickle"
    library = getattr(task_of(task), "NEEDS", {}).get(candidate)
    done = subprocess.run([peer(library)[0] if library else sys.executable, "-m", "benchmarks.cell", task, candidate,
                           str(answer)], capture_output=True, text=True, cwd=HERE.parent, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SystemExit(f"{task}: {candidate} failed: {last}")
    cpu, wall, memory = map(float, done.stdout.split()[-3:])
    return {"cpu": cpu, "wall": wall, "memory": memory, "answer": pickle.loads(answer.read_bytes())}


def same(task: str, answers: dict[str, dict | None]) -> None:
    """Stop where a candidate's answer differs from ours."""
    ours = answers[task_of(task).OURS]
    for name, answer in answers.items():
        if answer is None or ours is None:
            continue
        try:
            pd.testing.assert_frame_equal(pd.DataFrame(ours), pd.DataFrame(answer), check_dtype=False,
                                          rtol=1e-9, atol=1e-9)
        except AssertionError as error:
            raise SystemExit(f"{task}: the answer of {name} differs from ours: {error}") from error


def run(task: str, rounds: int, folder: Path) -> list[str]:
    """All rounds of one task, as lines of the table."""
    spec = task_of(task)
    spec.data(folder)
    figures: dict[str, list[dict]] = {name: [] for name in present(spec)}
    for turn in range(min(rounds, getattr(spec, "ROUNDS", rounds))):
        for name in figures:
            figures[name].append(cell(task, name, folder))
        if turn == 0:
            same(task, {name: rows[0]["answer"] for name, rows in figures.items()})
    middle = {name: {key: median(row[key] for row in rows) for key in ("cpu", "wall", "memory")}
              for name, rows in figures.items()}
    return [line(spec, name, middle, [row["cpu"] for row in figures[name]]) for name in figures]


def line(spec, name: str, middle: dict[str, dict[str, float]], cpu: list[float]) -> str:
    """One row of the table."""
    own, other = middle[name], middle.get(spec.PEER)
    scan = f"{own['cpu'] / middle[spec.SCAN]['cpu']:.2f}" if spec.SCAN else ""
    ratio = f"{own['cpu'] / other['cpu']:.2f}" if other else ""
    goal = "; ".join(verdicts(spec, middle)) if name == spec.OURS else ""
    title = spec.TITLE if name == spec.OURS else ""
    return (f"| {title} | {name} | {own['cpu']:.3f} | {min(cpu):.3f}-{max(cpu):.3f} | "
            f"{own['wall']:.3f} | {own['memory']:.0f} | {ratio} | {scan} | {goal} |")


def verdicts(spec, middle: dict[str, dict[str, float]]) -> Iterable[str]:
    """Each goal, the figure, and whether it is met; a goal beside a peer that is not there is left out."""
    own = middle[spec.OURS]
    for key, goal in spec.TARGETS.items():
        name, _, said = key.partition(" / ")
        if (other := middle.get(said or spec.PEER)) is None:
            continue
        found = {"cpu_ratio": own["cpu"] / other["cpu"], "wall_ratio": own["wall"] / other["wall"],
                 "memory_mb": own["memory"], "cpu_above_peer_s": own["cpu"] - other["cpu"], "cpu_s": own["cpu"],
                 "wall_s": own["wall"], "peer_wall_s": other["wall"]}[name]
        yield f"{key} {found:.2f}, goal {goal:g}: {'met' if found <= goal else 'MISSED'}"


def kept(page: str) -> dict[str, list[str]]:
    """The rows of a page of results, by the title of their task."""
    blocks: dict[str, list[str]] = {}
    for row in page.partition(HEADER)[2].splitlines():
        title = row.split(" | ")[0].removeprefix("| ").strip()
        if title and title != "|":
            blocks[title] = []
        blocks[list(blocks)[-1]].append(row)
    return blocks


def main() -> None:
    """Run what was asked for and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    everything = sorted(file.stem for file in (HERE / "tasks").glob("[a-z]*.py"))
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {', '.join(everything)}")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the rows of these tasks into results.md")
    chosen = parser.parse_args()
    folder = HERE / ".data"
    folder.mkdir(exist_ok=True)
    path = HERE / "results.md"
    blocks = {} if not chosen.tasks else kept(path.read_text("utf-8"))
    for task in chosen.tasks or everything:
        lines = run(task, chosen.rounds, folder)
        print(*lines, sep="\n", flush=True)
        blocks[task_of(task).TITLE] = lines
    if not chosen.tasks or chosen.write:
        rows = [row for task in everything for row in blocks.get(task_of(task).TITLE, [])]
        peers = {name for task in everything for name in getattr(task_of(task), "NEEDS", {}).values() if peer(name)[1]}
        used = ", ".join([f"{name} {version(name)}" for name in VERSIONS] + [
            f"{name} {peer(name)[1]}" for name in sorted(peers)])
        path.write_text(
            f"# Results\n\nMedian of {chosen.rounds} interleaved rounds, a fresh process per cell, the newest rows on "
            f"{datetime.now(UTC):%Y-%m-%d}: Python {platform.python_version()}, {used}; {platform.system()}. "
            f"Ratios hold from machine to machine, seconds do not.\n\n{HEADER}" + "\n".join(rows) + "\n",
            encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
