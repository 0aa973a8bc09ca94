"""The planted truths as a page: what one sees first, what is so, and how to see it.

Labels of figures stand in the catalogue: `truth_figure.N.path.to.it` for truth N, with the
format of the value behind a bar; parts of the path that have no label of their own are names (a
month, a shop, a channel) and are told by `truth_figure.name.*` or as they are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from engagelab import words

Path = tuple[str, ...]
# What the label of each figure says better.
UNTOLD = ("claim", "metric")


def page(told: Mapping[str, Any], language: str) -> str:
    """The page of `truths()`, or of `data/truth.json`, in one language, as Markdown.

    >>> truth = {"id": 1, "title": {"en": "Do customers like us better?"}, "method": {"en": "Compare channels."},
    ...          "naive": {"claim": {"en": "NPS rose."}, "2026Q3": 29.1, "change": 9.8},
    ...          "truth": {"claim": {"en": "It did not."}, "share_in_app": {"2026Q3": .7}}}
    >>> print(page({"truths": [truth]}, "en").split("## ")[1])
    1. Do customers like us better?
    <BLANKLINE>
    **What one sees first.** NPS rose.
    <BLANKLINE>
    **What is so.** It did not.
    <BLANKLINE>
    **How to see it.** Compare channels.
    <BLANKLINE>
    | figure | seen first | so (as planted) |
    | --- | ---: | ---: |
    | NPS of all answers: 2026Q3 | 29.1 |  |
    | change in NPS of all answers | +9.8 points |  |
    | share of answers given in the app: 2026Q3 |  | 70 % |
    <BLANKLINE>
    """
    with words.speaking(language):
        parts = [f"# {words.text('sample.page_title')}", words.text("sample.page_intro")]
        for truth in told["truths"]:
            parts.append(f"## {truth['id']}. {truth['title'][language]}")
            parts += [f"**{words.text('sample.page_' + name)}** {text[language]}" for name, text in (
                ("seen", truth["naive"]["claim"]), ("so", truth["truth"]["claim"]), ("method", truth["method"]))]
            parts.append("\n".join(_rows(truth)))
    return "\n\n".join(parts) + "\n"


def _rows(truth: Mapping[str, Any]) -> Iterator[str]:
    seen, so = dict(figures(truth["naive"])), dict(figures(truth["truth"]))
    yield f"| {' | '.join(words.text('sample.page_head').split('|'))} |"
    yield "| --- | ---: | ---: |"
    for path in dict.fromkeys([*seen, *so]):
        key, names = labelled(truth["id"], path)
        label, form = words.catalogue()[key][words.language()].split("|")
        if names:
            label = words.text("sample.page_named", label=label, name=words.joined(map(_name, names)))
        yield f"| {label} | {_shown(form, seen.get(path))} | {_shown(form, so.get(path))} |"


def figures(told: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every figure with its path; claims are told above the table."""
    for key, value in told.items():
        if isinstance(value, Mapping) and key not in UNTOLD:
            yield from figures(value, (*above, key))
        elif key not in UNTOLD:
            yield (*above, key), value


def labelled(number: int, path: Path) -> tuple[str, Path]:
    """The key of the label that goes furthest down the path of a figure, and the names behind it.

    >>> labelled(12, ("cac", "store"))
    ('truth_figure.12.cac', ('store',))
    """
    length = next(length for length in range(len(path), -1, -1) if words.has(_key(number, path[:length])))
    return _key(number, path[:length]), path[length:]


def _key(number: int, path: Path) -> str:
    return ".".join(("truth_figure", str(number), *path))


def _name(name: str) -> str:
    key = f"truth_figure.name.{name}"
    return words.text(key) if words.has(key) else name


def _shown(form: str, value: Any) -> str:
    """A value in the format of its label: {v} as it is, {p} as a percentage."""
    if value is None:
        return ""
    if isinstance(value, str):
        return form.format(v=_name(value))
    # Nothing has no sign.
    return (form if value else form.replace("+", "")).format(v=value, p=100 * value)
