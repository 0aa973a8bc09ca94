"""A run makes the pages of every client; what fails is told, and what is left of an earlier run goes."""

import signal
from pathlib import Path

import pytest

from engagelab import cli, words
from engagelab.errors import DataError, SourceError, UsageError
from engagelab.notebook import execute as kernels
from engagelab.report import clients, run
from engagelab.report.clients import Asked, clients_of
from engagelab.report.pdf import NoPDF
from engagelab.report.progress import told
from engagelab.report.run import report
from tests.report import tiny

TWO = {"01_orders": tiny.notebook("01 Orders", tiny.cell("one", "section:answer")),
       "02_more": tiny.notebook("02 More", tiny.cell("two", "section:answer"))}
FAILING = {**TWO, "02_more": tiny.notebook("02 More", tiny.cell("fail"))}


@pytest.fixture(autouse=True)
def english():
    yield
    words.set_language("en")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder for a project, in which no kernel runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "execute", tiny.pretend)
    monkeypatch.setattr(run, "find_spec", lambda name: None)    # no slides
    return tmp_path


def made(*data, out="out", asked=None, jobs=2):
    found = clients_of(data, Path(out))
    return list(report(found, Path(out), asked or Asked(), jobs=jobs))


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_pages_of_one_client_stand_in_the_folder_itself(place):
    tiny.project(place, TWO)
    done = made("clients/alpha")
    assert sorted(one.notebook for one in done) == ["01_orders", "02_more"]
    assert set(contents(place / "out")) == {"01_orders.html", "02_more.html", "index.html", "manifest.json"}
    index = (place / "out/index.html").read_text("utf-8")
    assert '<a href="01_orders.html">Orders</a><p>said one</p>' in index
    assert index.index("01_orders.html") < index.index("02_more.html")


def test_several_clients_have_a_folder_each_and_one_index_over_all(place):
    tiny.project(place, TWO, ["alpha", "beta & <b>#1"])
    made("clients/*")
    assert {name for name in contents(place / "out") if name.endswith("index.html")} == {
        "index.html", "alpha/index.html", "beta & <b>#1/index.html"}
    index = (place / "out/index.html").read_text("utf-8")
    assert '<a href="beta%20%26%20%3Cb%3E%231/index.html">beta &amp; &lt;b&gt;#1</a>' in index
    assert index.count("said one") == 2 and "../" not in (place / "out/alpha/index.html").read_text("utf-8")


def test_the_bytes_do_not_depend_on_how_many_notebooks_run_at_once(place):
    tiny.project(place, {f"{number:02d}_a": tiny.notebook(f"{number:02d} T{number}", tiny.cell("x", "section:answer"))
                         for number in range(1, 6)}, ["alpha", "beta", "gamma"])
    for jobs in (1, 4):
        made("clients/*/", out=f"out{jobs}", jobs=jobs)
    assert contents(place / "out1") == contents(place / "out4") and len(contents(place / "out1")) == 3 * 6 + 2


def test_a_client_is_read_once_for_all_its_notebooks(place, monkeypatch):
    tiny.project(place, TWO, ["alpha", "beta"])
    read, kept = [], []
    monkeypatch.setattr(clients, "open_data", lambda data, known=clients.open_data: read.append(data) or known(data))
    monkeypatch.setattr(run, "execute", lambda fit, folder, env: kept.append(env) or tiny.pretend(fit, folder=folder))
    made("clients/alpha", "clients/beta")
    assert len(read) == 2 and len(kept) == 4
    assert len({env["ENGAGELAB_DATA"] for env in kept}) == 2 and {env["ENGAGELAB_TABLES"] for env in kept} == {"1"}


def test_the_notebooks_get_the_folder_the_language_and_the_period(place, monkeypatch):
    tiny.project(place, TWO)
    given = []
    monkeypatch.setattr(run, "execute", lambda fit, folder, env: given.append((fit.cells[2].source, folder.name)) or
                        tiny.pretend(fit, folder=folder))
    made("clients/alpha", asked=Asked(("01",), "2026Q2", "ja"))
    assert given == [(f"data = {str(place / 'clients/alpha')!r}\nlanguage = 'ja'\nperiod = '2026Q2'", "ja")]
    page = (place / "out/01_orders.html").read_text("utf-8")
    assert '<html lang="ja">' in page and "2026Q2（データ期間：2026-01-01～2026-06-30）" in page


