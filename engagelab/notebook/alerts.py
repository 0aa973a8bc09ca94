"""What a reader should know of the data before believing a page made of them."""

from engagelab import words
from engagelab.metrics.catalogue import catalogue
from engagelab.notebook.sentences import Sentence, say
from engagelab.notebook.setup import ABOUT_PEOPLE
from engagelab.sources.folder import Folder
from engagelab.tables import tables

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
    return said


def _stopped(company: Folder) -> list[Sentence]:
    """The tables whose newest stamp is old beside that of the others: what they lack looks like a fall."""
    said = []
    for name, frame in company.tables.items():
        column = tables()[name].time
        if column and name not in ABOUT_PEOPLE and company.today is not None and frame[column].notna().any():
            days = (company.today - frame[column].max()).days
            if days > LATE:
                said.append(say("alerts.stopped", table=words.text(f"table.{name}"), days=days,
                                until=f"{frame[column].max().tz_convert(company.settings.timezone):%Y-%m-%d}"))
    return said
