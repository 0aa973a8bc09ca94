"""The four questions of `activity_four` in a time zone with daylight saving."""

from benchmarks import events
from benchmarks.tasks import activity_four
from benchmarks.tasks.activity_four import OURS, PEER, SCAN, TARGETS, WINDOWS, data

__all__ = ["CANDIDATES", "OURS", "PEER", "SCAN", "TARGETS", "TITLE", "data"]

TITLE = activity_four.TITLE.replace("UTC", "Europe/Berlin")
CANDIDATES = {OURS: activity_four.ours("Europe/Berlin"), PEER: events.grouped, WINDOWS: activity_four.by_hand(True),
              SCAN: events.scan}
