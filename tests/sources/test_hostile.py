"""Files that nobody meant to be read: whatever they hold, a balanced table or one line that says what is wrong."""

import codecs
import csv
import functools
import io
import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from corpus import CORPUS, HEADER, ROW, ROWS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engagelab.errors import EngagelabError
from engagelab.sources import rows
from engagelab.sources.read import read, sniff

FORMATS = json.loads((Path(__file__).parents[1] / "reference" / "export_formats.json").read_text("utf-8"))
KEY = b"a key for tests"


def _sound(entry):
    """A file of a format as listed: its header rows and its sample."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(entry["header_rows"])
    return out.getvalue() + "\n".join(entry["sample"]) + "\n"


def _event(number):
    told = {"page_location": {"string_value": "https://example.com/朝"}, "ga_session_id": {"int_value": number}}
    return {"event_timestamp": 1769500000000000 + number, "event_name": "page_view", "user_pseudo_id": "1.2",
            "event_params": [{"key": key, "value": value} for key, value in told.items()]}


SOUND = {entry["name"]: _sound(entry) for entry in FORMATS}
EVENTS = "".join(json.dumps(_event(number), ensure_ascii=False) + "\n" for number in range(4))
TABLES = """# Reports snapshot
# Start date: 20260101
# End date: 20260131
Country,Active users
,12
Japan,"1,200"
"a, b",5

# All Users
# Start date: 20260101
# End date: 20260131
国,セッション,エンゲージメント率
日本,10,0.5
#1,30,61.66%

Date,User retention
20260103,-1

Event name,Event count
"""
REPORTS = {"events": EVENTS, "tables": TABLES, "one table": TABLES.partition("\n\n")[0] + "\n"}
NASTY = [
    '=HYPERLINK("http://example.com","x")', "=cmd|' /C calc'!A0", "@SUM(1+1)", "+1+1", "-2+3", "\t=1",
    "<script>x</script>", "<!DOCTYPE html><html>", "\u202eevil\u202c", "\u200f", "\ufeff", '""', '"', '"""', '"a""b"',
    "a\nb", "a\r\nb", "a\rb", "\x00", "\x1a", "\x85", "\u2028", "\x0b", "NaN", "inf", "1e999", "1.22158E+17", "1_000",
    "１２３", "१२३", "−5", "0x1F", "9" * 400, "-", "--", "n/a", "#REF!", "#N/A", "2026-02-30", "99999-01-01",
    "0000-00-00", "1/2/3/4", ",", ";", "\t", ",,,,,,,", "{}", "[]", "{{answer_1}}", "${jndi:x}",
    "'; DROP TABLE x; --", "合計", "Total", "Grand Totals (3 records)", "😀", "e\u0301", "\U000e0001", "a" * 5000,
    "ann@example.com", "\\", "\\N", "NULL", "None", "true",
]


@st.composite
def _mutated(draw, sound):
    """A sound file with up to four faults, in one of the encodings that files come in."""
    text = sound[draw(st.sampled_from(sorted(sound)))]
    for _ in range(draw(st.integers(0, 4))):
        text = _fault(draw, text)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp932", "latin-1", "cp1252"]))
    data = text.encode(encoding, "replace")
    what = draw(st.sampled_from(["as is", "as is", "cut", "junk", "flip", "mixed", "twice"]))
    place = draw(st.integers(0, max(len(data) - 1, 0)))
    if what == "cut":
        return data[:place]
    if what == "junk":
        return data[:place] + draw(st.binary(max_size=40)) + data[place:]
    if what == "flip" and data:
        return data[:place] + bytes([data[place] ^ (1 << draw(st.integers(0, 7)))]) + data[place + 1:]
    if what == "mixed":
        other = draw(st.sampled_from(["cp932", "utf-16", "euc-jp", "utf-8"]))
        return data + "末尾の行,だけ,別の,文字コード\n".encode(other)
    return data + data if what == "twice" else data


