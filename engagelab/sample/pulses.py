"""The pulse of the employees: twelve closed questions from 0 to 10 and a free one, in four waves.

The model, in the order in which it is planted. Everybody has a mood that lasts, and a leaning
towards each driver that lasts; each answer adds something of the day.

    driver      = mood + leaning + day, with variance 1; in the questionnaire mean + 1.7 * driver
    manager     is moved to the same mean in every team, kind of respondent and
                wave, then dips in sixteen shops
    satisfied   = weights * drivers + the two shops that stand apart + rest
    stay, vigor, dedication, absorption follow from satisfaction and mood
    eNPS        by its order (mood, satisfaction, day) on evenly spaced quantiles of the planned
                shares: those who answer the last two waves, those who stay and skip one, those who
                leave between them, those who come

Some answer nearly always and others every second time; the more content, the likelier.
"""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, drawn, masked, rows
from engagelab.sample.dates import Stamps, utc
from engagelab.sample.draws import Floats, Stream, Whole, place
from engagelab.sample.staff import GROUPS, Staff

FREE = .02
BEFORE, NOW = list(plan.WAVES)[-2:]
# Kinds of respondents by the last two waves.
ONCE, BOTH, LEFT, HIRED = range(4)
KINDS = 4
SPREAD, LEANING = 1.7, .8
COMMENTS = .28
WILLING, KEEN, RELUCTANT = .66, .95, .52
REST = .62
# Mean, share of satisfaction and of mood.
FOLLOWING = {"stay": (6.3, .50, .40), "vigor": (5.6, .25, .55), "dedication": (6.4, .45, .45),
             "absorption": (6.0, .30, .40)}


def pulses(everyone: Staff, seed: int) -> pd.DataFrame:
    """The table of answers, one row an answer, by wave and time."""
    stream = Stream(seed, "employee pulse")
    leaning = {name: stream.normal(len(everyone)) for name in plan.DRIVERS}
    habit = stream.normal(len(everyone))
    chance = np.where(stream.flags(WILLING + .08 * everyone.mood), KEEN, RELUCTANT) - .04 * ~everyone.full_time
    answered = {wave: _respondents(stream, everyone, np.datetime64(day, "s"), chance)
                for wave, day in plan.WAVES.items()}
    kind = _kind(everyone)
    kind[np.intersect1d(answered[BEFORE], answered[NOW])] = BOTH
    tables = []
    for wave, who in answered.items():
        driver = _drivers(stream, everyone, who, kind, leaning)
        scores = _scores(stream, everyone, who, driver, wave)
        order = everyone.mood[who] + .3 * scores.pop("order") + .3 * habit[who] + .25 * stream.normal(len(who))
        scores = {"enps": _recommendation(stream, kind[who], order, wave), **scores}
        tables.append(_answers(stream, everyone, who, wave, scores))
    return pd.concat(tables, ignore_index=True)


def _respondents(stream: Stream, everyone: Staff, opened: np.datetime64, chance: Floats) -> Whole:
    """Who answers: as many of each kind as their chances add up to, in random order (systematic sampling)."""
    asked = np.nonzero(everyone.at(opened))[0]
    order = asked[np.lexsort((stream.uniform(len(asked)), _kind(everyone)[asked]))]
    passed = np.floor(np.cumsum(chance[order]) + stream.uniform(1))
    return np.sort(order[np.diff(passed, prepend=0) > 0])


def _kind(everyone: Staff) -> Whole:
    """Who left between the last two waves, who came after the third, and all others."""
    third, fourth = (np.datetime64(plan.WAVES[wave], "s") for wave in (BEFORE, NOW))
    left = (everyone.left > third) & (everyone.left < fourth)
    return np.where(everyone.hired > third, HIRED, np.where(left, LEFT, ONCE))


def _drivers(stream: Stream, everyone: Staff, who: Whole, kind: Whole,
             leaning: dict[str, Floats]) -> dict[str, Floats]:
    """What each of `who` feels about each driver on the day: mean 0, standard deviation 1."""
    felt = {}
    for name, (_, _, mood) in plan.DRIVERS.items():
        # A square root is exact to the last digit on every machine (IEEE 754), a power need not be.
        day = np.sqrt(1 - mood * mood - LEANING * LEANING)
        felt[name] = mood * everyone.mood[who] + LEANING * leaning[name][who] + day * stream.normal(len(who))
    cell = everyone.group[who] * KINDS + kind[who]
    total, size = np.bincount(cell, felt["manager"]), np.bincount(cell)
    felt["manager"] = felt["manager"] - (total / np.maximum(size, 1))[cell]
    return felt


