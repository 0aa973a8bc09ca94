"""From the files as vendors export them to a page that an analyst would send to a client."""

import csv
import html
import re
import shutil
from pathlib import Path

import brand
import pytest

from engagelab import cli, words

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
EXPORTS = ROOT / "data/exports"


@pytest.fixture(autouse=True)
def english(monkeypatch):
    """Each report may set its own language; the next test starts in English, inside the project."""
    monkeypatch.chdir(ROOT)
    yield
    words.set_language("en")


def report(data, out):
    assert cli.main(["report", "01", "--data", str(data), "--out", str(out)]) == 0
    return (out / "01_customers.html").read_text("utf-8")


def text_of(page):
    """What a reader sees of a page, without pictures, style and code."""
    hidden = r"<style>.*?</style>|<details.*?</details>|src='data:[^']*'|src=\"data:[^\"]*\""
    page = re.sub(hidden, " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def made(out, name):
    """What a reader sees of a page; where the data have nothing for it, of the index, which says so."""
    page = out / f"{name}.html"
    return text_of((page if page.is_file() else out / "index.html").read_text("utf-8"))


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    out = tmp_path_factory.mktemp("pages")
    return report(EXPORTS, out), out


def test_a_page_is_made_from_the_raw_files(exports):
    text = text_of(exports[0])
    assert "Asanagi Coffee" in text
    assert "We asked other people" in text
    assert "More opens, but not by people: mail programs open it unasked" in text
    assert "No alert" not in text
    assert "trial answer" in text.split("Alerts")[1].split("Findings")[0]
    assert "Facebook: views were bought" in text
    assert "Left out" not in text
    assert "shopify_orders" in text


def test_the_page_says_what_the_sample_page_says(exports, tmp_path):
    def numbers(page):
        answer = text_of(page).split("Scorecard")[0]
        return re.findall(r"NPS of all answers.*?\)\.|NPS with the channels.*?\)\.", answer)

    assert numbers(exports[0]) == numbers(report("sample", tmp_path))
    assert len(numbers(exports[0])) == 2


def test_the_same_files_give_the_same_bytes(exports, tmp_path):
    report(EXPORTS, tmp_path)
    for name in ("01_customers.html", "index.html"):
        assert (tmp_path / name).read_bytes() == (exports[1] / name).read_bytes()


def test_the_page_stands_alone_and_is_small(exports):
    page, out = exports
    assert not re.search(r"<script|<link|https?://(?!www\.w3\.org)|@import|url\(", page)
    assert (out / "01_customers.html").stat().st_size < 1_500_000
    assert str(ROOT) not in page


def test_no_address_name_or_number_of_a_person_is_on_any_page(exports):
    with (ROOT / "data/customers.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    personal = {person[column] for person in people for column in ("email", "last_name", "phone")} - {""}
    assert len(personal) > 1000
    for path in exports[1].glob("*.html"):
        page = path.read_text("utf-8")
        assert not [value for value in personal if value in page]
        assert not re.search(r"[\w.]+@[\w.]+\.\w+", text_of(page))


def test_two_files_make_a_page_that_says_what_it_left_out(tmp_path):
    for name in ("zendesk_tickets.csv", "orders_export_2026Q2.csv", "orders_export_2026Q3.csv"):
        shutil.copy(EXPORTS / name, tmp_path / name)
    text = text_of(report(tmp_path, tmp_path / "out"))
    assert "Left out: “What does the score say?” needs answers to an NPS question." in text
    assert "zendesk" in text
    assert "How long do they wait for help?" in text
    assert "Full-price share" in text


def test_no_word_of_the_first_company_is_on_the_page_of_the_second(tmp_path):
    brand.write(tmp_path / "files")
    text = text_of(report(tmp_path / "files", tmp_path / "out"))
    assert brand.NAME in text
    assert "2026Q2" in text
    assert "Left out: “How long do they wait for help?” needs support tickets." in text
    assert not re.search(r"asanagi|朝凪|coffee|コーヒー|\bgift\b|\boffice\b|in_app|¥|JPY", text, re.IGNORECASE)
    assert not re.search(r"Huber|Klara|example\.org|5550100|Gute Beratung", text)
    assert "**Vote" not in text
    assert "Key points" not in text


TABLES = ["customers", "email_campaigns", "email_sends", "orders", "reviews", "social_posts", "subscriptions",
          "surveys", "tickets"]


@pytest.mark.parametrize("name", TABLES)
def test_one_table_alone_makes_a_page(name, tmp_path):
    for path in [*(ROOT / "data").glob(f"{name}*.csv"), ROOT / "data/targets.csv", ROOT / "data/engagelab.toml"]:
        shutil.copy(path, tmp_path / path.name)
    text = text_of(report(tmp_path, tmp_path / "out"))
    assert "Left out: " in text
    assert "nan" not in re.findall(r"[a-z]+", text)


@pytest.mark.parametrize("kind", ["csat", "ces", "nps"])
def test_one_kind_of_question_alone_makes_a_page(kind, tmp_path):
    with (ROOT / "data/surveys.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == kind]
    with (tmp_path / "surveys.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    text = text_of(report(tmp_path, tmp_path / "out"))
    assert "NPS" in text
    assert "answer none of the questions" not in text


def test_a_folder_that_is_not_there_and_an_empty_one_are_said_in_one_line(tmp_path, capsys):
    assert cli.main(["report", "--data", str(tmp_path / "none")]) == 1
    (tmp_path / "empty").mkdir()
    assert cli.main(["report", "--data", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2
    assert all(line.startswith("engagelab: ") for line in lines)
