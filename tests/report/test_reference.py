"""The pages of reference are what the docstrings say, and every public name is explained by an example."""

import inspect
import re
from pathlib import Path

import pytest

import engagelab as el
from engagelab import words
from engagelab.metrics.catalogue import catalogue
from engagelab.report import reference

FOLDER = Path(__file__).parents[2] / "docs/reference"
NAMES = [(el, name) for name in reference.public(el)] + [
    (getattr(el, room), name) for room in el.ROOMS for name in reference.public(getattr(el, room))]


@pytest.fixture(scope="module")
def pages():
    return reference.pages()


def test_the_pages_are_what_the_docstrings_give(pages):
    stored = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert stored == pages, "engagelab rebuild writes them"


def test_rebuild_writes_what_differs_names_what_is_too_much_and_check_only_looks(tmp_path, pages):
    assert len(reference.write_pages(tmp_path, check=True)) == len(pages)
    assert not list(tmp_path.iterdir())
    reference.write_pages(tmp_path)
    (tmp_path / "ltv.md").write_text("old", encoding="utf-8")
    (tmp_path / "gone.md").write_text("a room that there was", encoding="utf-8")
    for check in (True, False):
        assert [path.name for path in reference.write_pages(tmp_path, check=check)] == ["gone.md", "ltv.md"]
    stored = {path.name: path.read_bytes().decode() for path in tmp_path.iterdir()}
    assert stored == {**pages, "gone.md": "a room that there was"}


def test_they_are_the_same_in_every_language(pages):
    with words.speaking("ja"):
        assert reference.pages() == pages


@pytest.mark.parametrize(("room", "name"), NAMES, ids=[f"{room.__name__}.{name}" for room, name in NAMES])
def test_a_public_name_has_an_example(room, name):
    assert ">>> " in inspect.getdoc(getattr(room, name))


def test_every_name_and_every_metric_is_on_its_page(pages):
    for room, name in NAMES:
        page = pages["el.md" if name in el.FACE else room.__name__.rpartition(".")[2] + ".md"]
        assert re.search(rf"^## el\.(\w+\.)?{name}$", page, re.MULTILINE), name
    for key in catalogue()["key"]:
        assert f"\n| {key} | " in pages["catalogue.md"]


def test_every_link_leads_to_a_page_and_a_heading(pages):
    def anchor(heading):  # as the viewers of Markdown make it
        return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")

    headings = {name: {anchor(line) for line in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
                for name, page in pages.items()}
    links = [(name, link) for name, page in pages.items() for link in re.findall(r"\]\(([^)]+)\)", page)]
    assert len(links) > 150
    for name, link in links:
        page, _, place = link.partition("#")
        assert (page or name) in pages, link
        assert not place or place in headings[page or name], link


def test_nothing_on_a_page_depends_on_the_process_or_the_machine(pages):
    for name, page in pages.items():
        assert not re.search(r"0x[0-9a-f]{6}|<factory>|<function|Union\[|/home/|\\Users", page), name


def test_a_signature_says_types_as_they_are_written_and_breaks_behind_commas():
    def asked(data: "el.Design", *, by: str | list[str] | None = None, confidence: float = .95) -> "el.Design":
        """Nothing."""

    assert reference.signature("el.asked", asked) == (
        "el.asked(data: Design, *, by: str | list[str] | None = None, confidence: float = 0.95) -> Design")
    long = reference.signature("el.measure", el.measure).splitlines()
    assert len(long) > 2
    assert all(line.endswith(",") for line in long[:-1])
    assert max(map(len, long)) <= reference.WIDTH


def test_a_docstring_becomes_markdown_in_which_its_signs_are_kept():
    shown = reference._markdown("Rows of <by> and a * b; `a * b` as it is.\n\ntime, every : the column.\n    And on.\n"
                                "since : from here. until : to there.\n\n    x = 1\n\n>>> 1 + 1\n2")
    assert shown == ("Rows of \\<by> and a \\* b; `a * b` as it is.\n\n- `time`, `every`: the column.\n  And on.\n"
                     "- `since`: from here.\n- `until`: to there.\n\n```text\nx = 1\n```\n\n"
                     "```python\n>>> 1 + 1\n2\n```")


def test_a_long_list_of_names_is_read_at_once():
    words_ = ", ".join(["a_rather_long_name"] * 60)
    assert reference._markdown(f"{words_} and no colon").startswith("a_rather_long_name, ")


def test_the_methods_of_an_answer_are_told_and_the_sums_of_a_noun_are_not():
    assert {"evaluate", "explain", "what_if"} <= set(reference.members(el.kpi.Tree))
    assert reference.members(el.metrics.wilson.__class__) == {}
    assert reference.members(type(el.rate("opened"))) == {}
