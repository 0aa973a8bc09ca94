"""The five experiments in one table of assignments; what came of them stands in the ordinary tables.

onboarding_nudge: subscriptions; subject_lines and two_by_two: mails; coupon_holdout and service_test: orders.
"""

import pandas as pd

from engagelab.sample.coupon_test import Participants
from engagelab.sample.coupon_test import assigned as coupon_assignments
from engagelab.sample.lives import Lives
from engagelab.sample.onboarding import nudge_assignments
from engagelab.sample.people import People
from engagelab.sample.service import service_assignments


def assignments(everyone: People, life: Lives, by_mail: pd.DataFrame, coupon: Participants, seed: int) -> pd.DataFrame:
    """The table of assignments: the tests by mail and the coupon as they were drawn, and the two others."""
    return pd.concat([nudge_assignments(everyone, life, seed), by_mail, coupon_assignments(everyone, coupon),
                      service_assignments(everyone, seed)], ignore_index=True)
