"""The settings files of the sample company: who it is, and what its files do not say."""

import json

from engagelab.sample.banks import rows
from engagelab.sample.coupon_test import ARMS, DAYS, EXPERIMENT
from engagelab.sample.dates import ZONE
from engagelab.sample.exports.mapped import mappings
from engagelab.sample.plan import CAMPAIGN, MARGIN_SHARE
from engagelab.sample.purchases import CURRENCY

NAME = "Asanagi Coffee"
COLORS = ("#1f5f7a", "#d98e32")
ACTIVE, BEGIN, PLATFORM = "app_open", "sign_up", "app"
STEPS = ("sign_up", "tour_started", "tour_completed")
OUTCOME, STAY = "satisfaction", "stay"
MAILING, BUDGET = 60_000, 1_000_000  # yen: what sending the coupons cost, and what there is to spend next
CAMPAIGN_NAME, BEFORE = "春のキャンペーン", "90 days"


def settings() -> str:
    """The settings beside the canonical tables.

    >>> print(settings().splitlines()[0])
    name = "Asanagi Coffee"
    """
    return "\n".join([
        f"name = {_quoted(NAME)}", f"colors = [{', '.join(map(_quoted, COLORS))}]", 'language = "en"',
        f"timezone = {_quoted(ZONE)}", f"currency = {_quoted(CURRENCY)}", "fiscal_year_starts = 4",
        'segment = "segment"', "", "[events]", f"active = [{_quoted(ACTIVE)}]", f"begin = [{_quoted(BEGIN)}]",
        f"platform = {_quoted(PLATFORM)}", f"steps = [{', '.join(map(_quoted, STEPS))}]", "",
        "[pulse]", f"outcome = {_quoted(OUTCOME)}", f"stay = {_quoted(STAY)}", "scale = [0, 10]", "",
        "[value]", f"margin = {MARGIN_SHARE}", "",
        "[experiment]", f"name = {_quoted(EXPERIMENT)}", f"control = {_quoted(ARMS[0])}",
        f"within = {_quoted(f'{DAYS} days')}", f"before = {_quoted(BEFORE)}", f"cost = {MAILING}", "",
        "[kpi]", f"budget = {BUDGET}", "",
        "[[campaigns]]", f"name = {_quoted(CAMPAIGN_NAME)}", f"since = {_quoted(CAMPAIGN + '-01')}", ""])


def export_settings() -> str:
    """The settings beside the exports: the saved mappings, and for each survey its channel and questions."""
    lines = [settings(), mappings()]
    questions: dict[str, list[dict[str, str]]] = {}
    for row in rows("questions.csv"):
        questions.setdefault(row["survey"], []).append(row)
    for survey, asked in questions.items():
        kinds = ", ".join(f"{_quoted(row['wording'])} = {_quoted(row['kind'])}" for row in asked)
        lines += [f"[surveys.{_quoted(survey)}]", f"channel = {_quoted(asked[0]['channel'])}",
                  f"touchpoint = {_quoted(asked[0]['touchpoint'])}", f"questions = {{ {kinds} }}", ""]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
