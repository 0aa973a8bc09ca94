"""The catalogue of words is complete: every key in every language, with the same values in each."""

import ast
import re
import string
from pathlib import Path

import pytest

from engagelab import words
from engagelab.sources.declarations import formats
from engagelab.sources.folder import _FRAME
from engagelab.sources.merge import matches
from engagelab.sources.problems import COLUMNS
from engagelab.sources.questions import codebook

PACKAGE = Path(words.__file__).parent.parent


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", words.catalogue())
def test_a_key_has_every_language_and_the_same_values_in_each(key):
    row = words.catalogue()[key]
    assert set(row) == set(words.LANGUAGES)
    assert all(row.values()), key
    assert len({frozenset(fields(text)) for text in row.values()}) == 1, key


def keys_in_the_code():
    """Every literal that looks like a key of the catalogue, with where it stands."""
    rooms = {key.split(".")[0] for key in words.catalogue()}
    pattern = re.compile(rf"(?:{'|'.join(map(re.escape, rooms))})\.[a-z0-9_.]*[a-z0-9_]")
    for file in sorted(PACKAGE.rglob("*/*.py")):  # the face names modules, which look like keys
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value):
                yield node.value, f"{file.relative_to(PACKAGE)}:{node.lineno}"


def test_every_key_that_the_code_names_is_in_the_catalogue():
    known = words.catalogue()
    missing = [f"{where} {key}" for key, where in keys_in_the_code()
               if key not in known and not key.endswith((".csv", ".json", ".md", ".py", ".toml", ".sql"))
               and not (key.endswith("_") and any(name.startswith(key) for name in known))]
    assert not missing


def test_the_language_can_be_changed_and_only_to_one_that_is_there():
    try:
        words.set_language("ja")
        assert words.text("words.languages") == "日本語"
        with pytest.raises(ValueError, match="languageには"):
            words.set_language("de")
    finally:
        words.set_language("en")


def test_a_list_is_joined_as_the_language_joins_it():
    assert words.joined(["a", 2]) == "a, 2"
    with words.speaking("ja"):
        assert words.joined(["a", 2]) == "a、2"
    assert words.language() == "en"


def test_the_language_comes_back_after_an_error():
    with pytest.raises(KeyError), words.speaking("ja"):
        words.text("no.such_key")
    assert words.language() == "en"


HEADS = [_FRAME, COLUMNS, codebook([], "").columns, matches({}, ()).columns, formats().columns]


@pytest.mark.parametrize("columns", HEADS, ids=["files", "rejects", "codebook", "matches", "formats"])
def test_every_head_of_a_table_about_files_has_a_word(columns):
    assert [name for name in columns if not words.has(f"label.{name}")] == []
