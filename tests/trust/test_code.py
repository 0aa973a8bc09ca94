"""No code that comes with data is ever run: the calls that could are listed here, with the places that need them.

Every module of the package is read as a syntax tree. A call that runs text, unpickles, starts a program or loads what a
name says is nowhere but where this list has it; SQL is put together of texts that no data is in, behind one door.
"""

import ast
import io
import os
import pickle
import shutil
import tomllib
import zipfile
from pathlib import Path

import openpyxl
import pytest

from engagelab import cli
from engagelab.errors import EngagelabError, SourceError, UsageError
from engagelab.notebook import setup
from engagelab.report.clients import clients_of
from engagelab.sources.folder import read_folder
from engagelab.sources.read import read

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "engagelab"
KEY = b"a key for tests"
# names that run or load what they are given, and the modules that may use them
NAMES = {
    "eval": (), "exec": (), "__import__": (), "breakpoint": (), "input": (), "run_path": (), "run_module": (),
    "exec_module": (), "spec_from_file_location": (), "read_pickle": (), "to_pickle": (), "Unpickler": (),
    "import_module": ("__init__.py", "notebook/warm_server.py"),    # names that stand in the module itself
    "literal_eval": ("sources/read.py", "sources/nested.py"),       # constants alone: numbers, texts, lists
    "from_string": ("report/deck.py",),                             # of a colour
    "Template": ("report/render.py",),                              # the kind of what is given back
    "Popen": ("notebook/warm.py",), "check_output": (), "check_call": (), "create_subprocess_shell": (),
    "create_subprocess_exec": (), "read_html": (), "read_xml": (), "from_formula": (), "create_function": (),
    "install_extension": (), "load_extension": (), "unpack_archive": (), "extractall": ()}
OF_OS = {"system": (), "popen": (), "startfile": (), "spawnv": (), "execve": (), "execvp": (), "posix_spawn": (),
         "execv": ("notebook/warm_door.py",), "fork": ("notebook/warm_server.py",)}
# programs are started here, with arguments of our own and never by a shell
STARTS = ("cli.py", "notebook/wheels.py", "notebook/machine.py", "notebook/kit.py", "notebook/warm.py",
          "notebook/execute.py", "report/pdf.py")
IMPORTS = {"pickle": ("notebook/setup.py",), "subprocess": STARTS, "ctypes": ("files.py", "notebook/warm_server.py"),
           "marshal": (), "shelve": (),
           "dill": (), "joblib": (), "cloudpickle": (), "yaml": (), "patsy": (), "code": (), "runpy": (), "pty": (),
           "multiprocessing": (), "xmlrpc": (), "statsmodels.formula": (), "lxml": ()}
# a query that pandas runs, made with a constant of the sample's plan
QUERIES = {"sample/truths/behaviour.py": "tables['orders'].query(f\"currency == '{CURRENCY}' and status != 'voided'\")"}
OURS = ("activity/", "experiments/", "metrics/", "surveys/", "segments/", "ltv/", "roi/", "summaries/")


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))


def dangers(name, tree):
    """The names and imports in a module that could run what is in data, where the lists do not allow them."""
    for node in ast.walk(tree):
        if found := {ast.Import: imported, ast.ImportFrom: imported, ast.Attribute: used, ast.Name: used,
                     ast.Call: called}.get(type(node), lambda *_: False)(name, node):
            yield f"{name}:{node.lineno} {ast.unparse(node)[:80]} ({found})"


def imported(name, node):
    named = [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)] if isinstance(
        node, ast.ImportFrom) else [one.name for one in node.names]
    return next((one for one in named for banned, places in IMPORTS.items()
                 if (one == banned or one.startswith(f"{banned}.")) and name not in places), "") or next(
        (one for one in named if one.removeprefix("os.") in OF_OS and one.startswith("os.")), "")


def used(name, node):
    own = isinstance(node, ast.Name)
    ends = node.id if own else node.attr
    if ends in OF_OS and not own and isinstance(node.value, ast.Name) and node.value.id == "os":
        return ends if name not in OF_OS[ends] else ""
    return ends if name not in NAMES.get(ends, (name,)) and isinstance(node.ctx, ast.Load) else ""


def called(name, node):
    if isinstance(node.func, ast.Name) and node.func.id == "compile":
        return "compile"
    if any(word.arg == "shell" or (word.arg == "allow_pickle" and ast.unparse(word.value) != "False")
           for word in node.keywords):
        return "keyword"
    # pandas runs the text of a query: one that is no constant could hold a cell. In the rooms of measures `query` asks
    # a View, whose texts the tests of the SQL door look after
    ends = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    fixed = not node.args or isinstance(node.args[0], ast.Constant)
    return ends == "query" and not fixed and not name.startswith(OURS) and ast.unparse(node) != QUERIES.get(name)


def test_no_module_can_run_what_is_in_data():
    assert [danger for name, tree in modules() for danger in dangers(name, tree)] == []


