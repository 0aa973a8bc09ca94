"""Questions of a survey: what is recognised by wording and scale, and what is left open."""

import json

import openpyxl
import pandas as pd
import pytest

from engagelab.errors import SourceError
from engagelab.sources.folder import read_folder
from engagelab.sources.questions import points, propose, question, slug
from engagelab.sources.read import read
from engagelab.sources.settings import Settings, SurveySettings

KINDS = [
    ("How likely are you to recommend us to a friend?", "0 9 10", "nps"),
    ("当社を友人に勧める可能性はどのくらいですか", "0 9 10", "nps"),
    ("このお店をおすすめしたいですか", "3 8", "nps"),
    ("How likely are you to recommend us as a place to work?", "0 9 10", "enps"),
    ("職場を知人に勧めますか", "2 8", "enps"),
    ("How satisfied are you with delivery?", "1 4 5", "csat"),
    ("お届けに満足していますか", "1 5", "csat"),
    ("It was easy to get my problem solved.", "1 6 7", "ces"),
    ("手続きは簡単でしたか", "2 7", "ces"),
    ("Would you recommend us? (1-5)", "1 4 5", "scale"),  # five points are no NPS
    ("Please rate the price", "1 4 5", "scale"),  # `ease` is not in `please`
    ("How old are you?", "34 51", "scale"),
    ("How much do you prefer this place to work?", "0 9 10", "scale"),  # `refer` is not in `prefer`
    ("How satisfied are you?", "1 55", "scale"),
    ("How much effort did you personally have to put forth? (1 very low - 5 very high)", "1 4 5", "scale"),
    ("How much effort did it take? (1-7)", "1 4 7", "scale"),  # a high answer is a bad one
    ("問い合わせにどのくらい手間がかかりましたか", "1 4 7", "scale"),
    ("How easy or difficult was it? (1-7)", "1 4 7", "scale"),
    ("It was easy to get help (1-5)", "1 4 5", "scale"),
    ("It was easy to get help", "1 4 5", "scale"),  # may be five points
    ("It was easy to get help (1-7)", "1 4 5", "ces"),
    ("How satisfied are you? (1-7)", "1 4 5", "scale"),
    ("How satisfied are you? (0-10)", "0 9 10", "scale"),
    ("How satisfied are you?", "1 6 7", "scale"),
    ("満足度をお答えください（1〜5）", "3 4", "csat"),
    ("5段階で満足度をお答えください", "3 4", "csat"),
    ("How likely are you to recommend us? (0-10)", "3 4 11 2", "nps"),
    ("当社を勧めますか（0〜10）", "3 4", "nps"),
    ("How likely are you to recommend us?", "9 " * 96 + "11 12 13 14", "nps"),
    ("How likely are you to recommend us?", "9 " * 90 + "11 " * 10, "scale"),
]


@pytest.mark.parametrize("wording, answers, kind", KINDS)
def test_kind_by_wording_and_scale(wording, answers, kind):
    cells = pd.Series(answers.split(), dtype=object)
    assert propose(wording, points(cells)[0], cells)[0] == kind


def test_labels_are_points_and_words_are_kept():
    asked = question(
        pd.Series(["満足", "非常に不満", "どちらともいえない", None], dtype=object), 0, "満足度を教えてください"
    )
    assert asked.kind == "csat"
    assert asked.score.tolist()[:3] == [4, 1, 3]
    assert asked.text.tolist()[0] == "満足"


@pytest.mark.parametrize(
    "cell, value", [("5 - Very satisfied", 5), ("9点", 9), ("10 (Extremely likely)", 10), ("７", 7), ("3.0", 3)]
)
def test_points_however_they_are_labelled(cell, value):
    assert points(pd.Series([cell], dtype=object))[0].tolist() == [value]


def test_free_text_that_begins_with_a_figure_is_text():
    cells = pd.Series(["2 hours is too long", "ok", "fine"], dtype=object)
    assert question(cells, 0, "Why?").kind == "text"


def test_the_same_few_answers_are_a_choice():
    assert question(pd.Series(["a;b;", "a;", "b;"] * 4, dtype=object), 0, "Which?").kind == "choice"


