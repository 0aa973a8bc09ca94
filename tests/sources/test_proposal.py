"""Settings proposed from the files: what these say of themselves, and no more."""

import shutil
from pathlib import Path

import pytest

from engagelab.errors import SourceError, UsageError
from engagelab.sources.proposal import channel_of, propose
from engagelab.sources.settings_file import read_settings, write_settings

EXPORTS = Path(__file__).parents[2] / "data" / "exports"
MEMBERS = "Email Address,Segment,Plan ,Won by,Phone Number,MEMBER_RATING,LEID\n"


def test_language_zone_currency_and_questions_are_taken_from_the_files(tmp_path):
    folder = tmp_path / "asanagi_coffee"
    folder.mkdir()
    (folder / "nps.csv").write_text(
        "タイムスタンプ,友人に勧めますか,理由\n2025/07/11 10:16:35 午前 GMT+9,9,早いです\n", encoding="utf-8")
    (folder / "orders.csv").write_text("order_id,ordered_at,currency\n1,2026-09-30,JPY\n2,2026-09-30,yen\n"
                                       "3,2026-09-30,yen\n", encoding="utf-8")
    (folder / "page.csv").write_text("<html>", encoding="utf-8")
    got = propose(folder)
    assert (got.name, got.language, got.timezone, got.currency, got.fiscal_year_starts) == (
        "asanagi coffee", "ja", "Asia/Tokyo", "JPY", 4)
    assert got.surveys["nps"].questions == {"友人に勧めますか": "nps", "理由": "text"}
    assert got.surveys["nps"].channel == ""
    write_settings(folder, got)
    assert read_settings(folder) == got


@pytest.mark.parametrize("file, channel", [
    ("nps_in_app.csv", "in_app"), ("NPS-App-2026.csv", "in_app"), ("アプリ内アンケート.csv", "in_app"),
    ("nps_email.csv", "email"), ("e-mail survey.csv", "email"), ("メール調査.xlsx", "email"), ("web_csat.csv", "web"),
    ("LINEアンケート.csv", "line"), ("csat_sms.csv", "sms"), ("来店アンケート.csv", "store"), ("store26.csv", "store"),
    ("nps.csv", ""), ("apples.csv", ""), ("online.csv", ""), ("オンライン.csv", ""), ("app_store.csv", "")])
def test_the_channel_of_a_survey_is_what_its_file_is_called_if_that_is_plain(file, channel):
    assert channel_of(file) == channel


def members(folder, *names, header=MEMBERS):
    for name in names:
        (folder / name).write_text(header + "a@example.com,home,light,store,050,4,55\n", encoding="utf-8")


def test_added_columns_that_are_called_as_ours_are_mapped_under_one_pattern(tmp_path):
    members(tmp_path, "subscribed_members_export_1.csv", "cleaned_members_export_1.csv")
    got = propose(tmp_path).files
    assert {name: dict(entry.columns) for name, entry in got.items()} == {
        "*_members_export_1.csv": {"Segment": "segment", "Plan": "plan"}}


def test_a_pattern_that_would_take_in_another_file_is_not_proposed(tmp_path):
    members(tmp_path, "subscribed_members_export_1.csv", "cleaned_members_export_1.csv")
    members(tmp_path, "un_members_export_1.csv", header=MEMBERS.replace("Segment", "Group"))
    assert set(propose(tmp_path).files) == {
        "subscribed_members_export_1.csv", "cleaned_members_export_1.csv", "un_members_export_1.csv"}


def test_a_single_file_is_named_and_a_bracket_behind_a_name_is_no_part_of_it(tmp_path):
    members(tmp_path, "list.csv", header=MEMBERS.replace("Segment", "Segment [list]").replace("Plan", "Rating"))
    assert dict(propose(tmp_path).files["list.csv"].columns) == {"Segment [list]": "segment"}    # a rating is there


def test_a_file_that_has_none_is_not_listed(tmp_path):
    members(tmp_path, "list.csv", header="Email Address,a,b,c,d,MEMBER_RATING,LEID\n")
    assert propose(tmp_path).files == {}


def test_a_folder_without_a_file_to_read_gives_no_proposal(tmp_path):
    with pytest.raises(SourceError, match="there is no CSV or XLSX file in it"):
        propose(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        propose(tmp_path / "none")


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="the sample's exports are not there")
def test_the_samples_exports_give_back_most_of_their_own_settings(tmp_path):
    folder = tmp_path / "exports"
    shutil.copytree(EXPORTS, folder, ignore=shutil.ignore_patterns("engagelab.toml", "email_sends*", "*_content_*"))
    got, want = propose(folder), read_settings(EXPORTS)
    assert {name: dict(survey.questions) for name, survey in got.surveys.items()} == {
        name: dict(survey.questions) for name, survey in want.surveys.items()}
    assert {name: survey.channel for name, survey in got.surveys.items()} == {
        "nps_email": "email", "nps_in_app": "in_app", "csat_delivery": "", "csat_plan": "",
        "support_feedback": ""}
    assert set(got.files) == {"*_members_export_a1b2c3d4e5.csv", "anken_ichiran.csv", "kuchikomi.csv", "ma_leads.csv",
                              "meishi.csv"}
    for name, entry in got.files.items():
        saved = want.of_file(name.replace("*", "subscribed"))
        assert entry.table == saved.table
        assert len(entry.columns) >= 3
        for theirs, ours in entry.columns.items():
            assert ours in (saved.columns[theirs], saved.columns[theirs][0]), (name, theirs)