@pytest.mark.parametrize("line", [
    "eval(cell)", "frame.eval(text)", "pd.eval(text)", "exec(cell)", "compile(cell, '', 'exec')", "import pickle",
    "from pickle import loads", "pd.read_pickle(path)", "np.load(path, allow_pickle=True)", "os.system(name)",
    "import subprocess", "subprocess.run(text, shell=True)", "import yaml", "from os import system", "os.fork()",
    "environment.from_string(text)", "jinja2.Template(text)", "frame.query(f'{column} == 1')", "frame.query(text)",
    "import statsmodels.formula.api as smf", "importlib.import_module(name)", "__import__(name)", "run = eval",
    "db.load_extension(name)", "from joblib import load"])
def test_a_line_that_could_is_found(line):
    assert list(dangers("sources/new.py", ast.parse(line)))


class Harm:
    """What an object of a pickle would do when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_of_somebody_else_is_never_opened(tmp_path, monkeypatch):
    """Neither one in the folder of the data, nor one in the place of what a run keeps for its notebooks."""
    done = tmp_path / "done"
    data = tmp_path / "data"
    data.mkdir()
    planted = pickle.dumps(("data", Harm(done)))
    for name in ("orders.pkl", "orders.csv", "engagelab.pickle", "kept"):
        (data / name).write_bytes(planted)
    read_folder(data, key=KEY)
    kept = tmp_path / "kept"
    env = setup.keep(str(data), read_folder(data, key=KEY), kept)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert setup.open_data(str(data)).tables == {}
    kept.write_bytes(planted)
    with pytest.raises(SourceError, match="no longer the file"):
        setup.open_data(str(data))
    monkeypatch.setenv(setup.KEPT, str(kept))       # as it was written once: a path alone
    assert setup.open_data(str(data)).tables == {}
    assert not done.exists()


def test_notebooks_that_come_with_data_are_not_run(tmp_path, monkeypatch):
    data = tmp_path / "sent"
    (data / "notebooks").mkdir(parents=True)
    shutil.copy(ROOT / "notebooks/01_customers.ipynb", data / "notebooks")
    shutil.copy(ROOT / "notebooks/01_customers.ipynb", data)
    (data / "pyproject.toml").write_text('[project]\nname = "engagelab"\n', "utf-8")
    monkeypatch.chdir(ROOT)
    assert [client.data for client in clients_of([str(data)], tmp_path / "out")] == [str(data)]
    assert "01_customers.ipynb" in read_folder(data, key=KEY).skipped
    monkeypatch.chdir(data)
    for where in (".", str(data), str(data.parent)):
        with pytest.raises(UsageError, match="notebooks that come with data are not run"):
            clients_of([where], tmp_path / "out")
    assert cli.main(["report", "--data", "."]) == 1


def bomb(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook(sheet=None):
    """A workbook of orders, its sheet as it is or another."""
    out, book = io.BytesIO(), openpyxl.Workbook()
    for row in (["order_id", "user_id", "ordered_at", "total"], ["1", "C1", "2026-09-30T12:34:56Z", 1200]):
        book.active.append(row)
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if sheet is not None:
        parts["xl/worksheets/sheet1.xml"] = sheet(parts["xl/worksheets/sheet1.xml"])
    return parts


def test_a_workbook_that_would_fill_the_memory_is_refused_unpacked(tmp_path):
    path = tmp_path / "orders.xlsx"
    path.write_bytes(bomb(workbook(lambda sheet: sheet.replace(b"</sheetData>", b" " * 100_000_000 + b"</sheetData>"))))
    assert path.stat().st_size < 200_000
    with pytest.raises(SourceError, match="would unpack to 100 MB, far more than a workbook of its size"):
        read(path)


def test_a_workbook_refers_to_nothing_outside_and_repeats_nothing_without_end(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("qzsecret", "utf-8")
    outside = f'<!DOCTYPE x [<!ENTITY s SYSTEM "{secret.as_uri()}">]>'.encode()
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        f'<!ENTITY {chr(97 + n)} "{f"&{chr(96 + n)};" * 20}">'.encode() for n in range(1, 12)) + b"]>"
    for number, (head, name) in enumerate([(outside, b"&s;"), (laughs, b"&l;")]):
        def sheet(content, head=head, name=name):
            content = head + content[content.index(b"<worksheet"):]
            return content.replace(b"<v>1200</v>", b"<v>" + name + b"</v>")
        path = tmp_path / f"orders{number}.xlsx"
        path.write_bytes(bomb(workbook(sheet)))
        assert name in zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")
        try:
            said = read(path, on_bad="return")
            said = said.raw.to_csv() + said.rejects.to_csv()
        except EngagelabError as error:
            said = str(error)
        assert "qzsecret" not in said and "haha" not in said


def test_settings_are_values_and_name_no_file_outside_their_folder(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "private.png").write_bytes(b"\x89PNG\r\n\x1a\n private")
    for logo in ("../private.png", (tmp_path / "private.png").as_posix()):
        (data / "engagelab.toml").write_text(f'logo = "{logo}"\n', "utf-8")
        with pytest.raises(SourceError, match="a picture in this folder"):
            read_folder(data, key=KEY)
    hostile = 'name = "{{ 7*7 }}{% import os %}<script>"\nsegment = "__import__(\'os\')"\n'
    assert tomllib.loads(hostile)
    (data / "engagelab.toml").write_text(hostile, "utf-8")
    assert read_folder(data, key=KEY).settings.name == "{{ 7*7 }}{% import os %}<script>"
