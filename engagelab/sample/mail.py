"""The mails, each month: a newsletter to the half of the list that chose it, an offer to a tenth of all,
a welcome in three steps to those who joined the month before, one more try with those who left, and
two mailings on which something is tested. `mails.csv` says what goes out when.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample.banks import Texts, bank, ids, rows
from engagelab.sample.dates import MONTHS, Stamps, month_of, utc
from engagelab.sample.draws import Flags, Stream
from engagelab.sample.mail_tests import BEFORE_SENDING, MailTest, subject_lines, two_by_two
from engagelab.sample.people import NEVER, People
from engagelab.sample.purchases import CURRENCY
from engagelab.sample.reactions import KEEN, habits, reactions

LIST = "朝凪コーヒー だより"
OFFER_SHARE = .10
HARD_PART = .15
NEWSLETTER, OFFER, WELCOME, WIN_BACK = "newsletter", "offer", "welcome", "win_back"
RECIPE, NOTICE = "recipe", "notice"
# For whom a mail is written, where it has versions; newsletter, recipe and notice are the same for all.
PERSONAS = {"home": "home_brewer", "office": "office_manager", "gift": "gift_giver"}
WRITTEN_FOR = (OFFER, WELCOME, WIN_BACK)


@dataclass(frozen=True)
class Mail:
    """Sends, campaigns, who had which arm of the two tests, and what the sends did to the list."""

    sends: pd.DataFrame
    campaigns: pd.DataFrame
    assignments: pd.DataFrame
    left_list: Stamps
    refused: Flags


@dataclass(frozen=True)
class Campaign:
    """One mailing, or one arm of one: what it is, and when it goes out on the company's clock."""

    month: int
    scenario: str
    step: str
    letter: str
    landing_page: str
    sent: np.datetime64
    arm: int = 0
    variant: str = ""

    @property
    def campaign_id(self) -> str:
        """The letter of the scenario, the month and, in a test, the number of the arm."""
        return self.letter + str(MONTHS[self.month]).replace("-", "") + (f"-{self.arm}" if self.variant else "")

    @property
    def name(self) -> str:
        """The scenario, its step, the month and the arm."""
        return " ".join(filter(None, (self.scenario, self.step, str(MONTHS[self.month]), self.variant)))

    @property
    def subject(self) -> str:
        """The subject line: of the month of the year, of the step, or of the arm."""
        yearly = str(int(MONTHS[self.month].astype(int)) % 12 + 1)
        lines = bank(self.scenario, self.step or self.variant.split("_")[0] or yearly)
        return lines[self.month % len(lines)]


def mail(everyone: People, closed: Stamps, seed: int) -> Mail:
    """All mails of the eighteen months. Who leaves the list, or has no working address, gets no further one.

    But for the notice of new terms: it goes to every customer once, whether on the list or not.
    """
    stream, habit = Stream(seed, "mails"), habits(everyone, seed)
    tests = {RECIPE: two_by_two(len(everyone), seed), NOTICE: subject_lines(habit >= KEEN, seed)}
    left_list, refused = np.full(len(everyone), NEVER), np.zeros(len(everyone), dtype=bool)
    first = {name: np.full(len(everyone), NEVER) for name in tests}
    sent: list[pd.DataFrame] = []
    calendar: list[Campaign] = []
    for mailing, arms in _calendar(tests):
        who = np.nonzero(_chosen(stream, mailing, everyone, closed, first[NOTICE])
                         & (_reached(mailing, everyone, left_list, refused)))[0]
        test = tests.get(mailing.scenario)
        what = reactions(stream, who, habit[who], mailing.month, refused[who], test.planted(who) if test else None)
        if mailing.scenario == NOTICE:
            what = what.assign(unsubscribed=False, complained=False)
        hard = ~what["delivered"].to_numpy() & (refused[who] | stream.flags(HARD_PART, len(who)))
        refused[who[hard]] = True
        left_list[who[what["unsubscribed"].to_numpy()]] = mailing.sent + np.timedelta64(3, "h")
        sent.append(what.assign(campaign=len(calendar) + (test.arm[who] if test else 0), hard=hard))
        if test:
            first[mailing.scenario][who] = np.fmin(first[mailing.scenario][who], mailing.sent)
        calendar += arms
    facts = pd.concat(sent, ignore_index=True)
    assigned = [test.assignments(everyone.user_id, first[name]) for name, test in tests.items()]
    return Mail(_sends(facts, calendar, everyone), _campaigns(stream, facts, calendar),
                pd.concat(assigned, ignore_index=True), left_list, refused)


def _calendar(tests: dict[str, MailTest]) -> Iterator[tuple[Campaign, list[Campaign]]]:
    """Every mailing in the order of time, with the campaigns that it is: one, or one an arm."""
    mailings = [(_when(month, row), month, row) for row in rows("mails.csv")
                for month in range(int(row["first"]), int(row["last"]) + 1)]
    for sent, month, row in sorted(mailings, key=lambda mailing: mailing[0]):
        what = (month, row["scenario"], row["step"], row["letter"], row["landing_page"], sent)
        names = tests[row["scenario"]].names if row["scenario"] in tests else [""]
        yield Campaign(*what), [Campaign(*what, arm, name) for arm, name in enumerate(names, 1)]


