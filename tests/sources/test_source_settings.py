"""`engagelab.toml`: read back as written, refused where it cannot be meant, proposed from the files."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engagelab.errors import SourceError, UsageError
from engagelab.sources.settings import FileSettings, Settings, SurveySettings, propose, read_settings, write_settings

FULL = """
name = "Asanagi Coffee"
colors = ["#0b5c5a", "#d9822b"]
language = "ja"
timezone = "Asia/Tokyo"
currency = "JPY"
fiscal_year_starts = 4
events = { purchase = "buy" }
campaigns = ["spring"]
[files."pos_*.csv"]
table = "orders"
columns = { "伝票" = "order_id" }
dayfirst = true
year = 2026
[surveys."nps_inapp"]
channel = "in_app"
questions = { "How likely?" = "nps" }
"""


def test_every_setting_arrives(tmp_path):
    (tmp_path / "engagelab.toml").write_text(FULL, encoding="utf-8")
    got = read_settings(tmp_path)
    assert (got.name, got.fiscal_year_starts, got.segment, got.events) == (
        "Asanagi Coffee",
        4,
        "segment",
        {"purchase": "buy"},
    )
    assert got.of_file("pos_2026.csv") == FileSettings(
        table="orders", columns={"伝票": "order_id"}, dayfirst=True, year=2026
    )
    assert got.of_file("other.csv") == FileSettings()
    assert got.of_survey("nps_inapp").questions == {"How likely?": "nps"}


WRONG = {
    'nmae = "x"': "there is no setting 'nmae'; did you mean 'name'?",
    'language = "fr"': "language cannot be 'fr'",
    'timezone = "Tokyo"': "timezone cannot be 'Tokyo'",
    "fiscal_year_starts = 13": "fiscal_year_starts cannot be 13",
    'fiscal_year_starts = "4"': "fiscal_year_starts cannot be '4'",
    "fiscal_year_starts = true": "cannot be True",
    'colors = ["red"]': "colors cannot be 'red'",
    "name = 5": "name cannot be 5",
    "name =": "is not valid TOML",
    '[files."a.csv"]\ntabel = "orders"': "no setting 'files.a.csv.tabel'; did you mean 'table'",
    '[files."a.csv"]\ntable = "order"': "files.a.csv.table cannot be 'order'",
    '[files."a.csv"]\ndayfirst = 1': "dayfirst cannot be 1",
    '[files."a.csv"]\ntimezone = "X/Y"': "timezone cannot be 'X/Y'",
    '[files."a.csv"]\nformat = "shopify"': "did you mean",
    "files = 3": "files cannot be 3",
    '[surveys.a]\nquestions = { "Q" = "npss" }': "surveys.a.questions.Q cannot be 'npss'",
    "[surveys]\na = 3": "surveys.a cannot be 3",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_meant_is_refused_by_its_key(tmp_path, text):
    (tmp_path / "engagelab.toml").write_text(text, encoding="utf-8")
    with pytest.raises((SourceError, UsageError)) as error:
        read_settings(tmp_path)
    assert WRONG[text] in str(error.value)


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@hypothesis_settings(max_examples=60, deadline=None)
@given(name=TEXT, events=st.dictionaries(TEXT, TEXT, max_size=3), wording=TEXT, first=st.booleans())
def test_what_is_written_is_read_back(tmp_path_factory, name, events, wording, first):
    folder = tmp_path_factory.mktemp("set")
    there = Settings(
        name=name,
        events=events,
        campaigns=("a", "b"),
        files={
            wording + "x": FileSettings(
                table="orders", columns={wording: "total"}, dayfirst=first, timezone="Asia/Tokyo"
            )
        },
        surveys={wording + "y": SurveySettings(channel=name, questions={wording: "nps"})},
    )
    write_settings(folder, there)
    assert read_settings(folder) == there


def test_what_is_there_is_not_overwritten_unasked(tmp_path):
    write_settings(tmp_path, Settings(name="a"))
    with pytest.raises(UsageError, match="there already"):
        write_settings(tmp_path, Settings(name="b"))
    assert read_settings(tmp_path).name == "a"
    write_settings(tmp_path, dataclasses.replace(Settings(), name="b"), force=True)
    assert read_settings(tmp_path).name == "b"
    assert [path.name for path in tmp_path.iterdir()] == ["engagelab.toml"]


def test_a_proposal_takes_language_zone_currency_and_questions_from_the_files(tmp_path):
    folder = tmp_path / "asanagi_coffee"
    folder.mkdir()
    (folder / "nps.csv").write_text(
        "タイムスタンプ,友人に勧めますか,理由\n2025/07/11 10:16:35 午前 GMT+9,9,早いです\n", encoding="utf-8"
    )
    (folder / "orders.csv").write_text("order_id,ordered_at,currency\n1,2026-09-30,JPY\n", encoding="utf-8")
    (folder / "page.csv").write_text("<html>", encoding="utf-8")
    got = propose(folder)
    assert (got.name, got.language, got.timezone, got.currency, got.fiscal_year_starts) == (
        "asanagi coffee",
        "ja",
        "Asia/Tokyo",
        "JPY",
        4,
    )
    assert got.surveys["nps"].questions == {"友人に勧めますか": "nps", "理由": "text"}
    write_settings(folder, got)
    assert read_settings(folder) == got
