"""The command line: `engagelab lab | report | test | init | doctor | rebuild | sample | template`."""

import argparse
import subprocess
import sys
import webbrowser
from pathlib import Path

from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.notebook.doctor import doctor
from engagelab.notebook.places import notebooks, project
from engagelab.notebook.rebuild import check, rebuild
from engagelab.notebook.setup import SAMPLE
from engagelab.report.run import report
from engagelab.report.template import template
from engagelab.sample.writing import write as write_sample
from engagelab.sources.proposal import propose
from engagelab.sources.settings import write_settings


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code is 0 where all went well."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (EngagelabError, OSError) as error:
        print(f"engagelab: {error}", file=sys.stderr)
        return 1


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
    command("report", make_report, names, option("--data", key="data", default=SAMPLE),
            option("--out", key="out", type=Path, default=Path("reports")),
            option("--open", key="open", action="store_true"))
    command("test", test, option("--all", key="test_all", action="store_true"),
            option("--slow", key="test_slow", action="store_true"))
    command("init", init, folder, option("--force", key="force", action="store_true"))
    command("doctor", look_over, folder)
    command("rebuild", rebuild_notebooks, names, option("--check", key="check", action="store_true"))
    command("sample", sample, option("--customers", key="customers", type=int, default=4000),
            option("--seed", key="seed", type=int, default=7),
            option("--out", key="sample_out", type=Path, required=True))
    command("template", make_template, option("table", key="table"),
            option("--out", key="template_out", type=Path))
    return top


def lab(_options) -> int:
    """Open JupyterLab on the notebooks."""
    return _python("-m", "jupyterlab", str(project() / "notebooks"))


def make_report(options) -> int:
    """Make the pages, saying each as it is done; 1 where a notebook gave no page."""
    if options.data != SAMPLE and not Path(options.data).is_dir():
        raise EngagelabError("cli.no_folder", folder=options.data)
    bad = 0
    for made in report(notebooks(options.notebooks), options.data, options.out):
        bad += made.path is None
        print(made.path or words.text("report.failed", name=made.notebook, error=made.problem), flush=True)
    index = options.out / "index.html"
    print(words.text("cli.index", path=index))
    if options.open:
        webbrowser.open(index.resolve().as_uri())
    return int(bad > 0)


def test(options) -> int:
    """Run the fast tests, all of them, or only the slow ones."""
    if options.all or options.slow:  # these start servers and fill memory: one after the other
        return _python("-m", "pytest", *([] if options.all else ["-m", "slow"]))
    return _python("-m", "pytest", "-m", "not slow", "-n", "auto", "--maxprocesses", "4")


def init(options) -> int:
    """Write engagelab.toml from what the folder's files say."""
    path = write_settings(options.folder, propose(options.folder), force=options.force)
    print(words.text("cli.wrote", path=path))
    return 0


def look_over(options) -> int:
    """Say what the folder can answer, and what is missing."""
    print(doctor(options.folder))
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
    for path in notebooks(options.notebooks):
        if options.check:
            where = check(path)
            bad += bool(where)
            print(words.text("cli.differs", where=where) if where else words.text("cli.same", name=path.name))
        else:
            changed = rebuild(path)
            print(words.text("cli.rebuilt" if changed else "cli.same", name=path.name))
    return int(bad > 0)


def _python(*arguments: str) -> int:
    """Run this Python in the project's folder."""
    return subprocess.call([sys.executable, *arguments], cwd=project())  # noqa: S603 our own words only


if __name__ == "__main__":
    sys.exit(main())
