"""`engagelab report`: the lessons on folders of export files, as pages.

Each notebook runs in a kernel of its own, several at once; what is written does not depend on how many. A client that
cannot be read and a notebook that fails are said, and the others are finished. A client's folder is written when all
its notebooks are done, the manifest last: a run that is stopped leaves whole pages of one run or of the other.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import nbformat

from engagelab import words
from engagelab.errors import EngagelabError, SourceError
from engagelab.files import in_words, scratch, sweep
from engagelab.notebook.browsers import browser
from engagelab.notebook.execute import end, execute, read
from engagelab.notebook.places import notebooks
from engagelab.notebook.setup import SAMPLE, language_of
from engagelab.notebook.tags import fitted, needs, tags, with_parameters
from engagelab.report.book import book
from engagelab.report.clients import (
    INDEX,
    Asked,
    Client,
    Made,
    Opened,
    jobs_at_most,
    open_client,
    plain_look,
    write_client,
    write_overview,
)
from engagelab.report.manifest import (
    MANIFEST,
    Sums,
    clear_single,
    data_of,
    differences,
    former_manifest,
    key_of,
    write_manifest,
)
from engagelab.report.parts import found
from engagelab.report.pdf import pdf
from engagelab.report.render import Look, answer, moved, page, title
from engagelab.report.slides import slides


@dataclass
class Run:
    """A client, and what became of its notebooks so far."""

    client: Client
    look: Look
    data: Sums
    key: str = ""
    names: list[str] = field(default_factory=list)
    made: dict[str, Made] = field(default_factory=dict)

    @property
    def in_order(self) -> list[Made]:
        """What was made, in the order of the notebooks; of a client that cannot be read, that."""
        return [self.made[name] for name in (*self.names, "") if name in self.made]


def report(clients: Sequence[Client], out: Path, asked: Asked, *,
           jobs: int | None = None) -> Generator[Made, None, None]:
    """Make the pages of these clients, then an index and the manifest; each notebook is told of as it is done.

    Where the data lack the tables of every finding there is no page. What moved, as the cells of the section "alerts"
    tell it, goes to `alerts.csv`: by itself the list that is sent on.

    Parameters: `out`, the folder of the pages; `jobs`, how many notebooks run at once: as many as there are cores, at
    most four.
    Errors: of a single client, those of reading it, before anything is written; UsageError where `out` has a manifest
    of something else.
    """
    former = former_manifest(out)
    sweep()
    speak(clients, asked)
    runs: list[Run] = []
    files: dict[str, bytes] = {}
    each, done = len(notebooks(list(asked.notebooks))), 0
    with (scratch() as folder,
          closing(_work(clients, asked, jobs_at_most(jobs), Path(folder))) as work):
        for one in work:
            if isinstance(one, Made):
                done += 1 if one.notebook else each     # of a client that cannot be read all are done with
                yield replace(one, so_far=(done, each * len(clients)))
                continue
            (out / MANIFEST).unlink(missing_ok=True)    # that of an earlier run
            runs.append(one)
            try:
                written = write_client(one.client, one.look, one.names, one.in_order)
            except EngagelabError as error:     # a full disk costs this client alone, if the others are smaller
                one.made = {"": Made(one.client.name, "", problems=(_said(error),))}
                yield replace(one.made[""], so_far=(done, each * len(clients)))
                continue
            files |= {(one.client.pages / name).relative_to(out).as_posix(): text for name, text in written.items()}
            if left := tuple(clear_single(former, out, clients)):
                yield Made(out.name, "", problems=left, so_far=(done, each * len(clients)))
            former = {}
    runs.sort(key=lambda run: clients.index(run.client))
    if len(clients) > 1:
        told = [(run.client, run.look, run.in_order) for run in runs]
        files[INDEX] = write_overview(out / INDEX, told, words.language())
    write_manifest(out, asked, [(run.client, run.data, run.key) for run in runs],
                   {f"{run.look.language}/{one.notebook}": one.source for run in runs for one in run.in_order
                    if one.source}, files)


def speak(clients: Sequence[Client], asked: Asked) -> None:
    """Go on in the language of the run: that which is asked for, else that of all clients where it is one."""
    languages = {asked.language or _language(client, alone=len(clients) == 1) for client in clients} - {""}
    if len(languages) == 1:
        words.set_language(languages.pop())


def _language(client: Client, *, alone: bool) -> str:
    try:
        return language_of(client.data)
    except EngagelabError:
        if alone:
            raise
        return ""


def _work(clients: Sequence[Client], asked: Asked, jobs: int, folder: Path) -> Generator[Made | Run, None, None]:
    """Each notebook as it is done, and each client when all of its are; the next client is read when hands are free."""
    pool, waiting = ThreadPoolExecutor(jobs), list(enumerate(clients))
    running: dict[Future[Made], Run] = {}
    try:
        while waiting or running:
            if waiting and len(running) < jobs:
                number, client = waiting.pop(0)
                run, tasks = _begin(client, asked, folder / f"{number}", alone=len(clients) == 1)
                running |= {pool.submit(task): run for task in tasks}
                if not tasks:
                    yield from run.in_order
                    yield run
                continue
            # a wait without an end hears no Ctrl-C on Windows
            for future in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:
                run, made = running.pop(future), future.result()
                run.made[made.notebook] = made
                yield made
                if len(run.made) == len(run.names):
                    yield run
    finally:    # where the run was stopped there is something left to end
        pool.shutdown(wait=False, cancel_futures=True)
        end(running)
        pool.shutdown()


def _begin(client: Client, asked: Asked, kept: Path, *, alone: bool) -> tuple[Run, list[Callable[[], Made]]]:
    """The run of a client, and what there is to do for it; nothing where it cannot be read."""
    data: Sums = {}
    try:
        data = data_of(client)
        try:
            opened = open_client(client, asked, kept)
        finally:    # what was read is to be what was summed; a file that went away is also why the reading failed
            if unlike := [name for name, _ in differences(data, data_of(client))]:
                raise SourceError("report.changing", files=words.joined(unlike))
        paths = notebooks(list(asked.notebooks), language=opened.look.language)
    except (EngagelabError, OSError) as error:
        if alone:
            raise
        with words.speaking(asked.language or _language(client, alone=False) or words.language()):
            look = plain_look(client.name, words.language())
            names = [path.stem for path in notebooks([*asked.notebooks])]
            return Run(client, look, data, "", names, {"": Made(client.name, "", problems=(_said(error),))}), []
    program = browser() if asked.pdf else None
    return (Run(client, opened.look, data, key_of(client), [path.stem for path in paths]),
            [partial(_page, client, opened, path, program) for path in paths])


def _page(client: Client, opened: Opened, path: Path, program: Path | None) -> Made:
    """Run a notebook and make its page; whatever fails is told, so that the others go on."""
    words.set_language(opened.look.language)    # of this thread
    name, stem, digest = path.stem, path.stem, ""
    try:
        source = read(path)
        name, digest = title(source) or stem, cells_digest(source)
        lessons = client.data == SAMPLE and opened.parameters["period"] is None     # they tell of the sample's end
        fit = with_parameters(fitted(source, opened.tables, lessons=lessons), **opened.parameters)
        done = execute(fit, folder=path.parent, env=opened.env)
        if not found(done) and any(table not in opened.tables for cell in source.cells for table in needs(cell)):
            return Made(client.name, stem, name, answer(done), source=digest, empty=True)
        beside, problems = _beside(done, opened.look, name, stem, program)
        files = {f"{stem}.html": page(done, opened.look, list(beside)).encode(), **beside}
        return Made(client.name, stem, name, answer(done), moved(done), files, tuple(problems), digest)
    except Exception as error:
        said = words.text("report.failed", name=name, error=_said(error))
        return Made(client.name, stem, name, problems=(said,), source=digest)


def _beside(done: nbformat.NotebookNode, look: Look, name: str, stem: str,
            program: Path | None) -> tuple[dict[str, bytes], list[str]]:
    """What stands beside a page, and why something does not."""
    files: dict[str, bytes] = {}
    problems = []
    makers: dict[str, Callable[[], bytes | None]] = {"xlsx": lambda: book(done)}
    if find_spec("pptx"):   # the extra "office"
        makers["pptx"] = lambda: slides(done, look)
    if program:
        makers["pdf"] = lambda: pdf(page(done, look), program)
    for ending, make in makers.items():
        try:
            content = make()
        except Exception as error:
            problems.append(words.text("report.no_file", name=name, format=ending.upper(), error=_said(error)))
        else:
            files |= {f"{stem}.{ending}": content} if content else {}
    return files, problems


def _said(error: Exception) -> str:
    """An error in one line; ours speak for themselves."""
    if isinstance(error, EngagelabError):
        return str(error.values.get("error", error))
    if isinstance(error, OSError):   # without the folders of this machine
        return in_words(error)
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"


def cells_digest(notebook: nbformat.NotebookNode) -> str:
    """The SHA-256 of what a notebook's cells say and how they are tagged, without what they put out."""
    cells = [[cell.cell_type, cell.source, tags(cell)] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells, ensure_ascii=False).encode()).hexdigest()