def _when(month: int, row: dict[str, str]) -> np.datetime64:
    """The weekday of the month that is meant, counted from 0, or from -1 for the last."""
    week = int(row["week"])
    first = (MONTHS[month] + np.timedelta64(int(week < 0), "M")).astype("datetime64[D]")
    day = np.busday_offset(first, week, roll="forward", weekmask=row["weekday"])
    return day.astype("datetime64[s]") + np.timedelta64(int(row["hour"]), "h")


def _reached(mailing: Campaign, everyone: People, left_list: Stamps, refused: Flags) -> Flags:
    there = everyone.joined < mailing.sent - BEFORE_SENDING
    return there if mailing.scenario == NOTICE else there & everyone.agrees & np.isnat(left_list) & ~refused


def _chosen(stream: Stream, mailing: Campaign, everyone: People, closed: Stamps, noticed: Stamps) -> Flags:
    """To whom a mailing goes, of those that it may reach."""
    if mailing.scenario == NEWSLETTER:
        return everyone.reads_news
    if mailing.scenario == OFFER:
        return stream.flags(OFFER_SHARE, len(everyone))
    if mailing.scenario == WELCOME:
        return month_of(everyone.joined) == mailing.month - 1
    if mailing.scenario == WIN_BACK:
        return ~np.isnat(closed) & (month_of(np.where(np.isnat(closed), mailing.sent, closed)) == mailing.month - 1)
    return np.isnat(noticed) | (mailing.scenario != NOTICE)


def _sends(facts: pd.DataFrame, calendar: list[Campaign], everyone: People) -> pd.DataFrame:
    campaign, who = facts["campaign"].to_numpy(), facts["who"].to_numpy()

    def of(values: list) -> Texts:
        return np.array([value or None for value in values], dtype=object)[campaign]

    persona = np.array([PERSONAS[name] for name in everyone.segment], dtype=object)[who]
    return pd.DataFrame({
        "send_id": ids("S", np.arange(1, len(facts) + 1)), "campaign_id": of([each.campaign_id for each in calendar]),
        "user_id": everyone.user_id[who], "sent_at": utc(np.array([each.sent for each in calendar])[campaign]),
        "scenario": of([each.scenario for each in calendar]),
        "persona": np.where(of([each.scenario in WRITTEN_FOR for each in calendar]).astype(bool), persona, None),
        "step": pd.Series(of([int(each.step or 0) for each in calendar]), dtype="Int64"),
        "subject": of([each.subject for each in calendar]), "variant": of([each.variant for each in calendar]),
        **{flag: facts[flag].to_numpy()
           for flag in ("delivered", "opened", "machine_opened", "clicked", "unsubscribed", "complained")},
        "landing_page": of([each.landing_page for each in calendar])})


def _campaigns(stream: Stream, facts: pd.DataFrame, calendar: list[Campaign]) -> pd.DataFrame:
    """The campaigns as the mail system counts them: machine opens among the opens, a few opens and clicks twice."""
    flags = ["delivered", "opened", "machine_opened", "clicked", "unsubscribed", "complained", "hard"]
    every = range(len(calendar))
    sums = facts.groupby("campaign")[flags].sum().reindex(every, fill_value=0).astype("int64")
    recipients = facts.groupby("campaign").size().reindex(every, fill_value=0)
    count = len(calendar)
    clicks = sums["clicked"] + np.floor(sums["clicked"] * .25 * stream.uniform(count)).astype("int64")
    bought = np.floor(sums["clicked"] * .10 + stream.uniform(count)).astype("int64")
    table = pd.DataFrame({
        "campaign_id": [each.campaign_id for each in calendar], "campaign_name": [each.name for each in calendar],
        "subject": [each.subject for each in calendar], "variant": [each.variant or None for each in calendar],
        "list": LIST, "sent_at": utc(np.array([each.sent for each in calendar])), "recipients": recipients,
        "delivered": sums["delivered"], "soft_bounces": recipients - sums["delivered"] - sums["hard"],
        "hard_bounces": sums["hard"], "bounces": recipients - sums["delivered"], "forwards": 0,
        "unique_opens": sums["opened"], "machine_opens": sums["machine_opened"],
        "opens": sums["opened"] + np.floor(sums["opened"] * (.3 + .3 * stream.uniform(count))).astype("int64"),
        "unique_clicks": sums["clicked"], "clicks": clicks, "unsubscribes": sums["unsubscribed"],
        "complaints": sums["complained"], "orders": bought,
        "revenue": bought * stream.whole(2600, 3900, count), "currency": CURRENCY,
        "open_rate_reported": _share(sums["opened"], sums["delivered"]),
        "click_rate_reported": _share(sums["clicked"], sums["delivered"])})
    return table[recipients > 0]


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """The share as the mail system prints it, in hundredths of a percent; missing where nothing arrived."""
    return ((part * 20_000 + whole) // (2 * whole)).where(whole > 0) / 10_000
