"""The manifest of a run: what its pages were made of, so that anybody can make them again and compare.

JSON beside the pages: the checksum (SHA-256, FIPS 180-4) and size of every data file and of every file written, what
was asked for, and the versions of whatever decides on a digit or a pixel. It holds no date and no absolute path; the
folders of the data are told from the manifest's own.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path, PurePath
from typing import Any

from engagelab import __version__, words
from engagelab.errors import EngagelabError, SourceError, UsageError
from engagelab.files import why, write_text
from engagelab.notebook.setup import SAMPLE
from engagelab.privacy.pseudonyms import keyed, read_key
from engagelab.report.clients import INDEX, Asked, Client
from engagelab.report.pdf import printer
from engagelab.sources.folder import IDENTITIES
from engagelab.sources.folder_files import data_files
from engagelab.sources.settings import FILE, REGISTER
from engagelab.sources.settings_file import read_settings

MANIFEST, KIND = "manifest.json", "engagelab report"
PACKAGES = ("pandas", "numpy", "scipy", "statsmodels", "duckdb", "matplotlib", "seaborn", "pillow", "jinja2", "mistune",
            "matplotlib-fontja", "python-pptx")
FORM: dict[str, type] = {"parameters": dict, "clients": list, "notebooks": dict, "versions": dict, "files": dict}
CLIENT: dict[str, type] = {"name": str, "pages": str, "folder": str, "key": str, "data": dict}
ONE_NAME = re.compile(r"(?!\.{1,2}$)[^/\\:]*")    # a folder beneath that of the pages, or that folder itself

Sums = dict[str, dict[str, str | int]]


def former_manifest(out: Path) -> dict[str, Any]:
    """The manifest of an earlier run into the folder, {} where there is none.

    Errors: UsageError where it is one of something else, which would be lost.
    """
    try:
        return read_manifest(out / MANIFEST) if (out / MANIFEST).exists() else {}
    except SourceError:
        raise UsageError("report.foreign_manifest", folder=out, file=MANIFEST) from None


def data_of(client: Client) -> Sums:
    """The checksum and the size of every file of a client's folder that is read, by name: exports and settings."""
    folder = client.folder
    try:
        logo = read_settings(folder).logo
    except EngagelabError:
        logo = ""
    known = {path.name: path for path in data_files(folder)[0]}
    known |= {name: folder / name for name in (FILE, IDENTITIES, REGISTER) if (folder / name).is_file()}
    known |= {PurePath(logo).name: folder / logo} if logo else {}
    return {name: _sum(known[name]) for name in sorted(known)}


def _sum(path: Path) -> dict[str, str | int]:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "size": path.stat().st_size}


def standing(manifest: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, bool]]:
    """Each file of a manifest that stands in its folder, and whether its bytes still are those that were written."""
    for name, one in manifest["files"].items():
        path = folder / name
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            yield name, _sum(path)["sha256"] == one["sha256"]


def clear_single(former: Mapping[str, Any], out: Path, clients: Sequence[Client]) -> Iterator[str]:
    """Remove the pages that an earlier run of one company left where those of several are led to now.

    What was changed since it was made stays, and is told.
    """
    if not former or len(clients) == 1 or all(entry["pages"] for entry in former["clients"]):
        return
    for name, same in standing(former, out):
        if name == INDEX:       # which is written anew
            continue
        if same:
            (out / name).unlink()
        else:
            yield words.text("report.left_single", file=name)


def key_of(client: Client) -> str:
    """A mark of the key by which people are named, which does not give it away."""
    return keyed(KIND, read_key(client.folder)[0])


def versions() -> dict[str, str]:
    """Of Python, of this kit, and of each package that decides on what a page holds; "" for what is not installed."""
    found = {"engagelab": __version__, "python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def write_manifest(out: Path, asked: Asked, clients: Sequence[tuple[Client, Sums, str]], notebooks: Mapping[str, str],
                   files: Mapping[str, bytes]) -> None:
    """Write the manifest of a run into the folder of its pages.

    Parameters: `clients`, each with the checksums of its data and the mark of its key; `notebooks`, the digest of each
    by language and name; `files`, what was written, by its path beneath `out`.
    """
    printed = {printer(content) for name, content in files.items() if name.endswith(".pdf")}
    content = {
        "kind": KIND,
        "parameters": {"notebooks": sorted({name.partition("/")[2] for name in notebooks}) or list(asked.notebooks),
                       "period": asked.period, "language": asked.language, "pdf": asked.pdf},
        "clients": [{"name": client.name, "pages": client.pages.relative_to(out).as_posix().strip("."), "key": key,
                     "folder": _folder(client, out), "data": data} for client, data, key in clients],
        "notebooks": dict(notebooks),
        "versions": versions() | ({"pdf": ", ".join(sorted(printed))} if printed else {}),
        "files": {name: {"sha256": hashlib.sha256(one).hexdigest(), "size": len(one)} for name, one in files.items()}}
    write_text(out / MANIFEST, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def _folder(client: Client, out: Path) -> str:
    """The folder of a client's data as seen from the pages; by its name alone where it is on another drive."""
    if client.data == SAMPLE:
        return SAMPLE
    try:
        return PurePath(os.path.relpath(client.folder.resolve(), out.resolve())).as_posix()
    except ValueError:
        return client.name


def read_manifest(path: Path) -> dict[str, Any]:
    """The content of a manifest.

    Errors: SourceError for a file that cannot be opened, and for one that is no manifest of ours.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SourceError("sources.cannot_open", file=path.name, problem=why(error)) from None
    except (ValueError, RecursionError):
        content = None
    if not _is_manifest(content):
        raise SourceError("report.no_manifest", file=path.name)
    return content


def _is_manifest(content: Any) -> bool:
    """Whether it has the form that `write_manifest` gives; no path in it leads out of the folder of the pages."""
    if not (_has(content, FORM) and content.get("kind") == KIND):
        return False
    asked, clients = content["parameters"], content["clients"]
    names, texts = asked.get("notebooks"), (asked.get("period"), asked.get("language"))
    return (isinstance(names, list) and all(isinstance(name, str) for name in names)
            and all(text is None or isinstance(text, str) for text in texts) and texts[1] in (None, *words.LANGUAGES)
            and bool(clients)
            and all(_has(client, CLIENT) and ONE_NAME.fullmatch(client["pages"]) for client in clients)
            and all(_has(one, {"sha256": str}) for sums in (content["files"], *(client["data"] for client in clients))
                    for one in sums.values()))


def _has(content: Any, form: Mapping[str, type]) -> bool:
    return isinstance(content, dict) and all(isinstance(content.get(name), kind) for name, kind in form.items())


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is not the same, as (name, how): how is "missing", "changed" or "new".

    >>> list(differences({"a": 1, "b": 2}, {"b": 3, "c": 4}))
    [('a', 'missing'), ('b', 'changed'), ('c', 'new')]
    """
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield name, "missing" if name not in now else "new" if name not in before else "changed"
