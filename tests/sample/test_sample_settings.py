"""The settings files are TOML and say what the files do not."""

import re
import tomllib

from engagelab.sample.settings import export_settings, settings


def test_the_company_introduces_itself():
    read = tomllib.loads(settings())
    assert read["name"] == "Asanagi Coffee"
    assert (read["timezone"], read["currency"], read["fiscal_year_starts"]) == ("Asia/Tokyo", "JPY", 4)
    assert read["segment"] == "segment"
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in read["colors"])


def test_every_survey_has_its_channel_and_the_kind_of_every_question(company):
    surveys = tomllib.loads(export_settings())["surveys"]
    answers = company["surveys"]
    assert set(surveys) == set(answers["survey"])
    for name, told in surveys.items():
        here = answers[answers["survey"] == name]
        assert {told["channel"]} == set(here["channel"])
        assert {told["touchpoint"]} == set(here["touchpoint"])
        assert told["questions"] == dict(zip(here["question"], here["kind"], strict=True))


def test_the_files_of_the_mailing_list_map_their_added_columns(files):
    told = tomllib.loads(export_settings())["files"]["*_members_export_*.csv"]["columns"]
    header = files["exports/subscribed_members_export_a1b2c3d4e5.csv"].content.decode("utf-8-sig").splitlines()[0]
    assert set(told) <= set(header.split(","))
