"""Engagement rates of social posts, by the definition that each platform itself uses.

The definitions are a table with its source, `engagement_rates.csv`; code only reads it. A rate is the sum of the
actions over the sum of the views, never a mean of the posts' rates. A term that the file does not have is named in the
method; it is never counted as 0. A single post that lacks a term is left out and counted as missing.
"""

import csv
import functools
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from engagelab import words
from engagelab.errors import DataError, column_of, one_of
from engagelab.metrics.nouns import Adjust, Estimates, Noun, gradient_of_ratio, ratio_of_sums
from engagelab.summaries.moments import Ask, Sums
from engagelab.summaries.view import Columns, View

# X's old export has no sum of clicks, but each kind of them.
CLICKS = ("profile_clicks", "url_clicks", "hashtag_clicks", "detail_expands", "permalink_clicks")


@dataclass(frozen=True)
class Definition:
    """How one platform counts: which actions, over what, by whose word."""

    platform: str
    actions: tuple[str, ...]
    shown_to: str
    method: str
    source: str


@functools.cache
def definitions() -> dict[str, Definition]:
    """The engagement rate of each platform.

    >>> definitions()["facebook"].actions, definitions()["facebook"].shown_to
    (('likes', 'shares', 'comments', 'clicks'), 'reach')
    """
    text = files(__package__).joinpath("engagement_rates.csv").read_text("utf-8")
    return {row["platform"]: Definition(row["platform"], tuple(row["actions"].split("|")), row["shown_to"],
                                        row["method"], row["source"]) for row in csv.DictReader(text.splitlines())}


@dataclass(frozen=True)
class EngagementRate(Noun):
    """Actions over views of a platform's posts; delta method over the posts."""

    platform: str

    @property
    def name(self) -> str:
        """The noun and its columns."""
        return f"engagement_rate({self.platform})"

    @property
    def unit(self) -> str:
        """A fraction, shown in percent."""
        return "share"

    def ask(self, columns: Columns) -> Ask:
        """What has to be summed."""
        definition = definitions()[self.platform]
        available = columns.source.types
        column_of(definition.shown_to, available)
        known = _known(columns, self.platform, (*definition.actions, *(CLICKS if self.platform == "x" else ()),
                                                definition.shown_to))
        present: list[str] = []
        absent: list[str] = []
        for action in definition.actions:
            if action == "clicks" and self.platform == "x" and not known.get("clicks"):
                for kind in CLICKS:
                    (present if known.get(kind) else absent).append(kind)
            else:
                (present if known.get(action) else absent).append(action)
        if not present or not known[definition.shown_to]:
            raise DataError("metrics.no_engagement", platform=repr(self.platform), shown=repr(definition.shown_to),
                            actions=", ".join(map(repr, definition.actions)))
        scope = _scope(columns, self.platform)
        top = " + ".join(columns.number(action) for action in present)
        if scope:
            top = f"CASE WHEN {scope} THEN {top} END"
        note = words.text(definition.method, actions=" + ".join(present), shown=definition.shown_to)
        if absent:
            note += words.text("metrics.absent_terms", terms=", ".join(absent))
        return Ask((top, columns.number(definition.shown_to)), scope=scope, note=note)

    def estimates(self, sums: Sums, confidence: float) -> Estimates:
        """The estimate of each group."""
        return ratio_of_sums(sums, confidence, "")

    def gradient(self, mean: np.ndarray) -> np.ndarray:
        """1/y and -x/y^2."""
        return gradient_of_ratio(mean)


def _scope(columns: Columns, platform: str) -> str:
    """The posts of the platform, where the table says whose they are; the word is one of our own table."""
    return f"{columns.key('platform')} = '{platform}'" if "platform" in columns.source.types else ""


def _known(columns: Columns, platform: str, wanted: tuple[str, ...]) -> dict[str, int]:
    """How many posts of the platform know each of the wanted columns that the table has."""
    looked = Columns(columns.source)
    ours = {column: looked.number(column) for column in wanted if column in columns.source.types}
    scope = _scope(looked, platform)
    where = f" WHERE {scope}" if scope else ""
    counts = View(looked).plain("SELECT count(*) AS n_rows, " + ", ".join(
        f"count({x}) AS {x}" for x in ours.values()) + f" FROM events{where}").iloc[0]
    if scope and not counts["n_rows"]:
        raise DataError("metrics.no_posts", platform=repr(platform))
    return {column: int(counts[x]) for column, x in ours.items()}


def engagement_rate(platform: str, *, better: str = "higher", min_n: int | None = None, adjust: Adjust = (),
                    margin: float | None = None) -> EngagementRate:
    """Engagements per view of the posts on "x", "facebook" or "instagram", over the columns of `social_posts`.

    Where the table has a column `platform`, only that platform's posts count. Paid and organic posts
    stand apart with `by="promotion"`.

    >>> engagement_rate("x").name
    'engagement_rate(x)'
    >>> engagement_rate("facebok")
    Traceback (most recent call last):
    ...
    engagelab.errors.UsageError: platform must be one of 'x', ..., not 'facebok'; did you mean 'facebook'?
    """
    return EngagementRate(one_of("platform", platform, definitions()), better=better, min_n=min_n,
                          adjust=adjust, margin=margin)
