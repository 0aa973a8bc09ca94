"""The pages of the workshop: minutes are those of the lessons, figures can be found, links lead on."""

import doctest
import re
import shlex
from pathlib import Path

import nbformat
import pytest

from engagelab import words
from engagelab.cli import parser
from engagelab.notebook.kit import PAGES, ROOT, START
from engagelab.notebook.setup import folder_of
from engagelab.sources.declarations import formats

HOME = Path(__file__).parents[2]
WORKSHOP = HOME / "workshop"
ALL = sorted(path.relative_to(WORKSHOP).as_posix() for path in [*WORKSHOP.glob("*.md"), *WORKSHOP.glob("ja/*.md")])
LANGUAGES = ("", "ja/")
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
ROW = re.compile(r"^\| (\d+:\d\d) \| *(\d*) \| (.+) \|$")
LESSON = re.compile(r"\*\*(\d\d)(?: ?(?:or|または) ?(\d\d))?\*\* (together|講義|exercises|演習)")
MINUTES = re.compile(r"\*\*Minutes\*\* (\d+) to read, (\d+) to try things out")


def page(name):
    return (WORKSHOP / name).read_text("utf-8")


def tables(name):
    """The tables of a page, each as rows of cells without its heads."""
    return [[[cell.strip() for cell in row.strip("|\n").split("|")] for row in found.splitlines()[2:]]
            for found in TABLE.findall(page(name))]


