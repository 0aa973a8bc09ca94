"""The answers of lesson 02, by counting in pandas."""

from collections.abc import Callable

import pandas as pd

from engagelab.notebook.answers.answer import Answer
from engagelab.notebook.periods import periods
from engagelab.sources.folder import Folder

DRAWN = "onboarding_nudge"


def _log(company: Folder) -> pd.DataFrame:
    """The events of the company's app, each with its month."""
    events, zone = company["events"], company.settings.timezone
    events = events[events["platform"] == company.settings.events.platform]
    return events.assign(month=events["occurred_at"].dt.tz_convert(zone).dt.strftime("%Y-%m"))


def _end(company: Folder) -> pd.Timestamp:
    """The first moment that was not observed."""
    return pd.Timestamp(periods(company).until, tz=company.settings.timezone)


def share_that_comes_again(company: Folder) -> Answer:
    """The change since the campaign in the share of a month's users who come again in the next; naive, of the users."""
    log = _log(company)
    users = log[log["event"].isin(company.settings.events.active)].groupby("month")["user_id"].agg(set)
    end = f"{_end(company):%Y-%m}"
    whole = [month for month in users.index if month < end]
    campaign = max(one.since[:7] for one in company.settings.campaigns)

    def again(place: int) -> float:
        before, now = users[whole[place - 1]], users[whole[place]]
        return len(before & now) / len(before)

    start = whole.index(campaign) - 1
    return Answer(again(len(whole) - 1) - again(start), len(users[whole[-1]]) - len(users[whole[start]]), within=.0005)


def through_in_a_week(company: Folder) -> Answer:
    """The share of those who signed up that took every step within seven days; naive, within the lesson's 28 days."""
    log, steps, end = _log(company), company.settings.events.steps, _end(company)
    times = {step: log[log["event"] == step].groupby("user_id")["occurred_at"].agg(list) for step in steps}

    def share(days: int) -> float:
        allowed, came, n = pd.Timedelta(days=days), 0, 0
        for user, starts in times[steps[0]].items():
            start = min(starts)
            if start + allowed >= end:
                continue   # not observed for long enough
            n, at = n + 1, start
            for step in steps[1:]:
                at = min((moment for moment in times[step].get(user, []) if moment >= at), default=None)
                if at is None or at - start > allowed:
                    break
            else:
                came += 1
        return came / n

    return Answer(share(7), share(28), within=.0005)


def kept_by_the_reminder(company: Folder) -> Answer:
    """The difference that the reminder made to the share still subscribed after 90 days; naive, that of the tour."""
    drawn, plans, events = company["assignments"], company["subscriptions"], company["events"]
    arms = drawn[drawn["experiment"] == DRAWN].set_index("user_id")["arm"]
    home = plans[plans["plan"].isin(["light", "standard"]) & (plans["opened_at"] >= "2025-03-31 15:00Z")]
    home = home[home["user_id"].isin(arms.index)]
    left_early = (home["closed_at"] - home["opened_at"]) < pd.Timedelta(days=90)
    toured = home["user_id"].isin(events.loc[events["event"] == "tour_completed", "user_id"])
    reminded = home["user_id"].map(arms) == "B"

    def apart(group: pd.Series) -> float:
        return float(left_early[~group].mean() - left_early[group].mean())

    return Answer(apart(reminded), apart(toured), within=.0005)


def fast_within_topics(company: Folder) -> Answer:
    """For each topic, what a fast first reply makes of the share that left within 60 days; naive, over all topics."""
    tickets, plans = company["tickets"], company["subscriptions"]
    both = tickets.merge(plans[["user_id", "opened_at", "closed_at"]], on="user_id")
    ran = (both["opened_at"] <= both["created_at"]) & ~(both["closed_at"] < both["created_at"])
    known = both["first_reply_minutes"].notna() & (both["created_at"] <= _end(company) - pd.Timedelta(days=60))
    both = both[ran & known].drop_duplicates("ticket_id")
    left = both["closed_at"].notna() & (both["closed_at"] - both["created_at"] <= pd.Timedelta(days=60))
    fast = both["first_reply_minutes"] <= 4 * 60

    def apart(rows: pd.Series) -> float:
        return float(left[rows & fast].mean() - left[rows & ~fast].mean())

    return Answer([apart(both["topic"] == topic) for topic in both["topic"].unique()], apart(both["topic"].notna()),
                  within=.0005)


EXERCISES: dict[str, Callable[[Folder], Answer]] = {
    "02.1": share_that_comes_again, "02.2": through_in_a_week, "02.3": kept_by_the_reminder,
    "02.4": fast_within_topics}
