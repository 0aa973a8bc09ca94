"""Nothing leaves this machine: each test is held to it (tests/offline), and no way in takes an address."""

import ast
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

import engagelab as el
from engagelab import cli
from engagelab.errors import EngagelabError
from engagelab.report.render import Look, overview, page

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "engagelab").rglob("*.py"))
CALLERS = {"socket", "ssl", "http", "urllib", "requests", "httpx", "aiohttp", "tornado", "ftplib", "smtplib", "imaplib",
           "poplib", "xmlrpc", "socketserver"}
STARTERS = {"cli.py", "report/pdf.py", "notebook/wheels.py", "notebook/execute.py", "notebook/machine.py",
            "notebook/warm.py"}
DOORS = {"notebook/warm.py", "notebook/warm_door.py", "notebook/warm_server.py"}  # sockets of Unix, which are files
ADDRESSES = ["https://example.com/a.csv", "http://127.0.0.1:9/a.csv", "s3://bucket/a.parquet", "file:///a.csv",
             "https://example.com/*.parquet"]


def imports(source):
    """The modules that a text imports, wherever it does so, those of `urllib` in full."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{one.name}" for one in node.names)


def callers(source):
    """Which of them can call another machine; `urllib.parse` only takes addresses apart."""
    return {name for name in imports(source)
            if name.partition(".")[0] in CALLERS and not name.startswith("urllib.parse")}


def test_no_module_of_the_package_imports_one_that_calls():
    assert len(PACKAGE) > 200
    found = {path.relative_to(ROOT / "engagelab").as_posix(): callers(path.read_text("utf-8")) for path in PACKAGE}
    assert {name: modules for name, modules in found.items() if modules and name not in DOORS} == {}
    for name in DOORS:
        text = (ROOT / "engagelab" / name).read_text("utf-8")
        made = set(re.findall(r"socket\.socket\(([^)]*)\)", text))
        assert found[name] == {"socket"} and made <= {"socket.AF_UNIX", "fileno=descriptor"}
        assert not re.search(r"AF_INET|create_connection|create_server|getaddrinfo", text)


@pytest.mark.parametrize("line", ["import socket", "from urllib import request", "import urllib.request as r",
                                  "def f():\n    from http.client import HTTPConnection"])
def test_an_import_that_calls_is_found(line):
    assert callers(line) and not callers("from urllib.parse import quote\nfrom engagelab import files")


def test_other_programs_are_started_in_the_named_places_alone():
    starting = {path.relative_to(ROOT / "engagelab").as_posix() for path in PACKAGE
                if any(name.startswith("subprocess") for name in imports(path.read_text("utf-8")))}
    assert starting == STARTERS


PLANTED = {
    "plain": "def test_it():\n    import urllib.request\n    urllib.request.urlopen('http://192.0.2.1/')\n",
    "by_name": "def test_it():\n    import socket\n    socket.getaddrinfo('example.com', 443)\n",
    "swallowed": "import socket\ndef test_it():\n    try:\n        socket.create_connection(('192.0.2.1', 80))\n"
                 "    except OSError:\n        pass\n",
    "datagram": "import socket\ndef test_it():\n    with socket.socket(type=socket.SOCK_DGRAM) as one:\n"
                "        try:\n            one.sendto(b'x', ('192.0.2.1', 53))\n"
                "        except OSError:\n            pass\n",
    "in_a_child": "import subprocess, sys\nCODE = \"import socket; socket.create_connection(('192.0.2.1', 80))\"\n"
                  "def test_it():\n    subprocess.run([sys.executable, '-c', CODE], capture_output=True)\n",
    "by_pandas": "import pandas as pd\ndef test_it():\n    try:\n        pd.read_csv('https://example.com/a.csv')\n"
                 "    except OSError:\n        pass\n",
    "stays_here": "import socket\ndef test_it():\n    with socket.create_server(('127.0.0.1', 0)) as one:\n"
                  "        socket.create_connection(('localhost', one.getsockname()[1])).close()\n",
}
CELL = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80))\nexcept OSError:\n    print('offline')"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What pytest, set as for the project's own tests, says of the planted ones."""
    folder = tmp_path_factory.mktemp("planted")
    for name, text in PLANTED.items():
        (folder / f"test_planted_{name}.py").write_text(text, "utf-8")
    cell = nbformat.v4.new_code_cell(CELL, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="offline\n")]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "test_planted_in_a_cell.ipynb")
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={ROOT}",
                           f"--confcutdir={folder}", "-c", str(ROOT / "pyproject.toml"), "-p", "conftest",
                           "--nbval-sanitize-with", str(ROOT / "tests/sanitize.cfg"), "-rA", str(folder)],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize("name", [*PLANTED, "in_a_cell"])