REPEATED = {
    "sentences": ("How was it?", ["梱包がていねいでした。", "箱の角がつぶれていました。"] * 40, "text"),
    "English sentences": ("How was it?", ["Quick and friendly.", "Too slow!", "ok"] * 40, "text"),
    "a question for comments": ("Any other comments?", ["none", "thanks"] * 40, "text"),
    "the same in Japanese": ("その他ご意見", ["特になし", "なし"] * 40, "text"),
    "long answers": ("How was it?", ["as good as it could be " * 5, "not so"] * 40, "text"),
    "few answers": ("How was it?", ["fine", "ok", "fine"], "text"),
    "answers given once": ("How was it?", ["fine"] * 40 + ["a", "b", "c"], "text"),
    "choices": ("ご利用の店舗", ["渋谷店", "新宿店", "オンラインストア"] * 20, "choice"),
    "choices of some words": ("How did you hear of us?", ["A friend or a member of my family", "Search"] * 9, "choice"),
}


@pytest.mark.parametrize("case", REPEATED)
def test_a_choice_is_short_and_comes_again_and_again_and_is_no_sentence(case):
    wording, answers, kind = REPEATED[case]
    assert question(pd.Series(answers, dtype=object), 0, wording).kind == kind


def test_answers_that_are_addresses_or_numbers_to_call_are_no_question():
    for cells in (["a@example.com", "b@example.com"], ["090-1234-5678", "+81 3 1234 5678"]):
        assert question(pd.Series(cells, dtype=object), 0, "How can we reach you?") is None


def test_slugs_are_stable_and_different_for_equal_wordings():
    assert slug(0, "Why?") == slug(0, " why？") != slug(1, "Why?")
    assert len(slug(3, "x" * 500)) < 60


FORM = "Timestamp,Email Address,How likely are you to recommend us?,Why?,Your name\n"


def test_a_form_becomes_one_row_an_answer(tmp_path):
    path = tmp_path / "nps.csv"
    path.write_text(
        FORM + '2025/07/11 10:16:35 AM GMT+9,a@example.com,9,"Quick, kind",Ann\n'
        "2025/07/11 12:05:00 AM GMT+9,b@example.com,3,,Bob\n",
        encoding="utf-8",
    )
    reading = read(path)
    assert reading.frame[["kind", "score"]].values.tolist()[0] == ["nps", 9.0]
    assert len(reading.frame) == 3
    assert reading.frame["respondent_id"].tolist()[0] == "20250711T011635Z-2"
    assert reading.codebook[["kind", "answers", "missing"]].values.tolist() == [["nps", 2, 0], ["text", 1, 1]]
    assert "Ann" not in reading.raw.to_csv() + reading.frame.to_csv()


def test_an_answer_off_the_scale_is_a_cell_to_mend(tmp_path):
    path = tmp_path / "nps.csv"
    rows = "".join(
        f"2025/07/{day:02d} 10:16:35 AM GMT+9,,{score},,\n" for day, score in enumerate([9, 10, 8, 0] * 4 + ["x"], 1)
    )
    path.write_text(FORM + rows, encoding="utf-8")
    with pytest.raises(SourceError, match=r"line 18, .*'x' is not a point of the question's scale"):
        read(path)
    reading = read(path, on_bad="return")
    assert reading.rejects["severity"].tolist() == ["cell"]
    assert len(reading.frame) == 16


def test_one_answer_off_the_scale_leaves_the_question_what_it_is(tmp_path):
    path = tmp_path / "nps.csv"
    rows = "".join(f"2025/07/01 10:16:{n % 60:02d} AM GMT+9,,{11 if n == 50 else n % 11},,\n" for n in range(100))
    path.write_text(FORM.replace("us?", "us? (0-10)") + rows, encoding="utf-8")
    reading = read(path, on_bad="return")
    assert reading.codebook["kind"].tolist()[0] == "nps"
    assert reading.codebook[["scale", "answers"]].values.tolist()[0] == ["0-10", 99]
    assert reading.rejects[["line", "value", "severity"]].values.tolist() == [[52, "11", "cell"]]


