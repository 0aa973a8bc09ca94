"""The whole sample company: every subject, in the order in which one needs another."""

import pandas as pd

from engagelab.errors import UsageError
from engagelab.sample.accounts import accounts, deals, office_accounts, with_account
from engagelab.sample.costs import costs, rates
from engagelab.sample.coupon_test import SKU, participants, with_sets
from engagelab.sample.daily import account_daily
from engagelab.sample.events import events
from engagelab.sample.experiments import assignments
from engagelab.sample.leads import lead_customers, leads
from engagelab.sample.lives import lives
from engagelab.sample.mail import mail
from engagelab.sample.people import customers as customer_table
from engagelab.sample.people import identities, people
from engagelab.sample.pulses import pulses
from engagelab.sample.purchases import orders, subscriptions, with_mall, with_plan
from engagelab.sample.referrals import referrals
from engagelab.sample.reviews import reviews
from engagelab.sample.shops import shops
from engagelab.sample.social import social_posts
from engagelab.sample.staff import employees, staff
from engagelab.sample.support import tickets
from engagelab.sample.surveys import surveys
from engagelab.sample.targets import targets
from engagelab.sample.touchpoints import touchpoints
from engagelab.tables import typed

FEWEST, MOST = 200, 1_000_000


def generate(customers: int = 4000, seed: int = 7) -> dict[str, pd.DataFrame]:
    """Asanagi Coffee, April 2025 to September 2026: its canonical tables by name.

    The same size and seed give the same tables on every machine. What is true of them is in
    `truths()` and, written, in `data/truth.json`. Amounts are in the currency of their row, stamps are UTC.

    Raises UsageError for a size below 200 or above a million, and for a negative seed.

    >>> company = generate(customers=200, seed=1)
    >>> company["customers"].shape, sorted(company["subscriptions"]["plan"].unique())
    ((275, 22), ['light', 'office', 'standard'])
    """
    _checked(customers, seed)
    everyone = people(seed, customers)
    life = lives(everyone, seed)
    mails = mail(everyone, life.closed, seed)
    order_table, items = orders(everyone, life.closed, seed)
    coupon = participants(everyone, order_table, seed)
    order_table, items = with_sets(everyone, coupon, order_table, items, seed)
    ticket_table = tickets(everyone, life.closed, seed)
    answers = surveys(everyone, life.closed, order_table, ticket_table, seed)
    order_table, items = with_mall(order_table, items, items.loc[items["sku"] == SKU, "order_id"], seed)
    referred = referrals(everyone, life.closed, answers, seed)
    posts = social_posts(seed)
    workers = staff(seed, customers)
    found = leads(customers, seed)
    number = office_accounts(everyone, found, seed)
    account_table = accounts(everyone, number, found, seed)
    members = with_account(customer_table(everyone, seed, mails.left_list, mails.refused), everyone, number)
    people_table = pd.concat([members, lead_customers(found, seed)], ignore_index=True)
    made = {
        "customers": people_table, "identities": identities(people_table), "accounts": account_table,
        "deals": deals(everyone, number, account_table, found, seed),
        "orders": with_plan(order_table, everyone, life.closed), "order_items": items,
        "subscriptions": with_account(subscriptions(everyone, life.closed, seed), everyone, number),
        "events": events(everyone, life, found, seed), "touchpoints": touchpoints(), "social_posts": posts,
        "account_daily": account_daily(posts, seed),
        "email_campaigns": mails.campaigns, "email_sends": mails.sends,
        "assignments": assignments(everyone, life, mails.assignments, coupon, seed),
        "surveys": answers, "referrals": referred, "costs": costs(everyone, referred, seed), "rates": rates(),
        "reviews": reviews(seed, customers), "tickets": ticket_table, "shops": shops(workers, seed),
        "employees": employees(workers, seed), "pulses": pulses(workers, seed), "targets": targets()}
    return {name: typed(frame.reset_index(drop=True), name) for name, frame in made.items()}


def _checked(customers: int, seed: int) -> None:
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in (customers, seed))
    if not whole or not FEWEST <= customers <= MOST or seed < 0:
        raise UsageError("sample.size", fewest=FEWEST, most=MOST, customers=repr(customers), seed=repr(seed))
