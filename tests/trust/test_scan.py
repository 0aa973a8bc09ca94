"""No person of the files comes out of reading them: in no report, repr, error, log or saved table.

The company of `planted` has unmistakable addresses, numbers, names, streets, handles and comments in exports of every
kind. What is asked for by name comes out all the same, and each way to ask is a test below: the columns of free text,
`.raw`, and `keep_personal`. What the notebooks make of the folder is looked through in test_scan_report.
"""

import contextlib
import csv
import io
import logging
import re
import traceback
import warnings

import planted
import pytest

import engagelab as el
from engagelab import cli
from engagelab.errors import EngagelabError
from engagelab.report.save import save
from engagelab.sources import addresses, job, problems, reading, shape
from engagelab.sources.folder import read_folder
from engagelab.sources.folder_files import data_files, options_for
from engagelab.sources.read import read_with, sniff
from engagelab.sources.settings_file import read_settings
from engagelab.tables import Table, table

KEY = b"a key for tests"
# one of each kind of export: CRM, shop, mall, forms, desk, reviews, posts, pulse, staff, mailing list
KINDS = ("meishi.csv", "ma_leads.csv", "orders_export_2026Q3.csv", "rakuten_orders.csv", "csat_plan.csv",
         "nps_in_app.csv", "support_feedback.csv", "csat_delivery.xlsx", "zendesk_tickets.csv", "kuchikomi.csv",
         "reviews_com.example.asanagi_202609.csv", "social_posts_tagged.csv", "pulses-2026-08.csv", "employees.csv",
         "subscribed_members_export_a1b2c3d4e5.csv", "opportunities.csv", "identities.csv")
ASK = "How likely are you to recommend us?"
ENCODINGS = ("utf-8-sig", "cp932", "utf-16")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return planted.write(tmp_path_factory.mktemp("people") / "files", 200, newest=True)


@pytest.fixture(scope="module")
def company(folder):
    return read_folder(folder, key=KEY)


def free_text(name):
    """The columns of a table that hold what somebody wrote."""
    return [one.name for one in table(name).columns.values() if one.kind == "text" and not one.personal]


def shown(one):
    """All that a loaded file says of itself."""
    return "\n".join([one.report(), repr(one), one._repr_html_(), one.rejects.to_csv(), one.codebook.to_csv(),
                      repr(one.source), repr(one._raw)])


def decoded(content):
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise AssertionError("no encoding reads it")


def test_the_files_are_full_of_people(folder):
    for name in KINDS:
        content = (folder / name).read_bytes()
        assert name.endswith(".xlsx") or planted.leaks(decoded(content)[0]), name
    found = planted.leaks((folder / "orders_export_2026Q3.csv").read_text("utf-8"))
    for kind in ("qzmail", "Qzvorna", "Qzstreet", "qzsays", "qzhandle", "鵺野", "090-7777"):
        assert any(kind in one for one in found), kind


def test_a_folder_that_is_read_names_nobody_but_in_its_free_texts(company):
    assert len(company.tables) > 20 and len(company.readings) > 40
    said = [company.report(), repr(company), company._repr_html_(), company.frame.to_csv(), company.rejects.to_csv(),
            company.matches.to_csv(), repr(company.conflicts), repr(company.settings)]
    assert planted.leaks("\n".join(said)) == []
    for name, one in company.readings.items():
        assert planted.leaks(shown(one)) == [], name
    for name, frame in company.tables.items():
        assert planted.leaks(frame.drop(columns=free_text(name), errors="ignore").to_csv()) == [], name


def test_no_column_is_kept_that_no_table_declares(company):
    for name, frame in company.tables.items():
        extra = set(frame) - set(table(name).columns) - {"still_growing"}
        assert not extra, (name, extra)
        assert not set(frame) & set(table(name).personal) or name == "identities"


def test_an_address_or_number_is_masked_in_a_free_text_and_a_name_is_not(company):
    texts = company["surveys"]["text"].dropna().str.cat(sep="\n")
    assert "***" in texts and "qzmail" not in texts and "@planted" not in texts
    assert "Qzlumex" in texts, "which is why free texts come out only where their column is asked for"


def test_what_is_asked_for_comes_out(folder):
    path, settings = folder / "meishi.csv", read_settings(folder)
    how = {"mapping": dict(settings.of_file(path.name).columns), "table": settings.of_file(path.name).table}
    kept = read_with(path, options_for(path.name, settings, True, KEY), **how, on_bad="return")
    assert any("qzmail" in one for one in planted.leaks(kept.frame.to_csv()))
    raw = read_with(folder / "nps_email.csv", options_for("nps_email.csv", settings, False, KEY)).raw.to_csv()
    assert "qzsays" in raw and "qzmail" not in raw


BROKEN = ("support_feedback.csv", "zendesk_tickets.csv")      # in the fast suite


@pytest.mark.parametrize("name", [name if name in BROKEN else pytest.param(name, marks=pytest.mark.slow)
                                  for name in KINDS if not name.endswith(".xlsx")])
def test_a_broken_file_names_nobody(folder, tmp_path, name, caplog, capfd):
    text, encoding = decoded((folder / name).read_bytes())
    settings = read_settings(folder)
    for broken in variants(text):
        (tmp_path / name).write_bytes(broken.encode(encoding))
        said = everything(tmp_path / name, settings)
        assert planted.leaks(said) == [], said
    out = capfd.readouterr()
    assert planted.leaks(caplog.text + out.out + out.err) == []