@pytest.mark.parametrize(
    "kind, scale, good", [("csat", "1-5", [1, 5]), ("ces", "1-7", [1, 5, 7]), ("nps", "0-10", [0])]
)
def test_an_answer_off_the_scale_of_a_kind_that_was_confirmed_is_a_fault_of_its_cell(tmp_path, kind, scale, good):
    answers = sorted({-1, 0, 1, 5, 7, 11} - ({1, 5, 7} if kind == "nps" else set()))
    rows = "".join(f"2025/07/{day:02d} 10:16:35 AM GMT+9,{score}\n" for day, score in enumerate(answers, 1))
    (tmp_path / "form.csv").write_text("Timestamp,Rate us\n" + rows, encoding="utf-8")
    settings = Settings(surveys={"form": SurveySettings(questions={"Rate us": kind})})
    data = read_folder(tmp_path, settings=settings, key=b"a key for tests")
    assert data["surveys"]["score"].tolist() == good
    assert data.rejects["severity"].tolist() == ["cell"] * (len(answers) - len(good))
    assert data.readings["form.csv"].codebook["scale"].tolist() == [scale]


QUALTRICS = [
    ["StartDate", "Status", "RecordedDate", "ResponseId", "RecipientEmail", "Q1", "Q1_NPS_GROUP", "Q2_DO_1"],
    ["Start", "Type", "Recorded", "Id", "Mail", "How likely are you to recommend us?", "Group", "Order"],
]


@pytest.mark.parametrize("style", [json.dumps, repr])
def test_qualtrics_says_its_own_zone_in_either_spelling(tmp_path, style):
    third = [style({"ImportId": f"i{place}", "timeZone": "Asia/Tokyo"}) for place in range(8)]
    rows = [
        *QUALTRICS,
        third,
        ["2026-04-01 09:00:00", "IP Address", "2026-04-01 09:02:01", "R_1", "", "9", "Promoter", "1"],
        ["2026-04-01 09:00:00", "Survey Preview", "2026-04-01 09:02:01", "R_2", "", "3", "Detractor", "1"],
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "q.csv", header=False, index=False, encoding="utf-16", sep="\t")
    reading = read(tmp_path / "q.csv", tz="UTC")
    assert reading.frame[["question_id", "score"]].values.tolist() == [["i5", 9.0]]
    assert reading.frame["answered_at"].tolist() == [pd.Timestamp("2026-04-01T00:02:01Z")]
    assert reading.rejects["line"].tolist() == [5]


def test_legacy_qualtrics_has_two_header_rows(tmp_path):
    names = [f"V{n}" for n in range(1, 11)] + ["Q1", ""]
    second = [
        "ResponseID",
        "ResponseSet",
        "Name",
        "ExternalDataReference",
        "EmailAddress",
        "IPAddress",
        "Status",
        "StartDate",
        "EndDate",
        "Finished",
        "How satisfied are you?",
        "",
    ]
    row = [
        "R_1",
        "Default",
        "Ann",
        "E7",
        "a@example.com",
        "192.0.2.1",
        "0",
        "2014-01-02 03:04:05",
        "2014-01-02 03:05:05",
        "1",
        "4",
        "",
    ]
    pd.DataFrame([names, second, row]).to_csv(tmp_path / "old.csv", header=False, index=False)
    reading = read(tmp_path / "old.csv")
    assert reading.frame[["user_id", "kind", "score"]].values.tolist() == [["E7", "csat", 4.0]]
    assert "Ann" not in reading.raw.to_csv()


def test_a_forms_workbook_with_dates_as_dates(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["ID", "開始時刻", "完了時刻", "メール", "名前", "職場を知人に勧めますか"])
    when = pd.Timestamp("2026-04-01 09:02:10").to_pydatetime()
    book.active.append([1, when, when, "anonymous", None, 9])
    book.active.append([2, when, when, "anonymous", "山田", 4.0])
    book.save(tmp_path / "enps.xlsx")
    reading = read(tmp_path / "enps.xlsx", tz="Asia/Tokyo")
    assert reading.frame["score"].tolist() == [9, 4]
    assert reading.frame["kind"].unique().tolist() == ["enps"]
    assert reading.frame["answered_at"].iloc[0] == pd.Timestamp("2026-04-01T00:02:10Z")


def test_two_questions_of_one_wording_stay_two(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("Timestamp,Why?,Why?\n2025/07/11 10:16:35 AM GMT+9,a,b\n", encoding="utf-8")
    assert read(path).frame["question_id"].tolist() == ["q02_why", "q03_why"]
