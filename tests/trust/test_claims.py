"""Every sentence of the pages on trust has a test beside it, which exists and runs."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("believe", "threats")
LINK = re.compile(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)")


def items(text):
    """The list items of a page, each as one line; a line that is neither heading nor item is an item of its own."""
    found = []
    for line in text.splitlines():
        if line.startswith("  ") and found:
            found[-1] += " " + line.strip()
        elif line and not line.startswith("#"):
            found.append(line)
    return found


def split(item):
    """The sentence of an item, and its links to tests as (name, path)."""
    return re.sub(r"\s*\([\s,]*\)$", "", LINK.sub("", item)), LINK.findall(item)


def sentences(text):
    """How many sentences a text has; a point within a number, a name or code ends none."""
    return len(re.findall(r"[.!?](?=\s|$)", re.sub(r"`[^`]*`|\be\.g\.|\bi\.e\.", "x", text)))


def names_in(path):
    """The names of the tests in a file that nothing skips."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
            and not any("skip" in ast.unparse(mark) for mark in node.decorator_list)}


CLAIMS = [pytest.param(item, id=f"{page}-{number}") for page in PAGES
          for number, item in enumerate(items((ROOT / f"docs/{page}.md").read_text("utf-8")), 1)]


@pytest.mark.parametrize("item", CLAIMS)
def test_each_sentence_has_its_test(item):
    sentence, links = split(item)
    assert sentence.startswith("- "), f"not a list item: {item}"
    assert sentences(sentence) == 1, f"one sentence an item: {item}"
    assert links, f"no test beside it: {item}"
    for name, path in links:
        assert (ROOT / path).is_file(), f"no file {path}"
        assert name in names_in(path), f"no test {name} in {path}, or it is skipped"


@pytest.mark.parametrize("page", PAGES)
def test_each_heading_has_sentences(page):
    parts = re.split(r"^## .*$", (ROOT / f"docs/{page}.md").read_text("utf-8"), flags=re.MULTILINE)
    assert all(items(part) for part in parts[1:])


def test_a_sentence_without_a_test_is_found():
    lone, named = "- All is well.", "- All is well. ([test_x](../tests/a/test_a.py))"
    assert split(lone) == (lone, []) and split(named) == (lone, [("test_x", "tests/a/test_a.py")])
    assert split(named[:-1] + ", [test_y](../tests/test_b.py))")[0] == lone
    assert sentences("- One is 2.5. Two is `a.b`.") == 2
    assert items("# Title\n\n- One\n  goes on.\nloose") == ["- One goes on.", "loose"]
