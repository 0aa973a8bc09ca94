"""The settings files of the sample company: who it is, and what its files do not say."""

import json

from engagelab.sample.banks import rows
from engagelab.sample.dates import ZONE
from engagelab.sample.exports.mapped import mappings
from engagelab.sample.purchases import CURRENCY

NAME = "Asanagi Coffee"
COLORS = ("#1f5f7a", "#d98e32")


def settings() -> str:
    """The settings beside the canonical tables.

    >>> print(settings().splitlines()[0])
    name = "Asanagi Coffee"
    """
    return "\n".join([
        f"name = {_quoted(NAME)}", f"colors = [{', '.join(map(_quoted, COLORS))}]", 'language = "en"',
        f"timezone = {_quoted(ZONE)}", f"currency = {_quoted(CURRENCY)}", "fiscal_year_starts = 4",
        'segment = "segment"', ""])


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
