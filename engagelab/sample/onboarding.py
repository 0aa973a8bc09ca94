"""The tour of the first two weeks, and the experiment with a nudge towards it.

The tour causes nothing: slow leavers complete it far more often than quick ones, so the onboarded stay about
twice as long. The nudge brings more people through the tour and moves retention by one planned point.
"""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, masked
from engagelab.sample.dates import END, START, utc
from engagelab.sample.draws import Flags, Stream
from engagelab.sample.lives import Lives
from engagelab.sample.people import DAY, People

EXPERIMENT, CONTROL, NUDGED = "onboarding_nudge", "A", "B"
FREE = .2
STARTS = .70
STEPS = 3
WEEKS = np.timedelta64(14 * DAY, "s")


def starters(everyone: People) -> Flags:
    """Who begins a subscription at home in the data."""
    return (everyone.joined >= START) & np.isin(everyone.plan, plan.HOME_PLANS)


def kept(everyone: People, life: Lives) -> Flags:
    """Whose subscription has not ended within the planned number of days after its first."""
    until = everyone.joined.astype("datetime64[D]") + np.timedelta64(plan.KEPT_DAYS, "D")
    return ~(life.closed < until.astype("datetime64[s]"))


def arms(everyone: People, life: Lives, seed: int) -> Texts:
    """The arm of each customer in the experiment with the nudge; missing outside it.

    The planned difference is exact because the arm is drawn after the outcome: among those who stay a little
    more than half get the nudge, among those who leave a little less. To whoever sees the tables this is the
    same as a nudge that keeps one more in a hundred.
    """
    stream = Stream(seed, "nudge")
    since, until = (np.datetime64(day) for day in plan.NUDGE_WINDOW)
    drawn = starters(everyone) & (everyone.joined >= since) & (everyone.joined < until)
    stays = kept(everyone, life)
    nudged = np.zeros(len(everyone), dtype=bool)
    for here, sign in ((drawn & stays, 1), (drawn & ~stays, -1)):
        tilt = sign * plan.NUDGE_KEEPS / 4 * drawn.sum() / max(here.sum(), 1)
        # Along the kinds of leavers, so that both arms have as many of each.
        nudged[here] = stream.planted(np.full(here.sum(), .5 + tilt), life.quick[here], 0)
    return masked(np.where(nudged, NUDGED, CONTROL).astype(object), drawn)


def nudge_assignments(everyone: People, life: Lives, seed: int) -> pd.DataFrame:
    """The rows of the experiment in the table of assignments; drawn on joining."""
    arm = arms(everyone, life, seed)
    drawn = arm.astype(bool)
    return pd.DataFrame({"experiment": EXPERIMENT, "user_id": everyone.user_id[drawn], "arm": arm[drawn],
                         "assigned_at": utc(everyone.joined[drawn])})


def completes(everyone: People, life: Lives, seed: int) -> Flags:
    """Who completes the tour: by the kind of leaver, and more with the nudge."""
    stream = Stream(seed, "tour")
    nudged = arms(everyone, life, seed) == NUDGED
    share = np.where(life.quick, plan.TOUR_QUICK, plan.TOUR_SLOW) + plan.NUDGE_COMPLETES * nudged
    done = np.zeros(len(everyone), dtype=bool)
    here = starters(everyone)
    done[here] = stream.planted(share[here], 2 * life.quick[here] + nudged[here], FREE)
    return done


def tour_events(everyone: People, life: Lives, seed: int) -> pd.DataFrame:
    """Tours started, steps done, tours completed: within two weeks of joining and before the subscription ends."""
    stream = Stream(seed, "tour events")
    done = completes(everyone, life, seed)
    started = starters(everyone) & (done | stream.flags(STARTS, len(everyone)))
    who = np.nonzero(started)[0]
    until = np.minimum(everyone.joined[who] + WEEKS, np.where(np.isnat(life.closed[who]), END, life.closed[who]))
    room = (until - everyone.joined[who]).astype(np.int64)
    steps = np.where(done[who], STEPS, stream.pick((.35, .40, .25), len(who)))
    # Most start at once, some only days later; times are ordered within a tour.
    shares = np.sort(stream.uniform((len(who), STEPS + 2)), axis=1)
    shares = shares * shares * shares
    times = everyone.joined[who][:, None] + np.floor(shares * room[:, None]).astype("timedelta64[s]")
    names = ["tour_started", *["tour_step"] * STEPS, "tour_completed"]
    content = [None, *(f"step_{number}" for number in range(1, STEPS + 1)), None]
    reached = np.column_stack([steps >= number for number in range(STEPS + 1)] + [done[who]])
    row, column = np.nonzero(reached)
    return pd.DataFrame({
        "user_id": everyone.user_id[who[row]], "event": np.array(names, dtype=object)[column],
        "occurred": times[row, column], "platform": np.where(everyone.uses_app[who[row]], "app", "web"),
        "content_id": np.array(content, dtype=object)[column]})
