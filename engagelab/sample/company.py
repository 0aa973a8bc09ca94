"""The whole sample company: every subject, in the order in which one needs another."""

import pandas as pd

from engagelab.errors import UsageError
from engagelab.sample.lives import lives
from engagelab.sample.mail import mail
from engagelab.sample.people import customers as customer_table
from engagelab.sample.people import identities, people
from engagelab.sample.purchases import orders, subscriptions
from engagelab.sample.reviews import reviews
from engagelab.sample.social import social_posts
from engagelab.sample.support import tickets
from engagelab.sample.surveys import surveys
from engagelab.sample.targets import targets
from engagelab.tables import typed

FEWEST, MOST = 200, 1_000_000


def generate(customers: int = 4000, seed: int = 7) -> dict[str, pd.DataFrame]:
    """Asanagi Coffee, April 2025 to September 2026: its canonical tables by name.

    The same size and seed give the same tables on every machine. What is true of them is in
    `truths()` and, written, in `data/truth.json`. Amounts are yen, stamps are UTC.

    Raises UsageError for a size below 200 or above a million, and for a negative seed.

    >>> company = generate(customers=200, seed=1)
    >>> company["customers"].shape, company["subscriptions"]["plan"].unique().tolist()
    ((200, 16), ['light', 'standard', 'office'])
    """
    _checked(customers, seed)
    everyone = people(seed, customers)
    life = lives(everyone, seed)
    mails = mail(everyone, seed)
    order_table, items = orders(everyone, life.closed, seed)
    ticket_table = tickets(everyone, seed)
    made = {
        "customers": customer_table(everyone, seed, mails.left_list, mails.refused),
        "identities": identities(everyone), "orders": order_table, "order_items": items,
        "subscriptions": subscriptions(everyone, life.closed, seed), "social_posts": social_posts(seed),
        "email_campaigns": mails.campaigns, "email_sends": mails.sends,
        "surveys": surveys(everyone, life.closed, order_table, ticket_table, seed),
        "reviews": reviews(seed, customers), "tickets": ticket_table, "targets": targets()}
    return {name: typed(frame.reset_index(drop=True), name) for name, frame in made.items()}


def _checked(customers: int, seed: int) -> None:
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in (customers, seed))
    if not whole or not FEWEST <= customers <= MOST or seed < 0:
        raise UsageError("sample.size", fewest=FEWEST, most=MOST, customers=repr(customers), seed=repr(seed))
