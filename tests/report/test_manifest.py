"""A manifest tells what pages were made of; with it anybody makes them again and sees what is not the same."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagelab import cli, words
from engagelab.errors import SourceError, UsageError
from engagelab.report import reproduce as again
from engagelab.report import run
from engagelab.report.manifest import differences, read_manifest
from engagelab.report.reproduce import Finding, reproduce
from tests.report import tiny

TWO = {"01_orders": tiny.notebook("01 Orders", tiny.cell("one", "section:answer")),
       "02_more": tiny.notebook("02 More", tiny.cell("two", "section:answer"))}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project with pages of two clients, made without a kernel."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "execute", tiny.pretend)
    monkeypatch.setattr(run, "find_spec", lambda name: None)    # no slides
    tiny.project(tmp_path, TWO, ["alpha", "beta"])
    (tmp_path / "clients/beta/engagelab.toml").write_text('logo = "logo.png"\n', encoding="utf-8")
    (tmp_path / "clients/beta/logo.png").write_bytes(b"\x89PNG\r\n\x1a\n rest")
    (tmp_path / "clients/beta/notes.md").write_text("not read", encoding="utf-8")
    assert cli.main(["report", "--data", "clients/alpha", "clients/beta", "--out", "out", "--period", "2026Q2"]) == 0
    yield tmp_path
    words.set_language("en")


def found(*rest, **more):
    return [one for one in reproduce(Path("out/manifest.json"), *rest, **more) if isinstance(one, Finding)]


def bad(findings):
    return [one.text for one in findings if one.bad]


def test_it_tells_every_file_that_was_read_and_written_and_what_was_asked_for(place):
    text = (place / "out/manifest.json").read_text("utf-8")
    told = json.loads(text)
    assert set(told["files"]) == {"index.html", *(f"{name}/{file}.html" for name in ("alpha", "beta")
                                                  for file in ("01_orders", "02_more", "index"))}
    for name, one in told["files"].items():
        content = (place / "out" / name).read_bytes()
        assert one == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    alpha, beta = told["clients"]
    assert (alpha["folder"], alpha["pages"], set(alpha["data"])) == ("../clients/alpha", "alpha", {"orders.csv"})
    assert set(beta["data"]) == {"engagelab.toml", "logo.png", "orders.csv"}
    assert told["parameters"] == {"notebooks": ["01_orders", "02_more"], "period": "2026Q2", "language": None,
                                  "pdf": False}
    assert told["versions"]["python"] == ".".join(map(str, sys.version_info[:2])) and told["versions"]["duckdb"]
    assert str(place) not in text and text.endswith("}\n") and "\r" not in text


def test_the_same_run_writes_the_same_manifest_and_one_elsewhere_differs_in_the_folder_alone(place):
    first = (place / "out/manifest.json").read_bytes()
    cli.main(["report", "--data", "clients/alpha", "clients/beta", "--out", "out", "--period", "2026Q2", "--jobs", "1"])
    assert (place / "out/manifest.json").read_bytes() == first
    cli.main(["report", "--data", "clients/alpha", "clients/beta", "--out", "deep/er/out", "--period", "2026Q2"])
    assert (place / "deep/er/out/manifest.json").read_bytes() == first.replace(b"../clients", b"../../../clients")


def test_pages_are_made_again_and_every_file_is_the_same(place):
    findings = found()
    assert not bad(findings) and findings[-1].text == "7 of 7 files have the same bytes"
    assert cli.main(["report", "--reproduce", "out/manifest.json"]) == 0


def test_of_changed_data_every_file_is_named_and_nothing_is_run(place, monkeypatch):
    monkeypatch.setattr(again, "report", None)
    tiny.client(place, "alpha", orders=3)
    (place / "clients/beta/orders.csv").rename(place / "clients/beta/more.csv")
    (place / "clients/beta/logo.png").write_bytes(b"\x89PNG\r\n\x1a\n other")
    (place / "clients/beta/notes.md").write_text("still not read", encoding="utf-8")
    assert [text.split(",")[0].split(" so ")[0] for text in bad(found())] == [
        "alpha: orders.csv was changed since", "beta: logo.png was changed since", "beta: more.csv is new",
        "beta: orders.csv is missing"]
    assert cli.main(["report", "--reproduce", "out/manifest.json"]) == 1


def test_one_byte_that_differs_is_told_with_its_file(place, monkeypatch):
    monkeypatch.setattr(run, "execute", lambda fit, folder, env: tiny.pretend(
        fit, folder=folder) if "More" not in fit.cells[0].source else tiny.pretend(tiny.notebook(
            "02 More", tiny.cell("tw0", "section:answer")), folder=folder))
    assert bad(found()) == [f"{name}: other bytes" for name in (
        "alpha/02_more.html", "alpha/index.html", "beta/02_more.html", "beta/index.html", "index.html")]


def test_other_versions_cells_and_keys_are_said(place, monkeypatch):
    told = json.loads((place / "out/manifest.json").read_text("utf-8"))
    told["versions"] |= {"pandas": "2.0.0", "python-pptx": "99"}
    told["clients"][0]["key"] = "0" * 32
    (place / "out/manifest.json").write_text(json.dumps(told), encoding="utf-8")
    tiny.project(place, {**TWO, "02_more": tiny.notebook("02 More", tiny.cell("two ", "section:answer"))}, [])
    said = [one.text for one in found() if not one.bad]
    assert any(text.startswith("pandas: 2.0.0 then, 3") for text in said)
    assert any(text.startswith("python-pptx: 99 then") for text in said)
    assert "en/02_more: the notebook's cells were changed since" in said
    assert sum("named with another key" in text for text in said) == 1


def test_the_new_pages_can_be_kept_and_moved_data_named(place):
    shutil.move(place / "clients", place / "moved")
    with pytest.raises(UsageError, match="the data of alpha are not in"):
        found()
    with pytest.raises(UsageError, match="--data names 1 folders, the manifest has 2"):
        found(["moved/alpha"])
    with pytest.raises(UsageError, match="to be compared"):
        found(["moved/alpha", "moved/beta"], Path("out"))
    assert not bad(found(["moved/alpha", "moved/beta"], Path("kept")))
    assert (place / "kept/alpha/01_orders.html").read_bytes() == (place / "out/alpha/01_orders.html").read_bytes()


def test_a_page_that_was_not_made_this_time_is_told(place, monkeypatch):
    tiny.project(place, {**TWO, "02_more": tiny.notebook("02 More", tiny.cell("fail"))}, [])
    assert "alpha/02_more.html: not made this time" in bad(found())


def test_a_manifest_of_something_else_is_never_replaced(place):
    (place / "site").mkdir()
    (place / "site/manifest.json").write_text('{"name": "an app"}', encoding="utf-8")
    assert cli.main(["report", "--data", "clients/alpha", "--out", "site"]) == 1
    assert [path.name for path in (place / "site").iterdir()] == ["manifest.json"]


GOOD = {"kind": "engagelab report", "parameters": {"notebooks": [], "period": None, "language": None, "pdf": False},
        "clients": [{"name": "a", "pages": "a", "folder": "a", "key": "", "data": {}}], "notebooks": {}, "versions": {},
        "files": {}}


@pytest.mark.parametrize("change", [
    {"kind": "x"}, {"clients": []}, {"clients": ["a"]}, {"parameters": {"notebooks": "01"}}, {"files": {"a": 1}},
    {"parameters": {**GOOD["parameters"], "language": "fr"}}, {"parameters": {**GOOD["parameters"], "period": 3}},
    *({"clients": [{**GOOD["clients"][0], "pages": bad}]} for bad in ("..", "../x", "/x", "a/b", "a\\b", "C:", "."))])
def test_what_is_no_manifest_is_refused_before_anything_is_done(tmp_path, change):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    assert read_manifest(path) == GOOD
    path.write_text(json.dumps({**GOOD, **change}), encoding="utf-8")
    with pytest.raises(SourceError, match=r"manifest\.json is no manifest of a report"):
        read_manifest(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b"{" * 10, b"[" * 100_000, b'{"kind": NaN}'])
def test_a_file_that_is_no_json_is_refused(tmp_path, content):
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(SourceError):
        read_manifest(tmp_path / "manifest.json")


@given(st.dictionaries(st.text(max_size=2), st.integers(0, 2)), st.dictionaries(st.text(max_size=2), st.integers(0, 2)))
def test_differences_are_what_has_to_be_done_to_get_from_one_to_the_other(before, now):
    told = dict(differences(before, now))
    kept = {name: value for name, value in before.items() if told.get(name) != "missing"}
    assert kept | {name: now[name] for name, how in told.items() if how != "missing"} == now
    assert all((name in before) == (how != "new") and before.get(name) != now.get(name) for name, how in told.items())