def test_a_call_fails_the_test_that_makes_it(outcome, name):
    said = [line for line in outcome.splitlines() if f"test_planted_{name}" in line]
    failed = any(line.startswith(("ERROR", "FAILED")) for line in said)
    assert said, outcome
    assert failed == (name != "stays_here"), outcome
    assert "left this machine: socket." in outcome


WAYS = {
    "read": el.read, "sniff": el.sniff, "read_folder": el.read_folder, "setup": el.setup,
    "measure": lambda address: el.measure(address, el.rate("opened")),
    "next_action": lambda address: el.segments.next_action(el.example("customers"), address),
    "Ledger": lambda address: el.privacy.Ledger(address).read(),
}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("way", WAYS)
def test_an_address_in_place_of_a_file_is_refused_in_one_line(way, address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngagelabError) as error:
        WAYS[way](address)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("command", [["report", "--data"], ["doctor"], ["init"]])
def test_a_command_refuses_an_address_in_one_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main([*command, ADDRESSES[0]]) == 1
    said = capsys.readouterr().err
    assert said.startswith("engagelab: ") and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_duckdb_fetches_no_extension():
    engine = sys.modules[el.query.__module__]._connect(None, True)
    settings = "SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%extensions'"
    said = dict(engine.execute(settings).fetchall())
    assert said == {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    opened = [line for path in PACKAGE for line in path.read_text("utf-8").splitlines()
              if "duckdb.connect(" in line and ">>>" not in line]
    assert len(opened) == 3 and all("config=config" in line or '"autoinstall_known_extensions": False' in line
                                    for line in opened)


class Resources(HTMLParser):
    """What a page would load, and the policy by which the browser refuses to."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.policy, self.tags = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        said = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if said.get("http-equiv") == "Content-Security-Policy" and "body" not in self.tags and "style" not in self.tags:
            self.policy = said["content"]
        self.loaded += [said[name] for name in ("src", "srcset", "data", "poster", "background") if name in said]
        self.loaded += [said["href"] for _ in said if tag == "link" and "href" in said]


def pages():
    look, note = Look("Asanagi", ("#123456", "#abcdef"), "en"), nbformat.v4.new_notebook()
    markdown = nbformat.v4.new_output("display_data", {"text/markdown": "![x](https://example.com/pixel.png)"})
    note.cells = [nbformat.v4.new_markdown_cell("# A page"), nbformat.v4.new_code_cell("1", outputs=[markdown])]
    yield "page", page(note, look)
    yield "index", overview("index.html.j2", look, pages=[], failed=[], left_out=[])
    yield "clients", overview("clients.html.j2", look, clients=[])


@pytest.mark.parametrize(("name", "text"), list(pages()))
def test_the_browser_itself_is_told_to_load_nothing(name, text):
    seen = Resources(text)
    assert seen.policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert not re.search(r"@import|url\(|<script|<link|<iframe", text)


def test_the_lab_asks_nobody_for_news(monkeypatch):
    called = []
    monkeypatch.setattr(subprocess, "call", lambda command, **_: called.extend(command) or 0)
    assert cli.main(["lab"]) == 0
    assert {"--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None",
            "--LabApp.extension_manager=readonly"} <= set(called)
