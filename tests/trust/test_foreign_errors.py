"""Whatever a public name, a command or a reader is given: an answer, or one line of ours."""

import attacks
import pytest
from corpus import CORPUS

import engagelab as el
from engagelab import cli, words
from engagelab.arguments import checked

NAMES = attacks.names()
QUICK = ("metrics.c", "metrics.d", "metrics.f", "metrics.g", "metrics.s", "metrics.w", "roi.r", "el.nps", "el.csat",
         "el.rate", "el.plan", "el.say", "el.show", "el.pick")  # the others make tables with every call
# of the first a broken call still ends in an error of a library; of the others it is not yet shown that none does
OPEN = ("kpi.mix", "ltv.BGNBD", "ltv.GammaGamma", "ltv.ParetoNBD", "roi.before_after", "segments.profile",
        "segments.r", "segments.s", "surveys.")
NOT_YET = pytest.mark.xfail(strict=False, reason="a broken call may still end in an error of a library")
ALL = [pytest.param(thing, id=label, marks=[] if label.startswith(QUICK) else [
    pytest.mark.slow, *([NOT_YET] if label.startswith(OPEN) else [])]) for label, thing in NAMES.items()]
NO_CALL = {"el.query"}  # its example ends in an error: it wants a server


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """What is written lands in a folder of its own; a language that was set is set back."""
    monkeypatch.chdir(tmp_path)
    yield
    words.set_language("en")


@pytest.mark.parametrize("thing", ALL)
def test_a_broken_argument_ends_in_an_answer_or_one_line(thing):
    found = attacks.attacked(thing)
    assert {fault: how for fault, how in found.items() if how.startswith(("foreign", "several"))} == {}


def test_every_public_name_has_a_call_to_break():
    without = {label for label, thing in NAMES.items() if label.startswith(QUICK) and attacks.example(thing) is None}
    assert without <= NO_CALL
    assert len(NAMES) > 180


@pytest.mark.parametrize("name", ["mix", "scorecard", "wilson"])
def test_without_the_room_s_door_foreign_errors_are_found(name):
    """The same attacks on the function as it stands inside."""
    thing = getattr(el.metrics, name)
    found = attacks.attacked(thing, called=thing.__wrapped__)
    assert sum(how.startswith("foreign") for how in found.values()) > 5


def planted(data: list[int], place: int = 0) -> int:
    """One that fails inside.

    >>> planted([1, 2], 1)
    2
    """
    return data[place]


def test_what_a_planted_fault_ends_in():
    found = attacks.attacked(planted)
    assert found["data: None"].startswith("foreign: TypeError")
    assert found["data: no list"].startswith("foreign: IndexError")
    door = attacks.attacked(planted, called=checked(planted))
    assert door["data: None"] == "errors.argument" and door["data: no list"] == "errors.unfit"


READERS = {
    "read_folder": lambda folder: el.read_folder(folder), "read_folder, pseudonyms": lambda folder: el.read_folder(
        folder, pseudonymise=b"key"), "setup": lambda folder: el.setup(folder), "sniff": lambda folder: el.sniff(
        folder / "orders.csv"), "read": lambda folder: el.read(folder / "orders.csv"),
    "measure": lambda folder: el.measure(folder / "orders.csv", el.mean("total")),
}


@pytest.fixture(params=CORPUS)
def folder(request, tmp_path):
    """A folder of one file of the corpus."""
    content = CORPUS[request.param][0]
    place = tmp_path / "folder"
    place.mkdir()
    (place / "orders.csv").write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return place


# (DuckDB takes a quarter of a minute for the file of 5,000 columns)
@pytest.mark.parametrize(("way", "folder"), [
    pytest.param(way, case, marks=[pytest.mark.slow] if way == "measure" and "commas" in case else [])
    for way in READERS for case in CORPUS], indirect=["folder"])
def test_a_file_of_the_corpus_ends_in_an_answer_or_one_line(way, folder):
    how = attacks.outcome(lambda: READERS[way](folder))
    assert not how.startswith(("foreign", "several"))


@pytest.mark.parametrize("command", ["doctor", "init"])
def test_a_command_on_a_folder_of_the_corpus_says_what_is_wrong(command, folder, capsys):
    code = cli.main([command, str(folder)])
    said = capsys.readouterr()
    assert code in (0, 1)
    assert "Traceback" not in said.out + said.err
    assert said.err.count("\n") == code and said.err.startswith("engagelab: " * code)


BAD_COMMANDS = [["report", "no such lesson"], ["report", "--data", "no such folder"], ["report", "--jobs", "0"],
                ["report", "--reproduce", "no such file"], ["doctor", "no such folder"], ["init", "no such folder"],
                ["template", "no such table"], ["rebuild", "99"], ["exercise", "99"], ["sample", "--out", "file/x"],
                ["sample", "--customers", "-1", "--out", "new"]]


@pytest.mark.parametrize("command", BAD_COMMANDS, ids=" ".join)
def test_a_command_that_cannot_be_meant_ends_in_one_line(command, tmp_path, capsys):
    (tmp_path / "file").write_text("", "utf-8")
    assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert said.startswith("engagelab: ") and said.count("\n") == 1
