"""The planted truths as a page: what one sees first, what is so, and how to see it."""

from collections.abc import Iterator, Mapping
from typing import Any

from engagelab import words


def page(told: Mapping[str, Any], language: str) -> str:
    """The page of `truths()`, or of `data/truth.json`, in one language, as Markdown.

    >>> truth = {"id": 1, "title": {"en": "Do customers like us better?"}, "method": {"en": "Compare channels."},
    ...          "naive": {"claim": {"en": "NPS rose."}, "change": 9.8},
    ...          "truth": {"claim": {"en": "It did not."}, "change": 0.0}}
    >>> print(page({"truths": [truth]}, "en").split("## ")[1])
    1. Do customers like us better?
    <BLANKLINE>
    **What one sees first.** NPS rose.
    <BLANKLINE>
    **What is so.** It did not.
    <BLANKLINE>
    **How to see it.** Compare channels.
    <BLANKLINE>
    | figure | seen first | so |
    | --- | ---: | ---: |
    | change | 9.8 | 0.0 |
    <BLANKLINE>
    """
    spoken = {key: texts[language] for key, texts in words.catalogue().items() if key.startswith("sample.page_")}
    parts = [f"# {spoken['sample.page_title']}", spoken["sample.page_intro"]]
    for truth in told["truths"]:
        parts.append(f"## {truth['id']}. {truth['title'][language]}")
        parts += [f"**{spoken['sample.page_' + name]}** {text[language]}" for name, text in (
            ("seen", truth["naive"]["claim"]), ("so", truth["truth"]["claim"]), ("method", truth["method"]))]
        parts.append("\n".join(_figures(truth, spoken["sample.page_head"].split("|"))))
    return "\n\n".join(parts) + "\n"


def _figures(truth: Mapping[str, Any], head: list[str]) -> Iterator[str]:
    seen, true = dict(_flat(truth["naive"])), dict(_flat(truth["truth"]))
    yield f"| {' | '.join(head)} |"
    yield "| --- | ---: | ---: |"
    for name in dict.fromkeys([*seen, *true]):
        yield f"| {name} | {seen.get(name, '')} | {true.get(name, '')} |"


def _flat(figures: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    """Figures by name, those within others behind the name of the outer; words are told above the table."""
    for key, value in figures.items():
        name = f"{above} {key}".strip().replace("_", " ")
        if key == "claim":
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield name, value
