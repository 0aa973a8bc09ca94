"""Google Analytics: a report in Japanese, an exploration in English, and the events as exported to BigQuery.

Reports are those of the last month. The events are those of its last week, as newline JSON (export schema, Google
Analytics Help 7029846): more of them would make the sample heavy.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from engagelab.sample.dates import END, MONTHS, local, written
from engagelab.sample.exports.vendor import number
from engagelab.sample.text_files import Written, csv_file

NAME = "Asanagi Coffee"
RULE = "# ----------------------------------------"
MONTH = MONTHS[-1]
FIRST, LAST = f"{MONTH}-01".replace("-", ""), str(END.astype("datetime64[D]")).replace("-", "")
SINCE = END.astype("datetime64[D]") - np.timedelta64(6, "D")
PAGE = "ページパスとスクリーン クラス"
PARAMETERS = (("ga_session_id", "int_value", "session_id"), ("engagement_time_msec", "int_value", "seconds"),
              ("page_location", "string_value", "page"), ("content_id", "string_value", "content_id"),
              ("campaign", "string_value", "campaign"))


def web_files(events: pd.DataFrame) -> dict[str, Written]:
    """The three files."""
    day = local(events["occurred_at"]).dt.normalize()
    month = events[(day >= np.datetime64(MONTH, "D")) & (events["platform"] == "web")]
    return {f"pages_and_screens_{MONTH}.csv": _report(month), f"explore_sources_{MONTH}.csv": _explore(month),
            f"ga4_events_{str(SINCE).replace('-', '')}_{LAST}.jsonl": _events(events[day >= SINCE])}


def _report(events: pd.DataFrame) -> Written:
    """Pages and screens in Japanese, the total first and without a name; below, the same month by event."""
    by_page, by_event = _counts(events, "page"), _counts(events, "event")
    days = [f"# 開始日: {FIRST}", f"# 終了日: {LAST}", RULE, "", ""]
    first = "\n".join([RULE, f"# ページとスクリーン: {PAGE}", f"# アカウント: {NAME}", *days])
    pages = pd.DataFrame({PAGE: by_page.index, "表示回数": by_page["rows"], "アクティブ ユーザー": by_page["users"]})
    names = pd.DataFrame({"イベント名": by_event.index, "イベント数": by_event["rows"],
                          "総ユーザー数": by_event["users"]})
    users = events.loc[events["page"].notna(), "user_id"].nunique()
    total = pd.DataFrame([["", pages["表示回数"].sum(), users]], columns=pages.columns)
    above = csv_file(pd.concat([total, pages]), above=first)
    below = csv_file(names, above="\n".join(["", RULE, "# イベント", *days]))
    return Written(above.content + below.content, len(pages) + len(names))


def _explore(events: pd.DataFrame) -> Written:
    """Sessions by where they came from, in English; its total has a cell more than the header."""
    sessions = events[events["event"] == "session_start"]
    found = _counts(sessions, ["source", "medium"]).reset_index()
    frame = pd.DataFrame({"Session source": found["source"], "Session medium": found["medium"],
                          "Sessions": found["rows"], "Active users": found["users"]})
    head = "\n".join([RULE, f"# {NAME}", "# Free form 1", f"# {FIRST}-{LAST}", RULE, "", ""])
    total = f",,{len(sessions)},{sessions['user_id'].nunique()},Grand total\n"
    header, _, body = csv_file(frame).content.decode("utf-8").partition("\n")
    return Written((head + header + "\n" + total + body).encode("utf-8"), len(frame))


def _counts(events: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """How many rows and how many users, the most frequent first."""
    found = events.groupby(by)["user_id"].agg(rows="size", users="nunique")
    return pd.DataFrame(found).sort_values("rows", ascending=False, kind="stable")


def _events(events: pd.DataFrame) -> Written:
    lines = "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in _records(events))
    return Written(lines.encode("utf-8"), len(events))


def _records(events: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Each event as BigQuery writes it: whole numbers as text, parameters as keys with one value of some type."""
    seconds = events["occurred_at"].dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype("int64")
    whole = events.assign(day=written(local(events["occurred_at"]), "{year}{month:02}{day:02}"), second=seconds,
                          session_id=events["session_id"].str.slice(1).str.lstrip("0"),
                          seconds=number(events["seconds"] * 1000).replace("", None))
    whole = whole.astype(object).where(whole.notna(), None)
    for place, one in enumerate(whole.to_dict("records"), 1):
        yield _record({str(name): value for name, value in one.items()}, place)


def _record(one: dict[str, Any], place: int) -> dict[str, object]:
    parameters = [{"key": key, "value": {kind: one[name]}} for key, kind, name in PARAMETERS if one[name] is not None]
    source = {} if one["source"] is None else {
        "collected_traffic_source": {"manual_source": one["source"], "manual_medium": one["medium"]}}
    letter, member = one["user_id"][0], int(one["user_id"][1:])
    return {"event_date": one["day"], "event_timestamp": f"{one['second']}000000", "event_name": one["event"],
            "event_params": parameters, "event_bundle_sequence_id": str(place), "user_id": one["user_id"],
            "user_pseudo_id": f"{ord(letter)}{member * 7919 % 999_983:06}.{member}", **source,
            "platform": "WEB" if one["platform"] == "web" else ("ANDROID", "IOS")[member % 2]}
