"""The answers to five surveys: recommendation by mail and in the app, delivery, support, and the plan.

Recommendation is planted exactly enough to be seen: within a channel and a quarter the answers
stand on evenly spaced quantiles of the planned shares, but for a part that is drawn freely. So
the noise from quarter to quarter is about half of that of free draws, and an interval covers the
truth more often than it promises.
"""

import numpy as np
import pandas as pd

from engagelab.sample import plan
from engagelab.sample.banks import Texts, drawn, ids, masked, rows
from engagelab.sample.dates import END, QUARTERS, Stamps, quarter_start, utc
from engagelab.sample.draws import Flags, Stream, Whole, place
from engagelab.sample.people import DAY, People

FREE = .15
REASON, COMMENT = .42, .30
SENTENCES = {"nps_email": "nps", "nps_in_app": "nps", "csat_delivery": "delivery", "support_feedback": "support"}
SEGMENT_MOOD = {"home": 0., "office": .12, "gift": -.08}


ASKED_ON_PLAN, DAYS_ON_PLAN = np.datetime64("2026-02-02T00:00:00"), 12
HAPPY, UNHAPPY = (0, 0, 0, .55, .45), (.15, .30, .55, 0, 0)


def surveys(everyone: People, closed: Stamps, orders: pd.DataFrame, tickets: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table of answers, one row an answer, by survey and time."""
    forms = [*_recommendation(everyone, closed, seed), _delivery(everyone, orders, seed),
             _support(everyone, tickets, seed), _on_plan(everyone, closed, seed)]
    return pd.concat([_answers(form, everyone) for form in forms], ignore_index=True)


def _recommendation(everyone: People, closed: Stamps, seed: int) -> list[pd.DataFrame]:
    """Each quarter other people are asked: no one twice in a quarter, some in several."""
    stream = Stream(seed, "would recommend by quarter")
    mood = stream.uniform(len(everyone)) + np.array([SEGMENT_MOOD[name] for name in everyone.segment])
    parts: dict[str, list[pd.DataFrame]] = {"email": [], "in_app": []}
    for quarter in range(len(QUARTERS)):
        start = quarter_start(quarter)
        there = (everyone.joined < start) & ~(closed < start)
        wanted = round(len(everyone) * plan.ANSWERS[quarter])
        in_app = _asked(stream, there & everyone.uses_app, round(wanted * plan.IN_APP[quarter]))
        there[in_app] = False
        by_mail = _asked(stream, there, wanted - round(wanted * plan.IN_APP[quarter]))
        for channel, who in (("in_app", in_app), ("email", by_mail)):
            parts[channel].append(pd.DataFrame({
                "who": who, "answered": _times(stream, len(who), quarter),
                "nps": _scores(stream, mood[who], plan.SCORES[channel])}))
    return [_form(stream, "nps_" + channel, pd.concat(tables), everyone, "nps") for channel, tables in parts.items()]


def _asked(stream: Stream, there: Flags, wanted: int) -> Whole:
    able = np.nonzero(there)[0]
    return able[stream.some(len(able), wanted)]


def _times(stream: Stream, count: int, quarter: int) -> Stamps:
    start = quarter_start(quarter)
    days = int((min(quarter_start(quarter) + np.timedelta64(92 * DAY, "s"), END) - start).astype(np.int64)) // DAY
    day = np.floor(stream.uniform(count) * min(days, 90)).astype(np.int64)
    return start + (day * DAY + stream.whole(7 * 3600, 23 * 3600, count)).astype("timedelta64[s]")


def _scores(stream: Stream, mood: np.ndarray, shares: tuple[float, ...]) -> Whole:
    """A score each: who was in a better mood last quarter is likely to be so in this one."""
    return place(stream.even(mood + .8 * stream.uniform(len(mood)), FREE), shares)


def _form(stream: Stream, survey: str, table: pd.DataFrame, everyone: People, judged: str) -> pd.DataFrame:
    """The filled-in forms of a survey in the order in which they came in, with their words."""
    table = table.sort_values("answered", kind="stable", ignore_index=True)
    score, english = table[judged].to_numpy(), everyone.english[table["who"].to_numpy()]
    if judged == "nps":
        share, name = REASON, "reason"
        grade = np.where(score >= 9, "promoter", np.where(score <= 6, "detractor", "passive")).astype(object)
    else:
        share, name = COMMENT, "comment"
        grade = np.where(score >= 4, "good", "poor").astype(object)
    words = drawn(stream, SENTENCES[survey], grade, english)
    return table.assign(survey=survey, **{name: masked(words, stream.flags(share, len(table)))})


def _delivery(everyone: People, orders: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Satisfaction with the delivery, three days after one in seven orders from the web shop."""
    stream = Stream(seed, "delivery")
    answers = stream.flags(.14, len(orders)) & ((orders["channel"] == "web") & (orders["status"] == "paid")).to_numpy()
    asked = orders.loc[answers, ["user_id", "ordered_at"]]
    score = 1 + stream.pick((.03, .05, .13, .38, .41), len(asked))
    return _after(stream, "csat_delivery", asked, "ordered_at", 3, {"csat": score}, everyone)


def _support(everyone: People, tickets: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Satisfaction and effort, the day after one in four tickets was solved."""
    stream = Stream(seed, "support survey")
    answers = stream.flags(.27, len(tickets)) & tickets["solved_at"].notna().to_numpy()
    asked = tickets.loc[answers, ["user_id", "solved_at"]]
    slow = tickets.loc[answers, "resolution_minutes"].to_numpy(dtype=float) > 2 * 1440
    chances = stream.uniform(len(asked))
    csat = 1 + np.where(slow, place(chances, (.10, .14, .20, .34, .22)), place(chances, (.03, .06, .13, .40, .38)))
    effort = stream.uniform(len(asked))
    ces = 1 + np.where(slow, place(effort, (.05, .08, .13, .18, .24, .20, .12)),
                       place(effort, (.02, .03, .06, .12, .24, .32, .21)))
    return _after(stream, "support_feedback", asked, "solved_at", 1, {"csat": csat, "ces": ces}, everyone)


def _on_plan(everyone: People, closed: Stamps, seed: int) -> pd.DataFrame:
    """Satisfaction with the plan: at home the content stay, at the office it says nothing of leaving."""
    stream = Stream(seed, "plan survey")
    office = everyone.plan == "office"
    last = ASKED_ON_PLAN + np.timedelta64(DAYS_ON_PLAN, "D")
    there = everyone.plan.astype(bool) & (everyone.joined < ASKED_ON_PLAN) & ~(closed < last)
    answers = np.where(office, plan.ANSWERS_ON_PLAN["office"], plan.ANSWERS_ON_PLAN["home"])
    who = np.nonzero(there & stream.flags(answers))[0]
    seconds = stream.whole(0, DAYS_ON_PLAN - 1, len(who)) * DAY + stream.whole(7 * 3600, 23 * 3600, len(who))
    answered = ASKED_ON_PLAN + seconds.astype("timedelta64[s]")
    leaving = closed[who] <= answered + np.timedelta64(plan.FOLLOWED_DAYS, "D")
    at_home = np.where(leaving, plan.SATISFIED["home_leaves"], plan.SATISFIED["home_stays"])
    # Apart for those who leave and who stay, so that each group of a plan has its planned share.
    happy = stream.planted(np.where(office[who], plan.SATISFIED["office"], at_home), 2 * office[who] + leaving, FREE)
    chances = stream.uniform(len(who))
    score = 1 + np.where(happy, place(chances, HAPPY), place(chances, UNHAPPY))
    form = pd.DataFrame({"who": who, "answered": answered, "csat": score, "survey": "csat_plan"})
    return form.sort_values("answered", kind="stable", ignore_index=True)


def _after(stream: Stream, survey: str, asked: pd.DataFrame, stamp: str, days: int,
           scores: dict[str, Whole], everyone: People) -> pd.DataFrame:
    """The forms of a survey that follows a contact; those that would come after the last day are not in."""
    contact = asked[stamp].dt.tz_convert("Asia/Tokyo").dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    answered = contact + stream.whole(days * DAY - 36_000, days * DAY + 36_000, len(asked)).astype("timedelta64[s]")
    place_of = pd.Series(np.arange(len(everyone)), index=everyone.user_id)
    table = pd.DataFrame({"who": place_of.loc[asked["user_id"]].to_numpy(), "answered": answered, **scores})
    return _form(stream, survey, table[answered <= END], everyone, "csat")


def _answers(form: pd.DataFrame, everyone: People) -> pd.DataFrame:
    """One row an answer; a question left empty has none."""
    survey = form["survey"].iloc[0] if len(form) else ""
    who = form["who"].to_numpy()
    respondent = ids("A", np.arange(1, len(form) + 1))
    tables = []
    for question in (row for row in rows("questions.csv") if row["survey"] == survey):
        answer = form[question["question_id"]]
        in_words = question["kind"] == "text"
        said: Texts = np.full(len(form), None, dtype=object)
        table = pd.DataFrame({
            "survey": survey, "respondent_id": respondent, "question_id": question["question_id"],
            "user_id": everyone.user_id[who], "answered_at": utc(form["answered"].to_numpy().astype("datetime64[s]")),
            "question": question["wording"], "kind": question["kind"], "score": said if in_words else answer,
            "text": answer if in_words else said, "channel": question["channel"],
            "touchpoint": question["touchpoint"], "language": np.where(everyone.english[who], "en", "ja")})
        tables.append(table[answer.notna()] if in_words else table)
    return pd.concat(tables, ignore_index=True)