def _fault(draw, text):
    lines = text.split("\n")
    row = draw(st.integers(0, len(lines) - 1))
    what = draw(st.sampled_from(["cell", "cell", "raw", "drop", "double", "swap", "line ends", "delimiter", "quotes"]))
    if what == "cell":
        cells = lines[row].split(",")
        cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(NASTY) | st.text(max_size=12))
        lines[row] = ",".join(cells)
    elif what == "raw":
        lines.insert(row, draw(st.sampled_from(NASTY) | st.text(max_size=30)))
    elif what == "drop":
        del lines[row]
    elif what == "double":
        lines.insert(row, lines[row])
    elif what == "swap":
        other = draw(st.integers(0, len(lines) - 1))
        lines[row], lines[other] = lines[other], lines[row]
    elif what == "line ends":
        return text.replace("\n", draw(st.sampled_from(["\r\n", "\r", "\n\n", "\n\r"])))
    elif what == "delimiter":
        return text.replace(",", draw(st.sampled_from([";", "\t", "|", ", "])))
    else:
        lines[row] = '"' + lines[row].replace(",", '","') + '"'
    return "\n".join(lines)


def _records(data, reading):
    """How many records stand below the header, by the csv module; None where the file is no such text."""
    if reading.source.encoding not in ("utf-8", "utf-8-sig", "cp932"):
        return None
    text = data.decode(reading.source.encoding)
    if text.startswith(codecs.BOM_UTF8.decode("utf-8")):
        text = text[1:]
    if reading.source.delimiter == "":
        json_lines = text.lstrip().startswith("{")
        return sum(1 for line in text.split("\n") if line.strip()) if json_lines else _under_comments(text, reading)
    return sum(1 for cells in list(csv.reader(io.StringIO(text, newline=""), delimiter=reading.source.delimiter))
               [reading._raw.first:] if cells)


def _under_comments(text, reading):
    """The records that are neither blank nor a comment, less those that are a header, whose names are columns."""
    lines, names, count = set(reading.raw.index), set(reading._raw.names), 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=rows.head(text.encode("utf-8")).delimiter)
    begins = 1
    for cells in reader:
        filled = {cell.strip() for cell in cells if cell.strip()}
        if begins in lines:
            assert filled
            count += 1
        else:
            assert not filled or cells[0].lstrip().startswith("#") or filled <= names, cells
        begins = reader.line_num + 1
    assert count == len(reading.raw), "a row of no line"
    return count


def _balanced(path, data):
    """Read the file; all that may be raised is an error of ours in one line, and no row may be lost."""
    path.write_bytes(data)
    for on_bad in ("raise", "return"):
        try:
            reading = read(path, on_bad=on_bad, pseudonymise=KEY, year=2026, dayfirst=False)
        except EngagelabError as error:
            assert str(error).strip(), data
            assert len(str(error).splitlines()) == 1, str(error)
            continue
        source = reading.source
        assert source.rows == source.kept + source.rejected
        assert (reading.rejects["severity"] == "row").sum() == source.rejected
        records = _records(data, reading)
        assert records is None or records == source.rows, (records, source)
        assert len(reading.raw) == source.rows
        assert reading.report()
    return True


def _attacked(examples):
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None,
                    suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile") / "file.csv"


@_attacked(250)
@given(data=_mutated(SOUND))
def test_a_damaged_file_gives_a_balanced_table_or_one_line(place, data):
    assert _balanced(place, data)


@_attacked(100)
@given(data=_mutated(REPORTS))
def test_damaged_events_and_reports_give_a_balanced_table_or_one_line(place, data):
    assert _balanced(place, data)


@pytest.mark.slow
@_attacked(1_500)
@given(data=_mutated(REPORTS))
def test_a_thousand_and_more_damaged_events_and_reports(place, data):
    assert _balanced(place, data)


