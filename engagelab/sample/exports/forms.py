"""The five surveys: three Google Forms, one Qualtrics, one Microsoft Forms.

A form does not say how it reached people; the channel stands in `engagelab.toml`.
"""

import json

import numpy as np
import pandas as pd

from engagelab.sample.banks import ids, rows
from engagelab.sample.dates import local, written
from engagelab.sample.exports.vendor import SECOND, filled, headers, number
from engagelab.sample.text_files import Written, csv_file
from engagelab.workbook import Sheet, workbook

GOOGLE = {"ja": ("タイムスタンプ", "メールアドレス", "{half_ja}"), "en": ("Timestamp", "Email Address", "{half}")}
MICROSOFT = ("ID", "開始時刻", "完了時刻", "メール", "名前")
GROUPS = np.array(["Detractor", "Passive", "Promoter"], dtype=object)
PREVIEW = "Survey Preview"
IMPORT_IDS = {"StartDate": "startDate", "EndDate": "endDate", "Status": "status", "IPAddress": "ipAddress",
              "Progress": "progress", "Duration (in seconds)": "duration", "Finished": "finished",
              "RecordedDate": "recordedDate", "ResponseId": "_recordId", "RecipientLastName": "recipientLastName",
              "RecipientFirstName": "recipientFirstName", "RecipientEmail": "recipientEmail",
              "ExternalReference": "externalDataReference", "LocationLatitude": "locationLatitude",
              "LocationLongitude": "locationLongitude", "DistributionChannel": "distributionChannel",
              "UserLanguage": "userLanguage", "Q1_NPS_GROUP": "QID1_NPS_GROUP", "Q1": "QID1", "Q2": "QID2_TEXT"}
PROSE = {"StartDate": "Start Date", "EndDate": "End Date", "Status": "Response Type", "IPAddress": "IP Address",
         "RecordedDate": "Recorded Date", "ResponseId": "Response ID", "RecipientLastName": "Recipient Last Name",
         "RecipientFirstName": "Recipient First Name", "RecipientEmail": "Recipient Email",
         "ExternalReference": "External Data Reference", "LocationLatitude": "Location Latitude",
         "LocationLongitude": "Location Longitude", "DistributionChannel": "Distribution Channel",
         "UserLanguage": "User Language"}


def wordings(survey: str) -> dict[str, str]:
    """The questions of a survey: id -> wording."""
    return {row["question_id"]: row["wording"] for row in rows("questions.csv") if row["survey"] == survey}


def form_files(surveys: pd.DataFrame, customers: pd.DataFrame) -> dict[str, Written]:
    """All five files by name."""
    people = customers.set_index("user_id")
    return {"nps_email.csv": _google(_wide(surveys, "nps_email", people), "nps_email", "ja"),
            "nps_in_app.csv": _qualtrics(_wide(surveys, "nps_in_app", people)),
            "csat_delivery.xlsx": _microsoft(_wide(surveys, "csat_delivery", people)),
            "csat_plan.csv": _google(_wide(surveys, "csat_plan", people), "csat_plan", "ja"),
            "support_feedback.csv": _google(_wide(surveys, "support_feedback", people), "support_feedback", "en")}


def _wide(surveys: pd.DataFrame, survey: str, people: pd.DataFrame) -> pd.DataFrame:
    """One row a filled-in form, one column a question, with what the person is called."""
    answers = surveys[surveys["survey"] == survey]
    forms = answers.drop_duplicates("respondent_id").set_index("respondent_id")[["user_id", "answered_at", "language"]]
    for question in wordings(survey):
        given = answers[answers["question_id"] == question].set_index("respondent_id")
        in_words = (given["kind"] == "text").all()
        forms[question] = (given["text"] if in_words else number(given["score"])).reindex(forms.index)
    who = people.loc[forms["user_id"], ["email", "first_name", "last_name"]]
    return forms.reset_index().assign(**{name: who[name].to_numpy() for name in who.columns})


def _google(forms: pd.DataFrame, survey: str, language: str) -> Written:
    stamp, address, half = GOOGLE[language]
    pattern = "{year}/{month:02}/{day:02} {hour12:02}:{minute:02}:{second:02} " + half + " GMT+9"
    text = written(local(forms["answered_at"]), pattern)
    if language == "en":
        text = text.str.replace(" am ", " AM ", regex=False).str.replace(" pm ", " PM ", regex=False)
    answers = {wording: forms[question] for question, wording in wordings(survey).items()}
    return csv_file(pd.DataFrame({stamp: text, address: forms["email"], **answers}), newline="\r\n",
                    bom=language == "ja")


def _qualtrics(forms: pd.DataFrame) -> Written:
    """Three header rows, a preview of somebody who tried the form, and the answers given in the app."""
    clock = local(forms["answered_at"])
    place = forms.index.to_numpy()
    seconds = 20 + place * 37 % 160
    score = forms["nps"].astype("int64").to_numpy()
    ended = written(clock, SECOND)
    table = filled("qualtrics", {
        "StartDate": written(clock - pd.to_timedelta(seconds, unit="s"), SECOND), "EndDate": ended,
        "Status": "IP Address", "IPAddress": [f"192.0.2.{number}" for number in (place % 250 + 1).tolist()],
        "Progress": "100", "Duration (in seconds)": seconds.astype(str), "Finished": "True", "RecordedDate": ended,
        "ResponseId": ids("R_", place + 1, 15), "ExternalReference": forms["user_id"],
        "DistributionChannel": "anonymous", "UserLanguage": forms["language"].str.upper(),
        "Q1_NPS_GROUP": GROUPS[(score >= 7).astype(int) + (score >= 9)], "Q1": forms["nps"], "Q2": forms["reason"],
    }, forms.index)
    preview = table.iloc[:1].assign(Status=PREVIEW, ResponseId="R_000000000000000", ExternalReference="", Q2="test")
    text = {"Q1": wordings("nps_in_app")["nps"], "Q2": wordings("nps_in_app")["reason"],
            "Q1_NPS_GROUP": wordings("nps_in_app")["nps"] + " - Group"}
    names = headers()["qualtrics"]
    above = pd.DataFrame([{name: (PROSE | text).get(name, name) for name in names},
                          {name: _import_id(name) for name in names}])
    made = csv_file(pd.concat([above, preview, table]), bom=True, newline="\r\n")
    return Written(made.content, len(forms) + 1)


def _import_id(name: str) -> str:
    zone = {"timeZone": "Asia/Tokyo"} if name.endswith("Date") else {}
    return json.dumps({"ImportId": IMPORT_IDS[name], **zone}, separators=(",", ":"))


def _microsoft(forms: pd.DataFrame) -> Written:
    ended = local(forms["answered_at"]).to_numpy().astype("datetime64[s]")
    begun = ended - (15 + forms.index.to_numpy() * 29 % 90).astype("timedelta64[s]")
    questions = wordings("csat_delivery")
    comment = forms["comment"].astype("object").where(forms["comment"].notna(), None)
    score = forms["csat"].astype("int64").tolist()
    rows_of = zip(range(1, len(forms) + 1), begun, ended, forms["email"],
                  forms["last_name"] + " " + forms["first_name"], score, comment, strict=True)
    return Written(workbook([Sheet("Sheet1", [[*MICROSOFT, *questions.values()], *rows_of])]), len(forms))
