"""The employees: posts in 24 shops and at headquarters, and who holds each when.

A post never moves, and the people who hold it follow one another: so every team has its size at
every wave of the pulse, and a leaver's place is empty for a while. Who is in a bad mood is likelier
to leave; between the third wave and the fourth hardly anybody else does. Heads of shops and teams
and the management keep their posts, so that everybody's manager is there.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, ids, masked
from engagelab.sample.dates import START, Stamps, utc
from engagelab.sample.draws import Flags, Floats, Stream, Whole
from engagelab.sample.people import NEVER, SHOPS, names

SHARE, FEWEST = .15, 150
# Two teams of fewer than five at any size, and the weights of the others at headquarters.
SMALL = {"management": 3, "legal": 4}
TEAMS = {"operations": 12, "roasting": 20, "online_shop": 14, "marketing": 12, "app": 10, "people_and_finance": 9}
HEADQUARTERS, STORES = len(SMALL) + len(TEAMS), "stores"
SHOP_WEIGHTS = (21, 23, 20, 22, 21, 19, 24, 22, 20, 23, 22, 21)
REGIONS = ("kanto", "kansai")
SHOP_IDS = ids("S", np.arange(1, SHOPS + 1), 2)
GROUPS = np.array([*SMALL, *TEAMS, *[STORES] * SHOPS], dtype=object)
REASONS = {"career": .30, "workplace": .26, "pay": .16, "family": .16, "study": .12}
SENT_AWAY = {"contract_ended": .7, "dismissed": .3}
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Staff:
    """All who were employed in the eighteen months, a place each in every array, in the order of their first days."""

    user_id: Texts
    group: Whole
    head: Flags
    full_time: Flags
    english: Flags
    manager: Whole
    hired: Stamps
    left: Stamps
    mood: Floats

    def __len__(self) -> int:
        return len(self.user_id)

    def at(self, stamp: np.datetime64) -> Flags:
        """Who is employed at that time."""
        return (self.hired <= stamp) & ~(self.left < stamp)

    @property
    def shop_id(self) -> Texts:
        """The shop of each; nothing at headquarters."""
        return masked(SHOP_IDS[np.maximum(self.group - HEADQUARTERS, 0)], self.group >= HEADQUARTERS)


def staff(seed: int, customers: int) -> Staff:
    """600 employees at every wave with 4,000 customers, and those whom they replaced."""
    stream = Stream(seed, "staff")
    group = _posts(max(FEWEST, round(customers * SHARE)))
    count = len(group)
    head = np.diff(group, prepend=-1) > 0
    holder, movable = np.arange(count), np.nonzero(~head & (group > 0))[0]
    post, mood, left = [holder], [stream.normal(count)], [np.full(count, NEVER)]
    hired = [START - ((1 + np.floor(stream.uniform(count) ** 2 * 3000)) * DAY).astype("timedelta64[s]")]
    for (start, end), (share, noise, better) in zip(_periods(), plan.TURNOVER, strict=True):
        order = np.concatenate(mood)[holder] + noise * stream.normal(count)
        going = movable[_lowest(stream, group[movable], order[movable], share)]
        gone, come = _moves(stream, len(going), start, end)
        everyone = np.concatenate(left)
        everyone[holder[going]] = gone
        holder = holder.copy()
        holder[going] = len(everyone) + np.arange(len(going))
        left = [everyone, np.full(len(going), NEVER)]
        post, hired = [*post, going], [*hired, come]
        mood = [*mood, better + stream.normal(len(going))]
    return _sorted(stream, group, head, np.concatenate(post), np.concatenate(hired), np.concatenate(left),
                   np.concatenate(mood))


def _posts(count: int) -> Whole:
    """The group of each post: teams at headquarters, then shops."""
    at_headquarters = round(count * plan.HEADQUARTERS) - sum(SMALL.values())
    in_shops = count - at_headquarters - sum(SMALL.values())
    sizes = [*SMALL.values(), *_shared(at_headquarters, list(TEAMS.values())), *_shared(in_shops, SHOP_WEIGHTS * 2)]
    return np.repeat(np.arange(len(sizes)), sizes)


def _shared(total: int, weights: list[int] | tuple[int, ...]) -> Whole:
    cuts = np.cumsum(weights) * total // sum(weights)
    return np.diff(cuts, prepend=0)


def _periods() -> list[tuple[np.datetime64, np.datetime64]]:
    """The days in which people come and go: between the waves, never within one."""
    opened = [np.datetime64(day) for day in plan.WAVES.values()]
    starts = [np.datetime64("2025-04-02"), *(day + (plan.OPEN_DAYS + 3) * DAY for day in opened)]
    return list(zip(starts, [*(day - 3 * DAY for day in opened), np.datetime64("2026-09-30")], strict=True))


def _lowest(stream: Stream, group: Whole, order: Floats, share: float) -> Whole:
    """The same share of every group, where `order` is lowest."""
    sizes = np.unique(group, return_counts=True)[1]
    # One offset rounds all shares at random and keeps their sum.
    wanted = np.diff(np.floor(np.cumsum(sizes) * share + stream.uniform(1)), prepend=0)
    ranked = np.lexsort((order, group))
    place = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(ranked[place < np.repeat(wanted, sizes)])


def _moves(stream: Stream, count: int, start: np.datetime64, end: np.datetime64) -> tuple[Stamps, Stamps]:
    """The last day of who leaves, and the first of who comes instead."""
    days = int((end - start).astype(np.int64))
    gone = np.floor(stream.uniform(count) * days * .8)
    come = gone + 1 + np.floor(stream.uniform(count) * (days - gone))
    first, last = ((start + day.astype("timedelta64[D]")).astype("datetime64[s]") for day in (gone, come))
    return first, last


def _sorted(stream: Stream, group: Whole, head: Flags, post: Whole, hired: Stamps, left: Stamps,
            mood: Floats) -> Staff:
    order = np.lexsort((post, hired))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    head_of = np.nonzero(head)[0]
    # Shops report to their region's manager, teams to the chief: the first posts of the management.
    above = np.where(np.arange(len(head_of)) < HEADQUARTERS, 0,
                     1 + (np.arange(len(head_of)) - HEADQUARTERS) // len(SHOP_WEIGHTS))
    boss = np.where(head, above[group], head_of[group])
    boss[0] = -1
    manager = np.where(boss < 0, -1, number[boss])[post][order]
    full_time = stream.uniform(len(group)) < np.where(group < HEADQUARTERS, .9, .4)
    post = post[order]
    return Staff(
        user_id=ids("E", np.arange(1, len(order) + 1), 5), group=group[post], head=head[post],
        full_time=(full_time | head | (group == 0))[post], english=stream.flags(.06, len(order)), manager=manager,
        hired=hired[order], left=left[order], mood=mood[order])


def employees(everyone: Staff, seed: int) -> pd.DataFrame:
    """The table of employees. Left is the last day; a reason is what the leaver told."""
    stream = Stream(seed, "employees")
    count = len(everyone)
    last, last_roman = names(stream, "last_name", everyone.english)
    first, first_roman = names(stream, "first_name", everyone.english)
    gone, own = ~np.isnat(everyone.left), stream.flags(.88, count)
    reason = np.where(own, np.array(list(REASONS), dtype=object)[stream.pick(list(REASONS.values()), count)],
                      np.array(list(SENT_AWAY), dtype=object)[stream.pick(list(SENT_AWAY.values()), count)])
    number = np.arange(1, count + 1).astype(str).astype(object)
    name = np.where(everyone.english, first + " " + last, last + " " + first)
    return pd.DataFrame({
        "user_id": everyone.user_id, "email": last_roman + "." + first_roman + number + "@staff.example.jp",
        "name": name, "team": GROUPS[everyone.group], "shop_id": everyone.shop_id,
        "manager_id": masked(everyone.user_id[everyone.manager], everyone.manager >= 0), "job": _jobs(everyone),
        "contract": np.where(everyone.full_time, "full_time", "part_time"), "hired_at": utc(everyone.hired),
        "left_at": utc(everyone.left), "reason": masked(reason, gone), "voluntary": masked(own, gone),
        "one_on_one_at": utc(_met(stream, everyone, "2026-06-08", np.isin(everyone.shop_id, plan.PILOT)
                                  & ~everyone.head)),
        "training_at": utc(_met(stream, everyone, "2026-06-01", np.ones(count, dtype=bool)))})


def _jobs(everyone: Staff) -> Texts:
    in_shop = everyone.group >= HEADQUARTERS
    below = np.where(in_shop, "barista", "specialist").astype(object)
    job = np.where(everyone.head, np.where(in_shop, "store_manager", "team_lead"), below).astype(object)
    job[everyone.group == 0] = "area_manager"
    job[everyone.manager < 0] = "chief_executive"
    return job


def _met(stream: Stream, everyone: Staff, first: str, who: Flags) -> Stamps:
    """When each of `who` had the talk or the training, within six weeks; those who were not there have none."""
    hours = stream.whole(9, 17, len(everyone)) + 24 * stream.whole(0, 41, len(everyone))
    met = np.datetime64(first, "s") + (hours * 3600).astype("timedelta64[s]")
    there = (everyone.hired <= met) & ~(everyone.left < met)
    return np.where(who & there, met, NEVER)