def _scores(stream: Stream, everyone: Staff, who: Whole, driver: dict[str, Floats], wave: str) -> dict[str, Floats]:
    """The answers to all closed questions but the first, and the order of contentment behind them."""
    shop = everyone.shop_id[who]
    apart = sum(points * (shop == name) for name, points in plan.APART.items())
    rest = stream.normal(len(who))
    for felt in driver.values():  # what else decides is almost free of the drivers, so that their shares show
        rest = rest - _total(rest * felt) / _total(felt * felt) * felt
    satisfied = sum(plan.DRIVERS[name][0] * felt for name, felt in driver.items()) + REST * rest
    scores = {"order": satisfied + apart / SPREAD,
              "satisfaction": _whole(plan.SATISFACTION + apart + SPREAD * satisfied)}
    for name, (mean, from_satisfaction, from_mood) in FOLLOWING.items():
        felt = from_satisfaction * scores["order"] + from_mood * everyone.mood[who] + .6 * stream.normal(len(who))
        scores[name] = _whole(mean + SPREAD * felt)
    for name, (_, mean, _) in plan.DRIVERS.items():
        moved = _support(shop, wave) if name == "manager" else 0.
        scores[name] = _whole(mean + moved + SPREAD * driver[name])
    return scores


def _total(values: Floats) -> float:
    """The sum in the order of the rows: `sum` of numpy adds in an order that depends on the machine."""
    return np.bincount(np.zeros(len(values), dtype=np.int64), values)[0]


def _whole(points: Floats) -> Floats:
    return np.clip(np.floor(points + .5), 0, 10)


def _support(shop: Texts, wave: str) -> Floats:
    """By how many points the manager's support lies above its level: the dip, and what the talks are worth."""
    moved = np.zeros(len(shop))
    for shops in (plan.PILOT, plan.ALIKE):
        for name, dip in zip(shops, plan.DIPS, strict=True):
            moved -= dip * (shop == name) * (wave == BEFORE)
    return moved + plan.ONE_ON_ONE * np.isin(shop, plan.PILOT) * (wave == NOW)


def _recommendation(stream: Stream, kind: Whole, order: Floats, wave: str) -> Floats:
    """Would they recommend the company as a place to work? Exactly enough by kind of respondent to be seen."""
    scores = np.zeros(len(kind))
    for each, shares in ((BOTH, "after" if wave == NOW else "before"), (ONCE, "once"), (LEFT, "leavers"),
                         (HIRED, "hires")):
        here = kind == each
        scores[here] = place(stream.even(order[here], FREE), plan.ENPS_SHARES[shares])
    return scores


def _answers(stream: Stream, everyone: Staff, who: Whole, wave: str, scores: dict[str, Floats]) -> pd.DataFrame:
    """One row an answer, by respondent in the order in which they answered."""
    minutes = stream.whole(0, plan.OPEN_DAYS - 1, len(who)) * 1440 + stream.whole(8 * 60, 20 * 60, len(who))
    answered: Stamps = np.datetime64(plan.WAVES[wave], "s") + (minutes * 60).astype("timedelta64[s]")
    grade = np.where(scores["enps"] >= 9, "promoter", np.where(scores["enps"] <= 6, "detractor", "passive"))
    said = masked(drawn(stream, "pulse", grade.astype(object), everyone.english[who]), stream.flags(COMMENTS, len(who)))
    order = np.argsort(answered, kind="stable")
    who, answered, said = who[order], answered[order], said[order]
    questions = pd.DataFrame(rows("pulse.csv"))
    row, asked = np.repeat(np.arange(len(who)), len(questions)), np.tile(np.arange(len(questions)), len(who))
    answers = [scores[name][order] if name in scores else np.full(len(who), np.nan)
               for name in questions["question_id"]]
    in_words = (questions["kind"] == "text").to_numpy()[asked]
    table = pd.DataFrame({
        "wave": wave, "user_id": everyone.user_id[who][row], "question_id": questions["question_id"].to_numpy()[asked],
        "answered_at": utc(answered[row]), "kind": questions["kind"].to_numpy()[asked],
        "dimension": questions["dimension"].to_numpy()[asked], "score": np.column_stack(answers).reshape(-1),
        "text": masked(said[row], in_words), "team": GROUPS[everyone.group[who]][row],
        "shop_id": everyone.shop_id[who][row]})
    return table[~in_words | table["text"].notna()]
