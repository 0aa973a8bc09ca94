"""`engagelab.toml`: read back as written, refused where it cannot be meant, proposed from the files."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import SourceError, UsageError
from engagelab.sources.settings import (
    CampaignSettings,
    EventSettings,
    FileSettings,
    PulseSettings,
    Settings,
    SurveySettings,
)
from engagelab.sources.settings_file import read_settings, write_settings

FULL = """
name = "Asanagi Coffee"
colors = ["#0b5c5a", "#d9822b"]
language = "ja"
timezone = "Asia/Tokyo"
currency = "JPY"
fiscal_year_starts = 4
events = { active = ["app_open"], steps = ["view", "buy"] }
campaigns = [{ name = "spring", since = 2026-04-01 }]
pulse = { outcome = "q1", scale = [1, 5] }
value = { margin = 0.35, discount = 0 }
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
    assert (got.name, got.fiscal_year_starts, got.segment) == ("Asanagi Coffee", 4, "segment")
    assert got.events == EventSettings(active=("app_open",), steps=("view", "buy"))
    assert got.pulse == PulseSettings(outcome="q1", scale=(1, 5))
    assert (got.value.margin, got.value.discount) == (.35, 0)
    assert got.campaigns == (CampaignSettings("spring", "2026-04-01"),)
    assert got.of_file("pos_2026.csv") == FileSettings(
        table="orders", columns={"伝票": "order_id"}, dayfirst=True, year=2026
    )
    assert got.of_file("other.csv") == FileSettings()
    assert got.of_survey("nps_inapp").questions == {"How likely?": "nps"}


