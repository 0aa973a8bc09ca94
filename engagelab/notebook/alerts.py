"""What a reader should know of the data before believing a page made of them."""

from collections.abc import Iterator

import pandas as pd

from engagelab import words
from engagelab.metrics.catalogue import catalogue
from engagelab.notebook.sentences import Sentence, say
from engagelab.sources.folder import Folder
from engagelab.summaries.periods import LABEL
from engagelab.tables import tables

GROUPS = {"surveys": "survey", "social_posts": "platform"}
LATE = 21  # days: longer than the usual pause between two mailings or posts


def alerts(company: Folder) -> list[Sentence]:
    """A sentence each: files not read, rows set aside, counts still growing, ids of two persons, unknown targets."""
    said = [say("alerts.unread", problem=problem) for problem in company.frame["problem"].dropna() if problem]
    for severity in ("row", "cell"):
        reasons = company.rejects.loc[company.rejects["severity"] == severity, "reason"].value_counts()
        if len(reasons):
            said.append(say(f"alerts.{severity}", n=int(reasons.sum()), reasons=words.joined(reasons.index)))
    for name, frame in company.tables.items():
        growing = int(frame["still_growing"].fillna(False).sum()) if "still_growing" in frame else 0
        if growing:
            said.append(say("alerts.growing", table=words.text(f"table.{name}"), n=growing))
    said += _stopped(company)
    if company.conflicts:
        said.append(say("alerts.conflicts", n=len(company.conflicts)))
    if "targets" in company.tables:
        unknown = sorted(set(company.tables["targets"]["metric"]) - set(catalogue()["key"]))
        if unknown:
            said.append(say("alerts.targets", metrics=words.joined(unknown)))
        named = company.tables["targets"].get("period", pd.Series(dtype="str")).dropna().unique()
        odd = sorted(str(name) for name in named if not LABEL.fullmatch(str(name)))
        if odd:
            said.append(say("alerts.target_periods", periods=words.joined(odd)))
    return said


def _stopped(company: Folder) -> list[Sentence]:
    """The tables, surveys and platforms that begin late or end early beside the rest: a gap looks like a change."""
    known = list(_stamps(company))
    zone = company.settings.timezone
    first = min((times.min() for _, times, begins in known if begins), default=None)
    last = max((times.max() for _, times, _ in known), default=None)
    said = []
    for name, times, begins in known:
        if begins and (times.min() - first).days > LATE:
            said.append(_gap("begins", name, times.min(), (times.min() - first).days, zone))
        if (last - times.max()).days > LATE:
            said.append(_gap("stopped", name, times.max(), (last - times.max()).days, zone))
    return said


def _gap(kind: str, name: str, stamp: pd.Timestamp, days: int, zone: str) -> Sentence:
    return say(f"alerts.{kind}", table=name, days=days, date=f"{stamp.tz_convert(zone):%Y-%m-%d}")


def _stamps(company: Folder) -> Iterator[tuple[str, pd.Series, bool]]:
    """What each table, and each survey and platform in it, has seen, and whether its first stamp is a beginning.

    A subscription may be older than any observation; its table ends with the last opened or closed.
    """
    for name, frame in company.tables.items():
        column, title = tables()[name].time, words.text(f"table.{name}")
        if not column or name == "customers" or frame[column].isna().all():
            continue
        if name == "subscriptions":
            yield title, pd.concat([frame["opened_at"], frame["closed_at"]]).dropna(), False
            continue
        yield title, frame[column].dropna(), True
        by = GROUPS.get(name)
        if by and frame[by].nunique() > 1:
            for group, part in frame.dropna(subset=[by, column]).groupby(by):
                yield f"{title} ({group})", part[column], True
