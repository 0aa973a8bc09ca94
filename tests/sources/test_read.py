"""The loader as a whole: the bad input of the documentation, line by line, and what must not get out."""

import io
import random

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import SourceError, UsageError
from engagelab.sources.read import formats, read, sniff

HEAD = "Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Total,Currency\n"
ROW = "#1,ann@example.com,paid,2026-04-01 10:00:00 +0900,1,Mug,10.00,10.00,JPY\n"
MAP = {"no": "order_id", "day": "ordered_at", "sum": "total"}


@pytest.fixture
def file(tmp_path):
    def write(data, name="orders.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


REFUSED = {  # what is in the file, and what is said
    "empty": (b"", "orders.csv is empty"),
    "blanks": ("  \n \n", "orders.csv is empty"),
    "web page": ("<!DOCTYPE html><html><body>Log in</body></html>", "web page saved as a file"),
    "truncated letter": (
        (HEAD + ROW + ROW).encode().replace(b"Mug", "マグ".encode())[:-18],
        "line 3: a letter is cut off",
    ),
    "open quote": (HEAD + ROW + ROW.replace("Mug", '"Mug'), "line 3: a quotation mark opens here"),
    "stray quote": (HEAD + ROW.replace("Mug", '"Mu"g'), "line 2: a quotation mark stands inside"),
    "short row": (HEAD + ROW + "#2,ann@example.com,paid\n", "line 3: the row has too few cells; fix the row"),
    "long row": (HEAD + ROW.strip() + ",more\n", "line 2: the row has too many cells"),
    "column twice": (HEAD.replace("Lineitem price", "Total") + ROW, "two columns are called 'Total'"),
    "column missing": (
        HEAD.replace("Created at", "Made") + ROW,
        "no column for 'ordered_at' (looked for 'Created at')",
    ),
    "letter in a number": (
        HEAD + ROW.replace("10.00,JPY", '"¥1,2O0",JPY'),
        "orders.csv line 2, column 'Total' (total): "
        "'¥1,2O0' is not a number; fix the cell, or read with on_bad=\"return\" and see .rejects",
    ),
    "comma astray": (HEAD + ROW.replace("10.00,JPY", '"1,25",JPY'), "'1,25' is not a number"),
    "underscore": (HEAD + ROW.replace("10.00,JPY", "1_000,JPY"), "'1_000' is not a number"),
    "half a mug": (HEAD + ROW.replace("0900,1,", "0900,1.5,"), "'1.5' is not a whole number"),
    "no such month": (HEAD + ROW.replace("-04-", "-13-"), "is not a date in any form known"),
    "no date": (HEAD + ROW.replace("2026-04-01 10:00:00 +0900", ""), "column 'Created at' (ordered_at): is empty"),
    "damaged id": (HEAD + ROW.replace("#1", "1.22E+17"), "'1.22E+17' was damaged by a spreadsheet"),
    "damaged amount": (HEAD + ROW.replace("10.00,JPY", "1.2E+17,JPY"), "was damaged by a spreadsheet"),
    "binary": (b"\x89PNG\r\n\0\0", "is no text file"),
    "zip": (b"PK\x03\x04abc", "zip archive"),
    "old workbook": (b"\xd0\xcf\x11\xe0abc", "old Excel kind"),
    "unknown": ("a,b\n1,2\n", "none of the known headers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line_that_says_where(file, case):
    data, said = REFUSED[case]
    with pytest.raises(SourceError) as error:
        read(file(data))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


READ = {  # what the Total cell holds, and what is read
    "10.00": 10,
    "¥1,200": 1200,
    "1,250": 1250,
    "１，２００": 1200,
    "５００円": 500,
    "▲300": -300,
    "-": None,
    "n/a": None,
    "": None,
    "NaN": None,
    "-12": -12,
    "+5": 5,
    "1,234,567.5": 1234567.5,
}


@pytest.mark.parametrize("cell", READ)
def test_amounts_as_people_write_them(file, cell):
    total = read(file(HEAD + ROW.replace("10.00,JPY", f'"{cell}",JPY'))).frame["total"].iloc[0]
    assert pd.isna(total) if READ[cell] is None else total == READ[cell]


SET_ASIDE = {
    "Total,,,,,,,10.00,\n": "total row",
    "合計,,,,,,,10.00,\n": "total row",
    ",,,,,,,,\n": "empty row",
    "Confidential Information - Do Not Distribute\n": "footer",
}


@pytest.mark.parametrize("row", SET_ASIDE)
def test_rows_that_vendors_add_are_set_aside_and_said(file, row):
    reading = read(file(HEAD + ROW + row))
    assert reading.rejects[["line", "reason", "severity"]].values.tolist() == [[3, SET_ASIDE[row], "row"]]
    assert len(reading.raw) == 2
    assert SET_ASIDE[row] in reading.report()


def test_header_alone_is_an_empty_table_with_its_types(file):
    frame = read(file(HEAD)).frame
    assert len(frame) == 0
    assert str(frame["ordered_at"].dtype) == "datetime64[us, UTC]"


def test_columns_in_any_order_and_trailing_empty_cells(file):
    shuffled = "Total,Name,Created at,Lineitem quantity,Financial Status,\n10,#1,2026-04-01 10:00:00 +0900,2,paid,,\n"
    assert read(file(shuffled)).frame["total"].tolist() == [10]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932"])
def test_encodings_give_one_table(file, encoding):
    text = HEAD + ROW.replace("Mug", "マグカップ")
    reading = read(file(text.encode(encoding)))
    assert reading.tables["order_items"]["product"].tolist() == ["マグカップ"]
    assert reading.source.encoding.replace("-le", "").replace("-be", "") in ("utf-8", "utf-8-sig", "utf-16", "cp932")


@pytest.mark.parametrize("old, new", [("\n", "\r\n"), ("\n", "\r"), (",", ";"), (",", "\t")])
def test_line_ends_and_delimiters(file, old, new):
    assert read(file((HEAD + ROW).replace(old, new))).frame["total"].tolist() == [10]


def test_lines_are_those_of_the_file_though_cells_have_line_breaks(file):
    rows = ROW.replace("Mug", '"Mug\n\nblue"') + ROW.replace("#1", "#2").replace("10.00,JPY", "x,JPY")
    reading = read(file(HEAD + rows), on_bad="return")
    assert reading.rejects["line"].tolist() == [5]
    assert reading.raw.index.tolist() == [2, 5]


def test_returned_cells_are_missing_and_returned_rows_are_gone(file):
    bad = ROW.replace("#1", "#2").replace("10.00,JPY", "x,JPY") + ROW.replace("#1", "#3").replace("2026", "26")
    reading = read(file(HEAD + ROW + bad), on_bad="return")
    assert reading.frame["total"].isna().tolist() == [False, True]
    assert reading.rejects[["line", "column", "value", "severity"]].values.tolist() == [
        [3, "Total", "x", "cell"],
        [4, "Created at", "26-04-01 10:00:00 +0900", "row"],
    ]
    assert (reading.source.rows, reading.source.kept, reading.source.rejected) == (3, 2, 1)


def test_an_order_whose_first_row_is_bad_is_set_aside_whole(file):
    rows = ROW.replace("2026", "26") + "#1,,,,2,Bowl,5.00,,\n" + ROW.replace("#1", "#2")
    reading = read(file(HEAD + rows), on_bad="return")
    assert reading.frame["order_id"].tolist() == reading.tables["order_items"]["order_id"].tolist() == ["#2"]
    assert reading.rejects["line"].tolist() == [2, 3]


def test_order_cells_count_once_and_items_are_numbered(file):
    reading = read(file(HEAD + ROW + "#1,,,,2,Bowl,5.00,,\n"))
    assert reading.frame["total"].sum() == 10
    assert reading.tables["order_items"][["line", "quantity", "currency"]].values.tolist() == [
        [1, 1, "JPY"],
        [2, 2, "JPY"],
    ]


def test_percent_and_fraction_in_one_column(file):
    head = "campaign_id,sent_at,open_rate_reported\n"
    frame = read(file(head + "a,2026-04-01T00:00:00Z,27.78%\nb,2026-04-02T00:00:00Z,0.2778\n")).frame
    assert frame["open_rate_reported"].tolist() == [0.2778, 0.2778]
    with pytest.raises(SourceError, match="outside the possible range"):
        read(file(head + "a,2026-04-01T00:00:00Z,27.78\n"))


def test_a_stamp_that_could_be_two_days_is_asked_about_once(file):
    with pytest.raises(SourceError, match=r"line 2, column 'day': '03/04/2026' could be two days; .*dayfirst="):
        read(file("no,day,sum\n1,03/04/2026,5\n2,05/06/2026,5\n"), mapping=MAP)


@pytest.mark.parametrize("dayfirst, month", [(True, 4), (False, 3)])
def test_dayfirst_settles_it(file, dayfirst, month):
    frame = read(file("no,day,sum\n1,03/04/2026,5\n"), mapping=MAP, dayfirst=dayfirst).frame
    assert frame["ordered_at"].iloc[0].month == month


def test_another_row_of_the_column_settles_it(file):
    frame = read(file("no,day,sum\n1,03/04/2026,5\n2,13/04/2026,5\n"), mapping=MAP).frame
    assert frame["ordered_at"].dt.month.tolist() == [4, 4]


def test_rows_that_settle_it_both_ways_settle_nothing(file):
    with pytest.raises(SourceError, match="could be two days"):
        read(file("no,day,sum\n1,03/14/2026,5\n2,13/04/2026,5\n3,03/04/2026,5\n"), mapping=MAP)


def test_a_stamp_without_a_year_asks_for_it(file):
    path = file("no,day,sum\n1,2月29日,5\n")
    with pytest.raises(SourceError, match="has no year; read it with year="):
        read(path, mapping=MAP)
    assert read(path, mapping=MAP, year=2028).frame["ordered_at"].tolist() == [pd.Timestamp("2028-02-29", tz="UTC")]


def test_zone_of_the_stamp_goes_before_the_argument_and_utc_is_said(file):
    text = "order_id,user_id,ordered_at,total\n1,C1,2026-09-30T12:00:00+09:00,5\n2,C1,2026-09-30 12:00:00,5\n"
    assert read(file(text), tz="Asia/Tokyo").frame["ordered_at"].dt.hour.tolist() == [3, 3]
    assert "taken as UTC" in read(file(text)).report()
    assert "taken as UTC" not in read(file(text), tz="Asia/Tokyo").report()


def test_mapping_finds_its_table_or_asks(file):
    path = file("no,day,sum\n1,2026/04/01,5\n")
    assert read(path, mapping=MAP).source.table == "orders"
    with pytest.raises(UsageError, match="fit more than one table"):
        read(path, mapping={"day": "created_at"})
    with pytest.raises(UsageError, match="did you mean 'order_id'"):
        read(path, mapping={"no": "order_idd", "day": "ordered_at"}, table="orders")
    with pytest.raises(SourceError, match="has no column 'nr'"):
        read(path, mapping={"nr": "order_id", "day": "ordered_at"})


def test_a_file_with_our_header_needs_nothing_as_csv_and_as_workbook(file, tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["order_id", "user_id", "ordered_at", "total"],
        ["1", "C1", pd.Timestamp("2026-09-30 12:34").to_pydatetime(), 5],
    ):
        book.active.append(row)
    book.save(tmp_path / "ours.xlsx")
    text = file("order_id,user_id,ordered_at,total\n1,C1,2026-09-30 12:34:00,5\n")
    pd.testing.assert_frame_equal(read(tmp_path / "ours.xlsx").frame, read(text).frame)
    assert sniff(text).name == "engagelab orders"


def test_an_id_of_a_workbook_that_is_a_long_number_is_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["order_id", "user_id", "ordered_at"])
    book.active.append([122100000000000001, "C1", pd.Timestamp("2026-09-30").to_pydatetime()])
    book.save(tmp_path / "ours.xlsx")
    with pytest.raises(SourceError, match="damaged by a spreadsheet"):
        read(tmp_path / "ours.xlsx")


def test_a_text_that_programs_take_for_nothing_is_kept(load):
    words = ["None", "NULL", "NA", "<NA>", "nan", "N/A", "#N/A", "null", "-", "Fine"]
    lines = [f"r{place},2026-09-01T10:00:00Z,5,{word}" for place, word in enumerate(words)]
    columns = ["review_id", "created_at", "rating", "text"]
    text = "\n".join([",".join(columns), *lines])
    found = load(text, mapping=dict(zip(columns, columns, strict=True)), table="reviews")
    assert found.frame["text"].tolist() == words


def test_ids_stay_text(file):
    text = 'order_id,user_id,ordered_at\n007,\'0012,2026-09-30\n1900000000000000001,"=""0013""",2026-09-30\n'
    frame = read(file(text)).frame
    assert frame["order_id"].tolist() == ["007", "1900000000000000001"]
    assert frame["user_id"].tolist() == ["0012", "0013"]


def test_the_same_row_twice_is_kept_once_and_another_under_its_key_is_refused(file):
    text = "order_id,user_id,ordered_at,total\n1,C1,2026-09-30,5\n1,C1,2026-09-30,5\n"
    assert read(file(text)).rejects["reason"].tolist() == ["the same row once more"]
    with pytest.raises(SourceError, match="line 4: the same key once more, with other values"):
        read(file(text + "1,C1,2026-09-30,6\n"))


def test_nothing_personal_in_frame_raw_rejects_report_or_errors(file):
    secret = "ann@example.com"
    rows = ROW + ROW.replace("#1", "#2").replace("10.00,JPY", "x,JPY") + f"#3,{secret},paid\n"
    reading = read(file(HEAD + rows), on_bad="return")
    for text in (
        reading.raw.to_csv(),
        reading.rejects.to_csv(),
        reading.report(),
        repr(reading),
        reading._repr_html_(),
        *(frame.to_csv() for frame in reading.tables.values()),
    ):
        assert secret not in text
    assert "Email" in reading.report()
    assert read(file(HEAD + ROW), keep_personal=True).frame["email"].tolist() == [secret]


def test_the_bad_value_of_a_personal_column_is_masked(file, monkeypatch):
    text = "person,source,source_id\nP1,email,1.2E+17\n"
    with pytest.raises(SourceError) as error:
        read(file(text, "identities.csv"))
    assert "'***'" in str(error.value)
    assert "1.2E+17" not in str(error.value)


def test_an_unknown_column_of_addresses_is_not_in_raw(file):
    text = "order_id,user_id,ordered_at,contact\n1,C1,2026-09-30,bob@example.com\n"
    assert "contact" not in read(file(text)).raw
    assert "contact" in read(file(text), keep_personal=True).raw


def test_pseudonyms_name_the_person_and_join(file):
    one = read(file(HEAD + ROW), pseudonymise=b"a key for tests").frame
    two = read(file(HEAD + ROW.replace("ann@", " Ann@"), "b.csv"), pseudonymise=b"a key for tests").frame
    assert one["user_id"].tolist() == two["user_id"].tolist()
    assert "email" not in one and "@" not in one["user_id"].iloc[0]


def test_raw_of_a_changed_file_is_refused(file):
    reading = read(file(HEAD + ROW))
    file(HEAD + ROW + ROW)
    with pytest.raises(SourceError, match="no longer the file"):
        reading.raw  # noqa: B018


def test_every_format_says_where_it_comes_from_in_both_languages():
    assert formats().map(len).drop(columns="platform").min(axis=None) > 0
    for word, text in words.catalogue().items():
        if word.startswith("sources."):
            assert text["en"] and text["ja"], word


def test_the_report_speaks_japanese(file):
    words.set_language("ja")
    try:
        assert "個人を特定しうる" in read(file(HEAD + ROW)).report()
    finally:
        words.set_language("en")


CELLS = st.one_of(
    st.sampled_from(
        ["1", "2.0", "1,250", "x", "", "-", "NaN", "Infinity", "-3", "1e5", " 7 ", "１２", "5\n6", 'a"b', "é"]
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=5), max_size=12), st.booleans())
def test_whatever_stands_in_the_cells_nothing_is_lost(tmp_path_factory, rows, quoted):
    path = tmp_path_factory.mktemp("any") / "posts.csv"
    out = io.StringIO()
    writer = __import__("csv").writer(out, quoting=1 if quoted else 0, lineterminator="\n")
    writer.writerow(["platform", "post_id", "posted_at", "likes"])
    for number, row in enumerate(rows):
        writer.writerow(["x", f"p{number}", "2026-04-01T00:00:00Z", *row[3:], *row[:1]][: len(row) + 1])
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    reading = read(path, on_bad="return")
    gone = reading.rejects.query("severity == 'row'")["line"].nunique()
    assert len(reading.raw) == len(rows) == len(reading.frame) + gone
    assert reading.source.kept == len(reading.frame)


def test_the_fast_and_the_careful_way_give_one_answer(tmp_path):
    draw = random.Random(5)
    head = "platform,post_id,posted_at,text,likes,impressions\n"
    rows = [
        f'x,{10**18 + number},2026-04-{draw.randint(1, 30):02d} 0{draw.randint(0, 9)}:15:00,"a, ""b""\n{number}",'
        f"{draw.choice(['', '-', '3', '4.0', draw.randint(0, 99)])},{draw.choice(['n/a', 7, 1250])}\n"
        for number in range(300)
    ]
    (tmp_path / "fast.csv").write_text(head + "".join(rows), encoding="utf-8", newline="")
    (tmp_path / "careful.csv").write_text(head + "\n" + "".join(rows), encoding="utf-8", newline="")  # a blank line
    fast, careful = read(tmp_path / "fast.csv"), read(tmp_path / "careful.csv")
    pd.testing.assert_frame_equal(fast.frame, careful.frame)
    np.testing.assert_array_equal(fast.raw.index + 1, careful.raw.index)
    plain = pd.read_csv(tmp_path / "fast.csv", dtype={"post_id": str}, na_values=["-"])
    np.testing.assert_array_equal(fast.frame["likes"].astype("float64"), plain["likes"])
    assert fast.frame["text"].tolist() == plain["text"].tolist()


def test_a_cell_longer_than_the_csv_module_likes_is_read_both_ways(file):
    text = "order_id,ordered_at,tags\n1,2026-01-01," + "x" * 200_000 + "\n"
    assert read(file(text)).frame["tags"].str.len().tolist() == [200_000]
    assert read(file(text + "\n2,2026-01-01,\n")).frame["tags"].str.len().tolist()[0] == 200_000


@pytest.mark.parametrize("stamp", ["9999-12-31", "0001-01-01", "1899-12-30"])
def test_a_placeholder_of_another_age_is_no_date(file, stamp):
    with pytest.raises(SourceError, match="is not a date"):
        read(file(f"order_id,ordered_at\n1,{stamp}\n"))


def test_people_named_by_address_alone_need_a_key_or_a_column(file):
    text = "email,created_at\nann@example.com,2026-01-01\n"
    with pytest.raises(SourceError, match="pseudonymise=key") as error:
        read(file(text, "customers.csv"))
    assert "ann@" not in str(error.value)
    assert len(read(file(text, "customers.csv"), pseudonymise=b"a key for tests").frame) == 1


def test_a_preamble_is_kept_and_the_header_found_below_it(file):
    head = 'Post id,Date,Post text,Post Link,Impressions\n1,"Tue, Jul 14, 2026",a,u,5\n'
    reading = read(file("Content report\nfrom,2026-07-01\n\n" + head))
    assert reading.source.preamble == ("Content report", "from 2026-07-01")
    assert reading.raw.index.tolist() == [5]


def test_a_format_may_be_named_and_must_then_fit(file):
    path = file(HEAD + ROW)
    assert read(path, format="shopify_orders").source.format == "shopify_orders"
    with pytest.raises(SourceError, match="not a file of the format zendesk_tickets; it has no column"):
        read(path, format="zendesk_tickets")
    with pytest.raises(UsageError, match="did you mean 'shopify_orders'"):
        read(path, format="shopify_order")
    with pytest.raises(UsageError, match="on_bad must be one of"):
        read(path, on_bad="ignore")
    with pytest.raises(SourceError, match="cannot be opened"):
        read(path.with_name("none.csv"))


def test_sniff_names_the_near_misses(file):
    found = sniff(file(HEAD + ROW))
    assert found.name == "shopify_orders" and len(found.near) == 3
    assert all(missing for _, missing in found.near)
    assert "paid_at" in found.missing
    with pytest.raises(SourceError, match=r"nearest are .*'Satisfaction Score'"):
        sniff(file("Summation column,Status,Replies\n1,2,3\n"))


GERMAN = '"Opportunity Name","Account Name","Stage","Amount","Close Date","Created Date"\n'
GERMAN += '"A","X","Won","1.000","13.04.2026","01.03.2026"\n"B","X","Won","25.500","13.04.2026","02.03.2026"\n'


def test_points_between_thousands_are_faults_where_days_are_written_with_points(load):
    with pytest.raises(SourceError, match=r"column 'Amount' .*'1\.000' may have a point between thousands"):
        load(GERMAN)
    assert load(GERMAN.replace("25.500", "25.5")).frame["amount"].tolist() == [1, 25.5]


def test_total_rows_are_known_by_any_cell_of_key_or_category_but_not_by_text(load):
    text = "month,channel,kind,amount,currency,source\n2026-04-01,a,media,5,JPY,合計\n2026-04-01,合計,,5,JPY,\n"
    text += ",小計,,5,JPY,\nTotal,,,5,JPY,\n2026-05-01,Total count,x,5,JPY,\n"
    reading = load(text)
    assert reading.frame["channel"].tolist() == ["a", "Total count"]
    assert reading.rejects["line"].tolist() == [3, 4, 5] and set(reading.rejects["reason"]) == {"total row"}


def test_the_count_of_a_report_is_no_deal_and_an_event_called_count_is_an_event(load):
    text = '"Opportunity Name","Account Name","Stage","Amount","Close Date","Created Date"\n'
    text += '"A","X","Won","1","2026-04-13","2026-03-01"\n"Total","","","1","",""\n"Count","3","","","",""\n'
    assert load(text).frame["deal_name"].tolist() == ["A"]
    assert len(load("event_id,event,occurred_at\n1,count,2026-04-01\n").frame) == 1


def test_months_are_read_in_columns_of_months(load):
    text = "month,channel,amount\n" + "".join(f"{month},{month},5\n" for month in
                                             ("2026-04", "2026/4", "2026年4月", "Apr 2026", "April 2026", "2026-04-01"))
    assert set(load(text).frame["month"]) == {pd.Timestamp("2026-04-01", tz="UTC")}
    with pytest.raises(SourceError, match="not a date"):
        load("order_id,ordered_at,total\n1,2026-04,5\n")


def book(tmp_path, *sheets):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(tmp_path / "file.xlsx")
    return tmp_path / "file.xlsx"


ORDERS = [["order_id", "ordered_at", "total", "status"], ["A", "2026-04-01", 5, "paid"]]


def test_further_sheets_that_hold_a_table_are_named_and_no_others(tmp_path):
    path = book(tmp_path, ("Apr", ORDERS), ("May", ORDERS), ("note", [["see May"]]), ("meanings", ORDERS))
    reading = read(path)
    assert reading.source.sheets == ("May",) and len(reading.frame) == 1
    assert "further sheets with a table, not read; save each as a file of its own: May" in reading.report()


def test_a_formula_without_its_value_is_a_fault_and_no_blank(tmp_path):
    path = book(tmp_path, ("Apr", [*ORDERS, ["B", "2026-04-01", "=C2*2", None], ["C", "=A1", 5, "=D2"]]))
    with pytest.raises(SourceError, match=r"line 3, column 'total'.*'=C.*' is a formula without a saved value"):
        read(path)
    reading = read(path, on_bad="return")
    assert reading.frame["order_id"].tolist() == ["A", "B"]
    assert reading.frame["total"].isna().tolist() == [False, True]
    assert "=D2" in reading.rejects["value"].tolist()
