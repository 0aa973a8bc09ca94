"""The command line: `engagelab lab | report | test | init | doctor | rebuild | sample`."""

import argparse
import subprocess
import sys

from engagelab import words
from engagelab.errors import EngagelabError
from engagelab.notebook.places import notebooks, project
from engagelab.notebook.rebuild import check, rebuild


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code is 0 where all went well."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except EngagelabError as error:
        print(f"engagelab: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(prog="engagelab", description=words.text("cli.description"))
    commands = top.add_subparsers(dest="command", required=True)

    def command(name, run):
        made = commands.add_parser(name, help=words.text(f"cli.{name}"), description=words.text(f"cli.{name}"))
        made.set_defaults(run=run)
        return made

    command("lab", lab)
    tests = command("test", test).add_mutually_exclusive_group()
    tests.add_argument("--all", action="store_true", help=words.text("cli.test_all"))
    tests.add_argument("--slow", action="store_true", help=words.text("cli.test_slow"))
    again = command("rebuild", rebuild_notebooks)
    again.add_argument("notebooks", nargs="*", help=words.text("cli.notebooks"))
    again.add_argument("--check", action="store_true", help=words.text("cli.check"))
    return top


def lab(_options) -> int:
    """Open JupyterLab on the notebooks."""
    return _python("-m", "jupyterlab", str(project() / "notebooks"))


def test(options) -> int:
    """Run the fast tests, all of them, or only the slow ones."""
    which = [] if options.all else ["-m", "slow" if options.slow else "not slow"]
    return _python("-m", "pytest", *which)


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