@_attacked(50)
@given(data=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8")))
def test_junk_gives_one_line(place, data):
    assert _balanced(place, data)


@pytest.mark.slow
@_attacked(9_000)
@given(data=_mutated(SOUND))
def test_nine_thousand_damaged_files(place, data):
    assert _balanced(place, data)


@pytest.mark.slow
@_attacked(1_000)
@given(data=st.binary(max_size=2_000) | st.text(max_size=2_000).map(lambda text: text.encode("utf-8")))
def test_a_thousand_files_of_junk(place, data):
    assert _balanced(place, data)


@pytest.mark.parametrize("case", CORPUS)
def test_the_corpus(place, case):
    data, said = CORPUS[case]
    data = data if isinstance(data, bytes) else data.encode("utf-8")
    place.write_bytes(data)
    if said:
        with pytest.raises(EngagelabError) as error:
            read(place)
        assert said in str(error.value)
    assert _balanced(place, data)
    if not said:
        assert sniff(place).name == "engagelab orders"


@_attacked(150)
@given(data=st.data())
def test_a_damaged_workbook_gives_a_balanced_table_or_one_line(place, data):
    content = bytearray(_workbook())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    cut = data.draw(st.sampled_from([len(content), len(content), len(content) // 2, len(content) - 30]))
    assert _balanced(place, bytes(content[:cut]))


@functools.cache
def _workbook():
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in (HEADER + ROWS[:2_000]).splitlines()[:-1]:
        book.active.append(line.split(","))
    book.save(out)
    return out.getvalue()


MEASURED = """
import sys
from engagelab.errors import EngagelabError
from engagelab.sources.read import read
def size():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
def attempt(path):
    try:
        read(path, on_bad="return", pseudonymise=b"key")
    except EngagelabError as error:
        assert len(str(error).splitlines()) == 1
attempt(sys.argv[1])
before = size()
attempt(sys.argv[2])
print(size() - before)
"""
BIG = 100_000_000
LARGE = {
    "a line of 100 MB": lambda: b"x" * BIG,
    "a cell of 100 MB below a sound header":
        lambda: HEADER.encode() + b'1,"' + b"x" * BIG + b'",2026-09-30T12:34:56Z,1\n',
    "20 MB of commas": lambda: HEADER.encode() + b"," * (BIG // 5),
    "10 MB of line breaks": lambda: HEADER.encode() + b"\n" * (BIG // 10),
    "20 MB of quotes": lambda: HEADER.encode() + b'"' * (BIG // 5),
    "20 MB that no encoding reads": lambda: HEADER.encode() + b"\x81\x20" * (BIG // 10),
    "20 MB of zeros": lambda: b"\0" * (BIG // 5),
    # (each reject costs some 150 bytes: below twelve bytes a row a file of nothing but rejects takes more)
    "a million short rows": lambda: HEADER.encode() + b"1000000,C100000\n" * 1_000_000,
    "40 MB of sound rows": lambda: (HEADER + "".join(ROW.format(n) for n in range(1_000_000))).encode(),
    "30 MB in cp932": lambda: (HEADER + "".join(f"{n},顧客{n},2026-09-30T12:34:56Z,1\n"
                                                for n in range(700_000))).encode("cp932"),
    # (every page is another text of some 60 bytes: below some 22 bytes a row it takes more)
    "24 MB of a report's rows": lambda: ("# Report\n# Start date: 20260101\n# End date: 20260131\nPage path,Views\n,5\n"
                                         + "".join(f"/p/{n:015},{n % 100:04}\n" for n in range(1_000_000))).encode(),
    "20 MB of events": lambda: "".join(json.dumps(_event(n)) + "\n" for n in range(90_000)).encode(),
    "stray quotes in 10 MB": lambda: (HEADER + '1,C"1,2026-09-30T12:34:56Z,1\n' * 350_000).encode(),
}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is told by Linux alone")
@pytest.mark.parametrize("case", LARGE)
def test_memory_stays_below_50_mb_and_ten_times_the_file(tmp_path, case):
    small, large = tmp_path / "small.csv", tmp_path / "file.csv"
    small.write_text(HEADER + ROW.format(1), "utf-8", newline="\n")
    large.write_bytes(LARGE[case]())
    done = subprocess.run([sys.executable, "-c", MEASURED, str(small), str(large)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    used, allowed = int(done.stdout), 50_000_000 + 10 * large.stat().st_size
    assert used <= allowed, f"{used / 1e6:.0f} MB of {allowed / 1e6:.0f}"
    print(f"{case}: {used / 1e6:.0f} MB of {allowed / 1e6:.0f}")