def test_each_client_is_told_of_in_its_own_language(place):
    tiny.project(place, TWO, ["alpha", "beta"])
    (place / "clients/beta/engagelab.toml").write_text('name = "朝凪"\nlanguage = "ja"\n', encoding="utf-8")
    made("clients/alpha", "clients/beta")
    english, japanese = ((place / "out" / name / "01_orders.html").read_text("utf-8") for name in ("alpha", "beta"))
    assert '<html lang="ja">' in japanese and "結論" in japanese and "The answer" not in japanese
    assert '<html lang="en">' in english and "結論" not in english and "The answer" in english
    assert "朝凪" in (place / "out/index.html").read_text("utf-8")


def test_the_run_itself_speaks_the_language_that_is_asked_for(place, capsys):
    tiny.project(place, TWO, ["alpha", "beta"])
    assert cli.main(["report", "--data", "clients/*", "--out", "out", "--language", "ja"]) == 0
    assert "ブラウザーで" in capsys.readouterr().out
    assert '<html lang="ja">' in (place / "out/index.html").read_text("utf-8")


def test_a_notebook_that_fails_is_told_and_its_earlier_pages_go(place, capsys):
    tiny.project(place, TWO)
    made("clients/alpha")
    for name in ("02_more.pdf", "02_more.xlsx", "notes.html"):
        (place / "out" / name).write_text("of an earlier run", encoding="utf-8")
    tiny.project(place, FAILING)
    assert cli.main(["report", "--data", "clients/alpha", "--out", "out"]) == 1
    assert "alpha/02_more; More: no page, because it failed\n" in capsys.readouterr().out
    assert set(contents(place / "out")) == {"01_orders.html", "notes.html", "index.html", "manifest.json"}
    assert '<li class="problem">More: no page, because it failed</li>' in (place / "out/index.html").read_text("utf-8")


def test_a_client_that_cannot_be_read_is_told_and_the_others_are_finished(place, capsys):
    tiny.project(place, TWO, ["alpha", "beta", "gamma"])
    made("clients/*")
    (place / "clients/alpha/engagelab.toml").write_text("name = \n", encoding="utf-8")
    (place / "clients/beta/orders.csv").write_text("x\n1\n", encoding="utf-8")
    assert cli.main(["report", "--data", "clients/*", "--out", "out"]) == 1
    assert {name for name in contents(place / "out") if "0" in name} == {"gamma/01_orders.html", "gamma/02_more.html"}
    said = capsys.readouterr().out
    assert "alpha; engagelab.toml" in said and "beta; beta gives no table" in said
    for index in ("index.html", "alpha/index.html"):
        assert "engagelab.toml" in (place / "out" / index).read_text("utf-8")


def test_a_file_that_the_system_refuses_is_told_without_the_folders_of_this_machine(place, monkeypatch):
    tiny.project(place, TWO, ["alpha", "beta"])

    def sums(client, known=run.data_of):
        if client.name == "alpha":
            raise PermissionError(13, "Permission denied", str(place / "clients/alpha/orders.csv"))
        return known(client)

    monkeypatch.setattr(run, "data_of", sums)
    assert made("clients/*")[0].problems == (
        "alpha/orders.csv: access is denied, or another program holds it open",)
    assert (place / "out/beta/01_orders.html").exists()
    assert str(place) not in (place / "out/index.html").read_text("utf-8")


def test_a_single_client_that_cannot_be_read_leaves_everything_as_it_was(place):
    tiny.project(place, TWO)
    made("clients/alpha")
    before = contents(place / "out")
    (place / "clients/alpha/orders.csv").write_text("x\n1\n", encoding="utf-8")
    with pytest.raises(SourceError, match="alpha gives no table"):
        made("clients/alpha")
    with pytest.raises(DataError, match="the data run from 2026-01-01 to 2026-07-31"):
        tiny.client(place, "alpha")
        made("clients/alpha", asked=Asked(period="2025Q1"))
    assert contents(place / "out") == before


def test_what_nobody_foresaw_costs_one_page_and_says_so_in_one_line(place, monkeypatch):
    tiny.project(place, TWO)

    def page(done, *rest, known=run.page):
        if "More" in done.cells[0].source:
            raise KeyError("x\ny")
        return known(done, *rest)

    monkeypatch.setattr(run, "page", page)
    done = {one.notebook: one for one in made("clients/alpha")}
    assert done["02_more"].problems == ("More: no page, because KeyError: 'x\\ny'",)
    assert done["01_orders"].page == "01_orders.html" and not done["01_orders"].problems


def test_a_page_without_its_pdf_is_a_page_and_says_so(place, monkeypatch):
    tiny.project(place, TWO)

    def pdf(page, program):
        raise NoPDF("report.browser_hangs", browser="chrome", seconds="3")

    monkeypatch.setattr(run, "pdf", pdf)
    monkeypatch.setattr(run, "browser", lambda: Path("chrome"))
    done = made("clients/alpha", asked=Asked(("01",), pdf=True))
    assert done[0].problems == ("Orders: no PDF, because chrome did not finish within 3 seconds and was ended",)
    assert done[0].page and "no PDF" in (place / "out/index.html").read_text("utf-8")


