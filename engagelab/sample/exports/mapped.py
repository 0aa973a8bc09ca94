"""Files that no declaration knows, written by the mapping that is saved for them in `mapped.toml`.

Sales force automation, marketing automation, business cards, a review site: what the mapping says of headings and
values is what stands in the file, so one is never changed without the other.
"""

import functools
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from engagelab.sample.dates import local, written
from engagelab.sample.text_files import Written, cells, csv_file
from engagelab.tables import table as declared

STAMP = "{year}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02}"
SALES, LEADS, CARDS, REVIEWS = "anken_ichiran.csv", "ma_leads.csv", "meishi.csv", "kuchikomi.csv"
CASE, MET_AT, SITE = "オフィスプラン", "trade_fair", "review_site"
SIZES = np.array(["1〜20名", "21〜100名", "101名以上"], dtype=object)
# What an event adds to a lead's score, as somebody once set it in the marketing system.
POINTS = {"document_view": 2, "mail_click": 3, "seminar_attended": 10, "visit_booked": 30}
# Rows that a person typed or a spreadsheet spoilt: a letter for a figure, an id that was a longer number, no date, a
# date that is none, and one that breaks off. They stand behind the sound ones and are nobody's review.
SPOILT = ("V900001,2026/09/02 10:11:00,S,普通,ふつうにおいしいです。,1〜20名",
          "1.23457E+11,2026/09/05 12:30:00,4,満足,来客にも好評です。,21〜100名",
          "V900003,,5,おすすめ,社員が喜んでいます。,1〜20名",
          "V900004,2026/09/31 09:00:00,3,まずまず,もう少し種類がほしいです。,101名以上",
          "V900005,2026/09/20 18:45:00,2")


def mappings() -> str:
    """The saved settings of the files, as they stand in `engagelab.toml`."""
    return files(__package__).joinpath("mapped.toml").read_text("utf-8")


@functools.cache
def _settings(file: str) -> Mapping[str, Any]:
    return tomllib.loads(mappings())["files"][file]


def mapped(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """A canonical table under the headings, and with the values, that the mapping of a file names.

    >>> mapped(pd.DataFrame({"stage": ["lead"]}), "meishi.csv")["商談状況"].tolist()
    ['未受注']
    """
    entry = _settings(file)
    columns = declared(entry["table"]).columns
    found = {}
    for theirs, ours in entry["columns"].items():
        name = ours if isinstance(ours, str) else ours[0]
        kind = columns[name].kind
        if name not in frame:
            values: object = ""
        elif kind == "time":
            values = written(local(frame[name]), STAMP)
        else:
            text = cells(frame[name], kind).astype("string")
            values = text.replace({str(value): said for said, value in entry.get("values", {}).get(name, {}).items()})
        found[theirs] = values
    return pd.DataFrame(found, index=frame.index)


def mapped_files(tables: Mapping[str, pd.DataFrame]) -> dict[str, Written]:
    """The four files; deals are those of the owners that the mapping names, cards are those given at a fair."""
    return _sales(tables["deals"], tables["customers"]) | _people(tables) | _reviews(tables["reviews"])


def own_deals(deals: pd.DataFrame) -> pd.Series:
    """Which deals stand in the list of the sales force: those of its owners."""
    return deals["owner"].isin(_settings(SALES)["values"]["owner"].values())


def _sales(deals: pd.DataFrame, customers: pd.DataFrame) -> dict[str, Written]:
    """The list of deals as the sales force keeps it: Japanese, cp932."""
    own = deals[own_deals(deals)]
    who = customers.set_index("user_id").loc[own["user_id"]]
    frame = mapped(own.assign(deal_name=own["account_name"] + " " + CASE,
                              contact_name=(who["last_name"] + " " + who["first_name"]).to_numpy()), SALES)
    return {SALES: csv_file(frame, encoding="cp932", newline="\r\n")}


def _people(tables: Mapping[str, pd.DataFrame]) -> dict[str, Written]:
    """Leads by what the marketing system knows of them, and by the card that they gave; each in one of the two."""
    people = tables["customers"]
    names = tables["accounts"].set_index("account_id")["account_name"]
    leads = people[people["status"].isna()]
    leads = leads.assign(account_name=leads["account_id"].map(names))
    met = leads["channel"] == MET_AT
    events = tables["events"]
    points = events["event"].map(POINTS).fillna(0).astype("int64").groupby(events["user_id"]).sum()
    last = events.groupby("user_id")["occurred_at"].max()
    scored = leads[~met].assign(score=leads["user_id"].map(points).fillna(0).astype("float64"),
                                last_activity_at=leads["user_id"].map(last))
    return {LEADS: csv_file(mapped(scored, LEADS), bom=True, newline="\r\n"),
            CARDS: csv_file(mapped(leads[met], CARDS).assign(役職="担当"), bom=True, newline="\r\n")}


def _reviews(reviews: pd.DataFrame) -> dict[str, Written]:
    """The reviews of the office plan, with a column that nobody asked for, and the rows that were spoilt."""
    own = reviews[reviews["platform"] == SITE].reset_index(drop=True)
    sound = csv_file(mapped(own, REVIEWS).assign(会社規模=SIZES[own.index.to_numpy() * 7 % len(SIZES)]))
    spoilt = "".join(line + "\n" for line in SPOILT)
    return {REVIEWS: Written(sound.content + spoilt.encode("utf-8"), len(own) + len(SPOILT))}
