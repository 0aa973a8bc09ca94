"""What the settings name and the folder does not have is said."""

import pytest

from engagelab.sources.folder import read_folder

KEY = b"a key for tests"
FORM = "Timestamp,Email Address,How satisfied are you?\n2025/07/11 10:16:35 AM GMT+9,a@example.com,4\n"


def said(folder, settings, **files):
    (folder / "engagelab.toml").write_text(settings, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    data = read_folder(folder, key=KEY)
    assert all(line in data.report().splitlines() for line in data.said)
    return list(data.said)


def test_a_file_that_is_not_there_is_said_with_what_may_be_meant(tmp_path):
    assert said(tmp_path, '[files."csat_jly.csv"]\ndayfirst = true\n[files."csat_*.csv"]\ndayfirst = true',
                csat_july=FORM) == [
        """engagelab.toml: [files."csat_jly.csv"] fits no file that is read here; did you mean 'csat_july.csv'?"""]


def test_a_survey_that_is_not_there_is_said(tmp_path):
    settings = ('[surveys.ghost]\nchannel = "email"\n[surveys.csat]\nchannel = "email"\n'
                '[surveys.page]\nchannel = "email"\n[files."csat_*.csv"]\nsurvey = "csat"')
    assert said(tmp_path, settings, csat_july=FORM, page="<html>") == [
        'engagelab.toml: [surveys."ghost"] is no survey of this folder']


def test_a_survey_of_our_own_table_is_there(tmp_path):
    answers = ("survey,respondent_id,question_id,question,kind,score,answered_at\n"
               "pulse,r1,q1,Satisfied?,csat,4,2026-01-01T00:00:00Z\n")
    assert said(tmp_path, '[surveys.pulse]\nchannel = "email"', all=answers) == []


@pytest.mark.parametrize("people, lines", [
    ("user_id,segment\nC1,home\n", 0), ("user_id,country\nC1,JP\n", 1), ("user_id,segment\nC1,\n", 1)])
def test_customers_without_the_segment_column_are_said(tmp_path, people, lines):
    got = said(tmp_path, "", people=people)
    assert len(got) == lines and all("customers have nothing in a column 'segment'" in line for line in got)


def test_a_segment_column_of_another_name_is_looked_for_under_its_name(tmp_path):
    (line,) = said(tmp_path, 'segment = "segmnt"', people="user_id,segment\nC1,home\n")
    assert "'segmnt', which segment in engagelab.toml names; did you mean 'segment'?" in line
    (tmp_path / "people.csv").unlink()
    assert said(tmp_path, 'segment = "segmnt"', form=FORM) == []