def variants(text):
    """A file with a fault of each kind: in each cell of a row of its own, in the width of rows, in quotes and heads."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    heads = max(2 if len(rows) > 2 else 1, 3 if "ImportId" in text else 1)
    odd = [row[:] for row in rows]
    for place in range(len(rows[0])):
        row = odd[min(heads + place, len(odd) - 1)]
        if place < len(row):
            row[place] += " 〓"
    yield written(odd)
    yield written([*rows[:heads], *([row[0], *row[2:]] if place % 2 else [*row, "more"]
                                    for place, row in enumerate(rows[heads:]))])
    yield written([rows[0], *rows[heads:], *rows[heads:heads + 3]])
    yield written([[f"Foo {place}" for place in range(len(rows[0]))], *rows[heads:]])
    yield text + '"an open quote'
    yield text.replace('"', "", 1) + '\n"a"b,c'


def written(rows):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def everything(path, settings):
    """All that reading a file says, in both ways and by sniffing, with every exception and warning in full."""
    said, entry = [], settings.of_file(path.name)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for on_bad in ("raise", "return"):
            try:
                said.append(shown(read_with(path, options_for(path.name, settings, False, KEY),
                                            format=entry.format or None, mapping=dict(entry.columns) or None,
                                            table=entry.table or None, on_bad=on_bad)))
            except EngagelabError as error:
                said += ["".join(traceback.format_exception(error)), repr(error.values)]
        with contextlib.suppress(EngagelabError):
            said.append(repr(sniff(path)))
    return "\n".join([*said, *(str(one.message) for one in warned)])


def form(path, cell):
    """A survey of twenty answers and one that is no number."""
    rows = "".join(f"2026/07/{day:02} 10:16:35 AM GMT+9,{score}\n" for day, score in enumerate([9, 10, 8, 0] * 5, 1))
    path.write_text(f"Timestamp,{ASK}\n{rows}2026/07/28 10:16:35 AM GMT+9,\"{cell}\"\n", "utf-8")
    return path


@pytest.mark.parametrize("cell", [planted.says(5), "鵺野", "Qzlumexab", "09077771234", "call 090-7777-1234"])
def test_an_answer_in_words_is_not_told(tmp_path, cell):
    said = everything(form(tmp_path / "nps.csv", cell), read_settings(tmp_path))
    assert "line 22" in said and ASK in said and "'***'" in said
    assert planted.leaks(said) == []


@pytest.mark.slow
def test_the_command_line_names_nobody(folder, tmp_path, monkeypatch, capfd, caplog):
    monkeypatch.setenv("ENGAGELAB_KEY", str(tmp_path / "a.key"))
    caplog.set_level(logging.DEBUG)
    assert cli.main(["doctor", str(folder)]) == 0
    assert cli.main(["init", str(folder), "--force"]) == 0
    out = capfd.readouterr()
    assert "orders" in out.out
    assert planted.leaks(out.out + out.err + caplog.text + (folder / "engagelab.toml").read_text("utf-8")) == []


def test_saved_tables_name_nobody_but_in_their_free_texts(company, tmp_path):
    for name, frame in company.tables.items():
        path = save(frame.drop(columns=free_text(name), errors="ignore"), tmp_path / f"{name}.csv")
        assert planted.leaks(path.read_text("utf-8-sig")) == [], name
    answers = company["surveys"]
    table_ = el.measure(answers[answers["kind"] == "nps"], el.nps("score"), by="channel")
    assert planted.leaks(save(table_, tmp_path / "nps.csv").read_text("utf-8-sig")) == []


def test_errors_mask_an_address_whatever_they_are_about():
    with pytest.raises(EngagelabError, match=r"no column '\*\*\*'") as error:
        el.errors.column_of("qzmail1@planted.example", ["score"])
    assert "qzmail" not in repr(error.value.values) + str(error.value) + repr(error.value)


LEAKS = {
    "the personal columns stay in the tables": (Table, "personal", property(lambda self: ())),
    "texts are not masked": (shape, "masked", lambda cells: (cells, 0)),
    "errors and rejects show each cell": (problems.Problems, "_shown",
                                          lambda self, column, cells: [str(cell) for cell in cells]),
    "the first rows are shown with their texts": (reading.Reading, "_head", lambda self: self.frame),
    "a row is logged": (job.Job, "release", lambda self: logging.getLogger("x").warning("%s", self._cells)),
    "colleagues go by their names": (shape, "_colleague", lambda job, ours, cells: cells),
    "ids are not looked at": (shape, "_unnamed", lambda job, ours, ids, people=True: ids),
    "addresses are not known": (addresses, "hidden", lambda text: text)}


def searched(folder, small):
    """What of the planted people comes out of some of the files where nobody asked for it."""
    small.mkdir()
    for path in [folder / "engagelab.toml", *data_files(folder)[0]]:
        if path.name in ("engagelab.toml", "meishi.csv", "support_feedback.csv", "accounts.csv", "employees.csv"):
            (small / path.name).write_bytes(path.read_bytes())
    staff = small / "employees.csv"
    form(small / "nps.csv", planted.says(7))
    staff.write_text(re.sub(r",E00\d+", ",Qzlumexcd Qzvorna", decoded(staff.read_bytes())[0]), "utf-8")
    read = read_folder(small, key=KEY)
    said = [read.rejects.to_csv(), *map(shown, read.readings.values())]
    for one, frame in read.tables.items():
        texts = [column for column in free_text(one) if column in frame]
        said.append(frame.drop(columns=texts).to_csv())
        said += [found for found in planted.leaks(frame[texts].to_csv()) if found.startswith("qzmail")]
    return planted.leaks("\n".join(said))


def test_without_a_leak_nothing_is_found(folder, tmp_path, caplog):
    assert searched(folder, tmp_path / "files") + planted.leaks(caplog.text) == []


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(folder, tmp_path, monkeypatch, caplog, leak):
    monkeypatch.setattr(*LEAKS[leak])
    assert searched(folder, tmp_path / "files") + planted.leaks(caplog.text), "the search does not see this leak"
