"""The command line: `lab | report | test | init | doctor | rebuild | exercise | workshop | sample | template`."""

import argparse
import subprocess
import sys
import webbrowser
from contextlib import closing
from pathlib import Path

from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.files import in_words
from engagelab.notebook.browsers import VARIABLE, browser
from engagelab.notebook.doctor import doctor
from engagelab.notebook.editions import write_copies
from engagelab.notebook.kit import kit
from engagelab.notebook.machine import machine
from engagelab.notebook.places import COPIES, lessons, notebooks, project
from engagelab.notebook.rebuild import check, editions, rebuild
from engagelab.notebook.setup import SAMPLE
from engagelab.notebook.wheels import HERE, SYSTEMS
from engagelab.report.clients import INDEX, Asked, clients_of
from engagelab.report.progress import told
from engagelab.report.reference import REFERENCE, write_pages
from engagelab.report.reproduce import reproduce
from engagelab.report.run import report
from engagelab.report.template import template
from engagelab.sample.writing import write as write_sample
from engagelab.sources.proposal import propose
from engagelab.sources.settings_file import write_settings

# JupyterLab by itself asks the registry for a newer one, its makers for news, and lists extensions to install.
ALONE = ("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None",
         "--LabApp.extension_manager=readonly")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code is 0 where all went well."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (EngagelabError, OSError) as error:
        said = in_words(error) if isinstance(error, OSError) else error
        print(f"engagelab: {said}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(words.text("cli.stopped"), file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(prog="engagelab", description=words.text("cli.description"))
    commands = top.add_subparsers(dest="command", required=True)

    def command(name, run, *arguments):
        made = commands.add_parser(name, help=words.text(f"cli.{name}"), description=words.text(f"cli.{name}"))
        made.set_defaults(run=run)
        for flags, settings in arguments:
            made.add_argument(*flags, **settings)

    def option(*flags, key, **settings):
        return flags, {"help": words.text(f"cli.{key}"), **settings}

    names = option("notebooks", key="notebooks", nargs="*")
    folder = option("folder", key="folder", type=Path)
    command("lab", lab)
    command("report", make_report, names, option("--data", key="data", nargs="+", action="extend", default=[]),
            option("--out", key="out", type=Path), option("--period", key="period"),
            option("--language", key="language", choices=words.LANGUAGES),
            option("--pdf", key="pdf", action="store_true"), option("--jobs", key="jobs", type=int),
            option("--reproduce", key="reproduce", type=Path), option("--open", key="open", action="store_true"))
    command("test", test, option("--all", key="test_all", action="store_true"),
            option("--slow", key="test_slow", action="store_true"))
    command("init", init, folder, option("--force", key="force", action="store_true"))
    command("doctor", look_over, option("folder", key="doctor_folder", type=Path, nargs="?"),
            option("--language", key="doctor_language", choices=words.LANGUAGES))
    command("rebuild", rebuild_notebooks, names, option("--check", key="check", action="store_true"))
    command("exercise", exercise, names, option("--check", key="check_copies", action="store_true"))
    command("workshop", make_kit, option("--out", key="workshop_out", type=Path, default=Path("workshop.zip")),
            option("--offline", key="offline", choices=SYSTEMS, metavar="SYSTEM"),
            option("--python", key="offline_python", default=HERE))
    command("sample", sample, option("--customers", key="customers", type=int, default=4000),
            option("--seed", key="seed", type=int, default=7),
            option("--out", key="sample_out", type=Path, required=True))
    command("template", make_template, option("table", key="table"),
            option("--out", key="template_out", type=Path))
    return top


def lab(_options) -> int:
    """Open JupyterLab on the notebooks."""
    return _python("-m", "jupyterlab", *ALONE, str(lessons()))


def make_report(options) -> int:
    """Make the pages, or those of a manifest again, saying each as it is done; 1 where something went wrong."""
    if options.jobs is not None and options.jobs < 1:
        raise EngagelabError("cli.few_jobs", value=options.jobs)
    if options.reproduce:
        with closing(reproduce(options.reproduce, options.data, options.out, jobs=options.jobs)) as found:
            return int(told(found))
    out = options.out or Path("reports")
    asked = Asked(tuple(options.notebooks), options.period, options.language, options.pdf)
    clients = clients_of(options.data or [SAMPLE], out)
    printless = options.pdf and not browser()
    if printless:
        print(words.text("report.no_browser", variable=VARIABLE), file=sys.stderr)
    with closing(report(clients, out, asked, jobs=options.jobs)) as made:
        bad = told(made)
    print(words.text("cli.index", path=out / INDEX))
    if options.open:
        webbrowser.open((out / INDEX).resolve().as_uri())
    return int(bad or printless)


def test(options) -> int:
    """Run the fast tests, all of them, or only the slow ones."""
    which = [] if options.all else ["-m", "slow" if options.slow else "not slow"]
    at_once = "4" if which == ["-m", "not slow"] else "2"   # the slow ones start servers, which fill the memory
    return _python("-m", "pytest", *which, "-n", "auto", "--maxprocesses", at_once)


def init(options) -> int:
    """Write engagelab.toml from what the folder's files say."""
    path = write_settings(options.folder, propose(options.folder), force=options.force)
    print(words.text("cli.wrote", path=path))
    return 0


def look_over(options) -> int:
    """Say what the folder can answer, and what is missing; without a folder, whether the lessons will run here."""
    if options.folder is not None:
        print(doctor(options.folder, language=options.language))
        return 0
    words.set_language(options.language or words.LANGUAGES[0])
    found = machine()
    print(found)
    return int(not found.ready)


def make_kit(options) -> int:
    """Pack the zip for a participant, and say how large it is."""
    n = kit(options.out, system=options.offline, python=options.python)
    print(words.text("kit.made", path=options.out, n=n, size=options.out.stat().st_size / 1e6))
    return 0


def sample(options) -> int:
    """Write the made-up company."""
    write_sample(options.out, customers=options.customers, seed=options.seed)
    print(words.text("cli.wrote", path=options.out))
    return 0


def make_template(options) -> int:
    """Write a workbook to fill in."""
    print(words.text("cli.wrote", path=template(options.table, options.out)))
    return 0


def rebuild_notebooks(options) -> int:
    """Write the outputs of the notebooks, or check them."""
    bad = 0
    for lesson in notebooks(options.notebooks):
        for path, notebook in editions(lesson):
            name = path.relative_to(lesson.parent).as_posix()
            if options.check:
                where = check(path, notebook)
                bad += bool(where)
                said = words.text("cli.differs", where=where) if where else words.text("cli.same", name=name)
            else:
                said = words.text("cli.rebuilt" if rebuild(path, notebook) else "cli.same", name=name)
            print(said, flush=True)
    for path in [] if options.notebooks else write_pages(project() / REFERENCE, check=options.check):
        bad += options.check
        print(words.text("cli.differs" if options.check else "cli.wrote", where=path.name, path=path.name))
    return int(bad > 0)


def exercise(options) -> int:
    """Write the student's copies of the lessons, or check that they are in step."""
    bad = 0
    for path in notebooks(options.notebooks):
        for place in write_copies(path, project() / COPIES, check=options.check):
            bad += options.check
            name = place.relative_to(project()).as_posix()
            print(words.text("cli.stale" if options.check else "cli.wrote", path=name))
    return int(bad > 0)


def _python(*arguments: str) -> int:
    """Run this Python in the project's folder."""
    return subprocess.call([sys.executable, *arguments], cwd=project())  # noqa: S603 our own words only


if __name__ == "__main__":
    sys.exit(main())
