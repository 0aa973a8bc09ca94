"""The log: what people do in the app, on the web and on shared pages, in the order in which it happened."""

import numpy as np
import pandas as pd

from engagelab.sample.app import app_events, app_use
from engagelab.sample.banks import ids
from engagelab.sample.dates import END, utc
from engagelab.sample.leads import Leads
from engagelab.sample.lives import Lives
from engagelab.sample.onboarding import tour_events
from engagelab.sample.pages import lead_events
from engagelab.sample.people import People
from engagelab.sample.web import web_events

COLUMNS = ["user_id", "session_id", "event", "occurred_at", "platform", "page", "content_id", "account_id", "seconds",
           "source", "medium", "campaign"]


def events(everyone: People, life: Lives, found: Leads, seed: int) -> pd.DataFrame:
    """The table of events. What would come after the last minute of the data is not in it."""
    frames = [*app_events(everyone, app_use(everyone, life.closed, seed), seed), tour_events(everyone, life, seed),
              *web_events(everyone, seed), *lead_events(found, seed)]
    log = pd.concat([frame[frame["occurred"] <= END] for frame in frames if len(frame)], ignore_index=True)
    log = log.sort_values("occurred", kind="stable", ignore_index=True)
    log["occurred_at"] = utc(log.pop("occurred").to_numpy().astype("datetime64[s]"))
    log = log[COLUMNS]
    log.insert(0, "event_id", ids("E", np.arange(1, len(log) + 1)))
    return log
