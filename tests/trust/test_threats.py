"""What docs/threats.md says of limits, each shown where it ends; and small protections that no other room tests."""

import hashlib
import inspect
import json
import os
import stat
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

import engagelab as el
from engagelab.errors import DataError, SourceError, UsageError
from engagelab.files import scratch
from engagelab.metrics.measure import measure
from engagelab.metrics.nouns import nps
from engagelab.privacy.cells import ALL, hidden
from engagelab.privacy.consent import consenting
from engagelab.privacy.ledger import Ledger
from engagelab.privacy.pseudonyms import pseudonym
from engagelab.sources.declarations import declarations, names_people
from engagelab.sources.folder import read_folder
from engagelab.sources.nested import unpacked
from engagelab.sources.read import _import_id, read
from engagelab.tables import table

ROOT = Path(__file__).parents[2]
KEY = b"a key for tests"
ORDERS = "order_id,user_id,ordered_at,total\n"


def answers(scores):
    return pd.DataFrame({"user_id": range(len(scores)), "score": scores})


SCORES = [9, 10, 4, 7, 9, 3, 10, 8, 9, 2, 6, 10]


# two reports


def test_two_tables_without_a_ledger_tell_what_one_person_answered():
    whole, less = (measure(answers(SCORES[:n]), nps("score")).iloc[0] for n in (12, 11))
    told = whole["estimate"] * whole["n"] - less["estimate"] * less["n"]
    assert (round(told), SCORES[11]) == (100, 10)


def test_a_ledger_does_not_know_what_another_one_has_let_out():
    frames = answers(SCORES), answers(SCORES[:11])
    one, other = Ledger(), Ledger()
    shown = [measure(frame, nps("score"), user="user_id", ledger=ledger)["estimate"].notna().all()
             for frame, ledger in ((frames[0], one), (frames[1], one), (frames[1], other))]
    assert shown == [True, False, True]


def test_measure_alone_takes_a_ledger():
    rooms = [el.surveys, el.metrics, el.segments, el.experiments, el.activity, el.ltv, el.roi, el.kpi]
    taking = {name for room in rooms for name in room.__all__
              if callable(getattr(room, name)) and "ledger" in inspect.signature(getattr(room, name)).parameters}
    assert taking <= {"measure"} and "ledger" in inspect.signature(el.measure).parameters


def test_the_pages_keep_no_ledger_from_quarter_to_quarter():
    lessons = sorted((ROOT / "notebooks").glob("0*.ipynb"))
    assert len(lessons) == 8
    assert not [path.name for path in lessons if "Ledger(" in path.read_text("utf-8")]


def test_sums_may_leave_few_values_for_a_hidden_cell():
    n = np.array([3, 5, 9, 17])
    assert hidden([("a",), ("b",), ("c",), (ALL,)], n, np.full(4, 5)) == ["few", "complement", "", ""]
    together = 17 - 9       # so a is 1, 2 or 3, because b is 5 or more
    assert [a for a in range(1, 5) if together - a >= 5] == [1, 2, 3]


# pseudonyms


GUESSES = ["ann@example.com", "bob@example.com", "cleo@example.com"]


def test_who_guesses_addresses_finds_nobody_without_the_key():
    names = set(pseudonym(pd.Series(GUESSES), KEY))
    plain = {hashlib.new(kind, guess.encode()).hexdigest()[:32] for kind in ("md5", "sha1", "sha256", "blake2b")
             for guess in GUESSES}
    others = set(pseudonym(pd.Series(GUESSES), b"another key")) | set(pseudonym(pd.Series(GUESSES), KEY + b" "))
    assert not names & (plain | others)


def test_who_has_the_key_and_a_list_of_addresses_finds_everybody():
    name = pseudonym(pd.Series(["bob@example.com"]), KEY).iloc[0]
    assert dict(zip(pseudonym(pd.Series(GUESSES), KEY), GUESSES, strict=True))[name] == "bob@example.com"


def test_one_key_gives_a_person_one_name_in_every_folder(tmp_path):
    names = []
    for company in ("one", "other"):
        (tmp_path / company).mkdir()
        text = "order_id,email,ordered_at,total\n1,ann@example.com,2026-09-30T12:34:56Z,1200\n"
        (tmp_path / company / "orders.csv").write_text(text, "utf-8")
        names.append(read_folder(tmp_path / company, key=KEY)["orders"]["user_id"].iloc[0])
    assert names[0] == names[1]


def test_an_id_that_is_made_without_a_key_is_made_of_what_names_nobody():
    made = {(one.name, ours): theirs for one in declarations().values() for ours, theirs in one.made_id.items()}
    assert len(made) > 5
    for (name, ours), theirs in made.items():
        one = declarations()[name]
        assert ours not in table(one.table).people
        personal = {*one.personal, *(column for group in (one.columns, one.items) for key, names in group.items()
                                     for column in names if key in table(one.table).personal)}
        assert not set(theirs) & personal and not [column for column in theirs if names_people(column)], (name, theirs)


# a colleague with the folder


def test_what_a_run_keeps_is_for_its_owner_alone_and_goes_with_it():
    with scratch() as folder:
        if os.name == "posix":
            assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
    assert not Path(folder).exists()


