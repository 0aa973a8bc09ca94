"""What a reader should know of the data before believing a page made of them."""

from collections.abc import Iterator

import pandas as pd

from engagelab import words
from engagelab.metrics.catalogue import catalogue
from engagelab.notebook.sentences import Sentence, say
from engagelab.sources.folder import Folder
from engagelab.sources.problems import reasons
from engagelab.summaries.periods import LABEL
from engagelab.tables import tables

# Logs in which something happens all the time, so that silence is a gap; registers, waves and monthly lists are none.
LOGS = ("orders", "email_campaigns", "email_sends", "social_posts", "surveys", "reviews", "tickets", "events",
        "account_daily", "referrals")
GROUPS = {"surveys": "survey", "social_posts": "platform"}
LATE = 21  # days: longer than the usual pause between two mailings or posts


def alerts(company: Folder) -> list[Sentence]:
    """A sentence each: files not read, rows set aside, counts still growing, ids of two persons, unknown targets.

    >>> from engagelab.notebook.setup import open_data
    >>> [str(sentence) for sentence in alerts(open_data("sample"))][:1]
    ['e-mail campaigns: what was counted in the last 7 days before the export still grows (rows: 2).']
    """
    said = [say("alerts.unread", problem=problem) for problem in company.frame["problem"].dropna() if problem]
    for severity in ("row", "cell"):
        rejects = company.rejects[company.rejects["severity"] == severity]
        if len(rejects):
            said.append(say(f"alerts.{severity}", n=len(rejects), reasons=words.joined(reasons(rejects))))
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
        late, early = begins and (times.min() - first).days > LATE, (last - times.max()).days > LATE
        if late and early:
            said.append(say("alerts.wave", table=name, first=f"{times.min().tz_convert(zone):%Y-%m-%d}",
                            last=f"{times.max().tz_convert(zone):%Y-%m-%d}"))
        elif late:
            said.append(_gap("begins", name, times.min(), (times.min() - first).days, zone))
        elif early:
            said.append(_gap("stopped", name, times.max(), (last - times.max()).days, zone))
    return said


def _gap(kind: str, name: str, stamp: pd.Timestamp, days: int, zone: str) -> Sentence:
    return say(f"alerts.{kind}", table=name, days=days, date=f"{stamp.tz_convert(zone):%Y-%m-%d}")


def _stamps(company: Folder) -> Iterator[tuple[str, pd.Series, bool]]:
    """What each table, and each survey and platform in it, has seen, and whether its first stamp is a beginning.

    A subscription may be older than any observation; its table ends with the last opened or closed.
    """
    for name, frame in company.tables.items():
        title = words.text(f"table.{name}")
        if name == "subscriptions" and frame["opened_at"].notna().any():
            yield title, pd.concat([frame["opened_at"], frame["closed_at"]]).dropna(), False
        column = tables()[name].time
        if name not in LOGS or not column or frame[column].isna().all():
            continue
        yield title, frame[column].dropna(), True
        by = GROUPS.get(name)
        if by and frame[by].nunique() > 1:
            for group, part in frame.dropna(subset=[by, column]).groupby(by):
                yield title + words.text("watch.part", part=group), part[column], True
