"""A lesson in Japanese has the same code and a translation of each piece of prose; a student's copy has no solution."""

import nbformat
import pytest

from engagelab.notebook.editions import Untranslated, digest, japanese, prose, student, translation, write_copies

CODE = """data = "sample"  # or the folder with your own export files
language = None  # as is
text = "# change this value\""""
EXERCISE = ('top = 1  # change this value\n### BEGIN SOLUTION\ntop = 2\n### END SOLUTION\nel.check("01.1", top)')
TAGS = {"tags": ["lesson", "exercise"]}


@pytest.fixture
def path(tmp_path):
    """A lesson of three cells and its translation."""
    path = tmp_path / "notebooks" / "01_small.ipynb"
    translation(path).parent.mkdir(parents=True)
    cells = [nbformat.v4.new_markdown_cell("# 01 Small"), nbformat.v4.new_code_cell(CODE),
             nbformat.v4.new_code_cell(EXERCISE, metadata=TAGS)]
    cells[1].outputs, cells[1].execution_count = [nbformat.v4.new_output("stream", text="1")], 1
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    translation(path).write_text(f"<!-- cell {digest('# 01 Small')} -->\n# 01 小さな\n\n例\n", "utf-8")
    return path


def test_prose_is_translated_and_code_is_not_but_for_its_language_and_its_comments(path):
    prose_cell, code, exercise = japanese(path).cells
    assert prose_cell.source == "# 01 小さな\n\n例"
    assert code.source.splitlines() == [
        'data = "sample"  # 自社のエクスポートファイルを使うときは、そのフォルダー', 'language = "ja"  # as is',
        'text = "# change this value"']
    assert code.outputs == []
    assert exercise.source.startswith("top = 1  # この値を変えてください\n### BEGIN SOLUTION")
    assert exercise.metadata.tags == TAGS["tags"]


def test_a_changed_english_sentence_asks_for_its_translation_again(path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = "# 01 Smaller"
    nbformat.write(notebook, path)
    with pytest.raises(Untranslated, match=f"01_small.md: no translation of the cell {digest('# 01 Smaller')}"):
        japanese(path)


def test_an_empty_translation_is_none(path):
    translation(path).write_text(f"<!-- cell {digest('# 01 Small')} -->\n\n", "utf-8")
    with pytest.raises(Untranslated, match="no translation"):
        japanese(path)


def test_a_translation_without_its_cell_is_named(path):
    with translation(path).open("a", encoding="utf-8") as file:
        file.write("\n<!-- cell 01234567 -->\n古い文\n")
    with pytest.raises(Untranslated, match="01234567"):
        japanese(path)


def test_without_a_file_every_cell_lacks_its_translation(path):
    translation(path).unlink()
    assert prose(translation(path)) == {}
    with pytest.raises(Untranslated):
        japanese(path)


def test_a_students_copy_has_neither_solutions_nor_outputs(path):
    copy = student(nbformat.read(path, as_version=4))
    assert copy.cells[2].source == 'top = 1  # change this value\nel.check("01.1", top)'
    assert [cell.get("outputs") for cell in copy.cells[1:]] == [[], []]
    assert [cell.get("execution_count") for cell in copy.cells[1:]] == [None, None]


def test_copies_in_both_languages_are_written_once_and_a_changed_one_is_named(path, tmp_path):
    folder = tmp_path / "workshop"
    assert write_copies(path, folder, check=True) == [folder / "01_small.ipynb", folder / "ja/01_small.ipynb"]
    assert not folder.exists()
    write_copies(path, folder)
    assert write_copies(path, folder) == []
    stale = folder / "ja/01_small.ipynb"
    stale.write_text(stale.read_text("utf-8").replace("小さな", "大きな"), "utf-8")
    assert write_copies(path, folder, check=True) == [stale]
    assert "SOLUTION" not in stale.read_text("utf-8")
