"""The zip for a participant: what the lessons need and nothing else, with the wheels where there is no network.

No solved notebook, no page for the teacher, nothing that says what is planted in the sample company.
"""

import io
import zipfile
from pathlib import Path

from engagelab import words
from engagelab.errors import UsageError
from engagelab.files import scratch, sweep, write_bytes
from engagelab.notebook.machine import MANIFEST, listed
from engagelab.notebook.places import COPIES, LESSONS, SOLVED, project
from engagelab.notebook.wheels import HERE, fetch

TOP = "engagelab-workshop"    # one folder, so that unpacking scatters nothing
ROOT = ("LICENSE", "constraints.txt", "pyproject.toml")
START = "START_HERE.md"
PAGES = ("questions.md", "closing_case.md", "bring_your_own_data.md")


def kit(out: Path, *, system: str | None = None, python: str = HERE) -> int:
    """Write the zip; how many files are in it.

    system, python : where given, wheels for that system and Python are put in (`engagelab.notebook.wheels`).

    Names are sorted and stamped 1980: the same files and the same zlib give the same bytes. Raises UsageError where
    a file lacks, and the errors of `fetch`.
    """
    content = io.BytesIO()
    sweep()
    with scratch() as folder:
        packed = contents()
        if system is not None:
            packed |= {f"wheels/{path.name}": path for path in fetch(Path(folder) / "wheels", system, python)}
        with zipfile.ZipFile(content, "w") as archive:
            for name, path in sorted(packed.items()):
                member = zipfile.ZipInfo(f"{TOP}/{name}", (1980, 1, 1, 0, 0, 0))
                member.create_system = 0    # otherwise the machine's own kind stands in the file
                member.compress_type = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
                archive.writestr(member, path.read_bytes(), compresslevel=9)
    write_bytes(out, content.getvalue())
    return len(packed)


def contents() -> dict[str, Path]:
    """What a participant gets, by its name in the folder.

    Raises UsageError where a file lacks: of each lesson there has to be a copy to solve, in both languages.
    """
    home = project()
    names = {path.name for place in (home / SOLVED, home / COPIES) for path in place.glob(LESSONS)}
    files = [home / COPIES / language / name for language in ("", "ja") for name in (*sorted(names), *PAGES)]
    files += [home / "data" / name for name in (MANIFEST, *listed(home / "data"))]    # and no file of somebody's own
    files += [home / name for name in ROOT]
    files += [path for path in (home / "engagelab").rglob("*") if _ours(path)]
    packed = dict.fromkeys((START, "README.md"), home / COPIES / START)
    packed |= {path.relative_to(home).as_posix(): path for path in files}
    lacking = [name for name, path in packed.items() if not path.is_file()]
    if lacking:
        raise UsageError("kit.lacking", names=words.joined(lacking))
    return packed


def _ours(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and "__pycache__" not in path.parts