WRONG = {
    'nmae = "x"': "there is no setting 'nmae'; did you mean 'name'?",
    'language = "fr"': "language cannot be 'fr'; it takes one of en, ja",
    "language = 3": "language cannot be 3; it takes one of en, ja",
    'timezone = "Tokyo"': "timezone cannot be 'Tokyo'; it takes a time zone such as 'Asia/Tokyo'",
    "fiscal_year_starts = 13": "fiscal_year_starts cannot be 13; it takes a month from 1 to 12",
    'fiscal_year_starts = "4"': "fiscal_year_starts cannot be '4'; it takes a month from 1 to 12",
    "fiscal_year_starts = true": "cannot be True",
    'colors = ["red", "#0b5c5a"]': """cannot be ['red', '#0b5c5a']; it takes two colours such as "#0b5c5a\"""",
    'colors = ["#0b5c5a"]': "colors cannot be ['#0b5c5a']; it takes two colours",
    'colors = ["#0b5c5a", "#0b5c5a", "#0b5c5a"]': "it takes two colours",
    "colors = []": "colors cannot be []; it takes two colours",
    'colors = "#0b5c5a"': "colors cannot be '#0b5c5a'; it takes two colours",
    'currency = "yen"': "currency cannot be 'yen'; it takes the three capital letters of a currency, such as 'JPY'",
    'currency = "¥"': "currency cannot be '¥'",
    'currency = "JPYEN"': "currency cannot be 'JPYEN'",
    "name = 5": "name cannot be 5; it takes text in quotation marks",
    'campaigns = "spring"': "campaigns cannot be 'spring'; it takes campaigns, each a table [[campaigns]]",
    'campaigns = ["spring"]': "campaigns.1 cannot be 'spring'; it takes names with their values",
    '[[campaigns]]\nname = "spring"': "campaigns.1 cannot be {'name': 'spring'}; it takes campaigns, each",
    '[[campaigns]]\nname = "spring"\nsince = "April"': "it takes campaigns, each a table [[campaigns]] with name",
    '[[campaigns]]\nname = "spring"\nsince = "2026-02-30"': "it takes campaigns, each a table [[campaigns]] with",
    'events = ["a"]': "events cannot be ['a']; it takes tables such as [events.\"name\"]",
    '[events]\nactiv = ["a"]': "no setting 'events.activ'; did you mean 'active'?",
    '[events]\nactive = "a"': 'events.active cannot be \'a\'; it takes a list such as ["a", "b"]',
    'logo = "missing.png"': "logo cannot be 'missing.png'; it takes the name of a picture in this folder, and there is",
    "[value]\nmargin = 40": "value.margin cannot be 40; it takes a share from 0 to 1, such as 0.4",
    "[value]\nmargin = true": "value.margin cannot be True; it takes a share",
    "[value]\ndiscount = -0.1": "value.discount cannot be -0.1; it takes a share",
    "[pulse]\nscale = [10, 0]": "it takes the lowest and the highest answer, such as [0, 10]",
    "[pulse]\nscale = [0, true]": "pulse.scale cannot be [0, True]",
    "[pulse]\nscale = [0]": "pulse.scale cannot be [0]",
    "[pulse]\noutcom = 'x'": "no setting 'pulse.outcom'; did you mean 'outcome'?",
    "name =": "is not valid TOML",
    '[files."a.csv"]\ntabel = "orders"': "no setting 'files.a.csv.tabel'; did you mean 'table'",
    '[files."a.csv"]\ntable = "order"': "files.a.csv.table cannot be 'order'; it takes one of customers, ",
    '[files."b.csv"]\ntable = "order"': "did you mean 'orders'?",
    '[files."a.csv"]\ndayfirst = 1': "dayfirst cannot be 1; it takes true or false",
    '[files."a.csv"]\nyear = "26"': "year cannot be '26'; it takes a year such as 2026",
    '[files."a.csv"]\ncolumns = { "Id" = 3 }': "files.a.csv.columns.Id cannot be 3; it takes a column of one of our",
    '[files."a.csv"]\ncolumns = { "Id" = "ordr_id" }': "cannot be 'ordr_id'; it takes a column of one of our tables",
    '[files."b.csv"]\ncolumns = { "Id" = "ordr_id" }': "did you mean 'order_id'?",
    '[files."a.csv"]\ntable = "orders"\ncolumns = { "Id" = "ticket_id" }': "it takes a column of orders: order_id, ",
    '[files."a.csv"]\nformat = "zendesk_tickets"\ncolumns = { "Id" = "order_id" }': "it takes a column of tickets: ",
    '[files."a.csv"]\ntimezone = "X/Y"': "timezone cannot be 'X/Y'",
    '[files."a.csv"]\nformat = "shopify"': "did you mean",
    "files = 3": 'files cannot be 3; it takes tables such as [files."name"]',
    '[surveys.a]\nquestions = { "Q" = "npss" }': "surveys.a.questions.Q cannot be 'npss'; it takes one of nps, enps, ",
    "[surveys]\na = 3": "surveys.a cannot be 3; it takes names with their values",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_meant_is_refused_by_its_key(tmp_path, text):
    (tmp_path / "engagelab.toml").write_text(text, encoding="utf-8")
    with pytest.raises((SourceError, UsageError)) as error:
        read_settings(tmp_path)
    assert WRONG[text] in str(error.value)


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@hypothesis_settings(max_examples=60, deadline=None)
@given(name=TEXT, wording=TEXT, first=st.booleans())
def test_what_is_written_is_read_back(tmp_path_factory, name, wording, first):
    folder = tmp_path_factory.mktemp("set")
    there = Settings(
        name=name,
        events=EventSettings(active=(name, wording), platform=name),
        campaigns=(CampaignSettings(wording + "z", "2026-04-01"),),
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


def test_a_logo_is_known_by_its_content_and_not_by_its_name(tmp_path):
    (tmp_path / "engagelab.toml").write_text('logo = "logo.png"', encoding="utf-8")
    (tmp_path / "logo.png").write_text("<!doctype html><html><svg></svg></html>", encoding="utf-8")
    with pytest.raises(SourceError, match=r"logo cannot be 'logo.png'; it takes a picture \(PNG, JPEG,"):
        read_settings(tmp_path)
    assert read_settings(tmp_path, logo=False).logo == "logo.png"
    (tmp_path / "logo.png").write_bytes(b"GIF89a and so on")
    assert read_settings(tmp_path).logo == "logo.png"


def test_a_refusal_is_said_in_japanese_too(tmp_path):
    (tmp_path / "engagelab.toml").write_text('[files."a.csv"]\ntable = "order"', encoding="utf-8")
    said = r"'order'は指定できません。customers、.*'orders'のことでしょうか"
    with words.speaking("ja"), pytest.raises(SourceError, match=said):
        read_settings(tmp_path)
