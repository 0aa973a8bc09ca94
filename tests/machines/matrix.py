"""Runs the tests on other machines, made on this one, and writes docs/machines.md from what ran.

    python tests/machines/matrix.py             all machines of variants.toml, and the page
    python tests/machines/matrix.py NAME ...    some; the page keeps the rows of the others
    python tests/machines/matrix.py --quick     a part of the first, or of those named; no page

A machine is a copy of this checkout in a place of its own, with an environment of its own, another processor, time
zone and locale. There the README's test command runs, and `engagelab rebuild --check`, which compares notebooks to the
byte. The processor is emulated: numpy and OpenBLAS leave the instructions alone that older ones do not have. Locales
are compiled into the place, nothing is installed. A Python that is not there is skipped, and said.
"""

import argparse
import functools
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engagelab import words

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/machines.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LIBRARIES = tuple(re.match(r"[\w-]+", line)[0] for line in PROJECT["dependencies"])
PLACES = {"spaces": "a folder with spaces 日本語", "read-only": "engagelab"}
# for the linear algebra and for exp, log and power of the C library; what numpy has to leave alone, it is asked
OLD_CPU = {"OPENBLAS_CORETYPE": "Prescott", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F"}
FEATURES = 'import numpy; print(*numpy.show_config("dicts")["SIMD Extensions"].get("found", ()))'
KEPT_AS_PYTHON = 'import pandas\npandas.set_option("mode.string_storage", "python")\n'
QUICK_TESTS = ("tests/metrics/test_intervals.py", "tests/metrics/test_measure.py", "tests/sources/test_stamps.py",
               "tests/sources/test_folder.py", "tests/summaries/test_periods.py", "tests/report/test_save.py")
QUICK_NOTEBOOKS = ("05",)
SAME = words.text("cli.same", name="")
PROBE = """
import json, locale, os, platform, sys, time
import numpy, pandas
from importlib.metadata import version
locale.setlocale(locale.LC_ALL, "")
print(json.dumps({
    "python": platform.python_version(), "versions": {name: version(name) for name in sys.argv[1:]},
    "avx": bool(numpy.show_config("dicts")["SIMD Extensions"].get("found")),
    "text": getattr(pandas.Series(["a"]).dtype, "storage", "object"), "locale": locale.setlocale(locale.LC_ALL),
    "zone": time.tzname, "writable": os.access("pyproject.toml", os.W_OK)}))
"""
MACHINES = ("machine", "Python", "versions", "AVX", "pyarrow", "time zone", "locale", "checkout", "tests", "notebooks")
VERSIONS = ("machine", "Python", *LIBRARIES)
PYARROW = {"python": "no", "pyarrow": "yes", "storage": "yes, unused"}
CHECKOUTS = {"spaces": "spaces, 日本語", "read-only": "read-only"}
NOT_PROMISED = "not promised"
TEXT = """# Machines and versions on which the tests have passed

`python tests/machines/matrix.py` ran the tests of the README and wrote this page. Each machine is a copy of the
checkout in a place of its own, with an environment, a processor, a time zone and a locale of its own, as
`tests/machines/variants.toml` declares it. Without AVX means that numpy and OpenBLAS are told to leave the
instructions alone that older processors lack. Read-only means that no mode of a file or folder lets anybody write,
and that root has to keep to it. A checkout in a folder with spaces has Japanese letters in its path, too.

{machines}

The last column says how many notebooks, of both languages, `engagelab rebuild --check` found the same to the byte.
That is promised for the versions of `constraints.txt`: a figure names the version of matplotlib that drew it, so with
the oldest versions the bytes differ. There the tests compare the texts to the letter, and the figures by their pixels.

Oldest are the lowest versions that `pyproject.toml` allows, pinned are those of `constraints.txt`, and newest is what
the ranges of `pyproject.toml` gave when the tests ran:

{versions}
"""


class Absent(Exception):
    """What a machine needs is not there, and it is skipped."""


@dataclass(frozen=True)
class Variant:
    """A machine, as variants.toml declares it."""

    name: str
    python: str
    versions: str
    avx: bool
    text: str
    zone: str
    locale: str
    place: str


def declared() -> dict[str, Variant]:
    """All machines by name, in their order."""
    text = Path(__file__).with_name("variants.toml").read_text("utf-8")
    return {one["name"]: Variant(**one) for one in tomllib.loads(text)["variant"]}


def said(*command: str | Path, **how) -> str:
    """What a command printed, "" where it failed or is not there."""
    try:
        return subprocess.run(command, text=True, capture_output=True, check=False, **how).stdout.strip()
    except OSError:
        return ""


def pythons(version: str) -> Iterator[str]:
    """Where a Python of this version may be: on the path, where uv keeps its own, or pyenv."""
    if version == "{}.{}".format(*sys.version_info):
        yield sys.executable
    yield f"python{version}"
    yield from said(uv(), "python", "find", "--managed-python", "--no-python-downloads", version).splitlines()
    root = said("pyenv", "root")
    yield from (str(path) for path in sorted(Path(root).glob(f"versions/{version}.*/bin/python")) if root)


def interpreter(version: str) -> str:
    """A Python of this version. Errors: Absent."""
    which = "import sys; print(*sys.version_info[:2], sep='.'); print(sys.executable)"
    for python in pythons(version):
        found, _, path = said(python, "-c", which).partition("\n")
        if found == version:
            return path
    raise Absent(f"no Python {version}")


@functools.cache
def uv() -> str:
    """The program uv, beside this Python or on the path."""
    found = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if not found:
        raise SystemExit("uv is needed: python -m pip install uv")
    return found


def copied(place: Path) -> Path:
    """A copy of what is committed here, or would be."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, check=True).stdout.decode().split("\0")
    for name in listed:
        if name and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    return place


def environment(variant: Variant, folder: Path, checkout: Path, python: str) -> Path:
    """A new environment with the versions that the machine has; its folder of programs."""
    place = folder / "env"
    asked = {"pinned": ["-c", checkout / "constraints.txt"], "oldest": ["--resolution", "lowest-direct"],
             "newest": ["--upgrade"]}[variant.versions]
    arrow = [] if variant.text == "python" else ["pyarrow"]
    subprocess.run([uv(), "venv", "-q", "-p", python, place], check=True)
    subprocess.run([uv(), "pip", "install", "-q", "-p", place, *asked, "-e", f"{checkout}[test]", *arrow], check=True)
    if variant.text == "storage":
        next(place.glob("lib/*/site-packages")).joinpath("sitecustomize.py").write_text(KEPT_AS_PYTHON, "utf-8")
    return place / "bin"


def variables(variant: Variant, folder: Path) -> dict[str, str]:
    """The environment variables of the machine, with its locale compiled. Errors: Absent."""
    ours = {"TZ": variant.zone, "LC_ALL": variant.locale}
    if "." in variant.locale:
        language, _, letters = variant.locale.partition(".")
        folder.joinpath("locales").mkdir()
        said("localedef", "-i", language, "-f", letters, folder / "locales" / variant.locale)
        if not (folder / "locales" / variant.locale).is_dir():
            raise Absent(f"no locale {variant.locale}: it takes Debian's package `locales`")
        ours["LOCPATH"] = str(folder / "locales")
    away = {"PYTHONUTF8", "PYTHONPATH", "VIRTUAL_ENV", "LANG", "LANGUAGE"}
    return {name: value for name, value in os.environ.items() if name not in away} | ours


def writable(checkout: Path, yes: bool) -> None:
    """Let the files and folders of a checkout be written to, or not."""
    for path in (checkout, *checkout.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IWUSR if yes else mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def bound() -> list[str]:
    """What a command begins with so that modes of files hold for root, too."""
    return ["setpriv", "--inh-caps=-dac_override", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []


def looked_at(variant: Variant, probe: subprocess.CompletedProcess) -> dict:
    """What a program found on the machine. Errors: SystemExit where that is not what was declared."""
    if probe.returncode:
        raise SystemExit(f"{variant.name}: {probe.stderr}")
    found = json.loads(probe.stdout)
    wanted = {"python": found["python"].rpartition(".")[0] == variant.python, "avx": found["avx"] == variant.avx,
              "text": found["text"] == ("pyarrow" if variant.text == "pyarrow" else "python"),
              "zone": found["zone"] == zone_names(variant.zone), "locale": found["locale"] == variant.locale,
              "place": found["writable"] == (variant.place != "read-only")}
    if lacking := [name for name, took in wanted.items() if not took]:
        raise SystemExit(f"{variant.name} is not as declared in {', '.join(lacking)}: {found}")
    return found


def zone_names(zone: str) -> list[str]:
    """How the machine that we are on calls a zone, in winter and in summer."""
    names = "import json, time; print(json.dumps(time.tzname))"
    return json.loads(said(sys.executable, "-c", names, env=os.environ | {"TZ": zone, "LC_ALL": "C"}))


def quickest(variant: Variant) -> Variant:
    """The machine, of this Python where its own is not there."""
    try:
        interpreter(variant.python)
    except Absent as error:
        print(f"{variant.name}: {error}, this one instead", flush=True)
        return replace(variant, python="{}.{}".format(*sys.version_info))
    return variant


def run(variant: Variant, *, quick: bool = False) -> tuple[dict, str, str]:
    """What was found on the machine, how its tests ended, and how many notebooks are the same there.

    Errors: Absent; SystemExit where the machine did not come to be.
    """
    python = interpreter(variant.python)
    with tempfile.TemporaryDirectory(prefix="machine-") as name:
        checkout = copied(Path(name) / PLACES[variant.place])
        env = variables(variant, Path(name))
        programs = environment(variant, Path(name), checkout, python)
        if not variant.avx:
            env |= OLD_CPU | {"NPY_DISABLE_CPU_FEATURES": said(programs / "python", "-c", FEATURES)}
        begin = bound() if variant.place == "read-only" else []
        writable(checkout, variant.place != "read-only")

        def ran(program: str, *arguments: str) -> subprocess.CompletedProcess:
            return subprocess.run([*begin, programs / program, *arguments], cwd=checkout, env=env, text=True,
                                  encoding="utf-8", errors="replace", capture_output=True, check=False)
        try:
            found = looked_at(variant, ran("python", "-c", PROBE, *LIBRARIES))
            tests = ran("python", "-m", "pytest", "-n0", *QUICK_TESTS) if quick else ran("engagelab", "test")
            books = None if variant.versions == "oldest" else \
                ran("engagelab", "rebuild", "--check", *(QUICK_NOTEBOOKS if quick else ()))
        finally:
            writable(checkout, True)
    for done in filter(None, (tests, books)):
        if done.returncode:
            print(done.stdout[-20_000:], done.stderr[-5_000:], sep="\n")
    return found, counted(tests), compared(books) if books else NOT_PROMISED


def counted(tests: subprocess.CompletedProcess) -> str:
    """How many tests passed, failed and were skipped, from pytest's closing line; "did not run" where none did."""
    counts = {}
    for line in tests.stdout.splitlines():
        if re.search(r"\d+ \w+.* in [\d.]+s", line):
            counts = {word: number for number, word in re.findall(r"(\d+) (passed|failed|error|skipped)", line)}
    return ", ".join(f"{counts[word]} {word}" for word in ("passed", "failed", "error", "skipped") if word in counts) \
        if tests.returncode in (0, 1) and counts else "did not run"


def compared(books: subprocess.CompletedProcess) -> str:
    """How many notebooks `engagelab rebuild --check` found the same to the byte."""
    told = [line for line in books.stdout.splitlines() if ".ipynb" in line]
    return f"{sum(line.endswith(SAME) for line in told)} of {len(told)}"


def passed(variant: Variant, tests: str, books: str) -> bool:
    """Whether all that is promised held: every test, and with pinned versions every notebook."""
    same, _, all_ = books.partition(" of ")
    return re.fullmatch(r"\d+ passed(, \d+ skipped)?", tests) is not None and (
        variant.versions != "pinned" or same == all_ != "0")


def lines(variant: Variant, found: Mapping, tests: str, books: str) -> tuple[str, str]:
    """What the two tables of the page say of a machine."""
    cells = (variant.name, variant.python, variant.versions, "yes" if variant.avx else "no", PYARROW[variant.text],
             variant.zone, variant.locale, CHECKOUTS[variant.place], tests, books)
    versions = (variant.name, found["python"], *(found["versions"][name] for name in LIBRARIES))
    return f"| {' | '.join(cells)} |", f"| {' | '.join(versions)} |"


def kept(page: str, heads: Sequence[str]) -> dict[str, str]:
    """The lines of the page's table with these heads, by their first cell."""
    table = page.partition(f"| {' | '.join(heads)} |\n")[2].partition("\n\n")[0]
    return {line.split(" | ")[0].removeprefix("| "): line for line in table.splitlines()[1:]}


def page(old: str, fresh: Mapping[str, tuple[str, str]]) -> str:
    """The page with the fresh lines of some machines and the old ones of the others; none of an undeclared one."""
    tables = []
    for number, heads in enumerate((MACHINES, VERSIONS)):
        known = kept(old, heads) | {name: two[number] for name, two in fresh.items()}
        tables.append("\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|",
                                 *(known[name] for name in declared() if name in known)]))
    return TEXT.format(machines=tables[0], versions=tables[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 where a test failed or a notebook differed."""
    variants = declared()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(variants))
    parser.add_argument("--quick", action="store_true", help="a part of the first, or of those named; no page")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(variants):
        parser.error(f"no machine {', '.join(sorted(unknown))}; there are {', '.join(variants)}")
    bad = False
    for name in options.names or list(variants)[:1 if options.quick else None]:
        variant = quickest(variants[name]) if options.quick else variants[name]
        try:
            found, *ended = run(variant, quick=options.quick)
        except Absent as error:
            print(f"{name}: skipped, {error}", flush=True)
            continue
        print(f"{name}: Python {found['python']}; tests: {ended[0]}; notebooks the same: {ended[1]}", flush=True)
        bad |= not passed(variant, *ended)
        if not options.quick:
            path = ROOT / PAGE
            path.write_text(page(path.read_text("utf-8"), {name: lines(variant, found, *ended)}), "utf-8")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
