"""The mails, each month: a newsletter to the half of the list that chose it, an offer to a tenth of all."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import bank, ids
from engagelab.sample.dates import MONTHS, Stamps, utc
from engagelab.sample.draws import Flags, Stream, Whole
from engagelab.sample.people import NEVER, People
from engagelab.sample.purchases import CURRENCY

LIST = "朝凪コーヒー だより"
OFFER_SHARE = .10
UNSUBSCRIBES, COMPLAINTS, BOUNCES, HARD_PART = .0025, .0002, .014, .15
# The part of the sends that open or do not by chance alone; the others keep to the plan of their month.
FREE = .25
NEWSLETTER, OFFER = "newsletter", "offer"


@dataclass(frozen=True)
class Mail:
    """Sends, campaigns, and what the sends did to the list."""

    sends: pd.DataFrame
    campaigns: pd.DataFrame
    left_list: Stamps
    refused: Flags


@dataclass(frozen=True)
class Campaign:
    """One mailing: what it is, and when it goes out on the company's clock."""

    month: int
    scenario: str
    sent: np.datetime64

    @property
    def campaign_id(self) -> str:
        """The letter of the scenario and the month."""
        return self.scenario[0].upper() + str(MONTHS[self.month]).replace("-", "")

    @property
    def name(self) -> str:
        """The scenario and the month."""
        return f"{self.scenario} {MONTHS[self.month]}"

    @property
    def subject(self) -> str:
        """The subject line of the month of the year."""
        return bank(self.scenario, str(int(MONTHS[self.month].astype(int)) % 12 + 1))[0]


def mail(everyone: People, seed: int) -> Mail:
    """All mails of the eighteen months. Who leaves the list, or has no working address, gets no further one."""
    stream = Stream(seed, "mail")
    left_list = np.full(len(everyone), NEVER)
    refused = np.zeros(len(everyone), dtype=bool)
    sent, calendar = [], _calendar()
    for place, campaign in enumerate(calendar):
        on_list = everyone.agrees & (everyone.joined < campaign.sent) & np.isnat(left_list) & ~refused
        news = campaign.scenario == NEWSLETTER
        chosen = everyone.reads_news if news else stream.flags(OFFER_SHARE, len(everyone))
        who = np.nonzero(on_list & chosen)[0]
        what = _reactions(stream, who, campaign.month)
        hard = ~what["delivered"].to_numpy() & stream.flags(HARD_PART, len(who))
        refused[who[hard]] = True
        left_list[who[what["unsubscribed"].to_numpy()]] = campaign.sent + np.timedelta64(3, "h")
        sent.append(what.assign(campaign=place, hard=hard))
    facts = pd.concat(sent, ignore_index=True)
    return Mail(_sends(facts, calendar, everyone), _campaigns(stream, facts, calendar), left_list, refused)


def _calendar() -> list[Campaign]:
    """The first Tuesday at ten for the newsletter, the third Thursday at seven in the evening for the offer."""
    calendar = []
    for month, first in enumerate(MONTHS.astype("datetime64[D]")):
        tuesday = np.busday_offset(first, 0, roll="forward", weekmask="Tue").astype("datetime64[s]")
        thursday = np.busday_offset(first, 2, roll="forward", weekmask="Thu").astype("datetime64[s]")
        calendar += [Campaign(month, NEWSLETTER, tuesday + np.timedelta64(10, "h")),
                     Campaign(month, OFFER, thursday + np.timedelta64(19, "h"))]
    return calendar


def _reactions(stream: Stream, who: Whole, month: int) -> pd.DataFrame:
    count = len(who)
    delivered = ~stream.flags(BOUNCES, count)
    opener, clicker = stream.even(stream.uniform(count), FREE), stream.uniform(count)
    leaver = stream.uniform(count)
    human = delivered & (opener < plan.HUMAN_OPEN)
    machine = delivered & ~human & (opener < plan.HUMAN_OPEN + plan.MACHINE_OPEN[month])
    # Whoever clicks has opened, so the share among openers is the share of all over that of openers.
    clicked = human & (clicker < plan.CLICK / plan.HUMAN_OPEN)
    unsubscribed = delivered & (leaver < UNSUBSCRIBES)
    complained = delivered & (leaver > 1 - COMPLAINTS)
    return pd.DataFrame({"who": who, "delivered": delivered, "opened": human | machine, "machine_opened": machine,
                         "clicked": clicked, "unsubscribed": unsubscribed, "complained": complained})


def _sends(facts: pd.DataFrame, calendar: list[Campaign], everyone: People) -> pd.DataFrame:
    campaign = facts["campaign"].to_numpy()
    names = np.array([(each.campaign_id, each.scenario) for each in calendar], dtype=object)
    return pd.DataFrame({
        "send_id": ids("S", np.arange(1, len(facts) + 1)), "campaign_id": names[campaign, 0],
        "user_id": everyone.user_id[facts["who"].to_numpy()],
        "sent_at": utc(np.array([each.sent for each in calendar])[campaign]), "scenario": names[campaign, 1],
        **{flag: facts[flag].to_numpy()
           for flag in ("delivered", "opened", "machine_opened", "clicked", "unsubscribed", "complained")}})


def _campaigns(stream: Stream, facts: pd.DataFrame, calendar: list[Campaign]) -> pd.DataFrame:
    """The campaigns as the mail system counts them: machine opens among the opens, a few opens and clicks twice."""
    flags = ["delivered", "opened", "machine_opened", "clicked", "unsubscribed", "complained", "hard"]
    sums = facts.groupby("campaign")[flags].sum().astype("int64")
    recipients = facts.groupby("campaign").size()
    count = len(calendar)
    clicks = sums["clicked"] + np.floor(sums["clicked"] * .25 * stream.uniform(count)).astype("int64")
    bought = np.floor(sums["clicked"] * .10 + stream.uniform(count)).astype("int64")
    return pd.DataFrame({
        "campaign_id": [each.campaign_id for each in calendar], "campaign_name": [each.name for each in calendar],
        "subject": [each.subject for each in calendar], "list": LIST,
        "sent_at": utc(np.array([each.sent for each in calendar])), "recipients": recipients,
        "delivered": sums["delivered"], "soft_bounces": recipients - sums["delivered"] - sums["hard"],
        "hard_bounces": sums["hard"], "bounces": recipients - sums["delivered"], "forwards": 0,
        "unique_opens": sums["opened"], "machine_opens": sums["machine_opened"],
        "opens": sums["opened"] + np.floor(sums["opened"] * (.3 + .3 * stream.uniform(count))).astype("int64"),
        "unique_clicks": sums["clicked"], "clicks": clicks, "unsubscribes": sums["unsubscribed"],
        "complaints": sums["complained"], "orders": bought,
        "revenue": bought * stream.whole(2600, 3900, count), "currency": CURRENCY,
        "open_rate_reported": _share(sums["opened"], sums["delivered"]),
        "click_rate_reported": _share(sums["clicked"], sums["delivered"])})


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """The share as the mail system prints it, in hundredths of a percent; missing where nothing arrived."""
    return ((part * 20_000 + whole) // (2 * whole)).where(whole > 0) / 10_000