def test_what_stands_beside_a_page_is_linked_and_the_printed_page_links_to_nothing(place, monkeypatch):
    tiny.project(place, TWO)
    printed = []
    monkeypatch.setattr(run, "pdf", lambda page, program: printed.append(page) or b"%PDF")
    monkeypatch.setattr(run, "browser", lambda: Path("chrome"))
    made("clients/alpha", asked=Asked(("01",), pdf=True))
    for name in ("01_orders.html", "index.html"):
        assert 'href="01_orders.pdf"' in (place / "out" / name).read_text("utf-8")
    assert (place / "out/01_orders.pdf").read_bytes() == b"%PDF" and "01_orders" not in printed[0]


def test_without_a_browser_the_pages_are_made_all_the_same(place, monkeypatch, capsys):
    tiny.project(place, TWO)
    for module in (cli, run):
        monkeypatch.setattr(module, "browser", lambda: None)
    assert cli.main(["report", "--data", "clients/alpha", "--out", "out", "--pdf"]) == 1
    assert "ENGAGELAB_BROWSER" in capsys.readouterr().err
    assert (place / "out/02_more.html").exists()


@pytest.mark.parametrize(("data", "said"), [
    (["clients/alpha", "other/ALPHA"], "have the same name"), (["clients/alpha", "clients/alpha/"], "the same name"),
    (["clients/none"], "not a folder"), (["none/*"], "not a folder"), (["clients/alpha/orders.csv"], "not a folder")])
def test_folders_that_cannot_be_are_said_with_a_remedy(place, data, said):
    tiny.project(place, TWO)
    (place / "other/ALPHA").mkdir(parents=True)
    with pytest.raises(UsageError, match=said):
        clients_of(data, place / "out")


def test_a_pattern_is_that_of_folders_and_a_folder_is_no_pattern(place):
    tiny.project(place, TWO, ["alpha", "beta", "b[eE]ta"])
    (place / "clients/notes.txt").write_text("", encoding="utf-8")
    names = [[client.name for client in clients_of([pattern], place / "out")]
             for pattern in ("clients/*", "clients/b[eE]ta", f"{place}/clients/?lpha/")]
    assert names == [["alpha", "b[eE]ta", "beta"], ["b[eE]ta"], ["alpha"]]


def test_pages_never_go_among_the_data(place):
    tiny.project(place, TWO, ["alpha", "beta"])
    for data, out in ((["clients/alpha"], "clients/alpha"), (["clients/*"], "clients"), (["sample"], "data")):
        with pytest.raises(UsageError, match="read as data the next time"):
            clients_of(data, Path(out))


def test_a_run_that_is_stopped_writes_nothing(place):
    tiny.project(place, TWO)
    work = report(clients_of(["clients/alpha"], place / "out"), place / "out", Asked(), jobs=1)
    next(work)
    work.close()
    assert not (place / "out").exists()


def test_stopping_ends_the_kernels_that_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny.project(tmp_path, {"01_quick": tiny.notebook("01 Quick"),
                            "02_endless": tiny.notebook("02 Endless", tiny.cell("while True: pass"))})
    work = report(clients_of(["clients/alpha"], tmp_path / "out"), tmp_path / "out", Asked(), jobs=2)
    assert next(work).notebook == "01_quick"
    work.close()
    assert kernels._running == [] and not (tmp_path / "out").exists()


def test_a_kernel_that_is_killed_costs_one_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    killing = f"import os\nos.kill(os.getpid(), {int(getattr(signal, 'SIGKILL', signal.SIGTERM))})"
    tiny.project(tmp_path, {"01_orders": tiny.notebook("01 Orders", tiny.cell(killing)),
                            "02_more": tiny.notebook("02 More", tiny.cell("1 + 1", "section:answer"))})
    done = {one.notebook: one for one in made("clients/alpha", out=tmp_path / "out")}
    assert done["01_orders"].problems[0].startswith("Orders: no page, because its kernel ended")
    assert done["02_more"].page and not done["02_more"].problems


def test_a_terminal_is_told_how_many_of_how_many_are_done(place, monkeypatch, capsys):
    tiny.project(place, TWO, ["alpha", "beta"])
    (place / "clients/alpha/orders.csv").write_text("x\n1\n", encoding="utf-8")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert told(report(clients_of(["clients/*"], place / "out"), place / "out", Asked(), jobs=1))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == ["2 of 4", "3 of 4", "4 of 4"]
    assert lines[1].endswith(" s: beta/01_orders")