def test_the_exports_stay_as_they_are(tmp_path):
    text = "order_id,email,ordered_at,total\n1,ann@example.com,2026-09-30T12:34:56Z,1200\n"
    (tmp_path / "orders.csv").write_text(text, "utf-8")
    read_folder(tmp_path, key=KEY)
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {"orders.csv": text}


# consent


CUSTOMERS = pd.DataFrame({"user_id": ["a", "b", "c", "d", "d"],
                          "consent_analysis": pd.array([True, False, None, True, False], dtype="boolean"),
                          "consent_marketing": ["yes"] * 5})
VISITS = pd.DataFrame({"user_id": ["a", "a", "b", "c", "d", "x", None], "page": list("stuvwyz")})


def test_rows_of_those_who_have_agreed_alone_are_left_and_the_others_counted():
    seen = consenting(VISITS, CUSTOMERS, "analysis")
    assert seen["page"].tolist() == ["s", "t"]
    assert seen.attrs["note"] == "5 of 7 rows left out: no consent to analysis"
    other = VISITS.rename(columns={"user_id": "who"})
    assert consenting(other, CUSTOMERS, "analysis", user="who")["page"].tolist() == ["s", "t"]


def test_the_profile_leaves_out_whom_the_rows_leave_out():
    one_each = CUSTOMERS.drop_duplicates("user_id")
    left = set(el.segments.profile({"customers": one_each}, purpose="analysis").frame["user_id"])
    assert left == set(consenting(one_each, one_each, "analysis")["user_id"]) == {"a", "d"}


@pytest.mark.parametrize(("how", "error", "said"), [
    ({"purpose": "fun"}, UsageError, "purpose must be one of 'analysis', 'marketing', not 'fun'"),
    ({"purpose": "marketing"}, DataError, "'consent_marketing'"),
    ({"purpose": "analysis", "user": "who"}, UsageError, "no column 'who'")])
def test_a_consent_that_cannot_be_told_is_refused(how, error, said):
    with pytest.raises(error, match=said):
        consenting(VISITS, CUSTOMERS, **how)


def test_a_measure_counts_whoever_is_in_its_rows():
    rows = pd.DataFrame({"user_id": list("abc"), "score": [9, 10, 3], "consent_analysis": [True, False, None]})
    assert measure(rows, {"mean": el.mean("score")})["n"].item() == 3


# hostile files and what they may still do


def test_a_cell_nested_without_end_is_no_record():
    deep = [f"{{'ImportId': {sign * 100_000}" for sign in "[({"]
    assert [_import_id(cell) for cell in deep] == [{}, {}, {}]
    found, bad = unpacked(pd.Series(["[" * 60_000, "{'a':" * 10_000, json.dumps([{"key": "a", "value": "1"}])]), ["a"])
    assert found[0].tolist() == [None, None, "1"] and bad.tolist() == [0, 1]


def test_a_file_that_lies_in_the_right_form_is_believed(tmp_path):
    forged = "".join(f"{n},C{n},2026-09-30T12:34:56Z,1\n" for n in range(50))
    (tmp_path / "orders.csv").write_text(ORDERS + forged, "utf-8")
    assert len(read(tmp_path / "orders.csv").frame) == 50


def test_a_csv_file_that_pandas_writes_is_not_guarded():
    assert pd.DataFrame({"note": ["=1+1"]}).to_csv(index=False).splitlines()[1] == "=1+1"


# errors


def test_a_name_in_a_column_of_figures_is_told_in_its_error(tmp_path):
    (tmp_path / "orders.csv").write_text(f"{ORDERS}1,C1,2026-09-30T12:34:56Z,Qzlumex\n", "utf-8")
    with pytest.raises(SourceError, match=r"line 2, column 'total' .*'Qzlumex' is not a number"):
        read(tmp_path / "orders.csv")


def test_a_heading_is_shown_and_an_address_in_it_is_masked(tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS.replace("\n", ",Qzlumex ann@example.com\n")
                                         + "1,C1,2026-09-30T12:34:56Z,1,x\n", "utf-8")
    said = read(tmp_path / "orders.csv").report()
    assert "Qzlumex ***" in said and "ann@" not in said


@pytest.mark.parametrize(("column", "table_"), [("email", "orders"), ("text", "reviews"), ("title", "reviews")])
def test_no_cell_of_a_column_of_names_or_free_texts_is_told(tmp_path, column, table_):
    """A formula without its value is a fault of the cell, and holds what somebody wrote."""
    others = {"orders": ["order_id", "user_id", "ordered_at"],
              "reviews": ["review_id", "platform", "created_at", "rating"]}
    book = openpyxl.Workbook()
    book.active.append([*others[table_], column, "seen"])
    book.active.append([*({"ordered_at": "2026-09-30", "created_at": "2026-09-30", "rating": 5}.get(name, "1")
                          for name in others[table_]), '="Qzlumex "&"wrote"', '="told"'])
    book.save(tmp_path / f"{table_}.xlsx")
    with pytest.raises(SourceError, match=rf"line 2, column '{column}' .*'\*\*\*' is a formula") as error:
        read(tmp_path / f"{table_}.xlsx")
    rejects = read(tmp_path / f"{table_}.xlsx", on_bad="return").rejects
    assert "Qzlumex" not in str(error.value) + repr(error.value.values) + rejects.to_csv()
    assert rejects["value"].tolist() == ["***"]
