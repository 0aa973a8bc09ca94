"""Makes the pages of a manifest again, and says of each file whether its bytes are the same."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engagelab import words
from engagelab.errors import UsageError
from engagelab.files import scratch
from engagelab.notebook.execute import read
from engagelab.notebook.places import notebooks
from engagelab.notebook.setup import SAMPLE
from engagelab.report.clients import Asked, Client, Made
from engagelab.report.manifest import MANIFEST, data_of, differences, key_of, read_manifest, standing, versions
from engagelab.report.run import cells_digest, report, speak


@dataclass(frozen=True)
class Finding:
    """A sentence on what is the same or is not; `bad` where the pages cannot be, or are not, the same."""

    text: str
    bad: bool = False


def reproduce(path: Path, data: Sequence[str] = (), out: Path | None = None, *,
              jobs: int | None = None) -> Generator[Made | Finding, None, None]:
    """Check the data of a manifest, make its pages again, and compare them byte by byte.

    Where a data file was changed, is missing or new, that is said and nothing is run. A file beside the manifest that
    is no longer as it was written is told, too.

    Parameters: `data`, the folders of the data in the manifest's order, where they are no longer where they were;
        `out`, a folder for the new pages, which are else thrown away.
    Errors: SourceError for what is no manifest; UsageError for folders that are not there, or where the new pages would
        replace the old ones.
    """
    manifest = read_manifest(path)
    if out is not None and out.resolve() == path.resolve().parent:
        raise UsageError("report.over_itself", folder=out)
    asked = manifest["parameters"]
    altered = [name for name, same in standing(manifest, path.resolve().parent) if not same]
    with scratch() as folder:
        place = out or Path(folder)
        clients = _clients(manifest, path.resolve().parent, data, place)
        wanted = Asked(tuple(asked["notebooks"]), asked["period"], asked["language"], bool(asked.get("pdf")))
        speak(clients, wanted)
        yield from (Finding(words.text("report.file_altered", file=name), bad=True) for name in altered)
        changed = [Finding(words.text(f"report.data_{how}", client=client.name, file=name), bad=True)
                   for entry, client in zip(manifest["clients"], clients, strict=True)
                   for name, how in differences(entry["data"], data_of(client))]
        if changed:
            yield from changed
            return
        yield from _circumstances(manifest, clients)
        yield from report(clients, place, wanted, jobs=jobs)
        yield from _compared(manifest, read_manifest(place / MANIFEST), altered)


def _clients(manifest: dict[str, Any], place: Path, data: Sequence[str], out: Path) -> list[Client]:
    """The clients of a manifest, their pages beneath another folder."""
    entries = manifest["clients"]
    if data and len(data) != len(entries):
        raise UsageError("report.other_number", given=len(data), n=len(entries))
    folders = list(data) or [SAMPLE if entry["folder"] == SAMPLE else str(place / entry["folder"]) for entry in entries]
    for entry, folder in zip(entries, folders, strict=True):
        if folder != SAMPLE and not Path(folder).is_dir():
            raise UsageError("report.no_data", client=entry["name"], folder=folder)
    return [Client(entry["name"], folder, out / entry["pages"]) for entry, folder in zip(entries, folders, strict=True)]


def _circumstances(manifest: dict[str, Any], clients: Sequence[Client]) -> Iterator[Finding]:
    """Which versions, notebooks and keys are others than then: why bytes may differ."""
    now, then = versions(), manifest["versions"]
    for name, _ in differences({name: then.get(name) for name in now}, now):
        yield Finding(words.text("report.version", name=name, then=then.get(name) or "–", now=now[name] or "–"))
    cells = {f"{language}/{path.stem}": cells_digest(read(path))
             for language in words.LANGUAGES for path in notebooks(language=language)}
    for name, digest in manifest["notebooks"].items():
        if cells.get(name) != digest:
            yield Finding(words.text("report.other_cells", name=name))
    for entry, client in zip(manifest["clients"], clients, strict=True):
        if entry["key"] and entry["key"] != key_of(client):
            yield Finding(words.text("report.other_key", client=client.name))


def _compared(before: dict[str, Any], now: dict[str, Any], altered: Sequence[str]) -> Iterator[Finding]:
    """Each file of then or now, and whether its bytes are the same; last, how many are."""
    then, printer = (one["versions"].get("pdf") for one in (before, now))
    if then and printer and then != printer:
        yield Finding(words.text("report.version", name="PDF", then=then, now=printer))
    unlike = dict(differences(before["files"], now["files"]))
    for name in sorted({*before["files"], *now["files"]} - ({*altered} - {*unlike})):
        yield Finding(words.text(f"report.file_{unlike.get(name, 'same')}", file=name), bad=name in unlike)
    yield Finding(words.text("report.compared", same=len({*before["files"]} - {*unlike, *altered}),
                             n=len(before["files"])))