def minutes():
    """Minutes by lesson: together, exercises."""
    found = {}
    for path in sorted((HOME / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells[:3])
        found[path.name[:2]] = [int(part) for part in MINUTES.search(text).groups()]
    return found


def retimed(table):
    """A timetable with the minutes of the lessons, and with the times that follow."""
    known, clock, lines = minutes(), 0, table.splitlines()[:2]
    for line in table.splitlines()[2:]:
        _, own, what = ROW.match(line).groups()
        lesson = LESSON.search(what)
        if lesson:   # where one of two is held, there is time for the longer
            part = lesson[3] in ("exercises", "演習")
            own = max(known[number][part] for number in lesson.groups()[:2] if number)
        lines.append(f"| {clock // 60}:{clock % 60:02d} | {own}{' ' * bool(own)}| {what} |")
        clock += int(own or 0)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_timetables_have_the_minutes_of_the_lessons(language):
    timetables = [found for found in TABLE.findall(page(language + "README.md")) if ROW.match(found.splitlines()[2])]
    assert len(timetables) == 4
    for found in timetables:
        assert found == retimed(found), f"the timetable should be\n\n{retimed(found)}"


def test_both_languages_have_the_same_timetables_of_the_lessons_that_are_promised():
    held = []
    for language in LANGUAGES:
        rows = [[(start, own, LESSON.search(what).groups()[:2] if LESSON.search(what) else None)
                 for start, own, what in table] for table in tables(language + "README.md") if len(table[0]) == 3
                and re.match(r"\d:\d\d", table[0][0])]
        held.append(rows)
    assert held[0] == held[1]
    lessons = [list(dict.fromkeys(row[2] for row in table if row[2])) for table in held[0]]
    assert lessons == [[("01", None), ("06", None), ("07", None)], [("03", None), ("06", None)],
                       [("04", None), ("05", None)],
                       [("01", None), ("02", "03"), ("04", "05"), ("06", None), ("07", None), ("08", None)]]


def test_half_a_day_is_below_five_hours_and_a_day_below_nine():
    ends = [table[-1][0] for table in tables("README.md") if re.match(r"\d:\d\d", table[0][0])]
    hours = [int(end.split(":")[0]) + int(end.split(":")[1]) / 60 for end in ends]
    assert max(hours[:3]) <= 5 and hours[3] <= 9, ends


@pytest.mark.parametrize("language", LANGUAGES)
def test_six_questions_have_four_options_and_one_right_answer_each(language):
    asked = re.split(r"^\*\*\d\. ", page(language + "questions.md"), flags=re.MULTILINE)[1:]
    assert [re.findall(r"^- \((\w)\)", part, re.MULTILINE) for part in asked] == [list("abcd")] * 6
    right = re.findall(r"<summary>(\d)\..*\((\w)\)</summary>", page(language + "teacher.md"))
    assert right == [("1", "b"), ("2", "c"), ("3", "d"), ("4", "c"), ("5", "b"), ("6", "c")]
    assert "(b)</summary>" not in page(language + "questions.md")


def printed(number, heading, language):
    """What the cells under a heading of a solved lesson print."""
    path = next((HOME / "notebooks" / language).glob(f"{number}_*.ipynb"))
    under, said = "", []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            found = re.search(r"^##? (.+)$", cell.source, re.MULTILINE)
            under = found[1].strip() if found else under
        elif under == heading:
            for output in cell.outputs:
                said += [output.get("text", ""), *map(str, output.get("data", {}).values())]
    return "\n".join(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_of_the_closing_case_stands_where_the_case_says(language):
    rows = tables(language + "closing_case.md")[0]
    assert {row[0] for row in rows} == {"05", "06", "07"} and len(rows) == 8
    missing = [row[:3] for row in rows if row[2] not in printed(row[0], row[1], language)]
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_points_add_up(language):
    *parts, total = (int(row[1].strip("*")) for row in tables(language + "closing_case.md")[1])
    assert sum(parts) == total == 20


@pytest.mark.parametrize("name", ["START_HERE.md", *PAGES, *(f"ja/{name}" for name in PAGES)])
def test_a_page_for_participants_gives_no_answer_away(name):
    text = page(name)
    assert "<details>" not in text and "teacher.md" not in text and "truth" not in text.lower()


@pytest.mark.parametrize("name", ALL)
def test_every_link_leads_to_a_page_that_whoever_reads_it_has(name):
    packed = {START, *ROOT, *(f"workshop/{language}{one}" for language in LANGUAGES for one in PAGES)}
    for target in re.findall(r"\]\(([^)]+)\)", page(name)):
        if name == START:
            assert target in packed
        else:
            reached = (WORKSHOP / name).parent.joinpath(target).resolve()
            assert reached.is_file()
            if Path(name).name in PAGES:
                assert reached.relative_to(HOME).as_posix() in packed


def commands():
    """Every line on the pages that calls the program, with the page on which it stands."""
    return sorted({(name, line) for name in ALL
                   for line in re.findall(r"(?:^|[`/\\])engagelab ([a-z][^`\n]*)", page(name), re.MULTILINE)})


@pytest.mark.parametrize(("name", "line"), commands())
def test_every_command_on_a_page_is_one_that_there_is(name, line):
    known = parser()._subparsers._group_actions[0].choices
    assert line.split()[0] in known
    if " " in line:   # the name of a command alone stands for all its uses
        parser().parse_args(shlex.split(line))


@pytest.mark.parametrize("name", ["README.md", "bring_your_own_data.md"])
def test_own_data_are_found_from_where_the_notebooks_lie(name, monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "engagelab"\n', "utf-8")
    for language in LANGUAGES:
        told = re.findall(r'`data = "([^"]+)"`', page(language + name))
        assert told
        notebooks = tmp_path / "workshop" / language
        notebooks.mkdir(parents=True, exist_ok=True)
        (tmp_path / "workshop" / "01_a.ipynb").touch()
        monkeypatch.chdir(notebooks)
        for one in told:
            (tmp_path / one).mkdir(exist_ok=True)
            assert folder_of(one).resolve() == tmp_path / one


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_example_on_pseudonyms_runs(language):
    text = page(language + "bring_your_own_data.md")
    found = doctest.DocTestParser().get_doctest(text, {}, "page", None, 0)
    assert found.examples and doctest.DocTestRunner(verbose=False).run(found).failed == 0


def test_every_system_that_is_named_is_one_whose_files_are_read():
    known = " ".join(formats()["where"]).lower()
    other = {"楽天RMS": "rms", "Rakuten RMS": "rms", "EC-CUBE 4": "ec-cube", "Google フォーム": "google forms"}
    for language in LANGUAGES:
        for system, _ in tables(language + "bring_your_own_data.md")[1]:
            name = other.get(system, system.lower())
            assert name in known, system


def test_both_languages_type_the_same_lines():
    english, japanese = page(START).split("# はじめに")
    blocks = [re.findall(r"```\n(.*?)```", text, re.DOTALL) for text in (english, japanese)]
    assert blocks[0] == blocks[1] and len(blocks[0]) == 4
    assert all("constraints.txt" in block for block in blocks[0][:3])


@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("ja/") and name != START])
def test_a_page_has_the_same_parts_in_both_languages(name):
    heads = [re.findall(r"^#+ ", page(one), re.MULTILINE) for one in (name, f"ja/{name}")]
    assert heads[0] == heads[1]
    sizes = [[len(table) for table in tables(one)] for one in (name, f"ja/{name}")]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("name", [name for name in ALL if name.startswith("ja/")])
def test_no_english_sentence_is_left_on_a_japanese_page(name):
    text = re.sub(r"```.*?```|`[^`]*`|\[[^]]*\]\([^)]*\)", "", page(name), flags=re.DOTALL)
    left = [found for found in re.findall(r"(?:[A-Za-z][A-Za-z'’-]*[ ,]+){4,}[A-Za-z]+", text)
            if found not in {"Restart Kernel and Run All Cells", "American Journal of Physics"}]
    assert not left


def test_the_words_of_check_are_those_that_the_page_quotes():
    for language, nothing, not_yet in (("en", "nothing there yet", "not yet"),
                                       ("ja", "まだ答えが入っていません", "もう一歩です")):
        known = words.catalogue()
        assert nothing in known["exercise.nothing"][language] and not_yet in known["exercise.not_yet"][language]
        text = page("README.md" if language == "en" else "ja/README.md")
        assert nothing in text and not_yet in text
